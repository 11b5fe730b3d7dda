"""This file looks at hosts with the command line while somebody asks them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from skyatlas.archive import Pace
from skyatlas.errors import Unreachable
from skyatlas.net.leases import shared_folder
from skyatlas.net.pace import Clock, Host, Lease, Turns

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Typing

HOST = "archive.eso.org"


def turns_at(address: str | None, **pace: int) -> Turns:
    """The turns of another program."""
    return Turns({HOST: Host("eso", Pace(**pace))}, Clock(), shared_folder(address))


def entries(said: str) -> dict[str, Any]:
    return {one["host"]: one for one in json.loads(said)["hosts"]}


def test_hosts_tells_what_is_under_way(at_sandbox: Typing, box: Sandbox) -> None:
    other = turns_at(box.url, files_at_once=2)
    elsewhere = "files.example.org"
    with other.question(HOST), other.file(HOST), other.file(HOST), other.file(elsewhere):
        assert isinstance(other.try_file(HOST), float)
        said = at_sandbox("hosts", "--json")
        drawn = at_sandbox("hosts")
        assert isinstance(other.try_file(HOST), float)  # looking takes nothing away
    assert (said.code, said.talk) == (0, "")
    eso, strange = entries(said.data)[HOST], entries(said.data)[elsewhere]
    assert (eso["archive"], eso["files"], eso["questions"], eso["waiting"]) == ("eso", 2, 1, 1)
    assert (strange["archive"], strange["files"], strange["questions"]) == ("", 1, 0)
    line = next(line for line in drawn.data.splitlines() if line.startswith(HOST))
    assert line.split()[1:5] == ["eso", "2", "of", "4"]
    assert "1 program" in line
    assert isinstance(other.try_file(HOST), Lease)


def test_hosts_tells_waits_and_trouble(at_sandbox: Typing, box: Sandbox) -> None:
    other = turns_at(box.url)
    for _ in range(10):
        other.told(HOST, Unreachable("no answer for https://x.org/?token=abcdef"))
    other.hold(HOST, 60.0)
    said = at_sandbox("hosts", "--json")
    drawn = at_sandbox("hosts").data
    eso = entries(said.data)[HOST]
    assert 0 < eso["held_until"] - time.time() <= 60
    assert 0 < eso["resting_until"] - time.time() <= 60
    assert eso["failures"] == 10
    assert "UTC: it asked us to wait; until" in drawn
    assert "UTC: it did not answer 10 tries in a row" in drawn
    assert "UTC: no answer for https://x.org/?token=REDACTED\n" in drawn
    assert "abcdef" not in said.data + drawn
    assert said.talk == "nobody asks anybody\n"
    other.told(HOST, None)
    eso = entries(at_sandbox("hosts", "--json").data)[HOST]
    assert (eso["resting_until"], eso["failures"]) == (None, 0)
    assert "token=REDACTED; it answered since\n" in at_sandbox("hosts").data


def test_hosts_that_nobody_asks_are_listed_too(skyatlas: Typing) -> None:
    said = skyatlas("hosts", "--json")
    assert said.talk == "nobody asks anybody\n"
    assert entries(said.data)[HOST] == {
        "host": HOST,
        "archive": "eso",
        "files": 0,
        "files_allowed": 4,
        "questions": 0,
        "questions_allowed": 2,
        "per_second": 5.0,
        "files_per_second": None,
        "waiting": 0,
        "held_until": None,
        "resting_until": None,
        "failures": 0,
        "trouble": "",
        "trouble_at": None,
        "answered_at": None,
    }


def test_play_does_not_slow_work(skyatlas: Typing, at_sandbox: Typing, box: Sandbox) -> None:
    turns_at(None).hold(HOST, 60.0)
    assert entries(at_sandbox("hosts", "--json").data)[HOST]["held_until"] is None
    assert entries(skyatlas("hosts", "--sandbox", "--json").data)[HOST]["held_until"] is None


def test_a_search_waits_where_another_program_was_asked_to(
    at_sandbox: Typing, box: Sandbox
) -> None:
    until = time.time() + 1.0
    turns_at(box.url).hold(HOST, 1.0)
    assert at_sandbox("search", "NGC 1068", "--archive", "eso", "--limit", "1").code == 0
    assert entries(at_sandbox("hosts", "--json").data)[HOST]["answered_at"] > until
