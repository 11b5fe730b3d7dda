"""This file is `describe`: what any file holds, in plain words, whether skyatlas reads it or not.

It never raises for a file that can be opened: what is wrong with it is part of the answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import (
    Contents,
    Cube,
    Image,
    LightCurve,
    Spectrum,
    SpectrumList,
    TargetPixels,
)
from skyatlas.errors import FormatError
from skyatlas.formats.cards import Cards
from skyatlas.formats.documents import describe_document
from skyatlas.formats.logbook import lines_of, title_of
from skyatlas.formats.opening import first_bytes, opened, unwrapped, wrapping_of
from skyatlas.formats.reading import read_hdus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astropy.io.fits import HDUList

Data = Image | Cube | Spectrum | SpectrumList | LightCurve | TargetPixels

HEADLINES = (
    ("object", ("OBJECT", "TARGNAME", "ESO OBS TARG NAME")),
    ("telescope", ("TELESCOP",)),
    ("instrument", ("INSTRUME",)),
    ("filter", ("FILTER", "FILTER1", "FILTERS", "ESO INS FILT1 NAME", "BAND")),
    ("date", ("DATE-OBS", "DATE_OBS")),
    ("program", ("PROG_ID", "ESO OBS PROG ID", "PROPOSID", "PROGRAM")),
)
EXPOSURE = ("EXPTIME", "TEXPTIME", "EXPOSURE", "EFFEXPTM")
"""Seconds, in all archives that the project knows."""


def describe(path: str | Path) -> Contents:
    """Say what is inside a file: its kind, and a sentence or table line for each thing in it.

    For FITS: object, instrument, date, exposure, program, what `read` gives (axis range with its
    unit and medium, samples, pixel scale, position; of a light curve the target, the dates, how
    many cadences are good, the flux, the gaps) and the table of HDUs. VOTables, HTML, text,
    compressed files, folders and damaged files are named as such. Raises `BadInput` only where
    there is no such file.
    """
    path = Path(path)
    if path.is_dir():
        count = sum(1 for _ in path.iterdir())
        return Contents("folder", (f"{path.name} holds {count} files or folders.",))
    try:
        wrapping = wrapping_of(first_bytes(path))
        body = unwrapped(path)
        fits = body.startswith(b"SIMPLE")
        contents = _describe_fits(path) if fits else describe_document(body)
    except FormatError as problem:
        return Contents("unreadable", (str(problem),))
    if wrapping is None:
        return contents
    words = f"{wrapping} compression around {len(body)} bytes"
    return Contents(contents.kind, (*contents.lines, words))


def _describe_fits(path: Path) -> Contents:
    with opened(path) as hdus:
        try:
            data: Data | None = read_hdus(hdus)
            problem = ""
        except FormatError as error:
            data, problem = None, f"not read: {error}"
        kind = "FITS" if data is None else _kind(data)
        cards = Cards(*(hdu.header for hdu in reversed(hdus[:2])))  # the primary's card wins
        told = _headlines(cards, isinstance(data, LightCurve | TargetPixels))
        lines = [*told, *([problem] if problem else []), *_about(data), *_table(hdus)]
    return Contents(kind, tuple(lines))


def _kind(data: Data) -> str:
    if isinstance(data, SpectrumList):
        return "spectra"
    if isinstance(data, LightCurve | TargetPixels):
        return title_of(data)
    return type(data).__name__.lower()


def _headlines(cards: Cards, series: bool) -> Iterator[str]:
    for title, keywords in HEADLINES:
        if value := cards.text(*keywords) or _as_text(cards.number(*keywords)):
            yield f"{title}: {value}"
    # EXPOSURE of TESS and Kepler is the time on the source in all, in days.
    if not series and (seconds := cards.number(*EXPOSURE)) is not None:
        yield f"exposure: {seconds:g} s"
    ra, dec = cards.number("RA"), cards.number("DEC")
    if ra is not None and dec is not None:
        yield f"pointing: RA {ra:.5f}, Dec {dec:+.5f} (RA and DEC cards)"


def _as_text(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _about(data: Data | None) -> Iterator[str]:
    if isinstance(data, SpectrumList):
        yield f"{len(data)} spectra"
        for part in data[:10]:
            yield f"  {part.name or 'without a name'}: {_range(part)}"
        if len(data) > 10:
            yield f"  and {len(data) - 10} more"
    elif isinstance(data, Spectrum):
        yield f"axis: {_range(data)}"
        yield f"medium: {data.medium or 'not stated'}; frame: {data.frame or 'not stated'}"
        yield f"flux unit: {data.flux_unit_text or 'not stated'}; {_error_and_mask(data)}"
    elif isinstance(data, LightCurve | TargetPixels):
        yield from lines_of(data)
    elif data is not None:
        yield from _about_pixels(data)


def _range(spectrum: Spectrum) -> str:
    import numpy as np

    unit = spectrum.axis_unit_text or "(unit not stated)"
    low, high = np.nanmin(spectrum.axis), np.nanmax(spectrum.axis)
    return f"{low:.6g} to {high:.6g} {unit}, {len(spectrum)} samples"


def _error_and_mask(data: Spectrum | Image | Cube) -> str:
    errors = "errors given" if data.sigma is not None else "no errors"
    return f"{errors}; {int(data.mask.sum())} of {data.mask.size} masked"


def _about_pixels(data: Image | Cube) -> Iterator[str]:
    lengths = " x ".join(str(length) for length in reversed(data.pixels.shape))
    yield f"pixels: {lengths} ({data.name}), unit: {data.unit_text or 'not stated'}"
    yield _error_and_mask(data)
    if data.wcs is not None:
        sky = data.wcs if isinstance(data, Image) else data.wcs.sub([1, 2])
        yield from _on_the_sky(sky, data.pixels.shape[-2:])
    if isinstance(data, Image) and data.zero_point is not None:
        yield f"zero point: {data.zero_point:.4g} mag (AB) for one unit"
    if isinstance(data, Cube) and data.wcs is not None:
        spectral = data.wcs.spectral
        ends = spectral.pixel_to_world_values([0, data.pixels.shape[0] - 1])
        scale, unit = _readable(float(ends[-1]), spectral.world_axis_units[0])
        kind = spectral.wcs.ctype[0]
        yield f"spectral axis: {ends[0] * scale:.6g} to {ends[-1] * scale:.6g} {unit} ({kind})"
    yield from (f"note: {note}" for note in data.notes)


def _readable(value: float, unit: str) -> tuple[float, str]:
    """Factor and unit in which people read it: astropy's WCS gives metres and hertz."""
    if unit == "m":
        return (1e9, "nm") if value < 2e-6 else (1e6, "um") if value < 1e-3 else (1e3, "mm")
    return (1e-9, "GHz") if unit == "Hz" and value > 1e9 else (1.0, unit)


