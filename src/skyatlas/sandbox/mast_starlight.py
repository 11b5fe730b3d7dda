"""This file knows the truth about the stars in the sandbox's light curves: planets, spots, flares.

Invariant: `light` is what a perfect photometer in the sandbox would see; nothing here knows of
cadences, noise or files. Times are BJD (TDB) in days, angles degrees ICRS (J2000).
Real stars have their real positions, magnitudes and ephemerides, rounded (TIC 8.2, NASA Exoplanet
Archive); the crowd is invented.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from skyatlas.sandbox.sky import OBJECTS, Position, chance, shifted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CROWD = 1200
"""How many stars of the crowd there are: TIC 900000001 and on."""
CROWD_FIELD: Position = (70.0, -62.0)
"""The middle of the crowd's patch of sky."""
_PATCH = 0.55  # degrees from the middle to the patch's edge; some neighbours are then within 1'
_BLOCK = 10.0  # days whose flares are drawn together
_GROWTH = 3.0  # the decay of a flare is this many times as long as its rise


@dataclass(frozen=True, slots=True)
class Planet:
    """One transiting planet."""

    name: str
    period: float
    """Days."""
    epoch: float
    """BJD of the middle of one transit."""
    depth: float
    """Fraction of the star's light that is missing in the middle."""
    hours: float
    """From first to last contact."""

    def dips(self, time: Floats) -> Floats:
        """The missing fraction at each time, shape (n,): a trapezium with a rounded floor."""
        import numpy as np

        half = self.hours / 48.0
        away = np.abs((time - self.epoch + self.period / 2) % self.period - self.period / 2) / half
        edge = 0.12  # of the half duration: ingress and egress
        floor = 1.0 - 0.12 * np.clip(away, 0.0, 1.0) ** 2  # limb darkening
        return self.depth * floor * np.clip((1.0 - away) / edge, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Flare:
    """One outburst."""

    time: float
    """BJD of the peak."""
    peak: float
    """Fraction of the star's light that is added."""
    decay: float
    """Days after which a third is left."""


@dataclass(frozen=True, slots=True)
class Star:
    """One star, and all that makes its light change."""

    name: str
    tic: int
    place: Position
    magnitude: float
    """TESS magnitude."""
    kepler: float = 0.0
    """Kepler magnitude, where Kepler saw it."""
    kic: int = 0
    epic: int = 0
    gaia: int = 0
    motion: tuple[float, float] = (0.0, 0.0)
    """Proper motion, mas per year: in right ascension (times cos dec), in declination."""
    temperature: float = 5800.0
    gravity: float = 4.4
    metallicity: float = 0.0
    radius: float = 1.0
    planets: tuple[Planet, ...] = ()
    spin: float = 0.0
    """Days of one rotation."""
    spots: float = 0.0
    """Fraction by which rotation changes the light, from the mean to the extreme."""
    flares: float = 0.0
    """Outbursts a day."""


def _at(name: str) -> Position:
    return next((one.ra, one.dec) for one in OBJECTS if one.name == name)


@cache
def stars() -> tuple[Star, ...]:
    """The real ones."""
    return (
        Star("pi Men", 261136679, _at("* pi. Men"), 5.1054, gaia=4623036865373793408,
             motion=(311.187, 1048.845), temperature=5980.0, gravity=4.33, metallicity=0.05,
             radius=1.15, planets=(Planet("pi Men c", 6.26790, 2458325.504, 300e-6, 2.97),)),
        Star("WASP-126", 25155310, _at("WASP-126"), 10.555, gaia=4666498154837086208,
             motion=(63.073, 53.678), temperature=5800.0, gravity=4.28, metallicity=-0.06,
             radius=1.27, planets=(Planet("WASP-126 b", 3.28880, 2456890.3191, 6.9e-3, 3.4),)),
        Star("AU Mic", 441420236, _at("AU Mic"), 6.7564, gaia=6794047652729201024,
             motion=(281.424, -359.895), temperature=3588.0, gravity=4.39, radius=0.75,
             planets=(Planet("AU Mic b", 8.463, 2458330.39046, 2.6e-3, 3.5),),
             spin=4.863, spots=0.025, flares=2.0),
        Star("Kepler-10", 377780790, _at("Kepler-10"), 10.4696, kepler=10.961, kic=11904151,
             gaia=2132155017099178624, motion=(-18.493, 41.447), temperature=5708.0, gravity=4.34,
             metallicity=-0.15, radius=1.065,
             planets=(Planet("Kepler-10 b", 0.8374907, 2455034.08687, 180e-6, 1.81),
                      Planet("Kepler-10 c", 45.29430, 2455062.2664, 500e-6, 6.86))),
        Star("K2-18", 388804061, _at("K2-18"), 11.0, kepler=12.47, epic=201912552,
             gaia=3910747531814692736, motion=(-80.38, -133.14), temperature=3457.0, gravity=4.86,
             metallicity=0.12, radius=0.41, spin=39.6, spots=0.008,
             planets=(Planet("K2-18 b", 32.939623, 2457264.39142, 3.0e-3, 2.68),)),
    )  # fmt: skip


def star(name: str) -> Star:
    """One of `stars()`, by its name; StopIteration where there is none."""
    return next(one for one in stars() if one.name == name)


@cache
def crowd(seed: int) -> tuple[Star, ...]:
    """The invented ones: a tenth has a planet, a tenth flares, half of them are spotted."""
    found: list[Star] = []
    for number in range(1, CROWD + 1):
        random = chance(seed, "crowd", number)
        place = shifted(CROWD_FIELD, *(random.uniform(-_PATCH, _PATCH, 2)))
        # Every twelfth stands beside the one before: cones of 1' around them overlap.
        if number % 12 == 0:
            place = shifted(found[-1].place, *(random.uniform(-0.012, 0.012, 2)))
        name, tic = f"TIC {900_000_000 + number}", 900_000_000 + number
        planet = Planet(
            f"{name} b",
            float(random.uniform(1.0, 9.0)),
            2458437.0 + float(random.uniform(0.0, 9.0)),
            float(random.uniform(1e-3, 1e-2)),
            float(random.uniform(1.5, 5.0)),
        )
        found.append(
            Star(
                name,
                tic,
                place,
                round(float(random.uniform(8.0, 13.0)), 4),
                temperature=round(float(random.uniform(3200.0, 6800.0)), 1),
                radius=round(float(random.uniform(0.3, 1.6)), 3),
                planets=(planet,) if number % 10 == 1 else (),
                spin=float(random.uniform(0.5, 20.0)),
                spots=float(random.uniform(0.0, 0.01)) if number % 2 else 0.0,
                flares=1.0 if number % 10 == 2 else 0.0,
            )
        )
    return tuple(found)


def flares(one: Star, start: float, stop: float, seed: int) -> tuple[Flare, ...]:
    """Its outbursts whose peaks lie between two BJDs, in time order."""
    found: list[Flare] = []
    if not one.flares:
        return ()
    for block in range(math.floor(start / _BLOCK), math.floor(stop / _BLOCK) + 1):
        random = chance(seed, "flares", one.tic, block)
        number = int(random.poisson(one.flares * _BLOCK))
        times = block * _BLOCK + random.uniform(0.0, _BLOCK, number)
        # Few are strong: energies follow a power law, here that of peaks above 0.3 %.
        peaks = 3e-3 * random.uniform(1e-4, 1.0, number) ** -0.6
        decays = random.uniform(10.0, 60.0, number) / 1440.0
        found += [
            Flare(float(t), min(float(p), 0.5), float(d))
            for t, p, d in zip(times, peaks, decays, strict=True)
            if start <= t < stop
        ]
    return tuple(sorted(found, key=lambda flare: flare.time))


def light(one: Star, time: Floats, seed: int) -> Floats:
    """Its light at each BJD (rising, no NaN) relative to the quiet star's, shape (n,)."""
    import numpy as np

    relative = np.ones_like(time)
    if one.spots:
        phase = 2 * math.pi * (time - BASE) / one.spin
        relative += one.spots * (0.8 * np.sin(phase) + 0.2 * np.sin(2 * phase + 1.0))
    for planet in one.planets:
        relative *= 1.0 - planet.dips(time)
    for flare in flares(one, float(time[0]) - 1.0, float(time[-1]) + 1.0, seed):
        low, high = np.searchsorted(time, (flare.time - 0.1, flare.time + 8 * flare.decay))
        since = (time[low:high] - flare.time) / flare.decay
        rise, fall = np.minimum(since * _GROWTH, 0.0), np.maximum(since, 0.0)
        relative[low:high] += flare.peak * np.exp(rise - fall)
    return relative


BASE = 2457000.0
"""BJD at which every star's rotation has phase 0."""
