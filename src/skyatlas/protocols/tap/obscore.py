"""This file writes the ADQL that asks a standard ObsCore table for what a Query describes.

Invariants: every word of the caller is quoted; every number has full precision; what the archive
leaves NULL is not excluded by a range (too much is allowed, too little is not). Sources: ObsCore
1.1; ADQL 2.0, whose mandatory part is all that is used, but for geometry.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.model import Interval, Query

UPLOAD = "targets"
"""What the uploaded table of positions is called: TAP_UPLOAD.targets."""
NUMBER = "query_number"
"""The column of the answer that says which query a row answers, where positions were uploaded."""

_WIDE = 0.5
"""Degrees around the circle in which centres are looked for where footprints cannot be asked."""

_PARAMETERS = {
    "COLLECTION": "obs_collection",
    "FACILITY": "facility_name",
    "ID": "obs_publisher_did",
    "INSTRUMENT": "instrument_name",
    "TARGET": "target_name",
}
"""Parameters of SIA 2 that have a column of text in ObsCore."""


def obscore_adql(
    queries: Sequence[Query],
    table: str,
    *,
    columns: Collection[str] = (),
    geometry: Collection[str] | None = None,
    upload: bool = False,
) -> str:
    """One question for all queries, whose filters but for the place are the first one's.

    `columns` are the table's columns in small letters, as far as they are known: the optional ones
    are used only where they stand there. `geometry` are the geometry functions that the service
    knows (`Offer.geometry`), None for all: without INTERSECTS centres are asked for in a wider
    circle, without CONTAINS in a box, and rows that do not touch the circle come too. With
    `upload` the places come from TAP_UPLOAD.targets (`upload_of`) and the answer has the column
    `query_number`; a row that answers two queries stands there twice. The number of rows is
    MAXREC's business: TOP makes some services slow.
    """
    query = queries[0]
    places = [one for one in queries if one.target is not None and one.target.ra is not None]
    joined = upload and len(places) == len(queries)
    prefix = "o." if joined else ""
    conditions = list(_filters(query, frozenset(columns), prefix))
    if joined:
        if geometry is not None and "CONTAINS" not in geometry:
            raise BadInput("a service without geometry functions cannot join uploaded positions")
        near = _near("t.sky_ra", "t.sky_dec", "t.sky_radius", prefix, geometry)
        source = f"TAP_UPLOAD.{UPLOAD} AS t JOIN {table} AS o ON {near}"
        head = f"SELECT t.{NUMBER}, o.* FROM {source}"  # noqa: S608 (words went through `quote`)
    else:
        head = f"SELECT * FROM {table}"  # noqa: S608
        if places:
            conditions.insert(0, _any(_place(one, geometry) for one in places))
    return f"{head} WHERE {' AND '.join(conditions)}" if conditions else head


def upload_of(queries: Sequence[Query]) -> Table:
    """The table to upload as `targets`: number of the query, degrees ICRS, radius in degrees."""
    from astropy.table import Table

    places = [
        (number, one.target.ra, one.target.dec, one.radius)
        for number, one in enumerate(queries)
        if one.target is not None and one.target.ra is not None
    ]
    return Table(
        rows=places or None,
        names=(NUMBER, "sky_ra", "sky_dec", "sky_radius"),
        dtype=("i4", "f8", "f8", "f8"),
        units=(None, "deg", "deg", "deg"),
    )


def not_asked(query: Query, columns: Collection[str]) -> tuple[str, ...]:
    """The filters that such a table cannot be asked by; what answers has to be looked through.

    `public` is always among them: release dates are written in too many ways to compare.
    """
    left = [
        f"{word} (the table has no {column})"
        for word, wanted, column in (
            ("program", query.programs, "proposal_id"),
            ("pi", query.pi, "obs_creator_name"),
        )
        if wanted and column not in columns
    ]
    left += ["public"] if query.public else []
    left += [name for name, _ in query.parameters if name.upper() not in _PARAMETERS]
    return tuple(left)


def quote(text: str) -> str:
    """An ADQL string literal; O'Brien becomes 'O''Brien'."""
    return "'" + text.replace("'", "''") + "'"


def _place(query: Query, geometry: Collection[str] | None) -> str:
    target, radius = query.target, query.radius
    assert target is not None
    assert target.ra is not None
    assert target.dec is not None
    assert radius is not None
    if geometry is not None and not {"CONTAINS", "POINT", "CIRCLE"} <= set(geometry):
        return _box(target.ra, target.dec, radius)
    return _near(repr(target.ra), repr(target.dec), repr(radius), "", geometry)


