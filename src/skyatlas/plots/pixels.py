"""This file draws target pixels: the median frame with its aperture, and the light curve of it.

The frame is drawn as every image, north up where the file has a WCS. The light curve is the plain
sum of the pixels in the aperture: nothing is corrected.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Image, LightCurve, TargetPixels
from skyatlas.errors import BadInput
from skyatlas.plots.captions import count_words, light_title
from skyatlas.plots.curves import plot_light_curve
from skyatlas.plots.images import plot_image
from skyatlas.plots.sheets import WIDTH

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Booleans = NDArray[np.bool_]

OPTIMAL = 2
"""The bit of pixels in the mission's aperture (Kepler Archive Manual, KDMC-10008, table 2-6)."""
COLOUR = "#D55E00"


def plot_pixels(pixels: TargetPixels, ax: Axes | None = None) -> Axes:
    """Draw the median of the good frames, the aperture outlined; return the axes of the image.

    In a figure of its own also the light curve of the aperture, in `figure.axes[-1]`. Raises
    `BadInput` where there is no frame.
    """
    if not len(pixels):
        raise BadInput(f"The target pixels of {pixels.name or 'this target'} hold no frame.")
    frame = median_frame(pixels)
    if ax is not None:
        return _draw_frame(pixels, frame, ax)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * WIDTH, 0.8 * WIDTH))
    grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.4), wspace=0.55)
    axes = _draw_frame(pixels, frame, figure.add_subplot(grid[0]))
    plot_light_curve(light_of(pixels), figure.add_subplot(grid[1]))
    axes.set_title(f"median of {count_words(int((~pixels.mask).sum()), 'frame')}")
    return axes


def median_frame(pixels: TargetPixels) -> Image:
    """Return the median of all frames that may be used (of all, where none may)."""
    import numpy as np

    good = ~pixels.mask if (~pixels.mask).any() else np.ones(len(pixels), dtype=bool)
    with warnings.catch_warnings():
        # A pixel that was never read is NaN in every frame; it is masked then.
        warnings.simplefilter("ignore", RuntimeWarning)
        values = np.nanmedian(pixels.flux[good].astype(np.float64), axis=0)
    return Image(
        pixels=values,
        wcs=pixels.wcs,
        unit=pixels.flux_unit,
        unit_text=pixels.flux_unit_text,
        sigma=None,
        mask=~np.isfinite(values),
        meta=pixels.meta,
        name=pixels.name,
    )


def light_of(pixels: TargetPixels) -> LightCurve:
    """Return the sum of the pixels in the aperture, cadence by cadence; NaN where one has none."""
    import numpy as np

    inside = aperture_of(pixels)
    chosen = pixels.flux[:, inside].astype(np.float64)
    flux = np.where(np.isfinite(chosen).any(axis=1), np.nansum(chosen, axis=1), np.nan)
    bad = pixels.mask | ~np.isfinite(flux) | ~np.isfinite(pixels.time)
    return LightCurve(
        time=pixels.time,
        time_scale=pixels.time_scale,
        time_offset=pixels.time_offset,
        flux=flux,
        sigma=None,
        quality=pixels.quality,
        mask=bad,
        flux_unit=pixels.flux_unit,
        flux_unit_text=pixels.flux_unit_text,
        meta=pixels.meta,
        name=pixels.name,
        mission=pixels.mission,
        author=pixels.author,
        part=pixels.part,
        cadence=pixels.cadence,
        flux_name=f"Sum of {count_words(int(inside.sum()), 'pixel')}",
    )


def aperture_of(pixels: TargetPixels) -> Booleans:
    """Return the mission's aperture, shape (ny, nx): True inside; all where it gives none."""
    import numpy as np

    whole = np.ones(pixels.flux.shape[1:], dtype=bool)
    if pixels.aperture is None:
        return whole
    inside = (pixels.aperture & OPTIMAL) > 0
    return inside if inside.any() else whole


def _draw_frame(pixels: TargetPixels, frame: Image, ax: Axes) -> Axes:
    axes = plot_image(frame, ax, whole=True)
    _outline(axes, aperture_of(pixels))
    axes.set_title(light_title([pixels]))
    return axes


def _outline(axes: Any, inside: Booleans) -> None:
    """Lines along all borders between pixels inside and outside."""
    import numpy as np
    from matplotlib.collections import LineCollection

    padded = np.pad(inside, 1)
    lines = []
    for y, x in np.argwhere(padded[1:, 1:] != padded[:-1, 1:]):
        lines.append([(x - 0.5, y - 0.5), (x + 0.5, y - 0.5)])
    for y, x in np.argwhere(padded[1:, 1:] != padded[1:, :-1]):
        lines.append([(x - 0.5, y - 0.5), (x - 0.5, y + 0.5)])
    drawn = axes.images[0]
    axes.add_collection(
        LineCollection(
            lines, colors=COLOUR, linewidths=1.6, gid="aperture", transform=drawn.get_transform()
        ),
        autolim=False,
    )
