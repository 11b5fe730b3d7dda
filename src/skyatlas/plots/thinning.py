"""This file prepares curves for the screen: limits that no single sample spoils, and envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.dataset import Spectrum

    Floats = NDArray[np.float64]

BINS = 4000
"""More than the dots across any figure; each is drawn as its smallest and largest sample."""
WINDOW = 5
"""Samples of the running median: what is narrower than half of it is a spike, not a line."""
BLOCK = 64
"""Samples in which the noise is taken to be the same."""
NOISY = 5.0
"""Blocks with this many times the typical noise do not set the limits."""

WIDE = 100.0
"""An axis whose ends have this ratio is drawn logarithmically."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn of one spectrum, shape (m,) each, in the file's units; NaN where nothing is."""

    axis: Floats
    flux: Floats
    masked: Floats | None
    """The samples that must not be used, with their neighbours, or None where there are none."""
    low: Floats | None
    """Flux minus one sigma."""
    high: Floats | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the flux axis."""

    low: float
    high: float
    beyond: int
    """Good samples outside the limits."""
    power: int
    """Tick labels are divided by 10**power."""


def curve_of(spectrum: Spectrum) -> Curve:
    """Return the curve of a spectrum, as an envelope where it has more samples than any screen."""
    import numpy as np

    good = np.where(spectrum.mask, np.nan, spectrum.flux)
    masked = spectrum.flux.astype(float) if spectrum.mask.any() else None
    low = high = None
    if spectrum.sigma is not None:
        low, high = good - spectrum.sigma, good + spectrum.sigma
    if len(spectrum) <= 4 * BINS:
        return Curve(spectrum.axis, good, masked, low, high)
    axis, flux = _envelope(spectrum.axis, good)
    return Curve(
        axis,
        flux,
        None if masked is None else _envelope(spectrum.axis, masked)[1],
        None if low is None else np.repeat(_extremes(low)[0], 2),
        None if high is None else np.repeat(_extremes(high)[1], 2),
    )


def _envelope(axis: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The smallest and largest value in each bin, at a quarter and three quarters of it."""
    import numpy as np

    smallest, largest = _extremes(values)
    first, last = _extremes(axis)
    places = np.column_stack([0.75 * first + 0.25 * last, 0.25 * first + 0.75 * last])
    return places.reshape(-1), np.column_stack([smallest, largest]).reshape(-1)


def _extremes(values: Floats) -> tuple[Floats, Floats]:
    """Smallest and largest of each bin, shape (BINS,), NaN where a bin holds nothing."""
    import numpy as np

    starts = np.linspace(0, len(values), BINS, endpoint=False).astype(int)
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def robust_limits(spectra: Sequence[Spectrum]) -> Limits:
    """Return limits that show all good samples but spikes and the noise of detector ends."""
    import numpy as np

    good = [part.flux[~part.mask] for part in spectra]
    if not any(len(values) for values in good):
        return Limits(0.0, 1.0, 0, 0)
    everything = np.concatenate(good)
    shown, near = [], []
    for values in good:
        if len(values):
            believable, noise = _believable(values)
            shown.append(values[believable] if believable.any() else values)
            near.append(5 * noise)
    low = min(float(values.min()) for values in shown) - max(near)
    high = max(float(values.max()) for values in shown) + max(near)
    low, high = max(low, float(everything.min())), min(high, float(everything.max()))
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 0.5
    low, high = low - margin, high + margin
    beyond = int(((everything < low) | (everything > high)).sum())
    return Limits(low, high, beyond, power_of_ten(max(abs(low), abs(high))))


def _believable(values: Floats) -> tuple[NDArray[np.bool_], float]:
    """True for all samples but spikes and the noise of detector ends; and the typical noise."""
    import numpy as np

    smooth = running_median(values)
    residuals = np.abs(values - smooth)
    noise = 1.4826 * _local_noise(residuals)
    typical = float(np.median(noise))
    # In a line the neighbours rise too, to half of it at least; beside a spike they do not.
    neighbours = np.abs(smooth - np.median(smooth))
    in_line = (neighbours > 5 * noise) & (residuals <= neighbours)
    believable = (noise <= NOISY * typical) & ((residuals <= 5 * noise) | in_line)
    return believable, typical


def _local_noise(residuals: Floats) -> Floats:
    """The median absolute residual of the block of BLOCK samples that each sample is in."""
    import numpy as np

    count = -(-len(residuals) // BLOCK)
    blocks = np.array_split(np.abs(residuals), count)
    return np.repeat([np.median(block) for block in blocks], [len(block) for block in blocks])


def running_median(values: Floats) -> Floats:
    """Return the median of WINDOW samples around each sample, shape (n,)."""
    import numpy as np

    if len(values) < WINDOW:
        return values
    padded = np.pad(values, WINDOW // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    return np.asarray(np.median(windows, axis=1))


def power_of_ten(largest: float) -> int:
    """Return the power of ten to take out of tick labels: 0 where they are readable as they are."""
    import math

    exponent = math.floor(math.log10(largest)) if largest > 0 else 0
    return 0 if -2 <= exponent <= 4 else exponent


def spans_decades(spectra: Sequence[Spectrum]) -> bool:
    """Whether the axis is so long that only a logarithmic one shows it (CALSPEC, SEDs)."""
    low = min(float(part.axis.min()) for part in spectra)
    high = max(float(part.axis.max()) for part in spectra)
    return low > 0 and high / low > WIDE
