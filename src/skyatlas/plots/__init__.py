"""This room draws what `read` gave: images, cubes, spectra, light curves; no pixel is changed.

`figure_of` makes a Figure of its own and `save` writes it, without a display and without touching
pyplot; `draw` uses the Axes that it is given. `folded_figure` shows light curves at a period,
`colour_figure` three bands in one picture, `sheet` many small pictures on a page.
"""

from skyatlas.plots.catalogues import catalogue_of
from skyatlas.plots.composites import plot_colour
from skyatlas.plots.contact import PAGE, Tile, sheet
from skyatlas.plots.cubes import plot_cube
from skyatlas.plots.curves import plot_light_curve
from skyatlas.plots.figures import (
    colour_figure,
    draw,
    figure_of,
    folded_figure,
    light_curves_of,
    save,
    write,
)
from skyatlas.plots.folding import fold, plot_folded
from skyatlas.plots.images import plot_image
from skyatlas.plots.overlays import Catalogue, Mark, draw_catalogue, draw_mark, pixels_of
from skyatlas.plots.periodogram import plot_periodogram
from skyatlas.plots.pixels import plot_pixels
from skyatlas.plots.spectra import plot_spectrum

__all__ = [
    "PAGE",
    "Catalogue",
    "Mark",
    "Tile",
    "catalogue_of",
    "colour_figure",
    "draw",
    "draw_catalogue",
    "draw_mark",
    "figure_of",
    "fold",
    "folded_figure",
    "light_curves_of",
    "pixels_of",
    "plot_colour",
    "plot_cube",
    "plot_folded",
    "plot_image",
    "plot_light_curve",
    "plot_periodogram",
    "plot_pixels",
    "plot_spectrum",
    "save",
    "sheet",
    "write",
]
