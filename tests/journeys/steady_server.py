"""This file is a server of whole files that keeps a pace per connection and counts what it sends.

Invariant: a request is under way from its head until its last piece is handed over, never longer.
So a client that asks for the next file once it has the last byte is not seen asking for two at
once, and `most_at_once` is never too high.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Self

_TICK = 0.01
"""Seconds between two pieces of a paced answer."""
_PIECE = 65_536
"""Bytes of a piece where there is no pace."""
_HELD = 16_384
"""Bytes that the kernel may hold for a connection: what is counted as sent has nearly arrived."""
_BLOCK = 2_880
"""Bytes; FITS files are made of them (FITS standard 4.0, 3.1)."""


def many_files(count: int, smallest: float, largest: float, seed: int) -> dict[str, bytes]:
    """FITS files by name, no two alike; their sizes (bytes) are spread evenly in the logarithm."""
    chance = Random(seed)
    low, high = math.log(smallest), math.log(largest)
    sizes = [math.exp(chance.uniform(low, high)) for _ in range(count)]
    return {f"n{at:04}.fits": fits_file(size, chance) for at, size in enumerate(sizes)}


def fits_file(size: float, chance: Random) -> bytes:
    """An image of noise in at most `size` bytes, two blocks at least."""
    rows = max(1, int(size) // _BLOCK - 1)
    words = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 2, "NAXIS1": _BLOCK, "NAXIS2": rows}
    cards = [f"{name:8}= {value:>20}".ljust(80) for name, value in words.items()]
    head = "".join([*cards, "END"]).ljust(_BLOCK).encode("ascii")
    return head + chance.randbytes(rows * _BLOCK)


@dataclass
class Request:
    """One request for a file."""

    name: str
    started: float
    """Seconds, monotonic."""
    at_once: int
    """Requests under way when it began, itself included."""
    first: int = 0
    """Number of the first byte that was sent: more than 0 for a range."""
    sent: int = 0
    """Bytes of the body that were handed to the kernel."""
    ended: bool = False


class SteadyServer:
    """Serves files by name on a free port of loopback, with ranges and strong ETags."""

    def __init__(self, files: Mapping[str, bytes], rate: float | None = None) -> None:
        self.files = files
        self.rate = rate
        """Bytes per second and connection; None: as fast as it goes. May change at any time."""
        self.requests: list[Request] = []
        self.connections = 0
        self.under_way = 0
        self.over = threading.Event()
        self._news = threading.Condition()
        self._http = _Quiet(("127.0.0.1", 0), _Connection)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(data) for data in self.files.values())

    @property
    def sent(self) -> int:
        """Bytes of bodies sent so far, over all requests."""
        return sum(request.sent for request in self.requests)

    @property
    def most_at_once(self) -> int:
        """The most requests that were ever under way at the same time."""
        return max((request.at_once for request in self.requests), default=0)

    @property
    def asked(self) -> Counter[str]:
        """How often each file was asked for."""
        return Counter(request.name for request in self.requests)

    def listing(self) -> str:
        """All files, as `fetch --urls` reads them."""
        return "".join(f"{self.url}/{name}\n" for name in self.files)

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds, for so long at most; whether it does. Looks at all news:
        bytes sent, requests and connections that begin and end."""
        with self._news:
            return self._news.wait_for(condition, seconds)

    def began(self, name: str) -> Request:
        with self._news:
            self.under_way += 1
            request = Request(name, time.monotonic(), self.under_way)
            self.requests.append(request)
            self._news.notify_all()
            return request

    def went(self, request: Request, sent: int) -> None:
        with self._news:
            request.sent += sent
            self._news.notify_all()

    def ended(self, request: Request) -> None:
        with self._news:
            self.under_way -= not request.ended
            request.ended = True
            self._news.notify_all()

    def connected(self, change: int) -> None:
        with self._news:
            self.connections += change
            self._news.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: SteadyServer

    def handle_error(self, *args: object) -> None:
        """A client that is killed is what this server is for."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Quiet

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD)
        self.server.owner.connected(1)

    def finish(self) -> None:
        self.server.owner.connected(-1)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        data = self.server.owner.files.get(name)
        if data is None:
            self.send_error(404)
            return
        request = self.server.owner.began(name)
        try:
            span = self._head(data, request)
            self._stream(memoryview(data)[span], request)
        except OSError:
            self.close_connection = True
        finally:
            self.server.owner.ended(request)

    def _head(self, data: bytes, request: Request) -> slice:
        """Send status and headers; the bytes that follow."""
        etag = f'"{hashlib.sha256(data[:65_536]).hexdigest()[:16]}"'
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if not asked or self.headers.get("If-Range", etag) != etag:
            status, first, stop = 200, 0, len(data)
        else:
            start, _, end = asked.partition("-")
            first, stop = int(start), min(int(end or len(data)) + bool(end), len(data))
            status = 206 if first < stop else 416
        request.first = first
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/fits")
        self.send_header("Content-Length", str(max(0, stop - first)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{stop - 1}/{len(data)}")
        elif status == 416:
            self.send_header("Content-Range", f"bytes */{len(data)}")
        self.end_headers()
        return slice(first, stop)

    def _stream(self, data: memoryview, request: Request) -> None:
        owner = self.server.owner
        due = time.monotonic()
        while data:
            piece = data[: max(1, int(owner.rate * _TICK)) if owner.rate else _PIECE]
            if owner.rate:
                now = time.monotonic()
                due = max(due, now - _TICK) + len(piece) / owner.rate
                if owner.over.wait(max(0.0, due - now)):
                    raise ConnectionAbortedError
            if len(piece) == len(data):
                owner.ended(request)
            sent = self.connection.send(piece)
            owner.went(request, sent)
            data = data[sent:]

    def log_message(self, *args: object) -> None:
        """Say nothing."""
