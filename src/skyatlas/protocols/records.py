"""This file holds what a registry says about a service, read from the rows of its answer.

Invariants: an interface here is one that can be asked without a login; the same service under
several identifiers, or under http and https, stands once. Source: IVOA RegTAP 1.1.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from skyatlas.errors import BadInput
from skyatlas.obscore import plain_values
from skyatlas.protocols.regtap import SEPARATOR
from skyatlas.protocols.service import Protocol, Service, askable
from skyatlas.protocols.standards import TYPES, protocol_of

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["Interface", "Record", "merged", "read"]

_Row = Mapping[str, str]
"""Column → what it says; what is empty is left out."""

_SEARCHED = ("sia2", "ssa", "sia", "scs", "tap")
"""Protocols that answer a search, the most telling first."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One way to ask a service."""

    protocol: str
    """Of `standards.TYPES`."""
    access_url: str
    standard_id: str
    """As the registry has it, in lower case."""
    auxiliary: bool = False
    """It leads to a larger service, of which this one is a part."""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same, in the order to try them."""
    tables: tuple[str, ...] = ()
    """Of TAP: the tables of this service, where the registry was asked for them."""
    obscore: str = ""
    """Of TAP: the one that follows ObsCore, where the registry was asked."""


@dataclass(frozen=True, slots=True)
class Record:
    """One service as a registry describes it; "" and () where it does not say."""

    ivoid: str
    short_name: str = ""
    title: str = ""
    description: str = ""
    publisher: str = ""
    authors: tuple[str, ...] = ()
    wavebands: tuple[str, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    """Newest protocol first, what is its own before what is auxiliary."""
    datamodels: tuple[str, ...] = ()
    """Identifiers of the models that its TAP service follows, where the registry was asked."""
    subjects: tuple[str, ...] = ()
    """Only where one service was asked for."""
    content_level: tuple[str, ...] = ()
    """For whom it is: "research", "amateur" …"""
    updated: str = ""
    """When its record was last changed, ISO 8601."""
    reference_url: str = ""
    rights: str = ""
    """What the publisher says about use and acknowledgement, in free text."""
    also: tuple[str, ...] = ()
    """Other identifiers of the same service."""

    @property
    def archive(self) -> str:
        """What `--archive` takes: "vo:ivo://…"."""
        return f"vo:{self.ivoid}"

    @property
    def types(self) -> tuple[str, ...]:
        """The protocols that it can be asked in, newest first."""
        return tuple(dict.fromkeys(one.protocol for one in self.interfaces))

    def services(self) -> tuple[Service, ...]:
        """Every way to search it, best first.

        A larger TAP service is left out unless one of this service's own tables follows ObsCore.
        """
        return tuple(
            self._service(one)
            for name in _SEARCHED
            for one in self.interfaces
            if one.protocol == name and (one.obscore or not (one.auxiliary and name == "tap"))
        )

    def service(self, protocol: str) -> Service:
        """How to ask it in this protocol ("sia" …); BadInput where it does not speak it."""
        for one in self.interfaces:
            if one.protocol == protocol and protocol in get_args(Protocol):
                return self._service(one)
        there = ", ".join(name for name in self.types if name in _SEARCHED) or "none"
        raise BadInput(f"{self.archive} cannot be searched by {protocol!r}; there are: {there}")

    def best(self) -> Service:
        """The best way to search it: newest protocol first. BadInput where there is none."""
        services = self.services()
        if not services:
            raise BadInput(f"{self.archive} offers no search that skyatlas can make")
        return services[0]

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        plain = _plain(self)
        return {**plain, "interfaces": [_plain(one) for one in self.interfaces]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Record:
        """Read what `to_json` wrote. Raises KeyError, TypeError."""
        values = {name: _frozen(value) for name, value in plain.items() if name != "interfaces"}
        interfaces = tuple(
            Interface(**{name: _frozen(value) for name, value in one.items()})
            for one in plain["interfaces"]
        )
        return cls(**values, interfaces=interfaces)

    def _service(self, one: Interface) -> Service:
        assert one.protocol in get_args(Protocol)
        return Service(
            url=one.access_url,
            protocol=one.protocol,  # type: ignore[arg-type]
            archive=self.archive,
            ivoid=self.ivoid,
            title=self.title,
            mirrors=one.mirrors,
            table=one.obscore,
        )


def read(table: Table) -> list[Record]:
    """The services of an answer to `regtap.services`, in its order; KeyError where it is none.

    Those without an interface that can be asked are among them. A service with two publishers has
    two rows; the first one's publisher counts.
    """
    names = table.colnames
    if not {"ivoid", "access_urls", "standard_ids"} <= set(names):
        raise KeyError("access_urls")
    grouped: dict[str, list[_Row]] = {}
    for values in zip(*(plain_values(table[name]) for name in names), strict=True):
        row = {name: str(value) for name, value in zip(names, values, strict=True) if value}
        grouped.setdefault(row.get("ivoid", ""), []).append(row)
    return [_record(ivoid, rows) for ivoid, rows in grouped.items() if ivoid]


def _record(ivoid: str, rows: Sequence[_Row]) -> Record:
    first = {name: " ".join(text.split()) for name, text in rows[0].items()}
    return Record(
        ivoid=ivoid,
        short_name=first.get("short_name", ""),
        title=first.get("res_title", ""),
        description=first.get("res_description", ""),
        publisher=first.get("publisher", ""),
        authors=_listed(first, "creator_seq", ";"),
        wavebands=_listed(first, "waveband", "#"),
        content_level=_listed(first, "content_level", "#"),
        updated=first.get("updated", ""),
        reference_url=first.get("reference_url", ""),
        rights=first.get("rights", ""),
        interfaces=_usable(itertools.chain.from_iterable(map(_offers, rows))),
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """An interface before it is judged."""

    interface: Interface
    standard: bool
    """Its role says that it follows the standard."""
    kind: str
    """Its type: "vs:paramhttp" …"""


def _offers(row: _Row) -> Iterator[_Offer]:
    columns = (
        "access_urls", "standard_ids", "intf_types", "intf_roles", "std_versions", "mirror_urls"
    )  # fmt: skip
    parts = [row[name].split(SEPARATOR) if name in row else [] for name in columns]
    for url, standard, kind, role, version, mirrors in itertools.zip_longest(*parts, fillvalue=""):
        known = protocol_of(standard, version)
        if known is not None and askable(url):
            others = dict.fromkeys(_address(o) for o in mirrors.split("#") if askable(o))
            interface = Interface(known[0], _address(url), standard.lower(), known[1])
            interface = replace(interface, mirrors=tuple(others))
            yield _Offer(interface, role.strip().lower().startswith("std"), kind.strip().lower())


def _usable(offers: Iterable[_Offer]) -> tuple[Interface, ...]:
    """Those that follow the standard; where a protocol has none that says so, what looks like it.

    Many records forgot role="std". A page for people, or SOAP, is never it.
    """
    able = [one for one in offers if one.kind in ("", "vs:paramhttp") or one.kind[:3] == "tr:"]
    standard = {one.interface.protocol for one in able if one.standard}
    chosen: dict[tuple[str, str], Interface] = {}
    for one in (o.interface for o in able if o.standard or o.interface.protocol not in standard):
        key = (one.protocol, _same(one.access_url))
        chosen[key] = _joined(chosen[key], one) if key in chosen else one
    order = {name: place for place, name in enumerate(TYPES)}
    return tuple(sorted(chosen.values(), key=lambda one: (order[one.protocol], one.auxiliary)))


def _joined(one: Interface, other: Interface) -> Interface:
    """The same interface twice: https is asked before http, the other address is a mirror."""
    first, second = sorted(
        (one, other), key=lambda each: not each.access_url.startswith("https://")
    )
    mirrors = dict.fromkeys((*first.mirrors, second.access_url, *second.mirrors))
    mirrors.pop(first.access_url, None)
    auxiliary = one.auxiliary and other.auxiliary
    return replace(first, mirrors=tuple(mirrors), auxiliary=auxiliary)


def merged(records: Sequence[Record]) -> list[Record]:
    """Each service once: a record all of whose own interfaces another one has goes into that one.

    Parts of a larger service share that service's address; they stay what they are.
    """
    kept: dict[str, Record] = {}
    holders: dict[tuple[str, str], dict[str, None]] = {}
    for record in sorted(records, key=lambda one: -len(_own(one))):  # stable: order stays
        own = _own(record)
        holding = [holders.get(key, {}) for key in sorted(own)]
        same = (
            [ivoid for ivoid in holding[0] if all(ivoid in one for one in holding)] if own else []
        )
        if same:
            kept[same[0]] = _with(kept[same[0]], record)
            continue
        kept[record.ivoid] = record
        for key in own:
            holders.setdefault(key, {})[record.ivoid] = None
    return [kept[one.ivoid] for one in records if one.ivoid in kept]


def _with(kept: Record, other: Record) -> Record:
    there = {(one.protocol, _same(one.access_url)): one for one in kept.interfaces}
    for one in other.interfaces:
        key = (one.protocol, _same(one.access_url))
        there[key] = _joined(there[key], one) if key in there else one
    also = dict.fromkeys((*kept.also, other.ivoid, *other.also))
    also.pop(kept.ivoid, None)
    return replace(kept, interfaces=tuple(there.values()), also=tuple(also))


def _own(record: Record) -> set[tuple[str, str]]:
    return {(i.protocol, _same(i.access_url)) for i in record.interfaces if not i.auxiliary}


def _address(url: str) -> str:
    """As it is meant: STScI's registry escapes twice, `sia.pl?survey=x&amp;` (2018, 2026)."""
    return html.unescape(url.strip()) if "&amp;" in url else url.strip()


def _same(url: str) -> str:
    """What addresses of the same service have in common."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":80").removesuffix(":443")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{parts.path}{query}".rstrip("?&/")


def _listed(row: _Row, name: str, separator: str) -> tuple[str, ...]:
    parts = (one.strip() for one in row.get(name, "").split(separator))
    return tuple(dict.fromkeys(one for one in parts if one))


def _plain(value: Any) -> dict[str, Any]:
    plain = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: one for name, one in plain.items() if one not in ("", (), False)}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
