"""This file turns names into Targets: one outcome for each input, in order, whatever happens.

Three answers are never confused: nobody knows the name (UnknownTarget), several objects have it
(AmbiguousTarget), and whoever should know did not answer (an ArchiveError).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skyatlas.archive import Door
from skyatlas.errors import (
    AmbiguousTarget,
    ArchiveError,
    AtlasError,
    BadInput,
    Broken,
    UnknownTarget,
    Unreachable,
)
from skyatlas.model import Target
from skyatlas.names import offline as offline_catalogue
from skyatlas.names import santa, sesame
from skyatlas.names.answer import Answer, Reading, separation
from skyatlas.names.identifiers import MAST_CATALOGUES, chosen, identifier, moves
from skyatlas.names.memory import Memory
from skyatlas.words import position

__all__ = ["APART", "resolve", "resolve_one"]

APART = 0.1
"""Degrees. SIMBAD and NED differ by 64 arcsec over M 8, which is one extended object, and by tens
of degrees over Arp 2, which is two objects; only the latter is worth stopping for."""

WORTH_SAYING = 30.0 / 3600.0
"""Degrees. A smaller difference between resolvers is within what search radii forgive."""

IN_BULK = 200
"""Names in one call. Above it the first database that knows a name answers alone: with NED asked
about each of 100,000 names as well, they would take a day and a half instead of half an hour."""

_DATABASES = {"simbad": "S", "ned": "N", "vizier": "V"}

Outcome = Target | AtlasError


def _utc() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def resolve(
    words: Sequence[object],
    door: Door | None,
    *,
    offline: bool = False,
    cache: Path | None = None,
    now: Callable[[], dt.datetime] = _utc,
) -> list[Outcome]:
    """One Target, or the error to raise for it, for each of the words, in their order.

    A word is a name, a position in any form that `words.position` reads, or a Target. Names are
    looked for in this order: remembered for less than 180 days in the SQLite file `cache`; Sesame,
    and MAST for TIC, KIC and EPIC numbers that Sesame has not. Where these fail, or nothing may be
    asked (`offline`, or no door), whatever was once remembered answers, then the offline catalogue;
    `Target.said` tells it. A prefix chooses: "simbad:", "ned:", "vizier:", "mast:", "offline:".

    Among more than 200 names an ambiguous one is not noticed, because only the first database that
    knows a name is heard.

    `now` gives an aware datetime, UTC. Nothing is raised for a word: UnknownTarget,
    AmbiguousTarget, other BadInput and ArchiveErrors stand in its place.
    """
    outcomes = [_without_asking(one) for one in words]
    names = list(dict.fromkeys(one for one in outcomes if isinstance(one, str)))
    found = _look_up(names, None if offline else door, Memory(cache) if cache else None, now())
    return [found[one] if isinstance(one, str) else one for one in outcomes]


def resolve_one(
    words: object,
    door: Door | None,
    *,
    offline: bool = False,
    cache: Path | None = None,
    now: Callable[[], dt.datetime] = _utc,
) -> Target:
    """The Target of these words, as `resolve` has it. Raises what `resolve` would have listed."""
    outcome = resolve([words], door, offline=offline, cache=cache, now=now)[0]
    if isinstance(outcome, AtlasError):
        raise outcome
    return outcome


def _look_up(
    names: Sequence[str], door: Door | None, memory: Memory | None, now: dt.datetime
) -> dict[str, Outcome]:
    recalled = memory.recall(names, now) if memory else {}
    outcomes: dict[str, Outcome] = {
        name: _known_offline_only(name) if target is None else target
        for name, target in recalled.items()
    }
    pending = [name for name in names if name not in outcomes]
    if door is None:
        failed: dict[str, ArchiveError] = {name: _not_asked(name) for name in pending}
    else:
        readings = _ask(pending, door)
        outcomes |= {name: _outcome(name, readings[name], now) for name in pending}
        if memory:
            memory.remember(_lasting(readings, outcomes), now)
        failed = {
            name: error for name in pending if isinstance(error := outcomes[name], ArchiveError)
        }
    old = memory.recall(failed, now, any_age=True) if memory and failed else {}
    for name, error in failed.items():
        outcomes[name] = old.get(name) or _without_network(name, error, now)
    return outcomes


def _without_asking(words: object) -> Outcome | str:
    """The position in the words, or what is wrong with them, or the name to be resolved."""
    try:
        target = position(words)
    except BadInput as error:
        return error
    if target is not None:
        return target
    name = " ".join(str(words).split())
    resolver, bare = chosen(name)
    if not name:
        return BadInput("an empty name; give a name or a position")
    if resolver == "offline":
        answer = offline_catalogue.find(bare)
        return _unknown(name) if answer is None else _target(name, answer, "offline catalogue")
    if not resolver and moves(bare):
        return BadInput(
            f"{bare} moves: it has no fixed position; give the position at the time you want, "
            f"or simbad:{bare} if you mean the object of that name outside the solar system"
        )
    return name


def _ask(names: Sequence[str], door: Door) -> dict[str, Reading | ArchiveError]:
    """What Sesame, or else MAST, says about each name."""
    readings: dict[str, Reading | ArchiveError] = {}
    by_resolver: dict[str, list[str]] = {}
    for name in names:
        by_resolver.setdefault(chosen(name)[0], []).append(name)
    for resolver, group in by_resolver.items():
        bare = [chosen(name)[1] for name in group]
        if resolver == "mast":
            said = santa.ask(bare, door)
        else:
            everybody = sesame.ALL if len(bare) <= IN_BULK else sesame.FIRST
            said = sesame.ask(bare, door, _DATABASES.get(resolver, everybody))
        readings |= {name: said[one] for name, one in zip(group, bare, strict=True)}
    open_numbers = [name for name in names if _only_mast_may_know(name, readings[name])]
    if open_numbers:
        for name, answer in santa.ask(open_numbers, door).items():
            readings[name] = _second(readings[name], answer)
    return readings


def _only_mast_may_know(name: str, reading: Reading | ArchiveError) -> bool:
    number = identifier(name)
    known = isinstance(reading, Reading) and bool(reading.answers)
    return number is not None and number[0] in MAST_CATALOGUES and not known


def _second(
    first: Reading | ArchiveError, second: Reading | ArchiveError
) -> Reading | ArchiveError:
    """MAST's word after Sesame knew nothing: silence counts only if both were heard."""
    if isinstance(second, Reading) and second.answers:
        return second
    if isinstance(second, ArchiveError):
        return second
    return first


