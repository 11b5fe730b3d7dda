"""This file brings a large file over several connections, where one is slow by the archive's rule.

It tries rather than guesses: more connections are opened, within the host's pace and only where no
other file waits for the turn, as long as the whole gets faster by them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyatlas.net.arrival import Arrival
    from skyatlas.net.pull import Pull
    from skyatlas.net.transfer import Transfers

__all__ = ["LARGE", "Lanes"]

LARGE = 64 * 1024 * 1024
"""Bytes. Smaller files come over one connection."""
_SMALLEST = 1024 * 1024
"""Bytes. A stretch is not made smaller than this."""
_BLOCK = 16 * 1024 * 1024
"""Bytes asked for at a time: in order, so that the file is verified nearly as fast as it comes."""
_LOOK = 0.05
"""Seconds between looks."""
_MEASURE = 0.15
"""Seconds over which a rate is measured."""
_FAST = 100e6
"""Bytes per second of one connection; nobody throttles to so much."""
_GAIN = 1.25
"""How much faster the whole must become for the next connections to be opened."""
_TIMES = 4
"""How many times as many connections are tried next."""


@dataclass(slots=True)
class _Watch:
    """What is known of one large file."""

    since: float
    came: int
    wanted: int = 1
    """Connections."""
    rate: float = 0.0
    """Bytes per second before the last step."""
    settled: bool = False
    """True: more connections brought no more."""


class Lanes:
    """The large files on their way; in the line's thread."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers
        self._watches: dict[Arrival, _Watch] = {}

    def watch(self, arrival: Arrival) -> None:
        """Look after this file until it is here."""
        if not self._watches:
            self._transfers.line.after(_LOOK, self._look)
        self._watches[arrival] = _Watch(time.monotonic(), arrival.came)

    def refill(self, arrival: Arrival) -> None:
        """Open as many connections as are wanted."""
        watch = self._watches.get(arrival)
        if watch is not None and arrival.lanes and arrival.ranges:
            while len(arrival.lanes) < watch.wanted and self._widen(arrival):
                pass

    def _look(self) -> None:
        for arrival, watch in tuple(self._watches.items()):
            if not arrival.lanes or not arrival.ranges:
                del self._watches[arrival]
                continue
            self._step(arrival, watch)
            self.refill(arrival)
        if self._watches:
            self._transfers.line.after(_LOOK, self._look)

    def _step(self, arrival: Arrival, watch: _Watch) -> None:
        """Decide how many connections are wanted."""
        now = time.monotonic()
        if watch.settled or now - watch.since < _MEASURE:
            return
        rate = (arrival.came - watch.came) / (now - watch.since)
        watch.since, watch.came = now, arrival.came
        lanes = len(arrival.lanes)
        left = (arrival.length or 0) - arrival.size
        if rate > _FAST * lanes or left < rate:  # done within a second anyway
            return
        if watch.wanted > 1 and rate < _GAIN * watch.rate:
            watch.settled = True
        elif lanes == watch.wanted:
            watch.rate, watch.wanted = rate, _TIMES * watch.wanted
        else:
            watch.settled = True  # the host's pace allows no more

    def _widen(self, arrival: Arrival) -> bool:
        victim = max(arrival.lanes, key=lambda pull: _left(pull, arrival))
        left = _left(victim, arrival)
        if arrival.unassigned() is None and left < 2 * _SMALLEST:
            return False
        lease = self._transfers.spare(arrival.host)
        if lease is None:
            return False
        if arrival.unassigned() is None:
            block = _BLOCK if left > 2 * _BLOCK else left // 2
            victim.stretch.end, victim.cut = victim.stretch.here + block, True
        span = arrival.unassigned()
        assert span is not None
        arrival.widen((span[0], min(span[1], span[0] + _BLOCK)), lease)
        return True


def _left(pull: Pull, arrival: Arrival) -> int:
    end = pull.stretch.end if pull.stretch.end is not None else arrival.length or 0
    return end - pull.stretch.here
