"""This file keeps the hidden index of a folder: a line of text per receipt, only ever appended.

Invariant: it is a cache. A line that is torn, junk or lost costs time and nothing else: the
receipts are the truth. Each line goes to the end of the file in one write, so that several
processes add to it without locks or a database, also on the network file systems of clusters.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = ".skyatlas-index"

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_BATCH = 1000
"""Lines in one write, where there are many at once."""


class Line(NamedTuple):
    """What the index says about one file."""

    mark: str
    """Of the product; see `mark`."""
    path: str
    """Of the file that the receipt is about, relative to the folder, parts separated by `/`."""
    size: int
    mtime_ns: int
    made_up: bool
    unpacked: str | None
    """Name of the file that was unpacked from it, in the same folder."""


_KINDS = frozenset((str, str, int, int, bool, kind) for kind in (str, type(None)))


def mark(key: str) -> str:
    """A product's key in 16 characters (keys are URLs, some of them long)."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Index:
    """The index file of one folder; used under its owner's lock. Never raises."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, NAME)  # noqa: PTH118 (a string: it is asked for often)
        self._inode = 0
        self._size = 0
        """Bytes of the file when it was last looked at."""
        self._read = 0
        """Bytes that were read as whole lines; fewer than `_size` where the last one has no end."""

    def news(self) -> Iterable[Line]:
        """The lines that were added since the last call, by anybody; must be used up.

        A few microseconds where there are none.
        """
        try:
            state = os.stat(self._path)  # noqa: PTH116
        except OSError:  # there is none (any more)
            self._inode = self._size = self._read = 0
            return ()
        if state.st_size == self._size and state.st_ino == self._inode:
            return ()
        if state.st_ino != self._inode or state.st_size < self._read:
            self._inode, self._read = state.st_ino, 0
        self._size = state.st_size
        return self._lines()

    def append(self, lines: Iterable[Line]) -> None:
        """Add the lines at the end. Where that is not possible, nobody is told: it is a cache."""
        texts = [json.dumps(line) + "\n" for line in lines]
        for start in range(0, len(texts), _BATCH):
            # A last line without an end was torn: ours shall not become a part of it.
            healing = "\n" if self._read != self._size else ""
            piece = (healing + "".join(texts[start : start + _BATCH])).encode()
            with suppress(OSError):
                self._write(piece)

    def _write(self, piece: bytes) -> None:
        handle = os.open(self._path, _APPEND, 0o666)
        try:
            whole = os.write(handle, piece) == len(piece)
            state = os.fstat(handle)
        finally:
            os.close(handle)
        ours_alone = state.st_size == self._size + len(piece)
        if whole and ours_alone and state.st_ino == (self._inode or state.st_ino):
            # Nobody else added anything: there is nothing to read again.
            self._inode, self._size, self._read = state.st_ino, state.st_size, state.st_size

    def _lines(self) -> Iterator[Line]:
        with suppress(OSError), open(self._path, "rb") as file:  # noqa: PTH123
            file.seek(self._read)
            for text in file:
                if not text.endswith(b"\n"):
                    break  # somebody is writing it, or never finished
                self._read += len(text)
                line = _understood(text)
                if line is not None:
                    yield line
        self._size = max(self._size, self._read)  # others may have added while we read


def _understood(text: bytes) -> Line | None:
    """The line, or None where it is none of ours."""
    try:
        line = Line(*json.loads(text.decode("ascii")))
    except (ValueError, TypeError, RecursionError):
        return None
    return line if tuple(map(type, line)) in _KINDS else None
