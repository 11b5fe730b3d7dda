"""This file answers as Simple Cone Search: the rows of a catalogue within a radius of a place.

All errors have status 200: an INFO named Error, or a PARAM of that name. Source: Simple Cone
Search 1.03, section 2.
"""

from __future__ import annotations

from starlette.responses import Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.sky import Position, distance
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import limit, no_upload, number, place, response_format
from skyatlas.sandbox.vo_holdings import Source
from skyatlas.sandbox.vo_place import Place
from skyatlas.sandbox.vo_table import Answer, Field, cone_failed, respond

_NEW = (
    Field("source_id", ucd="meta.id;meta.main", description="Name of the source"),
    Field("ra", "double", "deg", "pos.eq.ra;meta.main", description="Right ascension, ICRS"),
    Field("dec", "double", "deg", "pos.eq.dec;meta.main", description="Declination, ICRS"),
    Field("mag", "double", "mag", "phot.mag", description="Magnitude"),
    Field("distance", "double", "deg", "pos.angDistance", description="From the cone's centre"),
)
_OLD = (
    Field("id", ucd="ID_MAIN"),
    Field("raj2000", "double", "deg", "POS_EQ_RA_MAIN"),
    Field("dej2000", "double", "deg", "POS_EQ_DEC_MAIN"),
    Field("bmag", "double", "mag", "PHOT_MAG_B"),
    Field("r", "double", "deg", "POS_ANG_DIST_GENERAL"),
)
_COLUMNS = {"1": 3, "2": 4, "3": 5}
"""How many columns by VERB."""


def query(_state: State, asked: Asked, place: Place) -> Response:
    """The sources in the cone, nearest first; SR=0 asks for the columns only."""
    try:
        no_upload(asked)
        response_format(asked)
        centre, radius = _cone(asked)
        most = limit(asked, place.service)
        width = _width(asked)
    except ValueError as error:
        return cone_failed(f"Error in input: {error}", place.has("error-param"))
    near = [(_far(centre, source), source) for source in place.sources] if radius else []
    found = sorted((pair for pair in near if pair[0] <= radius), key=lambda pair: pair[0])
    rows = [
        [source.name, source.ra, source.dec, round(source.magnitude, 3), far][:width]
        for far, source in found[:most]
    ]
    old = place.has("ucd1")
    fields = (_OLD if old else _NEW)[:width]
    return respond(
        Answer(fields, rows, overflow=len(found) > most, version="1.1" if old else "1.4")
    )


def _far(centre: Position, source: Source) -> float:
    return distance(centre, (source.ra, source.dec))


def _cone(asked: Asked) -> tuple[Position, float]:
    for name in ("RA", "DEC", "SR"):
        if not asked.one(name):
            raise ValueError(f"the parameter {name} is missing")
    ra, dec, radius = (number(name, asked.one(name)) for name in ("RA", "DEC", "SR"))
    if not 0.0 <= ra <= 360.0:
        raise ValueError(f"RA={ra} is outside 0..360")
    if not 0.0 <= radius <= 180.0:
        raise ValueError(f"SR={radius} is outside 0..180")
    return place("DEC", ra, dec), radius


def _width(asked: Asked) -> int:
    verb = asked.one("VERB") or "2"
    if verb not in _COLUMNS:
        raise ValueError(f"VERB={verb} is not 1, 2 or 3")
    return _COLUMNS[verb]
