"""This file reads the rows of TABLEDATA: in bulk where they are plain, cell by cell elsewhere.

Invariant: the bulk path takes a piece only if every "<" in it belongs to a TR or TD of the layout
that it expects, so that what it makes of the piece is what an XML parser would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from skyatlas.protocols.votable.columns import Column
from skyatlas.protocols.votable.results import Malformed

_BATCH = 4096
"""Rows that the exact path gathers before it makes values of them."""

_BETWEEN = "\0"
"""What no text of XML can hold (XML 1.0, section 2.2), so that texts can be told apart by it."""
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_REFERENCE = re.compile(r"&([^;&]{0,40};)?")


class Rows:
    """The rows of one table."""

    def __init__(self, columns: Sequence[Column], prefix: str = "") -> None:
        self.columns = columns
        self._tr, self._td = f"{prefix}TR", f"{prefix}TD"
        self.row_end = f"</{self._tr}>".encode()
        """With this a row ends, as bytes."""
        self.table_end = f"</{prefix}TABLEDATA>".encode()
        """With this they all end."""
        tr, td = re.escape(self._tr), re.escape(self._td)
        self._first = re.compile(rf"\s*<{tr}>\s*<{td}>")
        self._last = re.compile(rf"</{td}>\s*</{tr}>\s*\Z")
        self._cell_gap = re.compile(rf"</{td}>\s*<{td}>")
        self._row_gap = re.compile(rf"</{td}>\s*</{tr}>\s*<{tr}>\s*<{td}>")
        self._waiting: list[list[str]] = []
        self._done = 0
        self._odd = False

    def bulk(self, text: str) -> bool:
        """Take whole rows; False, and nothing taken, where they are not plain."""
        table = self._split(self._tidied(text))
        if table is None and not self._odd:
            self._odd = True
            table = self._split(self._tidied(text))
        if table is None:
            return not text.strip()
        self._done += len(table)
        referring = "&" in text
        for column, cells in zip(self.columns, zip(*table, strict=True), strict=True):
            column.add_texts(_all_resolved(cells) if referring else cells)
        return True

    def _tidied(self, text: str) -> str:
        """The text as it is, until a piece was not plain; then without what makes it irregular."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not self._odd:
            return text
        for empty in (f"<{self._td}/>", f"<{self._td} />"):
            text = text.replace(empty, f"<{self._td}></{self._td}>")
        return re.sub(r">\s+<", "><", text)

    def _split(self, text: str) -> list[list[str]] | None:
        """The cells, if rows and cells stand apart from each other as the first ones do."""
        first, last = self._first.match(text), self._last.search(text, max(0, len(text) - 256))
        if first is None or last is None or last.start() < first.end():
            return None
        body = text[first.end() : last.start()]
        found = self._row_gap.search(body)
        rows = body.split(found[0]) if found else [body]
        gap = self._cell_gap.search(rows[0])
        table = [row.split(gap[0]) for row in rows] if gap else [[row] for row in rows]
        width = len(self.columns)
        tags = 2 * len(rows) * (width - 1) + 4 * (len(rows) - 1)
        if set(map(len, table)) != {width} or _count(body) != tags:
            return None
        return table

    def row(self, cells: list[str]) -> None:
        """Take one row whose texts an XML parser has made."""
        self._done += 1
        if len(cells) != len(self.columns):
            raise Malformed(
                f"row {self._done} has {len(cells)} cells where {len(self.columns)} are declared"
            )
        self._waiting.append(cells)
        if len(self._waiting) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Make values of the rows that wait."""
        if not self._waiting:
            return
        for column, cells in zip(self.columns, zip(*self._waiting, strict=True), strict=True):
            column.add_texts(cells)
        self._waiting.clear()


def _count(text: str) -> int:
    """How many "<" there are; str.count takes four times as long where there are many."""
    return int(np.count_nonzero(np.frombuffer(text.encode(), np.uint8) == ord("<")))


def _all_resolved(cells: Sequence[str]) -> Sequence[str]:
    """Many texts at once: mostly none of them has an entity, or all have the one of URLs."""
    joined = _BETWEEN.join(cells)
    if "&" not in joined:
        return cells
    if joined.count("&") == joined.count("&amp;") and joined.count(_BETWEEN) == len(cells) - 1:
        return joined.replace("&amp;", "&").split(_BETWEEN)
    return list(map(resolved, cells))


def resolved(text: str) -> str:
    """The text with XML's own entities and numbered characters put in. Raises Malformed."""
    if text.count("&") == text.count("&amp;"):  # as URLs have it
        return text.replace("&amp;", "&")
    return _REFERENCE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    word = (found[1] or "")[:-1]
    if word in _ENTITIES:
        return _ENTITIES[word]
    try:
        if re.fullmatch(r"#[0-9]+|#x[0-9A-Fa-f]+", word):
            number = int(f"0{word[1:]}", 0) if word[1] == "x" else int(word[1:])
            if (number >= 32 and not 0xD800 <= number < 0xE000) or number in (9, 10, 13):
                return chr(number)
    except (ValueError, OverflowError):
        pass
    raise Malformed(f"a cell has an entity that nobody has declared ({found[0][:20]!r})")
