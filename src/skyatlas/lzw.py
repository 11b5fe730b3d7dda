"""This file unpacks the format of Unix `compress` (`.Z`), thousands of codes at a time.

A string of the dictionary is another one and a byte more. So the dictionary is a forest, held in
arrays, and all strings that a run of codes asks for are spelled together, from their last bytes to
their first.

There is no standard. The facts are those of compress 4.0: codes have 9 bits, and one more whenever
the dictionary outgrows them; they come in groups of eight, and a new group begins where the width
changes and after CLEAR; with "at most 9 bits" they grow to 10 all the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["unpacked"]

_CLEAR = 256
"""The code that empties the dictionary."""
_GROUP = 8
"""Codes. A group of them fills whole bytes, whatever their width."""
_NARROWEST = 9
"""Bits of the first codes."""
_PIECE = 1024 * 1024
"""Bytes that come out at a time, about."""

_Codes = NDArray[np.intp]


def unpacked(stream: BinaryIO) -> Iterator[bytes]:
    """The unpacked bytes, in pieces; a stream that is cut gives what is there.

    `stream` must be seekable, and give as many bytes as it is asked for until its end.
    Raises ValueError for what no compressor writes.
    """
    start = stream.read(3)
    flags = start[2] if len(start) == 3 else 0
    # 0x1F: most bits of a code; 0x80: CLEAR is used; the others are not defined.
    if start[:2] != b"\x1f\x9d" or flags & 0x60 or not 9 <= flags & 0x1F <= 16:
        raise ValueError("no header of compress(1)")
    clears = bool(flags & 0x80)
    width, widest = _NARROWEST, max(flags & 0x1F, _NARROWEST + 1)
    forest = _Forest(_CLEAR + clears, 2**widest)
    while run := _run(stream, width, clears=clears):
        codes, cleared = run
        if codes.size:
            forest.grow(codes)
            yield from forest.spelled(codes)
        if cleared:
            forest.clear()
            width = _NARROWEST
        else:
            width = min(width + 1, widest)


def _run(stream: BinaryIO, width: int, *, clears: bool) -> tuple[_Codes, bool] | None:
    """The codes until the dictionary outgrows their width, and whether CLEAR ended them before."""
    count = 2 ** (width - 1)
    if width == _NARROWEST and not clears:
        count += 1  # where CLEAR would be, the dictionary has room for another
    packed = stream.read(-(-count // _GROUP) * width)
    if not packed:
        return None
    codes = _codes(packed, width)[:count]
    clear = np.flatnonzero(codes == _CLEAR)[:1] if clears else codes[:0]
    if not clear.size:
        return codes, False
    used = (int(clear[0]) // _GROUP + 1) * width
    stream.seek(min(used - len(packed), 0), os.SEEK_CUR)
    return codes[: clear[0]], True


class _Forest:
    """The dictionary: the string of a code is that of its parent, and its own last byte."""

    def __init__(self, first_free: int, room: int) -> None:
        self._first_free = first_free
        self._room = room
        """Codes that there can be."""
        self._parent = np.zeros(room, np.intp)
        self._length = np.ones(room, np.uint16)
        self._first = np.arange(room).astype(np.uint8)
        self._last = self._first.copy()
        self.clear()

    def clear(self) -> None:
        """Forget all but the single bytes."""
        self._free = self._first_free
        self._before: _Codes = np.empty(0, np.intp)
        """The last code that came: the next one completes its child."""

    def grow(self, codes: _Codes) -> None:
        """Add a child to each code that another one follows; it ends with that one's first byte."""
        if not self._before.size and codes[0] >= 256:
            raise ValueError("the first code is no single byte")
        parents = np.concatenate((self._before, codes[:-1]))
        following = codes[-parents.size :] if parents.size else codes[:0]
        children = self._free + np.arange(parents.size)
        # A code may be the very child that it completes.
        if np.any(following > children):
            raise ValueError("a code that is not in the dictionary")
        self._before = codes[-1:]
        new = slice(self._free, min(self._free + parents.size, self._room))
        parents, following = parents[: new.stop - new.start], following[: new.stop - new.start]
        steps, known = _climbed(parents, self._free)
        self._free = new.stop
        self._parent[new] = parents
        self._length[new] = self._length[known] + steps
        self._first[new] = self._first[known]
        self._last[new] = self._first[following]

    def spelled(self, codes: _Codes) -> Iterator[bytes]:
        """The strings of these codes, one after another."""
        ends = np.cumsum(self._length[codes], dtype=np.intp)
        start = 0
        while start < codes.size:
            done = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _PIECE)))
            yield self._spell(codes[start:stop], ends[start:stop] - done)
            start = stop

    def _spell(self, codes: _Codes, ends: _Codes) -> bytes:
        lengths = self._length[codes]
        longest_first = np.argsort(lengths, kind="stable")[::-1]
        codes, places = codes[longest_first], ends[longest_first] - 1
        out = np.empty(ends[-1], np.uint8)
        # How many strings are longer than 0, 1, 2 … bytes.
        for count in codes.size - np.cumsum(np.bincount(lengths))[:-1]:
            codes, places = codes[:count], places[:count]
            out[places] = self._last[codes]
            codes, places = self._parent[codes], places - 1
        return out.tobytes()


def _climbed(parents: _Codes, free: int) -> tuple[_Codes, _Codes]:
    """Steps from each new child up to a code below `free`, and that code.

    The number of steps that are known doubles each time.
    """
    steps, known = np.ones_like(parents), parents.copy()
    while (unknown := np.flatnonzero(known >= free)).size:
        over = known[unknown] - free
        steps[unknown] += steps[over]
        known[unknown] = known[over]
    return steps, known


def _codes(packed: bytes, width: int) -> _Codes:
    """Codes of so many bits, the lowest bits first; bits that are no whole code are dropped."""
    count = 8 * len(packed) // width
    octets = np.frombuffer(packed + bytes(2), np.uint8).astype(np.uint32)
    # From each byte on, as many bits as a code can reach over.
    bits = octets[:-2] | octets[1:-1] << 8 | octets[2:] << 16
    place = width * np.arange(count)
    codes: _Codes = ((bits[place >> 3] >> (place & 7)) & (2**width - 1)).astype(np.intp)
    return codes
