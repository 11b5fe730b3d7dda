"""This file gives the sandbox's own tests one server per module, whole again after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skyatlas.sandbox import Sandbox, World


@pytest.fixture(scope="module")
def shared_box(world: World) -> Iterator[Sandbox]:
    with Sandbox(world=world) as box:
        yield box


@pytest.fixture
def box(shared_box: Sandbox) -> Iterator[Sandbox]:
    yield shared_box
    shared_box.heal()
    shared_box.release()
