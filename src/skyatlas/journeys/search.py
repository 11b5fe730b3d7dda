"""This file tells the journey of a question: to all archives side by side, back as one answer.

Invariant: whatever an archive does (fail, cut, give too much), it is in its report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skyatlas.errors import ArchiveError, Unreachable
from skyatlas.model import Interval, Note, Query, Report, Target, Why
from skyatlas.obscore import empty
from skyatlas.observations import Observations
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    import numpy as np
    from astropy.table import Table
    from numpy.typing import NDArray

    from skyatlas.archive import Archive, Door

_GRACE = 0.5
"""Seconds that those who end in time get to put down what they have."""


def search(
    queries: Sequence[Query],
    archives: Sequence[Archive],
    door: Door,
    *,
    sign_in: Callable[[Archive], None] | None = None,
    budget: float | None = None,
    before: Sequence[Report] = (),
) -> Observations:
    """Ask every archive, each in a thread of its own. Never raises for an archive that failed.

    `sign_in` uses a login that the user keeps for the archive; a wrong one is that archive's
    failure and nobody else's. Who has not answered within the `budget` (seconds) is a failure too,
    with the rows that came until then; a door with less time left ends it sooner. `before` are
    reports of what led here.
    """
    if budget is not None:
        door = door.within(budget)

    def ask(archive: Archive) -> tuple[Table, Report]:
        return _ask(archive, queries, door, sign_in)

    def late(archive: Archive) -> tuple[Table, Report]:
        error = Unreachable(
            f"{archive.name} did not answer within {budget:g} s; give it more with --budget",
            archive=archive.name,
        )
        return empty(), Report(archive.name, seconds=budget or 0.0, error=error)

    within = None if budget is None else max(0.0, door.left) + _GRACE
    answers = side_by_side(ask, archives, len(archives), within=within, late=late)
    tables = [table for table, _ in answers if len(table)]
    table = _stacked(tables)
    if "query" in table.colnames:
        table.remove_column("query")
    reports = (*before, *(report for _, report in answers))
    return Observations(table, reports, tuple(queries))


def _ask(
    archive: Archive,
    queries: Sequence[Query],
    door: Door,
    sign_in: Callable[[Archive], None] | None,
) -> tuple[Table, Report]:
    """Ask one archive; its table, and what there is to say about it."""
    started = time.monotonic()
    tables: list[Table] = []
    notes: dict[Note, None] = {}
    error: ArchiveError | None = None
    try:
        if sign_in is not None:
            sign_in(archive)
        for indices in _chunks(queries, archive):
            for part in archive.search([queries[index] for index in indices], door):
                if isinstance(part, Note):
                    notes[part] = None
                else:
                    tables.append(_attributed(part, indices))
    except ArchiveError as raised:
        error = raised
    asked = tuple(text for table in tables for text in table.meta.get("asked", ()))
    mapping = {k: how for table in tables for k, how in table.meta.get("mapping", {}).items()}
    table, more = _tidied(_stacked(tables), queries)
    cut = any(note.why is Why.LIMITED for note in notes)
    for note in more:
        if not (cut and note.why is Why.LIMITED):
            notes[note] = None
    seconds = time.monotonic() - started
    return table, Report(archive.name, len(table), seconds, tuple(notes), error, asked, mapping)


def _chunks(queries: Sequence[Query], archive: Archive) -> Iterator[list[int]]:
    """Questions that one request can carry: the same filters, so many positions as it takes."""
    alike: dict[Query, list[int]] = {}
    for index, query in enumerate(queries):
        alike.setdefault(replace(query, target=None, radius=None), []).append(index)
    for filters, indices in alike.items():
        # A limit is one per target: rows of one target must not use up another's.
        size = 1 if filters.limit is not None or archive.many.how == "loop" else archive.many.size
        for start in range(0, len(indices), size):
            yield indices[start : start + size]


def _attributed(table: Table, indices: Sequence[int]) -> Table:
    """Turn the chunk's query numbers into those of the whole question."""
    import numpy as np

    table["query"] = np.asarray(indices, dtype=np.int64)[np.asarray(table["query"])]
    return table


def _stacked(tables: Sequence[Table]) -> Table:
    from astropy.table import vstack

    filled = [table for table in tables if len(table)]
    if not filled:
        return empty()
    stacked = vstack(filled, metadata_conflicts="silent") if len(filled) > 1 else filled[0].copy()
    stacked.meta.clear()
    return stacked


