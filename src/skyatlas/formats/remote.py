"""This file cuts pieces out of a FITS file that is somewhere else, by reading only what they need.

Invariant: the headers say where everything is; of the data nothing is read but the rows, or the
tiles, of the pieces. Where no piece can be had there is a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from skyatlas.errors import FormatError
from skyatlas.formats import layers
from skyatlas.formats.blocks import Block, Source, together, walk
from skyatlas.formats.piece import BESIDE, Cut, Piece, needs_tables, wcs_from
from skyatlas.formats.placing import Box, Place, box_of
from skyatlas.formats.records import Records
from skyatlas.formats.tiles import image_cards

if TYPE_CHECKING:
    from astropy.io.fits import HDUList
    from astropy.wcs import WCS

__all__ = ["Box", "Outside", "Piece", "Place", "RemoteImage"]

_TABLES = frozenset(("WCSDVARR", "D2IMARR"))
"""Lookup tables of distortion (astropy's and HST's convention; FITS distortion paper draft)."""
_LARGEST_TABLE = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Outside:
    """The image has no pixel there."""

    words: str


class RemoteImage:
    """A FITS image of which pieces are cut; headers are read once, when they are first needed.

    `address` is written into the pieces (without secrets).
    """

    def __init__(self, source: Source, address: str) -> None:
        self._source = source
        self._address = address

    @cached_property
    def blocks(self) -> list[Block]:
        """All HDUs. Raises FormatError where the file is wrapped, or no FITS."""
        return walk(self._source)

    def cut(
        self, places: Sequence[Place], planes: tuple[int, int] | None = None
    ) -> list[Piece | Outside]:
        """One piece for each place; the pixels of all of them come in one read, or two.

        `planes` are the first and the last plane of a cube, from 1; None for all. Raises
        FormatError where the file has no image with a usable position on the sky, or is damaged,
        BadInput where a piece is too large or there are no such planes, and what the source raises.
        """
        found = [self._found(place, planes) for place in places]
        cuts = [one for one in found if not isinstance(one, Outside)]
        readings = [reading for one in cuts for reading in one.readings()]
        pixels = iter(together(readings, self._source.read))
        return [
            one if isinstance(one, Outside) else one.piece(pixels, self._address) for one in found
        ]

    @cached_property
    def _images(self) -> list[tuple[Block, WCS]]:
        """The images on the sky that are meant, the best first."""
        science = layers.science_layer(cast("HDUList", self.blocks))
        if science is None:
            raise FormatError("there is no image in it.")
        meant = science.hdu
        named = meant.name in layers.SCIENCE
        others = [
            one.hdu
            for one in layers.image_layers(cast("HDUList", self.blocks))
            if one.number != meant.number
            and len(one.shape) > 1
            and (one.hdu.name == meant.name or not named)
            and one.hdu.name not in BESIDE | _TABLES
        ]
        pairs = [(one, self._wcs(one)) for one in (meant, *others)]
        found = [(one, wcs) for one, wcs in pairs if wcs is not None]
        if not found:
            raise FormatError(f"{meant.title} has no usable position on the sky.")
        return found

    @cached_property
    def _tables(self) -> list[tuple[Block, bytes]]:
        """The lookup tables of distortion, with their data."""
        blocks = [one for one in self.blocks if one.name in _TABLES and one.is_image]
        if any(one.size > _LARGEST_TABLE or one.compressed for one in blocks):
            raise FormatError("its tables of distortion are too large to be read along.")
        spans = [(one.data, one.data + one.size) for one in blocks]
        return list(zip(blocks, self._source.read(spans) if spans else [], strict=True))

    def _wcs(self, block: Block) -> WCS | None:
        cards = Records(block.raw) if not block.compressed else image_cards(block)
        tables = self._tables if needs_tables(block) else []
        return wcs_from(cards, [(Records(table.raw), data) for table, data in tables])

    def _found(self, place: Place, planes: tuple[int, int] | None) -> Cut | Outside:
        """The image that has most of a rectangle, its middle before all."""
        best: Cut | None = None
        for block, wcs in self._images:
            asked = box_of(wcs, place)
            box = None if asked is None else asked.inside(block.shape)
            if asked is None or box is None or not box.pixels:
                continue
            if best is None or box.pixels / asked.pixels > best.box.pixels / best.asked.pixels:
                tables = self._tables if needs_tables(block) else []
                best = Cut(self.blocks, block, wcs, box, asked, planes, tables)
        if best is not None:
            return best
        names = ", ".join(block.title for block, _ in self._images[:3])
        return Outside(f"{place.ra} {place.dec} lies outside the image ({names})")
