"""This file holds what a cutout is asked for: a survey of images, and a rectangle of the sky in it.

Invariant: what is asked decides `Stamp.key`, and nothing else does: the same stamp is known again
before anybody is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from skyatlas.errors import BadInput
from skyatlas.model import Target

__all__ = ["Pixels", "Stamp", "Survey"]

Pixels = Literal["original", "resampled", "unknown"]
"""Whether pixels are those of the survey's own images, or were interpolated."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey of images of which pieces can be had."""

    name: str
    """What people type: "sdss", "ps1", "DSS2 Red"; case, blanks and dashes do not count."""
    title: str
    archive: str
    """Whose `Archive.stamps` makes the pieces."""
    bands: Mapping[str, tuple[float, float]]
    """Its filters, each with its ends (metres, vacuum), (0, inf) where nobody says them; one band
    named "" where it has only one."""
    scale: float | None = None
    """Arcsec in a pixel; None where the source does not say."""
    waveband: str = ""
    """VODataService's word: "radio", "infrared", "optical", "uv", "x-ray", "gamma-ray" …"""
    usual: tuple[str, ...] = ()
    """The bands that are meant where nobody names one; () for all."""
    coverage: str = ""
    """Where it has looked, in words; "" where the source does not say."""
    pixels: Pixels = "unknown"
    """What its own cutout service does to pixels."""

    @property
    def word(self) -> str:
        """The name as it is compared."""
        return plain(self.name)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A rectangle of the sky, north up, that is wanted as an image."""

    target: Target
    """With a place."""
    survey: str
    """`Survey.name`."""
    band: str
    """One of `Survey.bands`; three of them, red first, for a `picture`."""
    width: float
    """Degrees along right ascension, as seen on the sky."""
    height: float
    """Degrees along declination."""
    pixels: tuple[int, int] | None = None
    """Columns and rows, where the service resamples anyway; None: the survey's own scale."""
    projection: str = ""
    """FITS's word ("TAN", "CAR" …), where the service resamples anyway; "" for the usual one."""
    sampler: str = ""
    """How such a service interpolates, in its own word; "" for the usual way."""
    whole: bool = False
    """Not a piece: the whole images that touch the rectangle, as they are."""
    picture: bool = False
    """A colour JPEG to look at, not FITS."""

    def __post_init__(self) -> None:
        if self.target.ra is None:
            raise BadInput(f"{self.target.asked!r} has no place; a piece is cut around a position")
        for size in (self.width, self.height):
            if not 0.0 < size <= 180.0:
                raise BadInput(f"a piece of {size:g} degrees is outside 0..180 degrees")

    @property
    def place(self) -> tuple[float, float]:
        """Right ascension and declination of the middle, degrees ICRS."""
        assert self.target.ra is not None
        assert self.target.dec is not None
        return self.target.ra, self.target.dec

    @property
    def key(self) -> str:
        """What makes two stamps the same: in letters that file names and PROV can hold."""
        asked = replace(self, target=Target("", *self.place))
        digest = sha256(repr(asked).encode()).hexdigest()[:16]
        return f"{self.stem}_{digest}"

    @property
    def stem(self) -> str:
        """Its file's name without the ending: target, survey, band; safe in every system."""
        words = (self.target.asked, self.survey.lower(), self.band)
        return "_".join(safe(word) for word in words if word)

    @property
    def folder(self) -> str:
        """The folder of its target."""
        return safe(self.target.asked)

    @property
    def words(self) -> str:
        """For messages: "M 51 in sdss g"."""
        return f"{self.target.asked} in {self.survey} {self.band}".rstrip()

    def facts(self, *, route: str, pixels: Pixels, photometry: str, **more: Any) -> dict[str, Any]:
        """For `Product.provenance`: what was cut and how far its numbers can be trusted.

        `route` names the service or the way; `photometry` is "safe" or says why it is not.
        """
        ra, dec = self.place
        return {
            "target_name": self.target.name or self.target.asked,
            "s_ra": ra,
            "s_dec": dec,
            "s_fov": math.hypot(self.width, self.height),
            "dataproduct_type": "image",
            "survey": self.survey,
            "band": self.band,
            "cutout": f"{self.width!r} x {self.height!r} deg around {ra!r} {dec!r} ICRS",
            "cutout_ra": ra,
            "cutout_dec": dec,
            "cutout_width": self.width,
            "cutout_height": self.height,
            "route": route,
            "pixels": pixels,
            "photometry": photometry,
            **more,
        }


def plain(name: str) -> str:
    """A survey's name as names are compared: "DSS2 Red", "dss2-red" and "DSS2red" are one."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def safe(text: str) -> str:
    """Words as a part of a file name: letters, digits, `.`, `+`, `-` stay, the rest is `_`."""
    return re.sub(r"[^\w.+-]+", "_", text.strip(), flags=re.ASCII).strip("._") or "target"
