"""This file tests that the quick way from pixels to pixels is taken only where it is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.wcs import WCS

from skyatlas.dataset import Image
from skyatlas.formats import read
from skyatlas.mosaics.grid import across, north_up
from skyatlas.mosaics.mapping import CLOSE, PixelMap, quick

from .pictures import SCALE, wcs_at


@pytest.mark.parametrize("place", [(10.0, 40.0), (0.0, 0.0), (77.0, 89.9)])
def test_the_quick_way_ends_where_the_exact_one_does(place: tuple[float, float]) -> None:
    grid = north_up(*place, (0.1, 0.1), SCALE)
    image = wcs_at((place[0] + 0.02) % 360, place[1] - 0.01, (1489, 2048), turned=33)
    _, new = quick(grid.wcs, image, grid.shape)
    assert isinstance(new, PixelMap)
    rng = np.random.default_rng(5)
    x, y = (rng.uniform(-0.5, n - 0.5, 1000) for n in reversed(grid.shape))
    exact, found = across(grid.wcs, image, x, y), new.pixel_to_world_values(x, y)
    assert np.abs(np.array(exact) - np.array(found)).max() < 1e-4


@pytest.mark.parametrize("name", ["SIP.fits", "tpv.fits.gz", "NED_M31.fits", "dss495_wcstest.mt"])
def test_real_distortions_are_followed(shared_data: Path, name: str) -> None:
    image = read(shared_data / "images" / name)
    assert isinstance(image, Image)
    assert image.wcs is not None
    assert image.scale is not None
    rows, columns = image.pixels.shape
    middle = image.wcs.pixel_to_world(columns / 2, rows / 2).icrs
    size = 0.6 * min(rows, columns) * image.scale / 3600
    grid = north_up(middle.ra.deg, middle.dec.deg, (size, size), image.scale)
    _, new = quick(grid.wcs, image.wcs, grid.shape)
    assert isinstance(new, PixelMap)
    rng = np.random.default_rng(5)
    x, y = (rng.uniform(-0.5, n - 0.5, 300) for n in reversed(grid.shape))
    exact, found = across(grid.wcs, image.wcs, x, y), new.pixel_to_world_values(x, y)
    assert np.abs(np.array(exact) - np.array(found)).max() < CLOSE


def test_where_the_grid_leaves_the_projection_the_exact_way_is_taken() -> None:
    # All the sky in one image: beyond its edges a pixel is nowhere.
    whole = WCS(naxis=2)
    whole.wcs.ctype = ["RA---AIT", "DEC--AIT"]
    whole.wcs.crval, whole.wcs.crpix, whole.wcs.cdelt = [0, 0], [181, 91], [-2, 2]
    grid = north_up(0, 0, (20, 20), 3600)
    image, onto = quick(whole, grid.wcs, (180, 360))
    assert image is grid.wcs
    assert onto is whole
