"""This file answers as ESO's two TAP services: queries, their limits and what the services are.

Source: TAP 1.1, DALI 1.1, VOSI 1.1, TAPRegExt 1.0; limits of https://archive.eso.org/tap_obs as
recorded: 15 000 000 rows, 60 s for a query in sync.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast
from xml.sax.saxutils import escape

from starlette.responses import Response

from skyatlas.sandbox import votable
from skyatlas.sandbox.adql import BadQuery
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.database import TooLong
from skyatlas.sandbox.item import Account
from skyatlas.sandbox.jobs import SECONDS, Failed
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.tables import Table
from skyatlas.sandbox.votable import Sheet

Service = Literal["tap_obs", "tap_cat"]

HARD_LIMIT = 15_000_000
"""Rows of one answer."""
SYNC_SECONDS = SECONDS
"""The service's time for a query in sync, and a job's until it asks for more."""

_SHAPES = "AREA BOX CIRCLE CONTAINS COORD1 COORD2 DISTANCE INTERSECTS POINT POLYGON"
_EXAMPLES = (
    "SELECT TOP 5 * FROM ivoa.ObsCore WHERE obs_collection = 'MUSE'",
    "SELECT dp_id, object FROM dbo.raw WHERE instrument = 'XSHOOTER' AND dp_cat = 'SCIENCE'",
    "SELECT * FROM ivoa.ObsCore WHERE 1 = CONTAINS(POINT('ICRS', 40.67, -0.013), s_region)",
)


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing an answer."""

    content_type: str
    write: Callable[[Sheet], bytes]


def _binary2(sheet: Sheet) -> bytes:
    return votable.votable(sheet, binary=True)


FORMATS: Mapping[str, Format] = {
    "votable": Format(votable.VOTABLE, votable.votable),
    "votable/td": Format(f"{votable.VOTABLE};serialization=TABLEDATA", votable.votable),
    "votable/b2": Format(f"{votable.VOTABLE};serialization=BINARY2", _binary2),
    "csv": Format("text/csv;header=present", votable.comma_separated),
    "json": Format("application/json", votable.as_json),
    "fits": Format("application/fits", votable.as_fits),
}
"""By the name that people use."""

