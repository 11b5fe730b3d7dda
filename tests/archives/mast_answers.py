"""This file gives the tests of MAST's portal a server that answers as it is told, and a door."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from skyatlas.archive import Pace
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.testing import Answer, Request, Server

FIELDS = [{"name": "obsid", "type": "int"}, {"name": "obs_id", "type": "string"}]


def request_of(request: Request) -> dict[str, Any]:
    """The request, out of the form."""
    return dict(json.loads(parse_qs(request.body.decode())["request"][0]))


def answered(document: object, status: int = 200) -> Answer:
    """A document as JSON."""
    return Answer(json.dumps(document).encode(), "application/json", status)


def complete(data: list[dict[str, Any]], total: int, size: int, page: int) -> dict[str, Any]:
    """A page of an answer of so many rows, as MAST writes it."""
    paging = {
        "page": page,
        "pageSize": size,
        "pagesFiltered": max(1, -(-total // size)),
        "rows": len(data),
        "rowsFiltered": total,
        "rowsTotal": total,
    }
    return {"status": "COMPLETE", "msg": "", "data": data, "fields": FIELDS, "paging": paging}


@contextmanager
def opened(answer: Callable[[Request], Answer]) -> Iterator[tuple[Server, StreetDoor]]:
    """A server and a door that leads to it."""
    hosts = {"mast.stsci.edu": Host("mast", Pace(at_once=4, per_second=0))}
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    with Server(answer) as server, StreetDoor(hosts, sandbox=server.url, patience=patience) as door:
        yield server, door
