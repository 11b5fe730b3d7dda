"""This file decides which rows pass the filters of a request to MAST's portal.

Words are compared without case, as MAST's data base does. What is null passes no filter.
Source: mast.stsci.edu/api/v0/_services.html (filters), and how astroquery writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_NUMBERS = frozenset({"int", "float"})


class Refused(Exception):
    """The portal cannot do what is asked; the sentence goes out as `msg`."""


def column(name: object, fields: Mapping[str, str]) -> str:
    """The column of that name, compared without case; raises Refused where there is none."""
    for known in fields:
        if known.lower() == str(name).strip().lower():
            return known
    raise Refused(f"Invalid column name '{name}'.")


def tests(filters: object, fields: Mapping[str, str]) -> list[Test]:
    """One test for each filter; a row passes that passes all. Raises Refused."""
    if not isinstance(filters, list):
        raise Refused("filters: a list was expected")
    return [_test(wanted, fields) for wanted in filters]


def _test(wanted: object, fields: Mapping[str, str]) -> Test:
    if not isinstance(wanted, dict) or "paramName" not in wanted:
        raise Refused("filters: each needs paramName and values")
    name = column(wanted["paramName"], fields)
    values = wanted.get("values", [])
    if not isinstance(values, list):
        raise Refused(f"filters: the values of {name} are no list")
    text = str(wanted.get("freeText") or "")
    checks = [
        _value(value, name, fields[name], str(wanted.get("separator") or "")) for value in values
    ]
    if text:
        checks.append(_free_text(text))
    # A filter without any value is none at all.
    return lambda row: (
        not checks or (row[name] is not None and any(check(row[name]) for check in checks))
    )


def _value(value: object, name: str, kind: str, separator: str) -> Callable[[Any], bool]:
    if isinstance(value, dict):
        return _range(value, name, kind)
    if kind in _NUMBERS:
        number = _number(value, name)
        return lambda found: float(found) == number
    wanted = str(value).lower()
    return lambda found: wanted in _words(found, separator)


def _words(found: object, separator: str) -> Sequence[str]:
    """What a cell of several values says: each, and all together."""
    text = str(found).lower()
    return (text, *(word.strip() for word in text.split(separator))) if separator else (text,)


def _range(value: Mapping[str, object], name: str, kind: str) -> Callable[[Any], bool]:
    if not {"min", "max"} <= value.keys():
        raise Refused(f"filters: a range of {name} needs min and max")
    if kind not in _NUMBERS:
        raise Refused(f"Error converting data type varchar to float: {name}")
    low, high = _number(value["min"], name), _number(value["max"], name)
    return lambda found: low <= float(found) <= high


def _number(value: object, name: str) -> float:
    try:
        return float(str(value))
    except ValueError as error:
        raise Refused(f"Error converting data type varchar to float: {name}") from error


def _free_text(text: str) -> Callable[[Any], bool]:
    """SQL's LIKE: % stands for anything, and nothing else does."""
    pattern = re.compile(".*".join(map(re.escape, text.split("%"))), re.IGNORECASE | re.DOTALL)
    return lambda found: pattern.fullmatch(str(found)) is not None
