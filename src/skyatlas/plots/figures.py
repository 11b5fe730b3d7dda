"""This file makes figures without a display and without pyplot, and writes them to disk."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Image, LightCurve, Spectrum, SpectrumList, TargetPixels
from skyatlas.errors import BadInput, Unwritable
from skyatlas.plots.composites import plot_colour
from skyatlas.plots.cubes import plot_cube
from skyatlas.plots.curves import plot_light_curve
from skyatlas.plots.folding import plot_folded
from skyatlas.plots.images import plot_image
from skyatlas.plots.overlays import draw_catalogue, draw_mark
from skyatlas.plots.periodogram import draw_search
from skyatlas.plots.pixels import light_of, median_frame, plot_pixels
from skyatlas.plots.sheets import DPI, FONT
from skyatlas.plots.spectra import plot_spectrum

JULIAN = 2_400_000
"""Days from which a time is a whole Julian date: later than 1858."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skyatlas.periods import Periodogram
    from skyatlas.plots.overlays import Catalogue, Mark

    Data = Image | Cube | Spectrum | SpectrumList | LightCurve | TargetPixels | Sequence[LightCurve]


def figure_of(
    data: Data,
    *,
    title: str | None = None,
    overlay: Catalogue | None = None,
    mark: Mark | None = None,
) -> Figure:
    """Draw what `read` gave in a figure of its own and return it; parts of a light curve in one.

    `overlay` is drawn over an image, a cube or target pixels, and `mark` marks a place there.

    The user's rcParams hold; where the font size is matplotlib's own 10 pt, 12 pt is used, so that
    text is 8 pt when the figure is set in a column of 88 mm. Raises `BadInput` for other values.
    """
    with _type_size():
        return _finished(draw(data, None, overlay=overlay, mark=mark), title)


def colour_figure(
    images: Sequence[Image],
    *,
    bands: Sequence[str] = (),
    title: str | None = None,
    overlay: Catalogue | None = None,
    mark: Mark | None = None,
) -> Figure:
    """Draw three images, red first, as one in colour and return the figure: see `plot_colour`."""
    with _type_size():
        red, green, blue = images
        axes = plot_colour(red, green, blue, bands=bands)
        return _finished(over(axes, images[0], overlay, mark), title)


def folded_figure(
    data: Data,
    *,
    found: Periodogram | None = None,
    period: float | None = None,
    epoch: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw light curves folded at a period in days; with `found` also the search for it, above.

    Without `period` the best one of `found` is taken; `epoch` is days on the first curve's time,
    or a whole Julian date. Raises `BadInput` for what is no light curve, and for no period.
    """
    from matplotlib.figure import Figure

    curves = light_curves_of(data)
    chosen = found if period is None else period
    if chosen is None:
        raise BadInput("There is no period to fold at: give one in days, or a periodogram.")
    if epoch is not None and epoch > JULIAN:
        epoch -= curves[0].time_offset
    with _type_size():
        if found is None:
            return _finished(plot_folded(curves, chosen, epoch), title)
        return _finished(draw_search(Figure(), curves, found, (chosen, epoch)), title)


def light_curves_of(data: object) -> list[LightCurve]:
    """Return the light curves of what `read` gave; of target pixels the sum over their aperture.

    Raises `BadInput` for everything else.
    """
    parts = list(data) if isinstance(data, list | tuple) else [data]
    curves = [light_of(part) if isinstance(part, TargetPixels) else part for part in parts]
    for curve in curves:
        if not isinstance(curve, LightCurve):
            raise BadInput(
                f"Only light curves have a period; this is {words_of(curve)}: draw it without one."
            )
    return curves  # type: ignore[return-value]


def words_of(data: object) -> str:
    """Return what people call it: "an image"."""
    words = {
        Image: "an image",
        Cube: "a cube",
        Spectrum: "a spectrum",
        SpectrumList: "spectra",
        LightCurve: "a light curve",
    }
    return words.get(type(data), type(data).__name__)


@contextmanager
def _type_size() -> Iterator[None]:
    import matplotlib as mpl

    untouched = mpl.rcParams["font.size"] == mpl.rcParamsDefault["font.size"]
    with mpl.rc_context({"font.size": FONT, "axes.titlesize": "medium"} if untouched else {}):
        yield


def _finished(axes: Axes, title: str | None) -> Figure:
    if title is not None:
        axes.set_title(title)
    figure: Any = axes.figure
    # Some text takes its size only when it is drawn.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure.draw_without_rendering()
    return figure  # type: ignore[no-any-return]


def draw(
    data: Data,
    ax: Axes | None,
    *,
    overlay: Catalogue | None = None,
    mark: Mark | None = None,
) -> Axes:
    """Draw what `read` gave into these axes, or into a new figure's; return the axes in use.

    Raises `BadInput` for what has no plot, and for an overlay or a mark without an image.
    """
    image = image_in(data) if overlay is not None or mark is not None else None
    return over(_drawn(data, ax), image, overlay, mark)


def image_in(data: object) -> Image:
    """Return the image that is drawn of an image, a cube or target pixels.

    Raises `BadInput` for what is drawn as a curve.
    """
    if isinstance(data, Cube):
        return data.white()
    if isinstance(data, TargetPixels):
        return median_frame(data)
    if not isinstance(data, Image):
        raise BadInput(f"Only an image has places to mark; this is {words_of(data)}.")
    return data


def over(axes: Axes, image: Image | None, overlay: Catalogue | None, mark: Mark | None) -> Axes:
    """Draw a catalogue and a mark over the image that is in these axes; return the axes."""
    if image is not None and overlay is not None:
        draw_catalogue(axes, image, overlay)
    if image is not None and mark is not None:
        draw_mark(axes, image, mark)
    return axes


def _drawn(data: Data, ax: Axes | None) -> Axes:
    if isinstance(data, Spectrum | SpectrumList):
        return plot_spectrum(data, ax)
    if isinstance(data, Image):
        return plot_image(data, ax)
    if isinstance(data, Cube):
        return plot_cube(data, ax)
    if isinstance(data, TargetPixels):
        return plot_pixels(data, ax)
    if isinstance(data, LightCurve) or (isinstance(data, list | tuple) and data):
        return plot_light_curve(light_curves_of(data), ax)
    raise BadInput(
        f"There is no plot for {type(data).__name__}; images, cubes, spectra, light curves and"
        " target pixels have one."
    )


def save(data: Data, path: str | Path, **how: Any) -> Path:
    """Draw what `read` gave into a file (PNG, PDF, SVG … by its ending) and return its path.

    `how` is what `figure_of` takes.
    """
    return write(figure_of(data, **how), path)


def write(figure: Figure, path: str | Path) -> Path:
    """Write a figure of ours into a file (PNG, PDF, SVG … by its ending) and return its path."""
    import matplotlib as mpl

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
