"""This file reads from a FITS file what an archive's row would say of it.

Invariant: nothing is invented; what the file does not say is None. Positions are degrees, taken as
ICRS; wavelengths metres, as written (air or vacuum); times MJD and seconds.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import axes
from skyatlas.sandbox.axes import BROKEN
from skyatlas.sandbox.clock import mjd_of
from skyatlas.sandbox.sky import Position

if TYPE_CHECKING:
    from astropy.io import fits

    Headers = Sequence[fits.Header]

_POSITIONS = (("RA", "DEC"), ("RA_TARG", "DEC_TARG"), ("RA_OBJ", "DEC_OBJ"), ("RA_NOM", "DEC_NOM"),
              ("PLUG_RA", "PLUG_DEC"), ("OBJRA", "OBJDEC"), ("RADEG", "DECDEG"),
              ("TARGRA", "TARGDEC"), ("RA_PNT", "DEC_PNT"), ("TELRA", "TELDEC"))  # fmt: skip
_SEXAGESIMAL = re.compile(r"^\s*([+-]?)(\d{1,3})[:\s](\d{1,2})[:\s](\d{1,2}(?:\.\d*)?)\s*$")


class Unlistable(Exception):
    """A file that no archive could list, and why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file says of itself."""

    ra: float
    dec: float
    corners: tuple[Position, ...]
    """Of the picture; () where there is none."""
    kind: str
    """ObsCore's dataproduct_type."""
    category: str
    """PRODCATG, or ""."""
    target: str
    instrument: str
    telescope: str
    programme: str
    creator: str
    arcfile: str
    """The archive's identifier of exactly this file, without ".fits"; "" if it does not say."""
    origfile: str
    external: bool
    title: str
    raw: bool
    """Whether it is a raw frame of ESO's."""
    raw_words: tuple[str, str, str]
    """DPR CATG, TYPE and TECH of a raw frame."""
    start: float | None
    end: float | None
    seconds: float | None
    low: float | None
    """Shortest wavelength, metres."""
    high: float | None
    snr: float | None
    resolution: float | None
    provenance: tuple[str, ...]
    """dp_ids of the raw frames that it was made of."""


def facts_of(path: Path) -> Facts:
    """What the file says; raises Unlistable where it is no FITS file or says no position."""
    from astropy.io import fits
    from astropy.io.fits import VerifyError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd headers are what these files are for
        try:
            with fits.open(path) as hdus:
                return _facts(hdus)
        except (*BROKEN, VerifyError) as error:
            raise Unlistable(f"it cannot be read as FITS: {error}") from error


def _facts(hdus: fits.HDUList) -> Facts:
    headers = [hdu.header for hdu in hdus]
    category = text(headers, "PRODCATG")
    kind = axes.kind(hdus, category)
    place, corners = _place(hdus, headers, kind)
    words = tuple(text(headers, f"ESO DPR {word}") for word in ("CATG", "TYPE", "TECH"))
    raw = bool(words[0]) and not _processed(headers) and kind in {"image", "cube"}
    low, high = axes.wavelengths(hdus, headers) if kind in {"spectrum", "cube"} else (None, None)
    start, end, seconds = _times(headers)
    return Facts(
        ra=place[0] % 360.0,
        dec=place[1],
        corners=corners,
        kind=kind,
        category=category,
        target=text(headers, "OBJECT", "ESO OBS TARG NAME", "TARGNAME", "TARGETID", "TARGNAM1"),
        instrument=text(headers, "INSTRUME", "TELESCOP"),
        telescope=text(headers, "TELESCOP", "OBSERVAT"),
        programme=text(headers, "PROG_ID", "ESO OBS PROG ID"),
        creator=text(headers, "PI-COI", "ESO OBS PI-COI NAME"),
        arcfile=_arcfile(headers, raw, category),
        origfile=text(headers, "ORIGFILE"),
        external=text(headers, "P3ORIG") == "EDP",
        title=text(headers, "TITLE"),
        raw=raw,
        raw_words=(words[0], words[1], words[2]),
        start=start,
        end=end,
        seconds=seconds,
        low=low,
        high=high,
        snr=number(headers, "SNR") if kind == "spectrum" else None,
        resolution=number(headers, "SPEC_RES"),
        provenance=tuple(_provenance(headers)),
    )


