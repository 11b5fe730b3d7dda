"""This file asks an independent Virtual Observatory server (GAVO DaCHS) what we ask archives.

It runs where `SKYATLAS_DACHS` names one with the collections TESTIMG, TESTDL and TESTSPEC, for
example http://127.0.0.1:8080.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from skyatlas.net.door import StreetDoor
from skyatlas.protocols import tap
from skyatlas.protocols.datalink import links_of

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

SERVICE = tap.TapService("dachs", f"{BASE}/tap", hard_limit=20_000)
EVERYTHING = "select * from ivoa.obscore"


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as opened:
        yield opened


def test_a_datalink_error_row_is_a_row(door: StreetDoor) -> None:
    rows = tap.ask(door, SERVICE, f"{EVERYTHING} where obs_collection = 'TESTDL'").table
    links = [
        link for row in rows for link in links_of(door.ask(str(row["access_url"])), archive="dachs")
    ]
    broken = [link for link in links if link.error_message]
    assert len(broken) == 1
    assert broken[0].access_url is None
    assert all(link.content_length for link in links if link.semantics == "#this")
