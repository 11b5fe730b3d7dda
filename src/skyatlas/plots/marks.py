"""This file draws the compass and the scale bar of an image; both are true at its centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from skyatlas.plots.frame import Frame

ROUND = (1, 2, 5, 10, 20, 30)
"""Round numbers of arcsec, arcmin or degrees."""
UNITS = ((0.001, "mas"), (1.0, "″"), (60.0, "′"), (3600.0, "°"))
"""Arcsec in each unit of a scale bar, and its sign."""
LONGEST = 0.3
"""A scale bar is at most this part of the image's width."""


def round_length(largest: float) -> tuple[float, str]:
    """Return the largest round length of at most this many arcsec, and its label: (10.0, "10″")."""
    best = (0.0, "")
    for size, sign in UNITS:
        numbers = (*ROUND, 100, 200, 500) if sign == "mas" else ROUND
        for number in numbers:
            if best[0] < number * size <= largest * (1 + 1e-9):
                best = (number * size, f"{number} {sign}" if sign == "mas" else f"{number}{sign}")
    return best if best[1] else (largest, f"{largest:.2g}″")


def draw_scale_bar(axes: Axes, frame: Frame) -> None:
    """Draw a bar of a round length at the lower right, its length in arcsec true at the centre."""
    width, height = frame.limits[1], frame.limits[3]
    length, label = round_length(LONGEST * width * frame.scale)
    end = width * 0.95
    start = end - length / frame.scale
    y = height * 0.06
    axes.plot(
        [start, end],
        [y, y],
        color="black",
        lw=2.2,
        path_effects=_outline(4.2),
        gid="scale bar",
        solid_capstyle="butt",
    )
    axes.annotate(
        label,
        xy=((start + end) / 2, y),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color="black",
        path_effects=_outline(2.5),
    )


def draw_compass(axes: Axes, frame: Frame) -> None:
    """Draw arrows to the north and to the east at the lower left."""
    width, height = frame.limits[1], frame.limits[3]
    length = 0.11 * min(width, height)
    start = (0.06 * width + 1.15 * length, 0.06 * height)
    for direction, letter in ((frame.north, "N"), (frame.east, "E")):
        end = (start[0] + length * direction[0], start[1] + length * direction[1])
        axes.annotate(
            "",
            xy=end,
            xytext=start,
            arrowprops={
                "arrowstyle": "-|>",
                "color": "black",
                "lw": 1.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "path_effects": _outline(3.2),
            },
        )
        axes.text(
            start[0] + 1.35 * length * direction[0],
            start[1] + 1.35 * length * direction[1],
            letter,
            color="black",
            ha="center",
            va="center",
            path_effects=_outline(2.5),
        )


def _outline(width: float) -> list[object]:
    """Black in a white rim is seen on every grey."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]
