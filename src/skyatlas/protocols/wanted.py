"""This file says what services are looked for in a registry; what makes no sense is refused.

Sources: VODataService 1.2 for wavebands (http://www.ivoa.net/rdf/messenger).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from skyatlas import words as read
from skyatlas.errors import BadInput
from skyatlas.model import Interval, Target
from skyatlas.protocols.standards import TYPES

__all__ = ["DATAMODELS", "WAVEBANDS", "Wanted", "from_words"]

WAVEBANDS = ("radio", "millimeter", "infrared", "optical", "uv", "euv", "x-ray", "gamma-ray")
"""VODataService's words, of http://www.ivoa.net/rdf/messenger those for light."""

_NEAR = {
    "mm": "millimeter",
    "millimetre": "millimeter",
    "submillimeter": "millimeter",
    "submm": "millimeter",
    "ir": "infrared",
    "nir": "infrared",
    "visible": "optical",
    "visual": "optical",
    "ultraviolet": "uv",
    "fuv": "uv",
    "nuv": "uv",
    "xray": "x-ray",
    "gamma": "gamma-ray",
}
_NEAR_TYPES = {
    "image": "sia2, sia",
    "images": "sia2, sia",
    "siap": "sia",
    "sia1": "sia",
    "siap2": "sia2",
    "spectrum": "ssa",
    "spectra": "ssa",
    "ssap": "ssa",
    "cone": "scs",
    "conesearch": "scs",
    "catalogue": "scs",
    "table": "tap",
    "obscore": "tap with the data model obscore",
}

DATAMODELS = ("obscore", "epntap", "regtap")
"""What tables of a TAP service may follow: observations, solar-system data, a registry."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What services are looked for; all that is given must hold, of several in one any."""

    keywords: tuple[str, ...] = ()
    """Each must be in the title, the description or the subjects."""
    types: tuple[str, ...] = ()
    """Of `TYPES`: services of their own, not those that only serve a part of somebody else's."""
    wavebands: tuple[str, ...] = ()
    """Of `WAVEBANDS`."""
    ucds: tuple[str, ...] = ()
    """UCDs of table columns; `%` is anything: "phot.mag;em.ir.%"."""
    datamodels: tuple[str, ...] = ()
    """Of `DATAMODELS`."""
    publisher: str = ""
    """Part of its name, in any case; `%` is anything."""
    author: str = ""
    """Part of the name of one of the creators, in any case; `%` is anything."""
    position: tuple[float, float, float] | None = None
    """Right ascension, declination, radius: degrees ICRS."""
    band: Interval | None = None
    """Vacuum wavelengths, metres."""
    time: Interval | None = None
    """MJD."""
    ivoid: str = ""
    """One service by its identifier."""
    limit: int | None = None
    """At most so many services."""

    def __post_init__(self) -> None:
        _known(self.types, TYPES, "type of service", _NEAR_TYPES)
        _known(self.wavebands, WAVEBANDS, "waveband", _NEAR)
        _known(self.datamodels, DATAMODELS, "data model", {})
        if self.limit is not None and self.limit < 1:
            raise BadInput(f"a limit of {self.limit} services makes no sense; give at least 1")
        if self.ivoid and not self.ivoid.lower().startswith("ivo://"):
            raise BadInput(f"{self.ivoid!r} is no identifier of a service; it starts with ivo://")
        if not any(getattr(self, one.name) for one in fields(self) if one.name != "limit"):
            raise BadInput(
                "nothing was asked: give words, or a filter such as a type of service or a waveband"
            )

    @property
    def covering(self) -> bool:
        """Whether something is asked that needs the coverage tables."""
        return self.position is not None or self.band is not None or self.time is not None

    @property
    def key(self) -> str:
        """The same text for the same question."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return repr({name: value for name, value in said.items() if value not in (None, (), "")})


def _known(
    given: Iterable[str], known: tuple[str, ...], what: str, near: Mapping[str, str]
) -> None:
    for word in given:
        if word in known:
            continue
        close = difflib.get_close_matches(word.lower(), known, n=2)
        meant = near.get(word.lower().replace(" ", "").replace("-", "")) or ", ".join(close)
        hint = f"did you mean {meant}? " if meant else ""
        raise BadInput(f"unknown {what} {word!r}; {hint}there are: {', '.join(known)}")


RADIUS = 1.0 / 60.0
"""Degrees around a target, where none is given: as in a search."""


def from_words(
    keywords: str | Iterable[str], place: Target | None, filters: Mapping[str, Any]
) -> Wanted:
    """Read what people write; see `Session.services`. Raises BadInput for what makes no sense.

    A text is taken word by word; each of several texts is kept together.
    """
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "type": ("types", _lower),
        "waveband": ("wavebands", _lower),
        "ucd": ("ucds", _names),
        "datamodel": ("datamodels", _lower),
        "publisher": ("publisher", str),
        "author": ("author", str),
        "band": ("band", read.band),
        "time": ("time", read.time),
        "ivoid": ("ivoid", lambda text: str(text).removeprefix("vo:")),
        "limit": ("limit", int),
        "radius": ("position", read.radius),
    }
    unknown = sorted(set(filters) - set(readers))
    if unknown:
        raise BadInput(f"no filter {unknown[0]!r}; there are: {', '.join(sorted(readers))}")
    values: dict[str, Any] = {}
    for name, value in filters.items():
        if value is not None:
            field, reader = readers[name]
            values[field] = reader(value)
    radius = values.pop("position", None)
    if place is not None and place.ra is not None:
        values["position"] = (place.ra, place.dec, RADIUS if radius is None else radius)
    elif radius is not None:
        raise BadInput("a radius needs a target around which to look")
    texts = keywords.split() if isinstance(keywords, str) else [str(one) for one in keywords]
    return Wanted(keywords=tuple(one.strip() for one in texts if one.strip()), **values)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    several = given.split(",") if isinstance(given, str) else given
    return tuple(str(one).strip() for one in several if str(one).strip())


def _lower(given: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(one.lower() for one in _names(given))
