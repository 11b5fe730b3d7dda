"""This file asks a Simple Spectral Access service for the spectra at a position.

Positions go out at full precision. Source: IVOA SSA 1.1 (2012), section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput
from skyatlas.model import Interval
from skyatlas.protocols.service import (
    Answer,
    Parameters,
    Service,
    asked_in_turn,
    asked_url,
    inputs_of,
    merged,
    place,
    unsaid,
)
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.model import Query
    from skyatlas.protocols.votable import Field, Results

SAYS = frozenset({"band", "time"})
"""Filters of a Query that the protocol can express; more by `Query.parameters`."""

_MJD_0 = datetime(1858, 11, 17)  # noqa: DTZ001  UTC without saying so, as SSA writes it


def ask(door: Door, service: Service, query: Query) -> Answer:
    """Spectra within the query's radius; SIZE is the diameter.

    MAXREC is sent where the service itself can tell which rows fit: else the limit would fall on
    rows that the house then drops. Raises an ArchiveError leaf.
    """
    where = place(query)
    ours: Parameters = [("REQUEST", "queryData")]
    if where is not None:
        ra, dec, radius = where
        ours += [("POS", f"{ra!r},{dec!r}"), ("SIZE", repr(2.0 * radius))]
    elif not query.parameters:
        raise BadInput(f"{service.archive} takes no question without a place (SSA)")
    ours.append(("FORMAT", "all"))
    if query.band is not None:
        ours.append(("BAND", bands([query.band])))
    if query.time is not None:
        ours.append(("TIME", times(query.time)))
    limit = None if unsaid(query, SAYS) else query.limit
    if limit is not None:
        ours.append(("MAXREC", str(limit + 1)))
    results, url = _asked(door, service, merged(ours, query))
    cut = results.overflow or (limit is not None and len(results.table) > limit)
    if limit is not None and len(results.table) > limit:
        results = replace(results, table=results.table[:limit])
    return Answer(results, cut, (url,))


def metadata(door: Door, service: Service) -> tuple[Field, ...]:
    """The parameters that the service says it takes. Raises an ArchiveError leaf."""
    question = [("REQUEST", "queryData"), ("FORMAT", "METADATA")]
    return inputs_of(_asked(door, service, question)[0])


def bands(parts: Iterable[Interval | str]) -> str:
    """BAND: ranges (metres; an open end stays empty) and names of bands, any of which may fit."""
    return ",".join(part if isinstance(part, str) else _range(part) for part in parts)


def times(interval: Interval) -> str:
    """TIME: MJD (UTC) as ISO 8601 in whole seconds, rounded outward; an open end stays empty."""
    low = "" if interval.low is None else _iso(math.floor(interval.low * 86400.0))
    high = "" if interval.high is None else _iso(math.ceil(interval.high * 86400.0))
    return f"{low}/{high}"


def _range(interval: Interval) -> str:
    low = "" if interval.low is None else repr(interval.low)
    high = "" if interval.high is None else repr(interval.high)
    return low if low == high else f"{low}/{high}"


def _iso(seconds: int) -> str:
    try:
        return (_MJD_0 + timedelta(seconds=seconds)).isoformat()
    except OverflowError as error:
        raise BadInput(f"MJD {seconds / 86400.0:g} is no date between the years 1 and 9999") from (
            error
        )


def _asked(door: Door, service: Service, parameters: Parameters) -> tuple[Results, str]:
    reply = asked_in_turn(
        service, lambda url: door.ask(asked_url(url, parameters), errors_too=True)
    )
    return results_of(reply, archive=service.archive, wanted="spectra (SSA)"), reply.url
