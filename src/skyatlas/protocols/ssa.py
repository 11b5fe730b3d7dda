"""This file asks a Simple Spectral Access service for the spectra at a position.

Positions go out with full precision. Source: IVOA SSAP 1.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput
from skyatlas.protocols.service import Answer
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.model import Interval, Query


def ask(door: Door, url: str, query: Query, *, archive: str) -> Answer:
    """Spectra within the query's radius; SIZE is the diameter. Raises an ArchiveError leaf."""
    if query.target is None or query.target.ra is None or query.radius is None:
        raise BadInput("SSAP needs a position and a radius")
    params = {
        "REQUEST": "queryData",
        "POS": f"{query.target.ra!r},{query.target.dec!r}",
        "SIZE": repr(2 * query.radius),
        "FORMAT": "all",
    }
    if query.band is not None:
        params["BAND"] = _range(query.band)
    if query.limit is not None:
        params["MAXREC"] = str(query.limit + 1)
    reply = door.ask(url, params=params, errors_too=True)
    results = results_of(reply, archive=archive, wanted="SSAP rows")
    cut = results.overflow or (query.limit is not None and len(results.table) > query.limit)
    results = replace(results, table=results.table[: query.limit])
    return Answer(results, cut, (reply.url,))


def _range(interval: Interval) -> str:
    """SSAP's range syntax: low/high, either end may be missing. Metres."""
    low = "" if interval.low is None else repr(interval.low)
    high = "" if interval.high is None else repr(interval.high)
    return f"{low}/{high}"
