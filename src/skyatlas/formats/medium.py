"""This file finds out what a file says of its wavelengths: air or vacuum, and whose rest frame.

Nothing is guessed: where a file is silent, the answer is None.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from skyatlas.formats.cards import Cards

Medium = Literal["air", "vacuum"]

CTYPES: dict[str, Medium] = {"AWAV": "air", "WAVE": "vacuum"}
"""The first four letters of CTYPE (FITS standard 4.0, table 25), where the rest is an algorithm."""

IN_A_SENTENCE: tuple[tuple[re.Pattern[str], Medium], ...] = (
    (re.compile(r"wavelengths?\b[^.]{0,30}\b(?:in|are)\s+vacuum\b", re.IGNORECASE), "vacuum"),
    (re.compile(r"vacuum\s+wavelengths?\b", re.IGNORECASE), "vacuum"),
    (re.compile(r"wavelengths?\b[^.]{0,30}\b(?:in|are)\s+air\b", re.IGNORECASE), "air"),
    (re.compile(r"\bair\s+wavelengths?\b", re.IGNORECASE), "air"),
)
"""CALSPEC: `HISTORY All wavelengths are in vacuum.`"""


def medium_of_ctype(ctype: str) -> Medium | None:
    """Return what a spectral CTYPE says: AWAV is air, WAVE is vacuum (Greisen et al. 2006)."""
    stem, _, algorithm = ctype.strip().upper().partition("-")
    # "WAVELENGTH", as IRAF and MIDAS write it, says nothing.
    return CTYPES.get(stem) if not algorithm or len(algorithm.strip("-")) == 3 else None


def medium_of_column(name: str, ucd: str, comment: str, others: frozenset[str]) -> Medium | None:
    """Return what a column says by its name, UCD and comment, given the names of the others.

    `em.wl` alone does not mean vacuum: ESO's HARPS products have it over air wavelengths.
    """
    upper = name.upper()
    if upper.endswith("_AIR") or "obs.atmos" in ucd.lower():  # ESO SDP standard, 5.2
        return "air"
    # A file with both scales names only the air one (ESPRESSO: wavelength, wavelength_air).
    if upper.endswith(("_VAC", "_VACUUM")) or f"{upper}_AIR" in others:
        return "vacuum"
    return _in_a_sentence(comment)


def medium_of_cards(cards: Cards) -> Medium | None:
    """Return what the cards AIRORVAC, VACUUM and AIR say, or a sentence in COMMENT or HISTORY."""
    word = cards.text("AIRORVAC").lower()
    if word.startswith(("air", "vac")):
        return "air" if word.startswith("air") else "vacuum"
    vacuum = cards.get("VACUUM")
    if isinstance(vacuum, bool):
        return "vacuum" if vacuum else "air"
    remarks = (str(cards.get(keyword) or "") for keyword in ("COMMENT", "HISTORY"))
    return next((said for text in remarks if (said := _in_a_sentence(text)) is not None), None)


def frame_of(cards: Cards) -> str | None:
    """Return SPECSYS as the file says it, or None."""
    return cards.text("SPECSYS") or None


def _in_a_sentence(text: str) -> Medium | None:
    for pattern, medium in IN_A_SENTENCE:
        if pattern.search(text):
            return medium
    return None
