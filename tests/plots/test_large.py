"""This file tests how large images are made small enough to draw: means, places, masks."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from astropy.wcs import WCS

from skyatlas.dataset import Image
from skyatlas.plots import plot_image
from skyatlas.plots.shrinking import ShrunkWCS, shrunk, steps_of

from .made_sky import grid, near

PLACE = (150.0, 20.0)


def image_of(pixels: Any, wcs: WCS | None = None, mask: Any = None) -> Image:
    mask = np.zeros(pixels.shape, dtype=bool) if mask is None else mask
    return Image(pixels, wcs, None, "", None, mask)


def test_small_images_are_drawn_as_they_are() -> None:
    image = image_of(np.arange(12, dtype=np.int16).reshape(3, 4))
    assert shrunk(image).dtype == np.int16
    assert np.array_equal(shrunk(image), image.pixels)


@pytest.mark.parametrize("at_once", [1, 4_000_000])
def test_blocks_are_means_of_the_pixels_that_may_be_used(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyatlas.plots import shrinking

    monkeypatch.setattr(shrinking, "AT_ONCE", at_once)
    pixels = np.random.default_rng(1).normal(10, 1, (203, 401)).astype(np.float32)
    mask = np.random.default_rng(2).random(pixels.shape) < 0.2
    mask[:2, :4] = True
    pixels[mask] = np.nan
    image = image_of(pixels, mask=mask)
    small = shrunk(image, 100)
    assert steps_of(image, 100) == (2, 4)
    assert small.shape == (102, 101)
    assert small.mask[0, 0]
    whole = pixels[:202, :400].reshape(101, 2, 100, 4)
    nothing = np.isnan(whole).all(axis=(1, 3))
    assert np.array_equal(small.mask[:101, :100], nothing)
    assert small[5, 7] == pytest.approx(np.nanmean(pixels[10:12, 28:32]))
    assert small[-1, -1] == pytest.approx(np.nanmean(pixels[202:, 400:]), nan_ok=True)


def test_a_large_image_is_drawn_small_with_every_star_in_its_place() -> None:
    shape = (3010, 4003)
    wcs = grid(PLACE, "turned", shape=shape)
    pixels = np.zeros(shape, dtype=np.float32)
    star = near(PLACE, 700, -500)
    x, y = (float(one) for one in wcs.world_to_pixel(star))
    pixels[round(y) - 8 : round(y) + 9, round(x) - 8 : round(x) + 9] = 1000
    axes: Any = plot_image(image_of(pixels, wcs))
    drawn = axes.images[0]
    assert max(drawn.get_array().shape) <= 1500
    row, column = np.unravel_index(np.argmax(drawn.get_array()), drawn.get_array().shape)
    left, right, bottom, top = drawn.get_extent()
    rows, columns = drawn.get_array().shape
    assert left + (column + 0.5) * (right - left) / columns == pytest.approx(x, abs=10)
    assert bottom + (row + 0.5) * (top - bottom) / rows == pytest.approx(y, abs=10)
    edge = drawn.get_clip_path().get_fully_transformed_path().vertices
    corners = drawn.get_transform().inverted().transform(edge)
    assert np.ptp(corners, axis=0) == pytest.approx(shape[::-1])
    there = axes.wcs.world_to_pixel_values(star.ra.deg, star.dec.deg)
    shown = axes.transData.inverted().transform(drawn.get_transform().transform([x, y]))
    assert there == pytest.approx(tuple(shown), abs=0.01)


def test_the_wcs_of_blocks_is_that_of_their_middles() -> None:
    wcs = grid(PLACE, "turned")
    small = ShrunkWCS(wcs, (3, 5))
    there = np.array(wcs.pixel_to_world_values(12, 13))
    assert np.array(small.pixel_to_world_values(2, 4)) == pytest.approx(there)
    back = small.world_to_pixel_values(*small.pixel_to_world_values(2, 4))
    assert np.array(back) == pytest.approx((2, 4))


def test_drawing_does_not_copy_a_large_image() -> None:
    image = image_of(np.ones((6000, 6000), dtype=np.float32))
    tracemalloc.start()
    try:
        shrunk(image)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < image.pixels.nbytes
