"""This file looks for transits: Box Least Squares (Kovács et al. 2002, A&A 391, 369), by astropy.

Periods are spaced so that no transit drifts out of its box from the first to the last (uniform in
the cube root of frequency: Ofir 2014, A&A 561, A138), and boxes are as long as stars make them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.periods.samples import Samples, binned, noise_of
from skyatlas.periods.transits import Transit, alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SUN = 0.0757
"""Days that a central transit of a star of the Sun's density takes at a period of one day; it grows
with the cube root of the period (Seager & Mallén-Ornelas 2003)."""
LENGTHS = (0.3, 0.5, 0.8, 1.2, 1.8)
"""Boxes in units of the Sun's transit: from M dwarfs and grazing transits to giants."""
LONGEST = 0.5
"""Days: longer boxes are trends."""
DRIFT = 0.5
"""Part of the Sun's transit that a step in period moves the last transit against the first."""
WORK = 0.8e9
"""Samples times periods: some ten seconds. Above it bins are widened, to half an hour at most."""
WIDEST = 30.0
"""Minutes."""
TRIED = 300
"""Peaks that are looked at until one is more than a single transit."""


def affordable(samples: Samples, periods: int) -> Samples:
    """Return the samples, in wider bins where the search of so many periods would take minutes."""
    minutes = WIDEST * min(1.0, len(samples) * periods / WORK / 3)
    return binned(samples, minutes) if minutes > WIDEST / 3 else samples


def search(samples: Samples, periods: Floats) -> tuple[Floats, Transit]:
    """Return the signal-to-noise of periods (days, ascending) and the best transit.

    `samples` are flat. Periods at which one deep transit falls upon noise are passed over, unless
    there are no others.
    """
    import numpy as np

    results = [_search(samples, block) for block in _octaves(periods)]
    power, epoch, duration = (np.concatenate(column) for column in zip(*results, strict=True))
    power = np.where(np.isfinite(power), power, 0.0)
    tops = np.flatnonzero((power >= np.roll(power, 1)) & (power >= np.roll(power, -1)))
    peaks = [
        Transit(float(periods[top]), float(epoch[top]), float(duration[top]))
        for top in tops[np.argsort(power[tops])[::-1]][:TRIED]
    ]
    return power, next((peak for peak in peaks if not alone(samples, peak)), peaks[0])


def grid(span: float, shortest: float, longest: float) -> Floats:
    """Return the periods to try, in days, ascending."""
    import numpy as np

    low, high = longest ** (-1 / 3), shortest ** (-1 / 3)
    step = DRIFT * SUN / (3 * span)
    count = 1 + int(np.ceil((high - low) / step))
    return np.asarray(np.linspace(high, low, max(2, count)) ** -3.0)


def at_period(samples: Samples, period: float) -> Transit:
    """Return the box at one period; its epoch is the first in the data."""
    import numpy as np

    _, epoch, duration = _search(samples, np.array([period]))
    return Transit(period, float(epoch[0]), float(duration[0]))


def _search(samples: Samples, periods: Floats) -> tuple[Floats, Floats, Floats]:
    """Signal-to-noise, first epoch and duration of the best box at each period."""
    import numpy as np
    from astropy.timeseries import BoxLeastSquares

    first = samples.time[0]
    model: Any = BoxLeastSquares(samples.time - first, samples.flux, dy=noise_of(samples))
    found = model.power(periods, _lengths(samples, periods), objective="snr", oversample=5)
    return (
        np.asarray(found.power, dtype=np.float64),
        np.asarray(found.transit_time, dtype=np.float64) + first,
        np.asarray(found.duration, dtype=np.float64),
    )


def _lengths(samples: Samples, periods: Floats) -> Floats:
    """Boxes to try at these periods, in days."""
    import numpy as np

    usual = SUN * float(np.median(periods)) ** (1 / 3)
    shortest = float(periods.min())
    lengths = np.array(LENGTHS) * usual
    return np.unique(np.clip(lengths, 1.5 * samples.step, min(LONGEST, 0.3 * shortest)))


def _octaves(periods: Floats) -> Iterator[Floats]:
    """Periods in blocks with much the same transits."""
    start = 0
    for end in range(1, len(periods) + 1):
        if end == len(periods) or periods[end] > 2 * periods[start]:
            yield periods[start:end]
            start = end
