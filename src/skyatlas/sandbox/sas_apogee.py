"""This file makes APOGEE's files: the visits of a star added up, and the fit to them.

Invariant: wavelengths are in vacuum and at rest, log10 of them grows by 6e-6 from pixel to pixel.
Between the three detectors there is no light: the error is 1e10 and a flag says so. Source: data
models "apStar" and "aspcapStar" (https://data.sdss.org/datamodel/files/APOGEE_REDUX).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.deliver import Card, plain, write_cards
from skyatlas.sandbox.sdss_apogee import APRED, ApogeeStar
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PIXELS = 8575
FIRST, STEP = 4.179, 6e-6
"""log10 of the first wavelength (Angstrom), and from one to the next."""
CHIPS = ((246, 3274), (3585, 6080), (6344, 8335))
"""Where there is light: pixels from, to."""
RESOLUTION = 22_500.0
HIT = 1000
"""The pixel that a cosmic ray hit in the first visit; its light is wrong by a factor of ten."""
SKY = 5000
"""The first of four pixels beside a line of the sky: flagged, and not bad."""
_RYDBERG = 1.09677583e7  # of hydrogen, per metre
_NOTHING = 1e10
_COSMIC, _SKYLINE, _NO_PSF = 1 << 1, 1 << 12, 1 << 14
_FLUX = "(10^-17 erg/s/cm^2/Ang)"
_HISTORY = (
    "APOGEE, made by the sandbox",
    "All image extensions have:",
    "  row 1: combined spectrum with individual pixel weighting",
    "  row 2: combined spectrum with global weighting",
    "  row 3-nvisits+2: individual resampled visit spectra",
    " unless nvisits=1, which only have a single row",
    "All spectra shifted to rest (vacuum) wavelength scale",
)


def brackett(upper: int) -> float:
    """Wavelength in vacuum, Angstrom, of hydrogen's line from level `upper` to 4."""
    return 1e10 / (_RYDBERG * (1.0 / 16.0 - 1.0 / upper**2))


def wavelengths() -> Floats:
    """Angstrom, shape (8575,)."""
    import numpy as np

    return np.asarray(10.0 ** (FIRST + STEP * np.arange(PIXELS)))


def star(one: ApogeeStar, release: int, seed: int) -> bytes:
    """The file of a star's visits, added up and alone."""
    import numpy as np
    from astropy.io import fits

    flux, error, flags = _rows(one, seed)
    primary = fits.PrimaryHDU()
    write_cards(primary.header, _cards(one, release))
    for line in _HISTORY:
        primary.header["HISTORY"] = f"APSTAR: {line}"
    sky, clear = np.full_like(flux, 3.0), np.ones_like(flux)
    layers = [
        (flux, f"Flux {_FLUX}"), (error, f"Err {_FLUX}"), (flags, "Flag mask"),
        (sky, f"Sky {_FLUX}"), (0.1 * sky, f"Sky error {_FLUX}"),
        (clear, "Telluric"), (0.01 * clear, "Telluric error"),
    ]  # fmt: skip
    lsf = fits.ImageHDU(np.zeros((3, 27)))
    velocity = fits.BinTableHDU.from_columns(
        [fits.Column("NVISITS", "J", array=[one.visits]),
         fits.Column("VHELIO", "D", unit="km/s", array=[one.velocity])]
    )  # fmt: skip
    return plain([primary, *(_layer(*layer) for layer in layers), lsf, velocity])


def fit(one: ApogeeStar, release: int, seed: int) -> bytes:
    """The file of the fit: the light over its continuum, its error, and the best model."""
    import numpy as np
    from astropy.io import fits

    flux, error, flags = (np.atleast_2d(rows)[0] for rows in _rows(one, seed))
    dark = flags & _NO_PSF != 0
    model = np.where(dark, 0.0, _lines(wavelengths()))
    level = _level(one)
    primary = fits.PrimaryHDU()
    write_cards(primary.header, _cards(one, release))
    primary.header["HISTORY"] = "APOGEE, made by the sandbox: spectrum, error and best fit"
    layers = [
        (flux / level, "Spectrum (divided by its continuum)"),
        (np.where(dark, _NOTHING, error / level), "Error"),
        (model, "Best fit"),
    ]
    table = fits.BinTableHDU.from_columns(
        [fits.Column("APOGEE_ID", "18A", array=[one.name]),
         fits.Column("ASPCAPFLAG", "K", array=[0]),
         fits.Column("FPARAM", "2E", array=[[4800.0, 2.5]])]
    )  # fmt: skip
    return plain([primary, *(_layer(*layer) for layer in layers), table])


