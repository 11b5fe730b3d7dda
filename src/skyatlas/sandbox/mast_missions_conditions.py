"""This file decides which rows pass the conditions of a search among a mission's data sets.

Values of one column are alternatives, except those with `!` in front, which none may be; columns
must all pass. Source: astroquery.mast's documentation of MastMissions ("query_criteria").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Any], bool]

_COMPARED = re.compile(r"(>=|<=|>|<)\s*(.+)")
_WORDS = frozenset({"string", "substring"})


class Invalid(Exception):
    """The request makes no sense; the sentence goes out with status 400."""


def condition(name: str, kind: str, value: object) -> Callable[[Row], bool]:
    """Whether a row passes `{name: value}`, where the column is of that kind; raises Invalid."""
    words = [word.strip() for word in str(value).split(",")]
    wanted = [_one(name, kind, word) for word in words if word and not word.startswith("!")]
    unwanted = [_one(name, kind, word[1:]) for word in words if word.startswith("!")]

    def passes(row: Row) -> bool:
        found = row.get(name)
        if any(test(found) for test in unwanted):
            return False
        return not wanted or any(test(found) for test in wanted)

    return passes


def _one(name: str, kind: str, word: str) -> Test:
    if kind in _WORDS:
        return _pattern(word, substring=kind == "substring")
    low, dots, high = word.partition("..")
    if dots:
        first, last = _read(name, kind, low), _read(name, kind, high)
        return lambda found: found is not None and first <= _read(name, kind, found) <= last
    compared = _COMPARED.fullmatch(word)
    limit = _read(name, kind, compared[2] if compared else word)
    sign = compared[1] if compared else "="

    def test(found: Any) -> bool:
        if found is None:
            return False
        value = _read(name, kind, found)
        return bool(
            (sign.startswith(">") and value > limit)
            or (sign.startswith("<") and value < limit)
            or (sign.endswith("=") and value == limit)
        )

    return test


def _pattern(word: str, *, substring: bool) -> Test:
    """Words with `*` for anything; case and the blanks behind do not count."""
    inner = re.escape(word.casefold()).replace(r"\*", ".*")
    pattern = re.compile(f".*{inner}.*" if substring else inner, re.DOTALL)
    return lambda found: bool(pattern.fullmatch(str(found or "").strip().casefold()))


def _read(name: str, kind: str, value: Any) -> Any:
    """A number, or a moment in days; raises Invalid where it is none."""
    try:
        if kind == "datetime":
            moment = datetime.fromisoformat(str(value).strip().rstrip("Z"))
            return (moment - datetime(1858, 11, 17)).total_seconds()  # noqa: DTZ001  MJD 0, UTC
        return float(value)
    except ValueError as error:
        raise Invalid(f"Invalid value for {name}: {value!r}") from error
