"""This file takes in what MAST answers to one question: page by page, as tables and Notes.

Invariant: an answer that breaks off keeps the pages that came and says so; what is left out of them
is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import filters, portal, portions, rows
from skyatlas.errors import ArchiveError
from skyatlas.model import Note, Query, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from astropy.table import Table

    from skyatlas.archive import Door

    Row = Mapping[str, Any]
    Pairs = Callable[[Sequence[Row], Sequence[Query]], list[tuple[int, int]]]

__all__ = ["Question", "Tally", "in_portions", "rows_of", "told"]

_LEAST = 1000
"""Rows of a page where the caller wants but a few: some of them may not count."""


@dataclass(slots=True)
class Tally:
    """What is told at the end."""

    planned: int = 0
    closed: int = 0
    """Rows that are not public though no date says until when."""


@dataclass(frozen=True, slots=True)
class Question:
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


def in_portions(question: Question, door: Door, tally: Tally) -> Iterator[Table | Note]:
    """The answer to a question that is too large for one: in spans of time."""
    for part in portions.portions(door, question.service, question.params):
        if isinstance(part, Note):
            yield part
        else:
            yield from rows_of(replace(question, params=part), door, tally)


def rows_of(
    question: Question, door: Door, tally: Tally, *, most: int | None = None
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


def _table(page: portal.Page, question: Question, tally: Tally) -> Table:
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


def told(query: Query, tally: Tally) -> Iterator[Note]:
    """What there is to say when all has been asked."""
    if "intentType" not in filters.names_asked(query):
        yield Note(
            Why.ASSUMED, "science observations only; --param intentType=* asks for calibrations too"
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
