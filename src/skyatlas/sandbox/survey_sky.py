"""This file paints the image surveys' sky onto the pixels of any WCS, without noise.

Invariant: a source stands where the WCS says, to less than a hundredth of a pixel: Gaussians are
drawn at fractional pixels, and the disc of a galaxy is round about its centre.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skyatlas.sandbox.light import Star, shines
from skyatlas.sandbox.sky import OBJECTS, Position, distance
from skyatlas.sandbox.starfield import named_in, stars_in

if TYPE_CHECKING:
    import numpy as np
    from astropy.coordinates import BaseCoordinateFrame
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Shape = tuple[int, int]
"""(ny, nx)."""
FAINTEST = 17.0
"""Magnitude of the faintest star that is bright."""
ALONE = 14.0
"""Pixels around a bright star in which there is no other, and no end of the picture."""
_WIDE = 1.5  # degrees from the middle: in wider pictures only named objects and their fields shine
_DISC = 12.0  # arcsec: scale length of every galaxy's disc
_LENGTHS = 12.0  # of them until it ends
_CENTRAL = 20.5  # magnitudes in a square arcsec: the middle of every disc
_NARROWEST = 1.1  # pixels, sigma: a narrower Gaussian's samples do not keep its centre


def paint(
    wcs: WCS,
    shape: Shape,
    *,
    seed: int,
    seeing: float,
    scale: float,
    zero_point: float,
    background: float,
) -> Floats:
    """The picture, shape (ny, nx), without noise: `background` and all that shines.

    `seeing` is arcsec (FWHM), `scale` arcsec in a pixel, `zero_point` the magnitude of one count.
    """
    import numpy as np

    canvas = np.full(shape, background, dtype=np.float64)
    sigma = max(seeing / 2.355 / scale, _NARROWEST)
    centre, radius = _extent(wcs, shape, (6.0 * sigma + 1.0) * scale / 3600.0)
    stars = _stars(centre, radius, seed)
    x, y = _pixels(wcs, [(star.ra, star.dec) for star in stars])
    for column, row, star in zip(x, y, stars, strict=True):
        height = 10.0 ** (-0.4 * (star.magnitude - zero_point)) / (2.0 * math.pi * sigma**2)
        _add_star(canvas, float(column), float(row), height, sigma)
    discs = _discs(centre, radius)
    x, y = _pixels(wcs, discs)
    height = 10.0 ** (-0.4 * (_CENTRAL - zero_point)) * scale**2
    for column, row in zip(x, y, strict=True):
        _add_disc(canvas, float(column), float(row), height, _DISC / scale, sigma)
    return canvas


def bright_in(wcs: WCS, shape: Shape, seed: int) -> list[tuple[Star, float, float]]:
    """The bright stars that stand alone in a picture, brightest first, with x and y (from 0)."""
    import numpy as np

    centre, radius = _extent(wcs, shape, 0.02)
    stars = _stars(centre, radius, seed)
    x, y = _pixels(wcs, [(star.ra, star.dec) for star in stars])
    discs = _discs(centre, radius)
    found = []
    for column, row, star in zip(x, y, stars, strict=True):
        ends = (column, row, shape[1] - 1 - column, shape[0] - 1 - row)
        if star.magnitude > FAINTEST or not min(ends) > ALONE:
            continue
        alone = np.count_nonzero(np.hypot(x - column, y - row) <= ALONE) == 1
        apart = (distance((star.ra, star.dec), disc) for disc in discs)
        if alone and all(away > _LENGTHS * _DISC / 3600.0 for away in apart):
            found.append((star, float(column), float(row)))
    return sorted(found, key=lambda one: one[0].magnitude)


def _stars(centre: Position, radius: float, seed: int) -> tuple[Star, ...]:
    found = stars_in if radius <= _WIDE else named_in
    return found(*centre, radius, seed)


def _discs(centre: Position, radius: float) -> list[Position]:
    galaxies = [(known.ra, known.dec) for known in OBJECTS if shines(known)]
    return [place for place in galaxies if distance(centre, place) <= radius + 0.05]


def _extent(wcs: WCS, shape: Shape, margin: float) -> tuple[Position, float]:
    """The middle of a picture, and how far (degrees) it reaches from there; `margin` is added."""
    import numpy as np

    rows, columns = shape
    ends = np.linspace(-0.5, columns - 0.5, 9), np.linspace(-0.5, rows - 0.5, 9)
    grid = np.stack([one.ravel() for one in np.meshgrid(*ends)], axis=-1)
    sky = places(wcs, grid)
    middle = len(sky) // 2
    if not np.isfinite(sky).all():
        return (0.0, 0.0), 180.0  # ends of the sky are in the picture
    centre = (float(sky[middle, 0]), float(sky[middle, 1]))
    far = max(distance(centre, (float(ra), float(dec))) for ra, dec in sky)
    return centre, min(1.02 * far + margin, 180.0)


def places(wcs: WCS, pixels: Floats) -> Floats:
    """Right ascension and declination (ICRS), shape (n, 2), of pixels counted from 0.

    Not a number where a pixel is beyond the end of the sky.
    """
    import numpy as np

    sky: Floats = wcs.all_pix2world(pixels, 0)[:, [wcs.wcs.lng, wcs.wcs.lat]]
    frame = _frame(wcs)
    if frame is None:
        return sky
    from astropy.coordinates import SkyCoord

    good = np.isfinite(sky).all(axis=1)
    found = np.full_like(sky, np.nan)
    turned = SkyCoord(*sky[good].T, unit="deg", frame=frame).icrs
    found[good] = np.stack([turned.ra.deg, turned.dec.deg], axis=-1)
    return found


def _pixels(wcs: WCS, stars: list[Position]) -> tuple[Floats, Floats]:
    """Where places are, counted from 0; not a number for those that the projection cannot show."""
    import numpy as np

    sky = np.array(stars, dtype=np.float64).reshape(-1, 2)
    frame = _frame(wcs)
    if frame is not None and len(sky):
        from astropy.coordinates import SkyCoord

        turned = SkyCoord(*sky.T, unit="deg").transform_to(frame).spherical
        sky = np.stack([turned.lon.deg, turned.lat.deg], axis=-1)
    if not len(sky):
        return sky[:, 0], sky[:, 1]
    world = np.empty_like(sky)
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = sky.T
    found = wcs.all_world2pix(world, 0, quiet=True, tolerance=1e-5)
    return found[:, 0], found[:, 1]


def _frame(wcs: WCS) -> BaseCoordinateFrame | None:
    """The frame of a WCS where it is another than ICRS."""
    from astropy.coordinates import ICRS, BarycentricMeanEcliptic
    from astropy.wcs.utils import wcs_to_celestial_frame

    if str(wcs.wcs.ctype[wcs.wcs.lng]).startswith("ELON"):
        return BarycentricMeanEcliptic()  # astropy 7 takes ecliptic axes for equatorial ones
    frame = wcs_to_celestial_frame(wcs)
    return None if isinstance(frame, ICRS) else frame


def _window(place: float, reach: float, count: int) -> tuple[int, int]:
    low = max(math.ceil(place - reach), 0)
    return low, max(min(math.floor(place + reach) + 1, count), low)


def _add_star(canvas: Floats, x: float, y: float, height: float, sigma: float) -> None:
    import numpy as np

    if not math.isfinite(x + y):
        return
    left, right = _window(x, 6.0 * sigma, canvas.shape[1])
    low, high = _window(y, 6.0 * sigma, canvas.shape[0])
    across = np.exp(-0.5 * ((np.arange(left, right) - x) / sigma) ** 2)
    along = np.exp(-0.5 * ((np.arange(low, high) - y) / sigma) ** 2)
    canvas[low:high, left:right] += height * along[:, None] * across


def _add_disc(
    canvas: Floats, x: float, y: float, height: float, length: float, sigma: float
) -> None:
    """An exponential disc, round and, as seen through the air, without a cusp."""
    import numpy as np

    if not math.isfinite(x + y):
        return
    wide = max(length, sigma)
    height *= (length / wide) ** 2  # in pixels wider than the disc all its light is in a few
    reach = _LENGTHS * wide
    left, right = _window(x, reach, canvas.shape[1])
    low, high = _window(y, reach, canvas.shape[0])
    squared = (np.arange(low, high)[:, None] - y) ** 2 + (np.arange(left, right) - x) ** 2
    canvas[low:high, left:right] += height * np.exp((sigma - np.sqrt(squared + sigma**2)) / wide)
