"""This file holds what is to be cut out of a dataset; what makes no sense is refused.

Invariant: at most one region, all numbers finite, within the sky. Source: IVOA SODA 1.0, section 3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import cos, isfinite, radians
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.model import Interval

SHAPES = ("circle", "polygon", "range")
POLARISATIONS = frozenset(
    ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA")
)
"""SODA 1.0, section 3.3.5, from ObsCore 1.1, section 3.3.2."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The piece that is wanted; what is None is not cut."""

    circle: tuple[float, float, float] | None = None
    """Right ascension, declination, radius; degrees ICRS."""
    polygon: tuple[float, ...] | None = None
    """Right ascension, declination of three or more corners; degrees ICRS, counter-clockwise as
    seen on the sky (north up, east left)."""
    range: tuple[float, float, float, float] | None = None
    """Lowest and highest right ascension, lowest and highest declination; degrees ICRS."""
    band: Interval | None = None
    """Vacuum wavelength in metres."""
    time: Interval | None = None
    """MJD (UTC) days."""
    pol: tuple[str, ...] = ()
    """ObsCore's polarisation states: "I", "Q" …"""
    more: tuple[tuple[str, str], ...] = ()
    """(NAME, value) of a service's own parameters, sent as they are."""

    def __post_init__(self) -> None:
        if len([shape for shape in SHAPES if getattr(self, shape) is not None]) > 1:
            raise BadInput("give one region to cut out: a circle, a polygon or a range")
        for shape in SHAPES:
            numbers = getattr(self, shape)
            if numbers is not None:
                _check(shape, numbers)
        unknown = set(self.pol) - POLARISATIONS
        if unknown:
            raise BadInput(f"no polarisation state {', '.join(sorted(unknown))}; there are: I, Q …")
        if self.region is None and not (self.band or self.time or self.pol or self.more):
            raise BadInput("nothing to cut: give a region, a band, a time or a polarisation")

    @property
    def region(self) -> tuple[str, tuple[float, ...]] | None:
        """The shape and its numbers, or None."""
        for shape in SHAPES:
            numbers = getattr(self, shape)
            if numbers is not None:
                return shape, numbers
        return None

    @classmethod
    def square(cls, ra: float, dec: float, size: float, **more: Any) -> Cut:
        """A square with sides of `size` degrees, two of them along the meridians."""
        half = size / 2
        if abs(dec) + half >= 90.0:
            raise BadInput(
                f"a square of {size:g} degrees at declination {dec:g} reaches over the pole; "
                "cut a circle"
            )
        corners: list[float] = []
        for east, north in ((-half, half), (half, half), (half, -half), (-half, -half)):
            corners += [(ra + east / cos(radians(dec + north))) % 360.0, dec + north]
        return cls(polygon=tuple(corners), **more)

    def said(self, without: Collection[str] = ()) -> str:
        """For receipts: "CIRCLE 40.67 -0.013 0.003; BAND 5e-07 6e-07" in degrees, metres, MJD.

        `without` names parts that were not cut: "region", "band", "time", "pol".
        """
        parts: dict[str, str] = {}
        if self.region is not None:
            shape, numbers = self.region
            parts["region"] = f"{shape.upper()} {' '.join(map(repr, numbers))}"
        for name, interval in (("band", self.band), ("time", self.time)):
            if interval is not None:
                low = "-Inf" if interval.low is None else repr(interval.low)
                high = "+Inf" if interval.high is None else repr(interval.high)
                parts[name] = f"{name.upper()} {low} {high}"
        if self.pol:
            parts["pol"] = f"POL {' '.join(self.pol)}"
        more = [f"{name} {value}" for name, value in self.more]
        return "; ".join([text for name, text in parts.items() if name not in without] + more)


def _check(shape: str, numbers: tuple[float, ...]) -> None:
    if not all(isfinite(number) for number in numbers):
        raise BadInput(f"the {shape} to cut out has a number that is none: {numbers}")
    right = {"circle": len(numbers) == 3, "range": len(numbers) == 4}.get(
        shape, len(numbers) >= 6 and len(numbers) % 2 == 0
    )
    if not right:
        raise BadInput(f"a {shape} has not {len(numbers)} numbers; see Cut.{shape}")
    if shape == "circle" and not 0.0 < numbers[2] <= 180.0:
        raise BadInput(f"a radius of {numbers[2]:g} degrees is outside 0..180 degrees")
    declinations = numbers[2:] if shape == "range" else numbers[1:2]
    if shape == "polygon":
        declinations = numbers[1::2]
    if any(abs(one) > 90.0 for one in declinations):
        raise BadInput(f"a declination of the {shape} is outside -90..90 degrees")
    if shape == "range" and (numbers[0] > numbers[1] or numbers[2] > numbers[3]):
        raise BadInput("a range has the lower number first")
