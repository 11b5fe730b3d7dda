"""This file searches the observations of the sandbox's MAST: by criteria, by place, by many places.

An observation is near a place if its footprint is; `distance` is from the place to the footprint's
rim, in arcsec, and 0 inside (so in the answers that astroquery recorded). Angles asked for are
degrees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from skyatlas.sandbox import mast_filters, region
from skyatlas.sandbox.mast_columns import CONE, OBSERVATIONS, PRODUCTS
from skyatlas.sandbox.mast_filters import Refused
from skyatlas.sandbox.mast_holdings import files, observations
from skyatlas.sandbox.mast_item import MastFile, MastObservation

Row = dict[str, Any]

COUNT = "COUNT_BIG(*)"
_MARGIN = 1e-9
"""Radians: no observation is lost where its bounding circle is rounded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All rows of an answer, and their columns."""

    rows: list[Row]
    fields: Mapping[str, str]
    """Type by name, in order."""


@dataclass(frozen=True, slots=True)
class _Footprint:
    """Where an observation is, and how far its parts are from there at most (radians)."""

    row: Row
    centre: region.Vector
    reach: float
    shape: tuple[region.Shape, ...]


@cache
def _rows(seed: int) -> tuple[Row, ...]:
    return tuple(
        {name: one.row.get(name) for name in OBSERVATIONS} | {"obsid": one.obsid}
        for one in observations(seed).values()
    )


@cache
def _footprints(seed: int) -> tuple[_Footprint, ...]:
    return tuple(_footprint(row) for row in _rows(seed) if row["s_ra"] is not None)


def _footprint(row: Row) -> _Footprint:
    centre = region.vector(row["s_ra"], row["s_dec"])
    text = row["s_region"] or f"POINT ICRS {row['s_ra']} {row['s_dec']}"
    shape = region.parse(text)
    reach = max(_reach(centre, one) for one in shape)
    return _Footprint(row, centre, reach, shape)


def _reach(centre: region.Vector, one: region.Shape) -> float:
    if isinstance(one, region.Circle):
        return region.angle(centre, one.centre) + one.radius
    return max(region.angle(centre, corner) for corner in one.corners)


def _near(seed: int, ra: float, dec: float, radius: float) -> Iterator[Row]:
    """The observations within `radius` degrees, with their distance."""
    place, wide = region.vector(ra, dec), math.radians(radius) + _MARGIN
    for one in _footprints(seed):
        if region.angle(place, one.centre) > one.reach + wide:
            continue
        gap = region.gap(place, one.shape)
        if gap <= wide:
            yield one.row | {"distance": math.degrees(gap) * 3600, "_selected_": None}


def filtered(seed: int, params: Mapping[str, Any]) -> Answer:
    """`Mast.Caom.Filtered`: by criteria."""
    return select(_rows(seed), OBSERVATIONS, params)


def filtered_position(seed: int, params: Mapping[str, Any]) -> Answer:
    """`Mast.Caom.Filtered.Position`: by criteria and "ra, dec, radius"."""
    words = str(params.get("position", "")).replace(",", " ").split()
    if len(words) != 3:
        raise Refused('position: "ra, dec, radius" was expected')
    ra, dec, radius = (number(word, "position") for word in words)
    fields = {name: kind for name, kind in CONE.items() if name != "_selected_"}
    return select(_sorted(_near(seed, ra, dec, radius)), fields, params)


def cone(seed: int, params: Mapping[str, Any]) -> Answer:
    """`Mast.Caom.Cone`: all around a place."""
    ra, dec = (number(params.get(name), name) for name in ("ra", "dec"))
    found = _sorted(_near(seed, ra, dec, number(params.get("radius", 0.2), "radius")))
    if str(params.get("exclude_hla", "")).lower() == "true":
        found = [row for row in found if row["obs_collection"] != "HLA"]
    return Answer(found, CONE)


def crossmatch(seed: int, params: Mapping[str, Any], data: object) -> Answer:
    """`Mast.Caom.Crossmatch`: around each row of an uploaded table.

    Each row found carries the uploaded row's columns, as "in_" and their name. That prefix was
    never seen recorded: nobody should rely on it.
    """
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        raise Refused("Crossmatch needs a table in data")
    names = str(params.get("raColumn", "ra")), str(params.get("decColumn", "dec"))
    radius = number(params.get("radius", 0.002), "radius")
    uploaded = {field["name"]: field.get("type", "string") for field in data.get("fields", [])}
    found = []
    for sent in data["data"]:
        ra, dec = (number(sent.get(name), name) for name in names)
        more = {f"in_{name}": sent.get(name) for name in uploaded}
        found += [more | row for row in _sorted(_near(seed, ra, dec, radius))]
    return Answer(found, {f"in_{name}": kind for name, kind in uploaded.items()} | dict(CONE))


def products(seed: int, params: Mapping[str, Any]) -> Answer:
    """`Mast.Caom.Products`: the files of observations; a shared file comes with each of them."""
    found = []
    for word in str(params.get("obsid", "")).split(","):
        if not word.strip():
            continue
        if not word.strip().isdecimal():
            raise Refused("Error converting data type varchar to bigint.")
        parent = observations(seed).get(int(word))
        if parent is not None:
            found += [_product(seed, file, parent) for file in parent.files]
    return Answer(found, PRODUCTS)


def _product(seed: int, file: MastFile, parent: MastObservation) -> Row:
    owner = files(seed)[file.uri][1][0]
    row: Row = {
        "obsID": owner.obsid,
        "obs_collection": owner.collection,
        "dataproduct_type": file.kind,
        "obs_id": owner.obs_id,
        "description": file.description,
        "type": "D" if file.derived else "S",
        "dataURI": file.uri,
        "productType": file.product_type,
        "productGroupDescription": "Minimum Recommended Products" if file.recommended else None,
        "productSubGroupDescription": file.subgroup,
        "productFilename": file.filename,
        "size": file.size,
        "parent_obsid": parent.obsid,
        "calib_level": file.calib_level,
    }
    shared = ("project", "proposal_id", "dataRights", "filters")
    row |= {name: owner.row.get(name) for name in shared}
    return dict.fromkeys(PRODUCTS) | row | dict(file.row)


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["distance"], row["obsid"]))


def select(rows: Sequence[Row], fields: Mapping[str, str], params: Mapping[str, Any]) -> Answer:
    """The rows that pass `params`' filters, with its columns; or their number. Raises Refused."""
    tests = mast_filters.tests(params.get("filters"), fields)
    wanted = _columns(params.get("columns"), fields)
    found = [row for row in rows if all(test(row) for test in tests)]
    if wanted is None:
        return Answer([{"Column1": len(found)}], {"Column1": "string"})
    return Answer(
        [{name: row[name] for name in wanted} for row in found],
        {name: fields[name] for name in wanted},
    )


def _columns(said: object, fields: Mapping[str, str]) -> list[str] | None:
    """The columns asked for; None for their number alone."""
    if not said:
        raise Refused("The parameter columns is missing")
    if str(said).strip().upper() == COUNT:
        return None
    if str(said).strip() == "*":
        return list(fields)
    return [mast_filters.column(word, fields) for word in str(said).split(",")]


def number(value: object, name: str) -> float:
    """A parameter's value; raises Refused where it is no number."""
    try:
        return float(str(value))
    except ValueError as error:
        raise Refused(f"{name}: a number was expected, not {value!r}") from error
