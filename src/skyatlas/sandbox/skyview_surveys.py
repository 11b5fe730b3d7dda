"""This file says which surveys the sandbox's SkyView has, and where they looked.

The table is skyview_surveys.csv. Names, pixel scales, resolutions and coverage are those of
SkyView's survey descriptions (those that SkyView-in-a-Jar carries, version 3.1); what
comes from outside a survey is made up to show each of the three ways that users have met.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Outside = Literal["blank", "page", "404"]
"""What comes from where a survey has not looked: zeros, a page with status 200, or status 404."""
_CONDITION = re.compile(r"(dec|\|b\|) ([<>]) (\S+)|share (\S+)")
_CELL = 1.25  # degrees: what a survey with gaps has seen or not, as a whole


@dataclass(frozen=True, slots=True)
class Survey:
    """One survey."""

    group: str
    """The heading of the form that it stands under."""
    name: str
    aliases: tuple[str, ...]
    card: str
    """The value of SURVEY in its headers."""
    scale: float
    """Degrees in a pixel where nobody asks for another size."""
    resolution: float
    """Arcsec, FWHM."""
    unit: str
    footprint: str
    """Conditions joined by "&"; "" for the whole sky."""
    outside: Outside

    def covers(self, ra: Floats, dec: Floats) -> Flags:
        """Where it has looked, of places of any shape (degrees ICRS, NaN is nowhere)."""
        import numpy as np

        seen: Flags = np.isfinite(ra) & np.isfinite(dec)
        for condition in filter(None, self.footprint.split(" & ")):
            found = _CONDITION.fullmatch(condition)
            assert found, condition
            axis, sign, limit, share = found.groups()
            if share:
                seen &= _lot(ra, dec) < float(share)
                continue
            value = dec if axis == "dec" else _latitude(ra, dec)
            seen &= (value > float(limit)) if sign == ">" else (value < float(limit))
        return seen


def _latitude(ra: Floats, dec: Floats) -> Floats:
    """Distance from the Galactic plane, degrees."""
    import numpy as np

    pole = np.radians(27.12825)  # declination of the Galactic pole; its right ascension is below
    angle, height = np.radians(ra - 192.85948), np.radians(dec)
    sine = np.sin(height) * np.sin(pole) + np.cos(height) * np.cos(pole) * np.cos(angle)
    found: Floats = np.abs(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))
    return found


def _lot(ra: Floats, dec: Floats) -> Floats:
    """A number from 0 to 1 for each place: one for each cell of the sky, without any order."""
    import numpy as np

    band = np.floor(np.nan_to_num(dec) / _CELL)
    count = np.ceil(360.0 / _CELL * np.cos(np.radians((band + 0.5) * _CELL)))
    cell = np.floor(np.nan_to_num(ra) % 360.0 * count / 360.0)
    mixed = np.sin(band * 12.9898 + cell * 78.233) * 43758.5453
    drawn: Floats = mixed - np.floor(mixed)
    return drawn


@cache
def surveys() -> Mapping[str, Survey]:
    """All surveys by name, in the order of the form."""
    text = files("skyatlas.sandbox").joinpath("skyview_surveys.csv").read_text("utf-8")
    found = [
        Survey(
            row["group"],
            row["name"],
            tuple(filter(None, row["aliases"].split("|"))),
            row["card"],
            float(row["scale"]),
            float(row["resolution"]),
            row["unit"],
            row["footprint"],
            cast("Outside", row["outside"]),
        )
        for row in csv.DictReader(text.splitlines())
    ]
    return {survey.name: survey for survey in found}


def survey_of(name: str) -> Survey | None:
    """The survey of that name or short name, written in capitals or not."""
    return _by_name().get(name.strip().lower())


@cache
def _by_name() -> Mapping[str, Survey]:
    return {
        name.lower(): survey
        for survey in surveys().values()
        for name in (*survey.aliases, survey.name)
    }
