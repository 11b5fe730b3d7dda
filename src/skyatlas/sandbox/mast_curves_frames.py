"""This file lists TESS's full frames: one observation per sector and chip, with one of its frames.

MAST lists hundreds of frames of each; here stands the one in the middle of the sector, with its
pixels binned (a frame has 35 MB). Names and columns: outerspace.stsci.edu, "Tips and Tricks to
Getting TESS Data at MAST".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.clock import zulu
from skyatlas.sandbox.deliver import sealed
from skyatlas.sandbox.mast_cadences import DAY, mjd_utc
from skyatlas.sandbox.mast_curves_rows import Draft, size, tess_row
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_photometry import of_times
from skyatlas.sandbox.mast_sectors import Spot, chip_corners, place_of, sector, spots
from skyatlas.sandbox.mast_stamps import of_tess
from skyatlas.sandbox.mast_starlight import CROWD_FIELD, stars
from skyatlas.sandbox.mast_tesscut_sky import frame_name, frame_seconds
from skyatlas.sandbox.sky import chance

_BIN = 16
_SHAPE = (130, 133)  # binned pixels, of 2078 × 2136
_BLOCKS = 5
_LIVE = 0.99 * 0.8


def frames(seed: int) -> Iterator[Draft]:
    """The chips that saw the known stars and the crowd."""
    places = [*(one.place for one in stars()), CROWD_FIELD]
    seen = {(one.sector, one.camera, one.ccd) for place in places for one in spots(place)}
    for number, camera, ccd in sorted(seen):
        yield _frames(number, camera, ccd, seed)


def _frames(number: int, camera: int, ccd: int, seed: int) -> Draft:
    where = Spot(number, camera, ccd, 1068.0, 1024.0)
    one, seconds = sector(number), frame_seconds(number)
    middle = (one.start + one.stop) / 2 - 1.0
    name = frame_name(where, middle, seconds)
    uri = f"mast:TESS/product/{name}"
    ra, dec = place_of(where)
    obs_id = f"tess-s{number:04d}-{camera}-{ccd}"
    corners = chip_corners(number, camera, ccd)
    row = tess_row(stars()[0], number, seconds, obs_id, uri) | {
        "target_name": "TESS FFI",
        "s_ra": ra,
        "s_dec": dec,
        "dataproduct_type": "image",
        "t_exptime": round(seconds * _LIVE, 1),
        "s_region": "POLYGON " + " ".join(f"{a:.6f} {b:.6f}" for a, b in (*corners, corners[0])),
    }
    pixels = _SHAPE[0] * _SHAPE[1]
    day = f"{name[4:8]}/{name[8:11]}/{camera}-{ccd}"
    file = MastFile(
        uri,
        partial(frame, where, middle, seed),
        "image",
        "SCIENCE",
        "FFIC",
        "Full Frame Image, calibrated (here binned 16 by 16)",
        2,
        size=size(_BLOCKS, (pixels, 4)),
        cloud=f"/tess/public/ffi/s{number:04d}/{day}/{name}",
        derived=False,
        row={"project": "SPOC", "filters": "TESS"},
    )
    return Draft(row, (file,))


def frame(where: Spot, middle: float, seed: int) -> bytes:
    """…_ffic.fits: a primary HDU and the chip's image, binned."""
    import numpy as np

    one, seconds = sector(where.sector), frame_seconds(where.sector)
    place = place_of(where)
    half = seconds / 2 / DAY
    said: dict[str, Any] = {
        **of_times(middle - half, middle + half),
        "DATE": zulu(mjd_utc(one.stop) + 29.0)[:10],
        "DATA_REL": one.number,
        "SCCONFIG": one.configuration,
        "SECTOR": one.number,
        "CAMERA": where.camera,
        "CCD": where.ccd,
        "RA_OBJ": place[0],
        "DEC_OBJ": place[1],
        "FFIINDEX": int(4697 + round((middle - 1325.31) * 48)),
    }
    random = chance(seed, "full frame", where)
    pixels = random.normal(110.0, 0.5, _SHAPE)
    stars_in = random.integers(0, _SHAPE[1], 900), random.integers(0, _SHAPE[0], 900)
    np.add.at(pixels, stars_in[::-1], 10.0 ** random.uniform(0.0, 3.0, 900))
    cards = of_tess(place, where, 1, 1).binned(_BIN, _SHAPE).cards(plain=True)
    extension = f"CAMERA.CCD {where.camera}.{where.ccd} cal"
    image = layouts.image(
        "tesscut.COMMON", pixels.astype(np.float32), said, cards, extension=extension
    )
    return sealed([layouts.primary("tesscut", said), image], str(said["DATE"]))
