"""This file answers queries of TAP, whichever service is asked: what is wanted, run, and written.

Source: TAP 1.1, DALI 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from skyatlas.sandbox import tap_formats, votable
from skyatlas.sandbox.adql import BadQuery
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.database import TooLong
from skyatlas.sandbox.item import Account
from skyatlas.sandbox.jobs import Failed
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.tables import Table
from skyatlas.sandbox.tap_formats import Format
from skyatlas.sandbox.tap_service import TapService
from skyatlas.sandbox.uploads import BadUpload, uploaded
from skyatlas.sandbox.votable import Sheet


@dataclass(frozen=True, slots=True)
class Question:
    """One query with all that decides its answer."""

    service: TapService
    query: str
    maxrec: int
    form: Format
    visitor: Account | None
    seconds_needed: float = 0.0
    """The service's time that the query takes: made up by a fault, nobody waits."""
    uploads: tuple[Table, ...] = ()
    """Tables that came along: TAP_UPLOAD."""


class Denied(Exception):
    """The answer is an error document with this HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def refusal(status: int, sentence: str) -> Response:
    """An error document."""
    return Response(votable.error(sentence), status, media_type=votable.VOTABLE)


def question(state: State, service: TapService, asked: Asked) -> Question:
    """What is asked for; raises Denied."""
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        raise Denied(401, str(error)) from error
    try:
        uploads = uploaded(asked, service.upload_rows)
    except BadUpload as error:
        raise Denied(400, str(error)) from error
    if asked.one("REQUEST", "doQuery") != "doQuery":
        raise Denied(400, f"REQUEST={asked.one('REQUEST')} is not supported; use doQuery")
    if not asked.one("LANG", "ADQL").upper().startswith("ADQL"):
        raise Denied(400, f"LANG={asked.one('LANG')} is not supported; use ADQL")
    heavy = asked.fault("heavy")
    return Question(
        service,
        asked.one("QUERY"),
        _maxrec(service, asked),
        _format(service, asked.one("RESPONSEFORMAT") or asked.one("FORMAT")),
        visitor,
        heavy.number(120.0) if heavy else 0.0,
        uploads,
    )


def _maxrec(service: TapService, asked: Asked) -> int:
    text = asked.one("MAXREC") or str(service.default_rows)
    if not text.strip().lstrip("+").isdecimal():
        raise Denied(400, f"MAXREC={text} is no number of rows")
    fault = asked.fault("overflow")
    most = service.most_rows
    return min(int(text), most, int(fault.number(1)) if fault else most)


def _format(service: TapService, name: str) -> Format:
    form = tap_formats.named(name, service.formats)
    if form is None:
        there = ", ".join(service.formats)
        raise Denied(400, f"The format {name} is not supported; there are: {there}")
    return form


def answer(state: State, asked: Asked, what: Question, seconds: float) -> bytes:
    """The document that answers; raises BadQuery, and TooLong after `seconds`."""
    if not what.query:
        raise BadQuery("The parameter QUERY is missing")
    if what.seconds_needed > seconds:
        raise TooLong(f"The query was aborted after {seconds:g} s")
    database = state.database(what.service, what.visitor)
    found = database.ask(what.query, what.maxrec, seconds, what.uploads)
    rows = [[asked.cell(value) for value in row] for row in found.rows]
    return what.form.write(Sheet(found.columns, rows, found.overflow, what.query))


def sync(state: State, asked: Asked, service: TapService) -> Response:
    """`/sync`: the answer at once, or an error document."""
    try:
        what = question(state, service, asked)
        body = answer(state, asked, what, service.sync_seconds)
    except Denied as error:
        return refusal(error.status, str(error))
    except BadQuery as error:
        return refusal(400, str(error))
    return Response(body, media_type=what.form.content_type)


def work(state: State, service: TapService, asked: Asked, seconds: float) -> tuple[str, bytes]:
    """A job's answer: its media type and bytes; raises Failed and TooLong."""
    try:
        what = question(state, service, asked)
        return what.form.content_type, answer(state, asked, what, seconds)
    except TooLong:
        raise
    except (Denied, BadQuery) as error:
        raise Failed(str(error)) from error
