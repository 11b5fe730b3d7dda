"""This file asks the sandbox's SANTA, its catalogue of stars and its lists of columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.mast_columns import CONE, PRODUCTS
from skyatlas.sandbox.mast_holdings import observations

SANTA = "mastresolver.stsci.edu/Santa-war/query"
PI_MEN = (84.291188, -80.469120)


def _names(box: Sandbox, *names: str, **more: str) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"name": list(names), "outputFormat": "json", **more}
    document = requests.get(f"{box.url}/{SANTA}", params=asked, timeout=30).json()
    assert document["status"] == ""
    found: list[dict[str, Any]] = document.get("resolvedCoordinate", [])
    return found


def _portal(box: Sandbox, service: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = {"service": service, "params": params, "format": "json", **more}
    sent = {"request": json.dumps(request)}
    url = f"{box.url}/mast.stsci.edu/api/v0/invoke"
    document: dict[str, Any] = requests.post(url, data=sent, timeout=30).json()
    return document


def test_a_number_of_tic_is_known_by_the_catalogue_first(box: Sandbox) -> None:
    (one,) = _names(box, "TIC 261136679")
    assert one["resolver"] == "TIC"
    assert (one["ra"], one["decl"]) == pytest.approx(PI_MEN, abs=0.02)
    assert one["canonicalName"] == "TIC 261136679"
    assert one["searchString"] == "tic 261136679"


def test_all_resolvers_answer_if_all_are_asked(box: Sandbox) -> None:
    found = _names(box, "TIC 261136679", resolveAll="True")
    assert [one["resolver"] for one in found] == ["TIC", "SIMBAD"]
    found = _names(box, "M 77", resolveAll="true")
    assert [one["resolver"] for one in found] == ["SIMBAD", "NED"]


def test_a_resolver_may_be_chosen(box: Sandbox) -> None:
    (one,) = _names(box, "M 77", resolver="NED")
    assert one["resolver"] == "NED"
    assert _names(box, "HD 39091", resolver="NED") == []


def test_several_names_are_answered_in_their_order(box: Sandbox) -> None:
    found = _names(box, "pi Men", "nobody's star", "M51")
    assert [one["searchString"] for one in found] == ["pi men", "m51"]


def test_a_name_that_nobody_knows_has_no_list_at_all(box: Sandbox) -> None:
    asked = {"name": "nobody's star", "outputFormat": "json"}
    document = requests.get(f"{box.url}/{SANTA}", params=asked, timeout=30).json()
    assert document == {"status": ""}


@pytest.mark.parametrize(
    ("collection", "catalogue", "resolver", "prefix"),
    [("TESS", "TIC", "TIC", ""), ("Kepler", "KIC", "KEPLER", "kplr"), ("K2", "EPIC", "K2", "ktwo")],
)
def test_each_star_that_a_mission_looked_at_has_a_place(
    box: Sandbox, collection: str, catalogue: str, resolver: str, prefix: str
) -> None:
    stars = {
        (int(target.removeprefix(prefix)), one.row["s_ra"], one.row["s_dec"])
        for one in observations(1).values()
        if one.collection == collection
        and (target := str(one.row["target_name"])).removeprefix(prefix).isdecimal()
    }
    assert stars
    for number, ra, dec in stars:
        one = _names(box, f"{catalogue} {number}")[0]
        assert one["resolver"] == resolver
        assert (one["ra"], one["decl"]) == pytest.approx((ra, dec), abs=0.02)


def test_what_is_no_json_is_not_written(box: Sandbox) -> None:
    answer = requests.get(f"{box.url}/{SANTA}", params={"name": "M 77"}, timeout=30)
    assert answer.status_code == 400


def test_the_shape_is_the_one_that_was_recorded(box: Sandbox, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "responses/astroquery_mast/resolver.json").read_text())
    known = {key for one in recorded["resolvedCoordinate"] for key in one}
    always = set.intersection(*(set(one) for one in recorded["resolvedCoordinate"]))
    for one in _names(box, "TIC 261136679", "M 77", resolveAll="true"):
        assert always <= set(one) <= known


def test_the_portal_looks_names_up_too(box: Sandbox) -> None:
    document = _portal(box, "Mast.Name.Lookup", {"input": "M 77", "format": "json"})
    assert document["resolvedCoordinate"] == _names(box, "M 77")
    assert _portal(box, "Mast.Name.Lookup", {})["status"] == "ERROR"


def test_missions_are_those_that_have_something(box: Sandbox) -> None:
    rows = _portal(box, "Mast.Missions.List", {})["data"]
    held = {one.collection for one in observations(1).values()}
    assert [row["distinctValue"] for row in rows] == sorted(held)


def test_the_catalogue_of_stars_is_searched_by_number_and_by_place(box: Sandbox) -> None:
    filters = [{"paramName": "ID", "values": ["261136679"]}]
    params = {"columns": "ID,ra,dec", "filters": filters}
    (star,) = _portal(box, "Mast.Catalogs.Filtered.Tic", params)["data"]
    place = {"ra": star["ra"], "dec": star["dec"], "radius": 0.001}
    near = _portal(box, "Mast.Catalogs.Tic.Cone", place)["data"]
    assert [(one["ID"], one["dstArcSec"]) for one in near] == [("261136679", 0)]


@pytest.mark.parametrize(
    ("service", "columns"), [("Mast.Caom.Cone", CONE), ("Mast.Caom.Products", PRODUCTS)]
)
def test_each_column_of_an_answer_is_described(
    box: Sandbox, service: str, columns: dict[str, str]
) -> None:
    assert list(_config(box, service).json()) == list(columns)


def _config(box: Sandbox, service: str) -> requests.Response:
    url = f"{box.url}/mast.stsci.edu/portal/Mashup/Mashup.asmx/columnsconfig"
    return requests.post(url, data={"colConfigId": service}, timeout=30)


def test_columns_of_what_is_not_known_are_an_empty_body(box: Sandbox) -> None:
    answer = _config(box, "Caom.Foo")
    assert (answer.status_code, answer.content) == (200, b"")


def test_units_and_kinds_of_columns_are_those_recorded(box: Sandbox, shared_data: Path) -> None:
    path = shared_data / "responses/astroquery_mast/columnsconfig.json"
    recorded, ours = json.loads(path.read_text()), _config(box, "Mast.Caom.Cone").json()
    for name in set(recorded) & set(ours):
        for key in ("separator", "vot.unit"):
            assert recorded[name].get(key, ours[name].get(key)) == ours[name].get(key), name
    numbers = {"double", "float", "numeric"}
    for name in ("t_min", "t_exptime", "em_min", "s_ra"):
        assert {recorded[name]["vot.datatype"], ours[name]["vot.datatype"]} <= numbers
