"""This file turns what is asked into MAST's filters, and judges rows that MAST did not filter.

Invariant: what a filter sends and what it lets pass here mean the same, but that rows which do not
say their time or wavelength pass here. Source: mast.stsci.edu/api/v0 (Services, CAOM fields), read
on 2026-11-21.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from skyatlas.archives.mast.columns import BOUNDS, COLLECTIONS, COLUMNS, INSTRUMENTS, column_of
from skyatlas.errors import BadInput
from skyatlas.model import Interval, Query

__all__ = ["Choice", "Filter", "choices_of", "fits", "names_asked", "unsent", "wire"]

_PROGRAM = re.compile(r"(?i)(?:(?:GO|GTO|DD|ERS|SNAP|CAL|COM)[ -]?)?0*(\d+)")
"""A number, by itself or as people of HST and JWST write it: "GO-12345"."""

_NO_NUMBER = "-99"
"""What no column of whole numbers holds: for a range without any."""
_MOST_VALUES = 1000
"""Whole numbers of a range that are written out one by one."""
_NANO = 1e9
_SLACK = 1e-6
"""How far, of itself, a number may be from the one that is asked for by its value."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one column: one of the `values`, or the `pattern`, or `low` to `high`."""

    column: str
    values: tuple[str, ...] = ()
    pattern: str = ""
    """With * for anything; case does not count."""
    low: float | None = None
    high: float | None = None
    sent: bool = True
    """False: judged here alone, since MAST leaves out what does not say a number."""
    unsaid: bool = False
    """Whether a row that says nothing passes here."""

    def wire(self) -> dict[str, Any]:
        """The filter as MAST reads it."""
        written: dict[str, Any] = {"paramName": self.column}
        if COLUMNS[self.column] == "list":
            written["separator"] = ";"
        if self.pattern:
            return {**written, "values": [], "freeText": self.pattern.replace("*", "%")}
        if self.values:
            return {**written, "values": list(self.values)}
        # MAST wants both ends; nothing in the archive is beyond these.
        low = -_NANO if self.low is None else self.low
        high = _NANO if self.high is None else self.high
        return {**written, "values": [{"min": low, "max": high}]}

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of MAST's passes."""
        value = row.get(self.column)
        if value is None:
            return self.unsaid
        if self.pattern or self.values:
            return any(self._is_wanted(word) for word in _words(self.column, value))
        number = float(value)
        low = -math.inf if self.low is None else self.low
        return low <= number <= (math.inf if self.high is None else self.high)

    def _is_wanted(self, word: str) -> bool:
        if self.pattern:
            # Only * is special: ? and [ are parts of names.
            pattern = re.sub(r"([?\[])", r"[\1]", self.pattern.casefold())
            return fnmatchcase(word, pattern)
        return word in {value.casefold() for value in self.values}


Choice = tuple[Filter, ...]
"""Filters of which one must fit."""


def choices_of(query: Query) -> tuple[Choice, ...]:
    """Everything that a row must fit but place and identifiers; raises BadInput.

    Rows that do not say their time or wavelength are wanted, but a range leaves them out at MAST.
    So at a place these two are judged here; without one there would be too much to be judged.
    """
    placeless = query.target is None or query.target.ra is None
    choices = [
        _collections(query.collections),
        _instruments(query.instruments),
        _programs(query.programs),
        _pattern("proposal_pi", f"*{query.pi}*" if query.pi else ""),
        _pattern("target_name", query.target_name or ""),
        *_times(query.time, placeless),
        *_bands(query.band, placeless),
        _levels(query.calib_level),
        _exactly("dataproduct_type", sorted(query.kinds)),
        _exactly("dataRights", ("PUBLIC",) if query.public else (), unsaid=True),
        *(_own(name, value) for name, value in query.parameters),
    ]
    if "intentType" not in names_asked(query):
        choices.append(_exactly("intentType", ("science",), unsaid=True))
    return tuple(choice for choice in choices if choice)


def names_asked(query: Query) -> tuple[str, ...]:
    """The columns that the query's own parameters name, as MAST writes them; raises BadInput."""
    return tuple(column_of(name) for name, _ in query.parameters)


def wire(choices: Sequence[Choice]) -> list[list[dict[str, Any]]]:
    """What to send: one list of filters for each question that is needed.

    A filter of MAST's takes one wildcard only, and all filters must fit: each further wildcard, and
    each further range, makes a question of its own.
    """
    sent = [[one for one in choice if one.sent] for choice in choices]
    return [[one.wire() for one in way] for way in product(*filter(None, sent))]


def unsent(choices: Iterable[Choice]) -> list[Choice]:
    """Those that MAST is not asked for in full, so that its rows have to be judged here."""
    return [choice for choice in choices if not all(one.sent for one in choice)]


def fits(row: Mapping[str, Any], choices: Iterable[Choice]) -> bool:
    """Whether a row of MAST's passes all."""
    return all(any(one.fits(row) for one in choice) for choice in choices)


