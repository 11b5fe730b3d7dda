"""This file reads what somebody asks of SkyView: surveys, and a grid of pixels on the sky.

Names of parameters are compared without case; "_skip_" stands for nothing. Numbers of a position
are in the coordinates that are asked for. Source: skyview.gsfc.nasa.gov/current/docs/batchpage.html
and the user's guide of SkyView-in-a-Jar, sections 2.3 and 4.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.skyview_surveys import Survey, survey_of

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

PROJECTIONS = ("Tan", "Car", "Ait", "Sin", "Zea", "Csc", "Arc")
COORDINATES = ("J2000", "B1950", "Galactic", "E2000", "ICRS")
SCALINGS = ("Log", "Sqrt", "Linear", "HistEq", "LogLog")
MOST = 5000
"""Pixels of a side; SkyView's own bound is not written down."""
_SAMPLERS = re.compile(r"default|nn|li|clip|(lanczos|spline)\d?", re.IGNORECASE)
_NUMBER = r"([-+]?\d+\.?\d*)"
DECIMAL = re.compile(rf"\s*{_NUMBER}\s*(?:,|\s)\s*{_NUMBER}\s*")
"""Two numbers; anything else is the name of an object, also a number with an exponent.

Source: skyview.request.SourceCoordinates of SkyView-in-a-Jar."""


class NoSense(Exception):
    """Words that SkyView does not understand: it answers with a page, and with status 200."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image of one survey."""

    survey: Survey
    position: str
    """As it was written."""
    centre: tuple[float, float]
    """Degrees in `coordinates`."""
    coordinates: str
    projection: str
    sampler: str
    pixels: tuple[int, int]
    """Columns and rows."""
    size: tuple[float, float]
    """Degrees along them."""
    floats: bool
    """Whether the pixels have four bytes; else eight."""


def setting(asked: Asked, name: str) -> str:
    """The last value that is not empty and not "_skip_", or ""."""
    given = [value.strip() for value in asked.all(name) if value.strip() not in ("", "_skip_")]
    return given[-1] if given else ""


def wanted(asked: Asked, objects: Sequence[NamedObject]) -> list[Wanted]:
    """The images that a request is for, one for each survey; raises NoSense."""
    names = [name for value in asked.all("survey") for name in value.split(",")]
    names = [name.strip() for name in names if name.strip() not in ("", "_skip_")]
    if not names:
        raise NoSense("No survey specified")
    coordinates = _one_of(COORDINATES, setting(asked, "coordinates") or "J2000", "coordinates")
    projection = _one_of(PROJECTIONS, setting(asked, "projection") or "Tan", "projection")
    sampler = setting(asked, "sampler") or "Default"
    if not _SAMPLERS.fullmatch(sampler):
        raise NoSense(f"Invalid sampler:{sampler}")
    position = setting(asked, "position")
    centre = _centre(position, coordinates, objects)
    pixels = _pixels(setting(asked, "pixels") or "300")
    floats = bool(setting(asked, "float") or setting(asked, "return"))
    found = []
    for name in names:
        survey = survey_of(name)
        if survey is None:
            raise NoSense(f"Unable to find requested survey:{name}")
        size = _size(setting(asked, "size"), survey, pixels)
        found.append(
            Wanted(survey, position, centre, coordinates, projection, sampler, pixels, size, floats)
        )
    return found


def _one_of(words: Sequence[str], given: str, name: str) -> str:
    for word in words:
        if word.lower() == given.lower():
            return word
    raise NoSense(f"Invalid {name}:{given}")


def _pixels(text: str) -> tuple[int, int]:
    try:
        sides = [int(one) for one in text.split(",")]
    except ValueError:
        raise NoSense(f"Invalid pixels setting:{text}") from None
    if len(sides) > 2 or not all(0 < side <= MOST for side in sides):
        raise NoSense(f"Invalid pixels setting:{text}")
    return sides[0], sides[-1]


def _size(text: str, survey: Survey, pixels: tuple[int, int]) -> tuple[float, float]:
    if not text or text.lower() == "default":
        return survey.scale * pixels[0], survey.scale * pixels[1]
    try:
        sides = [float(one) for one in text.split(",")]
    except ValueError:
        raise NoSense(f"Invalid size setting:{text}") from None
    if len(sides) > 2 or not all(0.0 < side <= 360.0 for side in sides):
        raise NoSense(f"Invalid size setting:{text}")
    return sides[0], sides[-1]


def _centre(position: str, coordinates: str, objects: Sequence[NamedObject]) -> tuple[float, float]:
    if not position:
        raise NoSense("No position specified")
    if found := DECIMAL.fullmatch(position):
        longitude, latitude = (float(number) for number in found.groups())
        if not abs(latitude) <= 90.0:
            raise NoSense(f"Unable to recognize target/position: {position}")
        return longitude % 360.0, latitude
    turned = _named(position, objects).transform_to(frame_of(coordinates)).spherical
    return float(turned.lon.deg), float(turned.lat.deg)


def _named(position: str, objects: Sequence[NamedObject]) -> SkyCoord:
    """A place by its name, or by hours and degrees: "10 45 3.6, -59 41 4.2"."""
    from astropy.coordinates import SkyCoord

    word = "".join(position.split()).lower()
    for known in objects:
        if word in {"".join(name.split()).lower() for name in (known.name, *known.aliases)}:
            return SkyCoord(known.ra, known.dec, unit="deg")
    if position.count(",") == 1 and len(re.split(r"[\s,]+", position.strip())) == 6:
        try:
            return SkyCoord(*position.split(","), unit=("hourangle", "deg"), frame="fk5")
        except ValueError:
            pass  # not hours and degrees either
    raise NoSense(f"Unable to recognize target/position: {position}")


def frame_of(coordinates: str) -> str:
    """The frame of a coordinate system, as astropy calls it."""
    return {
        "J2000": "fk5",
        "B1950": "fk4",
        "Galactic": "galactic",
        "E2000": "barycentricmeanecliptic",
        "ICRS": "icrs",
    }[coordinates]


def scale_of(want: Wanted) -> float:
    """Arcsec in a pixel, the mean of both sides."""
    (width, height), (columns, rows) = want.size, want.pixels
    return 3600.0 * math.sqrt(width / columns * height / rows)
