"""This file holds the sandbox's sky: named objects at their true places, and sphere geometry.

Angles are degrees, ICRS. Positions are SIMBAD's (CDS, https://simbad.cds.unistra.fr), to about an
arcsecond; redshifts are rounded. Where two objects carry the same name, SIMBAD knows the first and
NED the last: "Arp 2" is a globular cluster to one and a pair of galaxies to the other.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from skyatlas.sandbox.item import NamedObject

if TYPE_CHECKING:
    import numpy as np

Position = tuple[float, float]
"""(ra, dec), degrees ICRS."""

GALAXIES = frozenset({"Sy2", "Sy1", "AGN", "G", "GiG", "SBG", "QSO", "IG"})
NEBULAE = frozenset({"HII", "PN", "SNR", "Cl*", "GlC", "C?G", "YSO"})


def _known(
    name: str,
    aliases: str,
    ra: float,
    dec: float,
    kind: str,
    redshift: float = 0.0,
    ids: Mapping[str, str] | None = None,
) -> NamedObject:
    others = tuple(alias.strip() for alias in aliases.split("|") if alias.strip())
    return NamedObject(
        name,
        others,
        ra,
        dec,
        kind,
        redshift,
        MappingProxyType(dict(ids)) if ids else MappingProxyType({}),
    )


OBJECTS: tuple[NamedObject, ...] = (
    _known("M  77", "NGC 1068|3C 71|Cetus A", 40.669629, -0.013281, "Sy2", 0.003793),
    _known("M  87", "NGC 4486|Virgo A|3C 274", 187.705931, 12.391123, "AGN", 0.004283),
    _known("M  31", "NGC 224|Andromeda Galaxy", 10.684708, 41.268750, "G", -0.001001),
    _known("M  51", "NGC 5194|Whirlpool Galaxy", 202.469575, 47.195258, "Sy2", 0.001534),
    _known("M  81", "NGC 3031|Bode's Galaxy", 148.888221, 69.065295, "Sy2", -0.000130),
    _known("M  83", "NGC 5236", 204.253958, -29.865417, "G", 0.001711),
    _known("M 104", "NGC 4594|Sombrero Galaxy", 189.997633, -11.623054, "Sy2", 0.003642),
    _known("M   8", "NGC 6523|Lagoon Nebula", 270.904, -24.387, "HII"),
    _known("M  42", "NGC 1976|Orion Nebula", 83.822083, -5.391111, "HII"),
    _known("M   1", "NGC 1952|Crab Nebula|Tau A", 83.632400, 22.017400, "SNR"),
    _known("NGC   253", "Sculptor Galaxy|NGC 253", 11.888002, -25.288220, "SBG", 0.000864),
    _known("NGC   869", "h Per|NGC 869", 34.741, 57.134, "Cl*"),
    _known("NAME Double Cluster", "h and chi Per", 35.175, 57.1375, "C?G"),
    _known("NGC  1097", "Arp 77", 41.579375, -30.274889, "Sy1", 0.004240),
    _known("NGC  1316", "Fornax A", 50.673825, -37.208227, "AGN", 0.005911),
    _known("NGC  1365", "Great Barred Spiral", 53.401548, -36.140402, "Sy1", 0.005457),
    _known("NGC  4038", "Antennae|Arp 244", 180.470833, -18.867500, "IG", 0.005477),
    _known("NGC  4151", "UGC 7166", 182.635745, 39.405730, "Sy1", 0.003262),
    _known("NGC  5128", "Cen A|Centaurus A", 201.365063, -43.019113, "AGN", 0.001825),
    _known("NGC  7582", "ESO 291-16", 349.597917, -42.370556, "Sy2", 0.005254),
    _known("NGC  2573", "Polarissima Australis", 25.405417, -89.334444, "G", 0.008090),
    _known("NGC  3172", "Polarissima Borealis", 176.810833, 89.093056, "G", 0.020310),
    _known("NAME WLM Galaxy", "WLM|DDO 221", 0.492333, -15.460917, "G", -0.000407),
    _known("*  27 Psc", "27 Psc|HD 224533", 359.668300, -3.556000, "*"),
    _known("3C 273", "PG 1226+023", 187.277915, 2.052388, "QSO", 0.158339),
    _known("BR J2349-3712", "QSO J2349-3712", 357.306532, -37.21662, "QSO", 4.219),
    _known("NAME Sgr A*", "Sgr A*|Sgr A|Galactic Centre", 266.416837, -29.007811, "X"),
    _known("* alf Ori", "Betelgeuse|HD 39801", 88.792939, 7.407064, "s*r"),
    _known("* alf Lyr", "Vega|HD 172167", 279.234735, 38.783689, "dS*"),
    _known("* alf CMa", "Sirius|HD 48915", 101.287155, -16.716116, "SB*"),
    _known("* alf PsA", "Fomalhaut|HD 216956", 344.412693, -29.622237, "PM*"),
    _known("* bet Pic", "HD 39060", 86.821199, -51.066511, "PM*"),
    _known("* eta Car", "HD 93308", 161.264775, -59.684431, "Be*"),
    _known("NAME Proxima Centauri", "Proxima Cen|Proxima|GJ 551", 217.428942, -62.679490, "Er*"),
    _known("NAME Barnard's Star", "Barnard's star|GJ 699", 269.452077, 4.693365, "BY*"),
    _known(
        "* pi. Men",
        "pi Men|HD 39091|TOI-144|TIC 261136679",
        84.291188,
        -80.469120,
        "PM*",
        ids={"TIC": "261136679"},
    ),
    _known(
        "TRAPPIST-1",
        "2MUCD 12171|TIC 278892590",
        346.622013,
        -5.041399,
        "LM*",
        ids={"TIC": "278892590"},
    ),
    _known(
        "HD 209458",
        "V* V376 Peg|TIC 420814525",
        330.795021,
        18.884242,
        "V*",
        ids={"TIC": "420814525"},
    ),
    _known("Cl* IC 4651 MMU 9122", "IC 4651 No 9122|IC4651No9122", 261.21664, -49.94913, "*"),
    _known("V* HL Tau", "HL Tau", 67.910301, 18.232564, "YSO"),
    _known("TW Hya", "V* TW Hya|TIC 54115549", 165.466279, -34.704731, "TT*"),
    _known("SN 1987A", "SN1987A", 83.866625, -69.269744, "SN*"),
    _known("Cl* NGC 2070", "NAME 30 Dor|30 Dor|Tarantula", 84.676650, -69.100900, "HII"),
    _known("NGC  6302", "Butterfly Nebula", 258.435417, -37.103333, "PN"),
    _known("NGC   104", "47 Tuc", 6.022329, -72.081444, "GlC"),
    _known("NAME Arp 2", "Arp 2", 292.183792, -30.355639, "GlC"),
    _known("UGC 10310", "Arp 2", 244.076400, 47.045300, "GiG", 0.002376),
    _known(
        "WASP-126",
        "CD-69 212|TIC 25155310",
        63.374900,
        -69.226789,
        "*",
        ids={"TIC": "25155310"},
    ),
    _known(
        "Kepler-10",
        "KOI-72|KIC 11904151|TIC 377780790",
        285.679422,
        50.241306,
        "*",
        ids={"TIC": "377780790", "KIC": "11904151"},
    ),
    _known(
        "K2-18",
        "EPIC 201912552|TIC 388804061",
        172.560050,
        7.588391,
        "PM*",
        ids={"TIC": "388804061", "EPIC": "201912552"},
    ),
    _known(
        "AU Mic",
        "HD 197481|GJ 803|TIC 441420236",
        311.289719,
        -31.340900,
        "BY*",
        ids={"TIC": "441420236"},
    ),
)


def chance(seed: int, *words: object) -> np.random.Generator:
    """A generator of random numbers that depends on the seed and the words only."""
    from numpy.random import default_rng

    digest = hashlib.sha256(repr((seed, *words)).encode()).digest()
    return default_rng(int.from_bytes(digest[:8], "big"))


def shifted(place: Position, east: float, north: float) -> Position:
    """The sky position at tangent-plane offsets (degrees) from `place`: FITS's TAN, inverted."""
    ra0, dec0 = math.radians(place[0]), math.radians(place[1])
    xi, eta = math.radians(east), math.radians(north)
    down = math.cos(dec0) - eta * math.sin(dec0)
    ra = ra0 + math.atan2(xi, down)
    dec = math.atan2(math.sin(dec0) + eta * math.cos(dec0), math.hypot(xi, down))
    return math.degrees(ra) % 360.0, math.degrees(dec)


