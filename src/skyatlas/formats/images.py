"""This file reads images and cubes: pixels as they are, with the WCS of the axes that are left.

Axes of length 1 beyond the second are dropped (ALMA writes four axes). What has a spectral axis
but is no cube, or a third axis that is not spectral, is refused with a sentence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Cube, Image
from skyatlas.errors import FormatError
from skyatlas.formats import layers, panstarrs, sloan
from skyatlas.formats.axes import is_spectral, stem_of
from skyatlas.formats.cards import Cards
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astropy.io.fits import HDUList, Header
    from astropy.units import UnitBase
    from astropy.wcs import WCS
    from numpy.typing import NDArray

SOLAR = frozenset({"HPLN", "HPLT", "HGLN", "HGLT", "CRLN", "CRLT", "HPRN", "HPRT"})
"""Stems of CTYPE for the Sun: Thompson 2006, A&A 449, 791, table 1."""
DISPERSED = ("DC-FLAG", "COEFF0", "ESO DRS CAL TH DEG LL", "WFITTYPE")
"""Cards that only spectra have: IRAF, SDSS, HARPS e2ds."""


def image_or_cube(hdus: HDUList, layer: str | None = None) -> Image | Cube | None:
    """Return the image or cube of the science layer, or of the one that is named.

    None where the file has no pixels; `BadInput` where it has no layer of that name.
    """
    science = layers.science_layer(hdus) if layer is None else layers.named_layer(hdus, layer)
    if science is None or len(science.shape) < 2:
        return None
    cards = Cards(hdus[0].header, science.hdu.header)
    kept = _kept_axes(science.hdu.header)
    spectral = [number for number in kept if is_spectral(cards.text(f"CTYPE{number}"))]
    if len(kept) == 2:
        image = _image(hdus, science, kept, cards)
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


def _image(hdus: HDUList, science: layers.Layer, kept: Sequence[int], cards: Cards) -> Image:
    """The image with what its survey tells of it elsewhere than in names of HDUs."""
    image = Image(**_parts(hdus, science, kept, cards))
    if (frame := sloan.frame_of(hdus, science, cards)) is not None:
        sigma = sloan.sigma_of(frame, image.pixels, cards)
        return replace(
            image,
            unit_text=image.unit_text or sloan.UNIT,
            unit=image.unit or parse_unit(sloan.UNIT),
            sigma=sigma,
            notes=image.notes if sigma is not None else (*image.notes, sloan.NO_PLACE),
            zero_point=sloan.ZERO_POINT,
        )
    note = panstarrs.scaling_note(cards)
    in_nanomaggies = image.unit is not None and image.unit == parse_unit(sloan.UNIT)
    return replace(
        image,
        notes=(*image.notes, note) if note else image.notes,
        zero_point=sloan.ZERO_POINT if in_nanomaggies else panstarrs.zero_point_of(cards),
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
    wcs, note = sky_of(hdus, science.hdu.header, kept)
    others = len(layers.siblings(hdus, science))
    several = f"one of {others} images in the file" if others > 1 else ""
    return {
        "pixels": turned(layers.pixels_of(science)),
        "wcs": wcs,
        "unit": parse_unit(unit_text),
        "unit_text": unit_text,
        "sigma": turned(layers.sigma_beside(hdus, science)),
        "mask": turned(layers.mask_beside(hdus, science, cards)),
        "meta": cards,
        "name": science.name,
        "notes": tuple(filter(None, (note, several))),
    }


def _with_axes(values: NDArray[Any], kept: Sequence[int]) -> NDArray[Any]:
    """Drop the axes that are not kept (they have length 1) and bring the others into order."""
    count = values.ndim
    dropped = [number for number in range(1, count + 1) if number not in kept]
    order = [count - number for number in (*dropped, *reversed(kept))]
    return values.transpose(order).reshape([values.shape[axis] for axis in order[len(dropped) :]])


def wcs_of(hdus: HDUList, header: Header, kept: Sequence[int]) -> WCS | None:
    """Return the WCS of the kept axes, or None where none on the sky is given or usable."""
    return sky_of(hdus, header, kept)[0]


def sky_of(hdus: HDUList, header: Header, kept: Sequence[int]) -> tuple[WCS | None, str]:
    """Return the WCS of the kept axes, and what must be known of it, or why there is none."""
    import numpy as np
    from astropy.wcs import WCS

    try:
        # The whole file goes along: HST and others keep distortion tables in other HDUs.
        wcs = WCS(header, hdus)
        if list(kept) != list(range(1, wcs.naxis + 1)):
            wcs = wcs.sub(list(kept))
        if not wcs.has_celestial:
            return None, "no WCS: the header has no axes on the sky"
        middle = [header[f"NAXIS{number}"] / 2 for number in kept]
        if not np.isfinite(wcs.wcs_pix2world([middle], 0)).all():
            return None, "the WCS cannot be used: the middle of the image is nowhere on the sky"
    except (ValueError, KeyError, TypeError, IndexError, AssertionError, MemoryError) as problem:
        # wcslib's errors are ValueErrors. The pixels are good without a position.
        return None, f"the WCS cannot be used: {_sentence(problem)}"
    stems = [str(ctype)[:4] for ctype in wcs.wcs.ctype]
    if SOLAR & set(stems):
        return wcs, f"the WCS is of the Sun ({stems[0]}, {stems[1]}), not of the sky"
    return wcs, ""


def _sentence(problem: Exception) -> str:
    """What wcslib says last: the lines before it name its C functions."""
    lines = [line.strip(" .") for line in str(problem).splitlines() if line.strip(" .")]
    return lines[-1] if lines else type(problem).__name__


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
