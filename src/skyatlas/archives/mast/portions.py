"""This file splits a question whose answer MAST could not send in one piece.

Invariant: what no part asks for is told by a Note. MAST breaks the line of an answer of more than
some 500,000 rows, so a question without a place is counted first, and asked in spans of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast import portal
from skyatlas.model import Note, Why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.archive import Door

__all__ = ["TooManyError", "portions"]

_BEGIN, _END = 0.0, 100_000.0
"""MJD: 1858 to 2132, all that t_min can be."""
_SHORTEST = 1.0 / 24.0
"""Days; what is still too much within an hour cannot be split by time."""
_COUNTS = 64
"""Questions for numbers that one question may cost."""

Params = Mapping[str, Any]
Filters = list[dict[str, Any]]


class TooManyError(Exception):
    """There are more rows than one answer can hold."""


def portions(
    door: Door, service: str, params: Params, most: int = portal.MOST_ROWS
) -> Iterator[Params | Note]:
    """Yield the parameters with spans of t_min such that no answer exceeds `most` rows.

    A Note tells of rows in no part: those that do not say when they begin, and those of spans that
    cannot be split. Raises an ArchiveError leaf.
    """
    left = total = portal.count(door, service, params)
    counts, spans = 0, [_span(params["filters"])]
    while spans:
        low, high = spans.pop()
        part = {**params, "filters": _within(params["filters"], low, high)}
        rows = portal.count(door, service, part)
        counts += 1
        middle = (low + high) / 2
        if 0 < rows <= most:
            left -= rows
            yield part
        elif rows > most and high - low > _SHORTEST and counts < _COUNTS:
            # What begins in the very middle comes twice; the house drops what stands there twice.
            spans += [(middle, high), (low, middle)]
    if left > 0:
        yield Note(
            Why.TRUNCATED,
            f"{left} of {total} rows are too many for MAST to send, or do not say when they begin; "
            "ask for less, by --collection, --instrument or --time",
            left,
        )


def _span(filters: Filters) -> tuple[float, float]:
    """Where t_min can be, after the filters."""
    low, high = _BEGIN, _END
    for one in filters:
        if one["paramName"] == "t_min":
            low = max(low, one["values"][0]["min"])
            high = min(high, one["values"][0]["max"])
    return low, high


def _within(filters: Filters, low: float, high: float) -> Filters:
    span: Mapping[str, Any] = {"paramName": "t_min", "values": [{"min": low, "max": high}]}
    return [*(one for one in filters if one["paramName"] != "t_min"), dict(span)]
