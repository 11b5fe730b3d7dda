"""This file reads the filters that are not places: radius, calibration level, kinds, and `a..b`.

A quantity without its unit is refused; nothing is guessed from its size.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from skyatlas.errors import BadInput
from skyatlas.model import KINDS, Interval
from skyatlas.words.places import degrees, plain

_PER_DEGREE = {
    "deg": 1.0, "degs": 1.0, "degree": 1.0, "degrees": 1.0, "d": 1.0, "°": 1.0,
    "arcmin": 60.0, "arcmins": 60.0, "arcminute": 60.0, "arcminutes": 60.0, "'": 60.0,
    "arcsec": 3600.0, "arcsecs": 3600.0, "arcsecond": 3600.0, "arcseconds": 3600.0,
    '"': 3600.0, "''": 3600.0,
    "mas": 3.6e6, "rad": math.pi / 180.0,
}  # fmt: skip
"""Units in one degree. `m` and `s` are missing on purpose: minutes of arc, of time, or metres?"""

_RADIUS = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(.*)", re.IGNORECASE)

_SYNONYMS = {
    "images": "image", "imaging": "image",
    "cubes": "cube", "datacube": "cube", "datacubes": "cube",
    "spectra": "spectrum", "spectrums": "spectrum", "spectroscopy": "spectrum",
    "seds": "sed",
    "lightcurve": "timeseries", "lightcurves": "timeseries", "time series": "timeseries",
    "light curve": "timeseries", "light curves": "timeseries", "time-series": "timeseries",
    "visibilities": "visibility", "uv": "visibility",
    "events": "event", "event list": "event",
    "measurement": "measurements", "catalogue": "measurements", "catalog": "measurements",
}  # fmt: skip


def radius(words: object) -> float:
    """Read a radius as degrees: "2 arcmin", "5'", "0.1deg", or a Quantity or Angle.

    Raises BadInput for a bare number (archives read it as degrees, arcmin or arcsec) and for
    anything outside 0..180 degrees.
    """
    if isinstance(words, str):
        size = _radius_text(words)
    elif hasattr(words, "to_value"):
        size = degrees(words, "radius")
    else:
        raise BadInput(_unitless(words))
    if not 0.0 < size <= 180.0:
        raise BadInput(
            f"a radius of {words} makes no sense; give more than 0 and at most 180 degrees"
        )
    return size


def rectangle(words: object) -> tuple[float, float]:
    """Read a size as (width, height) in degrees: "10arcmin", "10 x 5 arcmin", or one or two
    Quantities; one is the side of a square. Raises BadInput as `radius` does.
    """
    if isinstance(words, str):
        first, *rest = re.split("[x×]", words, maxsplit=1)  # no unit has an x
        if not rest:
            return radius(words), radius(words)
        unit = re.sub(r"^\s*[\d.]+\s*", "", rest[0])
        return radius(first + unit if first.strip()[-1:].isdigit() else first), radius(rest[0])
    if isinstance(words, tuple | list) and len(words) == 2:
        return radius(words[0]), radius(words[1])
    return radius(words), radius(words)


def _radius_text(words: str) -> float:
    match = _RADIUS.fullmatch(plain(words))
    if match is None:
        raise BadInput(
            f'cannot read the radius {words!r}; write for example 2arcmin, 30" or 0.1deg'
        )
    number, unit = match.groups()
    if not unit:
        raise BadInput(_unitless(number))
    if unit.lower() not in _PER_DEGREE:
        raise BadInput(f"cannot read the unit of the radius {words!r}; use deg, arcmin or arcsec")
    return float(number) / _PER_DEGREE[unit.lower()]


def _unitless(number: object) -> str:
    return f"a radius of {number} has no unit: write {number}deg, {number}arcmin or {number}arcsec"


def ends(words: str, what: str) -> tuple[str, str] | None:
    """The two sides of "a..b", either may be ""; None where it is no range. BadInput for ".."."""
    if "..." in words:
        raise BadInput(f"cannot read the {what} {words!r}; a range has two dots: low..high")
    if ".." not in words:
        return None
    low, _, high = (part.strip() for part in words.partition(".."))
    if not (low or high) or ".." in high:
        raise BadInput(f"cannot read the {what} {words!r}; write low..high, low.. or ..high")
    return low, high


def calib_level(words: object) -> Interval:
    """Read ObsCore's calibration levels, 0 (raw) to 4 (analysis): "2..", "0", "2,3", 2, (1, 3).

    Raises BadInput outside 0..4 and for levels with a gap between them.
    """
    if isinstance(words, Interval):
        return words
    if isinstance(words, int):
        words = str(words)
    if isinstance(words, (tuple, list)) and len(words) == 2:
        words = "..".join("" if one is None else str(one) for one in words)
    if not isinstance(words, str):
        raise BadInput(f"cannot read the calibration level {words!r}; write 0 to 4, or 2..")
    sides = ends(words, "calibration level")
    if sides is not None:
        return Interval(*(_level(side, words) if side else None for side in sides))
    levels = sorted({_level(one.strip(), words) for one in words.split(",")})
    if levels[-1] - levels[0] >= len(levels):
        raise BadInput(f"the calibration levels {words} have a gap; ask for a range such as 2..3")
    return Interval(levels[0], levels[-1])


def _level(text: str, words: object) -> float:
    if text not in ("0", "1", "2", "3", "4"):
        raise BadInput(
            f"cannot read the calibration level {words!r}; levels are 0 (raw) to 4 (analysis)"
        )
    return float(text)


def kinds(words: str | Iterable[str]) -> frozenset[str]:
    """Read kinds of data, "image,spectra" or a sequence, as ObsCore's words; "" means all kinds.

    Raises BadInput, with the nearest words, for one that is unknown.
    """
    listed = words.split(",") if isinstance(words, str) else words
    return frozenset(_kind(one) for one in listed if one.strip())


def _kind(word: str) -> str:
    said = plain(word).lower()
    kind = _SYNONYMS.get(said, said)
    if kind in KINDS:
        return kind
    near = difflib.get_close_matches(said, [*KINDS, *_SYNONYMS], n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise BadInput(f"unknown kind {word!r}; {hint}there are: {', '.join(sorted(KINDS))}")
