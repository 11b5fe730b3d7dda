"""This file gives the tests of `net/` a failing server and a clock that never waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_server import FaultServer

from skyatlas.net.pace import Clock


class StillClock(Clock):
    """Notes every wait and returns at once; its day is 2026-11-21 00:00 UTC."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.moment = 0.0
        self.lock = threading.Lock()

    def now(self) -> float:
        return self.moment

    def today(self) -> float:
        return 1_795_219_200.0 + self.moment

    def sleep(self, seconds: float, cancel: threading.Event | None = None) -> None:
        if seconds > 0:
            with self.lock:
                self.waits.append(seconds)
                self.moment += seconds

    def after(self, seconds: float) -> float:
        self.sleep(seconds)
        return self.now()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as one:
        yield one


@pytest.fixture
def clock() -> StillClock:
    return StillClock()
