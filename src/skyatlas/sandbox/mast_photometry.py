"""This file lets TESS look at a star: its electrons in every exposure, with all that spoils them.

Invariant: everything that is made of one star, sector and rhythm starts from the same numbers, so a
light curve is the sum of the pixels of its target pixel file. Fluxes are electrons per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_cadences as when
from skyatlas.sandbox.clock import zulu
from skyatlas.sandbox.mast_cadences import Cadences
from skyatlas.sandbox.mast_sectors import BTJD, sector, spot
from skyatlas.sandbox.mast_stamps import Stamp, of_tess
from skyatlas.sandbox.mast_starlight import Star, light
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIDE = 5
"""Pixels along each side of a stamp."""
FAST_SIDE = 3
"""Likewise of one with an exposure every 20 s, of which there are six times as many."""
_ZERO = 15000.0  # electrons per second of a star of magnitude 10 (SDPDD: 1.5e4 within a few %)
_BACKGROUND = 110.0  # electrons per second and pixel
_FLOOR = 6e-5  # what noise is left over two minutes however bright the star
_CROWD = 0.985  # the star's part of the light in the aperture
_SIGMA = 0.72  # pixels, of the round spot that a star is
_DEAD = 0.99 * 0.8  # of the time light is counted: read-out, and exposures lost to cosmic rays
COLLECTED, OPTIMAL, CENTROID = 1, 2, 8
_READ = {120: 48, 20: 10}


@dataclass(frozen=True, slots=True, eq=False)
class Photometry:
    """A star as TESS saw it in one sector, n cadences."""

    star: Star
    number: int
    """Of the sector."""
    camera: int
    ccd: int
    cadences: Cadences
    correction: Floats
    """Shape (n,): days from the spacecraft to the barycentre."""
    quality: NDArray[np.int32]
    """Shape (n,): the spacecraft's flags and the star's own."""
    sap: Floats
    """Shape (n,): sum of the aperture's pixels, background taken off; NaN in the dark."""
    sap_sigma: float
    background: Floats
    """Shape (n,): what was taken off."""
    pdc: Floats
    """Shape (n,): corrected for trends, neighbours and the light outside of the aperture."""
    pdc_sigma: float
    trend: Floats
    """Shape (n,): relative: what correction takes away."""
    shift: Floats
    """Shape (n, 2): pixels by which the star moved along columns and rows."""
    stamp: Stamp
    spread: Floats
    """Shape (ny, nx): part of the star's light that falls on each pixel."""
    aperture: NDArray[np.bool_]
    """Shape (ny, nx): which pixels are summed."""

    @property
    def time(self) -> Floats:
        """Shape (n,): BTJD at the barycentre; NaN where the cadence was lost."""
        import numpy as np

        at_sun = self.cadences.middle + self.correction
        at_sun[self.cadences.lost] = np.nan
        return at_sun

    @property
    def captured(self) -> float:
        """Part of the star's light that falls into the aperture."""
        return float(self.spread[self.aperture].sum())

    def said(self) -> Mapping[str, Any]:
        """What the headers say of star, sector and exposures, by keyword."""
        return {**of_star(self.star), **of_sector(self), **of_exposures(self)}


def brightness(magnitude: float) -> float:
    """Electrons per second of a star of this TESS magnitude."""
    return float(_ZERO * 10.0 ** (-0.4 * (magnitude - 10.0)))


def spread(x: float, y: float, shape: tuple[int, int]) -> Floats:
    """Part of a star's light at (x, y) (FITS) on each pixel, shape (ny, nx)."""
    import numpy as np

    rows, columns = np.indices(shape) + 1.0
    parts: Floats = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * _SIGMA**2))
    parts /= 2 * np.pi * _SIGMA**2
    return parts


@lru_cache(maxsize=3)
def photometry(star: Star, number: int, seconds: int, seed: int) -> Photometry:
    """The star in that sector at that rhythm; raises ValueError where no pixel saw it."""
    import numpy as np

    where = spot(star.place, number)
    if where is None:
        raise ValueError(f"sector {number} did not see {star.name}")
    side = FAST_SIDE if seconds < 60 else SIDE
    stamp = of_tess(star.place, where, side, side)
    parts = spread(*stamp.reference, stamp.shape)
    aperture = parts > 0.02
    cadences = when.tess(number, seconds, seed)
    way = when.correction(cadences.middle, BTJD, star.place)
    random = chance(seed, "photometry", star.tic, number, seconds)
    quiet = brightness(star.magnitude)
    true = quiet * light(star, cadences.middle + way + BTJD, seed)
    captured = float(parts[aperture].sum())
    trend, shift = _trend(cadences, star, number, seed)
    level = quiet * captured / _CROWD
    counted = seconds * _DEAD
    glow = _glow(cadences) * aperture.sum()
    sigma = float(
        np.hypot(
            np.sqrt((level + np.median(glow) + aperture.sum() * 8.0) / counted),
            level * _FLOOR * (120.0 / seconds) ** 0.5,
        )
    )
    noise = random.normal(0.0, sigma, len(cadences))
    struck = when.hits(cadences, star.tic, seed)
    noise[struck] += 8.0 * sigma
    quality = cadences.quality | np.where(struck, when.OUTLIER, 0).astype(np.int32)
    moved = np.where(cadences.quality & when.DESATURATION, 1.0 - 4e-3, 1.0)
    sap = true * captured / _CROWD * trend * moved + noise
    scale = _CROWD / captured
    pdc = (true * captured / _CROWD * moved + noise) * scale
    pdc[cadences.bad | struck] = np.nan
    sap[cadences.dark] = np.nan
    glow[cadences.dark] = np.nan
    return Photometry(
        star, number, where.camera, where.ccd, cadences, way, quality, sap, sigma, glow, pdc,
        sigma * scale, trend, shift, stamp, parts, aperture,
    )  # fmt: skip


