"""This file holds what a resolver says about a name: positions, silence, or that it failed.

Invariant: "does not know it" and "did not answer" are never the same value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Answer:
    """One object that one resolver has under a name."""

    resolver: str
    """"SIMBAD", "NED", "VizieR", "MAST TIC", "OpenNGC" …"""
    name: str
    """The resolver's main name for it."""
    ra: float
    """Degrees ICRS, as precise as the resolver writes it."""
    dec: float
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Identifiers that archives ask by: {"TIC": "261136679", "Gaia DR3": "…"}."""

    def __str__(self) -> str:
        return f"{self.name or 'an object'} at {self.ra:.5f} {self.dec:+.5f} ({self.resolver})"


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the resolvers behind one service say about one name."""

    answers: tuple[Answer, ...] = ()
    """Best first; empty where nobody knows the name, if `failures` is empty too."""
    failures: tuple[str, ...] = ()
    """One sentence for each resolver that could not be asked."""

    @property
    def settled(self) -> bool:
        """Whether asking another mirror could teach nothing more."""
        return bool(self.answers) or not self.failures


def separation(one: Answer, other: Answer) -> float:
    """Degrees along the great circle (haversine, exact for small angles)."""
    lat1, lat2 = math.radians(one.dec), math.radians(other.dec)
    lon = math.radians(other.ra - one.ra)
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(lon / 2) ** 2
    )
    return 2 * math.degrees(math.asin(min(1.0, math.sqrt(half))))
