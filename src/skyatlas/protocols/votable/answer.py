"""This file turns an answer into `Results`, whatever form it came in: VOTable, FITS or Parquet.

Invariant: the form is told by the bytes, not by what the service calls them; and an answer is a
table, or an error with one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from skyatlas.errors import Broken, Unreadable
from skyatlas.protocols.votable.results import Malformed, Results

if TYPE_CHECKING:
    from skyatlas.archive import Reply
    from skyatlas.protocols.votable.elements import Elements

PIECE = 1 << 18
"""Bytes that are read at a time: what is made of a piece stays in the processor's cache."""


def results_of(reply: Reply, *, archive: str, wanted: str) -> Results:
    """Read the results table. Raises Broken for an error document, Unreadable for anything else.

    `wanted` says in words what was asked, for the message: "TAP rows", "DataLink of …".
    Raises MissingExtra for Parquet where pyarrow is not installed.
    """
    return results_in(
        getattr(reply, "spooled", None) or reply.content,
        archive=archive,
        wanted=wanted,
        url=reply.url,
        status=reply.status_code,
    )


def results_in(
    source: bytes | BinaryIO, *, archive: str, wanted: str, url: str = "", status: int | None = None
) -> Results:
    """The same from bytes, or from a file that is open for reading bytes.

    A VOTable in a file is read piece by piece: only the table and one piece are in memory.
    """
    where: dict[str, Any] = {"archive": archive, "url": url, "status": status}
    pieces = _pieces(source)
    head = next(pieces, b"")
    if head.startswith(b"SIMPLE  ="):
        from skyatlas.protocols.votable.fits import results_from_fits as whole
    elif head.startswith(b"PAR1"):
        from skyatlas.protocols.votable.parquet import results_from_parquet as whole
    else:
        return _votable(head, pieces, wanted, where)
    body = source if isinstance(source, bytes) else head + b"".join(pieces)
    try:
        return whole(body)
    except Malformed as error:
        raise Unreadable(
            f"{archive} answered a file that cannot be read ({error})", **where
        ) from error


def _pieces(source: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for at in range(0, len(source), PIECE):
            yield source[at : at + PIECE]
        return
    while piece := source.read(PIECE):
        yield piece


def _votable(head: bytes, pieces: Iterator[bytes], wanted: str, where: dict[str, Any]) -> Results:
    from skyatlas.protocols.votable.document import status_of
    from skyatlas.protocols.votable.scanning import scanned

    archive = where["archive"]
    elements, broken = scanned(chain((head,), pieces))
    kind = _kind(head)
    if not elements.root.inside and not (kind.startswith("something") and b"<VOTABLE" in head):
        raise Unreadable(
            f"{archive} answered {kind} where {wanted} were expected", **where
        ) from broken
    said = status_of(elements.root)
    if said.error is not None:
        raise Broken(f"{archive} refused the question: {_short(said.error)}", **where)
    try:
        if broken is not None:
            raise broken
        results = results_from(elements)
    except Malformed as error:
        raise Unreadable(
            f"{archive} answered a VOTable that cannot be parsed ({_short(error)})", **where
        ) from error
    if results is None:
        raise Unreadable(f"{archive} answered a VOTable without a table", **where)
    return results


def results_from(elements: Elements) -> Results | None:
    """What a whole document holds; None where it has no table. Raises Malformed."""
    from skyatlas.protocols.votable.columns import table_of, with_columns
    from skyatlas.protocols.votable.document import descriptors_of, infos_of, params_of, status_of
    from skyatlas.protocols.votable.layout import field_of

    root, table = elements.root, elements.table
    if table is None:
        return None
    fields = with_columns([field_of(node) for node in table.all("FIELD")])
    columns = elements.columns
    if elements.fits is not None:
        from skyatlas.protocols.votable.fits import columns_from_fits

        columns = columns_from_fits(elements.fits, len(fields))
    facts = {name: table.said(name) for name in ("ID", "name", "ref", "ucd", "utype")}
    facts["description"] = table.first_text("DESCRIPTION")
    return Results(
        table_of(fields, columns, facts, _dialect(root.inside[0].said("version"))),
        status_of(root).overflow,
        fields,
        params_of(root, table),
        descriptors_of(root),
        infos_of(root),
    )


def _dialect(version: str) -> str:
    """How units are spelled: as VOUnits since VOTable 1.4, before as at CDS."""
    major, _, minor = version.strip("vV").partition(".")
    new = major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (1, 4)
    return "vounit" if new else "cds"


def _kind(head: bytes) -> str:
    start = head[:2048].lstrip().lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "a web page"
    text = head[:60].decode("utf-8", "replace")
    if not text.isprintable() and not text.replace("\n", " ").isprintable():
        return "bytes that are no text"
    return f"something else ({' '.join(text.split())!r})"


def _short(error: object) -> str:
    return " ".join(str(error).split())[:300]
