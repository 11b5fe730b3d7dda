"""This file queues so many files at a host that gives no turn, and prints what they cost.

    python queueing.py COUNT FOLDER

One line of JSON: seconds from the order to its end, megabytes beyond the products themselves,
threads, and how many files ended as not begun. Linux only (it reads /proc).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from skyatlas.archive import Pace
from skyatlas.journeys.fetch import Plan, State, fetch
from skyatlas.model import Failure, Product, Receipt
from skyatlas.net.door import Host, StreetDoor


class Watch:
    """Lets the fetch go on for some looks, then stops it."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.most = 0.0
        self.threads = 0
        self._looks = 0

    def at(self, state: State) -> None:
        self.most = max(self.most, resident())
        self.threads = max(self.threads, threading.active_count())
        self._looks += 1
        if self._looks == 3:
            self.stop.set()

    def end(self, outcome: Receipt | Failure) -> None: ...


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def main(count: int, folder: Path) -> None:
    host, watch = "archive.example", Watch()
    todo = Plan(tuple(Product(f"http://{host}/{number:06}.fits") for number in range(count)))
    hosts = {host: Host("", Pace(files_at_once=1))}
    before, began = resident(), time.monotonic()
    with StreetDoor(hosts, sandbox="http://127.0.0.1:9") as door, door.turns.file(host):
        done = fetch(todo, folder, str, door, progress=watch, stop=watch.stop)  # type: ignore[arg-type]
    figures = {
        "seconds": time.monotonic() - began,
        "megabytes": watch.most - before,
        "threads": watch.threads,
        "not_begun": sum("not begun" in str(one.error) for one in done.failures),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
