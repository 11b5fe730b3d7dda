"""This file draws light curves: points, never joined, and flagged cadences dimmed.

A single curve is in the unit of its file; several parts of one target are each divided by their
median, because missions do not promise that two parts have one level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import LightCurve
from skyatlas.errors import BadInput
from skyatlas.periods.samples import check_together, is_magnitude
from skyatlas.plots.cadences import limits_of, size_of, thinned
from skyatlas.plots.captions import count_words, light_label, light_title, notes_words, time_label
from skyatlas.plots.sheets import WIDTH
from skyatlas.plots.thinning import power_of_ten

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLUES = ("#0072B2", "#56B4E9")
"""Two blues of Okabe & Ito (2008); neighbouring parts alternate."""
DIMMED = "0.75"
STRIP = 0.16
"""Part of the height that is left for the legend."""
RASTERED = 2000
"""Points from which a PDF holds a picture of them, with vector axes around it."""
WITH_ERRORS = 500
"""Points up to which each has its error bar."""


def plot_light_curve(curve: LightCurve | Sequence[LightCurve], ax: Axes | None = None) -> Axes:
    """Draw the light curve of one target, or several parts of it, and return the axes.

    Flagged cadences are grey, counted in the legend, and set no limits; lone outliers far away are
    arrowheads at the edge. Of many cadences a part is drawn, with the faintest and the brightest
    everywhere. Raises `BadInput` for several targets, time scales or units, and where one of
    several parts has no positive median.
    """
    parts = [curve] if isinstance(curve, LightCurve) else list(curve)
    check_together(parts)
    _check_units(parts)
    shown = [_alike(part) for part in parts] if len(parts) > 1 else parts
    points = [_points(part, parts[0].time_offset) for part in shown]
    axes: Any = new_axes() if ax is None else ax
    limits = _set_limits(axes, points)
    for number, one in enumerate(points):
        _draw(axes, one, BLUES[number % 2], limits)
    if is_magnitude(parts[0]):
        axes.invert_yaxis()
    _draw_beyond(axes, points, limits)
    _draw_flagged(axes, points, limits)
    if axes.get_legend_handles_labels()[0]:
        legend_above(axes)
    axes.set_xlabel("\n".join(filter(None, (time_label(parts[0]), _notes(parts, points)))))
    plain_ticks(axes.xaxis)
    _label_flux(axes, parts, points, limits)
    axes.set_title(light_title(parts))
    return axes  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """What is drawn of one light curve, in the order of time."""

    time: Floats
    """Shape (n,): of good cadences."""
    flux: Floats
    sigma: Floats | None
    flagged_time: Floats
    """Shape (m,): of cadences that have a flux and are masked."""
    flagged_flux: Floats
    empty: int
    """Cadences without a time or a flux."""


def new_axes() -> Any:
    """Return the axes of a new figure, twice as wide as high."""
    from matplotlib.figure import Figure

    return Figure(figsize=(1.5 * WIDTH, 0.72 * WIDTH)).add_subplot()


def draw_points(axes: Any, time: Floats, flux: Floats, **style: Any) -> None:
    """Draw points that are not joined; a picture in a PDF where they are many."""
    style = {"ls": "none", "marker": "o", "mew": 0, "ms": size_of(len(time)), **style}
    axes.plot(time, flux, rasterized=len(time) > RASTERED, **style)


def plain_ticks(axis: Any, power: int = 0) -> None:
    """Label ticks divided by 10**power with the decimals that they need, without an offset.

    matplotlib's own "+1.4e6" in a corner is overlooked.
    """
    import numpy as np
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def label(value: float, _: int | None) -> str:
        steps = np.diff(axis.get_majorticklocs()) / 10.0**power
        step = float(np.min(np.abs(steps))) if len(steps) else 1.0
        decimals = max(0, -int(np.floor(np.log10(step) + 1e-9))) if step > 0 else 0
        return f"{value / 10.0**power:.{decimals}f}".replace("-", "−")

    axis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(label))


def legend_above(axes: Any) -> None:
    """Make room above the points, and put the legend there."""
    bottom, top = axes.get_ylim()  # the top of magnitudes is the smaller number
    axes.set_ylim(bottom, top + STRIP * (top - bottom))
    axes.legend(
        loc="upper right", ncols=3, frameon=False, borderaxespad=0.2, handletextpad=0.2,
        columnspacing=1.0, markerscale=2.0, fontsize="small",
    )  # fmt: skip


def _points(curve: LightCurve, offset: float) -> _Points:
    import numpy as np

    real = np.isfinite(curve.time) & np.isfinite(curve.flux)
    order = np.flatnonzero(real)
    order = order[np.argsort(curve.time[order], kind="stable")]
    good, flagged = order[~curve.mask[order]], order[curve.mask[order]]
    time = curve.time + (curve.time_offset - offset)
    sigma = None if curve.sigma is None else curve.sigma[good]
    flux = curve.flux
    return _Points(time[good], flux[good], sigma, time[flagged], flux[flagged], int(np.sum(~real)))


def _alike(curve: LightCurve) -> LightCurve:
    """A part as it is drawn beside others: magnitudes as they are, fluxes over their median."""
    import numpy as np

    real = np.isfinite(curve.flux)
    if is_magnitude(curve) or not real.any():
        return curve
    # Where all cadences are flagged, their own median is all there is.
    bad = curve.mask | ~real
    relative = replace(curve, mask=~real if bad.all() else bad).normalised()
    return replace(relative, mask=curve.mask)


def _check_units(parts: Sequence[LightCurve]) -> None:
    kinds = {is_magnitude(part) for part in parts}
    units = sorted({part.flux_unit_text or "not stated" for part in parts})
    if len(kinds) > 1:
        raise BadInput(
            f"The light curves have different units ({', '.join(units)}); draw them one by one."
        )


def _draw(axes: Any, points: _Points, colour: str, limits: tuple[float, float]) -> None:
    chosen = _shown(points.flux, limits)
    time, flux = points.time[chosen], points.flux[chosen]
    if points.sigma is not None and 0 < len(time) <= WITH_ERRORS:
        sigma = points.sigma[chosen]
        axes.errorbar(time, flux, yerr=sigma, fmt="none", ecolor=colour, elinewidth=0.6)
    draw_points(axes, time, flux, color=colour, gid="flux", zorder=2)


def _shown(flux: Floats, limits: tuple[float, float]) -> Any:
    """Which points are drawn: those within the limits, thinned; the legend's strip stays free."""
    chosen = thinned(flux)
    return chosen[(flux[chosen] >= limits[0]) & (flux[chosen] <= limits[1])]


