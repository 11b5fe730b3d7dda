"""This file asks the sandbox's MAST twice, through astroquery.mast and through skyatlas.

The rows must be the same, but for what astroquery gives and we leave out and tell: what is only
planned, and what is not science.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astroquery import mast
from astroquery.mast import ObservationsClass
from astroquery.mast.discovery_portal import PortalAPI

from skyatlas.archive import Pace
from skyatlas.archives.mast import Mast
from skyatlas.journeys.search import search
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import Host, StreetDoor
from skyatlas.obscore import plain_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

M77 = (40.669629, -0.013281)
TIC = "261136679"
SAME = (
    *("obs_id", "obs_collection", "provenance_name", "instrument_name", "target_name", "filters"),
    *("proposal_id", "s_ra", "s_dec", "t_min", "t_max", "t_exptime", "calib_level"),
    *("sequence_number", "dataURL", "project", "intentType"),
)
"""Columns that have the same name and unit on both sides."""


@pytest.fixture
def peer(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservationsClass]:
    """astroquery's own class, at the sandbox."""
    site = f"{box.url}/mast.stsci.edu"
    monkeypatch.setattr(PortalAPI, "MAST_REQUEST_URL", f"{site}/api/v0/invoke")
    config = f"{site}/portal/Mashup/Mashup.asmx/columnsconfig"
    monkeypatch.setattr(PortalAPI, "COLUMNS_CONFIG_URL", config)
    monkeypatch.setattr(PortalAPI, "_column_configs", {})
    cloud = mast.conf.set_temp("enable_cloud_dataset", False)
    with mast.conf.set_temp("server", site), cloud:
        yield ObservationsClass()


def ours(box: Sandbox, query: Query) -> Observations:
    hosts = {"mast.stsci.edu": Host("mast", Pace(at_once=4, per_second=0))}
    with StreetDoor(hosts, sandbox=box.url) as door:
        found = search([query], [Mast()], door)
    assert not found.failures, str(found)
    return found


def rows_of(table: Any) -> dict[tuple[int, int], dict[str, Any]]:
    """The rows by their plane, as plain values."""
    columns = {name: plain_values(table[name]) for name in (*SAME, "obsid", "objID")}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    kept = [row for row in rows if row["calib_level"] != -1 and row["intentType"] == "science"]
    return {(int(row.pop("obsid")), int(row.pop("objID") or 0)): row for row in kept}


QUESTIONS: dict[str, tuple[Query, dict[str, Any]]] = {
    "a collection and a kind": (
        Query(collections=("HST",), kinds=frozenset({"image"})),
        {"obs_collection": "HST", "dataproduct_type": "image"},
    ),
    "a number of TIC": (
        Query(Target("π Men", ids={"TIC": TIC})),
        {"target_name": TIC},
    ),
    "author, sector and cadence": (
        Query(parameters=(("author", "SPOC"), ("sector", "1,2,4"), ("exptime", "119..121"))),
        {"provenance_name": "SPOC", "sequence_number": [1, 2, 4], "t_exptime": [119, 121]},
    ),
    "a wildcard": (Query(target_name="NGC*"), {"target_name": "NGC*"}),
    "an instrument": (Query(instruments=("WFC3",)), {"instrument_name": "WFC3*"}),
    "a programme": (Query(programs=("12345",)), {"proposal_id": "12345"}),
    "a level": (
        Query(calib_level=Interval(3, 4), collections=("JWST",)),
        {"calib_level": [3, 4], "obs_collection": "JWST"},
    ),
    "a filter among several": (
        Query(parameters=(("filters", "F814W"),)),
        {"filters": "F814W"},
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_criteria_find_the_same_rows(box: Sandbox, peer: ObservationsClass, question: str) -> None:
    query, criteria = QUESTIONS[question]
    theirs = rows_of(peer.query_criteria(**criteria))
    assert rows_of(ours(box, query).table) == theirs
    assert theirs, "this question has no answer"


@pytest.mark.parametrize("radius", [0.005, 0.05, 0.2])
def test_a_place_has_the_same_rows(box: Sandbox, peer: ObservationsClass, radius: float) -> None:
    theirs = rows_of(peer.query_region(SkyCoord(*M77, unit="deg"), radius=radius * u.deg))
    assert rows_of(ours(box, Query(Target("M77", *M77), radius)).table) == theirs
    assert len(theirs) > 5


def test_a_place_and_criteria_have_the_same_rows(box: Sandbox, peer: ObservationsClass) -> None:
    place = SkyCoord(*M77, unit="deg")
    theirs = rows_of(
        peer.query_criteria(coordinates=place, radius=0.05 * u.deg, obs_collection=["HST", "JWST"])
    )
    query = Query(Target("M77", *M77), 0.05, collections=("HST", "JWST"))
    assert rows_of(ours(box, query).table) == theirs
    assert theirs
