"""This file reads a piece of a tile-compressed image: the rows of its table and the tiles it needs.

Invariant: the tiles are unpacked by astropy, from a table as long as the original in which only the
rows that are needed are filled: so each tile keeps its number, on which dithering depends (FITS
standard 4.0, 10.2).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from skyatlas.errors import FormatError
from skyatlas.formats.blocks import Block, Reading
from skyatlas.formats.opening import DAMAGE, quiet
from skyatlas.formats.records import Records, padded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])\(?(?:([LXBIJKAEDCM])(?:\((\d+)\))?)?")
_BYTES = {"L": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "C": 8, "M": 16}
_LARGEST_TABLE = 512 * 1024**2
"""Bytes of a table that is held in memory, nearly empty."""
_OWN = re.compile(
    r"XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP|T(TYPE|FORM|DIM|NULL|SCAL|ZERO|UNIT)\d+"
    r"|Z(IMAGE|SIMPLE|TENSION|EXTEND|BLOCKED|PCOUNT|GCOUNT|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|NAME\d+"
    r"|VAL\d+|MASKCMP|QUANTIZ|DITHER0|SCALE|ZERO|BLANK|HECKSUM|DATASUM)"
)
"""Cards of the table in which the image is kept (section 10.1); those of the image are the rest."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column whose entries lie in the heap."""

    place: int
    """In its row, bytes."""
    wide: bool
    """Whether count and place are of 64 bits (Q) rather than 32 (P)."""
    width: int
    """Bytes of one element in the heap."""


def tiled(block: Block, window: tuple[slice, ...]) -> Reading:
    """Read the pixels of a window, as they would stand in an uncompressed file.

    `window` is in numpy's order. Raises FormatError where the table or a tile is damaged.
    """
    import numpy as np

    header = block.header
    width, count = int(header["NAXIS1"]), int(header["NAXIS2"])
    heap = block.data + int(header.get("THEAP", width * count))
    columns = list(_columns(block, width))
    rows = np.array(list(_tiles(block, window)))
    if width * count > _LARGEST_TABLE or (len(rows) and rows[-1] >= count):
        raise FormatError(f"{block.title} is damaged: its table of tiles has {count} rows.")
    raw = yield [(block.data + int(row) * width, block.data + int(row + 1) * width) for row in rows]
    if any(len(row) != width for row in raw):
        raise FormatError(f"{block.title} is damaged: its table of tiles is cut short.")
    some = np.frombuffer(b"".join(raw), np.uint8).reshape(len(rows), width).copy()
    ends = [_descriptors(some, column) for column in columns]
    spans = [
        (heap + int(place), heap + int(place + size * column.width))
        for column, pairs in zip(columns, ends, strict=True)
        for size, place in pairs
    ]
    if any(stop > block.data + block.size for _, stop in spans):
        raise FormatError(f"{block.title} is damaged: a tile lies outside its HDU.")
    chunks = yield spans
    lengths = np.cumsum([0, *(len(chunk) for chunk in chunks)])[:-1]
    for pairs, places in zip(ends, np.split(lengths, len(columns)), strict=True):
        pairs[:, 1] = places
    table = np.zeros((count, width), np.uint8)
    table[rows] = some
    return _unpacked(block, window, table.tobytes(), b"".join(chunks))


def image_cards(block: Block) -> Records:
    """The header of the image as an extension that is not compressed."""
    cards = Records(block.raw)
    blank = cards.value("ZBLANK")
    cards.drop(_OWN)
    axes = {f"NAXIS{n}": length for n, length in enumerate(reversed(block.shape), 1)}
    cards.begin(XTENSION="IMAGE", BITPIX=block.bitpix, NAXIS=len(axes), **axes, PCOUNT=0, GCOUNT=1)
    if cards.value("EXTNAME") == "COMPRESSED_IMAGE":  # fpack's word, not the file's
        cards.drop(re.compile("EXTNAME"))
    if blank is not None and block.bitpix > 0 and cards.value("BLANK") is None:
        cards.put("BLANK", blank)
    return cards


def _columns(block: Block, width: int) -> Iterator[_Column]:
    place = 0
    for number in range(1, int(block.header["TFIELDS"]) + 1):
        form = _FORM.match(str(block.header[f"TFORM{number}"]).strip())
        if form is None:
            raise FormatError(f"{block.title} is damaged: TFORM{number} cannot be read.")
        repeat = int(form[1] or 1)
        if form[2] in "PQ":
            if repeat:
                yield _Column(place, form[2] == "Q", _BYTES[form[3] or "B"])
            place += repeat * (16 if form[2] == "Q" else 8)
        else:
            place += -(-repeat // 8) if form[2] == "X" else repeat * _BYTES[form[2]]
    if place != width:
        raise FormatError(f"{block.title} is damaged: its columns do not fill its rows.")


def _tiles(block: Block, window: tuple[slice, ...]) -> Iterator[int]:
    """Numbers of the tiles that touch a window, from 0; axis 1 runs fastest (section 10.1)."""
    import numpy as np

    sizes = [
        int(block.header.get(f"ZTILE{number}", length if number == 1 else 1))
        for number, length in enumerate(reversed(block.shape), 1)
    ][::-1]
    if min(sizes) < 1:
        raise FormatError(f"{block.title} is damaged: its tiles have no size.")
    counts = [-(-length // size) for length, size in zip(block.shape, sizes, strict=True)]
    touched = [
        range(part.start // size, (part.stop - 1) // size + 1)
        for part, size in zip(window, sizes, strict=True)
    ]
    for place in product(*touched):
        yield int(np.ravel_multi_index(place, counts))


def _descriptors(rows: NDArray[np.uint8], column: _Column) -> NDArray[np.signedinteger]:
    """Count and place of each row's entry, as a view of the rows: what is written, is changed."""
    kind, length = (">i8", 16) if column.wide else (">i4", 8)
    view: NDArray[np.signedinteger] = rows[:, column.place : column.place + length].view(kind)
    if (view < 0).any():
        raise FormatError("the table of tiles is damaged: a tile has a negative size.")
    return view


def _unpacked(block: Block, window: tuple[slice, ...], table: bytes, heap: bytes) -> bytes:
    from astropy.io import fits

    header = block.header.copy()
    header["PCOUNT"] = len(heap)
    for name in ("THEAP", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"):
        header.remove(name, ignore_missing=True)
    empty = fits.PrimaryHDU().header.tostring()
    whole = (empty + header.tostring()).encode("latin-1") + padded(table + heap)
    try:
        with quiet(), fits.open(io.BytesIO(whole), do_not_scale_image_data=True) as hdus:
            pixels = hdus[1].section[window]
    except DAMAGE as problem:
        raise FormatError(f"{block.title} is damaged: a tile cannot be unpacked.") from problem
    kind = f">{'f' if block.bitpix < 0 else 'i'}{abs(block.bitpix) // 8}"
    return bytes(pixels.astype("u1" if block.bitpix == 8 else kind).tobytes())
