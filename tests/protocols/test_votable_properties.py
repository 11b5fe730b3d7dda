"""Tables of all datatypes, written in every form: the same values come out of each."""

from __future__ import annotations

import contextlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from votable_agreeing import astropys, differences
from votable_writing import Written, binary, tabledata

from skyatlas.errors import Broken, Unreadable
from skyatlas.protocols.votable import answer, results_in

INTEGERS = {"unsignedByte": 8, "short": 16, "int": 32, "long": 64}
FLOATS = {"float": 32, "double": 64}
# XML knows no control characters; NUL ends a text of fixed length; readers strip the ends.
CHARS = st.characters(min_codepoint=32, max_codepoint=126)
LETTERS = st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn", "Zs", "Zl", "Zp"))


def elements(datatype: str) -> st.SearchStrategy[Any]:
    if datatype in INTEGERS:
        bits = INTEGERS[datatype]
        low, high = (0, 2**bits) if datatype == "unsignedByte" else (-(2 ** (bits - 1)),) * 2
        high = high if high > 0 else -low
        # The lowest is kept for null.
        return st.integers(low + 1, high - 1)
    if datatype in FLOATS:
        return st.floats(width=FLOATS[datatype], allow_nan=False)
    if datatype in ("boolean", "bit"):
        return st.booleans()
    width = 64 if datatype == "floatComplex" else 128
    return st.complex_numbers(width=width, allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw: st.DrawFn, rows: int, number: int) -> Written:
    kinds = (*INTEGERS, *FLOATS, "boolean", "bit", "floatComplex", "doubleComplex")
    datatype = draw(st.sampled_from((*kinds, "char", "unicodeChar")))
    name = f"c{number}"
    if datatype in ("char", "unicodeChar"):
        size = draw(st.sampled_from(("*", "9*", "9")))
        letters = CHARS if datatype == "char" else LETTERS
        # Beyond the first 65,536 a character takes two of UTF-16's units.
        texts = st.text(letters, max_size=9 if size == "*" else 4).map(lambda t: t.strip())
        cells = draw(st.lists(texts, min_size=rows, max_size=rows))
        return Written(name, datatype, size, tuple(cells), 9)
    null = ""
    if datatype in INTEGERS and draw(st.booleans()):
        null = "0" if datatype == "unsignedByte" else str(-(2 ** (INTEGERS[datatype] - 1)))
    size, count = draw(st.sampled_from((("", 1), ("3", 3), ("2x3", 6), ("*", 0), ("2x*", 2))))
    one = elements(datatype)
    if size.endswith("*"):
        lists = st.lists(one, max_size=4).map(lambda x: x[: len(x) - len(x) % (count or 1)])
        cells = draw(st.lists(lists, min_size=rows, max_size=rows))
        return Written(name, datatype, size, tuple(cells), count, null)
    value = st.lists(one, min_size=count, max_size=count) if size else one
    missing = value if datatype == "bit" else st.none() | value
    cells = draw(st.lists(missing, min_size=rows, max_size=rows))
    return Written(name, datatype, size, tuple(cells), count, null)


@st.composite
def tables(draw: st.DrawFn) -> list[Written]:
    rows = draw(st.integers(0, 6))
    return [draw(columns(rows, number)) for number in range(draw(st.integers(1, 9)))]


def read(body: bytes) -> Any:
    return results_in(body, archive="a", wanted="rows").table


def check(column: Written, found: Any, *, flags: bool) -> None:
    """What was written is what was read; `flags`: every empty cell could be said to be empty."""
    mask, values = np.ma.getmaskarray(found), np.ma.getdata(found)
    for place, wrote in enumerate(column.cells):
        shown = values[place]
        if wrote is None:
            assert mask[place].all() or not flags
        elif column.text:
            assert shown == wrote
        elif column.array:
            kind = found.dtype if found.dtype != object else shown.dtype
            wanted = np.array(wrote, dtype=kind).reshape(shown.shape)
            assert np.array_equal(shown, wanted)
            assert not np.ma.getmaskarray(found[place]).any()
        else:
            assert shown == np.array(wrote, dtype=found.dtype)
            assert not mask[place]


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(tables(), st.sampled_from(("", "\n", "\r\n  ", " \t")), st.sampled_from(("", "v")))
def test_what_was_written_as_tabledata_is_read(table: list[Written], gap: str, prefix: str) -> None:
    found = read(tabledata(table, gap=gap, prefix=prefix))
    for column in table:
        check(column, found[column.name], flags=True)


@SLOW
@given(tables(), st.booleans(), st.sampled_from((0, 76, 5)))
def test_what_was_written_as_binary_is_read(table: list[Written], flags: bool, lines: int) -> None:
    found = read(binary(table, flags=flags, lines=lines))
    for column in table:
        check(column, found[column.name], flags=flags)


@SLOW
@given(tables(), st.integers(1, 200))
def test_the_size_of_the_pieces_does_not_matter(table: list[Written], piece: int) -> None:
    for body in (tabledata(table, gap="\n"), binary(table, flags=True)):
        whole, before = read(body), answer.PIECE
        answer.PIECE = piece
        try:
            pieces = results_in(BytesIO(body), archive="a", wanted="rows").table
        finally:
            answer.PIECE = before
        assert not differences(pieces, whole)


# What astropy reads otherwise than the standard says, and we do not: single bits (0x08 for 0x80),
# bits of varying number (a byte each), counts of arrays of arrays; and empty cells of complex
# arrays, which it refuses, or masks where it does not mask those of other numbers.
def _for_astropy(column: Written) -> bool:
    if column.datatype == "bit" or (column.array and "x*" in column.arraysize):
        return False
    return not (column.array and column.datatype.endswith("Complex")) or all(column.cells)


@SLOW
@given(tables(), st.booleans())
def test_astropy_reads_the_same_from_the_same_bytes(table: list[Written], flags: bool) -> None:
    plain = [column for column in table if _for_astropy(column)]
    if plain and len(plain[0].cells):
        bodies = [tabledata(plain)]
        if not any(set(column.cells) & {None} for column in plain if not column.array):
            bodies.append(binary(plain, flags=flags))
        for body in bodies:
            assert not differences(read(body), astropys(body))


@SLOW
@given(tables(), st.data())
def test_damaged_bytes_give_an_error_or_a_table_and_nothing_else(
    table: list[Written], data: st.DataObject
) -> None:
    body = bytearray(data.draw(st.sampled_from((tabledata(table), binary(table, flags=True)))))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable, Broken):
        read(bytes(body))


@SLOW
@given(st.binary(max_size=300), st.sampled_from((b"", b"<VOTABLE>", b"SIMPLE  =", b"PAR1")))
def test_any_bytes_give_an_error(body: bytes, head: bytes) -> None:
    with pytest.raises((Unreadable, Broken)):
        read(head + body)
