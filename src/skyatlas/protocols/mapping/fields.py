"""This file finds the field of an answer that plays a part: by its utype, UCD or name.

Invariant: the most trusted sign wins, then the field that comes first.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from skyatlas.protocols.mapping.measures import vectors

if TYPE_CHECKING:
    from skyatlas.protocols.mapping.measures import Numbers
    from skyatlas.protocols.votable import Field, Results

_SIGN = re.compile(r"(utype|ucd|name|column) ([^\[\]]+?)(?:\[(\d)\])?(?: in (\S+))?")
_VAGUE = ("", "meta", "meta.code", "meta.id", "meta.name", "meta.note", "meta.title", "id")
"""UCDs that say no more than the field's name; with any other one the name is not trusted."""
_PREFIX = re.compile(r"^(?:[a-z0-9_]*:)?(?:spectrum\.|sed\.|photometrypoint\.)?")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A native field that gives an ObsCore column, or helps to guess it."""

    field: Field
    values: Any
    """One per row; of a PARAM the same text for all."""
    unit: str
    """As the document says; what the sign takes for granted where it says none; ""."""
    element: int | None = None
    """Which element of an array this is."""

    @property
    def column(self) -> str:
        """The native column that went in whole; "" for a PARAM or an element."""
        return self.field.column if self.element is None else ""

    @property
    def words(self) -> str:
        """The field's name, and its unit."""
        element = "" if self.element is None else f"[{self.element}]"
        unit = f" ({self.unit})" if self.unit else ""
        constant = "" if self.field.column else ", the same for all rows"
        return f"{self.field.name}{element}{unit}{constant}"


class Sheet:
    """The fields and PARAMs of an answer, to be looked up by signs."""

    def __init__(self, results: Results) -> None:
        self.table = results.table
        self.rows = len(results.table)
        self.fields = results.fields
        self._vectors: dict[str, Numbers] = {}
        self._known: dict[tuple[str, str], list[Field]] = {}
        for field in results.fields:
            self._know("utype", utype(field.utype), field)
            self._know("ucd", ucd(field.ucd), field)
            self._know("column", field.name.lower(), field)
            if not field.utype and field.ucd.lower() in _VAGUE:
                self._know("name", field.name.lower(), field)
        for param in results.params:
            # By utype only: names and UCDs are also those of what was asked ("pos.eq.ra").
            if param.value and not param.name.upper().startswith("INPUT:"):
                self._know("utype", utype(param.utype), param)

    def find(self, signs: Iterable[str]) -> Iterator[Source]:
        """What fits the signs, the most trusted first."""
        for sign in signs:
            kind, text, element, usual = _read(sign)
            for field in self._known.get((kind, text), ()):
                yield self.source(field, element, field.unit.strip() or usual)

    def source(self, field: Field, element: int | None = None, unit: str = "") -> Source:
        """A field with its values."""
        values = self.table[field.column] if field.column else [field.value] * self.rows
        if element is not None:
            values = self.vectors(field)[:, element]
        return Source(field, values, unit, element)

    def vectors(self, field: Field) -> Numbers:
        """The first four numbers of every cell of arrays: shape (n, 4), NaN for gaps."""
        key = field.column or field.value
        if key not in self._vectors:
            values = self.table[field.column] if field.column else [field.value] * self.rows
            self._vectors[key] = vectors(values, 4)
        return self._vectors[key]

    def _know(self, kind: str, text: str, field: Field) -> None:
        if text:
            self._known.setdefault((kind, text), []).append(field)


def utype(text: str) -> str:
    """A utype without its model: "ssa:Access.Reference", "Spectrum.Access.Reference" …"""
    return _PREFIX.sub("", text.strip().lower())


def ucd(text: str) -> str:
    """A UCD to compare: case does not count, nor blanks, nor which word comes first after it."""
    first, *rest = re.split(r"\s*;\s*", text.strip().lower())
    return ";".join([first, *sorted(rest)])


@functools.cache
def signs(table: str) -> Mapping[str, tuple[str, ...]]:
    """A table of signs.toml: "any", "scs" or "clues"."""
    text = files("skyatlas.protocols.mapping").joinpath("signs.toml").read_text("utf-8")
    return {name: tuple(listed) for name, listed in tomllib.loads(text)[table].items()}


@functools.cache
def _read(sign: str) -> tuple[str, str, int | None, str]:
    """Kind, text to look up, element, usual unit."""
    match = _SIGN.fullmatch(sign)
    assert match is not None, sign
    kind, text, element, unit = match.groups()
    made = {"utype": utype, "ucd": ucd, "name": str.lower, "column": str.lower}[kind](text)
    return kind, made, None if element is None else int(element), unit or ""
