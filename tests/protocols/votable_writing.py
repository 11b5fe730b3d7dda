"""This file writes VOTables of any datatype in every form, and knows what must be read from them.

Invariant: the bytes are made from the standard (VOTable 1.5, sections 5 and 6), not with astropy.
"""

from __future__ import annotations

import base64
import math
import struct
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

PACK = {
    "unsignedByte": ">B",
    "short": ">h",
    "int": ">i",
    "long": ">q",
    "float": ">f",
    "double": ">d",
}


@dataclass(frozen=True)
class Written:
    """A column: cells are a scalar, a list of elements (arrays) or None."""

    name: str
    datatype: str
    arraysize: str
    cells: tuple[Any, ...]
    size: int = 1
    """Elements of a cell of fixed shape."""
    null: str = ""

    @property
    def text(self) -> bool:
        return self.datatype in ("char", "unicodeChar")

    @property
    def varies(self) -> bool:
        return self.arraysize.endswith("*")

    @property
    def array(self) -> bool:
        return bool(self.arraysize) and not self.text

    def field(self) -> str:
        size = f' arraysize="{self.arraysize}"' if self.arraysize else ""
        values = f'<VALUES null="{self.null}"/>' if self.null else ""
        name = quoteattr(self.name)
        return f'<FIELD name={name} datatype="{self.datatype}"{size}>{values}</FIELD>\n'


def number(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, complex):
        return f"{number(value.real)} {number(value.imag)}"
    if isinstance(value, float) and math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if value != value else repr(value)


def cell(column: Written, value: Any) -> str:
    if value is None:
        return column.null
    if column.text:
        return escape(value)
    values = value if column.array else [value]
    if column.datatype == "bit":
        return " ".join(str(int(one)) for one in values)
    return " ".join(map(number, values))


def packed(column: Written, value: Any) -> bytes:
    if column.text:
        code = "ascii" if column.datatype == "char" else "utf-16-be"
        raw = (value or "").encode(code)
        width = 1 if column.datatype == "char" else 2
        if column.varies:
            return struct.pack(">I", len(raw) // width) + raw
        return raw.ljust(column.size * width, b"\0")
    values = [] if value is None else value if column.array else [value]
    count = struct.pack(">I", len(values)) if column.varies else b""
    if not column.varies:
        values = [*values, *[None] * (column.size - len(values))]
    if column.datatype == "bit":
        bits = "".join("1" if one else "0" for one in values)
        bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
        return count + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return count + b"".join(element(column, one) for one in values)


def element(column: Written, value: Any) -> bytes:
    if column.datatype == "boolean":
        return {True: b"T", False: b"F", None: b"?"}[value]
    if column.datatype.endswith("Complex"):
        kind = ">ff" if column.datatype == "floatComplex" else ">dd"
        value = complex(math.nan, math.nan) if value is None else value
        return struct.pack(kind, value.real, value.imag)
    if value is None:
        value = int(column.null or 0) if column.datatype in ("short", "int", "long") else None
    if value is None:
        value = 0 if column.datatype == "unsignedByte" else math.nan
    return struct.pack(PACK[column.datatype], value)


def document(fields: str, data: str, *, prefix: str = "", version: str = "1.4") -> bytes:
    names = 'xmlns="http://www.ivoa.net/xml/VOTable/v1.3"'
    text = (
        f'<VOTABLE version="{version}" {names}><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}<DATA>{data}</DATA></TABLE>'
        "</RESOURCE></VOTABLE>"
    )
    if prefix:
        text = text.replace("</", f"<\0{prefix}:").replace("<", f"<{prefix}:")
        text = text.replace(f"<{prefix}:\0{prefix}:", f"</{prefix}:").replace(
            "xmlns=", f"xmlns:{prefix}="
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def tabledata(columns: list[Written], *, gap: str = "", prefix: str = "") -> bytes:
    rows = zip(*(column.cells for column in columns), strict=True)
    lines = (
        f"<TR>{gap}"
        + gap.join(f"<TD>{cell(c, v)}</TD>" for c, v in zip(columns, row, strict=True))
        + f"{gap}</TR>{gap}"
        for row in rows
    )
    fields = "".join(column.field() for column in columns)
    return document(fields, f"<TABLEDATA>{gap}{''.join(lines)}</TABLEDATA>", prefix=prefix)


def binary(columns: list[Written], *, flags: bool, lines: int = 0) -> bytes:
    """BINARY2 with `flags`, else BINARY; base64 in lines of so many characters, or in one."""
    raw = b""
    for row in zip(*(column.cells for column in columns), strict=True):
        if flags:
            bits = "".join("1" if value is None else "0" for value in row)
            bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
            raw += bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        raw += b"".join(packed(c, v) for c, v in zip(columns, row, strict=True))
    code = base64.b64encode(raw).decode()
    if lines:
        code = "\n".join(code[at : at + lines] for at in range(0, len(code), lines))
    name = "BINARY2" if flags else "BINARY"
    data = f'<{name}><STREAM encoding="base64">{code}</STREAM></{name}>'
    return document("".join(column.field() for column in columns), data)
