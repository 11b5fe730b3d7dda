"""This file holds the values of the sandbox: what its archives hold; nothing here knows HTTP.

Invariant: everything is decided by the seed; `make()` gives the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _nothing() -> Mapping[str, Any]:
    """A default that cannot be changed (a mappingproxy itself cannot be one before Python 3.12)."""
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in at the sandbox."""

    username: str
    password: str = field(repr=False)
    programs: frozenset[str] = frozenset()
    """Proposal identifiers whose proprietary files and protected rows this account may see."""


ACCOUNTS: tuple[Account, ...] = (
    Account("pi", "open sesame & 100% secret", frozenset({"112.25R7.001", "0112.C-0999(A)"})),
    Account("visitor", "just/looking"),
)
"""The sandbox's users; the odd characters are there to be quoted and redacted rightly."""


@dataclass(frozen=True, slots=True)
class Link:
    """One row of an item's DataLink document, besides `#this`."""

    semantics: str
    """"#auxiliary", "#preview", "#progenitor", "#derivation", …"""
    dp_id: str
    """The file linked to; it need not exist (that gives an error row)."""
    description: str = ""
    category: str = ""
    """ESO's eso_category: "ANCILLARY.CCF", "ANCILLARY.PREVIEW" …"""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of one archive, with the row that finds it."""

    archive: str
    """"eso"."""
    dp_id: str
    filename: str
    """As delivered: "ADP.….fits", "XSHOO.….fits.Z"."""
    content_type: str
    make: Callable[[], bytes]
    """The file's bytes, as delivered."""
    table: str | None = None
    """"ivoa.ObsCore" or "dbo.raw"; None for files that are only linked or associated."""
    row: Mapping[str, object] = field(default_factory=_nothing)
    """Values under that table's own column names, in that table's own units; missing = NULL."""
    extra: Mapping[str, object] = field(default_factory=_nothing)
    """Columns of the instrument's `ist.` table beyond those of dbo.raw."""
    program: str = ""
    proprietary: bool = False
    """The file needs the token of somebody of `program`."""
    hidden: bool = False
    """Even the row is shown only to somebody of `program` (ESO: some GTO programmes)."""
    category: str = ""
    """ESO's eso_category of `#this`: "SCIENCE.SPECTRUM", "SCIENCE.CUBE.IFS"."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Association:
    """One node of a CalSelector tree."""

    category: str
    files: tuple[tuple[str, str], ...]
    """(category, dp_id) of the main files."""
    children: tuple[Association, ...] = ()
    complete: bool = True
    certified: bool = True
    messages: tuple[str, ...] = ()
    match: str = ""
    """"calib_plan" or "" on the root."""


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object that the sandbox's name resolvers know."""

    name: str
    """Main identifier as SIMBAD writes it: "M  77", "* alf Ori"."""
    aliases: tuple[str, ...]
    """Other names; compared without case, blanks and leading zeros."""
    ra: float
    """Degrees ICRS."""
    dec: float
    object_type: str = ""
    """SIMBAD's short type: "Sy2", "G", "*"."""
    redshift: float = 0.0
    ids: Mapping[str, str] = field(default_factory=_nothing)
    """{"TIC": "261136679"}."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the sandbox's archives hold."""

    items: Mapping[str, Item]
    """By dp_id."""
    objects: tuple[NamedObject, ...]
    raw2raw: Mapping[str, Association]
    """CalSelector tree of a raw science frame, by dp_id."""
    raw2master: Mapping[str, Association]
    """Likewise with processed calibrations; a frame that is missing here falls back to raw2raw."""
    seed: int = 1
    """What decides the data of the invented publishers (`publishers`); made when asked for."""
    crowd: int = 0
    """How many small publishers there are besides."""
