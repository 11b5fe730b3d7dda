"""This file divides what is wanted of a remote file into requests: few, and none too long.

Invariant: together they ask for all that is wanted; what they ask for besides are gaps that cost
less than leaving them out.
"""

from __future__ import annotations

from collections.abc import Iterable

from skyatlas.net.spans import Span, in_headers, joined, split

__all__ = ["HEAD", "LARGEST", "several", "singly"]

HEAD = 160
"""Bytes that the headers of one part take; a smaller gap is read rather than left out."""
LARGEST = 32 * 1024**2
"""Bytes that are asked for in one request; the answer is held in memory."""
_HEADER = 6_000
"""Characters of a Range header: servers take 8 kB of headers, of which others need some (nginx's
`large_client_header_buffers`, Apache's `LimitRequestFieldSize`)."""
_SPANS = 200
"""Apache gives the whole file for more (`MaxRanges`)."""
_SPEED = 10e6
"""Bytes per second over one connection, for the weighing of a gap against another request."""
_WORK = 1e-3
"""Seconds of our own time for a request."""


def several(spans: Iterable[Span]) -> list[list[Span]]:
    """Several ranges in each request."""
    found = split(joined(filter(_some, spans), HEAD), LARGEST)
    return in_headers(found, _HEADER, _SPANS, LARGEST)


def singly(spans: Iterable[Span], wait: float) -> list[list[Span]]:
    """One range in each request; `wait` is what another request costs, seconds."""
    gap = max(HEAD, int((wait + _WORK) * _SPEED))
    return [[span] for span in split(joined(filter(_some, spans), gap), LARGEST)]


def _some(span: Span) -> bool:
    """Whether it has any byte."""
    return span[0] < span[1]
