"""This file holds what all protocols share: where a service is, and what an answer is.

Invariant: an answer says whether the service cut it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.protocols.votable import Results

Protocol = Literal["sia", "sia2", "ssa", "scs", "tap"]
"""The words that `skyatlas services --type` takes; "datalink" and "soda" answer no search."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the Virtual Observatory, as its registry record describes it."""

    url: str
    """Base address: parameters are added to it (for TAP: `/sync`, `/async`)."""
    protocol: Protocol
    archive: str
    """What reports and messages call it: "vo:ivo://…"."""
    ivoid: str = ""
    """Its identifier in the registry."""
    title: str = ""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same service, in the order to try them."""
    table: str = ""
    """Of a TAP service: the table that is asked, "ivoa.obscore" where it follows ObsCore."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a service answered to one question."""

    results: Results
    truncated: bool = False
    """The service had more rows than it gave, or than were asked for."""
    asked: tuple[str, ...] = ()
    """What was really sent: ADQL or URLs, without secrets."""

    @property
    def table(self) -> Table:
        """The rows, in the service's own columns."""
        return self.results.table
