"""This room knows the sphere: footprints and distances. All angles are degrees, ICRS."""

from skyatlas.sky.assign import assign
from skyatlas.sky.footprint import separation, touches

__all__ = ["assign", "separation", "touches"]
