"""This file turns the frame, not the pixels: axes in which north is up and east is left.

The pixels of an image are drawn where an affine map puts them; the map is exact at the centre of
the image, and the WCS behind the axes is the image's own, so coordinates are right everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from matplotlib.transforms import Affine2D
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

ALMOST = 0.01
"""Turns of less than 0.6 degrees are left out: pixels stay square on the screen."""
LEAN = 1000.0
"""Pixels this many times as long as wide are none: a WCS fitted to too few stars (TESScut 1×1)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How pixel (x, y) becomes the point (u, v) of axes with north up and east left."""

    matrix: Matrix
    """Shape (2, 2): (u, v) = matrix @ (x, y) + offset; u and v count pixels of mean size."""
    offset: Matrix
    """Shape (2,)."""
    limits: tuple[float, float, float, float]
    """Smallest and largest u, then v, of the corners of the image."""
    scale: float
    """Arcsec in one step of u or v."""
    north: Matrix
    """Shape (2,): unit vector to the north at the centre, in (u, v)."""
    east: Matrix

    @property
    def turned(self) -> float:
        """Degrees, 0 to 45, by which the pixels stand askew on the screen."""
        import numpy as np

        angle = float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0]))) % 90
        return min(angle, 90 - angle)

    def affine(self) -> Affine2D:
        """The map as matplotlib wants it."""
        import numpy as np
        from matplotlib.transforms import Affine2D

        whole = np.eye(3)
        whole[:2, :2], whole[:2, 2] = self.matrix, self.offset
        return Affine2D(whole)


def frame_of(wcs: WCS, shape: tuple[int, int]) -> Frame | None:
    """Return the north-up frame of an image of this shape (ny, nx), or None where there is none."""
    import numpy as np

    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    sky = arcsec_per_pixel(wcs, centre)
    if sky is None:
        return None
    scale = float(np.sqrt(abs(np.linalg.det(sky))))
    exact = np.array([[-1.0, 0.0], [0.0, 1.0]]) @ sky / scale  # east to the left
    matrix = _without_small_turn(exact)
    corners = np.array([[x, y] for x in (-0.5, shape[1] - 0.5) for y in (-0.5, shape[0] - 0.5)])
    places = corners @ matrix.T
    offset = -places.min(axis=0)
    top = places.max(axis=0) + offset
    inverse = np.linalg.inv(sky)
    north, east = (_unit(matrix @ inverse @ direction) for direction in np.eye(2)[::-1])
    limits = (0.0, float(top[0]), 0.0, float(top[1]))
    return Frame(matrix, offset, limits, scale, north, east)


def arcsec_per_pixel(wcs: WCS, centre: Matrix) -> Matrix | None:
    """Return the matrix that takes a step in pixels to arcsec (east, north) at this pixel.

    East and north are those of ICRS where the frame can be converted to it, else of the WCS itself
    (the Sun's coordinates). None where the WCS cannot tell.
    """
    import numpy as np
    from astropy.coordinates import SkyCoord

    here = _celestial(wcs, *centre)
    if here is None or not np.isfinite([here.spherical.lon.deg, here.spherical.lat.deg]).all():
        return None
    steps = []
    for direction in np.eye(2):
        # Both sides, so that the curvature of the projection drops out.
        ends = [_celestial(wcs, *(centre + half * direction)) for half in (-0.5, 0.5)]
        if any(end is None for end in ends):
            return None
        frame = SkyCoord(here).skyoffset_frame()
        places = [SkyCoord(end).transform_to(frame) for end in ends]
        steps.append(
            [
                places[1].lon.wrap_at("180d").arcsec - places[0].lon.wrap_at("180d").arcsec,
                places[1].lat.arcsec - places[0].lat.arcsec,
            ]
        )
    sky = np.array(steps).T
    return sky if np.isfinite(sky).all() and np.linalg.cond(sky) < LEAN else None


def _celestial(wcs: WCS, x: float, y: float) -> Any:
    from astropy.coordinates import ConvertError, SkyCoord

    try:
        place = wcs.pixel_to_world(x, y)
    except (ValueError, TypeError, AttributeError):
        return None  # frames that only sunpy knows
    if not isinstance(place, SkyCoord):
        return None
    try:
        return place.icrs
    except ConvertError:
        return place


def _without_small_turn(matrix: Matrix) -> Matrix:
    """Drop a turn of less than 0.6 degrees, so that square pixels are drawn square."""
    import numpy as np

    sizes = np.abs(matrix).max(axis=0)
    rounded = np.round(matrix / sizes)
    near = np.abs(matrix / sizes - rounded).max() < ALMOST
    return rounded * sizes if near and abs(np.linalg.det(rounded)) == 1 else matrix


def _unit(vector: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(vector / np.hypot(*vector))
