"""This file asks MAST's sandbox with each filter, and compares with what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mast_asked import NGC1068, Row, asked, at, invoked, names

from skyatlas.errors import BadInput
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import StreetDoor
from skyatlas.sandbox import Sandbox


def holds(word: str, column: str) -> Callable[[Row], bool]:
    return lambda row: word.lower() in str(row.get(column) or "").lower()


FILTERS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({"collections": ("hst",)}, lambda row: row["obs_collection"] == "HST"),
    ({"collections": ("JWST", "HLA")}, lambda row: row["obs_collection"] in ("JWST", "HLA")),
    ({"collections": ("nuclei",)}, lambda row: row["provenance_name"] == "NUCLEI"),
    (
        {"collections": ("HLA", "NUCLEI")},
        lambda row: row["obs_collection"] == "HLA" or row["provenance_name"] == "NUCLEI",
    ),
    ({"instruments": ("wfc3",)}, lambda row: row["instrument_name"].startswith("WFC3/")),
    (
        {"instruments": ("NIRCam", "MIRI")},
        lambda row: row["instrument_name"].startswith(("NIRCAM", "MIRI")),
    ),
    ({"instruments": ("STIS/CCD",)}, lambda row: row["instrument_name"] == "STIS/CCD"),
    ({"programs": ("12345",)}, lambda row: row["proposal_id"] == "12345"),
    ({"programs": ("GO-12345",)}, lambda row: row["proposal_id"] == "12345"),
    ({"target_name": "NGC1068"}, lambda row: row["target_name"] == "NGC1068"),
    ({"target_name": "ngc*"}, lambda row: row["target_name"].lower().startswith("ngc")),
    (
        {"kinds": frozenset({"spectrum", "cube"})},
        lambda row: row["dataproduct_type"] in ("spectrum", "cube"),
    ),
    ({"calib_level": Interval(3, None)}, lambda row: row["calib_level"] >= 3),
    ({"calib_level": Interval(2, 2)}, lambda row: row["calib_level"] == 2),
    ({"public": True}, lambda row: row.get("dataRights") == "PUBLIC"),
    (
        {"time": Interval(57000.0, 59000.0)},
        lambda row: row["t_max"] >= 57000 and row["t_min"] <= 59000,
    ),
    (
        {"band": Interval(1e-6, 2e-6)},
        lambda row: row.get("em_min") and row["em_max"] >= 1000 and row["em_min"] <= 2000,
    ),
    ({"parameters": (("provenance_name", "CALWF3"),)}, holds("CALWF3", "provenance_name")),
    ({"parameters": (("Author", "spoc"),)}, lambda row: row["provenance_name"] == "SPOC"),
    (
        {"parameters": (("provenance_name", "CALACS,NUC*,*WF3"),)},
        lambda row: row["provenance_name"] in ("CALACS", "NUCLEI", "CALWF3"),
    ),
    ({"parameters": (("filters", "F814W"),)}, holds("F814W", "filters")),
    ({"parameters": (("t_exptime", "20"),)}, lambda row: row["t_exptime"] == 20),
    ({"parameters": (("t_exptime", "20,120"),)}, lambda row: row["t_exptime"] in (20, 120)),
    ({"parameters": (("t_exptime", "100..500"),)}, lambda row: 100 <= row["t_exptime"] <= 500),
    ({"parameters": (("t_exptime", "1000.."),)}, lambda row: row["t_exptime"] >= 1000),
    ({"parameters": (("sector", "1"),)}, lambda row: row["sequence_number"] == 1),
    ({"parameters": (("sector", "1..4"),)}, lambda row: row["sequence_number"] in (1, 2, 3, 4)),
    ({"parameters": (("sequence_number", "2.."),)}, lambda row: (row["sequence_number"] or 0) >= 2),
    ({"parameters": (("dataRights", "EXCLUSIVE_ACCESS"),)}, holds("EXCLUSIVE", "dataRights")),
    (
        {"parameters": (("project", "TESS,Kepler,K2"), ("sector", "1"))},
        lambda row: row["project"] in ("TESS", "Kepler", "K2") and row["sequence_number"] == 1,
    ),
]  # fmt: skip


each_filter = pytest.mark.parametrize(
    ("filters", "wanted"),
    [pytest.param(*one, id=f"{number}-{'-'.join(one[0])}") for number, one in enumerate(FILTERS)],
)


@each_filter
def test_each_filter_finds_what_it_says_without_a_place(
    mast_door: StreetDoor,
    mast_held: list[Row],
    filters: dict[str, Any],
    wanted: Callable[[Row], bool],
) -> None:
    found = asked(Query(**filters), mast_door)
    expected = sorted(str(row["obs_id"]) for row in mast_held if wanted(row))
    assert names(found) == expected
    assert expected, "this filter is not tried"


@each_filter
def test_each_filter_finds_the_same_at_one_place_and_at_many(
    mast_door: StreetDoor,
    mast_held: list[Row],
    filters: dict[str, Any],
    wanted: Callable[[Row], bool],
) -> None:
    """One place is asked with filters; many are without, and their rows are judged here."""
    places = {
        tuple(round(float(row[name]), 6) for name in ("s_ra", "s_dec")) for row in mast_held[:40]
    }
    queries = [
        Query(Target(f"p{number}", *place), 0.01, **filters)
        for number, place in enumerate(sorted(places))
    ]
    together = asked(queries, mast_door)
    alone = [asked(query, mast_door) for query in queries]
    assert sorted(zip(together["target"], together["obs_id"], strict=True)) == sorted(
        (name, obs_id)
        for one in alone
        for name, obs_id in zip(one["target"], one["obs_id"], strict=True)
    )


def test_a_filter_that_leaves_out_what_does_not_say_is_told(mast_door: StreetDoor) -> None:
    found = asked(Query(collections=("HST",), band=Interval(4e-7, 8e-7)), mast_door)
    assert any("do not say their time or wavelength" in remark for remark in found.remarks)
    assert not any(
        "do not say" in text for text in asked(Query(collections=("HST",)), mast_door).remarks
    )


def test_an_unknown_column_is_refused_and_the_known_ones_are_named(
    mast_door: StreetDoor, box: Sandbox
) -> None:
    with pytest.raises(BadInput, match=r"no column 'colour'; there are: .*provenance_name"):
        asked(at(NGC1068, parameters=(("colour", "red"),)), mast_door)
    assert not invoked(box)


@pytest.mark.parametrize(
    "parameter", [("t_exptime", "long"), ("sector", "9..1"), ("filters", " , "), ("obsid", "o1")]
)
def test_a_value_that_makes_no_sense_is_refused(
    mast_door: StreetDoor, box: Sandbox, parameter: tuple[str, str]
) -> None:
    with pytest.raises(BadInput):
        asked(Query(parameters=(parameter,)), mast_door)
    assert not invoked(box)


def test_only_one_wildcard_goes_into_each_question(mast_door: StreetDoor, box: Sandbox) -> None:
    asked(Query(instruments=("NIRCam", "MIRI"), collections=("JWST",)), mast_door)
    texts = [
        one["freeText"]
        for request in invoked(box)
        for one in request["params"]["filters"]
        if "freeText" in one and request["params"]["columns"] == "*"
    ]
    assert texts == ["NIRCAM%", "MIRI%"]


def test_lists_of_words_are_asked_for_word_by_word(mast_door: StreetDoor, box: Sandbox) -> None:
    asked(Query(parameters=(("filters", "F814W"),)), mast_door)
    (wanted,) = [
        one for one in invoked(box)[-1]["params"]["filters"] if one["paramName"] == "filters"
    ]
    assert wanted == {"paramName": "filters", "separator": ";", "values": ["F814W"]}


def test_science_is_assumed_unless_something_else_is_asked_for(
    mast_door: StreetDoor, box: Sandbox
) -> None:
    found = asked(at(NGC1068), mast_door)
    assert any("science observations only" in remark for remark in found.remarks)
    everything = asked(at(NGC1068, parameters=(("intentType", "*"),)), mast_door)
    assert not any("science" in remark for remark in everything.remarks)
    filters = [one["params"]["filters"] for one in invoked(box)]
    assert filters[0] == [{"paramName": "intentType", "values": ["science"]}]
    assert filters[1] == []
