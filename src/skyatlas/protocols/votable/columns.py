"""This file gathers the values of each column piece by piece and makes the table of them.

Invariant: a column has the type that its FIELD declares (wider only where a value would be cut).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.protocols.votable.cells import SPACE, Values, objects, values_of
from skyatlas.protocols.votable.layout import DTYPES, Layout

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.protocols.votable.results import Field

_SAMPLE = 5000
"""Texts after which it is decided whether a column repeats itself."""

_MANY = 10_000
"""Cells after which pyarrow is loaded for the numbers that follow: that takes 60 ms, which ten
columns of 25,000 more cells save."""


def _at_hand() -> bool:
    """Whether somebody has loaded what reads many numbers."""
    return "pyarrow.compute" in sys.modules


class Column:
    """The cells of one column so far."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._values: list[Any] = []
        self._masks: list[Any] = []
        self._known: dict[str, str] | None = {} if layout.text else None
        self._rows = self._shared_so_far = 0

    def add(self, values: Any, mask: Any) -> None:
        """Cells, with their mask."""
        self._values.append(values)
        self._masks.append(mask)

    def add_texts(self, texts: Sequence[str]) -> None:
        """Cells as TABLEDATA has them. Raises Malformed."""
        if self.layout.text and _all_same(texts):
            self.add_same(texts[0].strip(SPACE), len(texts))
            return
        values, mask = values_of(self.layout, texts, many=self._rows >= _MANY or _at_hand())
        self._rows += len(texts)
        self.add(self._shared(values) if self.layout.text else values, mask)

    def add_strings(self, texts: Sequence[str]) -> None:
        """Cells of a text column, as they are."""
        self.add(self._shared(objects(texts)), np.zeros(len(texts), dtype=bool))

    def add_same(self, text: str, count: int) -> None:
        """Cells of a text column that all hold the same."""
        values = np.empty(count, dtype=object)
        values[:] = text if self._known is None else self._known.setdefault(text, text)
        self.add(values, np.zeros(count, dtype=bool))

    def _shared(self, texts: Any) -> Any:
        """Equal texts once in memory: most ObsCore columns hold a handful of words."""
        known = self._known
        if known is None:
            return texts
        texts = objects(list(map(known.setdefault, texts, texts)))
        self._shared_so_far += len(texts)
        if self._shared_so_far >= _SAMPLE and len(known) > self._shared_so_far // 4:
            self._known = None
        return texts

    def whole(self) -> Values:
        """All cells; the pieces are let go."""
        values, masks = self._values, self._masks
        self._values, self._masks = [], []
        if not values:
            layout = self.layout
            dtype = object if layout.variable else DTYPES[layout.datatype]
            shape = (0,) if dtype is object or layout.text else (0, *layout.shape)
            return np.empty(shape, dtype=dtype), np.zeros(shape, dtype=bool)
        if len(values) == 1:
            return values[0], masks[0]
        return np.concatenate(values), np.concatenate(masks)


def _all_same(texts: Sequence[str]) -> bool:
    """Whether a piece of a column is one text: in many columns of an answer it is."""
    count = len(texts)
    same = count > 1 and texts[0] == texts[-1] == texts[count // 2]
    return same and texts.count(texts[0]) == count


def with_columns(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields with the name of their column: where names repeat, 2, 3 … is put behind."""
    taken: set[str] = set()
    named = []
    for place, field in enumerate(fields, start=1):
        stem = name = field.name or f"col{place}"
        number = 2
        while name in taken:
            name = f"{stem}{number}"
            number += 1
        taken.add(name)
        named.append(replace(field, column=name))
    return tuple(named)


def table_of(
    fields: Sequence[Field], columns: Sequence[Column], meta: dict[str, str], dialect: str
) -> Table:
    """The table; `fields` have their `column`. `dialect`: "cds" or "vounit", of the units."""
    from astropy.table import MaskedColumn, Table

    made = []
    for field, column in zip(fields, columns, strict=True):
        data, mask = column.whole()
        facts = {"ucd": field.ucd, "utype": field.utype, "xtype": field.xtype}
        made.append(
            MaskedColumn(
                np.ma.array(data, mask=mask, copy=False),
                name=field.column,
                unit=unit_of(field.unit, dialect),
                description=field.description or None,
                meta={name: text for name, text in facts.items() if text},
                copy=False,
            )
        )
    return Table(made, meta={name: text for name, text in meta.items() if text}, copy=False)


@lru_cache(maxsize=512)
def unit_of(text: str, dialect: str) -> Any:
    """The unit; where nobody knows it, astropy's UnrecognizedUnit, which keeps the text.

    VOUnits deprecates angstrom, erg, barn, gauss and barye, and astropy warns of each. A warning
    can only be kept from threads' shared filters by not letting it come: these go in CDS's dialect
    or astropy's own, which know them too.
    """
    import re

    import astropy.units as u

    if not text:
        return None
    tries = [dialect]
    if dialect == "vounit" and re.search(r"[Aa]ngstrom|erg|barn|(?<![a-z])\w{0,2}G|Ba", text):
        text = text.replace("angstrom", "Angstrom")
        tries = ["cds"] if text.count("/") > 1 else ["cds", "generic"]
    for one in tries:
        try:
            unit = u.Unit(text, format=one, parse_strict="silent")
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            continue
        if not isinstance(unit, u.UnrecognizedUnit):
            return unit
    return u.UnrecognizedUnit(text)
