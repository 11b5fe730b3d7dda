"""This file tells whose time series a table is: its author, its target, its part of a mission.

A file of time series that is no light curve and no target pixel file is refused by its own name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skyatlas.errors import FormatError
from skyatlas.formats.authors import AUTHORS, FFI_CADENCE, GENERIC, Author

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from astropy.io.fits import BinTableHDU, HDUList
    from numpy.typing import NDArray

    from skyatlas.formats.cards import Cards

PARTS = (("sector", "SECTOR"), ("quarter", "QUARTER"), ("campaign", "CAMPAIGN"))
TARGETS = (("TIC", "TICID"), ("TIC", "TIC_ID"), ("Gaia DR3", "GAIADR3"))
"""Cards of targets, for files that leave OBJECT empty (eleanor)."""


def tables(hdus: HDUList) -> Iterator[BinTableHDU]:
    """Yield the tables of a file that have columns."""
    from astropy.io.fits import BinTableHDU, GroupsHDU

    for hdu in hdus:
        if isinstance(hdu, BinTableHDU) and not isinstance(hdu, GroupsHDU) and not hdu.is_image:
            yield hdu


def names_in(hdu: BinTableHDU) -> dict[str, Any]:
    """The columns of a table by their names in capitals; of two with one name, the first."""
    return {str(column.name).upper(): column for column in reversed(list(hdu.columns))}


def is_number(column: Any) -> bool:
    """Whether a column holds one number for each cadence."""
    number = column.dtype.base.kind in "fiu" and not column.dtype.shape
    return number and not column.dim and not is_variable(column)


def is_image(column: Any) -> bool:
    """Whether a column holds an array of two axes for each cadence (TDIM), if only of one pixel."""
    return str(column.dim or "").count(",") == 1 and column.dtype.base.kind in "fiu"


def is_variable(column: Any) -> bool:
    """Whether the rows of a column differ in length; astropy shows only their descriptors."""
    return str(column.format).lstrip("0123456789")[:1] in {"P", "Q"}


def author_of(cards: Cards, columns: Mapping[str, Any]) -> Author:
    """Return the first author all of whose signs are there, else what is known of the mission."""
    for author in AUTHORS:
        if all(name in columns for name in author.columns) and all(
            _holds(cards, keyword, pattern) for keyword, pattern in author.cards
        ):
            return author
    return next(author for mission, author in GENERIC.items() if mission in cards.text("TELESCOP"))


def _holds(cards: Cards, keyword: str, pattern: str) -> bool:
    value = cards.get(keyword)
    return value is not None and re.search(pattern, str(value)) is not None


def identity(cards: Cards, author: Author, cadence: float | None) -> dict[str, Any]:
    """Return `name`, `mission`, `author`, `part` and `cadence` as a light curve has them."""
    name = author.name
    if name == "SPOC" and cadence is not None and cadence > FFI_CADENCE:
        name = "TESS-SPOC"
    return {
        "name": cards.text("OBJECT") or _target(cards),
        "mission": cards.text("MISSION", "TELESCOP") or author.mission,
        "author": name,
        "part": _part(cards),
        "cadence": cadence,
    }


def _target(cards: Cards) -> str:
    for catalogue, keyword in TARGETS:
        if number := cards.number(keyword):
            return f"{catalogue} {number:.0f}"
        if text := cards.text(keyword):
            return f"{catalogue} {text}"
    if number := cards.number("KEPLERID"):
        return f"{'EPIC' if cards.text('MISSION') == 'K2' else 'KIC'} {number:.0f}"
    return ""


def _part(cards: Cards) -> str:
    for word, keyword in PARTS:
        if (number := cards.number(keyword)) is not None:
            return f"{word} {number:.0f}"
    return ""


def arrays_of(hdu: BinTableHDU) -> dict[str, NDArray[Any]]:
    """Every column under the file's own name, in the byte order of this machine."""
    import numpy as np

    found: dict[str, NDArray[Any]] = {}
    for column in hdu.columns:
        values = hdu.data[column.name]
        if is_variable(column):
            found[column.name] = np.array([None, *values], dtype=object)[1:]
        else:
            found[column.name] = np.array(values, dtype=values.dtype.newbyteorder("="), subok=False)
    return found


def flagged_by(author: Author, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_] | None:
    """True where an author's flags advise against a cadence; None where there are no flags.

    `columns` are arrays by their names in capitals.
    """
    import numpy as np

    verdicts = []
    if (name := quality_name(author, columns)) is not None:
        values = columns[name]
        if values.dtype.kind in "US":
            verdicts.append(~np.isin(np.char.strip(values.astype(str)), author.good))
        else:
            verdicts.append(_as_bits(values) & author.advice != 0)
    verdicts += [_as_bits(columns[name]) != 0 for name in author.beside if name in columns]
    return np.logical_or.reduce(verdicts) if verdicts else None


def quality_name(author: Author, columns: Mapping[str, Any]) -> str | None:
    """Return which column holds the flags, in capitals, or None."""
    return next((name for name in author.quality if name in columns), None)


def _as_bits(values: NDArray[Any]) -> NDArray[np.int64]:
    import numpy as np

    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
    if values.ndim != 1:
        raise FormatError("the flags are not one number for each cadence.")
    return values.astype(np.int64)


def refuse_other_series(hdus: HDUList) -> None:
    """Raise `FormatError` for the series of the missions that are not of one star's light."""
    for hdu in tables(hdus):
        columns = names_in(hdu)
        if {"VECTOR_1", "GAP"} <= columns.keys():
            count = sum(name.startswith("VECTOR_") for name in columns)
            raise FormatError(
                f"co-trending basis vectors ({count} of them), not a light curve: the trends that"
                " the stars of one detector have in common."
            )
        if {"LC_INIT", "MODEL_INIT"} & columns.keys():
            raise FormatError(
                "the time series of a transit search (data validation), not a light curve; the"
                " light curve itself is the product LC of the same target."
            )
