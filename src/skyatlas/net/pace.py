"""This file keeps each host's pace; nothing starts a question or a file outside its turn.

With a folder, the turns are those of all processes that use the folder, in sum.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from skyatlas.archive import Pace
from skyatlas.net.answers import Question
from skyatlas.net.breaker import in_vain
from skyatlas.net.leases import host_folder
from skyatlas.net.queues import Lease, Queue
from skyatlas.net.redaction import redact

__all__ = ["Cancelled", "Clock", "Host", "Lease", "Turns"]

_LOOK = 0.1
"""Seconds. A shorter wait is a look at what others do; the clock is not told of it."""
_SUCCESS = 5.0
"""Seconds between notes that a host answers."""
_log = logging.getLogger(__name__)


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

    def after(self, seconds: float) -> float:
        """The moment (`now`) that is so many seconds later, for those who wait by themselves."""
        return self.now() + seconds


class Cancelled(Exception):
    """No turn came: somebody set the `cancel` event, or there was no more time."""


class Turns:
    """Turns per host, for the threads of this process and for the other processes of this user.

    `folder` is where the turns of all processes are kept; None: this process keeps its own.
    `files_at_once` is for hosts of no archive; a known archive's pace is never exceeded by it.
    """

    def __init__(
        self,
        hosts: Mapping[str, Host],
        clock: Clock,
        folder: Path | None = None,
        files_at_once: int | None = None,
    ) -> None:
        self._hosts = hosts
        self._clock = clock
        self._folder = folder
        self._files_at_once = files_at_once
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()
        self._mine = threading.local()
        _all.add(self)

    @contextmanager
    def question(self, host: str, within: float | None = None) -> Iterator[None]:
        """Hold one of the host's `at_once` turns, started no faster than `per_second`.

        A thread that already holds a turn (or is `exempt`) passes: a sign-in in the middle of a
        question must not wait for the question that waits for it. Raises Cancelled where no turn
        came `within` so many seconds (None: it waits as long as it takes).
        """
        if getattr(self._mine, "depth", 0):
            yield
            return
        queue = self._queue(host)
        until = math.inf if within is None else self._clock.now() + within
        if not queue.asking.acquire(timeout=None if within is None else max(0.0, within)):
            raise Cancelled
        try:
            with self.exempt():
                slot = self._question_slot(queue, until)
                try:
                    self._wait_to_ask(queue, until)
                    yield
                finally:
                    with queue.lock:
                        queue.questions.give(slot)
        finally:
            queue.asking.release()

    def try_file(self, host: str) -> Lease | float:
        """A turn for one file, or the seconds after which to ask again; never waits.

        At most 0.1 s where only a turn is missing; exactly as long as needed where the host asked
        us to wait, where its pace says so, and where it rests because it did not answer. Raises
        Unreachable where it did not answer for so long that its files are given up.
        """
        queue = self._queues.get(host) or self._queue(host)
        with queue.lock:
            probe = queue.breaker.until != 0.0
            if probe:
                wait = queue.breaker.wait(self._clock.now(), self._clock.today())
                if wait > 0.0:
                    return wait
            record = queue.ledger.read()
            if record.held_until:
                wait = record.held(self._clock.today())
                if wait > 0.0:
                    return wait
            slot = queue.files.take()
            if slot is None:
                return queue.files.look()
            if queue.file_gap:
                wait = queue.file_paced(self._clock.today())
                if wait > 0.0:
                    queue.files.give(slot)
                    return wait
            queue.breaker.probing = probe
            return Lease(queue, slot, probe=probe)

    @contextmanager
    def file(self, host: str, cancel: threading.Event | None = None) -> Iterator[None]:
        """Hold one of the host's `files_at_once` turns. Raises Cancelled when `cancel` is set."""
        never = threading.Event()
        while isinstance(lease := self.try_file(host), float):
            if lease > _LOOK:
                self._clock.sleep(lease, cancel)
            else:
                (cancel or never).wait(lease)
            if cancel is not None and cancel.is_set():
                raise Cancelled
        with lease:
            yield

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
        queue = self._queue(host)
        with queue.lock, queue.ledger.change() as record:
            record.hold(self._clock.today(), seconds)

    def told(self, host: str, error: Exception | None) -> None:
        """How a try to get a file from this host ended; None where it answered.

        After several tries in a row without an answer the host rests: see `try_file`.
        """
        queue = self._queues.get(host) or self._queue(host)
        failed, said = in_vain(error), None
        with queue.lock:
            if failed is False:
                said = queue.breaker.answered() if queue.breaker.failures else None
            elif failed:
                said = queue.breaker.failed(self._clock.now(), self._clock.today())
            self._note(queue, error, failed)
        if said:
            _log.info("%s", said)

    def noted(self, host: str, error: Exception | None) -> None:
        """How a question to this host ended, for those who look; None where it was answered."""
        queue = self._queues.get(host) or self._queue(host)
        with queue.lock:
            self._note(queue, error, in_vain(error), of_file=False)

    def _note(
        self, queue: Queue, error: Exception | None, failed: bool | None, *, of_file: bool = True
    ) -> None:
        """Write down how it went; success not every time: a thousand small files are in a hurry."""
        now = self._clock.now()
        if failed is False:
            if queue.noted is None or now - queue.noted > _SUCCESS:
                with queue.ledger.change() as record:
                    record.answered(self._clock.today(), of_file=of_file)
                queue.noted = now
        elif getattr(error, "again", False):  # else it is no matter of the host's
            today, breaker, queue.noted = self._clock.today(), queue.breaker, None
            resting = today + breaker.until - now if breaker.until > now else 0.0
            with queue.ledger.change() as record:
                record.failed(redact(str(error)), breaker.failures, today, resting)

    def _question_slot(self, queue: Queue, until: float) -> int:
        while True:
            with queue.lock:
                slot = queue.questions.take()
                if slot is not None:
                    return slot
                wait = queue.questions.look()
            if self._clock.now() + wait > until:
                raise Cancelled
            time.sleep(wait)

    def _wait_to_ask(self, queue: Queue, until: float) -> None:
        """Until the pace allows it and nobody was asked to wait; Cancelled if beyond `until`."""
        with queue.lock:
            today = self._clock.today()
            wait = queue.ledger.read().held(today)
            if queue.question_gap:
                with queue.ledger.change() as record:
                    wait = record.book("question", queue.question_gap, today)
        while wait > 0.0:
            if self._clock.now() + wait > until:
                raise Cancelled
            self._clock.sleep(wait)
            with queue.lock:
                wait = queue.ledger.read().held(self._clock.today())

    def _queue(self, host: str) -> Queue:
        with self._lock:
            if host not in self._queues:
                known = self._hosts.get(host)
                folder = None if self._folder is None else host_folder(self._folder, host)
                if folder is None:
                    self._folder = None  # said once, and the same for all hosts
                self._queues[host] = Queue(host, self._name(host), self._pace(known), folder)
            return self._queues[host]

    def _pace(self, known: Host | None) -> Pace:
        pace, told = known.pace if known else Pace(), self._files_at_once
        if told is None:
            return pace
        files = min(told, pace.files_at_once) if known else told
        return Pace(pace.at_once, pace.per_second, files, pace.files_per_second)

    def _name(self, host: str) -> str:
        known = self._hosts.get(host)
        if known is None:
            return host
        return f"{Question(host, known.archive).name} ({host})"

    def _leave(self) -> None:
        """Begin anew, after a fork: the turns that are held are the parent's."""
        for queue in self._queues.values():
            queue.leave()
        self._lock, self._queues = threading.Lock(), {}


_all: weakref.WeakSet[Turns] = weakref.WeakSet()


def _begin_anew() -> None:
    for turns in _all:
        turns._leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
