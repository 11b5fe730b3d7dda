"""This file reads bands: words become vacuum wavelengths in metres, whatever quantity they name.

Order is judged in the words' own unit, so 1keV..10keV is in order although its wavelengths fall.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.model import Interval
from skyatlas.words.filters import ends
from skyatlas.words.places import plain

_C = 299792458.0
"""m/s, exact (SI 2019)."""
_HC = 6.62607015e-34 * _C / 1.602176634e-19
"""eV m, exact (SI 2019)."""

_WAVELENGTH = {
    "m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "micron": 1e-6,
    "microns": 1e-6, "nm": 1e-9, "AA": 1e-10, "A": 1e-10, "Å": 1e-10, "angstrom": 1e-10,
    "Angstrom": 1e-10, "angstroms": 1e-10, "pm": 1e-12,
}  # fmt: skip
_FREQUENCY = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12}
_ENERGY = {"eV": 1.0, "keV": 1e3, "MeV": 1e6, "GeV": 1e9, "TeV": 1e12}

_KINDS: tuple[tuple[str, Mapping[str, float], Callable[[float], float]], ...] = (
    ("wavelength", _WAVELENGTH, lambda value: value),
    ("frequency", _FREQUENCY, lambda value: _C / value),
    ("energy", _ENERGY, lambda value: _HC / value),
)
_EXACT = {unit: kind for kind in _KINDS for unit in kind[1]}
_LOOSE = {
    unit.lower(): (unit, kind)
    for unit, kind in _EXACT.items()
    if sum(other.lower() == unit.lower() for other in _EXACT) == 1
}
"""Units that stay themselves in any case: "ghz", "kev"; not "mev" of milli and mega."""

_VALUE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D*)")


def band(words: object) -> Interval:
    """Read a band as vacuum wavelengths in metres.

    Takes "500nm..700nm", "0.5..0.7um", "1keV..10keV", "230GHz", "..700nm", a name from bands.toml
    ("K", "g", "FUV", "ALMA band 6"), or one Quantity or a pair of them, None for an open end.

    Raises BadInput for a bare number, a reversed range, and, with near ones, an unknown name.
    """
    if isinstance(words, Interval):
        return words
    if isinstance(words, str):
        return _from_text(plain(words))
    if isinstance(words, (tuple, list)) and len(words) == 2:
        low, high = words
    elif getattr(words, "shape", None) == (2,):
        low, high = words  # type: ignore[misc]
    else:
        low = high = words
    return _between(
        None if low is None else _from_quantity(low),
        None if high is None else _from_quantity(high),
        "..".join("" if one is None else str(one) for one in (low, high)),
    )


Read = tuple[str, float, float]
"""What was named ("energy"), its value in that quantity's base unit, the wavelength in metres."""


def _from_text(text: str) -> Interval:
    sides = ends(text, "band")
    if sides is None:
        known = _named(text)
        if known is not None:
            return known
        one = _value(text, text)
        return Interval(one[2], one[2])
    low, high = sides
    unit = _VALUE.fullmatch(high)
    if unit is not None and unit[2] and low and low[-1].isdigit():
        low += unit[2]  # "0.5..0.7um": the unit holds for both
    return _between(_value(low, text) if low else None, _value(high, text) if high else None, text)


def _between(low: Read | None, high: Read | None, words: str) -> Interval:
    if low is None or high is None:
        one = low or high
        if one is None:
            raise BadInput("a band needs at least one end")
        # "1keV.." means shorter wavelengths, "500nm.." longer ones.
        upward = (low is not None) == (one[0] == "wavelength")
        return Interval(one[2], None) if upward else Interval(None, one[2])
    if low[0] == high[0] and low[1] > high[1]:
        raise BadInput(f"the band {words} is reversed; write it as low..high")
    return Interval(min(low[2], high[2]), max(low[2], high[2]))


def _value(text: str, words: str) -> Read:
    match = _VALUE.fullmatch(text)
    if match is None:
        raise BadInput(_unknown(text, words))
    number, unit = match[1], match[2].strip()
    if not unit:
        raise BadInput(
            f"the band {words!r} has no unit: write {number}nm, {number}GHz or {number}keV"
        )
    kind = _EXACT.get(unit)
    if kind is None:
        loose = _LOOSE.get(unit.lower())
        if loose is None:
            raise BadInput(
                f"cannot read the unit {unit!r} of the band {words!r}; use nm, um, GHz, keV …"
            )
        unit, kind = loose
    value = float(number) * kind[1][unit]
    if not (value > 0.0 and math.isfinite(value)):
        raise BadInput(f"{text} in the band {words!r} makes no sense; give more than 0")
    return kind[0], value, kind[2](value)


def _from_quantity(words: Any) -> Read:
    if isinstance(words, str):
        return _value(plain(words), words)
    if not hasattr(words, "to_value"):
        raise BadInput(f"the band {words!r} has no unit: write {words}nm, {words}GHz or {words}keV")
    from astropy import units as u

    for (name, _, wavelength), unit in zip(_KINDS, (u.m, u.Hz, u.eV), strict=True):
        if words.unit.is_equivalent(unit) and words.isscalar:
            value = float(words.to_value(unit))
            if not (value > 0.0 and math.isfinite(value)):
                raise BadInput(f"a band of {words} makes no sense; give more than 0")
            return name, value, wavelength(value)
    raise BadInput(f"cannot read {words!r} as a wavelength, frequency or energy")


@functools.cache
def _bands() -> Mapping[str, Interval]:
    """Every name in bands.toml, aliases too, with its wavelengths in metres."""
    listed = tomllib.loads(files("skyatlas").joinpath("bands.toml").read_text("utf-8"))["band"]
    found: dict[str, Interval] = {}
    for entry in listed:
        unit = next(unit for unit in entry if unit in _EXACT)
        _, factors, wavelength = _EXACT[unit]
        first, last = sorted(wavelength(edge * factors[unit]) for edge in entry[unit])
        for name in entry["names"]:
            found[name] = Interval(first, last)
    return found


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]|band", "", name.casefold())


def _named(text: str) -> Interval | None:
    """The band of that name: as written, or else in any case where only one name fits."""
    bands = _bands()
    bare = re.sub(r"(?<=\w)[\s-]*[Bb]and$", "", text)
    if bare in bands:
        return bands[bare]
    fitting = {one for name, one in bands.items() if _squeezed(name) == _squeezed(text)}
    return fitting.pop() if len(fitting) == 1 else None


def _unknown(text: str, words: str) -> str:
    names = sorted(_bands())
    same = [name for name in names if _squeezed(name) == _squeezed(text)]
    near = same or difflib.get_close_matches(text, names, n=4, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(names)}"
    return f"unknown band {words!r}; {hint} A range is written 500nm..700nm"
