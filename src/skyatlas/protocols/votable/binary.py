"""This file reads the rows of BINARY and BINARY2 as they come, in pieces of any length.

Invariant: a row is taken when all of it is there; bytes that are left at the end are Malformed.
Source: VOTable 1.5, sections 5.3 and 5.4. The count before a cell of varying length is that of all
its elements, also for arrays of arrays, as STILTS has it; astropy counts along the slowest axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skyatlas.protocols.votable.cells import Values, cut, missing
from skyatlas.protocols.votable.columns import Column
from skyatlas.protocols.votable.layout import DTYPES, Layout
from skyatlas.protocols.votable.places import Places
from skyatlas.protocols.votable.results import Malformed

_WIDTHS = {"char": 1, "unicodeChar": 2, "boolean": 1}
"""Bytes of an element where numpy's type does not say it; bits are eight to a byte."""

_AT_ONCE = 3 << 17
"""Bytes of rows that are cut into columns at a time: each column has its own costs, too."""

_TRUE = np.frombuffer(b"Tt1", np.uint8)
_FALSE = np.frombuffer(b"Ff0", np.uint8)


@dataclass(slots=True)
class _Run:
    """Cells of fixed length that stand side by side, and the cell of varying length behind them."""

    width: int
    """Bytes of the fixed cells."""
    fixed: list[tuple[int, int, int]] = field(default_factory=list)
    """(column, offset, bytes) of each fixed cell."""
    varying: int | None = None
    """Column of the cell behind; None in the last run."""
    element: int = 0
    """Bytes of its elements; 0 for bits."""


def _bytes(layout: Layout) -> int:
    """Length of a fixed cell."""
    if layout.datatype == "bit":
        return (layout.size + 7) // 8
    width = _WIDTHS.get(layout.datatype) or np.dtype(DTYPES[layout.datatype]).itemsize
    return layout.size * width


