"""This file makes a FITS file of a piece of an image: layers, headers and distortion tables too.

Invariant: the pixels are those of the original, bit by bit, and the WCS of the piece was compared
with that of the original; every card that cutting does not change is kept as its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput, FormatError
from skyatlas.formats import layers
from skyatlas.formats.blocks import Block, Reading, Span
from skyatlas.formats.opening import quiet
from skyatlas.formats.placing import Box, same_sky, sky_wcs
from skyatlas.formats.records import Records, padded
from skyatlas.formats.tiles import image_cards, tiled

if TYPE_CHECKING:
    from astropy.wcs import WCS

BESIDE = frozenset(
    (*layers.SIGMA, *layers.VARIANCE, *layers.WEIGHT, *layers.QUALITY, *layers.COVERAGE)
)
"""Names of layers that belong to an image."""
_LARGEST = 1024**3
"""Bytes of a piece, which is made in memory."""
_SUMS = re.compile("CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM")
_REFERENCE = re.compile("CRPIX([1-9])[A-Z]?")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an image, as a FITS file."""

    body: bytes
    """The primary header, the image, its layers (errors, quality, weight), distortion tables."""
    name: str
    """Of the HDU that it was cut from: "SCI,1", "HDU 0"."""
    hdu: int
    """Its number, from 0."""
    box: Box
    """Which pixels these are in the original, FITS counting."""
    asked: Box
    """Which pixels the rectangle of the sky covers; beyond the edge where `box` is smaller."""
    layers: tuple[str, ...]
    """The layers that were cut along."""

    @property
    def whole(self) -> bool:
        """Whether nothing lies beyond the edge of the image."""
        return self.box == self.asked

    @property
    def words(self) -> str:
        """What it is, for a receipt."""
        text = f"pixels {self.box} of {self.name}"
        if self.whole:
            return text
        return f"{text}: of {self.asked} the rest lies beyond the edge of the image"


@dataclass(frozen=True)
class Cut:
    """One piece to be cut."""

    blocks: list[Block]
    block: Block
    wcs: WCS
    box: Box
    asked: Box
    planes: tuple[int, int] | None
    tables: list[tuple[Block, bytes]]

    @cached_property
    def along(self) -> list[Block]:
        """The image and the layers that belong to it, in the order of the file."""
        return [
            one
            for one in self.blocks
            if one is self.block
            or (
                one.is_image
                and one.shape == self.block.shape
                and one.ver == self.block.ver
                and (one.name in BESIDE or one.name.startswith("VAR_"))
            )
        ]

    @cached_property
    def window(self) -> tuple[slice, ...]:
        """What is cut of each axis, in numpy's order."""
        shape, box = self.block.shape, self.box
        window = [slice(0, length) for length in shape]
        window[-1], window[-2] = slice(box.x1 - 1, box.x2), slice(box.y1 - 1, box.y2)
        if self.planes is not None:
            first, last = self.planes
            if len(shape) < 3 or not 1 <= first <= last <= shape[-3]:
                count = shape[-3] if len(shape) > 2 else 1
                raise BadInput(f"planes {first} to {last} are not there; it has {count}")
            window[-3] = slice(first - 1, last)
        size = prod(part.stop - part.start for part in window) * abs(self.block.bitpix) // 8
        if size > _LARGEST:
            raise BadInput(
                f"a piece of {size:,} bytes is too large; ask for a smaller one, or fewer planes"
            )
        return tuple(window)

    def readings(self) -> list[Reading]:
        """How the pixels of each layer are read."""
        return [
            tiled(one, self.window) if one.compressed else _rows(one, self.window)
            for one in self.along
        ]

    def piece(self, pixels: Iterator[bytes], address: str) -> Piece:
        """The piece, from the pixels of all its layers in their order."""
        first, body = Records(self.blocks[0].raw), []
        first.drop(_SUMS)
        if self.blocks[0] not in self.along:
            first.drop(re.compile(r"NAXIS\d+|BSCALE|BZERO|BLANK"))
            first.put("NAXIS", 0)
            body.append(first.block())
        for one in self.along:
            cards = self._cards(one)
            cards.history(f"Cut out of {address}")
            cards.history(f"HDU {one.number} ({one.title}), pixels {self.box}{self._planes_said}")
            body += [cards.block(), padded(next(pixels))]
        tables = [(_moved(table, self.box), data) for table, data in self.tables]
        for cards, (_, data) in zip((one for one, _ in tables), self.tables, strict=True):
            body += [cards.block(), padded(data)]
        self._check(tables)
        return Piece(
            b"".join(body),
            self.block.title,
            self.block.number,
            self.box,
            self.asked,
            tuple(one.title for one in self.along if one is not self.block),
        )

    @property
    def _planes_said(self) -> str:
        return "" if self.planes is None else f", planes {self.planes[0]} to {self.planes[1]}"

    @property
    def _moves(self) -> dict[int, int]:
        """By how many pixels the beginning of each axis (from 1) has moved."""
        return {n: part.start for n, part in enumerate(reversed(self.window), 1) if part.start}

    def _cards(self, block: Block) -> Records:
        """The header of a layer, for the piece."""
        cards = image_cards(block) if block.compressed else Records(block.raw)
        cards.drop(_SUMS)
        for number, part in enumerate(reversed(self.window), 1):
            cards.put(f"NAXIS{number}", part.stop - part.start)
        names = cards.keywords()
        for number, move in self._moves.items():
            for name in dict.fromkeys(names):
                found = _REFERENCE.fullmatch(name)
                if found and int(found[1]) == number:
                    cards.change(name, partial(_less, move))
            if f"CRPIX{number}" not in names and f"CTYPE{number}" in names:
                cards.put(f"CRPIX{number}", float(-move))  # its default is 0 (Paper I, table 1)
            if number <= 2:
                _tell_origin(cards, number, move)
        return cards

    def _check(self, tables: list[tuple[Records, bytes]]) -> None:
        """Compare the WCS of the piece with that of the file."""
        wcs = wcs_from(self._cards(self.block), tables)
        if wcs is None or not same_sky(self.wcs, wcs, self.box):
            raise FormatError(
                f"the coordinates of {self.block.title} are written in a way that does not survive"
                " cutting; fetch it whole."
            )


