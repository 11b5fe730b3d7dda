"""This file writes the registry's records of the sandbox's services: who offers what, and where.

Invariant: a record says what its service does, but for the records that are wrong on purpose: those
of life (dossier, section 7.4) are here too: one service under two names with http and https, a
record whose service is gone, a collection that another's TAP serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby

from skyatlas.sandbox import registry_coverage
from skyatlas.sandbox.item import World
from skyatlas.sandbox.obscore import MODEL
from skyatlas.sandbox.publisher import STANDARDS, Publisher, VoService
from skyatlas.sandbox.publishers import everybody
from skyatlas.sandbox.tables import Table

Interval = tuple[float, float]

_TYPES = {
    "sia": ("sia:simpleimageaccess", "1.0"),
    "sia2": ("sia:simpleimageaccess", "2.0"),
    "ssa": ("ssap:simplespectralaccess", "1.1"),
    "scs": ("cs:conesearch", "1.03"),
    "tap": ("tr:tableaccess", "1.1"),
}
"""Kind of capability and version of the standard, by protocol."""
_SILENT = frozenset({"ucd1", "old-utypes", "down-200", "down-503", "regtap"})
"""Habits of services that do not say where they have data."""
_AUXILIARY = "#aux"
"""What TAP's standard gets in the record of a collection that somebody else's service serves."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One address of a capability."""

    url: str
    kind: str = "vs:paramhttp"
    role: str | None = "std"
    version: str | None = None
    mirrors: tuple[str, ...] = ()
    use: str = "base"


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a resource can do."""

    standard: str | None
    """The standard that it follows; None for a page."""
    kind: str | None
    interfaces: tuple[Interface, ...]
    description: str = ""
    models: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One resource."""

    ivoid: str
    short_name: str
    title: str
    description: str
    publisher: tuple[str, str]
    """Name and identifier."""
    page: str
    capabilities: tuple[Capability, ...]
    kind: str = "vs:catalogservice"
    wavebands: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    coverage: Callable[[], str] | None = None
    """Makes the MOC in ASCII; None where the record does not say."""
    energies: tuple[Interval, ...] = ()
    """Joule."""
    times: Interval | None = None
    """MJD."""
    served_by: tuple[str, str] | None = None
    """Title and identifier of the service that has its data."""
    identifiers: tuple[str, ...] = field(default=())
    """Others that it has: "doi:…"."""


def records(world: World) -> Iterator[Record]:
    """All records of a registry."""
    yield from _FIXED
    yield from _published(world)
    yield from _wrong(world)


def _published(world: World) -> Iterator[Record]:
    for publisher in everybody(world.crowd):
        for _, group in groupby(publisher.services, lambda service: service.ivoid):
            yield _record(world, publisher, tuple(group))


def _record(world: World, publisher: Publisher, services: tuple[VoService, ...]) -> Record:
    """The record of services that share an identifier; the first gives the words."""
    first = services[0]
    names = tuple(dict.fromkeys(name for service in services for name in service.collections))
    record = Record(
        ivoid=first.ivoid,
        short_name=f"{publisher.name} {first.protocol}"[:16],
        title=first.title,
        description=first.description,
        publisher=(publisher.title, publisher.ivoid),
        page=f"https://{publisher.host}/",
        capabilities=(*map(_offered, services), *_infrastructure(first), _page(publisher)),
        wavebands=first.wavebands,
        keywords=first.keywords,
        authors=first.authors,
        tables=tuple(registry_coverage.tables(publisher, first, world.seed)),
        identifiers=(f"doi:10.5072/{publisher.name}.{first.protocol}",),
    )
    if first.habits & _SILENT or not names:
        return record
    return replace(
        record,
        coverage=partial(registry_coverage.sky, publisher, names, world.seed),
        energies=registry_coverage.energies(publisher, names),
        times=registry_coverage.times(publisher, names, world.seed),
    )


def _offered(service: VoService) -> Capability:
    kind, version = _TYPES[service.protocol]
    # The old protocols' addresses are completed by parameters, so they end like this.
    tail = "?" if service.protocol in {"sia", "ssa", "scs"} else ""
    mirrors = tuple(f"{url}{tail}" for url in service.mirrors)
    models = tuple(model for habit, model in _MODELS.items() if habit in service.habits)
    interface = Interface(f"{service.url}{tail}", version=version, mirrors=mirrors)
    return Capability(service.standard, kind, (interface,), service.title, models)