def _set_limits(axes: Any, points: Sequence[_Points]) -> tuple[float, float]:
    """Limits by the good cadences; by flagged ones only where there are no others."""
    import numpy as np

    some = any(len(one.time) for one in points)
    times = [one.time if some else one.flagged_time for one in points]
    fluxes = [one.flux if some else one.flagged_flux for one in points]
    # Each part by itself: from one to the next the flux may jump.
    each = [limits_of(flux) for flux in fluxes if len(flux)] or [(0.0, 1.0)]
    low, high = min(one[0] for one in each), max(one[1] for one in each)
    time = np.concatenate(times)
    if len(time):
        margin = 0.02 * float(np.ptp(time)) or 0.5
        axes.set_xlim(float(time.min()) - margin, float(time.max()) + margin)
    axes.set_ylim(low, high)
    return low, high


def _draw_beyond(axes: Any, points: Sequence[_Points], limits: tuple[float, float]) -> None:
    """Arrowheads at the edges for good cadences outside the limits."""
    import numpy as np

    time = np.concatenate([one.time for one in points])
    flux = np.concatenate([one.flux for one in points])
    height = limits[1] - limits[0]
    count = int(np.sum((flux < limits[0]) | (flux > limits[1])))
    down, up = ("^", "v") if axes.yaxis_inverted() else ("v", "^")
    label = f"{count:,} off scale"
    for outside, place, marker in (
        (flux < limits[0], limits[0] + 0.015 * height, down),
        (flux > limits[1], limits[1] - 0.015 * height, up),
    ):
        if outside.any():
            axes.plot(
                time[outside], np.full(int(outside.sum()), place), marker, ls="none", ms=4,
                color="#D55E00", mew=0, gid="beyond", label=label, zorder=3,
            )  # fmt: skip
            label = "_"


def _draw_flagged(axes: Any, points: Sequence[_Points], limits: tuple[float, float]) -> None:
    import numpy as np

    time = np.concatenate([one.flagged_time for one in points])
    flux = np.concatenate([one.flagged_flux for one in points])
    if not len(time):
        return
    off = int(np.sum((flux < limits[0]) | (flux > limits[1])))
    label = f"{len(time):,} flagged" + (f" ({off:,} off scale)" if off else "")
    chosen = _shown(flux, limits)
    draw_points(
        axes, time[chosen], flux[chosen],
        color=DIMMED, gid="flagged", zorder=1, label=label
    )  # fmt: skip


def _notes(parts: Sequence[LightCurve], points: Sequence[_Points]) -> str:
    """The words below: what was done to the fluxes, what is not there, what is not drawn."""
    notes = []
    if len(parts) > 1 and not is_magnitude(parts[0]):
        notes.append("each part ÷ its median")
    if empty := sum(one.empty for one in points):
        notes.append(f"{count_words(empty, 'cadence')} without a number")
    left_out = sum(max(0, len(one.flux) - len(thinned(one.flux))) for one in points)
    if left_out:
        notes.append(f"{count_words(left_out, 'point')} between others not drawn")
    return notes_words(notes)


def _label_flux(
    axes: Any, parts: Sequence[LightCurve], points: Sequence[_Points], limits: tuple[float, float]
) -> None:
    import numpy as np

    if len(parts) > 1 and not is_magnitude(parts[0]):
        axes.set_ylabel("Normalised flux\n" + parts[0].flux_name)
        plain_ticks(axes.yaxis)
        return
    median = float(np.median(points[0].flux)) if len(points[0].flux) else 0.0
    power = power_of_ten(max(abs(limit) for limit in limits))
    plain_ticks(axes.yaxis, power)
    axes.set_ylabel(light_label(parts[0], median, power))
