"""This file lets Kepler look at a star, in its quarters and, as K2, in its campaigns.

Invariant: light curve and pixels of one star, span and rhythm start from the same numbers. Times
are BKJD (BJD − 2454833, TDB), fluxes electrons per second.
Spans and file names: Kepler Data Release Notes; flags: Kepler Archive Manual, table 2-3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.clock import zulu
from skyatlas.sandbox.mast_cadences import DAY, correction, mjd_utc
from skyatlas.sandbox.mast_quarters import BKJD, LONG, Span, count, step
from skyatlas.sandbox.mast_stamps import Stamp, turned
from skyatlas.sandbox.mast_starlight import Star, light
from skyatlas.sandbox.sky import chance, galactic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]

COARSE, EARTH, DESATURATION, MANUAL, OUTLIER, NO_DATA = 4, 8, 32, 256, 2048, 65536
THRUSTER = 1 << 20
_SCALE = 3.98 / 3600.0  # degrees per pixel
_ZERO = 1.74e5  # electrons per second of a star of Kepler magnitude 12
_SKY = 20.0  # electrons per second and pixel
_SIGMA = 0.95  # pixels
_CROWD = 0.998
_FRAME, _COUNTED = 6.538751429414, 6.019802903270  # seconds between frames; of light in each
_FIRST = 120.5387  # BKJD of the first long cadence, which has number 568
_ROLL = 6.0 / 24.0  # days between firings of K2's thrusters
SHAPE = (7, 6)
"""(ny, nx) of every stamp."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A star as Kepler saw it, n cadences; as `mast_photometry.Photometry`."""

    star: Star
    span: Span
    short: bool
    middle: Floats
    correction: Floats
    number: NDArray[np.int32]
    quality: NDArray[np.int32]
    lost: Booleans
    dark: Booleans
    sap: Floats
    sap_sigma: float
    pdc: Floats
    pdc_sigma: float
    trend: Floats
    """Shape (n,): relative; K2's rolls are in it."""
    shift: Floats
    """Shape (n, 2): pixels."""
    stamp: Stamp
    spread: Floats
    aperture: Booleans

    def __len__(self) -> int:
        return len(self.middle)

    @property
    def step(self) -> float:
        """Days from one cadence to the next."""
        return step(self.short)

    @property
    def time(self) -> Floats:
        """Shape (n,): BKJD at the barycentre; NaN where the cadence was lost."""
        import numpy as np

        at_sun = self.middle + self.correction
        at_sun[self.lost] = np.nan
        return at_sun

    def flattened(self) -> Floats:
        """Shape (n,): `sap` with all but a thirtieth of the trend taken off."""
        return self.sap / self.trend * (1.0 + _left(self.trend, self.span))

    @property
    def background(self) -> float:
        """What was taken off in the aperture."""
        return float(_SKY * self.aperture.sum())

    def said(self) -> Mapping[str, Any]:
        """What the headers say, by keyword."""
        return {**_of_star(self.star, self.span), **_of_span(self), **_of_exposures(self)}


@lru_cache(maxsize=3)
def look(star: Star, span: Span, short: bool, seed: int) -> Look:
    """The star in that span at that rhythm."""
    import numpy as np

    n, roll = count(span, short=short), 97.0 + 90.0 * (span.number % 4)
    stamp = turned(star.place, _SCALE, roll, (451 + star.tic % 97, 233 + star.tic % 89), SHAPE)
    rows, columns = np.indices(SHAPE) + 1.0
    x, y = stamp.reference
    spread = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * _SIGMA**2))
    spread /= 2 * np.pi * _SIGMA**2
    aperture = spread > 0.015
    middle = span.start + (np.arange(n, dtype=np.float64) + 0.5) * step(short)
    quality, lost = _flags(middle, span, seed)
    dark = lost.copy()
    way = correction(middle, BKJD, star.place)
    quiet = float(_ZERO * 10.0 ** (-0.4 * (star.kepler - 12.0)))
    captured = float(spread[aperture].sum())
    level = quiet * captured / _CROWD
    sigma = 1.25 * float(np.sqrt((level + _SKY * 20) / (step(short) * DAY * _COUNTED / _FRAME)))
    noise = chance(seed, "kepler", star.tic, span.stamp, short).normal(0.0, sigma, n)
    trend, shift = _trend(middle, span, star, seed)
    true = level * light(star, middle + way + BKJD, seed)
    sap, pdc = true * trend + noise, (true * (1.0 + _left(trend, span)) + noise)
    pdc = pdc * _CROWD / captured
    pdc[lost | (quality & (MANUAL | COARSE | DESATURATION) != 0)] = np.nan
    sap[dark] = np.nan
    first = 568 + round((span.start - _FIRST) / LONG)
    number = ((first * 30 if short else first) + np.arange(n)).astype(np.int32)
    return Look(
        star, span, short, middle, way, number, quality, lost, dark, sap, sigma, pdc,
        sigma * _CROWD / captured, trend, shift, stamp, spread, aperture,
    )  # fmt: skip


def _left(trend: Floats, span: Span) -> Floats:
    """What correction leaves of the trend: of K2's rolls a thirtieth."""
    return (trend - trend.mean()) / 30.0 if span.k2 else trend * 0.0


