"""This package holds what `read` gives: Spectrum, Image, Cube, LightCurve,
TargetPixels; nothing is converted.

Arrays are numpy's. Units are astropy units, or None where the file's text does not parse; the text
itself is always kept in `…_unit_text`. `mask` is True where a value must not be used.
"""

from skyatlas.dataset.contents import Contents
from skyatlas.dataset.images import Cube, Image
from skyatlas.dataset.series import FluxColumn, LightCurve, TargetPixels
from skyatlas.dataset.spectra import Spectrum, SpectrumList

__all__ = [
    "Contents",
    "Cube",
    "FluxColumn",
    "Image",
    "LightCurve",
    "Spectrum",
    "SpectrumList",
    "TargetPixels",
]
