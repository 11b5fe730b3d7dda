"""This file reads the words of the command line that click would misread: negative declinations."""

from __future__ import annotations

_IN_NUMBERS = frozenset("0123456789.:hdmseE'\"°+-")
_MINUS = "\N{MINUS SIGN}"


def with_minus_signs(words: list[str]) -> list[str]:
    """Let `-12:30` and `-0.0133` be arguments, not options: their hyphen becomes a minus sign."""
    return [_MINUS + word[1:] if word[:1] == "-" and _is_number(word) else word for word in words]


def targets(words: tuple[str, ...]) -> list[str]:
    """Join positions that came without quotes: 40.67 -0.0133, or 02 42 40.7 -00 00 48."""
    joined: list[str] = []
    run: list[str] = []
    for word in (*words, ""):
        if word and _is_number(word):
            run.append(word)
            continue
        pieces = [piece.replace(_MINUS, "-") for piece in run]
        joined.extend([" ".join(pieces)] if len(run) in (2, 6) else pieces)
        run = []
        if word:
            joined.append(word)
    return joined


def _is_number(word: str) -> bool:
    """Whether the word is a number or a piece of a sexagesimal one: 40.67, -12:30, 02h42m40.7s."""
    digits = word.lstrip("+-" + _MINUS).lstrip(".")
    signs = len(word) - len(word.lstrip("+-" + _MINUS))
    return signs <= 1 and digits[:1].isdigit() and _IN_NUMBERS.issuperset(digits)
