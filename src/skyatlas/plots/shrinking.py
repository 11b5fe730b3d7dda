"""This file makes images small enough to draw: means over blocks of pixels, for the picture only.

Pixels that must not be used count for nothing; a block that has no other is masked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.wcs.wcsapi.wrappers.base import BaseWCSWrapper

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

MOST = 1000
"""Pixels along a side that a figure shows at its usual size and 200 dots per inch."""
AT_ONCE = 4_000_000
"""Pixels that are summed together: what is copied stays small beside a large image."""


def shrunk(image: Image, most: int = MOST) -> NDArray[Any]:
    """Return the pixels, masked, with at most about `most` along each side: shape (ny/fy, nx/fx).

    Images that are small enough come as they are, values and type; others as float64 means over
    blocks of `steps_of` pixels, the last block of a row or column over those that are left.
    """
    rows, columns = steps_of(image, most)
    if rows == columns == 1:
        return np.ma.masked_array(image.pixels, mask=image.mask)
    height, width = image.pixels.shape
    tall = rows * max(1, AT_ONCE // (rows * width))
    parts = [
        _means(image.pixels[start : start + tall], image.mask[start : start + tall], rows, columns)
        for start in range(0, height, tall)
    ]
    return np.ma.concatenate(parts)  # type: ignore[no-any-return]


def steps_of(image: Image, most: int = MOST) -> tuple[int, int]:
    """Return how many rows and columns of an image become one."""
    rows, columns = (max(1, round(length / most)) for length in image.pixels.shape)
    return rows, columns


def _means(pixels: NDArray[Any], mask: NDArray[np.bool_], rows: int, columns: int) -> Any:
    good = ~mask
    sums = _sums(np.where(good, pixels, 0).astype(np.float64, copy=False), rows, columns)
    counts = _sums(good, rows, columns)
    return np.ma.masked_array(sums / np.maximum(counts, 1), mask=counts == 0)


def _sums(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    kind = np.int64 if values.dtype == bool else np.float64
    height, width = values.shape
    tall = np.add.reduceat(values, np.arange(0, height, rows), axis=0, dtype=kind)
    return np.asarray(np.add.reduceat(tall, np.arange(0, width, columns), axis=1))


class ShrunkWCS(BaseWCSWrapper):  # type: ignore[misc]  # astropy has no types
    """The WCS of `shrunk` pixels; exact for every projection and distortion."""

    def __init__(self, wcs: WCS, steps: tuple[int, int]) -> None:
        super().__init__(wcs)
        self._steps = steps[::-1]  # x first

    def pixel_to_world_values(self, *pixel_arrays: Any) -> Any:
        """Blocks to the sky."""
        pairs = zip(pixel_arrays, self._steps, strict=True)
        return self._wcs.pixel_to_world_values(
            *(np.asarray(values) * step + (step - 1) / 2 for values, step in pairs)
        )

    def world_to_pixel_values(self, *world_arrays: Any) -> Any:
        """The sky to blocks."""
        pairs = zip(self._wcs.world_to_pixel_values(*world_arrays), self._steps, strict=True)
        return tuple((np.asarray(values) - (step - 1) / 2) / step for values, step in pairs)

    @property
    def pixel_shape(self) -> None:
        """Not told: the last block may be smaller."""

    @property
    def pixel_bounds(self) -> None:
        """Not told."""
