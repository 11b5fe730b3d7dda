"""This file kills a running fetch again and again, and shows that nothing false and little is left.

    python tests/journeys/killing.py --kills 200 --files 200 --seed 1

Starts `skyatlas fetch`, kills it with SIGKILL at a random moment, judges the folder at once, starts
it again …; the last run may end. Every process is killed in the middle of its work: after its first
byte, and before it could have finished the list. Exit code 0: every file is whole with a receipt,
nothing under a final name was ever incomplete, and at most 5 % of the bytes were sent twice.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from running import Ended, Judge, Run
from steady_server import SteadyServer, many_files

MOST_TWICE = 0.05
"""Share of all bytes that may be sent a second time."""
_LIFE = 0.8
"""Seconds between a process's first byte and its end, on the average."""
_LINES = 4
"""Connections of a fetch; with more or fewer, the last run has less or more left to do."""


@dataclass
class Killings:
    """What happened."""

    size: int
    """Bytes of all files."""
    kills: int = 0
    """Processes that were killed in the middle of their work."""
    faults: list[str] = field(default_factory=list)
    """What was wrong after a kill, or at the end."""
    sent: int = 0
    """Bytes that the server sent."""
    resumed: int = 0
    """Requests that went on in mid-file."""
    left_over: list[str] = field(default_factory=list)
    """Names in the folder, at the end, that are nobody's."""
    seconds: float = 0.0

    @property
    def twice(self) -> float:
        """Share of the bytes that were sent a second time."""
        return (self.sent - self.size) / self.size

    def __str__(self) -> str:
        per_kill = (self.sent - self.size) / max(1, self.kills)
        lines = [
            f"{self.kills} kills in {self.seconds:.0f} s; {self.resumed} requests in mid-file",
            f"{self.size / 1e6:.1f} MB in files, {self.sent / 1e6:.1f} MB sent",
            f"{self.twice:.1%} twice (at most {MOST_TWICE:.0%}): {per_kill / 1e3:.0f} kB a kill",
            f"{len(self.faults)} faults, {len(self.left_over)} files left over",
        ]
        return "\n".join([*lines, *self.faults[:20], *self.left_over[:20]])


def kill(server: SteadyServer, work: Path, kills: int, chance: Random) -> Killings:
    """Fetch everything that the server has into a folder of `work`, through so many kills."""
    listing, folder, home = work / "list.txt", work / "files", work / "home"
    listing.write_text(server.listing(), "utf-8")
    judge = Judge(folder, server.files)
    told = Killings(server.size)
    begun = time.monotonic()
    server.rate = server.size / (_LINES * _LIFE * kills)
    for number in range(1, kills + 1):
        enough = partial(_has_sent, server, server.size * number // (kills + 1))
        with Run(listing, folder, home) as run:
            if not _at_work(server, run):
                told.faults.append(f"run {number} ended before it was killed: {run.end()}")
                continue
            # A random moment, but so early that something is left for those who come after.
            server.wait_for(enough, chance.uniform(0, 2 * _LIFE))
            told.kills += run.running
            run.send(signal.SIGKILL)
            run.end()
        told.faults += [f"after kill {number}: {fault}" for fault in judge.faults()]
    server.rate = None
    with Run(listing, folder, home) as run:
        ended = run.end(600)
    told.faults += [*_faults_of_last(ended, server), *judge.all_faults()]
    told.left_over = judge.left_over()
    told.sent, told.seconds = server.sent, time.monotonic() - begun
    told.resumed = sum(request.first > 0 for request in server.requests)
    return told


def _at_work(server: SteadyServer, run: Run) -> bool:
    """Wait for the first byte that the server sends to this process; False where it ends before."""
    if not server.wait_for(lambda: server.connections == 0, 10):
        raise TimeoutError("connections of a killed process stay open")
    before = server.sent
    return run.goes_on_until(lambda: server.sent > before, server)


def _has_sent(server: SteadyServer, enough: int) -> bool:
    return server.sent >= enough


def _faults_of_last(ended: Ended, server: SteadyServer) -> list[str]:
    whole = len(ended.with_status("fetched", "resumed", "kept"))
    if ended.code == 0 and whole == len(server.files):
        return []
    return [f"the last run ended with {ended.code} and {whole} files: {ended.talk}"]


def main() -> int:
    """Read the command line, run, tell."""
    parser = argparse.ArgumentParser(description="Kill a running fetch again and again.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--smallest", type=float, default=50e3, help="bytes")
    parser.add_argument("--largest", type=float, default=30e6, help="bytes")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    files = many_files(told.files, told.smallest, told.largest, told.seed)
    with TemporaryDirectory() as work, SteadyServer(files) as server:
        done = kill(server, Path(work), told.kills, Random(told.seed))
    print(done)
    return int(bool(done.faults) or done.kills < told.kills or done.twice > MOST_TWICE)


if __name__ == "__main__":
    sys.exit(main())
