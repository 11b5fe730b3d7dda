"""This file lets a host rest that does not answer; ten thousand files never wait it out one by one.

Ten tries in a row without an answer: the host rests, 5 s first, then twice as long each time, up
to 60 s. After each rest one file is tried. An answer ends it all; three such tries in vain, and
the host's files are given up for five minutes. Nothing here waits; nothing here is shared with
other processes. Not for two threads at the same time.
"""

from __future__ import annotations

from datetime import UTC, datetime

from skyatlas.errors import ArchiveError, Broken, Busy, Unreachable

__all__ = ["Breaker"]

_TRIES = 10
"""In a row without an answer, before the host rests."""
_REST = 5.0
"""Seconds of the first rest."""
_LONGEST_REST = 60.0
_PROBES = 3
"""In vain, before the host is given up."""
_GIVEN_UP = 300.0
"""Seconds."""
_OTHERS = 0.1
"""Seconds between looks of the others while one file is tried."""


class Breaker:
    """What this process has seen of one host."""

    def __init__(self, host: str, name: str) -> None:
        self._host = host
        self._name = name
        self.failures = 0
        """Tries in a row without an answer."""
        self.until = 0.0
        """The clock's `now` until which the host rests; 0: it does not."""
        self.probing = False
        """Whether the one file that is tried after a rest is under way."""
        self._since = 0.0
        self._probes = 0
        """Such files in vain."""

    def wait(self, now: float, today: float) -> float:
        """Seconds until a file may be asked for; 0.0 means now. Raises where all is given up."""
        if not self.until:
            return 0.0
        left = self.until - now
        if left > 0.0:
            if self._probes >= _PROBES:
                raise self._given_up(today + left)
            return left
        return _OTHERS if self.probing else 0.0

    def answered(self) -> str | None:
        """The host answered; what there is to say about it."""
        resting = self.until
        self.failures, self.until, self.probing, self._probes = 0, 0.0, False, 0
        return f"{self._name} answers again; its files go on" if resting else None

    def failed(self, now: float, today: float) -> str | None:
        """A try was in vain; what there is to say about it."""
        self.failures += 1
        if self.failures == 1:
            self._since = today
        if self.failures < _TRIES or now < self.until:
            return None  # the second: tries that had begun before the rest did
        self._probes += bool(self.until)
        self.probing = False
        if self._probes >= _PROBES:
            self.until = now + _GIVEN_UP
            return str(self._given_up(today + _GIVEN_UP))
        rest = min(_REST * 2.0**self._probes, _LONGEST_REST)
        self.until = now + rest
        return (
            f"{self._name} did not answer {self.failures} tries in a row; "
            f"its files rest until {_clock(today + rest)}, then one is tried"
        )

    def _given_up(self, until: float) -> Unreachable:
        return Unreachable(
            f"{self._name} did not answer {self.failures} tries in a row since "
            f"{_clock(self._since)}; it is not asked for files before {_clock(until)}; "
            "try again later",
            archive=self._host,
        )


def in_vain(error: Exception | None) -> bool | None:
    """Whether a try failed at the host; None where that cannot be told.

    A host that refuses a file answers. What fails in the same way at once and always (a bad
    certificate, being offline) needs no rest, and 503 with a time to wait is an appointment.
    """
    if isinstance(error, Busy):
        return True if error.status == 503 and error.wait is None else None
    if isinstance(error, Unreachable | Broken):
        return True if error.again else None
    if isinstance(error, ArchiveError) or error is None:
        return False
    return None


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S UTC")
