"""This file looks for sines: Lomb-Scargle (VanderPlas 2018, ApJS 236, 16), by astropy.

Errors are those of a sine in noise (Montgomery & O'Donoghue 1999, DSSN 13, 28), enlarged for noise
that lasts longer than a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.periods.found import Periodogram

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.periods.samples import Samples

    Floats = NDArray[np.float64]

FINE = 10
"""Frequencies in the width of a peak, 1 / span."""
MOST = 2_000_000
"""Frequencies; above it the shortest period is longer than was asked for."""


def search(samples: Samples, shortest: float, longest: float) -> Periodogram:
    """Return the periodogram of sines, of the samples as they are."""
    import numpy as np
    from astropy.timeseries import LombScargle

    middle = float(np.mean(samples.time))
    model: Any = LombScargle(samples.time - middle, samples.flux, dy=samples.number**-0.5)
    step = 1 / (FINE * samples.span)
    count = min(MOST, max(2, int(np.ceil((1 / shortest - 1 / longest) / step))))
    frequency = 1 / longest + step * np.arange(count)
    power = model.power(frequency, assume_regular_frequency=True)
    top = frequency[int(np.argmax(power))]
    fine = np.linspace(max(top - step, step / 10), top + step, 201)
    best = float(fine[int(np.argmax(model.power(fine, method="slow")))])
    return _told(samples, model, best, (1 / frequency[::-1], np.asarray(power)[::-1]))


def _told(samples: Samples, model: Any, best: float, curve: tuple[Floats, Floats]) -> Periodogram:
    """What the sine of this frequency (1/day) is."""
    import numpy as np

    middle = float(np.mean(samples.time))
    _, sine, cosine = model.model_parameters(best)
    amplitude = float(np.hypot(sine, cosine))
    time = samples.time - middle
    residuals = samples.flux - model.model(time, best)
    lasting = _lasting(residuals)
    scatter = float(np.std(residuals)) * np.sqrt(lasting / len(samples))
    error = max(np.sqrt(2) * scatter, 1e-15)
    phase_error = error / amplitude if amplitude else np.inf
    top = float(np.arctan2(sine, cosine)) / (2 * np.pi * best) + middle
    period = 1 / best
    epoch = top + period * float(np.ceil((samples.time[0] - top) / period))
    return Periodogram(
        method="ls",
        period=curve[0],
        power=curve[1],
        best=period,
        error=float(period**2 * np.sqrt(3) * phase_error / (np.pi * samples.span)),
        epoch=epoch,
        epoch_error=float(phase_error * period / (2 * np.pi)),
        duration=None,
        depth=amplitude,
        depth_error=error,
        snr=amplitude / error,
        events=None,
        alone=False,
        time_offset=samples.time_offset,
        time_scale=samples.time_scale,
        name=samples.name,
    )


def _lasting(residuals: Floats) -> float:
    """Samples for which residuals keep their sign, on average, against two of white noise.

    Schwarzenberg-Czerny 1991 (MNRAS 253, 198): errors grow with the root of it.
    """
    import numpy as np

    changes = int(np.sum(np.diff(residuals > np.median(residuals))))
    return max(1.0, len(residuals) / max(1, changes) / 2)
