"""This file holds what `read` gives: Spectrum, Image, Cube, LightCurve,
TargetPixels; nothing is converted.

Arrays are numpy's. Units are astropy units, or None where the file's text does not parse; the text
itself is always kept in `…_unit_text`. `mask` is True where a value must not be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from astropy.units import UnitBase
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from skyatlas.samp import Sent

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One 1-D spectrum, n samples, as the file holds it."""

    axis: Floats
    """Shape (n,): wavelength, frequency, energy or velocity in `axis_unit`."""
    flux: Floats
    """Shape (n,), in `flux_unit`."""
    sigma: Floats | None
    """Shape (n,): one standard deviation in `flux_unit`, or None."""
    mask: Booleans
    """Shape (n,): True = not to be used."""
    axis_unit: UnitBase | None
    flux_unit: UnitBase | None
    axis_unit_text: str
    flux_unit_text: str
    medium: Literal["air", "vacuum"] | None
    """What the wavelengths are in; None where the file does not say."""
    frame: str | None
    """Velocity reference as the file says it (SPECSYS): "BARYCENT", "HELIOCEN", "TOPOCENT" …"""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Header cards of the file, primary first."""
    name: str = ""
    """Which one of several: an order, an arm, a fibre."""

    def __len__(self) -> int:
        return len(self.axis)

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send it to the desktop tools that run: see `skyatlas.samp.send` for `to` and errors.

        It goes as a VOTable with units and utypes, from the folder `cache` (None: the user's).
        """
        from skyatlas.samp import files, send

        name = self.name or str(self.meta.get("OBJECT", "")) or "spectrum"
        path = files.of_spectrum(self, name, cache)
        return send("spectrum", path, name, to=to)


