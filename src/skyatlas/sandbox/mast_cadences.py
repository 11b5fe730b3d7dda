"""This file knows when TESS and Kepler took their exposures, and what was wrong with which.

Invariant: rhythm and flags are the spacecraft's; they are the same for all its stars, but for the
light's way to the Sun and rare hits that `hits` adds. Times are days: at the spacecraft, and `bjd`
at the barycentre of the solar system, both TDB.
Flags: TESS SDPDD table 32 (bits 1-16); Kepler Archive Manual table 2-3 (bits 1-21).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from skyatlas.sandbox.mast_sectors import BTJD, sector
from skyatlas.sandbox.sky import Position, chance, ecliptic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.int32]
    Booleans = NDArray[np.bool_]

COARSE, EARTH, ARGABRIGHTENING, DESATURATION = 4, 8, 16, 32
MANUAL, OUTLIER, COLLATERAL, STRAY, SCATTERED = 128, 512, 1024, 2048, 4096
DAY = 86400.0
_AU = 499.004784 / DAY  # days that light takes for one astronomical unit
_DUMP = 2.5  # days between desaturations of the reaction wheels
_DOWN = 0.57  # days from the middle of a sector in which data are sent to Earth
_LAST = 0.5  # days at the end of an orbit in which Earth or Moon shine into the cameras
_SPREAD = 0.35  # as much of those cadences is flagged
_FIRST = 1325.293627  # BTJD of sector 1's beginning
_COUNT = {120: 70444, 20: 422664, 1800: 4697}  # number of the first cadence of sector 1


@dataclass(frozen=True, slots=True, eq=False)
class Cadences:
    """n exposures, also those that were lost."""

    middle: Floats
    """Shape (n,): at the spacecraft."""
    number: Flags
    """Shape (n,): CADENCENO."""
    quality: Flags
    """Shape (n,)."""
    lost: Booleans
    """Shape (n,): there is no time and no light."""
    dark: Booleans
    """Shape (n,): there is no light."""
    bad: Booleans
    """Shape (n,): there is no corrected light."""
    seconds: float
    """From one to the next."""

    def __len__(self) -> int:
        return len(self.middle)

    def kept(self) -> Cadences:
        """The same without those that were lost."""
        there = ~self.lost
        return Cadences(
            self.middle[there],
            self.number[there],
            self.quality[there],
            self.lost[there],
            self.dark[there],
            self.bad[there],
            self.seconds,
        )


def correction(middle: Floats, offset: float, place: Position) -> Floats:
    """Days to add at each time (JD − offset) to have it at the Sun; Earth's orbit is a circle."""
    import numpy as np

    since = middle + (offset - 2451545.0)
    anomaly = np.radians(357.529 + 0.98560028 * since)
    sun = np.radians(280.459 + 0.98564736 * since) + np.radians(1.915) * np.sin(anomaly)
    longitude, latitude = (math.radians(angle) for angle in ecliptic(place))
    way: Floats = -_AU * math.cos(latitude) * np.cos(longitude - sun)
    return way


def count(number: int, seconds: int) -> int:
    """How many cadences a sector has."""
    one = sector(number)
    return round((one.stop - one.start) * DAY / seconds)


@cache
def tess(number: int, seconds: int, seed: int) -> Cadences:
    """The exposures of a sector."""
    import numpy as np

    one, step = sector(number), seconds / DAY
    n = count(number, seconds)
    middle: Floats = one.start + (np.arange(n, dtype=np.float64) + 0.5) * step
    halfway = (one.start + one.stop) / 2
    lost = np.abs(middle - halfway) < _DOWN
    quality = np.where(lost, EARTH | MANUAL, 0).astype(np.int32)
    random = chance(seed, "sector", number)
    for dump in np.arange(one.start + 2.545, one.stop, _DUMP):
        near = np.abs(middle - dump) < max(8.0 / 1440.0, 0.55 * step)
        quality[near] |= DESATURATION | MANUAL
        quality[near & (middle > dump)] |= COARSE
    flash = float(random.uniform(one.start + 3.0, halfway - 2.0))
    blinded = np.abs(middle - flash) < max(19.0 / 1440.0, 0.55 * step)
    quality[blinded] |= ARGABRIGHTENING | MANUAL
    _shine(quality, middle, (halfway - _DOWN, one.stop), number, seed)
    if number == 1:  # the pointing shook from BTJD 1347 on (data release note 1)
        shaken = (middle > 1347.0) & (middle < 1349.2)
        quality[shaken & _some(middle, seed)] |= MANUAL
    quality[_some(middle, seed + 1, 1e-3)] |= COLLATERAL
    dark = lost | (quality & ARGABRIGHTENING != 0)
    bad = dark | (quality & (MANUAL | SCATTERED) != 0)
    cadence = 1800 if seconds > 120 else seconds
    first = _COUNT[cadence] + round((one.start - _FIRST) * DAY / seconds)
    numbers = (first + np.arange(n)).astype(np.int32)
    return Cadences(middle, numbers, quality, lost, dark, bad, float(seconds))


def _some(middle: Floats, seed: int, part: float = _SPREAD) -> Booleans:
    """Which of the times a coin picks: the same in every rhythm, minute by minute."""
    import numpy as np

    minutes = np.floor(middle * 720.0).astype(np.uint64)
    mixed = (minutes * np.uint64(2654435761) + np.uint64(seed * 40503 + 977)) % np.uint64(1 << 32)
    return (mixed * np.uint64(2246822519) % np.uint64(1 << 32)) < int(part * (1 << 32))


def _shine(
    quality: Flags, middle: Floats, ends: tuple[float, float], number: int, seed: int
) -> None:
    """Light of Earth and Moon at the end of each orbit; from sector 27 on it is cut out."""
    bit = SCATTERED if number >= 27 else STRAY
    for end in ends:
        near = (middle > end - _LAST) & (middle < end)
        quality[near & _some(middle, seed + 2)] |= bit


def hits(cadences: Cadences, tic: int, seed: int) -> Booleans:
    """Which cadences of this star a cosmic ray or the like has spoilt, shape (n,)."""
    random = chance(seed, "hits", tic, int(cadences.number[0]), cadences.seconds)
    struck: Booleans = random.uniform(size=len(cadences)) < 2e-4
    return struck & ~cadences.dark


def mjd_utc(middle: float, offset: float = BTJD) -> float:
    """The MJD in UTC of a TDB time JD − offset; UTC has been 69.184 s behind TDB since 2017."""
    return middle + offset - 2400000.5 - 69.184 / DAY
