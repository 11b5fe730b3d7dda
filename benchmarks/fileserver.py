"""This file serves files as fast as this machine can, or exactly as slowly as it is told.

    python benchmarks/fileserver.py FOLDER          (prints its port; ends when its stdin closes)

    GET /30ms/20MBps/some/name      every answer starts 30 ms late; 20 MB/s per connection

Invariant: the bytes never pass through Python. One thread, edge-triggered epoll, sendfile; so what
a benchmark sees is the client. Linux only. HTTP/1.1 with keep-alive, HEAD, one Range, If-Range.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

FREE_PIECE = 1024 * 1024
"""Bytes that one connection may be given before the others have their turn."""
PACED_PIECE = 64 * 1024
"""Bytes per tick of a throttled connection: every 3.3 ms at 20 MB/s."""
CATCH_UP = 0.02
"""Seconds: how late a throttled connection may run before the lost time is given up."""

_PATH = re.compile(r"(?:/(?P<wait>\d+)ms)?(?:/(?P<rate>\d+)MBps)?/(?P<name>[^?\s]*)")
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d*)-(\d*)\r\n", re.IGNORECASE)
_IF_RANGE = re.compile(rb"\r\nif-range: *([^\r]*)\r\n", re.IGNORECASE)
_KINDS = {".fits": "application/fits", ".dat": "application/octet-stream"}


class Server:
    """The loop: sockets that are ready, and connections whose time has come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def run(self) -> None:
        """Serve until stdin closes: a killed benchmark leaves no server behind."""
        self.epoll.register(self.listener, select.EPOLLIN)
        self.epoll.register(0, select.EPOLLIN)
        while True:
            for number, event in self.epoll.poll(self._until_next()):
                if number == self.listener.fileno():
                    self._accept()
                elif number == 0:
                    return
                elif number in self.connections:
                    self.connections[number].ready(event)
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()

    def at(self, due: float, what: Callable[[], None]) -> None:
        """Call it then (seconds of the monotonic clock)."""
        self._count += 1
        heapq.heappush(self._later, (due, self._count, what))

    def _until_next(self) -> float:
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else -1

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = self.listener.accept()
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections[client.fileno()] = Connection(self, client)
                self.epoll.register(client, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)


class Connection:
    """One client: its requests are answered one after the other."""

    def __init__(self, server: Server, client: socket.socket) -> None:
        self.server = server
        self.client = client
        self._asked = b""
        self._busy = False
        self._booked = False
        self._head = b""
        self._file = -1
        self._at = self._end = 0
        self._rate = 0.0
        self._due = 0.0

    def ready(self, event: int) -> None:
        """The kernel says that there is something to read, or room to write."""
        try:
            if event & ~select.EPOLLOUT:
                self._read()
            if self._busy and not self._booked:
                self._write()
        except OSError:
            self._close()

    def _read(self) -> None:
        while piece := self._received():
            self._asked += piece
        if not self._busy:
            self._next()

    def _received(self) -> bytes:
        try:
            piece = self.client.recv(65536)
        except BlockingIOError:
            return b""
        if not piece:
            raise ConnectionResetError
        return piece

    def _next(self) -> None:
        asked, whole, rest = self._asked.partition(b"\r\n\r\n")
        if whole:
            self._asked = rest
            self._busy = True
            self._answer(asked + b"\r\n")

    def _answer(self, asked: bytes) -> None:
        method, target, _ = asked.split(b" ", 2)
        path = _PATH.match(target.decode())
        wait = int(path["wait"] or 0) / 1e3 if path else 0.0
        self._rate = int(path["rate"] or 0) * 1e6 if path else 0.0
        self._at = self._end = 0
        self._open(path["name"] if path else "", asked)
        if method == b"HEAD":
            self._at = self._end
        self._due = max(time.monotonic(), self._due if self._rate else 0.0) + wait
        if wait or self._rate:
            self._book()
        else:
            self._write()

    def _open(self, name: str, asked: bytes) -> None:
        try:
            self._file = os.open(self.server.folder / name, os.O_RDONLY)
            about = os.fstat(self._file)
        except OSError:
            self._head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            return
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
        lines = [
            "HTTP/1.1 200 OK",
            f"Content-Type: {_KINDS.get(name[name.rfind('.') :], 'application/octet-stream')}",
            f"Last-Modified: {formatdate(about.st_mtime, usegmt=True)}",
            f"ETag: {tag}",
            "Accept-Ranges: bytes",
        ]
        self._end = about.st_size
        wanted = _RANGE.search(asked)
        same = _IF_RANGE.search(asked)
        if wanted and (same is None or same[1] == tag.encode()):
            lines += self._cut(wanted[1], wanted[2], about.st_size)
            lines[0] = "HTTP/1.1 " + ("206 Partial" if self._end else "416 Not Satisfiable")
        lines.append(f"Content-Length: {self._end - self._at}\r\n\r\n")
        self._head = "\r\n".join(lines).encode()

    def _cut(self, first: bytes, last: bytes, size: int) -> list[str]:
        if first:
            self._at, self._end = int(first), min(int(last) + 1 if last else size, size)
        else:
            self._at = max(0, size - int(last))
        if self._at >= self._end:
            self._at = self._end = 0
            return [f"Content-Range: bytes */{size}"]
        return [f"Content-Range: bytes {self._at}-{self._end - 1}/{size}"]

    def _book(self) -> None:
        """Go on when it is due, and not before."""
        self._booked = True
        self.server.at(self._due, self._continue)

    def _continue(self) -> None:
        self._booked = False
        if self.client.fileno() < 0:
            return
        try:
            self._write()
        except OSError:
            self._close()

    def _write(self) -> None:
        if self._head:
            more = socket.MSG_MORE if self._at < self._end else 0
            self.client.send(self._head, more)
            self._head = b""
        if self._at < self._end and self._send() and self._at < self._end:
            self._due += PACED_PIECE / self._rate if self._rate else 0.0
            self._due = max(self._due, time.monotonic() - CATCH_UP)
            self._book()
        elif self._at >= self._end:
            self._finish()

    def _send(self) -> bool:
        """Send a piece; False where the client must first make room."""
        piece = min(PACED_PIECE if self._rate else FREE_PIECE, self._end - self._at)
        try:
            self._at += os.sendfile(self.client.fileno(), self._file, self._at, piece)
        except BlockingIOError:
            # A throttled connection looks again at its next tick, a free one when epoll says so.
            return bool(self._rate)
        return True

    def _finish(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._busy = False
        self._next()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._busy = False
        self.server.connections.pop(self.client.fileno(), None)
        self.client.close()


def main() -> None:
    """Print the port, serve."""
    # Ctrl-C is for the benchmark; the server ends when the benchmark has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Server(Path(sys.argv[1]))
    print(server.port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
