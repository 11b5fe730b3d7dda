"""This file holds the functions that registries add to ADQL, and geometry that knows MOCs.

NULL in gives NULL out where the answer is a value, and 0 where it is yes or no.
Source: RegTAP 1.1, section 9; the catalogue of ADQL user defined functions 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from skyatlas.sandbox import moc, region
from skyatlas.sandbox.adql_functions import FUNCTIONS, Function
from skyatlas.sandbox.tap_service import FEATURES, Feature

_WORD = re.compile(r"\w+")


def _has_word(text: str | None, words: str | None) -> int:
    """Whether all the words are in the text, whatever their case and order."""
    if text is None or words is None:
        return 0
    return int(set(_WORD.findall(words.lower())) <= set(_WORD.findall(text.lower())))


def _hashlist_has(hashlist: str | None, item: str | None) -> int:
    if hashlist is None or item is None:
        return 0
    return int(item.lower() in hashlist.lower().split("#"))


@lru_cache(maxsize=256)
def _pattern(like: str) -> re.Pattern[str]:
    """SQL's pattern: % is anything, _ one letter."""
    words = {"%": ".*", "_": "."}
    return re.compile("".join(words.get(c, re.escape(c)) for c in like), re.DOTALL | re.IGNORECASE)


def _no_case_match(value: str | None, pattern: str | None) -> int:
    if value is None or pattern is None:
        return 0
    return int(_pattern(pattern).fullmatch(value) is not None)


def _overlaps(low: float, high: float, other_low: float, other_high: float) -> int:
    if None in (low, high, other_low, other_high):
        return 0
    return int(low <= other_high and other_low <= high)


def _moc(*arguments: object) -> str | None:
    """MOC('6/1-3'), or MOC(order, geometry)."""
    if any(argument is None for argument in arguments):
        return None
    if len(arguments) == 1:
        text = str(arguments[0])
        moc.parse(text)
        return text
    order, shape = arguments
    return moc.text_of(moc.of_region(region.parse(str(shape)), int(str(order))), int(str(order)))


_FINE = 10
"""HEALPix order (0.06 degrees) of a region that is compared with a coverage."""


@lru_cache(maxsize=64)
def _as_moc(text: str) -> moc.Moc:
    return moc.parse(text) if moc.is_moc(text) else moc.of_region(region.parse(text), _FINE)


def _contains(inner: str | None, outer: str | None) -> int:
    if inner is None or outer is None:
        return 0
    if moc.is_moc(outer):
        return int(moc.contains(_as_moc(inner), moc.parse(outer)))
    return int(region.contains(region.parse(inner), region.parse(outer)))


def _intersects(first: str | None, second: str | None) -> int:
    if first is None or second is None:
        return 0
    if moc.is_moc(first) or moc.is_moc(second):
        return int(moc.intersects(_as_moc(first), _as_moc(second)))
    return int(region.intersects(region.parse(first), region.parse(second)))


REGISTRY_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        **FUNCTIONS,
        "ivo_hasword": _has_word,
        "ivo_hashlist_has": _hashlist_has,
        "ivo_nocasematch": _no_case_match,
        "ivo_interval_overlaps": _overlaps,
    }
)
"""What every registry has besides `ivo_string_agg`, which is SQLite's own business."""
COVERAGE_FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {**REGISTRY_FUNCTIONS, "moc": _moc, "contains": _contains, "intersects": _intersects}
)
"""And those that know coverages."""

_SIGNATURES = (
    "ivo_hasword(haystack VARCHAR, needle VARCHAR) -> INTEGER",
    "ivo_hashlist_has(hashlist VARCHAR, item VARCHAR) -> INTEGER",
    "ivo_nocasematch(value VARCHAR, pattern VARCHAR) -> INTEGER",
    "ivo_string_agg(expr VARCHAR, deli VARCHAR) -> VARCHAR",
    "ivo_interval_overlaps(l1 DOUBLE, h1 DOUBLE, l2 DOUBLE, h2 DOUBLE) -> INTEGER",
)
REGISTRY_FEATURES = tuple(Feature(f"{FEATURES}-udf", form) for form in _SIGNATURES)
"""The functions as a service declares them."""
COVERAGE_FEATURES = (
    *REGISTRY_FEATURES,
    Feature(f"{FEATURES}-adql-sets", "UNION"),
    Feature(f"{FEATURES}-adql-string", "ILIKE"),
    Feature(f"{FEATURES}-adql-string", "LOWER"),
    Feature("ivo://org.gavo.dc/std/exts#extra-adql-keywords", "MOC", "A part of the sky."),
    Feature("ivo://org.gavo.dc/std/exts#extra-adql-keywords", "COALESCE"),
)
"""What GAVO's registry can do besides."""
