"""This file is the search for a period: which method, in which range, of which cadences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import LightCurve
from skyatlas.errors import BadInput
from skyatlas.periods import boxes, sines
from skyatlas.periods.found import Periodogram
from skyatlas.periods.samples import Samples, binned, fold, noise_of, samples_of
from skyatlas.periods.transits import measured
from skyatlas.periods.trends import flattened

if TYPE_CHECKING:
    from skyatlas.periods.found import Method

METHODS = ("bls", "ls")
SHORTEST = 0.5
"""Days: the shortest period of a transit, unless another is asked for."""
MINUTES = 10.0
"""Bins of the search: a transit of an hour is still six of them."""
FEWEST = 50
"""Samples that a period can be looked for in."""
SPIKE = 5.0
"""Standard deviations above the trend from which a bin is a flare or a cosmic ray."""

TREND = 0.8
"""Part of the longest period from which a sine is seen hardly more than once."""


def periodogram(
    curves: LightCurve | Sequence[LightCurve],
    method: Method = "bls",
    *,
    shortest: float | None = None,
    longest: float | None = None,
) -> Periodogram:
    """Look for the period of one target in its light curves, in the good cadences only.

    "bls" looks for transits from 0.5 days to half of the time that was observed, after trends were
    taken out of every stretch without gaps; "ls" for sines, from two bins to the longest part.
    `shortest` and `longest` are other limits in days. Raises `BadInput` for curves of several
    targets, without enough good cadences, or for limits that make no sense.
    """
    if method not in METHODS:
        raise BadInput(f"There is no periodogram {method!r}; there are: {', '.join(METHODS)}.")
    samples = binned(samples_of(curves), MINUTES)
    if len(samples) < FEWEST:
        raise BadInput(f"There are {len(samples)} good samples; a period needs {FEWEST} at least.")
    search = _boxes if method == "bls" else _sines
    return search(samples, shortest, longest)


def dip(curves: LightCurve | Sequence[LightCurve], period: float) -> float:
    """Return when the target is faintest at a period: days, minus the first curve's offset."""
    samples = binned(samples_of(curves), MINUTES)
    fold(samples.time[:1], period, 0.0)  # a period must be a positive number
    if period > samples.span:
        return float(samples.time[samples.flux.argmin()])  # a cycle that was not seen twice
    return boxes.at_period(samples, period).epoch


def _boxes(samples: Samples, shortest: float | None, longest: float | None) -> Periodogram:
    flat = _without_spikes(flattened(samples))
    low, high = _limits(shortest or SHORTEST, longest or observed(samples) / 2)
    period = boxes.grid(flat.span, low, high)
    coarse = boxes.affordable(flat, len(period))
    power, best = boxes.search(coarse, period)
    wider = () if coarse is flat else (f"searched in {coarse.notes[-1]}",)
    # Once more, with a trend that knows nothing of the transits: their depth is then whole.
    clean = _without_spikes(flattened(samples, best.covers(samples.time, 1.5)))
    transit = measured(clean, measured(clean, best))
    return Periodogram(
        method="bls",
        period=period,
        power=power,
        best=transit.period,
        error=transit.period_error,
        epoch=transit.epoch,
        epoch_error=transit.epoch_error,
        duration=transit.duration,
        depth=transit.depth,
        depth_error=transit.depth_error,
        snr=transit.depth / transit.depth_error,
        events=transit.events,
        alone=transit.alone,
        time_offset=samples.time_offset,
        time_scale=samples.time_scale,
        name=samples.name,
        notes=(*clean.notes, *wider),
    )


def _sines(samples: Samples, shortest: float | None, longest: float | None) -> Periodogram:
    import numpy as np

    spans = [np.ptp(samples.time[samples.part == one]) for one in np.unique(samples.part)]
    low, high = _limits(shortest or 2 * samples.step, longest or float(max(spans)))
    found = sines.search(samples, low, high)
    long = (f"the longest of up to {high:.4g} d: a trend?",) if found.best > TREND * high else ()
    return replace(found, notes=(*samples.notes, *long))


def observed(samples: Samples) -> float:
    """Days on which there are data: the lengths of all stretches together."""
    import numpy as np

    return float(sum(np.ptp(samples.time[samples.stretch == n]) for n in set(samples.stretch)))


def _limits(low: float, high: float) -> tuple[float, float]:
    if not 0 < low < high:
        raise BadInput(
            f"Periods from {low:.4g} to {high:.4g} d cannot be looked for: the data are too short,"
            " or the limits are the wrong way round."
        )
    return low, high


def _without_spikes(samples: Samples) -> Samples:
    """Without bins that are far brighter than the trend: flares would hide a transit's noise."""
    import numpy as np

    keep = samples.flux < 1 + SPIKE * noise_of(samples)
    if keep.all():
        return samples
    arrays: dict[str, Any] = {
        name: getattr(samples, name)[keep] for name in ("time", "flux", "number", "part", "stretch")
    }
    note = f"{int(np.sum(~keep))} bright spikes left out"
    return replace(samples, **arrays, notes=(*samples.notes, note))
