"""This file draws spectra: steps, a band of one sigma, bad samples dimmed, and limits that hold.

The curves are in the units of the file. One cosmic ray does not flatten the rest: what lies beyond
the limits is counted in the caption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Spectrum, SpectrumList
from skyatlas.errors import BadInput
from skyatlas.plots.sheets import WIDTH
from skyatlas.plots.thinning import (
    Curve,
    Limits,
    curve_of,
    power_of_ten,
    robust_limits,
    spans_decades,
)
from skyatlas.plots.words import axis_label, flux_label, number_words, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00")
"""Blue and vermilion, told apart by every eye (Okabe & Ito 2008); neighbours alternate."""
DIMMED = "0.8"
MOST_NAMES = 6
"""More names than this do not fit into a legend."""


def plot_spectrum(spectrum: Spectrum | SpectrumList, ax: Axes | None = None) -> Axes:
    """Draw one spectrum, or several of one file, and return the axes.

    The x axis is in the unit of the file and says air, vacuum or "medium not stated", and the
    velocity frame where there is one. Raises `BadInput` for a list of different units.
    """
    parts = [spectrum] if isinstance(spectrum, Spectrum) else list(spectrum)
    _check_alike(parts)
    axes = _new_axes() if ax is None else ax
    for number, part in enumerate(parts):
        _draw(axes, curve_of(part), COLOURS[number % 2], part.name if len(parts) > 1 else "")
    limits = robust_limits(parts)
    axes.set_ylim(limits.low, limits.high)
    wide = spans_decades(parts)
    notes = _notes(parts, limits)
    if wide:
        axes.set_xscale("log")
        if min(float(part.flux[~part.mask].min(initial=1.0)) for part in parts) > 0:
            axes.set_yscale("log")
            axes.autoscale(axis="y")
            notes = _notes(parts, None)
    _set_labels(axes, parts[0], limits.power, notes)
    axes.margins(x=0.01)
    axes.set_title(title_of(parts[0].meta, parts[0].name if len(parts) == 1 else ""))
    if 1 < len(parts) <= MOST_NAMES and all(part.name for part in parts):
        axes.legend(loc="best", frameon=False)
    return axes


def _notes(parts: Sequence[Spectrum], limits: Limits | None) -> str:
    """The words below a spectrum: what the band is, what grey means, what is not seen."""
    notes = []
    if any(part.sigma is not None for part in parts):
        notes.append("band: ±1σ")
    if any(part.mask.any() for part in parts):
        notes.append("grey: masked")
    if limits is not None and limits.beyond:
        notes.append(f"{limits.beyond} good samples off scale")
    return "; ".join(notes)


def _check_alike(parts: Sequence[Spectrum]) -> None:
    if not parts:
        raise BadInput("There is no spectrum in the list to draw.")
    units = {(part.axis_unit_text, part.flux_unit_text) for part in parts}
    if len(units) > 1:
        raise BadInput(
            f"The {len(parts)} spectra have different units ({len(units)} kinds); draw them one by"
            " one, or convert them first."
        )


def _new_axes() -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(1.5 * WIDTH, 0.72 * WIDTH)).add_subplot()


def _draw(axes: Axes, curve: Curve, colour: str, name: str) -> None:
    if curve.low is not None and curve.high is not None:
        axes.fill_between(
            curve.axis,
            curve.low,
            curve.high,
            step="mid",
            color=colour,
            alpha=0.25,
            lw=0,
            gid="sigma",
        )
    if curve.masked is not None:
        axes.plot(
            curve.axis,
            curve.masked,
            color=DIMMED,
            lw=0.8,
            drawstyle="steps-mid",
            zorder=1,
            gid="masked",
        )
    axes.plot(
        curve.axis, curve.flux, color=colour, lw=0.8, drawstyle="steps-mid", label=name, gid="flux"
    )


def _set_labels(axes: Axes, spectrum: Spectrum, power: int, notes: str) -> None:
    import numpy as np

    across, up = axes.get_xscale() == "linear", axes.get_yscale() == "linear"
    largest = float(np.nanmax(np.abs(spectrum.axis)))
    power_of_axis = _divide(axes.xaxis, power_of_ten(largest)) if across else 0
    power_of_flux = _divide(axes.yaxis, power) if up else 0
    axes.set_xlabel("\n".join(filter(None, (axis_label(spectrum, power_of_axis), notes))))
    axes.set_ylabel(flux_label(spectrum.flux_unit, spectrum.flux_unit_text, power_of_flux))


def _divide(axis: Any, power: int) -> int:
    """Divide the tick labels by 10**power; the curve stays in the file's unit.

    The power is then in the label, where it is read, and not as "1e-16" in a corner.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number_words(value / 10.0**power, 6)))
    return power
