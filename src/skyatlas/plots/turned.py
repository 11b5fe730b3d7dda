"""This file is the WCS of turned axes: the image's own WCS behind an affine map of its pixels."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.wcs.wcsapi.wrappers.base import BaseWCSWrapper

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from skyatlas.plots.frame import Frame


class TurnedWCS(BaseWCSWrapper):  # type: ignore[misc]  # astropy has no types
    """A WCS whose pixels are the (u, v) of a `Frame`; exact for every projection and distortion."""

    def __init__(self, wcs: WCS, frame: Frame) -> None:
        super().__init__(wcs)
        self._frame = frame
        self._inverse = np.linalg.inv(frame.matrix)

    def pixel_to_world_values(self, *pixel_arrays: Any) -> Any:
        """(u, v) to the sky."""
        u, v = (np.asarray(p) - o for p, o in zip(pixel_arrays, self._frame.offset, strict=True))
        return self._wcs.pixel_to_world_values(*(row[0] * u + row[1] * v for row in self._inverse))

    def world_to_pixel_values(self, *world_arrays: Any) -> Any:
        """The sky to (u, v)."""
        with warnings.catch_warnings():
            # Grid points far outside an image do not converge under SIP; they are not drawn.
            warnings.simplefilter("ignore")
            x, y = self._wcs.world_to_pixel_values(*world_arrays)
        u, v = (row[0] * x + row[1] * y for row in self._frame.matrix)
        return u + self._frame.offset[0], v + self._frame.offset[1]

    @property
    def axis_correlation_matrix(self) -> Any:
        """Both of (u, v) matter for both coordinates."""
        return np.ones((2, 2), dtype=bool)

    @property
    def pixel_shape(self) -> None:
        """Not told: (u, v) have no pixels of their own."""

    @property
    def pixel_bounds(self) -> None:
        """Not told."""
