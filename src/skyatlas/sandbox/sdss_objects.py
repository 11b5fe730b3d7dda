"""This file lists what the sandbox's SDSS has measured: objects in fields, and spectra of some.

Invariant: the objects of a field are exactly the stars of the image surveys' sky on its pixels, so
one that is on two fields is measured twice, and is primary in the field that it is deepest in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.light import Star, shines
from skyatlas.sandbox.sdss_footprint import (
    CENTRE,
    COLUMNS,
    PIXEL,
    RERUN,
    ROWS,
    STRETCHES,
    Field,
    Stretch,
    depth,
    fields,
)
from skyatlas.sandbox.sky import OBJECTS
from skyatlas.sandbox.starfield import NAMED, stars_in

BANDS = "ugriz"
COLOURS: Mapping[str, float] = MappingProxyType(
    {"u": 1.5, "g": 0.4, "r": 0.0, "i": -0.15, "z": -0.25}
)
"""Magnitudes that every object is fainter by than its star says, by band."""
_REACH = 1.45  # degrees from the middle of a stretch to its corners, and a little more
_FIBERS = 24  # of a plate that look at something
_NEWEST = 12  # fibers of SDSS-V in a stretch

Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """One object on one field."""

    field: Field
    obj: int
    """Its number in the field, from 1, bright ones first."""
    star: Star
    column: float
    row: float
    primary: bool
    known: NamedObject | None = None
    """What it is, where it has a name."""

    @property
    def obj_id(self) -> int:
        """SDSS's identifier of it."""
        return obj_id(*self.field.key, self.obj)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One spectrum: a fiber of a plate, or, in SDSS-V, of a field that robots have laid out."""

    measured: Measured
    kind: str
    """"SDSS" or "BOSS" (plates), or "SDSS-V"."""
    plate: int
    """In SDSS-V the number of the field."""
    mjd: int
    fiber: int

    @property
    def catalog_id(self) -> int:
        """SDSS-V's number of the target."""
        return 4_375_924_285 + 1000 * (self.plate - 15_000) + self.fiber

    @property
    def redshift(self) -> float:
        """Of the named object; 0 for stars."""
        known = self.measured.known
        return known.redshift if known is not None else 0.0

    @property
    def kind_of_light(self) -> str:
        """SDSS's class: "STAR", "GALAXY" or "QSO"."""
        known = self.measured.known
        if known is None or not shines(known):
            return "STAR"
        return "QSO" if known.object_type == "QSO" else "GALAXY"


def obj_id(run: int, camcol: int, field: int, obj: int = 0) -> int:
    """The identifier by its bits (SDSS glossary, "ObjID"), sky version 2; a field's without `obj`.

    The field of `SkyVersion` is 2 in all that SkyServer has told since Data Release 8.
    """
    return 2 << 59 | RERUN << 48 | run << 32 | camcol << 29 | field << 16 | obj


@cache
def measured(seed: int) -> tuple[Measured, ...]:
    """All objects of all fields."""
    return tuple(one for stretch in STRETCHES for one in _primaries(_on_fields(stretch, seed)))


def _on_fields(stretch: Stretch, seed: int) -> Iterator[Measured]:
    import numpy as np

    stars = sorted(stars_in(stretch.ra, stretch.dec, _REACH, seed), key=lambda star: star.magnitude)
    names = {(one.ra, one.dec): one for one in OBJECTS}
    ras, decs = np.radians([(star.ra, star.dec) for star in stars]).T
    looked = np.array([np.cos(decs) * np.cos(ras), np.cos(decs) * np.sin(ras), np.sin(decs)])
    for field in fields().values():
        if field.stretch is not stretch:
            continue
        down, across, along = np.array(field.axes) @ looked
        columns = CENTRE[0] + np.degrees(across / down) / PIXEL
        rows = CENTRE[1] + np.degrees(along / down) / PIXEL
        inside = (down > 0.0) & (np.abs(columns - CENTRE[0] + 0.5) < COLUMNS / 2)
        on = np.flatnonzero(inside & (np.abs(rows - CENTRE[1]) < ROWS / 2))
        for number, place in enumerate(on, 1):
            star, at = stars[place], (float(columns[place]), float(rows[place]))
            known = names.get((star.ra, star.dec)) if star.magnitude == NAMED else None
            yield Measured(field, number, star, *at, False, known)


def _primaries(found: Iterator[Measured]) -> Iterator[Measured]:
    """The same, with one of each star marked as primary."""
    everything = list(found)
    deepest: dict[tuple[float, float], tuple[float, Key]] = {}
    for one in everything:
        place, rank = (one.star.ra, one.star.dec), (depth(one.column, one.row), one.field.key)
        deepest[place] = min(rank, deepest.get(place, rank))
    for one in everything:
        first = deepest[one.star.ra, one.star.dec][1] == one.field.key
        yield replace(one, primary=True) if first else one


@cache
def spectra(seed: int) -> tuple[Spectrum, ...]:
    """All spectra: of each stretch the brightest on an old plate, others on a new one."""
    by_stretch: dict[Stretch, list[Measured]] = {stretch: [] for stretch in STRETCHES}
    for one in measured(seed):
        if one.primary:
            by_stretch[one.field.stretch].append(one)
    found: list[Spectrum] = []
    for number, (stretch, objects) in enumerate(by_stretch.items()):
        objects.sort(key=lambda one: (one.star.magnitude, one.obj_id))
        old, new = objects[:_FIBERS], objects[_FIBERS - 4 : 2 * _FIBERS - 4]
        # The brightest is looked at again by each survey.
        for kind, plate, mjd, targets in (
            ("SDSS", 701 + number, stretch.mjd + 300, old),
            ("BOSS", 4055 + number, 55_359 + number, [objects[0], *new]),
            ("SDSS-V", 15_000 + number, 59_146 + number, objects[:_NEWEST]),
        ):
            found += [
                Spectrum(one, kind, plate, mjd, 20 * fiber + 11)
                for fiber, one in enumerate(targets)
            ]
    return tuple(found)