def _infrastructure(service: VoService) -> tuple[Capability, ...]:
    """VOSI beside the service: clients must not take it for the service itself."""
    return tuple(
        Capability(
            f"ivo://ivoa.net/std/vosi#{name}",
            None,
            (Interface(f"{service.url}/{name}", use="full"),),
        )
        for name in ("capabilities", "availability")
    )


def _page(publisher: Publisher) -> Capability:
    page = Interface(f"https://{publisher.host}/", "vr:webbrowser", None, use="full")
    return Capability(None, None, (page,), "A page for people")


def _tap(url: str, model: tuple[str, str]) -> Capability:
    kind, version = _TYPES["tap"]
    interface = Interface(url, version=version)
    return Capability(STANDARDS["tap"], kind, (interface,), "", (model,))


def _wrong(world: World) -> Iterator[Record]:
    """What is not as it should be, as in every registry."""
    known = {record.ivoid: record for record in _published(world)}
    plates = known["ivo://boreal.example/plates/siap"]
    old = plates.capabilities[0].interfaces[0]
    unsafe = replace(old, url=old.url.replace("https://", "http://"))
    yield replace(
        plates,
        ivoid="ivo://boreal.example/plates/siap-2009",
        capabilities=(replace(plates.capabilities[0], interfaces=(unsafe,)),),
        identifiers=(),
    )
    dead = known["ivo://doldrum.example/images"]
    gone = Interface("https://doldrum.example/gone/siap.php?", version="1.0")
    yield replace(
        dead,
        ivoid="ivo://doldrum.example/gone",
        title="Doldrum plates",
        description="Images of a project that has ended; its service is gone.",
        capabilities=(Capability(STANDARDS["sia"], _TYPES["sia"][0], (gone,)),),
        identifiers=(),
    )
    served = known["ivo://zephyr.example/tap"]
    yield replace(
        served,
        ivoid="ivo://zephyr.example/nir",
        short_name="zephyr nir",
        title="Zephyr near-infrared images",
        description="Near-infrared images of galaxies; ask for them at the Zephyr TAP.",
        kind="vs:catalogresource",
        capabilities=(
            replace(
                served.capabilities[0],
                standard=STANDARDS["tap"] + _AUXILIARY,
                models=(),
            ),
        ),
        served_by=(served.title, served.ivoid),
        identifiers=(),
    )


def _eso(name: str, title: str, capability: Capability, **more: object) -> Record:
    plain = Record(
        ivoid=f"ivo://eso.org/{name}",
        short_name=f"ESO {name}"[:16],
        title=title,
        description="Data of the ESO Science Archive in the sandbox.",
        publisher=("European Southern Observatory", "ivo://eso.org"),
        page="https://archive.eso.org/",
        capabilities=(capability,),
        wavebands=("Optical", "Infrared", "Millimeter"),
        keywords=("observatories",),
        authors=("ESO",),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def _registry(ivoid: str, name: str, title: str, url: str) -> Record:
    return Record(
        ivoid=ivoid,
        short_name=name,
        title=title,
        description="A searchable registry of the Virtual Observatory.",
        publisher=(title, ivoid.rpartition("/")[0]),
        page=url,
        capabilities=(_tap(url, _MODELS["regtap"]),),
        keywords=("virtual observatories",),
        authors=("Registrar, T.",),
    )


_OBSCORE = (MODEL, "ObsCore-1.1")
_MODELS = {
    "obscore": _OBSCORE,
    "regtap": ("ivo://ivoa.net/std/RegTAP#1.1", "Registry 1.1"),
}
"""Data model by the habit that comes with it."""
_SSA = Capability(
    STANDARDS["ssa"],
    _TYPES["ssa"][0],
    (Interface("http://archive.eso.org/ssap", version="1.1"),),
)
_FIXED = (
    _eso("tap_obs", "ESO archive, TAP", _tap("https://archive.eso.org/tap_obs", _OBSCORE)),
    _eso("ssap", "ESO archive, spectra", _SSA),
    _registry("ivo://org.gavo.dc/rr/q", "GAVO RegTAP", "GAVO registry", "http://reg.g-vo.org/tap"),
    _registry(
        *("ivo://esavo/regtap", "ESA RegTAP", "ESA registry"),
        "https://registry.euro-vo.org/regtap/tap",
    ),
)
"""Those that are no invented publisher's."""
