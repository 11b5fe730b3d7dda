"""This file chooses among the files that MAST lists of one observation.

Invariant: nothing is chosen that `Ask` does not name; without a wish it is what MAST recommends.
Source: outerspace.stsci.edu/display/MASTDOCS/Minimum+Recommended+Products (read 2026-11-21): what
the Portal downloads where nobody chooses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyatlas.archive import Ask
    from skyatlas.archives.mast.files import Observation

__all__ = ["SOURCE", "Row", "chosen", "is_member", "kind_of"]

Row = Mapping[str, Any]
"""A row of `Mast.Caom.Products` under MAST's names; what is null is None."""

RECOMMENDED = "minimum recommended products"
_COMPARED = re.compile(r"(>=|<=|>|<)\s*(.+)")


def chosen(rows: Sequence[Row], one: Observation | None, ask: Ask) -> list[Row]:
    """The rows that are wanted of all that MAST lists for an observation, in order.

    Where MAST recommends none, it is the file at dataURL; where that is not listed either, all
    SCIENCE files. `ask.only` and `ask.everything` start from all rows; otherwise each wish of
    `ask` adds files. None: MAST does not say whose the files are.
    """
    if ask.everything or ask.only:
        wanted = _filter(ask.only)
        return [row for row in rows if wanted(row)]
    science = {id(row) for row in _science(rows, one)}
    return [row for row in rows if id(row) in science or _is_extra(row, one, ask)]


def kind_of(row: Row) -> str:
    """What MAST calls productType, in capitals, or ""."""
    return str(row.get("productType") or "").upper()


def is_member(row: Row, one: Observation | None) -> bool:
    """Whether the file is of another observation, that `one` was made of (or of its guide stars).

    MAST lists such files with both, under the other's obsID and obs_id.
    """
    if one is None:
        return False
    number, name = row.get("obsID"), str(row.get("obs_id") or one.obs_id)
    return str(number or one.obsid) != one.obsid or name.casefold() != one.obs_id.casefold()


def _science(rows: Sequence[Row], one: Observation | None) -> list[Row]:
    science = [row for row in rows if kind_of(row) == "SCIENCE"]
    recommended = [
        row
        for row in science
        if str(row.get("productGroupDescription") or "").lower() == RECOMMENDED
    ]
    if recommended:
        return recommended
    listed = [row for row in rows if one is not None and row.get("dataURI") == one.uri]
    return listed[:1] or [row for row in science if not is_member(row, one)] or science


def _is_extra(row: Row, one: Observation | None, ask: Ask) -> bool:
    """Whether a wish besides the science files is for this one."""
    kind = kind_of(row)
    if is_member(row, one):
        # Of members their science files only: JWST lists thousands of guide-star files with them.
        return ask.progenitors and kind == "SCIENCE"
    return (
        (ask.previews and kind in ("PREVIEW", "THUMBNAIL"))
        or (ask.ancillary and kind in ("AUXILIARY", "INFO"))
        or (ask.calibrations is not None and kind == "CALIBRATION")
        # The list of members, although INFO or AUXILIARY, is what a new reduction starts from.
        or (ask.progenitors and row.get("productSubGroupDescription") == "ASN")
    )


def _filter(only: Sequence[tuple[str, Sequence[str]]]) -> Callable[[Row], bool]:
    """Whether a row has one of the values in every column, and none with "!" in front."""
    tests = [(column, _one_of(values, _test_of(column))) for column, values in only]

    def fits(row: Row) -> bool:
        return all(test(row.get(SOURCE.get(column, column))) for column, test in tests)

    return fits


SOURCE = {"extension": "productFilename"}
"""Words for choosing that are no columns of MAST, and the column that they are about."""


def _test_of(column: str) -> Callable[[str], Callable[[Any], bool]]:
    return _ends if column == "extension" else _equals


def _one_of(
    values: Sequence[str], test_of: Callable[[str], Callable[[Any], bool]]
) -> Callable[[Any], bool]:
    good = [test_of(value) for value in values if not value.startswith("!")]
    bad = [test_of(value[1:]) for value in values if value.startswith("!")]

    def fits(value: Any) -> bool:
        return (not good or any(test(value) for test in good)) and not any(
            test(value) for test in bad
        )

    return fits


def _ends(ending: str) -> Callable[[Any], bool]:
    """The end of a file's name, as astroquery's `filter_products` understands `extension`."""
    return lambda value: value is not None and str(value).lower().endswith(ending.lower())


def _equals(pattern: str) -> Callable[[Any], bool]:
    """Numbers by value or range, texts without regard to case, `*` for anything."""
    span = _span(pattern)
    text = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)

    def fits(value: Any) -> bool:
        if value is None:
            return False
        if span is not None and isinstance(value, int | float):
            return span(value)
        return text.fullmatch(str(value)) is not None

    return fits


def _span(pattern: str) -> Callable[[float], bool] | None:
    """The test for a number: "2", "2..", "..2", "1..3", ">=2", "<3"; None where it is none."""
    compared = _COMPARED.fullmatch(pattern)
    try:
        if compared:
            limit = float(compared[2])
            return {
                ">=": lambda value: value >= limit,
                "<=": lambda value: value <= limit,
                ">": lambda value: value > limit,
                "<": lambda value: value < limit,
            }[compared[1]]
        low, dots, high = pattern.partition("..")
        if not dots:
            number = float(pattern)
            return lambda value: value == number
        if low or high:
            least = float(low) if low else float("-inf")
            most = float(high) if high else float("inf")
            return lambda value: least <= value <= most
    except ValueError:
        pass
    return None
