"""This file holds an ObsCore table that is being made: its columns, and how each was come by.

Invariant: what an archive said is never overwritten by a guess, and every guess is named as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.obscore import COLUMNS, Column, conform
from skyatlas.protocols.mapping import measures
from skyatlas.protocols.mapping.fields import Sheet, Source, signs
from skyatlas.protocols.mapping.outline import shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astropy.table import Table
    from numpy.typing import NDArray

    from skyatlas.protocols.votable import Results

    Numbers = NDArray[np.float64]

SCHEMA: Mapping[str, Column] = {
    column.name: column
    for column in COLUMNS
    if column.name not in ("archive", "target", "distance")
}
"""The columns that an archive may give: all but the house's own three."""

_POSITIVE = frozenset({"em_res_power", "s_xel1", "s_xel2", "t_xel", "em_xel", "pol_xel"})
"""What cannot be zero: services write it where they do not know."""
_KINDS = {
    "spectrum": "spectrum", "spectra": "spectrum", "timeseries": "timeseries",
    "time series": "timeseries", "lightcurve": "timeseries", "light curve": "timeseries",
    "sed": "sed", "photometry": "measurements", "photometrypoint": "measurements",
    "image": "image", "cube": "cube", "spectralcube": "cube", "event": "event",
    "eventlist": "event", "visibility": "visibility", "measurements": "measurements",
    "catalog": "measurements", "echelle spectrum": "spectrum",
}  # fmt: skip
"""What services call a kind of data, in lower case, and ObsCore's word for it."""


class Draft:
    """Columns under ObsCore's names: float64 with NaN, or texts with None, for what is missing."""

    def __init__(self, results: Results) -> None:
        self.sheet = Sheet(results)
        self.columns: dict[str, Any] = {}
        self.how: dict[str, str] = {}
        self.unchanged: set[str] = set()
        """Native columns that went into an ObsCore column as they are."""

    def give(self, name: str, source: Source) -> bool:
        """Take a column from a native field; False where nothing usable stands in it."""
        values = self._read(name, source)
        if not _said(values).any():
            return False
        self.columns[name] = values
        unit = SCHEMA[name].unit
        turned = f" → {unit}" if source.unit and unit and source.unit != unit else ""
        self.how[name] = f"given: {source.words}{turned}"
        if source.column and _same(values, source.values):
            self.unchanged.add(source.column)
        return True

    def set(self, name: str, value: str) -> None:
        """One value, which somebody vouches for, in every row."""
        self.columns[name] = self._typed(name, [value] * self.sheet.rows)
        self.how[name] = f"given: {value}, the same for all rows"

    def lack(self, name: str, why: str) -> None:
        """Leave a column empty, for a reason, whatever might be guessed."""
        self.columns.pop(name, None)
        self.how[name] = f"missing: {why}"

    def guess(self, name: str, values: Any, words: str) -> None:
        """Fill the gaps of a column; `words` say from what."""
        if self.how.get(name, "").startswith("missing"):
            return
        said = _said(values)
        if name not in self.columns:
            if said.any():
                self.columns[name] = values
                self.how[name] = f"guessed: {words}"
            return
        gaps = ~_said(self.columns[name]) & said
        if gaps.any():
            self.columns[name] = np.where(gaps, values, self.columns[name])
            if words not in self.how[name]:
                self.how[name] += f"; guessed where it says nothing: {words}"

    def numbers(self, name: str) -> Numbers:
        """A column of numbers; NaN where it is missing."""
        if name in self.columns:
            return np.asarray(self.columns[name], dtype=np.float64)
        return np.full(self.sheet.rows, np.nan)

    def texts(self, name: str) -> Any:
        """A column of texts, an object array; None where it is missing."""
        if name in self.columns:
            return self.columns[name]
        return np.full(self.sheet.rows, None, dtype=object)

    def clue(self, name: str) -> Source | None:
        """The first field of signs.toml's clues in which something stands."""
        found = self.sheet.find(signs("clues")[name])
        return next((source for source in found if any(map(_text, plain(source.values)))), None)

    def metres(self, source: Source) -> Numbers:
        """Wavelengths; SIA 1 may put their unit into a column of its own."""
        units = None if source.unit else self.clue("bandpass_unit")
        if units is None:
            return measures.wavelengths(source.values, source.unit)
        texts = _array([text or "" for text in plain_texts(units.values)])
        found = np.full(self.sheet.rows, np.nan)
        for unit in set(texts.tolist()):
            here = texts == unit
            found[here] = measures.wavelengths(np.ma.asarray(source.values)[here], unit)
        return found

    def table(self, archive: str, query: Any) -> Table:
        """The ObsCore table."""
        fields: dict[str, Any] = dict.fromkeys(SCHEMA)
        for name, values in self.columns.items():
            fields[name] = _giver(values)
        fields |= {"archive": lambda table: np.full(len(table), archive), "target": None}
        return conform(self.sheet.table, {**fields, "distance": None}, query=query)

    def _read(self, name: str, source: Source) -> Any:
        if name in ("s_ra", "s_dec"):
            return _angles(name, measures.converted(source.values, source.unit, "deg"))
        if name in ("em_min", "em_max"):
            return self.metres(source)
        return self._typed(name, source.values, source)

    def _typed(self, name: str, values: Any, source: Source | None = None) -> Any:
        column = SCHEMA[name]
        unit = source.unit if source else ""
        xtype = source.field.xtype if source else ""
        if name == "s_region":
            return _array([shape(cell, xtype) for cell in plain(values)])
        if name == "dataproduct_type":
            return _array([_kind(text) for text in plain_texts(values)])
        if name == "data_rights":
            return _array([text and text.lower() for text in plain_texts(values)])
        if name == "obs_release_date":
            return _array([measures.release(text) for text in plain_texts(values)])
        if column.dtype == "str":
            return _array(plain_texts(values))
        if column.unit == "kbyte":
            return measures.kbytes(values, unit, "kbyte")
        if column.unit == "d":
            return measures.dates(values, unit, xtype)
        if column.unit == "m":
            return measures.wavelengths(values, unit)
        read = measures.converted(values, unit, column.unit) if column.unit else (
            measures.numbers(values)
        )  # fmt: skip
        if name == "s_pixel_scale":
            return np.abs(read)  # VOX:Image_Scale has signs
        return np.where(read > 0, read, np.nan) if name in _POSITIVE else read


