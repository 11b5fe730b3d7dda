"""This file finds out what is behind `vo:ivo://…` and `vo:https://…`: which protocols, and where.

Invariant: what a service says of itself (VOSI capabilities) comes first; a service that says
nothing is told by what it answers to the question for its parameters, never by its address.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from skyatlas.errors import ArchiveError, BadInput, Unreachable
from skyatlas.protocols import registry, tap, vosi
from skyatlas.protocols.service import Service, askable
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skyatlas.archive import Door
    from skyatlas.archives.vo.own import OwnService
    from skyatlas.protocols.votable import Field, Results

__all__ = ["found"]

_FRESH = 7 * 86_400.0
"""Seconds for which what was found out about an address is good."""
_ASKED = ("sia2", "sia", "ssa", "scs", "tap")
_PROBES = (
    ("sia2", {"MAXREC": "0"}),
    ("ssa", {"REQUEST": "queryData", "FORMAT": "METADATA"}),
    ("sia", {"POS": "0,0", "SIZE": "0", "FORMAT": "METADATA"}),
    ("scs", {"RA": "0", "DEC": "0", "SR": "0", "VERB": "1"}),
)
"""What each protocol takes as the question for its columns (SIA 2.0 2.1, SSA 1.1 6, SIA 1.0 6,
Cone Search 1.03 2.2)."""


def found(name: str, own: OwnService | None, door: Door) -> tuple[Service, ...]:
    """The services behind an archive's name. Raises BadInput and ArchiveErrors."""
    if own is not None and own.protocol is not None:
        service = Service(
            own.url, own.protocol, name, title=own.title, table=own.table or _usual(own.protocol)
        )
        return (service,)
    address = own.url if own is not None else name.removeprefix("vo:")
    if address.startswith("ivo://"):
        return _registered(address, door)
    if address.startswith(("https://", "http://")):
        return _remembered(_checked(address), name, door)
    raise BadInput(
        f"{name!r} names no service; write vo:ivo://… (an identifier that `skyatlas services` "
        "shows) or vo:https://… (a service's address)"
    )


def _checked(address: str) -> str:
    """The address, where it can be asked and holds no password. Raises BadInput."""
    if not askable(address):
        raise BadInput(f"{address!r} is no address that can be asked; write vo:https://…")
    if "@" in urlsplit(address).netloc:
        # It would stand in reports, receipts and saved answers.
        raise BadInput(
            "the address of a service must not hold a name or password (before the @); leave it out"
        )
    return address


def _usual(protocol: str) -> str:
    return "ivoa.obscore" if protocol == "tap" else ""


def _registered(ivoid: str, door: Door) -> tuple[Service, ...]:
    listing = registry.find(door, registry.Wanted(ivoid=ivoid))
    services = tuple(one for record in listing.records for one in record.services())
    if not listing.records:
        raise BadInput(f"the registry knows no {ivoid}; `skyatlas services` finds identifiers")
    if not services:
        raise BadInput(f"{ivoid} is in the registry, but offers nothing that can be searched")
    return services


def _remembered(address: str, name: str, door: Door) -> tuple[Service, ...]:
    kept = door.memory.get("service", address)
    if kept is not None and kept.age < _FRESH:
        return tuple(Service(**{**one, "mirrors": tuple(one["mirrors"])}) for one in kept.value)
    services = tuple(_behind(address, name, door))
    if not services:
        raise BadInput(
            f"what is at {address} speaks none of SIA, SSA, SCS and TAP (asked for its "
            "capabilities and for its columns)"
        )
    door.memory.put("service", address, [asdict(one) for one in services])
    return services


def _behind(address: str, name: str, door: Door) -> Iterator[Service]:
    told = _capabilities(address, name, door)
    if told is None:
        protocol = _probed(address, name, door)
        if protocol is not None:
            yield Service(address, protocol, name)
        return
    spoken = [(kind, url) for kind, url in vosi.kind_of(told) if kind in _ASKED]
    same = [(kind, url) for kind, url in spoken if _plain(url) == _plain(address)]
    for kind, url in same or spoken:
        service: dict[str, Any] = {"url": url, "protocol": kind, "archive": name}
        if kind == "tap":
            table = tap.obstap(door, tap.TapService(name, url))
            if table is None:
                continue
            service["table"] = table
        yield Service(**service)


def _capabilities(address: str, name: str, door: Door) -> Sequence[vosi.Capability] | None:
    """What the service says of itself; None where it says nothing that can be read."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    for place in dict.fromkeys((path, path.rpartition("/")[0])):
        url = urlunsplit((parts.scheme, parts.netloc, f"{place}/capabilities", "", ""))
        try:
            reply = door.ask(url)
            return vosi.capabilities_of(reply.content, archive=name, url=url)
        except Unreachable:
            raise
        except ArchiveError:
            continue
    return None


def _probed(address: str, name: str, door: Door) -> Any:
    """The protocol in which the service answers the question for its columns; None for none."""
    for protocol, parameters in _PROBES:
        try:
            reply = door.ask(address, params=parameters, errors_too=True)
            results = results_of(reply, archive=name, wanted="columns")
        except Unreachable:
            raise
        except ArchiveError:
            continue
        if _looks_like(protocol, results):
            return protocol
    return None


def _looks_like(protocol: str, results: Results) -> bool:
    """Whether these columns are the protocol's own: every service answers anything somehow."""
    ucds = {field.ucd.lower() for field in results.fields}
    utypes = {_tail(field) for field in results.fields}
    names = {field.name.lower() for field in results.fields}
    if protocol == "sia2":
        return {"dataproduct_type", "access_url", "s_ra"} <= names | utypes
    if protocol == "ssa":
        return "access.reference" in utypes
    if protocol == "sia":
        return any(ucd.startswith("vox:image") for ucd in ucds)
    main = {"pos_eq_ra_main", "pos.eq.ra;meta.main"}
    return bool(ucds & main) and not any(ucd.startswith("vox:") for ucd in ucds)


def _tail(field: Field) -> str:
    """The utype without its data model's name: "ssa:Access.Reference" → "access.reference"."""
    return field.utype.rpartition(":")[2].lower().removeprefix("spectrum.")


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path.rstrip('/')}".casefold()
