"""This file changes single cards of a header and leaves every other one as the bytes that it was.

astropy mends what it writes; here a card that breaks the standard comes out as it went in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from skyatlas.formats.opening import quiet

_CARD = 80
_BLOCK = 2880
_HISTORY = 72
"""Characters of text in one card (FITS standard 4.0, 4.4.2.4)."""
END = b"END".ljust(_CARD)


class Records:
    """The cards of one header up to END, each 80 bytes."""

    def __init__(self, raw: bytes) -> None:
        whole = [raw[place : place + _CARD] for place in range(0, len(raw), _CARD)]
        self._cards = whole[: whole.index(END)] if END in whole else whole

    def keywords(self) -> list[str]:
        """The names, in the order of the cards."""
        return [_keyword(card) for card in self._cards]

    def value(self, keyword: str) -> Any:
        """The value of the first card of this name; None where there is none, or nothing in it."""
        card = next((card for card in self._cards if _keyword(card) == keyword), None)
        if card is None:
            return None
        from astropy.io.fits.card import Undefined

        with quiet():
            value = _parsed(card).value
        return None if isinstance(value, Undefined) else value

    def put(self, keyword: str, value: Any, comment: str = "") -> None:
        """Give every card of this name a value, and keep its comment; add one where none is."""
        if not self.change(keyword, lambda _: value):
            self._cards.append(_card(keyword, value, comment))

    def change(self, keyword: str, new: Callable[[Any], Any]) -> bool:
        """Give every card of this name the value that `new` makes of the old; False: none is."""
        found = False
        with quiet():
            for index, card in enumerate(self._cards):
                if _keyword(card) == keyword:
                    old = _parsed(card)
                    self._cards[index] = _card(keyword, new(old.value), old.comment)
                    found = True
        return found

    def drop(self, pattern: re.Pattern[str]) -> None:
        """Take out the cards whose names match from beginning to end."""
        self._cards = [card for card in self._cards if not pattern.fullmatch(_keyword(card))]

    def begin(self, **values: Any) -> None:
        """Put these cards before all others, in place of those of the same names."""
        self.drop(re.compile("|".join(values)))
        self._cards[:0] = [_card(keyword, value, "") for keyword, value in values.items()]

    def history(self, text: str) -> None:
        """Add a line to HISTORY, in as many cards as it needs."""
        plain = text.encode("ascii", "replace")
        for start in range(0, len(plain), _HISTORY):
            line = b"HISTORY " + plain[start : start + _HISTORY]
            self._cards.append(line.ljust(_CARD))

    def block(self) -> bytes:
        """The header as it stands in a file, filled up to whole blocks."""
        raw = b"".join((*self._cards, END))
        return raw.ljust(-(-len(raw) // _BLOCK) * _BLOCK)


def padded(data: bytes) -> bytes:
    """Data as they stand in a file, filled up with zeros to whole blocks."""
    return data + bytes(-len(data) % _BLOCK)


def _keyword(card: bytes) -> str:
    return card[:8].decode("latin-1").rstrip()


def _parsed(card: bytes) -> Any:
    from astropy.io.fits import Card

    return Card.fromstring(card)


def _card(keyword: str, value: Any, comment: str) -> bytes:
    from astropy.io.fits import Card

    with quiet():  # a comment that no longer fits is cut
        return str(Card(keyword, value, comment).image)[:_CARD].encode("latin-1").ljust(_CARD)
