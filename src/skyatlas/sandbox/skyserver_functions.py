"""This file holds SkyServer's functions that give tables, and those that give a value.

Angles are degrees, radii and distances arcminutes, as SkyServer has them; nearest comes first.
Source: the schema browser, https://skyserver.sdss.org/dr17/MoreMenu/schema.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from skyatlas.sandbox.adql_functions import FUNCTIONS, Function
from skyatlas.sandbox.skyserver_tables import columns_of

_OBJECT = "objID, run, camcol, field, rerun, type"
_PLACE = "cx, cy, cz, 0 AS htmID"
_FIBER = "specObjID, plate, mjd, fiberID, z, zErr, zWarning, sciencePrimary"
_FRAME = "fieldID, a, b, c, d, e, f, node, incl"


class Selected(NamedTuple):
    """The query of SQLite that gives a table-valued function's rows, and its values."""

    sql: str
    values: tuple[object, ...] = ()


class WrongCall(Exception):
    """A function was called with what it does not take; the message is SkyServer's sentence."""


def _near(columns: str, table: str, first: bool = False, extra: int = 0) -> Callable[..., Selected]:
    """Rows of `table` within a radius: the arguments are ra, dec, radius, and `extra` unused."""

    def select(*arguments: object) -> Selected:
        ra, dec, radius = _numbers(arguments, 3 + extra)[:3]
        a, d = math.radians(ra), math.radians(dec)
        x, y, z = math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)
        chord = 2.0 * math.sin(math.radians(min(radius / 60.0, 180.0)) / 2.0)
        squared = "((cx - ?1) * (cx - ?1) + (cy - ?2) * (cy - ?2) + (cz - ?3) * (cz - ?3))"
        distance = f"120.0 * degrees(asin(min(1.0, sqrt({squared}) / 2.0)))"
        return Selected(
            f"SELECT {columns}, {distance} AS distance FROM {table} WHERE {squared} <= ?4"  # noqa: S608
            f" ORDER BY distance{' LIMIT 1' if first else ''}",
            (x, y, z, chord**2),
        )

    return select


def _rectangle(order: Sequence[int]) -> Callable[..., Selected]:
    """Primary objects of a rectangle; `order` says which arguments are ra1, dec1, ra2, dec2."""

    def select(*arguments: object) -> Selected:
        given = _numbers(arguments, 4)
        ra1, dec1, ra2, dec2 = (given[place] for place in order)
        across = "ra BETWEEN ?1 AND ?3" if ra1 <= ra2 else "(ra >= ?1 OR ra <= ?3)"
        return Selected(
            f"SELECT {_OBJECT}, {_PLACE} FROM PhotoPrimary"  # noqa: S608
            f" WHERE {across} AND dec BETWEEN ?2 AND ?4",
            (ra1, dec1, ra2, dec2),
        )

    return select


def _documented(*arguments: object) -> Selected:
    """The columns of a table: what astroquery asks before each of its queries."""
    if len(arguments) != 1:
        raise WrongCall("An insufficient number of arguments were supplied for the function")
    rows = columns_of(str(arguments[0]))
    names = ("enum", "name", "type", "length", "unit", "ucd", "description")
    lengths = {"bigint": 8, "float": 8, "int": 4, "real": 4, "smallint": 2, "tinyint": 1}
    cells = [
        ("", row.name, row.type, lengths.get(row.type, 32), row.unit, "", row.description)
        for row in rows
    ]
    marks = f"({', '.join('?' * len(names))})"
    told = ", ".join(f"column{number} AS {name}" for number, name in enumerate(names, 1))
    values = ", ".join([marks] * len(cells)) or f"({', '.join(['NULL'] * len(names))})"
    condition = "" if cells else " WHERE 0"
    return Selected(
        f"SELECT {told} FROM (VALUES {values}){condition}",  # noqa: S608  none of it is asked
        tuple(cell for row in cells for cell in row),
    )


def _numbers(arguments: Sequence[object], count: int) -> list[float]:
    if len(arguments) != count:
        words = "An insufficient number" if len(arguments) < count else "Too many"
        raise WrongCall(f"{words} of arguments were supplied for the procedure or function")
    try:
        return [float(str(argument)) for argument in arguments]
    except ValueError as error:
        raise WrongCall("Error converting data type varchar to float.") from error


TABLES: Mapping[str, Callable[..., Selected]] = {
    "fgetnearbyobjeq": _near(f"{_OBJECT}, {_PLACE}", "PhotoPrimary"),
    "fgetnearestobjeq": _near(f"{_OBJECT}, {_PLACE}", "PhotoPrimary", first=True),
    "fgetnearbyobjalleq": _near(f"{_OBJECT}, mode, {_PLACE}", "PhotoObjAll"),
    "fgetnearestobjalleq": _near(f"{_OBJECT}, mode, {_PLACE}", "PhotoObjAll", first=True),
    "fgetnearbyspecobjeq": _near(f"{_FIBER}, {_PLACE}", "SpecObj"),
    "fgetnearestspecobjeq": _near(f"{_FIBER}, {_PLACE}", "SpecObj", first=True),
    "fgetnearbyspecobjalleq": _near(f"{_FIBER}, {_PLACE}", "SpecObjAll"),
    "fgetnearestspecobjalleq": _near(f"{_FIBER}, {_PLACE}", "SpecObjAll", first=True),
    "fgetnearbyframeeq": _near(_FRAME, "_field", extra=1),
    "fgetobjfromrecteq": _rectangle((0, 1, 2, 3)),
    "fgetobjfromrect": _rectangle((0, 2, 1, 3)),
    "fdoccolumns": _documented,
}
"""Functions that give a table, by lower-case name."""


def _type_name(number: float | None) -> str | None:
    names = {0: "UNKNOWN", 3: "GALAXY", 6: "STAR"}
    return None if number is None else names.get(int(number), "UNKNOWN")


def _apart(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    (x1, y1, z1), (x2, y2, z2) = (
        (
            math.cos(math.radians(dec)) * math.cos(math.radians(ra)),
            math.cos(math.radians(dec)) * math.sin(math.radians(ra)),
            math.sin(math.radians(dec)),
        )
        for ra, dec in ((ra1, dec1), (ra2, dec2))
    )
    half = math.dist((x1, y1, z1), (x2, y2, z2)) / 2.0
    return 120.0 * math.degrees(math.asin(min(1.0, half)))


def _text(number: float | None, length: float = 10, decimals: float = 0) -> str | None:
    return None if number is None else f"{number:{int(length)}.{int(decimals)}f}"


VALUES: Mapping[str, Function] = {
    **{name: function for name, function in FUNCTIONS.items() if name not in {"point", "circle"}},
    "ln": FUNCTIONS["log"],
    "str": _text,
    "fphototypen": _type_name,
    "fphototype": lambda name: {"GALAXY": 3, "STAR": 6}.get(str(name).upper()),
    "fphotomode": lambda name: {"PRIMARY": 1, "SECONDARY": 2}.get(str(name).upper()),
    "fdistancearcmineq": _apart,
}
"""Functions that give a value, by lower-case name."""
