"""This file is a DataLink service on this machine, as forgiving or as stubborn as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape

NAMES = ("ID", "access_url", "service_def", "error_message", "semantics", "content_type")
LINKS = "application/x-votable+xml;content=datalink"
Row = tuple[str, ...]


def votable(rows: Sequence[Row], after: str = "") -> bytes:
    """A DataLink document; the columns are `NAMES`."""
    fields = "".join(f'<FIELD name="{n}" datatype="char" arraysize="*"/>' for n in NAMES)
    data = "".join(
        f"<TR>{''.join(f'<TD>{escape(cell)}</TD>' for cell in row)}</TR>" for row in rows
    )
    return (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><TABLE>{fields}<DATA><TABLEDATA>{data}</TABLEDATA></DATA>'
        f"</TABLE></RESOURCE>{after}</VOTABLE>"
    ).encode()


@dataclass
class Asked:
    """One question that came."""

    method: str
    path: str
    ids: list[str]
    form: dict[str, list[str]]


@dataclass
class Service:
    """Where it is, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


Answer = Callable[[Asked], "bytes | int | tuple[int, dict[str, str], bytes]"]
"""A document, an HTTP status, or status, headers and body."""


@contextmanager
def serving(answer: Answer) -> Iterator[Service]:
    """A service that answers so; a status of 400 or more has no document."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            self._answer("POST", self.rfile.read(size).decode())

        def do_DELETE(self) -> None:
            self._answer("DELETE", "")

        def _answer(self, method: str, form: str) -> None:
            ids = [value for name, value in parse_qsl(form) if name == "ID"]
            asked = Asked(method, urlsplit(self.path).path, ids, parse_qs(form))
            service.asked.append(asked)
            given = answer(asked)
            if isinstance(given, bytes):
                given = (200, {"Content-Type": LINKS}, given)
            elif isinstance(given, int):
                given = (given, {"Content-Type": "text/plain"}, b"no")
            status, headers, body = given
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
