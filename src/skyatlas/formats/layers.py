"""This file finds the HDU that is meant to be looked at, and its error and quality beside it.

Layers belong together by name, version (EXTVER) and shape; nothing is paired by position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput
from skyatlas.formats.samples import as_floats
from skyatlas.formats.tables import bad_quality, sigma_of_variance, sigma_of_weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from astropy.io.fits import HDUList
    from numpy.typing import NDArray

    from skyatlas.formats.cards import Cards

SCIENCE = ("SCI", "DATA", "FLUX", "SCIENCE", "SIGNAL", "IMAGE")
SIGMA = ("ERR", "ERROR", "ERRS", "ERRORS", "SIGMA", "UNCERT", "UNCERTAINTY", "RMS", "NOISE")
VARIANCE = ("STAT", "VAR", "VARIANCE")
WEIGHT = ("IVAR", "INVVAR")
QUALITY = ("DQ", "QUALITY", "QUAL", "MASK", "MSK", "BPM")
COVERAGE = ("WGT", "WHT", "WEIGHT")
"""Weight maps: zero means no data. Their scale is not told, so they give no sigma."""
WAVELENGTH = ("WAVE", "WAVELENGTH", "LAMBDA", "WAVL")
OTHER = ("CTX", "CON", "SAMP", "TIME", "EXP", "D2IMARR", "WCSDVARR", "ASDF", "AREA")
"""More that is no image of the sky: contexts, samples, times, tables of distortion."""
ROLES = frozenset((*SIGMA, *VARIANCE, *WEIGHT, *QUALITY, *COVERAGE, *WAVELENGTH, *OTHER))


@dataclass(frozen=True, slots=True)
class Layer:
    """One HDU with pixels, and where it is in the file."""

    hdu: Any
    number: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in numpy's order, without reading the pixels."""
        return _constant_shape(self.hdu) or tuple(self.hdu.shape)

    @property
    def data(self) -> NDArray[Any]:
        """The pixels; written out where the file says only that all are the same."""
        import numpy as np

        if shape := _constant_shape(self.hdu):
            return np.full(shape, self.hdu.header["PIXVALUE"])
        values: NDArray[Any] = self.hdu.data
        return values

    @property
    def name(self) -> str:
        """EXTNAME with EXTVER where it is given ("SCI,1"), or "HDU 0"."""
        header = self.hdu.header
        if "EXTNAME" not in header:
            return f"HDU {self.number}"
        return f"{self.hdu.name},{header['EXTVER']}" if "EXTVER" in header else str(self.hdu.name)


def image_layers(hdus: HDUList) -> Iterator[Layer]:
    """Yield all HDUs that hold pixels, tile-compressed ones too, in the order of the file."""
    from astropy.io.fits import GroupsHDU

    for number, hdu in enumerate(hdus):
        if hdu.is_image and not isinstance(hdu, GroupsHDU) and hdu.shape and 0 not in hdu.shape:
            yield Layer(hdu, number)


def _constant_shape(hdu: Any) -> tuple[int, ...]:
    """The shape of an HDU whose pixels are all PIXVALUE and not written; () for any other.

    So HST leaves errors and flags out where there are none ("constant arrays": HST Data Handbook,
    section 2.2, on IMSETs with NPIX1, NPIX2 and PIXVALUE).
    """
    header = hdu.header
    lengths = tuple(header.get(card) for card in ("NPIX2", "NPIX1"))
    if header.get("NAXIS") != 0 or not isinstance(header.get("PIXVALUE"), int | float):
        return ()
    return lengths if all(isinstance(n, int) and n > 0 for n in lengths) else ()


def named_layer(hdus: HDUList, name: str) -> Layer:
    """Return the layer that is asked for: "SCI,2", "SCI" or the number of the HDU, "3".

    Raises `BadInput` with the names that there are.
    """
    layers = list(image_layers(hdus))
    word = name.strip().upper()
    for layer in layers:
        names = {layer.name.upper(), str(layer.number), f"HDU {layer.number}"}
        if word in names or word == f"{layer.hdu.name},{layer.hdu.ver}".upper():
            return layer
    for layer in layers:
        if word == layer.hdu.name.upper():
            return layer
    there = ", ".join(layer.name for layer in layers) or "none"
    raise BadInput(f"There is no layer {name!r} with pixels in this file; there are: {there}.")


def siblings(hdus: HDUList, science: Layer) -> list[Layer]:
    """Return the layers that `read` could as well have taken, this one among them."""
    layers = [layer for layer in image_layers(hdus) if len(layer.shape) > 1]
    name = science.hdu.name.upper()
    if name in SCIENCE:
        return [layer for layer in layers if layer.hdu.name.upper() == name]
    return [layer for layer in layers if layer.hdu.name.upper() not in ROLES]


def science_layer(hdus: HDUList) -> Layer | None:
    """Return the layer that is meant: by name, else the first with two axes, else the first."""
    layers = list(image_layers(hdus))
    for name in SCIENCE:
        for layer in layers:
            if layer.hdu.name.upper() == name:
                return layer
    several_axes = [layer for layer in layers if len(layer.shape) > 1]
    return next(iter(several_axes or layers), None)


def beside(hdus: HDUList, science: Layer, names: Sequence[str]) -> Layer | None:
    """Return the layer of one of these names with the shape and version of the science layer."""
    constant = [
        Layer(hdu, n) for n, hdu in enumerate(hdus) if hdu.is_image and _constant_shape(hdu)
    ]
    for name in names:
        for layer in (*image_layers(hdus), *constant):
            same = layer.hdu.name.upper() == name and layer.hdu.ver == science.hdu.ver
            if same and layer.number != science.number and layer.shape == science.shape:
                return layer
    return None


def pixels_of(layer: Layer) -> NDArray[Any]:
    """Return the pixels in the byte order of this machine; type and values are the file's."""
    import numpy as np

    values = layer.data
    return np.asarray(values, dtype=values.dtype.newbyteorder("="))


def sigma_beside(hdus: HDUList, science: Layer) -> NDArray[np.float64] | None:
    """Return one standard deviation per pixel from an error, variance or inverse-variance layer."""
    if (layer := beside(hdus, science, SIGMA)) is not None:
        return as_floats(layer.data)
    if (layer := beside(hdus, science, VARIANCE)) is not None:
        return sigma_of_variance(layer.data)
    if (layer := beside(hdus, science, WEIGHT)) is not None:
        return sigma_of_weight(layer.data)
    return None


def mask_beside(hdus: HDUList, science: Layer, cards: Cards) -> NDArray[np.bool_]:
    """True where a pixel is not finite, its quality says bad, or its weight is zero."""
    import numpy as np

    mask: NDArray[np.bool_] = ~np.isfinite(science.hdu.data)
    if (layer := beside(hdus, science, QUALITY)) is not None:
        mask |= bad_quality(layer.data, cards)
    for names in (WEIGHT, COVERAGE):
        if (layer := beside(hdus, science, names)) is not None:
            mask |= ~(layer.data > 0)
    return mask
