"""This file searches a MAST that fails, and looks for what is kept and what is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from mast_asked import NGC1068, PI_MEN, Row, asked, at, invoked, names, star

from skyatlas.archives.mast import Mast
from skyatlas.errors import Broken, Unreachable
from skyatlas.journeys.search import search
from skyatlas.model import Query, Target, Why
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import plain_values
from skyatlas.sandbox import Sandbox
from skyatlas.testing import Answer, ArchiveRules, Request, relay


def test_pages_are_put_together(mast_door: StreetDoor, box: Sandbox) -> None:
    whole = names(asked(at(NGC1068), mast_door))
    box.fault("pagesize=4", "invoke")
    assert names(asked(at(NGC1068), mast_door)) == whole
    assert max(request["page"] for request in invoked(box)) >= len(whole) / 4


def test_what_came_before_the_line_broke_is_kept_and_the_rest_is_told(
    mast_door: StreetDoor, box: Sandbox
) -> None:
    whole = names(asked(at(NGC1068), mast_door))
    box.fault("pagesize=4", "invoke")
    box.fault("too-many=8", "invoke")
    found = asked(at(NGC1068), mast_door)
    assert 0 < len(found) < len(whole)
    (note,) = [note for note in found.reports[0].notes if note.why is Why.TRUNCATED]
    assert note.count == 8
    assert found.complete is False


def test_a_question_that_mast_works_on_is_waited_for(mast_door: StreetDoor, box: Sandbox) -> None:
    box.fault("executing=1", "invoke")
    assert len(asked(at(NGC1068), mast_door)) > 5
    first, second = (one.body for one in box.requests)
    assert first == second


def test_where_the_portal_fails_obstap_is_asked_and_what_is_missing_is_told(
    mast_door: StreetDoor, box: Sandbox
) -> None:
    whole = asked(at(NGC1068), mast_door)
    box.fault("mast-error", "invoke")
    found = asked(at(NGC1068), mast_door)
    assert names(found) == names(whole)
    (note,) = [note for note in found.reports[0].notes if note.why is Why.UNANSWERED]
    assert "ObsTAP" in note.text
    assert "obsid" not in found.table.colnames
    np.testing.assert_allclose(
        sorted(plain for plain in plain_values(found["em_min"]) if plain),
        sorted(plain for plain in plain_values(whole["em_min"]) if plain),
    )
    assert all(found["access_url"]) or found["access_url"].mask.any()


def test_many_places_are_asked_of_obstap_too(
    mast_door: StreetDoor, box: Sandbox, mast_held: list[Row]
) -> None:
    """But for the full frames, whose centres are degrees away: that is told."""
    rows = [row for row in mast_held if row["dataproduct_type"] == "timeseries"][:60]
    kinds = frozenset({"timeseries"})
    queries = [
        Query(Target(f"star {number}", row["s_ra"], row["s_dec"]), 5 / 3600, kinds=kinds)
        for number, row in enumerate(rows)
    ]
    whole = asked(queries, mast_door)
    box.fault("mast-error", "invoke")
    found = asked(queries, mast_door)
    assert any("does not find large fields by their edges" in text for text in found.remarks)
    assert sorted(zip(found["target"], found["obs_id"], strict=True)) == sorted(
        zip(whole["target"], whole["obs_id"], strict=True)
    )


def test_obstap_is_asked_for_what_it_can_do_and_what_is_too_far_is_dropped(
    mast_door: StreetDoor, box: Sandbox
) -> None:
    """It has no INTERSECTS: centres are looked for half a degree farther around."""
    whole = asked(at(NGC1068, 0.001), mast_door)
    box.fault("mast-error", "invoke")
    found = asked(at(NGC1068, 0.001), mast_door)
    assert names(found) == names(whole)
    (adql,) = found.reports[0].asked
    assert "INTERSECTS" not in adql
    assert "0.001 + 0.5" in adql


def test_where_both_fail_the_portal_s_failure_is_told(mast_door: StreetDoor, box: Sandbox) -> None:
    box.fault("mast-error=the data base sleeps", "invoke")
    box.fault("503", "vo-tap")
    found = search([at(NGC1068)], [Mast()], mast_door)
    (failed,) = found.failures
    assert isinstance(failed.error, Broken)
    assert "the data base sleeps" in str(failed.error)


@pytest.mark.parametrize(
    "query",
    [at(NGC1068, parameters=(("filters", "F814W"),)), star("TIC", PI_MEN)],
)
def test_what_obstap_cannot_be_asked_is_not_asked_there(
    mast_door: StreetDoor, box: Sandbox, query: Query
) -> None:
    box.fault("mast-error", "invoke")
    found = search([query], [Mast()], mast_door)
    assert isinstance(found.failures[0].error, Broken)
    assert not [one for one in box.requests if "vo-tap" in one.path]


def test_a_dead_portal_is_unreachable(mast_door: StreetDoor, box: Sandbox) -> None:
    box.fault("dead", "mast.stsci.edu")
    found = search([at(NGC1068)], [Mast()], mast_door)
    assert isinstance(found.failures[0].error, Unreachable)


class TestMast(ArchiveRules):
    archive = Mast()
    target = NGC1068
    error_document = Answer(
        b'{"status": "ERROR", "msg": "Service Mast.Caom.Foo not found"}', "application/json"
    )

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)
