"""This file holds parts of the sky as MOCs: sets of HEALPix cells, nested numbering, ICRS.

Invariant: a `Moc` is sorted, disjoint half-open ranges of cells of order 29, so containing and
touching are comparisons of whole numbers. A cell belongs to a shape's MOC where it may touch the
shape, so a MOC is never too small. Source: MOC 2.0 (ASCII form in section 4.3.2); HEALPix, Górski
et al. 2005, ApJ 622, 759.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from skyatlas.sandbox import region
from skyatlas.sandbox.region import Circle, Shape, Vector

Moc = tuple[tuple[int, int], ...]

_DEEPEST = 29
_ROW = (2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4)
"""Of each base cell: how many rows of base cells its southern corner is from the north pole."""
_TURN = (1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7)
"""Of each base cell: longitude of its southern corner in eighths of a turn."""
_TEXT = re.compile(r"\s*\d+/[\d\s,/-]*")


def is_moc(text: str) -> bool:
    """Whether a text is a MOC in ASCII, and no region."""
    return bool(_TEXT.fullmatch(text))


def _merged(ranges: Iterable[tuple[int, int]]) -> Moc:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _range(order: int, first: int, last: int) -> tuple[int, int]:
    size = 4 ** (_DEEPEST - order)
    return first * size, (last + 1) * size


@lru_cache(maxsize=4096)
def parse(text: str) -> Moc:
    """The MOC of an ASCII text like "6/11-13,17 7/120"; raises ValueError where it is none."""
    ranges = []
    order = -1
    for word in text.replace(",", " ").replace("/", "/ ").split():
        if word.endswith("/"):
            order = int(word[:-1])
        else:
            first, _, last = word.partition("-")
            ranges.append(_range(order, int(first), int(last or first)))
    if not 0 <= order <= _DEEPEST:
        raise ValueError(f"{text!r} is no MOC")
    return _merged(ranges)


def union(mocs: Iterable[Moc]) -> Moc:
    """What is in one of them."""
    return _merged(one for moc in mocs for one in moc)


def text_of(moc: Moc, order: int) -> str:
    """The MOC in ASCII with cells of one order, which must be fine enough for it."""
    size = 4 ** (_DEEPEST - order)
    words = []
    for start, end in moc:
        first, last = start // size, -(-end // size) - 1
        words.append(f"{first}-{last}" if last > first else str(first))
    return f"{order}/{','.join(words)}"


def of_region(shapes: tuple[Shape, ...], order: int) -> Moc:
    """The cells of an order that shapes touch; a cell next to one may be among them."""
    if not 0 <= order <= _DEEPEST:
        raise ValueError(f"there is no order {order}; orders are 0 to {_DEEPEST}")
    return _merged(found for shape in shapes for found in _ranges(shape, order))


def _ranges(shape: Shape, order: int) -> Iterator[tuple[int, int]]:
    cells = list(range(12))
    for level in range(order + 1):
        rim = []
        for cell in cells:
            around = (_around(level, cell),)
            if not region.intersects(around, (shape,)):
                continue
            # What is wholly inside is not looked at more closely: only the rim costs time.
            if level == order or region.contains(around, (shape,)):
                yield _range(level, cell, cell)
            else:
                rim.append(cell)
        cells = [4 * cell + child for cell in rim for child in range(4)]


@lru_cache(maxsize=16384)
def _around(order: int, cell: int) -> Circle:
    """The circle around a cell."""
    centre, corners = _outline(order, cell)
    # Measured: no place of a cell is farther from its centre than the farthest corner.
    return Circle(centre, max(region.angle(centre, corner) for corner in corners))


def _outline(order: int, cell: int) -> tuple[Vector, tuple[Vector, ...]]:
    """Centre and corners of a cell."""
    side = 1 << order
    base, within = divmod(cell, side * side)
    x = y = 0
    for bit in range(order):
        x |= ((within >> 2 * bit) & 1) << bit
        y |= ((within >> (2 * bit + 1)) & 1) << bit
    corners = ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1))
    centre = _place(base, (x + 0.5) / side, (y + 0.5) / side)
    return centre, tuple(_place(base, right / side, up / side) for right, up in corners)


def _place(base: int, x: float, y: float) -> Vector:
    """The direction of a point in a base cell; x to the north-east, y to the north-west, 0..1."""
    row = _ROW[base] - x - y
    if row < 1.0:
        scale, height = row, 1.0 - row * row / 3.0
    elif row > 3.0:
        scale, height = 4.0 - row, (4.0 - row) ** 2 / 3.0 - 1.0
    else:
        scale, height = 1.0, (2.0 - row) * 2.0 / 3.0
    turn = (_TURN[base] * scale + x - y) / scale if scale > 0.0 else 0.0
    longitude = turn * math.pi / 4.0
    across = math.sqrt(max(0.0, 1.0 - height * height))
    return across * math.cos(longitude), across * math.sin(longitude), height


def contains(inner: Moc, outer: Moc) -> bool:
    """Whether all of `inner` is in `outer`."""
    return all(any(low <= start and end <= high for low, high in outer) for start, end in inner)


def intersects(first: Moc, second: Moc) -> bool:
    """Whether they have a cell in common."""
    return any(start < high and low < end for start, end in first for low, high in second)
