"""This file holds the values of a TAP service: column, foreign key and table, in VOTable's words.

Nothing here knows a service or a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Row = Mapping[str, object]

_RESERVED = frozenset({"SIZE", "TIME", "DATE", "POSITION", "VALUE", "YEAR", "SECTION", "ZONE"})
"""Words of ADQL 2.1 (section 2.1.1.3) that somebody may want for a column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table, in VOTable's words."""

    name: str
    datatype: str = "char"
    """"char" or "unicodeChar" (of any length), "short", "int", "long", "float" or "double"."""
    unit: str = ""
    ucd: str = ""
    xtype: str = ""
    utype: str = ""
    description: str = ""
    std: bool = False
    """Whether a standard asks for it."""

    @property
    def arraysize(self) -> str:
        """VOTable's arraysize: "*" for text, "" for numbers."""
        return "*" if self.is_text else ""

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.datatype in {"char", "unicodeChar"}

    @property
    def written(self) -> str:
        """As a query must write it: in quotes where the name is a word of ADQL."""
        return f'"{self.name}"' if self.name.upper() in _RESERVED else self.name


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """What rows of another table a row belongs to."""

    target: str
    """The other table's full name."""
    pairs: tuple[tuple[str, str], ...]
    """(own column, the other table's column)."""


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
    utype: str = ""
    keys: tuple[ForeignKey, ...] = ()
    indexed: frozenset[str] = frozenset()
    """Names of the columns by which it is found quickly."""

    @property
    def full_name(self) -> str:
        """As people write it: "dbo.raw"."""
        return f"{self.schema}.{self.name}"
