"""HEALPix cells and MOCs: where a cell is, what a MOC holds, and that none is too small."""

from __future__ import annotations

import math
import random

import pytest

from skyatlas.sandbox import moc, region


def place(base: int, x: float, y: float) -> tuple[float, float]:
    """Degrees of a point in a base cell."""
    vector = moc._place(base, x, y)
    return (
        math.degrees(math.atan2(vector[1], vector[0])) % 360.0,
        math.degrees(math.asin(max(-1.0, min(1.0, vector[2])))),
    )


def point(ra: float, dec: float) -> tuple[region.Shape, ...]:
    return region.parse(f"POSITION ICRS {ra!r} {dec!r}")


# Górski et al. 2005, eqs. 4 to 9: the centres of cells by their rings.
@pytest.mark.parametrize(
    ("order", "cell", "ra", "sine"),
    [
        (0, 0, 45.0, 2 / 3),
        (0, 4, 0.0, 0.0),
        (0, 11, 315.0, -2 / 3),
        (1, 0, 45.0, 1 / 3),
        (1, 3, 45.0, 11 / 12),
        (1, 16, 0.0, -1 / 3),
        (2, 15, 45.0, 1 - 1 / 48),
    ],
)
def test_a_cell_is_where_healpix_has_it(order: int, cell: int, ra: float, sine: float) -> None:
    centre, _ = moc._outline(order, cell)
    assert math.degrees(math.atan2(centre[1], centre[0])) % 360.0 == pytest.approx(ra, abs=1e-9)
    assert centre[2] == pytest.approx(sine, abs=1e-12)


@pytest.mark.parametrize("order", [0, 1, 3, 6, 12])
def test_no_place_is_missing_from_its_cell(order: int) -> None:
    numbers = random.Random(order)
    side = 1 << order
    for _ in range(60):
        base, x, y = numbers.randrange(12), numbers.randrange(side), numbers.randrange(side)
        inside = (numbers.choice([0.001, 0.5, 0.999, numbers.random()]) for _ in range(2))
        right, up = ((at + where) / side for at, where in zip((x, y), inside, strict=True))
        bits = sum(
            ((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << (2 * bit + 1)) for bit in range(order)
        )
        cell = moc.parse(f"{order}/{base * side * side + bits}")
        assert moc.contains(cell, moc.of_region(point(*place(base, right, up)), order))


def test_a_larger_shape_has_a_larger_moc() -> None:
    numbers = random.Random(3)
    for _ in range(10):
        ra, dec = numbers.uniform(0, 360), numbers.uniform(-89, 89)
        small = moc.of_region(point(ra, dec), 6)
        large = moc.of_region(region.parse(f"CIRCLE ICRS {ra} {dec} 2.0"), 6)
        assert moc.contains(small, large)
        assert not moc.contains(large, small)


def test_a_circle_has_about_its_own_area() -> None:
    cells = sum(end - start for start, end in moc.of_region(region.parse("CIRCLE ICRS 5 85 9"), 6))
    area = cells / (12 * 4**29) * 41252.96
    assert 254.5 < area < 254.5 * 1.4


def test_a_text_and_its_moc_are_the_same() -> None:
    found = moc.of_region(region.parse("POLYGON ICRS 10 10 14 10 14 14 10 14"), 6)
    assert moc.parse(moc.text_of(found, 6)) == found
    assert moc.parse("0/0-11") == ((0, 12 * 4**29),)
    assert moc.parse("1/0,1-3 29/") == moc.parse("0/0")
    assert moc.is_moc("6/11-13,17 7/120")
    assert not moc.is_moc("CIRCLE ICRS 1 2 3")


@pytest.mark.parametrize("text", ["", "12 13", "30/1", "6/a"])
def test_what_is_no_moc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MOC|invalid literal"):
        moc.parse(text)


def test_mocs_touch_and_contain_each_other_across_orders() -> None:
    whole, part, other = moc.parse("2/5"), moc.parse("3/21"), moc.parse("3/24")
    assert moc.contains(part, whole)
    assert not moc.contains(whole, part)
    assert moc.intersects(whole, part)
    assert not moc.intersects(part, other)
    assert moc.union([part, other]) == moc.parse("3/21 3/24")