def _outcome(name: str, reading: Reading | ArchiveError, now: dt.datetime) -> Outcome:
    if isinstance(reading, ArchiveError):
        return reading
    if not reading.answers:
        if reading.failures:
            return Broken(
                f"cannot tell where {name} is: {'; '.join(reading.failures)}; try again later",
                archive="Sesame",
            )
        return _known_offline_only(name)
    best = reading.answers[0]
    # An arcminute of VizieR (see sesame) makes no rival to a better position.
    rivals = [one for one in reading.answers[1:] if one.resolver != "VizieR"]
    apart = [separation(best, one) for one in rivals]
    if apart and max(apart) > APART:
        return _ambiguous(name, (best, *rivals))
    remarks = [
        f"{one.resolver} has it {degrees * 3600:.0f} arcsec away"
        for one, degrees in zip(rivals, apart, strict=True)
        if degrees > WORTH_SAYING
    ]
    return _target(name, best, "; ".join((*remarks, *reading.failures)), now)


def _target(name: str, answer: Answer, said: str, now: dt.datetime | None = None) -> Target:
    ids = dict(answer.ids)
    number = identifier(chosen(name)[1])
    if number is not None:
        ids[number[0]] = number[1]
    return Target(
        asked=name,
        ra=answer.ra,
        dec=answer.dec,
        name=answer.name,
        resolver=answer.resolver,
        said=said,
        date=now.isoformat(timespec="seconds") if now else "",
        ids=ids,
    )


def _known_offline_only(name: str) -> Outcome:
    """No resolver knows it; the catalogue may: "Caldwell 14" is in no data base of Sesame's.

    Where one resolver was chosen, its word is the last.
    """
    resolver, bare = chosen(name)
    answer = None if resolver else offline_catalogue.find(bare)
    if answer is None:
        return _unknown(name)
    return _target(name, answer, "offline catalogue; no resolver knows this name")


def _unknown(name: str) -> UnknownTarget:
    near = offline_catalogue.near(chosen(name)[1])
    hint = f"did you mean {' or '.join(near)}? Otherwise" if near else "check the spelling, or"
    return UnknownTarget(f"no resolver knows {name!r}; {hint} give the position")


def _ambiguous(name: str, answers: Sequence[Answer]) -> AmbiguousTarget:
    listed = "; ".join(str(one) for one in answers)
    resolvers = list(dict.fromkeys(one.resolver for one in answers))
    bare = chosen(name)[1]
    choice = " or ".join(f"{one.lower()}:{bare}" for one in resolvers) if len(resolvers) > 1 else ""
    advice = f"write {choice}" if choice else "give the position"
    return AmbiguousTarget(f"{name!r} is more than one object: {listed}; {advice}")


def _lasting(
    readings: Mapping[str, Reading | ArchiveError], outcomes: Mapping[str, Outcome]
) -> dict[str, Target | None]:
    """What may be remembered: where nobody failed, positions and that nobody knows the name."""
    lasting: dict[str, Target | None] = {}
    for name, reading in readings.items():
        if isinstance(reading, ArchiveError) or reading.failures:
            continue
        outcome = outcomes[name]
        if isinstance(outcome, Target):
            lasting[name] = outcome
        elif not isinstance(outcome, AmbiguousTarget):
            lasting[name] = None
    return lasting


def _not_asked(name: str) -> ArchiveError:
    near = offline_catalogue.near(chosen(name)[1])
    hint = f" did you mean {' or '.join(near)}?" if near else ""
    return Unreachable(
        f"nobody may be asked for {name!r} (offline);{hint} go online or give the position",
        archive="Sesame",
    )


def _without_network(name: str, error: ArchiveError, now: dt.datetime) -> Outcome:
    """The offline catalogue's answer, which says why it had to step in; else the failure itself."""
    resolver, bare = chosen(name)
    answer = None if resolver else offline_catalogue.find(bare)
    if answer is None:
        return error
    why = str(error).partition(";")[0]
    return _target(name, answer, f"offline catalogue, because: {why}", now)
