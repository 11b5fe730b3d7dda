"""This file puts questions to MAST: around one place or many, by a star's number, by words alone.

Invariant: what is missing from the answer, left out of it, or taken for granted, is said by a Note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import filters, matching, portal, portions, rows
from skyatlas.errors import ArchiveError, BadInput, Unreadable
from skyatlas.model import Note, Query, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from astropy.table import Table

    from skyatlas.archive import Door

    Row = Mapping[str, Any]
    Pairs = Callable[[Sequence[Row], Sequence[Query]], list[tuple[int, int]]]

__all__ = ["search"]

_FILTERED = "Mast.Caom.Filtered"
_POSITION = "Mast.Caom.Filtered.Position"
_CROSSMATCH = "Mast.Caom.Crossmatch"
_NAMES_AT_ONCE = 300
"""Stars whose names go into one filter, each in three spellings."""
_LEAST = 1000
"""Rows of a page where the caller wants but a few: some of them may not count."""


@dataclass(slots=True)
class _Tally:
    """What is told at the end."""

    planned: int = 0
    closed: int = 0
    """Rows that are not public though no date says until when."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One question for the portal, and what is done with its rows."""

    service: str
    params: Mapping[str, Any]
    queries: Sequence[Query]
    numbers: Sequence[int]
    """Which of all queries these are."""
    judged: Sequence[filters.Choice]
    """What MAST did not filter."""
    pairs: Pairs
    data: Any = None


