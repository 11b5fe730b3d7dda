"""This file asks the sandbox's APOGEE for stars, as a program without us would."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits

from skyatlas.sandbox import Sandbox, sas
from skyatlas.sandbox.sdss_apogee import APRED, ApogeeStar, apogee_stars
from skyatlas.sandbox.sdss_footprint import holding

STARS = apogee_stars(1)


def _rows(box: Sandbox, query: str, release: int = 17) -> list[dict[str, Any]]:
    url = f"{box.url}/skyserver.sdss.org/dr{release}/SkyServerWS/SearchTools/SqlSearch"
    answer = requests.get(url, params={"cmd": query, "format": "json"}, timeout=60)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()[0]["Rows"]
    return rows


def _file(box: Sandbox, path: str) -> requests.Response:
    return requests.get(f"{box.url}/data.sdss.org/sas/{path}", timeout=60)


@pytest.mark.parametrize("release", [12, 15, 16, 17, 19])
def test_each_release_has_the_stars_of_its_telescopes(box: Sandbox, release: int) -> None:
    rows = _rows(box, "SELECT apstar_id, [file], telescope FROM apogeeStar", release)
    assert len(rows) == sum(one.is_in(release) for one in STARS)
    assert len({row["apstar_id"] for row in rows}) == len(rows)
    assert {row["file"] for row in rows} == {
        one.file(release) for one in STARS if one.is_in(release)
    }
    assert ("lco25m" in {row["telescope"] for row in rows}) is (release > 15)


def test_there_is_no_such_table_in_the_first_releases(box: Sandbox) -> None:
    url = f"{box.url}/skyserver.sdss.org/dr9/SkyServerWS/SearchTools/SqlSearch"
    answer = requests.get(url, params={"cmd": "SELECT * FROM apogeeStar"}, timeout=60)
    assert "Invalid object name 'apogeeStar'" in answer.text


def test_a_star_has_its_own_place_in_both_systems() -> None:
    for one in STARS[::7]:
        place = SkyCoord(*one.place, unit="deg")
        told = SkyCoord(*one.galactic, unit="deg", frame="galactic")
        assert place.separation(told.icrs).arcsec < 0.05
        text = place.to_string("hmsdms", sep="", precision=7, pad=True).split()
        assert one.name == f"2M{text[0][:9].replace('.', '')}{text[1][:9].replace('.', '')}"
        assert holding(*one.place)


def _somewhere(one: ApogeeStar) -> set[str]:
    """Where any release keeps files as these."""
    return {
        folder
        for release in range(12, 18)
        if one.is_in(release)
        for folder in sas.star_folders(one, release)
    }


@pytest.mark.parametrize("release", [12, 14, 16, 17])
def test_a_file_is_in_one_place_of_one_release_only(box: Sandbox, release: int) -> None:
    one = next(one for one in STARS if one.is_in(release))
    stars, fit = sas.star_folders(one, release)
    names = one.file(release), sas.fit_name(one, release)
    for name, home in zip(names, (stars, fit), strict=True):
        for folder in _somewhere(one):
            same = folder == home
            # Release 15 has the reduction of 14 once more, in its own tree.
            again = release == 14 and folder == home.replace("dr14", "dr15")
            status = _file(box, f"{folder}/{name}").status_code
            assert (status == 200) is (same or again), folder


@pytest.mark.parametrize("visits", [1, 2, 4])
def test_a_file_has_what_the_data_model_says(box: Sandbox, visits: int) -> None:
    one = next(one for one in STARS if one.visits == visits)
    body = _file(box, f"{sas.star_folders(one, 17)[0]}/{one.file(17)}").content
    with fits.open(io.BytesIO(body)) as hdus:
        assert len(hdus) == 10
        assert hdus[0].data is None
        shape = (8575,) if visits == 1 else (2 + visits, 8575)
        assert {hdu.data.shape for hdu in hdus[1:8]} == {shape}
        header = hdus[1].header
        assert (header["CRVAL1"], header["CDELT1"], header["CRPIX1"]) == (4.179, 6e-6, 1)
        assert (header["CTYPE1"], header["DC-FLAG"]) == ("LOG-LINEAR", 1)
        assert header["BUNIT"] == "Flux (10^-17 erg/s/cm^2/Ang)"
        assert hdus[0].header["NVISITS"] == visits
        assert hdus[3].data.dtype.kind == "i"


def test_sums_are_better_than_visits(box: Sandbox) -> None:
    one = next(one for one in STARS if one.visits == 4)
    body = _file(box, f"{sas.star_folders(one, 17)[0]}/{one.file(17)}").content
    with fits.open(io.BytesIO(body)) as hdus:
        calm = slice(1200, 1400)
        flux, error = hdus[1].data, hdus[2].data
        noise = [np.std(row[calm]) for row in flux]
        assert noise[0] == pytest.approx(noise[2] / 2, rel=0.2)
        assert error[0, 1300] == pytest.approx(error[2, 1300] / 2, rel=1e-5)
        assert float(np.median(flux[0, calm]) / error[0, 1300]) == pytest.approx(one.snr, rel=0.02)


def test_every_release_that_the_table_is_in_has_a_reduction() -> None:
    assert list(APRED) == list(range(12, 21))
