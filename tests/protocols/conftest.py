"""This file gives the tests of the protocols a server that fails on request, and a door to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "net")]

from fault_server import FaultServer  # noqa: E402

from skyatlas.archive import Pace  # noqa: E402
from skyatlas.net.door import Host, Patience, StreetDoor  # noqa: E402


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as one:
        yield one


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    hosts = {"127.0.0.1": Host("here", Pace(per_second=1000.0))}
    with StreetDoor(hosts, patience=Patience(tries=1)) as one:
        yield one
