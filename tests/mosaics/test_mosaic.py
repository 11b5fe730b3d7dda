"""This file tests that an image of several has its stars in place, their flux, and no seams."""

from __future__ import annotations

import dataclasses
from typing import Any

import astropy.units as u
import numpy as np
import pytest

from skyatlas.dataset import Image
from skyatlas.errors import BadInput
from skyatlas.mosaics import mosaic

from .pictures import SCALE, centroid, image_of, stars_around, wcs_at

SHAPE = (300, 420)
SIZE = 0.05
"""Degrees: 455 pixels."""
OFFSETS = [(x, y) for x in (-72, -36, 0, 36, 72) for y in (-72, -36, 0, 36, 72)]
"""Arcsec. Those in the middle lie on the borders of the frames."""
LEVELS = (3.0, 40.0, -25.0, 7.5)


def four(place: tuple[float, float], *, noise: float = 0.0, **more: Any) -> list[Image]:
    """Four frames around a place, turned, each with its own level, that overlap by 10 percent."""
    sky = stars_around(*place, OFFSETS)
    plane = wcs_at(*place, (1, 1))
    images = []
    for n, (x, y) in enumerate(((-185, -130), (185, -130), (-185, 130), (185, 130))):
        ra, dec = (float(value) for value in plane.pixel_to_world_values(x, y))
        # North in the frame is where it is at its own middle: near a pole it turns along.
        wcs = wcs_at(ra, dec, SHAPE, turned=3.0 * n - 5 + _convergence(place, ra, dec))
        images.append(image_of(sky, wcs, SHAPE, level=LEVELS[n], noise=noise, seed=n, **more))
    return images


def _convergence(place: tuple[float, float], ra: float, dec: float) -> float:
    """How far north there is turned against north here, degrees."""
    plane = wcs_at(*place, (1, 1))
    x, y = plane.world_to_pixel_values([ra, ra], [dec, dec + 1e-5])
    return float(np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0])))


@pytest.mark.parametrize("place", [(180.0, 40.0), (0.0, 0.0), (359.999, -30.0), (123.0, 89.9)])
def test_stars_stay_in_place_and_keep_their_flux(place: tuple[float, float]) -> None:
    sky = stars_around(*place, OFFSETS)
    made = mosaic(four(place), *place, SIZE, SIZE)
    assert made.resampled
    assert made.image.scale == pytest.approx(SCALE)
    found = [centroid(made.image, ra, dec) for ra, dec in zip(sky.ra, sky.dec, strict=True)]
    assert max(abs(x) for x, _, _ in found) < 0.05
    assert max(abs(y) for _, y, _ in found) < 0.05
    assert [flux for *_, flux in found] == pytest.approx([5000] * len(found), rel=5e-3)


def test_north_is_up_and_east_is_left() -> None:
    made = mosaic(four((180, 40)), 180, 40, SIZE, SIZE)
    wcs = made.image.wcs
    assert wcs is not None
    y, x = ((n - 1) / 2 for n in made.image.pixels.shape)
    ra, dec = wcs.pixel_to_world_values([x, x - 100, x], [y, y, y + 100])
    assert (ra[0], dec[0]) == pytest.approx((180, 40))
    assert ra[1] > ra[0]
    assert dec[2] > dec[0]
    assert ra[2] == pytest.approx(ra[0])


def test_backgrounds_are_matched_and_the_level_is_the_first_images() -> None:
    made = mosaic(four((180, 40), noise=1.0), 180, 40, SIZE, SIZE)
    expected = [level - LEVELS[0] for level in LEVELS]
    assert made.offsets[0] == 0.0
    assert made.offsets == pytest.approx(expected, abs=0.1)
    assert np.nanmedian(made.image.pixels) == pytest.approx(LEVELS[0], abs=0.1)


def test_a_seam_is_far_below_the_noise() -> None:
    images = four((180, 40), noise=1.0)
    empty = [_without_stars(image, n) for n, image in enumerate(images)]
    pixels = mosaic(empty, 180, 40, SIZE, SIZE).image.pixels
    # Medians of blocks of 35 x 35 pixels: a step between frames would show as two levels.
    blocks = pixels[: 35 * 13, : 35 * 13].reshape(13, 35, 13, 35).transpose(0, 2, 1, 3)
    levels = np.nanmedian(blocks.reshape(13, 13, -1), axis=-1)
    assert np.nanmax(np.abs(levels - LEVELS[0])) < 0.3
    assert np.nanstd(levels) < 0.08


