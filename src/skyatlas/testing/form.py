"""This file checks the form of an answer: columns, types, units, values, addresses.

Invariant: what fails is an AssertionError that says what is wrong, in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.model import KINDS, Product
from skyatlas.obscore import COLUMNS, said
from skyatlas.observations import Observations

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["check_form", "check_product", "check_values", "rows_of"]

_RANGES: Mapping[str, tuple[float, float]] = {
    "s_ra": (0, 360),
    "s_dec": (-90, 90),
    "s_fov": (0, 360),
    "s_resolution": (0, 36_000),  # arcsec: 10 degrees
    "calib_level": (-1, 4),
    "t_min": (-30_000, 100_000),  # MJD: the years 1776 to 2132
    "t_max": (-30_000, 100_000),
    "t_exptime": (0, 1e10),
    "em_min": (1e-20, 1e3),  # m: TeV gamma rays to the longest radio waves
    "em_max": (1e-20, 1e3),
    "access_estsize": (0, 1e12),  # kbyte
}


def rows_of(found: Observations) -> list[str]:
    """The rows as texts, in an order of their own, to be compared."""
    rows: list[dict[str, Any]] = found.to_json()["observations"]
    return sorted(str(sorted(row.items())) for row in rows)


def check_form(table: Table, queries: int) -> None:
    """Every column with its type and unit; every row of one of so many `queries`."""
    from astropy import units as u

    kinds = {"str": "U", "float": "f", "int": "i"}
    for column in COLUMNS:
        assert column.name in table.colnames, f"the column {column.name} is missing; use conform()"
        found = table[column.name]
        assert found.dtype.kind == kinds[column.dtype], f"{column.name} is {found.dtype}"
        unit = u.Unit(column.unit) if column.unit else None
        assert found.unit == unit, f"{column.name} is in {found.unit}, not in {unit}"
    asked = np.asarray(table["query"])
    assert asked.dtype.kind == "i", "the column query holds no whole numbers"
    assert all(0 <= number < queries for number in asked), f"query is {sorted(set(asked))}"


def check_values(row: Any) -> None:
    """No value of a row is one that only another unit explains."""
    for name, (least, most) in _RANGES.items():
        value = said(row, name)
        assert value is None or least <= value <= most, f"{name} = {value} makes no sense"
    for low, high in (("t_min", "t_max"), ("em_min", "em_max")):
        ends = said(row, low), said(row, high)
        assert None in ends or ends[0] <= ends[1], f"{low}, {high} = {ends} are reversed"
    kind = said(row, "dataproduct_type")
    assert kind is None or kind in KINDS, f"{kind!r} is no kind of ObsCore"


def check_product(one: Product, archive: str) -> None:
    """A product has an address, an owner, and a folder that does not lead out."""
    assert one.url.startswith(("http://", "https://")), f"{one.url!r} is no address"
    assert one.archive == archive, f"{one.url} says that it is of {one.archive!r}"
    parts = one.folder.replace("\\", "/").split("/")
    assert not one.folder.startswith("/"), f"the folder {one.folder} is not relative"
    assert ".." not in parts, f"the folder {one.folder} leads out"
