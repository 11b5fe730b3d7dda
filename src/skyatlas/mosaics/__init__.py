"""This room makes one image of several: cut where one is enough, put together where not.

A piece that is cut has the pixels of the image; a mosaic has interpolated ones, and says so.
"""

from skyatlas.mosaics.cutting import cut
from skyatlas.mosaics.merging import Mosaic, mosaic

__all__ = ["Mosaic", "cut", "mosaic"]
