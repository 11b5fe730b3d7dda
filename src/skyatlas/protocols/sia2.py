"""This file asks a Simple Image Access service of version 2 for images and cubes, several places
in one request.

Invariant: every number goes out at full precision. Source: IVOA SIA 2.0 (2015), section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput
from skyatlas.protocols.service import (
    Answer,
    Parameters,
    Service,
    asked_in_turn,
    asked_url,
    merged,
    place,
    unsaid,
)
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door, Reply
    from skyatlas.model import Interval, Query

_SAYS = frozenset({"instruments", "collections", "band", "time", "calib_level"})
_LONGEST_URL = 4000
"""Characters; beyond it the question is POSTed. Servers take 8 kB (Apache, nginx) or less."""


def says(query: Query) -> frozenset[str]:
    """Filters of this query that the protocol can express; more by `Query.parameters`.

    TARGET has no wildcards, and DPTYPE knows images and cubes only.
    """
    more = set()
    if query.target_name and "*" not in query.target_name:
        more.add("target_name")
    if query.kinds <= {"image", "cube"}:
        more.add("kinds")
    return _SAYS | more


def ask(door: Door, service: Service, queries: Sequence[Query]) -> Answer:
    """Images and cubes at any of the queries' places; they have the same filters.

    MAXREC is sent where the service itself can tell which rows fit: else the limit would fall on
    rows that the house then drops. A limit counts for each query, so it is asked for as many
    times as there are queries, and only the answer to a single one is cut here. Raises an
    ArchiveError leaf.
    """
    if not queries:
        raise BadInput("no question was given")
    first = queries[0]
    limit = None if unsaid(first, says(first)) else first.limit
    ours = [*_places(queries), *_filters(first)]
    if limit is not None:
        ours.append(("MAXREC", str(limit * len(queries) + 1)))
    if not (ours or first.parameters):
        raise BadInput(f"{service.archive} takes no question without a place or a filter (SIA 2)")
    parameters = merged(ours, first)
    reply = asked_in_turn(service, lambda url: _sent(door, url, parameters))
    results = results_of(reply, archive=service.archive, wanted="images (SIA 2)")
    most = None if limit is None else limit * len(queries)
    cut = results.overflow or (most is not None and len(results.table) > most)
    if most is not None and len(results.table) > most:
        results = replace(results, table=results.table[:most])
    # A POST's URL lacks the parameters; a GET's has them, and they are not added twice.
    return Answer(results, cut, (asked_url(reply.url, parameters),))


def circle(ra: float, dec: float, radius: float) -> str:
    """POS of a circle; degrees ICRS."""
    return f"CIRCLE {_number(ra)} {_number(dec)} {_number(radius)}"


def coordinates(ra: Interval, dec: Interval) -> str:
    """POS of a range of right ascensions and declinations; degrees ICRS, an open end is None."""
    return f"RANGE {bounds(ra)} {bounds(dec)}"


def polygon(corners: Iterable[tuple[float, float]]) -> str:
    """POS of a polygon; degrees ICRS, counter-clockwise as seen from inside the sphere."""
    numbers = [_number(value) for corner in corners for value in corner]
    if len(numbers) < 6:
        raise BadInput(f"a polygon of {len(numbers) // 2} corners makes no sense; give at least 3")
    return f"POLYGON {' '.join(numbers)}"


def bounds(interval: Interval) -> str:
    """A range of any quantity in DALI's form, "low high"; an open end is -Inf or +Inf."""
    low = "-Inf" if interval.low is None else _number(interval.low)
    high = "+Inf" if interval.high is None else _number(interval.high)
    return f"{low} {high}"


def _number(value: float) -> str:
    return repr(float(value))


def _places(queries: Sequence[Query]) -> Parameters:
    found = [where for where in map(place, queries) if where is not None]
    if found and len(found) < len(queries):
        raise BadInput("questions with a place and without one cannot go in one request")
    return [("POS", circle(*where)) for where in found]


def _filters(query: Query) -> Parameters:
    found: Parameters = []
    if query.band is not None:
        found.append(("BAND", bounds(query.band)))
    if query.time is not None:
        found.append(("TIME", bounds(query.time)))
    found += [("INSTRUMENT", name) for name in query.instruments]
    found += [("COLLECTION", name) for name in query.collections]
    if query.target_name and "*" not in query.target_name:
        found.append(("TARGET", query.target_name))
    if query.kinds <= {"image", "cube"}:
        found += [("DPTYPE", kind) for kind in sorted(query.kinds)]
    if query.calib_level is not None:
        found += [
            ("CALIB", str(level)) for level in range(5) if query.calib_level.overlaps(level, level)
        ]
    return found


def _sent(door: Door, url: str, parameters: Parameters) -> Reply:
    whole = asked_url(url, parameters)
    if len(whole) <= _LONGEST_URL:
        return door.ask(whole, errors_too=True)
    base = asked_url(url, ())
    rest = whole.removeprefix(base)[1:]
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return door.ask(base, data=rest, headers=kind, errors_too=True)
