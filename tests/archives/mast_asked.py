"""This file asks the sandbox's MAST, and tells what it was asked, for the tests of its adapter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from skyatlas.archives.mast import Mast
from skyatlas.journeys.search import search
from skyatlas.model import Query, Target, Why
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import plain_values
from skyatlas.observations import Observations
from skyatlas.sandbox import Sandbox
from skyatlas.sky import touches

Row = Mapping[str, Any]
NGC1068 = (40.669629, -0.013281)
PI_MEN = "261136679"


def at(place: tuple[float, float], radius: float = 0.05, **filters: Any) -> Query:
    return Query(Target("here", *place), radius, **filters)


def star(catalogue: str, number: str, **filters: Any) -> Query:
    return Query(Target(f"{catalogue} {number}", ids={catalogue: number}), **filters)


def asked(queries: Query | Sequence[Query], door: StreetDoor) -> Observations:
    found = search([queries] if isinstance(queries, Query) else queries, [Mast()], door)
    assert not found.failures, str(found)
    return found


def names(found: Observations) -> list[str]:
    return sorted(plain_values(found.table["obs_id"]))


def whys(found: Observations) -> list[Why]:
    return [note.why for note in found.reports[0].notes]


def invoked(box: Sandbox) -> list[dict[str, Any]]:
    """What the portal was asked, in order."""
    return [json.loads(one.one("request")) for one in box.requests if one.path.endswith("/invoke")]


def touched(row: Row, place: tuple[float, float], radius: float) -> bool:
    return bool(touches(row["s_region"].replace("GSC1", "ICRS"), *place, radius))