def plain(values: Any) -> list[Any]:
    """Cells as Python values, lists or numpy arrays; None where masked."""
    if isinstance(values, list):
        return values
    mask = np.ma.getmaskarray(values)
    cells: list[Any] = np.ma.getdata(values).tolist()
    if not mask.any():
        return cells
    hidden = np.all(mask.reshape(len(cells), -1), axis=1).tolist()
    if values.ndim > 1:  # an array in every cell; some of its numbers may be masked
        cells = np.ma.array(np.ma.getdata(values), mask=mask).tolist()
    return [None if gone else cell for cell, gone in zip(cells, hidden, strict=True)]


def shortest(values: Any) -> Any:
    """A column of 32-bit floats as the decimals that it was read from: 13.755, not 13.7550001."""
    column = np.ma.asarray(values)
    if column.dtype != np.float32:
        return values
    texts = np.ma.getdata(column).astype("U32")
    return np.ma.array(texts.astype(np.float64), mask=np.ma.getmaskarray(column))


def plain_texts(values: Any) -> list[str | None]:
    """Cells as texts; None where masked, empty, or not a number."""
    return [cell if type(cell) is str and cell else _text(cell) for cell in plain(values)]


def _text(cell: Any) -> str | None:
    if cell is None or cell is np.ma.masked or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, np.ndarray | list):
        return " ".join(str(one) for one in np.ravel(cell).tolist()) or None
    return (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)) or None


def _array(cells: list[Any]) -> Any:
    made = np.empty(len(cells), dtype=object)
    made[:] = cells
    return made


def _giver(values: Any) -> Any:
    return lambda _: np.ma.masked_where(~_said(values), values)


def _said(values: Any) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([cell is not None for cell in values.tolist()], dtype=bool)
    return np.asarray(~np.isnan(values))


def _same(values: Any, native: Any) -> bool:
    """Whether the column went in as it is: its texts, or its numbers."""
    if values.dtype == object:
        return bool(values.tolist() == plain_texts(native))
    column = np.ma.asarray(native)
    if column.dtype.kind not in "fiu":
        return False
    return bool(np.array_equal(values, measures.numbers(column), equal_nan=True))


def _kind(text: str | None) -> str | None:
    word = (text or "").strip().lower()
    return _KINDS.get(word.rpartition("#")[2] if word.startswith(("#", "http")) else word, text)


def _angles(name: str, values: Numbers) -> Numbers:
    """Coordinates; what is no place on the sky is missing."""
    if name == "s_dec":
        return np.where(np.abs(values) <= 90.0, values, np.nan)
    return np.where((values >= -180.0) & (values <= 360.0), values % 360.0, np.nan)
