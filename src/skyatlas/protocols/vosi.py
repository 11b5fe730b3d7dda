"""This file reads what a service says of itself: capabilities, tables, availability.

Invariant: a document is read or Unreadable; what a service leaves out is None or empty, never a
guess. Sources: VOSI 1.1, VOResource 1.1, VODataService 1.2, TAPRegExt 1.0; the standards'
identifiers with the suffixes that registries really hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from skyatlas.errors import Unreadable
from skyatlas.protocols.markup import children, element_of, text_of
from skyatlas.protocols.tapregext import Offer, offer_of
from skyatlas.protocols.vosi_tables import Column, ForeignKey, Schema, Table, tables_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = [
    "Availability",
    "Capability",
    "Column",
    "ForeignKey",
    "Interface",
    "Kind",
    "Schema",
    "Table",
    "availability_of",
    "capabilities_of",
    "kind_of",
    "tables_of",
]

Kind = Literal["sia", "sia2", "ssa", "scs", "tap", "datalink", "soda"]


@dataclass(frozen=True, slots=True)
class Interface:
    """One way to reach a capability."""

    urls: tuple[str, ...]
    """Its addresses; more than one means mirrors, older documents say so."""
    type: str = ""
    """"ParamHTTP", "WebBrowser" …"""
    role: str = ""
    version: str = ""
    security: tuple[str, ...] = ()
    """Identifiers of the ways to log in; "" is nobody's login. Empty: none is needed."""
    mirrors: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is for everybody."""
        return not self.security or "" in self.security


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a service can do."""

    standard_id: str
    type: str = ""
    """"TableAccess", "ConeSearch" …; only some have one."""
    description: str = ""
    interfaces: tuple[Interface, ...] = ()
    offer: Offer | None = None
    """Of a TAP service."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a service works; times are ISO 8601 as written, "" where none is given."""

    available: bool
    up_since: str = ""
    down_at: str = ""
    back_at: str = ""
    notes: tuple[str, ...] = ()


def capabilities_of(body: bytes, *, archive: str, url: str) -> tuple[Capability, ...]:
    """Read `/capabilities`. Raises Unreadable."""
    root = element_of(
        body, "capabilities", archive=archive, url=url, wanted="the list of its capabilities"
    )
    return tuple(_capability(one) for one in children(root, "capability"))


def availability_of(body: bytes, *, archive: str, url: str) -> Availability:
    """Read `/availability`. Raises Unreadable."""
    root = element_of(body, "availability", archive=archive, url=url, wanted="its availability")
    said = text_of(root, "available").lower()
    if said not in ("true", "false", "1", "0"):
        raise Unreadable(
            f"{archive} says neither that it works nor that it does not", archive=archive, url=url
        )
    return Availability(
        said in ("true", "1"),
        text_of(root, "upSince"),
        text_of(root, "downAt"),
        text_of(root, "backAt"),
        tuple(text_of(note) for note in children(root, "note")),
    )


def kind_of(capabilities: Sequence[Capability]) -> list[tuple[Kind, str]]:
    """Which protocols a service speaks, and where: (protocol, access URL), each pair once.

    Interfaces for everybody come before those that want a login; web pages are left out.
    """
    found: dict[tuple[Kind, str], bool] = {}
    for capability in capabilities:
        kind = _kind(capability)
        if kind is None:
            continue
        for interface in capability.interfaces:
            if interface.type not in ("WebBrowser", "WebService"):
                for url in interface.urls:
                    pair = (kind, _base(url) if kind == "tap" else url)
                    found[pair] = found.get(pair, False) or interface.open
    return sorted(found, key=lambda pair: not found[pair])


_STANDARDS: tuple[tuple[str, Kind], ...] = (
    (r"std/sia(/v?2|#query(-aux)?-2)(\..*)?", "sia2"),
    (r"std/sia(/v?1(\..*)?)?(#(query-1.*|aux))?", "sia"),
    (r"std/ssap?(/v?1(\..*)?)?(#.*)?", "ssa"),
    (r"std/conesearch(/v?1(\..*)?)?(#.*)?", "scs"),
    (r"std/tap(/v?1(\..*)?)?(#(aux|sync.*|async.*))?", "tap"),
    (r"std/datalink(/v?1(\..*)?)?(#(links.*|aux))?", "datalink"),
    (r"std/soda#sync.*", "soda"),
)
"""Identifiers (in lower case, after "ivo://ivoa.net/") and what they mean, special before general.

"#aux" marks a data collection inside a service that is registered elsewhere."""

_TYPES: dict[str, Kind] = {
    "SimpleImageAccess": "sia",
    "SimpleSpectralAccess": "ssa",
    "ConeSearch": "scs",
    "TableAccess": "tap",
}
"""Where a capability has no identifier of a standard, its type tells."""


def _kind(capability: Capability) -> Kind | None:
    name = capability.standard_id.strip().lower().removeprefix("ivo://ivoa.net/")
    for pattern, kind in _STANDARDS:
        if re.fullmatch(pattern, name):
            return kind
    return None if name else _TYPES.get(capability.type)


def _base(url: str) -> str:
    """The address below which a TAP service has `/sync` and `/async`."""
    plain = url.rstrip("/")
    for end in ("/sync", "/async"):
        plain = plain.removesuffix(end)
    return plain


def _capability(element: Element) -> Capability:
    kind = _type(element)
    return Capability(
        (element.get("standardID") or "").strip(),
        kind,
        text_of(element, "description"),
        tuple(_interface(one) for one in children(element, "interface")),
        offer_of(element)
        if kind == "TableAccess" or element.find("language") is not None
        else None,
    )


def _interface(element: Element) -> Interface:
    return Interface(
        tuple(filter(None, map(text_of, children(element, "accessURL")))),
        _type(element),
        element.get("role", ""),
        element.get("version", ""),
        tuple((one.get("standardID") or "").strip() for one in children(element, "securityMethod")),
        tuple(filter(None, map(text_of, children(element, "mirrorURL")))),
    )


def _type(element: Element) -> str:
    return (element.get("type") or "").rpartition(":")[2]
