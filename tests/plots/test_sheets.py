"""This file tests contact sheets: every tile is a picture, north up, or says why it is none."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from skyatlas.dataset import Cube, LightCurve, Spectrum, SpectrumList
from skyatlas.plots import PAGE, Tile, sheet

from .made_sky import GRIDS, PLACES, grid, near, seen

PLACE = (150.0, 20.0)


def words_of(axes: Any) -> str:
    return "\n".join(text.get_text() for text in axes.texts)


def spectrum(name: str = "", shift: float = 0.0) -> Spectrum:
    axis = np.linspace(300.0, 900.0, 200)
    flux = np.sin(axis / 50) + shift
    return Spectrum(axis, flux, None, np.zeros(200, dtype=bool), None, None, "nm", "", None, None,
                    {}, name)  # fmt: skip


def curve(unit: str = "") -> LightCurve:
    time = np.linspace(1325.0, 1352.0, 300)
    flux = 1 + 0.1 * np.sin(time)
    flux[7] = 1e6
    return LightCurve(time, "tdb", 2457000.0, flux, None, None, np.zeros(300, dtype=bool), None,
                      unit)  # fmt: skip


def cube() -> Cube:
    image = seen(grid(PLACE, "turned"))
    pixels = np.stack([image.pixels] * 3)
    return Cube(pixels, image.wcs, None, "", None, np.zeros(pixels.shape, dtype=bool))


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("how", GRIDS)
def test_tiles_are_north_up_and_east_left(how: str, place: tuple[float, float]) -> None:
    wcs = grid(place, how)
    image = seen(wcs, (near(place, 0, 40), 5000.0), (near(place, 40, 0), 5000.0), noise=0.1)
    figure = sheet([Tile("a.fits", image)], 1)
    axes: Any = figure.axes[0]
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings(action="ignore"):
        canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[::-1, :, 0]
    box = axes.get_window_extent()
    for east, north in ((0, 40), (40, 0)):
        point = axes.transData.transform(
            [sum(axes.get_xlim()) / 2 - east, sum(axes.get_ylim()) / 2 + north]
        )
        column, row = (round(one) for one in point)
        assert box.contains(*point)
        assert picture[row - 1 : row + 2, column - 1 : column + 2].min() > 250


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (seen(grid(PLACE), FILTER="r"), "2.5′ × 2′ · r"),
        (seen(None), "no WCS: as it is stored"),
        (seen(None, noise=0.0, sky=7.0), "every pixel is 7"),
        (cube(), "cube · "),
        (spectrum(), "spectrum · 300–900 nm"),
        (SpectrumList([spectrum("a"), spectrum("b", 9.0)]), "2 spectra"),
        (curve(), "light curve · 27 days"),
        (np.zeros((20, 30, 3), dtype=np.uint8), "picture, as it is"),
        ("a table of 5 rows", "not drawn"),
    ],
)
def test_everything_has_a_tile_with_its_name_and_what_it_is(look: Any, said: str) -> None:
    axes = sheet([Tile("some $name.fits", look)], 1).axes[0]
    assert said in words_of(axes)
    assert r"some \$name.fits" in words_of(axes)
    assert axes.images or axes.lines or "a table of 5 rows" in words_of(axes)


def test_one_outlier_does_not_flatten_a_curve_and_magnitudes_grow_downwards() -> None:
    fluxes, magnitudes = (sheet([Tile("a", curve(unit))], 1).axes[0] for unit in ("", "mag"))
    assert fluxes.get_ylim()[1] < 2
    assert magnitudes.get_ylim()[0] > magnitudes.get_ylim()[1]


def test_spectra_of_one_file_are_all_within_their_tile() -> None:
    axes = sheet([Tile("a", SpectrumList([spectrum(), spectrum("b", 9.0)]))], 1).axes[0]
    assert axes.get_ylim()[0] < -1
    assert axes.get_ylim()[1] > 10


@pytest.mark.parametrize("number", [1, 2, 5, 9, 50, PAGE])
def test_tiles_fill_rows_and_neither_pictures_nor_names_overlap(number: int) -> None:
    name = "a_rather_long_name_of_a_target_in_some_survey_of_the_sky_g.fits.gz"
    figure = sheet([Tile(name, "none")] * number, number)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert len(boxes) == number
    for index, box in enumerate(boxes):
        assert box is not None
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        for other in boxes[:index]:
            assert other is not None
            assert not box.overlaps(other)


def test_long_names_keep_their_ends() -> None:
    name = "a_rather_long_name_of_a_target_in_some_survey_of_the_sky_g.fits.gz"
    words = words_of(sheet([Tile(name, "none")], 1).axes[0])
    assert "a_rather_long" in words
    assert "sky_g.fits.gz" in words


def test_large_images_are_small_in_a_tile_and_are_not_kept() -> None:
    image = seen(grid(PLACE, shape=(1500, 1500)), shape=(1500, 1500))
    axes: Any = sheet(iter([Tile("a", image)]), 1).axes[0]
    assert axes.images[0].get_array().shape == (300, 300)
