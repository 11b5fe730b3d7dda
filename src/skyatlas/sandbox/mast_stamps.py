"""This file knows the small squares of pixels around stars: where on the chip and sky they lie.

Pixels are FITS's: the first is 1. Angles are degrees, ICRS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from skyatlas.sandbox.deliver import Card
from skyatlas.sandbox.mast_sectors import Spot, on_chip
from skyatlas.sandbox.sky import Position, shifted

Matrix = tuple[tuple[float, float], tuple[float, float]]
_STEP = 0.01  # degrees: small against the distortion, large against rounding


@dataclass(frozen=True, slots=True)
class Stamp:
    """A rectangle of pixels, and its coordinates."""

    place: Position
    """What stands at the reference pixel."""
    reference: tuple[float, float]
    """(x, y) in the stamp."""
    matrix: Matrix
    """Turns steps in (x, y) into degrees east and north."""
    corner: tuple[int, int]
    """(column, row) on the chip of the stamp's first pixel."""
    shape: tuple[int, int]
    """(ny, nx)."""

    def pixel(self, place: Position) -> tuple[float, float]:
        """(x, y) in the stamp of a position nearby (the plane is good to arcseconds there)."""
        east, north = _offset(self.place, place)
        (a, b), (c, d) = self.matrix
        determinant = a * d - b * c
        x = (d * east - b * north) / determinant
        y = (a * north - c * east) / determinant
        return self.reference[0] + x, self.reference[1] + y

    def binned(self, factor: int, shape: tuple[int, int]) -> Stamp:
        """A larger rectangle with the place in its middle, `factor` pixels to one."""
        (a, b), (c, d) = self.matrix
        matrix = ((a * factor, b * factor), (c * factor, d * factor))
        middle = ((shape[1] + 1) / 2, (shape[0] + 1) / 2)
        return Stamp(self.place, middle, matrix, self.corner, shape)

    def scaled(self) -> tuple[float, Matrix]:
        """Degrees per pixel, and the matrix that is left, as the missions write them."""
        (a, b), (c, d) = self.matrix
        scale = math.sqrt(abs(a * d - b * c))
        return scale, ((-a / scale, -b / scale), (c / scale, d / scale))

    def cards(self, plain: bool = False) -> list[Card]:
        """The image's coordinates; `plain` puts the scale into the matrix, as astrocut does."""
        scale, ((a, b), (c, d)) = (1.0, self.matrix) if plain else self.scaled()
        first = scale if plain else -scale
        values: list[tuple[str, object]] = [
            ("WCSAXES", 2), ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"),
            ("CRPIX1", self.reference[0]), ("CRPIX2", self.reference[1]),
            ("CRVAL1", self.place[0]), ("CRVAL2", self.place[1]),
            ("CUNIT1", "deg"), ("CUNIT2", "deg"), ("CDELT1", first), ("CDELT2", scale),
            ("PC1_1", a), ("PC1_2", b), ("PC2_1", c), ("PC2_2", d),
        ]  # fmt: skip
        if not plain:
            values += self._physical()
        return [(keyword, value, "") for keyword, value in values]

    def _physical(self) -> list[tuple[str, object]]:
        return [
            ("WCSNAMEP", "PHYSICAL"), ("WCSAXESP", 2),
            ("CTYPE1P", "RAWX"), ("CUNIT1P", "PIXEL"), ("CRPIX1P", 1),
            ("CRVAL1P", self.corner[0]), ("CDELT1P", 1.0),
            ("CTYPE2P", "RAWY"), ("CUNIT2P", "PIXEL"), ("CRPIX2P", 1),
            ("CRVAL2P", self.corner[1]), ("CDELT2P", 1.0),
        ]  # fmt: skip

    def column_cards(self, number: int, plain: bool = False) -> list[Card]:
        """The coordinates of the cells of a table's column (FITS standard 4.0, section 8.2.1)."""
        n = number
        scale, ((a, b), (c, d)) = (1.0, self.matrix) if plain else self.scaled()
        first = scale if plain else -scale
        values: list[tuple[str, object]] = [
            (f"WCAX{n}", 2), (f"1CTYP{n}", "RA---TAN"), (f"2CTYP{n}", "DEC--TAN"),
            (f"1CRPX{n}", self.reference[0]), (f"2CRPX{n}", self.reference[1]),
            (f"1CRVL{n}", self.place[0]), (f"2CRVL{n}", self.place[1]),
            (f"1CUNI{n}", "deg"), (f"2CUNI{n}", "deg"),
            (f"1CDLT{n}", first), (f"2CDLT{n}", scale),
            (f"11PC{n}", a), (f"12PC{n}", b), (f"21PC{n}", c), (f"22PC{n}", d),
            (f"WCSN{n}P", "PHYSICAL"), (f"WCAX{n}P", 2),
            (f"1CTY{n}P", "RAWX"), (f"2CTY{n}P", "RAWY"),
            (f"1CUN{n}P", "PIXEL"), (f"2CUN{n}P", "PIXEL"),
            (f"1CRV{n}P", self.corner[0]), (f"2CRV{n}P", self.corner[1]),
            (f"1CDL{n}P", 1.0), (f"2CDL{n}P", 1.0), (f"1CRP{n}P", 1), (f"2CRP{n}P", 1),
        ]  # fmt: skip
        return [(keyword, value, "") for keyword, value in values]


def _offset(centre: Position, place: Position) -> Position:
    """Tangent-plane offsets in degrees, east and north: the inverse of `sky.shifted`."""
    turn = math.radians(place[0] - centre[0])
    dec0, dec = math.radians(centre[1]), math.radians(place[1])
    depth = math.sin(dec0) * math.sin(dec) + math.cos(dec0) * math.cos(dec) * math.cos(turn)
    east = math.cos(dec) * math.sin(turn) / depth
    north = math.cos(dec0) * math.sin(dec) - math.sin(dec0) * math.cos(dec) * math.cos(turn)
    return math.degrees(east), math.degrees(north / depth)


def of_tess(place: Position, where: Spot, width: int, height: int) -> Stamp:
    """The stamp of width × height pixels around a position that TESS saw there."""
    column, row = where.column, where.row
    east = on_chip(shifted(place, _STEP, 0.0), where)
    north = on_chip(shifted(place, 0.0, _STEP), where)
    # Pixels per degree; its inverse is the matrix.
    p, q = (east[0] - column) / _STEP, (north[0] - column) / _STEP
    r, s = (east[1] - row) / _STEP, (north[1] - row) / _STEP
    determinant = p * s - q * r
    matrix = ((s / determinant, -q / determinant), (-r / determinant, p / determinant))
    left, low = round(column) - width // 2, round(row) - height // 2
    return Stamp(place, (column - left + 1, row - low + 1), matrix, (left, low), (height, width))


def turned(
    place: Position, scale: float, roll: float, corner: tuple[int, int], shape: tuple[int, int]
) -> Stamp:
    """A stamp around a star in its middle, `scale` degrees per pixel, turned by `roll` degrees."""
    cosine, sine = scale * math.cos(math.radians(roll)), scale * math.sin(math.radians(roll))
    middle = (shape[1] / 2 + 0.62, shape[0] / 2 + 0.41)
    return Stamp(place, middle, ((-cosine, sine), (sine, cosine)), corner, shape)
