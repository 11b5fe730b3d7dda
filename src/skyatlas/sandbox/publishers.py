"""This file names the invented publishers of the sandbox's Virtual Observatory, and their habits.

Invariant: these are values only; what they hold is made from them and the seed (`vo_holdings`), and
how they answer is decided by protocol and habits. All hosts are under `.example` (RFC 2606), so no
real service can be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from skyatlas.errors import BadInput
from skyatlas.sandbox.publisher import Collection, Kind, Protocol, Publisher, VoService

_B, _R = ("B", 3.9e-7, 4.9e-7), ("R", 5.8e-7, 7.2e-7)
_G, _I = ("g", 4.0e-7, 5.5e-7), ("i", 6.9e-7, 8.2e-7)
_J, _K = ("J", 1.17e-6, 1.33e-6), ("Ks", 1.99e-6, 2.31e-6)
_NORTH = ("M  31", "M  51", "M  81", "M   1", "NGC   869", "M  87")
_SOUTH = ("M  83", "NGC   253", "NGC  1365", "NGC  5128", "NGC  1316", "NGC  7582")
_SHARED = "M  77"
"""In nearly every collection: one question that many services can answer."""


def _publisher(
    name: str, host: str, title: str, collections: tuple[Collection, ...], *services: VoService
) -> Publisher:
    """The publisher with its services under its own name and, where they say none, its host."""
    authority = f"{name}.example"
    own = tuple(
        replace(
            service,
            ivoid=f"ivo://{authority}/{service.ivoid}",
            publisher=name,
            host=service.host or host,
            collections=service.collections or tuple(one.name for one in collections),
        )
        for service in services
    )
    return Publisher(name, host, title, f"ivo://{authority}/org", collections, own)


def _service(
    name: str, protocol: Protocol, title: str, description: str, path: str, **more: object
) -> VoService:
    """A service whose publisher, host and collections `_publisher` fills in."""
    habits = frozenset(str(more.pop("habits", "")).split())
    collections = more.pop("collections", ())
    plain = VoService(name, protocol, title, description, "", "", path, (), habits=habits)
    return replace(plain, collections=collections, **more)  # type: ignore[arg-type]


PUBLISHERS: tuple[Publisher, ...] = (
    _publisher(
        "boreal",
        "vo.boreal.example",
        "Boreal Plate Vault",
        (
            Collection("BOREAL-PLATES", "image", "Boreal 1.2m Schmidt", "Plate camera",
                       (*_NORTH, _SHARED), (_B, _R), pixels=96, scale=3.0, calib_level=1,
                       epoch=36000.0, seconds=1800.0,
                       description="Scanned photographic plates of the northern sky"),
        ),
        _service("plates/siap", "sia", "Boreal digitised plates",
                 "Images cut from scanned photographic plates, blue and red.",
                 "/cgi-bin/siap.pl", habits="ucd1 no-intersect",
                 keywords=("surveys", "photographic plates", "galaxies"),
                 authors=("Nordlund, A.", "Isaksen, T.")),
    ),
    _publisher(
        "austral",
        "dc.austral.example",
        "Austral Data Centre",
        (
            Collection("AUSTRAL-WIDE", "image", "Austral 2.6m", "WIDECAM",
                       (*_SOUTH, _SHARED), (_G, _I, _J), pixels=128, scale=0.8, epoch=56000.0,
                       description="A wide survey of southern galaxies in three bands"),
            Collection("AUSTRAL-SOURCES", "catalogue", "Austral 2.6m", "WIDECAM",
                       (*_SOUTH, _SHARED), (_G,), each=120, epoch=56000.0,
                       description="Sources found in the images of AUSTRAL-WIDE"),
        ),
        _service("wide/siap", "sia", "Austral wide survey images",
                 "Calibrated images of southern galaxies with full world coordinates.",
                 "/wide/q/siap.xml", collections=("AUSTRAL-WIDE",), habits="wcs",
                 wavebands=("Optical", "Infrared"), keywords=("surveys", "galaxies"),
                 authors=("Quispe, M.",)),
        _service("sources/scs", "scs", "Austral wide survey sources",
                 "Stars and galaxies of the Austral wide survey with g magnitudes.",
                 "/sources/q/scs.xml", collections=("AUSTRAL-SOURCES",), habits="error-param",
                 keywords=("catalogs", "photometry"), authors=("Quispe, M.", "Rangi, H."),
                 ucds=("meta.id;meta.main", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main",
                       "phot.mag;em.opt.B"),
                 mirrors=("https://mirror.austral.example/sources/q/scs.xml",)),
    ),
    _publisher(
        "meridian",
        "archive.meridian.example",
        "Meridian Science Archive",
        (
            Collection("MERIDIAN-DEEP", "image", "Meridian 4m", "DEEPCAM",
                       (*_NORTH, *_SOUTH, _SHARED), (_G, _I), pixels=128, scale=0.5,
                       epoch=57000.0, description="Deep images of nearby galaxies"),
            Collection("MERIDIAN-IFU", "cube", "Meridian 4m", "MIFU",
                       (*_NORTH[:3], *_SOUTH[:3], _SHARED), (("V500", 4.8e-7, 6.8e-7),),
                       pixels=32, scale=1.0, samples=96, epoch=57400.0,
                       description="Integral field spectroscopy of galaxies"),
            Collection("MERIDIAN-RADIO", "cube", "Meridian Array", "L band",
                       (_SHARED, "M  51", "NGC  5128"), (("L", 0.2095, 0.2115),), pixels=32,
                       scale=4.0, samples=8, polarised=True, epoch=58000.0,
                       description="Polarised 21 cm cubes of galaxies"),
        ),
        _service("sia2", "sia2", "Meridian images and cubes",
                 "Images and cubes of all instruments, with DataLink and cut-outs.",
                 "/sia2/query", habits="datalink soda",
                 wavebands=("Optical", "Infrared", "Radio"),
                 keywords=("galaxies", "integral field spectroscopy"), authors=("Okafor, C.",)),
        # The same identifier: one record of the registry offers both protocols.
        _service("sia2", "sia", "Meridian images", "Images of DEEPCAM by the older protocol.",
                 "/sia/query", collections=("MERIDIAN-DEEP",), habits="datalink",
                 wavebands=("Optical", "Infrared", "Radio"), keywords=("galaxies",),
                 authors=("Okafor, C.",)),
    ),
    _publisher(
        "tramontane",
        "data.tramontane.example",
        "Tramontane Sky Monitor",
        (
            Collection("TRAMONTANE", "image", "Tramontane 0.4m", "TMCAM",
                       (*_NORTH, *_SOUTH, _SHARED), (_R,), each=9, pixels=64, scale=2.5,
                       epoch=59000.0, seconds=30.0, calib_level=1,
                       description="Every field once a week, for variability"),
        ),
        _service("sia2", "sia2", "Tramontane monitoring images",
                 "Short exposures of the same fields, week by week; never more than 50 rows.",
                 "/siap2", habits="error-200", limit=50, keywords=("variable stars", "supernovae"),
                 authors=("Ferrer, J.",)),
    ),
    _publisher(
        "levante",
        "spectra.levante.example",
        "Levante Spectra Library",
        (
            Collection("LEVANTE-OPT", "spectrum", "Levante 2m", "LEVSPEC",
                       (_SHARED, "M  87", "NGC  4151", "3C 273", "* alf Lyr", "* alf PsA",
                        "NGC  1365", "V* HL Tau"), (("blue", 3.6e-7, 5.6e-7),
                       ("red", 5.4e-7, 9.0e-7)), samples=2000, epoch=54000.0,
                       description="Flux-calibrated spectra of galaxies and stars"),
        ),
        _service("ssa", "ssa", "Levante spectra", "Flux-calibrated spectra of galaxies and stars.",
                 "/ssap", habits="angstrom", keywords=("spectroscopy", "active galaxies"),
                 authors=("Ibáñez, L.",)),
    ),
    _publisher(
        "ostro",
        "vo.ostro.example",
        "Ostro Observatory",
        (
            Collection("OSTRO-ECHELLE", "spectrum", "Ostro 1.5m", "OECH",
                       ("* bet Pic", "* alf CMa", "TW Hya", "* eta Car", _SHARED, "NGC  7582"),
                       (("VIS", 4.2e-7, 6.9e-7),), each=2, samples=3000, epoch=52000.0,
                       description="Echelle spectra, merged"),
            Collection("OSTRO-STARS", "catalogue", "Ostro 1.5m", "OCAM",
                       (_SHARED, "* bet Pic", "TW Hya"), (_B,), each=60, epoch=48000.0,
                       description="Positions and magnitudes of field stars"),
        ),
        _service("echelle/ssa", "ssa", "Ostro echelle spectra", "Merged echelle spectra.",
                 "/echelle/ssa.php", collections=("OSTRO-ECHELLE",), habits="old-utypes",
                 keywords=("spectroscopy", "stars"), authors=("Sala, P.",)),
        _service("stars/cone", "scs", "Ostro field stars", "Positions and magnitudes.",
                 "/stars/cone.php", collections=("OSTRO-STARS",), habits="ucd1",
                 keywords=("catalogs", "astrometry"), authors=("Sala, P.",),
                 ucds=("ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN", "PHOT_MAG_B")),
    ),
    _publisher(
        "zephyr",
        "tap.zephyr.example",
        "Zephyr Data Hub",
        (
            Collection("ZEPHYR-NIR", "image", "Zephyr 3m", "ZNIR",
                       (*_NORTH, *_SOUTH, _SHARED), (_J, _K), pixels=96, scale=0.6, epoch=58500.0,
                       description="Near-infrared images of galaxies"),
            Collection("ZEPHYR-SPEC", "spectrum", "Zephyr 3m", "ZSPEC",
                       (_SHARED, "NGC  1097", "3C 273", "BR J2349-3712"),
                       (("HK", 1.45e-6, 2.4e-6),), samples=1500, epoch=58500.0,
                       description="Near-infrared spectra of active galaxies"),
            Collection("ZEPHYR-STARS", "catalogue", "Zephyr 3m", "ZNIR", (_SHARED, *_NORTH[:2]),
                       (_K,), each=80, epoch=58500.0, description="Sources of ZEPHYR-NIR"),
        ),
        _service("tap", "tap", "Zephyr TAP", "Images, spectra and sources of the Zephyr 3m.",
                 "/tap", habits="obscore uploads datalink",
                 wavebands=("Infrared",), keywords=("galaxies", "infrared astronomy"),
                 authors=("Maistros, K.",)),
    ),
    _publisher(
        "doldrum",
        "doldrum.example",
        "Doldrum Institute",
        (),
        _service("images", "sia2", "Doldrum images", "Images, when it is up.", "/sia",
                 habits="down-200", keywords=("galaxies",), authors=("Noon, P.",)),
        _service("spectra", "ssa", "Doldrum spectra", "Spectra, when it is up.", "/ssa",
                 habits="down-503", keywords=("galaxies",), authors=("Noon, P.",)),
    ),
    _publisher(
        "sirocco",
        "slow.sirocco.example",
        "Sirocco Observatory",
        (
            Collection("SIROCCO", "image", "Sirocco 1m", "SCAM", (_SHARED, *_SOUTH[:3]), (_I,),
                       pixels=64, scale=1.2, epoch=56500.0, description="Images, in their time"),
        ),
        _service("sia", "sia", "Sirocco images", "Images from a machine that takes its time.",
                 "/sia", pause=2.0, keywords=("galaxies",), authors=("Haddad, S.",)),
    ),
    _publisher(
        "registry",
        "reg.registry.example",
        "Registry of the Example Observatory",
        (),
        _service("tap", "tap", "Searchable registry", "All services of the sandbox, as RegTAP.",
                 "/tap", habits="regtap uploads", wavebands=(), keywords=("virtual observatories",),
                 authors=("Registrar, T.",), mirrors=("https://mirror.registry.example/tap",)),
    ),
)  # fmt: skip
"""Those who are always there."""

LARGEST_CROWD = 100
_CROWD: tuple[Protocol, ...] = ("sia", "sia2", "ssa", "scs")
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {"sia": "image", "sia2": "image", "ssa": "spectrum", "scs": "catalogue"}
)


def crowd(count: int) -> tuple[Publisher, ...]:
    """`count` small publishers (at most `LARGEST_CROWD`), each with one service, mixed protocols.

    Each has a few data sets: of M 77, and of two objects that change from one to the next.
    """
    if not 0 <= count <= LARGEST_CROWD:
        raise BadInput(f"a crowd of {count} is not possible; ask for 0..{LARGEST_CROWD}")
    return tuple(_one_of_the_crowd(number) for number in range(count))


def _one_of_the_crowd(number: int) -> Publisher:
    protocol = _CROWD[number % len(_CROWD)]
    name, kind = f"crowd-{number:02}", _KINDS[protocol]
    others = (*_NORTH, *_SOUTH)
    targets = (_SHARED, others[number % len(others)], others[(number + 5) % len(others)])
    collection = Collection(
        name.upper(), kind, f"Telescope {number:02}", f"CAM{number:02}", targets, (_R,),
        each=6 if kind == "catalogue" else 1 + number % 3, pixels=64, scale=1.5,
        samples=500 if kind == "spectrum" else 0, epoch=57000.0 + number,
        description=f"A few data sets of telescope {number:02}",
    )  # fmt: skip
    return _publisher(
        name,
        f"{name}.example",
        f"Small Observatory {number:02}",
        (collection,),
        _service(protocol, protocol, f"Data of small observatory {number:02}",
                 f"What telescope {number:02} took.", f"/{protocol}",
                 keywords=("galaxies",), authors=(f"Small, {chr(65 + number % 26)}.",)),
    )  # fmt: skip


def everybody(crowd_size: int = 0) -> tuple[Publisher, ...]:
    """All publishers of a sandbox, those of its crowd last."""
    return PUBLISHERS + crowd(crowd_size)


def hosts() -> frozenset[str]:
    """All host names that can be a publisher's, mirrors and the largest crowd included."""
    every = everybody(LARGEST_CROWD)
    services = [service for publisher in every for service in publisher.services]
    mirrors = {url.split("/")[2] for service in services for url in service.mirrors}
    return frozenset({publisher.host for publisher in every} | mirrors)
