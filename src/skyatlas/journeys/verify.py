"""This file tells whether the files of a folder still are what their receipts say.

Invariant: bytes are read, not believed. Nothing is changed but the date in a receipt whose file
was just proved to be the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from skyatlas import library
from skyatlas.errors import AtlasError, BadInput, Corrupt, Unwritable
from skyatlas.model import Receipt
from skyatlas.threads import side_by_side

__all__ = ["Finding", "Progress", "State", "Verified", "context_of", "rehash", "verify"]

_AT_ONCE = 4
"""Files read at the same time: enough for a solid-state disk, not too many for a turning one."""
_PIECE = 1024 * 1024
_DOCUMENTS = frozenset({"provenance.json", "calibrations.json"})
"""What describes a folder as a whole."""
_OURS = re.compile(r"^\.skyatlas|\.part\.json$")
"""Names of our index, temporary files and journals."""


class State(StrEnum):
    """How a file stands to its receipt."""

    WHOLE = "whole"
    """Its bytes have the receipt's sha256."""
    TOUCHED = "touched"
    """So they have, but it has another date: copied, or saved unchanged."""
    ROTTED = "rotted"
    """Other bytes under the same date: nobody wrote to it."""
    EDITED = "edited"
    """Other bytes and another date: somebody wrote to it, or put another file in its place."""
    MISSING = "missing"
    """There is only the receipt."""
    UNREADABLE = "unreadable"
    """The file or its receipt cannot be read: nothing is known."""
    UNPACKED = "unpacked"
    """It is whole, but the file that was unpacked from it is gone or different."""
    CHANGED = "changed"
    """It is whole, but the archive has another one by now."""
    REPAIRED = "repaired"
    """It was one of the above and is whole again."""


FINE = frozenset({State.WHOLE, State.TOUCHED, State.REPAIRED})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one file."""

    path: Path
    state: State
    why: str = ""
    """In words, where there is something to say."""
    receipt: Receipt | None = None
    """None where it cannot be read."""
    at_archive: str = ""
    """"same", "changed", "gone", "cannot tell" or "no answer"; "" where nobody was asked."""
    failure: AtlasError | None = None
    """Why it could not be fetched again."""

    @property
    def fine(self) -> bool:
        """Whether the file can be used as what the receipt says it is."""
        return self.state in FINE


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in a folder and below."""

    folder: Path
    findings: tuple[Finding, ...]
    """One for each receipt, by path."""
    unknown: tuple[Path, ...] = ()
    """Files without a receipt: nobody promised anything about them."""
    parts: tuple[Path, ...] = ()
    """Files that are not whole yet; the next fetch goes on with them."""

    @property
    def whole(self) -> bool:
        """Whether every file that has a receipt is what the receipt says."""
        return all(finding.fine for finding in self.findings)

    def count(self, state: State) -> int:
        """How many files are in this state."""
        return sum(finding.state is state for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The command line's contract for `verify --json`."""
        return {
            "folder": str(self.folder),
            "files": [_as_json(finding) for finding in self.findings],
            "unknown": [str(path) for path in self.unknown],
            "parts": [str(path) for path in self.parts],
            "whole": self.whole,
        }


class Progress(Protocol):
    """What a face is told. Called in several threads at once; must be quick."""

    def begin(self, files: int, size: int) -> None:
        """So many files, together so many bytes, will be read."""

    def read(self, size: int) -> None:
        """So many bytes more were read."""

    def end(self) -> None:
        """Everything was read."""


def verify(folder: Path, *, progress: Progress | None = None) -> Verified:
    """Read every file of the folder and below that has a receipt; nobody is asked.

    The receipt of a file that was only touched gets the new date, so that the next fetch keeps the
    file without asking. Raises BadInput where there is no such folder.
    """
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}; give the one that the files were fetched to")
    documents, others, parts = _walked(folder)
    receipts = [library.read_receipt(document) for document in documents]
    known = {path for receipt in receipts if receipt for path in (receipt.path, receipt.unpacked)}
    unreadable = [
        Finding(_without_suffix(document), State.UNREADABLE, _NO_RECEIPT)
        for document, receipt in zip(documents, receipts, strict=True)
        if receipt is None
    ]
    known.update(finding.path for finding in unreadable)
    whole = [receipt for receipt in receipts if receipt is not None]
    if progress is not None:
        progress.begin(len(whole), sum(map(_size, filter(None, known))))
    read = progress.read if progress is not None else _nothing
    findings = side_by_side(lambda receipt: _finding(receipt, read), whole, _AT_ONCE)
    if progress is not None:
        progress.end()
    return Verified(
        folder,
        tuple(sorted((*findings, *unreadable), key=lambda finding: finding.path)),
        tuple(path for path in others if path not in known),
        tuple(parts),
    )


