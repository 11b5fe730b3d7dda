"""This file makes SDSS's spectra: one file for a fiber, the full one with its exposures.

Invariant: wavelengths are in vacuum, their logarithm grows by 0.0001 from pixel to pixel; what the
spectrum shows is what the tables say of it. Source: the data models of "spec" and "spec (lite)"
(https://data.sdss.org/datamodel/files/BOSS_SPECTRO_REDUX/RUN2D/spectra).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.deliver import Card, plain, write_cards
from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.light import continuum, lines, lines_of
from skyatlas.sandbox.sdss_objects import Spectrum
from skyatlas.sandbox.sky import chance
from skyatlas.sandbox.skyserver_tables import RANGES, base, code

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESOLUTION = 2000.0
_STEP = 1e-4  # of log10 of the wavelength
_EXPOSURES = 3
_UNIT = "1E-17 erg/cm^2/s/Ang"


def file(one: Spectrum, run2d: str, full: bool, seed: int) -> bytes:
    """The file of a spectrum, as the reduction `run2d` left it; `full` adds its exposures."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    write_cards(primary.header, _cards(one, run2d))
    loglam, flux, ivar = _light(one, seed)
    hdus: list[Any] = [primary, _coadd(loglam, flux, ivar), _row(one, run2d), _lines(one)]
    if full:
        hdus += _exposures(one, loglam, flux, ivar)
    return plain(hdus)


def target(one: Spectrum) -> NamedObject:
    """What the fiber looked at, as `light` knows it."""
    star = one.measured.star
    return one.measured.known or NamedObject("a star", (), star.ra, star.dec, "*")


def _light(one: Spectrum, seed: int) -> tuple[Floats, Floats, Floats]:
    """Logarithm of the wavelength (Angstrom), flux and inverse variance, each of shape (n,)."""
    import numpy as np

    low, high = RANGES[one.kind]
    loglam = np.arange(round(np.log10(low) / _STEP), round(np.log10(high) / _STEP)) * _STEP
    waves = 10.0**loglam / 10.0  # nm
    known = target(one)
    shape = continuum(waves, known) + 0.3 * lines(waves, known, RESOLUTION, air=False)
    level = 10.0 ** (-0.4 * (one.measured.star.magnitude - 22.5)) * 2.5  # of 1e-17 erg/cm2/s/A
    flux = level * shape
    error = 0.02 * level
    random = chance(seed, "fiber", one.plate, one.mjd, one.fiber)
    return loglam, flux + error * random.standard_normal(len(flux)), np.full(len(flux), error**-2)


def _cards(one: Spectrum, run2d: str) -> list[Card]:
    star = one.measured.star
    instrument = "SDSS" if one.kind == "SDSS" else "BOSS"
    where: list[Card] = [
        ("PLATEID", one.plate, "Current plate"),
        ("FIBERID", one.fiber, "Fiber number (1-1000)"),
    ]
    if one.kind == "SDSS-V":
        where = [
            ("FIELD", one.plate, "Field of the robots"),
            ("CATALOGI", one.catalog_id, "Number of the target"),
        ]
    return [
        ("TELESCOP", "SDSS 2.5-M", "Sloan Digital Sky Survey"),
        ("INSTRUME", instrument, "Spectrograph"),
        ("MJD", one.mjd, "MJD of observation"),
        *where,
        ("RUN2D", run2d, "Spectro-2D reduction name"),
        ("RUN1D", run2d, "Spectro-1D reduction name"),
        ("PLUG_RA", star.ra, "RA of object [deg]"),
        ("PLUG_DEC", star.dec, "Dec of object [deg]"),
        ("RADECSYS", "FK5", ""),
        ("EQUINOX", 2000.0, ""),
        ("EXPTIME", 900.0 * _EXPOSURES, "Minimum of exposure times for all cameras"),
        ("NEXP", 4 * _EXPOSURES, "Number of exposures in this file"),
        ("VACUUM", True, "Wavelengths are in vacuum"),
        ("COEFF0", round(_first(one), 4), "Central wavelength (log10) of first pixel"),
        ("COEFF1", _STEP, "Log10 dispersion per pixel"),
        ("BUNIT", _UNIT, ""),
    ]


def _first(one: Spectrum) -> float:
    import math

    return round(math.log10(RANGES[one.kind][0]) / _STEP) * _STEP