def _flags(middle: Floats, span: Span, seed: int) -> tuple[NDArray[np.int32], Booleans]:
    """Flags, and which cadences were lost while data were sent to Earth."""
    import numpy as np

    phase = (middle - span.start) / (span.stop - span.start)
    third = [1 / 3, 2 / 3] if not span.k2 and span.stop - span.start > 60.0 else []
    lost = np.zeros(len(middle), dtype=np.bool_)
    for when in third:
        lost |= np.abs(phase - when) * (span.stop - span.start) < 0.42
    quality = np.where(lost, NO_DATA | EARTH, 0).astype(np.int32)
    near = 0.6 * float(middle[1] - middle[0])
    period, bit = (_ROLL, THRUSTER) if span.k2 else (2.98, DESATURATION)
    fired = np.abs((middle - span.start - 1.25 + period / 2) % period - period / 2) < near
    quality[fired & ~lost] |= bit
    quality[:12] |= COARSE if span.k2 else 0
    struck = chance(seed, "struck", span.stamp, len(middle)).uniform(size=len(middle)) < 5e-4
    quality[struck & ~lost] |= OUTLIER
    return quality, lost


def _trend(middle: Floats, span: Span, star: Star, seed: int) -> tuple[Floats, Floats]:
    """Drift of quarters, or the saw-tooth of a spacecraft that rolls until a thruster fires."""
    import numpy as np

    random = chance(seed, "drift", star.tic, span.stamp)
    phase = (middle - middle[0]) / (middle[-1] - middle[0]) - 0.5
    tilt, bend = random.normal(0.0, 2e-3, 2)
    if not span.k2:
        walk = np.stack([0.03 * phase, -0.02 * phase], axis=1)
        walk += random.normal(0.0, 1e-4, walk.shape)
        return 1.0 + tilt * phase + bend * phase**2, walk
    tooth = ((middle - span.start - 1.25) % _ROLL) / _ROLL - 0.5
    swing = tooth * (1.0 + 0.8 * phase)
    walk = np.stack([0.9 * swing, 0.5 * swing], axis=1)
    walk += random.normal(0.0, 0.01, walk.shape)
    return 1.0 + tilt * phase - 4e-3 * swing - 3e-3 * swing**2, walk


def _of_star(star: Star, span: Span) -> dict[str, Any]:
    longitude, latitude = galactic(star.place)
    kepler, east, north = star.kepler, star.motion[0] / 1e3, star.motion[1] / 1e3
    bands = {"GMAG": 0.4, "RMAG": -0.05, "IMAG": -0.2, "ZMAG": -0.25, "D51MAG": 0.2}
    bands |= {"JMAG": -1.05, "HMAG": -1.4, "KMAG": -1.45, "KEPMAG": 0.0}
    number = star.epic if span.k2 else star.kic
    return {
        **{band: round(kepler + step_, 3) for band, step_ in bands.items()},
        "OBJECT": f"{'EPIC' if span.k2 else 'KIC'} {number}",
        "KEPLERID": number,
        "RA_OBJ": star.place[0],
        "DEC_OBJ": star.place[1],
        "PMRA": round(east, 4),
        "PMDEC": round(north, 4),
        "PMTOTAL": round((east**2 + north**2) ** 0.5, 4),
        "GLON": round(longitude, 6),
        "GLAT": round(latitude, 6),
        "GRCOLOR": 0.45,
        "JKCOLOR": 0.4,
        "GKCOLOR": 1.85,
        "TEFF": round(star.temperature),
        "LOGG": star.gravity,
        "FEH": star.metallicity,
        "RADIUS": star.radius,
        "TMINDEX": star.tic,
    }


def _of_span(seen: Look) -> dict[str, Any]:
    span = seen.span
    return {
        "CHANNEL": 31,
        "MODULE": 10,
        "OUTPUT": 3,
        "QUARTER": span.number,
        "CAMPAIGN": span.number,
        "SEASON": (span.number + 2) % 4,
        "DATA_REL": 25,
        "OBSMODE": "short cadence" if seen.short else "long cadence",
        "DATE": zulu(mjd_utc(span.stop, BKJD) + 400.0)[:10],
    }


def _of_exposures(seen: Look) -> dict[str, Any]:
    import numpy as np

    start = float(seen.middle[0] + seen.correction[0]) - seen.step / 2
    stop = float(seen.middle[-1] + seen.correction[-1]) + seen.step / 2
    live = float((~seen.dark).sum()) * seen.step * _COUNTED / _FRAME
    parts = seen.pdc_sigma / float(np.nanmedian(seen.pdc)) * 1e6
    frames = 9 if seen.short else 270
    hours = {"CDPP3_0": 3.0, "CDPP6_0": 6.0, "CDPP12_0": 12.0}
    return {
        **{word: round(parts * (seen.step * 24 / many) ** 0.5, 6) for word, many in hours.items()},
        "EXPOSURE": round(live, 8),
        "LIVETIME": round(live, 8),
        "TELAPSE": round(stop - start, 8),
        "TSTART": round(start, 8),
        "TSTOP": round(stop, 8),
        "LC_START": round(mjd_utc(float(seen.middle[0]), BKJD), 8),
        "LC_END": round(mjd_utc(float(seen.middle[-1]), BKJD), 8),
        "DATE-OBS": zulu(mjd_utc(start, BKJD)),
        "DATE-END": zulu(mjd_utc(stop, BKJD)),
        "INT_TIME": _COUNTED,
        "READTIME": round(_FRAME - _COUNTED, 12),
        "FRAMETIM": _FRAME,
        "NUM_FRM": frames,
        "NREADOUT": frames,
        "TIMEDEL": seen.step,
        "CROWDSAP": _CROWD,
        "FLFRCSAP": round(float(seen.spread[seen.aperture].sum()), 4),
        "NPIXSAP": int(seen.aperture.sum()),
    }
