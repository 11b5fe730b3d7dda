"""This file has the first read of a remote file open the connections that the next one will want.

Invariant: no more connections are opened than there are turns free, and no more than one where
others read at the same host: to them a turn is worth more than an early connection to us.
"""

from __future__ import annotations

import threading
import weakref
from contextlib import ExitStack

from skyatlas.archive import Pace
from skyatlas.net.pace import Lease, Turns
from skyatlas.net.spans import Span, split

__all__ = ["Opening"]

_CONNECTIONS = 3
"""The 512 rows of a usual piece come in so many requests."""
_SHARE = 8 * 1024
"""Bytes; a first read is not divided into smaller shares."""


class Opening:
    """The first read of one file at a host; until it is closed, it is company to the others."""

    def __init__(self, turns: Turns, host: str, pace: Pace) -> None:
        self._turns = turns
        self._host = host
        self._pace = pace
        with _looking:
            _all.add(self)

    def close(self) -> None:
        """The file is done with."""
        with _looking:
            _all.discard(self)

    def shares(self, planned: list[list[Span]]) -> list[list[Span]]:
        """A first read of one range as several side by side, where that is worth it."""
        spans = [span for request in planned for span in request]
        if len(spans) != 1:
            return planned
        length = spans[0][1] - spans[0][0]
        most = min(_CONNECTIONS, length // _SHARE, self._pace.files_at_once)
        if most < 2 or not self._alone() or not self._free(most):
            return planned
        return [[share] for share in split(spans, -(-length // most))]

    def _alone(self) -> bool:
        with _looking:
            others = [one for one in _all if one is not self]
        return not any(one._turns is self._turns and one._host == self._host for one in others)

    def _free(self, most: int) -> bool:
        """Whether nobody need wait for so many turns."""
        if self._pace.files_per_second:
            return False  # to look would use up the next starts
        with ExitStack() as held:
            for _ in range(most):
                turn = self._turns.try_file(self._host)
                if not isinstance(turn, Lease):
                    return False
                held.enter_context(turn)
        return True


_all: weakref.WeakSet[Opening] = weakref.WeakSet()
_looking = threading.Lock()
