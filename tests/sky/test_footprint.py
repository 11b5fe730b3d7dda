"""This file checks footprints against brute force and against places where planes fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skyatlas.sky import separation, touches

ra = st.floats(0, 359.999)
dec = st.floats(-89.9, 89.9)


def test_small_separations_are_exact() -> None:
    # The spherical law of cosines loses everything below an arcsecond; haversine does not.
    assert separation(10.0, 0.0, 10.0 + 1e-9, 0.0) == pytest.approx(1e-9, rel=1e-6)


@given(ra, dec, ra, dec)
def test_separation_agrees_with_vectors(ra1: float, dec1: float, ra2: float, dec2: float) -> None:
    a, b = _vector(ra1, dec1), _vector(ra2, dec2)
    angle = math.degrees(math.atan2(np.linalg.norm(np.cross(a, b)), a @ b))
    assert separation(ra1, dec1, ra2, dec2) == pytest.approx(angle, abs=1e-9)


@pytest.mark.parametrize(
    ("region", "place", "answer"),
    [
        ("POSITION J2000 10 0", (10.05, 0, 0.1), True),
        ("POSITION J2000 10 0", (10.2, 0, 0.1), False),
        ("CIRCLE ICRS 10 0 1", (11.05, 0, 0.1), True),
        ("CIRCLE ICRS 10 0 1", (11.2, 0, 0.1), False),
        ("POLYGON J2000 359 -1 1 -1 1 1 359 1", (0, 0, 0.01), True),  # across RA 0
        ("POLYGON J2000 359 -1 1 -1 1 1 359 1", (358.95, 0, 0.1), True),
        ("POLYGON J2000 359 -1 1 -1 1 1 359 1", (358.8, 0, 0.1), False),
        ("POLYGON J2000 359 -1 1 -1 1 1 359 1", (180, 0, 0.1), False),  # the antipode
        ("POLYGON ICRS 0 89 90 89 180 89 270 89", (45, 90, 0.001), True),  # around the pole
        ("POLYGON ICRS 0 89 90 89 180 89 270 89", (45, -90, 0.001), False),
        ("POLYGON ICRS GEOCENTER 10 10 11 10 11 11 10 11", (10.5, 10.5, 0.001), True),
        ("UNION ICRS (POLYGON 1 1 2 1 2 2 1 2 POLYGON 5 5 6 5 6 6 5 6)", (5.5, 5.5, 0.1), True),
        ("UNION ICRS (POLYGON 1 1 2 1 2 2 1 2 POLYGON 5 5 6 5 6 6 5 6)", (3.5, 3.5, 0.1), False),
        ("BOX ICRS 10 0 2 2", (10.9, 0.9, 0.01), True),
        ("POLYGON ICRS 1e-5 -1E-5 1 0 1.0e0 1 0 1", (0.5, 0.5, 0.01), True),
        ("POLYGON ICRS 1 1 2", (1, 1, 1), None),
        ("a footprint", (1, 1, 1), None),
        ("", (1, 1, 1), None),
    ],
)
def test_footprints_touch_what_they_touch(
    region: str, place: tuple[float, float, float], answer: bool | None
) -> None:
    assert touches(region, *place) is answer


@given(ra, dec, st.floats(0.01, 5), st.floats(0, 360), st.floats(0.001, 12), st.floats(0.001, 3))
def test_a_polygon_agrees_with_many_points_along_it(
    ra0: float, dec0: float, size: float, angle: float, away: float, radius: float
) -> None:
    corners = [_offset(ra0, dec0, size, angle + turn) for turn in (0, 80, 190, 260)]
    point = _offset(ra0, dec0, away, angle * 1.7)
    edge = np.concatenate(
        [_along(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    )
    nearest = float(np.degrees(np.min(_angles(edge, _vector(*point)))))
    assume(abs(nearest - radius) > 0.01 * size)
    region = "POLYGON ICRS " + " ".join(f"{value!r}" for corner in corners for value in corner)
    inside = away < size * 0.5  # well inside this convex shape
    outside = away > size * 1.05
    assume(inside or outside)
    assert touches(region, *point, radius) is (inside or nearest <= radius)


def _vector(ra_deg: float, dec_deg: float) -> np.ndarray:
    lon, lat = math.radians(ra_deg), math.radians(dec_deg)
    return np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])


def _offset(ra0: float, dec0: float, away: float, angle: float) -> tuple[float, float]:
    lat, turn, dist = math.radians(dec0), math.radians(angle), math.radians(away)
    lat2 = math.asin(
        math.sin(lat) * math.cos(dist) + math.cos(lat) * math.sin(dist) * math.cos(turn)
    )
    step = math.atan2(
        math.sin(turn) * math.sin(dist) * math.cos(lat),
        math.cos(dist) - math.sin(lat) * math.sin(lat2),
    )
    return (ra0 + math.degrees(step)) % 360.0, math.degrees(lat2)


def _along(a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    start, end = _vector(*a), _vector(*b)
    mixed = np.linspace(0, 1, 400)[:, None] * (end - start) + start
    return mixed / np.linalg.norm(mixed, axis=1)[:, None]


def _angles(vectors: np.ndarray, point: np.ndarray) -> np.ndarray:
    return np.arctan2(np.linalg.norm(np.cross(vectors, point), axis=1), vectors @ point)
