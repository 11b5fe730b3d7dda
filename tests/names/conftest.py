"""A street of one small server that speaks as Sesame and MAST do, and the plainest door to it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
import requests

from skyatlas.errors import Broken, Refused, Unreachable

sys.path.insert(0, str(Path(__file__).parent))

from sesame_says import MAST, MIRROR, SESAME

NOT_FOUND = "<INFO>*** Nothing found *** </INFO>"  # the wording of the recorded answers


@dataclass
class Sesame:
    """What one mirror knows: the inside of <Target> by name."""

    knows: dict[str, str] = field(default_factory=dict)

    def __call__(self, path: str, query: str) -> tuple[int, str]:
        databases = path.rpartition("/")[2]
        targets = "".join(
            f'<Target option="{databases}"><name>{escape(name)}</name>'
            f"<!-- Q1 #{number} -->{self.knows.get(name, NOT_FOUND)}</Target>"
            for number, name in enumerate(map(unquote, query.split("&")), 1)
        )
        return 200, (
            f'<?xml version="1.0" encoding="UTF-8"?><Sesame>{targets}</Sesame>'
            "<!--- ====Done (2013-Jun-09,05:15:08z)==== -->"
        )


@dataclass
class Street:
    """The houses by host name; `asked` lists what was asked where."""

    houses: dict[str, Callable[[str, str], tuple[int, str]]]
    url: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def names(self, host: str) -> list[list[str]]:
        """The names in each question to a Sesame."""
        return [
            [unquote(one) for one in query.split("&")] for at, _, query in self.asked if at == host
        ]


@dataclass
class PlainDoor:
    """The least that fulfils `archive.Door`: requests, the hosts rewritten to the local server."""

    url: str

    def ask(
        self, url: str, *, params: Any = None, data: Any = None,
        headers: Mapping[str, str] | None = None, timeout: float | None = None,
    ) -> requests.Response:  # fmt: skip
        parts = urlsplit(url)
        local = f"{self.url}/{parts.netloc}{parts.path}" + (
            f"?{parts.query}" if parts.query else ""
        )
        try:
            reply = requests.get(local, params=params, headers=headers, timeout=timeout)
        except requests.ConnectionError as error:
            raise Unreachable(f"{parts.netloc} does not answer; try later", url=url) from error
        if reply.status_code >= 500:
            raise Broken(f"{parts.netloc} failed; try later", url=url, status=reply.status_code)
        if reply.status_code >= 400:
            raise Refused(f"{parts.netloc} refused", url=url, status=reply.status_code)
        return reply

    def anonymous(self) -> PlainDoor:
        return self

    def logged_in(self, url: str) -> bool:
        return False


def _nobody(path: str, query: str) -> tuple[int, str]:
    return 503, "<html>closed</html>"


def _mast_knows_nothing(path: str, query: str) -> tuple[int, str]:
    return 200, '{"resolvedCoordinate": [], "status": ""}'


@pytest.fixture
def street() -> Iterator[Street]:
    """A Sesame, its mirror and MAST, which know nothing yet."""
    here = Street({SESAME: Sesame(), MIRROR: Sesame(), MAST: _mast_knows_nothing})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            host, _, path = parts.path.lstrip("/").partition("/")
            here.asked.append((host, path, parts.query))
            status, body = here.houses.get(host, _nobody)(path, parts.query)
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def door(street: Street) -> PlainDoor:
    return PlainDoor(street.url)


@pytest.fixture
def sesame(street: Street) -> dict[str, str]:
    """What Sesame knows, to be filled by the test."""
    house = street.houses[SESAME]
    assert isinstance(house, Sesame)
    return house.knows
