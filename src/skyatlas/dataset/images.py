"""This file holds images and cubes; nothing is converted but where a method says so."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from astropy.io.fits import Header
    from astropy.nddata import CCDData
    from astropy.units import UnitBase
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from skyatlas.samp import Sent

    Booleans = NDArray[np.bool_]

ASINH = ("BSOFTEN", "BOFFSET")
"""The cards of pixels that are asinh-scaled: whole stacks of Pan-STARRS have them."""
POGSON = 1.0857362047581294
"""2.5 log10(e): magnitudes in one e-fold."""


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
    notes: tuple[str, ...] = ()
    """What whoever uses the pixels must know, a sentence each: "no WCS", "asinh-scaled" …"""
    zero_point: float | None = None
    """AB magnitude of one unit summed over the pixels, where the kind of file tells; else None."""

    @property
    def scale(self) -> float | None:
        """Arcsec in a pixel: the square root of its area at the reference point; None: no WCS."""
        if self.wcs is None:
            return None
        from astropy.wcs.utils import proj_plane_pixel_area

        return float(proj_plane_pixel_area(self.wcs.celestial) ** 0.5 * 3600)

    def linear(self) -> Image:
        """The same in linear units, where pixels are asinh-scaled; else itself.

        Whole stacks of Pan-STARRS are: L = BOFFSET + BSOFTEN (exp(C/a) - exp(-C/a)), where
        a = 2.5 log10(e); cutouts of its server are linear already and lack the two cards (IPP,
        "asinh compression"; STScI, "PS1 Image Cutout Service", on scaling). sigma follows.
        """
        cards = [self.meta.get(card) for card in ASINH]
        numbers = [float(value) for value in cards if isinstance(value, int | float)]
        if len(numbers) < len(ASINH):
            return self
        import numpy as np

        softening, offset = numbers
        scaled = self.pixels.astype(np.float64) / POGSON
        sigma = self.sigma
        if sigma is not None:
            sigma = 2 * softening * np.cosh(scaled) / POGSON * sigma
        return replace(
            self,
            pixels=offset + 2 * softening * np.sinh(scaled),
            sigma=sigma,
            meta={card: self.meta[card] for card in self.meta if card not in ASINH},
            notes=tuple(note for note in self.notes if not note.startswith("asinh-scaled")),
        )

    def to_ccddata(self) -> CCDData:
        """As `astropy.nddata.CCDData`: StdDevUncertainty, mask, WCS, unit, a Header as `meta`.

        A CCDData must have a unit: where the file has none that parses it is dimensionless, and
        `meta["BUNIT"]` is what the file says. COMMENT and HISTORY stay behind.
        """
        from astropy.nddata import CCDData, StdDevUncertainty
        from astropy.units import dimensionless_unscaled

        return CCDData(
            self.pixels,
            unit=dimensionless_unscaled if self.unit is None else self.unit,
            uncertainty=None if self.sigma is None else StdDevUncertainty(self.sigma),
            mask=self.mask,
            wcs=self.wcs,
            meta=_header_of(self.meta),
        )

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
    notes: tuple[str, ...] = ()
    """As in `Image`."""

    def __len__(self) -> int:
        return len(self.pixels)

    def plane(self, number: int) -> Image:
        """One plane as it is, from 0; negative numbers count from the end, as in Python.

        Its name says where on the spectral axis it lies. Raises `BadInput` where there is no such
        plane.
        """
        count = len(self)
        if not -count <= number < count:
            raise BadInput(f"There is no plane {number}: {self.name} has planes 0 to {count - 1}.")
        number %= count
        where = "" if self.wcs is None else _spectral_words(self.wcs.spectral, number)
        return Image(
            pixels=self.pixels[number],
            wcs=self._sky(),
            unit=self.unit,
            unit_text=self.unit_text,
            sigma=None if self.sigma is None else self.sigma[number],
            mask=self.mask[number],
            meta=self.meta,
            name=f"{self.name} plane {number}{where}".strip(),
            notes=self.notes,
        )

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
            wcs=self._sky(),
            unit=self.unit,
            unit_text=self.unit_text,
            sigma=None,
            mask=~np.isfinite(flat),
            meta=self.meta,
            name=f"{self.name} (mean over wavelength)".strip(),
            notes=self.notes,
        )

    def _sky(self) -> WCS | None:
        """The WCS of the first two axes, in their order (`wcs.celestial` puts longitude first)."""
        return None if self.wcs is None else self.wcs.sub([1, 2])

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send it to the desktop tools that run, as `Image.broadcast` does."""
        return _broadcast(self, to, cache)


def _header_of(meta: Mapping[str, Any]) -> Header:
    """Cards as astropy's Header, without those that FITS cannot hold."""
    import warnings

    from astropy.io.fits import Header

    header = Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ESO's long keywords, which become HIERARCH cards
        for card, value in meta.items():
            if card not in {"COMMENT", "HISTORY", ""}:
                with suppress(ValueError):
                    header[card] = value
    return header


def _spectral_words(wcs: WCS, number: int) -> str:
    """Where a plane lies, with the unit of the WCS (metres, hertz): " (5.253e-07 m)"."""
    value = float(wcs.pixel_to_world_values(number))
    return f" ({value:.6g} {wcs.world_axis_units[0]})"


def _broadcast(data: Image | Cube, to: str | None, cache: Path | None) -> Sent:
    from skyatlas.samp import files, send

    name = str(data.meta.get("OBJECT", "")) or data.name or "image"
    path = files.of_pixels(data, name, cache)
    return send("image", path, name, to=to)
