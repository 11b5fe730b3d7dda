"""This file lays one image onto a grid: only the part that is needed is read and interpolated.

Invariant: flux in apertures is kept. Interpolation keeps surface brightness; what is counted in a
pixel is scaled by the area of the new pixel in old ones.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.mosaics.cutting import moved
from skyatlas.mosaics.grid import Grid, Slices, across, border, lattice, placed, spanned

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from skyatlas.dataset import Image

    Floats = NDArray[np.float32 | np.float64]

COARSER = 1.5
"""From this factor on between new and old pixels, points in between would be missed: average."""
RAMP = 64
"""Pixels from the edge of an image over which its weight grows to 1; less in small images."""
DENSITY = re.compile(
    r"(/|per)\s*(sr|ster|beam?|arcsec|deg)|(sr|beam|arcsec\d?)\*{0,2}\^?\(?-\d", re.IGNORECASE
)
"""Units, in the words of headers that do not parse, that do not depend on the size of pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """An image on the rows and columns of the grid that it touches."""

    where: Slices
    values: Floats
    """Per pixel of the grid, in the unit of the reference; NaN where there is nothing."""
    variance: Floats | None
    weight: Floats
    """Falls to 0 at the edges of the image."""

    def part(self, values: Floats, shared: Sequence[slice]) -> Floats:
        """Return the part of an array of this image on rows and columns of the grid."""
        rows, columns = (
            slice(part.start - own.start, part.stop - own.start)
            for part, own in zip(shared, self.where, strict=True)
        )
        return values[rows, columns]


def laid_on(grid: Grid, image: Image, factor: float = 1.0) -> Laid | None:
    """Return an image on a grid, times a factor; None where it does not touch the grid."""
    import numpy as np

    wcs = placed(image)
    rows, columns = image.pixels.shape
    # Where the image lies on the grid, and what of the image that part of the grid needs. Its edge
    # alone would do, but for maps of the whole sky: there the edge is no place at all.
    inner = lattice((slice(0, rows), slice(0, columns)))
    points = np.concatenate([border((rows, columns), 65), inner], axis=1)
    where = spanned(*across(wcs, grid.wcs, *points), grid.shape, margin=1)
    if where is None:
        return None
    onto = moved(grid.wcs, where)
    shape = (where[0].stop - where[0].start, where[1].stop - where[1].start)
    area = _area(grid, image, wcs, where)
    margin = 4 + int(4 * area**0.5)
    needed = spanned(*across(grid.wcs, wcs, *lattice(where)), (rows, columns), margin)
    if needed is None:
        return None
    found = _resampled(image, needed, onto, shape, area)
    scaled = factor if _is_density(image) else factor * area
    values, weight = found[0] * scaled, np.nan_to_num(found[1])
    values[weight <= 0] = np.nan
    variance = None
    if image.sigma is not None:
        # Where new pixels are larger, as many old ones are averaged.
        variance = (found[2] * scaled**2 / max(area, 1.0)).astype(np.float32)
    kind = np.result_type(image.pixels.dtype, np.float32)
    return Laid(where, values.astype(kind), variance, weight.astype(np.float32))


def _area(grid: Grid, image: Image, wcs: WCS, where: Slices) -> float:
    """Old pixels in a new one, in the middle of the part of the grid; else by the two scales."""
    y, x = ((part.start + part.stop - 1) / 2 for part in where)
    there = across(grid.wcs, wcs, [x, x + 1, x], [y, y, y + 1])
    (x0, x1, x2), (y0, y1, y2) = there
    found = abs(float((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)))
    return found if found < math.inf else (grid.scale / (image.scale or grid.scale)) ** 2


def _resampled(
    image: Image, needed: Slices, onto: WCS, shape: tuple[int, int], area: float
) -> NDArray[Any]:
    """Pixels, weight and (where there are errors) variance: shape (2 or 3, *shape).

    Bilinear, or where new pixels are much larger the average over them (DeForest 2004); all three
    share the one calculation of where pixels lie.
    """
    import numpy as np
    from reproject import reproject_adaptive, reproject_interp

    from skyatlas.mosaics.mapping import quick  # it needs astropy

    pixels = np.where(image.mask[needed], np.nan, image.pixels[needed].astype(np.float64))
    stack = [pixels, _edge_weight(image.pixels.shape, needed)]
    if image.sigma is not None:
        stack.append(image.sigma[needed].astype(np.float64) ** 2)
    assert image.wcs is not None
    old, new = quick(onto, moved(image.wcs, needed), shape)
    resample = reproject_interp if area < COARSER**2 else reproject_adaptive
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beyond the edges there is no number, and NaN says so
        found = resample(
            (np.stack(stack), old),
            new,
            shape_out=shape,
            roundtrip_coords=False,
            return_footprint=False,
        )
    return np.asarray(found)


def _edge_weight(shape: tuple[int, ...], needed: Slices) -> Floats:
    import numpy as np

    ramp = min(RAMP, max(1, min(shape) // 8))
    sides = []
    for length, part in zip(shape, needed, strict=True):
        places = np.arange(part.start, part.stop)
        sides.append(np.minimum(np.minimum(places + 1, length - places) / ramp, 1.0))
    return np.asarray(np.minimum.outer(*sides))


def _is_density(image: Image) -> bool:
    """Whether pixels hold a brightness (per steradian, per beam), not what fell into them."""
    import astropy.units as u

    if image.unit is None:
        return DENSITY.search(image.unit_text) is not None
    pairs = zip(image.unit.bases, image.unit.powers, strict=True)
    return any(
        power < 0 and (base == u.beam or base.is_equivalent(u.rad) or base.is_equivalent(u.sr))
        for base, power in pairs
    )
