"""This file tests the sandbox's SkyView: its form, its images, its pages, its SIA."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.wcs import WCS

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.skyview_services import KEPT
from skyatlas.sandbox.skyview_surveys import surveys
from skyatlas.sandbox.survey_sky import bright_in

M51 = "202.469575, 47.195258"
LMC = "80.89, -69.75"
"""Where SDSS, FIRST, NVSS have not looked."""


def cgi(box: Sandbox, name: str = "runquery.pl") -> str:
    return f"{box.url}/skyview.gsfc.nasa.gov/current/cgi/{name}"


def ask(box: Sandbox, **settings: str) -> requests.Response:
    return requests.get(cgi(box), params=settings, timeout=60)


def image(box: Sandbox, **settings: str) -> fits.PrimaryHDU:
    answer = ask(box, **{"Survey": "DSS2 Red", "Return": "FITS", **settings})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/fits", answer.text
    with fits.open(BytesIO(answer.content)) as hdus:
        hdus.verify("exception")
        return hdus[0].copy()


def off(hdu: fits.PrimaryHDU) -> list[float]:
    """Pixels from where the header says to where the light is, for all bright stars alone."""
    wcs, found = WCS(hdu.header), []
    for star, _, _ in bright_in(wcs, hdu.data.shape, 1):
        place = SkyCoord(star.ra, star.dec, unit="deg")
        x, y = (float(value) for value in wcs.world_to_pixel(place))
        rows, columns = np.mgrid[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
        light = hdu.data[rows, columns] - 100.0  # the sky's light
        centre = [float((axis * light).sum() / light.sum()) for axis in (columns, rows)]
        found.append(float(np.hypot(*np.subtract(centre, (x, y)))))
    return found


@pytest.mark.parametrize("position", [
    M51, "40.669629, -0.013281", "0.0, 0.1", "359.999, -1", "45, 89.9", "200, -89.9", "M51",
])  # fmt: skip
def test_stars_are_where_the_header_says(box: Sandbox, position: str) -> None:
    found = off(image(box, Position=position, Size="0.16666666666666666", Pixels="600"))
    assert len(found) >= 3
    assert max(found) < 0.1


@pytest.mark.parametrize("projection", ["Tan", "Sin", "Car", "Ait", "Zea", "Arc", "Csc"])
def test_stars_are_right_in_every_projection(box: Sandbox, projection: str) -> None:
    position = "187.7, 2.4"
    hdu = image(box, Position=position, Projection=projection, Size="0.2", Pixels="600")
    assert hdu.header["CTYPE1"] == f"RA---{projection.upper()}"
    found = off(hdu)
    assert found
    assert max(found) < 0.1
    if projection == "Csc":
        return  # its formulae are good to half an arcminute only, there and back
    middle = SkyCoord.from_pixel(299.5, 299.5, WCS(hdu.header))
    assert middle.separation(SkyCoord(187.7, 2.4, unit="deg", frame="fk5")).arcsec < 0.05


@pytest.mark.parametrize("projection", ["Car", "Ait"])
@pytest.mark.parametrize("ra", ["0.0", "180.0"])
def test_no_end_of_the_sky_is_in_a_small_picture(box: Sandbox, projection: str, ra: str) -> None:
    hdu = image(box, Position=f"{ra}, 12.0", Projection=projection, Size="0.3", Pixels="900")
    assert (hdu.data > 50.0).all()
    sides = {x > 450.0 for _, x, _ in bright_in(WCS(hdu.header), hdu.data.shape, 1)}
    assert sides == {True, False}
    assert max(off(hdu)) < 0.1


@pytest.mark.parametrize(
    ("coordinates", "frame", "axis"),
    [("J2000", "fk5", "RA---TAN"), ("ICRS", "icrs", "RA---TAN"), ("B1950", "fk4", "RA---TAN"),
     ("Galactic", "galactic", "GLON-TAN"), ("E2000", "", "ELON-TAN")],
)  # fmt: skip
def test_a_position_is_in_the_coordinates_that_are_asked_for(
    box: Sandbox, coordinates: str, frame: str, axis: str
) -> None:
    hdu = image(box, Position="120.5, 40.25", Coordinates=coordinates, Size="0.2", Pixels="500")
    assert (hdu.header["CTYPE1"], hdu.header["CRVAL1"], hdu.header["CRVAL2"]) == (
        axis,
        120.5,
        40.25,
    )
    if coordinates == "E2000":
        return  # astropy takes ecliptic axes for equatorial ones
    middle = SkyCoord.from_pixel(249.5, 249.5, WCS(hdu.header))
    assert middle.separation(SkyCoord(120.5, 40.25, unit="deg", frame=frame)).arcsec < 0.01
    found = off(hdu)
    assert found
    assert max(found) < 0.1


def test_size_and_pixels_are_what_was_asked(box: Sandbox) -> None:
    hdu = image(box, Position=M51, Size="0.3,0.1", Pixels="450,300")
    assert hdu.data.shape == (300, 450)
    assert hdu.data.dtype == ">f4"
    assert hdu.header["CDELT1"] == pytest.approx(-0.3 / 450, rel=1e-14)
    assert hdu.header["CDELT2"] == pytest.approx(0.1 / 300, rel=1e-14)
    assert (hdu.header["CRPIX1"], hdu.header["CRPIX2"]) == (225.5, 150.5)


def test_without_a_size_a_pixel_is_the_surveys_own(box: Sandbox) -> None:
    for survey in ("DSS2 Red", "NVSS", "2MASS-J"):
        hdu = image(box, Position=M51, Survey=survey)
        assert hdu.data.shape == (300, 300)
        assert hdu.header["CDELT2"] == pytest.approx(surveys()[survey].scale)


def test_the_header_says_survey_settings_and_resampler(box: Sandbox) -> None:
    hdu = image(box, Position=M51, Survey="dss2r", Sampler="Lanczos3", Size="0.1")
    history = "\n".join(hdu.header["HISTORY"])
    assert hdu.header["SURVEY"] == "DSS2RED"
    assert (hdu.header["RADESYS"], hdu.header["EQUINOX"]) == ("FK5", 2000.0)
    assert f"position = {M51}" in history
    assert "survey = DSS2 Red" in history
    assert "Resampler used: Lanczos3 Sampler" in history


def test_a_file_comes_under_the_name_of_a_temporary_one(box: Sandbox) -> None:
    answer = ask(box, Position=M51, Survey="DSS2 Red", Return="FITS")
    assert re.fullmatch(r"attachment; filename=skv\d+\.fits", answer.headers["content-disposition"])
    again = ask(box, Position=M51, Survey="DSS2 Red", Return="FITS")
    assert again.content == answer.content
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    "settings",
    [{"Survey": "Nonesuch"}, {"Pixels": "many"}, {"Pixels": "99999"}, {"Size": "-1"},
     {"Projection": "Mercator"}, {"Coordinates": "J1600"}, {"Position": "No such place"},
     {"Position": ""}, {"Position": "10, 91"}, {"Position": "1e-05, 0.2"}, {"Survey": ""},
     {"Sampler": "Magic"}, {"Return": "WORD"}],
    ids=str,
)  # fmt: skip
def test_an_error_is_a_page_with_status_200(box: Sandbox, settings: dict[str, str]) -> None:
    usual = {"Position": M51, "Survey": "DSS2 Red", "Return": "FITS"}
    answer = ask(box, **{**usual, **settings})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "An irrecoverable error terminated the request" in answer.text


def test_a_place_by_hours_and_degrees_is_found(box: Sandbox) -> None:
    hdu = image(box, Position="10 45 3.6, -59 41 4.2")
    assert hdu.header["CRVAL1"] == pytest.approx(161.265)
    assert hdu.header["CRVAL2"] == pytest.approx(-59.6845)


def test_outside_its_footprint_galex_is_blank(box: Sandbox) -> None:
    blank = [
        image(box, Position=f"{ra}, 47.2", Survey="GALEX Near UV", Size="0.1").data
        for ra in range(190, 210, 2)
    ]
    assert {bool((pixels == 0.0).all()) for pixels in blank} == {True, False}


def test_outside_its_footprint_nvss_is_a_page(box: Sandbox) -> None:
    answer = ask(box, Position=LMC, Survey="NVSS", Return="FITS")
    assert answer.status_code == 200
    assert "No candidate images were found in the region" in answer.text


def test_outside_its_footprint_sdss_is_not_found(box: Sandbox) -> None:
    assert ask(box, Position=LMC, Survey="SDSSg", Return="FITS").status_code == 404
    assert image(box, Position=M51, Survey="SDSSg").data.any()


def test_a_picture_across_a_footprints_border_is_zero_beyond_it(box: Sandbox) -> None:
    hdu = image(
        box, Position="180.0, -40.0", Survey="NVSS", Size="2", Pixels="200", Coordinates="ICRS"
    )
    assert (hdu.data[:95] == 0.0).all()
    assert (hdu.data[105:] > 50.0).all()


def test_a_page_links_files_that_are_served(box: Sandbox) -> None:
    page = ask(box, Position=M51, Survey="DSS2 Red,2MASS-J", Size="0.1", float="on")
    links = re.findall(r"<a href=(\S+)>FITS</a>", page.text)
    assert [re.sub(r"\d{5,}", "N", link) for link in links] == [
        "../../tempspace/fits/skvN_1.fits",
        "../../tempspace/fits/skvN_2.fits",
    ]
    for link, card in zip(links, ("DSS2RED", "Two Micron All Sky Survey J"), strict=True):
        answer = requests.get(urljoin(page.url, link), timeout=30)
        with fits.open(BytesIO(answer.content)) as hdus:
            assert hdus[0].header["SURVEY"] == card
            assert hdus[0].header["BITPIX"] == -32
    look = requests.get(urljoin(page.url, links[0].replace(".fits", ".jpg")), timeout=30)
    assert look.content.startswith(b"\xff\xd8\xff\xe0")


def test_eight_bytes_come_where_nobody_asks_for_four(box: Sandbox) -> None:
    page = ask(box, Position=M51, Survey="DSS2 Red")
    (link,) = re.findall(r"<a href=(\S+)>FITS</a>", page.text)
    with fits.open(BytesIO(requests.get(urljoin(page.url, link), timeout=30).content)) as hdus:
        assert hdus[0].header["BITPIX"] == -64


def test_a_page_says_where_a_survey_has_nothing(box: Sandbox) -> None:
    page = ask(box, Position=LMC, Survey="NVSS,SDSSg,DSS2 Red")
    links = re.findall(r"<a href=(\S+)>FITS</a>", page.text)
    assert "No candidate images were found" in page.text
    statuses = [requests.get(urljoin(page.url, link), timeout=30).status_code for link in links]
    assert statuses == [404, 200]  # as astroquery's users found of SDSS


def test_a_temporary_file_is_gone_after_a_while(box: Sandbox) -> None:
    page = ask(box, Position=M51, Survey="DSS2 Red", Pixels="10")
    (link,) = re.findall(r"<a href=(\S+)>FITS</a>", page.text)
    assert requests.get(urljoin(page.url, link), timeout=30).status_code == 200
    many = ",".join(["DSS2 Red"] * KEPT)
    ask(box, Position=M51, Survey=many, Pixels="10")
    assert requests.get(urljoin(page.url, link), timeout=30).status_code == 404


def test_faults_take_files_and_pixels_away(box: Sandbox) -> None:
    page = ask(box, Position=M51, Survey="DSS2 Red", Pixels="10")
    (link,) = re.findall(r"<a href=(\S+)>FITS</a>", page.text)
    box.fault("gone", "tempspace", count=1)
    assert requests.get(urljoin(page.url, link), timeout=30).status_code == 404
    assert requests.get(urljoin(page.url, link), timeout=30).status_code == 200
    box.fault("blank", count=1)
    assert not image(box, Position=M51).data.any()


def test_the_form_lists_all_surveys_in_their_groups(box: Sandbox) -> None:
    text = requests.get(cgi(box, "basicform.pl"), timeout=30).text
    options = re.findall(r"<option>([^<]+)</option>", text)
    assert [name.replace("&lt;", "<") for name in options] == list(surveys())
    assert 'action="runquery.pl"' in text


def rows_of(box: Sandbox, **parameters: str) -> Any:
    answer = requests.get(cgi(box, "vo/sia.pl"), params=parameters, timeout=30)
    return parse_single_table(BytesIO(answer.content)).to_table()


def test_sia_lists_the_surveys_that_have_looked_there(box: Sandbox) -> None:
    names = {
        place: set(rows_of(box, POS=place, SIZE="0.2", FORMAT="image/fits")["Survey"])
        for place in (M51.replace(" ", ""), LMC.replace(" ", ""))
    }
    north, south = names.values()
    assert {"DSS2 Red", "SDSSg", "NVSS", "VLA FIRST (1.4 GHz)"} <= north
    assert "SUMSS 843 MHz" in south - north
    assert not {"SDSSg", "NVSS"} & south


def test_sias_url_makes_the_image(box: Sandbox) -> None:
    rows = rows_of(box, survey="DSS2", POS="0.01,-1.5", SIZE="0.2,0.1", NAXIS="400,200")
    assert [tuple(row) for row in rows["Survey", "Format"]] == [
        (name, kind)
        for name in ("DSS2 Red", "DSS2 Blue", "DSS2 IR")
        for kind in ("image/fits", "image/jpeg")
    ]
    assert list(rows["Scale"][0]) == pytest.approx([-0.0005, 0.0005])
    answer = requests.get(rows["URL"][0], timeout=30)
    with fits.open(BytesIO(answer.content)) as hdus:
        assert hdus[0].data.shape == (200, 400)
        assert hdus[0].header["CRVAL1"] == 0.01
        assert max(off(hdus[0])) < 0.1


@pytest.mark.skipif(not shutil.which("stilts"), reason="stilts is not installed")
@pytest.mark.parametrize(
    "query", ["POS=202.47,47.2&SIZE=0.2", "FORMAT=METADATA", "POS=here", "POS=1,2&SIZE=wide"]
)
def test_votlint_finds_no_error(box: Sandbox, tmp_path: Path, query: str) -> None:
    document = tmp_path / "document.xml"
    document.write_bytes(requests.get(f"{cgi(box, 'vo/sia.pl')}?{query}", timeout=30).content)
    lint = subprocess.run(
        ["stilts", "votlint", str(document)], capture_output=True, text=True, timeout=120
    )
    assert "ERROR" not in lint.stdout + lint.stderr
    assert lint.returncode == 0
