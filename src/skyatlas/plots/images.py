"""This file draws one image: north up, east left, ZScale limits, asinh stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.plots.frame import Frame, frame_of
from skyatlas.plots.marks import draw_compass, draw_scale_bar
from skyatlas.plots.sheets import new_figure
from skyatlas.plots.words import number_words, title_of, unit_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

NO_DATA = (0.62, 0.62, 0.62, 0.4)
"""Red, green, blue, opacity of pixels that must not be used."""
SOFTENING = 0.4
"""The a of astropy's AsinhStretch. ZScale limits are narrow; a smaller a turns the sky white."""
ALL = 0.1
"""The same where all brightnesses are shown: faint neighbours of a bright star are seen."""


def plot_image(image: Image, ax: Axes | None = None, *, whole: bool = False) -> Axes:
    """Draw an image and return its axes (astropy WCSAxes where the image has a WCS).

    North is up and east is left: the frame is turned, the pixels stay as they are. RA is in hours
    and Dec in degrees (ICRS or the file's own frame); a compass, a scale bar of a round length and
    a colour bar with the unit are drawn; masked pixels are light grey. Without a usable WCS the
    axes count pixels and say so. `ax` that knows no WCS is replaced by one that does, in its place.
    `whole` shows all brightnesses, also where a star fills most of the image, in place of ZScale.
    """
    frame = None if image.wcs is None else frame_of(image.wcs, _shape(image))
    axes: Axes = _axes(image, frame, ax)
    drawn: Any = axes.imshow(
        _values(image),
        origin="lower",
        cmap=_colours(),
        norm=_norm(image, whole),
        interpolation="nearest",
    )
    notes = _notes(image, frame)
    if frame is None:
        axes.set_xlabel(f"x (pixels)\n{notes}")
        axes.set_ylabel("y (pixels)")
    else:
        drawn.set_transform(frame.affine() + axes.transData)
        axes.set_xlim(frame.limits[0], frame.limits[1])
        axes.set_ylim(frame.limits[2], frame.limits[3])
        _label_sky(axes, image, notes)
        draw_compass(axes, frame)
        draw_scale_bar(axes, frame)
    axes.set_aspect("equal")
    axes.set_title(title_of(image.meta, image.name))
    _colour_bar(axes, drawn, image)
    return axes


def _notes(image: Image, frame: Frame | None) -> str:
    """The words below an image: where north is, and what grey means."""
    if frame is None:
        words = "no WCS to the sky: north is not known"
    else:
        askew = f", pixels turned by {frame.turned:.0f}°" if frame.turned >= 1 else ""
        words = f"N up, E left{askew}"
    return words + ("; light grey: no data" if image.mask.any() else "")


def _shape(image: Image) -> tuple[int, int]:
    rows, columns = image.pixels.shape
    return rows, columns


def _axes(image: Image, frame: Frame | None, ax: Axes | None) -> Any:
    from astropy.visualization.wcsaxes import WCSAxes

    if frame is None:
        return new_figure(image.pixels.shape).add_subplot() if ax is None else ax
    from skyatlas.plots.turned import TurnedWCS

    assert image.wcs is not None
    wcs = TurnedWCS(image.wcs, frame)
    if ax is None:
        size = (frame.limits[3], frame.limits[1])
        return new_figure(size).add_subplot(axes_class=WCSAxes, wcs=wcs)
    if isinstance(ax, WCSAxes):
        ax.reset_wcs(wcs)
        return ax
    figure: Any = ax.figure
    place = ax.get_subplotspec()
    position = ax.get_position() if place is None else None
    ax.remove()
    if place is not None:
        return figure.add_subplot(place, axes_class=WCSAxes, wcs=wcs)
    return figure.add_axes(position, axes_class=WCSAxes, wcs=wcs)


def _values(image: Image) -> NDArray[Any]:
    import numpy as np

    return np.ma.masked_array(image.pixels, mask=image.mask)


def _colours() -> Colormap:
    import matplotlib as mpl

    chosen = mpl.rcParams["image.cmap"]
    name = "gray" if chosen == mpl.rcParamsDefault["image.cmap"] else chosen
    return mpl.colormaps[name].with_extremes(bad=NO_DATA)


def _norm(image: Image, whole: bool) -> Any:
    """ZScale limits (Tody 1986, IRAF) or all, under an asinh stretch (Lupton et al. 1999)."""
    import numpy as np
    from astropy.visualization import AsinhStretch, ImageNormalize, ZScaleInterval

    good = image.pixels[~image.mask].astype(np.float64)
    low, high = ZScaleInterval().get_limits(good) if good.size and not whole else (0.0, 0.0)
    if not low < high:
        low, high = (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)
    if not low < high:
        low, high = low - 0.5, low + 0.5  # every pixel has the same value
    return ImageNormalize(
        vmin=low, vmax=high, stretch=AsinhStretch(ALL if whole else SOFTENING), clip=False
    )


def _label_sky(axes: Any, image: Image, notes: str) -> None:
    """RA in hours below, Dec in degrees at the left; other frames get an equatorial overlay."""
    import astropy.units as u

    kinds = " ".join(str(kind) for kind in axes.wcs.world_axis_physical_types)
    assert image.wcs is not None
    name = str(image.wcs.wcs.radesys).strip() or "ICRS"
    coords = axes.coords
    if "galactic" in kinds or "ecliptic" in kinds:
        for coordinate in axes.coords:
            coordinate.set_ticks_visible(False)
            coordinate.set_ticklabel_visible(False)
            coordinate.set_axislabel(" ")
            coordinate.set_auto_axislabel(False)
        coords, name = axes.get_coords_overlay("icrs"), "ICRS"
    for coordinate in coords:
        east_west = coordinate.coord_type == "longitude"
        side = "b" if east_west else "l"
        coordinate.set_ticks_position(side)
        coordinate.set_ticklabel_position(side)
        coordinate.set_axislabel_position(side)
        coordinate.set_ticks(number=3 if east_west else 5)
        coordinate.set_ticklabel(exclude_overlapping=True)
        coordinate.set_axislabel(f"RA ({name})\n{notes}" if east_west else f"Dec ({name})")
        if east_west:
            coordinate.set_format_unit(u.hourangle)


def _colour_bar(axes: Axes, drawn: Any, image: Image) -> None:
    import numpy as np

    assert axes.figure is not None
    bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.03)
    # Ticks at equal steps of grey; asinh crowds those at round values.
    ticks = np.asarray(drawn.norm.inverse(np.linspace(0, 1, 5)))
    bar.set_ticks(list(ticks), labels=[number_words(tick) for tick in ticks])
    bar.minorticks_off()
    bar.set_label(unit_words(image.unit, image.unit_text))
