"""This file asks the sandbox's PS1 services as people's scripts do, and measures its stars."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests
from astropy.io import ascii as text_tables
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from skyatlas.sandbox.ps1_grid import middle, named, rings, skycell_at
from skyatlas.sandbox.ps1_services import AT_ONCE, Pieces
from skyatlas.sandbox.ps1_sky import BANDS, Image, image_at, piece, pseudo_magnitudes
from skyatlas.sandbox.survey_sky import bright_in

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.sandbox import Sandbox

M51 = (202.469575, 47.195258)
COLUMNS = "projcell subcell ra dec filter mjd type filename shortname badflag"
PLACES = [
    M51,
    (0.0, 2.0),
    (359.999, -12.0),
    (37.95, 89.264),
    (10.0, 89.9),
    (123.4, 20.7),
    (180.0, 83.95),
    (204.253958, -29.865417),
]


def _site(box: Sandbox, path: str = "") -> str:
    return f"{box.url}/ps1images.stsci.edu{path}"


def _listed(box: Sandbox, **asked: object) -> Table:
    answer = requests.get(_site(box, "/cgi-bin/ps1filenames.py"), params=asked, timeout=30)
    assert answer.text.splitlines()[0] == COLUMNS
    return text_tables.read(answer.text, format="basic")


def _cut(box: Sandbox, **asked: object) -> requests.Response:
    return requests.get(_site(box, "/cgi-bin/fitscut.cgi"), params=asked, timeout=60)


def _opened(body: bytes, number: int = 0) -> tuple[np.ndarray, WCS, fits.Header]:
    with fits.open(BytesIO(body)) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # PC001001, as PS1 writes it
        header = hdus[number].header
        return np.array(hdus[number].data, dtype=float), WCS(header), header


def _measured(pixels: np.ndarray, x: float, y: float, half: int = 7) -> tuple[float, float]:
    """The middle of the light around a place, above its surroundings."""
    column, row = round(x), round(y)
    part = pixels[row - half : row + half + 1, column - half : column + half + 1]
    light = part - np.median(part)
    light = np.where(light > 0.02 * light.max(), light, 0.0)
    rows, columns = np.mgrid[row - half : row + half + 1, column - half : column + half + 1]
    return (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()


def test_the_grid_is_that_of_the_recorded_answers(shared_data: Path) -> None:
    recorded = shared_data / "responses" / "manual" / "ps1filenames_skycell_2643_000.txt"
    row = text_tables.read(recorded.read_text(), format="basic")[0]
    cell = named(f"{row['projcell']}.{row['subcell']:03d}")
    assert cell is not None
    ra, dec = middle(cell)
    # At the pole the real WCS turns the picture by half a circle or not; the distance is the same.
    assert dec == pytest.approx(row["dec"], abs=1e-8)
    assert ra == pytest.approx(row["ra"], abs=1e-8)
    assert Image(cell, "g").path == row["filename"]
    assert Image(cell, "g").name == row["shortname"]


def test_the_grid_is_that_of_a_real_piece(shared_data: Path) -> None:
    header = fits.getheader(shared_data / "images" / "PS1_r.fits")
    cell = named(header["SKYCELL"].removeprefix("skycell."))
    assert cell is not None
    assert cell.centre == pytest.approx((header["CRVAL1"], header["CRVAL2"]), abs=1e-9)
    shifts = [place + 1 - header[f"CRPIX{axis}"] for axis, place in enumerate(cell.crpix, 1)]
    assert shifts == [812.0, 3924.0]  # whole pixels, inside of a skycell
    assert header["CELL.TRIMSEC"] == f"[1:{cell.shape[1]},1:{cell.shape[0]}]"


def test_rings_follow_each_other_without_a_gap() -> None:
    for below, above in zip(rings(), rings()[1:], strict=False):
        assert below.first + below.count == above.first
        assert below.dec_min < above.dec_min


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_in_the_skycell_that_is_best_for_it(place: tuple[float, float]) -> None:
    cell = skycell_at(*place)
    assert cell is not None
    ((x, y),) = cell.wcs().wcs_world2pix([place], 0)
    rows, columns = cell.shape
    assert 0 <= x < columns
    assert 0 <= y < rows
    assert named(cell.name) == cell


def test_a_skycell_s_own_middle_is_its_own() -> None:
    cell = named("1784.055")
    assert cell is not None
    assert skycell_at(*middle(cell)) == cell


def test_the_list_has_one_image_for_each_filter(box: Sandbox) -> None:
    table = _listed(box, ra=M51[0], dec=M51[1], filters="gri")
    assert list(table["filter"]) == ["g", "r", "i"]
    assert set(table["type"]) == {"stack"}
    assert {(row["ra"], row["dec"]) for row in table} == {M51}
    assert len(_listed(box, ra=M51[0], dec=M51[1])) == len(BANDS)


def test_many_places_go_in_one_post_and_come_back_as_they_were_written(box: Sandbox) -> None:
    places = [*PLACES, (80.89, -69.75)]
    lines = "\n".join(f"{ra} {dec}" for ra, dec in places)
    answer = requests.post(
        _site(box, "/cgi-bin/ps1filenames.py"),
        data={"filters": "r", "type": "stack,warp"},
        files={"file": lines},
        timeout=30,
    )
    table = text_tables.read(answer.text, format="basic")
    assert list(dict.fromkeys(zip(table["ra"], table["dec"], strict=True))) == PLACES
    warps = table[table["type"] == "warp"]
    assert len(warps) == 3 * len(PLACES)
    assert min(warps["mjd"]) > 55000
    assert set(table[table["type"] == "stack"]["mjd"]) == {0.0}


def test_where_ps1_has_not_looked_the_list_has_its_first_line_only(box: Sandbox) -> None:
    assert len(_listed(box, ra=80.89, dec=-69.75)) == 0
    assert len(_listed(box, ra=80.89, dec=-29.9)) == 5


def test_a_skycell_is_listed_by_its_name(box: Sandbox) -> None:
    table = _listed(box, SKYCELL="2643.000", filters="g,r")
    assert len(table) == 2
    assert set(table["subcell"]) == {0}


def test_nonsense_is_answered_with_a_page_and_200(box: Sandbox) -> None:
    url = _site(box, "/cgi-bin/ps1filenames.py")
    answer = requests.get(url, params={"ra": "ten", "dec": "2"}, timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    cell = skycell_at(*M51)
    assert cell is not None
    path, green = Image(cell, "r").path, Image(cell, "g").path
    asked = {"ra": M51[0], "dec": M51[1], "format": "fits"}
    for wrong in (
        {**asked, "red": "/no/such.fits"},
        {**asked, "red": path, "size": "big"},
        {**asked, "red": path, "size": 20000},
        {**asked, "red": path, "ra": "ten"},
        {**asked, "red": path, "green": green},
    ):
        assert _cut(box, **wrong).text.startswith("<html>")


@pytest.mark.parametrize("place", PLACES)
def test_stars_are_where_they_should_be_in_a_piece(
    box: Sandbox, place: tuple[float, float]
) -> None:
    (row,) = _listed(box, ra=place[0], dec=place[1], filters="r")
    answer = _cut(box, red=row["filename"], ra=place[0], dec=place[1], size=2000, format="fits")
    pixels, wcs, header = _opened(answer.content)
    assert pixels.shape == (2000, 2000)
    assert "BSOFTEN" not in header
    x, y = wcs.wcs_world2pix([place], 0)[0]
    assert abs(x - 1000) <= 0.5
    assert abs(y - 1000) <= 0.5
    found = bright_in(wcs, pixels.shape, box.world.seed)
    assert found
    apart = [
        np.hypot(*np.subtract(_measured(pixels, x, y), (x, y)))
        for _, x, y in found
        if np.isfinite(pixels[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8]).all()
    ]
    assert apart
    assert max(apart) < 0.1


def test_a_pixel_is_the_same_in_every_piece(box: Sandbox) -> None:
    cell = skycell_at(*M51)
    assert cell is not None
    image = Image(cell, "i")
    first = piece(image, 100, 200, (300, 300), box.world.seed)
    second = piece(image, 150, 180, (300, 300), box.world.seed)
    np.testing.assert_allclose(first[:280, 50:], second[20:, :250], rtol=1e-9, atol=1e-6)


def test_outside_of_the_skycell_and_in_masked_spots_there_are_no_numbers(box: Sandbox) -> None:
    cell = skycell_at(*M51)
    assert cell is not None
    edge = piece(Image(cell, "i"), -20, -10, (100, 100), box.world.seed)
    assert np.isnan(edge[:10]).all()
    assert np.isnan(edge[:, :20]).all()
    inner = piece(Image(cell, "i"), 0, 0, cell.shape, box.world.seed)
    assert 0 < np.isnan(inner).sum() < 0.01 * inner.size


def test_a_piece_that_touches_nothing_of_the_skycell_has_no_bytes(box: Sandbox) -> None:
    cell = skycell_at(*M51)
    assert cell is not None
    answer = _cut(box, red=Image(cell, "r").path, ra=203.5, dec=M51[1], size=100, format="fits")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_piece_may_be_wider_than_high_and_a_picture_has_colours(box: Sandbox) -> None:
    from PIL import Image as Picture

    cell = skycell_at(*M51)
    assert cell is not None
    paths = [Image(cell, band).path for band in "yig"]
    asked = {"ra": M51[0], "dec": M51[1], "size": "300,200"}
    pixels, _, _ = _opened(_cut(box, red=paths[0], format="fits", **asked).content)
    assert pixels.shape == (200, 300)
    answer = _cut(box, red=paths[0], green=paths[1], blue=paths[2], format="jpg", **asked)
    assert answer.headers["content-type"] == "image/jpeg"
    with Picture.open(BytesIO(answer.content)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (300, 200))
    assert _cut(box, red=paths[0], format="png", **asked).content.startswith(b"\x89PNG")


def test_a_stored_stack_is_asinh_of_the_counts_that_a_piece_has(box: Sandbox) -> None:
    cell = skycell_at(*M51)
    assert cell is not None
    image = Image(cell, "r")
    answer = requests.get(_site(box, image.path), timeout=60)
    assert answer.headers["accept-ranges"] == "bytes"
    stored, wcs, header = _opened(answer.content, 1)
    assert (wcs.pixel_scale_matrix[1, 1] * 3600.0) == pytest.approx(1.0)
    counts = header["BOFFSET"] + header["BSOFTEN"] * 2 * np.sinh(stored * 0.4 * np.log(10.0))
    assert np.nanmax(stored) < 20 < np.nanmax(counts)
    back = pseudo_magnitudes(counts)
    np.testing.assert_allclose(back[~np.isnan(back)], stored[~np.isnan(stored)], atol=1e-4)
    found = [one for one in bright_in(wcs, counts.shape, box.world.seed) if one[0].magnitude < 15]
    apart = [np.hypot(*np.subtract(_measured(counts, x, y, 5), (x, y))) for _, x, y in found]
    assert apart
    assert max(apart) < 0.1


def test_a_stored_warp_is_not_scaled(box: Sandbox) -> None:
    table = _listed(box, ra=M51[0], dec=M51[1], filters="r", type="warp")
    _, _, header = _opened(requests.get(_site(box, table["filename"][0]), timeout=60).content, 1)
    assert "BSOFTEN" not in header
    assert header["MJD-OBS"] == table["mjd"][0]
    assert image_at(table["filename"][0], box.world.seed) is not None
    assert (
        requests.get(_site(box, "/rings.v3.skycell/1/2/three.fits"), timeout=30).status_code == 404
    )


def test_the_eleventh_piece_at_once_is_refused_with_a_page(box: Sandbox) -> None:
    from skyatlas.sandbox.asked import Asked
    from skyatlas.sandbox.state import State

    counter, state = Pieces(), State(box.world)
    for _ in range(AT_ONCE):
        assert counter.free.acquire(blocking=False)
    asked = Asked("GET", "https://ps1images.stsci.edu/cgi-bin/fitscut.cgi?red=x", {}, b"", 0.0)
    assert counter.fitscut(state, asked).status_code == 503
    counter.free.release()
    assert counter.fitscut(state, asked).status_code == 200
    state.close()
