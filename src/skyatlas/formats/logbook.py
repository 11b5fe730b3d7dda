"""This file tells in lines what a light curve or target pixel file holds; `describe` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import LightCurve, TargetPixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

GAP = 5.0
"""Median steps without a good cadence that are told as a gap."""


def lines_of(data: LightCurve | TargetPixels) -> Iterator[str]:
    """Whose it is, when it was taken, how much of it is good, what the flux is."""
    whose = (data.mission, data.part, f"by {data.author}" if data.author else "")
    yield f"target: {data.name or 'not stated'}; {', '.join(filter(None, whose))}"
    yield _span(data)
    yield _cadences(data)
    good = data.time[~data.mask]
    if isinstance(data, LightCurve):
        yield _flux(data)
    else:
        yield from _pixels(data)
    if len(good) > 1:
        yield _gaps(good)


def _span(data: LightCurve | TargetPixels) -> str:
    import numpy as np

    seen = data.time[np.isfinite(data.time)]
    first, last = float(seen.min()), float(seen.max())
    scale = (data.time_scale or "scale not stated").upper()
    dates = [_date(data, moment) for moment in (first, last)]
    return (
        f"time: {first:.5f} to {last:.5f} (JD - {data.time_offset:.10g}, {scale}),"
        f" {dates[0]} to {dates[1]}"
    )


def _date(data: LightCurve | TargetPixels, days: float) -> str:
    from astropy.time import Time

    moment = Time(data.time_offset, days, format="jd", scale=data.time_scale or "tdb")
    return str(moment.to_value("iso", subfmt="date_hm"))


def _cadences(data: LightCurve | TargetPixels) -> str:
    good = int((~data.mask).sum())
    every = f", one every {data.cadence:.6g} s" if data.cadence else ""
    why = ""
    if isinstance(data, LightCurve) and data.flagged is not None:
        flagged = int(data.flagged.sum())
        why = f": {flagged} flagged, {len(data) - good - flagged} more without a number"
    return f"cadences: {len(data)}{every}; {good} good, {len(data) - good} masked{why}"


def _flux(curve: LightCurve) -> str:
    import numpy as np

    unit = curve.flux_unit_text or _known(curve)
    good = curve.flux[~curve.mask]
    median = f", median {np.median(good):.6g}" if len(good) else ""
    errors = "errors given" if curve.sigma is not None else "no errors"
    others = [name for name in curve.fluxes if name != curve.flux_name]
    also = f"; also {', '.join(others)}" if others else ""
    return f"flux: {curve.flux_name}, {unit}{median}, {errors}{also}"


def _known(curve: LightCurve) -> str:
    if curve.flux_unit is None:
        return "unit not stated"
    unit = str(curve.flux_unit)
    return f"{unit} (the file is silent)" if unit else "relative (the file is silent)"


def _pixels(data: TargetPixels) -> Iterator[str]:
    _, ny, nx = data.flux.shape
    inside = 0 if data.aperture is None else int((data.aperture & 2 != 0).sum())
    aperture = f"{inside} of them in the optimal aperture" if inside else "no optimal aperture"
    unit = data.flux_unit_text or "unit not stated"
    yield f"pixels: {nx} x {ny}, {aperture}; {unit}"
    if data.wcs is not None:
        ra, dec = data.wcs.pixel_to_world_values((nx - 1) / 2, (ny - 1) / 2)
        yield f"centre: RA {float(ra):.5f}, DEC {float(dec):.5f} deg"


def _gaps(good: NDArray[np.float64]) -> str:
    import numpy as np

    steps = np.diff(np.sort(good))
    positive = steps[steps > 0]
    usual = float(np.median(positive)) if len(positive) else 0.0
    gaps = steps[steps > GAP * usual]
    if not usual or not len(gaps):
        return "gaps: none"
    return f"gaps: {len(gaps)}, the longest {_days(float(gaps.max()))}"


def _days(days: float) -> str:
    return f"{days:.2f} d" if days >= 1 else f"{days * 24:.2f} h"


def title_of(data: Any) -> str:
    """What kind of thing it is: "light curve" or "target pixels"."""
    return "light curve" if isinstance(data, LightCurve) else "target pixels"
