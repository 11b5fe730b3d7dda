"""This file writes previews as MAST has them: grey JPEG files, eight pixels for each one drawn.

Each block of 8x8 pixels has one shade, so that a file is its mean values (DC coefficients) alone.
Source: ITU-T T.81 (1992), baseline sequential mode; table K.3 for the codes of the differences.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LENGTHS = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0))
"""How many codes have 1, 2, … 16 bits (T.81, table K.3)."""
_CODES = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110",
          "11111110", "111111110")  # fmt: skip
_END = "0"
"""End of block: the only code of the other table."""
_STEP = 8
"""The quantum of a mean value: one shade, as a mean is 8 times the shade."""


def jpeg(shades: NDArray[np.uint8]) -> bytes:
    """A grey JPEG of 8 times the shape (rows, columns), the first row on top."""
    rows, columns = shades.shape
    frame = struct.pack(">BHHBBBB", 8, 8 * rows, 8 * columns, 1, 1, 0x11, 0)
    other = bytes((1, *[0] * 15, 0))  # one code of one bit, for "end of block"
    return b"".join((
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        _segment(0xDB, bytes((0, *[_STEP] * 64))),
        _segment(0xC0, frame),
        _segment(0xC4, b"\0" + _LENGTHS + bytes(range(12))),
        _segment(0xC4, b"\x10" + other),
        _segment(0xDA, bytes((1, 1, 0, 0, 63, 0))),
        _packed("".join(_coded(int(shade) - 128 for shade in shades.flat))),
        b"\xff\xd9",
    ))  # fmt: skip


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _coded(means: Iterable[int]) -> Iterator[str]:
    """Each mean as its difference from the one before: how many bits it has, then the bits."""
    before = 0
    for mean in means:
        change, before = mean - before, mean
        bits = abs(change).bit_length()
        value = change if change > 0 else change + (1 << bits) - 1
        yield _CODES[bits] + (f"{value:0{bits}b}" if bits else "") + _END


def _packed(bits: str) -> bytes:
    """Bits as bytes, filled up with ones; a byte 255 is followed by 0."""
    whole = bits + "1" * (-len(bits) % 8)
    data = int(whole, 2).to_bytes(len(whole) // 8, "big")
    return data.replace(b"\xff", b"\xff\0")
