"""This package turns people's words into the values of `model`; what makes no sense is refused.

Every function raises BadInput with one sentence that says how to write it. astropy is imported only
where an astropy object has to be converted.
"""

from skyatlas.words.dates import time
from skyatlas.words.filters import calib_level, kinds, radius, rectangle
from skyatlas.words.places import position
from skyatlas.words.spectral import band

__all__ = ["band", "calib_level", "kinds", "position", "radius", "rectangle", "time"]