def _words(column: str, value: object) -> list[str]:
    text = str(value).strip().casefold()
    if COLUMNS[column] != "list":
        return [text]
    return [text, *(word.strip() for word in text.split(";"))]


def _exactly(column: str, values: Iterable[str], *, unsaid: bool = False) -> Choice:
    words = tuple(values)
    return (Filter(column, words, unsaid=unsaid),) if words else ()


def _pattern(column: str, word: str) -> Choice:
    if not word:
        return ()
    return (Filter(column, pattern=word),) if "*" in word else (Filter(column, (word,)),)


def _any_of(column: str, words: Iterable[str]) -> Choice:
    """Exact words share a filter; each with a * has its own."""
    words = list(words)
    exact = [word for word in words if "*" not in word]
    return _exactly(column, exact) + tuple(
        Filter(column, pattern=word) for word in words if "*" in word
    )


def _collections(words: Sequence[str]) -> Choice:
    known = {name.casefold(): name for name in COLLECTIONS}
    missions = [known.get(word.casefold(), word) for word in words]
    return _any_of("obs_collection", [word for word in missions if word in COLLECTIONS]) + _any_of(
        "provenance_name", [word for word in missions if word not in COLLECTIONS]
    )


def _instruments(words: Sequence[str]) -> Choice:
    """MAST adds the mode, "WFC3/UVIS", so a word stands for all that begins with it."""
    written = (word.upper() if word.upper() in INSTRUMENTS else word for word in words)
    return _any_of("instrument_name", [word.rstrip("*") + "*" for word in written])


def _programs(words: Sequence[str]) -> Choice:
    """Numbers as they are; TESS joins the programmes that share a target: G011155_G022103."""
    numbers = [_PROGRAM.fullmatch(word.strip()) for word in words]
    return _any_of(
        "proposal_id",
        [
            found[1] if found else f"*{word.strip('* ')}*"
            for found, word in zip(numbers, words, strict=True)
        ],
    )


def _times(time: Interval | None, sent: bool) -> Iterable[Choice]:
    if time is not None and time.high is not None:
        yield (Filter("t_min", high=time.high, sent=sent, unsaid=True),)
    if time is not None and time.low is not None:
        yield (Filter("t_max", low=time.low, sent=sent, unsaid=True),)


def _bands(band: Interval | None, sent: bool) -> Iterable[Choice]:
    """Nanometres; 0 is how MAST often says that it does not know, and passes here."""
    if band is not None and band.high is not None:
        yield (Filter("em_min", high=band.high * _NANO, sent=sent, unsaid=True),)
    if band is not None and band.low is not None:
        low = Filter("em_max", low=band.low * _NANO, sent=sent, unsaid=True)
        yield (low,) if sent else (low, Filter("em_max", high=0.0, sent=False))


def _levels(level: Interval | None) -> Choice:
    if level is None:
        return ()
    first, last = BOUNDS["calib_level"]
    values = [str(one) for one in range(first, last + 1) if level.overlaps(one, one)]
    return _exactly("calib_level", values or [_NO_NUMBER])


def _own(name: str, value: str) -> Choice:
    """One of MAST's columns by its name: words separated by commas, `low..high`, or `*`."""
    column = column_of(name)
    words = [word for word in (word.strip() for word in value.split(",")) if word]
    if not words:
        raise BadInput(f"MAST's column {column} needs a value: {column}=VALUE")
    kind = COLUMNS[column]
    if "*" in words:
        return ()
    if kind == "number":
        return tuple(_near(column, word) for word in words)
    if kind == "integer":
        return _integers(column, words)
    return _any_of(column, words)


def _near(column: str, word: str) -> Filter:
    low, high = _range(column, word)
    if low == high and low is not None:
        return Filter(column, low=low - abs(low) * _SLACK, high=low + abs(low) * _SLACK)
    return Filter(column, low=low, high=high)


def _integers(column: str, words: Sequence[str]) -> Choice:
    """MAST compares whole numbers as words, so a range is written out."""
    values: dict[str, None] = {}
    for word in words:
        low, high = _range(column, word)
        first, last = BOUNDS.get(column, (None, None))
        low, high = first if low is None else low, last if high is None else high
        if low is None or high is None or high - low > _MOST_VALUES:
            raise BadInput(f"{word!r} is too wide a range for MAST's column {column}")
        values.update(dict.fromkeys(map(str, range(math.ceil(low), math.floor(high) + 1))))
    return _exactly(column, values or [_NO_NUMBER])


def _range(column: str, word: str) -> tuple[float | None, float | None]:
    low, dots, high = word.partition("..")
    try:
        first = float(low) if low else None
        last = (float(high) if high else None) if dots else first
    except ValueError:
        raise BadInput(
            f"{word!r} is no number for MAST's column {column}; write NUMBER or LOW..HIGH"
        ) from None
    Interval(first, last)  # a reversed one is refused there
    return first, last
