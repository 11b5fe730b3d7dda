"""This file holds ObsCore's columns as the standard has them; whoever has ivoa.obscore takes them.

Units, UCDs and utypes are those of ObsCore 1.1 with its erratum of 2021 (meta.code.class).
Source: https://www.ivoa.net/documents/ObsCore/20170509/, table 6.
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import MappingProxyType

from skyatlas.sandbox.tables import Column


def _columns() -> list[tuple[Column, bool]]:
    found = []
    with Path(__file__).with_name("obscore_columns.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            column = Column(
                *(line["column"], line["datatype"], line["unit"], line["ucd"], line["xtype"]),
                *(f"obscore:{line['utype']}", line["description"], True),
            )
            found.append((column, line["needed"] == "1"))
    return found


_ALL = _columns()

STANDARD = MappingProxyType({column.name: column for column, _ in _ALL})
"""Every column that the sandbox knows of the standard, by name."""
NEEDED = tuple(column.name for column, needed in _ALL if needed)
"""Names of those that no table may leave out."""
MODEL = "ivo://ivoa.net/std/ObsCore#core-1.1"
"""The data model's identifier, as TAPRegExt 1.0 wants it declared."""
UTYPE = "ivo://ivoa.net/std/ObsCore#table-1.1"
"""Of the table itself."""
