"""This file draws three images as one in colour, north up and east left; colours are not physical.

Each band is brought to one scale by what is seen in all three: what most sources have is white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.plots.blending import NAMES, blended
from skyatlas.plots.canvas import NO_DATA, draw_on_sky
from skyatlas.plots.words import LONGEST_TITLE, filters_of, in_lines, instrument_of, object_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from skyatlas.dataset import Image


def plot_colour(
    red: Image,
    green: Image,
    blue: Image,
    ax: Axes | None = None,
    *,
    bands: Sequence[str] = (),
) -> Axes:
    """Draw three images as red, green and blue (Lupton et al. 2004) and return the axes.

    The grid is that of `red`; what is on another is put there (reproject, bilinear) for the picture
    only. The sky is dark grey, the middles of sources keep their colour, and the units of the three
    do not matter. Axes, compass and scale bar are those of `plot_image`. `bands` names the three,
    in the same order, where the files do not. Raises `BadInput` for an image without a WCS and for
    three that do not overlap.
    """
    import numpy as np

    images = (red, green, blue)
    picture = blended(images)
    missing = picture[..., 3] == 0
    picture[missing] = NO_DATA
    names = [
        band or filters_of(image.meta) for band, image in zip(_three(bands), images, strict=True)
    ]
    notes = [
        ", ".join(f"{colour} {name}" for colour, name in zip(NAMES, names, strict=True) if name)
    ]
    notes += ["light grey: no data in a band"] if np.any(missing) else []
    axes: Any
    axes, _ = draw_on_sky(red, picture, ax, notes=notes)
    axes.set_title(_title(images, names))
    return axes  # type: ignore[no-any-return]


def _three(bands: Sequence[str]) -> Sequence[str]:
    return tuple(bands) or ("", "", "")


def _title(images: Sequence[Image], names: Sequence[str]) -> str:
    """Return "object / instruments / i, r, g"."""
    said = [*_each(object_of(image.meta) for image in images)][:1]
    said += _each(instrument_of(image.meta) for image in images)
    said += [", ".join(names)] if all(names) else []
    return in_lines(said or ["red, green, blue"], " · ", LONGEST_TITLE)


def _each(words: Any) -> list[str]:
    return list(dict.fromkeys(filter(None, words)))
