"""This file asks MAST's own searches of HST's and JWST's data sets, and for the files of those.

Invariants: every row is attributed to the targets whose position MAST found it at; no radius is
sent that MAST would cut; what is missing is said. Source: astroquery.mast.MastMissions (2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import missions_files, missions_filters, missions_rows
from skyatlas.archives.mast.missions_columns import columns_of, mission_of
from skyatlas.errors import ArchiveError, BadInput, Broken, Refused, Unreadable
from skyatlas.model import Note, Query, Why

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Ask, Door
    from skyatlas.archives.mast.missions_columns import Columns, Mission
    from skyatlas.model import Association, Product

__all__ = ["products", "search"]

_TARGETS = 100
"""Positions in one request; MAST refuses more."""
_FARTHEST = 0.5
"""Degrees: MAST cuts a larger radius without a word (astroquery issue 2662)."""
_PAGE = 5000
"""Rows of one answer: MAST's own default."""
_SAME = 1e-6
"""Degrees: two positions nearer than this are one, should MAST write numbers in its own way."""

Row = Mapping[str, Any]


def search(
    queries: Sequence[Query], door: Door, mission: str | None = None
) -> Iterator[Table | Note]:
    """Data sets of the mission that `Query.table` (or `mission`) names, and Notes.

    Filters are the same in all queries. Raises BadInput for what this search cannot be asked, an
    ArchiveError leaf where MAST fails before a row has come.
    """
    first, which = queries[0], mission_of(mission or queries[0].table)
    placed, free = _sorted(queries, which)
    if not missions_filters.is_possible(which, first):
        yield Note(
            Why.ASSUMED,
            f"MAST's search of {which.collection} has nothing of that kind or collection",
        )
        return
    columns = columns_of(which, door)
    conditions = missions_filters.conditions(which, first, columns)
    asking = _Asking(which, door, columns, conditions, first)
    for radius, positions in placed.items():
        names = list(positions)
        for start in range(0, len(names), _TARGETS):
            some = {name: positions[name] for name in names[start : start + _TARGETS]}
            yield from asking.rows(some, radius, [])
    if free:
        yield from asking.rows({}, None, free)
    yield from _told(which, first, bool(placed))


