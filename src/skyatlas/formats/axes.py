"""This file computes a spectral axis from header cards, in double precision and by the standards.

FITS standard 4.0 section 8 (linear, -LOG), IRAF's DC-FLAG and SDSS's COEFF0/COEFF1. An axis that
is none of these is refused, never approximated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.errors import FormatError
from skyatlas.formats.medium import Medium, medium_of_cards, medium_of_ctype
from skyatlas.formats.units import parse_unit
from skyatlas.formats.wat import attributes, unit_in_wat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.formats.cards import Cards

SPECTRAL = frozenset({
    "WAVE", "AWAV", "FREQ", "ENER", "WAVN", "VRAD", "VOPT", "ZOPT", "VELO", "FELO", "BETA",
    "WAVELENGTH", "LAMBDA",
})  # fmt: skip
"""Stems of CTYPE that are spectral: FITS standard 4.0 table 25, and two words from practice."""
SILENT = frozenset({"", "LINEAR", "LOG-LINEAR", "LOGLIN", "LOG"})
"""CTYPEs that leave open what the axis is; in a 1-D image with CRVAL1 it is wavelength."""
LARGEST_LOG10 = 30.0
"""A log10 beyond any wavelength, frequency or energy in use: the header contradicts itself."""


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """The axis of a 1-D image: n values, their unit as the file says it, and the medium."""

    values: NDArray[np.float64]
    unit_text: str
    medium: Medium | None


def stem_of(ctype: str) -> str:
    """Return the first word of a CTYPE, in upper case: "WAVE" of "WAVE-LOG"."""
    return re.split(r"[-\s\[(]", ctype.strip().upper(), maxsplit=1)[0]


def is_spectral(ctype: str) -> bool:
    """Whether a CTYPE names a spectral quantity, or is the unit of one (HARPS: "Angstrom")."""
    return stem_of(ctype) in SPECTRAL or _is_unit_of_spectrum(ctype)


def has_log_steps(cards: Cards) -> bool:
    """Whether a header says that its axis is linear in log10 of the wavelength."""
    log_words = {"LOG-LINEAR", "LOGLIN"}
    return (
        cards.get("DC-FLAG") == 1
        or cards.text("WFITTYPE").upper() in log_words
        or cards.text("CTYPE1").upper() in log_words
    )


def spectral_axis(cards: Cards, length: int, number: int) -> SpectralAxis | None:
    """Return the axis `number` (FITS order, from 1); None where the header gives none."""
    ctype = cards.text(f"CTYPE{number}")
    if not (is_spectral(ctype) or ctype.upper() in SILENT) or cards.get("DC-FLAG") == -1:
        return None
    _refuse_nonlinear(cards, ctype, number)
    values = _values(cards, ctype, length, number)
    if values is None:
        return None
    return SpectralAxis(
        values=values,
        unit_text=_unit_text(cards, ctype, number),
        medium=medium_of_ctype(ctype) or medium_of_cards(cards),
    )


def _values(cards: Cards, ctype: str, length: int, number: int) -> NDArray[np.float64] | None:
    import numpy as np

    pixels = np.arange(length, dtype=np.float64)
    first, step = cards.number("COEFF0"), cards.number("COEFF1")
    if first is not None and step is not None and has_log_steps(cards):
        # SDSS: 0-based pixels; specutils 2.4.0 counts from 1, one pixel (69 km/s) too red.
        return _power_of_ten(first + step * pixels)
    first = cards.number(f"CRVAL{number}")
    step = cards.number(f"CD{number}_{number}", f"CDELT{number}")
    if first is None or not step:
        return None
    # The standard's default is 0, but who leaves CRPIX out means the first pixel (HARPS CCF).
    reference = cards.number(f"CRPIX{number}")
    offsets = pixels + 1 - (1.0 if reference is None else reference)
    if ctype.upper().endswith("-LOG"):
        return np.asarray(first * np.exp(step * offsets / first))  # Greisen et al. 2006, eq. 5
    values = first + step * offsets
    return _power_of_ten(values) if has_log_steps(cards) else values


def _power_of_ten(exponents: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    if np.abs(exponents).max() > LARGEST_LOG10:
        raise FormatError(
            f"The header says that the axis is log10 of the wavelength, but it runs to"
            f" {exponents[-1]:g}; the header contradicts itself."
        )
    return np.power(10.0, exponents)


def _refuse_nonlinear(cards: Cards, ctype: str, number: int) -> None:
    algorithm = re.search(r"-([A-Z0-9]{3})$", ctype.strip().upper())
    wtype = attributes(cards, number).get("wtype", "linear").lower()
    odd = ""
    if algorithm and algorithm[1] != "LOG":
        odd = f"CTYPE{number} = '{ctype}'"
    elif wtype != "linear":
        odd = f"IRAF's wtype={wtype}"
    elif cards.get("DC-FLAG") == 2:
        odd = "DC-FLAG = 2"
    if odd:
        raise FormatError(
            f"The spectral axis is not linear ({odd}); skyatlas does not read it yet."
        )


def _unit_text(cards: Cards, ctype: str, number: int) -> str:
    """The unit as the file says it: CUNIT, IRAF's WAT1, or within CTYPE ("WAVELENGTH [Ang]")."""
    if said := cards.text(f"CUNIT{number}"):
        return said
    if number == 1 and (said := unit_in_wat(cards)):
        return said
    if bracket := re.search(r"[\[(]\s*([^\])]+?)\s*[\])]", ctype):
        return bracket[1]
    return ctype.strip() if _is_unit_of_spectrum(ctype) else ""


def _is_unit_of_spectrum(ctype: str) -> bool:
    unit = parse_unit(ctype)
    kinds = ("length", "frequency", "energy", "speed", "wavenumber")
    return unit is not None and any(kind in unit.physical_type for kind in kinds)
