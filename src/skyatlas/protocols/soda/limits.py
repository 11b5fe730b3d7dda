"""This file says whether a cut lies outside what a service says that it has.

Invariant: in doubt it does not: the service answers itself. Source: IVOA SODA 1.0, section 4.3
(MIN and MAX of the parameters).
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, hypot, isnan, radians, sin, sqrt
from typing import TYPE_CHECKING

from skyatlas.protocols.soda.parameters import Inputs, number_of, per_metre

if TYPE_CHECKING:
    from skyatlas.model import Interval
    from skyatlas.protocols.soda.cut import Cut
    from skyatlas.protocols.votable import Field

Circle = tuple[float, float, float]
"""Right ascension, declination, radius; degrees."""


def outside(cut: Cut, inputs: Inputs) -> str:
    """In words what lies outside of the dataset; "" where nothing is known to."""
    if cut.region is not None:
        wanted, here = around(*cut.region), _extent(inputs)
        if here is not None and _apart(wanted, here):
            return f"the {cut.region[0]} lies outside it"
    for name, interval, one in (("band", cut.band, inputs.band), ("time", cut.time, inputs.time)):
        if interval is not None and one is not None and _beyond(interval, one):
            return f"the {name} lies outside it"
    return ""


def around(shape: str, numbers: tuple[float, ...]) -> Circle:
    """A circle around a region."""
    if shape == "circle":
        return numbers[0], numbers[1], numbers[2]
    if shape == "range":
        low_ra, high_ra, low_dec, high_dec = numbers
        numbers = (low_ra, low_dec, high_ra, low_dec, high_ra, high_dec, low_ra, high_dec)
        if high_ra - low_ra > 90.0:  # its sides bend away from the corners
            return (low_ra + high_ra) / 2, 0.0, 180.0
    corners = list(zip(numbers[0::2], numbers[1::2], strict=True))
    ra, dec = _middle(corners)
    return ra, dec, max(separation(ra, dec, *corner) for corner in corners)


def _extent(inputs: Inputs) -> Circle | None:
    """A circle around the dataset, by the limits of CIRCLE or POLYGON."""
    for shape in ("circle", "polygon"):
        one = inputs.shaped(shape)
        numbers = tuple(number_of(word) for word in one.high.split()) if one is not None else ()
        if numbers and not any(isnan(number) for number in numbers) and _is_shape(shape, numbers):
            return around(shape, numbers)
    return None


def _is_shape(shape: str, numbers: tuple[float, ...]) -> bool:
    if shape == "circle":
        return len(numbers) == 3
    return len(numbers) >= 6 and len(numbers) % 2 == 0


def _apart(one: Circle, other: Circle) -> bool:
    # Services round their limits: a thousandth more counts as near.
    return separation(*one[:2], *other[:2]) > (one[2] + other[2]) * 1.001


def _beyond(interval: Interval, one: Field) -> bool:
    low, high = (number_of(text) / per_metre(one) for text in (one.low, one.high))
    return (interval.low is not None and interval.low > high) or (
        interval.high is not None and interval.high < low
    )


def _middle(corners: list[tuple[float, float]]) -> tuple[float, float]:
    """The mean of places on the sky."""
    x = sum(cos(radians(dec)) * cos(radians(ra)) for ra, dec in corners)
    y = sum(cos(radians(dec)) * sin(radians(ra)) for ra, dec in corners)
    z = sum(sin(radians(dec)) for _, dec in corners)
    return degrees(atan2(y, x)) % 360.0, degrees(atan2(z, hypot(x, y)))


def separation(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Degrees between two places (haversine, as the rooms of one floor do not share)."""
    a, b = radians(dec1), radians(dec2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(ra2 - ra1) / 2) ** 2
    return degrees(2 * asin(min(1.0, sqrt(half))))
