"""This file reads places: words become degrees ICRS at full precision, or are left to be a name.

Two bare numbers are degrees; bare sexagesimal fields are hours and degrees. What looks like a
position but cannot be one is refused, never rounded, wrapped or guessed.
"""

from __future__ import annotations

import math
import re
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.model import Target

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_DECIMAL = rf"[+-]?{_NUMBER}(?:[eE][+-]?\d+)?"
_COLONS = rf"[+-]?\d+:{_NUMBER}(?::{_NUMBER})?"
_BLANKS = rf"[+-]?\d+\s+{_NUMBER}(?:\s+{_NUMBER})?"
_LETTERS = rf"[+-]?{_NUMBER}\s*(?:h|deg|d)(?:\s*{_NUMBER}\s*[m'](?:\s*{_NUMBER}\s*(?:s|\"|'')?)?)?"
_BETWEEN = r"(?:\s*,\s*|\s+)"
_BETWEEN_OR_SIGN = rf"(?:{_BETWEEN}|(?=[+-]))"

_DEGREES = re.compile(rf"({_DECIMAL}){_BETWEEN}({_DECIMAL})")
# Without a blank both need a decimal point: "1216+4735" is a name (NED knows it).
_PACKED = re.compile(r"([+-]?\d+\.\d*)([+-]\d+\.\d*)")
_SEXAGESIMAL = tuple(
    re.compile(rf"({style}){_BETWEEN_OR_SIGN}({style})") for style in (_COLONS, _BLANKS, _LETTERS)
)
_ONLY_NUMBERS = re.compile(r"[\d\s.,:+-]*[\s,:][\d\s.,:+-]*")

_FRAME = re.compile(r"(icrs|fk5|j2000|fk4|b1950|galactic|gal)\b[\s:]*(?=[+\-.\d])", re.IGNORECASE)
_FRAME_CALLED = {"j2000": "fk5", "b1950": "fk4", "gal": "galactic"}

_LOOKALIKES = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{HYPHEN}": "-",
        "\N{PRIME}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{DOUBLE PRIME}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    }
)
"""What papers and web pages print for minus and for minutes and seconds of arc."""


def plain(words: str) -> str:
    """The words with typographic minus signs and primes made ASCII, blanks made single."""
    return " ".join(words.translate(_LOOKALIKES).split())


def position(words: object) -> Target | None:
    """Read a place: a Target in degrees ICRS, or None where the words are a name.

    Takes "187.70593 +12.39112" and (ra, dec) as degrees; "12 30 49.4 +12 23 28",
    "12:30:49.4 +12:23:28" and "12h30m49.4s +12d23m28s" as hours and degrees; a SkyCoord in any
    frame; a Target, as it is. Text may begin with its frame: "galactic", "fk5", "J2000", "fk4",
    "B1950". `Target.said` tells how the words were read.

    Raises BadInput for a position that cannot be: declination 95, minute 61, half a pair.
    """
    if isinstance(words, Target):
        return words
    if isinstance(words, str):
        return _from_text(words)
    if hasattr(words, "transform_to"):
        return _from_sky_coord(words)
    if isinstance(words, (tuple, list)) and len(words) == 2:
        ra, dec = degrees(words[0], "right ascension"), degrees(words[1], "declination")
        return _target(label(ra, dec), ra, dec, "degrees")
    raise BadInput(f"cannot read {words!r} as a target; give a name, a position or (ra, dec)")


def label(ra: float, dec: float) -> str:
    """A position as text that `position` reads back to the same numbers; degrees."""
    return f"{ra!r} {'' if math.copysign(1.0, dec) < 0 else '+'}{dec!r}"


def degrees(words: Any, what: str) -> float:
    """One angle as degrees: a number is degrees already, a Quantity or Angle is converted.

    Raises BadInput for what is no angle, no scalar or not finite.
    """
    try:
        value = float(words.to_value("deg") if hasattr(words, "to_value") else words)
    except (TypeError, ValueError) as error:  # UnitConversionError is a TypeError
        raise BadInput(f"cannot read the {what} {words!r}; give one angle") from error
    if not math.isfinite(value):
        raise BadInput(f"the {what} {words!r} is not a number")
    return value


