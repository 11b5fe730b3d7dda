"""This file tests colour pictures: red is red wherever the bands lie, and no core turns white."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skyatlas.dataset import Image
from skyatlas.errors import BadInput
from skyatlas.plots import colour_figure, plot_colour
from skyatlas.plots.blending import blended

from .made_sky import GRIDS, PLACES, grid, near, seen

PLACE = (150.0, 20.0)
WHITES = [(-30.0, -30.0), (40.0, -10.0), (-45.0, 10.0), (10.0, 40.0), (0.0, -42.0)]
"""Stars of the mean colour, arcsec east and north."""
COLOURED = {0: (25.0, 20.0), 1: (-20.0, 25.0), 2: (15.0, -30.0)}
"""Stars ten times as bright in one band as in the others."""


def band(
    number: int,
    place: tuple[float, float] = PLACE,
    how: str = "north up",
    scale: float = 1.0,
    peak: float = 300.0,
    **more: Any,
) -> Image:
    wcs = grid(place, how, scale=scale)
    stars = [(near(place, *offset), peak) for offset in WHITES]
    for mine, offset in COLOURED.items():
        stars.append((near(place, *offset), peak * (10 if mine == number else 1)))
    return seen(wcs, *stars, seed=number, width=2.5 / scale, **more)


def bands(**how: Any) -> list[Image]:
    return [band(number, **how) for number in range(3)]


def at(image: Image, picture: Any, place: Any) -> Any:
    assert image.wcs is not None
    x, y = (round(float(one)) for one in image.wcs.world_to_pixel(place))
    return picture[y, x, :3]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("how", GRIDS)
def test_red_is_red_green_is_green_and_blue_is_blue_on_any_three_grids(
    how: str, place: tuple[float, float]
) -> None:
    images = [
        band(0, place),
        band(1, place, how, scale=0.9),
        band(2, place, "mirrored", scale=1.1),
    ]
    picture = blended(images)
    assert picture.shape == (120, 150, 4)
    for number, offset in COLOURED.items():
        colour = at(images[0], picture, near(place, *offset))
        others = np.delete(colour, number)
        assert colour[number] > 0.8
        assert others.max() < 0.6 * colour[number], colour
    white = at(images[0], picture, near(place, *WHITES[0]))
    assert white.min() > 0.6 * white.max()


def test_the_sky_is_dark_grey_and_the_middles_of_bright_stars_keep_their_colour() -> None:
    image, *others = bands(peak=30_000.0)
    picture = blended([image, *others])[..., :3]
    sky = np.median(picture, axis=(0, 1))
    assert 0.05 < sky.min() <= sky.max() < 0.2
    assert sky.max() - sky.min() < 0.02
    assert (picture.min(axis=2) < 0.97).all()
    assert picture.max() == pytest.approx(1.0)
    for number, offset in COLOURED.items():
        colour = np.delete(at(image, picture, near(PLACE, *offset)), number)
        assert colour.max() < 0.2  # as in its wings: a tenth


def test_units_and_depths_of_the_bands_do_not_matter() -> None:
    images = bands()
    others = [
        replace(image, pixels=image.pixels * factor)
        for image, factor in zip(images, (1.0, 1e-20, 5e7), strict=True)
    ]
    assert np.allclose(blended(images), blended(others), atol=1e-6)


def test_what_most_sources_have_is_grey_where_one_band_is_deeper_than_the_others() -> None:
    images = [band(0), band(1, peak=3000.0), band(2)]
    white = at(images[0], blended(images), near(PLACE, *WHITES[0]))
    assert white.min() > 0.8 * white.max()


def test_a_cosmic_ray_does_not_turn_the_rest_black() -> None:
    images = bands()
    hit = images[0].pixels.copy()
    hit[60, 75] = 1e9
    picture, struck = blended(images), blended([replace(images[0], pixels=hit), *images[1:]])
    struck[60, 75] = picture[60, 75]
    assert np.abs(struck - picture).max() < 0.05


def test_images_without_noise_or_of_one_value_become_pictures() -> None:
    smooth = [band(number, noise=1e-6, peak=1e8) for number in range(3)]
    assert np.isfinite(blended(smooth)).all()
    flat = [seen(grid(PLACE), noise=0.0, sky=value) for value in (0.0, 5.0, -3.0)]
    assert np.isfinite(blended(flat)).all()


def test_what_a_band_has_not_seen_is_light_grey_and_said() -> None:
    images = bands()
    images[1].mask[:60] = True
    picture = blended(images)
    assert (picture[:60, :, 3] == 0).all()
    assert (picture[60:, :, 3] == 1).all()
    axes: Any = plot_colour(*images)
    assert axes.coords[0].get_axislabel().endswith("light grey: no data in a band")
    assert np.allclose(axes.images[0].get_array()[0, 0], (0.62, 0.62, 0.62, 0.4))


def test_large_bands_are_drawn_small() -> None:
    shape = (3000, 3300)
    image = seen(grid(PLACE, shape=shape), shape=shape)
    assert blended([image] * 3).shape == (1000, 1100, 4)


def test_an_image_without_a_wcs_and_images_that_do_not_overlap_are_refused() -> None:
    images = bands()
    with pytest.raises(BadInput, match="The green image has no WCS"):
        blended([images[0], replace(images[1], wcs=None), images[2]])
    away = [images[0], images[1], band(2, (151.0, 20.0))]
    with pytest.raises(BadInput, match="no piece of the sky in common"):
        blended(away)


def test_title_and_notes_say_object_instrument_and_bands() -> None:
    cards = {"OBJECT": "M 1", "INSTRUME": "CAM"}
    images = [band(n, FILTER=name, **cards) for n, name in enumerate("irg")]
    axes: Any = plot_colour(*images)
    assert axes.get_title() == "M 1 · CAM · i, r, g"
    assert axes.coords[0].get_axislabel() == ("RA (ICRS)\nN up, E left; red i, green r, blue g")
    assert any(line.get_gid() == "scale bar" for line in axes.lines)
    assert {text.get_text() for text in axes.texts} >= {"N", "E"}
    figure: Any = colour_figure(bands(), bands=("K", "H", "J"), title="mine")
    assert figure.axes[0].get_title() == "mine"
    assert "red K, green H, blue J" in figure.axes[0].coords[0].get_axislabel()