def _rows(block: Block, window: tuple[slice, ...]) -> Reading:
    """Read the pixels of a window of an uncompressed image, row by row."""
    import numpy as np

    width = abs(block.bitpix) // 8
    *outer, columns = window
    lengths = block.shape
    starts = np.zeros(1, np.int64)
    for part, length in zip(outer, lengths, strict=False):
        starts = (starts[:, None] * length + np.arange(part.start, part.stop)).ravel()
    firsts = block.data + (starts * lengths[-1] + columns.start) * width
    size = (columns.stop - columns.start) * width
    spans: list[Span] = [(first, first + size) for first in firsts.tolist()]
    rows = yield spans
    if any(len(row) != size for row in rows):
        raise FormatError(f"{block.title} is cut short.")
    return b"".join(rows)


def needs_tables(block: Block) -> bool:
    """Whether its distortion stands in other HDUs."""
    return any(
        name.startswith(("CPDIS", "D2IMDIS", "D2IMARR", "D2IMEXT", "AXISCORR"))
        for name in block.header
    )


def wcs_from(cards: Records, tables: list[tuple[Records, bytes]]) -> WCS | None:
    """The WCS of these cards; the tables are HDUs beside them."""
    from astropy.io import fits

    with quiet():
        extensions = [
            fits.ImageHDU.fromstring(header.block() + padded(data)) for header, data in tables
        ]
        hdus = fits.HDUList([fits.PrimaryHDU(), *extensions])
        return sky_wcs(fits.Header.fromstring(cards.block()), hdus)


def _moved(table: Block, box: Box) -> Records:
    """The header of a lookup table, which counts pixels of the image in CRVAL."""
    cards = Records(table.raw)
    cards.drop(_SUMS)
    for number, move in ((1, box.x1 - 1), (2, box.y1 - 1)):
        if not cards.change(f"CRVAL{number}", partial(_less, move)):
            cards.put(f"CRVAL{number}", float(-move))
    return cards


def _tell_origin(cards: Records, number: int, move: int) -> None:
    """Say where the piece begins: in IRAF's way (LTV), and in the plates' (CNPIX) if they do."""
    if not cards.change(f"LTV{number}", partial(_less, move)):
        cards.put(f"LTV{number}", float(-move), "original pixel = this pixel - LTV")
    cards.change(f"CNPIX{number}", partial(_less, -move))


def _less(move: int, old: Any) -> Any:
    """A number less by `move`; what is no number stays, and is found out by the comparison."""
    return old - move if isinstance(old, int | float) and not isinstance(old, bool) else old