def _cards(one: ApogeeStar, release: int) -> list[Card]:
    (ra, dec), (longitude, latitude) = one.place, one.galactic
    visits: list[Card] = []
    for number in range(1, one.visits + 1):
        prefix = "as" if one.telescope == "lco25m" else "ap"
        file = f"{prefix}Visit-{APRED[release]}-{one.location}-{one.mjd + number - 1}-042.fits"
        visits += [(f"SFILE{number}", file, "File of a visit"), (f"FIBER{number}", 42, "Fiber")]
    return [
        ("LOCID", one.location, "Number of the field"),
        ("FIELD", one.field, "Name of the field"),
        ("TELESCOP", one.telescope, "Telescope"),
        ("OBJID", one.name, "Name of the star"),
        ("RA", ra, "degrees, J2000"),
        ("DEC", dec, "degrees, J2000"),
        ("GLON", longitude, "degrees"),
        ("GLAT", latitude, "degrees"),
        ("H", round(one.magnitude, 3), "2MASS H magnitude"),
        ("SNR", one.snr, "Median of signal to noise"),
        ("NVISITS", one.visits, "Number of visits"),
        ("VHELIO", one.velocity, "Mean heliocentric velocity, km/s"),
        ("NWAVE", PIXELS, "Number of wavelengths"),
        *visits,
    ]


def _layer(rows: Any, unit: str) -> Any:
    import numpy as np
    from astropy.io import fits

    kind = np.int16 if np.asarray(rows).dtype.kind == "i" else np.float32
    hdu = fits.ImageHDU(np.asarray(rows, dtype=kind))
    cards: list[Card] = [
        ("CRVAL1", FIRST, "log10 of the first wavelength"),
        ("CDELT1", STEP, "Step of log10 of the wavelength"),
        ("CRPIX1", 1, ""),
        ("CTYPE1", "LOG-LINEAR", ""),
        ("DC-FLAG", 1, ""),
        ("BUNIT", unit, ""),
    ]
    write_cards(hdu.header, cards)
    return hdu


def _level(one: ApogeeStar) -> float:
    return float(2.0 * 10.0 ** (-0.4 * (one.magnitude - 11.0)) * 100.0)


def _lines(waves: Floats) -> Floats:
    """What hydrogen leaves of a continuum of 1."""
    import numpy as np

    left = np.ones_like(waves)
    for upper in range(11, 19):
        place = brackett(upper)
        width = place * math.hypot(15.0 / 299_792.458, 1.0 / RESOLUTION / 2.355)
        left -= 0.35 * np.exp(-0.5 * ((waves - place) / width) ** 2)
    return left


def _visits(one: ApogeeStar, seed: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Flux, error and flags of the visits, each of shape (visits, 8575)."""
    import numpy as np

    random = chance(seed, "visits", one.telescope, one.location, one.name)
    level = _level(one)
    error = np.full((one.visits, PIXELS), level * math.sqrt(one.visits) / one.snr)
    flux = level * _lines(wavelengths()) + error * random.standard_normal(error.shape)
    flags = np.zeros(flux.shape, dtype=np.int64)
    flags[:, SKY : SKY + 4] |= _SKYLINE
    flags[0, HIT] |= _COSMIC
    flux[0, HIT] *= 10.0
    error[0, HIT] = _NOTHING
    dark = np.ones(PIXELS, dtype=bool)
    for first, last in CHIPS:
        dark[first:last] = False
    flux[:, dark], error[:, dark] = 0.0, _NOTHING
    flags[:, dark] |= _NO_PSF
    return flux, error, flags


def _rows(one: ApogeeStar, seed: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Two sums in front of the visits, by errors of pixels and by visits; or one visit alone."""
    import numpy as np

    flux, error, flags = _visits(one, seed)
    if one.visits == 1:
        return flux[0], error[0], flags[0]
    weights = error**-2.0
    own = (flux * weights).sum(axis=0) / weights.sum(axis=0)
    noise = weights.sum(axis=0) ** -0.5
    good = (flags & _COSMIC == 0).astype(float)
    same = (flux * good).sum(axis=0) / good.sum(axis=0)
    return (
        np.vstack([own, same, flux]),
        np.vstack([noise, noise, error]),
        np.vstack([np.bitwise_or.reduce(flags), np.bitwise_and.reduce(flags), flags]),
    )
