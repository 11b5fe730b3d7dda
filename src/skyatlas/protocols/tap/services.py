"""This file holds where a TAP service is, and learns what it can do from what it says of itself.

Invariant: what a service does not say is not known; a service that says nothing can still be asked.
What was learned is kept for a day, a failure never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.errors import Broken, Refused, Unreadable
from skyatlas.protocols.tapregext import Offer
from skyatlas.protocols.vosi import Capability, capabilities_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.protocols.tapregext import OutputFormat

__all__ = ["DAY", "PLAIN", "Known", "TapService", "avoid", "formats_for", "known"]

DAY = 86_400.0
"""Seconds that what was learned counts."""
PLAIN = "votable"
"""The format that every service has (TAP 1.1, section 2.7.3)."""
_CAPABILITIES, _AVOIDED = "tap-capabilities", "tap-avoided-formats"
_ASK_FOR = 1_000_000_000
"""Rows to ask for where a service has a default but no hard limit; fits 32 bits everywhere."""
_NOTHING = Offer()


@dataclass(frozen=True, slots=True)
class TapService:
    """Where a TAP service is and what it bears; what is None is learned from its capabilities."""

    archive: str
    url: str
    """Base URL, without /sync."""
    hard_limit: int | None = None
    """Rows that it gives at most."""
    execution_seconds: int | None = 3600
    """What to ask for where the default of an asynchronous job is too short; None: its default."""
    wait_seconds: float = 3600.0
    """How long we wait for a job."""
    formats: tuple[str, ...] | None = None
    """What FORMAT says, in the order to try. FITS and Parquet are read too, but carry no
    QUERY_STATUS, so that only the number of rows shows a cut; they are never chosen for you."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.rstrip("/?"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a service says of itself."""

    offer: Offer = _NOTHING
    version: str = ""
    """Of TAP: "1.0", "1.1"; "" where it does not say."""
    said: bool = False
    """Whether it says anything."""
    tables_url: str = ""

    @property
    def most_rows(self) -> int | None:
        """What to ask for where everything is wanted; None: no limit is known."""
        if self.offer.rows.hard is not None:
            return self.offer.rows.hard
        return None if self.offer.rows.default is None else _ASK_FOR

    @property
    def format_word(self) -> str:
        """The name of the parameter for the format (TAP 1.1 renamed it)."""
        return "RESPONSEFORMAT" if self.version >= "1.1" else "FORMAT"


def known(door: Door, service: TapService) -> Known:
    """What the service's `/capabilities` say; empty where it has none that can be read.

    Raises Unreachable or Busy where it does not answer at all.
    """
    kept = door.memory.get(_CAPABILITIES, service.url)
    if kept is not None and kept.age < DAY:
        try:
            return _known(service, str(kept.value).encode("latin-1"))
        except (Unreadable, UnicodeEncodeError):
            door.memory.drop(_CAPABILITIES, service.url)
    try:
        body = door.ask(f"{service.url}/capabilities").content
        found = _known(service, body)
    except (Refused, Broken, Unreadable):
        return Known()
    # As bytes in disguise: what the document says of its encoding stays true.
    door.memory.put(_CAPABILITIES, service.url, body.decode("latin-1"))
    return found


def formats_for(door: Door, service: TapService, about: Known) -> tuple[str, ...]:
    """What to ask for, best first: BINARY2 where it is offered and was not refused, then plain.

    BINARY2 is decoded in bulk and keeps NULLs, units, UCDs, QUERY_STATUS and service descriptors.
    FITS keeps neither QUERY_STATUS nor UCDs nor NULL texts, Parquet no QUERY_STATUS.
    """
    if service.formats is not None:
        return service.formats or (PLAIN,)
    kept = door.memory.get(_AVOIDED, service.url)
    avoided = kept.value if kept is not None and kept.age < DAY else []
    better = (name for one in about.offer.formats for name in _binary2(one))
    return (*[name for name in better if name not in avoided][:1], PLAIN)


def avoid(door: Door, service: TapService, name: str) -> None:
    """Remember that the service promised this format and did not give it."""
    kept = door.memory.get(_AVOIDED, service.url)
    before = kept.value if kept is not None and kept.age < DAY else []
    door.memory.put(_AVOIDED, service.url, sorted({*before, name}))


def _binary2(one: OutputFormat) -> Iterator[str]:
    """How to ask for this format, if it is BINARY2 of the service's usual version of VOTable."""
    mime = one.mime.lower().replace(" ", "").replace('"', "")
    if mime == "application/x-votable+xml;serialization=binary2" or (
        one.ivoid.lower().endswith("#output-votable-binary2") and "version=" not in mime
    ):
        yield (one.aliases or (one.mime,))[0]


def _known(service: TapService, body: bytes) -> Known:
    found = capabilities_of(body, archive=service.archive, url=f"{service.url}/capabilities")
    best = next((one for one in found if one.offer is not None), None)
    if best is None or best.offer is None:
        return Known()
    versions = [one.version for one in best.interfaces if one.version]
    return Known(best.offer, max(versions, default=""), True, _tables(found))


def _tables(found: tuple[Capability, ...]) -> str:
    urls = [
        url
        for one in found
        if one.standard_id.lower().startswith("ivo://ivoa.net/std/vosi#tables")
        for interface in one.interfaces
        if interface.open
        for url in interface.urls
    ]
    return urls[0] if urls else ""
