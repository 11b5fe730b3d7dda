"""This file makes one colour picture of three bands: on one grid, in balance, under one stretch.

After Lupton et al. (2004, PASP 116, 133): brightness is stretched, colour is kept, so that the
middles of stars and galaxies do not turn white. All limits come from the pixels themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.errors import BadInput
from skyatlas.plots.shrinking import ShrunkWCS, shrunk, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from skyatlas.dataset import Image

    Floats = NDArray[np.float64]

NAMES = ("red", "green", "blue")
SKY = 3.0
"""Sigma of the sky from black to its median: noise is not cut off, and the sky is dark grey."""
LINEAR = 25.0
"""Sigma of the sky at which the stretch would be white, were it a straight line."""
MOST_OF_ALL = 99.95
"""Percent of the pixels that are drawn darker than `BRIGHTEST`: one cosmic ray sets no limit."""
BRIGHTEST = 0.95
"""Of the largest value of red, green and blue together, which is 1."""
SEEN = 5.0
"""Sigma above the sky, in every band, of pixels whose mean colour becomes grey."""
ENOUGH = 20
"""Fewer of such pixels have no mean colour; then the noise of the bands is made equal."""
SAMPLE = 100_000
"""Pixels that tell what the sky is."""
SAME = 0.02
"""Pixels by which two grids may differ to be called one."""


def blended(images: Sequence[Image]) -> NDArray[np.float64]:
    """Return the picture of three images (red, green, blue) on the grid of the first.

    Shape (ny, nx, 4): red, green, blue and opacity, 0 to 1; opacity is 0 where a band has no data.
    ny, nx are those of the first image, or of `shrunk`. Raises `BadInput` for an image without a
    WCS, and where the bands do not overlap.
    """
    for image, name in zip(images, NAMES, strict=True):
        if image.wcs is None:
            raise BadInput(
                f"The {name} image has no WCS to the sky, so it is not known where it lies on the"
                " others; a colour picture needs one in each of its three images."
            )
    grid = images[0]
    bands = [np.ma.filled(shrunk(grid).astype(np.float64), np.nan)]
    bands += [_on_grid(image, grid, bands[0].shape) for image in images[1:]]
    good = np.isfinite(bands).all(axis=0)
    if not good.any():
        raise BadInput("The three images have no piece of the sky in common.")
    picture = np.zeros((*good.shape, 4))
    picture[good, :3] = _stretched(_balanced([band[good] for band in bands]))
    picture[..., 3] = good
    return picture


def _on_grid(image: Image, grid: Image, shape: tuple[int, ...]) -> Floats:
    """Return the pixels of an image on (the shrunk) grid of another, NaN where it has none."""
    if _same_grid(image, grid):
        return np.asarray(np.ma.filled(shrunk(image).astype(np.float64), np.nan))
    from reproject import reproject_interp

    values = np.ma.filled(shrunk(image).astype(np.float64), np.nan)
    mine, wanted = _wcs(image), _wcs(grid)
    made, _ = reproject_interp(
        (values, mine), wanted, shape_out=shape, order="bilinear", roundtrip_coords=False
    )
    return np.asarray(made)


def _wcs(image: Image) -> Any:
    from astropy.wcs.wcsapi import HighLevelWCSWrapper

    assert image.wcs is not None
    return HighLevelWCSWrapper(ShrunkWCS(image.wcs.celestial, steps_of(image)))


def _same_grid(one: Image, other: Image) -> bool:
    from astropy.wcs.utils import pixel_to_pixel

    if one.pixels.shape != other.pixels.shape:
        return False
    height, width = one.pixels.shape
    x, y = (axis.ravel() for axis in np.meshgrid([0.0, width - 1.0], [0.0, height - 1.0]))
    there = pixel_to_pixel(one.wcs, other.wcs, x, y)
    return bool(np.nanmax(np.abs(np.subtract(there, (x, y)))) < SAME)


def _balanced(bands: Sequence[Floats]) -> list[Floats]:
    """Take the sky away and bring the bands, which may be in any unit, to one scale.

    What is seen in all three has a mean colour of grey, and the sky of the first a sigma of 1.
    """
    above = []
    for band in bands:
        sky, sigma = _sky(band)
        above.append((band - sky) / sigma)
    seen = np.min(above, axis=0) > SEEN
    if np.count_nonzero(seen) < ENOUGH:
        return above
    mean = np.mean([band[seen] for band in above], axis=0)
    return [band / float(np.median(band[seen] / mean)) for band in above]


def _sky(band: Floats) -> tuple[float, float]:
    """Return the level of the sky and its sigma; where all is one value, sigma is of its size."""
    from astropy.stats import sigma_clipped_stats

    sample = band[:: max(1, band.size // SAMPLE)]
    _, middle, sigma = sigma_clipped_stats(sample, sigma=3.0, maxiters=10, cenfunc="median")
    spread = float(np.ptp(np.percentile(sample, (0.1, 99.9))))
    least = spread or abs(float(middle)) or 1.0  # a model of the sky has no noise
    return float(middle), max(float(sigma), 1e-5 * least)


def _stretched(bands: Sequence[Floats]) -> Floats:
    """Return red, green and blue, 0 to 1, shape (n, 3)."""
    from astropy.visualization import LuptonAsinhStretch

    light = np.mean(bands, axis=0)
    _, sigma = _sky(light)
    light = light + SKY * sigma
    linear, q = _asinh(float(np.percentile(light, MOST_OF_ALL)), sigma)
    factor = LuptonAsinhStretch(stretch=linear, Q=q)(light, clip=False) / np.maximum(light, 1e-9)
    colours = np.stack([(band + SKY * sigma) * factor for band in bands], axis=-1)
    colours = np.clip(colours, 0.0, None)
    return np.asarray(colours / np.maximum(colours.max(axis=-1, keepdims=True), 1.0))


def _asinh(brightest: float, sigma: float) -> tuple[float, float]:
    """Return Lupton's stretch and Q: a dark sky, and `BRIGHTEST` for the brightest pixels."""
    linear = max(min(LINEAR * sigma, brightest), 1e-9)
    low, high = 1e-3, 1e9
    for _ in range(80):
        q = (low * high) ** 0.5
        value = np.arcsinh(brightest * q / linear) * 0.1 / np.arcsinh(0.1 * q)
        low, high = (q, high) if value > BRIGHTEST else (low, q)
    return linear, q
