"""This file reads one DataLink document into its links, each with the service that it means.

Invariant: every row of the document is a link; a service's parameters that refer to columns have
that row's values. Source: IVOA DataLink 1.1 (2023), sections 3 and 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyatlas.errors import ArchiveError, Unreadable
from skyatlas.obscore import said
from skyatlas.protocols.datalink.terms import is_a, term
from skyatlas.protocols.votable import Descriptor, Field, Results, results_of

if TYPE_CHECKING:
    from skyatlas.archive import Reply

DOCUMENT = "content=datalink"
"""In a media type: what is there is not the data but its links."""


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the document."""

    id: str
    access_url: str | None
    """None for an error row and for a service."""
    service_def: str | None
    """Identifier of a service described in the same document."""
    error_message: str | None
    semantics: str
    """A word of the core vocabulary ("#this"), or another vocabulary's as it is."""
    description: str
    content_type: str
    content_length: int | None
    """Bytes."""
    more: Mapping[str, str]
    """The archive's own columns."""
    content_qualifier: str = ""
    """What kind of product it is (1.1): "image", "#spectrum" …"""
    local_semantics: str = ""
    """What is the same in the documents of one service (1.1)."""
    link_auth: str = ""
    """Whether a login is needed (1.1): "false", "optional", "true" or ""."""
    link_authorized: bool | None = None
    """Whether this asker may have it (1.1); None: not said."""
    service: Descriptor | None = None
    """The service that `service_def` names; parameters that refer to columns have values."""

    @property
    def is_error(self) -> bool:
        """Whether the row only says what went wrong.

        Some documents fill the columns that do not apply with anything; an address is an address.
        """
        return bool(self.error_message) and not self.access_url and self.service is None

    @property
    def is_document(self) -> bool:
        """Whether it leads to another DataLink document."""
        return is_document(self.content_type)


@dataclass(frozen=True, slots=True)
class Links:
    """What a document says of one dataset (or of several)."""

    rows: tuple[Link, ...]
    descriptors: tuple[Descriptor, ...] = ()
    failure: ArchiveError | None = None
    """Why there is no document; `rows` then holds one error row."""

    def of(self, *words: str) -> tuple[Link, ...]:
        """The links of these words, and of their kinds, that are no errors."""
        return tuple(
            link
            for link in self.rows
            if not link.is_error and any(is_a(link.semantics, word) for word in words)
        )


def is_document(media_type: str) -> bool:
    """Whether a media type is that of a DataLink document."""
    return DOCUMENT in media_type.lower().replace(" ", "").replace('"', "")


def failed(identifier: str, words: str, failure: ArchiveError | None = None) -> Links:
    """Our own error row: nothing is known of this dataset."""
    row = Link(identifier, None, None, words, "#this", "", "", None, {})
    return Links((row,), failure=failure)


def links_of(reply: Reply, *, archive: str) -> list[Link]:
    """All rows. Raises Unreadable or Broken where the document itself is not one."""
    return list(document_of(reply, archive=archive).rows)


def document_of(reply: Reply, *, archive: str) -> Links:
    """All rows and services. Raises Unreadable or Broken where the document is not one."""
    results = results_of(reply, archive=archive, wanted="DataLink rows")
    names = results.table.colnames
    if "ID" not in names or "semantics" not in names:
        words = f"{archive} answered a table that is not of links where DataLink rows were expected"
        raise Unreadable(words, archive=archive, url=reply.url, status=reply.status_code)
    rows = [_link(row, names) for row in results.table]
    services = _Services(results, rows)
    joined = tuple(
        replace(link, service=services.of(link, row))
        for link, row in zip(rows, results.table, strict=True)
    )
    return Links(joined, results.descriptors)


_STANDARD = frozenset(
    {
        "ID",
        "access_url",
        "service_def",
        "error_message",
        "semantics",
        "description",
        "content_type",
        "content_length",
        "content_qualifier",
        "local_semantics",
        "link_auth",
        "link_authorized",
    }
)


def _link(row: Any, names: list[str]) -> Link:
    text = {name: _text(said(row, name)) for name in names}
    length = said(row, "content_length")
    address = text.get("access_url", "")
    return Link(
        id=text.get("ID", ""),
        access_url=address if "://" in address else None,
        service_def=text.get("service_def") or None,
        error_message=text.get("error_message") or None,
        semantics=term(text.get("semantics", "")),
        description=text.get("description", ""),
        content_type=text.get("content_type", ""),
        content_length=int(length) if length is not None and int(length) > 0 else None,
        more={name: text[name] for name in names if name not in _STANDARD},
        content_qualifier=text.get("content_qualifier", ""),
        local_semantics=text.get("local_semantics", ""),
        link_auth=text.get("link_auth", ""),
        link_authorized={"true": True, "1": True, "false": False, "0": False}.get(
            text.get("link_authorized", "").lower()
        ),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class _Services:
    """The services of a document, by the rows that mean them."""

    def __init__(self, results: Results, links: list[Link]) -> None:
        self._columns = {field.id: field.column for field in results.fields if field.id}
        self._services: dict[str, list[Descriptor]] = {}
        for one in results.descriptors:
            self._services.setdefault(one.id, []).append(one)
        self._wanted = Counter(link.service_def for link in links)
        self._met: Counter[str] = Counter()

    def of(self, link: Link, row: Any) -> Descriptor | None:
        """The service of the next row, its parameters filled from the row."""
        name = link.service_def
        if name is None or name not in self._services:
            return None
        services, number = self._services[name], self._met[name]
        self._met[name] += 1
        if len(services) == 1:
            found = services[0]
        elif len(services) == self._wanted[name]:
            # ALMA describes several services under one ID, in the order of its rows (2022).
            found = services[number]
        else:
            return None
        inputs = tuple(self._filled(one, link, row) for one in found.inputs)
        return replace(found, inputs=inputs)

    def _filled(self, one: Field, link: Link, row: Any) -> Field:
        if not one.ref:
            return one
        column = self._columns.get(one.ref)
        if column is not None:
            return replace(one, value=_text(said(row, column)))
        # ESO's reference leads nowhere; what identifies the dataset is this row's ID.
        return replace(one, value=link.id) if one.name.upper() == "ID" else one
