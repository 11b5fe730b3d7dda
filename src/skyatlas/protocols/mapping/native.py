"""This file keeps what an archive said beyond ObsCore: each row's other fields as one JSON text.

Invariant: nothing that was said is lost; fields that are empty are left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Set
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.protocols.mapping.draft import plain, shortest
from skyatlas.protocols.mapping.measures import listed

if TYPE_CHECKING:
    from astropy.table import Table


def records(table: Table, leave_out: Set[str]) -> list[str]:
    """One JSON object per row, of all columns but those; "{}" for a row with nothing more."""
    # Column by column, since a row of a table costs as much as a hundred cells.
    parts = [
        list(_pairs(name, plain(shortest(table[name]))))
        for name in table.colnames
        if name not in leave_out
    ]
    if not parts:
        return ["{}"] * len(table)
    return ["{" + ", ".join(filter(None, row)) + "}" for row in zip(*parts, strict=True)]


def _pairs(name: str, cells: list[Any]) -> Iterator[str]:
    key = encode_basestring(name) + ": "
    for cell in cells:
        kind = type(cell)
        if kind is str:
            yield key + encode_basestring(cell) if cell else ""
        elif kind is float:
            yield key + repr(cell) if math.isfinite(cell) else ""
        elif kind is int:
            yield key + repr(cell)
        elif isinstance(cell, np.ndarray) and cell.dtype.kind in "fiu":
            yield from _numbers(key, repr(listed(cell)), cell)
        else:
            value = _json(cell)
            yield "" if value is None else key + json.dumps(value, ensure_ascii=False)


def _numbers(key: str, text: str, cell: Any) -> Iterator[str]:
    """An array of numbers; only "nan", "inf" and "None" have an n, and are not JSON."""
    if "n" in text:
        value = _json(cell)
        text = "" if value is None else json.dumps(value)
    yield key + text if text else ""


def _json(cell: Any) -> Any:
    """A cell in JSON's own kinds; None for what is masked, empty or no number."""
    if cell is None or cell is np.ma.masked:
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace") or None
    if isinstance(cell, np.ndarray | np.generic):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        values = [_json(one) for one in cell]
        return None if all(value is None for value in values) else values
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, complex):
        return [cell.real, cell.imag]
    return cell if isinstance(cell, bool | int | str) else str(cell)
