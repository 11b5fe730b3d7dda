"""This file keeps the bytes so far, `X.part` and its journal; what is not certain is dropped.

The journal says of which answer the bytes are (URL, ETag or Last-Modified, length) and, in a line
added after each piece, the sha256 of each stretch up to there. What a later run finds is hashed
again: bytes that no line vouches for are never extended, whether junk, torn by a power cut, or not
ours. A part belongs to one thread of one process at a time, by a lock on the file itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from skyatlas.net.leases import try_lock

__all__ = ["Journal", "Part", "Span"]

Span = tuple[int, int]
"""Bytes from the first up to, and not including, the second."""

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
_PIECE = 1024 * 1024
_MOST_AT_ONCE = 512
"""Pieces in one call; the system takes 1024."""
_LONGEST = 64 * 1024 * 1024
"""Bytes. A journal has some thousand lines of 100; anything longer is not ours."""
_DIGESTS = ("digest", "repr-digest", "content-md5", "content-digest")


@dataclass(frozen=True, slots=True)
class Journal:
    """What is known about the answer whose bytes are in a part."""

    url_sha256: str
    """Of the URL asked; the URL itself may hold secrets."""
    etag: str | None = None
    last_modified: str | None = None
    length: int | None = None
    """Bytes of the whole file, where the archive said so."""
    disposition: str = ""
    content_type: str = ""
    encoding: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Headers that promise a digest of the whole file."""

    @property
    def validator(self) -> str | None:
        """What `If-Range` may name (RFC 9110, 13.1.5): a strong ETag, or else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag if self.etag.isascii() and self.etag.isprintable() else None
        return None if self.etag else self.last_modified

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str], length: int | None) -> Journal:
        """The journal of an answer to `url`; `headers` in lower case."""
        return cls(
            url_sha256=hashlib.sha256(url.encode()).hexdigest(),
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            length=length,
            disposition=headers.get("content-disposition", ""),
            content_type=headers.get("content-type", ""),
            encoding=headers.get("content-encoding", ""),
            digests={
                name: value
                for name, value in headers.items()
                if name in _DIGESTS or name.startswith("x-amz-checksum-")
            },
        )

    @property
    def makes_sense(self) -> bool:
        """Whether the values are of their kinds: what is read from a disk may be anything."""
        texts: tuple[object, ...] = (
            self.url_sha256,
            self.disposition,
            self.content_type,
            self.encoding,
        )
        digests: object = self.digests
        length: object = self.length
        maybe: tuple[object, ...] = (self.etag, self.last_modified)
        return (
            all(isinstance(text, str) for text in texts)
            and all(text is None or isinstance(text, str) for text in maybe)
            and (length is None or isinstance(length, int))
            and isinstance(digests, dict)
            and all(isinstance(value, str) for value in digests.values())
        )

    def is_of(self, url: str) -> bool:
        """Whether it is about this URL."""
        return self.url_sha256 == hashlib.sha256(url.encode()).hexdigest()


class Part:
    """The unfinished file of one product."""

    __slots__ = ("_file", "_fresh", "_journal", "_journal_file", "_lock", "_settled", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = -1
        self._journal: Journal | None = None
        self._journal_file = -1
        self._lock = Lock()
        """For the journal's file: who vouches must not write into what another has closed."""
        self._fresh = False
        """Whether nothing of it was there before."""
        self._settled = False
        """Whether it has its final name besides that of a part."""

    @property
    def journal_path(self) -> Path:
        """Where the journal is, if there is one."""
        return Path(self.path + ".json")

    def claim(self) -> int | None:
        """Take the part; the bytes that it has, or None where somebody else has it.

        Raises OSError where it cannot be made.
        """
        while True:
            try:
                file, fresh = os.open(self.path, _FLAGS | os.O_EXCL, 0o666), True
            except FileExistsError:
                file, fresh = os.open(self.path, _FLAGS, 0o666), False
            if not _is_free(file):
                os.close(file)
                return None
            state = os.fstat(file)
            # Between opening and locking, another process may have finished with it.
            ours = (fresh and state.st_size == 0) or _is_at(self.path, state)
            if ours and state.st_nlink == 1:
                self._file, self._fresh = file, fresh
                return state.st_size
            if ours and state.st_nlink > 1:
                # Killed between its final name and our letting go: that file is not touched.
                os.unlink(self.path)
            os.close(file)

    def recover(self, url: str) -> tuple[Journal, list[Span]] | None:
        """What an earlier run left and its journal vouches for; None (and emptied) otherwise."""
        found = self._read_journal()
        if found is not None and found[0].is_of(url) and found[0].validator:
            journal, lines = found
            spans = self._vouched(lines, journal.length)
            if spans:
                self._rewrite(journal, spans)
                return journal, [(start, end) for start, end, _ in spans]
        self.empty()
        return None

    def begin(self, journal: Journal) -> None:
        """Start from zero with a journal: the file is large, or its line broke."""
        self.empty()
        self._rewrite(journal, ())

    def write(self, at: int, data: bytes | memoryview) -> None:
        """Put bytes in their place."""
        written = os.pwrite(self._file, data, at)
        if written < len(data):
            self.write(at + written, data[written:])

    def write_all(self, at: int, pieces: list[bytes]) -> None:
        """Put bytes that follow each other in their place."""
        if len(pieces) > _MOST_AT_ONCE or not hasattr(os, "pwritev"):
            self.write(at, b"".join(pieces))
            return
        written = os.pwritev(self._file, pieces, at)
        if written < sum(map(len, pieces)):
            self.write(at + written, b"".join(pieces)[written:])

    def read(self, at: int, size: int) -> bytes:
        """Bytes that were written before."""
        return os.pread(self._file, size, at)

    def vouch(self, start: int, end: int, sha256: str, journal: Journal | None = None) -> None:
        """Say in the journal that these bytes are here with this hash; if it still is `journal`."""
        with self._lock:
            if self._journal_file >= 0 and journal in (None, self._journal):
                os.write(self._journal_file, f"{start} {end} {sha256}\n".encode())

    def cut(self, size: int) -> None:
        """Drop what lies behind the last byte of the file."""
        if not self._fresh and os.fstat(self._file).st_size > size:
            os.ftruncate(self._file, size)

    def sync(self) -> None:
        """Have the disk keep what was written."""
        os.fsync(self._file)

    def settle(self, path: Path, *, replace: bool) -> bool:
        """Give the file its final name; False where that is taken, unless it may be replaced.

        It stays ours until `release`, so that nobody fetches it again before its receipt is there.
        """
        if os.name == "nt":
            self._close()  # Windows does not rename an open file
        if replace:
            os.replace(self.path, path)
            return True
        try:
            os.link(self.path, path)
            self._settled = True
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if path.exists():
                return False
            os.replace(self.path, path)
        return True

    def mtime_ns(self, path: Path) -> int:
        """Modification time; `path` is where it was settled."""
        return os.fstat(self._file).st_mtime_ns if self._file >= 0 else path.stat().st_mtime_ns

    def empty(self) -> None:
        """Drop the bytes and the journal; the claim stays."""
        os.ftruncate(self._file, 0)
        self._forget_journal()

    def release(self) -> None:
        """Let go; what has its final name or no byte at all loses the name of a part."""
        if self._settled:
            self._forget_journal()
            os.unlink(self.path)
        elif self._file >= 0:
            state = os.fstat(self._file)
            here = _is_at(self.path, state)
            if not here:
                self._forget_journal()
            elif state.st_size == 0:
                os.unlink(self.path)
        self._close()

    def _close(self) -> None:
        self._close_journal()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _close_journal(self) -> bool:
        with self._lock:
            if self._journal_file < 0:
                return False
            os.close(self._journal_file)
            self._journal_file = -1
            return True

    def _forget_journal(self) -> None:
        if self._close_journal() or not self._fresh:
            self.journal_path.unlink(missing_ok=True)

    def _rewrite(self, journal: Journal, lines: Iterable[tuple[int, int, str]]) -> None:
        """A fresh journal, open for further lines."""
        self._close_journal()
        fresh = self.journal_path.with_name(self.journal_path.name + ".new")
        text = json.dumps(asdict(journal)) + "\n"
        text += "".join(f"{start} {end} {sha256}\n" for start, end, sha256 in lines)
        fresh.write_text(text, "utf-8")
        fresh.replace(self.journal_path)
        with self._lock:
            self._journal = journal
            self._journal_file = os.open(self.journal_path, os.O_WRONLY | os.O_APPEND)

    def _read_journal(self) -> tuple[Journal, list[tuple[int, int, str]]] | None:
        try:
            if self.journal_path.stat().st_size > _LONGEST:
                return None
            head, *rest = self.journal_path.read_text("utf-8").split("\n")
            journal = Journal(**json.loads(head))
        except (FileNotFoundError, ValueError, TypeError, RecursionError):
            return None
        if not journal.makes_sense:
            return None
        lines = []
        for line in rest:
            words = line.split(" ")
            if len(words) == 3 and all(_is_number(word) for word in words[:2]):
                lines.append((int(words[0]), int(words[1]), words[2]))
        return journal, lines

    def _vouched(
        self, lines: list[tuple[int, int, str]], length: int | None
    ) -> list[tuple[int, int, str]]:
        """The stretches that are on the disk as the journal says; they do not overlap."""
        size = os.fstat(self._file).st_size
        if size > (length if length is not None else size):
            return []
        found: list[tuple[int, int, str]] = []
        for start in sorted({line[0] for line in lines}):
            if found and start < found[-1][1]:
                continue
            ends = {end: sha256 for first, end, sha256 in lines if first == start and end <= size}
            good = self._longest(start, ends)
            if good is not None:
                found.append((start, good, ends[good]))
        return found

    def _longest(self, start: int, ends: Mapping[int, str]) -> int | None:
        """The farthest end up to which the bytes from `start` have the hash that was noted."""
        digest, at, good = hashlib.sha256(), start, None
        for end in sorted(ends):
            while at < end and (piece := self.read(at, min(end - at, _PIECE))):
                digest.update(piece)
                at += len(piece)
            if at == end and end > start and digest.hexdigest() == ends[end]:
                good = end
        return good


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _is_free(file: int) -> bool:
    """Whether nobody else has it; where the file system knows no locks, nobody can tell."""
    try:
        return try_lock(file)
    except OSError:
        return True


def _is_at(path: str, state: os.stat_result) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return (there.st_ino, there.st_dev) == (state.st_ino, state.st_dev)
