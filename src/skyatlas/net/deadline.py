"""This file bounds a whole HTTP answer in time; a server that drips cannot hold a thread.

requests' read time-out starts anew with every byte received, so a header or a body that comes one
byte a minute lasts for ever (scenario 6). Here every read from the socket looks at the clock.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

__all__ = ["POOLS", "answer_within"]

_bounds = threading.local()


@contextmanager
def answer_within(total: float, silence: float) -> Iterator[None]:
    """Answers that this thread starts to read inside this block arrive within `total` seconds.

    `silence` is the longest wait for the next byte, seconds. Beyond either, TimeoutError.
    """
    _bounds.until = time.monotonic() + total
    _bounds.silence = silence
    try:
        yield
    finally:
        _bounds.until = None


class _Reader(io.RawIOBase):
    """A socket's bytes, each read bounded by what is left of the time."""

    def __init__(self, sock: socket.socket, until: float, silence: float) -> None:
        self._sock = sock
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._until = until
        self._silence = silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took longer than its total time-out")
        self._sock.settimeout(min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedAnswer(HTTPResponse):
    """http.client's answer, reading through `_Reader` where a bound is set."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        until = getattr(_bounds, "until", None)
        if until is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Reader(sock, until, _bounds.silence))


class _Connection(HTTPConnection):
    response_class = _BoundedAnswer


class _SecureConnection(HTTPSConnection):
    response_class = _BoundedAnswer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
"""For `PoolManager.pool_classes_by_scheme`."""
