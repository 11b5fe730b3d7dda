"""This file holds the rectangle of the sky that is wanted, and which pixels of an image it meets.

Invariant: everything goes through the WCS, so nothing breaks at RA 0/360 or at a pole.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

    Floats = NDArray[np.float64]

Slices = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Square pixels on the tangent plane at a place, north up, east left."""

    wcs: WCS
    shape: tuple[int, int]
    """Rows and columns."""
    scale: float
    """Arcsec in a pixel."""


def north_up(ra: float, dec: float, size: tuple[float, float], scale: float) -> Grid:
    """Return whole pixels of `scale` arcsec that hold a rectangle around a place (ICRS).

    `size` is width and height in degrees. The place is the middle of the grid.
    """
    from astropy.wcs import WCS

    # A hair less, so that 10 arcmin at 0.5 arcsec are 1200 pixels and not 1201.
    columns, rows = (max(1, math.ceil(length * 3600 / scale - 1e-6)) for length in size)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(columns + 1) / 2, (rows + 1) / 2]
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    wcs.wcs.radesys = "ICRS"
    wcs.pixel_shape = (columns, rows)
    wcs.wcs.set()
    return Grid(wcs, (rows, columns), scale)


def placed(image: Image) -> WCS:
    """Return the WCS of an image; `BadInput` where it has none on the sky."""
    if image.wcs is None:
        why = next((note for note in image.notes if "WCS" in note), "no WCS")
        raise BadInput(f"Nothing can be cut out of {image.name or 'this image'}: {why}.")
    return image.wcs


def across(start: WCS, end: WCS, x: Any, y: Any) -> tuple[Floats, Floats]:
    """Return where pixels of one WCS lie in another, NaN where nowhere; frames are converted.

    Raises `BadInput` where one of them is not of the sky (the Sun's, a planet's).
    """
    import numpy as np
    from astropy.coordinates import ConvertError
    from astropy.wcs import NoConvergence
    from astropy.wcs.utils import pixel_to_pixel

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # far outside of an image; NaN says the same
        try:
            there = pixel_to_pixel(start, end, np.asarray(x, float), np.asarray(y, float))
        except NoConvergence:
            return np.full(np.shape(x), np.nan), np.full(np.shape(x), np.nan)
        except (ConvertError, ValueError) as problem:
            raise BadInput(f"The WCS of an image is not one of the sky: {problem}") from problem
    return np.asarray(there[0], float), np.asarray(there[1], float)


def border(shape: tuple[int, int], count: int = 33) -> tuple[Floats, Floats]:
    """Return x and y of points around the outer edge of pixels: from -0.5 to n - 0.5."""
    import numpy as np

    rows, columns = shape
    along = np.linspace(0.0, 1.0, count)
    zero, one = np.zeros(count), np.ones(count)
    x = np.concatenate([along, one, along, zero])
    y = np.concatenate([zero, along, one, along])
    return x * columns - 0.5, y * rows - 0.5


def lattice(where: Slices, count: int = 17) -> tuple[Floats, Floats]:
    """Return x and y of points spread over rows and columns, the outer edges among them."""
    import numpy as np

    rows, columns = where
    x = np.linspace(columns.start - 0.5, columns.stop - 0.5, count)
    y = np.linspace(rows.start - 0.5, rows.stop - 0.5, count)
    grid = np.meshgrid(x, y)
    return grid[0].ravel(), grid[1].ravel()


def spanned(x: Floats, y: Floats, shape: tuple[int, int], margin: int = 0) -> Slices | None:
    """Return the whole pixels of an array that these points span; None where they miss it.

    Points without a number mean that nothing is known: then it is all of the array.
    """
    import numpy as np

    whole = (slice(0, shape[0]), slice(0, shape[1]))
    if not np.isfinite(x).any():
        return None
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return whole
    found = []
    for values, length in ((y, shape[0]), (x, shape[1])):
        # Pixel n reaches from n - 0.5 to n + 0.5; a touch of 1e-6 of a pixel is none.
        start = max(math.floor(values.min() + 0.5 + 1e-6) - margin, 0)
        stop = min(math.ceil(values.max() + 0.5 - 1e-6) + margin, length)
        if start >= stop:
            return None
        found.append(slice(start, stop))
    return found[0], found[1]
