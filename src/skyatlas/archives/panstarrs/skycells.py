"""This file knows where PS1's images lie: rings of tangent planes, each cut into 100 skycells.

Invariant: a skycell is where its images' headers say, to a thousandth of a pixel. Degrees ICRS;
pixels of 0.25 arcsec, counted from 0. Source: PS1 Sky tessellation patterns (RINGS.V3) at
outerspace.stsci.edu, whose table ps1grid.fits is `rings.csv` here; read on 2026-11-21.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["SCALE", "Place", "Skycell", "best", "skycell", "touching"]

SCALE = 0.25
"""Arcsec in a pixel."""
_PIXEL = math.radians(SCALE / 3600.0)
_SHARED = 480
"""Pixels that neighbours in one plane have in common."""

Place = tuple[float, float]
"""(ra, dec)."""
Vector = tuple[float, float, float]


class _Ring(NamedTuple):
    """Planes of one declination."""

    projcell: int
    """The number of the plane at right ascension 0."""
    planes: int
    dec: float
    dec_min: float
    width: int
    height: int
    crpix1: float
    """Where the plane touches the sphere, in pixels of skycell 55."""
    crpix2: float

    def plane(self, ra: float) -> int:
        """The number of the nearest plane."""
        return self.projcell + round(ra * self.planes / 360.0) % self.planes


@dataclass(frozen=True, slots=True)
class Skycell:
    """The piece of a tangent plane that one image covers; north is up where the plane touches."""

    projcell: int
    subcell: int
    ring: _Ring

    @property
    def name(self) -> str:
        """ "1329.005", as file names have it."""
        return f"{self.projcell:04d}.{self.subcell:03d}"

    @property
    def size(self) -> tuple[int, int]:
        """(columns, rows)."""
        return self.ring.width, self.ring.height

    @property
    def middle(self) -> Place:
        """The sky at the middle of the image."""
        columns, rows = self.size
        return self.sky((columns - 1) / 2.0, (rows - 1) / 2.0)

    @property
    def corners(self) -> tuple[Place, ...]:
        """Its four corners, in order around it."""
        right, top = (size - 0.5 for size in self.size)
        return tuple(
            self.sky(*one) for one in ((-0.5, -0.5), (right, -0.5), (right, top), (-0.5, top))
        )

    def pixel(self, ra: float, dec: float) -> tuple[float, float]:
        """(x, y) of a place in the image's pixels; infinite where the plane does not show it."""
        outwards, east, north = self._axes
        place = _vector(ra, dec)
        depth = _dot(place, outwards)
        if depth <= 0.0:
            return math.inf, math.inf
        x, y = self._touch
        return x - _dot(place, east) / depth / _PIXEL, y + _dot(place, north) / depth / _PIXEL

    def sky(self, x: float, y: float) -> Place:
        """The place of a pixel."""
        outwards, east, north = self._axes
        across, up = (self._touch[0] - x) * _PIXEL, (y - self._touch[1]) * _PIXEL
        a, b, c = (o + across * e + up * n for o, e, n in zip(outwards, east, north, strict=True))
        return math.degrees(math.atan2(b, a)) % 360.0, math.degrees(math.atan2(c, math.hypot(a, b)))

    @property
    def _axes(self) -> tuple[Vector, Vector, Vector]:
        ra = (self.projcell - self.ring.projcell) * 360.0 / self.ring.planes
        turn, tilt = math.radians(ra), math.radians(self.ring.dec)
        east = (-math.sin(turn), math.cos(turn), 0.0)
        north = (
            -math.sin(tilt) * math.cos(turn),
            -math.sin(tilt) * math.sin(turn),
            math.cos(tilt),
        )
        return _vector(ra, self.ring.dec), east, north

    @property
    def _touch(self) -> tuple[float, float]:
        row, column = divmod(self.subcell, 10)
        columns, rows = self.size
        return (
            self.ring.crpix1 + (columns - _SHARED) * (5 - column),
            self.ring.crpix2 + (rows - _SHARED) * (5 - row),
        )


def skycell(projcell: int, subcell: int) -> Skycell | None:
    """The skycell of these numbers; None where PS1 has no such."""
    for ring in _rings():
        if 0 <= projcell - ring.projcell < ring.planes and 0 <= subcell < 100:
            return Skycell(projcell, subcell, ring)
    return None


def best(ra: float, dec: float) -> Skycell | None:
    """The skycell in which a place is farthest from the edge; None south of all of them."""
    *_, below, pole = _rings()
    if dec >= below.dec_min:
        planes = [_in_plane(ring, ra, dec) for ring in (below, pole)]
        return max(planes, key=lambda cell: _from_the_edge(cell, ra, dec))
    rings = [ring for ring in _rings() if ring.dec_min <= dec]
    return _in_plane(rings[-1], ra, dec) if rings else None


def touching(ra: float, dec: float, radius: float) -> Iterator[Skycell]:
    """Skycells of which something may lie within `radius` of a place; some lie just beside it."""
    here = _vector(ra, dec)
    for ring in _rings():
        if abs(ring.dec - dec) > radius + 3.5:  # half a plane's diagonal and more
            continue
        for number in range(ring.planes):
            plane = Skycell(ring.projcell + number, 55, ring)
            outwards = plane._axes[0]
            if _angle(here, outwards) > radius + 3.5:
                continue
            for subcell in range(100):
                cell = Skycell(plane.projcell, subcell, ring)
                if _angle(here, _vector(*cell.middle)) <= radius + 0.33:  # half its diagonal
                    yield cell


def _in_plane(ring: _Ring, ra: float, dec: float) -> Skycell:
    middle = Skycell(ring.plane(ra), 0, ring)
    x, y = middle.pixel(ra, dec)
    column, row = (
        min(max(round((place - (size - 1) / 2.0) / (size - _SHARED)), 0), 9)
        for place, size in zip((x, y), middle.size, strict=True)
    )
    return Skycell(middle.projcell, 10 * row + column, ring)


def _from_the_edge(cell: Skycell, ra: float, dec: float) -> float:
    return min(
        min(place, size - 1 - place)
        for place, size in zip(cell.pixel(ra, dec), cell.size, strict=True)
    )


def _vector(ra: float, dec: float) -> Vector:
    turn, tilt = math.radians(ra), math.radians(dec)
    return math.cos(tilt) * math.cos(turn), math.cos(tilt) * math.sin(turn), math.sin(tilt)


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _angle(one: Vector, other: Vector) -> float:
    """Degrees between two unit vectors."""
    chord = math.dist(one, other)
    return math.degrees(2.0 * math.asin(min(chord / 2.0, 1.0)))


@cache
def _rings() -> tuple[_Ring, ...]:
    text = files("skyatlas.archives.panstarrs").joinpath("rings.csv").read_text(encoding="utf-8")
    return tuple(
        _Ring(
            int(line["projcell"]),
            int(line["planes"]),
            float(line["dec"]),
            float(line["dec_min"]),
            int(line["width"]),
            int(line["height"]),
            float(line["crpix1"]),
            float(line["crpix2"]),
        )
        for line in csv.DictReader(text.splitlines())
    )