def _on_the_sky(wcs: Any, shape: tuple[int, ...]) -> Iterator[str]:
    from astropy.wcs.utils import proj_plane_pixel_scales

    scales = [float(scale) * 3600 for scale in proj_plane_pixel_scales(wcs)]
    middle = wcs.pixel_to_world_values((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    names = [str(name).partition("-")[0] for name in wcs.wcs.ctype]
    place = ", ".join(f"{n} {float(v):.5f}" for n, v in zip(names, middle, strict=True))
    yield f"centre: {place} deg; pixel scale: {scales[0]:.4g} x {scales[1]:.4g} arcsec"
    wide, high = shape[1] * scales[0] / 60, shape[0] * scales[1] / 60
    yield f"size: {wide:.4g} x {high:.4g} arcmin"


def _table(hdus: HDUList) -> Iterator[str]:
    yield "HDU  name              type        shape"
    for number, hdu in enumerate(hdus):
        if hdu.is_image:
            shape = " x ".join(str(length) for length in reversed(hdu.shape)) or "no data"
            kind = "image"
        else:
            names = ", ".join(str(column.name) for column in hdu.columns[:6])
            more = " …" if len(hdu.columns) > 6 else ""
            shape = f"{hdu.header['NAXIS2']} rows x {len(hdu.columns)} columns: {names}{more}"
            kind = "table"
        yield f"{number:3d}  {hdu.name:16.16s}  {kind:10s}  {shape}"
