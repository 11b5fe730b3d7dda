"""This file holds the sizes of figures: what text and dots become in a column of a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 5.2
"""Inches, 132 mm: one and a half times a column of 88 mm."""
FONT = 12.0
"""Points: 8 pt when the figure is set at 88 mm."""
DPI = 200
"""Dots per inch of a file, unless the user's `savefig.dpi` says another."""


def new_figure(shape: tuple[float, ...]) -> Figure:
    """Return an empty figure for an image of this shape (ny, nx)."""
    from matplotlib.figure import Figure

    tall = min(max(shape[-2] / shape[-1], 0.35), 1.8)
    return Figure(figsize=(WIDTH, 0.8 * WIDTH * tall + 1.0))
