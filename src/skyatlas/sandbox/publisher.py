"""This file holds the values of the sandbox's Virtual Observatory: publisher, service, collection.

Invariant: a service has only habits that `HABITS` explains. Angles are degrees, wavelengths metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Protocol = Literal["sia", "sia2", "ssa", "scs", "tap"]
Kind = Literal["image", "cube", "spectrum", "catalogue"]

STANDARDS: Mapping[str, str] = MappingProxyType(
    {
        "sia": "ivo://ivoa.net/std/SIA",
        "sia2": "ivo://ivoa.net/std/SIA#query-2.0",
        "ssa": "ivo://ivoa.net/std/SSA",
        "scs": "ivo://ivoa.net/std/ConeSearch",
        "tap": "ivo://ivoa.net/std/TAP",
    }
)
"""The standard's identifier by protocol, as registries and VOSI write it."""

HABITS: Mapping[str, str] = MappingProxyType(
    {
        "ucd1": "marks its columns by UCD 1 words only, without utypes",
        "no-intersect": "refuses a query with the parameter INTERSECT",
        "wcs": "gives world coordinates in VOX: columns; knows the parameters NAXIS and CFRAME",
        "error-200": "says errors as INFO with status 200, though its standard asks for 400",
        "error-param": "says errors as PARAM name=Error with status 200",
        "datalink": "its access URLs are DataLink documents",
        "soda": "cuts out, now and as a job",
        "angstrom": "wavelengths in angstrom, times as ISO 8601, sizes in bytes",
        "old-utypes": "utypes of SSA's drafts, and PARAMs for what is the same in all rows",
        "down-200": "a page that it is down for maintenance, with status 200",
        "down-503": "a page that it is down for maintenance, with status 503",
        "obscore": "has the table ivoa.obscore",
        "uploads": "takes tables along with a query",
        "regtap": "is a registry: has the schema rr",
    }
)
"""What a service may do in its own way."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Data sets of one kind: of each target one per band."""

    name: str
    """ObsCore's obs_collection."""
    kind: Kind
    facility: str
    instrument: str
    targets: tuple[str, ...]
    """Main names in `sky.OBJECTS`."""
    bands: tuple[tuple[str, float, float], ...]
    """Name, shortest and longest vacuum wavelength in metres."""
    each: int = 1
    """Exposures per target and band; sources per target in a catalogue."""
    pixels: int = 96
    """Along each side of an image or a cube."""
    scale: float = 1.0
    """Arcsec per pixel."""
    samples: int = 0
    """Along the spectral axis."""
    polarised: bool = False
    """Whether a fourth axis holds the Stokes parameters I, Q, U, V."""
    calib_level: int = 2
    epoch: float = 55000.0
    """MJD before which nothing was observed."""
    seconds: float = 300.0
    description: str = ""


@dataclass(frozen=True, slots=True)
class VoService:
    """One service of one publisher."""

    ivoid: str
    protocol: Protocol
    title: str
    description: str
    publisher: str
    """The publisher's `name`."""
    host: str
    path: str
    """With its leading "/"; below it "/capabilities" and "/availability"."""
    collections: tuple[str, ...]
    """Names of the collections that it serves."""
    wavebands: tuple[str, ...] = ("Optical",)
    """IVOA's messenger words."""
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    ucds: tuple[str, ...] = ()
    """UCDs of its columns by which people look for it."""
    mirrors: tuple[str, ...] = ()
    """Addresses where the same service answers too."""
    habits: frozenset[str] = frozenset()
    limit: int = 10_000
    """Rows of one answer."""
    pause: float = 0.0
    """Seconds before it answers."""

    def __post_init__(self) -> None:
        if unknown := self.habits - set(HABITS):
            raise ValueError(f"no habit is named {', '.join(sorted(unknown))}")

    @property
    def url(self) -> str:
        """The base address, without `?`."""
        return f"https://{self.host}{self.path}"

    @property
    def standard(self) -> str:
        """The standard's identifier."""
        return STANDARDS[self.protocol]

    @property
    def paths(self) -> tuple[str, ...]:
        """ "/HOST/PATH" at the sandbox, of the service and its mirrors."""
        return tuple(f"/{url.removeprefix('https://')}" for url in (self.url, *self.mirrors))


@dataclass(frozen=True, slots=True)
class Publisher:
    """Somebody who publishes data."""

    name: str
    """One word: "boreal"."""
    host: str
    """Its files and links are here: https://HOST/data/…, https://HOST/links."""
    title: str
    ivoid: str
    """Of the organisation; those of its services and data sets begin with its authority."""
    collections: tuple[Collection, ...] = ()
    services: tuple[VoService, ...] = field(default=())

    @property
    def authority(self) -> str:
        """ "boreal.example"."""
        return self.ivoid.removeprefix("ivo://").partition("/")[0]

    def collection(self, name: str) -> Collection:
        """Its collection of that name."""
        return next(one for one in self.collections if one.name == name)
