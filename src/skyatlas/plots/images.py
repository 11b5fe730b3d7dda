"""This file draws one image: north up, east left, ZScale limits, asinh stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.plots.canvas import NO_DATA, draw_on_sky
from skyatlas.plots.shrinking import shrunk
from skyatlas.plots.words import number_words, title_of, unit_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

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
    Of more than 1500 pixels along a side the means of blocks are drawn.
    """
    values = shrunk(image)
    axes, drawn = draw_on_sky(
        image,
        values,
        ax,
        notes=["light grey: no data"] if image.mask.any() else [],
        cmap=colours(),
        norm=norm_of(values, whole),
    )
    axes.set_title(title_of(image.meta, image.name))
    _colour_bar(axes, drawn, image)
    return axes  # type: ignore[no-any-return]


def colours() -> Colormap:
    """Return grey, or the colour map that the user set, with light grey for no data."""
    import matplotlib as mpl

    chosen = mpl.rcParams["image.cmap"]
    name = "gray" if chosen == mpl.rcParamsDefault["image.cmap"] else chosen
    return mpl.colormaps[name].with_extremes(bad=NO_DATA)


def norm_of(values: NDArray[Any], whole: bool = False) -> Any:
    """ZScale limits (Tody 1986, IRAF) or all, under an asinh stretch (Lupton et al. 1999)."""
    import numpy as np
    from astropy.visualization import AsinhStretch, ImageNormalize, ZScaleInterval

    good = np.ma.compressed(values).astype(np.float64)
    low, high = ZScaleInterval().get_limits(good) if good.size and not whole else (0.0, 0.0)
    if not low < high:
        low, high = (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)
    if not low < high:
        low, high = low - 0.5, low + 0.5  # every pixel has the same value
    return ImageNormalize(
        vmin=low, vmax=high, stretch=AsinhStretch(ALL if whole else SOFTENING), clip=False
    )


def _colour_bar(axes: Axes, drawn: Any, image: Image) -> None:
    import numpy as np

    assert axes.figure is not None
    bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.03)
    # Ticks at equal steps of grey; asinh crowds those at round values.
    ticks = np.asarray(drawn.norm.inverse(np.linspace(0, 1, 5)))
    bar.set_ticks(list(ticks), labels=[number_words(tick) for tick in ticks])
    bar.minorticks_off()
    bar.set_label(unit_words(image.unit, image.unit_text))
