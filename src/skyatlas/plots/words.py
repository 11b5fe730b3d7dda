"""This file finds the words on a plot: title, unit and axis labels, from what the file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from astropy.units import UnitBase

    from skyatlas.dataset import Spectrum

OBJECT = ("OBJECT", "TARGNAME", "ESO OBS TARG NAME")
FILTER = (
    "FILTER",
    "FILTER1",
    "FILTER2",
    "FILTNAM1",
    "FILTNAM2",
    "FILTERS",
    "ESO INS FILT1 NAME",
    "BAND",
    "DISPELEM",
)
DATE = ("DATE-OBS", "DATE_OBS")
NO_FILTER = ("CLEAR", "OPEN", "FREE", "NONE", "N/A")
"""Beginnings of filter names that mean that there was none."""
LONGEST_TITLE = 44
"""Characters in a line over an image, at the default size and width."""
LONGEST_LABEL = 60
"""Characters in a line under a spectrum, formulas counted as they are drawn."""
LONGEST_UPRIGHT = 26
"""Characters in a line beside a spectrum."""


def title_of(meta: Mapping[str, Any], name: str = "") -> str:
    """Return "object / telescope instrument, filter, date", in as many lines as it needs."""
    date = _text(meta, DATE).partition("T")[0]
    parts = [object_of(meta), instrument_of(meta), filters_of(meta), date]
    return in_lines([part for part in parts if part] or [name], " · ", LONGEST_TITLE)


def object_of(meta: Mapping[str, Any]) -> str:
    """Return the name of what was looked at, or ""."""
    return _text(meta, OBJECT)


def instrument_of(meta: Mapping[str, Any]) -> str:
    """Return "telescope instrument", as far as the file says it."""
    words = (_text(meta, ("TELESCOP",)), _text(meta, ("INSTRUME",)))
    return " ".join(dict.fromkeys(filter(None, words)))


def filters_of(meta: Mapping[str, Any]) -> str:
    """Return the filters that were in the beam, or ""."""
    filters = [
        value
        for keyword in FILTER
        if (value := _text(meta, (keyword,))) and not value.upper().startswith(NO_FILTER)
    ]
    return ", ".join(dict.fromkeys(filters))


def in_lines(parts: Sequence[str], joint: str, longest: int) -> str:
    """Join the parts, breaking the line before a part that would make it too long."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = lines[-1] + joint + part
        if len(re.sub(r"\\[a-z]+|[\\${}^_]", "", longer)) <= longest:
            lines[-1] = longer
        else:
            lines.append(part)
    return "\n".join(lines)


def unit_words(unit: UnitBase | None, text: str) -> str:
    """Return a unit as matplotlib draws it, the file's own text, or "unit not stated"."""
    if unit is not None:
        return _drawn(unit) or "dimensionless"
    return _plain(text) or "unit not stated"


def axis_label(spectrum: Spectrum, power: int) -> str:
    """Return the label of the spectral axis: quantity, unit, medium and frame, as the file says.

    The tick labels are divided by 10**power.
    """
    quantity = _quantity(spectrum.axis_unit)
    factor = rf"$10^{{{power}}}$ " if power else ""
    label = f"{quantity} ({factor}{unit_words(spectrum.axis_unit, spectrum.axis_unit_text)})"
    said: list[str] = []
    if quantity in {"Wavelength", "Spectral axis"}:
        said.append(spectrum.medium or "medium not stated")
    if spectrum.frame:
        said.append(f"frame {_plain(spectrum.frame)}")
    return in_lines([label, *said], ", ", LONGEST_LABEL)


def flux_label(unit: UnitBase | None, text: str, power: int) -> str:
    """Return the label of the flux axis whose tick labels are divided by 10**power."""
    factor = rf"$10^{{{power}}}$ " if power else ""
    if unit is not None and power:
        import astropy.units as u
        import numpy as np

        # One power of ten in the label: 10**-17 of the unit and that of the ticks together.
        decades = float(np.log10(abs(unit.scale)))
        if decades and decades == round(decades):
            unit = u.CompositeUnit(1, unit.bases, unit.powers)
            factor = rf"$10^{{{power + round(decades)}}}$ "
    return in_lines([_flux_word(unit), f"({factor}{unit_words(unit, text)})"], " ", LONGEST_UPRIGHT)


def number_words(value: float, digits: int = 3) -> str:
    """Return a number as a tick label, with a true minus sign."""
    whole = 10**digits <= abs(value) < 1e6
    return (f"{value:.0f}" if whole else f"{value:.{digits}g}").replace("-", "−")


def _flux_word(unit: UnitBase | None) -> str:
    if unit is not None and "flux density" in str(unit.physical_type):
        return "Flux density"
    if unit is not None and "temperature" in str(unit.physical_type):
        return "Temperature"
    return "Flux"


def _quantity(unit: UnitBase | None) -> str:
    kinds = {
        "length": "Wavelength",
        "frequency": "Frequency",
        "energy": "Energy",
        "speed": "Velocity",
        "wavenumber": "Wavenumber",
    }
    if unit is not None:
        for kind, word in kinds.items():
            if kind in unit.physical_type:
                return word
    return "Spectral axis"


def _drawn(unit: UnitBase) -> str:
    drawn: str = unit.to_string("latex_inline")
    return drawn.replace(r"\mathrm{1 \times ", r"\mathrm{")


def _text(meta: Mapping[str, Any], keywords: Sequence[str]) -> str:
    for keyword in keywords:
        value = meta.get(keyword)
        if isinstance(value, str) and any(letter.isalnum() for letter in value):
            return _plain(value)
    return ""


def _plain(text: str) -> str:
    """A text of the file, on one line; a dollar sign must not start mathematics."""
    return " ".join(text.split()).replace("$", r"\$")
