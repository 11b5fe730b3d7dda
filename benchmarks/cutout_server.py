"""This file serves one folder with ranges, waits as a network would, and counts what leaves.

    python benchmarks/cutout_server.py FOLDER        (prints its port; ends when its stdin closes)

    GET /30ms/several/name   several ranges in one answer (multipart/byteranges)
    GET /30ms/single/name    one range; for several the whole file, as S3 does
    GET /counts              bytes of bodies and heads, requests and connections since the last time

Invariant: every byte that is written to a socket for a file is counted. Each answer starts so many
milliseconds late, and the first on a connection twice as late: the handshake takes a turn too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

_ASKED = re.compile(r"(GET|HEAD) /(?:(\d+)ms/(several|single)/)?([^ ?]*)[^ ]* HTTP/1\.1")
_RANGE = re.compile(r"\r\nrange: *bytes=([\d,\s-]+)\r\n", re.IGNORECASE)
_PIECE = 1024 * 1024
_MOST = 200
"""Ranges; for more the whole file comes, as from Apache."""
_MARK = b"a1b2c3d4e5f6"


class Server:
    """A thread for each connection."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.lock = threading.Lock()
        self.counts = {"bytes": 0, "requests": 0, "connections": 0}

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            client, _ = self.listening.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client: socket.socket) -> None:
        """Answer what comes over one connection."""
        first, waiting = True, b""
        with client, contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in waiting:
                    more = client.recv(65536)
                    if not more:
                        return
                    waiting += more
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                self.answer(client, head.decode("latin-1") + "\r\n", first=first)
                first = False

    def answer(self, client: socket.socket, head: str, *, first: bool) -> None:
        """One answer."""
        asked = _ASKED.match(head)
        if asked is None:
            raise OSError
        method, wait, manner, name = asked.groups()
        if name == "counts":
            with self.lock:
                said = json.dumps(self.counts).encode()
                self.counts = dict.fromkeys(self.counts, 0)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
            return
        time.sleep((2 if first else 1) * int(wait or 0) / 1000)
        self.count(requests=1, connections=int(first))
        with (self.folder / name).open("rb") as file:
            self.send(client, file.fileno(), _spans(head), method == "GET", manner == "several")

    def send(
        self,
        client: socket.socket,
        file: int,
        wanted: list[tuple[int, int]],
        with_body: bool,
        several: bool,
    ) -> None:
        """The head, and what was asked for of the file."""
        size = os.fstat(file).st_size
        spans = [(start, min(stop, size)) for start, stop in wanted if start < size]
        if len(spans) > (_MOST if several else 1):
            spans = []
        lines = ["Accept-Ranges: bytes", 'ETag: "one"', "Content-Type: application/fits"]
        body, place, stop = b"", 0, size
        if len(spans) == 1:
            place, stop = spans[0]
            lines.append(f"Content-Range: bytes {place}-{stop - 1}/{size}")
        elif spans:
            parts = b"".join(
                b"\r\n--%s\r\nContent-Type: application/fits\r\nContent-Range: bytes %d-%d/%d"
                b"\r\n\r\n" % (_MARK, start, end - 1, size) + os.pread(file, end - start, start)
                for start, end in spans
            )
            body = parts + b"\r\n--%s--\r\n" % _MARK
            place = stop = 0
            lines[-1] = f"Content-Type: multipart/byteranges; boundary={_MARK.decode()}"
        lines.append(f"Content-Length: {len(body) + stop - place}")
        status = "206 Partial Content" if spans else "200 OK"
        head = "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()
        self.count(bytes=len(head) + len(body) * with_body)
        client.sendall(head + body if with_body else head)
        while with_body and place < stop:
            sent = os.sendfile(client.fileno(), file, place, min(_PIECE, stop - place))
            place += sent
            self.count(bytes=sent)

    def count(self, **more: int) -> None:
        """Add to the counts."""
        with self.lock:
            for name, number in more.items():
                self.counts[name] += number


def _spans(head: str) -> list[tuple[int, int]]:
    found = _RANGE.search(head)
    if found is None:
        return []
    pairs = (one.strip().split("-") for one in found[1].split(","))
    return [(int(first), int(last) + 1 if last else sys.maxsize) for first, last in pairs]


def main() -> None:
    """Print the port, serve."""
    server = Server(Path(sys.argv[1]))
    threading.Thread(target=server.run, daemon=True).start()
    print(server.listening.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
