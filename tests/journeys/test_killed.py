"""This file ends a fetch in mid-work, by kill and by Ctrl-C; the next one goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random

from killing import MOST_TWICE, kill
from running import Judge, Run
from steady_server import SteadyServer, many_files

KILLS = 12
HELD_BY_LINES = 0.05
"""Share of the bytes that may be on their way when a fetch is stopped."""
# A shell that starts the tests in the background has them ignore Ctrl-C, and so their children.
WITH_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("skyatlas", run_name="__main__", alter_sys=True)
"""


def test_a_fetch_that_is_killed_again_and_again_comes_to_a_good_end(tmp_path: Path) -> None:
    with SteadyServer(many_files(30, 50e3, 12e6, seed=1)) as server:
        done = kill(server, tmp_path, KILLS, Random(1))
    assert not done.faults
    assert done.kills == KILLS
    assert done.resumed
    assert done.twice <= MOST_TWICE, str(done)
    assert not [name for name in done.left_over if ".part" in name]


def test_ctrl_c_ends_a_fetch_at_once_and_loses_nothing(tmp_path: Path) -> None:
    listing, folder = tmp_path / "list.txt", tmp_path / "files"
    with SteadyServer(many_files(40, 600e3, 1.2e6, seed=2), rate=400e3) as server:
        listing.write_text(server.listing())
        judge = Judge(folder, server.files)
        with Run(listing, folder, tmp_path / "home", ("-c", WITH_CTRL_C)) as run:
            assert run.goes_on_until(lambda: server.sent > 1_500_000, server)
            pressed = time.monotonic()
            run.send(signal.SIGINT)
            ended = run.end(10)
            took = time.monotonic() - pressed
        assert ended.code == 130
        assert "stopped" in ended.talk
        assert "Traceback" not in ended.talk
        assert took < 2  # the aim is one second; the rest is for a loaded machine
        assert not judge.faults()
        assert list(folder.glob("*.part"))
        server.rate, before = None, len(server.requests)
        with Run(listing, folder, tmp_path / "home") as run:
            assert run.end().code == 0
        assert not judge.all_faults()
        assert any(request.first for request in server.requests[before:])
        assert server.sent <= server.size * (1 + HELD_BY_LINES)
