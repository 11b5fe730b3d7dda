"""This room draws what `read` gave: images, cubes and spectra; no pixel is changed.

`figure_of` makes a Figure of its own and `save` writes it, without a display and without touching
pyplot; `draw` uses the Axes that it is given.
"""

from skyatlas.plots.cubes import plot_cube
from skyatlas.plots.figures import draw, figure_of, save
from skyatlas.plots.images import plot_image
from skyatlas.plots.spectra import plot_spectrum

__all__ = ["draw", "figure_of", "plot_cube", "plot_image", "plot_spectrum", "save"]
