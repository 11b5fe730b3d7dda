"""This file reads a binary table out of a FITS file.

Invariant: a file that ends before its table does is Malformed. astropy's reader would announce that
and other oddities through the warnings filters, which threads share, and we ask in threads.
Source: FITS 4.0, sections 4 and 7.3; STILTS's cards TUCDn, TUTYPn, TXTYPn, TCOMMn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from skyatlas.protocols.votable.cells import Values, cut
from skyatlas.protocols.votable.columns import Column, table_of, with_columns
from skyatlas.protocols.votable.layout import Layout
from skyatlas.protocols.votable.results import Field, Malformed, Results

_BLOCK = 2880
_TYPES = {
    "L": "boolean",
    "X": "bit",
    "B": "unsignedByte",
    "I": "short",
    "J": "int",
    "K": "long",
    "A": "char",
    "E": "float",
    "D": "double",
    "C": "floatComplex",
    "M": "doubleComplex",
}
_WIDTHS = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_DTYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_DTYPES |= {"C": ">c8", "M": ">c16"}
_TFORM = re.compile(r"(\d*)([LXBIJKAEDCM])|[01]?([PQ])([LXBIJKAEDCM])(?:\(\d*\))?")

Header = dict[str, Any]


@dataclass(slots=True)
class _Table:
    """A binary table as the file has it."""

    header: Header
    rows: Any
    """Bytes: rows × width."""
    heap: bytes


def results_from_fits(body: bytes) -> Results:
    """The first binary table of the file. Raises Malformed."""
    table = _table(body)
    header = table.header
    fields = with_columns([_field(header, n) for n in range(1, int(header["TFIELDS"]) + 1)])
    facts = {"name": str(header.get("EXTNAME", ""))}
    return Results(table_of(fields, _columns(table), facts, "vounit"), fields=fields)


def columns_from_fits(body: bytes, expected: int) -> list[Column]:
    """The columns of the first binary table, which must be so many. Raises Malformed."""
    columns = _columns(_table(body))
    if len(columns) != expected:
        raise Malformed(f"its FITS table has {len(columns)} columns and not {expected}")
    return columns


def _field(header: Header, number: int) -> Field:
    def said(name: str) -> str:
        return str(header.get(f"{name}{number}", "")).strip()

    form = _TFORM.match(said("TFORM"))
    return Field(
        name=said("TTYPE"),
        datatype=_TYPES.get((form[2] or form[4]) if form else "", ""),
        unit=said("TUNIT"),
        ucd=said("TUCD"),
        utype=said("TUTYP"),
        xtype=said("TXTYP"),
        description=said("TCOMM"),
    )


def _table(body: bytes) -> _Table:
    at = 0
    while at < len(body):
        header, at = _header(body, at)
        try:
            axes = [int(header[f"NAXIS{n + 1}"]) for n in range(int(header.get("NAXIS", 0)))]
            size, heap = (
                int(np.prod(axes, dtype=object)) if axes else 0,
                int(header.get("PCOUNT", 0)),
            )
            size = size * abs(int(header.get("BITPIX", 8))) // 8
            if min(size, heap, *axes, 0) < 0:
                raise Malformed("its FITS table has a negative size")
            if header.get("XTENSION") == "BINTABLE":
                return _cut(header, body[at : at + size + heap], axes)
        except (KeyError, ValueError, TypeError) as error:
            raise Malformed(f"its FITS header makes no sense ({error})") from error
        at += -(-(size + heap) // _BLOCK) * _BLOCK
    raise Malformed("its FITS file has no binary table")


def _cut(header: Header, data: bytes, axes: list[int]) -> _Table:
    width, count = axes
    if len(data) < width * count + int(header.get("PCOUNT", 0)):
        raise Malformed("its FITS table is cut off")
    rows = np.frombuffer(data, np.uint8, width * count).reshape(count, width)
    return _Table(header, rows, data[int(header.get("THEAP", width * count)) :])


def _header(body: bytes, at: int) -> tuple[Header, int]:
    """The cards from there on, and where the data begin."""
    header: Header = {}
    last = ""
    for start in range(at, len(body) - 79, 80):
        card = body[start : start + 80].decode("latin-1")
        name, value = card[:8].rstrip(), card[10:]
        if name == "END":
            return header, at + -(-(start + 80 - at) // _BLOCK) * _BLOCK
        if name == "CONTINUE" and last and str(header[last]).endswith("&"):
            header[last] = str(header[last])[:-1] + str(_value(value))
        elif card[8:10] == "= ":
            header.setdefault(name, _value(value))
            last = name
    raise Malformed("its FITS header is cut off")


def _value(text: str) -> Any:
    """A card's value: text, number or truth; the text itself where it is none of them."""
    bare = text.strip()
    if bare.startswith("'"):
        quoted = re.match(r"'((?:[^']|'')*)'", bare)
        return quoted[1].replace("''", "'").rstrip() if quoted else bare[1:]
    bare = bare.partition("/")[0].strip()
    for kind in (int, float):
        try:
            return kind(bare)
        except ValueError:
            continue
    return {"T": True, "F": False}.get(bare, bare)