_ALIASES = {
    "": "votable",
    "application/x-votable+xml": "votable",
    "text/xml": "votable",
    "application/x-votable+xml;serialization=tabledata": "votable/td",
    "application/x-votable+xml;serialization=binary2": "votable/b2",
    "text/csv": "csv",
    "application/json": "json",
    "application/fits": "fits",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One query with all that decides its answer."""

    service: Service
    query: str
    maxrec: int
    form: Format
    visitor: Account | None
    seconds_needed: float = 0.0
    """The service's time that the query takes: made up by a fault, nobody waits."""


class Denied(Failed):
    """The answer is an error document with this HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def refusal(status: int, sentence: str) -> Response:
    """An error document."""
    return Response(votable.error(sentence), status, media_type=votable.VOTABLE)


def question(state: State, service: Service, asked: Asked) -> Question:
    """What is asked for; raises Denied."""
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        raise Denied(401, str(error)) from error
    if asked.all("UPLOAD"):
        raise Denied(400, "This service does not support UPLOAD")
    if asked.one("REQUEST", "doQuery") != "doQuery":
        raise Denied(400, f"REQUEST={asked.one('REQUEST')} is not supported; use doQuery")
    if not asked.one("LANG", "ADQL").upper().startswith("ADQL"):
        raise Denied(400, f"LANG={asked.one('LANG')} is not supported; use ADQL")
    heavy = asked.fault("heavy")
    return Question(
        service,
        asked.one("QUERY"),
        _maxrec(asked),
        _format(asked.one("RESPONSEFORMAT") or asked.one("FORMAT")),
        visitor,
        heavy.number(120.0) if heavy else 0.0,
    )


def _maxrec(asked: Asked) -> int:
    text = asked.one("MAXREC") or str(HARD_LIMIT)
    if not text.strip().lstrip("+").isdecimal():
        raise Denied(400, f"MAXREC={text} is no number of rows")
    fault = asked.fault("overflow")
    return min(int(text), HARD_LIMIT, int(fault.number(1)) if fault else HARD_LIMIT)


def _format(name: str) -> Format:
    plain = name.lower().replace(" ", "")
    form = FORMATS.get(_ALIASES.get(plain, plain))
    if form is None:
        raise Denied(400, f"The format {name} is not supported; there are: {', '.join(FORMATS)}")
    return form


def answer(state: State, asked: Asked, what: Question, seconds: float) -> bytes:
    """The document that answers; raises BadQuery, and TooLong after `seconds`."""
    if not what.query:
        raise BadQuery("The parameter QUERY is missing")
    if what.seconds_needed > seconds:
        raise TooLong(f"The query was aborted after {seconds:g} s")
    database = state.database(what.service, what.visitor)
    found = database.ask(what.query, what.maxrec, seconds)
    rows = [[asked.cell(value) for value in row] for row in found.rows]
    return what.form.write(Sheet(found.columns, rows, found.overflow, what.query))


def work(state: State, service: Service, asked: Asked, seconds: float) -> tuple[str, bytes]:
    """What a job does: the answer's media type and bytes; raises Failed and TooLong."""
    try:
        what = question(state, service, asked)
        return what.form.content_type, answer(state, asked, what, seconds)
    except TooLong:
        raise
    except BadQuery as error:
        raise Failed(str(error)) from error


def sync(state: State, asked: Asked, service: str) -> Response:
    """`/sync`: the answer at once, or an error document."""
    try:
        what = question(state, cast("Service", service), asked)
        body = answer(state, asked, what, SYNC_SECONDS)
    except Denied as error:
        return refusal(error.status, str(error))
    except BadQuery as error:
        return refusal(400, str(error))
    return Response(body, media_type=what.form.content_type)


def availability(_state: State, _asked: Asked) -> Response:
    """`/availability`: yes."""
    return _xml(
        '<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">'
        "<vosi:available>true</vosi:available></vosi:availability>"
    )


def examples(_state: State, _asked: Asked) -> Response:
    """`/examples`: a few queries, as DALI 1.1 section 2.3 has them."""
    each = "".join(
        f'<div typeof="example" id="q{number}" resource="#q{number}">'
        f'<h2 property="name">Example {number}</h2>'
        f'<pre property="query">{escape(query)}</pre></div>'
        for number, query in enumerate(_EXAMPLES, 1)
    )
    return Response(
        '<html xmlns="http://www.w3.org/1999/xhtml"><body vocab="http://www.ivoa.net/rdf/examples#">'
        f"{each}</body></html>",
        media_type="text/html",
    )


def _xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', media_type="text/xml")


def tables(state: State, asked: Asked, service: str) -> Response:
    """`/tables`: schemas, tables and columns (VOSI 1.1, section 3)."""
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        return refusal(401, str(error))
    every = state.database(cast("Service", service), visitor).tables.values()
    parts = []
    for schema in dict.fromkeys(table.schema for table in every):
        inside = "".join(_table(table) for table in every if table.schema == schema)
        parts.append(f"<schema><name>{schema}</name>{inside}</schema>")
    return _xml(
        '<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{''.join(parts)}</vosi:tableset>"
    )


def _table(table: Table) -> str:
    columns = []
    for column in table.columns:
        size = f' arraysize="{column.arraysize}"' if column.arraysize else ""
        facts = "".join(
            f"<{name}>{escape(value)}</{name}>"
            for name, value in (("unit", column.unit), ("ucd", column.ucd))
            if value
        )
        columns.append(
            f"<column><name>{column.name}</name>{facts}"
            f'<dataType xsi:type="vs:VOTableType"{size}>{column.datatype}</dataType></column>'
        )
    about = f"<description>{escape(table.description)}</description>" if table.description else ""
    return f"<table><name>{table.full_name}</name>{about}{''.join(columns)}</table>"


_GEOMETRY = "".join(f"<feature><form>{name}</form></feature>" for name in _SHAPES.split())


def capabilities(_state: State, asked: Asked, service: str) -> Response:
    """`/capabilities`: what the service can do, and its limits (TAPRegExt 1.0)."""
    base = asked.link(f"https://archive.eso.org/{service}")
    vosi = "".join(
        f'<capability standardID="ivo://ivoa.net/std/VOSI#{name}">'
        '<interface xsi:type="vs:ParamHTTP">'
        f'<accessURL use="full">{base}/{name}</accessURL></interface></capability>'
        for name in ("availability", "capabilities", "tables")
    )
    formats = "".join(
        f"<outputFormat><mime>{form.content_type}</mime><alias>{name}</alias></outputFormat>"
        for name, form in FORMATS.items()
    )
    model = "ivo://ivoa.net/std/ObsCore#core-1.1"
    return _xml(
        '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"'
        ' xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
        ' xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">'
        '<interface role="std" xsi:type="vs:ParamHTTP" version="1.1">'
        f'<accessURL use="base">{base}</accessURL></interface>'
        + (f'<dataModel ivo-id="{model}">ObsCore-1.1</dataModel>' if service == "tap_obs" else "")
        + '<language><name>ADQL</name><version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version>'
        f'<languageFeatures type="ivo://ivoa.net/std/TAPRegExt#features-adqlgeo">{_GEOMETRY}'
        f"</languageFeatures></language>{formats}"
        "<retentionPeriod><default>86400</default><hard>15552000</hard></retentionPeriod>"
        "<executionDuration><default>60</default><hard>3600</hard></executionDuration>"
        f'<outputLimit><default unit="row">{HARD_LIMIT}</default>'
        f'<hard unit="row">{HARD_LIMIT}</hard></outputLimit>'
        f"</capability>{vosi}</vosi:capabilities>"
    )
