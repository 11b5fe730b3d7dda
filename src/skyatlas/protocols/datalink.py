"""This file reads a DataLink document; a row that is an error is a row, never an exception.

Source: IVOA DataLink 1.1 (2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.obscore import said
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skyatlas.archive import Reply


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
    description: str
    content_type: str
    content_length: int | None
    """Bytes."""
    more: Mapping[str, str]
    """The archive's own columns."""


_STANDARD = frozenset(
    (
        "ID",
        "access_url",
        "service_def",
        "error_message",
        "semantics",
        "description",
        "content_type",
        "content_length",
    )
)


def links_of(reply: Reply, *, archive: str) -> list[Link]:
    """All rows. Raises Unreadable or Broken where the document itself is not one."""
    table = results_of(reply, archive=archive, wanted="DataLink rows").table
    links = []
    for row in table:
        text = {name: str(said(row, name) or "") for name in table.colnames}
        length = said(row, "content_length") if "content_length" in table.colnames else None
        links.append(
            Link(
                id=text.get("ID", ""),
                access_url=text.get("access_url") or None,
                service_def=text.get("service_def") or None,
                error_message=text.get("error_message") or None,
                semantics=text.get("semantics", ""),
                description=text.get("description", ""),
                content_type=text.get("content_type", ""),
                content_length=int(length) if length is not None else None,
                more={name: text[name] for name in table.colnames if name not in _STANDARD},
            )
        )
    return links
