"""This file holds what this process knows of one host: its turns, its pace, whether it answers.

Invariant: `Queue.lock` guards all of it but `asking`, and nobody waits while holding the lock.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from skyatlas.archive import Pace
from skyatlas.net.breaker import Breaker
from skyatlas.net.leases import Slots
from skyatlas.net.ledger import NOW, Ledger

__all__ = ["Lease", "Queue"]

_LATE = 0.2
"""Seconds, at least, for which a booked start may be late before another one is booked."""


class Lease:
    """A turn for one file; it ends when it is released, or when the process does."""

    __slots__ = ("_probe", "_queue", "_slot")

    def __init__(self, queue: Queue, slot: int, *, probe: bool = False) -> None:
        self._queue = queue
        self._slot = slot
        self._probe = probe

    def release(self) -> None:
        """Give the turn back; a second time does nothing."""
        queue = self._queue
        with queue.lock:
            if self._slot >= 0:
                queue.files.give(self._slot)
                self._slot = -1
                if self._probe:
                    queue.breaker.probing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Queue:
    """One host. `name` is what people call it, `folder` where its turns are shared."""

    def __init__(self, host: str, name: str, pace: Pace, folder: Path | None) -> None:
        self.lock = threading.Lock()
        self.asking = threading.Semaphore(max(1, pace.at_once))
        """Keeps threads of this process from looking for slots that they cannot all get."""
        self.questions = Slots(pace.at_once, folder, "question")
        self.files = Slots(pace.files_at_once, folder, "file")
        self.ledger = Ledger(folder)
        self.breaker = Breaker(host, name)
        self.question_gap = 1.0 / pace.per_second if pace.per_second > 0 else 0.0
        self.file_gap = 1.0 / pace.files_per_second if pace.files_per_second > 0 else 0.0
        self.ticket = 0.0
        """The start that is booked for the next file of this process: Unix time, 0 for none."""
        self.noted: float | None = None
        """The clock's `now` when it was noted that the host answers; None: not since trouble."""

    def file_paced(self, today: float) -> float:
        """Seconds until the next file may start by `files_per_second`; its start is then booked."""
        if today > self.ticket + max(self.file_gap, _LATE):
            with self.ledger.change() as record:
                self.ticket = today + record.book("file", self.file_gap, today)
        wait = self.ticket - today
        if wait > NOW:
            return wait
        self.ticket = 0.0
        return 0.0

    def leave(self) -> None:
        """Forget what is the parent's, after a fork."""
        self.lock = threading.Lock()
        for one in (self.questions, self.files, self.ledger):
            one.leave()