def _place(
    hdus: fits.HDUList, headers: Headers, kind: str
) -> tuple[Position, tuple[Position, ...]]:
    """Centre and corners: of the picture, or of the target where the file is no picture."""
    picture = axes.picture(hdus)
    target = _position(headers)
    if kind in {"image", "cube"} and picture is not None:
        return picture.centre, picture.corners
    if target is not None:
        return target, ()
    if picture is not None:
        return picture.centre, ()
    raise Unlistable("it says no position on the sky")


def said(headers: Headers, *keywords: str) -> Iterator[Any]:
    """Values of these keywords, in their order, header by header, without unreadable cards."""
    from astropy.io.fits import VerifyError
    from astropy.io.fits.card import Undefined

    for keyword in keywords:
        for header in headers:
            try:
                value = header.get(keyword)
            except (*BROKEN, VerifyError):
                continue
            if value is not None and not isinstance(value, Undefined):
                yield value


def text(headers: Headers, *keywords: str) -> str:
    """The first of these keywords that says something, as text."""
    for value in said(headers, *keywords):
        words = " ".join(str(value).split())
        if words:
            return words
    return ""


def number(headers: Headers, *keywords: str) -> float | None:
    """The first of these keywords that is a finite number."""
    for value in said(headers, *keywords):
        try:
            found = float(value)
        except (TypeError, ValueError):
            continue
        if math.isfinite(found):
            return found
    return None


def _position(headers: Headers) -> Position | None:
    for ra_word, dec_word in _POSITIONS:
        ra = next((angle for angle in _angles(headers, ra_word, 15.0)), None)
        dec = next((angle for angle in _angles(headers, dec_word, 1.0)), None)
        if ra is not None and dec is not None and 0.0 <= ra <= 360.0 and abs(dec) <= 90.0:
            return ra, dec
    return None


def _angles(headers: Headers, keyword: str, per_unit: float) -> Iterator[float]:
    """Degrees; sexagesimal text counts in units of `per_unit` degrees (15 for hours)."""
    for value in said(headers, keyword):
        match = _SEXAGESIMAL.match(value) if isinstance(value, str) else None
        if match is not None:
            sign, whole, minutes, seconds = match.groups()
            size = int(whole) + int(minutes) / 60.0 + float(seconds) / 3600.0
            yield (-size if sign == "-" else size) * per_unit
            continue
        angle = number([{keyword: value}], keyword)
        if angle is not None:
            yield angle


def _times(headers: Headers) -> tuple[float | None, float | None, float | None]:
    start = number(headers, "MJD-OBS", "MJD_OBS", "EXPSTART")
    if start is None:
        for value in said(headers, "DATE-OBS", "DATE_OBS"):
            try:
                start = mjd_of(str(value))
            except ValueError:
                continue
            break
    seconds = number(headers, "TEXPTIME", "EXPTIME", "EXPOSURE", "TELAPSE")
    end = number(headers, "MJD-END", "EXPEND")
    if start is not None and end is None and seconds is not None and seconds >= 0.0:
        end = start + seconds / 86400.0
    if start is None or not 0.0 < start < 100_000.0:
        return None, None, seconds
    return start, end, seconds


def _processed(headers: Headers) -> bool:
    """Whether a pipeline made it; its products keep the raw frame's other keywords."""
    return bool(text(headers, "PRODCATG", "ESO PRO CATG", "ESO DRS VERSION", "ESO QC DID"))


def _arcfile(headers: Headers, raw: bool, category: str) -> str:
    """ARCFILE where it names this very file; pipelines copy the raw frame's to their products."""
    name = text(headers, "ARCFILE").removesuffix(".fits")
    fits_this = raw or (bool(category) and name.startswith("ADP."))
    return name if fits_this and re.fullmatch(r"[\w.:+-]+", name) else ""


def _provenance(headers: Headers) -> Iterator[str]:
    for count in range(1, 1000):
        name = text(headers, f"PROV{count}")
        if not name:
            return
        yield name.removesuffix(".fits")
