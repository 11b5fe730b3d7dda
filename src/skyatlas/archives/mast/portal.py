"""This file asks the portal of MAST: a request as JSON, looked after until it is answered.

Invariants: an answer is whole or ends with an error, after the pages that came; nobody polls
busily; every wait has an end. An answer with status 200 may tell an error. Source:
mast.stsci.edu/api/v0 (MashupRequest, MashupResponse, Services), read on 2026-11-21.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Broken, Unreachable, Unreadable
from skyatlas.protocols.uws import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skyatlas.archive import Door, Reply

__all__ = ["MOST_ROWS", "PAGE_SIZE", "PATIENCE", "URL", "Page", "ask", "count"]

URL = "https://mast.stsci.edu/api/v0/invoke"
PATIENCE = 600.0
"""Seconds to wait for one page, as MAST itself keeps a question that nobody asks after."""
PAGE_SIZE = 50_000
"""Rows; what astroquery asks for, so that MAST is used to it."""
MOST_ROWS = 500_000
"""Rows of one answer beyond which MAST breaks the line (astroquery's issues; not documented)."""

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.5, 20.0, 1.5
"""Seconds between two looks at a question that MAST still works on, and how they grow."""
_SAID = 300
"""Characters of MAST's own words in a message."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer: up to `page_size` rows."""

    rows: list[dict[str, Any]]
    """As MAST writes them: null is None."""
    fields: tuple[tuple[str, str], ...]
    """(name, type) of the columns; types are string, int, float, date, boolean."""
    total: int | None
    """Rows of the whole answer, as MAST counts them; None where it does not say."""
    asked: str
    """What was sent, without what only keeps MAST's cache from answering."""


def ask(
    door: Door,
    service: str,
    params: Mapping[str, Any],
    *,
    data: Any = None,
    limit: int | None = None,
    page_size: int = PAGE_SIZE,
    patience: float = PATIENCE,
    clock: Clock | None = None,
) -> Iterator[Page]:
    """Yield the pages of an answer, at least one; with `limit` only so many rows are asked for.

    `data` is what a cross-match is given: {"fields": [{"name", "type"}], "data": [{…}]}. `patience`
    (seconds) bounds the wait for each page, the door the whole. What is raised means that rows are
    missing: Unreachable (no answer, or none in time), Broken (MAST says ERROR, sends the same page
    twice, or less than it counted), Unreadable (a web page, or another thing that is no answer).
    """
    clock = clock or Clock()
    size = min(page_size, limit) if limit is not None else page_size
    request = {"service": service, "params": dict(params), "format": "json", "pagesize": size}
    if data is not None:
        request["data"] = data
    asked = f"POST {URL} request={json.dumps(request)}"
    request["cachebreaker"] = uuid.uuid4().hex  # one for all pages: they are cut from one answer
    seen, number, before = 0, 1, None
    while True:
        answer = _answer(door, {**request, "page": number}, patience, clock)
        page = _page(answer, asked)
        if number > 1 and page.rows and page.rows == before:
            raise _broken(f"sent page {number - 1} of an answer again as page {number}")
        seen += len(page.rows)
        yield page
        if limit is not None and seen >= limit:
            return
        if number >= _pages(answer):
            break
        number, before = number + 1, page.rows
    if page.total is not None and seen < page.total:
        raise _broken(f"counted {page.total} rows and sent {seen}")


def count(door: Door, service: str, params: Mapping[str, Any]) -> int:
    """How many rows an answer of a Filtered service would have; raises as `ask` does."""
    page = next(ask(door, service, {**params, "columns": "COUNT_BIG(*)"}))
    try:
        # The column is called Column1; there is but one.
        return int(next(value for name, value in page.rows[0].items() if name != "_selected_"))
    except (IndexError, StopIteration, TypeError, ValueError) as error:
        raise _unreadable(f"no number came for COUNT_BIG(*) of {service}") from error


def _answer(
    door: Door, request: Mapping[str, Any], patience: float, clock: Clock
) -> Mapping[str, Any]:
    """What MAST has to say when it does not work on the question any more."""
    body = {"request": json.dumps(request)}  # MAST knows a question that runs by its very text
    until = clock.now() + patience
    pause = _FIRST_PAUSE
    while True:
        answer = _document(door.ask(URL, data=body, headers={"Accept": "text/plain"}))
        status = str(answer.get("status", "")).upper()
        if status == "ERROR":
            raise _broken(f"answered: {_words(answer)}")
        if status != "EXECUTING":
            return answer
        left = min(until - clock.now(), door.left)
        if left <= pause:
            raise Unreachable(
                f"MAST still works on {request['service']} after the time that it was given; ask "
                "for less, or give it more time",
                archive="mast",
                url=URL,
            )
        clock.pause(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def _document(reply: Reply) -> Mapping[str, Any]:
    """The JSON of an answer; a page for people and anything else are told apart."""
    spooled = getattr(reply, "spooled", None)
    try:
        document = json.load(spooled) if spooled is not None else json.loads(reply.content)
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's errors are ValueErrors
        page = spooled is None and reply.content[:1000].lstrip().startswith(b"<")
        raise _unreadable(f"the answer is {'a web page, ' if page else ''}no JSON") from error
    if not isinstance(document, dict) or "status" not in document:
        raise _unreadable("the answer has no status")
    return document


def _page(answer: Mapping[str, Any], asked: str) -> Page:
    if str(answer["status"]).upper() != "COMPLETE":
        raise _unreadable(f"the answer has the status {str(answer['status'])[:40]!r}")
    rows, fields = answer.get("data"), answer.get("fields")
    if not isinstance(rows, list) or not isinstance(fields, list):
        raise _unreadable("the answer has no rows and fields")
    try:
        columns = tuple((str(field["name"]), str(field["type"])) for field in fields)
        described = all(isinstance(row, dict) for row in rows)
    except (TypeError, KeyError) as error:
        raise _unreadable("the answer's fields have no names") from error
    if not described:
        raise _unreadable("the answer's rows are no records")
    return Page(rows, columns, _number(answer, "rowsFiltered", "rowsTotal"), asked)


def _pages(answer: Mapping[str, Any]) -> int:
    return _number(answer, "pagesFiltered") or 1


def _number(answer: Mapping[str, Any], *names: str) -> int | None:
    paging = answer.get("paging")
    for name in names:
        value = paging.get(name) if isinstance(paging, dict) else None
        if isinstance(value, int):
            return value
    return None


def _words(answer: Mapping[str, Any]) -> str:
    said = " ".join(str(answer.get("msg") or "").split())
    return said[:_SAID] or "an error that it does not describe"


def _broken(what: str) -> Broken:
    return Broken(f"MAST {what}; try again later", archive="mast", url=URL)


def _unreadable(what: str) -> Unreadable:
    return Unreadable(f"MAST is not understood: {what}", archive="mast", url=URL)
