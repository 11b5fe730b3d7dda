"""This file turns the bytes of a VOTable into a table and its status, or one clear error.

Invariant: an error document, an overflow or a page of HTML is never taken for an empty table.
Sources: VOTable 1.4; DALI 1.1 section 4.4 (QUERY_STATUS).
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Broken, Unreadable

if TYPE_CHECKING:
    from astropy.io.votable.tree import VOTableFile
    from astropy.table import Table

    from skyatlas.archive import Reply


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results table of a VOTable document."""

    table: Table
    overflow: bool
    """The service says that it cut the answer."""


def results_of(reply: Reply, *, archive: str, wanted: str) -> Results:
    """Read the results table. Raises Broken for an error document, Unreadable for anything else.

    `wanted` says in words what was asked, for the message: "TAP rows", "DataLink of …".
    """
    # astropy's parser rather than pyvo's results: pyvo announces an overflow through the warnings
    # filters, which threads share, and we ask archives in threads.
    from astropy.io.votable import parse
    from astropy.io.votable.exceptions import VOWarning

    where: dict[str, Any] = {"archive": archive, "url": reply.url, "status": reply.status_code}
    body = reply.content
    if b"<VOTABLE" not in body[:4096] and b":VOTABLE" not in body[:4096]:
        raise Unreadable(f"{archive} answered {_kind(body)} where {wanted} were expected", **where)
    try:
        document = parse(BytesIO(body), verify="ignore")
    except (VOWarning, ValueError, TypeError, IndexError, KeyError, OSError) as error:
        raise Unreadable(
            f"{archive} answered a VOTable that cannot be parsed ({_short(error)})", **where
        ) from error
    status = status_of(document)
    if status.error is not None:
        raise Broken(f"{archive} refused the question: {_short(status.error)}", **where)
    tables = [table for resource in document.resources for table in resource.tables]
    results = [
        table
        for resource in document.resources
        if (resource.type or "results") == "results"
        for table in resource.tables
    ]
    if not tables:
        raise Unreadable(f"{archive} answered a VOTable without a table", **where)
    chosen = (results or tables)[0]
    return Results(chosen.to_table(use_names_over_ids=True), status.overflow)


@dataclass(frozen=True, slots=True)
class Status:
    """What the document says about itself."""

    overflow: bool = False
    error: str | None = None


def status_of(document: VOTableFile) -> Status:
    """Look at every QUERY_STATUS, and at the older ways of saying ERROR, wherever they stand.

    Old services (and NED) say OK in QUERY_STATUS and put an INFO or PARAM named Error beside it.
    """
    overflow, error = False, None
    for info in _infos(document):
        name, value = (info.name or "").lower(), str(info.value or "")
        if name == "query_status" and value.upper() == "OVERFLOW":
            overflow = True
        elif name == "query_status" and value.upper() == "ERROR":
            error = str(info.content or "no reason given").strip()
        elif name == "error":
            error = error or value.strip() or "no reason given"
    return Status(overflow, error)


def _infos(document: VOTableFile) -> Any:
    yield from document.infos
    yield from (param for param in document.params if (param.name or "").lower() == "error")
    for resource in document.resources:
        yield from resource.infos
        yield from (param for param in resource.params if (param.name or "").lower() == "error")
        for table in resource.tables:
            yield from table.infos


def _kind(body: bytes) -> str:
    head = body[:2048].lstrip().lower()
    if not head:
        return "nothing"
    if head.startswith((b"<!doctype html", b"<html")) or b"<html" in head:
        return "a web page"
    return f"something else ({body[:60]!r})"


def _short(error: object) -> str:
    return " ".join(str(error).split())[:300]
