"""DataLink and SODA at the invented publishers: links that lead on, pieces, and jobs that cut."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.io.votable import parse
from astropy.wcs import WCS

from skyatlas.sandbox import Sandbox

MERIDIAN = "archive.meridian.example"
IMAGE, BROKEN, CUBE, RADIO = (
    f"ivo://meridian.example/~?meridian-{name}.fits"
    for name in ("deep-0026", "deep-0025", "ifu-0007", "radio-0001")
)
CENTRE = "40.669629 -0.013281"


def ask(box: Sandbox, path: str, **parameters: Any) -> requests.Response:
    return requests.get(f"{box.url}/{MERIDIAN}/{path}", params=parameters, timeout=30)


def links(box: Sandbox, *identifiers: str) -> tuple[Any, Any]:
    """The document and its rows."""
    answer = ask(box, "links", ID=list(identifiers))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-votable+xml;content=datalink"
    document = parse(io.BytesIO(answer.content), verify="exception")
    return document, document.get_first_table().to_table()


def cut(box: Sandbox, identifier: str, **parameters: Any) -> Any:
    answer = ask(box, "soda/sync", ID=identifier, **parameters)
    assert answer.status_code == 200, answer.text
    return fits.open(io.BytesIO(answer.content))[0]


def test_links_lead_to_the_file_its_picture_and_what_can_cut_it(box: Sandbox) -> None:
    document, table = links(box, IMAGE)
    words = list(table["semantics"])
    assert words == ["#this", "#preview", "#coderived", "#cutout", "#cutout"]
    whole = requests.get(table["access_url"][0], timeout=30)
    assert len(whole.content) == table["content_length"][0]
    assert requests.get(table["access_url"][1], timeout=30).content.startswith(b"\x89PNG")
    described = {one.ID: one for one in document.resources if one.type == "meta"}
    assert set(described) == {name for name in table["service_def"] if name}


def test_links_lead_from_an_image_to_a_cube_and_back(box: Sandbox) -> None:
    _, table = links(box, IMAGE)
    row = table[list(table["semantics"]).index("#coderived")]
    assert row["content_type"] == "application/x-votable+xml;content=datalink"
    there = parse(io.BytesIO(requests.get(row["access_url"], timeout=30).content))
    table = there.get_first_table().to_table()
    assert set(table["ID"]) == {CUBE}
    back = table[list(table["semantics"]).index("#coderived")]["access_url"]
    assert "meridian-deep-0025" in back


def test_what_is_unknown_is_a_row_with_an_error_beside_the_others(box: Sandbox) -> None:
    document, table = links(box, "ivo://nobody/~?x", IMAGE, BROKEN)
    assert list(dict.fromkeys(table["ID"])) == ["ivo://nobody/~?x", IMAGE, BROKEN]
    errors = table[[bool(text) for text in table["error_message"]]]
    assert list(errors["semantics"]) == ["#this", "#progenitor"]
    assert all(text.startswith("NotFoundFault: ") for text in errors["error_message"])
    assert not any(errors["access_url"])
    assert len([one for one in document.resources if one.type == "meta"]) == 4
    assert ask(box, "links").status_code == 400


def test_a_descriptor_says_the_limits_of_its_data_set(box: Sandbox) -> None:
    document, _ = links(box, RADIO)
    resource = next(one for one in document.resources if one.ID == "soda-sync-1")
    params = {param.name: param for param in resource.groups[0].entries}
    assert params["ID"].value == RADIO
    assert params["POL"].values.options == [(None, state) for state in "IQUV"]
    root = ET.fromstring(ask(box, "links", ID=RADIO).content)
    found = {
        one.get("name"): one.find("{*}VALUES/{*}MAX").get("value")
        for one in root.iter("{http://www.ivoa.net/xml/VOTable/v1.3}PARAM")
        if one.find("{*}VALUES/{*}MAX") is not None
    }
    assert found["BAND"] == "0.2115"
    assert float(found["TIME"]) > 58000.0
    assert len(found["CIRCLE"].split()) == 3
    assert len(found["POLYGON"].split()) == 8


def test_a_publisher_without_soda_describes_none(box: Sandbox) -> None:
    url = f"{box.url}/tap.zephyr.example/links"
    did = "ivo://zephyr.example/~?zephyr-nir-0001.fits"
    text = requests.get(url, params={"ID": did}, timeout=30).text
    assert "#this" in text
    assert "#cutout" not in text
    assert requests.get(f"{box.url}/vo.boreal.example/links", timeout=30).status_code == 404


@pytest.mark.parametrize(
    "place",
    [
        {"CIRCLE": f"{CENTRE} 0.002"},
        {"POS": f"CIRCLE {CENTRE} 0.002"},
        {"POS": "RANGE 40.667629 40.671629 -0.015281 -0.011281"},
        {"POLYGON": "40.667629 -0.015281 40.671629 -0.015281 40.671629 -0.011281"
                    " 40.667629 -0.011281"},
    ],
    ids=lambda one: next(iter(one.values()))[:9],
)  # fmt: skip
def test_a_piece_of_an_image_keeps_its_place_on_the_sky(
    box: Sandbox, place: dict[str, str]
) -> None:
    _, table = links(box, IMAGE)
    whole = fits.open(io.BytesIO(requests.get(table["access_url"][0], timeout=30).content))[0]
    piece = cut(box, IMAGE, **place)
    assert 25 <= piece.data.shape[0] <= 50  # 0.004 degrees are 29 pixels, more where it is turned
    big, small = (WCS(hdu.header, fix=False) for hdu in (whole, piece))
    row, column = (size // 2 for size in piece.data.shape)
    sky = small.pixel_to_world_values(column, row)
    x, y = (round(float(one)) for one in big.world_to_pixel_values(*sky))
    assert whole.data[y, x] == piece.data[row, column]


def test_a_piece_of_a_cube_has_the_wavelengths_and_states_asked_for(box: Sandbox) -> None:
    piece = cut(box, CUBE, BAND="5e-7 5.5e-7")
    waves = WCS(piece.header, fix=False).spectral.all_pix2world(range(piece.data.shape[0]), 0)[0]
    assert waves.min() >= 5e-7
    assert waves.max() <= 5.5e-7
    assert piece.data.shape[1:] == (32, 32)
    assert cut(box, RADIO).data.shape == (4, 8, 32, 32)
    stokes = cut(box, RADIO, POL=["Q", "U"], CIRCLE=f"{CENTRE} 0.01")
    assert stokes.data.shape[0] == 2
    assert stokes.data.shape[2] < 32
    states = WCS(stokes.header, fix=False).sub([4]).all_pix2world([0, 1], 0)[0]
    assert np.allclose(states, [2.0, 3.0])


@pytest.mark.parametrize(
    "parameters",
    [
        {"CIRCLE": "220 10 0.1"},
        {"BAND": "1e-6 2e-6"},
        {"TIME": "1 2"},
        {"POL": "Q"},
        {"CIRCLE": f"{CENTRE} 0.002", "POS": "CIRCLE 40.6740 -0.0133 0.0005"},
    ],
    ids=str,
)
def test_a_piece_of_nothing_is_no_content(box: Sandbox, parameters: dict[str, str]) -> None:
    answer = ask(box, "soda/sync", ID=IMAGE, **parameters)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "ID is missing"),
        ({"ID": "x"}, "x is nothing that can be cut"),
        ({"ID": IMAGE, "CIRCLE": "1 2"}, "a CIRCLE needs 3 numbers"),
        ({"ID": IMAGE, "CIRCLE": "1 2 -3"}, "negative"),
        ({"ID": IMAGE, "POS": "BOX 1 2 3 4"}, "BOX is not supported"),
        ({"ID": IMAGE, "BAND": "x"}, "BAND=x"),
        ({"ID": IMAGE, "CIRCLE": ["1 2 3", "4 5 6"]}, "MultiValuedParamNotSupported: CIRCLE"),
    ],
    ids=str,
)
def test_what_makes_no_sense_to_soda_is_said_in_plain_text(
    box: Sandbox, parameters: dict[str, Any], sentence: str
) -> None:
    answer = ask(box, "soda/sync", **parameters)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(("UsageError: ", "MultiValuedParamNotSupported: "))
    assert sentence in answer.text


def test_a_whole_sky_circle_gives_the_whole_image(box: Sandbox) -> None:
    assert cut(box, IMAGE, CIRCLE="220 10 180").data.shape == (128, 128)
    assert cut(box, IMAGE, POS="RANGE 0 170 -89 89").data.shape == (128, 128)


def job(box: Sandbox, **parameters: Any) -> tuple[str, str]:
    """The job's address and its phase at the end."""
    url = f"{box.url}/{MERIDIAN}/soda/async"
    made = requests.post(url, data={**parameters, "PHASE": "RUN"}, timeout=30)
    text = requests.get(made.url, params={"WAIT": "30"}, timeout=40).text
    return made.url, text.split("<uws:phase>")[1].split("<")[0]


