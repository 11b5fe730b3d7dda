"""This file makes SDSS's frames: one field in one band, four HDUs, compressed with bzip2.

Invariant: stars stand where the header's WCS says, and their flux is that of the object tables: a
magnitude of 22.5 is one nanomaggie. Source: the data model of "frame"
(https://data.sdss.org/datamodel/files/BOSS_PHOTOOBJ/frames/RERUN/RUN/CAMCOL/frame.html).
"""

from __future__ import annotations

import bz2
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, plain, write_cards
from skyatlas.sandbox.sdss_footprint import CENTRE, COLUMNS, PIXEL, RERUN, ROWS, Field
from skyatlas.sandbox.sdss_objects import COLOURS
from skyatlas.sandbox.sky import chance
from skyatlas.sandbox.skyserver_tables import transformation
from skyatlas.sandbox.survey_sky import paint

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from astropy.wcs import WCS
    from numpy.typing import NDArray

SEEING = 1.3
"""Arcsec, FWHM, in all bands."""
COUNT = 2.0**-7
"""Nanomaggies of one count: a power of 2, so that the pixels have few bits and pack quickly."""
NOISE = 4.0
"""Counts of noise in a pixel (standard deviation)."""
_SKY = 70.0  # counts of the sky that was subtracted: their noise is NOISE at SDSS's gains
_EXPOSURE = 53.907456  # seconds (EXPTIME of every frame)
_COARSE = (192, 256)  # rows and columns of the table of the sky
_FAST = 1  # of bzip2: blocks of 100 kB


@lru_cache(maxsize=32)
def frame(field: Field, band: str, seed: int) -> bytes:
    """The file `frame-BAND-RUN-CAMCOL-FIELD.fits.bz2`; the last ones are kept."""
    return bz2.compress(plain(_hdus(field, band, seed)), _FAST)


def name(field: Field, band: str) -> str:
    """What the file is called."""
    return f"frame-{band}-{field.run:06d}-{field.camcol}-{field.number:04d}.fits.bz2"


def _hdus(field: Field, band: str, seed: int) -> list[Any]:
    import numpy as np
    from astropy.io import fits

    image = fits.PrimaryHDU()
    write_cards(image.header, _observed(field, band))
    write_cards(image.header, _pixels_to_sky(field))
    image.data = _pixels(field, band, seed)
    calibration = fits.ImageHDU(np.full(COLUMNS, COUNT, dtype=np.float32))
    return [image, calibration, _sky(), _transformation(field, band)]


def wcs(field: Field) -> WCS:
    """The field's coordinates, as its header says them."""
    from astropy.wcs import WCS

    said = WCS(naxis=2)
    said.wcs.ctype, said.wcs.cunit = ["RA---TAN", "DEC--TAN"], ["deg", "deg"]
    said.wcs.crpix = [place + 1.0 for place in CENTRE]
    said.wcs.crval = list(field.middle)
    cd11, cd12, cd21, cd22 = field.matrix
    said.wcs.cd = [[cd11, cd12], [cd21, cd22]]
    said.wcs.radesys = "ICRS"
    return said


def _pixels(field: Field, band: str, seed: int) -> NDArray[np.float32]:
    import numpy as np

    clean = paint(
        wcs(field), (ROWS, COLUMNS), seed=seed, seeing=SEEING, scale=PIXEL * 3600.0,
        zero_point=22.5 - COLOURS[band], background=0.0,
    )  # fmt: skip
    random = chance(seed, "frame", *field.key, band)
    noise = random.standard_normal(clean.shape, dtype=np.float32)
    counts = np.round(clean.astype(np.float32) / COUNT + np.float32(NOISE) * noise)
    return np.asarray(counts * COUNT, dtype=np.float32)


def _observed(field: Field, band: str) -> list[Card]:
    node, inclination, _, _ = field.great_circle
    began = field.stretch.mjd + 0.3 + 0.0004 * (field.number - field.stretch.first)
    time = iso(began)
    return [
        ("TAI", began * 86400.0, "1st row - Number of seconds since Nov 17 1858"),
        ("RA", field.middle[0], "1st row - Right ascension of boresight"),
        ("DEC", field.middle[1], "1st row - Declination of boresight"),
        ("DATE-OBS", time[:10], "1st row - TAI date"),
        ("TAIHMS", time[11:22], "1st row - TAI time"),
        ("ORIGIN", "SDSS", ""),
        ("TELESCOP", "2.5m", ""),
        ("TIMESYS", "TAI", ""),
        ("RUN", field.run, "Run number"),
        ("FRAME", field.number, "Frame sequence number within the run"),
        ("FLAVOR", "science", "Flavor of this run"),
        ("NODE", node, "RA of the great circle's ascending node (deg)"),
        ("INCL", inclination, "Great circle's inclination (deg)"),
        ("EXPTIME", f"{_EXPOSURE}", "Exposure time (seconds)"),
        ("SYSTEM", "FK5", "System of the TCC coordinates"),
        ("CCDMODE", "DRIFT", "STARING or DRIFT"),
        ("EQUINOX", 2000.0, ""),
        ("SOFTBIAS", 1000, "software bias added to all DN"),
        ("FILTER", band, "filter used"),
        ("CAMCOL", field.camcol, "column in the imaging camera"),
    ]


