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
WINDOW = 7
"""Samples of the running median: what is narrower than half of it is a spike, not a line."""
BLOCK = 64
"""Samples in which the noise is taken to be the same."""
NOISY = 10.0
"""Blocks with this many times the typical noise do not set the limits."""


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
    """Return limits that show everything but spikes, from the running medians of all spectra."""
    import numpy as np

    good = [part.flux[~part.mask] for part in spectra]
    if not any(len(values) for values in good):
        return Limits(0.0, 1.0, 0, 0)
    ends, noise = [], []
    for values in good:
        if len(values):
            smooth = running_median(values)
            local = _local_noise(values - smooth)
            typical = float(np.median(local))
            # The ends of a detector are all noise; they are shown only as far as the limits go.
            quiet = smooth[local <= NOISY * typical]
            ends += [float(quiet.min()), float(quiet.max())]
            noise.append(1.4826 * typical)
    room = 5 * float(np.median(noise))
    everything = np.concatenate(good)
    low = max(min(ends) - room, float(everything.min()))
    high = min(max(ends) + room, float(everything.max()))
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 0.5
    low, high = low - margin, high + margin
    beyond = int(((everything < low) | (everything > high)).sum())
    return Limits(low, high, beyond, _power(max(abs(low), abs(high))))


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


def _power(largest: float) -> int:
    """The power of ten to take out of tick labels: none where they are readable as they are."""
    import math

    exponent = math.floor(math.log10(largest)) if largest > 0 else 0
    return 0 if -2 <= exponent <= 4 else exponent
