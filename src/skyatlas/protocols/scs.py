"""This file asks a cone search service for the catalogue rows around a position.

Positions go out at full precision. Source: IVOA Simple Cone Search 1.03 (2008).
"""

from __future__ import annotations

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
)
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.model import Query

SAYS: frozenset[str] = frozenset()
"""Filters of a Query that the protocol can express: none."""


def ask(door: Door, service: Service, query: Query, *, verbosity: int = 2) -> Answer:
    """Catalogue rows within the query's radius; every row that the service gives.

    `verbosity` is VERB: 1 the least, 2 the usual, 3 all columns. The protocol has no MAXREC, so
    nothing is cut here. Raises an ArchiveError leaf.
    """
    where = place(query)
    ours: Parameters = []
    if where is not None:
        ra, dec, radius = where
        ours = [("RA", repr(ra)), ("DEC", repr(dec)), ("SR", repr(radius))]
    elif not any(name.upper() == "RA" for name, _ in query.parameters):
        raise BadInput(f"{service.archive} takes no question without a place (cone search)")
    parameters = merged([*ours, ("VERB", str(verbosity))], query)
    reply = asked_in_turn(
        service, lambda url: door.ask(asked_url(url, parameters), errors_too=True)
    )
    results = results_of(reply, archive=service.archive, wanted="catalogue rows (cone search)")
    return Answer(results, results.overflow, (reply.url,))
