"""This file puts questions to MAST: around one place or many, by a star's number, by words alone.

Invariant: what is missing from the answer, left out of it, or taken for granted, is said by a Note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from skyatlas.archives.mast import filters, matching, portal, portions
from skyatlas.archives.mast.taking import Question, Tally, in_portions, rows_of, told
from skyatlas.errors import ArchiveError, BadInput, Unreadable
from skyatlas.model import Note, Query, Why

if TYPE_CHECKING:
    from collections.abc import Callable

    from astropy.table import Table

    from skyatlas.archive import Door

__all__ = ["search"]

_FILTERED = "Mast.Caom.Filtered"
_POSITION = "Mast.Caom.Filtered.Position"
_CROSSMATCH = "Mast.Caom.Crossmatch"
_NAMES_AT_ONCE = 300
"""Stars whose names go into one filter, each in three spellings."""


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
    tally = Tally()
    placed, named, free = _sorted(queries)
    for part, ask in ((placed, _around), (named, _by_name), (free, _by_words)):
        if part:
            yield from _or_obstap(ask, queries, part, choices, door, tally)
    yield from told(first, tally)


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
    tally: Tally,
) -> Iterator[Table | Note]:
    """Ask the portal; where nothing came of it and that may be its own fault, ask ObsTAP."""
    came = False
    try:
        for part in ask(queries, numbers, choices, door, tally):
            came = came or not isinstance(part, Note)
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
    tally: Tally,
) -> Iterator[Table | Note]:
    """One place with all filters; several in one request, which takes none but a radius."""
    if len(numbers) > 1:
        by_radius = sorted(numbers, key=lambda number: queries[number].radius or 0.0)
        for _, group in groupby(by_radius, key=lambda number: queries[number].radius):
            yield from _matched(queries, list(group), choices, door, tally)
        return
    query = queries[numbers[0]]
    assert query.target is not None
    numbers_asked = (query.target.ra, query.target.dec, query.radius)
    position = ", ".join(repr(float(one or 0.0)) for one in numbers_asked)
    judged = filters.unsent(choices)
    for way in filters.wire(choices):
        params = {"columns": "*", "filters": way, "position": position}
        question = Question(_POSITION, params, [query], numbers, judged, matching.each)
        try:
            yield from rows_of(question, door, tally, most=portal.MOST_ROWS)
        except portions.TooManyError:
            yield from in_portions(question, door, tally)


def _matched(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: Tally,
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
    question = Question(_CROSSMATCH, params, mine, numbers, choices, matching.by_place, data)
    try:
        yield from rows_of(question, door, tally, most=portal.MOST_ROWS)
    except portions.TooManyError:
        half = len(numbers) // 2
        for part in (numbers[:half], numbers[half:]):
            yield from _matched(queries, part, choices, door, tally)


def _by_name(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: Tally,
) -> Iterator[Table | Note]:
    """Stars by their numbers: their names in one filter, in all the spellings that MAST has."""
    judged = filters.unsent(choices)
    for start in range(0, len(numbers), _NAMES_AT_ONCE):
        some = numbers[start : start + _NAMES_AT_ONCE]
        mine = [queries[number] for number in some]
        names = dict.fromkeys(name for query in mine for name in matching.spellings(query))
        by_name = (filters.Filter("target_name", tuple(names)),)
        for way in filters.wire([*choices, by_name]):
            params = {"columns": "*", "filters": way}
            question = Question(_FILTERED, params, mine, some, judged, matching.by_name)
            yield from rows_of(question, door, tally)


def _by_words(
    queries: Sequence[Query],
    numbers: Sequence[int],
    choices: Sequence[filters.Choice],
    door: Door,
    tally: Tally,
) -> Iterator[Table | Note]:
    """Questions without a target have nothing but filters, which are the same.

    There is no telling how many rows they have: that is asked first.
    """
    judged = filters.unsent(choices)
    mine = [queries[number] for number in numbers]
    if mine[0].time is not None or mine[0].band is not None:
        yield Note(
            Why.ASSUMED, "observations that do not say their time or wavelength are not found"
        )
    for way in filters.wire(choices):
        params = {"columns": "*", "filters": way}
        question = Question(_FILTERED, params, mine, numbers, judged, matching.each)
        many = mine[0].limit is None and portal.count(door, _FILTERED, params) > portal.MOST_ROWS
        yield from (in_portions if many else rows_of)(question, door, tally)
