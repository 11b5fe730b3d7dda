"""This file puts questions to ESO's tables: Phase 3, raw frames, an instrument's own, spectra.

Invariant: what is missing from the answer is said by a Note.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skyatlas.archives.eso import adql, rows
from skyatlas.archives.eso.instruments import find, instruments
from skyatlas.errors import ArchiveError, BadInput
from skyatlas.model import Note, Query, Why
from skyatlas.protocols import ssa, tap
from skyatlas.protocols.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door

TAP = tap.TapService(
    "eso", "https://archive.eso.org/tap_obs", hard_limit=15_000_000, formats=("votable",)
)
SSAP = Service("http://archive.eso.org/ssap", "ssa", "eso")

_OWN_TABLE = re.compile(r"(?i)ist\.[a-z][a-z0-9_]*")


def search(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Ask what the filters (the same in all queries) leave possible."""
    first = queries[0]
    yield from _unknown_instruments(first)
    if first.table is not None:
        yield from _own_table(first.table, queries, door)
    elif _wants_phase3(first):
        yield from _phase3(queries, door)
    if first.table is None and _wants_raw(first):
        yield from _tap(adql.RAW, rows.raw, queries, door)
        yield Note(Why.ASSUMED, "raw frames: science exposures only (dp_cat = SCIENCE)")
    if not first.public and not door.logged_in(TAP.url):
        # Some GTO and commissioning programmes have protected rows (astroquery issue 3473);
        # an anonymous answer does not say how many.
        yield Note(
            Why.HIDDEN,
            "rows of protected programmes are not shown without a login (their number is "
            "not told; `skyatlas login eso`, or --public to leave them out of the question)",
        )


def _phase3(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Phase 3 by TAP; where TAP fails, at least the spectra by SSAP, and the gap is said."""
    try:
        yield from _tap(adql.PHASE3, rows.phase3, queries, door)
    except ArchiveError as error:
        kinds = queries[0].kinds
        if queries[0].target is None or (kinds and "spectrum" not in kinds):
            raise
        try:
            yield from _ssap(queries, door)
        except ArchiveError:
            raise error from None  # the first failure is the one to know about
        yield Note(
            Why.UNANSWERED,
            f"TAP failed ({error}); these are spectra only, through "
            "SSAP, which does not tell release dates",
        )


def _tap(
    names: adql.Names,
    convert: Callable[..., Table],
    queries: Sequence[Query],
    door: Door,
    *,
    table: str | None = None,
) -> Iterator[Table | Note]:
    question = adql.select(names, queries, table=table)
    limit = queries[0].limit
    answer = tap.ask(door, TAP, question, limit=limit)
    converted = _assigned(convert, answer.table, queries)
    converted.meta["asked"] = [question]
    if queries[0].band is not None:
        converted, dropped = rows.within(converted, queries[0].band)
        if dropped:
            yield Note(
                Why.ASSUMED,
                f"{dropped} rows of {table or names.table} say no wavelength and were left out "
                "because their instrument does not reach the band",
                dropped,
            )
    yield converted
    if answer.truncated and limit is not None:
        yield Note(Why.LIMITED, f"more rows than your limit of {limit} exist")
    elif answer.truncated:
        yield Note(
            Why.TRUNCATED,
            f"cut by the archive at {len(answer.table)} rows of {table or names.table}",
            len(answer.table),
        )
    elif door.logged_in(TAP.url) and not queries[0].public:
        yield from _seen_by_login(names, queries, door, len(answer.table), table)


def _seen_by_login(
    names: adql.Names, queries: Sequence[Query], door: Door, rows_seen: int, table: str | None
) -> Iterator[Note]:
    """How many rows an anonymous user would not have seen."""
    question = adql.select(names, queries, columns="COUNT(*) AS n", table=table)
    counted = tap.ask(door.anonymous(), TAP, question).table
    hidden = rows_seen - int(counted[counted.colnames[0]][0])
    if hidden > 0:
        yield Note(
            Why.LOGIN_ROWS,
            f"{hidden} of the rows of {table or names.table} are shown only to your login",
            hidden,
        )


def _assigned(convert: Callable[..., Table], native: Table, queries: Sequence[Query]) -> Table:
    """Convert, and say which query each row answers; a row that answers two stands there twice."""
    if len(queries) == 1:
        return convert(native, 0)
    import numpy as np

    from skyatlas.sky import assign

    table = convert(native, 0)
    regions = [None if hidden else str(text) for text, hidden in _with_mask(table["s_region"])]
    ra, dec = (np.ma.filled(table[name].data, np.nan) for name in ("s_ra", "s_dec"))
    pairs = assign(regions, ra, dec, queries)
    chosen = table[[row for row, _ in pairs]]
    chosen["query"] = [query for _, query in pairs]
    return chosen


def _with_mask(column: Any) -> Iterator[tuple[Any, bool]]:
    import numpy as np

    mask = np.ma.getmaskarray(column)
    return zip(column.data.data.tolist(), mask.tolist(), strict=True)


def _own_table(name: str, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    if name.casefold() == "ssap":
        yield from _ssap(queries, door)
        return
    if name.casefold() == adql.QUICKLOOKS.table:
        yield from _quicklooks(queries, door)
        return
    known = [instrument.table for instrument in instruments() if instrument.table]
    if not _OWN_TABLE.fullmatch(name):
        raise BadInput(f"ESO has no table {name!r} for this; there are: ssap, {', '.join(known)}")
    yield from _tap(
        adql.RAW,
        lambda native, query=0: rows.raw(native, query, keep_all=True),
        queries,
        door,
        table=name,
    )


def _quicklooks(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    first = queries[0]
    if first.target is not None or first.band is not None or first.time is not None:
        raise BadInput(
            "APEX quicklooks have no positions, wavelengths or times: ask by --program, --pi, "
            "--instrument, or --target-name for the project"
        )
    yield from _tap(adql.QUICKLOOKS, rows.quicklooks, queries, door)


def _ssap(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    for index, query in enumerate(queries):
        answer = ssa.ask(door, SSAP, query)
        table = rows.spectra(answer.table, index)
        table.meta["asked"] = list(answer.asked)
        yield table
        if answer.truncated:
            why = Why.TRUNCATED if query.limit is None else Why.LIMITED
            yield Note(why, f"SSAP had more than {len(answer.table)} rows", len(answer.table))


def _unknown_instruments(query: Query) -> Iterator[Note]:
    for word in query.instruments:
        if find(word) is None:
            yield Note(
                Why.ASSUMED,
                f"{word!r} is no instrument in our list of ESO's; it was asked for as written",
            )


def _wants_phase3(query: Query) -> bool:
    level = query.calib_level
    return level is None or level.high is None or level.high >= 1


def _wants_raw(query: Query) -> bool:
    level = query.calib_level
    possible = not query.kinds or bool(query.kinds & set(adql.RAW_KINDS))
    raw_asked = level is None or level.low is None or level.low <= 0
    return raw_asked and possible and _raw_collection(query)


def _raw_collection(query: Query) -> bool:
    return not query.collections or any(name.upper() == "RAW" for name in query.collections)