def _columns(table: _Table) -> list[Column]:
    columns, at = [], 0
    for number in range(1, int(table.header["TFIELDS"]) + 1):
        said = str(table.header.get(f"TFORM{number}", "")).strip()
        form = _TFORM.match(said)
        if form is None:
            raise Malformed(f"its FITS column {number} is of an unknown form ({said})")
        repeat, kind, pointer, varying = form.groups()
        count = int(repeat) if repeat else 1
        width = -(-count // 8) if kind == "X" else count * _WIDTHS[kind] if kind else 0
        if pointer:
            width = 8 if pointer == "P" else 16
        cells = np.ascontiguousarray(table.rows[:, at : at + width])
        if cells.shape[1] != width:
            raise Malformed("its FITS columns are wider than its rows")
        facts = {n: table.header.get(f"{n}{number}") for n in ("TNULL", "TSCAL", "TZERO", "TDIM")}
        name = str(table.header.get(f"TTYPE{number}", ""))
        if pointer:
            columns.append(_varying(name, varying, cells, pointer, table.heap, facts))
        else:
            columns.append(_fixed(name, kind, count, cells, facts))
        at += width
    return columns


def _fixed(name: str, kind: str, count: int, cells: Any, facts: Header) -> Column:
    shape = _shape(facts, count)
    column = Column(Layout(name, _TYPES[kind], shape=shape))
    if kind == "A":
        if len(cells) > 1 and (cells == cells[0]).all():
            column.add_same(_texts(cells[:1])[0], len(cells))
        else:
            column.add_strings(_texts(cells))
        return column
    if kind == "X":
        bits = np.unpackbits(cells, axis=1)[:, :count].astype(bool)
        values, mask = bits, np.zeros(bits.shape, dtype=bool)
    else:
        values, mask = _numbers(kind, cells.reshape(-1), facts)
    whole = (len(cells), *shape)
    column.add(values.reshape(whole), mask.reshape(whole))
    return column


def _shape(facts: Header, count: int) -> tuple[int, ...]:
    axes = [int(axis) for axis in re.findall(r"\d+", str(facts["TDIM"] or ""))]
    if axes and int(np.prod(axes, dtype=object)) == count:
        return tuple(reversed(axes))
    return () if count == 1 else (count,)


def _texts(cells: Any) -> list[str]:
    """A NUL ends a text; blanks at its end are padding (FITS 4.0, section 7.3.3)."""
    width = cells.shape[1]
    raw: list[bytes] = cells.view(f"S{width}")[:, 0].tolist() if width else [b""] * len(cells)
    joined = b"\0".join(raw)
    found = joined.decode("latin-1").split("\0")
    if len(found) != len(raw):  # a NUL within
        found = [cell.partition(b"\0")[0].decode("latin-1") for cell in raw]
    found = list(map(str.rstrip, found, repeat(" ")))
    return found if joined.isascii() else list(map(_utf8, found))


def _utf8(cell: str) -> str:
    try:
        return cell.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return cell


def _numbers(kind: str, raw: Any, facts: Header) -> Values:
    if kind == "L":
        return raw == ord("T"), (raw != ord("T")) & (raw != ord("F"))
    values = raw.view(_DTYPES[kind])
    values = values.astype(values.dtype.newbyteorder("="))
    if kind in "EDCM":
        mask = np.isnan(values)
    else:
        null = facts["TNULL"]
        mask = values == null if isinstance(null, int) else np.zeros(values.shape, dtype=bool)
    return _scaled(values, facts), mask


def _scaled(values: Any, facts: Header) -> Any:
    """TSCAL and TZERO; whole numbers stay whole, and those without a sign keep their type."""
    scale = 1 if facts["TSCAL"] is None else facts["TSCAL"]
    zero = 0 if facts["TZERO"] is None else facts["TZERO"]
    if scale == 1 and zero == 0:
        return values
    if values.dtype.kind in "iu" and scale == 1 and float(zero).is_integer():
        if zero == 2 ** (8 * values.dtype.itemsize - 1):
            return values.view(f"u{values.dtype.itemsize}") ^ np.array(
                int(zero), dtype=f"u{values.dtype.itemsize}"
            )
        return values.astype(np.int64) + int(zero)
    return values * np.float64(scale) + np.float64(zero)


def _varying(name: str, kind: str, cells: Any, pointer: str, heap: bytes, facts: Header) -> Column:
    """Cells in the heap: each is a number of elements and where they begin."""
    places = cells.view(">u4" if pointer == "P" else ">u8").astype(np.int64).reshape(-1, 2)
    column = Column(Layout(name, _TYPES[kind], variable=True))
    pieces = []
    for count, at in places.tolist():
        size = -(-count // 8) if kind == "X" else count * _WIDTHS[kind]
        if not 0 <= at <= at + size <= len(heap):
            raise Malformed("its FITS table points beyond its heap")
        pieces.append(heap[at : at + size])
    if kind == "A":
        column.add_strings(
            [_utf8(piece.decode("latin-1").partition("\0")[0].rstrip(" ")) for piece in pieces]
        )
        return column
    counts = places[:, 0].tolist()
    raw = np.frombuffer(b"".join(pieces), np.uint8)
    if kind == "X":
        bits = [
            np.unpackbits(np.frombuffer(p, np.uint8))[:n]
            for p, n in zip(pieces, counts, strict=True)
        ]
        values = np.concatenate([np.empty(0, np.uint8), *bits]).astype(bool)
        flat: Values = values, np.zeros(len(values), dtype=bool)
    else:
        flat = _numbers(kind, raw, facts)
    column.add(*cut(column.layout, flat, counts))
    return column
