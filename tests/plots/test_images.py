"""This file tests images on the screen: north is up, east is left, lengths and grey are true."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.visualization import ZScaleInterval
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from skyatlas.dataset import Image
from skyatlas.formats import read
from skyatlas.plots import figure_of, plot_image, save
from skyatlas.plots.marks import round_length

U = units.arcsec
SCALE = 2.0
"""Arcsec per pixel."""
SHAPE = (80, 100)


def wcs_of(angle: float = 0.0, mirrored: bool = False, ctype: str = "RA---TAN DEC--TAN") -> WCS:
    """North at `angle` degrees from the y axis; east at its left, or mirrored."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ctype.split()
    wcs.wcs.crval = [150.0, 20.0] if ctype.startswith("RA") or "GLON" in ctype else [20.0, 150.0]
    wcs.wcs.crpix = [50.5, 40.5]
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flip = np.diag([1.0 if mirrored else -1.0, 1.0])
    matrix = flip @ rotation * SCALE / 3600
    wcs.wcs.cd = matrix if not ctype.startswith("DEC") else matrix[::-1]
    wcs.wcs.set()
    return wcs


def image_with(wcs: WCS | None, *stars: tuple[float, float], **changes: Any) -> Image:
    """An image with noise and with stars this many arcsec to the east and north of its centre."""
    pixels = np.random.default_rng(1).normal(10, 1, SHAPE)
    if wcs is not None:
        middle = wcs.pixel_to_world((SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2)
        for east, north in stars:
            place = middle.icrs.spherical_offsets_by(east * U, north * U)
            x, y = wcs.world_to_pixel(place)
            pixels[round(float(y)), round(float(x))] = 1000
    mask = changes.pop("mask", np.zeros(SHAPE, dtype=bool))
    meta = {
        "OBJECT": "M 1",
        "INSTRUME": "FORS2",
        "FILTER": "R_SPECIAL",
        "DATE-OBS": "2020-01-02T03:04",
    }
    return Image(
        pixels=pixels,
        wcs=wcs,
        unit=None,
        unit_text="",
        sigma=None,
        mask=mask,
        meta={**meta, **changes},
    )


def drawn(image: Image) -> tuple[Any, np.ndarray]:
    """Draw and return the axes and the grey picture of them, row 0 at the top."""
    figure = figure_of(image)
    axes = figure.axes[0]
    figure.set_dpi(150)
    with warnings.catch_warnings(action="ignore"):
        figure.canvas.draw()
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings(action="ignore"):
        canvas.draw()
    return axes, np.asarray(canvas.buffer_rgba())[..., :3].mean(axis=2)


def fraction_of(axes: Any, image: Image, place: SkyCoord) -> np.ndarray:
    """Where a place on the sky is in the axes: (0, 0) lower left, (1, 1) upper right."""
    assert image.wcs is not None
    x, y = image.wcs.world_to_pixel(place)
    display = axes.images[0].get_transform().transform([float(x), float(y)])
    return np.asarray(axes.transAxes.inverted().transform(display))


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 360),
    st.booleans(),
    st.sampled_from(["RA---TAN DEC--TAN", "DEC--TAN RA---TAN", "GLON-TAN GLAT-TAN"]),
)
def test_north_is_up_and_east_is_left_however_the_detector_was_turned(
    angle: float, mirrored: bool, ctype: str
) -> None:
    image = image_with(wcs_of(angle, mirrored, ctype))
    axes = plot_image(image)
    assert image.wcs is not None
    middle = image.wcs.pixel_to_world((SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2).icrs
    centre = fraction_of(axes, image, middle)
    north = fraction_of(axes, image, middle.spherical_offsets_by(0 * U, 30 * U)) - centre
    east = fraction_of(axes, image, middle.spherical_offsets_by(30 * U, 0 * U)) - centre
    assert centre == pytest.approx([0.5, 0.5], abs=0.02)
    assert north[1] > 0.05
    assert abs(north[0]) < 0.02 * north[1]
    assert east[0] < -0.05
    assert abs(east[1]) < 0.02 * -east[0]


@pytest.mark.parametrize("angle", [0.0, 90.0, 37.0, 180.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_star_in_the_north_is_seen_in_the_upper_half_of_the_picture(
    angle: float, mirrored: bool
) -> None:
    image = image_with(wcs_of(angle, mirrored), (0, 40), mask=np.zeros(SHAPE, dtype=bool))
    axes, picture = drawn(image)
    box = axes.get_window_extent()
    place = fraction_of(
        axes, image, star := SkyCoord(150, 20, unit="deg").spherical_offsets_by(0 * U, 40 * U)
    )
    assert star.dec.deg > 20
    column = round(box.x0 + place[0] * box.width)
    row = picture.shape[0] - round(box.y0 + place[1] * box.height)
    assert picture[row - 2 : row + 3, column - 2 : column + 3].max() > 240  # white: the star
    assert place[1] > 0.6
    assert place[0] == pytest.approx(0.5, abs=0.03)


def test_the_axes_know_the_sky_under_the_cursor() -> None:
    image = image_with(wcs_of(33.0))
    axes: Any = plot_image(image)
    assert image.wcs is not None
    place = SkyCoord(150.005, 20.004, unit="deg")
    x, y = image.wcs.world_to_pixel(place)
    point = axes.transData.inverted().transform(
        axes.images[0].get_transform().transform([float(x), float(y)])
    )
    lon, lat = axes.wcs.pixel_to_world_values(*point)
    assert (float(lon), float(lat)) == pytest.approx((150.005, 20.004), abs=1e-9)
    assert axes.wcs.world_to_pixel_values(150.005, 20.004) == pytest.approx(tuple(point))


@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_the_scale_bar_is_as_long_as_it_says(angle: float) -> None:
    image = image_with(wcs_of(angle))
    axes: Any = plot_image(image)
    (bar,) = [line for line in axes.lines if line.get_gid() == "scale bar"]
    ends = bar.get_xydata()
    sky = [SkyCoord(*axes.wcs.pixel_to_world_values(*end), unit="deg") for end in ends]
    label = next(text.get_text() for text in axes.texts if text.get_text().endswith(("″", "′")))
    said = float(label[:-1]) * (60 if label.endswith("′") else 1)
    assert sky[0].separation(sky[1]).arcsec == pytest.approx(said, rel=1e-3)


@given(st.floats(1e-3, 3.6e5))
def test_scale_bars_are_round_and_never_longer_than_allowed(largest: float) -> None:
    length, label = round_length(largest)
    assert length <= largest * (1 + 1e-9)
    assert length > largest / 12
    assert label.rstrip("mas ″′°") in {"1", "2", "5", "10", "20", "30", "100", "200", "500"}


def test_the_arrows_of_the_compass_point_to_north_and_east() -> None:
    axes: Any = plot_image(image_with(wcs_of(37.0, mirrored=True)))
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None) is not None]
    north, east = [np.subtract(arrow.xy, arrow.xyann) for arrow in arrows if not arrow.get_text()]
    assert north[1] > 0
    assert abs(north[0]) < 0.02 * north[1]
    assert east[0] < 0
    assert abs(east[1]) < 0.02 * -east[0]


def test_title_axes_and_colour_bar_say_what_the_file_says() -> None:
    image = image_with(wcs_of(33.0), BUNIT="x")
    figure = plot_image(image).figure
    axes: Any = figure.axes[0]
    assert axes.get_title() == "M 1 · FORS2 · R_SPECIAL · 2020-01-02"
    assert axes.coords[0].get_axislabel() == "RA (ICRS)\nN up, E left, pixels turned by 33°"
    assert axes.coords[1].get_axislabel() == "Dec (ICRS)"
    assert axes.coords[0].get_format_unit() == units.hourangle
    assert figure.axes[1].get_ylabel() == "unit not stated"


def test_grey_runs_between_the_zscale_limits_under_asinh() -> None:
    image = image_with(wcs_of(), (10, 10))
    shown: Any = plot_image(image).images[0]
    assert (shown.norm.vmin, shown.norm.vmax) == pytest.approx(
        ZScaleInterval().get_limits(image.pixels)
    )
    assert type(shown.norm.stretch).__name__ == "AsinhStretch"
    assert np.array_equal(shown.get_array(), image.pixels)


def test_masked_pixels_are_light_grey_and_set_no_limits() -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:40] = True
    image = image_with(wcs_of(), mask=mask)
    image.pixels[:40] = 1e9
    axes: Any = plot_image(image)
    shown = axes.images[0]
    assert shown.norm.vmax < 100
    assert shown.get_array().mask[:40].all()
    assert 0 < shown.get_cmap().get_bad()[3] < 1
    assert "light grey: no data" in axes.coords[0].get_axislabel()


