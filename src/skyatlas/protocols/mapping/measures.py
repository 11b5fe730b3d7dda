"""This file turns the numbers and texts of an answer into the house's units.

Invariant: what is not understood becomes NaN, never a number in a wrong unit. All functions take
whole columns and give float64 arrays of the same length.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_SPELLINGS = {
    "a": "Angstrom", "ang": "Angstrom", "angstroms": "Angstrom", "å": "Angstrom",
    "0.1nm": "Angstrom", "10-10m": "Angstrom", "micron": "um", "microns": "um", "µm": "um",
    "micrometer": "um", "micrometre": "um", "nanometer": "nm", "nanometre": "nm",
    "nanometers": "nm", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "hertz": "Hz", "ghz": "GHz", "mhz": "MHz", "khz": "kHz", "hz": "Hz", "ev": "eV", "kev": "keV",
    "gev": "GeV", "degree": "deg", "degrees": "deg", "deg/pix": "deg", "deg/pixel": "deg",
    "arcseconds": "arcsec", "arcsecs": "arcsec", "\"": "arcsec", "arcmins": "arcmin",
    "arcsec/pix": "arcsec", "arcsec/pixel": "arcsec", "sec": "s", "secs": "s", "second": "s",
    "seconds": "s", "days": "d", "mjd": "d", "jd": "d", "years": "yr", "year": "yr", "y": "yr",
    "hours": "h", "minutes": "min", "ksec": "ks", "b": "byte", "bytes": "byte", "kb": "kbyte",
    "kilobyte": "kbyte", "kilobytes": "kbyte", "kibyte": "Kibyte", "kib": "Kibyte", "mb": "Mbyte",
    "megabytes": "Mbyte", "mib": "Mibyte", "gb": "Gbyte", "gib": "Gibyte",
}  # fmt: skip
"""Units as services write them, in lower case, and what VOUnits calls them."""

_DAY = 86400.0
_MJD_0 = np.datetime64("1858-11-17T00:00:00", "us")
_JD_0 = 2400000.5
"""JD of MJD 0."""
_FIRST_JD = 1_000_000.0
"""Greater than any MJD (which reaches it in the year 4596), smaller than any observation's JD."""
_LONGEST = 100.0
"""Metres: 3 MHz, below what any archive holds. Services that say "m" for nanometres are longer."""
_J2000 = 51544.5
_JULIAN_YEAR = 365.25


def numbers(values: Any) -> Numbers:
    """A column as numbers; NaN where masked, empty, infinite or no number."""
    column = np.ma.asarray(values)
    if column.dtype.kind not in "fiub":
        read = np.array([_number(value) for value in column.tolist()], dtype=np.float64)
    else:
        read = np.asarray(np.ma.filled(column.astype(np.float64), np.nan))
    return np.where(np.isfinite(read), read, np.nan)


def converted(values: Any, unit: str, wanted: str) -> Numbers:
    """Numbers in the unit `wanted`; no unit is taken as that one. NaN where it does not fit."""
    return numbers(values) * _factor(unit, wanted)


