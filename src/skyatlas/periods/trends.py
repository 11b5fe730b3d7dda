"""This file takes trends out of light curves: what changes slowly goes, transits stay.

In a window around each place a parabola is fitted with bisquare weights (Cleveland 1979, JASA 74,
829): unlike a running median, it is not bent at the ends of a stretch, where spacecraft drift most.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.periods.samples import Samples

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]

WINDOW = 2.0
"""Days; four times the longest transit that is searched for."""
KNOTS = 24
"""Places in a window at which the trend is found; a line joins them."""
FEWEST = 12
"""Samples in a window that a parabola is fitted to."""
FAR = 4.685
"""Standard deviations beyond which a sample has no weight (Holland & Welsch 1977)."""


def flattened(samples: Samples, transit: Booleans | None = None) -> Samples:
    """Return samples divided by their trend, each stretch apart.

    `transit`, shape (n,), is True for samples that are divided too but have no say in the trend.
    Samples that are too sparse to have a trend within 2 days are divided by nothing.
    """
    import numpy as np

    if samples.step * FEWEST > WINDOW:
        return replace(samples, notes=(*samples.notes, "too sparse to take a trend out"))
    said = np.ones(len(samples), dtype=bool) if transit is None else ~transit
    trend = np.ones(len(samples))
    for one in np.unique(samples.stretch):
        here = samples.stretch == one
        trend[here] = _trend(samples.time[here], samples.flux[here], said[here])
    note = f"trends over {WINDOW:.0f} d taken out"
    notes = samples.notes if note in samples.notes else (*samples.notes, note)
    return replace(samples, flux=samples.flux / trend, notes=notes)


def _trend(time: Floats, flux: Floats, said: Booleans) -> Floats:
    """The trend of one stretch, shape (n,); the median where there are too few samples."""
    import numpy as np

    if said.sum() < FEWEST:
        return np.full(len(time), float(np.median(flux)))
    t, y = time[said], flux[said]
    count = 1 + int(np.ceil((time[-1] - time[0]) / (WINDOW / KNOTS)))
    knots = np.linspace(time[0], time[-1], max(2, count))
    first = np.searchsorted(t, knots - WINDOW / 2)
    last = np.searchsorted(t, knots + WINDOW / 2, side="right")
    levels = np.array(
        [
            _level(t[a:b] - knot, y[a:b]) if b - a >= FEWEST else np.nan
            for knot, a, b in zip(knots, first, last, strict=True)
        ]
    )
    known = np.isfinite(levels)
    if not known.any():
        return np.full(len(time), float(np.median(y)))
    return np.asarray(np.interp(time, knots[known], levels[known]))


def _level(t: Floats, y: Floats) -> float:
    """The value at t = 0 of the parabola through most of the samples."""
    import numpy as np

    powers = np.vander(t / WINDOW, 3, increasing=True)
    fit = np.array([float(np.median(y)), 0.0, 0.0])
    for _ in range(5):
        residuals = y - powers @ fit
        scale = FAR * 1.4826 * float(np.median(np.abs(residuals)))
        if scale == 0:
            break
        weights = np.clip(1 - (residuals / scale) ** 2, 0, None) ** 2
        # Solved without complaint also where a window holds samples of a few moments only.
        fit = np.linalg.lstsq(powers.T @ (powers * weights[:, None]), powers.T @ (weights * y))[0]
    return float(fit[0])
