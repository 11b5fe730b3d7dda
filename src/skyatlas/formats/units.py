"""This file turns unit text, as files spell it, into astropy units; it never fails, it says None.

The text itself is always kept by whoever asked, so an odd spelling loses nothing.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.units import UnitBase

SILENT = frozenset({"", "none", "n/a", "null", "-", "unknown"})
"""What files write where they have no unit to tell."""

# Words that files of the archives use and astropy refuses; keys in lower case.
SPELLINGS = {
    "ang": "Angstrom",
    "angs": "Angstrom",
    "angstrom": "Angstrom",
    "angstroms": "Angstrom",
    "micron": "micron",
    "microns": "micron",
    "micrometer": "um",
    "micrometers": "um",
    "nanometer": "nm",
    "nanometers": "nm",
    "nm": "nm",
    "mm": "mm",
    "cm": "cm",
    "km": "km",
    "meter": "m",
    "meters": "m",
    "erg": "erg",
    "ergs": "erg",
    "s": "s",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "count": "count",
    "counts": "count",
    "cts": "count",
    "electron": "electron",
    "electrons": "electron",
    "photon": "photon",
    "photons": "photon",
    "adu": "adu",
    "dn": "DN",
    "jy": "Jy",
    "kjy": "kJy",
    "mjy": "MJy",
    "hz": "Hz",
    "khz": "kHz",
    "mhz": "MHz",
    "ghz": "GHz",
    "ev": "eV",
    "kev": "keV",
    "beam": "beam",
    "sr": "sr",
    "ster": "sr",
    "pix": "pix",
    "pixel": "pix",
    "pixels": "pix",
    # synphot's names for flux densities, used by CALSPEC.
    "flam": "erg/(s.cm**2.Angstrom)",
    "fnu": "erg/(s.cm**2.Hz)",
    "unitless": "",
    "dimensionless": "",
}


@lru_cache(maxsize=512)
def parse_unit(text: str) -> UnitBase | None:
    """Return the unit that `text` names, or None; archives' spellings are tolerated."""
    bare = text.strip().strip("[]").strip()
    if bare.lower() in SILENT:
        return None
    if bare == "A":
        return _strictly("Angstrom")
    if bare.lower() == "ppm":
        from astropy.units import cds  # astropy knows it only there

        return cds.ppm
    # As written first: lower and upper case tell mJy from MJy.
    unit = _strictly(bare) or _strictly(_respelled(bare))
    return None if unit is None else _per_angstrom(unit)


def _respelled(text: str) -> str:
    # TESS and Kepler count electrons: "e-/s".
    text = re.sub(r"(?<![\w.])e-(?!\d)", "electron", text)
    return re.sub(r"[A-Za-z]+", lambda word: SPELLINGS.get(word[0].lower(), word[0]), text)


def _strictly(text: str) -> UnitBase | None:
    import warnings

    import astropy.units as u

    with warnings.catch_warnings():
        # "Multiple slashes are discouraged" and the like: the files are written already.
        warnings.simplefilter("ignore")
        try:
            unit = u.Unit(text)
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None
    return unit if isinstance(unit, u.UnitBase) and 0 < abs(unit.scale) < math.inf else None


def _per_angstrom(unit: UnitBase) -> UnitBase:
    """No flux is per ampere or per siemens: `erg/cm2/s/A` and `counts/S` mean angstrom and second.

    astropy reads them the other way, and specutils 2.4.0 hands that out without a word.
    """
    import astropy.units as u

    for base, power in zip(unit.bases, unit.powers, strict=True):
        if power < 0 and base in (u.A, u.S):
            unit = unit * base**-power * (u.AA if base == u.A else u.s) ** power
    return unit
