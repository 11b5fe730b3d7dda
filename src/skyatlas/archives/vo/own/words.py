"""This file reads the words of one small file; what makes no sense is refused with its place.

Invariant: every refusal names the file, the line where there is one, and what to write.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from skyatlas.errors import BadInput

__all__ = ["Words"]

_MOST = 256
"""Questions or files at once; more is an attack."""


class Words:
    """One table of a file."""

    def __init__(self, path: Path, text: str, values: Mapping[str, Any], section: str = "") -> None:
        self.values = values
        self._path = path
        self._text = text
        self._section = section

    def inside(self, section: str) -> Words:
        """The table of that name; empty where it is not there."""
        values = self.values.get(section, {})
        if not isinstance(values, dict):
            raise self.wrong(section, f"{section} is a table; write [{section}] above its lines")
        return Words(self._path, self._text, values, section)

    def only(self, known: Collection[str], *, above: Collection[str] = ()) -> None:
        """Refuse other keys; those of `above` are at home in front of the tables."""
        for key in self.values:
            if key in above and key not in known:
                raise self.wrong(key, f"{key} belongs above the first line with [ ]; move it there")
            self.known(key, key, known)

    def known(self, key: str, word: str, words: Collection[str]) -> None:
        """Refuse a word that is none of these."""
        if word in words:
            return
        near = get_close_matches(word, words, n=2)
        hint = f"did you mean {' or '.join(near)}? There" if near else "there"
        where = f" in [{self._section}]" if self._section else ""
        raise self.wrong(key, f"{word!r} means nothing{where}; {hint} are: {', '.join(words)}")

    def text(self, key: str, default: str = "") -> str:
        """A text; what is missing is the default."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, f'{key} is a text; write {key} = "…"')
        return value.strip()

    def choice(self, key: str, words: Collection[str]) -> str:
        """One of these words, or ""."""
        word = self.text(key)
        if word:
            self.known(key, word, words)
        return word

    def texts(self, key: str) -> tuple[str, ...]:
        """Several texts, or none."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(key, f'{key} is a list of texts; write {key} = ["…", "…"]')
        return tuple(value)

    def number(self, key: str, default: float, *, whole: bool = False) -> float:
        """A number from 0 on or, where it is a `whole` one, from 1 on."""
        value = self.values.get(key, default)
        right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not right or not whole <= value <= _MOST:
            one = f"a whole number from 1 to {_MOST}" if whole else f"a number up to {_MOST}"
            raise self.wrong(key, f"{key} is {one}; write {key} = {default:g}")
        return cast("float", value)

    def wrong(self, key: str, sentence: str) -> BadInput:
        """The refusal, with the line where the key is, if it is anywhere."""
        start = 0
        if self._section:
            head = re.search(rf"^\s*\[?\s*(?:\w+\.)?{self._section}\b", self._text, re.MULTILINE)
            start = head.start() if head else 0
        pattern = re.compile(
            rf"""^[^\n#]*?(?<!\w)["']?{re.escape(key)}["']?\s*[=\]]""", re.MULTILINE
        )
        found = pattern.search(self._text, start)
        line = f", line {self._text.count(chr(10), 0, found.end()) + 1}" if found else ""
        return BadInput(f"{self._path}{line}: {sentence}")
