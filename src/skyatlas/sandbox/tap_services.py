"""This file lists the TAP services of one world: archives', publishers' and registries'.

Invariant: listing them makes no table; tables are made when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from skyatlas.sandbox import mast_tap, publisher_taps, regtap
from skyatlas.sandbox.item import World
from skyatlas.sandbox.jobs import Limits
from skyatlas.sandbox.publishers import everybody
from skyatlas.sandbox.registry_functions import (
    COVERAGE_FEATURES,
    COVERAGE_FUNCTIONS,
    REGISTRY_FEATURES,
    REGISTRY_FUNCTIONS,
)
from skyatlas.sandbox.tap_service import ESO, TapService

_EXAMPLES = (
    (
        "SELECT ivoid, access_url FROM rr.capability NATURAL JOIN rr.interface "
        "WHERE standard_id = 'ivo://ivoa.net/std/tap' AND intf_role = 'std'"
    ),
    "SELECT ivoid, res_title FROM rr.resource WHERE 1 = ivo_hashlist_has(waveband, 'radio')",
)
GAVO = TapService(
    name="registry/new",
    base="http://reg.g-vo.org/tap",
    tables=partial(regtap.tables, "1.2"),
    models=(("ivo://ivoa.net/std/RegTAP#1.1", "Registry 1.1"),),
    examples=_EXAMPLES,
    formats=("votable/b2", "votable", "votable/td", "csv", "json", "fits"),
    default_rows=20_000,
    most_rows=10_000_000,
    jobs=Limits(seconds=3600.0),
    upload_rows=10_000,
    functions=COVERAGE_FUNCTIONS,
    features=COVERAGE_FEATURES,
    strict_case=True,
)
"""The registry that most clients ask first; its limits are as recorded by pyvo."""
EURO_VO = TapService(
    name="registry/old",
    base="https://registry.euro-vo.org/regtap/tap",
    tables=partial(regtap.tables, "1.0"),
    models=(("ivo://ivoa.net/std/RegTAP#1.0", "Registry 1.0"),),
    examples=_EXAMPLES,
    formats=("votable", "csv", "json"),
    default_rows=10_000,
    most_rows=100_000,
    functions=REGISTRY_FUNCTIONS,
    features=REGISTRY_FEATURES,
    strict_case=True,
)
"""An older one: no mirrors, no coverages."""


def tap_services(world: World) -> tuple[TapService, ...]:
    """Every TAP service of a sandbox, mirrors included."""
    return (*ESO.values(), mast_tap.SERVICE, GAVO, EURO_VO, *_published(world))


def _published(world: World) -> Iterator[TapService]:
    for publisher in everybody(world.crowd):
        for service in publisher.services:
            if "regtap" in service.habits:
                yield from (replace(GAVO, base=url) for url in (service.url, *service.mirrors))
            elif service.protocol == "tap":
                yield from publisher_taps.services(publisher, service)