def test_without_a_wcs_the_axes_count_pixels_and_say_so() -> None:
    axes = plot_image(image_with(None))
    assert axes.get_xlabel() == "x (pixels)\nno WCS to the sky: north is not known"
    assert not axes.texts


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_an_image_of_one_value_or_of_none_is_drawn(value: float, tmp_path: Path) -> None:
    pixels = np.full(SHAPE, value)
    image = Image(pixels, wcs_of(), None, "", None, ~np.isfinite(pixels), {}, "HDU 0")
    assert save(image, tmp_path / "flat.png").stat().st_size > 1000


def test_plain_axes_are_replaced_in_their_place_and_sky_axes_are_kept() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    before = right.get_position()
    axes: Any = plot_image(image_with(wcs_of()), right)
    place = axes.get_position()
    assert before.x0 - 1e-6 <= place.x0 < place.x1 <= before.x1 + 1e-6
    assert right not in figure.axes
    assert left in figure.axes
    assert plot_image(image_with(wcs_of(20.0)), axes) is axes


def test_the_users_settings_hold() -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 17, "image.cmap": "magma"}):
        figure = figure_of(image_with(wcs_of()))
        assert figure.axes[0].images[0].get_cmap().name == "magma"
        assert figure.axes[0].title.get_fontsize() == pytest.approx(17 * 1.2)


def test_pyplot_is_left_alone(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np\n"
        "from skyatlas.dataset import Image\n"
        "from skyatlas.plots import save\n"
        "image = Image(np.ones((9, 9)), None, None, '', None, np.zeros((9, 9), bool))\n"
        f"save(image, r'{tmp_path}/a.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", ["images/SDSS_r.fits", "images/a478hst-cutout.fits", "images/MAGPIS_image.fits",
             "images/SIP.fits", "images/jwst_image.fits", "spectra/subcub_mosaic.fits"],
)  # fmt: skip
def test_real_files_become_pictures(shared_data: Path, tmp_path: Path, name: str) -> None:
    found = read(shared_data / name)
    path = save(found, tmp_path / "a.png", title="a title")
    with path.open("rb") as stream:
        assert stream.read(4) == b"\x89PNG"