def _pixels_to_sky(field: Field) -> list[Card]:
    cd11, cd12, cd21, cd22 = field.matrix
    return [
        ("RADECSYS", "ICRS", "International Celestial Ref. System"),
        ("CTYPE1", "RA---TAN", "Coordinate type"),
        ("CTYPE2", "DEC--TAN", "Coordinate type"),
        ("CUNIT1", "deg", "Units"),
        ("CUNIT2", "deg", "Units"),
        ("CRPIX1", CENTRE[0] + 1.0, "X of reference pixel"),
        ("CRPIX2", CENTRE[1] + 1.0, "Y of reference pixel"),
        ("CRVAL1", field.middle[0], "RA of reference pixel (deg)"),
        ("CRVAL2", field.middle[1], "Dec of reference pixel (deg)"),
        ("CD1_1", cd11, "RA deg per column pixel"),
        ("CD1_2", cd12, "RA deg per row pixel"),
        ("CD2_1", cd21, "Dec deg per column pixel"),
        ("CD2_2", cd22, "Dec deg per row pixel"),
        ("NMGY", COUNT, "Calibration factor [nMgy per count]"),
        ("NMGYIVAR", 1.0 / (0.01 * COUNT) ** 2, "Calibration factor inverse variance"),
        ("RERUN", str(RERUN), "rerun"),
    ]


def _sky() -> fits.BinTableHDU:
    """The sky that was subtracted, in counts, coarsely; and where its pixels are in the frame."""
    import numpy as np
    from astropy.io import fits

    rows, columns = _COARSE
    x = (np.arange(COLUMNS) + 0.5) * columns / COLUMNS - 0.5
    y = (np.arange(ROWS) + 0.5) * rows / ROWS - 0.5
    across, along = np.linspace(-1.0, 1.0, columns), np.linspace(-1.0, 1.0, rows)
    values = (_SKY * (1.0 + 0.01 * along[:, None] + 0.02 * across)).astype(np.float32)
    table = fits.BinTableHDU.from_columns([
        fits.Column("ALLSKY", f"{rows * columns}E", dim=f"({columns},{rows})", array=values[None]),
        fits.Column("XINTERP", f"{COLUMNS}E", array=x[None]),
        fits.Column("YINTERP", f"{ROWS}E", array=y[None]),
    ])  # fmt: skip
    assert isinstance(table, fits.BinTableHDU)
    return table


def _transformation(field: Field, band: str) -> fits.BinTableHDU:
    """The table asTrans: from rows and columns to the great circle of the scan."""
    import numpy as np
    from astropy.io import fits

    node, inclination, _, _ = field.great_circle
    numbers = {
        **dict(zip("ABCDEF", transformation(field), strict=True)),
        **{f"D{axis}{power}": 0.0 for axis in ("ROW", "COL") for power in range(4)},
        "CSROW": 0.0, "CSCOL": 0.0, "CCROW": 0.0, "CCCOL": 0.0, "RICUT": 100.0,
        "MJD": float(field.stretch.mjd), "AIRMASS": 1.1,
    }  # fmt: skip
    cells: list[tuple[str, str, Any]] = [
        ("RUN", "J", field.run), ("RERUN", "3A", str(RERUN)), ("CAMCOL", "J", field.camcol),
        ("FILTER", "1A", band), ("NODE", "D", node), ("INCL", "D", inclination),
        ("NAXIS", "2J", (COLUMNS, ROWS)), ("FIELD", "J", field.number),
        *((word, "D", value) for word, value in numbers.items()),
        ("MUERR", "E", 0.03), ("NUERR", "E", 0.03),
    ]  # fmt: skip
    table = fits.BinTableHDU.from_columns(
        [fits.Column(word, form, array=np.array([value])) for word, form, value in cells]
    )
    assert isinstance(table, fits.BinTableHDU)
    return table
