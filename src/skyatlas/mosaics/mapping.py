"""This file makes the way from the pixels of a grid to those of an image quick.

Invariant: no place is off by more than a hundredth of a pixel: the quick way was compared with the
exact one, or it is not taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.wcsapi.wrappers.base import BaseWCSWrapper

from skyatlas.mosaics.grid import across

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 16
"""Pixels from node to node. Between nodes even strong distortions are straight lines: SIP of ACS
bends by less than 1e-3 pixel."""
CLOSE = 0.01
"""Pixels."""


def quick(onto: WCS, wcs: WCS, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Return two WCS that stand for these two: of the image, and of the grid of this shape.

    Their common world is the pixels of the image. Both WCS themselves where the quick way would
    not be good enough: where a part of the grid is nowhere in the image's projection, or tables of
    distortion jump.
    """
    rows, columns = shape
    y = np.arange(-STEP, rows + 2 * STEP, STEP, dtype=float)
    x = np.arange(-STEP, columns + 2 * STEP, STEP, dtype=float)
    nodes = np.stack(across(onto, wcs, *np.meshgrid(x, y)))
    plain = WCS(naxis=2)  # gives axes without names and units to those that have none
    mapped = PixelMap(plain, nodes)
    between = np.meshgrid(x[:-1] + STEP / 2, y[:-1] + STEP / 2)
    exact = across(onto, wcs, *between)
    off = np.abs(np.stack(mapped.pixel_to_world_values(*between)) - np.stack(exact))
    return (Pixels(plain), mapped) if off.max() < CLOSE else (wcs, onto)  # NaN is not less


class Pixels(BaseWCSWrapper):  # type: ignore[misc]  # astropy has no types
    """A WCS whose world is the pixels themselves."""

    def pixel_to_world_values(self, *pixel_arrays: Any) -> Any:
        """The same numbers."""
        return pixel_arrays

    def world_to_pixel_values(self, *world_arrays: Any) -> Any:
        """The same numbers."""
        return world_arrays

    @property
    def axis_correlation_matrix(self) -> Any:
        """Both pixel axes go together with both axes of the world."""
        return np.ones((2, 2), dtype=bool)

    @property
    def pixel_shape(self) -> None:
        """Not told."""

    @property
    def pixel_bounds(self) -> None:
        """Not told."""


class PixelMap(Pixels):
    """A WCS whose world is the pixels of another image, linear between nodes."""

    def __init__(self, plain: WCS, nodes: NDArray[Any]) -> None:
        super().__init__(plain)
        self._nodes = nodes

    def pixel_to_world_values(self, *pixel_arrays: Any) -> Any:
        """Pixels of the grid to pixels of the image."""
        from scipy.ndimage import map_coordinates

        x, y = (np.asarray(values, float) / STEP + 1 for values in pixel_arrays)
        places = np.broadcast_arrays(y, x)
        return tuple(map_coordinates(axis, places, order=1, mode="nearest") for axis in self._nodes)

    def world_to_pixel_values(self, *world_arrays: Any) -> Any:
        """Not needed: interpolation goes from the new pixels to the old."""
        raise NotImplementedError