def _near(ra: str, dec: str, radius: str, prefix: str, geometry: Collection[str] | None) -> str:
    """Footprints that touch a circle; centres, where there are none or none can be asked for."""
    centre = f"POINT('ICRS', {prefix}s_ra, {prefix}s_dec)"
    circle = f"CIRCLE('ICRS', {ra}, {dec}, {radius})"
    if geometry is None or "INTERSECTS" in geometry:
        return (
            f"(1 = INTERSECTS({prefix}s_region, {circle}) OR "
            f"({prefix}s_region IS NULL AND 1 = CONTAINS({centre}, {circle})))"
        )
    wide = f"CIRCLE('ICRS', {ra}, {dec}, {radius} + {_WIDE!r})"
    return f"(1 = CONTAINS({centre}, {wide}) OR {_large(dec, radius, prefix)})"


def _large(dec: str, radius: str, prefix: str) -> str:
    """Fields that are too large for the wider circle, anywhere at these declinations."""
    field, at = f"{prefix}s_fov", f"{prefix}s_dec"
    return (
        f"({field} > {2 * _WIDE!r} AND {at} >= {dec} - {radius} - {field} / 2 "
        f"AND {at} <= {dec} + {radius} + {field} / 2)"
    )


def _box(ra: float, dec: float, radius: float) -> str:
    """Centres in a box around the wider circle, without any function."""
    half = radius + _WIDE
    parts = [f"s_dec >= {dec - half!r}", f"s_dec <= {dec + half!r}"]
    if abs(dec) + half < 90.0:
        # How far a circle reaches in right ascension: where its meridians touch it.
        width = math.degrees(math.asin(math.sin(math.radians(half)) / math.cos(math.radians(dec))))
        low, high = ra - width, ra + width
        if low < 0.0 or high >= 360.0:
            parts.append(f"(s_ra >= {low % 360.0!r} OR s_ra <= {high % 360.0!r})")
        else:
            parts += [f"s_ra >= {low!r}", f"s_ra <= {high!r}"]
    return f"(({' AND '.join(parts)}) OR {_large(repr(dec), repr(radius), '')})"


def _filters(query: Query, columns: frozenset[str], prefix: str) -> Iterator[str]:
    if query.kinds:
        yield f"{prefix}dataproduct_type IN ({', '.join(map(quote, sorted(query.kinds)))})"
    if query.calib_level is not None:
        low, high = query.calib_level.low, query.calib_level.high
        if low is not None:
            yield f"{prefix}calib_level >= {math.ceil(low)}"
        if high is not None:
            yield f"{prefix}calib_level <= {math.floor(high)}"
    yield from _overlap(f"{prefix}em_min", f"{prefix}em_max", query.band)
    yield from _overlap(f"{prefix}t_min", f"{prefix}t_max", query.time)
    yield from _words(query, columns, prefix)


def _words(query: Query, columns: frozenset[str], prefix: str) -> Iterator[str]:
    if query.instruments:
        yield _any(_holds(f"{prefix}instrument_name", word) for word in query.instruments)
    if query.collections:
        spellings = dict.fromkeys(one for word in query.collections for one in _cases(word))
        yield f"{prefix}obs_collection IN ({', '.join(map(quote, spellings))})"
    if query.target_name:
        pattern = quote(query.target_name.replace("*", "%"))
        yield f"{prefix}target_name LIKE {pattern}"
    if query.programs and "proposal_id" in columns:
        yield _any(f"{prefix}proposal_id LIKE {quote(word + '%')}" for word in query.programs)
    if query.pi and "obs_creator_name" in columns:
        yield _holds(f"{prefix}obs_creator_name", query.pi)
    for name, value in query.parameters:
        if name.upper() in _PARAMETERS:
            yield f"{prefix}{_PARAMETERS[name.upper()]} = {quote(value)}"


def _holds(column: str, word: str) -> str:
    """A text that holds the word: instruments are "MUSE", "WFC3/UVIS", "ACS/WFC1" …"""
    return _any(f"{column} LIKE {quote(f'%{one}%')}" for one in _cases(word))


def _cases(word: str) -> dict[str, None]:
    """The word as written, in capitals and in small letters: LOWER is not in every ADQL."""
    return dict.fromkeys((word, word.upper(), word.lower(), word.title()))


def _overlap(low: str, high: str, wanted: Interval | None) -> Iterator[str]:
    if wanted is not None and wanted.high is not None:
        yield f"({low} <= {wanted.high!r} OR {low} IS NULL)"
    if wanted is not None and wanted.low is not None:
        yield f"({high} >= {wanted.low!r} OR {high} IS NULL)"


def _any(conditions: Iterable[str]) -> str:
    listed = list(conditions)
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"
