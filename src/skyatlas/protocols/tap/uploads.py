"""This file writes the tables that go up with a question, in pieces that the service takes.

Invariant: every number goes up with full precision and every cell that is not said as NULL. As
TABLEDATA, which every service reads. Sources: VOTable 1.4; TAP 1.1, section 2.7.6.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from astropy.table import Table

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4"'
    ' xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>\n'
)
_TAIL = "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n"
_INTEGERS = {"u1": "unsignedByte", "i1": "short", "i2": "short", "u2": "int", "i4": "int"}
_RANGES = {
    "unsignedByte": (0, 2**8 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What goes up with one request."""

    upload: str = ""
    """The parameter UPLOAD."""
    files: Mapping[str, tuple[str, bytes, str]] = field(default_factory=dict)
    """By form field: file name, content, media type."""

    @property
    def digest(self) -> str:
        """The same for the same tables under the same names."""
        sums = [hashlib.sha256(content).hexdigest() for _, content, _ in self.files.values()]
        return " ".join([self.upload, *sums]).strip()


def parts_of(
    uploads: Mapping[str, Table], *, rows: int | None = None, size: int | None = None
) -> Iterator[Part]:
    """The requests that send these tables: one, or several that share out the longest table.

    At most so many rows and bytes per request. Raises BadInput for what cannot be sent.
    """
    for name in uploads:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} is no name for an uploaded table; letters, digits, _ are")
    if not uploads:
        yield Part()
        return
    longest = max(uploads, key=lambda name: len(uploads[name]))
    whole = {name: b"".join(documents(table)) for name, table in uploads.items() if name != longest}
    taken = sum(map(len, whole.values()))
    left = None if size is None else size - taken
    for piece in documents(uploads[longest], rows=rows, size=left):
        sent = {name: whole.get(name, piece) for name in uploads}
        yield Part(
            ";".join(f"{name},param:{name}" for name in sent),
            {
                name: (f"{name}.xml", content, "application/x-votable+xml")
                for name, content in sent.items()
            },
        )


def documents(table: Table, *, rows: int | None = None, size: int | None = None) -> Iterator[bytes]:
    """VOTables that hold the rows of the table, in order; one where neither limit is reached."""
    columns = [_column(name, table[name]) for name in table.colnames]
    head = (_HEAD + "".join(fields for fields, _ in columns) + "<DATA><TABLEDATA>\n").encode()
    tail = _TAIL.encode()
    room = math.inf if size is None else size - len(head) - len(tail)
    most = math.inf if rows is None else rows
    lines: list[bytes] = []
    used = 0
    for cells in zip(*(cells for _, cells in columns), strict=True):
        line = ("<TR>" + "".join(f"<TD>{cell}</TD>" for cell in cells) + "</TR>\n").encode()
        if len(line) > room:
            raise BadInput(f"a row of {len(line)} bytes is more than the service takes at once")
        if len(lines) >= most or used + len(line) > room:
            yield head + b"".join(lines) + tail
            lines, used = [], 0
        lines.append(line)
        used += len(line)
    yield head + b"".join(lines) + tail


def _column(name: str, column: Any) -> tuple[str, Sequence[str]]:
    """A FIELD, and the text of every cell."""
    import numpy as np

    values = np.ma.asarray(getattr(column, "value", column))
    if values.ndim != 1:
        raise BadInput(f"the column {name!r} holds arrays, which cannot be uploaded")
    mask = np.ma.getmaskarray(values).tolist()
    kind = values.dtype.kind
    null = ""
    if kind in "iu":
        datatype, null, cells = _integers(name, values, mask)
    elif kind == "f":
        datatype, cells = _floats(values, mask)
    elif kind == "b":
        datatype = "boolean"
        words = {True: "true", False: "false"}
        plain = np.ma.getdata(values).tolist()
        cells = ["?" if hidden else words[one] for one, hidden in zip(plain, mask, strict=True)]
    elif kind in "USO":
        datatype, cells = _texts(name, values, mask)
    else:
        raise BadInput(f"the column {name!r} is of a type ({values.dtype}) that cannot be uploaded")
    size = ' arraysize="*"' if kind in "USO" else ""
    unit = _unit(getattr(column, "unit", None))
    said = f" unit={quoteattr(unit)}" if unit else ""
    inside = f'<VALUES null="{null}"/>' if null else ""
    return (
        f'<FIELD name={quoteattr(name)} datatype="{datatype}"{size}{said}>{inside}</FIELD>\n',
        cells,
    )


def _integers(name: str, values: Any, mask: list[bool]) -> tuple[str, str, list[str]]:
    """(datatype, the number that stands for NULL or "", cells)."""
    import numpy as np

    data = np.ma.getdata(values).tolist()
    datatype = _INTEGERS.get(values.dtype.str[1:], "long")
    if datatype == "unsignedByte" and any(mask):
        datatype = "short"  # all 256 values may be taken
    low, high = _RANGES[datatype]
    used = {one for one, hidden in zip(data, mask, strict=True) if not hidden}
    if used and max(used) > high:
        raise BadInput(f"the column {name!r} holds integers beyond 64 bits with sign")
    null = str(next(one for one in range(low, high) if one not in used)) if any(mask) else ""
    return (
        datatype,
        null,
        [null if hidden else str(one) for one, hidden in zip(data, mask, strict=True)],
    )


def _floats(values: Any, mask: list[bool]) -> tuple[str, list[str]]:
    import numpy as np

    single = values.dtype.itemsize <= 4
    kept = np.ma.getdata(values).astype(np.float32 if single else np.float64)
    # str() of a NumPy number is the shortest text that gives the same number back.
    texts = [str(one) for one in kept] if single else [repr(one) for one in kept.tolist()]
    words = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}
    return "float" if single else "double", [
        "NaN" if hidden else words.get(text, text) for text, hidden in zip(texts, mask, strict=True)
    ]


def _texts(name: str, values: Any, mask: list[bool]) -> tuple[str, list[str]]:
    import numpy as np

    cells = []
    for one, hidden in zip(np.ma.getdata(values).tolist(), mask, strict=True):
        text = "" if hidden or one is None else one.decode() if isinstance(one, bytes) else one
        if not isinstance(text, str) or _NOT_XML.search(text):
            raise BadInput(f"the column {name!r} holds {one!r}, which cannot be uploaded")
        cells.append(escape(text, {"\r": "&#13;"}))
    plain = all(cell.isascii() for cell in cells)
    return "char" if plain else "unicodeChar", cells


def _unit(unit: Any) -> str:
    if unit is None:
        return ""
    try:
        return str(unit.to_string("vounit", deprecations="silent"))
    except (AttributeError, ValueError):  # a unit that VOUnits does not have
        return str(unit)
