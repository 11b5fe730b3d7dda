"""This file holds the stars of the image surveys' sky: all of it, the same for survey and band.

Invariant: a star depends on the seed and on its own cell of the sky only, so whoever asks for two
overlapping pieces finds the same stars in both. Positions are degrees ICRS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from skyatlas.sandbox.light import Star, stars_near
from skyatlas.sandbox.sky import OBJECTS, Position, chance, distance

NAMED = 11.5
"""Magnitude of the star in the place of every named object."""
_STEP = 0.25  # degrees: height of a band of cells in declination, and width of a cell on the sky
_BANDS = round(180.0 / _STEP)
_CROWD = 64  # stars in a cell
_BRIGHT, _DEPTH = 13.0, 6.0  # magnitudes: the brightest of them, and how far the others go down
_FIELD = 0.8  # degrees from a named object to the farthest star of its field


def stars_in(ra: float, dec: float, radius: float, seed: int) -> tuple[Star, ...]:
    """Every star within `radius` degrees of a place."""
    return (*named_in(ra, dec, radius, seed), *_field(ra, dec, radius, seed))


def named_in(ra: float, dec: float, radius: float, seed: int) -> tuple[Star, ...]:
    """The named objects within `radius` degrees of a place, and the stars of their fields."""
    here = (ra, dec)
    found: list[Star] = []
    for number, known in enumerate(OBJECTS):
        apart = distance(here, (known.ra, known.dec))
        if apart <= radius:
            found.append(Star(known.ra, known.dec, NAMED))
        if apart <= radius + _FIELD:
            found += _near(here, radius, _stars_of(number, seed))
    return tuple(found)


def _field(ra: float, dec: float, radius: float, seed: int) -> Iterator[Star]:
    for band, cell in _cells(ra, dec, radius):
        yield from _near((ra, dec), radius, _stars_of_cell(band, cell, seed))


def _near(here: Position, radius: float, stars: tuple[Star, ...]) -> Iterator[Star]:
    return (star for star in stars if distance(here, (star.ra, star.dec)) <= radius)


@lru_cache(maxsize=256)
def _stars_of(number: int, seed: int) -> tuple[Star, ...]:
    return stars_near(OBJECTS[number], seed)


@lru_cache(maxsize=4096)
def _stars_of_cell(band: int, cell: int, seed: int) -> tuple[Star, ...]:
    random, width = chance(seed, "cell", band, cell), 360.0 / _count(band)
    low, high = (math.sin(math.radians(_STEP * edge - 90.0)) for edge in (band, band + 1))
    ras = random.uniform(width * cell, width * (cell + 1), _CROWD) % 360.0
    heights = random.uniform(low, high, _CROWD)  # even in the sine: even on the sphere
    magnitudes = _BRIGHT + _DEPTH * random.power(2.0, _CROWD)
    return tuple(
        Star(float(ra), math.degrees(math.asin(height)), float(magnitude))
        for ra, height, magnitude in zip(ras, heights, magnitudes, strict=True)
    )


def _cells(ra: float, dec: float, radius: float) -> Iterator[tuple[int, int]]:
    """(band, number) of all cells that a circle touches, and perhaps of some beside it."""
    first, last = (math.floor((dec + side * radius + 90.0) / _STEP) for side in (-1, 1))
    # How far the circle goes in right ascension; all around where there is a pole in it.
    reach = 180.0
    if abs(dec) + radius < 90.0:
        ratio = math.sin(math.radians(radius)) / math.cos(math.radians(dec))
        reach = math.degrees(math.asin(min(ratio, 1.0)))
    for band in range(max(first, 0), min(last, _BANDS - 1) + 1):
        count = _count(band)
        left, right = (math.floor((ra + side * reach) * count / 360.0) for side in (-1, 1))
        for cell in range(left, min(right, left + count - 1) + 1):
            yield band, cell % count


def _count(band: int) -> int:
    """How many cells go around the sky in a band: fewer towards the poles."""
    middle = math.radians(_STEP * (band + 0.5) - 90.0)
    return max(1, math.ceil(360.0 * math.cos(middle) / _STEP))
