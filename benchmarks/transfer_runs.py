"""This file runs one row of a benchmark in a process of its own, and says what that took.

Invariant: the clock stops when the process has ended; only then is its folder looked at. This
process stays small: Linux counts what a parent holds into the peak memory of its children.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import servings
from transfer_rows import Row, Workload

HERE = Path(__file__).parent
PATIENCE = 600.0
"""Seconds after which a run is ended and counts as failed."""


@dataclass
class Run:
    """What one process took, and what it brought."""

    wall: float
    """Seconds, with start-up."""
    cpu: float
    """Seconds of processor time, user and system, of the process and its children."""
    rss: float
    """MB (10⁶ bytes) at its peak, of the largest process."""
    fsync: float = 0.0
    """Seconds to bring its files to the disk afterwards."""
    server: float = 0.0
    """Seconds of processor time of the server meanwhile."""
    trouble: str = ""

    def scaled(self, start: Run, factor: float) -> Run:
        """The same for so many times the files; what the start takes counts once."""
        wall = start.wall + (self.wall - start.wall) * factor
        cpu = start.cpu + (self.cpu - start.cpu) * factor
        return Run(wall, cpu, self.rss, self.fsync * factor, self.server * factor, self.trouble)


class Server:
    """The file server in its own process."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, HERE / "fileserver.py", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.address = "127.0.0.1", int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.address[1]}"

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        said = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def alone(self, work: Workload) -> float:
        """Bytes a second that one connection gets which throws them away: what the server can."""
        started = time.perf_counter()
        got = 0
        with socket.create_connection(self.address) as line:
            for name in work.names:
                line.sendall(f"GET /{name}.dat HTTP/1.1\r\n\r\n".encode())
                got += _thrown_away(line, work.size)
        return got / (time.perf_counter() - started)

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Bench:
    """The place where everything happens."""

    place: Path
    server: Server
    options: argparse.Namespace
    runs_made: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        self.environment["SKYATLAS_CACHE"] = str(self.place / "cache")

    def run(self, row: Row, work: Workload, files: int) -> Run:
        """One process: these first files of the workload into a fresh folder."""
        self.runs_made += 1
        folder = self.place / "runs" / f"{os.getpid()}-{self.runs_made}"
        folder.mkdir(parents=True)
        names = [name + row.ending for name in work.names[:files]]
        urls = [f"{self.server.url}/{work.prefix}/{name}" for name in names]
        (listed := self.place / "urls.txt").write_text("".join(f"{url}\n" for url in urls))
        (curl := self.place / "curl.txt").write_text("".join(f'url = "{url}"\n' for url in urls))
        places = {"list": listed, "curl": curl, "folder": folder, "n": row.at_once}
        words = [word.format_map(places) for word in row.words]
        served = self.server.cpu()
        made = self._timed(words, {**self.environment, **row.environment, "TMPDIR": str(folder)})
        made.server = self.server.cpu() - served
        started = time.perf_counter()
        if not self.options.no_flush:
            servings.flush(folder)
        made.fsync = time.perf_counter() - started
        if bad := servings.wrong([self.place / "served" / name for name in names], folder):
            made.trouble = f"{bad} of {len(names)} wrong or missing; {made.trouble}"
        servings.empty(folder)
        return made

    def _timed(self, words: list[str], environment: dict[str, str]) -> Run:
        with (self.place / "said.txt").open("wb") as said:
            started = time.perf_counter()
            process = subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            ending = threading.Timer(PATIENCE, process.kill)
            ending.start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            ending.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        made = Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)
        if process.returncode:
            said = (self.place / "said.txt").read_text(errors="replace").split()
            made.trouble = f"exit code {process.returncode}: {' '.join(said)[-300:]}"
        return made

    def round(self, row: Row, work: Workload) -> Run:
        """One run; of rows that are too slow for all files, scaled from fewer."""
        files = row.files(work, quick=self.options.quick)
        made = self.run(row, work, files)
        if files == len(work.names):
            return made
        return made.scaled(self.run(row, work, 0), len(work.names) / files)


def _thrown_away(line: socket.socket, size: int) -> int:
    room = bytearray(servings.PIECE)
    head = bytearray()
    while b"\r\n\r\n" not in head:
        head += line.recv(len(room))
    left = size - len(head.partition(b"\r\n\r\n")[2])
    while left:
        left -= line.recv_into(room, min(left, len(room)))
    return size