def distance(one: Position, other: Position) -> float:
    """Degrees between two positions (Vincenty's form, good at every distance)."""
    ra = math.radians(other[0] - one[0])
    dec1, dec2 = math.radians(one[1]), math.radians(other[1])
    across = math.hypot(
        math.cos(dec2) * math.sin(ra),
        math.cos(dec1) * math.sin(dec2) - math.sin(dec1) * math.cos(dec2) * math.cos(ra),
    )
    along = math.sin(dec1) * math.sin(dec2) + math.cos(dec1) * math.cos(dec2) * math.cos(ra)
    return math.degrees(math.atan2(across, along))


def corners(
    place: Position, width: float, height: float, rotation: float = 0.0
) -> tuple[Position, ...]:
    """The four corners of a rectangle around `place`, its top turned from north to east."""
    sine, cosine = math.sin(math.radians(rotation)), math.cos(math.radians(rotation))
    signs = ((1, -1), (1, 1), (-1, 1), (-1, -1))
    half = [(sx * width / 2, sy * height / 2) for sx, sy in signs]
    return tuple(shifted(place, x * cosine + y * sine, -x * sine + y * cosine) for x, y in half)


# Rows of the rotation ICRS -> Galactic (Hipparcos catalogue, ESA SP-1200, vol. 1, eq. 1.5.11).
_GALACTIC = (
    (-0.0548755604, -0.8734370902, -0.4838350155),
    (+0.4941094279, -0.4448296300, +0.7469822445),
    (-0.8676661490, -0.1980763734, +0.4559837762),
)
_TILT = math.radians(23.4392911)  # obliquity of the ecliptic, J2000 (IAU 1976)
_ECLIPTIC = (
    (1.0, 0.0, 0.0),
    (0.0, math.cos(_TILT), math.sin(_TILT)),
    (0.0, -math.sin(_TILT), math.cos(_TILT)),
)


def galactic(place: Position) -> Position:
    """(longitude, latitude) in the Galactic system."""
    return _turned(place, _GALACTIC)


def ecliptic(place: Position) -> Position:
    """(longitude, latitude) of the ecliptic of J2000."""
    return _turned(place, _ECLIPTIC)


def _turned(place: Position, matrix: tuple[tuple[float, float, float], ...]) -> Position:
    ra, dec = math.radians(place[0]), math.radians(place[1])
    here = (math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec))
    x, y, z = (sum(a * b for a, b in zip(row, here, strict=True)) for row in matrix)
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))