class BinaryRows:
    """The rows of one table."""

    def __init__(self, columns: Sequence[Column], *, flags: bool) -> None:
        """`flags`: BINARY2, each row begins with one bit per column, set where it has no value."""
        for column in columns:
            if not column.layout.known:
                raise Malformed(f"column {column.layout.name} is of a type that nobody knows")
        self.columns = columns
        self._flags = (len(columns) + 7) // 8 if flags else 0
        self._runs = self._planned()
        steps = [(run.width, run.element) for run in self._runs[:-1]]
        self._places = Places(steps, self._runs[-1].width)
        self._pieces: list[bytes] = []
        self._have = 0
        self._need = 1

    def _planned(self) -> list[_Run]:
        runs = [_Run(self._flags)]
        for number, column in enumerate(self.columns):
            layout, run = column.layout, runs[-1]
            if layout.variable:
                run.varying = number
                if layout.datatype != "bit":
                    run.element = _bytes(layout.scalar())
                runs.append(_Run(0))
                continue
            width = _bytes(layout)
            run.fixed.append((number, run.width, width))
            run.width += width
        return runs

    def feed(self, data: bytes) -> None:
        """Take the rows that are whole with these bytes. Raises Malformed."""
        self._pieces.append(data)
        self._have += len(data)
        if self._have >= max(self._need, _AT_ONCE):
            self._cut()

    def _cut(self) -> None:
        """Take the rows that are whole by now."""
        body = b"".join(self._pieces)
        found = self._places.find(body)
        if found.rows:
            self._take(body, found.begins, found.rows)
        self._pieces = [body[found.end :]]
        self._have = len(body) - found.end
        self._need = max(found.need - found.end, self._have + 1)

    def close(self) -> None:
        """Nothing more comes. Raises Malformed."""
        if self._have >= self._need:
            self._cut()
        if self._have:
            raise Malformed(f"its last row is cut off ({self._have} bytes are left)")

    def _take(self, body: bytes, marks: Any, rows: int) -> None:
        """Cut the cells of whole rows out of the bytes, column by column."""
        raw = np.frombuffer(body, np.uint8)
        text = body.decode("latin-1")
        counts = [self._counts(raw, marks[:, k]) for k in range(len(self._runs) - 1)]
        anchors = self._anchors(marks, counts, rows)
        flags = None
        for k, (run, anchor) in enumerate(zip(self._runs, anchors, strict=True)):
            block = _gathered(raw, anchor, run.width)
            if k == 0 and self._flags:
                flags = np.unpackbits(block[:, : self._flags], axis=1).astype(bool)
            for number, offset, width in run.fixed:
                column = self.columns[number]
                if column.layout.text:
                    begins = anchor + offset
                    _add_texts(column, body, text, begins, begins + width)
                    continue
                cell = np.ascontiguousarray(block[:, offset : offset + width])
                self._add(number, _fixed(column.layout, cell), flags)
            if run.varying is not None:
                column = self.columns[run.varying]
                begins, count = marks[:, k], counts[k]
                if column.layout.text:
                    _add_texts(column, body, text, begins, begins + count * run.element)
                else:
                    self._add(run.varying, _varying(column.layout, body, begins, count), flags)

    def _add(self, number: int, cells: Values, flags: Any) -> None:
        values, mask = cells
        if flags is not None:
            flag = flags[:, number]
            mask = mask | flag.reshape(-1, *(1,) * (mask.ndim - 1))
        self.columns[number].add(values, mask)

    @staticmethod
    def _counts(raw: Any, begins: Any) -> Any:
        return _gathered(raw, begins - 4, 4).view(">u4")[:, 0].astype(np.int64)

    def _anchors(self, marks: Any, counts: list[Any], rows: int) -> list[Any]:
        """Where each run begins, by row."""
        ends = [
            marks[:, k] + (count * run.element if run.element else (count + 7) // 8)
            for k, (count, run) in enumerate(zip(counts, self._runs, strict=False))
        ]
        last = self._runs[-1].width
        if not ends:
            return [np.arange(rows) * last]
        first = np.concatenate(([0], ends[-1][:-1] + last))
        return [first, *ends]


def _gathered(raw: Any, begins: Any, width: int) -> Any:
    """`width` bytes from each place: an array of rows × width."""
    if not width:
        return np.empty((len(begins), 0), dtype=np.uint8)
    return np.lib.stride_tricks.sliding_window_view(raw, width)[begins]


def _fixed(layout: Layout, cell: Any) -> Values:
    shape = (len(cell), *layout.shape)
    if layout.datatype == "bit":
        bits = np.unpackbits(cell, axis=1)[:, : layout.size].astype(bool)
        if not layout.shape:
            bits = cell.any(axis=1)  # 0x80 by the standard, 0x08 by astropy
        return bits.reshape(shape), np.zeros(shape, dtype=bool)
    values, mask = _elements(layout, cell.reshape(-1))
    return values.reshape(shape), mask.reshape(shape)


def _elements(layout: Layout, raw: Any) -> Values:
    """Numbers and booleans from their bytes."""
    if layout.datatype == "boolean":
        true, false = np.isin(raw, _TRUE), np.isin(raw, _FALSE)
        return true, ~(true | false)
    dtype = np.dtype(DTYPES[layout.datatype])
    return missing(layout, raw.view(dtype.newbyteorder(">")).astype(dtype))


def _varying(layout: Layout, body: bytes, begins: Any, counts: Any) -> Values:
    bits = layout.datatype == "bit"
    width = _bytes(layout.scalar())
    ends = begins + ((counts + 7) // 8 if bits else counts * width)
    pieces = [body[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]
    raw = np.frombuffer(b"".join(pieces), np.uint8)
    if not bits:
        return cut(layout, _elements(layout.scalar(), raw), counts.tolist())
    every = np.unpackbits(raw).astype(bool)
    at, kept = 0, []
    for piece, count in zip(pieces, counts.tolist(), strict=True):
        kept.append(every[at : at + count])
        at += 8 * len(piece)
    flat = np.concatenate(kept)
    return cut(layout, (flat, np.zeros(len(flat), dtype=bool)), counts.tolist())


def _same(body: bytes, begins: Any, ends: Any) -> Any:
    """Whether all cells have the same bytes: in many columns of an answer they have."""
    width = int(ends[0] - begins[0])
    if not (ends - begins == width).all():
        return False
    block = _gathered(np.frombuffer(body, np.uint8), begins, width)
    return (block == block[0]).all()


def _add_texts(column: Column, body: bytes, text: str, begins: Any, ends: Any) -> None:
    if len(begins) > 1 and _same(body, begins, ends):
        (cell,) = _texts(column.layout, body, text, begins[:1], ends[:1])
        column.add_same(cell, len(begins))
    else:
        column.add_strings(_texts(column.layout, body, text, begins, ends))


def _texts(layout: Layout, body: bytes, text: str, begins: Any, ends: Any) -> list[str]:
    """The texts between places; a NUL ends a text of fixed length."""
    places = zip(begins.tolist(), ends.tolist(), strict=True)
    if layout.datatype == "unicodeChar":
        cells = _utf16([body[a:b] for a, b in places], layout)
    else:
        cells = [text[a:b] for a, b in places]
        if not "".join(cells).isascii():
            cells = [_utf8(cell) for cell in cells]
    if layout.variable:
        return cells
    return [cell.partition("\0")[0] for cell in cells] if "\0" in "".join(cells) else cells


def _utf8(cell: str) -> str:
    """What services put into char beyond ASCII is UTF-8 (so says VOTable 1.6), or Latin-1."""
    try:
        return cell.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return cell


def _utf16(cells: list[bytes], layout: Layout) -> list[str]:
    joined = b"".join(cells)
    try:
        text = joined.decode("utf-16-be")
        if 2 * len(text) != len(joined):  # characters beyond the first 65,536 take two
            return [cell.decode("utf-16-be") for cell in cells]
    except UnicodeDecodeError as error:
        raise Malformed(f"column {layout.name} has a cell that is no UTF-16") from error
    ends = np.cumsum([len(cell) // 2 for cell in cells]).tolist()
    return [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
