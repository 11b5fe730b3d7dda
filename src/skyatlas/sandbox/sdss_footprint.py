"""This file says where the sandbox's SDSS has looked: runs, camera columns, fields and pixels.

Invariant: a field's pixels follow from its numbers only; neighbours along a run share 128 rows, and
the two strips of a stripe share 56" of columns, as in the real survey. Pixels are counted from 0;
a row is along the scan, a column across (Data Release 17, "Frames" and "Glossary: field, strip").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from skyatlas.sandbox.sky import Position

COLUMNS, ROWS = 2048, 1489
SHARED = 128
"""Rows that a field has in common with the next one."""
PIXEL = 0.396 / 3600.0
"""Degrees."""
CENTRE = (1024.0, 744.0)
"""The reference pixel, (column, row)."""
RERUN = 301
STEP = (ROWS - SHARED) * PIXEL
"""Degrees from one field to the next of a run."""
_APART = 0.41951  # degrees between camera columns: 25.17' (Gunn et al. 1998, AJ 116, 3040)
_FIELDS = 8  # of each camera column in a stretch of sky
_ALL = range(1, 7)  # camera columns

Vector = tuple[float, float, float]


class Stretch(NamedTuple):
    """A stretch of sky that two runs scan: one strip each, 1.7 or 2.5 degrees across, 1.2 along."""

    ra: float
    dec: float
    run: int
    """Of the southern strip; the northern one has the next number."""
    first: int
    """The number of its first field."""
    mjd: int
    tilt: float = 0.0
    """Degrees from east to north: where the scan goes."""
    along: float = 0.0
    """Fields by which the middle lies off the middle of a field; 0.5 is on a border."""
    across: float = 0.0
    """Camera columns by which it lies off the middle of one; 0.25 is where the strips meet."""
    camcols: range = range(2, 6)


# M 51 stands on the border of two frames, NGC 1068 in the middle of one; the others anywhere.
STRETCHES: tuple[Stretch, ...] = (
    Stretch(202.469575, 47.195258, 3699, 94, 52_722, tilt=20.0, along=0.5),  # M 51
    Stretch(40.669629, -0.013281, 4262, 287, 53_270),  # NGC 1068
    Stretch(187.705931, 12.391123, 3836, 255, 52_753, tilt=7.0, along=0.2, across=0.1),  # M 87
    Stretch(0.0, 0.0, 4144, 400, 53_243, 0.0, 0.5, 0.25, _ALL),  # stripe 82, both sides of 0h
    Stretch(0.0, 89.9, 8102, 50, 54_804, 0.0, 0.0, 0.25, _ALL),  # made up: there is no such run
    Stretch(10.684708, 41.268750, 3366, 60, 52_554, tilt=55.0, along=0.3, across=0.1),  # M 31
    Stretch(148.888221, 69.065295, 4264, 133, 53_271, tilt=340.0, along=0.1),  # M 81
    Stretch(83.822083, -5.391111, 6109, 71, 53_671, tilt=90.0, along=0.4),  # M 42
    Stretch(83.632400, 22.017400, 6164, 212, 53_680, tilt=65.0, along=0.25),  # M 1
    Stretch(182.635745, 39.405730, 3903, 102, 52_766, tilt=12.0, along=0.15),  # NGC 4151
    Stretch(187.277915, 2.052388, 1458, 548, 51_666, along=0.35, across=0.2),  # 3C 273
    Stretch(330.795021, 18.884242, 7845, 91, 54_740, tilt=45.0, along=0.45),  # HD 209458
    Stretch(244.076400, 47.045300, 2334, 66, 52_079, tilt=300.0, along=0.05),  # UGC 10310
    Stretch(172.560050, 7.588391, 3629, 310, 52_708, tilt=3.0, along=0.4, across=0.15),  # K2-18
)
HOLES = frozenset({(3836, 5, 257), (3836, 5, 258), (3837, 4, 257), (3837, 4, 258)})
"""(run, camcol, field) of what was spoiled and never looked at again: half a degree off M 87."""


@dataclass(frozen=True)
class Field:
    """One field: the same piece of sky in five bands."""

    stretch: Stretch
    run: int
    camcol: int
    number: int

    @property
    def key(self) -> tuple[int, int, int]:
        """(run, camcol, number)."""
        return self.run, self.camcol, self.number

    @property
    def offsets(self) -> tuple[float, float]:
        """Degrees along and across the stretch from its middle to the field's middle."""
        along = (self.number - self.stretch.first - _FIELDS // 2 + self.stretch.along) * STEP
        strip = 0.5 * (self.run - self.stretch.run)
        return along, (self.camcol - 4 + strip + self.stretch.across) * _APART

    @cached_property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Unit vectors: the field's middle, and where columns and rows grow to from there."""
        middle, scan, side = _basis(self.stretch)
        along, across = map(math.radians, self.offsets)
        ahead = _sum((math.cos(along), middle), (math.sin(along), scan))
        return (
            _sum((math.cos(across), ahead), (math.sin(across), side)),
            _sum((-math.sin(across), ahead), (math.cos(across), side)),
            _sum((-math.sin(along), middle), (math.cos(along), scan)),
        )

    @cached_property
    def middle(self) -> Position:
        """Where the reference pixel looks."""
        return _place(self.axes[0])

    @cached_property
    def matrix(self) -> tuple[float, float, float, float]:
        """CD1_1, CD1_2, CD2_1, CD2_2: degrees per pixel."""
        _, column, row = self.axes
        east, north = _east_north(*self.middle)
        return (
            PIXEL * _dot(column, east),
            PIXEL * _dot(row, east),
            PIXEL * _dot(column, north),
            PIXEL * _dot(row, north),
        )

    def pixel(self, ra: float, dec: float) -> tuple[float, float] | None:
        """(column, row) of a place; None where it is behind the tangent plane."""
        looked, (middle, column, row) = _vector(ra, dec), self.axes
        down = _dot(looked, middle)
        if down <= 0.0:
            return None
        scale = math.degrees(1.0 / down) / PIXEL
        return (
            CENTRE[0] + scale * _dot(looked, column),
            CENTRE[1] + scale * _dot(looked, row),
        )

    def sky(self, column: float, row: float) -> Position:
        """The place that a pixel looks at."""
        middle, across, along = self.axes
        x, y = (math.radians(PIXEL * (p - c)) for p, c in zip((column, row), CENTRE, strict=True))
        return _place(_sum((1.0, middle), (x, across), (y, along)))

    def holds(self, ra: float, dec: float) -> bool:
        """Whether a place is on one of its pixels."""
        at = self.pixel(ra, dec)
        return at is not None and all(
            -0.5 <= place < size - 0.5 for place, size in zip(at, (COLUMNS, ROWS), strict=True)
        )

    @property
    def corners(self) -> tuple[Position, ...]:
        """The four corners of its pixels."""
        right, top = COLUMNS - 0.5, ROWS - 0.5
        return tuple(
            self.sky(*at) for at in ((-0.5, -0.5), (right, -0.5), (right, top), (-0.5, top))
        )

    @cached_property
    def limits(self) -> tuple[float, float, float, float]:
        """raMin, raMax, decMin, decMax; raMin is the greater one where 0h is between them."""
        ras, decs = zip(*self.corners, strict=True)
        if self.holds(0.0, 90.0):
            return 0.0, 360.0, min(decs), 90.0
        turned = [(ra - self.middle[0] + 180.0) % 360.0 - 180.0 for ra in ras]
        low, high = ((self.middle[0] + edge) % 360.0 for edge in (min(turned), max(turned)))
        return low, high, min(decs), max(decs)

    @property
    def great_circle(self) -> tuple[float, float, float, float]:
        """Node and inclination of the scan's great circle; (mu, nu) of the reference pixel."""
        middle, scan, side = _basis(self.stretch)
        inclination = math.degrees(math.acos(max(-1.0, min(1.0, side[2]))))
        node = (-side[1], side[0], 0.0) if inclination > 1e-9 else (1.0, 0.0, 0.0)
        length = math.hypot(*node)
        begin = -math.degrees(math.atan2(_dot(node, scan) / length, _dot(node, middle) / length))
        at_node = _place(node)[0]
        along, across = self.offsets
        # mu is the right ascension of the node there, and grows along the scan.
        return at_node, inclination, (at_node + begin + along) % 360.0, across


@cache
def fields() -> Mapping[tuple[int, int, int], Field]:
    """All fields by (run, camcol, number)."""
    return {field.key: field for field in _every() if field.key not in HOLES}


def _every() -> Iterator[Field]:
    for stretch in STRETCHES:
        for run in (stretch.run, stretch.run + 1):
            for camcol in stretch.camcols:
                for number in range(stretch.first, stretch.first + _FIELDS):
                    yield Field(stretch, run, camcol, number)


def holding(ra: float, dec: float) -> list[Field]:
    """The fields that a place is in, the one that it is deepest in first."""
    found = [field for field in fields().values() if field.holds(ra, dec)]
    return sorted(found, key=lambda field: depth(*(field.pixel(ra, dec) or CENTRE)))


def depth(column: float, row: float) -> float:
    """How far a pixel is from the middle of its field: less than 1 inside, least is primary."""
    return max(abs(column - CENTRE[0]) / CENTRE[0], abs(row - CENTRE[1]) / CENTRE[1])


def _basis(stretch: Stretch) -> tuple[Vector, Vector, Vector]:
    """Middle of the stretch, direction of its scan, and the direction of growing columns."""
    east, north = _east_north(stretch.ra, stretch.dec)
    cosine, sine = (f(math.radians(stretch.tilt)) for f in (math.cos, math.sin))
    scan, side = _sum((cosine, east), (sine, north)), _sum((-sine, east), (cosine, north))
    return _vector(stretch.ra, stretch.dec), scan, side


def _vector(ra: float, dec: float) -> Vector:
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def _east_north(ra: float, dec: float) -> tuple[Vector, Vector]:
    a, d = math.radians(ra), math.radians(dec)
    east = (-math.sin(a), math.cos(a), 0.0)
    return east, (-math.sin(d) * math.cos(a), -math.sin(d) * math.sin(a), math.cos(d))


def _place(vector: Vector) -> Position:
    x, y, z = vector
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _sum(*parts: tuple[float, Vector]) -> Vector:
    x, y, z = (sum(factor * vector[axis] for factor, vector in parts) for axis in range(3))
    return x, y, z
