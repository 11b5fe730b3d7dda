"""This file searches the observations of the sandbox's MAST: by criteria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyatlas.sandbox.mast_holdings import observations
from skyatlas.sandbox.mast_item import CAOM, MastObservation
from skyatlas.sandbox.state import State

Row = dict[str, Any]


class Refused(Exception):
    """The portal cannot do what is asked; the sentence goes out as `msg`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All rows of an answer, and their columns."""

    rows: list[Row]
    fields: Mapping[str, str]
    """Type by name, in order."""


def answer(state: State, request: Mapping[str, Any]) -> Answer:
    """What a service answers; raises Refused."""
    params = request.get("params") or {}
    if request["service"] != "Mast.Caom.Filtered":
        raise Refused(f"Service {request['service']} not found")
    found = [_row(one) for one in observations(state.world.seed).values()]
    for wanted in params.get("filters", []):
        name = wanted["paramName"]
        values = {str(value) for value in wanted["values"]}
        found = [row for row in found if str(row[name]) in values]
    if params["columns"] == "COUNT_BIG(*)":
        return Answer([{"Column1": len(found)}], {"Column1": "string"})
    return Answer(found, CAOM)


def _row(one: MastObservation) -> Row:
    return {name: one.row.get(name) for name in CAOM} | {"obsid": one.obsid}
