"""This file finds the services of the Virtual Observatory: one question, several registries.

Invariants: a registry that failed is never an empty list; who answered, when, and what the answer
leaves out is said. Source: IVOA RegTAP 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from skyatlas.errors import (
    ArchiveError,
    BadInput,
    Broken,
    Refused,
    Unreachable,
    Unreadable,
)
from skyatlas.model import Note, Why
from skyatlas.obscore import plain_values
from skyatlas.protocols import regtap, tap
from skyatlas.protocols.listing import Listing
from skyatlas.protocols.records import Interface, Record, merged, read
from skyatlas.protocols.regtap import Grade
from skyatlas.protocols.wanted import Wanted

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.protocols.service import Answer

__all__ = ["REGISTRIES", "Interface", "Listing", "Record", "Registry", "Wanted", "find"]


@dataclass(frozen=True, slots=True)
class Registry:
    """A TAP service with the tables of RegTAP."""

    name: str
    url: str
    seconds: float = 90.0
    """How long it may take before the next one is asked."""


REGISTRIES = (
    # The first is pyvo's default (2026-11); the addresses of the others are from memory. `pytest -m
    # live tests/live/test_registry.py` asks each of them.
    Registry("GAVO", "http://reg.g-vo.org/tap"),
    Registry("ESA", "https://registry.euro-vo.org/regtap/tap"),
    Registry("STScI", "https://vao.stsci.edu/RegTAP/TapService.aspx"),
)
"""In the order in which they are asked."""

DAY = timedelta(days=1)
"""How long an answer counts as fresh: registries harvest each other once a day."""
_MOST = 200_000
"""Rows that are asked for: several times all that is registered."""
_SILENT_CUT = 20_000
"""Rows after which registries cut by default; exactly so many are a cut that nobody mentions."""
_OBSCORE = "ivo://ivoa.net/std/obscore"
"""What identifiers of ObsCore begin with; its table is ivoa.obscore (ObsCore 1.1, section 4)."""
_KIND = "registry"
_FORM = 1
"""Of what is remembered; another number makes older answers unknown."""


def find(
    door: Door,
    wanted: Wanted,
    *,
    registries: Sequence[Registry] = REGISTRIES,
    fresh: timedelta = DAY,
) -> Listing:
    """The services that the first registry to answer knows, by title.

    An answer of the same registries to the same question that is not older than `fresh` is used
    again; an older one only where none of them answers, and a note says so.

    Raises Unreachable, Broken, or the one registry's own ArchiveError where there is none either.
    """
    key = f"{_FORM} {wanted.key} {' '.join(one.url for one in registries)}"
    kept, age = _remembered(door, key)
    if kept is not None and age <= fresh:
        return kept
    failures: list[ArchiveError] = []
    for left, registry in zip(range(len(registries), 0, -1), registries, strict=True):
        within = door.within(min(registry.seconds, max(0.0, door.left) / left))
        try:
            listing = _answer(within, registry, wanted)
        except ArchiveError as error:
            failures.append(error)
            if isinstance(error, Unreachable) and not error.again:
                break  # offline: the others would not be asked either
            continue
        if listing.answered:
            door.memory.put(_KIND, key, listing.to_json())
        return _noted(listing, failures, f"{registry.name}'s registry answered instead")
    if kept is not None:
        return _noted(kept, failures, "this is an earlier answer")
    raise _nobody(failures)


def _remembered(door: Door, key: str) -> tuple[Listing | None, timedelta]:
    found = door.memory.get(_KIND, key)
    if found is None:
        return None, timedelta.max
    try:
        listing = Listing.from_json(found.value)
    except BadInput:
        return None, timedelta.max
    return replace(listing, cached=True), timedelta(seconds=found.age)


def _noted(listing: Listing, failures: Sequence[ArchiveError], what: str) -> Listing:
    if not failures:
        return listing
    text = f"{'; '.join(map(str, failures))}; {what}"
    return replace(listing, notes=(*listing.notes, Note(Why.FALLBACK, text)))


def _nobody(failures: Sequence[ArchiveError]) -> ArchiveError:
    if len(failures) == 1:
        return failures[0]
    said = "; ".join(map(str, failures))
    silent = all(isinstance(error, Unreachable) for error in failures)
    kind = Unreachable if silent else Broken
    return kind(
        f"no registry of services answered: {said or 'none was named'}; try again later",
        archive="registry",
        url=failures[-1].url if failures else "",
    )


def _answer(door: Door, registry: Registry, wanted: Wanted) -> Listing:
    """What one registry says. Raises an ArchiveError leaf."""
    service = tap.TapService(f"the registry of {registry.name}", registry.url, hard_limit=_MOST)
    answer, grade = _services(door, service, wanted)
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        records = read(answer.table)
    except KeyError as error:
        raise Unreadable(
            f"{service.archive} answered a table without the column {error.args[0]}",
            archive=service.archive,
            url=registry.url,
        ) from error
    notes = [*_cut(answer, wanted, service.archive)]
    facts, asked, untold = _facts(door, service, wanted, grade)
    notes += untold
    records = [_told(record, facts) for record in records]
    able = [one for one in records if _fits(one, wanted)]
    each_once = merged(able)
    notes += _about(records, able, each_once)
    notes += _uncovered(each_once, facts, wanted, grade)
    each_once.sort(key=lambda one: (one.title.casefold(), one.ivoid))
    return Listing(
        tuple(each_once), registry.url, (*answer.asked, *asked), when, notes=tuple(notes)
    )


def _services(door: Door, service: tap.TapService, wanted: Wanted) -> tuple[Answer, Grade]:
    """Ask; a registry that refuses the question for newer ones is asked as older ones are."""
    grade = Grade.COVERAGE if wanted.covering else Grade.MIRRORS
    while True:
        adql = regtap.services(wanted, grade)
        try:
            return tap.ask(door, service, adql, limit=wanted.limit), grade
        except (Broken, Refused) as error:
            # 200 and 400 are how services say that they do not understand a question (DALI 1.1).
            if grade is Grade.PLAIN or error.status not in (200, 400):
                raise
            grade = Grade(grade - 1)


def _cut(answer: Answer, wanted: Wanted, who: str) -> list[Note]:
    rows = len(answer.table)
    if wanted.limit is not None and rows >= wanted.limit and answer.truncated:
        return [Note(Why.LIMITED, f"{who} knows more than the {wanted.limit} that were asked for")]
    if answer.truncated or rows == _SILENT_CUT:
        text = f"{who} cut its answer after {_counted(rows)}; ask for less"
        return [Note(Why.TRUNCATED, text)]
    return []


_Facts = Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]
"""What was asked → identifier of the service → (fact, its utype or "")."""


_FACTS = {
    "models": "which data models services follow",
    "tables": "which tables services have",
    "subjects": "what services are about",
    "position": "where services have data",
    "band": "in which band services have data",
    "time": "when services have data",
}
"""What is asked besides, in words."""


def _facts(
    door: Door, service: tap.TapService, wanted: Wanted, grade: Grade
) -> tuple[_Facts, list[str], list[Note]]:
    """What is asked besides: the facts, the ADQL, and notes about what was not answered."""
    facts: dict[str, dict[str, list[tuple[str, str]]]] = {}
    asked: list[str] = []
    notes: list[Note] = []
    for name, adql in regtap.facts(wanted, grade).items():
        try:
            answer = tap.ask(door, service, adql)
            columns = [plain_values(answer.table[one]) for one in ("ivoid", "fact")]
            several = "utype" in answer.table.colnames
            utypes = plain_values(answer.table["utype"]) if several else [""] * len(columns[0])
        except (ArchiveError, KeyError) as error:
            text = f"{service.archive} could not tell {_FACTS[name]}: {error}"
            notes.append(Note(Why.UNANSWERED, text))
            continue
        asked.append(adql)
        found = facts.setdefault(name, {})
        for ivoid, fact, utype in zip(*columns, utypes, strict=True):
            found.setdefault(str(ivoid), []).append((str(fact or ""), str(utype or "")))
        if answer.truncated:
            text = f"{service.archive} cut its answer about {_FACTS[name]}"
            notes.append(Note(Why.UNANSWERED, text))
    return facts, asked, notes


def _told(record: Record, facts: _Facts) -> Record:
    """The record with what else was asked about it."""

    def said(name: str) -> Sequence[tuple[str, str]]:
        return facts.get(name, {}).get(record.ivoid, ())

    models = tuple(dict.fromkeys(fact for fact, _ in said("models")))
    tables = tuple(dict.fromkeys(fact for fact, _ in said("tables")))
    whole = any(model.lower().startswith(_OBSCORE) for model in models)
    part = next((fact for fact, utype in said("tables") if utype.lower().startswith(_OBSCORE)), "")
    interfaces = tuple(
        replace(one, tables=tables, obscore="ivoa.obscore" if whole and not one.auxiliary else part)
        if one.protocol == "tap"
        else one
        for one in record.interfaces
    )
    subjects = tuple(dict.fromkeys(fact for fact, _ in said("subjects")))
    return replace(record, interfaces=interfaces, datamodels=models, subjects=subjects)


def _fits(record: Record, wanted: Wanted) -> bool:
    own = {one.protocol for one in record.interfaces if not one.auxiliary}
    return bool(own.intersection(wanted.types) if wanted.types else record.interfaces)


def _about(
    records: Sequence[Record], able: Sequence[Record], each_once: Sequence[Record]
) -> list[Note]:
    notes = []
    # Who turned out to be of another type (SIA 1 under the name that SIA 2 shares) is no loss.
    unable, twice = sum(not one.interfaces for one in records), len(able) - len(each_once)
    if unable:
        text = f"{_count(unable)} left out: no interface that can be asked by a program"
        notes.append(Note(Why.ASSUMED, text, unable))
    if twice:
        text = f"{_count(twice)} registered under another identifier as well, and listed once"
        notes.append(Note(Why.ASSUMED, text, twice))
    return notes


def _uncovered(
    records: Sequence[Record], facts: _Facts, wanted: Wanted, grade: Grade
) -> list[Note]:
    """What the registry does not know about where, in which band and when services have data."""
    if not wanted.covering:
        return []
    if grade is not Grade.COVERAGE:
        text = "this registry does not know where, in which band and when services have data: "
        return [Note(Why.ASSUMED, f"{text}services for anything are among these")]
    words = {"position": "where", "band": "in which band", "time": "when"}
    notes = []
    for name, word in words.items():
        said = facts.get(name)
        silent = sum(one.ivoid not in said for one in records) if said is not None else 0
        if silent:
            text = f"{silent} of {len(records)} do not say {word} they have data; they are kept"
            notes.append(Note(Why.ASSUMED, text, silent))
    return notes


def _count(number: int) -> str:
    return f"{_counted(number)} {'is' if number == 1 else 'are'}"


def _counted(number: int) -> str:
    return f"{number} service{'' if number == 1 else 's'}"
