"""This file joins light curves of one target: each by its own median, all on one scale of time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput
from skyatlas.timeseries.choosing import relative, rows
from skyatlas.timeseries.conversion import times_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.dataset import LightCurve

SAME_STEP = 0.01
"""Relative difference of cadences that are one."""


def stitched(curves: Iterable[LightCurve]) -> LightCurve:
    """See `LightCurve.stitched`."""
    import numpy as np

    given = [curve for curve in curves if len(curve)]
    if not given:
        raise BadInput("There is no light curve to stitch.")
    _refuse_different(given)
    given.sort(key=lambda curve: _first(curve))
    days = [_days_like(given[0], curve) for curve in given]
    parts = [relative(curve) for curve in given]
    order = np.argsort(np.concatenate([_filled(part) for part in days]), kind="stable")

    def joined(values: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
        there = [value for value in values if value is not None]
        return np.concatenate(there)[order] if len(there) == len(values) else None

    one_author = len({curve.author for curve in given}) == 1
    common = set.intersection(*(_joinable(curve) for curve in given)) if one_author else set()
    return replace(
        parts[0],
        time=np.concatenate(days)[order],
        flux=np.concatenate([part.flux for part in parts])[order],
        mask=np.concatenate([part.mask for part in parts])[order],
        sigma=joined([part.sigma for part in parts]),
        # Bits of two authors do not mean the same.
        quality=joined([part.quality for part in parts]) if one_author else None,
        flagged=joined([part.flagged for part in parts]),
        columns={
            name: np.concatenate([curve.columns[name] for curve in given])[order]
            for name in given[0].columns
            if (name, given[0].columns[name].shape[1:]) in common
        },
        fluxes={},
        name=next((curve.name for curve in given if curve.name), ""),
        mission=_once(curve.mission for curve in given),
        author=_once(curve.author for curve in given),
        flux_name=_once(curve.flux_name for curve in given),
        part=_parts([curve.part for curve in given]),
        cadence=_cadence(given),
    )


def _joinable(curve: LightCurve) -> set[tuple[str, tuple[int, ...]]]:
    return {(name, values.shape[1:]) for name, values in curve.columns.items()}


def _refuse_different(curves: Sequence[LightCurve]) -> None:
    names = {re.sub(r"\s+", "", curve.name).casefold(): curve.name for curve in curves}
    names.pop("", None)
    if len(names) > 1:
        raise BadInput(
            f"The light curves are of different targets ({', '.join(sorted(names.values()))});"
            " stitch those of one."
        )
    scales = {curve.time_scale for curve in curves}
    if None in scales and (len(scales) > 1 or len({curve.time_offset for curve in curves}) > 1):
        raise BadInput(
            "Some of the light curves do not say what time scale they are on, so their times"
            " cannot be put on one; stitch those that do."
        )


def _first(curve: LightCurve) -> float:
    """The Julian date of the first cadence that has a time; scales differ by a minute at most."""
    import numpy as np

    seen = curve.time[np.isfinite(curve.time)]
    return float(seen.min()) + curve.time_offset if len(seen) else float("inf")


def _days_like(first: LightCurve, curve: LightCurve) -> NDArray[np.float64]:
    """The times of a curve on the scale of another, minus that one's offset."""
    import numpy as np

    if curve.time_scale == first.time_scale:
        return curve.time + (curve.time_offset - first.time_offset)
    seen = np.isfinite(curve.time)
    moments = times_of(rows(curve, seen))
    moments = getattr(moments, str(first.time_scale))
    days = np.full(len(curve), np.nan)
    days[seen] = (moments.jd1 - first.time_offset) + moments.jd2
    return days


def _filled(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times to sort by: a cadence without one stays behind the one before it."""
    import numpy as np

    known = np.where(np.isfinite(days), days, -np.inf)
    filled = np.maximum.accumulate(known)
    seen = filled[np.isfinite(filled)]
    start = seen[0] if len(seen) else np.inf
    return np.where(np.isfinite(days), days, np.where(np.isfinite(filled), filled, start))


def _once(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _parts(parts: Sequence[str]) -> str:
    """ "sector 1" and "sector 4" are "sectors 1, 4"; what is not numbered stays as it is."""
    numbers: dict[str, list[int]] = {}
    others = []
    for part in parts:
        if found := re.fullmatch(r"([a-z]+?)s? (\d+(?:, \d+)*)", part):
            numbers.setdefault(found[1], []).extend(int(one) for one in found[2].split(", "))
        elif part:
            others.append(part)
    joined = [
        f"{word}{'s' if len(set(ones)) > 1 else ''} {', '.join(map(str, sorted(set(ones))))}"
        for word, ones in numbers.items()
    ]
    return "; ".join(dict.fromkeys([*joined, *others]))


def _cadence(curves: Sequence[LightCurve]) -> float | None:
    """The one cadence of all, or None."""
    steps = [curve.cadence for curve in curves]
    first = steps[0]
    if first is None or any(s is None or abs(s / first - 1) > SAME_STEP for s in steps):
        return None
    return first