def products(rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
    """The files of such rows (those with a `mission`), and what the caller should know of them."""
    yield from missions_files.products(rows, door, ask)


def _sorted(
    queries: Sequence[Query], mission: Mission
) -> tuple[dict[float, dict[str, list[int]]], list[int]]:
    """Queries by radius and position as it is written, and those without a target."""
    placed: dict[float, dict[str, list[int]]] = {}
    free = []
    for number, query in enumerate(queries):
        target = query.target
        if target is None:
            free.append(number)
            continue
        if target.ra is None or target.dec is None or query.radius is None:
            raise BadInput(
                f"MAST's search of {mission.collection} needs a position; it does not know "
                f"{target.asked!r} by a number"
            )
        if query.radius > _FARTHEST:
            raise BadInput(
                f"MAST's search of {mission.collection} reaches 30 arcmin, not "
                f"{query.radius * 60:g}; ask for less, or without --table"
            )
        # Not as numpy writes its numbers: "np.float64(40.6)".
        position = f"{float(target.ra)!r} {float(target.dec)!r}"
        placed.setdefault(query.radius, {}).setdefault(position, []).append(number)
    return placed, free


def _told(mission: Mission, query: Query, placed: bool) -> Iterator[Note]:
    if placed:
        yield Note(
            Why.ASSUMED,
            f"MAST's search of {mission.collection} compares the targets' positions: a data set "
            "whose field reaches into the circle from outside is not found",
        )
    if query.band is not None:
        yield Note(
            Why.ASSUMED,
            "rows that say no range of wavelengths (all images, and all of JWST) are kept",
        )
    if query.instruments and mission.name == "jwst" and any("/" in w for w in query.instruments):
        yield Note(Why.ASSUMED, "JWST's search knows instruments, not their modes (see exp_type)")


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question, asked in as many requests as it takes."""

    mission: Mission
    door: Door
    columns: Columns
    conditions: list[dict[str, str]]
    query: Query

    def rows(
        self, positions: Mapping[str, list[int]], radius: float | None, free: Sequence[int]
    ) -> Iterator[Table | Note]:
        """The pages of the answer for these positions, or for the queries `free` without any."""
        limit = self.query.limit if missions_filters.is_whole(self.query) else None
        size = min(limit, _PAGE) if limit is not None else _PAGE
        seen, total = 0, 1
        while seen < total:
            body = self._body(positions, radius, seen, size)
            try:
                found, total = self._page(body)
            except ArchiveError as error:
                if not seen:
                    raise
                words = f"the answer broke off after {seen} rows: {error}"
                yield Note(Why.TRUNCATED, words, seen)
                return
            yield self._table(found, positions, free, "" if seen else json.dumps(body))
            seen += len(found)
            if limit is not None and seen >= limit:
                if total > limit:
                    yield Note(Why.LIMITED, f"more rows than your limit of {limit} exist")
                return

    def _body(
        self, positions: Mapping[str, list[int]], radius: float | None, offset: int, size: int
    ) -> dict[str, Any]:
        key = self.mission.key
        body: dict[str, Any] = {
            "limit": size,
            "offset": offset,
            # Without an order the pages of an answer need not fit together.
            "sort_by": ["search_pos", key] if positions else [key],
            "conditions": self.conditions,
        }
        names = [next(iter(one)) for one in self.conditions]
        selected = self.columns.asked(self.mission, names)
        if selected:
            body["select_cols"] = selected
        if positions and radius is not None:
            near = {"radius": radius * 3600.0, "radius_units": "arcseconds"}
            body |= {"target": list(positions), **near}
        return body

    def _page(self, body: Mapping[str, Any]) -> tuple[list[Row], int]:
        url = self.mission.url("search")
        try:
            reply = self.door.ask(
                url, data=json.dumps(body), headers={"Content-Type": "application/json"}
            )
        except Refused as error:
            if error.status != 400:
                raise
            raise Refused(
                f"MAST cannot take the question ({error}); see what its columns take: "
                f"{self.conditions or 'no conditions'}",
                archive="mast", url=url, status=400,
            ) from error  # fmt: skip
        rows, total = read(reply, url)
        if not rows and body["offset"] < total:
            raise Broken(
                f"MAST counted {total} rows and sent {body['offset']}; try again later",
                archive="mast",
                url=url,
            )
        return rows, total

    def _table(
        self, found: Sequence[Row], positions: Mapping[str, list[int]], free: Sequence[int],
        asked: str,
    ) -> Table:  # fmt: skip
        pairs = [
            (row, number)
            for row in found
            for number in (self._numbers(row, positions) if positions else free)
        ]
        table = missions_rows.obscore(
            self.mission, [row for row, _ in pairs], [number for _, number in pairs]
        )
        table.meta["asked"] = [f"POST {self.mission.url('search')} {asked}"] if asked else []
        return table

    def _numbers(self, row: Row, positions: Mapping[str, list[int]]) -> list[int]:
        """Which queries a row answers; raises Unreadable where MAST does not say."""
        said = str(row.get("search_pos") or "").strip()
        if said in positions:
            return positions[said]
        for position, numbers in positions.items():
            if _is_near(said, position):
                return numbers
        raise Unreadable(
            f"MAST's search does not say which target a row answers (search_pos {said[:40]!r})",
            archive="mast",
            url=self.mission.url("search"),
        )


def read(reply: Any, url: str) -> tuple[list[Row], int]:
    """Rows of an answer, and how many there are in all; raises Unreadable."""
    spooled = getattr(reply, "spooled", None)
    try:
        answer = json.load(spooled) if spooled is not None else json.loads(reply.content)
    except (ValueError, RecursionError) as error:
        raise _unreadable("the answer is no JSON", url) from error
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable("the answer has no rows", url)
    total = answer.get("totalResults")
    return rows, total if isinstance(total, int) else len(rows)


def _unreadable(what: str, url: str) -> Unreadable:
    return Unreadable(f"MAST's search is not understood: {what}", archive="mast", url=url)


def _is_near(one: str, other: str) -> bool:
    try:
        here, there = ([float(word) for word in text.split()] for text in (one, other))
    except ValueError:
        return False
    return len(here) == 2 and all(abs(a - b) < _SAME for a, b in zip(here, there, strict=True))
