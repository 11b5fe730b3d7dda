"""This file asks the sandbox's registries, a new and an old one: both know the same services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from skyatlas.model import Interval
from skyatlas.net.door import StreetDoor
from skyatlas.protocols.registry import REGISTRIES, Listing, Wanted, find

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

GAVO, ESA = REGISTRIES[0], REGISTRIES[1]
"""In the sandbox: the draft RegTAP 1.2 with coverages, and RegTAP 1.0."""
TYPES = ("sia2", "sia", "ssa", "scs", "tap", "datalink", "soda")


@pytest.fixture
def door(box: Sandbox) -> Iterator[StreetDoor]:
    with StreetDoor(sandbox=box.url) as opened:
        yield opened


def names(listing: Listing) -> list[str]:
    return [record.ivoid for record in listing]


@pytest.mark.parametrize("name", TYPES)
def test_an_old_registry_knows_the_services_that_a_new_one_knows(
    door: StreetDoor, name: str
) -> None:
    wanted = Wanted(types=(name,))
    new = find(door, wanted, registries=(GAVO,))
    old = find(door, wanted, registries=(ESA,))
    assert names(new) == names(old)
    assert (new.complete, old.complete) == (True, True)


def test_only_a_new_registry_knows_mirrors(door: StreetDoor) -> None:
    def mirrors(listing: Listing) -> list[str]:
        return [url for record in listing for each in record.interfaces for url in each.mirrors]

    wanted = Wanted(types=TYPES)
    new = mirrors(find(door, wanted, registries=(GAVO,)))
    assert new
    assert all(url.startswith("http") for url in new)


def test_what_has_no_data_there_is_left_out_by_a_new_registry_only(door: StreetDoor) -> None:
    anywhere = find(door, Wanted(types=TYPES), registries=(GAVO,))
    wanted = Wanted(types=TYPES, position=(266.4, -89.0, 0.1), band=Interval(1.0, 2.0))
    new = find(door, wanted, registries=(GAVO,))
    assert set(names(new)) < set(names(anywhere))
    assert any("they are kept" in text for text in new.remarks)
    old = find(door, wanted, registries=(ESA,))
    assert names(old) == names(anywhere)
    assert any("services for anything are among these" in text for text in old.remarks)
