"""This file serves one file in the spans that are asked for, at a pace, and notes who asked when.

Invariant: a request is under way from its head to its last byte, so `most` is never too high.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fault_server import Line

_TICK = 0.01
"""Seconds between two pieces of a paced answer."""
_PIECE = 65_536
"""Bytes of a piece where there is no pace."""


@dataclass
class Asked:
    """One request for a span of the file."""

    first: int
    stop: int
    ranged: bool
    sent: int = 0
    """Bytes handed to the kernel."""


@dataclass
class Spans:
    """A plan of `FaultServer`: a file with ranges, each connection at most at `rate`."""

    data: bytes
    rate: float | None = None
    """Bytes per second and connection."""
    etag: str | None = '"one"'
    headers: dict[str, object] = field(default_factory=lambda: {"accept_ranges": "bytes"})
    breaks: Callable[[Asked], int | None] = lambda asked: None
    """After how many bytes of this answer the line is reset."""
    requests: list[Asked] = field(default_factory=list)
    most: int = 0
    """The most requests that were under way at the same time."""
    under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, line: Line) -> None:
        asked = self._asked(line)
        with self._lock:
            self.requests.append(asked)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            self._answer(line, asked)
        finally:
            with self._lock:
                self.under_way -= 1

    @property
    def sent(self) -> int:
        """Bytes of all answers."""
        return sum(asked.sent for asked in self.requests)

    def _asked(self, line: Line) -> Asked:
        wanted = line.seen.headers.get("range")
        if wanted is None or line.seen.headers.get("if-range", self.etag) != self.etag:
            return Asked(0, len(self.data), ranged=False)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        stop = min(int(last or len(self.data)) + bool(last), len(self.data))
        return Asked(int(first), stop, ranged=True)

    def _answer(self, line: Line, asked: Asked) -> None:
        span = f"bytes {asked.first}-{asked.stop - 1}/{len(self.data)}" if asked.ranged else None
        said = {"etag": self.etag, "content_range": span, **self.headers}
        line.head(206 if asked.ranged else 200, content_length=asked.stop - asked.first, **said)
        end = self.breaks(asked)
        rest = memoryview(self.data)[asked.first : asked.stop][:end]
        over: threading.Event = line.server.owner.over  # type: ignore[attr-defined]
        while rest:
            piece = rest[: int(self.rate * _TICK) if self.rate else _PIECE]
            if self.rate and over.wait(_TICK):
                return
            line.wfile.write(piece)
            asked.sent += len(piece)
            rest = rest[len(piece) :]
        if end is not None:
            line.reset()
