"""This file knows the missions that are searched at the sandbox's MAST, and their columns.

The names are those of the recorded answers (HST) and of public scripts (JWST); the descriptions,
in mast_missions_columns.csv, are ours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from types import MappingProxyType

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_holdings import observations
from skyatlas.sandbox.mast_item import MastObservation
from skyatlas.sandbox.state import State


@dataclass(frozen=True, slots=True)
class Mission:
    """One mission, as it is searched."""

    name: str
    key: str
    """The column with the name of a data set."""
    ra: str
    dec: str

    @property
    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """What is known of its columns, by name."""
        return {row["name"]: row for row in _columns() if row["mission"] == self.name}

    def datasets(self, state: State) -> list[MastObservation]:
        """All that it has."""
        everything = observations(state.world.seed).values()
        return [one for one in everything if self.key in one.mission]


HST = Mission("hst", "sci_data_set_name", "sci_ra", "sci_dec")
JWST = Mission("jwst", "fileSetName", "targ_ra", "targ_dec")
MISSIONS: Mapping[str, Mission] = MappingProxyType({one.name: one for one in (HST, JWST)})
"""By name, as it stands in addresses."""


@cache
def _columns() -> tuple[dict[str, str], ...]:
    text = resources("skyatlas.sandbox").joinpath("mast_missions_columns.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def column_list(_state: State, asked: Asked) -> Response:
    """`/search/util/api/v0.1/column_list?mission=…`: what can be asked and what it is."""
    mission = MISSIONS.get(asked.one("mission").lower())
    if mission is None:
        return JSONResponse({"detail": "Unknown mission"}, 400)
    return JSONResponse([
        {
            "field_name": row["name"],
            "description": row["description"],
            "column_name": row["name"],
            "queryable": row["queryable"],
            "qual_type": row["kind"],
            "default_output": row["default"],
            "indexed": "no",
            "datatype": "char" if row["type"] in ("VARCHAR", "DATETIME") else "double",
        }
        for row in mission.columns.values()
    ])  # fmt: skip
