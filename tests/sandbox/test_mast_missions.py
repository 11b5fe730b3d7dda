"""This file asks the sandbox's searches of HST's and JWST's data sets over HTTP, as MAST's are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from skyatlas.sandbox import MAST_TOKENS, Sandbox
from skyatlas.sandbox.mast_missions_conditions import Invalid, condition
from skyatlas.sandbox.mast_pictures import pictures

M77 = "40.669629 -0.013281"
M87 = "187.705931 12.391123"
HST = [one for one in pictures(1) if "sci_data_set_name" in one.mission]


def post(box: Sandbox, body: Any, what: str = "hst/api/v0.1/search") -> requests.Response:
    with requests.Session() as session:
        return session.post(f"{box.url}/mast.stsci.edu/search/{what}", json=body, timeout=60)


def get(box: Sandbox, what: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        return session.get(f"{box.url}/mast.stsci.edu/search/{what}", timeout=60, **options)


def results(box: Sandbox, **body: Any) -> list[dict[str, Any]]:
    answer = post(box, body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_rows_say_their_target_and_how_far_they_are(box: Sandbox) -> None:
    rows = results(box, target=[M77, M87], radius=3.0)
    assert {row["search_pos"] for row in rows} == {M77, M87}
    assert all(row["search_key"] == row["search_pos"] + row["sci_data_set_name"] for row in rows)
    assert all(row["ang_sep"] <= 3.0 for row in rows)


def test_the_answer_has_the_form_of_a_recorded_one(box: Sandbox, shared_data: Path) -> None:
    import json

    recorded = shared_data / "responses" / "astroquery_mast"
    known = json.loads((recorded / "mission_results.json").read_text())
    selected = known["search_params"]["select_cols"]
    asked = {"target": [M77], "radius": 3, "radius_units": "arcminutes", "select_cols": selected}
    ours = post(box, asked).json()
    assert set(known) == set(ours)
    assert set(known["search_params"]) <= set(ours["search_params"])
    kinds = {column["name"]: column["type"] for column in ours["info"]}
    assert all(kinds[one["name"]] == one["type"] for one in known["info"])
    assert set(known["results"][0]) == set(ours["results"][0])
    columns = json.loads((recorded / "mission_columns.json").read_text())
    listed = get(box, "util/api/v0.1/column_list", params={"mission": "hst"}).json()
    for name in ("column_name", "qual_type", "queryable", "default_output"):
        assert {(one["column_name"], one[name]) for one in listed} == {
            (one["column_name"], one[name]) for one in columns
        }
    products = json.loads((recorded / "mission_products.json").read_text())["products"]
    ids = {"dataset_ids": ["JABC01010"]}
    (found, *_) = post(box, ids, "hst/api/v0.1/post_list_products").json()["products"]
    assert set(found) == set(products[0])


def test_an_object_s_name_is_a_target_too(box: Sandbox) -> None:
    named = results(box, target=["M 87"], radius=60, radius_units="arcseconds")
    placed = results(box, target=[M87], radius=1 / 60, radius_units="degrees")
    assert [row["sci_data_set_name"] for row in named] == [
        row["sci_data_set_name"] for row in placed
    ]
    assert {row["search_pos"] for row in named} == {"M 87"}


def test_a_radius_beyond_thirty_minutes_is_cut_without_a_word(box: Sandbox) -> None:
    edge = f"{187.705931} {12.391123 + 0.55}"
    assert results(box, target=[edge], radius=40.0) == []
    assert results(box, target=[f"187.705931 {12.391123 + 0.45}"], radius=40.0)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"sci_instrume": "STIS"}, {"OC4N01010", "OC4N02010", "OC4N03010"}),
        ({"sci_instrume": "!ACS,!WFC3,!WFPC2,!COS"}, {"OC4N01010", "OC4N02010", "OC4N03010"}),
        ({"sci_spec_1234": "G1*"}, {"LD9M04010", "LD9M05010"}),
        ({"sci_targname": "m87,ngc4486"}, {"U2M30201M", "JABC03010"}),
        ({"sci_pep_id": "5000..6000"}, {"U2M30101M", "U2M30201M"}),
        ({"sci_start_time": "<1995-01-01"}, {"U2M30101M", "U2M30201M"}),
        ({"sci_start_time": "1994-01-01..1994-12-31"}, {"U2M30101M", "U2M30201M"}),
        ({"sci_spectral_res": ">20000"}, {"OC4N03010"}),
        ({"sci_status": "PROPRIETARY"}, {"JFZZ01010", "JFZZ02010"}),
        ({"sci_aec": "C"}, set()),
    ],
)
def test_conditions_choose(box: Sandbox, wanted: dict[str, str], names: set[str]) -> None:
    found = results(box, conditions=[wanted])
    assert {row["sci_data_set_name"] for row in found} == names


def test_an_empty_condition_is_none(box: Sandbox) -> None:
    assert len(results(box, conditions=[{"sci_obs_type": ""}])) == len(HST)


def test_pages_are_cut_from_one_order(box: Sandbox) -> None:
    whole = results(box, sort_by=["sci_ra"], sort_desc=[True])
    parts = [
        row
        for offset in range(0, len(HST), 5)
        for row in results(box, sort_by=["sci_ra"], sort_desc=[True], offset=offset, limit=5)
    ]
    assert parts == whole
    places = [row["sci_ra"] for row in whole]
    assert places == sorted(places, reverse=True)


def test_what_is_null_comes_last_in_order(box: Sandbox) -> None:
    rows = results(box, sort_by=["sci_spectral_res"], select_cols=["sci_spectral_res"])
    said = [row["sci_spectral_res"] for row in rows]
    assert None not in said[:5]
    assert set(said[5:]) == {None}


def test_counting_gives_no_rows(box: Sandbox) -> None:
    answer = post(box, {"count_only": True}).json()
    assert answer["totalResults"] == len(HST)
    assert answer["results"] == answer["info"] == []
    assert answer["search_params"]["count_only"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"target": [f"{number} 0" for number in range(101)]},
        {"target": ["nowhere at all"]},
        {"target": [M77], "radius": -1},
        {"target": [M77], "radius_units": "parsecs"},
        {"conditions": [{"sci_nothing": "x"}]},
        {"conditions": [{"search_pos": "x"}]},
        {"conditions": ["sci_instrume"]},
        {"conditions": [{"sci_pep_id": "many"}]},
        {"conditions": [{"sci_start_time": "yesterday"}]},
        {"select_cols": ["sci_nothing"]},
        {"limit": "all"},
        [],
    ],
)
def test_what_makes_no_sense_is_refused(box: Sandbox, body: Any) -> None:
    answer = post(box, body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_mission_that_nobody_knows_is_not_found(box: Sandbox) -> None:
    assert post(box, {}, "voyager/api/v0.1/search").status_code == 404
    assert get(box, "util/api/v0.1/column_list", params={"mission": "x"}).status_code == 400


def test_files_of_data_sets_are_listed_by_either_way(box: Sandbox) -> None:
    ids = ["jabc01010", "OC4N01010", "nothing"]
    posted = post(box, {"dataset_ids": ids}, "hst/api/v0.1/post_list_products").json()["products"]
    got = get(box, "hst/api/v0.1/list_products", params={"dataset_ids": ",".join(ids)}).json()
    assert posted == got["products"]
    assert {row["dataset"] for row in posted} == {"JABC01010", "OC4N01010"}
    assert {row["category"] for row in posted} >= {"CALIBRATED", "UNCALIBRATED", "AUX", "PREVIEW"}


@pytest.mark.parametrize("ids", [[], None, ["x"] * 1001])
def test_a_list_of_too_many_or_no_data_sets_is_refused(box: Sandbox, ids: Any) -> None:
    body = {"dataset_ids": ids}
    assert post(box, body, "hst/api/v0.1/post_list_products").status_code == 400


def test_a_file_comes_by_its_uri_and_by_its_name(box: Sandbox) -> None:
    for name in ("JABC01010/jabc01010_asn.fits", "jabc01010_asn.fits"):
        answer = get(box, "hst/api/v0.1/retrieve_product", params={"product_name": name})
        assert answer.content.startswith(b"SIMPLE")
    missing = get(box, "hst/api/v0.1/retrieve_product", params={"product_name": "x.fits"})
    assert missing.status_code == 404


def test_an_exclusive_file_wants_the_token_of_its_programme(box: Sandbox) -> None:
    asked = {"params": {"product_name": "jfzz01010_asn.fits"}}
    assert get(box, "hst/api/v0.1/retrieve_product", **asked).status_code == 401
    token = {"Authorization": f"token {MAST_TOKENS[0].secret}"}
    assert get(box, "hst/api/v0.1/retrieve_product", headers=token, **asked).status_code == 200


def test_a_wrong_number_is_found_before_any_row_is_read() -> None:
    with pytest.raises(Invalid):
        condition("sci_pep_id", "integer", "1..x")
