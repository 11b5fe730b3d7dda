"""This file makes figures without a display and without pyplot, and writes them to disk."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Image, Spectrum, SpectrumList
from skyatlas.errors import BadInput, Unwritable
from skyatlas.plots.cubes import plot_cube
from skyatlas.plots.images import plot_image
from skyatlas.plots.sheets import DPI, FONT
from skyatlas.plots.spectra import plot_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Data = Image | Cube | Spectrum | SpectrumList


def figure_of(data: Data, *, title: str | None = None) -> Figure:
    """Draw what `read` gave in a figure of its own and return it.

    The user's rcParams hold; where the font size is matplotlib's own 10 pt, 12 pt is used, so that
    text is 8 pt when the figure is set in a column of 88 mm. Raises `BadInput` for other values.
    """
    import matplotlib as mpl

    untouched = mpl.rcParams["font.size"] == mpl.rcParamsDefault["font.size"]
    with mpl.rc_context({"font.size": FONT, "axes.titlesize": "medium"} if untouched else {}):
        axes = draw(data, None)
        if title is not None:
            axes.set_title(title)
        figure: Any = axes.figure
        # Some text takes its size only when it is drawn.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.draw_without_rendering()
    return figure  # type: ignore[no-any-return]


def draw(data: Data, ax: Axes | None) -> Axes:
    """Draw what `read` gave into these axes, or into a new figure's; return the axes in use."""
    if isinstance(data, Spectrum | SpectrumList):
        return plot_spectrum(data, ax)
    if isinstance(data, Image):
        return plot_image(data, ax)
    if isinstance(data, Cube):
        return plot_cube(data, ax)
    raise BadInput(
        f"There is no plot for {type(data).__name__}; images, cubes and spectra have one."
    )


def save(data: Data, path: str | Path, *, title: str | None = None) -> Path:
    """Draw what `read` gave into a file (PNG, PDF, SVG … by its ending) and return its path."""
    import matplotlib as mpl

    figure = figure_of(data, title=title)
    chosen = mpl.rcParams["savefig.dpi"]
    with warnings.catch_warnings():
        # The coordinate grid of WCSAxes tries places outside the projection.
        warnings.simplefilter("ignore")
        _write(figure, Path(path), DPI if chosen == "figure" else chosen)
    return Path(path)


def _write(figure: Figure, path: Path, dpi: float) -> None:
    """Write through a temporary file, so that there is a whole picture or none."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            form = path.suffix.lstrip(".") or "png"
            figure.savefig(part, format=form, dpi=dpi, bbox_inches="tight", pad_inches=0.08)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except ValueError as error:
        raise BadInput(f"{path} cannot be drawn: {error}") from error
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}") from error
