"""This file lists the stars that the sandbox's APOGEE has looked at, and what each was called by.

Invariant: stars of the survey's images only, the brightest; one of each stretch was visited once,
and one of each stretch is in two fields. Source of names: www.sdss4.org/dr17/irspec, and the column
descriptions of SkyServer's apogeeStar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from skyatlas.sandbox.light import shines
from skyatlas.sandbox.sdss_footprint import STRETCHES, Stretch
from skyatlas.sandbox.sdss_objects import Measured, measured
from skyatlas.sandbox.sky import chance

APRED: Mapping[int, str] = {
    12: "r5", 13: "r6", 14: "r8", 15: "r8", 16: "r12", 17: "dr17", 18: "dr17", 19: "dr17",
    20: "dr17",
}  # fmt: skip
"""The reduction that each release's table is of. The sandbox has none before Data Release 12."""
_STARS = 8  # of a stretch
_SOUTH = 16  # the first release with stars from Las Campanas
# The matrix from ICRS to galactic coordinates: Hipparcos Catalogue (ESA SP-1200), volume 1, 1.5.11.
_GALACTIC = (
    (-0.0548755604, -0.8734370902, -0.4838350155),
    (+0.4941094279, -0.4448296300, +0.7469822445),
    (-0.8676661490, -0.1980763734, +0.4559837762),
)


@dataclass(frozen=True, slots=True)
class ApogeeStar:
    """One star in one field: all its visits."""

    measured: Measured
    telescope: str
    """"apo25m", "lco25m" or "apo1m"."""
    location: int
    """Number of the field; 1 for all of the 1m telescope."""
    field: str
    visits: int
    velocity: float
    """km/s, heliocentric."""
    mjd: int
    """Of the first visit."""

    @property
    def place(self) -> tuple[float, float]:
        """(ra, dec), degrees."""
        return self.measured.star.ra, self.measured.star.dec

    @property
    def name(self) -> str:
        """Its name in 2MASS's way, digits cut off: "2M13295270+4711429"."""
        ra, dec = self.place
        hundredths = int(ra / 15.0 * 360_000.0)
        tenths = int(abs(dec) * 36_000.0)
        sign = "-" if dec < 0 else "+"
        return f"2M{_sexagesimal(hundredths, 100, 2)}{sign}{_sexagesimal(tenths, 10, 1)}"

    @property
    def galactic(self) -> tuple[float, float]:
        """(longitude, latitude), degrees."""
        a, d = map(math.radians, self.place)
        looked = (math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d))
        x, y, z = (sum(p * q for p, q in zip(row, looked, strict=True)) for row in _GALACTIC)
        return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.asin(z))

    @property
    def snr(self) -> float:
        """Median of signal to noise in all visits together."""
        return round(40.0 * math.sqrt(self.visits) * 10 ** (0.2 * (13.0 - self.magnitude)), 2)

    @property
    def magnitude(self) -> float:
        """In the H band: stars are two magnitudes brighter there."""
        return self.measured.star.magnitude - 2.0

    def file(self, release: int) -> str:
        """What its combined spectrum is called in a release."""
        prefix = "as" if self.telescope == "lco25m" else "ap"
        return f"{prefix}Star-{APRED[release]}-{self.name}.fits"

    def is_in(self, release: int) -> bool:
        """Whether a release has it."""
        return release in APRED and (self.telescope != "lco25m" or release >= _SOUTH)


def _sexagesimal(number: int, unit: int, digits: int) -> str:
    seconds, rest = divmod(number, unit)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:02d}{minutes:02d}{seconds % 60:02d}{rest:0{digits}d}"


@cache
def apogee_stars(seed: int) -> tuple[ApogeeStar, ...]:
    """All stars, in the order of the stretches."""
    found: list[ApogeeStar] = []
    for number, stretch in enumerate(STRETCHES):
        stars = [
            one
            for one in measured(seed)
            if one.primary
            and one.field.stretch is stretch
            and (one.known is None or not shines(one.known))
        ]
        stars.sort(key=lambda one: (one.star.magnitude, one.obj_id))
        telescope = "lco25m" if stretch.dec < -1.0 else "apo25m"
        own = [
            _star(one, index, stretch, telescope, 4100 + number, seed)
            for index, one in enumerate(stars[:_STARS])
        ]
        again = _star(stars[1], 1, stretch, telescope, 4200 + number, seed)
        small = _star(stars[2], 2, stretch, "apo1m", 1, seed)
        found += [*own, again, small]
    return tuple(found)


def _star(
    one: Measured, index: int, stretch: Stretch, telescope: str, location: int, seed: int
) -> ApogeeStar:
    random = chance(seed, "apogee", telescope, location, one.obj_id)
    field = "standards" if location == 1 else f"{stretch.ra:03.0f}{stretch.dec:+03.0f}_{location}"
    velocity = round(float(random.normal(0.0, 60.0)), 3)
    return ApogeeStar(
        one, telescope, location, field, 1 + index % 4, velocity, stretch.mjd + 3000 + index
    )
