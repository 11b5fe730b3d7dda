"""This file keeps each host's pace; no thread starts a question or a file outside its turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from skyatlas.archive import Pace

__all__ = ["Clock", "Host", "Turns"]

_LOOK = 0.1
"""Seconds between looks at `cancel` while waiting for a turn."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the door knows about one host name."""

    archive: str
    """Short name of the archive that it belongs to: "eso"."""
    pace: Pace = field(default_factory=Pace)
    login: bool = False
    """Whether `skyatlas login ARCHIVE` exists for it."""
    tries: int | None = None
    """How often a question is put to it; None: as often as the door's patience says."""


class Clock:
    """Time as the door sees it; tests hand in their own."""

    def now(self) -> float:
        """Seconds from an arbitrary moment, never going back."""
        return time.monotonic()

    def today(self) -> float:
        """Unix time, seconds."""
        return time.time()

    def sleep(self, seconds: float, cancel: threading.Event | None = None) -> None:
        """Wait; return early when `cancel` is set."""
        (cancel or threading.Event()).wait(seconds)


class Cancelled(Exception):
    """Somebody set the `cancel` event while we waited for a turn."""


class _Queue:
    """The state of one host."""

    def __init__(self, pace: Pace) -> None:
        self.questions = threading.Semaphore(max(1, pace.at_once))
        self.files = threading.Semaphore(max(1, pace.files_at_once))
        self.gap = 1.0 / pace.per_second if pace.per_second > 0 else 0.0
        self.lock = threading.Lock()
        self.next_start = 0.0
        self.held_until = 0.0

    def slot(self, now: float) -> float:
        """Seconds to wait before starting; the slot is then taken."""
        with self.lock:
            start = max(now, self.next_start, self.held_until)
            self.next_start = start + self.gap
            return start - now

    def hold(self, until: float) -> None:
        with self.lock:
            self.held_until = max(self.held_until, until)


class Turns:
    """Turns per host for the threads of this process."""

    def __init__(self, hosts: Mapping[str, Host], clock: Clock) -> None:
        self._hosts = hosts
        self._clock = clock
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def question(self, host: str) -> Iterator[None]:
        """Hold one of the host's `at_once` turns, started no faster than `per_second`.

        A thread that already holds a turn (or is `exempt`) passes: a sign-in in the middle of a
        question must not wait for the question that waits for it.
        """
        if getattr(self._mine, "depth", 0):
            yield
            return
        queue = self._queue(host)
        with queue.questions, self.exempt():
            self._clock.sleep(queue.slot(self._clock.now()))
            yield

    @contextmanager
    def file(self, host: str, cancel: threading.Event | None = None) -> Iterator[None]:
        """Hold one of the host's `files_at_once` turns. Raises Cancelled when `cancel` is set."""
        queue = self._queue(host)
        while not queue.files.acquire(timeout=_LOOK):
            if cancel is not None and cancel.is_set():
                raise Cancelled
        try:
            self._clock.sleep(max(0.0, queue.held_until - self._clock.now()), cancel)
            yield
        finally:
            queue.files.release()

    @contextmanager
    def exempt(self) -> Iterator[None]:
        """Let this thread's questions pass without a turn: for sign-ins."""
        self._mine.depth = getattr(self._mine, "depth", 0) + 1
        try:
            yield
        finally:
            self._mine.depth -= 1

    def hold(self, host: str, seconds: float) -> None:
        """Start nothing at this host for so long: it answered 429, "too many requests"."""
        self._queue(host).hold(self._clock.now() + seconds)

    def _queue(self, host: str) -> _Queue:
        with self._lock:
            if host not in self._queues:
                known = self._hosts.get(host)
                self._queues[host] = _Queue(known.pace if known else Pace())
            return self._queues[host]
