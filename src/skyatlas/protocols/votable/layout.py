"""This file holds what a FIELD says about the form of its cells: type, shape, null.

Invariant: every FIELD has a layout; what is not known is text. Source: VOTable 1.5, section 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyatlas.protocols.votable.results import Field

if TYPE_CHECKING:
    from skyatlas.protocols.votable.tree import Node

DTYPES = {
    "boolean": "?",
    "bit": "?",
    "unsignedByte": "u1",
    "short": "i2",
    "int": "i4",
    "long": "i8",
    "float": "f4",
    "double": "f8",
    "floatComplex": "c8",
    "doubleComplex": "c16",
    "char": "O",
    "unicodeChar": "O",
}
"""VOTable's types, and numpy's for them."""

_ALIASES = {
    "": "char",
    "string": "char",
    "unicodestring": "unicodeChar",
    "bool": "boolean",
    "int16": "short",
    "smallint": "short",
    "int32": "int",
    "integer": "int",
    "unsignedshort": "int",
    "int64": "long",
    "bigint": "long",
    "unsignedint": "long",
    "float32": "float",
    "real": "float",
    "float64": "double",
    "double precision": "double",
}
"""What services write instead, in lower case (astropy knows six of them; VizieR the unsigned)."""

_ARRAYSIZE = re.compile(r"((?:\d+x)*)(\d*)(\*?)")
_LARGEST = 2**24
"""Elements in a cell: more is no table but an attack on our memory."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The form of the cells of one column."""

    name: str
    datatype: str
    """One of `DTYPES`."""
    known: bool = True
    """False where the document's own type is none of VOTable's: such cells are read as text."""
    shape: tuple[int, ...] = ()
    """Slowest axis first; () for a scalar. Where `variable`: of the axes that are fixed."""
    variable: bool = False
    """Cells differ in length along the slowest axis."""
    null: str = ""
    """VALUES null, as text."""

    @property
    def text(self) -> bool:
        """Whether cells are texts."""
        return self.datatype in ("char", "unicodeChar")

    @property
    def size(self) -> int:
        """Elements of `shape`."""
        size = 1
        for axis in self.shape:
            size *= axis
        return size

    def scalar(self) -> Layout:
        """The layout of one element."""
        return replace(self, shape=(), variable=False)


def layout_of(field: Node) -> Layout:
    """What the FIELD says. arraysize="1" is a scalar: that is what services mean by it."""
    said = field.said("datatype")
    datatype = said if said in DTYPES else _ALIASES.get(said.lower(), "")
    known = bool(datatype)
    if field.said("ucd") == "VOX:WCS_CoordProjection":
        datatype = "char"  # NOIRLab's SIA says "double" and gives "TAN" (seen by astropy)
    arraysize = _ARRAYSIZE.fullmatch(field.said("arraysize").replace(" ", ""))
    shape, variable = _shape(arraysize) if arraysize else ((), True)
    null = next((node.said("null") for node in field.all("VALUES") if node.said("null")), "")
    return Layout(field.named(), datatype or "char", known, shape, variable, null)


def _shape(arraysize: re.Match[str]) -> tuple[tuple[int, ...], bool]:
    fixed, last, star = arraysize.groups()
    axes = [int(axis) for axis in fixed.split("x")[:-1]]
    if last and not star:
        axes.append(int(last))
    axes.reverse()
    size = 1
    for axis in axes:
        size *= axis
    if size > _LARGEST:
        return (), True
    return ((), False) if axes == [1] and not star else (tuple(axes), bool(star))


def field_of(node: Node) -> Field:
    """A FIELD or PARAM as a value."""
    values = node.all("VALUES")
    return Field(
        name=node.named(),
        id=node.said("ID"),
        datatype=node.said("datatype"),
        arraysize=node.said("arraysize"),
        unit=node.said("unit"),
        ucd=node.said("ucd"),
        utype=node.said("utype"),
        xtype=node.said("xtype"),
        description=node.first_text("DESCRIPTION"),
        ref=node.said("ref"),
        value=node.said("value"),
        options=tuple(o.said("value") for value in values for o in value.all("OPTION")),
        low=_bound(values, "MIN"),
        high=_bound(values, "MAX"),
    )


def _bound(values: list[Node], name: str) -> str:
    return next((bound.said("value") for value in values for bound in value.all(name)), "")
