"""This file tells the journey of the files: from observations to whole files with receipts.

Invariant: every product ends as a receipt or as a failure; nothing is dropped, nothing is fetched
twice, and what stands under a final name was verified.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from skyatlas import library
from skyatlas.archive import Ask
from skyatlas.errors import ArchiveError, BadInput, TransferError, Unwritable
from skyatlas.model import Association, Failure, Note, Product, Receipt, Why, size_text
from skyatlas.net.transfer import fetch_one
from skyatlas.net.unpack import unpack_lzw

if TYPE_CHECKING:
    from threading import Event

    from skyatlas.archive import Archive
    from skyatlas.net.door import StreetDoor
    from skyatlas.observations import Observations


class Progress(Protocol):
    """What a face is told while files come in. Called in the fetching thread; must be quick."""

    def begin(self, product: Product, number: int, of: int) -> None:
        """The next file starts."""

    def bytes(self, done: int, total: int | None) -> None:
        """So many bytes of the present file are here."""

    def end(self, outcome: Receipt | Failure) -> None:
        """The present file is done with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fetch would do, before it does it."""

    products: tuple[Product, ...]
    notes: tuple[Note, ...] = ()
    trees: tuple[Association, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What it is all for (the query), for the receipts."""

    @property
    def size(self) -> int:
        """Bytes of all products whose size the archive told."""
        return sum(product.size or 0 for product in self.products)

    @property
    def unsized(self) -> int:
        """How many products have no known size."""
        return sum(product.size is None for product in self.products)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came home, and what did not."""

    folder: Path
    receipts: tuple[Receipt, ...]
    failures: tuple[Failure, ...]
    notes: tuple[Note, ...] = ()
    trees: tuple[Association, ...] = ()
    acknowledgements: Mapping[str, str] = field(default_factory=dict, hash=False)
    again: Callable[[Sequence[Product]], Fetched] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def complete(self) -> bool:
        """Whether every file came home and every link could be followed."""
        return not self.failures and not any(note.why is Why.UNANSWERED for note in self.notes)

    def retry(self) -> Fetched:
        """Try the failures again."""
        if self.again is None:
            raise BadInput("this outcome cannot be tried again: it was not made by a session")
        return self.again([failure.product for failure in self.failures])

    def __len__(self) -> int:
        return len(self.receipts)

    def __str__(self) -> str:
        lines = [f"{receipt.status:8} {receipt.path}" for receipt in self.receipts]
        lines += [f"{f.status:8} {f.product.url}: {f.error}" for f in self.failures]
        return "\n".join([*lines, *(note.text for note in self.notes)])


def plan(
    observations: Observations, archives: Callable[[str], Archive], door: StreetDoor, ask: Ask
) -> Plan:
    """Ask each archive for the files of its observations; each file once.

    An archive that cannot say is a note, not an end.
    """
    parts: list[Product | Note | Association] = []
    for name, rows in observations.by_archive().items():
        try:
            parts.extend(archives(name).products(rows, door, ask))
        except ArchiveError as error:
            parts.append(Note(Why.UNANSWERED, f"{name} did not tell its files ({error})"))
    products = [part for part in parts if isinstance(part, Product)]
    return Plan(
        products=each_once(products),
        notes=tuple(dict.fromkeys(part for part in parts if isinstance(part, Note))),
        trees=tuple(part for part in parts if isinstance(part, Association)),
        context={
            "query": observations.to_json()["query"],
            "asked": [text for report in observations.reports for text in report.asked],
        },
    )


def each_once(products: Iterable[Product]) -> tuple[Product, ...]:
    """The first of products that are the same file: shared calibrations come home once."""
    first: dict[str, Product] = {}
    for product in products:
        first.setdefault(product.key, product)
    return tuple(first.values())


def listed(text: str) -> Plan:
    """Read a list of files: per line a URL, then optionally its name and `sha256:…` or `md5:…`."""
    products = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not words[0].startswith(("https://", "http://")):
            raise BadInput(f"line {number} of the list does not start with a URL: {line.strip()!r}")
        checksums = [word for word in words[1:] if word.startswith(("sha256:", "md5:"))]
        names = [word for word in words[1:] if word not in checksums]
        if len(checksums) > 1 or len(names) > 1:
            raise BadInput(f"line {number} of the list has too many words: {line.strip()!r}")
        products.append(
            Product(
                url=words[0],
                name=names[0] if names else None,
                checksum=checksums[0] if checksums else None,
            )
        )
    return Plan(each_once(products), context={"asked": ["a list of URLs"]})


def fetch(
    todo: Plan,
    folder: Path,
    archives: Callable[[str], Archive],
    door: StreetDoor,
    *,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Fetched:
    """Bring the files home. Raises only where nothing can be kept at all (Unwritable).

    Files that are there already, whole by their receipts, are kept without asking anybody.
    """
    _make(folder)
    made_up = door.route.sandbox is not None
    have = {
        receipt.product.key: receipt
        for receipt in library.receipts_in(folder)
        if library.is_whole(receipt) and receipt.made_up is made_up
    }
    missing = [product for product in todo.products if product.key not in have]
    _check_room(folder, missing)
    receipts: list[Receipt] = []
    failures: list[Failure] = []
    try:
        for number, product in enumerate(todo.products, 1):
            if progress:
                progress.begin(product, number, len(todo.products))
            outcome = (
                replace(have[product.key], status="kept")
                if product.key in have
                else _bring(product, folder, door, todo.context, progress, stop)
            )
            (receipts if isinstance(outcome, Receipt) else failures).append(outcome)  # type: ignore[arg-type]
            if progress:
                progress.end(outcome)
    finally:
        # Also after Ctrl-C: what came home is documented.
        thanks = _close(folder, todo.trees, archives)
    return Fetched(folder, tuple(receipts), tuple(failures), todo.notes, todo.trees, thanks)


def _bring(
    product: Product,
    folder: Path,
    door: StreetDoor,
    context: Mapping[str, Any],
    progress: Progress | None,
    stop: Event | None,
) -> Receipt | Failure:
    """One file, unpacked where it is a .fits.Z, with its receipt beside it."""
    try:
        receipt = fetch_one(
            product,
            folder / product.folder if product.folder else folder,
            door=door,
            progress=progress.bytes if progress else None,
            stop=stop,
        )
        if receipt.path.name.endswith(".fits.Z"):
            receipt = replace(
                receipt,
                unpacked=unpack_lzw(receipt.path),
                verified=(*receipt.verified, "unpacked fits structure"),
            )
        receipt = replace(receipt, made_up=door.route.sandbox is not None)
        library.write_receipt(receipt, context)
    except (ArchiveError, TransferError) as error:
        return Failure(product, error)
    return receipt


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unwritable(f"the folder {folder} cannot be made: {error.strerror}") from error


def _check_room(folder: Path, products: Sequence[Product]) -> None:
    """Refuse before starting what cannot fit; sizes that the archive did not tell count nothing."""
    wanted = sum(product.size or 0 for product in products)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise Unwritable(
            f"{size_text(wanted)} are wanted, but only {size_text(free)} are free at {folder}: "
            "make room, choose another folder with -o, or ask for less"
        )


def _close(
    folder: Path, trees: Sequence[Association], archives: Callable[[str], Archive]
) -> Mapping[str, str]:
    """Write what describes the folder as a whole; the acknowledgements, by archive."""
    by: dict[str, list[Product]] = {}
    receipts = list(library.receipts_in(folder))
    for receipt in receipts:
        if receipt.product.archive:
            by.setdefault(receipt.product.archive, []).append(receipt.product)
    thanks = {name: archives(name).acknowledgement(products) for name, products in by.items()}
    if receipts or (folder / "provenance.json").exists():
        library.write_provenance(folder, receipts, thanks)
    if trees:
        library.write_trees(folder, trees)
    return {name: text for name, text in thanks.items() if text}


def outcome_json(fetched: Fetched) -> dict[str, Any]:
    """The command line's contract for `fetch --json`."""
    files: list[dict[str, Any]] = [
        {
            "path": str(r.path),
            "status": r.status,
            "size": r.size,
            "sha256": r.sha256,
            "url": r.url,
            "archive": r.product.archive,
            "obs_id": r.product.obs_id,
            "target": r.product.target,
            "unpacked": str(r.unpacked) if r.unpacked else None,
            "why": None,
        }
        for r in fetched.receipts
    ]
    files += [
        {
            "path": None,
            "status": f.status,
            "size": f.product.size,
            "sha256": None,
            "url": f.product.url,
            "archive": f.product.archive,
            "obs_id": f.product.obs_id,
            "target": f.product.target,
            "unpacked": None,
            "why": str(f.error),
        }
        for f in fetched.failures
    ]
    notes = [{"why": str(n.why), "text": n.text, "count": n.count} for n in fetched.notes]
    return {"files": files, "notes": notes, "complete": fetched.complete}
