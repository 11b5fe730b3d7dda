"""This file knows the formats of TAP's answers: their names, their media types, who writes them.

A service names those that it has; a name that it does not have is refused, never replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from skyatlas.sandbox import votable
from skyatlas.sandbox.parquet import as_parquet
from skyatlas.sandbox.votable import Sheet


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing an answer."""

    content_type: str
    write: Callable[[Sheet], bytes]
    ivoid: str = ""
    """TAPRegExt's identifier, where it has one."""


def _binary2(sheet: Sheet) -> bytes:
    return votable.votable(sheet, binary=True)


_STANDARD = "ivo://ivoa.net/std/TAPRegExt#output-votable"
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "votable": Format(votable.VOTABLE, votable.votable),
        "votable/td": Format(
            f"{votable.VOTABLE};serialization=TABLEDATA", votable.votable, f"{_STANDARD}-td"
        ),
        "votable/b2": Format(
            f"{votable.VOTABLE};serialization=BINARY2", _binary2, f"{_STANDARD}-binary2"
        ),
        "csv": Format("text/csv;header=present", votable.comma_separated),
        "json": Format("application/json", votable.as_json),
        "fits": Format("application/fits", votable.as_fits),
        "parquet": Format("application/vnd.apache.parquet", as_parquet),
    }
)
"""By the name that people use."""

_ALIASES = {
    "": "votable",
    "application/x-votable+xml": "votable",
    "text/xml": "votable",
    "application/x-votable+xml;serialization=tabledata": "votable/td",
    "application/x-votable+xml;serialization=binary2": "votable/b2",
    "text/csv": "csv",
    "application/json": "json",
    "application/fits": "fits",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}

EVERY = tuple(name for name in FORMATS if name != "parquet" or find_spec("pyarrow"))
"""All that this installation can write."""


def named(name: str, offered: tuple[str, ...]) -> Format | None:
    """The format of a name, alias or media type, where it is offered."""
    plain = name.lower().replace(" ", "")
    known = _ALIASES.get(plain, plain)
    return FORMATS[known] if known in offered else None
