"""This file cuts pixels out of TESS's full frames around any position, as TESScut does.

Invariant: the stars of the sandbox's light curves shine in the frames as in their own pixels; all
others never change. Fluxes are electrons per second with the sky's light in them, as in the frames.
Layout: astrocut's (mast_layouts.txt), exposures that were lost left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_cadences as when
from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import sealed
from skyatlas.sandbox.mast_cadences import Cadences
from skyatlas.sandbox.mast_photometry import brightness, of_times, spread
from skyatlas.sandbox.mast_sectors import BTJD, PIXEL, Spot, sector, spot, spots
from skyatlas.sandbox.mast_stamps import Stamp, of_tess
from skyatlas.sandbox.mast_starlight import Star, crowd, light, stars
from skyatlas.sandbox.sky import Position, chance, distance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CELL = 0.1  # degrees: the fields that stars are drawn for
_DENSITY = 4.0  # stars down to magnitude 16 in one of them
_SKY = 110.0  # electrons per second and pixel
_DEAD = 0.99 * 0.8  # of the time light is counted
_ZERO = datetime(1858, 11, 17)  # noqa: DTZ001  MJD 0; UTC without saying so


def tess_sectors(ra: float, dec: float) -> list[tuple[int, int, int]]:
    """(sector, camera, ccd) of all full frames that show a position (degrees ICRS)."""
    return [(one.sector, one.camera, one.ccd) for one in spots((ra, dec))]


def tess_pixels(ra: float, dec: float, width: int, height: int, number: int, seed: int) -> bytes:
    """The target pixel file of width × height pixels around a position in one sector.

    Raises ValueError where that sector did not see it, IndexError where there is no such sector.
    """
    where = spot((ra, dec), number)
    if where is None:
        raise ValueError(f"sector {number} did not see {ra}, {dec}")
    stamp = of_tess((ra, dec), where, width, height)
    taken = when.tess(number, frame_seconds(number), seed).kept()
    way = when.correction(taken.middle, BTJD, (ra, dec))
    flux = _scene(stamp, taken.middle + way + BTJD, seed)
    table = _columns(flux, taken, where, seed)
    table |= {"TIME": taken.middle + way, "TIMECORR": way}
    said = _said(stamp, where, taken, way)
    more = [card for n in range(4, 9) for card in stamp.column_cards(n, plain=True)]
    return sealed(
        [
            layouts.primary("tesscut", said),
            layouts.table("tesscut.PIXELS", table, said, more),
            _aperture(stamp, said),
        ],
        str(said["DATE"]),
    )


def frame_seconds(number: int) -> int:
    """From one full frame to the next: half an hour, since sector 27 ten minutes."""
    return 1800 if number <= 26 else 600


def _scene(stamp: Stamp, time: Floats, seed: int) -> Floats:
    """Sky and stars on the pixels without noise, shape (n, ny, nx)."""
    import numpy as np

    scene = np.full((len(time), *stamp.shape), _SKY)
    reach = PIXEL * (math.hypot(*stamp.shape) / 2 + 4.0)
    for star in _near(stamp.place, reach, seed):
        parts = spread(*stamp.pixel(star.place), stamp.shape)
        changing = bool(star.planets or star.spots or star.flares)
        relative = light(star, time, seed) if changing else np.ones_like(time)
        scene += brightness(star.magnitude) * relative[:, None, None] * parts
    return scene


def _near(place: Position, radius: float, seed: int) -> Iterator[Star]:
    known = (*stars(), *crowd(seed))
    yield from (one for one in known if distance(one.place, place) <= radius)
    low = math.floor((place[1] - radius) / _CELL)
    for row in range(low, math.floor((place[1] + radius) / _CELL) + 1):
        cosine = max(math.cos(math.radians((row + 0.5) * _CELL)), _CELL / 360.0)
        around = max(1, round(360.0 * cosine / _CELL))
        half = math.ceil(radius / _CELL) + 1
        middle = math.floor(place[0] / 360.0 * around)
        for column in {(middle + step) % around for step in range(-half, half + 1)}:
            field = _field(row, column, around, seed)
            yield from (one for one in field if distance(one.place, place) <= radius)


@cache
def _field(row: int, column: int, around: int, seed: int) -> tuple[Star, ...]:
    """The nameless stars of one cell."""
    random = chance(seed, "field", row, column)
    found = []
    for number in range(int(random.poisson(_DENSITY))):
        ra = (column + float(random.uniform())) * 360.0 / around
        dec = (row + float(random.uniform())) * _CELL
        # Counts grow by a factor of two per magnitude.
        magnitude = 16.0 + math.log2(float(random.uniform(2e-3, 1.0)))
        found.append(Star(f"{row} {column} {number}", 0, (ra, dec), magnitude))
    return tuple(one for one in found if abs(one.place[1]) < 90.0)


def _columns(flux: Floats, taken: Cadences, where: Spot, seed: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    n = len(taken)
    sigma = np.sqrt(flux / (taken.seconds * _DEAD))
    random = chance(seed, "frames", where, flux.shape)
    noisy = (flux + random.standard_normal(flux.shape) * sigma).astype(np.float32)
    nothing = np.zeros(flux.shape, dtype=np.float32)
    still = np.zeros(n, dtype=np.float32)
    return {
        "CADENCENO": np.zeros(n, dtype=np.int32),
        "RAW_CNTS": np.full(flux.shape, -1, dtype=np.int32),
        "FLUX": noisy,
        "FLUX_ERR": sigma.astype(np.float32),
        "FLUX_BKG": nothing,
        "FLUX_BKG_ERR": nothing,
        "QUALITY": taken.quality,
        "POS_CORR1": still,
        "POS_CORR2": still,
        "FFI_FILE": np.array([frame_name(where, t, taken.seconds)[:38] for t in taken.middle]),
    }


def frame_name(where: Spot, middle: float, seconds: float) -> str:
    """ "tess2018206192942-s0001-4-2-0120-s_ffic.fits": the frame that was taken at a BTJD."""
    begin = _ZERO + timedelta(days=when.mjd_utc(middle - seconds / 2 / when.DAY))
    one = sector(where.sector)
    return (
        f"tess{begin:%Y%j%H%M%S}-s{one.number:04d}-{where.camera}-{where.ccd}"
        f"-{one.configuration:04d}-s_ffic.fits"
    )


def _said(stamp: Stamp, where: Spot, taken: Cadences, way: Floats) -> dict[str, Any]:
    one, step = sector(where.sector), taken.seconds / when.DAY
    middle, frames = taken.middle, round(taken.seconds / 2)
    start, stop = float(middle[0] - step / 2), float(middle[-1] + step / 2)
    return {
        **of_times(start + float(way[0]), stop + float(way[-1])),
        "DATE": (_ZERO + timedelta(days=when.mjd_utc(stop) + 29.0)).date().isoformat(),
        "DATA_REL": one.number,
        "SCCONFIG": one.configuration,
        "SECTOR": one.number,
        "CAMERA": where.camera,
        "CCD": where.ccd,
        "RA_OBJ": stamp.place[0],
        "DEC_OBJ": stamp.place[1],
        "FFIINDEX": int(4697 + round((middle[len(middle) // 2] - 1325.31) * 48)),
        "EXPOSURE": step * _DEAD,
        "LIVETIME": step * _DEAD,
        "NUM_FRM": frames,
        "NREADOUT": frames * 4 // 5,
        "TIMEDEL": step,
        "WCS_FFI": frame_name(where, float(middle[len(middle) // 2]), taken.seconds),
        "WCS_MSEP": 0.0,
        "WCS_SIG": 0.0,
    }


def _aperture(stamp: Stamp, said: dict[str, Any]) -> Any:
    import numpy as np

    pixels = np.ones(stamp.shape, dtype=np.int32)
    more = [*stamp.cards(plain=True), ("LONPOLE", 180.0, ""), ("LATPOLE", stamp.place[1], "")]
    return layouts.image("tesscut.APERTURE", pixels, said, more)
