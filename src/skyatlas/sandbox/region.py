"""This file decides whether places on the sphere touch, hold or miss each other.

Angles are degrees, ICRS, outside, and radians inside; sides of polygons are great circles, and a
polygon is smaller than half the sky, as ADQL 2.1 (section 4.2.14) asks. A point is a circle of
radius 0. Nothing here knows a seam at RA = 0 or a pole: everything is done with unit vectors.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

Vector = tuple[float, float, float]

_TOUCH = 1e-12
"""Radians (0.2 microarcseconds): below this two places count as touching."""
_SHAPE = re.compile(r"[A-Za-z]\w*|[-+]?[\d.]+(?:[eE][-+]?\d+)?")
_SIZES = {"POSITION": 2, "POINT": 2, "CIRCLE": 3, "BOX": 4}


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within `radius` (radians) of `centre`."""

    centre: Vector
    radius: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """The smaller side of a closed line of great circles; three corners or more."""

    corners: tuple[Vector, ...]

    @property
    def edges(self) -> tuple[tuple[Vector, Vector], ...]:
        """Each side as its two ends."""
        return tuple(pairwise((*self.corners, self.corners[0])))


Shape = Circle | Polygon


def vector(ra: float, dec: float) -> Vector:
    """The unit vector of a position in degrees."""
    lon, lat = math.radians(ra), math.radians(dec)
    return (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))


def degrees(a: Vector) -> tuple[float, float]:
    """The position, in degrees, of a unit vector."""
    return math.degrees(math.atan2(a[1], a[0])) % 360.0, math.degrees(
        math.atan2(a[2], math.hypot(a[0], a[1]))
    )


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _unit(a: Vector) -> Vector:
    size = math.hypot(*a)
    return (a[0] / size, a[1] / size, a[2] / size)


def angle(a: Vector, b: Vector) -> float:
    """Radians between two unit vectors; right for tiny and for huge angles (Vincenty 1975)."""
    return math.atan2(math.hypot(*_cross(a, b)), _dot(a, b))


def separation(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Degrees between two positions in degrees."""
    return math.degrees(angle(vector(ra1, dec1), vector(ra2, dec2)))


def _box(ra: float, dec: float, width: float, height: float) -> Polygon:
    """ADQL's BOX: great circles through the ends of a cross at the centre."""
    centre = vector(ra, dec)
    east = vector(ra + 90.0, 0.0)
    north = _cross(centre, east)
    x, y = math.tan(math.radians(width / 2)), math.tan(math.radians(height / 2))
    return Polygon(
        tuple(
            _unit(
                (
                    centre[0] + u * x * east[0] + v * y * north[0],
                    centre[1] + u * x * east[1] + v * y * north[1],
                    centre[2] + u * x * east[2] + v * y * north[2],
                )
            )
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )
    )


def shape(kind: str, numbers: tuple[float, ...]) -> Shape:
    """A shape from its ADQL or STC-S name and its numbers (degrees); ValueError where wrong."""
    wanted = _SIZES.get(kind)
    if kind == "POLYGON":
        corners = tuple(vector(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False))
        if corners and corners[0] == corners[-1]:
            corners = corners[:-1]
        if len(numbers) % 2 or len(corners) < 3:
            raise ValueError(f"a POLYGON needs three or more pairs, not {len(numbers)} numbers")
        return Polygon(corners)
    if wanted is None:
        raise ValueError(f"{kind} is no shape that this service knows")
    if len(numbers) != wanted:
        raise ValueError(f"a {kind} needs {wanted} numbers, not {len(numbers)}")
    if kind == "BOX":
        return _box(*numbers)
    radius = numbers[2] if kind == "CIRCLE" else 0.0
    if radius < 0:
        raise ValueError(f"the radius {radius} of a CIRCLE is negative")
    return Circle(vector(numbers[0], numbers[1]), math.radians(radius))


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Shape, ...]:
    """The shapes of an STC-S string like "POLYGON J2000 ra dec …" or "UNION ICRS (CIRCLE …)".

    Raises ValueError where the text is no region.
    """
    shapes: list[Shape] = []
    kind, numbers = "", list[float]()

    def close() -> None:
        if kind:
            shapes.append(shape(kind, tuple(numbers)))

    for word in _SHAPE.findall(text):
        if word[0].isalpha():
            if word.upper() in _SIZES or word.upper() == "POLYGON":
                close()
                kind, numbers = word.upper(), []
        else:
            numbers.append(float(word))
    close()
    if not shapes:
        raise ValueError(f"{text!r} is no region")
    return tuple(shapes)


@cache
def _middle(polygon: Polygon) -> Vector:
    corners = polygon.corners
    return _unit(tuple(sum(axis) for axis in zip(*corners, strict=True)))