def test_a_job_cuts_the_same_piece(box: Sandbox) -> None:
    circle = f"{CENTRE} 0.002"
    url, phase = job(box, ID=IMAGE, CIRCLE=circle)
    assert phase == "COMPLETED"
    assert url.startswith(f"{box.url}/{MERIDIAN}/soda/async/")
    result = requests.get(f"{url}/results/result", timeout=30)
    assert result.headers["content-type"] == "application/fits"
    assert result.content == ask(box, "soda/sync", ID=IMAGE, CIRCLE=circle).content


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"ID": "x"}, "UsageError: x is nothing"),
        ({"ID": [IMAGE, CUBE]}, "MultiValuedParamNotSupported: ID"),
    ],
)
def test_a_job_that_cannot_cut_says_why(
    box: Sandbox, parameters: dict[str, Any], sentence: str
) -> None:
    url, phase = job(box, **parameters)
    assert phase == "ERROR"
    assert sentence in requests.get(f"{url}/error", timeout=30).text


def test_a_job_that_finds_nothing_is_complete_and_says_so_in_its_result(box: Sandbox) -> None:
    url, phase = job(box, ID=IMAGE, CIRCLE="220 10 0.1")
    assert phase == "COMPLETED"
    result = requests.get(f"{url}/results/result", timeout=30)
    assert result.headers["content-type"].startswith("text/plain")
    assert result.text == "UsageError: the place is not on the data set\n"
