"""This file asks the sandbox's invented TAP service through unmodified pyvo and through us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pyvo

from skyatlas.model import Query, Target
from skyatlas.protocols import tap
from skyatlas.protocols.tap import services

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

ZEPHYR = tap.TapService("zephyr", "https://tap.zephyr.example/tap")
EVERYTHING = "SELECT * FROM ivoa.obscore"
PLACES = [
    Query(Target("NGC 1068", 40.669629, -0.013281), 0.2),
    Query(Target("M83", 204.2538751, -29.8654322), 0.2),
    Query(Target("nothing", 200.0, 60.0), 0.01),
]


@pytest.fixture
def peer(box: Sandbox) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{box.url}/tap.zephyr.example/tap")


def ids(table: Table) -> list[str]:
    return sorted(str(one) for one in table["obs_publisher_did"])


@pytest.mark.parametrize("prefer", ["sync", "async"])
def test_tap_gives_the_rows_that_pyvo_gets(
    atlas: Session, peer: pyvo.dal.TAPService, prefer: tap.Prefer
) -> None:
    ours = tap.ask(atlas.door, ZEPHYR, EVERYTHING, prefer=prefer)
    theirs = peer.run_sync(EVERYTHING, maxrec=1_000_000).to_table()
    assert not ours.truncated
    assert len(ours.table) > 20
    assert ids(ours.table) == ids(theirs)


def test_what_takes_too_long_becomes_a_job_and_gives_the_same_rows(
    box: Sandbox, atlas: Session
) -> None:
    whole = ids(tap.ask(atlas.door, ZEPHYR, EVERYTHING).table)
    box.fault("heavy", "tap.zephyr.example")
    assert ids(tap.ask(atlas.door, ZEPHYR, EVERYTHING).table) == whole
    assert any(one.url.endswith("/async") for one in box.requests)
    assert box.requests[-1].method == "DELETE"


@pytest.mark.parametrize("form", ["votable/b2", "votable/td", "votable", "fits", "parquet"])
def test_every_format_gives_the_same_rows(atlas: Session, form: str) -> None:
    service = tap.TapService("zephyr", ZEPHYR.url, 1_000_000, formats=(form,))
    whole = ids(tap.ask(atlas.door, ZEPHYR, EVERYTHING).table)
    assert ids(tap.ask(atlas.door, service, EVERYTHING).table) == whole


def test_places_by_upload_by_or_one_by_one_give_the_same_rows(
    atlas: Session, peer: pyvo.dal.TAPService
) -> None:
    about = tap.known(atlas.door, ZEPHYR)
    assert tap.obstap(atlas.door, ZEPHYR) == "ivoa.obscore"
    assert services.formats_for(atlas.door, ZEPHYR, about)[-1] == services.PLAIN
    columns = tap.columns_of(atlas.door, ZEPHYR, "ivoa.obscore")
    assert {"s_region", "obs_creator_name"} <= columns
    joined = tap.obscore_adql(PLACES, "ivoa.obscore", columns=columns, upload=True)
    uploads = {tap.UPLOAD: tap.upload_of(PLACES)}
    together = tap.ask(atlas.door, ZEPHYR, joined, uploads=uploads, chunk=2).table
    theirs = peer.run_sync(joined, uploads=uploads, maxrec=1_000_000).to_table()
    assert ids(together) == ids(theirs)
    found = 0
    for number, query in enumerate(PLACES):
        question = tap.obscore_adql([query], "ivoa.obscore", columns=columns)
        alone = tap.ask(atlas.door, ZEPHYR, question).table
        assert ids(together[together[tap.NUMBER] == number]) == ids(alone)
        found += len(alone)
    assert found
    ored = tap.ask(atlas.door, ZEPHYR, tap.obscore_adql(PLACES, "ivoa.obscore")).table
    assert set(ids(ored)) == set(ids(together))
