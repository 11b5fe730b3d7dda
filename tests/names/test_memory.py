"""The memory of names serves threads and processes at once."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from pathlib import Path

from skyatlas.model import Target
from skyatlas.names.memory import Memory

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def write(path: Path, who: int) -> None:
    for number in range(20):
        name = f"{who} {number}"
        Memory(path).remember(
            {name: Target(name, float(who), float(number), date=NOW.isoformat())}, NOW
        )


def test_threads_and_processes_write_at_once_and_nothing_is_lost(tmp_path):
    path = tmp_path / "names.sqlite"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=write, args=(path, who)) for who in range(2)]
    workers += [threading.Thread(target=write, args=(path, who)) for who in range(2, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    names = [f"{who} {number}" for who in range(5) for number in range(20)]
    found = Memory(path).recall(names, NOW)
    assert {name: (one.ra, one.dec) for name, one in found.items() if one} == {
        name: tuple(map(float, name.split())) for name in names
    }


def test_nothing_is_written_to_recall(tmp_path):
    path = tmp_path / "names.sqlite"
    assert Memory(path).recall(["x"], NOW) == {}
    Memory(path).remember({}, NOW)
    assert not path.exists()
