"""This file holds questions to their budget: who is late is named, and what came is kept."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from skyatlas.errors import Unreachable
from skyatlas.model import Query, Target
from skyatlas.net.door import Host, StreetDoor
from skyatlas.net.pace import Cancelled, Clock, Pace, Turns
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session
from skyatlas.threads import side_by_side


def test_a_silent_archive_is_named_when_the_budget_is_spent(box: Sandbox, atlas: Session) -> None:
    box.fault("silent", "tap_obs/sync")
    box.fault("silent", "ssap")
    began = time.monotonic()
    found = atlas.search("40.67 -0.013", archives="eso", kind="spectrum", budget=1.0)
    assert time.monotonic() - began < 10
    (report,) = found.reports
    assert isinstance(report.error, Unreachable)
    assert found.complete is False
    assert len(found) == 0
    box.release()


def test_a_door_with_a_bound_ends_its_questions_by_then(box: Sandbox) -> None:
    box.fault("silent", "availability")
    with StreetDoor(sandbox=box.url) as door:
        bounded = door.within(0.5)
        began = time.monotonic()
        with pytest.raises(Unreachable):
            bounded.ask("https://archive.eso.org/tap_obs/availability")
        with pytest.raises(Unreachable):  # the time is spent: nothing is sent any more
            bounded.within(100).ask("https://archive.eso.org/tap_obs/capabilities")
        assert time.monotonic() - began < 8
        assert not any("capabilities" in asked.url for asked in box.requests)
        assert door.ask("https://archive.eso.org/tap_obs/capabilities").status_code == 200
        box.release()


def test_who_waits_for_a_turn_does_not_wait_beyond_the_bound(box: Sandbox) -> None:
    hosts = {"archive.eso.org": Host("eso", Pace(at_once=1, per_second=0))}
    with StreetDoor(hosts, sandbox=box.url) as door:
        box.fault("silent", "tap_obs/availability", count=1)

        def hold() -> None:
            with contextlib.suppress(Unreachable):
                door.ask("https://archive.eso.org/tap_obs/availability", timeout=20)

        holding = threading.Thread(target=hold)
        holding.start()
        while not box.requests:
            threading.Event().wait(0.01)
        with pytest.raises(Unreachable, match="no turn came in time"):
            door.within(0.3).ask("https://archive.eso.org/tap_obs/capabilities")
        box.release()
        holding.join()


def test_a_turn_that_the_pace_gives_too_late_is_not_waited_for() -> None:
    turns = Turns({"h": Host("h", Pace(at_once=1, per_second=0.01))}, Clock())
    with turns.question("h"):
        pass
    with pytest.raises(Cancelled), turns.question("h", within=0.5):
        raise AssertionError("the second question of a hundred seconds got a turn")


def test_late_work_is_left_to_itself() -> None:
    hold = threading.Event()

    def work(number: int) -> str:
        if number == 1:
            hold.wait()
        return f"done {number}"

    results = side_by_side(work, [0, 1, 2], 3, within=0.5, late=lambda number: f"late {number}")
    hold.set()
    assert results == ["done 0", "late 1", "done 2"]


def test_a_budget_of_nothing_is_refused(atlas: Session) -> None:
    from skyatlas.errors import BadInput

    with pytest.raises(BadInput, match="budget"):
        atlas.search("NGC 1068", budget=0)
    with pytest.raises(BadInput, match="--archive vo"):
        atlas.search("NGC 1068", waveband="optical")
    assert Query(target=Target("a", 1.0, 1.0), radius=1.0).parameters == ()
