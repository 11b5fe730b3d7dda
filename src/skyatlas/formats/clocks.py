"""This file finds what the times of a table mean: scale, offset and unit, from what the file says.

Nothing is guessed: where neither the file nor what is known of its author says when time began,
the table is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import FormatError
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.formats.authors import Author
    from skyatlas.formats.cards import Cards

SCALES = frozenset({"utc", "tai", "tt", "tdb", "tcb", "tcg", "ut1"})
"""astropy's words; TIMESYS has the same in capitals, and some more (FITS standard 4.0, 9.2.1)."""
OTHER_NAMES = {"tdt": "tt", "et": "tt", "iat": "tai", "ut": "utc", "gmt": "utc", "bjd_tdb": "tdb"}
MJD = 2400000.5
"""Julian date of MJD 0."""
REFERENCES = (
    # The missions' own words come first: Kepler wrote them before the standard had any.
    ("BJDREFI", "BJDREFF", 0.0),
    ("MJDREFI", "MJDREFF", MJD),
    ("MJDREF", "", MJD),
    ("JDREFI", "JDREFF", 0.0),
    ("JDREF", "", 0.0),
)
"""Card of the days, card of the rest, what makes it a Julian date (FITS standard 4.0, 9.2.2)."""
IN_WORDS = re.compile(r"\b[BH]?JD\s*-\s*(\d+(?:\.\d*)?)")
"""TUNIT of TIME: "BJD - 2457000, days"."""
DAYS = re.compile(r"\b(days?|[BHM]?JD|B[TK]JD)\b", re.IGNORECASE)
DAY = 86_400.0
"""Seconds."""
AGREEMENT = 0.01
"""Relative: the light's way to the barycentre changes a step by 1e-4 at most."""
EARLIEST, LATEST = 2_378_497.0, 2_524_594.0
"""Julian dates of 1800 and 2200: beyond them is no photometry, so a reference is wrong."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How to understand a column of times."""

    scale: str | None
    offset: float
    """Days."""
    unit: float
    """Days in one unit of the column."""

    def days(self, values: Any) -> NDArray[np.float64]:
        """The column in days, shape (n,); refuses what can be no date."""
        import numpy as np

        days = np.ascontiguousarray(values, dtype=np.float64)
        if self.unit != 1.0:
            days = days * self.unit
        seen = days[np.isfinite(days)]
        if not len(seen):
            raise FormatError("the light curve has no time: all of its cadences are empty.")
        first, last = seen.min() + self.offset, seen.max() + self.offset
        if first < EARLIEST or last > LATEST:
            raise FormatError(
                f"the times run from {seen.min():g} to {seen.max():g} days and their zero is said"
                f" to be JD {self.offset:g}: that is no date of an observation."
            )
        return days


def clock_of(cards: Cards, unit_text: str, author: Author) -> Clock:
    """Return the clock of a time column with this TUNIT; `cards` are the table's and primary's."""
    offset = _offset(cards, unit_text)
    if offset is None:
        offset = author.offset
    if offset is None:
        raise FormatError(
            "a light curve whose times have no zero: none of BJDREFI, MJDREFI, MJDREF, JDREFI and"
            " JDREF is in its header."
        )
    return Clock(scale=_scale(cards) or author.scale, offset=offset, unit=_unit(cards, unit_text))


def _offset(cards: Cards, unit_text: str) -> float | None:
    for whole, rest, zero in REFERENCES:
        if (days := cards.number(whole)) is not None:
            # TGLC writes BJDREFR for BJDREFF: a rest that is missing is none.
            return days + (cards.number(rest) or 0.0 if rest else 0.0) + zero
    if words := IN_WORDS.search(unit_text):
        return float(words[1])
    return None


def _scale(cards: Cards) -> str | None:
    word = cards.text("TIMESYS").lower()
    word = OTHER_NAMES.get(word, word)
    return word if word in SCALES else None


def _unit(cards: Cards, unit_text: str) -> float:
    import astropy.units as u

    for text in (unit_text, cards.text("TIMEUNIT")):
        if DAYS.search(text):
            return 1.0
        unit = parse_unit(text)
        if unit is not None and unit.physical_type == "time":
            return 1.0 if unit == u.d else float(unit.to(u.d))
    # Every reference above counts days, and every author that leaves the unit out means days.
    return 1.0


def cadence_of(cards: Cards, time: NDArray[np.float64]) -> float | None:
    """Return the seconds from one cadence to the next, or None where nothing tells.

    FRAMETIM x NUM_FRM is exact, TIMEDEL nearly so; either is taken where the times agree with it:
    TGLC's TIMEDEL is the mean step, gaps and all (1876 s for 1800 s).
    """
    import numpy as np

    steps = np.diff(time[np.isfinite(time)])
    steps = steps[steps > 0]
    median = float(np.median(steps)) * DAY if len(steps) else None
    frame, frames, step = (cards.number(key) for key in ("FRAMETIM", "NUM_FRM", "TIMEDEL"))
    for said in ((frame or 0.0) * (frames or 0.0), (step or 0.0) * DAY):
        if said > 0 and (median is None or abs(said / median - 1) < AGREEMENT):
            return said
    return median
