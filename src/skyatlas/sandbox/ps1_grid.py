"""This file knows how PS1 cuts the sky: rings of projections, each a square of 10 by 10 skycells.

Invariant: one place is in one best skycell, whatever its neighbours overlap. Degrees ICRS; pixels
are counted from 0. Source: PS1 Sky tessellation patterns (RINGS.V3) at outerspace.stsci.edu, with
its table ps1grid.fits, of which `ps1_rings.csv` has what is needed; read on 2026-11-21.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from skyatlas.sandbox.sky import Position

if TYPE_CHECKING:
    from astropy.wcs import WCS

SCALE = 0.25 / 3600.0
"""Degrees in a pixel."""
OVERLAP = 480
"""Pixels that a skycell shares with the next one of its projection."""
SOUTH = -30.0
"""PS1 has not looked south of this declination."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Projections of one declination, evenly around the sky."""

    first: int
    """Number of the projection at right ascension 0."""
    count: int
    dec: float
    dec_min: float
    """Where it takes over from the ring to the south."""
    width: int
    """Columns of a skycell."""
    height: int
    crpix: tuple[float, float]
    """The projection's middle in skycell 55, pixels from 0."""

    @property
    def steps(self) -> tuple[int, int]:
        """Pixels from a skycell to the next."""
        return self.width - OVERLAP, self.height - OVERLAP


@dataclass(frozen=True, slots=True)
class Skycell:
    """One image's place on the sky."""

    ring: Ring
    projcell: int
    subcell: int

    @property
    def name(self) -> str:
        """ "1329.005"."""
        return f"{self.projcell:04d}.{self.subcell:03d}"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.ring.height, self.ring.width

    @property
    def centre(self) -> Position:
        """Where the projection touches the sphere."""
        return (self.projcell - self.ring.first) * 360.0 / self.ring.count, self.ring.dec

    @property
    def crpix(self) -> tuple[float, float]:
        """The projection's middle, pixels from 0; mostly outside of the skycell."""
        (across, up), row, column = self.ring.steps, *divmod(self.subcell, 10)
        x, y = self.ring.crpix
        return x + across * (5 - column), y + up * (5 - row)

    def wcs(self, left: int = 0, low: int = 0, binned: int = 1, radesys: str = "ICRS") -> WCS:
        """Of a piece that begins at a pixel, its pixels put together in squares of `binned`."""
        from astropy.wcs import WCS

        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = list(self.centre)
        wcs.wcs.crpix = [
            (place - start + 0.5) / binned + 0.5
            for place, start in zip(self.crpix, (left, low), strict=True)
        ]
        wcs.wcs.cdelt = [SCALE * binned, SCALE * binned]
        wcs.wcs.pc = [[-1.0, 0.0], [0.0, 1.0]]
        wcs.wcs.lonpole = 180.0  # at the pole too, where FITS would take 0 for granted
        wcs.wcs.radesys = radesys
        wcs.wcs.set()
        return wcs


@cache
def rings() -> tuple[Ring, ...]:
    """All that PS1 uses, from the south."""
    with Path(__file__).with_name("ps1_rings.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Ring(
                int(line["projcell"]),
                int(line["count"]),
                float(line["dec"]),
                float(line["dec_min"]),
                int(line["width"]),
                int(line["height"]),
                (float(line["crpix1"]), float(line["crpix2"])),
            )
            for line in csv.DictReader(file)
        )


def skycell_at(ra: float, dec: float) -> Skycell | None:
    """The skycell whose middle is nearest to a place; None where PS1 has not looked."""
    if not SOUTH <= dec <= 90.0:
        return None
    *others, below, pole = rings()
    if dec >= below.dec_min:
        choices = (_projection(below, ra, dec), _projection(pole, ra, dec))
        ring, projcell, x, y = max(choices, key=lambda one: _inside(one[0], one[2], one[3]))
    else:
        chosen = max((one for one in others if one.dec_min <= dec), key=lambda one: one.dec)
        ring, projcell, x, y = _projection(chosen, ra, dec)
    column, row = (
        min(max(round(4.5 + place / step), 0), 9)
        for place, step in zip((x, y), ring.steps, strict=True)
    )
    return Skycell(ring, projcell, 10 * row + column)


def named(name: str) -> Skycell | None:
    """The skycell of a name, "1329.005"; None where there is none."""
    projcell, _, subcell = name.partition(".")
    if not (projcell.isdecimal() and subcell.isdecimal() and int(subcell) < 100):
        return None
    for ring in rings():
        if ring.first <= int(projcell) < ring.first + ring.count:
            return Skycell(ring, int(projcell), int(subcell))
    return None


def middle(cell: Skycell) -> Position:
    """Where the middle of a skycell is."""
    rows, columns = cell.shape
    ((ra, dec),) = cell.wcs().wcs_pix2world([[0.5 * (columns - 1), 0.5 * (rows - 1)]], 0)
    return float(ra), float(dec)


def _projection(ring: Ring, ra: float, dec: float) -> tuple[Ring, int, float, float]:
    """The nearest projection of a ring, and where a place is in it: pixels from its middle."""
    number = round(ra % 360.0 * ring.count / 360.0) % ring.count
    turned = math.radians(ra - number * 360.0 / ring.count)
    here, there = math.radians(dec), math.radians(ring.dec)
    depth = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(turned)
    east = math.cos(here) * math.sin(turned) / depth
    north = math.sin(here) * math.cos(there) - math.cos(here) * math.sin(there) * math.cos(turned)
    pixel = math.radians(SCALE)
    return ring, ring.first + number, -east / pixel, north / depth / pixel


def _inside(ring: Ring, x: float, y: float) -> float:
    """Pixels from a place to the nearest end of its projection; below 0 beyond it."""
    across, up = (5 * step + OVERLAP // 2 for step in ring.steps)
    return min(across - abs(x), up - abs(y))
