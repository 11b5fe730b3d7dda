"""This file lets the tests of the archives share what answers in an archive's place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from skyatlas.archive import Pace
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.sandbox import Sandbox, World
from skyatlas.sandbox.mast_holdings import observations

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def mast_door(box: Sandbox) -> Iterator[StreetDoor]:
    hosts = {"mast.stsci.edu": Host("mast", Pace(at_once=4, per_second=0))}
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    with StreetDoor(hosts, sandbox=box.url, patience=patience) as one:
        yield one


@pytest.fixture
def mast_held(world: World) -> list[Mapping[str, Any]]:
    """All that may be found without asking for more: science, and not only planned."""
    return [
        {"provenance_name": None, "sequence_number": None, **one.row, "obsid": one.obsid}
        for one in observations(world.seed).values()
        if one.row["calib_level"] != -1 and one.row.get("intentType", "science") == "science"
    ]
