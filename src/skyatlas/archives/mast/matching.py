"""This file says which question each row answers: by its place, or by its target's name.

Invariant: a row that MAST found by place always has a question; it may have several.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import rows as own
from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.model import Query

__all__ = ["by_name", "by_place", "each", "spellings"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SHAPE = re.compile(r"\b(?:POLYGON|CIRCLE|BOX|POSITION|POINT|ELLIPSE)\b")
_SLACK = 1.0 / 3600.0
"""Degrees by which what is looked at more closely is wider than what is found."""

_SPELLINGS = {
    "TIC": ("{0}", "TIC {0}", "TIC{0}"),
    "KIC": ("kplr{0:0>9}", "KIC {0}", "KIC{0}"),
    "EPIC": ("ktwo{0:0>9}", "EPIC {0}", "EPIC{0}"),
}
"""target_name of the missions' own light curves first; then as authors of others write it."""
_KEPLER = frozenset({"KEPLER", "K2", "KEPLERFFI", "K2FFI"})


def by_place(
    rows: Sequence[Mapping[str, Any]], queries: Sequence[Query], *, widened: bool = False
) -> list[tuple[int, int]]:
    """Pairs (row, query) for all rows whose footprint touches a query's circle, as `sky.assign`.

    Of the thousands of pairs only those are looked at closely whose circles around them touch. A
    row that touches none goes to the nearest, unless it was looked farther around than was asked
    (`widened`).
    """
    import numpy as np

    from skyatlas.sky import assign, separation

    if not rows:
        return []
    regions = [own.region(row.get("s_region")) for row in rows]
    ra, dec = (_floats(rows, name) for name in ("s_ra", "s_dec"))
    reach = np.array([_reach(*each) for each in zip(regions, ra, dec, strict=True)])
    targets = [query.target for query in queries]
    places = np.array([(target.ra, target.dec) for target in targets if target is not None])
    radii = np.array([query.radius or 0.0 for query in queries])
    pairs: list[tuple[int, int]] = []
    for number, text in enumerate(regions):
        away = separation(ra[number], dec[number], places[:, 0], places[:, 1])
        near: list[int] = np.flatnonzero(~(away > reach[number] + radii + _SLACK)).tolist()
        if widened:
            near = [
                index for index in near if _touches(text, ra[number], dec[number], queries[index])
            ]
            pairs.extend((number, index) for index in near)
            continue
        near = near or [int(np.argmin(away))]
        one = slice(number, number + 1)
        found = assign([text], ra[one], dec[one], [queries[index] for index in near])
        pairs.extend((number, near[index]) for _, index in found)
    return pairs


def _touches(region: str | None, ra: float, dec: float, query: Query) -> bool:
    from skyatlas.sky import separation, touches

    target, radius = query.target, query.radius
    if target is None or target.ra is None or target.dec is None or radius is None:
        return True
    touching = touches(region, target.ra, target.dec, radius) if region else None
    if touching is not None:
        return touching
    return not separation(ra, dec, target.ra, target.dec) > radius


def each(rows: Sequence[Mapping[str, Any]], queries: Sequence[Query]) -> list[tuple[int, int]]:
    """Pairs (row, query) where each row answers each query: they are the same question."""
    return [(number, index) for number in range(len(rows)) for index in range(len(queries))]


def spellings(query: Query) -> tuple[str, ...]:
    """How MAST may write the target's identifiers in target_name; raises BadInput."""
    ids = dict(query.target.ids) if query.target is not None else {}
    found: list[str] = []
    for catalogue, number in ids.items():
        patterns = _SPELLINGS.get(catalogue.upper())
        if patterns is None:
            continue
        if not str(number).strip().isdecimal():
            raise BadInput(f"{number!r} is no number of {catalogue.upper()}: it has digits only")
        digits = str(int(number))
        found.extend(pattern.format(digits) for pattern in patterns)
    return tuple(found)


def by_name(rows: Sequence[Mapping[str, Any]], queries: Sequence[Query]) -> list[tuple[int, int]]:
    """Pairs (row, query) for all rows whose target_name is one of a query's identifiers."""
    whose: dict[str, list[int]] = {}
    for index, query in enumerate(queries):
        for name in spellings(query):
            whose.setdefault(name.casefold(), []).append(index)
    return [
        (number, index)
        for number, row in enumerate(rows)
        for index in whose.get(str(row.get("target_name") or "").strip().casefold(), ())
        if not _is_other(row)
    ]


def _is_other(row: Mapping[str, Any]) -> bool:
    """Digits alone are a number of TIC; what Kepler calls so is another star."""
    bare = str(row.get("target_name") or "").strip().isdecimal()
    missions = {str(row.get(name) or "").upper() for name in ("obs_collection", "project")}
    return bare and bool(missions & _KEPLER)


def _floats(rows: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    import numpy as np

    numbers = (own.number(row.get(name)) for row in rows)
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)


def _reach(region: str | None, ra: float, dec: float) -> float:
    """Degrees from the centre within which all of a footprint lies; NaN where it is not told."""
    import numpy as np

    from skyatlas.sky import separation

    farthest = 0.0
    for word, numbers in _shapes(region or ""):
        if word not in ("POLYGON", "CIRCLE") or len(numbers) < 3:
            return float("nan")
        corners = np.array(numbers[: 2 if word == "CIRCLE" else len(numbers) // 2 * 2])
        away = float(np.max(separation(ra, dec, corners[0::2], corners[1::2])))
        farthest = max(farthest, away + (numbers[2] if word == "CIRCLE" else 0.0))
    return farthest


def _shapes(region: str) -> Iterator[tuple[str, list[float]]]:
    words, pieces = _SHAPE.findall(region), _SHAPE.split(region)[1:]
    for word, piece in zip(words, pieces, strict=True):
        yield word, [float(number) for number in _NUMBER.findall(piece)]
