"""This file answers the portal's services beside CAOM's: names, missions, the TESS Input Catalog.

Of the catalogue's columns those are filled that the sandbox knows; of the stars, those that the
world names or that MAST holds something about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from skyatlas.sandbox import region, santa
from skyatlas.sandbox.mast_caom import Answer, number, select
from skyatlas.sandbox.mast_filters import Refused
from skyatlas.sandbox.mast_holdings import observations
from skyatlas.sandbox.state import State

TIC: Mapping[str, str] = {"ID": "string", "ra": "float", "dec": "float", "objType": "string"}
"""Types of the catalogue's columns, by name."""


def answer(state: State, service: str, params: Mapping[str, Any]) -> Answer | dict[str, Any]:
    """What a service knows; raises Refused where there is no such service."""
    match service:
        case "Mast.Name.Lookup":
            return _lookup(state, params)
        case "Mast.Missions.List":
            names = sorted(_missions(state))
            return Answer([{"distinctValue": name} for name in names], {"distinctValue": "string"})
        case "Mast.Caom.All":
            return _all(state)
        case "Mast.Catalogs.Filtered.Tic" | "Mast.Catalogs.Filtered.Tic.Rows":
            return select(_stars(state), TIC, params)
        case "Mast.Catalogs.Tic.Cone":
            return _cone(state, params)
    raise Refused(f"Service {service} not found")


def _lookup(state: State, params: Mapping[str, Any]) -> dict[str, Any]:
    name = params.get("input")
    if not name:
        raise Refused("The parameter input is missing")
    if str(params.get("format", "xml")).lower() != "json":
        raise Refused("Names are answered as json only here")
    return santa.document(state, [str(name)])


def _missions(state: State) -> Counter[str]:
    return Counter(one.collection for one in observations(state.world.seed).values())


def _all(state: State) -> dict[str, Any]:
    """How many observations of each mission there are, in the portal's own tree ("extjs")."""
    histogram: dict[str, object] = {"hist": []}
    column = {
        "text": "obs_collection",
        "ExtendedProperties": {"histObj": histogram | dict(_missions(state))},
    }
    return {"status": "COMPLETE", "msg": "", "data": {"Tables": [{"Columns": [column]}]}}


def _stars(state: State) -> list[dict[str, Any]]:
    return [
        {"ID": str(star), "ra": ra, "dec": dec, "objType": "STAR"}
        for (catalogue, star), (ra, dec) in santa.stars(state).items()
        if catalogue == "TIC"
    ]


def _cone(state: State, params: Mapping[str, Any]) -> Answer:
    ra, dec = (number(params.get(name), name) for name in ("ra", "dec"))
    radius = number(params.get("radius", 0.2), "radius")
    near = []
    for star in _stars(state):
        distance = region.separation(ra, dec, star["ra"], star["dec"])
        if distance <= radius:
            near.append(star | {"dstArcSec": distance * 3600})
    near.sort(key=lambda star: star["dstArcSec"])
    return Answer(near, {**TIC, "dstArcSec": "float"})
