"""This file runs through a document once: expat for what is said, the bulk readers for the rows.

Invariant: expat sees every byte that is not a row which a bulk reader has taken whole; a document
that is cut off, not well-formed or that declares entities is Malformed, wherever that happens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.parsers import expat

from skyatlas.protocols.votable.elements import Elements
from skyatlas.protocols.votable.results import Malformed
from skyatlas.protocols.votable.tabledata import Rows

_BEGIN = re.compile(rb"<(?:[\w.-]+:)?(?:TABLEDATA|STREAM)\b[^<>]*(?<!/)>")
"""Where rows may begin; expat says whether they do."""

_LONGEST_TAG = 4096
_LONGEST_ROW = 1 << 20
"""Bytes for which the end is waited before all is left to expat: this bounds what is read twice."""


def scanned(pieces: Iterable[bytes]) -> tuple[Elements, Malformed | None]:
    """A document, read as far as it makes sense, and what is wrong with it."""
    elements = Elements()
    try:
        _Scan(elements).run(pieces)
    except Malformed as error:
        return elements, error
    except (expat.ExpatError, LookupError, UnicodeError, ValueError) as error:
        return elements, Malformed(str(error))
    return elements, None


class _Scan:
    """Where in the document we are."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements
        self.parse = elements.parser.Parse
        self._plain = True
        """Whether the rows that we are in may be taken in bulk; else expat goes through them."""

    def run(self, pieces: Iterable[bytes]) -> None:
        """Read all of it."""
        rest, first = b"", True
        for piece in pieces:
            data = piece.lstrip() if first else piece  # expat wants the declaration in front
            if first and data:
                first = False
                if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                    self.elements.encoding = None
            rest = self._took(rest + data)
        self.parse(rest, True)

    def _took(self, data: bytes) -> bytes:
        """Read on; returns what has to wait for more."""
        at = 0
        while at < len(data):
            rows, stream = self.elements.rows, self.elements.stream
            if rows is not None and self._plain:
                taken = self._took_rows(rows, data, at)
                if taken == at and self._plain:
                    return data[at:]
                at = taken
            elif stream is not None and self._plain:
                at = self._took_stream(data, at)
            elif found := _BEGIN.search(data, at):
                self.parse(data[at : found.end()], False)
                self._plain, at = True, found.end()
            else:
                end = self._end_of_tags(data, at)
                self.parse(data[at:end], False)
                return data[end:]
        return b""

    @staticmethod
    def _end_of_tags(data: bytes, at: int) -> int:
        """A tag that is not all there waits: it may be where rows begin."""
        last = data.rfind(b"<", at)
        cut = last >= 0 and len(data) - last < _LONGEST_TAG and b">" not in data[last:]
        return last if cut else len(data)

    def _took_rows(self, rows: Rows, data: bytes, at: int) -> int:
        """How far rows have been taken; where they are not plain, expat takes over."""
        # Behind the last row only: among rows each "<" would begin to look like the end. Where
        # another table follows in this piece, what is in between is not plain, and expat sees it.
        last = data.rfind(rows.row_end, at)
        stop = at if last < 0 else last + len(rows.row_end)
        end = data.find(rows.table_end, stop)
        encoding = self.elements.encoding
        if stop > at:
            try:
                self._plain = encoding is not None and rows.bulk(data[at:stop].decode(encoding))
            except UnicodeDecodeError:  # expat says where
                self._plain = False
            if not self._plain:
                return at
        if end >= 0 and not data[stop:end].strip():
            stop = end + len(rows.table_end)
            self.parse(data[end:stop], False)
        elif end >= 0 or len(data) - stop > _LONGEST_ROW:
            self._plain = False
        return stop

    def _took_stream(self, data: bytes, at: int) -> int:
        """How far base64 has been taken: to the next tag, where expat takes over."""
        stream = self.elements.stream
        end = data.find(b"<", at)
        stop = len(data) if end < 0 else end
        if stream is None or self.elements.encoding is None or data.find(b"&", at, stop) >= 0:
            self._plain = False
            return at
        stream.feed(data[at:stop])
        self._plain = end < 0
        return stop
