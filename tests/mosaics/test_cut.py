"""This file tests that a piece of an image has the image's own pixels, in the right place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyatlas.dataset import Image
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.mosaics import cut

from .pictures import SCALE, centroid, image_of, stars_around, wcs_at

SHAPE = (600, 800)
OFFSETS = [(0.0, 0.0), (30.0, 20.0), (-40.0, -25.0)]
WIDTH, HEIGHT = 0.04, 0.03
"""Degrees: 364 x 273 pixels."""


@pytest.mark.parametrize("place", [(180.0, 40.0), (0.0, 0.0), (359.9999, -20.0), (77.0, 89.9)])
@pytest.mark.parametrize("turned", [0.0, 10.0, 90.0, 217.0])
def test_stars_are_where_they_should_be_in_original_pixels(
    place: tuple[float, float], turned: float
) -> None:
    sky = stars_around(*place, OFFSETS)
    image = image_of(sky, wcs_at(*place, SHAPE, turned=turned), SHAPE)
    piece = cut(image, *place, WIDTH, HEIGHT)
    assert piece is not None
    for ra, dec in zip(sky.ra, sky.dec, strict=True):
        x, y, flux = centroid(piece, ra, dec)
        assert abs(x) < 0.01
        assert abs(y) < 0.01
        assert flux == pytest.approx(5000, rel=1e-3)
    assert image.wcs is not None
    assert piece.wcs is not None
    x, y = (image.wcs.wcs.crpix - piece.wcs.wcs.crpix).astype(int)
    rows, columns = piece.pixels.shape
    assert np.array_equal(piece.pixels, image.pixels[y : y + rows, x : x + columns])


def test_a_piece_of_an_image_that_is_north_up_is_no_larger_than_asked() -> None:
    image = image_of(stars_around(10, 10, OFFSETS), wcs_at(10, 10, SHAPE), SHAPE)
    pixels = 101
    piece = cut(image, 10, 10, pixels * SCALE / 3600, (pixels - 2) * SCALE / 3600)
    assert piece is not None
    # The middle of an even number of pixels is between two: one more is touched.
    assert piece.pixels.shape == (pixels - 1, pixels + 1)


@pytest.mark.parametrize("towards", [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.04), (0.0, -0.04)])
def test_what_is_not_wholly_inside_is_not_cut(towards: tuple[float, float]) -> None:
    image = image_of(stars_around(0, 0, OFFSETS), wcs_at(0, 0, SHAPE), SHAPE)
    assert cut(image, 0, 0, WIDTH, HEIGHT) is not None
    assert cut(image, towards[0] % 360, towards[1], WIDTH, HEIGHT) is None


def test_the_other_side_of_the_sky_is_not_inside() -> None:
    image = image_of(stars_around(0, 0, OFFSETS), wcs_at(0, 0, SHAPE), SHAPE)
    assert cut(image, 180, 0, WIDTH, HEIGHT) is None
    assert cut(image, 0, 90, WIDTH, HEIGHT) is None


def test_the_whole_image_is_inside_itself() -> None:
    image = image_of(stars_around(0, 0, OFFSETS), wcs_at(0, 0, SHAPE), SHAPE)
    piece = cut(image, 0, 0, SHAPE[1] * SCALE / 3600, SHAPE[0] * SCALE / 3600)
    assert piece is not None
    assert piece.pixels.shape == SHAPE


def test_errors_and_mask_come_along_and_nothing_keeps_the_image_in_memory() -> None:
    image = image_of(stars_around(0, 0, OFFSETS), wcs_at(0, 0, SHAPE), SHAPE, noise=2.0)
    image.mask[300, 400] = True
    piece = cut(image, 0, 0, WIDTH, HEIGHT)
    assert piece is not None
    assert piece.sigma is not None
    assert piece.sigma.shape == piece.mask.shape == piece.pixels.shape
    assert piece.mask.sum() == 1
    assert piece.pixels.base is None
    (row,), (column,) = np.nonzero(piece.mask)
    assert piece.wcs is not None
    assert image.wcs is not None
    here, there = piece.wcs.pixel_to_world(column, row), image.wcs.pixel_to_world(400, 300)
    assert here.separation(there).arcsec < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "SIP.fits",
        "wise-1b-1.fits",
        "dist_lookup.fits.gz",
        "tpv.fits.gz",
        "tnx.fits",
        "zpx.fits",
        "dss495_wcstest.mt",
        "tanflip.fits",
        "MAGPIS_image.fits",
        "NED_M31.fits",
    ],
)
def test_distortions_and_frames_of_real_images_move_along(shared_data: Path, name: str) -> None:
    image = read(shared_data / "images" / name)
    assert isinstance(image, Image)
    assert image.wcs is not None
    assert image.scale is not None
    rows, columns = image.pixels.shape
    middle = image.wcs.pixel_to_world(columns * 0.45, rows * 0.55)
    place = SkyCoord(middle).icrs
    size = min(rows, columns) * image.scale / 3600 / 4
    piece = cut(image, place.ra.deg, place.dec.deg, size, size * 0.8)
    assert piece is not None
    assert piece.wcs is not None
    y, x = (n // 2 for n in piece.pixels.shape)
    there = image.wcs.world_to_pixel(piece.wcs.pixel_to_world(x, y))
    column, row = (round(float(value)) for value in there)
    assert abs(float(there[0]) - column) < 2e-3
    assert abs(float(there[1]) - row) < 2e-3
    assert piece.pixels[y, x] == image.pixels[row, column]
    assert abs(column - columns * 0.45) < columns / 4


def test_an_image_without_a_place_says_why_it_cannot_be_cut(shared_data: Path) -> None:
    nowhere = read(shared_data / "images" / "a8280271.fits")
    sun = read(shared_data / "images" / "aia_171_level1.fits")
    assert isinstance(nowhere, Image)
    assert isinstance(sun, Image)
    with pytest.raises(BadInput, match="HDU 0: no WCS: the header has no axes on the sky"):
        cut(nowhere, 0, 0, 0.1, 0.1)
    with pytest.raises(BadInput, match="not one of the sky"):
        cut(sun, 0, 0, 0.1, 0.1)
