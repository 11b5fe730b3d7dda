"""This file gives the bytes of a file that Range asks for: one span, several, or all of them.

Several spans come as multipart/byteranges, in the form of Apache. Source: RFC 9110, section 14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from starlette.responses import PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["MODIFIED", "Body", "answered"]

MODIFIED = "Fri, 15 Jul 2016 08:22:40 GMT"
"""When all files of the sandbox were last changed: the world has no clock."""
MOST = 200
"""Spans in a request; whoever asks for more gets the whole file (Apache's MaxRanges)."""
_BOUNDARY = "THIS_STRING_SEPARATES"  # as nginx and Apache, it is not looked for in the data
_RANGES = re.compile(r"bytes=(.+)")
_RANGE = re.compile(r"(\d*)-(\d*)")
Span = tuple[int, int]
"""First byte, and the one after the last."""


class Body(Protocol):
    """A file's bytes: `bytes` themselves, or what makes them when somebody asks."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, span: slice, /) -> bytes:
        """Those from start to stop."""
        ...


class _Later(Response):
    """An answer whose bytes are made while it goes out."""

    def __init__(self, body: Body, headers: Mapping[str, str], content_type: str) -> None:
        length = {"content-length": str(len(body))}
        super().__init__(b"", 200, {**headers, **length}, content_type)
        self._later = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The headers, then the body as one that can be asked for pieces: the wire does."""
        del scope, receive
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await send({"type": "http.response.body", "body": self._later})


def answered(
    asked: Asked, body: Body, headers: Mapping[str, str], content_type: str, *, several: bool
) -> Response:
    """The file, or what of it is asked for; `headers` hold its ETag.

    Without `several` a request for more than one span gets the whole file, as S3 does.
    """
    spans = _spans(asked, len(body), headers["ETag"])
    if spans is None or len(spans) > (MOST if several else 1):
        if isinstance(body, bytes):
            return Response(body, 200, dict(headers), content_type)
        return _Later(body, headers, content_type)
    given = [span for span in spans if span[0] < span[1]]
    if not given:
        whole = {**headers, "Content-Range": f"bytes */{len(body)}"}
        return PlainTextResponse("There are no such bytes.\n", 416, whole)
    if len(given) == 1:
        (start, stop) = given[0]
        part = {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{len(body)}"}
        return Response(body[start:stop], 206, part, content_type)
    kind = f"multipart/byteranges; boundary={_BOUNDARY}"
    return Response(_multipart(body, given, content_type), 206, dict(headers), kind)


def _multipart(body: Body, spans: Sequence[Span], content_type: str) -> bytes:
    parts = []
    for start, stop in spans:
        head = (
            f"Content-type: {content_type}\r\nContent-range: bytes {start}-{stop - 1}/{len(body)}"
        )
        parts.append(f"\r\n--{_BOUNDARY}\r\n{head}\r\n\r\n".encode() + body[start:stop])
    return b"".join((*parts, f"\r\n--{_BOUNDARY}--\r\n".encode()))


def _spans(asked: Asked, size: int, etag: str) -> list[Span] | None:
    """The spans that are asked for, empty where there are no such bytes; None for the whole."""
    match = _RANGES.fullmatch(asked.header("range").strip())
    if match is None or asked.header("if-range") not in {"", etag, MODIFIED}:
        return None
    spans = [_span(text.strip(), size) for text in match[1].split(",") if text.strip()]
    # One that makes no sense spoils all (RFC 9110, section 14.2).
    return None if not spans or None in spans else [span for span in spans if span is not None]


def _span(text: str, size: int) -> Span | None:
    match = _RANGE.fullmatch(text)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    stop = min(size, int(last) + 1) if last else size
    # A range that ends before it starts is no range (RFC 9110, section 14.1.1).
    return None if last and int(last) < int(first) else (min(int(first), size), stop)
