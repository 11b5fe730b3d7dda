"""This file reads MAST's recorded answers: all of the portal's parse, and the rows come right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mast_answers import opened
from numpy.testing import assert_allclose, assert_array_equal

from skyatlas.archives.mast import portal, rows
from skyatlas.errors import Broken, Unreadable
from skyatlas.obscore import plain_values
from skyatlas.sky import touches
from skyatlas.testing import Answer
from skyatlas.testing.form import check_form, check_values

OBSERVATIONS = ("caom.json", "advSearch.json", "advSearchPos.json")
WHOLE = (
    *OBSERVATIONS,
    "countsResp.json",
    "products.json",
    "dd.json",
    "hsc.json",
    "matchid.json",
    "tic.json",
)
"""Answers that hold all the rows that they count."""
NO_ANSWERS = (
    "columnsconfig.json",
    "bundleResponse.json",
    "mission_results.json",
    "panstarrs.json",
    "resolver.json",
    "available_missions.html",
    "tap_results.vot",
)
"""What MAST answers at other addresses."""


@pytest.fixture
def recorded(shared_data: Path) -> Path:
    return shared_data / "responses" / "astroquery_mast"


def said(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def pages(path: Path) -> list[portal.Page]:
    with opened(lambda _: Answer(path.read_bytes(), "application/json")) as (_, door):
        return list(portal.ask(door, "Mast.Recorded", {}))


@pytest.mark.parametrize("name", WHOLE)
def test_every_recorded_answer_of_the_portal_parses(recorded: Path, name: str) -> None:
    (page,) = pages(recorded / name)
    answer = said(recorded / name)
    assert page.rows == answer["data"]
    assert [list(pair) for pair in page.fields] == [
        [field["name"], field["type"]] for field in answer["fields"]
    ]
    assert page.total == len(answer["data"])


def test_an_answer_from_which_rows_were_cut_is_noticed(recorded: Path) -> None:
    path = recorded / "spectra.json"  # 26 rows were kept of 45,762
    with opened(lambda _: Answer(path.read_bytes(), "application/json")) as (_, door):
        asked = portal.ask(door, "Mast.HscSpectra.Db.All", {})
        assert len(next(asked).rows) == 26
        with pytest.raises(Broken, match="counted 45762 rows and sent 26"):
            next(asked)


def test_the_recorded_count_is_a_number(recorded: Path) -> None:
    answer = (recorded / "countsResp.json").read_bytes()
    with opened(lambda _: Answer(answer, "application/json")) as (_, door):
        assert portal.count(door, "Mast.Caom.Filtered", {"filters": []}) == 599


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_others_answer_is_unreadable(recorded: Path, name: str) -> None:
    with pytest.raises((Unreadable, Broken)):
        pages(recorded / name)


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_every_observation_becomes_a_row_of_obscore(recorded: Path, name: str) -> None:
    native = said(recorded / name)["data"]
    table = rows.caom(native)
    check_form(table, queries=1)
    for row in table:
        check_values(row)
    for ours, theirs in (
        ("obs_id", "obs_id"),
        ("obs_collection", "obs_collection"),
        ("instrument_name", "instrument_name"),
        ("target_name", "target_name"),
        ("proposal_id", "proposal_id"),
        ("obs_creator_name", "proposal_pi"),
        ("dataproduct_type", "dataproduct_type"),
        ("calib_level", "calib_level"),
        ("s_ra", "s_ra"),
        ("s_dec", "s_dec"),
        ("t_min", "t_min"),
        ("t_max", "t_max"),
        ("t_exptime", "t_exptime"),
        ("filters", "filters"),
        ("jpegURL", "jpegURL"),
    ):
        assert plain_values(table[ours]) == [row[theirs] for row in native], ours


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_the_number_and_the_name_of_an_observation_are_two_things(
    recorded: Path, name: str
) -> None:
    native = said(recorded / name)["data"]
    table = rows.caom(native)
    assert table["obsid"].dtype.kind == "i"
    assert_array_equal(table["obsid"], [row["obsid"] for row in native])
    assert plain_values(table["obs_id"]) == [str(row["obs_id"]) for row in native]
    assert not set(map(str, table["obsid"])) & set(table["obs_id"])


def test_planes_of_one_observation_stay_apart(recorded: Path) -> None:
    """GALEX's far and near ultraviolet share an obsid: each is a row."""
    table = rows.caom(said(recorded / "advSearchPos.json")["data"])
    assert len(set(table["obsid"])) == 6
    assert len(set(table["obs_publisher_did"])) == len(table) == 12


