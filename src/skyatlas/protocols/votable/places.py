"""This file finds where the cells of varying length begin in the bytes of BINARY rows.

Invariant: only rows whose last byte is there count. Each place hangs on the count before it, so
this is the one loop over cells that numpy cannot take over, and the slowest part of the reader.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_count = struct.Struct(">I").unpack_from


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found."""

    begins: Any
    """Rows × cells of varying length: where each begins, behind its count."""
    rows: int
    end: int
    """Where the last whole row ends."""
    need: int
    """Bytes without which there cannot be another row."""


class Places:
    """Where to look: the fixed bytes before each cell of varying length, and behind the last."""

    def __init__(self, steps: Sequence[tuple[int, int]], last: int) -> None:
        """`steps`: (fixed bytes before the count, bytes of an element or 0 for bits)."""
        self._steps, self._last = steps, last
        self._short = all(width == 1 for _, width in steps)
        """Whether no text was yet longer than 255: then the last byte of a count is all of it."""

    def find(self, body: bytes) -> Found:
        """All whole rows of `body`, which begins with a row."""
        if not self._steps:
            rows = len(body) // self._last if self._last else 0
            return Found(np.empty((rows, 0), np.int64), rows, rows * self._last, len(body) + 1)
        if self._short:
            found = self._found_short(body)
            raw = np.frombuffer(body, np.uint8)
            if found.rows and not any(raw[found.begins - k].any() for k in (2, 3, 4)):
                return found
            self._short = found.rows == 0
        return self._found(body)

    def _found_short(self, body: bytes) -> Found:
        """In half the time, where counts are of one byte; who asks looks whether they are."""
        steps, size = [skip + 4 for skip, _ in self._steps], len(body)
        marks: list[int] = []
        mark = marks.append
        at, done = -1, 0
        try:
            while at < size:
                done = at + 1
                for skip in steps:
                    at += skip
                    mark(at)
                    at += body[at]
                at += self._last
        except IndexError:
            at = max(at, size)
        return self._whole(marks, 1, done, at + 1)

    def _found(self, body: bytes) -> Found:
        steps, size = self._steps, len(body)
        marks: list[int] = []
        mark = marks.append
        at = done = 0
        try:
            while at <= size:
                done = at
                for skip, width in steps:
                    at += skip
                    mark(at)
                    (count,) = _count(body, at)
                    at += 4 + (count * width if width else (count + 7) >> 3)
                at += self._last
        except struct.error:
            at = max(at, size) + 1
        return self._whole(marks, 4, done, at)

    def _whole(self, marks: list[int], before: int, done: int, need: int) -> Found:
        """Without the row that was being looked through when the bytes ended."""
        width = len(self._steps)
        rows = bisect_left(marks, done) // width
        begins = np.array(marks[: rows * width], dtype=np.int64).reshape(rows, width) + before
        return Found(begins, rows, done, need)
