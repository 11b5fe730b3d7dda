"""This file answers as SANTA, MAST's name resolver: names and catalogue numbers become positions.

Stars of TIC, KIC and EPIC are known by the catalogue before anybody else is asked. A name that
nobody knows has no answer at all. Source: the answer that astroquery recorded (resolver.json).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox import sesame
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.mast_holdings import observations
from skyatlas.sandbox.state import State

_CATALOGUES = {"TIC": "TIC", "KIC": "KEPLER", "EPIC": "K2"}
"""SANTA's name of the resolver, by the catalogue's."""
_STAR = re.compile(r"(TIC|KIC|EPIC)\s*0*(\d+)", re.IGNORECASE)
_TARGETS = (
    ("TIC", re.compile(r"(?:TIC )?0*(\d+)")),
    ("KIC", re.compile(r"kplr0*(\d+)")),
    ("EPIC", re.compile(r"ktwo0*(\d+)")),
)
"""How TESS, Kepler and K2 write a star's number as target_name."""

Star = tuple[str, int]
"""("TIC", 261136679)."""


def query(state: State, asked: Asked) -> Response:
    """`/Santa-war/query`: each name's answers, in the order asked."""
    if asked.one("outputFormat", "xml").lower() != "json":
        return PlainTextResponse("The sandbox's SANTA writes JSON only.\n", 400)
    every = asked.one("resolveAll").lower() == "true"
    return JSONResponse(document(state, asked.all("name"), every, asked.all("resolver")))


def document(
    state: State, names: Sequence[str], every: bool = False, resolvers: Sequence[str] = ()
) -> dict[str, Any]:
    """SANTA's answer; the key of the list is missing where it would be empty."""
    allowed = {resolver.upper() for resolver in resolvers}
    found = []
    for name in names:
        answers = [
            one for one in _answers(state, name) if not allowed or one["resolver"] in allowed
        ]
        found += answers if every or allowed else answers[:1]
    return ({"resolvedCoordinate": found} if found else {}) | {"status": ""}


def _answers(state: State, name: str) -> Iterator[dict[str, Any]]:
    """Everybody's answers to a name, in SANTA's order."""
    star = star_of(name)
    if star is not None and (place := stars(state).get(star)) is not None:
        yield _answer(name, _CATALOGUES[star[0]], f"{star[0]} {star[1]}", *place)
    for letter, resolver in (("S", "SIMBAD"), ("N", "NED")):
        one = sesame.who(state.world.objects, name.strip(), letter)
        if one is not None:
            kind = {"objectType": one.object_type} if one.object_type else {}
            place = sesame.place(one, letter)
            yield _answer(name, resolver, one.name, *place) | {"searchRadius": -1.0} | kind


def _answer(name: str, resolver: str, canonical: str, ra: float, dec: float) -> dict[str, Any]:
    return {
        "searchString": name.strip().lower(),
        "resolver": resolver,
        "cached": False,
        "resolverTime": 2,
        "searchRadius": 0.000333,
        "canonicalName": canonical,
        "ra": ra,
        "decl": dec,
    }


def star_of(name: str) -> Star | None:
    """The catalogue and number that a name is, like "TIC 261136679"; else None."""
    match = _STAR.fullmatch(name.strip())
    return (match[1].upper(), int(match[2])) if match else None


def stars(state: State) -> Mapping[Star, tuple[float, float]]:
    """Position (degrees) of each star that the world names or that MAST holds something about."""
    known = {
        (catalogue, int(number)): (one.ra, one.dec)
        for one in state.world.objects
        for catalogue, number in _numbers(one)
    }
    return {**_targets(state.world.seed), **known}


def _numbers(one: NamedObject) -> Iterator[tuple[str, str]]:
    yield from one.ids.items()
    for alias in (one.name, *one.aliases):
        star = star_of(alias)
        if star is not None:
            yield star[0], str(star[1])


@cache
def _targets(seed: int) -> Mapping[Star, tuple[float, float]]:
    found: dict[Star, tuple[float, float]] = {}
    for one in observations(seed).values():
        ra, dec = one.row.get("s_ra"), one.row.get("s_dec")
        star = _target(str(one.row.get("target_name", "")))
        if star is not None and isinstance(ra, float) and isinstance(dec, float):
            found.setdefault(star, (ra, dec))
    return found


def _target(target: str) -> Star | None:
    matches = ((catalogue, pattern.fullmatch(target)) for catalogue, pattern in _TARGETS)
    return next(((catalogue, int(match[1])) for catalogue, match in matches if match), None)