def _tidied(table: Table, queries: Sequence[Query]) -> tuple[Table, list[Note]]:
    """Drop what was not asked for and what stands there twice; name the targets."""
    import numpy as np

    index = np.asarray(table["query"], dtype=np.int64)
    keep = np.zeros(len(table), dtype=bool)
    alike: dict[Query, list[int]] = {}
    for number, query in enumerate(queries):
        alike.setdefault(replace(query, target=None, radius=None), []).append(number)
    for query, numbers in alike.items():  # a slice of a table for each of 1,000 targets takes 8 s
        mine = np.isin(index, numbers)
        keep[mine] = _fits(table[mine], query)
    table = table[keep & _first(table)]
    _place(table, queries)
    notes = list(_limited(table, queries))
    table = table[_within_limits(table, queries)]
    return table, [*notes, *_proprietary(table)]


def _fits(table: Table, query: Query) -> NDArray[np.bool_]:
    """Which rows really answer the query, by ObsCore's columns.

    Where a number or a date is not said the row counts as fitting; a row that does not say its
    kind is of no kind that was asked for.
    """
    import numpy as np

    keep = np.ones(len(table), dtype=bool)
    if query.kinds:
        kinds = _texts(table, "dataproduct_type")
        keep &= np.array([kind in query.kinds for kind in kinds], dtype=bool)
    for interval, low, high in (
        (query.band, "em_min", "em_max"),
        (query.time, "t_min", "t_max"),
        (query.calib_level, "calib_level", "calib_level"),
    ):
        keep &= _overlaps(table, interval, low, high)
    if query.public:
        now = _now()
        keep &= np.array([text <= now for text in _texts(table, "obs_release_date")], dtype=bool)
    return keep


def _overlaps(
    table: Table, interval: Interval | None, low: str, high: str
) -> NDArray[np.bool_] | bool:
    import numpy as np

    if interval is None:
        return True
    least = np.ma.filled(np.ma.asarray(table[low]).astype(float), np.nan)
    most = np.ma.filled(np.ma.asarray(table[high]).astype(float), np.nan)
    outside = np.zeros(len(table), dtype=bool)
    if interval.low is not None:
        outside |= most < interval.low
    if interval.high is not None:
        outside |= least > interval.high
    return ~outside


def _first(table: Table) -> NDArray[np.bool_]:
    """The first of rows that are the same product for the same question."""
    import numpy as np

    seen: set[tuple[int, str]] = set()
    keep = np.ones(len(table), dtype=bool)
    for row, identity in enumerate(
        zip(table["query"].tolist(), _texts(table, "obs_publisher_did"), strict=True)
    ):
        if identity[1] and identity in seen:
            keep[row] = False
        seen.add(identity)
    return keep


def _place(table: Table, queries: Sequence[Query]) -> None:
    """Fill `target` with the caller's words and `distance` with the arcseconds from it."""
    import numpy as np
    from astropy.table import MaskedColumn

    from skyatlas.sky import separation

    targets = [query.target or Target("") for query in queries]
    index = np.asarray(table["query"], dtype=np.int64)
    names = np.array([target.asked for target in targets] or [""])[index]
    table["target"] = MaskedColumn(names, mask=names == "", description=table["target"].description)
    ra = np.array([np.nan if t.ra is None else t.ra for t in targets] or [np.nan])[index]
    dec = np.array([np.nan if t.dec is None else t.dec for t in targets] or [np.nan])[index]
    s_ra, s_dec = (np.ma.filled(table[name].data, np.nan) for name in ("s_ra", "s_dec"))
    distance = separation(ra, dec, s_ra, s_dec) * 3600.0
    table["distance"].data[:] = distance
    table["distance"].mask[:] = ~np.isfinite(distance)


def _within_limits(table: Table, queries: Sequence[Query]) -> NDArray[np.bool_]:
    import numpy as np

    keep = np.ones(len(table), dtype=bool)
    counts: dict[int, int] = {}
    for row, number in enumerate(np.asarray(table["query"]).tolist()):
        counts[number] = counts.get(number, 0) + 1
        limit = queries[number].limit
        keep[row] = limit is None or counts[number] <= limit
    return keep


def _limited(table: Table, queries: Sequence[Query]) -> Iterator[Note]:
    cut = int((~_within_limits(table, queries)).sum())
    if cut:
        yield Note(Why.LIMITED, f"{cut} more rows than your limit were left out", cut)


def _proprietary(table: Table) -> Iterator[Note]:
    now = _now()
    count = sum(text > now for text in _texts(table, "obs_release_date"))
    if count:
        yield Note(
            Why.PROPRIETARY,
            f"the files of {count} row{'s' if count != 1 else ''} are proprietary: fetching them "
            "needs a login that is permitted",
            count,
        )


def _texts(table: Table, name: str) -> list[str]:
    import numpy as np

    column: Any = np.ma.asarray(table[name])
    return [str(text) for text in np.ma.filled(column, "").tolist()]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