def test_nanometres_become_metres_and_zero_is_not_said(recorded: Path) -> None:
    table = rows.caom(said(recorded / "caom.json")["data"])
    assert_allclose(
        [table["em_min"][0], table["em_max"][0]], [713.510009765625e-9, 867.4500122070312e-9]
    )
    assert table["em_min"].mask[5]  # null at MAST
    zero = rows.caom(said(recorded / "advSearch.json")["data"])
    assert zero["em_min"].mask.all()
    assert zero["em_max"].mask.all()


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_every_footprint_is_icrs_and_is_read(recorded: Path, name: str) -> None:
    """MAST writes J2000 and GSC1 (whose digit is no coordinate)."""
    native = said(recorded / name)["data"]
    for text, row in zip(plain_values(rows.caom(native)["s_region"]), native, strict=True):
        assert text.split()[1] == "ICRS"
        assert [float(word) for word in text.split()[2:]] == [
            float(word) for word in row["s_region"].split()[2:]
        ]
        assert touches(text, row["s_ra"], row["s_dec"], 1 / 60)


def test_a_release_date_is_written_as_iso_8601(recorded: Path) -> None:
    table = rows.caom(said(recorded / "caom.json")["data"])
    assert table["obs_release_date"][0] == "1996-02-08T19:04:04"  # MJD 50121.79450


def test_observatories_are_told_by_their_collections(recorded: Path) -> None:
    table = rows.caom(said(recorded / "caom.json")["data"])
    pairs = set(zip(table["obs_collection"], table["facility_name"], strict=True))
    assert pairs == {("HLA", "HST"), ("HST", "HST"), ("GALEX", "GALEX")}


def test_a_file_s_name_at_mast_becomes_its_address() -> None:
    own, foreign, none = rows.caom(
        [
            {"obsid": 1, "dataURL": "mast:HST/product/a b+c.fits"},
            {"obsid": 2, "dataURL": "http://galex.stsci.edu/data/GR6/x-int.fits.gz"},
            {"obsid": 3, "dataURL": None},
        ]
    )
    assert own["access_url"] == (
        "https://mast.stsci.edu/api/v0.1/Download/file?uri=mast:HST/product/a%20b%2Bc.fits"
    )
    assert own["access_format"] == foreign["access_format"] == "application/fits"
    assert foreign["access_url"] == "http://galex.stsci.edu/data/GR6/x-int.fits.gz"
    assert none["access_url"] is np.ma.masked


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("CIRCLE 84.29 -80.46 0.0014", "CIRCLE ICRS 84.29 -80.46 0.0014"),
        ("POLYGON 1 2 3 4 5 6", "POLYGON ICRS 1 2 3 4 5 6"),
        ("polygon  GSC1 1 2\t3 4 5 6 ", "POLYGON ICRS 1 2 3 4 5 6"),
        (
            "POLYGON ICRS 1 2 3 4 5 6 POLYGON 7 8 9 10 11 12",
            "POLYGON ICRS 1 2 3 4 5 6 POLYGON ICRS 7 8 9 10 11 12",
        ),
        ("POLYGON FK4 1 2 3 4 5 6", None),
        ("CIRCLE GALACTIC 1 2 3", None),
        ("RANGE 1 2 3 4", None),
        ("", None),
        (None, None),
    ],
)
def test_a_footprint_in_another_frame_is_none(written: str | None, read: str | None) -> None:
    assert rows.region(written) == read


@pytest.mark.parametrize("mjd", [None, 0, -5.0, 1e300, "soon", float("nan")])
def test_what_is_no_date_is_none(mjd: object) -> None:
    assert rows.date(mjd) is None


def test_rights_are_told_in_obscore_s_words() -> None:
    words = ("PUBLIC", "EXCLUSIVE_ACCESS", "RESTRICTED", None)
    table = rows.caom([{"obsid": n, "dataRights": word} for n, word in enumerate(words, 1)])
    assert plain_values(table["data_rights"]) == ["public", "proprietary", "secure", None]
    assert rows.closed(table) == 2


def test_numbers_that_come_as_text_are_numbers() -> None:
    (row,) = rows.caom([{"obsid": "2003585980", "sequence_number": "7", "srcDen": "x"}])
    assert row["obsid"] == 2003585980
    assert row["sequence_number"] == 7
    assert row["srcDen"] is np.ma.masked


def test_no_rows_are_an_empty_table() -> None:
    check_form(rows.caom([]), queries=1)
