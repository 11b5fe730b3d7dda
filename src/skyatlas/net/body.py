"""This file takes the bytes of one answer: to the disk, through the inspection, in the right place.

Small bodies stay in memory until they are whole. Larger ones go to the part as they come; stretches
that come out of order are inspected when their turn is there. `put` runs on one strand, all else on
one that follows it: a disk and a processor can be busy at the same time.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from skyatlas.net.inspection import Inspection
from skyatlas.net.part import Journal, Part, Span
from skyatlas.net.promise import Promise

__all__ = ["Body"]

_PIECE = 1024 * 1024


class Body:
    """The bytes of one version of one file; a changed file gets another body."""

    def __init__(
        self, part: Part, journal: Journal, promise: Promise, spans: Iterable[Span] = ()
    ) -> None:
        self.journal = journal
        self.inspection = Inspection(promise)
        self.harm: Exception | None = None
        """Why some of its bytes were not put down: then it has a hole, and never gets a name."""
        self._part = part
        self._ends = dict(spans)
        """Stretches in the part: first byte → byte after the last."""
        self._vouched: dict[int, int] = {}
        self._hashes: dict[int, hashlib._Hash] = {}
        """Of the stretches that are not inspected as they come, by their first byte."""

    @property
    def size(self) -> int:
        """Bytes inspected so far."""
        return self.inspection.size

    def begin(self) -> None:
        """Have the part start from zero, with a journal."""
        self._part.begin(self.journal)

    def put(self, at: int, pieces: list[bytes]) -> None:
        """Write bytes that follow each other."""
        self._part.write_all(at, pieces)

    def learn(self, start: int, at: int, pieces: list[bytes]) -> None:
        """Inspect what was put at `at`, in the stretch from `start`; the journal says so."""
        data = b"".join(pieces)
        self._ends[start] = end = at + len(data)
        if self.inspection.size == at:
            self.inspection.feed(data)
        if start == 0:
            sha256 = self.inspection.sha256  # the first stretch is inspected as it comes
        else:
            digest = self._hashes.setdefault(start, hashlib.sha256())
            digest.update(data)
            sha256 = digest.hexdigest()
        self._catch_up()
        # Of a long stretch not every piece: a line for each thousandth of it.
        if end - self._vouched.get(start, 0) > (end - start) // 1000:
            self._part.vouch(start, end, sha256, self.journal)
            self._vouched[start] = end

    def whole(self, data: list[bytes] | None, *, durable: bool) -> tuple[str, ...]:
        """All is here; how it was verified. Raises Corrupt.

        `data` is what stayed in memory, in small pieces. They are put together in a buffer that
        each thread keeps: a fresh one for each file costs more than writing it.
        """
        if data:
            together = _together(data)
            self._part.write(0, together)
            self.inspection.feed(together)
        self._catch_up()
        # Before the verdict: what is in doubt is kept all the same when it comes a second time.
        self._part.cut(self.inspection.size)
        if durable:
            self._part.sync()
        return self.inspection.finish(Path(self._part.path))

    def _catch_up(self) -> None:
        """Inspect what came before its turn, from the part."""
        moved = True
        while moved:
            moved = False
            for start, end in self._ends.items():
                while start <= self.inspection.size < end:
                    size = min(_PIECE, end - self.inspection.size)
                    piece = self._part.read(self.inspection.size, size)
                    if not piece:
                        raise OSError(errno.EIO, "the part was cut by somebody else")
                    self.inspection.feed(piece)
                    moved = True


_mine = threading.local()


def _together(pieces: list[bytes]) -> memoryview:
    """The pieces as one; good until this thread asks again."""
    size = sum(map(len, pieces))
    buffer: bytearray | None = getattr(_mine, "buffer", None)
    if buffer is None or len(buffer) < size:
        buffer = _mine.buffer = bytearray(max(size, _PIECE))
    at = 0
    for piece in pieces:
        buffer[at : at + len(piece)] = piece
        at += len(piece)
    return memoryview(buffer)[:size]
