"""This file is a small HTTP server for tests; it fails exactly as told, request by request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""


class Line(BaseHTTPRequestHandler):
    """One connection; the plan of the path says what is sent."""

    protocol_version = "HTTP/1.1"
    seen: Seen

    def do_GET(self) -> None:
        owner: FaultServer = self.server.owner  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen = Seen(self.command, self.path, headers, self.rfile.read(length))
        plan = owner.next_plan(self.seen)
        with contextlib.suppress(OSError):
            plan(self)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

    def head(self, status: int, **headers: object) -> None:
        """Status line and headers; `content_length` becomes Content-Length."""
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def whole(self, status: int, body: bytes, **headers: object) -> None:
        self.head(status, content_length=len(body), **headers)
        self.wfile.write(body)

    def reset(self) -> None:
        """Break the line with a RST."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        # http.server keeps its own files on the socket open until the handler returns.
        self.connection.close()

    def hold(self) -> None:
        """Say nothing more until the test is over."""
        self.close_connection = True
        self.server.owner.over.wait(30)  # type: ignore[attr-defined]

    def drip(self, data: bytes) -> None:
        """One byte every 50 ms."""
        over: threading.Event = self.server.owner.over  # type: ignore[attr-defined]
        for number in range(len(data)):
            if over.wait(0.05):
                return
            self.wfile.write(data[number : number + 1])

    def log_message(self, *args: object) -> None:
        """Say nothing."""


Plan = Callable[[Line], None]


def body(data: bytes = b"", status: int = 200, **headers: object) -> Plan:
    """A whole answer."""
    return lambda line: line.whole(status, data, **headers)


def redirect(to: str, status: int = 302, **headers: object) -> Plan:
    return lambda line: line.whole(status, b"moved", location=to, **headers)


def silence(line: Line) -> None:
    """Accept, never answer."""
    line.hold()


def reset(line: Line) -> None:
    line.reset()


@dataclass
class File:
    """A file that is served with ranges, as a good archive does."""

    data: bytes
    etag: str | None = '"one"'
    headers: dict[str, object] = field(default_factory=dict)

    def __call__(self, line: Line) -> None:
        first = self.first_wanted(line.seen)
        common = {"etag": self.etag, "accept_ranges": "bytes", **self.headers}
        if first is None:
            line.whole(200, self.data, **common)
        elif first >= len(self.data):
            line.whole(416, b"", content_range=f"bytes */{len(self.data)}", **common)
        else:
            span = f"bytes {first}-{len(self.data) - 1}/{len(self.data)}"
            line.whole(206, self.data[first:], content_range=span, **common)

    def first_wanted(self, seen: Seen) -> int | None:
        wanted = seen.headers.get("range")
        condition = seen.headers.get("if-range")
        if wanted is None or (condition is not None and condition != self.etag):
            return None
        return int(wanted.removeprefix("bytes=").partition("-")[0])

    def cut(self, at: int, *, rst: bool = True) -> Plan:
        """The promised length, but the line breaks after `at` bytes."""

        def plan(line: Line) -> None:
            line.head(200, content_length=len(self.data), etag=self.etag, **self.headers)
            line.wfile.write(self.data[:at])
            line.reset() if rst else line.hang_up()

        return plan


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """A client that hangs up is part of the test."""


class FaultServer:
    """Serves on a free port of loopback; every path has a list of plans, the last one stays."""

    def __init__(self) -> None:
        self._http = _Quiet(("127.0.0.1", 0), Line)
        self._http.owner = self  # type: ignore[attr-defined]
        self._plans: dict[str, list[Plan]] = {}
        self._lock = threading.Lock()
        self.over = threading.Event()
        self.seen: list[Seen] = []
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def on(self, path: str, *plans: Plan) -> str:
        """Answer `path` (without query) with these plans in turn; returns its URL."""
        self._plans[path] = list(plans)
        return self.url + path

    def next_plan(self, seen: Seen) -> Plan:
        with self._lock:
            self.seen.append(seen)
            plans = self._plans.get(seen.path.partition("?")[0])
            if not plans:
                return body(b"no such path", 404)
            return plans.pop(0) if len(plans) > 1 else plans[0]

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.partition("?")[0] == path]

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)
