"""This file describes a service's tables by tables: TAP_SCHEMA, made from what it describes.

Invariant: it is made from the same values as the tables themselves, so it cannot disagree.
Source: TAP 1.1, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skyatlas.sandbox.tables import Column, ForeignKey, Row, Table

_NONE: Mapping[str, str] = {}


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, std=True) for name in names)


def _whole(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "int", std=True) for name in names)


_OF_CATALOGUES = (
    Column("cat_id", "int"),
    Column("title"),
    Column("version", "int"),
    Column("collection"),
    Column("publication_date"),
)
"""What ESO's tap_cat tells of each table besides."""
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
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


def _key(target: str, own: str, other: str = "") -> ForeignKey:
    return ForeignKey(f"TAP_SCHEMA.{target}", ((own, other or own),))


_KEYS: Mapping[str, tuple[ForeignKey, ...]] = {
    "tables": (_key("schemas", "schema_name"),),
    "columns": (_key("tables", "table_name"),),
    "keys": (
        _key("tables", "from_table", "table_name"),
        _key("tables", "target_table", "table_name"),
    ),
    "key_columns": (_key("keys", "key_id"),),
}


def tap_schema(tables: Sequence[Table], about: Mapping[str, str] = _NONE) -> list[Table]:
    """TAP_SCHEMA of these tables and of itself; `about` describes the schemas by name."""
    with_extra = any(table.extra for table in tables)
    own = [
        Table(
            "TAP_SCHEMA",
            name,
            (*columns, *(_OF_CATALOGUES if with_extra and name == "tables" else ())),
            description=f"TAP_SCHEMA.{name} of TAP 1.1",
            keys=_KEYS.get(name, ()),
        )
        for name, columns in _COLUMNS.items()
    ]
    every = [*tables, *own]
    rows: Mapping[str, tuple[Row, ...]] = {
        "schemas": tuple(
            {"schema_name": name, "description": about.get(name), "schema_index": place}
            for place, name in enumerate(dict.fromkeys(table.schema for table in every))
        ),
        "tables": tuple(_table_row(table, place) for place, table in enumerate(every)),
        "columns": tuple(
            _column_row(table, column, place)
            for table in every
            for place, column in enumerate(table.columns)
        ),
        "keys": tuple(
            {"key_id": key_id, "from_table": table.full_name, "target_table": key.target}
            for key_id, table, key in _numbered(every)
        ),
        "key_columns": tuple(
            {"key_id": key_id, "from_column": own_name, "target_column": other}
            for key_id, _, key in _numbered(every)
            for own_name, other in key.pairs
        ),
    }
    return [
        Table(
            *(table.schema, table.name, table.columns, rows[table.name], table.description),
            keys=table.keys,
        )
        for table in own
    ]


def _numbered(tables: Sequence[Table]) -> Iterator[tuple[str, Table, ForeignKey]]:
    """Each foreign key with its table and a name of its own."""
    for table in tables:
        for number, key in enumerate(table.keys, 1):
            yield f"{table.full_name}.{number}", table, key


def _table_row(table: Table, place: int) -> Row:
    return {
        "schema_name": table.schema,
        "table_name": table.full_name,
        "table_type": "table",
        "utype": table.utype or None,
        "description": table.description or None,
        "table_index": place,
        **table.extra,
    }


def _column_row(table: Table, column: Column, place: int) -> Row:
    return {
        "table_name": table.full_name,
        "column_name": column.written,
        "utype": column.utype or None,
        "ucd": column.ucd or None,
        "unit": column.unit or None,
        "description": column.description or None,
        "datatype": column.datatype,
        "arraysize": column.arraysize or None,
        "xtype": column.xtype or None,
        "principal": 1,
        "indexed": int(column.name in table.indexed),
        "std": int(column.std),
        "column_index": place,
    }
