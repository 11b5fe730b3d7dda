"""This file asks a Simple Image Access service of version 1 for the images that touch a circle.

Invariant: the box that is asked for covers the circle at any declination, at full precision.
Source: IVOA SIA 1.0 (2009), section 4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput, Broken
from skyatlas.protocols.service import (
    Answer,
    Parameters,
    Service,
    asked_in_turn,
    asked_url,
    digits,
    inputs_of,
    merged,
    place,
)
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.model import Query
    from skyatlas.protocols.votable import Field, Results

SAYS: frozenset[str] = frozenset()
"""Filters of a Query that the protocol can express: none."""

_ROUND = 359.99
"""Degrees: all right ascensions. A box of 360 begins where it ends, and DaCHS 2.7 finds nothing."""
_MEMORY = "sia without INTERSECT"
"""Kind of memory entry: services that refused the parameter."""
_MEMORY_SECONDS = 30 * 86400.0
"""After a month such a service is asked again as the standard says."""


def ask(door: Door, service: Service, query: Query, *, verbosity: int = 2) -> Answer:
    """Images whose footprint may touch the query's circle; every row that the service gives.

    The protocol knows no other filter and no MAXREC, so nothing is cut here: the house drops
    what does not fit. `verbosity` 1..3 is VERB. Raises an ArchiveError leaf.
    """
    where = place(query)
    ours: Parameters = []
    if where is not None:
        ra, dec, radius = where
        ours += [("POS", f"{digits(ra)},{digits(dec)}"), ("SIZE", size(dec, radius))]
    elif not any(name.upper() == "POS" for name, _ in query.parameters):
        raise BadInput(f"{service.archive} takes no question without a place (SIA)")
    ours += [("FORMAT", "ALL"), ("INTERSECT", "OVERLAPS"), ("VERB", str(verbosity))]
    results, url = _asked(door, service, merged(ours, query))
    return Answer(results, results.overflow, (url,))


def metadata(door: Door, service: Service) -> tuple[Field, ...]:
    """The parameters that the service says it takes. Raises an ArchiveError leaf."""
    return inputs_of(_once(door, service, [("FORMAT", "METADATA")])[0])


def size(dec: float, radius: float) -> str:
    """SIZE of the smallest box that covers a circle at this declination; degrees.

    The width is one on the sky, not in right ascension: a service divides it by cos(dec) (SIA 1.0
    section 4.1.1). So it is a little more than the diameter, and much more near a pole, where a
    circle reaches over more right ascension than its diameter does. One number where two would
    be the same within a percent, since not all services take two.
    """
    height = min(2.0 * radius, 180.0)
    cosine = math.cos(math.radians(dec))
    if abs(dec) + radius >= 90.0:  # a pole is inside: every right ascension
        wide = _ROUND
    else:
        # Half the range of right ascensions: where the circle touches a meridian.
        sine = math.sin(math.radians(radius)) / cosine
        wide = min(2.0 * math.degrees(math.asin(min(sine, 1.0))), _ROUND)
    width = min(max(wide * cosine * (1.0 + 1e-12), height), _ROUND)
    return repr(width) if width <= 1.01 * height else f"{width!r},{height!r}"


def _asked(door: Door, service: Service, parameters: Parameters) -> tuple[Results, str]:
    """Ask; where the service stumbles over INTERSECT, ask again without it and remember that."""
    plain = [pair for pair in parameters if pair[0].upper() != "INTERSECT"]
    kept = door.memory.get(_MEMORY, service.url)
    if kept is not None and kept.age < _MEMORY_SECONDS:
        return _once(door, service, plain)
    try:
        return _once(door, service, parameters)
    except Broken as error:
        if "intersect" not in str(error).lower():
            raise
    answer = _once(door, service, plain)  # OVERLAPS is the default; SIA 1.0 section 4.1.2
    door.memory.put(_MEMORY, service.url, True)
    return answer


def _once(door: Door, service: Service, parameters: Parameters) -> tuple[Results, str]:
    reply = asked_in_turn(
        service, lambda url: door.ask(asked_url(url, parameters), errors_too=True)
    )
    return results_of(reply, archive=service.archive, wanted="images (SIA)"), reply.url