def test_where_backgrounds_differ_by_more_than_a_constant_there_is_still_no_step() -> None:
    sky = stars_around(0, 0, [(0, 0)])
    left, right = (
        image_of(sky, wcs_at(x % 360, 0, SHAPE), SHAPE, level=5.0) for x in (0.012, -0.012)
    )
    tilt = np.linspace(-4, 4, SHAPE[1], dtype=np.float32)
    empty = [
        dataclasses.replace(left, pixels=np.full(SHAPE, 5.0, np.float32)),
        dataclasses.replace(right, pixels=np.full(SHAPE, 5.0, np.float32) + tilt),
    ]
    pixels = mosaic(empty, 0, 0, 0.04, 0.02).image.pixels
    # The tilt itself rises by 0.02 a pixel; without falling weights the edges of frames are steps
    # of about 1.
    assert np.nanmax(np.abs(np.diff(pixels, axis=1))) < 0.15


def test_pixels_are_as_precise_as_those_of_the_images() -> None:
    images = four((180, 40))
    assert mosaic(images, 180, 40, 0.01, 0.01).image.pixels.dtype == np.float32
    double = dataclasses.replace(images[0], pixels=images[0].pixels.astype(np.float64))
    assert mosaic([double], 180, 40, 0.01, 0.01).image.pixels.dtype == np.float64


def _without_stars(image: Image, n: int) -> Image:
    noise = np.random.default_rng(n).normal(LEVELS[n], 1.0, SHAPE)
    return dataclasses.replace(image, pixels=noise.astype(np.float32))


def test_images_that_do_not_touch_keep_their_own_levels() -> None:
    sky = stars_around(0, 0, OFFSETS)
    apart = [
        image_of(sky, wcs_at(x % 360, 0, (100, 100)), (100, 100), level=level)
        for x, level in ((-0.02, 5.0), (0.02, 9.0))
    ]
    made = mosaic(apart, 0, 0, SIZE, SIZE)
    assert made.offsets == (0.0, 0.0)


def test_what_no_image_covers_is_masked_and_counted() -> None:
    images = four((180, 40))
    images[0].mask[100:140, 200:240] = True
    alone = mosaic(images[:1], 180, 40, SIZE, SIZE)
    assert np.array_equal(alone.image.mask, np.isnan(alone.image.pixels))
    assert alone.coverage == pytest.approx(1 - alone.image.mask.mean())
    assert 0.2 < alone.coverage < 0.4
    # A hole in one is filled by another where there is one: nothing here.
    assert mosaic(images, 180, 40, SIZE, SIZE).coverage > alone.coverage


def test_where_no_image_is_nothing_is_covered() -> None:
    made = mosaic(four((180, 40)), 10, -40, SIZE, SIZE)
    assert made.coverage == 0.0
    assert made.offsets == (None, None, None, None)
    assert made.image.mask.all()


@pytest.mark.parametrize("scale", [0.25, 0.8, 1.2])
def test_flux_is_kept_at_other_scales(scale: float) -> None:
    sky = stars_around(180, 40, OFFSETS)
    made = mosaic(four((180, 40)), 180, 40, SIZE, SIZE, scale=scale)
    reach = round(9 * SCALE / scale) + 2
    found = [centroid(made.image, ra, dec, reach) for ra, dec in zip(sky.ra, sky.dec, strict=True)]
    assert made.image.scale == pytest.approx(scale)
    assert [flux for *_, flux in found] == pytest.approx([5000] * len(found), rel=5e-3)
    assert max(max(abs(x), abs(y)) for x, y, _ in found) < 0.05


def test_a_grid_whose_middle_is_nowhere_in_the_image_is_filled_where_it_is_somewhere() -> None:
    whole = wcs_at(0, 0, (90, 180), scale=7200)
    whole.wcs.ctype, whole.wcs.cd = ["RA---AIT", "DEC--AIT"], [[-2, 0], [0, 2]]
    whole.wcs.set()
    sky = stars_around(0, 0, [(0, 0)])
    flat = image_of(sky, whole, (90, 180), level=3.0, unit_text="K", unit=u.K / u.sr)
    # As seen from the edge of the map, where half of the tangent plane is on its other side.
    made = mosaic([flat], 180, 0, 60, 60, scale=7200)
    assert 0 < made.coverage <= 1
    assert np.nanmedian(made.image.pixels) == pytest.approx(3.0)


