"""This file writes the VOTables of the invented publishers: arrays, PARAMs, old and new versions.

`votable` writes ESO's simpler tables; a cell is worded the same in both. Source: VOTable 1.1 and
1.4, DALI 1.1 section 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from starlette.responses import Response

from skyatlas.sandbox import votable

Version = Literal["1.1", "1.4"]
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_SPACES = {
    "1.1": "http://www.ivoa.net/xml/VOTable/v1.1",
    "1.4": "http://www.ivoa.net/xml/VOTable/v1.3",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column, or one PARAM."""

    name: str
    datatype: str = "char"
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    arraysize: str = ""
    """"" for a number, and for text of any length."""
    xtype: str = ""
    description: str = ""
    ident: str = ""
    """The XML ID, where something refers to it."""

    def element(self, kind: str, text: str = "", more: str = "", inside: str = "") -> str:
        """The XML of it: `kind` "FIELD" or "PARAM"; `text` may be its other datatype."""
        written = votable.attributes(
            ID=self.ident,
            name=self.name,
            datatype=text or self.datatype,
            arraysize=self.arraysize or ("*" if self.datatype == "char" else ""),
            unit=self.unit,
            ucd=self.ucd,
            utype=self.utype,
            xtype=self.xtype,
        )
        about = f"<DESCRIPTION>{escape(self.description)}</DESCRIPTION>" if self.description else ""
        content = f">{about}{inside}</{kind}>" if about or inside else "/>"
        return f"<{kind}{written}{more}{content}\n"

    def param(self, value: object, inside: str = "") -> str:
        """A PARAM with a value; `inside` may hold its VALUES."""
        escaped = escape(_text(value), {'"': "&quot;"})
        return self.element("PARAM", more=f' value="{escaped}"', inside=inside)


@dataclass(frozen=True, slots=True)
class Answer:
    """A table to be sent."""

    fields: Sequence[Field]
    rows: Sequence[Sequence[object]]
    overflow: bool = False
    params: str = ""
    """PARAM elements in front of the table, as XML."""
    after: str = ""
    """Further RESOURCE elements, as XML."""
    version: Version = "1.4"
    utype: str = ""
    """Of the table."""


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(_text(one) for one in value)
    if isinstance(value, float):
        return votable.decimal(value)
    return "" if value is None else str(value)


def _cell(value: object) -> str:
    return "<TD/>" if value is None else f"<TD>{escape(_text(value))}</TD>"


def _kind(answer: Answer, place: int) -> str:
    """A char of VOTable is one byte; other letters need unicodeChar (section 2.1)."""
    field = answer.fields[place]
    plain = all(str(row[place]).isascii() for row in answer.rows)
    return "unicodeChar" if field.datatype == "char" and not plain else field.datatype


def document(answer: Answer) -> bytes:
    """The whole VOTable; an overflow is said where its version lets it be said."""
    early, late = "OK", ""
    if answer.overflow and answer.version == "1.1":
        early = "OVERFLOW"  # 1.1 has no INFO behind a table; SIA 1.0
    elif answer.overflow:
        late = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n'
    fields = [
        field.element("FIELD", _kind(answer, place)) for place, field in enumerate(answer.fields)
    ]
    rows = "".join(f"<TR>{''.join(map(_cell, row))}</TR>\n" for row in answer.rows)
    return _whole(
        f'<RESOURCE type="results">\n<INFO name="QUERY_STATUS" value="{early}"/>\n{answer.params}'
        f"<TABLE{votable.attributes(utype=answer.utype)}>\n{''.join(fields)}"
        f"<DATA>\n<TABLEDATA>\n{rows}</TABLEDATA>\n</DATA>\n</TABLE>\n{late}</RESOURCE>\n"
        f"{answer.after}",
        answer.version,
    )


def _whole(body: str, version: Version = "1.4") -> bytes:
    space = f'version="{version}" xmlns="{_SPACES[version]}" {_XSI}'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE {space}>\n{body}</VOTABLE>\n'.encode()


def respond(answer: Answer) -> Response:
    """The answer with its media type."""
    kind = "text/xml;content=x-votable" if answer.version == "1.1" else votable.VOTABLE
    return Response(document(answer), media_type=kind)


def failed(sentence: str, status: int = 200) -> Response:
    """An error as DALI words it: INFO QUERY_STATUS=ERROR."""
    return Response(votable.error(sentence), status, media_type=votable.VOTABLE)


def cone_failed(sentence: str, as_param: bool) -> Response:
    """An error as Simple Cone Search 1.03 (section 2.3) words it: always with status 200."""
    if as_param:
        inside = Field("Error", ident="Error").param(sentence)
        body = f'<RESOURCE type="results">\n{inside}</RESOURCE>\n'
    else:
        info = votable.attributes(ID="Error", name="Error", value=sentence)
        body = f'<INFO{info}/>\n<RESOURCE type="results"/>\n'
    return Response(_whole(body), media_type="text/xml")
