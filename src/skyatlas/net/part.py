"""This file keeps the bytes so far, `X.part` and its journal; what is not certain is dropped.

The journal tells how many bytes are on the disk for certain, their sha256, and the validator that
the archive gave for them (ETag or Last-Modified). A part without a matching journal, shorter than
it says, or with other bytes than it says, is never extended.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Journal", "Part"]

_CHECKPOINT = 8 * 1024 * 1024
"""Bytes between two moments at which the disk holds everything and the journal says so."""
_PIECE = 1024 * 1024
_LONGEST = 40_000
"""Characters. A journal is a few hundred; anything longer is not ours."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What is known about the bytes in a part."""

    url_sha256: str
    """Of the URL asked; the URL itself may hold secrets."""
    etag: str | None = None
    last_modified: str | None = None
    length: int | None = None
    """Bytes of the whole file, where the archive said so."""
    disposition: str = ""
    content_type: str = ""
    good: int = 0
    sha256: str = ""
    """Of the first `good` bytes, hexadecimal."""

    @property
    def validator(self) -> str | None:
        """What `If-Range` may name (RFC 9110, 13.1.5): a strong ETag, or else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return None if self.etag else self.last_modified

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str], length: int | None) -> Journal:
        """The journal of a file of which nothing has come yet; `headers` in lower case."""
        return cls(
            url_sha256=hashlib.sha256(url.encode()).hexdigest(),
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            length=length,
            disposition=headers.get("content-disposition", ""),
            content_type=headers.get("content-type", ""),
        )


class Part:
    """The unfinished file of one product; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal_path = path.with_name(path.name + ".json")
        self.journal: Journal | None = None
        self.size = 0
        """Bytes so far."""
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._safe = 0

    @property
    def sha256(self) -> str:
        """Of the bytes so far, hexadecimal."""
        return self._hash.hexdigest()

    def resume(self, url: str) -> Journal | None:
        """The journal where the part can be extended, cut to its certain bytes; else None."""
        self.close()
        journal = self._read_journal()
        if journal is None or not self._fits(journal, url):
            self.drop()
            return None
        with self.path.open("r+b") as file:
            file.truncate(journal.good)
        self.journal, self.size, self._safe = journal, journal.good, journal.good
        return journal

    def begin(self, journal: Journal) -> None:
        """Start from zero."""
        self.close()
        self._journal_path.unlink(missing_ok=True)
        self._file = self.path.open("wb")
        self.journal, self.size, self._safe = journal, 0, 0
        self._hash = hashlib.sha256()

    def extend(self) -> None:
        """Go on after what `resume` found."""
        self._file = self.path.open("ab")

    def write(self, data: bytes) -> None:
        """Append; now and then the disk is made to keep it."""
        assert self._file is not None
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        if self.size - self._safe >= _CHECKPOINT:
            self.keep()

    def keep(self) -> None:
        """Have the disk keep all bytes so far, then say so in the journal."""
        if self._file is None or self.journal is None:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._safe = self.size
        said = asdict(self.journal) | {"good": self.size, "sha256": self.sha256}
        fresh = self._journal_path.with_name(self._journal_path.name + ".new")
        fresh.write_text(json.dumps(said), "utf-8")
        fresh.replace(self._journal_path)

    def finish(self) -> None:
        """Have the disk keep all bytes; the journal is not needed any more."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        """Close the file; the bytes stay."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def drop(self) -> None:
        """Remove the bytes and the journal."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Remove the journal alone: the part has got its final name."""
        self._journal_path.unlink(missing_ok=True)
        self.journal, self.size = None, 0

    def _read_journal(self) -> Journal | None:
        try:
            text = self._journal_path.read_text("utf-8")
            return Journal(**json.loads(text)) if len(text) < _LONGEST else None
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _fits(self, journal: Journal, url: str) -> bool:
        """Whether the part is what its journal says; leaves its hash in `_hash`."""
        if journal.url_sha256 != Journal.of(url, {}, None).url_sha256 or not journal.validator:
            return False
        size = self.path.stat().st_size if self.path.is_file() else 0
        if not 0 < journal.good <= size or size > (journal.length or size):
            return False
        self._hash = hashlib.sha256()
        left = journal.good
        with self.path.open("rb") as file:
            while left and (piece := file.read(min(left, _PIECE))):
                self._hash.update(piece)
                left -= len(piece)
        return self.sha256 == journal.sha256
