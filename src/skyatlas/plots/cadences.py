"""This file prepares cadences for the screen: limits that hold, and fewer points that show as much.

No transit and no flare is lost: of every bin the faintest and the brightest cadence are drawn, and
what lies beyond the limits is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.plots.thinning import BINS, BLOCK, running_median

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

MOST = 150_000
"""Points of a picture; of more, some are left out."""
FAR = 5.0
"""Standard deviations from its neighbours from which a cadence may be an outlier."""
ROOM = 1.0
"""Outliers are shown while they need no more than this times the height of all others."""


def thinned(values: Floats) -> Integers:
    """Return which of the n values to draw: all, or MOST at the most, with all extremes of bins."""
    import numpy as np

    count = len(values)
    if count <= MOST:
        return np.arange(count)
    starts = np.linspace(0, count, BINS, endpoint=False).astype(int)
    extremes = [
        first + places
        for first, block in zip(starts, np.split(values, starts[1:]), strict=True)
        for places in (int(np.argmin(block)), int(np.argmax(block)))
    ]
    every = -(-count // (MOST - 2 * BINS))
    return np.union1d(np.arange(0, count, every), np.array(extremes))


def limits_of(values: Floats) -> tuple[float, float]:
    """Return limits for values in the order of time: all but lone outliers far away, and a margin.

    A flare or a transit of three cadences or more is within them.
    """
    import numpy as np

    if not len(values):
        return 0.0, 1.0
    residuals = np.abs(values - running_median(values))
    blocks = np.array_split(residuals, -(-len(values) // BLOCK))
    least = 1e-9 * float(np.max(np.abs(values)))  # a block of a quiet star may have no scatter
    noise = 1.4826 * np.repeat(
        [max(float(np.median(block)), least) for block in blocks], [len(block) for block in blocks]
    )
    usual = values[residuals <= FAR * noise]
    body = usual if len(usual) else values
    low, high = float(body.min()), float(body.max())
    # A curve without any scatter has no outliers.
    room = ROOM * (high - low) if high > low else float("inf")
    near = values[(values >= low - room) & (values <= high + room)]
    low, high = float(near.min()), float(near.max())
    margin = 0.05 * (high - low) or 1e-6 * abs(high) or 0.5
    return low - margin, high + margin


def size_of(count: int) -> float:
    """Return the size of so many points, in points of type."""
    return 4.0 if count < 500 else 2.5 if count < 5000 else 1.5
