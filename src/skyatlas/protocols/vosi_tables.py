"""This file reads which tables a service has: schemas, tables, columns, keys.

Invariant: every schema, table and column has one name, or the document is Unreadable. Sources:
VOSI 1.1, section 3; VODataService 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.errors import Unreadable
from skyatlas.protocols.markup import children, element_of, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Column", "ForeignKey", "Schema", "Table", "tables_of"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    description: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    datatype: str = ""
    """As written: TAP's, VOTable's and ADQL's words for types all occur."""
    arraysize: str = ""
    xtype: str = ""
    flags: tuple[str, ...] = ()
    """"indexed", "primary" …"""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Which columns point to which of another table."""

    table: str
    columns: tuple[tuple[str, str], ...]
    """(column here, column there)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table, named as ADQL wants it."""

    name: str
    title: str = ""
    description: str = ""
    utype: str = ""
    type: str = ""
    columns: tuple[Column, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that belong together."""

    name: str
    title: str = ""
    description: str = ""
    utype: str = ""
    tables: tuple[Table, ...] = ()


def tables_of(body: bytes, *, archive: str, url: str) -> tuple[Schema, ...]:
    """Read `/tables`. Raises Unreadable, also where a schema, table or column has not one name.

    A foreign key that does not say which columns it joins is left out.
    """
    root = element_of(body, "tableset", archive=archive, url=url, wanted="the list of its tables")
    try:
        return tuple(_schema(one) for one in children(root, "schema"))
    except ValueError as error:
        raise Unreadable(
            f"{archive} describes its tables wrongly: {error}", archive=archive, url=url
        ) from error


def _schema(element: Element) -> Schema:
    name = _name(element, "a schema")
    return Schema(
        name,
        text_of(element, "title"),
        text_of(element, "description"),
        text_of(element, "utype"),
        tuple(_table(one) for one in children(element, "table")),
    )


def _table(element: Element) -> Table:
    return Table(
        _name(element, "a table"),
        text_of(element, "title"),
        text_of(element, "description"),
        text_of(element, "utype"),
        element.get("type", ""),
        tuple(_column(one) for one in children(element, "column")),
        tuple(_foreign_keys(element)),
    )


def _column(element: Element) -> Column:
    kind = next(children(element, "dataType"), None)
    said = {} if kind is None else kind.attrib
    return Column(
        _name(element, "a column"),
        text_of(element, "description"),
        text_of(element, "unit"),
        text_of(element, "ucd"),
        text_of(element, "utype"),
        text_of(kind),
        said.get("arraysize", "") or said.get("size", ""),
        said.get("extendedType", ""),
        tuple(map(text_of, children(element, "flag"))),
    )


def _foreign_keys(element: Element) -> Iterator[ForeignKey]:
    for key in children(element, "foreignKey"):
        table = text_of(key, "targetTable")
        pairs = tuple(
            (text_of(pair, "fromColumn"), text_of(pair, "targetColumn"))
            for pair in children(key, "fkColumn")
        )
        if table and pairs and all(here and there for here, there in pairs):
            yield ForeignKey(table, pairs)


def _name(element: Element, what: str) -> str:
    names = [text_of(one) for one in children(element, "name")]
    if len(names) != 1 or not names[0]:
        raise ValueError(f"{what} has {'the names ' + ', '.join(names) if names else 'no name'}")
    return names[0]
