"""This file asks the sandbox's MAST portal as its documentation says, and as it does not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import requests

from skyatlas.sandbox import Sandbox, region
from skyatlas.sandbox.mast_columns import CONE, PRODUCTS
from skyatlas.sandbox.mast_holdings import files, observations

INVOKE = "mast.stsci.edu/api/v0/invoke"
M77 = (40.669629, -0.013281)


def _send(box: Sandbox, service: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = {"service": service, "params": params, "format": "json", **more}
    sent = {"request": json.dumps(request)}
    answer = requests.post(f"{box.url}/{INVOKE}", data=sent, timeout=30)
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def _rows(box: Sandbox, service: str, params: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = _send(box, service, params, **more)
    assert answer["status"] == "COMPLETE", answer["msg"]
    rows: list[dict[str, Any]] = answer["data"]
    return rows


def _filtered(box: Sandbox, *filters: dict[str, Any], columns: str = "*") -> list[dict[str, Any]]:
    params = {"columns": columns, "filters": list(filters)}
    return _rows(box, "Mast.Caom.Filtered", params)


def _values(name: str, *values: object, **more: object) -> dict[str, Any]:
    return {"paramName": name, "values": list(values), **more}


def _error(box: Sandbox, service: str, params: dict[str, Any], **more: Any) -> str:
    answer = _send(box, service, params, **more)
    assert answer["status"] == "ERROR"
    assert answer["data"] == []
    return str(answer["msg"])


def _held() -> list[dict[str, Any]]:
    return [dict(one.row) | {"obsid": one.obsid} for one in observations(1).values()]


def test_a_filter_takes_any_of_its_values_and_does_not_look_at_case(box: Sandbox) -> None:
    found = _filtered(box, _values("obs_collection", "hst", "NOWHERE"))
    expected = [row["obsid"] for row in _held() if row["obs_collection"] == "HST"]
    assert [row["obsid"] for row in found] == expected != []


def test_several_filters_all_have_to_be_passed(box: Sandbox) -> None:
    hst, exclusive = _values("obs_collection", "HST"), _values("dataRights", "EXCLUSIVE_ACCESS")
    both = _filtered(box, hst, exclusive)
    assert 0 < len(both) < len(_filtered(box, hst))
    assert {row["dataRights"] for row in both} == {"EXCLUSIVE_ACCESS"}


def test_numbers_are_compared_as_numbers_though_they_come_as_words(box: Sandbox) -> None:
    found = _filtered(box, _values("calib_level", "3"))
    assert found
    assert {row["calib_level"] for row in found} == {3}


def test_a_range_holds_both_its_ends_and_no_null(box: Sandbox) -> None:
    times = sorted(row["t_min"] for row in _held() if row.get("t_min") is not None)
    low, high = times[1], times[-2]
    found = _filtered(box, _values("t_min", {"min": low, "max": high}))
    assert sorted(row["t_min"] for row in found) == [one for one in times if low <= one <= high]


def test_free_text_has_wildcards_and_values_have_none(box: Sandbox) -> None:
    wild = _filtered(box, _values("target_name", freeText="%1068"))
    assert {row["target_name"] for row in wild} >= {"NGC1068"}
    assert _filtered(box, _values("target_name", "%1068")) == []
    also = _filtered(box, _values("target_name", "M51", freeText="%1068"))
    assert len(also) > len(wild)
    for text in ("NGC.068", "NGC", "1068"):
        assert _filtered(box, _values("target_name", freeText=text)) == []


def test_a_separator_opens_a_cell_of_several_values(box: Sandbox) -> None:
    several = next(row for row in _held() if ";" in str(row.get("filters")))
    first = several["filters"].split(";")[0]
    split = _filtered(box, _values("filters", first, separator=";"))
    assert several["obsid"] in {row["obsid"] for row in split}
    whole = _filtered(box, _values("filters", first))
    assert several["obsid"] not in {row["obsid"] for row in whole}


def test_counting_gives_one_row(box: Sandbox) -> None:
    chosen = _values("obs_collection", "HST")
    assert _filtered(box, chosen, columns="COUNT_BIG(*)") == [
        {"Column1": len(_filtered(box, chosen))}
    ]


def test_only_the_columns_asked_for_come_in_their_order(box: Sandbox) -> None:
    params = {"columns": "obsid, S_RA", "filters": [_values("obs_collection", "HST")]}
    answer = _send(box, "Mast.Caom.Filtered", params)
    assert answer["fields"] == [
        {"name": "obsid", "type": "string"},
        {"name": "s_ra", "type": "float"},
    ]
    assert list(answer["data"][0]) == ["obsid", "s_ra"]


def test_columns_without_any_value_are_left_out_on_demand(box: Sandbox) -> None:
    params = {"columns": "*", "filters": [_values("obs_collection", "HST")]}
    answer = _send(box, "Mast.Caom.Filtered", params, removenullcolumns=True)
    names = {field["name"] for field in answer["fields"]}
    assert "obs_id" in names
    assert "objID" not in names
    assert all(set(row) == names for row in answer["data"])
    # What a page leaves out does not depend on the page.
    more: dict[str, Any] = {"removenullcolumns": True, "pagesize": 1}
    for page in range(1, len(answer["data"]) + 1):
        single = _send(box, "Mast.Caom.Filtered", params, page=page, **more)
        assert single["fields"] == answer["fields"]


def test_pages_add_up_to_the_whole(box: Sandbox) -> None:
    params = {"columns": "obsid", "filters": []}
    whole = _send(box, "Mast.Caom.Filtered", params)
    size = len(whole["data"]) // 3
    pages = math.ceil(len(whole["data"]) / size)
    got = []
    for page in range(1, pages + 1):
        answer = _send(box, "Mast.Caom.Filtered", params, pagesize=size, page=page)
        assert answer["paging"] == {
            "page": page,
            "pageSize": size,
            "pagesFiltered": pages,
            "rows": len(answer["data"]),
            "rowsFiltered": len(whole["data"]),
            "rowsTotal": len(whole["data"]),
        }
        got += answer["data"]
    assert got == whole["data"]
    assert _rows(box, "Mast.Caom.Filtered", params, pagesize=size, page=pages + 1) == []


def test_a_cone_finds_footprints_and_says_how_far_their_rims_are(box: Sandbox) -> None:
    ra, dec = M77
    near = _rows(box, "Mast.Caom.Cone", {"ra": ra, "dec": dec, "radius": 0.0})
    assert near
    assert {row["distance"] for row in near} == {0}
    # Half a degree beside the place, the footprints begin less than half a degree away.
    aside = _rows(box, "Mast.Caom.Cone", {"ra": ra, "dec": dec + 0.5, "radius": 0.499})
    for row in aside:
        assert 0 < row["distance"] <= 0.499 * 3600
        place = region.vector(ra, dec + 0.5)
        rim = region.gap(place, region.parse(row["s_region"]))
        assert row["distance"] == pytest.approx(math.degrees(rim) * 3600)
    assert {row["obsid"] for row in near} & {row["obsid"] for row in aside}
    assert sorted(row["distance"] for row in aside) == [row["distance"] for row in aside]


def test_a_footprint_is_not_the_circle_around_it(box: Sandbox) -> None:
    row = next(row for row in _held() if row["obs_collection"] == "HST")
    (square,) = region.parse(row["s_region"])
    assert isinstance(square, region.Polygon)
    (ra1, dec1), (ra2, dec2) = map(region.degrees, square.corners[:2])
    # A little outside the middle of a side, yet nearer to the centre than the corners are.
    ra, dec = (
        middle + 0.05 * (middle - centre)
        for middle, centre in (
            ((ra1 + ra2) / 2, row["s_ra"]),
            ((dec1 + dec2) / 2, row["s_dec"]),
        )
    )
    gap = math.degrees(region.gap(region.vector(ra, dec), (square,)))
    assert 0 < gap < 0.01

    def near(radius: float) -> set[object]:
        found = _rows(box, "Mast.Caom.Cone", {"ra": ra, "dec": dec, "radius": radius})
        return {one["obs_id"] for one in found}

    assert row["obs_id"] in near(1.01 * gap)
    assert row["obs_id"] not in near(0.99 * gap)


def test_a_cone_leaves_the_legacy_archive_out_on_demand(box: Sandbox) -> None:
    hla = next(one.row for one in observations(1).values() if one.collection == "HLA")
    place = {"ra": hla["s_ra"], "dec": hla["s_dec"], "radius": 0.1}
    whole = _rows(box, "Mast.Caom.Cone", place)
    rest = _rows(box, "Mast.Caom.Cone", place | {"exclude_hla": True})
    assert rest == [row for row in whole if row["obs_collection"] != "HLA"]
    assert len(rest) < len(whole)


def test_place_and_criteria_go_together(box: Sandbox) -> None:
    params = {
        "columns": "*",
        "filters": [_values("filters", "F658N")],
        "position": f"{M77[0]}, {M77[1]}, 0.2",
    }
    found = _rows(box, "Mast.Caom.Filtered.Position", params)
    assert {row["target_name"] for row in found} == {"NGC1068"}
    assert all("distance" in row and "_selected_" not in row for row in found)


def test_many_places_are_matched_in_one_request(box: Sandbox) -> None:
    data = {
        "fields": [{"name": name, "type": "float"} for name in ("RA", "DEC")],
        "data": [
            {"RA": M77[0], "DEC": M77[1]},
            {"RA": M77[0] + 1e-4, "DEC": M77[1]},
            {"RA": 12.0, "DEC": -60.0},
        ],
    }
    params = {"raColumn": "RA", "decColumn": "DEC", "radius": 0.01}
    found = _rows(box, "Mast.Caom.Crossmatch", params, data=data)
    alone = _rows(box, "Mast.Caom.Cone", {"ra": M77[0], "dec": M77[1], "radius": 0.01})
    assert len(found) == 2 * len(alone) > 0
    assert {row["in_RA"] for row in found} == {M77[0], M77[0] + 1e-4}


def test_a_shared_file_comes_with_each_observation_that_has_it(box: Sandbox) -> None:
    uri, (file, owners) = next((u, held) for u, held in files(1).items() if len(held[1]) > 1)
    asked = ",".join(str(owner.obsid) for owner in owners)
    rows = _rows(box, "Mast.Caom.Products", {"obsid": asked})
    same = [row for row in rows if row["dataURI"] == uri]
    assert [row["parent_obsid"] for row in same] == [owner.obsid for owner in owners]
    assert {row["productFilename"] for row in same} == {file.filename}
    assert len(rows) == sum(len(owner.files) for owner in owners)


def test_no_observation_has_no_files(box: Sandbox) -> None:
    assert _rows(box, "Mast.Caom.Products", {"obsid": "1000033356"}) == []


def test_get_and_post_say_the_same(box: Sandbox) -> None:
    request = {
        "service": "Mast.Caom.Filtered",
        "params": {"columns": "obsid", "filters": []},
    }
    sent = {"request": json.dumps(request)}
    got = requests.get(f"{box.url}/{INVOKE}", params=sent, timeout=30).json()
    assert got == requests.post(f"{box.url}/{INVOKE}", data=sent, timeout=30).json()


@pytest.mark.parametrize(
    ("service", "params", "words"),
    [
        ("Mast.Caom.Foo", {}, "Service Mast.Caom.Foo not found"),
        ("Mast.Caom.Filtered", {"filters": []}, "columns is missing"),
        ("Mast.Caom.Filtered", {"columns": "*"}, "a list was expected"),
        ("Mast.Caom.Filtered", {"columns": "flavour", "filters": []}, "'flavour'"),
        (
            "Mast.Caom.Filtered",
            {"columns": "*", "filters": [{"paramName": "flavour", "values": ["x"]}]},
            "'flavour'",
        ),
        (
            "Mast.Caom.Filtered",
            {"columns": "*", "filters": [{"paramName": "t_min", "values": ["soon"]}]},
            "Error converting data type",
        ),
        (
            "Mast.Caom.Filtered",
            {"columns": "*", "filters": [{"paramName": "t_min", "values": [{"min": 1}]}]},
            "needs min and max",
        ),
        (
            "Mast.Caom.Filtered",
            {
                "columns": "*",
                "filters": [{"paramName": "filters", "values": [{"min": 1, "max": 2}]}],
            },
            "Error converting data type",
        ),
        ("Mast.Caom.Filtered.Position", {"columns": "*", "filters": []}, "position"),
        ("Mast.Caom.Cone", {"ra": 1}, "dec"),
        ("Mast.Caom.Crossmatch", {}, "needs a table"),
        ("Mast.Caom.Products", {"obsid": "jabc01010"}, "Error converting data type"),
    ],
)
def test_what_is_wrong_is_an_error_with_status_200(
    box: Sandbox, service: str, params: dict[str, Any], words: str
) -> None:
    assert words in _error(box, service, params)


def test_a_request_that_is_no_request_is_an_error(box: Sandbox) -> None:
    for text in ("", "{", "[]", "{}"):
        answer = requests.post(f"{box.url}/{INVOKE}", data={"request": text}, timeout=30)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ERROR"


@pytest.mark.parametrize("more", [{"format": "xls"}, {"pagesize": 0}, {"page": "two"}])
def test_what_is_wrong_beside_the_parameters_is_an_error_too(
    box: Sandbox, more: dict[str, Any]
) -> None:
    assert _error(box, "Mast.Caom.Filtered", {"columns": "*", "filters": []}, **more)


def test_an_answer_is_executing_as_often_as_is_wished_and_then_there(box: Sandbox) -> None:
    box.fault("executing=2", "invoke")
    params = {"columns": "COUNT_BIG(*)", "filters": []}
    said = [_send(box, "Mast.Caom.Filtered", params)["status"] for _ in range(6)]
    assert said == ["EXECUTING", "EXECUTING", "COMPLETE"] * 2


def test_another_request_is_not_a_poll_of_the_first(box: Sandbox) -> None:
    box.fault("executing=1", "invoke")
    params = {"columns": "COUNT_BIG(*)", "filters": []}
    said = [
        _send(box, "Mast.Caom.Filtered", params, cacheBreaker=number)["status"]
        for number in range(3)
    ]
    assert said == ["EXECUTING"] * 3


def test_an_answer_may_be_executing_for_ever(box: Sandbox) -> None:
    box.fault("executing", "invoke")
    params = {"columns": "COUNT_BIG(*)", "filters": []}
    for _ in range(5):
        answer = _send(box, "Mast.Caom.Filtered", params)
        assert answer["status"] == "EXECUTING"
        assert answer["data"] == []


def test_the_portal_fails_with_the_words_of_the_fault(box: Sandbox) -> None:
    box.fault("mast-error=the disk is full", "invoke", count=1)
    assert _error(box, "Mast.Missions.List", {}) == "the disk is full"
    assert _rows(box, "Mast.Missions.List", {})


def test_pages_hold_no_more_than_the_fault_says(box: Sandbox) -> None:
    box.fault("pagesize=4", "invoke")
    answer = _send(box, "Mast.Caom.Filtered", {"columns": "obsid", "filters": []})
    assert len(answer["data"]) == answer["paging"]["pageSize"] == 4
    assert answer["paging"]["pagesFiltered"] == math.ceil(len(observations(1)) / 4)
    params = {"columns": "obsid", "filters": []}
    assert len(_rows(box, "Mast.Caom.Filtered", params, pagesize=2)) == 2


def test_the_line_breaks_where_too_much_is_asked_for(box: Sandbox) -> None:
    box.fault("too-many=5", "invoke")
    params = {"columns": "obsid", "filters": []}
    assert len(_rows(box, "Mast.Caom.Filtered", params, pagesize=5, page=1)) == 5
    with pytest.raises(requests.ConnectionError):
        _send(box, "Mast.Caom.Filtered", params, pagesize=5, page=2)
    with pytest.raises(requests.ConnectionError):
        _send(box, "Mast.Caom.Filtered", params)
    params["columns"] = "COUNT_BIG(*)"
    assert _rows(box, "Mast.Caom.Filtered", params) == [{"Column1": len(observations(1))}]


@pytest.mark.parametrize(
    ("name", "ours"), [("caom.json", CONE), ("advSearch.json", CONE), ("products.json", PRODUCTS)]
)
def test_types_are_those_that_were_recorded(
    shared_data: Path, name: str, ours: dict[str, str]
) -> None:
    recorded = json.loads((shared_data / "responses/astroquery_mast" / name).read_text())
    types = {field["name"]: field["type"] for field in recorded["fields"]}
    assert set(types) <= set(ours)
    assert {name: ours[name] for name in types} == types


def test_distance_is_what_was_recorded_a_way_to_the_rim(shared_data: Path) -> None:
    recorded = json.loads((shared_data / "responses/astroquery_mast/caom.json").read_text())
    place = region.vector(23.34086, 60.658)  # M 103, as NED has it: what astroquery asked for
    assert len(recorded["data"]) > 15
    for row in recorded["data"]:
        rim = math.degrees(region.gap(place, region.parse(row["s_region"]))) * 3600
        assert row["distance"] == pytest.approx(rim, abs=0.3)
