"""This file finds the words on a plot of a light curve: title, axes, periods, as the file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skyatlas.periods.samples import is_magnitude
from skyatlas.plots.words import in_lines, unit_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skyatlas.dataset import LightCurve, TargetPixels

CLOCKS = {2457000.0: "BTJD", 2454833.0: "BKJD"}
"""Barycentric dates of TESS and of Kepler: both TDB (TESS Science Data Products Description
Document, EXP-TESS-ARC-ICD-0014; Kepler Archive Manual, KDMC-10008)."""
MJD = 2400000.5
LONGEST_TITLE = 66
"""Characters in a line over a light curve."""
MOST_PARTS = 8
LONGEST_NOTE = 74
"""Characters in a line under a light curve."""
MAKERS = ("mission", "author")


def time_label(curve: LightCurve | TargetPixels) -> str:
    """Return the label of a time axis: offset, unit and scale; "BTJD" only where it is one."""
    offset, scale = curve.time_offset, curve.time_scale
    said = scale.upper() if scale else "scale not stated"
    if offset in CLOCKS and scale == "tdb":
        return f"Time − {offset:.0f} [{CLOCKS[offset]} days]"
    if offset == MJD:
        return f"Time [MJD, {said}]"
    if offset == 0:
        return f"Time [JD, {said}]"
    return f"Time − {offset:.10g} [JD days, {said}]"


def light_label(curve: LightCurve, median: float, power: int) -> str:
    """Return the label of a flux axis whose tick labels are divided by 10**power."""
    name = curve.flux_name or ("Magnitude" if is_magnitude(curve) else "Flux")
    unit = curve.flux_unit
    if unit is not None and not unit.to_string() and 0.3 < median < 3:
        return f"Normalised flux\n{curve.flux_name}".strip()
    factor = rf"$10^{{{power}}}$ " if power else ""
    return f"{name}\n({factor}{unit_words(unit, curve.flux_unit_text)})"


def light_title(curves: Sequence[LightCurve | TargetPixels]) -> str:
    """Return "target · mission author · part · cadence", in as many lines as it needs."""
    first = curves[0]
    # Of a mission's own pipeline both are the same word: "Kepler".
    missions = " ".join(dict.fromkeys(filter(None, (_each(curves, n) for n in MAKERS))))
    parts = [first.name, missions, parts_words([c.part for c in curves]), _cadences(curves)]
    said = [part.replace("$", r"\$") for part in parts if part]
    return in_lines(said, " · ", LONGEST_TITLE) if said else ""


def parts_words(parts: Sequence[str]) -> str:
    """Return "sectors 1, 2" of "sector 1" and "sector 2"; many are counted."""
    parts = list(dict.fromkeys(filter(None, parts)))
    found = [re.fullmatch(r"(\w+?)s? ([\w, ]+)", part) for part in parts]
    nouns = {match[1] for match in found if match}
    if len(parts) < 2 or len(nouns) != 1 or not all(found):
        return ", ".join(parts)
    numbers = [match[2] for match in found if match]
    (noun,) = nouns
    if len(numbers) > MOST_PARTS:
        return f"{len(numbers)} {noun}s, {numbers[0]} to {numbers[-1]}"
    return f"{noun}s {', '.join(numbers)}"


def notes_words(notes: Sequence[str]) -> str:
    """Return notes as a caption, in as many lines as it needs."""
    return in_lines(notes, "; ", LONGEST_NOTE) if notes else ""


def seconds_words(seconds: float) -> str:
    """Return "120 s" or "30 min"."""
    return f"{seconds:.4g} s" if seconds < 300 else f"{seconds / 60:.4g} min"


def count_words(number: int, noun: str) -> str:
    """Return "1 cadence", "1,234 cadences"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _each(curves: Sequence[Any], name: str) -> str:
    return ", ".join(dict.fromkeys(filter(None, (getattr(curve, name) for curve in curves))))


def _cadences(curves: Sequence[LightCurve | TargetPixels]) -> str:
    seconds = [round(curve.cadence, 1) for curve in curves if curve.cadence]
    return ", ".join(dict.fromkeys(map(seconds_words, seconds)))
