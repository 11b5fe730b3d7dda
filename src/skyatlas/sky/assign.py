"""This file says which rows answer which question, when one request carried many positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from skyatlas.sky.footprint import separation, touches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skyatlas.model import Query


def assign(
    regions: Sequence[str | None],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    queries: Sequence[Query],
) -> list[tuple[int, int]]:
    """Pairs (row, query) for every row whose footprint touches a query's circle.

    `regions` are STC-S texts or None; `ra`, `dec` (degrees, NaN = not said) stand in where a
    region cannot be read. A row may answer several queries. A row that fits none of them by its
    footprint goes to the nearest one: the archive thought that it fits, and too little is worse.
    """
    pairs: list[tuple[int, int]] = []
    for row, region in enumerate(regions):
        fits = [
            index
            for index, query in enumerate(queries)
            if _fits(region, float(ra[row]), float(dec[row]), query)
        ]
        pairs.extend((row, index) for index in fits or [_nearest(ra[row], dec[row], queries)])
    return pairs


def _fits(region: str | None, ra: float, dec: float, query: Query) -> bool:
    target, radius = query.target, query.radius
    if target is None or target.ra is None or target.dec is None or radius is None:
        return True
    if region:
        answer = touches(region, target.ra, target.dec, radius)
        if answer is not None:
            return answer
    return bool(separation(ra, dec, target.ra, target.dec) <= radius)


def _nearest(ra: float, dec: float, queries: Sequence[Query]) -> int:
    distances = [
        separation(ra, dec, query.target.ra, query.target.dec)
        for query in queries
        if query.target is not None
    ]
    return int(np.nanargmin(distances)) if distances and not np.all(np.isnan(distances)) else 0
