"""This file finds the HDU that is meant to be looked at, and its error and quality beside it.

Layers belong together by name, version (EXTVER) and shape; nothing is paired by position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True)
class Layer:
    """One HDU with pixels, and where it is in the file."""

    hdu: Any
    number: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in numpy's order, without reading the pixels."""
        return tuple(self.hdu.shape)

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
    for name in names:
        for layer in image_layers(hdus):
            same = layer.hdu.name.upper() == name and layer.hdu.ver == science.hdu.ver
            if same and layer.number != science.number and layer.shape == science.shape:
                return layer
    return None


def pixels_of(layer: Layer) -> NDArray[Any]:
    """Return the pixels in the byte order of this machine; type and values are the file's."""
    import numpy as np

    values: NDArray[Any] = layer.hdu.data
    return np.asarray(values, dtype=values.dtype.newbyteorder("="))


def sigma_beside(hdus: HDUList, science: Layer) -> NDArray[np.float64] | None:
    """Return one standard deviation per pixel from an error, variance or inverse-variance layer."""
    if (layer := beside(hdus, science, SIGMA)) is not None:
        return as_floats(layer.hdu.data)
    if (layer := beside(hdus, science, VARIANCE)) is not None:
        return sigma_of_variance(layer.hdu.data)
    if (layer := beside(hdus, science, WEIGHT)) is not None:
        return sigma_of_weight(layer.hdu.data)
    return None


def mask_beside(hdus: HDUList, science: Layer, cards: Cards) -> NDArray[np.bool_]:
    """True where a pixel is not finite, its quality says bad, or its weight is zero."""
    import numpy as np

    mask: NDArray[np.bool_] = ~np.isfinite(science.hdu.data)
    if (layer := beside(hdus, science, QUALITY)) is not None:
        mask |= bad_quality(layer.hdu.data, cards)
    for names in (WEIGHT, COVERAGE):
        if (layer := beside(hdus, science, names)) is not None:
            mask |= ~(layer.hdu.data > 0)
    return mask
