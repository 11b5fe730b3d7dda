"""This file writes FITS extensions as `mast_layouts.txt` lays them out.

Invariant: a column or card that the layout asks for and nobody gives is an error of the maker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox.deliver import Card

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from numpy.typing import NDArray

_ASKED = "?"
_PLAIN = {"T": True, "F": False, "": None}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    format: str
    """TFORM; "*E" has one value per pixel."""
    unit: str
    display: str
    null: int | None


@dataclass(frozen=True, slots=True)
class Layout:
    """One extension."""

    columns: tuple[Column, ...]
    cards: Mapping[str, object]
    """Values by keyword; "?" where the maker must say it, None where it is undefined."""


@cache
def _sections() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    text = Path(__file__).with_name("mast_layouts.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return {name: tuple(section) for name, section in found.items()}


@cache
def layout(name: str) -> Layout:
    """The section of that name: "spoc_lc.LIGHTCURVE"."""
    columns: list[Column] = []
    cards: dict[str, object] = {}
    for line in _sections()[name]:
        if line.startswith("|"):
            columns.append(_column(line))
        elif line.startswith("+"):
            other = layout(line.strip("+ "))
            columns = columns or list(other.columns)
            cards = {**cards, **{k: v for k, v in other.cards.items() if k not in cards}}
        else:
            cards |= _cards(line)
    return Layout(tuple(columns), cards)


def _column(line: str) -> Column:
    words = [word.strip() for word in line.split("|")[1:]]
    name, form, unit, display, null = [*words, *[""] * 5][:5]
    return Column(name, form, unit, display, int(null) if null else None)


def _cards(line: str) -> Iterator[tuple[str, object]]:
    for word in line.split(" ; "):
        keyword, _, value = word.partition("=")
        yield keyword, _value(value)


def _value(text: str) -> object:
    if text in _PLAIN:
        return _PLAIN[text]
    if text == _ASKED:
        return _ASKED
    if text.startswith("'"):
        return text.strip("'")
    return float(text) if "." in text or "e-" in text else int(text)


def cards(name: str, said: Mapping[str, object]) -> list[Card]:
    """The cards of a section, filled with what is said; raises KeyError where that lacks one."""
    return [
        (keyword, said[keyword] if value == _ASKED else value, "")
        for keyword, value in layout(name).cards.items()
    ]


def _fill(header: fits.Header, extension: str, rows: Sequence[Card]) -> None:
    if extension:
        header["EXTNAME"] = extension
    for keyword, value, _ in rows:
        header[keyword] = value


def primary(
    name: str,
    said: Mapping[str, object],
    more: Sequence[Card] = (),
    extension: str = "PRIMARY",
) -> fits.PrimaryHDU:
    """A primary HDU without data."""
    from astropy.io import fits

    hdu = fits.PrimaryHDU()
    _fill(hdu.header, extension, [*more, *cards(f"{name}.PRIMARY", said)])
    return hdu


def image(
    name: str,
    pixels: NDArray[Any],
    said: Mapping[str, object],
    more: Sequence[Card] = (),
    extension: str | None = None,
) -> fits.ImageHDU:
    """An image; `name` is its section, and its last part its EXTNAME if no other is given."""
    from astropy.io import fits

    hdu = fits.ImageHDU(pixels)
    rows = [*cards(name, said), *more]
    _fill(hdu.header, name.partition(".")[2] if extension is None else extension, rows)
    return hdu


def table(
    name: str,
    values: Mapping[str, NDArray[Any]],
    said: Mapping[str, object],
    more: Sequence[Card] = (),
    extension: str | None = None,
) -> fits.BinTableHDU:
    """A table of the section's columns; cells of shape (ny, nx) get their TDIM.

    Raises KeyError where a column or card is not given.
    """
    from astropy.io import fits

    columns = [_fits_column(one, values[one.name]) for one in layout(name).columns]
    hdu = fits.BinTableHDU.from_columns(columns)
    rows = [*cards(name, said), *more]
    _fill(hdu.header, name.partition(".")[2] if extension is None else extension, rows)
    return hdu


def _fits_column(column: Column, values: NDArray[np.generic]) -> fits.Column:
    from astropy.io import fits

    many = column.format.startswith("*")
    cell = values.shape[1:]
    size = 1
    for side in cell:
        size *= side
    return fits.Column(
        name=column.name,
        format=f"{size}{column.format[1:]}" if many else column.format,
        unit=column.unit or None,
        disp=column.display or None,
        null=column.null,
        dim=str(tuple(reversed(cell))).replace(",)", ")") if many else None,
        array=values,
    )
