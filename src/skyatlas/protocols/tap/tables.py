"""This file finds out which tables a TAP service has, and whether one of them is ObsCore's.

Invariant: a list of tables is never empty because the service failed. Sources: TAP 1.1, section 4
(TAP_SCHEMA); VOSI 1.1; ObsCore 1.1, section 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.errors import Broken, Refused, Unreadable
from skyatlas.obscore import plain_values
from skyatlas.protocols import vosi
from skyatlas.protocols.tap.asking import ask
from skyatlas.protocols.tap.obscore import quote
from skyatlas.protocols.tap.services import DAY, TapService, known

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Door

_OBSCORE = "ivoa.obscore"
_MODEL = "ivo://ivoa.net/std/obscore"
_TABLE, _COLUMNS = "tap-obscore", "tap-columns"


def tables_of(door: Door, service: TapService) -> tuple[vosi.Schema, ...]:
    """Schemas, tables and columns: as VOSI tells them, else as TAP_SCHEMA does.

    Raises an ArchiveError leaf where neither can be had.
    """
    url = known(door, service).tables_url or f"{service.url}/tables"
    try:
        reply = door.ask(url)
        found = vosi.tables_of(reply.content, archive=service.archive, url=reply.url)
    except (Refused, Broken, Unreadable):
        found = ()
    return found or _from_schema(door, service)


def obstap(door: Door, service: TapService) -> str | None:
    """The table that follows ObsCore, or None: by the service's data models, else by TAP_SCHEMA.

    Raises an ArchiveError leaf.
    """
    kept = door.memory.get(_TABLE, service.url)
    if kept is not None and kept.age < DAY:
        return str(kept.value) or None
    found = _OBSCORE if known(door, service).offer.follows("obscore") else _named(door, service)
    door.memory.put(_TABLE, service.url, found)
    return found or None


def columns_of(door: Door, service: TapService, table: str) -> frozenset[str]:
    """The names of a table's columns, in small letters; empty where TAP_SCHEMA does not tell.

    Raises Unreachable or Busy where the service does not answer at all.
    """
    key = f"{service.url} {table.lower()}"
    kept = door.memory.get(_COLUMNS, key)
    if kept is not None and kept.age < DAY:
        return frozenset(kept.value)
    names = dict.fromkeys([table, table.lower(), table.upper(), "ivoa.ObsCore"])
    spelled = ", ".join(quote(name) for name in names if name.lower() == table.lower())
    question = f"SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name IN ({spelled})"  # noqa: S608
    try:
        rows = ask(door, service, question).table
    except (Refused, Broken, Unreadable):
        return frozenset()
    found = {name.strip('"').lower() for name in _texts(rows, "column_name")}
    if found:
        door.memory.put(_COLUMNS, key, sorted(found))
    return frozenset(found)


def _named(door: Door, service: TapService) -> str:
    """The table of TAP_SCHEMA that is ObsCore's by its utype or its name; "" where none is."""
    rows = ask(door, service, "SELECT table_name, utype FROM TAP_SCHEMA.tables").table
    pairs = list(zip(_texts(rows, "table_name"), _texts(rows, "utype"), strict=True))
    named = [name for name, _ in pairs if name.replace('"', "").lower() == _OBSCORE]
    typed = [name for name, utype in pairs if utype.lower().startswith(_MODEL)]
    return (named or typed or [""])[0]


def _from_schema(door: Door, service: TapService) -> tuple[vosi.Schema, ...]:
    tables = ask(
        door, service, "SELECT schema_name, table_name, description, utype FROM TAP_SCHEMA.tables"
    ).table
    columns = ask(
        door,
        service,
        "SELECT table_name, column_name, description, unit, ucd, utype, datatype "
        "FROM TAP_SCHEMA.columns",
    ).table
    of: dict[str, list[vosi.Column]] = {}
    names = ("column_name", "description", "unit", "ucd", "utype", "datatype")
    for table, *said in zip(*(_texts(columns, n) for n in ("table_name", *names)), strict=True):
        of.setdefault(table, []).append(vosi.Column(*said))
    schemas: dict[str, list[vosi.Table]] = {}
    facts = ("schema_name", "table_name", "description", "utype")
    for schema, name, description, utype in zip(*(_texts(tables, n) for n in facts), strict=True):
        schemas.setdefault(schema, []).append(
            vosi.Table(name, "", description, utype, columns=tuple(of.get(name, ())))
        )
    return tuple(vosi.Schema(name, tables=tuple(inside)) for name, inside in schemas.items())


def _texts(table: Table, name: str) -> list[str]:
    """A column, whatever the case of its name, as texts; "" for NULL."""
    found = next((one for one in table.colnames if one.lower() == name), None)
    if found is None:
        return [""] * len(table)
    return ["" if value is None else str(value) for value in plain_values(table[found])]
