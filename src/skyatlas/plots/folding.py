"""This file draws light curves folded at a period: every transit over every other.

Phase 0 is the epoch; the points are relative fluxes, and their medians in bins have error bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import LightCurve
from skyatlas.periods import Samples, dip, flattened, samples_of
from skyatlas.periods import fold as fold_times
from skyatlas.periods.found import clock, with_error
from skyatlas.plots.cadences import thinned
from skyatlas.plots.captions import LONGEST_TITLE, notes_words
from skyatlas.plots.curves import BLUES, draw_points, new_axes, plain_ticks
from skyatlas.plots.words import in_lines

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from skyatlas.periods import Periodogram

    Floats = NDArray[np.float64]

MOST_BINS, FEWEST_BINS = 100, 10
"""Of a whole cycle, or of what is shown of it."""
IN_A_BIN = 8
"""Points that a bin should have."""
FEWEST = 3
"""Points that a bin's median and its error can be made of."""
MEDIAN = 1.2533
"""The error of a median in that of a mean, of normal noise: the root of π/2."""
VERMILION = "#D55E00"


def fold(curve: LightCurve, period: float, epoch: float) -> Floats:
    """Return the phase of each cadence, shape (n,): −0.5 … 0.5, NaN where a cadence has no time.

    `period` in days; `epoch` is a time of the curve, so with its offset taken off. Raises
    `BadInput` for a period that is not positive.
    """
    return fold_times(curve.time, period, epoch)


def plot_folded(
    curve: LightCurve | Sequence[LightCurve],
    period: float | Periodogram,
    epoch: float | None = None,
    ax: Axes | None = None,
    *,
    window: float = 0.5,
    flat: bool | None = None,
) -> Axes:
    """Draw one target's light curves folded at a period in days, and return the axes.

    Of a `Periodogram` its best period and its epoch are taken. `epoch` is days on the first curve's
    time; without one it is where the target is faintest. `window` is the largest phase that is
    shown. `flat` takes trends out (None: where transits were searched for).
    """
    from matplotlib.ticker import MaxNLocator

    found = None if isinstance(period, int | float) else period
    samples = _flat(samples_of(curve), found, flat)
    days, epoch, title = _ephemeris(curve, period, epoch)
    phase = fold_times(samples.time, days, epoch)
    shown = abs(phase) <= window
    axes: Any = new_axes() if ax is None else ax
    _draw(axes, phase[shown], samples.flux[shown], window)
    axes.set_xlim(-window, window)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("\n".join(("Phase", notes_words(samples.notes))))
    axes.set_ylabel("Normalised flux")
    plain_ticks(axes.yaxis)
    axes.set_title(in_lines([*filter(None, (samples.name, *title))], " · ", LONGEST_TITLE))
    return axes  # type: ignore[no-any-return]


def _ephemeris(
    curve: LightCurve | Sequence[LightCurve], period: float | Periodogram, epoch: float | None
) -> tuple[float, float, tuple[str, str]]:
    """Period and epoch, and both in words."""
    name = clock((curve if isinstance(curve, LightCurve) else curve[0]).time_offset)
    if isinstance(period, int | float):
        whence = " (faintest)" if epoch is None else ""
        epoch = dip(curve, period) if epoch is None else epoch
        return period, epoch, (f"period {period:.10g} d", f"epoch {name}{epoch:.10g}{whence}")
    length = f"period {with_error(period.best, period.error)} d"
    if epoch is None:
        time = f"epoch {name}{with_error(period.epoch, period.epoch_error)}"
        return period.best, period.epoch, (length, time)
    return period.best, epoch, (length, f"epoch {name}{epoch:.10g}")


def _flat(samples: Samples, found: Periodogram | None, flat: bool | None) -> Samples:
    """Samples without trends, as the search for transits saw them, but in all their cadences."""
    if found is None or found.duration is None:
        return flattened(samples) if flat else samples
    if flat is False:
        return samples
    phase = fold_times(samples.time, found.best, found.epoch)
    return flattened(samples, abs(phase) * found.best < 0.75 * found.duration)


def _draw(axes: Any, phase: Floats, flux: Floats, window: float) -> None:
    import numpy as np

    order = np.argsort(phase)
    phase, flux = phase[order], flux[order]
    chosen = thinned(flux)
    draw_points(axes, phase[chosen], flux[chosen], color=BLUES[1], alpha=0.5, gid="flux", zorder=1)
    places, medians, errors = medians_of(phase, flux, window)
    axes.errorbar(
        places, medians, yerr=errors, fmt="o", ms=3, color=VERMILION, mew=0, elinewidth=1,
        gid="medians", zorder=2,
    )  # fmt: skip
    if len(medians):
        # What is to be seen is the mean curve; the scatter of single cadences may be far larger.
        height = float(np.ptp(medians))
        scatter = 1.4826 * float(np.median(np.abs(flux - np.median(flux))))
        margin = max(0.15 * height, min(3.5 * scatter, 1.2 * height)) or 1e-6
        axes.set_ylim(float(medians.min()) - margin, float(medians.max()) + margin)


def medians_of(phase: Floats, flux: Floats, window: float) -> tuple[Floats, Floats, Floats]:
    """Return the middle, the median and its error of each bin from −window to window."""
    import numpy as np

    bins = int(np.clip(len(phase) / IN_A_BIN, FEWEST_BINS, MOST_BINS))
    number = np.clip(((phase / window + 1) / 2 * bins).astype(int), 0, bins - 1)
    found = []
    for one in range(bins):
        values = flux[number == one]
        if len(values) >= FEWEST:
            median = float(np.median(values))
            spread = 1.4826 * float(np.median(np.abs(values - median)))
            place = ((one + 0.5) / bins * 2 - 1) * window
            found.append((place, median, MEDIAN * spread / np.sqrt(len(values))))
    return tuple(np.array(found).reshape(-1, 3).T)  # type: ignore[return-value]
