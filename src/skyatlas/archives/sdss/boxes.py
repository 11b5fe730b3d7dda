"""This file says in SQL where on the sky something must lie, right at 0h and at the poles.

Invariant: a box holds the whole circle; positions are written with all their digits. Two minus
signs never meet: SkyServer takes "--" for a comment.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["around", "boxes"]


def boxes(circles: Iterable[tuple[float, float, float]], ra: str = "ra", dec: str = "dec") -> str:
    """A condition that holds for every place in one of the circles (ra, dec, radius; degrees).

    `ra` and `dec` name the columns.
    """
    return " OR ".join(around(*circle, ra, dec) for circle in circles)


def around(place_ra: float, place_dec: float, radius: float, ra: str, dec: str) -> str:
    """The condition of one circle, in brackets."""
    x, y, size = repr(float(place_ra)), repr(float(place_dec)), _up(radius)
    half = _half_width(place_dec, radius)
    band = f"{dec} BETWEEN {y} - {size} AND {y} + {size}"
    if half is None:
        return f"({band} AND {ra} BETWEEN {x} - 360 AND {x} + 360)"
    wide = _up(half)
    turns = [f"{ra} BETWEEN {x} - {wide} AND {x} + {wide}"]
    if place_ra - half < 0:
        turns.append(f"{ra} BETWEEN {x} - {wide} + 360 AND 360")
    if place_ra + half >= 360:
        turns.append(f"{ra} BETWEEN 0 AND {x} + {wide} - 360")
    return f"({band} AND ({' OR '.join(turns)}))"


def _half_width(dec: float, radius: float) -> float | None:
    """Degrees of right ascension to either side; None for all of them: a pole lies within."""
    if abs(dec) + radius >= 90.0:
        return None
    sine = math.sin(math.radians(radius)) / math.cos(math.radians(dec))
    return math.degrees(math.asin(min(1.0, sine)))


def _up(degrees: float) -> str:
    """A size in few digits, rather too large than too small."""
    return f"{math.ceil(degrees * 1e7 + 1) / 1e7:.7f}"
