"""This file tells whether a footprint (STC-S text) touches a circle on the sky.

Edges are great circles; nothing is projected, so the poles and right ascension 0 are like any other
place. Source: IVOA TAP 1.0 section 6 (STC-S subset), as ObsCore's `s_region` uses it. Degrees.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float64]

_SHAPE = re.compile(r"\b(POSITION|POINT|CIRCLE|POLYGON|BOX)\b")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_FRAME = re.compile(
    r"\b(?:ICRS|FK5|J2000|GEOCENTER|BARYCENTER|TOPOCENTER|UNKNOWNREFPOS|SPHERICAL2)\b"
)


def separation(ra1: Any, dec1: Any, ra2: Any, dec2: Any) -> Any:
    """Angular distance in degrees (haversine: exact for small angles); arrays broadcast."""
    lon1, lat1, lon2, lat2 = (np.radians(angle) for angle in (ra1, dec1, ra2, dec2))
    root = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * (
        np.sin((lon2 - lon1) / 2) ** 2
    )
    return np.degrees(2 * np.arcsin(np.minimum(1.0, np.sqrt(root))))


def touches(region: str, ra: float, dec: float, radius: float) -> bool | None:
    """Whether a shape of `region` comes within `radius` of (ra, dec); None if unreadable."""
    # ICRS and FK5 J2000 differ by 25 mas at most (IERS TN 36), less than any footprint is known.
    pieces = _SHAPE.split(_FRAME.sub(" ", region.upper()))
    shapes = [
        (word, [float(number) for number in _NUMBER.findall(rest)])
        for word, rest in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    if not shapes or not all(_complete(word, numbers) for word, numbers in shapes):
        return None
    return any(_touches(word, numbers, ra, dec, radius) for word, numbers in shapes)


def _complete(word: str, numbers: list[float]) -> bool:
    if word == "POLYGON":
        return len(numbers) >= 6 and len(numbers) % 2 == 0
    return len(numbers) >= {"POSITION": 2, "POINT": 2, "CIRCLE": 3, "BOX": 4}[word]


def _touches(word: str, numbers: list[float], ra: float, dec: float, radius: float) -> bool:
    if word in ("POSITION", "POINT"):
        return bool(separation(numbers[0], numbers[1], ra, dec) <= radius)
    if word == "CIRCLE":
        return bool(separation(numbers[0], numbers[1], ra, dec) <= radius + numbers[2])
    if word == "BOX":  # centre and full widths; ADQL 2.0 section 4.2.9
        return _box_touches(numbers, ra, dec, radius)
    corners = _vectors(np.array(numbers[0::2]), np.array(numbers[1::2]))
    return _polygon_touches(corners, _vectors(np.array(ra), np.array(dec)), radius)


def _box_touches(numbers: list[float], ra: float, dec: float, radius: float) -> bool:
    lon, lat, width, height = numbers[:4]
    stretch = max(math.cos(math.radians(lat)), 1e-9)
    lons = np.array([-1, 1, 1, -1]) * width / 2 / stretch + lon
    lats = np.clip(np.array([-1, -1, 1, 1]) * height / 2 + lat, -90, 90)
    return _polygon_touches(_vectors(lons, lats), _vectors(np.array(ra), np.array(dec)), radius)


def _vectors(ra: Vectors, dec: Vectors) -> Vectors:
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)


def _polygon_touches(corners: Vectors, centre: Vectors, radius: float) -> bool:
    return _inside(corners, centre) or _nearest_edge(corners, centre) <= math.radians(radius)


def _inside(corners: Vectors, point: Vectors) -> bool:
    """Whether the corners wind around the point (and not around its antipode)."""
    middle = corners.sum(axis=0)
    if float(middle @ point) <= 0:
        return False
    pole = np.array([0.0, 0.0, 1.0]) if abs(point[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(pole, point)
    east /= np.linalg.norm(east)
    north = np.cross(point, east)
    azimuth = np.arctan2(corners @ east, corners @ north)
    steps = np.diff(np.append(azimuth, azimuth[0]))
    turns = np.sum((steps + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi)
    return bool(abs(turns) > 0.5)


def _nearest_edge(corners: Vectors, point: Vectors) -> float:
    """Smallest angle in radians from the point to any edge."""
    after = np.roll(corners, -1, axis=0)
    normal = np.cross(corners, after)
    length = np.linalg.norm(normal, axis=1)
    real = length > 1e-15  # repeated corners make no edge
    to_corner = float(np.min(_angle(corners, point)))
    if not real.any():
        return to_corner
    start, end, normal = corners[real], after[real], normal[real] / length[real, None]
    height = normal @ point
    foot = point - height[:, None] * normal
    between = (np.einsum("ij,ij->i", np.cross(start, foot), normal) >= 0) & (
        np.einsum("ij,ij->i", np.cross(foot, end), normal) >= 0
    )
    to_edge = np.arcsin(np.minimum(1.0, np.abs(height[between])))
    return min(to_corner, float(to_edge.min())) if between.any() else to_corner


def _angle(vectors: Vectors, point: Vectors) -> Vectors:
    across: Vectors = np.linalg.norm(np.cross(vectors, point), axis=-1)
    angle: Vectors = np.arctan2(across, vectors @ point)
    return angle
