"""This file serves one file by ranges, in all the ways that servers do, well and badly."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from fault_server import Line

BOUNDARY = "THIS_STRING_SEPARATES"


@dataclass
class RangeFile:
    """A plan of `FaultServer`: a file and the manner in which it is served."""

    data: bytes
    etag: str | None = '"one"'
    several: str = "multipart"
    """Several ranges at once: "multipart", "first" (only the first comes), "whole" (200), "merged"
    (near ones as one part), "reversed"."""
    ranges: bool = True
    most: int = 10_000
    """More ranges than this, and the whole file comes, as Apache does."""
    longest: int = 8190
    """Characters of a header; a longer one is 400."""
    headers: dict[str, object] = field(default_factory=dict)
    shift: int = 0
    """Added to what Content-Range says."""
    quoted: bool = False
    """Whether the boundary stands in quotes."""
    sending: list[list[int]] = field(default_factory=list)
    """Bytes of each body, in a list of its own: answers are sent side by side."""

    @property
    def bodies(self) -> list[int]:
        """Bytes of each body that was sent."""
        return [one[0] for one in self.sending]

    def __call__(self, line: Line) -> None:
        line.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wanted = line.seen.headers.get("range")
        condition = line.seen.headers.get("if-range")
        if wanted is not None and len(wanted) > self.longest:
            line.whole(400, b"header too long")
            return
        if wanted is None or not self.ranges or (condition and condition != self.etag):
            self._whole(line)
            return
        size = len(self.data)
        spans = [
            (int(first), min(int(last) + 1, size))
            for first, last in (one.split("-") for one in wanted[6:].split(","))
            if int(first) < size
        ]
        if not spans:
            self._send(line, 416, b"", content_range=f"bytes */{size}")
        elif len(spans) == 1 or self.several == "first":
            start, stop = spans[0]
            self._send(line, 206, self.data[start:stop], content_range=self._said(start, stop))
        elif self.several == "whole" or len(spans) > self.most:
            self._whole(line)
        else:
            self._multipart(line, spans)

    def _multipart(self, line: Line, spans: list[tuple[int, int]]) -> None:
        if self.several == "reversed":
            spans.reverse()
        if self.several == "merged":
            spans = [(start, spans[2 * n + 1][1]) for n, (start, _) in enumerate(spans[::2])]
        body = b""
        for start, stop in spans:
            head = f"Content-Type: image/fits\r\nContent-Range: {self._said(start, stop)}"
            body += f"\r\n--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + self.data[start:stop]
        body += f"\r\n--{BOUNDARY}--\r\n".encode()
        mark = f'"{BOUNDARY}"' if self.quoted else BOUNDARY
        self._send(line, 206, body, content_type=f"multipart/byteranges; boundary={mark}")

    def _said(self, start: int, stop: int) -> str:
        return f"bytes {start + self.shift}-{stop - 1 + self.shift}/{len(self.data)}"

    def _whole(self, line: Line) -> None:
        self._send(line, 200, self.data)

    def _send(self, line: Line, status: int, body: bytes, **headers: object) -> None:
        sent = [0]
        self.sending.append(sent)
        line.head(status, content_length=len(body), etag=self.etag, **self.headers, **headers)
        # In pieces, so that a client that has seen enough need not take the rest.
        for start in range(0, len(body), 65536):
            piece = body[start : start + 65536]
            sent[0] += len(piece)
            line.wfile.write(piece)
