"""This file tests what is drawn over images: circles and marks are where the sources are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyatlas.dataset import Image, Spectrum
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.plots import (
    Catalogue,
    Mark,
    draw_catalogue,
    draw_mark,
    figure_of,
    pixels_of,
    plot_image,
)

from .made_sky import GRIDS, PLACES, grid, near, seen

PLACE = (150.0, 20.0)
OFFSETS = [(20.0, 30.0), (-40.0, 5.0), (3.0, -35.0)]


def catalogue(*places: SkyCoord, **more: Any) -> Catalogue:
    return Catalogue(
        np.array([place.ra.deg for place in places]),
        np.array([place.dec.deg for place in places]),
        **more,
    )


def line_of(axes: Any, name: str) -> Any:
    return next(line for line in axes.lines if line.get_gid() == name)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("how", GRIDS)
def test_circles_and_marks_are_on_the_stars_and_north_is_up(
    how: str, place: tuple[float, float]
) -> None:
    stars = [near(place, *offset) for offset in OFFSETS]
    image = seen(grid(place, how), *((star, 500.0) for star in stars))
    axes: Any = plot_image(image)
    assert draw_catalogue(axes, image, catalogue(*stars)) == 3
    assert draw_mark(axes, image, Mark(*place))
    circles = line_of(axes, "catalogue")
    for (x, y), (east, north) in zip(circles.get_xydata(), OFFSETS, strict=True):
        row, column = round(y), round(x)
        around = image.pixels[row - 4 : row + 5, column - 4 : column + 5]
        assert image.pixels[row, column] > 0.9 * around.max() > 300
        shown = axes.transData.inverted().transform(circles.get_transform().transform((x, y)))
        middle = line_of(axes, "mark")
        centre = axes.transData.inverted().transform(
            middle.get_transform().transform(middle.get_xydata()[0])
        )
        assert shown - centre == pytest.approx((-east, north), abs=0.5)


def test_sources_outside_the_image_are_counted_and_not_drawn() -> None:
    inside = [near(PLACE, *offset) for offset in OFFSETS]
    away = [near(PLACE, 0, 100), SkyCoord(330, -20, unit="deg"), SkyCoord(60, 80, unit="deg")]
    image = seen(grid(PLACE, "turned"))
    axes: Any = plot_image(image)
    limits = axes.get_xlim(), axes.get_ylim()
    sources = catalogue(*inside, *away, name="stars.csv")
    sources = Catalogue(
        np.append(sources.ra, np.nan), np.append(sources.dec, 20.0), name="stars.csv"
    )
    assert draw_catalogue(axes, image, sources) == 3
    assert axes.get_legend().get_texts()[0].get_text() == "3 of stars.csv (4 outside)"
    assert len(line_of(axes, "catalogue").get_xydata()) == 3
    assert (axes.get_xlim(), axes.get_ylim()) == limits


def test_sources_on_the_back_of_the_sky_are_not_on_the_image() -> None:
    image = seen(grid(PLACE))
    back = np.array([[(PLACE[0] + 180) % 360, -PLACE[1]], [PLACE[0], PLACE[1]], [10.0, 95.0]])
    _, inside = pixels_of(image, back)
    assert inside.tolist() == [False, True, False]


def test_sources_are_circled_on_a_map_of_the_whole_sky() -> None:
    wcs = grid((0.0, 0.0), shape=(180, 360), scale=3600.0)
    wcs.wcs.ctype = ["RA---AIT", "DEC--AIT"]
    image = seen(wcs, shape=(180, 360))
    places = [SkyCoord(*place, unit="deg") for place in PLACES.values()]
    points, inside = pixels_of(image, np.array([[p.ra.deg, p.dec.deg] for p in places]))
    assert inside.all()
    assert wcs.all_pix2world(points, 0)[:, 1] == pytest.approx([p.dec.deg for p in places])


def test_a_strong_distortion_puts_no_source_of_far_away_on_the_image() -> None:
    wcs = grid(PLACE)
    from astropy.wcs import Sip

    a = np.zeros((4, 4))
    a[3, 0] = -3e-4
    wcs.sip = Sip(a, a.T.copy(), None, None, wcs.wcs.crpix)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    image = seen(wcs)
    places = np.column_stack([np.linspace(148, 152, 81), np.full(81, 20.0)])
    with warnings.catch_warnings(action="ignore"):
        points, inside = pixels_of(image, places)
        again = wcs.all_pix2world(points[inside], 0)
    assert inside[40]
    assert again == pytest.approx(places[inside], abs=1e-4)


def test_labels_stand_beside_their_sources_where_there_are_few() -> None:
    image = seen(grid(PLACE))
    stars = [near(PLACE, *offset) for offset in OFFSETS]
    axes: Any = plot_image(image)
    draw_catalogue(axes, image, catalogue(*stars, labels=["a", "$b", "c"]))
    assert {"a", r"\$b", "c"} <= {text.get_text() for text in axes.texts}
    many = [near(PLACE, 0.5 * number, 0) for number in range(100)]
    axes = plot_image(image)
    draw_catalogue(axes, image, catalogue(*many, labels=[f"s{n}" for n in range(100)]))
    assert not [text for text in axes.texts if text.get_text().startswith("s")]


def test_the_reticle_leaves_the_target_free_and_names_it() -> None:
    image = seen(grid(PLACE))
    figure: Any = figure_of(image, mark=Mark(*PLACE, "M 1"))
    axes = figure.axes[0]
    strokes = line_of(axes, "mark").get_marker()
    assert np.hypot(*strokes.vertices.T).min() > 0.3
    assert "M 1" in {text.get_text() for text in axes.texts}


def test_a_target_outside_the_image_is_not_marked() -> None:
    image = seen(grid(PLACE))
    axes: Any = plot_image(image)
    assert not draw_mark(axes, image, Mark(PLACE[0], PLACE[1] + 1, "M 1"))
    assert "M 1" not in {text.get_text() for text in axes.texts}


def test_nothing_is_marked_where_there_is_no_sky() -> None:
    with pytest.raises(BadInput, match="no WCS to the sky, so nothing can be marked"):
        figure_of(seen(None), mark=Mark(*PLACE))
    spectrum = Spectrum(*(np.arange(9.0),) * 2, None, np.zeros(9, dtype=bool), None, None,
                        "", "", None, None)  # fmt: skip
    with pytest.raises(BadInput, match="this is a spectrum"):
        figure_of(spectrum, overlay=catalogue(SkyCoord(1, 2, unit="deg")))


@pytest.mark.parametrize("name", ["tanflip.fits", "tpv.fits.gz", "zpx.fits", "sipsample.fits"])
def test_real_images_of_any_orientation_have_their_places_where_they_say(
    shared_data: Any, name: str
) -> None:
    image: Any = read(shared_data / "images" / name)
    assert isinstance(image, Image)
    axes: Any = plot_image(image)
    height, width = image.pixels.shape
    middle = image.wcs.pixel_to_world(width / 2, height / 2).icrs
    places = [middle, near((middle.ra.deg, middle.dec.deg), 15, 0)]
    places.append(near((middle.ra.deg, middle.dec.deg), 0, 15))
    draw_catalogue(axes, image, catalogue(*places))
    circles = line_of(axes, "catalogue")
    centre, east, north = (
        axes.transAxes.inverted().transform(circles.get_transform().transform(point))
        for point in circles.get_xydata()
    )
    assert (east - centre)[0] < -5 * abs((east - centre)[1])
    assert (north - centre)[1] > 5 * abs((north - centre)[0])