_NO_RECEIPT = "its receipt cannot be read: search for the file and fetch it again"


def rehash(receipt: Receipt) -> bool:
    """Whether the file has the size and the sha256 of its receipt; the file is read."""
    try:
        with receipt.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return size == receipt.size and _sha256(file, _nothing) == receipt.sha256
    except OSError:
        return False


def context_of(receipt: Receipt) -> Mapping[str, Any]:
    """What the file was fetched for, from its receipt on disk."""
    document = receipt.path.with_name(receipt.path.name + library.SUFFIX)
    context: Mapping[str, Any] = json.loads(document.read_text(encoding="utf-8"))["query"]
    return context


def _walked(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Receipts, other files and parts, each by path; links to folders are not followed."""
    documents: list[Path] = []
    others: list[Path] = []
    parts: list[Path] = []
    for path in _files(folder):
        if path.name.endswith(library.SUFFIX):
            documents.append(path)
        elif path.name.endswith(".part"):
            parts.append(path)
        elif path.name not in _DOCUMENTS and not _OURS.search(path.name):
            others.append(path)
    return documents, others, parts


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(place, name)


def _finding(receipt: Receipt, read: Callable[[int], object]) -> Finding:
    path = receipt.path
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            same_size = state.st_size == receipt.size
            sha256 = _sha256(file, read) if same_size else ""
    except FileNotFoundError:
        return Finding(path, State.MISSING, "", receipt)
    except OSError as error:
        return Finding(path, State.UNREADABLE, f"it cannot be read: {error.strerror}", receipt)
    same_date = state.st_mtime_ns == receipt.mtime_ns
    if sha256 != receipt.sha256:
        why = (
            "its sha256 is not the receipt's"
            if same_size
            else f"it has {state.st_size:,} bytes instead of {receipt.size:,}"
        )
        if same_date:
            return Finding(path, State.ROTTED, why, receipt)
        return Finding(path, State.EDITED, f"{why}, and it was written to since", receipt)
    if not same_date:
        receipt, why = _refreshed(receipt, state.st_mtime_ns)
    unpacked = _unpacked(receipt, read)
    if unpacked:
        return Finding(path, State.UNPACKED, unpacked, receipt)
    if not same_date:
        return Finding(path, State.TOUCHED, why, receipt)
    return Finding(path, State.WHOLE, "", receipt)


def _refreshed(receipt: Receipt, mtime_ns: int) -> tuple[Receipt, str]:
    """The receipt with the date that the file had when it was read; in words what became of it."""
    fresh = replace(receipt, mtime_ns=mtime_ns)
    try:
        library.write_receipt(fresh, context_of(receipt))
    except (OSError, Unwritable):
        return receipt, "it has another date, and its receipt cannot be written"
    return fresh, "the same bytes under another date; the receipt has the new one"


def _unpacked(receipt: Receipt, read: Callable[[int], object]) -> str:
    """What is wrong with the file that was unpacked from this one, or ""."""
    if receipt.unpacked is None:
        return ""
    from skyatlas.net.unpack import unpacked

    name = receipt.unpacked.name
    try:
        with receipt.unpacked.open("rb") as plain:
            for piece in unpacked(receipt.path, receipt.path.name):
                if plain.read(len(piece)) != piece:
                    return f"{name} is not what it unpacks to"
                read(len(piece))
            return f"{name} is longer than what it unpacks to" if plain.read(1) else ""
    except FileNotFoundError:
        return f"{name}, which was unpacked from it, is gone"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    except (Corrupt, Unwritable) as error:
        return str(error)


def _sha256(file: IO[bytes], read: Callable[[int], object]) -> str:
    running = hashlib.sha256()
    buffer = memoryview(bytearray(_PIECE))
    while size := file.readinto(buffer):  # type: ignore[attr-defined]
        running.update(buffer[:size])
        read(size)
    return running.hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _nothing(size: int) -> None:
    """Nobody looks on."""


def _without_suffix(document: Path) -> Path:
    return document.with_name(document.name.removesuffix(library.SUFFIX))


def _as_json(finding: Finding) -> dict[str, Any]:
    receipt = finding.receipt
    return {
        "path": str(finding.path),
        "state": str(finding.state),
        "why": finding.why or None,
        "size": receipt.size if receipt else None,
        "sha256": receipt.sha256 if receipt else None,
        "url": receipt.url if receipt else None,
        "archive": receipt.product.archive if receipt else None,
        "at_archive": finding.at_archive or None,
    }
