"""This file writes tables as VOTable 1.4, CSV, JSON and FITS; what astropy reads without a warning.

An error document is a VOTable too (DALI 1.1, section 4.4): the one place where it is worded.
"""

from __future__ import annotations

import csv
import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from xml.sax.saxutils import escape, quoteattr

from skyatlas.sandbox.tables import Column

VOTABLE = "application/x-votable+xml"
_NAMESPACES = (
    'xmlns="http://www.ivoa.net/xml/VOTable/v1.3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_LINE_ENDS = {"\r": "&#13;"}
_PACK = {"short": ">h", "int": ">i", "long": ">q", "float": ">f", "double": ">d"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to be sent."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    overflow: bool = False
    """True where rows are missing: the answer says so after its table."""
    query: str = ""
    utypes: Sequence[str] = ()
    """One per column, or none."""
    after: str = ""
    """Further RESOURCE elements, as XML."""


def attributes(**values: str) -> str:
    """XML attributes, those that are empty left out."""
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value)


def _document(body: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" {_NAMESPACES}>\n'
    return f"{head}{body}</VOTABLE>\n".encode()


def error(sentence: str) -> bytes:
    """The document that says why there is no answer."""
    return _document(
        '<RESOURCE type="results">\n'
        f'<INFO name="QUERY_STATUS" value="ERROR">{escape(sentence)}</INFO>\n</RESOURCE>\n'
    )


def _ascii(rows: Iterable[Sequence[object]], place: int) -> bool:
    return all(str(row[place]).isascii() for row in rows if row[place] is not None)


def _fields(sheet: Sheet) -> list[str]:
    fields = []
    for place, column in enumerate(sheet.columns):
        # A char of VOTable is one byte; other letters need unicodeChar (section 2.1).
        wide = column.is_text and not _ascii(sheet.rows, place)
        kind = "unicodeChar" if wide else column.datatype
        fields.append(
            "<FIELD"
            + attributes(
                name=column.name,
                datatype=kind,
                arraysize=column.arraysize,
                unit=column.unit,
                ucd=column.ucd,
                utype=sheet.utypes[place] if sheet.utypes else column.utype,
                xtype=column.xtype,
            )
            + "/>\n"
        )
    return fields


def _cell(value: object) -> str:
    if value is None:
        return "<TD/>"
    if isinstance(value, float):
        return f"<TD>{decimal(value)}</TD>"
    # A line end of another kind would come back as "\n" (XML 1.0, section 2.11).
    return f"<TD>{escape(str(value), _LINE_ENDS)}</TD>"


def decimal(value: float) -> str:
    """A number as VOTable writes it."""
    return (
        repr(value)
        if math.isfinite(value)
        else {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    )


def _tabledata(sheet: Sheet) -> str:
    lines = ("<TR>" + "".join(map(_cell, row)) + "</TR>\n" for row in sheet.rows)
    return f"<TABLEDATA>\n{''.join(lines)}</TABLEDATA>\n"


def _packed(kind: str, value: object) -> bytes:
    if kind in {"char", "unicodeChar"}:
        text = "" if value is None else str(value)
        size = len(text) if kind == "unicodeChar" else len(text.encode())
        code = "utf-16-be" if kind == "unicodeChar" else "utf-8"
        return struct.pack(">I", size) + text.encode(code)
    if value is None:
        return struct.pack(_PACK[kind], math.nan if kind in {"float", "double"} else 0)
    return struct.pack(_PACK[kind], value)


def _binary2(sheet: Sheet) -> str:
    """VOTable 1.3, section 5.4: before each row one bit per column says NULL."""
    import base64

    kinds = [
        "unicodeChar" if column.is_text and not _ascii(sheet.rows, place) else column.datatype
        for place, column in enumerate(sheet.columns)
    ]
    width = -(-len(kinds) // 8)
    stream = bytearray()
    for row in sheet.rows:
        bits = "".join("1" if value is None else "0" for value in row).ljust(width * 8, "0")
        stream += int(bits, 2).to_bytes(width, "big")
        for kind, value in zip(kinds, row, strict=True):
            stream += _packed(kind, value)
    coded = base64.b64encode(bytes(stream)).decode()
    return f'<BINARY2><STREAM encoding="base64">{coded}</STREAM></BINARY2>\n'


def votable(sheet: Sheet, binary: bool = False) -> bytes:
    """A results document; `binary` packs the rows as BINARY2."""
    parts = ['<RESOURCE type="results">\n<INFO name="QUERY_STATUS" value="OK"/>\n']
    if sheet.query:
        parts.append(f'<INFO name="QUERY" value={quoteattr(sheet.query)}/>\n')
    parts += ["<TABLE>\n", *_fields(sheet), "<DATA>\n"]
    parts.append(_binary2(sheet) if binary else _tabledata(sheet))
    parts.append("</DATA>\n</TABLE>\n")
    if sheet.overflow:
        parts.append('<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n')
    parts.append("</RESOURCE>\n")
    return _document("".join([*parts, sheet.after]))


def comma_separated(sheet: Sheet) -> bytes:
    """CSV with a line of names; NULL is nothing between the commas."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(column.name for column in sheet.columns)
    writer.writerows(sheet.rows)
    return text.getvalue().encode()


def as_json(sheet: Sheet) -> bytes:
    """JSON: "metadata" describes the columns, "data" holds one list per row."""
    columns = [
        {key: getattr(column, key) for key in ("name", "datatype", "unit", "ucd", "xtype")}
        for column in sheet.columns
    ]
    return json.dumps({"metadata": columns, "data": [list(row) for row in sheet.rows]}).encode()


def as_fits(sheet: Sheet) -> bytes:
    """A binary table in the first extension; FITS has ASCII only, other letters become "?"."""
    import numpy as np
    from astropy.io.votable import parse_single_table

    table = parse_single_table(BytesIO(votable(sheet))).to_table(use_names_over_ids=True)
    for column in table.columns.values():
        if column.dtype.kind == "O":
            texts = column.filled("").astype("U")
            table[column.name] = np.char.encode(texts, "ascii", "replace")
    table.meta.clear()
    stream = BytesIO()
    table.write(stream, format="fits")
    return stream.getvalue()
