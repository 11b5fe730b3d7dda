"""This file is a remote file in memory, which counts how it is read."""

from __future__ import annotations

from collections.abc import Sequence


class Local:
    """What `RemoteImage` reads from; the size is known after the first read, as with HTTP."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.size: int | None = None
        self.reads: list[list[tuple[int, int]]] = []

    def read(self, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        assert all(0 <= start <= stop for start, stop in spans)
        self.size = len(self.body)
        self.reads.append(list(spans))
        return [self.body[start:stop] for start, stop in spans]

    @property
    def read_bytes(self) -> int:
        return sum(stop - start for spans in self.reads for start, stop in spans)
