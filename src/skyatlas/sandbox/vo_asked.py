"""This file reads the parameters of VO services and checks them as the standards say.

What cannot be read raises ValueError with a sentence that names parameter and value; how it is
told to the asker is the service's habit. Angles are degrees, wavelengths metres, times MJD.
Source: DALI 1.1, SIA 1.0, SIA 2.0, SSA 1.1, SCS 1.03.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from skyatlas.sandbox import region
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.clock import mjd_of
from skyatlas.sandbox.publisher import VoService

Interval = tuple[float, float]
"""Both ends belong to it; they may be infinite."""
Region = tuple[region.Shape, ...]

EVERYTHING: Interval = (-math.inf, math.inf)


def number(name: str, text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{name}={text} is no number") from error
    if not math.isfinite(value):
        raise ValueError(f"{name}={text} is no finite number")
    return value


def numbers(name: str, text: str, separator: str | None = None) -> list[float]:
    """Several numbers, between blanks if no separator is given; they may be infinite."""
    try:
        return [float(word) for word in text.split(separator)]
    except ValueError as error:
        raise ValueError(f"{name}={text} has something that is no number") from error


def place(name: str, ra: float, dec: float) -> tuple[float, float]:
    """A position with the right ascension in 0..360."""
    if not -90.0 <= dec <= 90.0:
        raise ValueError(f"{name}: the declination {dec} is outside -90..90")
    return ra % 360.0, dec


def limit(asked: Asked, service: VoService) -> int:
    """Rows that may go out: MAXREC, the service's own limit, and what a fault leaves."""
    text = asked.one("MAXREC") or str(service.limit)
    if not text.strip().lstrip("+").isdecimal():
        raise ValueError(f"MAXREC={text} is no number of rows")
    fault = asked.fault("overflow")
    return min(int(text), service.limit, int(fault.number(1)) if fault else service.limit)


def no_upload(asked: Asked) -> None:
    """A service that takes no tables says so (DALI 1.1, UPLOAD)."""
    if asked.all("UPLOAD"):
        raise ValueError("UPLOAD is not supported")


def response_format(asked: Asked) -> None:
    """Only VOTable is spoken here."""
    text = asked.one("RESPONSEFORMAT")
    if text and text.lower() != "votable" and "xml" not in text.lower():
        raise ValueError(f"RESPONSEFORMAT={text} is not supported; use votable")


def old_place(asked: Asked) -> tuple[float, float] | None:
    """POS of SIA 1 and SSA: "ra,dec" with or without ";ICRS"; None where there is none."""
    text, _, frame = asked.one("POS").partition(";")
    if not text:
        return None
    values = numbers("POS", text, ",")
    if len(values) != 2:
        raise ValueError(f"POS={text} is no position; write ra,dec in degrees")
    if frame and frame.upper() not in {"ICRS", "FK5"}:
        raise ValueError(f"POS={text};{frame}: the frame {frame} is not supported; use ICRS")
    return place("POS", *values)


def shape(name: str, text: str) -> Region:
    """POS of SIA 2 and SODA: CIRCLE, RANGE or POLYGON and numbers."""
    kind, _, rest = text.strip().partition(" ")
    values = tuple(numbers(name, rest))
    if kind.upper() == "RANGE":
        return (range_shape(name, values),)
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{name}={text} has a number that is not finite")
    if kind.upper() not in {"CIRCLE", "POLYGON"}:
        raise ValueError(f"{name}={text}: {kind} is not supported; use CIRCLE, RANGE or POLYGON")
    for latitude in values[1:2] if kind.upper() == "CIRCLE" else values[1::2]:
        place(name, 0.0, latitude)
    return (region.shape(kind.upper(), values),)


def range_shape(name: str, values: Sequence[float]) -> region.Polygon:
    """RANGE as the polygon around it, its parallels followed in steps of at most 2 degrees."""
    if len(values) != 4:
        raise ValueError(f"{name}: a RANGE needs 4 numbers, not {len(values)}")
    west, east = max(values[0], 0.0), min(values[1], 360.0)
    low, high = max(values[2], -90.0), min(values[3], 90.0)
    if west > east or low > high:
        raise ValueError(f"{name}: the RANGE {' '.join(map(str, values))} is reversed")
    steps = max(1, math.ceil((east - west) / 2.0))
    along = [west + (east - west) * step / steps for step in range(steps + 1)]
    rim = [(ra, low) for ra in along] + [(ra, high) for ra in reversed(along)]
    return region.Polygon(tuple(region.vector(*corner) for corner in rim))


def interval(name: str, text: str) -> Interval:
    """One or two numbers, as SIA 2 and SODA have them: "low high", or one for both."""
    values = numbers(name, text)
    if len(values) not in {1, 2} or any(map(math.isnan, values)):
        raise ValueError(f"{name}={text} is no interval; write low high")
    if values[0] > values[-1]:
        raise ValueError(f"{name}={text} is reversed")
    return values[0], values[-1]


def old_ranges(name: str, text: str, read: Callable[[str], float]) -> list[Interval]:
    """A range list of SSA 1.1: "a/b,c,d/", its qualifiers left alone."""
    found = []
    for part in filter(None, text.partition(";")[0].split(",")):
        first, slash, last = part.partition("/")
        try:
            low = read(first) if first.strip() else -math.inf
            high = (read(last) if last.strip() else math.inf) if slash else low
        except ValueError as error:
            raise ValueError(f"{name}={text} cannot be read: {error}") from error
        if low > high:
            raise ValueError(f"{name}={text} is reversed")
        found.append((low, high))
    return found


def moment(text: str) -> float:
    """MJD of an ISO 8601 date; a year or a month is its beginning."""
    text = text.strip()
    if text.isdecimal() and len(text) == 4:
        text = f"{text}-01-01"
    elif len(text) == 7:
        text = f"{text}-01"
    return mjd_of(datetime.fromisoformat(text).isoformat())


def meets(wanted: Iterable[Interval], low: object, high: object) -> bool:
    """Whether low..high overlaps one of them; all is well where nothing is wanted."""
    asked = list(wanted)
    if not asked:
        return True
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return False
    return any(high >= first and low <= last for first, last in asked)
