"""This file gives the tests of SDSS a server that answers as SkyServer does, and a door to it.

It does not look at conditions: it answers with all rows of the table that is asked for, so that
what lies elsewhere has to be left out by the one who asks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from skyatlas.archive import Pace
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.testing import Answer, Request, Server

Rows = Sequence[Mapping[str, Any]]
STEP = (1489 - 128) * 0.396 / 3600
"""Degrees from one field of a run to the next."""


def answered(document: object, status: int = 200) -> Answer:
    """A document as JSON."""
    return Answer(json.dumps(document).encode(), "application/json", status)


def table(rows: Rows) -> Answer:
    """Rows, as SqlSearch writes them."""
    return answered([{"TableName": "Table1", "Rows": list(rows)}])


def sql_of(request: Request) -> str:
    """The question of a request for SQL."""
    return parse_qs(urlsplit(request.path).query)["cmd"][0]


def skyserver(**tables: Rows) -> Callable[[Request], Answer]:
    """Answers with the rows of the table behind FROM; `upload` stands for the Cross-ID form."""

    def answer(request: Request) -> Answer:
        if request.path.endswith("X_Results.aspx"):
            return csv(tables.get("upload", ()))
        asked = sql_of(request)
        name = next((one for one in tables if f"FROM {one} " in asked), "")
        return table(tables.get(name, ()))

    return answer


def csv(rows: Rows) -> Answer:
    """Rows, as the Cross-ID form writes them."""
    if not rows:
        return Answer(b"#Table1\nobjID,ra,dec\n", "text/plain")
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return Answer("\n".join(["#Table1", *lines, ""]).encode(), "text/plain")


def field(
    ra: float, dec: float, number: int = 100, *, run: int = 1000, **more: Any
) -> dict[str, Any]:
    """A field whose scan goes along right ascension through its middle (so on the equator)."""
    row = {
        "run": run, "rerun": 301, "camcol": 3, "field": number, "ra": ra, "dec": dec, "quality": 3,
        "score": 0.8, "primaryArea": 0.03, "node": (ra - 90.0) % 360.0, "incl": abs(dec),
    }  # fmt: skip
    if dec < 0:
        row["node"] = (ra + 90.0) % 360.0
    return row | {f"mjd_{band}": 52_000.25 for band in "ugriz"} | more


def scan(ra: float, dec: float, count: int, **more: Any) -> list[dict[str, Any]]:
    """Fields one after another along right ascension, the first in the middle of (ra, dec)."""
    return [
        field((ra + n * STEP / math.cos(math.radians(dec))) % 360.0, dec, 100 + n, **more)
        for n in range(count)
    ]


def spectrum(ra: float, dec: float, **more: Any) -> dict[str, Any]:
    """A spectrum of a plate."""
    return {
        "specObjID": 845594848269461504, "plate": 751, "mjd": 52251, "fiberID": 160, "run2d": "26",
        "instrument": "SDSS", "survey": "sdss", "programname": "legacy", "class": "GALAXY",
        "subClass": "", "z": 0.04559058, "zErr": 1e-5, "zWarning": 0, "sciencePrimary": 1,
        "bestObjID": 1237652943176138868, "ra": ra, "dec": dec,
    } | more  # fmt: skip


@contextmanager
def opened(answer: Callable[[Request], Answer]) -> Iterator[tuple[Server, StreetDoor]]:
    """A server and a door that leads to it."""
    hosts = {
        host: Host("sdss", Pace(at_once=2, per_second=0))
        for host in ("skyserver.sdss.org", "data.sdss.org")
    }
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    with Server(answer) as server, StreetDoor(hosts, sandbox=server.url, patience=patience) as door:
        yield server, door
