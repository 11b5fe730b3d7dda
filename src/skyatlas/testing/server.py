"""This file is a server on this machine that stands for every host an adapter asks.

`https://archive.example/tap?x` comes to it as `http://127.0.0.1:PORT/archive.example/tap?x`: the
same way as to the sandbox. It notes every request, and answers as it is told.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote_plus, urlsplit

__all__ = ["Answer", "Request", "Server", "nobody", "relay"]

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
"""Headers of one line only (RFC 9110, section 7.6.1), in lower case."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked."""

    method: str
    host: str
    """The archive's host, in lower case."""
    path: str
    """With the parameters: "/tap/sync?QUERY=…"."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """Path, parameters and body as text, percent signs undone."""
        return unquote_plus(f"{self.path}\n{self.body.decode('utf-8', 'replace')}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    body: bytes
    content_type: str = "application/x-votable+xml"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    """What Content-Length says; None: the truth."""


class Server:
    """Answers every request by `answer`, for as long as the `with` block runs."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.seen: list[Request] = []
        """Every request, in the order in which they came."""
        self._answer = answer
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        """What a door takes as its `sandbox`."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        """Note the request, and answer it."""
        self.seen.append(request)
        return self._answer(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            """One request: HTTP/1.0, so that the line is closed after it."""

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                _, host, *rest = self.path.split("/", 2)
                host, _, parameters = host.partition("?")
                path = "/" + "/".join(rest) + (f"?{parameters}" if parameters else "")
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(server.answer(Request(self.command, host.lower(), path, headers, body)))

            do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = _any  # noqa: N815 - http.server's

            def _send(self, answer: Answer) -> None:
                length = len(answer.body) if answer.length is None else answer.length
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler


def relay(upstream: str) -> Callable[[Request], Answer]:
    """Have the sandbox at this address (`Sandbox().url`) answer."""
    there = urlsplit(upstream)

    def answer(request: Request) -> Answer:
        line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=60)
        try:
            line.request(
                request.method,
                f"/{request.host}{request.path}",
                request.body or None,
                {k: value for k, value in request.headers.items() if k not in _HOP},
            )
            came = line.getresponse()
            body = came.read()
        finally:
            line.close()
        headers = {name: value for name, value in came.getheaders() if name.lower() not in _HOP}
        kind = next((headers.pop(k) for k in tuple(headers) if k.lower() == "content-type"), "")
        return Answer(body, kind, came.status, headers)

    return answer


class nobody:  # noqa: N801 - it reads as a word: with nobody() as url
    """The address of a server that does not listen."""

    def __enter__(self) -> str:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))  # taken, so that nobody else comes to listen there
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
