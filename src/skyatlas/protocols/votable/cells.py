"""This file turns the texts of TABLEDATA's cells into values, a whole column at a time.

Invariant: a value comes out as the text has it, or masked where the text says that there is none;
a text that cannot be a value of an integer, boolean or complex column is Malformed, never guessed.
Source: VOTable 1.5, section 5.1 and 6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

from skyatlas.protocols.votable.layout import DTYPES, Layout
from skyatlas.protocols.votable.results import Malformed

Values = tuple[Any, Any]
"""(values, mask): arrays of the same length; of objects where cells are texts or vary in length."""

SPACE = " \t\r\n"
"""XML's white space."""

_GAP = re.compile(r"\s*,\s*|\s+")
"""Between the elements of an array: commas are not allowed and not rare."""

_BOOLEANS = {
    **dict.fromkeys(("true", "t", "1"), True),
    **dict.fromkeys(("false", "f", "0"), False),
    **dict.fromkeys(("", "?", "\0", "null"), None),
}


def values_of(layout: Layout, texts: Sequence[str], *, many: bool = False) -> Values:
    """The values of a column's cells; `many`: they come from a long table. Raises Malformed."""
    if layout.text:
        cells = objects(list(map(str.strip, texts, repeat(SPACE))))
        return cells, np.zeros(len(cells), dtype=bool)
    if layout.variable:
        return _variable(layout, texts)
    if layout.shape:
        return _arrays(layout, texts)
    if many and layout.datatype in ("float", "double"):
        return _of_doubles(layout, _doubles_by_arrow(texts))
    return _scalars(layout, texts)


