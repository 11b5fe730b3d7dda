"""This file draws contact sheets: a page of small pictures with names, each north up, east left.

A tile is never empty: what cannot be drawn says why.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Image, LightCurve, Spectrum, SpectrumList, TargetPixels
from skyatlas.plots.canvas import frame_in, place
from skyatlas.plots.captions import count_words
from skyatlas.plots.images import colours, norm_of
from skyatlas.plots.pixels import median_frame
from skyatlas.plots.shrinking import shrunk
from skyatlas.plots.words import filters_of, number_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Small = Image | Cube | Spectrum | SpectrumList | LightCurve | TargetPixels | NDArray[np.uint8]

PAGE = 80
"""Tiles on a page: ten rows of eight."""
ACROSS = 8
"""Tiles in a row of a full page."""
SIDE = 1.5
"""Inches of a tile's side: 300 dots in a file."""
BELOW = 0.62
"""Inches below a tile for its name and its facts."""
MARGIN = 0.12
"""Inches around a tile."""
MOST = 300
"""Pixels along a side that a tile shows."""
FONT = 7.0
"""Points."""
LETTERS = 28
"""Letters of a name in a line under a tile."""
STROKE = "#0072B2"


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One thing on a contact sheet."""

    name: str
    look: Small | str
    """What `read` gave, a colour picture (ny, nx, 3 or 4; row 0 at the top), or why it is none."""


def sheet(tiles: Iterable[Tile], number: int, title: str = "") -> Figure:
    """Draw a page of `number` tiles and return the figure.

    Tiles are taken one after the other and are not kept, so that they can be read on the way.
    """
    from matplotlib.figure import Figure

    across = min(ACROSS, max(1, ceil(sqrt(number)))) if number < PAGE else ACROSS
    rows = max(1, ceil(number / across))
    wide, tall = SIDE + 2 * MARGIN, SIDE + BELOW + MARGIN
    size = (across * wide, rows * tall + MARGIN + (0.3 if title else 0.0))
    figure = Figure(figsize=size)
    top = size[1] - (0.3 if title else 0.0) - MARGIN
    if title:
        figure.text(MARGIN / size[0], 1 - 0.2 / size[1], title, size=FONT + 3, va="center")
    for index, tile in enumerate(tiles):
        row, column = divmod(index, across)
        left, bottom = column * wide + MARGIN, top - row * tall - SIDE
        box = (left / size[0], bottom / size[1], SIDE / size[0], SIDE / size[1])
        _draw(figure.add_axes(box), tile)
    return figure


def _draw(axes: Any, tile: Tile) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("0.7")
        spine.set_linewidth(0.5)
    facts = _said(axes, tile.look) if isinstance(tile.look, str) else _look(axes, tile.look)
    axes.text(
        0.5, -0.03, _name(tile.name), transform=axes.transAxes, size=FONT, ha="center", va="top"
    )
    lines = _name(tile.name).count("\n") + 1
    axes.annotate(
        facts,
        xy=(0.5, -0.03),
        xycoords="axes fraction",
        xytext=(0, -1.25 * FONT * lines),
        textcoords="offset points",
        size=FONT - 1,
        color="0.4",
        ha="center",
        va="top",
    )


def _look(axes: Any, look: Small) -> str:
    """Draw one thing and return the words about it."""
    draw: Callable[[Any, Any], str] = _DRAWN.get(type(look), _picture)
    return draw(axes, look)


def _said(axes: Any, words: str) -> str:
    axes.set_facecolor("0.95")
    lines = textwrap.wrap(words, 28, max_lines=8, placeholder=" …")
    axes.text(
        0.5,
        0.5,
        _plain("\n".join(lines)),
        transform=axes.transAxes,
        size=FONT - 0.5,
        color="0.25",
        ha="center",
        va="center",
    )
    return "not drawn"


def _image(axes: Any, image: Image) -> str:
    import numpy as np

    values = shrunk(image, MOST)
    frame = frame_in(image)
    place(axes, image, values, frame, cmap=colours(), norm=norm_of(values))
    if np.ma.count(values) and np.ma.min(values) == np.ma.max(values):
        return f"every pixel is {number_words(float(np.ma.min(values)))}"
    if frame is None:
        return "no WCS: as it is stored"
    words = [f"{_angle(frame.limits[1] * frame.scale)} × {_angle(frame.limits[3] * frame.scale)}"]
    return _plain(" · ".join(filter(None, (*words, filters_of(image.meta)[:14]))))


def _cube(axes: Any, cube: Cube) -> str:
    return f"cube · {_image(axes, cube.white())}"


def _pixels(axes: Any, pixels: TargetPixels) -> str:
    if not len(pixels):
        return _said(axes, "The target pixels hold no frame.")
    return f"{count_words(len(pixels), 'frame')} · {_image(axes, median_frame(pixels))}"


def _spectra(axes: Any, spectra: SpectrumList) -> str:
    if not len(spectra):
        return _said(axes, "There is no spectrum in it.")
    words = [_spectrum(axes, spectrum) for spectrum in spectra]
    return words[0] if len(words) == 1 else f"{len(words)} spectra"


def _spectrum(axes: Any, spectrum: Spectrum) -> str:
    import numpy as np

    good = ~spectrum.mask & np.isfinite(spectrum.flux) & np.isfinite(spectrum.axis)
    _curve(axes, spectrum.axis[good], spectrum.flux[good], "-")
    if not good.any():
        return "spectrum · no good sample"
    low, high = (number_words(float(f(spectrum.axis[good]))) for f in (np.min, np.max))
    return _plain(f"spectrum · {low}–{high} {spectrum.axis_unit_text}")


def _light(axes: Any, curve: LightCurve) -> str:
    import numpy as np

    good = ~curve.mask & np.isfinite(curve.flux) & np.isfinite(curve.time)
    _curve(axes, curve.time[good], curve.flux[good], ".")
    if curve.flux_unit_text.startswith("mag"):
        axes.invert_yaxis()
    days = f"{np.ptp(curve.time[good]):.3g} days" if good.any() else "no good cadence"
    return f"light curve · {days}"


def _curve(axes: Any, x: NDArray[Any], y: NDArray[Any], style: str) -> None:
    """Draw points with limits that one outlier does not set; several in one tile share them."""
    import numpy as np

    if not len(x):
        return
    low, high = np.percentile(y, [0.5, 99.5])
    room = 0.15 * (high - low) or abs(high) or 1.0
    old = axes.get_ylim() if axes.lines else (low - room, high + room)
    step = max(1, len(x) // 4000)
    dot = 1.0 if len(x) > 1000 else 3.0
    axes.plot(x[::step], y[::step], style, color=STROKE, lw=0.5, ms=dot, mew=0)
    axes.set_ylim(min(old[0], low - room), max(old[1], high + room))
    axes.set_xmargin(0.02)


def _picture(axes: Any, picture: NDArray[Any]) -> str:
    axes.imshow(picture, interpolation="nearest")
    return "picture, as it is"


_DRAWN: dict[type, Callable[[Any, Any], str]] = {
    Image: _image,
    Cube: _cube,
    TargetPixels: _pixels,
    Spectrum: _spectrum,
    SpectrumList: _spectra,
    LightCurve: _light,
}


def _angle(arcsec: float) -> str:
    """Return "12′", "3.4″", "1.2°"."""
    for size, sign in ((3600.0, "°"), (60.0, "′"), (1.0, "″")):
        if arcsec >= size:
            return f"{arcsec / size:.3g}{sign}"
    return f"{arcsec * 1000:.3g} mas"


def _name(name: str) -> str:
    """A name in at most two lines, the middle left out where it is longer."""
    if len(name) > 2 * LETTERS:
        name = f"{name[: LETTERS - 1]}…{name[-LETTERS:]}"
    if len(name) <= LETTERS:
        return _plain(name)
    joints = [place for place in range(len(name) - LETTERS, LETTERS + 1) if name[place] in "_-. "]
    place = joints[-1] if joints else LETTERS
    return _plain(f"{name[:place]}\n{name[place:]}")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
