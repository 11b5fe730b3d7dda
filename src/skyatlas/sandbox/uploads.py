"""This file reads the tables that come along with a query: inside the request, or by address.

Invariant: only addresses of this machine are fetched; the sandbox speaks to nobody else.
Source: TAP 1.1, section 2.7.5.
"""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.tables import Column, Row, Table

SCHEMA = "TAP_UPLOAD"
_PATIENCE = 20.0
"""Seconds for a table that is fetched."""
_MOST_BYTES = 20_000_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KINDS = {
    "short": "short",
    "unsignedByte": "short",
    "boolean": "short",
    "int": "int",
    "long": "long",
    "float": "float",
    "double": "double",
    "char": "char",
    "unicodeChar": "unicodeChar",
}
_REGIONS = {"point": "POSITION", "circle": "CIRCLE", "polygon": "POLYGON"}
"""DALI's xtypes of arrays, as the word that begins the region."""


class BadUpload(Exception):
    """The request's tables cannot be taken; the message is the archive's sentence."""


def uploaded(asked: Asked, most_rows: int) -> tuple[Table, ...]:
    """The tables of a request's UPLOAD parameters; raises BadUpload."""
    given = [pair for value in asked.all("UPLOAD") for pair in value.split(";") if pair.strip()]
    if given and not most_rows:
        raise BadUpload("This service does not support UPLOAD")
    found: dict[str, Table] = {}
    for pair in given:
        name, comma, source = (part.strip() for part in pair.partition(","))
        if not comma or not _NAME.fullmatch(name):
            raise BadUpload(f"UPLOAD={pair} is not of the form NAME,param:PART")
        if name.lower() in found:
            raise BadUpload(f"Two uploaded tables are named {name}")
        found[name.lower()] = _table(name, _content(asked, source), most_rows)
    return tuple(found.values())


def _content(asked: Asked, source: str) -> bytes:
    kind, _, part = source.partition(":")
    if kind.lower() in {"http", "https"}:
        return _fetched(source)
    if kind.lower() != "param":
        raise BadUpload(f"This service does not take tables from {source}")
    if part not in asked.files:
        raise BadUpload(f"The request has no part {part} for an UPLOAD")
    return asked.files[part]


def _fetched(url: str) -> bytes:
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        raise BadUpload(f"This service cannot fetch {url}; send the table with the request")
    # Without the environment's proxy: it would be another machine.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PATIENCE) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except HTTPError as error:
        error.close()
        raise BadUpload(f"{url} cannot be fetched: {error}") from error
    except OSError as error:
        raise BadUpload(f"{url} cannot be fetched: {error}") from error


def _table(name: str, content: bytes, most_rows: int) -> Table:
    from astropy.io.votable import parse

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about somebody's table is not our news
            table = parse(BytesIO(content), verify="ignore").get_first_table()
    except (ValueError, TypeError, IndexError, OSError, EOFError) as error:
        raise BadUpload(f"The uploaded table {name} is no VOTable: {error}") from error
    if len(table.array) > most_rows:
        raise BadUpload(f"The uploaded table {name} has more than {most_rows} rows")
    columns = tuple(_column(name, field) for field in table.fields)
    if len({column.name.lower() for column in columns}) < len(columns):
        raise BadUpload(f"Two columns of the uploaded table {name} have the same name")
    cells = [_cells(field, table.array[field.ID]) for field in table.fields]
    names = [column.name for column in columns]
    rows: tuple[Row, ...] = tuple(
        dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)
    )
    return Table(SCHEMA, name, columns, rows)


def _column(table: str, field: Any) -> Column:
    text = field.datatype in {"char", "unicodeChar"}
    kind = _KINDS.get(field.datatype)
    if field.xtype in _REGIONS and not text:
        return Column(field.name, "char", "", str(field.ucd or ""), "adql:REGION")
    if kind is None or (field.arraysize not in {None, "", "1"} and not text):
        raise BadUpload(f"The column {field.name} of the uploaded table {table} is no plain value")
    unit, ucd, xtype, utype = (
        str(fact or "") for fact in (field.unit, field.ucd, field.xtype, field.utype)
    )
    return Column(field.name, kind, unit, ucd, xtype, utype)


def _cells(field: Any, column: Any) -> list[object]:
    """A column's values as SQLite takes them; what is missing is None."""
    import numpy as np

    if field.xtype in _REGIONS and field.datatype not in {"char", "unicodeChar"}:
        return [_region(_REGIONS[field.xtype], value) for value in column]
    missing = np.ma.getmaskarray(column).tolist()
    values = np.ma.getdata(column).tolist()
    return [
        None if gone or value != value else _plain(value)
        for value, gone in zip(values, missing, strict=True)
    ]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _region(word: str, numbers: Any) -> str | None:
    given = [float(number) for number in numbers]
    return f"{word} ICRS {' '.join(map(repr, given))}" if given else None
