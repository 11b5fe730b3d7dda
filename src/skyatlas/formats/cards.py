"""This file shows the header cards of a file as one read-only mapping, primary header first.

Cards are parsed when they are asked for: an ESO header has thousands, and few are ever read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropy.io.fits import Header


class Cards(Mapping[str, Any]):
    """The cards of several headers; where two have the same keyword, the later header wins.

    So an extension's own card comes before the one that it inherits (FITS standard 4.0, K).
    COMMENT and HISTORY are one string each, a line per card. A card without a value gives None.
    """

    def __init__(self, *headers: Header) -> None:
        self._headers = headers

    def __getitem__(self, keyword: str) -> Any:
        for header in reversed(self._headers):
            with warnings.catch_warnings():
                # astropy warns of every odd card it mends while parsing; the value is what counts.
                warnings.simplefilter("ignore")
                if keyword in header:
                    return _value(header, keyword)
        raise KeyError(keyword)

    def __iter__(self) -> Iterator[str]:
        return iter({keyword: None for header in self._headers for keyword in header if keyword})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def comment(self, keyword: str) -> str:
        """The comment of a card; "" where it has none."""
        for header in reversed(self._headers):
            if keyword in header and keyword not in {"COMMENT", "HISTORY"}:
                return str(header.comments[keyword])
        return ""

    def __repr__(self) -> str:
        return f"Cards({len(self)} keywords)"

    def text(self, *keywords: str) -> str:
        """The first of these cards that holds a text, stripped; "" where none does."""
        for keyword in keywords:
            value = self.get(keyword)
            if isinstance(value, str) and value.strip():
                return value.strip()
        return ""

    def number(self, *keywords: str) -> float | None:
        """The first of these cards that holds a number, or None."""
        for keyword in keywords:
            value = self.get(keyword)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        return None


def _value(header: Header, keyword: str) -> Any:
    from astropy.io.fits import VerifyError
    from astropy.io.fits.card import Undefined

    try:
        value = header[keyword]
    except (VerifyError, ValueError):
        # A card that breaks the standard ("tnx.fits" has one): its text is all there is.
        return header.cards[keyword].image[10:].strip()
    if isinstance(value, Undefined):
        return None
    if keyword in {"COMMENT", "HISTORY"}:
        return "\n".join(str(line) for line in value)
    return value
