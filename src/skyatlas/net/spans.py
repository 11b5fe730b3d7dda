"""This file joins spans of bytes into few requests, and takes the spans out of what came.

Invariant: `Gathered` gives exactly the bytes that were asked for, or none: no gap is ever filled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from skyatlas.net.multipart import Part

__all__ = ["Gathered", "Span", "header_of", "in_headers", "joined", "split"]

Span = tuple[int, int]
"""First byte, and the byte after the last."""


def joined(spans: Iterable[Span], gap: int) -> list[Span]:
    """The spans in order, as one where no more than `gap` bytes lie between them."""
    found: list[Span] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1] + gap:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def split(spans: Iterable[Span], largest: int) -> list[Span]:
    """The same bytes in spans of at most `largest` bytes."""
    return [
        (start, min(start + largest, end))
        for first, end in spans
        for start in range(first, end, largest)
    ]


def in_headers(spans: Sequence[Span], length: int, count: int, largest: int) -> list[list[Span]]:
    """Spans by request: at most `length` characters, `count` spans and `largest` bytes in each."""
    found: list[list[Span]] = []
    characters = size = 0
    for span in spans:
        more = len(header_of([span])) - len("bytes=") + 1
        full = characters + more > length or size + span[1] - span[0] > largest
        if not found or full or len(found[-1]) >= count:
            found.append([])
            characters, size = len("bytes="), 0
        found[-1].append(span)
        characters += more
        size += span[1] - span[0]
    return found


def header_of(spans: Iterable[Span]) -> str:
    """The value of the Range header (RFC 9110, 14.2)."""
    return "bytes=" + ",".join(f"{start}-{stop - 1}" for start, stop in spans)


class Gathered:
    """Parts of a file that came, in any order, overlapping or not."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.parts: list[Part] = []
        """By their start, without those that lie within another."""
        for part in sorted(parts, key=lambda one: (one.start, -one.stop)):
            if not self.parts or part.stop > self.parts[-1].stop:
                self.parts.append(part)
        self._starts = [part.start for part in self.parts]

    def taken(self, span: Span) -> bytes | None:
        """The bytes of a span; None where some lack."""
        start, stop = span
        pieces: list[memoryview] = []
        index = bisect_right(self._starts, start) - 1
        while start < stop and 0 <= index < len(self.parts):
            part = self.parts[index]
            if not part.start <= start < part.stop:
                return None
            pieces.append(part.data[start - part.start : stop - part.start])
            start, index = part.stop, index + 1
        return None if start < stop else b"".join(pieces)
