"""This file turns the bytes of a VOTable into a table and its status, or one clear error.

Invariant: an error document, an overflow or a page of HTML is never taken for an empty table.
Sources: VOTable 1.4; DALI 1.1 section 4.4 (QUERY_STATUS).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from skyatlas.errors import Broken, Unreadable

if TYPE_CHECKING:
    from astropy.io.votable.tree import VOTableFile
    from astropy.table import Table

    from skyatlas.archive import Reply


@dataclass(frozen=True, slots=True)
class Field:
    """A FIELD or PARAM as the document describes it; "" where it does not say."""

    name: str
    id: str = ""
    datatype: str = ""
    arraysize: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""
    ref: str = ""
    """A PARAM's ref: the ID of the FIELD whose values go in here (DataLink 1.1, section 4.1)."""
    value: str = ""
    """A PARAM's value, as text."""
    options: tuple[str, ...] = ()
    """VALUES: the texts that are allowed."""
    low: str = ""
    """VALUES: MIN, as text."""
    high: str = ""
    """VALUES: MAX, as text."""
    column: str = ""
    """A FIELD's column in `Results.table`: its name, with a number where names repeat."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A service that a document describes (DataLink 1.1, section 4): where, and with what."""

    id: str
    """What `service_def` in a DataLink row refers to."""
    access_url: str
    standard_id: str = ""
    """For example "ivo://ivoa.net/std/SODA#sync-1.0"."""
    resource_identifier: str = ""
    content_type: str = ""
    description: str = ""
    inputs: tuple[Field, ...] = ()
    """The parameters that it takes, with what is known of their values."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The results table of a VOTable document, and what the document says about it."""

    table: Table
    overflow: bool = False
    """The service says that it cut the answer."""
    fields: tuple[Field, ...] = ()
    """One per column of `table`, in their order."""
    params: tuple[Field, ...] = ()
    """PARAMs of the table, of its resource and of the document."""
    descriptors: tuple[Descriptor, ...] = ()
    infos: tuple[tuple[str, str], ...] = ()
    """(name, value) of every INFO, in document order."""


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
    table = chosen.to_table(use_names_over_ids=True)
    fields = zip(chosen.fields, table.colnames, strict=True)
    return Results(
        table,
        status.overflow,
        tuple(replace(_field(field), column=name) for field, name in fields),
        tuple(_field(param) for param in _params(document, chosen)),
        tuple(_descriptors(document)),
        tuple((info.name or "", str(info.value or "")) for info in _infos(document)),
    )


def _params(document: VOTableFile, chosen: Any) -> Iterator[Any]:
    yield from chosen.params
    for resource in document.resources:
        if chosen in resource.tables:
            yield from resource.params
    yield from document.params


def _descriptors(document: VOTableFile) -> Iterator[Descriptor]:
    for resource in document.resources:
        if (resource.utype or "").lower() != "adhoc:service":
            continue
        said = {(param.name or "").lower(): str(param.value) for param in resource.params}
        inputs = [group for group in resource.groups if (group.name or "") == "inputParams"]
        yield Descriptor(
            id=resource.ID or "",
            access_url=said.get("accessurl", ""),
            standard_id=said.get("standardid", ""),
            resource_identifier=said.get("resourceidentifier", ""),
            content_type=said.get("contenttype", ""),
            description=resource.description or "",
            inputs=tuple(
                _field(entry)
                for group in inputs
                for entry in group.entries
                if hasattr(entry, "value")
            ),
        )


def _field(element: Any) -> Field:
    values = element.values
    return Field(
        name=element.name or "",
        id=element.ID or "",
        datatype=element.datatype or "",
        arraysize=element.arraysize or "",
        unit=str(element.unit or ""),
        ucd=element.ucd or "",
        utype=element.utype or "",
        xtype=element.xtype or "",
        description=element.description or "",
        ref=element.ref or "",
        value=_text(getattr(element, "value", None)),
        options=tuple(str(option[1]) for option in values.options or ()),
        low=_text(values.min),
        high=_text(values.max),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if getattr(value, "shape", ()):
        return " ".join(str(one) for one in value.ravel().tolist())
    return str(value)


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