def objects(values: Sequence[Any]) -> Any:
    """An array of Python objects, one per element, whatever they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _scalars(layout: Layout, texts: Sequence[str]) -> Values:
    if layout.datatype in ("float", "double"):
        return _floats(layout, texts)
    if layout.datatype in ("boolean", "bit"):
        return _booleans(layout, texts)
    if layout.datatype in ("floatComplex", "doubleComplex"):
        return _complexes(layout, texts)
    return _integers(layout, texts)


def _floats(layout: Layout, texts: Sequence[str]) -> Values:
    return _of_doubles(layout, _doubles(texts))


def _of_doubles(layout: Layout, data: Any) -> Values:
    with np.errstate(over="ignore"):  # beyond float32 is infinity, as in every other reader
        return missing(layout, data.astype(DTYPES[layout.datatype], copy=False))


def _doubles_by_arrow(texts: Sequence[str]) -> Any:
    """The same numbers in a fifth of the time, where pyarrow is installed and understands them.

    Python takes 300 ns for the seventeen digits of a coordinate: half of the time of a row.
    """
    try:
        import pyarrow as pa
    except ImportError:
        return _doubles(texts)
    try:
        known = [text or None for text in texts] if "" in texts else texts
        cells = pa.array(known, pa.string())
        return cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowException:  # what only Python reads: blanks, "null"
        return _doubles(texts)


def _doubles(texts: Sequence[str]) -> Any:
    try:
        data = [float(text) if text else math.nan for text in texts]
    except ValueError:
        data = [_float(text) for text in texts]
    return np.array(data, dtype=np.float64)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # IRSA writes "null"
        return math.nan


def missing(layout: Layout, data: Any) -> Values:
    """Mask what stands for "no value": NaN, and what VALUES calls null."""
    null = null_of(layout)
    mask = np.isnan(data) if data.dtype.kind in "fc" else np.zeros(data.shape, dtype=bool)
    return data, mask if null is None else mask | (data == null)


def null_of(layout: Layout) -> Any:
    """VALUES null as a number; None where there is none, or where it is no such number."""
    if not layout.null or layout.datatype in ("boolean", "bit"):
        return None
    dtype = np.dtype(DTYPES[layout.datatype])
    try:
        if dtype.kind in "fc":
            with np.errstate(over="ignore"):
                return dtype.type(
                    _complex(layout.null) if dtype.kind == "c" else float(layout.null)
                )
        return _integer(layout.null)
    except ValueError:
        return None


def _integers(layout: Layout, texts: Sequence[str]) -> Values:
    empty: Any = False
    try:
        try:
            data = np.array([int(text) if text else 0 for text in texts], dtype=np.int64)
            if "" in texts:
                empty = np.array([not text for text in texts], dtype=bool)
        except ValueError:
            found = [_integer(text) for text in texts]
            data = np.array([one or 0 for one in found], dtype=np.int64)
            empty = np.array([one is None for one in found], dtype=bool)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"column {layout.name} has a cell that is no integer ({error})") from error
    values, mask = missing(layout, _narrow(data, DTYPES[layout.datatype]))
    return values, mask | empty


def _narrow(data: Any, dtype: str) -> Any:
    """As the document has it, unless numbers would be cut: then as int64."""
    kept = data.astype(dtype)
    return kept if np.array_equal(kept, data) else data


def _integer(text: str) -> int | None:
    bare = text.strip().lower()
    if bare in ("", "nan", "null"):
        return None
    return int(bare, 0) if bare.startswith("0x") else int(bare)


def _booleans(layout: Layout, texts: Sequence[str]) -> Values:
    try:
        found = [_BOOLEANS[text.strip(SPACE).lower()] for text in texts]
    except KeyError as error:
        raise Malformed(f"column {layout.name} has a cell that is no boolean ({error})") from error
    return np.array([bool(one) for one in found], dtype=bool), objects(found) == None  # noqa: E711


def _complexes(layout: Layout, texts: Sequence[str]) -> Values:
    try:
        data = np.array([_complex(text) for text in texts], dtype=np.complex128)
    except ValueError as error:
        raise Malformed(f"column {layout.name} has a cell that is no complex number") from error
    with np.errstate(over="ignore"):
        return missing(layout, data.astype(DTYPES[layout.datatype]))


def _complex(text: str) -> complex:
    bare = text.strip()
    if bare.lower() in ("", "nan"):
        return complex(math.nan, math.nan)
    real, imaginary = _GAP.split(bare)
    return complex(float(real), float(imaginary))


def _parts(layout: Layout, text: str) -> list[str]:
    """The elements of a cell; a complex element is two numbers with a blank between."""
    bare = text.strip()
    if not bare:
        return []
    if layout.datatype == "bit":
        return list(_GAP.sub("", bare))
    parts = _GAP.split(bare)
    if layout.datatype in ("floatComplex", "doubleComplex"):
        return list(map(" ".join, zip(parts[::2], parts[1::2], strict=len(parts) % 2 == 0)))
    return parts


def _arrays(layout: Layout, texts: Sequence[str]) -> Values:
    """Cells of one shape: what is missing at the end is masked, what is too much is left out."""
    size = layout.size
    parts: list[str] = []
    for text in texts:
        found = _parts(layout, text)[:size]
        parts += found
        parts += [""] * (size - len(found))
    values, mask = _scalars(layout.scalar(), parts)
    shape = (len(texts), *layout.shape)
    return values.reshape(shape), mask.reshape(shape)


def _variable(layout: Layout, texts: Sequence[str]) -> Values:
    lists = [_parts(layout, text) for text in texts]
    parts = [part for found in lists for part in found]
    return cut(layout, _scalars(layout.scalar(), parts), [len(found) for found in lists])


def cut(layout: Layout, flat: Values, lengths: Sequence[int]) -> Values:
    """Cells that differ in length: one masked array for each, from the elements of all."""
    values, mask = flat
    cells, at, size = [], 0, layout.size
    for length in lengths:
        if size == 0 or length % size:
            raise Malformed(f"column {layout.name} has a cell with half a row of its array")
        shape = (length // size, *layout.shape)
        end = at + length
        cells.append(np.ma.array(values[at:end].reshape(shape), mask=mask[at:end].reshape(shape)))
        at = end
    return objects(cells), np.zeros(len(cells), dtype=bool)