def _from_text(words: str) -> Target | None:
    text, frame = plain(words).replace("°", "d"), "icrs"
    prefix = _FRAME.match(text)
    if prefix is not None:
        frame, text = prefix[1].lower(), text[prefix.end() :]
        frame = _FRAME_CALLED.get(frame, frame)
    match = _DEGREES.fullmatch(text) or _PACKED.fullmatch(text)
    if match is not None:
        ra, dec, said = float(match[1]), float(match[2]), "degrees"
    else:
        read = _sexagesimal(text, words, in_hours=frame != "galactic")
        if read is None:
            return None
        ra, dec, said = read
    if frame != "icrs":
        return _from_frame(words, frame, ra, dec, said)
    return _target(words, ra, dec, said)


def _sexagesimal(text: str, words: str, *, in_hours: bool) -> tuple[float, float, str] | None:
    """Both coordinates in degrees, and how they were read; None for a name."""
    match = next(filter(None, (style.fullmatch(text) for style in _SEXAGESIMAL)), None)
    if match is None:
        if _ONLY_NUMBERS.fullmatch(text):
            raise BadInput(
                f"cannot read the position {words!r}; write two numbers in degrees, "
                "or 12 30 49.4 +12 23 28 (hours and degrees)"
            )
        return None
    first, second = match.groups()
    if "h" in second:
        return None
    signed = second[0] in "+-" or "," in text
    if not signed and len(_fields(first)) != len(_fields(second)):
        raise BadInput(f"cannot tell where the declination begins in {words!r}; give it a sign")
    hours = "h" in first or (in_hours and "d" not in first)
    ra = _value(first, words) * (15.0 if hours else 1.0)
    unit = "hours" if hours else "degrees"
    return ra, _value(second, words), f"sexagesimal, right ascension in {unit}"


def _fields(text: str) -> list[str]:
    return re.findall(_NUMBER, text)


def _value(text: str, words: str) -> float:
    """Sexagesimal fields as one number, in units of the first. Minus zero counts: -0 30 is -0.5."""
    fields = _fields(text)
    if any("." in field for field in fields[:-1]):
        raise BadInput(
            f"only the last field of a sexagesimal number has decimals, not as in {words!r}"
        )
    numbers = [float(field) for field in fields]
    for name, number in zip(("minutes", "seconds"), numbers[1:], strict=False):
        if number >= 60.0:
            raise BadInput(f"{number:g} {name} in {words!r}; there are 60 only")
    size = math.fsum(number / 60**power for power, number in enumerate(numbers))
    return -size if text.startswith("-") else size


def _target(asked: str, ra: float, dec: float, said: str) -> Target:
    if not -90.0 <= dec <= 90.0:
        raise BadInput(f"declination {dec:g} of {asked!r} is outside -90..90 degrees")
    if not 0.0 <= ra <= 360.0:
        raise BadInput(f"right ascension {ra:g} of {asked!r} is outside 0..360 degrees")
    ra = 0.0 if ra == 360.0 else ra
    return Target(asked, ra, dec, resolver="as given", said=f"{said}, ICRS")


def _from_frame(asked: str, frame: str, lon: float, lat: float, said: str) -> Target:
    """Text that names its frame; FK4 and FK5 are of their own standard equinox and epoch."""
    from astropy.coordinates import SkyCoord

    _target(asked, lon, lat, said)  # the same limits hold in every frame
    icrs = SkyCoord(lon, lat, unit="deg", frame=frame).icrs
    if frame == "galactic":
        said = f"{said}, longitude and latitude"
    ra, dec = float(icrs.ra.deg), float(icrs.dec.deg)
    return Target(asked, ra, dec, resolver="as given", said=f"{said}, {frame}, turned into ICRS")


def _from_sky_coord(words: Any) -> Target:
    if not words.isscalar:
        raise BadInput(
            f"one target wanted, {len(words)} coordinates came; hand them over as a list"
        )
    frame = words.frame.name if hasattr(words, "frame") else words.name
    try:
        icrs = words.icrs
    except (
        TypeError,
        ValueError,
        AttributeError,
    ) as error:  # astropy's ConvertError is a TypeError
        raise BadInput(f"cannot turn {frame} coordinates into ICRS: {error}") from error
    ra, dec = degrees(icrs.ra, "right ascension"), degrees(icrs.dec, "declination")
    said = "SkyCoord" if frame == "icrs" else f"SkyCoord, {frame}, turned into ICRS"
    return Target(label(ra, dec), ra, dec, resolver="as given", said=said)
