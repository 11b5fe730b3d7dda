"""Regions on the sphere: touching, holding and missing each other, wherever they are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.sandbox import region

PLACES = st.tuples(st.floats(0, 360), st.floats(-89, 89))


def touch(first: str, second: str) -> bool:
    one, two = region.parse(first), region.parse(second)
    assert region.intersects(one, two) == region.intersects(two, one)
    return region.intersects(one, two)


def within(inner: str, outer: str) -> bool:
    return region.contains(region.parse(inner), region.parse(outer))


SEAM = "POLYGON J2000 359 -1 1 -1 1 1 359 1"
POLE = "POLYGON J2000 0 89 90 89 180 89 270 89"


def test_a_polygon_over_the_seam_holds_what_is_on_both_sides() -> None:
    assert within("POSITION J2000 359.5 0", SEAM)
    assert within("POSITION J2000 0.5 0", SEAM)
    assert not within("POSITION J2000 180 0", SEAM)
    assert not within("POSITION J2000 2 0", SEAM)


def test_a_polygon_around_a_pole_holds_the_pole() -> None:
    assert within("POSITION J2000 123 90", POLE)
    assert within("CIRCLE J2000 0 90 0.7", POLE)
    assert not within("CIRCLE J2000 0 90 0.72", POLE)  # its sides come nearer than its corners
    assert not within("POSITION J2000 45 -90", POLE)


def test_a_circle_touches_a_side_without_reaching_a_corner() -> None:
    assert touch("CIRCLE ICRS 2 0 1.0001", SEAM)
    assert not touch("CIRCLE ICRS 2 0 0.999", SEAM)


def test_a_large_circle_around_a_polygon_touches_and_holds_it() -> None:
    assert touch("CIRCLE ICRS 0 0 20", SEAM)
    assert within(SEAM, "CIRCLE ICRS 0 0 20")
    assert not within(SEAM, "CIRCLE ICRS 0 0 1.2")


def test_polygons_that_cross_without_holding_a_corner_touch() -> None:
    assert touch("POLYGON 8 -1 12 -1 12 1 8 1", "POLYGON 9 -3 11 -3 11 3 9 3")
    assert not touch("POLYGON 8 -1 12 -1 12 1 8 1", "POLYGON 13 -3 14 -3 14 3 13 3")
    assert not touch("POLYGON 8 -1 12 -1 12 1 8 1", "POLYGON 188 -1 192 -1 192 1 188 1")


def test_a_polygon_touches_and_holds_itself_in_either_direction() -> None:
    back = "POLYGON J2000 359 1 1 1 1 -1 359 -1"
    assert touch(SEAM, back)
    assert within(SEAM, back)


def test_a_union_holds_what_one_of_its_parts_holds() -> None:
    union = "UNION ICRS ( Circle 100 0 1 Polygon 9 19 11 19 11 21 9 21 )"
    assert within("POSITION J2000 10 20", union)
    assert within("POSITION J2000 100.5 0", union)
    assert not within("POSITION J2000 50 10", union)


def test_areas_are_square_degrees() -> None:
    assert region.area(region.parse("CIRCLE ICRS 10 20 0.1")) == pytest.approx(
        math.pi * 0.01, rel=1e-5
    )
    assert region.area(region.parse(SEAM)) == pytest.approx(4.0, rel=1e-3)
    assert region.area((region.shape("BOX", (0.0, 45.0, 2.0, 3.0)),)) == pytest.approx(6, rel=1e-3)


@pytest.mark.parametrize("text", ["", "nonsense", "CIRCLE ICRS 1 2", "POLYGON J2000 1 2 3 4"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"region|needs"):
        region.parse(text)


@given(PLACES, st.floats(0.001, 5), st.floats(0, 360), st.floats(0.001, 0.999))
def test_a_circle_holds_what_is_nearer_than_its_radius(
    place: tuple[float, float], radius: float, angle: float, part: float
) -> None:
    ra, dec = place
    distance, turn = math.radians(radius * part), math.radians(angle)
    lat = math.radians(dec)
    sine = math.sin(lat) * math.cos(distance) + math.cos(lat) * math.sin(distance) * math.cos(turn)
    lon = math.atan2(
        math.sin(turn) * math.sin(distance) * math.cos(lat),
        math.cos(distance) - math.sin(lat) * sine,
    )
    near = f"POSITION ICRS {ra + math.degrees(lon)!r} {math.degrees(math.asin(sine))!r}"
    assert within(near, f"CIRCLE ICRS {ra!r} {dec!r} {radius!r}")
    assert not touch(near, f"CIRCLE ICRS {ra!r} {dec!r} {radius * part * 0.99!r}")


@given(PLACES, st.floats(0.1, 3))
def test_a_box_holds_its_centre_and_is_held_by_its_circle(
    place: tuple[float, float], size: float
) -> None:
    box = (region.shape("BOX", (*place, size, size)),)
    assert region.contains((region.shape("POINT", place),), box)
    assert region.contains(box, (region.shape("CIRCLE", (*place, size)),))
    assert region.intersects(box, (region.shape("CIRCLE", (*place, size / 100)),))