def _inside(polygon: Polygon, place: Vector) -> bool:
    """Whether a place is inside: from the sphere's centre, great circles look straight."""
    middle = _middle(polygon)
    if _dot(middle, place) <= 0:
        return False
    pole: Vector = (0.0, 0.0, 1.0) if abs(middle[2]) < 0.9 else (1.0, 0.0, 0.0)
    x_axis = _unit(_cross(pole, middle))
    y_axis = _cross(middle, x_axis)

    def flat(point: Vector) -> tuple[float, float]:
        depth = _dot(middle, point)
        return _dot(x_axis, point) / depth, _dot(y_axis, point) / depth

    x, y = flat(place)
    inside = False
    for start, end in polygon.edges:
        (x1, y1), (x2, y2) = flat(start), flat(end)
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _to_edge(place: Vector, edge: tuple[Vector, Vector]) -> float:
    """Radians from a place to the nearest point of a great-circle arc."""
    start, end = edge
    normal = _cross(start, end)
    if math.hypot(*normal) > 0:
        normal = _unit(normal)
        within = _dot(_cross(normal, start), place) >= 0 and _dot(_cross(end, normal), place) >= 0
        if within:
            return abs(math.asin(max(-1.0, min(1.0, _dot(normal, place)))))
    return min(angle(place, start), angle(place, end))


def _to_rim(place: Vector, polygon: Polygon) -> float:
    return min(_to_edge(place, edge) for edge in polygon.edges)


def _holds(polygon: Polygon, place: Vector) -> bool:
    """Whether a place is inside or on the rim."""
    return _inside(polygon, place) or _to_rim(place, polygon) <= _TOUCH


def _cut(first: tuple[Vector, Vector], second: tuple[Vector, Vector]) -> bool:
    """Whether two arcs, each shorter than half a turn, cross."""
    (a, b), (c, d) = first, second
    one, two = _cross(a, b), _cross(c, d)
    sides = (_dot(a, two), -_dot(b, two), -_dot(c, one), _dot(d, one))
    # The two great circles meet at ±(one × two); both arcs hold one of the two if all signs agree.
    return all(side > 0 for side in sides) or all(side < 0 for side in sides)


def _crossing(first: Polygon, second: Polygon) -> bool:
    return any(_cut(one, two) for one in first.edges for two in second.edges)


def _touch(first: Shape, second: Shape) -> bool:
    if isinstance(first, Circle) and isinstance(second, Circle):
        return angle(first.centre, second.centre) <= first.radius + second.radius + _TOUCH
    if isinstance(first, Polygon) and isinstance(second, Polygon):
        return (
            any(_holds(first, corner) for corner in second.corners)
            or any(_holds(second, corner) for corner in first.corners)
            or _crossing(first, second)
        )
    if isinstance(first, Polygon):
        first, second = second, first
    assert isinstance(first, Circle)
    assert isinstance(second, Polygon)
    return _inside(second, first.centre) or _to_rim(first.centre, second) <= first.radius + _TOUCH


def _within(inner: Shape, outer: Shape) -> bool:
    if isinstance(outer, Circle):
        if isinstance(inner, Circle):
            return angle(inner.centre, outer.centre) + inner.radius <= outer.radius + _TOUCH
        return all(angle(corner, outer.centre) <= outer.radius + _TOUCH for corner in inner.corners)
    if isinstance(inner, Circle):
        if inner.radius == 0:
            return _holds(outer, inner.centre)
        rim = _to_rim(inner.centre, outer)
        return _inside(outer, inner.centre) and rim >= inner.radius - _TOUCH
    held = all(_holds(outer, corner) for corner in inner.corners)
    return held and not _crossing(inner, outer)


def intersects(first: tuple[Shape, ...], second: tuple[Shape, ...]) -> bool:
    """Whether two regions have a place in common; their rims count."""
    return any(_touch(one, two) for one in first for two in second)


def contains(inner: tuple[Shape, ...], outer: tuple[Shape, ...]) -> bool:
    """Whether each shape of `inner` is wholly in one shape of `outer`."""
    return all(any(_within(one, two) for two in outer) for one in inner)


def gap(place: Vector, region: tuple[Shape, ...]) -> float:
    """Radians from a place to the nearest part of a region; 0 where it is inside."""
    return min(_gap(place, one) for one in region)


def _gap(place: Vector, one: Shape) -> float:
    if isinstance(one, Circle):
        return max(0.0, angle(place, one.centre) - one.radius)
    return 0.0 if _inside(one, place) else _to_rim(place, one)


def area(region: tuple[Shape, ...]) -> float:
    """Square degrees; overlaps of a union count twice."""
    return sum(_area(one) for one in region) * math.degrees(1) ** 2


def _area(one: Shape) -> float:
    if isinstance(one, Circle):
        return 2 * math.pi * (1 - math.cos(one.radius))
    corners = one.corners
    total = 0.0
    for here in range(len(corners)):
        before, at = corners[here - 1], corners[here]
        after = corners[(here + 1) % len(corners)]
        one_side, other = _cross(at, before), _cross(at, after)
        turn = math.atan2(_dot(at, _cross(other, one_side)), _dot(one_side, other))
        total += turn % (2 * math.pi)
    excess = total - (len(corners) - 2) * math.pi
    return min(excess, 4 * math.pi - excess) if excess >= 0 else -excess
