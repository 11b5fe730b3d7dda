"""This file measures a transit that a search found: period, epoch, duration and depth with errors.

The model is a trapezoid on flat light. Period and epoch are the mean and the spread of what the
data allow (their likelihood on a grid); the depth's error counts noise that is not white.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyatlas.periods.samples import Samples, fold, noise_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]

EDGE = 0.15
"""Ingress in units of the duration: a planet a sixth as large as its star, crossing its middle."""
PLACES = 31
"""Grid of period and of epoch each."""
SHARE = 0.5
"""Of the signal-to-noise that must be left without any one transit."""
ZOOMS = 4
"""Times that the grid closes in on what is likely."""


@dataclass(frozen=True, slots=True)
class Transit:
    """A periodic dip; days, on the time of the samples."""

    period: float
    epoch: float
    duration: float
    depth: float = 0.0
    period_error: float = 0.0
    epoch_error: float = 0.0
    depth_error: float = 0.0
    events: int = 0
    alone: bool = False

    def distance(self, time: Floats) -> Floats:
        """Days from the middle of the nearest transit, shape (n,), not negative."""
        import numpy as np

        return np.asarray(np.abs(fold(time, self.period, self.epoch)) * self.period)

    def covers(self, time: Floats, wider: float = 1.0) -> Booleans:
        """Whether each time is in a transit that is so many times as long."""
        import numpy as np

        return np.asarray(self.distance(time) < wider * self.duration / 2)


def cycles_with_data(samples: Samples, transit: Transit) -> Floats:
    """Return the numbers of the transits, counted from the epoch, in which there are samples."""
    import numpy as np

    inside = transit.covers(samples.time)
    return np.unique(np.round((samples.time[inside] - transit.epoch) / transit.period))


def alone(samples: Samples, transit: Transit) -> bool:
    """Whether one of the transits is most of the signal: the period is then a coincidence.

    Of two alike, one has 0.7 of the signal-to-noise of both.
    """
    import numpy as np

    inside = transit.covers(samples.time)
    cycle = np.round((samples.time[inside] - transit.epoch) / transit.period)
    _, which = np.unique(cycle, return_inverse=True)
    weights = noise_of(samples)[inside] ** -2
    missing = np.bincount(which, weights=weights * (1 - samples.flux[inside]))
    weight = np.bincount(which, weights=weights)
    if len(weight) < 2:
        return True
    without = (missing.sum() - missing) / np.sqrt(weight.sum() - weight)
    return bool((without < SHARE * missing.sum() / np.sqrt(weight.sum())).any())


def measured(samples: Samples, guess: Transit) -> Transit:
    """Return a transit that was guessed with all that these flat samples tell of it."""
    import numpy as np

    cycles = cycles_with_data(samples, guess)
    # From the middle of all transits, errors of epoch and period do not depend on each other.
    middle = float(np.round(cycles.mean()))
    found = replace(guess, epoch=guess.epoch + middle * guess.period)
    near = guess.distance(samples.time) < 2 * guess.duration
    around = _Around(samples.time[near], samples.flux[near] - 1, noise_of(samples)[near] ** -2)
    spread = max(1.0, float(np.ptp(cycles)) / 2)
    widths = np.array([guess.duration / 2 / spread, guess.duration / 2])
    for _ in range(ZOOMS):
        found, widths = around.closer(found, widths)
        found = around.best_duration(found, max(samples.step, guess.duration / 20))
    return _told(samples, around, found)


@dataclass(frozen=True, slots=True)
class _Around:
    """The samples around the transits: less than no light is in them."""

    time: Floats
    flux: Floats
    weight: Floats
    """One over the variance of each."""

    def shape(self, distance: Floats, duration: float) -> Floats:
        """A trapezoid of depth 1; `duration` is from half to half."""
        import numpy as np

        edge = EDGE * duration
        return np.asarray(np.clip((duration / 2 + edge / 2 - distance) / edge, 0, 1))

    def likelihood(self, found: Transit) -> tuple[float, float]:
        """Logarithm of the likelihood against flat light, and the depth."""
        import numpy as np

        shape = self.shape(found.distance(self.time), found.duration)
        # The level beside the transits is fitted too: a trend may be a little off.
        inner = shape - np.average(shape, weights=self.weight)
        outer = self.flux - np.average(self.flux, weights=self.weight)
        square = float((self.weight * inner) @ inner)
        if square == 0:
            return 0.0, 0.0
        depth = -float((self.weight * inner) @ outer) / square
        return 0.5 * depth * abs(depth) * square, depth

    def closer(self, found: Transit, widths: Floats) -> tuple[Transit, Floats]:
        """Mean and spread of period and epoch within these widths, and the widths to go on with."""
        import numpy as np

        steps = np.linspace(-1, 1, PLACES)
        periods, epochs = found.period + widths[0] * steps, found.epoch + widths[1] * steps
        logs = np.array(
            [
                [self.likelihood(replace(found, period=p, epoch=e))[0] for e in epochs]
                for p in periods
            ]
        )
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        means, errors = [], []
        for places, weight in ((periods, weights.sum(axis=1)), (epochs, weights.sum(axis=0))):
            mean = float(weight @ places)
            means.append(mean)
            errors.append(float(np.sqrt(weight @ (places - mean) ** 2)))
        finer = np.clip(4 * np.array(errors), 0.15 * widths, widths)
        return replace(
            found,
            period=means[0], epoch=means[1], period_error=errors[0], epoch_error=errors[1],
        ), finer  # fmt: skip

    def best_duration(self, found: Transit, least: float) -> Transit:
        """The likeliest duration, from half to twice what it was."""
        import numpy as np

        longest = 0.4 * found.period
        durations = np.clip(found.duration * np.geomspace(0.6, 1.6, 21), least, longest)
        logs = [self.likelihood(replace(found, duration=one))[0] for one in durations]
        return replace(found, duration=float(durations[int(np.argmax(logs))]))


def _told(samples: Samples, around: _Around, found: Transit) -> Transit:
    """The transit with its depth, and with its epoch at the first of which there are data."""
    import numpy as np

    cycles = cycles_with_data(samples, found)
    count = max(1, len(cycles))
    first = float(cycles.min()) if len(cycles) else 0.0
    return replace(
        found,
        epoch=found.epoch + first * found.period,
        epoch_error=float(np.hypot(found.epoch_error, first * found.period_error)),
        depth=around.likelihood(found)[1],
        depth_error=_slow_noise(samples, found) / np.sqrt(count),
        events=len(cycles),
        alone=alone(samples, found),
    )


def _noise(samples: Samples, guess: Transit) -> float:
    """One standard deviation of a sample outside of transits."""
    import numpy as np

    outside = samples.flux[~guess.covers(samples.time, 2)]
    flux = outside if len(outside) else samples.flux
    return max(1e-12, 1.4826 * float(np.median(np.abs(flux - np.median(flux)))))


def _slow_noise(samples: Samples, found: Transit) -> float:
    """One standard deviation of a mean over as long as a transit (Pont et al. 2006).

    It is measured outside of transits, and never less than white noise would be.
    """
    import numpy as np

    outside = ~found.covers(samples.time, 1.5)
    each = max(1.0, found.duration / max(samples.step, 1e-9))
    white = _noise(samples, found) / np.sqrt(each)
    time, flux = samples.time[outside], samples.flux[outside]
    if len(time) < 2:
        return float(white)
    boxes = np.floor((time - time[0]) / found.duration).astype(np.int64)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(boxes)) + 1])
    counts = np.diff([*starts, len(time)])
    whole = counts > 0.6 * each
    if whole.sum() < 10:
        return float(white)
    means = (np.add.reduceat(flux, starts) / counts)[whole]
    return max(float(white), 1.4826 * float(np.median(np.abs(means - np.median(means)))))
