"""This file finds what to subtract from images that overlap, so that their backgrounds agree.

Invariant: the first image of those that touch each other is left as it is: no level is invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.mosaics.laying import Laid

    Floats = NDArray[np.float64]

FEWEST = 50
"""Pixels that two images must share."""
MOST = 100_000
"""Pixels of an overlap that are looked at; the median of more is no better in practice."""


def offsets_of(laid: Sequence[Laid]) -> list[float]:
    """Return one constant per image, solved together by least squares over all overlaps.

    Each overlap says by how much two images differ (the median, which stars of different seeing do
    not move), and counts by its number of pixels. A constant and no plane: light of a galaxy that
    fills the overlap would tilt a plane.
    """
    import numpy as np

    count = len(laid)
    conditions, differences, group = [], [], list(range(count))
    for first in range(count):
        for second in range(first + 1, count):
            found = _difference(laid[first], laid[second])
            if found is None:
                continue
            difference, shared = found
            row = np.zeros(count)
            row[first], row[second] = shared**0.5, -(shared**0.5)
            conditions.append(row)
            differences.append(difference * shared**0.5)
            low, high = sorted((group[first], group[second]))
            group = [low if member == high else member for member in group]
    for reference in set(group):  # group numbers are those of their first images
        row = np.zeros(count)
        row[reference] = 1.0
        conditions.append(row)
        differences.append(0.0)
    solved = np.linalg.lstsq(np.array(conditions), np.array(differences), rcond=None)[0]
    return [0.0 if n in group else float(value) for n, value in enumerate(solved)]


def _difference(first: Laid, second: Laid) -> tuple[float, int] | None:
    """The median of first - second where both have pixels, and how many these are."""
    import numpy as np

    shared = [
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(first.where, second.where, strict=True)
    ]
    if any(part.start >= part.stop for part in shared):
        return None
    between = first.part(first.values, shared) - second.part(second.values, shared)
    differences = between[np.isfinite(between)]
    if differences.size < FEWEST:
        return None
    step = max(1, differences.size // MOST)
    return float(np.median(differences[::step])), differences.size