def _table(cells: list[tuple[str, str, Any]], name: str) -> fits.BinTableHDU:
    from astropy.io import fits

    table = fits.BinTableHDU.from_columns(
        [fits.Column(word, form, array=values) for word, form, values in cells], name=name
    )
    assert isinstance(table, fits.BinTableHDU)
    return table


def _coadd(loglam: Floats, flux: Floats, ivar: Floats) -> fits.BinTableHDU:
    import numpy as np

    nothing = np.zeros(len(flux), dtype=np.int32)
    return _table(
        [
            ("flux", "E", flux), ("loglam", "E", loglam), ("ivar", "E", ivar),
            ("and_mask", "J", nothing), ("or_mask", "J", nothing),
            ("wdisp", "E", nothing + 1.0), ("sky", "E", nothing + 3.0), ("model", "E", flux),
        ],
        "COADD",
    )  # fmt: skip


def _row(one: Spectrum, run2d: str) -> fits.BinTableHDU:
    """The spectrum's row of the survey's table: SPECOBJ of old plates, SPALL of the others."""
    star = one.measured.star
    number = "" if one.kind == "SDSS-V" else str(_number(one, run2d))
    cells: list[tuple[str, str, Any]] = [
        ("SURVEY", "8A", one.kind.lower()), ("INSTRUMENT", "4A", one.kind[:4]),
        ("SPECOBJID", "22A", number),
        ("BESTOBJID" if one.kind == "SDSS" else "OBJID", "19A", str(one.measured.obj_id)),
        ("RUN2D", "8A", run2d), ("PLATE", "J", one.plate), ("MJD", "J", one.mjd),
        ("FIBERID", "J", one.fiber), ("PLUG_RA", "D", star.ra), ("PLUG_DEC", "D", star.dec),
        ("CLASS", "6A", one.kind_of_light), ("SUBCLASS", "21A", ""), ("Z", "E", one.redshift),
        ("Z_ERR", "E", 1e-5), ("ZWARNING", "J", 0), ("SN_MEDIAN_ALL", "E", 50.0),
    ]  # fmt: skip
    if one.kind == "SDSS-V":
        cells += [("FIELD", "J", one.plate), ("CATALOGID", "K", one.catalog_id)]
    name = "SPECOBJ" if one.kind == "SDSS" else "SPALL"
    return _table([(word, form, [value]) for word, form, value in cells], name)


def _number(one: Spectrum, run2d: str) -> int:
    return base(one) + (code(run2d) << 10 if one.kind == "BOSS" else 0)


def _lines(one: Spectrum) -> fits.BinTableHDU:
    low, high = (edge / 10.0 for edge in RANGES[one.kind])
    found = lines_of(target(one), low, high, air=False)
    count = len(found)
    return _table(
        [
            ("PLATE", "J", [one.plate] * count), ("MJD", "J", [one.mjd] * count),
            ("FIBERID", "J", [one.fiber] * count),
            ("LINENAME", "13A", [name for name, _ in found]),
            ("LINEWAVE", "D", [10.0 * wave / (1.0 + one.redshift) for _, wave in found]),
            ("LINEZ", "E", [one.redshift] * count), ("LINEZ_ERR", "E", [1e-5] * count),
        ],
        "SPZLINE",
    )  # fmt: skip


def _exposures(one: Spectrum, loglam: Floats, flux: Floats, ivar: Floats) -> list[fits.BinTableHDU]:
    """Each exposure by the blue and the red camera."""
    import numpy as np

    middle = int(np.searchsorted(loglam, np.log10(6000.0)))
    found = []
    for camera, part in (("B1", slice(0, middle + 50)), ("R1", slice(middle - 50, None))):
        for number in range(_EXPOSURES):
            size = len(loglam[part])
            cells = [
                ("flux", "E", flux[part]), ("loglam", "E", loglam[part]),
                ("ivar", "E", ivar[part] / _EXPOSURES), ("mask", "J", np.zeros(size, np.int32)),
                ("wdisp", "E", np.ones(size)), ("sky", "E", np.full(size, 3.0)),
                ("calib", "E", np.ones(size)), ("x", "E", np.arange(size)),
            ]  # fmt: skip
            found.append(_table(cells, f"{camera}-{one.mjd:08d}-{number:08d}"))
    return found
