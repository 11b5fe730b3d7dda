"""This file knows the tables of ESO's two TAP services and fills them with what a world holds.

A row is given under the archive's own column names and units; a name that no table has is an error
of the world, not of the asker. Source of the columns: see eso_tables.toml.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from skyatlas.sandbox.item import Item, World
from skyatlas.sandbox.obscore import STANDARD, UTYPE
from skyatlas.sandbox.tables import Column, ForeignKey, Row, Table
from skyatlas.sandbox.tap_schema import tap_schema

_HERE = Path(__file__).parent
_FOUND_BY = frozenset({"dp_id"})
_TO_RAW = ForeignKey("dbo.raw", (("proposal_id", "prog_id"),))


@cache
def _columns() -> Mapping[str, tuple[Column, ...]]:
    found: dict[str, list[Column]] = {}
    with (_HERE / "eso_columns.csv").open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            table = line["table"]
            found.setdefault(table, []).append(_column(line, of_obscore=table == "ivoa.ObsCore"))
    return {name: tuple(columns) for name, columns in found.items()}


def _column(line: Mapping[str, str], of_obscore: bool) -> Column:
    name = line["column"]
    standard = STANDARD.get(name) if of_obscore else None
    utype = standard.utype if standard else ""
    about = standard.description if standard else ""
    plain = (name, line["datatype"], line["unit"], line["ucd"], line["xtype"])
    return Column(*plain, utype, about, standard is not None)


@cache
def facts() -> Mapping[str, Any]:
    """The tables, instruments and catalogues of eso_tables.toml."""
    return tomllib.loads((_HERE / "eso_tables.toml").read_text("utf-8"))


def _guess(name: str, values: Iterable[object]) -> Column:
    """A column that only the world knows, typed by its values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, bool}:
        return Column(name, "long")
    return Column(name, "double" if kinds and kinds <= {int, float, bool} else "char")


def _checked(items: Sequence[Item], columns: Sequence[Column]) -> tuple[Row, ...]:
    known = {column.name for column in columns}
    for item in items:
        if unknown := set(item.row) - known:
            raise ValueError(f"{item.dp_id} has values for unknown columns: {sorted(unknown)}")
    return tuple(item.row for item in items)


def _instrument_tables(items: Sequence[Item]) -> list[Table]:
    base = (*_columns()["dbo.raw"], *_columns()["ist.*"])
    tables = []
    for instrument in facts()["instruments"]:
        own = [item for item in items if _instrument(item) == instrument]
        names = dict.fromkeys(name for item in own for name in item.extra)
        fresh = [name for name in names if name not in {column.name for column in base}]
        columns = (*base, *(_guess(name, (item.extra.get(name) for item in own)) for name in fresh))
        rows = tuple({**item.row, **item.extra} for item in own)
        text = f"Raw frames of {instrument.upper()}"
        tables.append(Table("ist", instrument, columns, rows, text, indexed=_FOUND_BY))
    return tables


def _instrument(item: Item) -> str:
    name = str(item.row.get("instrument", "")).lower()
    return {"efosc2": "efosc"}.get(name, name)


def observations(world: World, programs: frozenset[str] | None) -> list[Table]:
    """The tables of tap_obs, with the rows that somebody of `programs` (None: nobody) may see."""
    seen = [
        item
        for item in world.items.values()
        if item.archive == "eso" and (not item.hidden or item.program in (programs or ()))
    ]
    tables = []
    for full_name, description in facts()["tables"].items():
        schema, name = full_name.split(".")
        columns = _columns()[full_name]
        rows = _checked([item for item in seen if item.table == full_name], columns)
        of_obscore = schema == "ivoa"
        table = Table(schema, name, columns, rows, description, indexed=_FOUND_BY)
        tables.append(replace(table, utype=UTYPE, keys=(_TO_RAW,)) if of_obscore else table)
    tables += _instrument_tables([item for item in seen if item.table == "dbo.raw"])
    return tables + tap_schema(tables, facts()["schemas"])


def catalogues(world: World) -> list[Table]:
    """The tables of tap_cat: the world's galaxies, again in each catalogue."""
    rows = tuple(
        {"ID": known.name, "RA2000": known.ra, "DEC2000": known.dec}
        | ({"Z": known.redshift} if known.redshift else {})
        | ({"CLASS": known.object_type} if known.object_type else {})
        for known in world.objects
    )
    tables = [
        Table(
            "safcat",
            facts_of["name"],
            _columns()["safcat.*"],
            rows,
            f"{facts_of['title']}, version {facts_of['version']}",
            {key: value for key, value in facts_of.items() if key != "name"},
        )
        for facts_of in facts()["catalogues"]
    ]
    return tables + tap_schema(tables, facts()["schemas"])
