"""This file draws a search for periods: its power, the best period, and the curve folded at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skyatlas.plots.captions import LONGEST_TITLE, notes_words
from skyatlas.plots.curves import BLUES, new_axes
from skyatlas.plots.folding import VERMILION, plot_folded
from skyatlas.plots.sheets import WIDTH
from skyatlas.plots.thinning import BINS
from skyatlas.plots.words import in_lines

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from skyatlas.dataset import LightCurve
    from skyatlas.periods import Periodogram

    Floats = NDArray[np.float64]

POWERS = {"bls": "Signal-to-noise of a box", "ls": "Lomb-Scargle power"}
AROUND = 2.5
"""Durations of a transit that are shown of it on either side."""


def plot_periodogram(found: Periodogram, ax: Axes | None = None) -> Axes:
    """Draw a periodogram, its best period marked and said, and return the axes."""
    axes: Any = new_axes() if ax is None else ax
    period, power = _envelope(found.period, found.power)
    axes.plot(period, power, color=BLUES[0], lw=0.7, gid="power")
    axes.axvline(found.best, color=VERMILION, lw=4, alpha=0.35, zorder=0, gid="best")
    axes.set_xscale("log")
    axes.set_xlim(found.period[0], found.period[-1])
    axes.set_ylim(bottom=0)
    _label_periods(axes)
    axes.set_xlabel("\n".join(("Period (days)", notes_words(found.notes))))
    axes.set_ylabel(POWERS[found.method])
    said = str(found).split(", ")
    axes.set_title(in_lines([found.name, *said] if found.name else said, " · ", LONGEST_TITLE))
    return axes  # type: ignore[no-any-return]


def draw_search(
    figure: Figure,
    curves: LightCurve | Sequence[LightCurve],
    found: Periodogram,
    fold: tuple[float | Periodogram, float | None],
) -> Axes:
    """Draw a periodogram into a figure, below it the curves folded, and return the upper axes.

    `fold` is the period, or the search whose best it is, and the epoch, as in `plot_folded`. Of
    transits there is a third picture, of the transit alone.
    """
    figure.set_size_inches(1.5 * WIDTH, 1.5 * WIDTH)
    transit = fold[0] is found and found.duration is not None
    grid = figure.add_gridspec(2, 2 if transit else 1, hspace=0.55, wspace=0.4)
    axes = plot_periodogram(found, figure.add_subplot(grid[0, :]))
    flat = found.duration is not None
    below = plot_folded(curves, *fold, figure.add_subplot(grid[1, 0]), flat=flat)
    if fold[0] is found:
        below.set_title("")  # it is in the title above
    if transit and found.duration is not None:
        window = min(0.5, AROUND * found.duration / found.best)
        alone = plot_folded(curves, *fold, figure.add_subplot(grid[1, 1]), window=window)
        for one, what in ((below, "whole cycle"), (alone, "transit")):
            one.set_title(what)
            one.set_xlabel("Phase")
        alone.set_ylabel("")
    return axes


def _envelope(period: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Of a fine grid the largest power of each bin, so that no peak is lost."""
    import numpy as np

    if len(period) <= 4 * BINS:
        return period, power
    edges = np.geomspace(period[0], period[-1], 4 * BINS + 1)[:-1]
    starts = np.unique(np.searchsorted(period, edges))
    ends = np.append(starts[1:], len(period))
    tops = np.array([a + int(np.argmax(power[a:b])) for a, b in zip(starts, ends, strict=True)])
    return period[tops], power[tops]


def _label_periods(axes: Any) -> None:
    """1, 2, 5, 10 days, and not powers of ten only."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
