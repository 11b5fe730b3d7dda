"""This file tells the journey to services that nobody has named: a registry says who may answer.

Invariant: whoever the registry names is asked or stands in a report with the reason why not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, BadInput, Unreachable
from skyatlas.model import Note, Query, Report, Why
from skyatlas.observations import REGISTRY

if TYPE_CHECKING:
    from skyatlas.archive import Archive, Door
    from skyatlas.protocols.registry import Record, Wanted
    from skyatlas.protocols.service import Service

__all__ = ["Discovery", "asked", "discover", "wanted_for"]

DEAD = 3600.0
"""Seconds for which a service that gave no usable answer is left alone."""
MOST = 200
"""Services in one question; each is a thread, and somebody else's machine."""
_TYPES = {
    "image": ("sia2", "sia"),
    "cube": ("sia2", "sia"),
    "spectrum": ("ssa",),
    "timeseries": ("ssa",),
    "sed": ("ssa",),
    "measurements": ("scs",),
}
"""Kind of data product → the services that hold such; ObsTAP services hold any."""
_USUAL = ("sia2", "sia", "ssa")
"""For a question about no kind in particular: catalogues are thousands, and no observations."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Which services to look for, and how many to ask."""

    wavebands: tuple[str, ...] = ()
    """VODataService's words: "optical", "x-ray" …"""
    keywords: tuple[str, ...] = ()
    most: int = 20
    """Services to ask at most."""
    budget: float = 60.0
    """Seconds for all of them together."""


def asked(
    archives: Sequence[Archive],
    waveband: str | Iterable[str] | None,
    most: int | None,
    budget: float | None,
) -> Discovery | None:
    """How to look for services; None where nobody asked for that. Raises BadInput."""
    if budget is not None and not budget > 0:
        raise BadInput(f"a budget of {budget:g} s makes no sense; give at least a second")
    if not any(archive.name == "vo" for archive in archives):
        if waveband is not None or most is not None:
            raise BadInput(
                "a waveband and a number of services choose among the services of a registry: "
                "they need --archive vo"
            )
        return None
    if most is not None and not 1 <= most <= MOST:
        raise BadInput(f"{most} services at once make no sense; give 1 to {MOST}")
    from skyatlas.protocols.wanted import from_words

    usual = Discovery()
    return Discovery(
        wavebands=from_words("", None, {"waveband": waveband}).wavebands if waveband else (),
        most=most or usual.most,
        budget=budget or usual.budget,
    )


def wanted_for(queries: Sequence[Query], how: Discovery) -> list[Wanted]:
    """The registry questions whose answers together are the services for these queries."""
    from skyatlas.protocols import registry

    kinds = sorted({kind for query in queries for kind in query.kinds})
    types = tuple(dict.fromkeys(one for kind in kinds for one in _TYPES.get(kind, ()))) or (
        () if kinds else _USUAL
    )
    first = queries[0]
    places = {(q.target.ra, q.target.dec, q.radius) for q in queries if q.target is not None}
    common = registry.Wanted(
        keywords=how.keywords,
        wavebands=how.wavebands,
        position=places.pop() if len(places) == 1 else None,  # type: ignore[arg-type]
        band=first.band,
        time=first.time,
    )
    asked = [replace(common, types=types)] if types else []
    return [*asked, replace(common, types=("tap",), datamodels=("obscore",))]


def discover(
    queries: Sequence[Query], how: Discovery, door: Door
) -> tuple[list[Archive], list[Report]]:
    """The services to ask, and reports about the registry and about those left alone.

    Where no registry answers there are no services, and the report says why.
    """
    from skyatlas.protocols import registry

    started = time.monotonic()
    notes: list[Note] = []
    records: dict[str, Record] = {}
    asked: list[str] = []
    source = ""
    failure: ArchiveError | None = None
    try:
        for wanted in wanted_for(queries, how):
            listing = registry.find(door, wanted)
            notes.extend(listing.notes)
            asked.extend(listing.asked)
            source = listing.registry
            for record in listing.records:
                records.setdefault(record.ivoid, record)
    except ArchiveError as error:
        failure = error  # whoever it named before is asked all the same
    if failure is not None and not records:
        seconds = time.monotonic() - started
        return [], [Report(REGISTRY, 0, seconds, tuple(notes), failure, tuple(asked))]
    alive, reports = _alive(list(records.values()), queries[0].kinds, door)
    notes.append(Note(Why.ASSUMED, f"{len(records)} services fit the question, by {source}"))
    if len(alive) > how.most:
        notes.append(
            Note(
                Why.LIMITED,
                f"the registry knows {len(alive)} services for this; the first {how.most} were "
                "asked (--services N asks more)",
                len(alive) - how.most,
            )
        )
    about = Report(
        REGISTRY,
        0,
        time.monotonic() - started,
        tuple(dict.fromkeys(notes)),
        failure,
        tuple(asked),
    )
    return alive[: how.most], [about, *reports]


def _alive(
    records: Sequence[Record], kinds: frozenset[str], door: Door
) -> tuple[list[Archive], list[Report]]:
    """Archives of these records; those that gave no usable answer lately are reports instead."""
    from skyatlas.archives.vo import Vo, chosen

    alive: list[Archive] = []
    reports: list[Report] = []
    for record in records:
        services = record.services()
        if not services:
            continue
        name = f"vo:{record.ivoid}"
        dead = _dead(chosen(services, kinds), door)
        if dead is None:
            alive.append(Vo(name, services))
        else:
            reports.append(Report(name, error=dead))
    return alive, reports


def _dead(services: Sequence[Service], door: Door) -> Unreachable | None:
    """What to say about a record whose services all gave no usable answer within the hour."""
    kept = [door.memory.get("dead", service.url) for service in services]
    if not kept or any(one is None or one.age > DEAD for one in kept):
        return None
    last = max((one for one in kept if one is not None), key=lambda one: one.when)
    clock = datetime.fromtimestamp(last.when).astimezone().strftime("%H:%M")
    return Unreachable(
        f"was not asked, because at {clock} it gave no usable answer ({last.value}); it is asked "
        "again an hour later, or by its name",
        archive=services[0].archive,
    )
