"""This file is a server that fails in every way, by seed, and the storm of transfers against it.

    python tests/net/storm.py                                  serve; the port is the first line
    python tests/net/storm.py --transfers 1000 --seed 7        1,000 transfers, judged

The server runs as a process of its own and ends when its standard input does, so that no test
that dies can leave it behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from storm_faults import FAULTS, HEADS
from storm_files import Case
from storm_line import Answer, Line

_LONGEST_HEAD = 65_536


class Server:
    """Answers paths that `Case.path` wrote; counts the tries of each."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.port = 0

    async def run(self) -> None:
        """Serve on a free port of loopback until standard input ends."""
        server = await asyncio.start_server(
            self.connection, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        print(self.port, flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
        server.close()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Question after question, until a fault or the client ends it."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self.exchange(reader, writer):
                pass
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One question; whether the connection lives on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start, *lines = head.split("\r\n")
        method, path, _ = start.split(" ")
        asked = {name.lower(): text.strip() for name, _, text in (n.partition(":") for n in lines)}
        path = path.partition("?")[0]
        if not path.startswith("/f/"):
            case = Case(0, 0, "opaque", "")
            line = Line(case, 1, method, asked, self.port, reader, writer)
            await line.send(self.aside(path))
            return line.alive
        number = self.tries[path] + 1
        line = Line(Case.at(path), number, method, asked, self.port, reader, writer)
        line.alive = asked.get("connection", "").lower() != "close"
        answer = line.good()
        fault = "ok" if answer.status == 416 else line.case.fault(number)  # it has nothing to spoil
        self.tries[path] += method == "GET" or fault in HEADS
        await FAULTS[fault](line, answer)
        return line.alive

    def aside(self, path: str) -> Answer:
        """The endless redirect, the count of tries, and what is not there."""
        if path == "/loop":
            return Answer(302, {"Location": "/loop"}, b"round and round\n")
        if path.startswith("/tries/"):
            return Answer(200, {}, str(self.tries[path.removeprefix("/tries")]).encode())
        return Answer(404, {}, b"no such path\n")


class Storm:
    """The server as a process, for as long as the `with` lasts."""

    def __init__(self) -> None:
        self.url = ""
        """http://127.0.0.1:PORT"""

    def __enter__(self) -> Storm:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # a client still hangs on a silent line
            self._process.kill()
            self._process.wait()

    def tries(self, case: Case) -> int:
        """How often the file of this case was asked for."""
        with urllib.request.urlopen(f"{self.url}/tries{case.path}") as answer:
            return int(answer.read())


def main() -> int:
    """Serve, or run the storm and judge it."""
    words = argparse.ArgumentParser(description="the fault server, and the storm against it")
    words.add_argument("--transfers", type=int, default=0, help="run so many, instead of serving")
    words.add_argument("--seed", type=int, default=1)
    chosen = words.parse_args()
    if not chosen.transfers:
        asyncio.run(Server().run())
        return 0
    from storm_run import report

    with Storm() as storm:
        return report(storm, chosen.transfers, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