def search(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Rows that answer the queries, whose filters are the same, and Notes.

    HST's and JWST's own tables are asked by `Query.table`. Where the portal fails, MAST's ObsTAP is
    asked instead, as far as it can be. Raises an ArchiveError leaf, and BadInput for words that
    MAST has no column for.
    """
    first = queries[0]
    if first.table is not None:
        from skyatlas.archives.mast import missions

        yield from missions.search(queries, door)
        return
    choices = filters.choices_of(first)
    tally = _Tally()
    placed, named, free = _sorted(queries)
    for part, ask in ((placed, _around), (named, _by_name), (free, _by_words)):
        if part:
            yield from _or_obstap(ask, queries, part, choices, door, tally)
    yield from _told(first, tally)


def _sorted(queries: Sequence[Query]) -> tuple[list[int], list[int], list[int]]:
    """Which queries have a place, only a number, and no target at all."""
    placed, named, free = [], [], []
    for number, query in enumerate(queries):
        if query.target is not None and query.target.ra is not None:
            placed.append(number)
        elif query.target is not None and query.target.ids:
            if not matching.spellings(query):
                raise BadInput(
                    f"MAST knows {query.target.asked!r} by none of its numbers "
                    f"({', '.join(query.target.ids)}); it has those of TIC, KIC and EPIC"
                )
            named.append(number)
        else:
            free.append(number)
    return placed, named, free


def _or_obstap(
    ask: Callable[..., Iterator[Table | Note]],
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: _Tally,
) -> Iterator[Table | Note]:
    """Ask the portal; where nothing came of it and that may be its own fault, ask ObsTAP."""
    came = False
    try:
        for part in ask(queries, numbers, choices, door, tally):
            came = True
            yield part
    except ArchiveError as error:
        hopeless = not error.again and not isinstance(error, Unreadable)
        if came or hopeless or ask is _by_name or queries[0].parameters:
            raise
        from skyatlas.archives.mast import obstap

        try:
            yield from obstap.search(queries, numbers, door, error)
        except ArchiveError:
            raise error from None  # the first failure is the one to know about


def _around(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: _Tally,
) -> Iterator[Table | Note]:
    """One place with all filters; several in one request, which takes none but a radius."""
    if len(numbers) > 1:
        by_radius = sorted(numbers, key=lambda number: queries[number].radius or 0.0)
        for _, group in groupby(by_radius, key=lambda number: queries[number].radius):
            yield from _matched(queries, list(group), choices, door, tally)
        return
    query = queries[numbers[0]]
    assert query.target is not None
    position = f"{query.target.ra!r}, {query.target.dec!r}, {query.radius!r}"
    judged = [choice for choice in choices if not all(one.sent for one in choice)]
    for way in filters.wire(choices):
        params = {"columns": "*", "filters": way, "position": position}
        question = _Question(_POSITION, params, [query], numbers, judged, matching.each)
        try:
            yield from _rows(question, door, tally, most=portal.MOST_ROWS)
        except portions.TooManyError:
            yield from _in_portions(question, door, tally)


def _matched(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: _Tally,
) -> Iterator[Table | Note]:
    """Many places of one radius. What would be too long for one answer is asked in halves."""
    mine = [queries[number] for number in numbers]
    if len(numbers) == 1:
        yield from _around(queries, numbers, choices, door, tally)
        return
    places = [{"ra": q.target.ra, "dec": q.target.dec} for q in mine if q.target is not None]
    fields = [{"name": name, "type": "float"} for name in ("ra", "dec")]
    params = {"raColumn": "ra", "decColumn": "dec", "radius": mine[0].radius}
    data = {"fields": fields, "data": places}
    question = _Question(_CROSSMATCH, params, mine, numbers, choices, matching.by_place, data)
    try:
        yield from _rows(question, door, tally, most=portal.MOST_ROWS)
    except portions.TooManyError:
        half = len(numbers) // 2
        for part in (numbers[:half], numbers[half:]):
            yield from _matched(queries, part, choices, door, tally)


def _by_name(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: _Tally,
) -> Iterator[Table | Note]:
    """Stars by their numbers: their names in one filter, in all the spellings that MAST has."""
    judged = [choice for choice in choices if not all(one.sent for one in choice)]
    for start in range(0, len(numbers), _NAMES_AT_ONCE):
        some = numbers[start : start + _NAMES_AT_ONCE]
        mine = [queries[number] for number in some]
        names = dict.fromkeys(name for query in mine for name in matching.spellings(query))
        by_name = (filters.Filter("target_name", tuple(names)),)
        for way in filters.wire([*choices, by_name]):
            params = {"columns": "*", "filters": way}
            question = _Question(_FILTERED, params, mine, some, judged, matching.by_name)
            yield from _rows(question, door, tally)


def _by_words(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: _Tally,
) -> Iterator[Table | Note]:
    """Questions without a target have nothing but filters, which are the same.

    There is no telling how many rows they have: that is asked first.
    """
    judged = [choice for choice in choices if not all(one.sent for one in choice)]
    mine = [queries[number] for number in numbers]
    if mine[0].time is not None or mine[0].band is not None:
        yield Note(
            Why.ASSUMED, "observations that do not say their time or wavelength are not found"
        )
    for way in filters.wire(choices):
        params = {"columns": "*", "filters": way}
        question = _Question(_FILTERED, params, mine, numbers, judged, matching.each)
        many = mine[0].limit is None and portal.count(door, _FILTERED, params) > portal.MOST_ROWS
        yield from (_in_portions if many else _rows)(question, door, tally)


def _in_portions(question: _Question, door: Door, tally: _Tally) -> Iterator[Table | Note]:
    for part in portions.portions(door, question.service, question.params):
        if isinstance(part, Note):
            yield part
        else:
            yield from _rows(replace(question, params=part), door, tally)


def _rows(
    question: _Question, door: Door, tally: _Tally, *, most: int | None = None
) -> Iterator[Table | Note]:
    """The pages of one question, each as a table; one that breaks off keeps those that came.

    Raises TooManyError, before anything is yielded, where there are more than `most` rows and all
    are wanted.
    """
    limit = question.queries[0].limit
    size = portal.PAGE_SIZE if limit is None else min(max(limit, _LEAST), portal.PAGE_SIZE)
    pages = portal.ask(door, question.service, question.params, data=question.data, page_size=size)
    seen = kept = 0
    try:
        for page in pages:
            if most is not None and limit is None and (page.total or 0) > most:
                raise portions.TooManyError
            table = _table(page, question, tally)
            table.meta["asked"] = [page.asked] if not seen else []
            seen, kept = seen + len(page.rows), kept + len(table)
            yield table
            if limit is not None and kept >= limit and seen < (page.total or seen):
                yield Note(Why.LIMITED, f"more rows than your limit of {limit} exist")
                return
    except ArchiveError as error:
        if not seen:
            raise
        yield Note(Why.TRUNCATED, f"the answer broke off after {seen} rows: {error}", seen)


def _table(page: portal.Page, question: _Question, tally: _Tally) -> Table:
    """The rows of a page that count, each with the questions that it answers."""
    planes: dict[Any, Row] = {}
    for number, row in enumerate(page.rows):
        # A cross-match gives a row again for each place that it lies at.
        identity = (row.get("obsid"), row.get("objID"))
        planes.setdefault(identity if any(identity) else number, row)
    found = [row for row in planes.values() if filters.fits(row, question.judged)]
    if not _wants_planned(question.queries[0]):
        done = [row for row in found if str(row.get("calib_level")) != "-1"]
        tally.planned, found = tally.planned + len(found) - len(done), done
    pairs = question.pairs(found, question.queries)
    native = [found[row] for row, _ in pairs]
    table = rows.caom(native, [question.numbers[query] for _, query in pairs])
    tally.closed += rows.closed(table)
    return table


def _wants_planned(query: Query) -> bool:
    level = query.calib_level
    return (level is not None and level.low is not None and level.low < 0) or (
        "calib_level" in filters.names_asked(query)
    )


def _told(query: Query, tally: _Tally) -> Iterator[Note]:
    if "intentType" not in filters.names_asked(query):
        yield Note(
            Why.ASSUMED, "science observations only (intentType = science); ask for intentType=*"
        )
    if tally.planned:
        yield Note(
            Why.ASSUMED,
            f"{tally.planned} observations that are only planned were left out "
            "(calib_level = -1: there are no data yet)",
            tally.planned,
        )
    if tally.closed:
        yield Note(
            Why.PROPRIETARY,
            f"the files of {tally.closed} rows are not public, and no date says until when",
            tally.closed,
        )
