"""This file reads images and cubes: pixels as they are, with the WCS of the axes that are left.

Axes of length 1 beyond the second are dropped (ALMA writes four axes). What has a spectral axis
but is no cube, or a third axis that is not spectral, is refused with a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Image
from skyatlas.errors import FormatError
from skyatlas.formats import layers
from skyatlas.formats.axes import is_spectral, stem_of
from skyatlas.formats.cards import Cards
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astropy.io.fits import HDUList, Header
    from astropy.units import UnitBase
    from astropy.wcs import WCS
    from numpy.typing import NDArray

DISPERSED = ("DC-FLAG", "COEFF0", "ESO DRS CAL TH DEG LL", "WFITTYPE")
"""Cards that only spectra have: IRAF, SDSS, HARPS e2ds."""


def image_or_cube(hdus: HDUList) -> Image | Cube | None:
    """Return the image or cube of the science layer; None where the file has no pixels."""
    science = layers.science_layer(hdus)
    if science is None or len(science.shape) < 2:
        return None
    cards = Cards(hdus[0].header, science.hdu.header)
    kept = _kept_axes(science.hdu.header)
    spectral = [number for number in kept if is_spectral(cards.text(f"CTYPE{number}"))]
    if len(kept) == 2:
        image = Image(**_parts(hdus, science, kept, cards))
        _refuse_dispersed(hdus, science, image, bool(spectral))
        return image
    if len(kept) == 3 and len(spectral) == 1:
        # Sky axes first: FITS axes (x, y, spectral) are numpy's (spectral, y, x).
        order = [number for number in kept if number not in spectral] + spectral
        return Cube(**_parts(hdus, science, order, cards))
    lengths = " x ".join(str(length) for length in reversed(science.shape))
    raise FormatError(
        f"{science.name} is an array of {lengths} numbers whose axes are not two on the sky and one"
        " spectral; skyatlas reads images and spectral cubes."
    )


def _kept_axes(header: Header) -> list[int]:
    """FITS axis numbers, from 1: the first two, and others that are longer than 1."""
    count = header["NAXIS"]
    return [number for number in range(1, count + 1) if number <= 2 or header[f"NAXIS{number}"] > 1]


def _parts(
    hdus: HDUList, science: layers.Layer, kept: Sequence[int], cards: Cards
) -> dict[str, Any]:
    def turned(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else _with_axes(values, kept)

    unit_text = cards.text("BUNIT")
    return {
        "pixels": turned(layers.pixels_of(science)),
        "wcs": wcs_of(hdus, science.hdu.header, kept),
        "unit": parse_unit(unit_text),
        "unit_text": unit_text,
        "sigma": turned(layers.sigma_beside(hdus, science)),
        "mask": turned(layers.mask_beside(hdus, science, cards)),
        "meta": cards,
        "name": science.name,
    }


def _with_axes(values: NDArray[Any], kept: Sequence[int]) -> NDArray[Any]:
    """Drop the axes that are not kept (they have length 1) and bring the others into order."""
    count = values.ndim
    dropped = [number for number in range(1, count + 1) if number not in kept]
    order = [count - number for number in (*dropped, *reversed(kept))]
    return values.transpose(order).reshape([values.shape[axis] for axis in order[len(dropped) :]])


def wcs_of(hdus: HDUList, header: Header, kept: Sequence[int]) -> WCS | None:
    """Return the WCS of the kept axes, or None where none on the sky is given or usable."""
    import numpy as np
    from astropy.wcs import WCS

    try:
        # The whole file goes along: HST and others keep distortion tables in other HDUs.
        wcs = WCS(header, hdus)
        if list(kept) != list(range(1, wcs.naxis + 1)):
            wcs = wcs.sub(list(kept))
        if not wcs.has_celestial:
            return None
        middle = [header[f"NAXIS{number}"] / 2 for number in kept]
        return wcs if np.isfinite(wcs.wcs_pix2world([middle], 0)).all() else None
    except (ValueError, KeyError, TypeError, IndexError, AssertionError, MemoryError):
        # wcslib's errors are ValueErrors. The pixels are good without a position.
        return None


def _refuse_dispersed(
    hdus: HDUList, science: layers.Layer, image: Image, has_spectral_axis: bool
) -> None:
    """Refuse 2-D arrays of spectra: as an image they would be wrong, as spectra not read yet."""
    cards = Cards(hdus[0].header, science.hdu.header)
    why = ""
    if has_spectral_axis:
        why = f"CTYPE {cards.text('CTYPE1')} and {cards.text('CTYPE2')}"
    elif stem_of(cards.text("CTYPE1")) in {"MULTISPE", "LOGLIN"}:
        why = f"CTYPE1 = {cards.text('CTYPE1')}"
    elif card := next((card for card in DISPERSED if card in cards), ""):
        why = f"the card {card}"
    elif array := _wavelengths(hdus):
        why = f"wavelengths in {array.name}"
    elif image.wcs is None and image.unit is not None and _is_per_wavelength(image.unit):
        why = f"BUNIT = {image.unit_text}"
    if why:
        rows, columns = image.pixels.shape
        raise FormatError(
            f"{science.name} holds {rows} rows of {columns} samples of spectra ({why});"
            " skyatlas does not read this layout yet."
        )


def _wavelengths(hdus: HDUList) -> layers.Layer | None:
    for layer in layers.image_layers(hdus):
        words = f"{layer.hdu.name} {layer.hdu.header.get('BUNIT', '')}".upper()
        if any(name in words for name in ("WAVELENGTH", "WAVL", "_WAVE", "WAVE ")):
            return layer
    return None


def _is_per_wavelength(unit: UnitBase) -> bool:
    return "spectral flux density wav" in unit.physical_type
