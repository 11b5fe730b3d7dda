"""This file holds ADQL's functions for SQLite; regions travel between them as STC-S text.

All digits of a number survive; NULL in gives NULL out, and NULL touches nothing.
Source: ADQL 2.1, https://www.ivoa.net/documents/ADQL/20231215/.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from skyatlas.sandbox import region

Value = str | float | None
"""What SQLite can take back."""

Function = Callable[..., Value]


def _shape(kind: str) -> Callable[..., str | None]:
    """An ADQL constructor: numbers, or points, after an optional coordinate system."""

    def make(*arguments: object) -> str | None:
        if any(argument is None for argument in arguments):
            return None
        numbers: list[float] = []
        for place, argument in enumerate(arguments):
            if isinstance(argument, str):
                if place > 0 or argument.upper().startswith("POSITION"):
                    numbers += map(float, argument.split()[2:])
            else:
                numbers.append(float(argument))  # type: ignore[arg-type]
        region.shape(kind, tuple(numbers))
        return f"{kind} ICRS {' '.join(map(repr, numbers))}"

    return make


def _intersects(first: str | None, second: str | None) -> int:
    if first is None or second is None:
        return 0
    return int(region.intersects(region.parse(first), region.parse(second)))


def _contains(inner: str | None, outer: str | None) -> int:
    if inner is None or outer is None:
        return 0
    return int(region.contains(region.parse(inner), region.parse(outer)))


def _coordinate(place: int) -> Callable[[str | None], float | None]:
    def read(point: str | None) -> float | None:
        return None if point is None else float(point.split()[2 + place])

    return read


def _distance(*arguments: object) -> float | None:
    if any(argument is None for argument in arguments):
        return None
    if len(arguments) == 2:
        places = [float(number) for point in arguments for number in str(point).split()[2:4]]
    else:
        places = [float(str(number)) for number in arguments]
    return region.separation(*places)


def _area(text: str | None) -> float | None:
    return None if text is None else region.area(region.parse(text))


def _number(function: Callable[..., float]) -> Callable[..., float | None]:
    def apply(*arguments: float | None) -> float | None:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return apply


FUNCTIONS: Mapping[str, Function] = {
    "point": _shape("POSITION"),
    "circle": _shape("CIRCLE"),
    "box": _shape("BOX"),
    "polygon": _shape("POLYGON"),
    "intersects": _intersects,
    "contains": _contains,
    "distance": _distance,
    "area": _area,
    "coord1": _coordinate(0),
    "coord2": _coordinate(1),
    # ADQL's LOG is the natural logarithm; SQLite's is not.
    "log": _number(math.log),
    "log10": _number(math.log10),
    "exp": _number(math.exp),
    "power": _number(math.pow),
    "sqrt": _number(math.sqrt),
    "mod": _number(math.fmod),
    "floor": _number(math.floor),
    "ceiling": _number(math.ceil),
    "pi": lambda: math.pi,
    "degrees": _number(math.degrees),
    "radians": _number(math.radians),
    "sin": _number(math.sin),
    "cos": _number(math.cos),
    "tan": _number(math.tan),
    "asin": _number(math.asin),
    "acos": _number(math.acos),
    "atan": _number(math.atan),
    "atan2": _number(math.atan2),
}
"""What SQLite is given on top of its own functions, by lower-case name."""

BUILT_IN = frozenset(
    {"abs", "avg", "coalesce", "count", "like", "lower", "max", "min", "nullif", "random"}
    | {"round", "sum", "upper"}
)
"""SQLite's own functions that a query may use."""
