"""This file draws what is known of the sky over an image: sources of a catalogue, and the target.

Places are ICRS and go through the image's own WCS; what lies outside the image is counted, never
drawn at its edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from astropy.coordinates import SkyCoord
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

    Floats = NDArray[np.float64]

CIRCLE = "#E69F00"
"""Orange, seen on grey and told from the reticle by every eye (Okabe & Ito 2008)."""
RETICLE = "#56B4E9"
"""Sky blue, of the same palette."""
SIZE = 10.0
"""Points across a circle; fewer where there are many."""
CROWD = 300
"""From so many circles on, they are smaller and finer."""
MOST_LABELS = 60
"""More labels than this hide the image."""
FROM, TO = 7.0, 17.0
"""Points from the target at which the strokes of the reticle begin and end."""
FURTHER = 1.2
"""Places up to so many times the image's half diagonal away are tried in its WCS."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Sources to draw over an image."""

    ra: Floats
    """Shape (n,): degrees ICRS; NaN where a row has no place."""
    dec: Floats
    labels: Sequence[str] = ()
    """One for each source, or none."""
    name: str = ""
    """For the legend."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The place that an image was made for."""

    ra: float
    """Degrees ICRS."""
    dec: float
    name: str = ""


def draw_catalogue(axes: Any, image: Image, catalogue: Catalogue) -> int:
    """Circle the sources that lie in the image, with their number in a legend; return it.

    `axes` are those in which `plot_image` or `plot_colour` drew the image. Raises `BadInput` where
    the image has no usable WCS.
    """
    import numpy as np

    places = np.column_stack([catalogue.ra, catalogue.dec]).astype(np.float64)
    points, inside = pixels_of(image, places)
    number = int(inside.sum())
    crowd = number > CROWD
    drawn = axes.plot(
        *points[inside].T,
        "o",
        ms=SIZE / 2 if crowd else SIZE,
        mfc="none",
        mec=CIRCLE,
        mew=0.7 if crowd else 1.2,
        gid="catalogue",
        transform=axes.images[0].get_transform(),
    )
    drawn[0].set_label(_legend(catalogue, number))
    _legend_below(axes)
    if catalogue.labels and number <= MOST_LABELS:
        for index in np.flatnonzero(inside).tolist():
            _name(axes, points[index], catalogue.labels[index], SIZE / 2, CIRCLE)
    return number


def draw_mark(axes: Any, image: Image, mark: Mark) -> bool:
    """Mark a place with an open reticle and its name; return whether it lies in the image.

    The strokes leave the target itself free. Raises `BadInput` where the image has no usable WCS.
    """
    import numpy as np

    points, inside = pixels_of(image, np.array([[mark.ra, mark.dec]]))
    if not inside[0]:
        return False
    axes.plot(
        *points.T,
        marker=_strokes(),
        ms=2 * TO,
        mec=RETICLE,
        mew=1.3,
        ls="",
        gid="mark",
        transform=axes.images[0].get_transform(),
        path_effects=_rim(2.4),
    )
    if mark.name:
        _name(axes, points[0], mark.name, FROM, RETICLE)
    return True


def pixels_of(image: Image, places: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return where places of the sky, (n, 2) degrees ICRS, are in an image: (x, y) from 0, (n, 2).

    And which of them, (n,), lie on it; only those are to be used. Raises `BadInput` where the image
    has no usable WCS.
    """
    import numpy as np
    from astropy.coordinates import SkyCoord

    height, width = image.pixels.shape
    if image.wcs is None:
        raise BadInput("The image has no WCS to the sky, so nothing can be marked on it.")
    wcs = image.wcs.celestial
    points = np.full((len(places), 2), np.nan)
    known = np.flatnonzero(np.isfinite(places).all(axis=1) & (np.abs(places[:, 1]) <= 90))
    sky = SkyCoord(*places[known].T, unit="deg")
    near = _near(sky, wcs, (height, width))
    points[known[near]] = _in_pixels(wcs, sky[near])
    inside = np.all((points > -0.5) & (points < np.array([width, height]) - 0.5), axis=1)
    return points, np.asarray(inside, dtype=bool)


def _near(sky: SkyCoord, wcs: Any, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which places may lie on an image.

    To undo a distortion far away from it takes long, and leads anywhere.
    """
    import numpy as np

    columns, rows = (np.linspace(-0.5, length - 0.5, 5) for length in shape[::-1])
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    edge = wcs.pixel_to_world(x, y).icrs
    middle = wcs.pixel_to_world((shape[1] - 1) / 2, (shape[0] - 1) / 2).icrs
    radius = np.max(middle.separation(edge).deg)
    if not np.isfinite(radius):  # a map of the whole sky: its corners are none
        return np.ones(len(sky), dtype=bool)
    return np.asarray(middle.separation(sky).deg <= FURTHER * radius)


def _in_pixels(wcs: Any, sky: SkyCoord) -> Floats:
    import numpy as np
    from astropy.wcs import NoConvergence

    if not len(sky):
        return np.empty((0, 2))
    frame = wcs.pixel_to_world(0, 0).frame
    there = sky.transform_to(frame)
    lon, lat = there.spherical.lon.deg, there.spherical.lat.deg
    values = (lon, lat) if wcs.wcs.lng < wcs.wcs.lat else (lat, lon)
    try:
        return np.column_stack(wcs.all_world2pix(*values, 0))
    except NoConvergence as error:  # at the edge of a strong distortion
        best = np.array(error.best_solution)
        lost = [index for index in (error.divergent, error.slow_conv) if index is not None]
        best[np.concatenate(lost)] = np.nan
        return best


def _legend_below(axes: Any) -> None:
    """A legend under the axis label, where it hides no star."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import ScaledTranslation

    size = FontProperties(size=mpl.rcParams["axes.labelsize"]).get_size_in_points()
    said = [coordinate.get_axislabel() for coordinate in axes.coords]
    lines = 1 + max(words.count("\n") for words in said)
    down = ScaledTranslation(0, -(2.0 + 1.25 * lines) * size / 72, axes.figure.dpi_scale_trans)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=axes.transAxes + down,
        frameon=False,
        borderaxespad=0.0,
        handletextpad=0.3,
    )


def _legend(catalogue: Catalogue, number: int) -> str:
    away = len(catalogue.ra) - number
    words = f"{number:,} of {catalogue.name}" if catalogue.name else f"{number:,} sources"
    return (f"{words} ({away:,} outside)" if away else words).replace("$", r"\$")


def _name(axes: Any, point: Floats, name: str, away: float, colour: str) -> None:
    axes.annotate(
        name.replace("$", r"\$"),
        xy=tuple(point),
        xycoords=axes.images[0].get_transform(),
        xytext=(away, away),
        textcoords="offset points",
        color=colour,
        size="small",
        path_effects=_rim(2.0),
    )


def _strokes() -> Any:
    """Four strokes that point at a place and leave it free; 1 is half the marker's size."""
    from matplotlib.path import Path

    near = FROM / TO
    ends = [(x, y) for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    corners = [(x * far, y * far) for x, y in ends for far in (near, 1.0)]
    return Path(corners, [Path.MOVETO, Path.LINETO] * 4)


def _rim(width: float) -> list[object]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="black")]