def wavelengths(values: Any, unit: str) -> Numbers:
    """Metres, from a wavelength, frequency, energy or wave number; no unit is metres."""
    from astropy import units as u

    read = numbers(values)
    understood = _unit(unit) if unit.strip() else u.m
    # "A" is VOUnits' ampere, and many a service's ångström.
    if understood is None or not understood.is_equivalent(u.m, u.spectral()):
        understood = _spelled(unit)
    if understood is None or not understood.is_equivalent(u.m, u.spectral()):
        return np.full(len(read), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        metres = understood.to(u.m, read, equivalencies=u.spectral())
        return np.where((read > 0) & (metres < _LONGEST), metres, np.nan)


def dates(values: Any, unit: str, xtype: str = "") -> Numbers:
    """MJD days, from MJD, JD, years, or ISO 8601 texts (UTC)."""
    column = np.ma.asarray(values)
    read = numbers(column)
    if column.dtype.kind not in "fiub":
        read = np.where(np.isnan(read), _iso(column), read)
    if xtype.lower() == "jd":
        return read - _JD_0
    word = unit.strip().lower()
    if word in ("yr", "a", "year", "years", "y"):
        return (read - 2000.0) * _JULIAN_YEAR + _J2000
    days = read * _factor(unit, "d")
    # Zero is what a service writes that has no date; and nothing was observed then, in 1858.
    return np.where(days == 0, np.nan, np.where(days > _FIRST_JD, days - _JD_0, days))


def release(text: str | None) -> str | None:
    """A date as ISO 8601, which is what it is already unless it is an MJD or JD."""
    day = dates([text], "")[0] if text and re.fullmatch(r"[\d.]{5,}", text) else np.nan
    if np.isnan(day):
        return text
    return str(_MJD_0 + np.timedelta64(round(day * _DAY), "s")).partition(".")[0]


def kbytes(values: Any, unit: str, usual: str) -> Numbers:
    """Kilobytes (1,000 bytes), rounded up; no unit is the `usual` one."""
    read = converted(values, unit or usual, "byte")
    return np.ceil(np.where(read > 0, read, np.nan) / 1000.0)


def vectors(values: Any, length: int) -> Numbers:
    """Rows of arrays, or of texts like "300 300" or "300,300": shape (n, length).

    NaN where there are fewer numbers; more are left out.
    """
    found = np.full((len(values), length), np.nan)
    if getattr(values, "ndim", 1) == 2 and values.dtype.kind in "fiu":
        have = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)[:, :length]
        found[:, : have.shape[1]] = have
        return found
    gaps = [float("nan")] * length
    cells = values if isinstance(values, list) else np.ma.asarray(values).filled(None).tolist()
    rows = [(vector(cell) + gaps)[:length] for cell in cells]
    return np.array(rows, dtype=np.float64).reshape(len(rows), length)


def vector(value: Any) -> list[float]:
    """The numbers of one cell: an array, or a text with blanks or commas between; NaN for gaps."""
    if value is None or value is np.ma.masked:
        return []
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        return [_number(word) for word in re.split(r"[\s,;]+", value.strip(" \t\r\n()[]")) if word]
    flat = listed(value if getattr(value, "ndim", 0) == 1 else np.ma.ravel(value))
    return flat if None not in flat else [_number(one) for one in flat]


def listed(cell: Any) -> list[Any]:
    """An array in a cell as a list; None where it is masked."""
    mask = np.ma.getmask(cell)
    # Where nothing is masked, numpy's own way costs three times as much, and there may be 10⁵.
    values: list[Any] = cell.tolist() if mask.any() else np.asarray(cell).tolist()
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _iso(column: Any) -> Numbers:
    days = np.full(len(column), np.nan)
    known: dict[str, float] = {}
    for row, value in enumerate(column.tolist()):
        text = str(value or "").strip()
        if text not in known:
            known[text] = _day(text)
        days[row] = known[text]
    return days


def _day(text: str) -> float:
    plain = text.removesuffix("Z").removesuffix("+00:00").strip().replace(" ", "T")
    if not re.match(r"\d{4}-\d\d-\d\d", plain):
        return float("nan")
    try:
        return float((np.datetime64(plain, "us") - _MJD_0) / np.timedelta64(1, "D"))
    except ValueError:
        return float("nan")


def _factor(unit: str, wanted: str) -> float:
    from astropy import units as u

    if not unit.strip():
        return 1.0
    for understood in (_unit(unit), _spelled(unit)):
        if understood is not None and understood.is_equivalent(u.Unit(wanted)):
            return float(understood.to(u.Unit(wanted)))
    return float("nan")


@functools.lru_cache(maxsize=512)
def _unit(text: str) -> Any:
    """The unit that a text means by the rules; None where there is none."""
    from astropy import units as u

    try:
        # A scale of its own ("0.1 nm") is fine; a pixel is a number here ("deg / pix").
        return u.Unit(re.sub(r"\s*/\s*pix(el)?$", "", text.strip()), parse_strict="raise")
    except (ValueError, TypeError):
        return None


@functools.lru_cache(maxsize=512)
def _spelled(text: str) -> Any:
    """The unit that a text means by custom; None where there is none."""
    name = _SPELLINGS.get(re.sub(r"\s+", "", text).lower())
    return None if name is None else _unit(name)
