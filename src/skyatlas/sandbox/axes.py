"""This file finds the axes of a FITS file: what kind of data, where on the sky, which wavelengths.

Degrees ICRS and metres. What does not parse is None: an archive lists odd files too.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.sky import Position

if TYPE_CHECKING:
    from astropy.io import fits

# What astropy and the decompressors raise on files that are not what they claim to be.
BROKEN = (
    OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError,
    EOFError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
_WAVES = {"WAVE", "WAVELENGTH", "LAMBDA", "WAVELENGTH_AIR", "WAVE_AIR", "LAM", "WL", "LOGLAM",
          "LOG_LAM", "WAVELENGTHS"}  # fmt: skip
_METRES = {"m": 1.0, "nm": 1e-9, "nanometer": 1e-9, "angstrom": 1e-10, "angstroms": 1e-10,
           "a": 1e-10, "um": 1e-6, "micron": 1e-6, "microns": 1e-6, "micrometer": 1e-6}  # fmt: skip
_EQUATORIAL = ("RA", "DEC", "GLON", "GLAT", "ELON", "ELAT")
_SPECTRAL = ("WAVE", "AWAV", "LAMBDA", "MULTISPE", "FREQ", "VELO")
_SANE = (1e-9, 1.0)  # metres: what a wavelength may be
_CATEGORIES = (("SPECTRUM", "spectrum"), ("CUBE", "cube"), ("IMAGE", "image"),
               ("SRCTBL", "measurements"), ("CATALOG", "measurements"),
               ("VISIBILITY", "visibility"), ("LIGHTCURVE", "timeseries"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture is."""

    centre: Position
    corners: tuple[Position, ...]
    """The outer corners of the corner pixels; () where one of them is off the sky."""


def picture(hdus: fits.HDUList) -> Picture | None:
    """The first HDU with pixels and a celestial WCS, or None."""
    for hdu in hdus:
        shape = _shape(hdu)
        kinds = [str(hdu.header.get(f"CTYPE{axis}", "")) for axis in (1, 2)]
        if len(shape) < 2 or not all(kind.startswith(_EQUATORIAL) for kind in kinds):
            continue
        try:
            found = _placed(hdu, hdus, shape[-1], shape[-2])
        except BROKEN:
            continue  # coordinates that do not parse: the keywords may still say a position
        if found is not None:
            return found
    return None


def _placed(hdu: Any, hdus: fits.HDUList, width: int, height: int) -> Picture | None:
    from astropy.wcs import WCS
    from astropy.wcs.utils import pixel_to_skycoord

    wcs = WCS(hdu.header, fobj=hdus).celestial
    middle = ((width - 1) / 2, (height - 1) / 2)
    edges = [(-0.5, -0.5), (-0.5, height - 0.5), (width - 0.5, height - 0.5), (width - 0.5, -0.5)]
    x, y = zip(middle, *edges, strict=True)
    sky = pixel_to_skycoord(x, y, wcs).icrs
    places = [(float(ra), float(dec)) for ra, dec in zip(sky.ra.deg, sky.dec.deg, strict=True)]
    if not all(map(math.isfinite, places[0])):
        return None
    whole = all(math.isfinite(angle) for place in places for angle in place)
    return Picture(places[0], tuple(places[1:]) if whole else ())


def _shape(hdu: Any) -> tuple[int, ...]:
    """Of an image HDU, slowest axis first, axes of length 1 in front left out; () for others."""
    from astropy.io import fits

    if not isinstance(hdu, (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)):
        return ()
    shape = tuple(int(length) for length in hdu.shape)
    while shape and shape[0] == 1:
        shape = shape[1:]
    return () if 0 in shape else shape


def _columns(hdu: Any) -> dict[str, str]:
    """Column names in capitals, with their units."""
    from astropy.io import fits

    if not isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)):
        return {}
    return {str(column.name).upper(): str(column.unit or "") for column in hdu.columns}


def kind(hdus: fits.HDUList, category: str) -> str:
    """ObsCore's dataproduct_type: as the category says, else as the first data look."""
    for word, found in _CATEGORIES:
        if word in category.upper():
            return found
    for hdu in hdus:
        shape = _shape(hdu)
        if len(shape) >= 3:
            return "cube"
        if len(shape) == 2:
            return "image" if _square(hdu, shape) else "spectrum"
        if len(shape) == 1:
            return "spectrum"
        columns = _columns(hdu)
        if columns:
            return _kind_of_table(set(columns))
    return "measurements"


def _square(hdu: Any, shape: Sequence[int]) -> bool:
    """Whether two axes are a picture; a few rows along wavelength are spectra."""
    axis = str(hdu.header.get("CTYPE1", "")).upper()
    if axis.startswith(_SPECTRAL):
        return False
    return axis.startswith(_EQUATORIAL) or shape[0] > 16


def _kind_of_table(columns: set[str]) -> str:
    if "TIME" in columns and any("FLUX" in name for name in columns):
        return "timeseries"
    return "spectrum" if columns & _WAVES else "measurements"


def wavelengths(
    hdus: fits.HDUList, headers: Sequence[fits.Header]
) -> tuple[float | None, float | None]:
    """Shortest and longest wavelength in metres: as the header says, else as the data show."""
    said = [(h.get("WAVELMIN"), h.get("WAVELMAX")) for h in headers]
    for low, high in said:
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            return _sane(low * 1e-9, high * 1e-9)  # ESO's standard: nm
    for found in _ranges(hdus):
        low_metres, high_metres = _sane(*found)
        if low_metres is not None:
            return low_metres, high_metres
    return None, None


def _sane(low: float, high: float) -> tuple[float | None, float | None]:
    low, high = min(low, high), max(low, high)
    return (low, high) if _SANE[0] < low <= high < _SANE[1] else (None, None)


def _ranges(hdus: fits.HDUList) -> Iterator[tuple[float, float]]:
    for hdu in hdus:
        columns = _columns(hdu)
        for name in columns.keys() & _WAVES:
            yield from _range_of_column(hdu, name, columns[name])
        shape = _shape(hdu)
        if shape:
            yield from _range_of_axis(hdu.header, shape)


def _range_of_column(hdu: Any, name: str, unit: str) -> Iterator[tuple[float, float]]:
    import numpy as np

    values = np.asarray(hdu.data[name], dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return
    if name in {"LOGLAM", "LOG_LAM"}:  # SDSS: log10 of Angstrom
        yield 10.0 ** float(values.min()) * 1e-10, 10.0 ** float(values.max()) * 1e-10
        return
    values = values[values > 0.0]
    factor = _METRES.get(unit.strip().lower())
    if factor is not None and len(values):
        yield float(values.min()) * factor, float(values.max()) * factor


def _range_of_axis(header: fits.Header, shape: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Of a linear spectral axis: the third of a cube, the first of anything thinner."""
    axis = 3 if len(shape) >= 3 else 1
    length = shape[-axis]
    factor = _METRES.get(str(header.get(f"CUNIT{axis}", "")).strip().lower())
    step = header.get(f"CD{axis}_{axis}", header.get(f"CDELT{axis}"))
    start = header.get(f"CRVAL{axis}")
    if factor is None or not isinstance(step, (int, float)) or not isinstance(start, (int, float)):
        return
    reference = float(header.get(f"CRPIX{axis}", 1.0))
    ends = [(start + (pixel - reference) * step) for pixel in (1, length)]
    if header.get("DC-FLAG") == 1:  # IRAF: the axis counts log10 of wavelength
        ends = [10.0**end for end in ends]
    yield ends[0] * factor, ends[1] * factor
