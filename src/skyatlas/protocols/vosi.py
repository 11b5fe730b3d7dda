"""This file reads what a service says of itself: capabilities, tables, availability.

Invariant: a document is read or Unreadable; what a service leaves out is None or empty, never a
guess. Sources: VOSI 1.1, VOResource 1.1, VODataService 1.2, TAPRegExt 1.0; the standards'
identifiers with the suffixes that registries really hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from skyatlas.errors import Unreadable
from skyatlas.protocols.markup import children, element_of, text_of
from skyatlas.protocols.standards import protocol_of
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

    Interfaces for everybody come before those that want a login; web pages are left out. What
    leads to a larger service ("#aux") counts only where there is nothing of the service's own.
    """
    own: dict[tuple[Kind, str], bool] = {}
    larger: dict[tuple[Kind, str], bool] = {}
    for capability in capabilities:
        kind, auxiliary = _kind(capability)
        if kind is None:
            continue
        found = larger if auxiliary else own
        for interface in capability.interfaces:
            if interface.type in ("ParamHTTP", "") or capability.type.endswith("Access"):
                for url in interface.urls:
                    pair = (kind, _base(url) if kind == "tap" else url)
                    found[pair] = found.get(pair, False) or interface.open
    found = own or larger
    return sorted(found, key=lambda pair: not found[pair])


_SPELLED = re.compile(
    r"ivo://ivoa\.net/std/(sia|ssa|conesearch|tap|datalink|soda)p?"
    r"(?:/v?(\d[\d.]*))?(#(?!sync|async)[^/]*|(?<=soda)#sync.*)?(?:#a?sync.*)?"
)
"""Identifiers as capabilities spell them: "SSAP", "TAP/v1.1", "TAP#sync-1.1" (an endpoint)."""

_TYPES: dict[str, Kind] = {
    "SimpleImageAccess": "sia",
    "SimpleSpectralAccess": "ssa",
    "ConeSearch": "scs",
    "TableAccess": "tap",
}
"""Where a capability has no identifier of a standard, its type tells."""


def _kind(capability: Capability) -> tuple[Kind | None, bool]:
    """The protocol, and whether the capability only leads to a larger service."""
    name = capability.standard_id.strip().lower()
    match = _SPELLED.fullmatch(name)
    if match is None:
        return (None if name else _TYPES.get(capability.type)), False
    standard, version, part = match.groups(default="")
    known = protocol_of(f"ivo://ivoa.net/std/{standard}{part}", version)
    return (cast("Kind", known[0]), known[1]) if known else (None, False)


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
