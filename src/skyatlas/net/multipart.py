"""This file takes an answer of several ranges apart (multipart/byteranges, RFC 9110, 14.6).

Invariant: each part is as long as its Content-Range says and is followed by the boundary; whatever
is not exactly so is refused. Nothing is searched for in the data, which may hold the boundary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Malformed", "Part", "boundary_of", "content_range", "parts"]

_BOUNDARY = re.compile(
    r"""(?i)^multipart/byteranges\s*;(?:[^"]*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))"""
)
"""RFC 2046, 5.1.1: at most 70 characters; nginx writes them bare, others in quotes."""
_RANGE = re.compile(r"(?i)^bytes[ =](\d{1,18})-(\d{1,18})/(\d{1,18}|\*)$")
_LONGEST_HEAD = 4096
"""Bytes of the headers of one part; real ones are about a hundred."""


class Malformed(ValueError):
    """The answer is not what it says. The text is the end of a sentence that begins with who."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file, and where it belongs."""

    start: int
    data: memoryview
    size: int | None
    """Bytes of the whole file; None where the server does not know."""

    @property
    def stop(self) -> int:
        """The byte after its last."""
        return self.start + len(self.data)


def boundary_of(content_type: str) -> str | None:
    """What stands between the parts; None where the answer is no multipart/byteranges."""
    if not content_type.lower().startswith("multipart/byteranges"):
        return None
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise Malformed("sent several ranges without a boundary between them")
    return found[1] or found[2]


def content_range(text: str) -> tuple[int, int, int | None]:
    """First byte, byte after the last, and size of the file, of a Content-Range header."""
    found = _RANGE.match(text.strip())
    if found is None:
        raise Malformed(f"does not say which bytes it sent (Content-Range {text[:60]!r})")
    start, stop = int(found[1]), int(found[2]) + 1
    size = None if found[3] == "*" else int(found[3])
    if start >= stop or (size is not None and stop > size):
        raise Malformed(f"sent bytes that cannot be ({text[:60]!r})")
    return start, stop, size


def parts(body: bytes, boundary: str) -> list[Part]:
    """All parts, in the order in which they came. Raises Malformed."""
    view, mark = memoryview(body), b"--" + boundary.encode("latin-1")
    place = 2 if body.startswith(b"\r\n" + mark) else 0
    if not body.startswith(mark, place):
        raise Malformed("sent several ranges that do not begin with their boundary")
    found = []
    while True:
        place += len(mark)
        if body.startswith(b"--", place):
            break
        if not body.startswith(b"\r\n", place):
            raise Malformed("sent several ranges with a broken boundary")
        start, stop, size, place = _head(body, place)
        end = place + stop - start
        if not body.startswith(b"\r\n" + mark, end):
            raise Malformed(f"sent a range (bytes {start}-{stop - 1}) that is not so long")
        found.append(Part(start, view[place:end], size))
        place = end + 2
    if body[place + 2 :].strip():
        raise Malformed("sent something after the last of several ranges")
    return found


def _head(body: bytes, place: int) -> tuple[int, int, int | None, int]:
    """What the headers of a part say, and where its data begin; `place` is at their line's start.

    The empty line may follow the boundary at once, so the CRLF before the headers counts.
    """
    end = body.find(b"\r\n\r\n", place, place + _LONGEST_HEAD)
    if end < 0:
        raise Malformed("sent a range whose headers have no end")
    for line in body[place:end].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-range":
            return *content_range(value.decode("latin-1")), end + 4
    raise Malformed("sent a range without Content-Range")