def test_images_of_different_scales_agree_in_flux() -> None:
    sky = stars_around(180, 40, [(0, 0), (20, 10)])
    fine = image_of(sky, wcs_at(180, 40, (300, 300)), (300, 300))
    coarse_wcs = wcs_at(180, 40, (200, 200), scale=0.5, turned=20)
    coarse = image_of(sky, coarse_wcs, (200, 200), scale=0.5)
    made = mosaic([fine, coarse], 180, 40, 0.02, 0.02)
    for ra, dec in zip(sky.ra, sky.dec, strict=True):
        assert centroid(made.image, ra, dec)[2] == pytest.approx(5000, rel=5e-3)


@pytest.mark.parametrize("unit", [u.MJy / u.sr, u.Jy / u.beam, None])
def test_a_brightness_does_not_depend_on_the_size_of_pixels(unit: Any) -> None:
    text = "MYJY/BEA" if unit is None else str(unit)  # so it stands in a header of NED
    sky = stars_around(180, 40, [(0, 0)])
    flat = image_of(sky, wcs_at(180, 40, SHAPE), SHAPE, level=7.0, unit=unit, unit_text=text)
    made = mosaic([flat], 180, 40, 0.02, 0.02, scale=0.8)
    assert np.median(made.image.pixels) == pytest.approx(7.0)
    counts = image_of(sky, wcs_at(180, 40, SHAPE), SHAPE, level=7.0)
    made = mosaic([counts], 180, 40, 0.02, 0.02, scale=0.8)
    assert np.median(made.image.pixels) == pytest.approx(7.0 * (0.8 / SCALE) ** 2, rel=1e-3)


def test_errors_are_those_of_the_mean() -> None:
    images = four((180, 40), noise=2.0)
    made = mosaic([images[0], dataclasses.replace(images[0])], 180.02, 39.99, 0.01, 0.01)
    assert made.image.sigma is not None
    assert np.median(made.image.sigma) == pytest.approx(2 / np.sqrt(2), rel=0.05)
    without = dataclasses.replace(images[0], sigma=None)
    assert mosaic([images[0], without], 180.02, 39.99, 0.01, 0.01).image.sigma is None


def test_images_are_brought_to_the_zero_point_of_the_first() -> None:
    sky = stars_around(180, 40, [(0, 0)])
    first = image_of(sky, wcs_at(180, 40, SHAPE), SHAPE, zero_point=32.0)
    brighter = dataclasses.replace(sky, flux=sky.flux * 10**0.4)
    second = image_of(brighter, wcs_at(180, 40, SHAPE, turned=20), SHAPE, zero_point=33.0)
    made = mosaic([first, second], 180, 40, 0.02, 0.02)
    assert centroid(made.image, 180, 40)[2] == pytest.approx(5000, rel=5e-3)
    assert made.image.zero_point == 32.0


def test_asinh_scaled_images_are_made_linear_first() -> None:
    sky = stars_around(180, 40, [(0, 0)])
    linear = image_of(sky, wcs_at(180, 40, SHAPE), SHAPE, level=10.0)
    pixels = 2.5 * np.log10(np.e) * np.arcsinh((linear.pixels.astype(float) - 10) / (2 * 5.0))
    scaled = dataclasses.replace(linear, pixels=pixels, meta={"BSOFTEN": 5.0, "BOFFSET": 10.0})
    made = mosaic([scaled], 180, 40, 0.02, 0.02)
    assert centroid(made.image, 180, 40)[2] == pytest.approx(5000, rel=5e-3)
    assert "BSOFTEN" not in made.image.meta


def test_cards_that_all_images_share_are_kept() -> None:
    images = [
        dataclasses.replace(image, meta={"TELESCOP": "2.5m", "RUN": n, "EXPTIME": 50.0 + n})
        for n, image in enumerate(four((180, 40)))
    ]
    made = mosaic(images, 180, 40, SIZE, SIZE)
    assert made.image.meta == {"TELESCOP": "2.5m", "EXPTIME": 50.0}  # the zero point hangs on it
    assert made.image.notes == ("resampled to 0.396 arcsec, of 4 images; noise is correlated",)


def test_images_in_other_units_are_refused() -> None:
    first, second, *_ = four((180, 40))
    other = dataclasses.replace(second, unit=u.nmgy, unit_text="nanomaggy")
    with pytest.raises(BadInput, match="different units cannot be put together: adu and nanomaggy"):
        mosaic([first, other], 180, 40, SIZE, SIZE)
    with pytest.raises(BadInput, match="an image at least"):
        mosaic([], 180, 40, SIZE, SIZE)
