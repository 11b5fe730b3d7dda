"""This file fetches in several processes at once: each file comes once, and the pace is one."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from running import Ended, Judge, Run
from steady_server import SteadyServer, many_files

from skyatlas.archive import Pace
from skyatlas.session import Session

RATE = 600e3
"""Bytes per second and connection: slow enough that the processes are at work together."""


def fetched_together(
    listing: Path, folder: Path, server: SteadyServer, tmp_path: Path, count: int
) -> list[Ended]:
    """So many processes, the same list, the same folder, all started before the first byte."""
    listing.write_text(server.listing())
    with ExitStack() as all_of_them:
        runs = [
            all_of_them.enter_context(Run(listing, folder, tmp_path / "home")) for _ in range(count)
        ]
        return [run.end() for run in runs]


@pytest.mark.parametrize("count", [2, 3])
def test_processes_with_one_list_and_one_folder_fetch_each_file_once(
    tmp_path: Path, count: int
) -> None:
    with SteadyServer(many_files(24, 50e3, 1.2e6, seed=count), RATE) as server:
        folder = tmp_path / "files"
        all_ended = fetched_together(tmp_path / "list.txt", folder, server, tmp_path, count)
        assert [ended.code for ended in all_ended] == [0] * count, all_ended
        for ended in all_ended:
            there = ended.with_status("fetched", "resumed", "kept")
            assert sorted(Path(file["path"]).name for file in there) == sorted(server.files)
        assert not Judge(folder, server.files).all_faults()
        assert set(server.asked.values()) == {1}
        assert server.sent == server.size
        assert server.most_at_once == Pace().files_at_once
        brought = [file for ended in all_ended for file in ended.with_status("fetched")]
        assert len(brought) == len(server.files)


def test_processes_with_their_own_lists_keep_one_pace_together(tmp_path: Path) -> None:
    with SteadyServer(many_files(24, 50e3, 1.2e6, seed=4), RATE) as server, ExitStack() as both:
        lines = server.listing().splitlines(keepends=True)
        names = list(server.files)
        runs = []
        for number in range(2):
            listing = tmp_path / f"list{number}.txt"
            listing.write_text("".join(lines[number::2]))
            folder = tmp_path / f"files{number}"
            runs.append(both.enter_context(Run(listing, folder, tmp_path / "home")))
        assert [run.end().code for run in runs] == [0, 0]
        for number in range(2):
            own = {name: server.files[name] for name in names[number::2]}
            assert not Judge(tmp_path / f"files{number}", own).all_faults()
        assert set(server.asked.values()) == {1}
        assert server.most_at_once == Pace().files_at_once


def test_one_goes_on_with_what_another_had_begun_when_it_was_killed(tmp_path: Path) -> None:
    listing, folder, home = tmp_path / "list.txt", tmp_path / "files", tmp_path / "home"
    with SteadyServer(many_files(16, 400e3, 1.2e6, seed=5), RATE) as server:
        listing.write_text(server.listing())
        with Run(listing, folder, home) as killed, Run(listing, folder, home) as other:
            assert killed.goes_on_until(lambda: server.sent > server.size / 4, server)
            killed.send(signal.SIGKILL)
            killed.end()
            ended = other.end()
        assert ended.code == 0, ended
        assert len(ended.with_status("fetched", "resumed", "kept")) == len(server.files)
        assert not Judge(folder, server.files).all_faults()
        assert max(server.asked.values()) <= 2  # how many at once: a server sees a death late


def test_threads_with_one_list_and_one_folder_fetch_each_file_once(tmp_path: Path) -> None:
    with SteadyServer(many_files(12, 50e3, 1.2e6, seed=6), RATE) as server, Session() as session:
        urls = server.listing().split()
        done = []
        threads = [
            threading.Thread(target=lambda: done.append(session.fetch(urls, tmp_path / "files")))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [fetched.complete for fetched in done] == [True, True]
        assert [len(fetched) for fetched in done] == [len(urls)] * 2
        assert not Judge(tmp_path / "files", server.files).all_faults()
        assert set(server.asked.values()) == {1}
        assert server.most_at_once == Pace().files_at_once
