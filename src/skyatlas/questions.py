"""This file turns the filters that people give into questions; what makes no sense is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skyatlas import words
from skyatlas.errors import BadInput
from skyatlas.model import Query, Target

DEFAULT_RADIUS = 1.0 / 60.0
"""Degrees: 1 arcmin, said in every answer; archives' own defaults go from 2 arcsec to 12 arcmin."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one search, read; made before any name is resolved, so that nothing is asked
    for words that make no sense.
    """

    query: Query
    """Everything but the place."""
    radius: float
    """Degrees."""

    def around(self, targets: Sequence[Target]) -> list[Query]:
        """One question per target."""
        return [replace(self.query, target=target, radius=self.radius) for target in targets]

    def anywhere(self) -> list[Query]:
        """The question about no place in particular; BadInput where nothing would be asked."""
        if self.query == Query(limit=self.query.limit, public=self.query.public):
            raise BadInput("nothing was asked: give a target, or a filter such as an instrument")
        return [self.query]


def listed(words_given: object) -> list[object]:
    """The targets in what people give: one, or several in a list, tuple or set."""
    if isinstance(words_given, tuple) and len(words_given) == 2 and _numbers(words_given):
        return [words_given]  # (ra, dec) in degrees
    several = getattr(words_given, "isscalar", True) is False  # a SkyCoord of many positions
    if several or isinstance(words_given, list | tuple | set):
        return list(words_given)  # type: ignore[call-overload, no-any-return]
    return [words_given]


def names(words_given: str | Iterable[str]) -> list[str]:
    """Names separated by commas, or in a list."""
    given = words_given.split(",") if isinstance(words_given, str) else list(words_given)
    return [str(word).strip() for word in given if str(word).strip()]


def archive_names(words_given: str | Iterable[str]) -> list[str]:
    """Names separated by commas, in a text or in several; an address after "vo:" stays whole."""
    given = [words_given] if isinstance(words_given, str) else list(words_given)
    found = []
    for word in (part for one in given for part in re.split(r",(?=\s*vo:)", one)):
        before, colon, address = word.partition("vo:")
        found += names(before)
        found += [colon + address.strip()] if colon else []
    return found


def filters(given: dict[str, Any]) -> Filters:
    """Read the filters of `Session.search`. Raises BadInput for what makes no sense."""
    known = {
        "radius", "kind", "instrument", "program", "pi", "target_name", "collection",
        "band", "time", "calib_level", "public", "limit", "table",
        "parameters",
    }  # fmt: skip
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadInput(f"no filter {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    said = {name: value for name, value in given.items() if value is not None}
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "kind": ("kinds", words.kinds),
        "instrument": ("instruments", lambda value: tuple(names(value))),
        "program": ("programs", lambda value: tuple(names(value))),
        "collection": ("collections", lambda value: tuple(names(value))),
        "band": ("band", words.band),
        "time": ("time", words.time),
        "calib_level": ("calib_level", words.calib_level),
        "parameters": ("parameters", _parameters),
    }
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name in readers:
            field, reader = readers[name]
            values[field] = reader(value)
        elif name != "radius":
            values[name] = value
    radius = words.radius(said["radius"]) if "radius" in said else DEFAULT_RADIUS
    return Filters(Query(**values), radius)


def _parameters(given: Iterable[str] | Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """A service's own parameters, from a mapping or from texts NAME=VALUE."""
    if isinstance(given, Mapping):
        return tuple((str(name), str(value)) for name, value in given.items())
    pairs = []
    for text in [given] if isinstance(given, str) else given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"{text!r} is no parameter; write it as NAME=VALUE")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _numbers(pair: Sequence[object]) -> bool:
    return all(isinstance(one, int | float) for one in pair)
