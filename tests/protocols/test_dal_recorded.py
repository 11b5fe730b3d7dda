"""This file reads every recorded SIA, SSA and cone search document: ObsCore, or the right error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from recorded import Recorded

from skyatlas.errors import ArchiveError, Broken, Unreadable
from skyatlas.obscore import COLUMNS, plain_values
from skyatlas.protocols.mapping import obscore_of
from skyatlas.protocols.service import Answer, Protocol, Service
from skyatlas.protocols.votable import results_of


def read(path: Path, protocol: Protocol) -> tuple[Answer, Table]:
    service = Service("https://archive.example", protocol, "vo:ivo://example", title="Title")
    results = results_of(Recorded(path.read_bytes()), archive="vo:ivo://example", wanted="rows")
    answer = Answer(results, results.overflow, ("https://archive.example/recorded",))
    return answer, obscore_of(answer, service)


DOCUMENTS: list[tuple[str, Protocol, int, dict[str, Any]]] = [
    (
        "pyvo/dal__neat-sia.xml",
        "sia",
        2,
        {
            "dataproduct_type": "image",
            "obs_collection": "Title",  # of the service
            "obs_title": "neat",
            "access_format": "image/fits",
            "s_ra": 0.0,
            "s_dec": 0.0,
            "s_xel1": 300,
            "s_pixel_scale": 12.0,
            "s_fov": np.sqrt(2.0),
            "s_region": f"CIRCLE ICRS 0.00000000 0.00000000 {np.sqrt(0.5):.8f}",
        },
    ),
    (
        "pyvo/dal__sia__dataset.xml",
        "sia",
        2,
        {
            "access_url": "http://example.com/querydata/image.fits",
            "obs_publisher_did": "http://example.com/querydata/image.fits",
            "access_estsize": 154,
            "target_name": "Test",
            "s_ra": 288.95078924817,
            "t_min": 18885.9416782409,
            "em_min": 3.8e-7,
            "em_max": 5.2e-7,
            "s_region": None,
            "calib_level": None,
        },
    ),
    (
        "astropy_vo_old/image.xml",
        "sia",
        34,
        {
            "obs_collection": "NOAO Deep Wide Field",
            "instrument_name": "NOAO.NDWFSJ1428P3531_R_03_SIGM",
            "s_ra": 217.227,
            "s_dec": 35.5365,
            "t_min": None,  # 0.0 in the document
            "access_estsize": 3554,
            "target_name": None,  # its column Object has the UCD of a title
        },
    ),
    (
        "pyvo/dal__sia2__dataset.xml",
        "sia2",
        1,
        {
            "obs_publisher_did": "ivo://cadc.nrc.ca/TEST?C190508_1442_SCI/C190508_1442_SCI",
            "s_fov": 0.7176383627131244,
            "t_exptime": 20.295,
            "calib_level": 1,
            "em_res_power": None,
            "datalink": "https://example.com/datalink?runid=i4oh43a0oky3dyvp&ID=ivo%3A%2F%2F"
            "example.com%2FTEST%3FC190508_1442_SCI%2FC190508_1442_SCI",
        },
    ),
    (
        "pyvo/dal__ssa__result.xml",
        "ssa",
        36,
        {
            "dataproduct_type": "spectrum",
            "obs_collection": "SDSS DR6",
            "obs_publisher_did": "ivo://jhu/sdss/dr6/spec/2.5#80442261170552832",
            "target_name": "SDSS J115923.80+005905.16",
            "s_ra": 179.84916,
            "s_dec": 0.984768,
            "em_min": 3e-7,  # the band is called OPTICAL
            "data_rights": "public",
            "em_xel": 4000,
        },
    ),
    (
        "pyvo_old/dal__jhu-ssa.xml",
        "ssa",
        35,
        {"obs_collection": "SDSS DR6", "s_ra": 179.84916, "s_dec": 0.984768},
    ),
    (
        "astropy_vo_old/hst_ssa.xml",
        "ssa",
        174,
        {
            "facility_name": "HST",
            "instrument_name": "COS",
            "proposal_id": "11508",
            "obs_creator_name": "NOLL KEITH S.",
            "t_min": 55046.6933834,
            "t_exptime": 1984.128,
            "calib_level": 2,
            "em_min": None,  # 115 "m" are nanometres: not believed
        },
    ),
    *(
        (
            f"pyvo/{name}.xml",
            "ssa",
            1,
            {
                "dataproduct_type": "spectrum",  # a PARAM
                "obs_collection": "flashheros",  # a PARAM
                "instrument_name": "Flash/Heros",  # a PARAM
                "access_estsize": 101,
                "em_min": 4.01053e-7,
                "calib_level": 2,
                "t_min": 48175.39453125,
                "em_xel": 23181,
            },
        )
        for name in ("dal__datalink-ssa", "dal__datalink__datalink-ssa")
    ),
    (
        "pyvo/dal__twomass-cs.xml",
        "scs",
        2,
        {
            "dataproduct_type": "measurements",
            "obs_id": "34",
            "s_ra": 0.065625,
            "s_dec": -8.8911667,
            "access_url": None,
        },
    ),
    (
        "pyvo/dal__scs__result.xml",
        "scs",
        1273,
        {"obs_id": "1522124650242182041", "s_ra": 77.6581, "s_dec": 1.68358, "t_exptime": None},
    ),
    (
        "astropy_vo_old/vo_cone.xml",
        "scs",
        206,
        {"obs_id": "0799-0000545", "s_ra": 0.9089667, "s_dec": -10.0282944},
    ),
    *(
        (f"astroquery_ipac_irsa_tests/data__{name}.xml", "scs", rows, {"s_ra": 10.684737})
        for name, rows in (("Box", 1), ("Cone", 1), ("Cone_coord", 1))
    ),
    ("astroquery_ipac_irsa_tests/data__Polygon.xml", "scs", 7, {"s_ra": 10.015696}),
    (
        "astroquery_ipac_ned/query_near_position.xml",
        "scs",
        475,
        {"obs_id": "COUP 0900", "s_ra": 83.8232, "s_dec": -5.39018},
    ),
    (
        "astroquery_casda/cone.xml",
        "tap",
        3,
        {
            "dataproduct_type": "cube",
            "datalink": "https://data.csiro.au/casda_vo_proxy/vo/datalink/links?ID=cube-502",
        },
    ),
    ("astroquery_casda/box.xml", "tap", 2, {"obs_id": "1934", "t_min": None}),
    ("astroquery_casda/partial_unreleased.xml", "tap", 3, {"obs_id": "1934"}),
    ("aladin/ObsCore_003.xml", "tap", 2, {"dataproduct_type": "cube", "em_min": 0.211}),
    (
        "pyvo/dal__tap__obscore-image.xml",
        "tap",
        10,
        {"calib_level": 0, "access_estsize": 435344, "s_xel2": 14929, "em_min": None},
    ),
    (
        "pyvo/dal__datalink__datalink-obscore.xml",
        "sia2",
        3,
        {"obs_collection": "MACHO", "t_xel": 7, "s_resolution": 4.353822892},
    ),
    (
        "astroquery_alma/alma-shapes.xml",
        "tap",
        5,
        {"s_region": "Circle ICRS 337.250736 -69.175076 0.008223", "em_min": 0.0028988180044},
    ),
    (
        "astroquery_alma/sgra_query.xml",
        "tap",
        92,
        {"s_ra": 266.53035850120983, "target_name": "G0.25+0.02", "t_exptime": 188.781},
    ),
    ("astroquery_alma/etacar_query.xml", "tap", 15, {"s_ra": 161.26493488004834}),
    ("astroquery_alma/ngc4945.xml", "tap", 17, {"s_fov": 0.00545778773313056}),
    (
        "astroquery_cadc/data_coords.xml",
        "tap",
        3,
        {
            "obs_collection": "HST",
            "s_ra": 244.26038568976307,
            "t_min": 53260.03122779,
            "t_max": 53260.03122779 + 2584 / 86400,
            "calib_level": 3,
        },
    ),
    ("astroquery_nadc_lamost/sql_response_votable.xml", "tap", 3, {"dataproduct_type": None}),
    ("astroquery_ukidss/votable.xml", "scs", 9, {"s_ra": 272.6155810372425}),
]

ERRORS: list[tuple[str, type[ArchiveError], str]] = [
    ("pyvo/dal__error-sia.xml", Broken, "Forced Fail"),
    ("pyvo/dal__error2-sia.xml", Broken, "failed to parse POS: as3f"),
    ("pyvo/dal__error-cs.xml", Broken, "Forced Fail"),
    ("pyvo/dal__error2-cs.xml", Broken, "DEC parameter out-of-range"),
    ("pyvo/dal__error3-cs.xml", Broken, "Forced Fail"),
    ("pyvo/dal__error4-cs.xml", Broken, "DEC parameter out-of-range"),
    ("pyvo/dal__error-sla.xml", Broken, "Forced Fail"),
    ("astroquery_vo_conesearch/conesearch_error1.xml", Broken, "Error in input RA value"),
    ("astroquery_vo_conesearch/conesearch_error2.xml", Broken, "Error in input RA value"),
    ("astroquery_vo_conesearch/conesearch_error3.xml", Broken, "Invalid data type"),
    ("astroquery_vo_conesearch/conesearch_error4.xml", Broken, "Invalid data type"),
    ("astroquery_ipac_ned/error.xml", Broken, "No note found"),
    ("astroquery_vizier/no_server_error.xml", Broken, "no connection"),
    ("pyvo/dal__query__errorstatus.xml", Broken, "ERROR|Forced|error"),
    ("pyvo/dal__query__missingtable.xml", Unreadable, "without a table"),
    ("pyvo/dal__query__missingresource.xml", Unreadable, "without a table"),
    ("astroquery_ukidss/error.html", Unreadable, "web page"),
    ("astroquery_ukidss/vo_results.html", Unreadable, "web page"),
    ("astroquery_ukidss/image_results.html", Unreadable, "web page"),
    ("astroquery_skyview/query_page.html", Unreadable, "web page"),
    ("astroquery_skyview/results.html", Unreadable, "web page"),
]

OTHERS = {
    "pyvo/dal__nrao-sla.xml",
    "pyvo/dal__sla__dataset.xml",
    "pyvo_old/dal__nrao-sla.xml",
}
"""Lists of spectral lines (SLA), which are neither data nor sources."""


def test_every_recorded_document_of_these_protocols_has_a_test(shared_data: Path) -> None:
    folder = shared_data / "responses"
    ours = {name for name, *_ in DOCUMENTS} | {name for name, *_ in ERRORS} | OTHERS
    found = {
        str(path.relative_to(folder))
        for pattern in (
            "pyvo*/*sia*.xml",
            "pyvo*/*ssa*.xml",
            "pyvo*/*scs*.xml",
            "pyvo*/*cs.xml",
            "pyvo*/*sla*.xml",
            "astropy_vo_old/*.xml",
            "astroquery_vo_conesearch/conesearch*.xml",
            "astroquery_ipac_irsa_tests/data__[BCP]*.xml",
        )
        for path in folder.glob(pattern)
        if not any(word in path.name for word in ("capabilities", "mivot"))
    }
    assert len(found) > 20
    assert found <= ours


@pytest.mark.parametrize(("name", "protocol", "rows", "first"), DOCUMENTS)
def test_a_recorded_document_becomes_obscore(
    shared_data: Path, name: str, protocol: Protocol, rows: int, first: dict[str, Any]
) -> None:
    answer, table = read(shared_data / "responses" / name, protocol)
    assert len(table) == len(answer.table) == rows
    for column, value in first.items():
        (found,) = plain_values(table[column][:1])
        expected = value if not isinstance(value, float) else pytest.approx(value, rel=1e-6)
        assert found == expected, column
    assert set(table.meta["mapping"]) == {column.name for column in COLUMNS[3:]}
    assert table.meta["asked"] == ["https://archive.example/recorded"]


@pytest.mark.parametrize(("name", "protocol", "rows", "first"), DOCUMENTS)
def test_what_is_called_missing_is_masked_and_the_rest_is_not(
    shared_data: Path, name: str, protocol: Protocol, rows: int, first: dict[str, Any]
) -> None:
    _, table = read(shared_data / "responses" / name, protocol)
    for column, how in table.meta["mapping"].items():
        empty = all(value is None for value in plain_values(table[column]))
        assert how.startswith("missing") == empty, (column, how)
        assert how.startswith(("given: ", "guessed: ", "missing")), how


@pytest.mark.parametrize(("name", "protocol", "rows", "first"), DOCUMENTS)
def test_nothing_that_was_said_is_lost(
    shared_data: Path, name: str, protocol: Protocol, rows: int, first: dict[str, Any]
) -> None:
    answer, table = read(shared_data / "responses" / name, protocol)
    natives = [json.loads(text) for text in table["native"]]
    for row in (0, rows - 1):
        here = {str(table[column.name][row]) for column in COLUMNS}
        for column in answer.table.colnames:
            said = answer.table[column][row]
            if not isinstance(said, str | np.integer) or said == "":
                continue  # floats may have got the decimals back that they were written with
            assert str(natives[row].get(column)) == str(said) or str(said) in here, column


@pytest.mark.parametrize(("name", "error", "words"), ERRORS)
def test_a_recorded_error_is_no_empty_table(
    shared_data: Path, name: str, error: type[ArchiveError], words: str
) -> None:
    body = (shared_data / "responses" / name).read_bytes()
    with pytest.raises(error, match=words):
        results_of(Recorded(body), archive="vo:ivo://example", wanted="rows")


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_list_of_spectral_lines_is_no_list_of_images(shared_data: Path, name: str) -> None:
    _, table = read(shared_data / "responses" / name, "scs")
    assert set(plain_values(table["s_ra"])) == {None}
    assert "chemicalname" in json.loads(table["native"][0])


def test_an_answer_cut_by_the_service_says_so(shared_data: Path) -> None:
    answer, _ = read(shared_data / "responses/pyvo/dal__datalink-ssa.xml", "ssa")
    assert answer.truncated


def test_a_descriptor_makes_the_address_of_a_rows_links(shared_data: Path) -> None:
    _, table = read(shared_data / "responses/pyvo/dal__datalink__datalink-ssa.xml", "ssa")
    identifier = "ivo%3A%2F%2Forg.gavo.dc%2F~%3Fflashheros%2Fdata%2Fca90%2Ff0011.mt"
    assert list(table["datalink"]) == [f"http://example.com/datalink?ID={identifier}"]