class SpectrumList(Sequence[Spectrum]):
    """Several spectra of one file: orders, arms, segments, fibres."""

    def __init__(self, spectra: Sequence[Spectrum]) -> None:
        self._spectra = tuple(spectra)

    @overload
    def __getitem__(self, index: int) -> Spectrum: ...
    @overload
    def __getitem__(self, index: slice) -> SpectrumList: ...
    def __getitem__(self, index: int | slice) -> Spectrum | SpectrumList:
        if isinstance(index, slice):
            return SpectrumList(self._spectra[index])
        return self._spectra[index]

    def __len__(self) -> int:
        return len(self._spectra)

    def __iter__(self) -> Iterator[Spectrum]:
        return iter(self._spectra)

    def __repr__(self) -> str:
        return f"SpectrumList({len(self)} spectra)"


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One 2-D image."""

    pixels: NDArray[Any]
    """Shape (ny, nx), FITS order: pixels[y, x]."""
    wcs: WCS | None
    """Celestial WCS of the pixels, or None."""
    unit: UnitBase | None
    unit_text: str
    sigma: NDArray[Any] | None
    """Shape (ny, nx): one standard deviation in `unit`, or None."""
    mask: Booleans
    """Shape (ny, nx): True = not to be used."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """EXTNAME or position of the HDU."""

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send it to the desktop tools that run: see `skyatlas.samp.send` for `to` and errors.

        It goes as FITS, from the folder `cache` (None: the user's).
        """
        return _broadcast(self, to, cache)


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """One 3-D cube: two sky axes and one spectral axis."""

    pixels: NDArray[Any]
    """Shape (nz, ny, nx): spectral, y, x."""
    wcs: WCS | None
    unit: UnitBase | None
    unit_text: str
    sigma: NDArray[Any] | None
    mask: Booleans
    meta: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def white(self) -> Image:
        """The mean over the spectral axis, masked samples left out: shape (ny, nx), same unit."""
        import warnings

        import numpy as np

        values = np.where(self.mask, np.nan, self.pixels.astype(np.float64))
        with warnings.catch_warnings():
            # A spaxel without any good sample gives NaN, which is then masked; numpy also warns.
            warnings.simplefilter("ignore", RuntimeWarning)
            flat = np.nanmean(values, axis=0)
        return Image(
            pixels=flat,
            wcs=self.wcs.celestial if self.wcs is not None else None,
            unit=self.unit,
            unit_text=self.unit_text,
            sigma=None,
            mask=~np.isfinite(flat),
            meta=self.meta,
            name=f"{self.name} (mean over wavelength)".strip(),
        )

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send it to the desktop tools that run, as `Image.broadcast` does."""
        return _broadcast(self, to, cache)


def _broadcast(data: Image | Cube, to: str | None, cache: Path | None) -> Sent:
    from skyatlas.samp import files, send

    name = str(data.meta.get("OBJECT", "")) or data.name or "image"
    path = files.of_pixels(data, name, cache)
    return send("image", path, name, to=to)


@dataclass(frozen=True, slots=True)
class FluxColumn:
    """One of the columns of a light curve that hold a flux."""

    unit: UnitBase | None
    unit_text: str
    sigma: str = ""
    """The column that holds its standard deviation; "" where none does."""


@dataclass(frozen=True, slots=True, eq=False)
class LightCurve:
    """One time series of one source, n cadences, in the order of the file."""

    time: Floats
    """Shape (n,): days, on `time_scale`, minus `time_offset`; NaN where a cadence has none."""
    time_scale: str | None
    """"tdb", "utc" … or None where the file does not say."""
    time_offset: float
    """Days to add to `time` to get a Julian date: 2457000 (BTJD, TESS), 2454833 (BKJD, Kepler)."""
    flux: Floats
    """Shape (n,), in `flux_unit`."""
    sigma: Floats | None
    """Shape (n,): one standard deviation in `flux_unit`, or None."""
    quality: NDArray[Any] | None
    """Shape (n,): the file's own flags, bit by bit as its author defines them; None: no flags."""
    mask: Booleans
    """Shape (n,): True = not to be used: no number, or flags that its author advises against."""
    flux_unit: UnitBase | None
    flux_unit_text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Header cards of the file, primary first."""
    name: str = ""
    """The target as the file says it: "TIC 261136679"."""
    mission: str = ""
    """"TESS", "Kepler", "K2" …"""
    author: str = ""
    """Who made it: "SPOC", "QLP", "K2SFF" …"""
    part: str = ""
    """"sector 1", "quarter 3", "campaign 5"; several joined: "sectors 1, 2"."""
    cadence: float | None = None
    """Seconds from one cadence to the next, as the file says it, else the median step."""
    flux_name: str = ""
    """The column that `flux` is: "PDCSAP_FLUX"."""
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Every column of the file, shape (n, …), values and types as they are there."""
    fluxes: Mapping[str, FluxColumn] = field(default_factory=dict)
    """Which of `columns` hold a flux: what `of` takes; the one that is meant comes first."""
    flagged: Booleans | None = None
    """Shape (n,): the part of `mask` that comes from flags; None: nobody flagged anything."""

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False)
class TargetPixels:
    """The pixels around one source over time: n cadences of ny × nx pixels."""

    time: Floats
    """Shape (n,), as in `LightCurve`."""
    time_scale: str | None
    time_offset: float
    flux: NDArray[Any]
    """Shape (n, ny, nx), in `flux_unit`; the file's own type."""
    sigma: NDArray[Any] | None
    """Shape (n, ny, nx), or None."""
    quality: NDArray[Any] | None
    """Shape (n,)."""
    mask: Booleans
    """Shape (n,): True = a cadence not to be used."""
    aperture: NDArray[np.int64] | None
    """Shape (ny, nx): the mission's bits (1: collected, 2: in the optimal aperture), or None."""
    wcs: WCS | None
    """Celestial WCS of the pixels, or None."""
    flux_unit: UnitBase | None
    flux_unit_text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    mission: str = ""
    author: str = ""
    part: str = ""
    cadence: float | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Contents:
    """A plain report of what is inside a file, also of one that cannot be read further."""

    kind: str
    """"spectrum", "image", "cube", "table", "VOTable", "not FITS" …"""
    lines: tuple[str, ...]
    """One sentence or table line each."""

    def __str__(self) -> str:
        return "\n".join((self.kind, *self.lines))