def _glow(cadences: Cadences) -> Floats:
    """The background per pixel: brighter where Earth or Moon shine in."""
    import numpy as np

    since = cadences.middle - cadences.middle[0]
    half = since[-1] / 2
    phase = np.where(since < half, since / (half - 0.57), (since - half - 0.57) / (half - 0.57))
    rise = 2.0 * np.exp((np.minimum(phase, 1.0) - 1.0) / 0.02)
    found: Floats = _BACKGROUND * (1.0 + 0.05 * phase + rise)
    return found


def _trend(cadences: Cadences, star: Star, number: int, seed: int) -> tuple[Floats, Floats]:
    """What heat and pointing do to the light, relative; and the star's way over the pixels."""
    import numpy as np

    random = chance(seed, "trend", star.tic, number)
    phase = np.linspace(-1.0, 1.0, len(cadences))
    tilt, bend = random.normal(0.0, 8e-4, 2)
    settling = 1.5e-3 * np.exp(-np.abs(phase - np.where(phase < 0, -1.0, 0.04)) / 0.05)
    walk = np.stack([0.01 * np.sin(9.0 * phase), 0.012 * np.cos(7.0 * phase)], axis=1)
    walk += chance(seed, "jitter", number, cadences.seconds).normal(0.0, 4e-3, walk.shape)
    return 1.0 + tilt * phase + bend * phase**2 - settling + 0.01 * walk[:, 0], walk


def of_star(star: Star) -> dict[str, Any]:
    """What the headers say of a star, by keyword."""
    east, north = star.motion
    return {
        "OBJECT": f"TIC {star.tic}",
        "TICID": star.tic,
        "RA_OBJ": star.place[0],
        "DEC_OBJ": star.place[1],
        "PMRA": east,
        "PMDEC": north,
        "PMTOTAL": round((east**2 + north**2) ** 0.5, 6),
        "TESSMAG": star.magnitude,
        "TEFF": star.temperature,
        "LOGG": star.gravity,
        "MH": star.metallicity,
        "RADIUS": star.radius,
    }


def of_times(start: float, stop: float) -> dict[str, Any]:
    """The cards of a time span, BTJD."""
    return {
        "TSTART": start,
        "TSTOP": stop,
        "DATE-OBS": zulu(when.mjd_utc(start)),
        "DATE-END": zulu(when.mjd_utc(stop)),
        "TELAPSE": round(stop - start, 12),
    }


def of_sector(seen: Photometry) -> dict[str, Any]:
    """The cards that say where TESS looked and when the file was made."""
    one = sector(seen.number)
    return {
        "SECTOR": one.number,
        "CAMERA": seen.camera,
        "CCD": seen.ccd,
        "PXTABLE": one.configuration + 8,
        "SCCONFIG": one.configuration,
        "DATA_REL": one.number,
        "DATE": zulu(when.mjd_utc(one.stop) + 36.0)[:10],
    }


def of_exposures(seen: Photometry) -> dict[str, Any]:
    """The cards about times and exposures of a light curve."""
    import numpy as np

    cadences, step = seen.cadences, seen.cadences.seconds / when.DAY
    good = cadences.middle + seen.correction
    times = of_times(float(good[0] - step / 2), float(good[-1] + step / 2))
    live = float((~cadences.dark).sum()) * step * 0.792
    parts = seen.pdc_sigma / float(np.nanmedian(seen.pdc)) * 1e6
    frames = round(cadences.seconds / 2)
    return {
        **times,
        "EXPOSURE": live,
        "LIVETIME": live,
        "INT_TIME": 1.98,
        "READTIME": 0.02,
        "FRAMETIM": 2.0,
        "NUM_FRM": frames,
        "NREADOUT": _READ.get(round(cadences.seconds), frames * 4 // 5),
        "TIMEDEL": step,
        "CDPP0_5": round(parts / (1800.0 / cadences.seconds) ** 0.5, 6),
        "CDPP1_0": round(parts / (3600.0 / cadences.seconds) ** 0.5, 6),
        "CDPP2_0": round(parts / (7200.0 / cadences.seconds) ** 0.5, 6),
        "CROWDSAP": _CROWD,
        "FLFRCSAP": seen.captured,
        "NPIXSAP": int(seen.aperture.sum()),
    }
