"""This file asks an independent TAP server (GAVO DaCHS) through us and through pyvo: the same rows.

It runs where `SKYATLAS_DACHS` names one, for example http://127.0.0.1:8080.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import pyvo
from astropy.table import Table

from skyatlas.errors import Broken
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import conform
from skyatlas.protocols import tap, vosi
from skyatlas.protocols.tap.services import formats_for
from skyatlas.sky import touches

if TYPE_CHECKING:
    from skyatlas.protocols.service import Answer

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

SERVICE = tap.TapService("dachs", f"{BASE}/tap")
EVERYTHING = "select * from ivoa.obscore"
NGC_1068 = Target("NGC 1068", 40.669629, -0.013281)
PLACES = [Query(NGC_1068, 0.1), Query(Target("beside", 40.7, 0.0), 0.05)]
NOWHERE = Query(Target("nowhere", 200.0, 60.0), 0.01)


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as opened:
        yield opened


@pytest.fixture
def peer() -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(SERVICE.url)


def rows_of(answer: Answer | Table) -> list[tuple[str, ...]]:
    """What identifies and places each row, in one order."""
    table = answer if isinstance(answer, Table) else answer.table
    names = ("obs_publisher_did", "access_url", "s_ra", "s_dec", "t_min", "em_min")
    return sorted(tuple(str(row[name]) for name in names) for row in table)


def test_it_says_what_it_can(door: StreetDoor) -> None:
    about = tap.known(door, SERVICE)
    assert about.version == "1.1"
    assert about.offer.rows.hard
    assert about.offer.upload_size.hard
    assert "inline" in about.offer.uploads
    assert formats_for(door, SERVICE, about) == ("votable/b2", "votable")
    body = door.ask(f"{SERVICE.url}/capabilities").content
    found = vosi.capabilities_of(body, archive="dachs", url=SERVICE.url)
    assert [kind for kind, _ in vosi.kind_of(found)] == ["tap"]
    up = door.ask(f"{SERVICE.url}/availability")
    assert vosi.availability_of(up.content, archive="dachs", url=up.url).available


def test_tap_gives_the_rows_that_pyvo_gets(door: StreetDoor, peer: pyvo.dal.TAPService) -> None:
    ours = tap.ask(door, SERVICE, EVERYTHING)
    theirs = peer.run_sync(EVERYTHING, maxrec=20_000).to_table()
    assert not ours.truncated
    assert ours.table.colnames == theirs.colnames
    assert rows_of(ours) == rows_of(theirs)


@pytest.mark.parametrize(
    "form", ["votable/b2", "votable", "votable/td", "application/x-votable+xml", "fits"]
)
def test_every_format_gives_the_same_rows(door: StreetDoor, form: str) -> None:
    service = tap.TapService("dachs", SERVICE.url, 20_000, formats=(form,))
    assert len(tap.ask(door, service, EVERYTHING).table) == len(
        tap.ask(door, SERVICE, EVERYTHING).table
    )


def test_a_limit_is_seen_to_cut(door: StreetDoor) -> None:
    answer = tap.ask(door, SERVICE, EVERYTHING, limit=5)
    assert (len(answer.table), answer.truncated) == (5, True)
    columns = tap.ask(door, SERVICE, EVERYTHING, limit=0)
    assert len(columns.table) == 0
    assert "obs_publisher_did" in columns.table.colnames


@pytest.mark.parametrize("prefer", ["sync", "async"])
def test_a_wrong_question_is_no_empty_table(door: StreetDoor, prefer: tap.Prefer) -> None:
    with pytest.raises(Broken, match="nonsense"):
        tap.ask(door, SERVICE, "select nonsense from ivoa.obscore", prefer=prefer)


def test_an_asynchronous_job_gives_the_same_rows_and_is_deleted(
    door: StreetDoor, peer: pyvo.dal.TAPService
) -> None:
    before = {job.jobid for job in peer.get_job_list()}
    job = tap.ask(door, SERVICE, EVERYTHING, prefer="async")
    assert rows_of(job) == rows_of(tap.ask(door, SERVICE, EVERYTHING))
    assert {job.jobid for job in peer.get_job_list()} <= before


def test_its_obscore_is_ours_and_its_footprints_are_read(door: StreetDoor) -> None:
    table = conform(tap.ask(door, SERVICE, EVERYTHING).table, {})
    for row in table:
        assert touches(str(row["s_region"]), float(row["s_ra"]), float(row["s_dec"]), 0.01)


@pytest.mark.parametrize("prefer", ["sync", "async"])
def test_an_uploaded_table_comes_back_as_it_went_and_as_pyvo_sends_it(
    door: StreetDoor, peer: pyvo.dal.TAPService, prefer: tap.Prefer
) -> None:
    mine = Table({"n": [1, 2, 3], "x": [1 / 3, 0.1, 2e-300], "word": ["a'b", "<&>", "Ångström"]})
    question = "select * from tap_upload.mine"
    ours = tap.ask(door, SERVICE, question, uploads={"mine": mine}, prefer=prefer).table
    theirs = peer.run_sync(question, uploads={"mine": mine}).to_table()
    for name in mine.colnames:
        assert list(ours[name]) == list(mine[name])
        assert list(ours[name]) == list(theirs[name])
    pieces = tap.ask(door, SERVICE, question, uploads={"mine": mine}, chunk=1).table
    assert list(pieces["x"]) == list(mine["x"])


def test_it_has_an_obscore_table_and_its_columns_are_known(door: StreetDoor) -> None:
    assert tap.obstap(door, SERVICE) == "ivoa.obscore"
    columns = tap.columns_of(door, SERVICE, "ivoa.obscore")
    assert columns == {name.lower() for name in tap.ask(door, SERVICE, EVERYTHING).table.colnames}
    schemas = {schema.name.lower(): schema for schema in tap.tables_of(door, SERVICE)}
    (listed,) = [one for one in schemas["ivoa"].tables if one.name.lower() == "ivoa.obscore"]
    assert {column.name.lower() for column in listed.columns} == columns


@pytest.mark.parametrize(
    "queries",
    [
        [Query()],
        [PLACES[0]],
        PLACES,
        [NOWHERE],
        [Query(NGC_1068, 0.1, kinds=frozenset({"image"}), band=Interval(1e-7, 1e-6))],
        [Query(NGC_1068, 0.1, time=Interval(50_000.0, None), calib_level=Interval(0, 4))],
        [Query(collections=("testimg",), target_name="NGC*")],
        [Query(instruments=("O'Brien's \"camera\" -- ",), pi="x", programs=("y",))],
    ],
)
def test_the_question_for_obscore_is_understood_as_pyvo_is(
    door: StreetDoor, peer: pyvo.dal.TAPService, queries: list[Query]
) -> None:
    columns = tap.columns_of(door, SERVICE, "ivoa.obscore")
    question = tap.obscore_adql(queries, "ivoa.obscore", columns=columns)
    ours = tap.ask(door, SERVICE, question)
    assert rows_of(ours) == rows_of(peer.run_sync(question, maxrec=20_000).to_table())
    if queries == PLACES:
        assert len(ours.table) > 5


def test_uploaded_positions_say_which_query_each_row_answers(door: StreetDoor) -> None:
    queries = [*PLACES, NOWHERE]
    joined = tap.obscore_adql(queries, "ivoa.obscore", upload=True)
    uploads = {tap.UPLOAD: tap.upload_of(queries)}
    for chunk in (None, 1):
        together = tap.ask(door, SERVICE, joined, uploads=uploads, chunk=chunk).table
        for number, query in enumerate(queries):
            alone = tap.ask(door, SERVICE, tap.obscore_adql([query], "ivoa.obscore"))
            assert rows_of(together[together[tap.NUMBER] == number]) == rows_of(alone)


@pytest.mark.parametrize("geometry", [frozenset({"CONTAINS", "POINT", "CIRCLE"}), frozenset()])
def test_without_geometry_more_comes_and_nothing_is_lost(
    door: StreetDoor, geometry: frozenset[str]
) -> None:
    exact = tap.ask(door, SERVICE, tap.obscore_adql(PLACES, "ivoa.obscore"))
    wide = tap.obscore_adql(PLACES, "ivoa.obscore", geometry=geometry)
    assert set(rows_of(exact)) <= set(rows_of(tap.ask(door, SERVICE, wide)))
