"""This file lists the faults that are put before every tool, in the words of the table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "net"))

from storm_files import ENDINGS, Case

SIZE = 700_000
"""Bytes, nearly: more than one buffer of any tool."""


@dataclass(frozen=True)
class Row:
    """One fault."""

    words: str
    tries: tuple[str, ...]
    kind: str = "opaque"
    traits: tuple[str, ...] = ()
    killed: bool = False
    """The first run is killed with SIGKILL."""
    named: bool = False
    """The server gives the name, and not the caller."""

    def case(self, number: int) -> Case:
        """The file; `number` makes it one that nobody else asks for."""
        return Case(number, SIZE, self.kind, f"n{ENDINGS[self.kind]}", self.tries, self.traits)


_ONCE = {
    "reset": "line reset in mid-file",
    "reset-at-once": "line reset before the answer",
    "cut": "line closed in mid-file",
    "cut-chunked": "chunked answer broken off",
    "no-last-chunk": "chunked answer without its last chunk",
    "no-end": "chunked answer that never ends",
    "bad-chunk": "chunk with an unreadable size",
    "silence": "no answer at all",
    "silence-inside": "silence in mid-file",
    "long-length": "Content-Length too large",
    "bad-length": "Content-Length unreadable",
    "empty": "an empty body",
    "junk": "binary junk instead of a head",
    "huge-header": "a header of 1 MB",
    "half-a-head": "line closed inside the head",
    "html": "web page with status 200",
    "202": "202, come back later",
    "429": "429, Retry-After in seconds",
    "429-date": "429, Retry-After as a date",
    "500": "500",
    "503": "503",
}
_INSIDE = {
    "cut-silently": "end missing, no length told",
    "short-length": "end missing, length told too small",
    "json": "JSON error with status 200",
    "flip": "one byte wrong",
}
_AFTER_A_CUT = {
    "range-ignored": "200 and the whole file for a Range",
    "range-shifted": "206 with a wrong Content-Range",
    "range-unsaid": "206 without Content-Range",
    "range-of-more": "206 with another total",
    "416": "416 for a good Range",
}
_ALWAYS = {
    "cut": "line closed in mid-file",
    "cut-chunked": "chunked answer broken off",
    "long-length": "Content-Length too large",
    "half-a-head": "line closed inside the head",
    "range-unasked": "206 with half a file, unasked",
    "html": "web page with status 200",
    "202": "202, come back later",
    "204": "204, no content",
    "404": "404",
    "429-long": "429, come back tomorrow",
    "redirect-loop": "redirects without end",
    "redirect-nowhere": "redirect to a 404",
    "drip": "20 bytes a second",
}
_SUMS = {
    "repr-digest": "Repr-Digest",
    "digest": "Digest",
    "content-md5": "Content-MD5",
    "amz-sha256": "x-amz-checksum-sha256",
}


def _each(words: Mapping[str, str], when: str) -> Iterator[Row]:
    for fault, text in words.items():
        yield Row(f"{text}, {when}", (fault,) if when == "always" else (fault, "ok"))


ROWS = (
    Row("no fault", ("ok",)),
    Row("no fault (FITS)", ("ok",), "fits"),
    Row("slow, but right", ("slow",)),
    Row("redirect to another host", ("redirect",)),
    *_each(_ONCE, "once"),
    Row("503, three times", ("503", "503", "503", "ok")),
    *(Row(f"{text}, once (FITS)", (fault, "ok"), "fits") for fault, text in _INSIDE.items()),
    *(
        Row(f"one byte wrong, once; {text} told", ("flip", "ok"), traits=(sum_,))
        for sum_, text in _SUMS.items()
    ),
    *(Row(f"cut, then {text}", ("cut", fault, "ok")) for fault, text in _AFTER_A_CUT.items()),
    Row("cut, then a Range of other bytes (FITS)", ("cut", "range-lies", "ok"), "fits"),
    Row("cut, then the file has changed", ("cut", "new")),
    Row("cut, then the file has changed (FITS)", ("cut", "new"), "fits"),
    Row("cut, then the file has changed, no ETag, no date", ("cut", "new"), traits=("bare",)),
    Row("killed in mid-file", ("silence-inside", "ok"), killed=True),
    Row("killed in mid-file, then it has changed", ("silence-inside", "new"), killed=True),
    Row('filename="../../x"', ("ok",), traits=("name-dots",), named=True),
    *_each(_ALWAYS, "always"),
    *(Row(f"{text}, always (FITS)", (fault,), "fits") for fault, text in _INSIDE.items()),
    Row("end missing, no length told, always (gzip)", ("cut-silently",), "gz"),
    Row("end missing, no length told, always (VOTable)", ("cut-silently",), "vot"),
)
"""First what can be right in the end, then what can only be refused."""
