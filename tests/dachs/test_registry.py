"""This file asks DaCHS's registry tables what pyvo asks them: both must find the same services.

It runs where `SKYATLAS_DACHS` names a server, see test_protocols.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from astropy import units as u
from pyvo import registry as pyvo_registry

from skyatlas.model import Interval
from skyatlas.net.door import StreetDoor
from skyatlas.protocols.registry import Registry, Wanted, find

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

HERE = (Registry("DaCHS", f"{BASE}/tap"),)
IMAGES = "ivo://localvo.test/img/q/i"
SERVED = re.compile(r"xml|dlmeta|dlget|/tap$")
"""In the addresses of what answers questions, unlike pages and VOSI documents."""
NGC_1068 = (40.669629, -0.013281)


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as opened:
        yield opened


@pytest.fixture
def at_dachs() -> Iterator[None]:
    usual = pyvo_registry.get_RegTAP_service_url()
    pyvo_registry.choose_RegTAP_service(f"{BASE}/tap")
    yield
    pyvo_registry.choose_RegTAP_service(usual)


QUESTIONS: dict[str, tuple[Wanted, dict[str, Any]]] = {
    "SIA 1": (Wanted(types=("sia",)), {"servicetype": "sia"}),
    "SIA 2": (Wanted(types=("sia2",)), {"servicetype": "sia2"}),
    "SSA": (Wanted(types=("ssa",)), {"servicetype": "ssa"}),
    "cone search": (Wanted(types=("scs",)), {"servicetype": "conesearch"}),
    "TAP": (Wanted(types=("tap",)), {"servicetype": "tap"}),
    "ObsCore": (Wanted(datamodels=("obscore",)), {"datamodel": "obscore"}),
    "a registry": (Wanted(datamodels=("regtap",)), {"datamodel": "regtap"}),
    "a keyword": (Wanted(keywords=("images",)), {"keywords": "images"}),
    "two keywords": (
        Wanted(keywords=("test", "galaxies")),
        {"keywords": ("test", "galaxies")},
    ),
    "a UCD": (Wanted(ucds=("pos.eq.ra%",)), {"ucd": "pos.eq.ra%"}),
    "an author": (Wanted(author="tester, t"), {"author": "%Tester, T%"}),
    "an identifier": (Wanted(ivoid=IMAGES.upper().replace("IVO", "ivo", 1)), {"ivoid": IMAGES}),
    "several": (
        Wanted(types=("sia",), keywords=("bands",), author="tester"),
        {"servicetype": "sia", "keywords": "bands", "author": "Tester%"},
    ),
}


@pytest.mark.parametrize(("ours", "theirs"), QUESTIONS.values(), ids=QUESTIONS)
def test_the_services_are_those_that_pyvo_finds(
    door: StreetDoor, at_dachs: None, ours: Wanted, theirs: dict[str, Any]
) -> None:
    found = find(door, ours, registries=HERE)
    expected = {
        record.ivoid: record
        for record in pyvo_registry.search(**theirs)
        if any(mode not in ("web", "dali#examples") for mode in record.access_modes())
        and not record.ivoid.endswith("/registry")  # it is harvested, not asked
    }
    assert {record.ivoid for record in found} == set(expected)
    assert found.complete
    for record in found:
        theirs_too = expected[record.ivoid]
        urls = {each.access_url for each in theirs_too.interfaces if each.is_standard}
        # pyvo leaves out a record's other interfaces where a type was asked for.
        assert {url for url in urls if SERVED.search(url)} <= {
            one.access_url for one in record.interfaces
        }
        assert record.title == theirs_too.res_title


def test_a_waveband_is_one_of_several(door: StreetDoor) -> None:
    found = find(door, Wanted(wavebands=("uv",)), registries=HERE)
    assert {record.short_name for record in found} == {"test img", "test spec"}
    assert len(find(door, Wanted(wavebands=("radio",)), registries=HERE)) == 0
    either = find(door, Wanted(wavebands=("radio", "optical")), registries=HERE)
    assert {record.short_name for record in either} == {"test img", "test spec", "test cat"}


def test_a_publisher_is_found_by_a_part_of_the_name(door: StreetDoor) -> None:
    found = find(door, Wanted(publisher="TESTERS"), registries=HERE)
    assert "Test images" in [record.title for record in found]
    assert {record.publisher for record in found} == {"The testers"}


def test_the_services_with_data_at_a_place_are_those_that_pyvo_finds(
    door: StreetDoor, at_dachs: None
) -> None:
    for place in (NGC_1068, (100.0, 50.0)):
        found = find(door, Wanted(types=("sia", "ssa"), position=(*place, 0.1)), registries=HERE)
        circle = pyvo_registry.Spatial((*place, 0.1), intersect="overlaps")
        theirs = pyvo_registry.search(circle, servicetype="sia")
        assert (IMAGES in [record.ivoid for record in found]) is (len(theirs) == 1)


def test_who_does_not_say_where_it_has_data_is_kept_and_counted(door: StreetDoor) -> None:
    found = find(door, Wanted(types=("sia", "sia2"), position=(100.0, 50.0, 0.1)), registries=HERE)
    assert [record.types[0] for record in found] == ["sia2"]
    assert found.remarks == ("1 of 1 do not say where they have data; they are kept",)


def test_bands_and_times_are_those_that_pyvo_finds(door: StreetDoor, at_dachs: None) -> None:
    for low, high in ((500.0, 600.0), (1e6, 2e6), (0.1, 1.0)):
        wanted = Wanted(types=("sia",), band=Interval(low * 1e-9, high * 1e-9))
        theirs = pyvo_registry.search(
            pyvo_registry.Spectral((high * u.nm, low * u.nm)), servicetype="sia"
        )
        assert len(find(door, wanted, registries=HERE)) == len(theirs)
    for low, high in ((59000.0, 59001.0), (40000.0, 40001.0)):
        wanted = Wanted(types=("sia",), time=Interval(low, high))
        theirs = pyvo_registry.search(pyvo_registry.Temporal((low, high)), servicetype="sia")
        assert len(find(door, wanted, registries=HERE)) == len(theirs)


def test_one_service_comes_with_everything(door: StreetDoor) -> None:
    (tap,) = find(door, Wanted(ivoid="ivo://localvo.test/tap"), registries=HERE)
    assert tap.service("tap").table == "ivoa.obscore"
    assert tap.service("tap").url == f"{BASE}/tap"
    assert "ivo://ivoa.net/std/obscore#core-1.1" in tap.datamodels
    (images,) = find(door, Wanted(ivoid=IMAGES), registries=HERE)
    assert "galaxies" in images.subjects
    (part,) = [one for one in images.interfaces if one.protocol == "tap"]
    assert part.auxiliary
    assert "img.main" in part.tables
    assert [one.protocol for one in images.services()] == ["sia"]


def test_a_name_with_an_apostrophe_finds_nothing_and_breaks_nothing(door: StreetDoor) -> None:
    assert len(find(door, Wanted(author="O'Neil'; --"), registries=HERE)) == 0
