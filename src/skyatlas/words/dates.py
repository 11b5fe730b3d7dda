"""This file reads times: words become MJD (UTC) days; a date stands for its whole day, month, year.

Invariant: no warning escapes, whatever the year; leap seconds are not counted (MJD UTC, as archives
write `t_min` and `t_max`).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import warnings
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.model import Interval
from skyatlas.words.filters import ends
from skyatlas.words.places import plain

_MJD_ZERO = dt.datetime(1858, 11, 17, tzinfo=dt.UTC)
_JD_OFFSET = 2400000.5

_DAY_COUNT = re.compile(r"(mjd|jd)\s*([+-]?\d+(?:\.\d*)?)", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_BARE_MJD = re.compile(r"\d{5}(?:\.\d*)?")
_DECIMAL_YEAR = re.compile(r"[jJ]?(\d{4})(\.\d*)")

_PLAUSIBLE = (10000.0, 200000.0)
"""Days that a bare number can mean: the years 1886 to 2406. Below are years, above are JD."""

_HOW = "write 2015, 2015-06, 2015-06-01, 2015-06-01T12:00, MJD 57000 or JD 2457000.5"

Span = tuple[float, float]
"""First and last moment that a word stands for, MJD (UTC)."""


def time(words: object) -> Interval:
    """Read a time or a range as MJD (UTC), both ends included.

    Takes "2015..2020-06" (to the end of that month), "2015-03-01..", "MJD 57000..57010",
    "2015-06-01T12:00:00", "2015.5" (decimal year), five digits (MJD), datetimes, a Time, or a pair
    of these with None for an open end. Numbers are MJD.

    Raises BadInput for a reversed range, a date that does not exist, or a number that could be a
    year as well as a day count.
    """
    if isinstance(words, Interval):
        return words
    if isinstance(words, str):
        sides = _sides(words)
        low, high = (_span(side) if side else None for side in sides)
    elif _is_pair(words):
        low, high = (None if one is None else _span(one) for one in words)  # type: ignore[attr-defined]
    else:
        low = high = _span(words)
    if low is not None and high is not None and low > high and low[0] >= high[1]:
        raise BadInput(f"the time {_shown(words)} is reversed; write it as earlier..later")
    return Interval(None if low is None else low[0], None if high is None else high[1])


def _sides(words: str) -> tuple[str, str]:
    text = plain(words)
    sides = ends(text, "time")
    if sides is None:
        if not text:
            raise BadInput(f"an empty time; {_HOW}")
        return text, text
    low, high = sides
    count = _DAY_COUNT.fullmatch(low)
    if count is not None and re.fullmatch(r"[\d.]+", high):
        high = f"{count[1]} {high}"  # "MJD 57000..57010": the word holds for both
    return low, high


def _is_pair(words: object) -> bool:
    if isinstance(words, (tuple, list)):
        return len(words) == 2
    return getattr(words, "shape", None) == (2,)


def _shown(words: object) -> str:
    if isinstance(words, str):
        return words
    return "..".join("" if one is None else str(one) for one in words)  # type: ignore[attr-defined]


def _span(words: Any) -> Span:
    if isinstance(words, str):
        return _text(words)
    if hasattr(words, "mjd"):
        return _astropy(words)
    if isinstance(words, dt.datetime):
        return _moment(words)
    if isinstance(words, dt.date):
        return _whole_day(words)
    try:
        number = float(words)
    except (TypeError, ValueError) as error:
        raise BadInput(f"cannot read the time {words!r}; {_HOW}") from error
    if not _PLAUSIBLE[0] <= number <= _PLAUSIBLE[1]:
        raise BadInput(f"the number {words} is no MJD of our time; {_HOW}, as text")
    return number, number


def _text(words: str) -> Span:
    count = _DAY_COUNT.fullmatch(words)
    if count is not None:
        day = float(count[2]) - (_JD_OFFSET if count[1].lower() == "jd" else 0.0)
        return day, day
    if _BARE_MJD.fullmatch(words):
        return float(words), float(words)
    try:
        return _calendar(words)
    except ValueError as error:
        raise BadInput(f"cannot read the time {words!r}; {_HOW}") from error


def _calendar(words: str) -> Span:
    """A date of any length; ValueError where there is none such."""
    if _YEAR.fullmatch(words):
        return _mjd(_start(int(words))), _mjd(_start(int(words) + 1))
    month = _MONTH.fullmatch(words)
    if month is not None:
        year, number = int(month[1]), int(month[2])
        after = (year + 1, 1) if number == 12 else (year, number + 1)
        return _mjd(_start(year, number)), _mjd(_start(*after))
    decimal = _DECIMAL_YEAR.fullmatch(words)
    if decimal is not None:
        first, last = _mjd(_start(int(decimal[1]))), _mjd(_start(int(decimal[1]) + 1))
        moment = first + float(f"0{decimal[2]}") * (last - first)
        return moment, moment
    try:
        return _whole_day(dt.date.fromisoformat(words))
    except ValueError:
        return _moment(dt.datetime.fromisoformat(words))


def _start(year: int, month: int = 1) -> dt.datetime:
    return dt.datetime(year, month, 1, tzinfo=dt.UTC)


def _moment(when: dt.datetime) -> Span:
    day = _mjd(when)
    return day, day


def _whole_day(date: dt.date) -> Span:
    day = _mjd(dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC))
    return day, day + 1.0


def _mjd(when: dt.datetime) -> float:
    """MJD of a datetime; without a zone it is UTC."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    since = when - _MJD_ZERO
    return since.days + (since.seconds + since.microseconds * 1e-6) / 86400.0


def _astropy(words: Any) -> Span:
    if not words.isscalar:
        raise BadInput(f"one time or a pair wanted, {words.size} came")
    with warnings.catch_warnings():
        # ERFA calls UTC before 1960 and in the far future "dubious"; the digits are right.
        warnings.simplefilter("ignore")
        day = float(words.utc.mjd)
    if not math.isfinite(day):
        raise BadInput(f"the time {words!r} is not a number")
    return day, day
