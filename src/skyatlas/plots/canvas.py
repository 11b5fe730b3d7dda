"""This file makes the axes of an image: north up, east left, labels, compass and scale bar.

What is drawn is the pixels as they are, or means of blocks of them where there are too many; one
step along x or y is always one pixel of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.plots.frame import Frame, frame_of
from skyatlas.plots.marks import draw_compass, draw_scale_bar
from skyatlas.plots.sheets import new_figure
from skyatlas.plots.words import in_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

NO_DATA = (0.62, 0.62, 0.62, 0.4)
"""Red, green, blue, opacity of pixels that must not be used."""
LONGEST_NOTES = 56
"""Characters in a line under an image."""


def draw_on_sky(
    image: Image, shown: NDArray[Any], ax: Axes | None, *, notes: Sequence[str] = (), **how: Any
) -> tuple[Any, Any]:
    """Draw what is shown of an image, (ny, nx) or (ny, nx, 4); return the axes and what was drawn.

    RA is in hours and Dec in degrees; below stand where north is and `notes`. Without a usable WCS
    the axes count pixels and say so. `ax` that knows no WCS is replaced by one that does, in its
    place. `how` is what matplotlib's `imshow` takes.
    """
    frame = frame_in(image)
    axes: Any = _axes(image, frame, ax)
    drawn = place(axes, image, shown, frame, **how)
    words = in_lines([_north(frame), *filter(None, notes)], "; ", LONGEST_NOTES)
    if frame is None:
        axes.set_xlabel(f"x (pixels)\n{words}")
        axes.set_ylabel("y (pixels)")
    else:
        _label_sky(axes, image, words)
        draw_compass(axes, frame)
        draw_scale_bar(axes, frame)
    return axes, drawn


def frame_in(image: Image) -> Frame | None:
    """Return the north-up frame of an image, or None where it has no usable WCS."""
    rows, columns = image.pixels.shape
    return None if image.wcs is None else frame_of(image.wcs, (rows, columns))


def place(axes: Any, image: Image, shown: NDArray[Any], frame: Frame | None, **how: Any) -> Any:
    """Put pixels, or means of blocks of them, where the frame wants them; return what was drawn."""
    from matplotlib.path import Path

    height, width = image.pixels.shape
    rows, columns = (
        -(-whole // part) for whole, part in zip((height, width), shown.shape[:2], strict=True)
    )
    far = (columns * shown.shape[1] - 0.5, rows * shown.shape[0] - 0.5)
    drawn = axes.imshow(
        shown, origin="lower", interpolation="nearest", extent=(-0.5, far[0], -0.5, far[1]), **how
    )
    if frame is None:
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylim(-0.5, height - 0.5)
    else:
        drawn.set_transform(frame.affine() + axes.transData)
        axes.set_xlim(frame.limits[0], frame.limits[1])
        axes.set_ylim(frame.limits[2], frame.limits[3])
        if frame.turned and (far[0] >= width or far[1] >= height):
            # The last block of a row may be narrower than it is drawn.
            # (matplotlib clips with the upright box around a Rectangle, hence a path.)
            corners = ((0, 0), (width, 0), (width, height), (0, height))
            edge = Path([(x - 0.5, y - 0.5) for x, y in corners])
            drawn.set_clip_path(edge, drawn.get_transform())
    axes.set_aspect("equal")
    return drawn


def _north(frame: Frame | None) -> str:
    if frame is None:
        return "no WCS to the sky: north is not known"
    askew = f", pixels turned by {frame.turned:.0f}°" if frame.turned >= 1 else ""
    return f"N up, E left{askew}"


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
    spot = ax.get_subplotspec()
    position = ax.get_position() if spot is None else None
    ax.remove()
    if spot is not None:
        return figure.add_subplot(spot, axes_class=WCSAxes, wcs=wcs)
    return figure.add_axes(position, axes_class=WCSAxes, wcs=wcs)


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
