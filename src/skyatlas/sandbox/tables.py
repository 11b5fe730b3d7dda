"""This file knows the tables of ESO's two TAP services and fills them with what a world holds.

A row is given under the archive's own column names and units; a name that no table has is an error
of the world, not of the asker. TAP_SCHEMA is made from the same tables, so it cannot disagree.
Source of the columns: see eso_tables.toml.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from skyatlas.sandbox.item import Item, World

_HERE = Path(__file__).parent

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table, in VOTable's words."""

    name: str
    datatype: str = "char"
    """"char" (of any length), "int", "long" or "double"."""
    unit: str = ""
    ucd: str = ""
    xtype: str = ""

    @property
    def arraysize(self) -> str:
        """VOTable's arraysize: "*" for text, "" for numbers."""
        return "*" if self.datatype == "char" else ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table and all its rows."""

    schema: str
    name: str
    """Without its schema."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    description: str = ""
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Values of TAP_SCHEMA.tables' columns that the standard does not have."""

    @property
    def full_name(self) -> str:
        """As people write it: "dbo.raw"."""
        return f"{self.schema}.{self.name}"


@cache
def _columns() -> Mapping[str, tuple[Column, ...]]:
    found: dict[str, list[Column]] = {}
    with (_HERE / "eso_columns.csv").open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            found.setdefault(line.pop("table"), []).append(
                Column(line["column"], line["datatype"], line["unit"], line["ucd"], line["xtype"])
            )
    return {name: tuple(columns) for name, columns in found.items()}


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
        tables.append(Table("ist", instrument, columns, rows, text))
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
        tables.append(Table(schema, name, columns, rows, description))
    tables += _instrument_tables([item for item in seen if item.table == "dbo.raw"])
    return tables + tap_schema(tables)


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
    return tables + tap_schema(tables)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _whole(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "int") for name in names)


_OF_CATALOGUES = (
    *_whole("cat_id"),
    *_text("title"),
    *_whole("version"),
    *_text("collection", "publication_date"),
)
_SCHEMA_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "schemas": (*_text("schema_name", "utype", "description"), *_whole("schema_index")),
    "tables": (
        *_text("schema_name", "table_name", "table_type", "utype", "description"),
        *_whole("table_index"),
    ),
    "columns": (
        *_text("table_name", "column_name", "utype", "ucd", "unit", "description", "datatype"),
        *_text("arraysize", "xtype"),
        *_whole("size", "principal", "indexed", "std", "column_index"),
    ),
    "keys": _text("key_id", "from_table", "target_table", "utype", "description"),
    "key_columns": _text("key_id", "from_column", "target_column"),
}


def tap_schema(tables: Sequence[Table]) -> list[Table]:
    """TAP_SCHEMA of these tables and of itself (TAP 1.1, section 4)."""
    with_extra = any(table.extra for table in tables)
    own = [
        Table(
            "TAP_SCHEMA",
            name,
            (*columns, *(_OF_CATALOGUES if with_extra and name == "tables" else ())),
            description=f"TAP_SCHEMA.{name} of TAP 1.1",
        )
        for name, columns in _SCHEMA_COLUMNS.items()
    ]
    every = [*tables, *own]
    rows: Mapping[str, tuple[Row, ...]] = {
        "schemas": tuple(
            {"schema_name": name, "description": facts()["schemas"][name], "schema_index": place}
            for place, name in enumerate(dict.fromkeys(table.schema for table in every))
        ),
        "tables": tuple(_table_row(table, place) for place, table in enumerate(every)),
        "columns": tuple(
            _column_row(table, column, place)
            for table in every
            for place, column in enumerate(table.columns)
        ),
        "keys": tuple(
            {"key_id": "raw", "from_table": name, "target_table": "dbo.raw"}
            for name in ("ivoa.ObsCore",)
            if any(table.full_name == name for table in tables)
        ),
    }
    rows = {**rows, "key_columns": tuple(_key_column(row) for row in rows["keys"])}
    return [
        Table(table.schema, table.name, table.columns, rows[table.name], table.description)
        for table in own
    ]


def _key_column(key: Row) -> Row:
    return {"key_id": key["key_id"], "from_column": "proposal_id", "target_column": "prog_id"}


def _table_row(table: Table, place: int) -> Row:
    return {
        "schema_name": table.schema,
        "table_name": table.full_name,
        "table_type": "table",
        "description": table.description or None,
        "table_index": place,
        **table.extra,
    }


def _column_row(table: Table, column: Column, place: int) -> Row:
    return {
        "table_name": table.full_name,
        "column_name": column.name,
        "ucd": column.ucd or None,
        "unit": column.unit or None,
        "datatype": column.datatype,
        "arraysize": column.arraysize or None,
        "xtype": column.xtype or None,
        "principal": 1,
        "indexed": int(column.name == "dp_id"),
        "std": int(table.schema == "ivoa"),
        "column_index": place,
    }
