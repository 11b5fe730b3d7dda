"""This file is the few threads that write, hash and verify, while the line goes on receiving.

Invariant: the jobs of one strand run one after another, in the order in which they were given.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Scribes", "Strand"]

_THREADS = max(2, min(8, os.cpu_count() or 1))
"""More of them only wait for each other: measured with 1, 2 and 4 on two cores."""

Job = Callable[[], None]


class Scribes:
    """A fixed number of threads, whatever the number of files."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._closed = False

    def do(self, job: Job) -> None:
        """Have somebody do this soon. The job sees to its own errors."""
        if self._closed:
            job()  # what a last job still has to have done: nobody else would
            return
        self._queue.put(job)
        if self._threads < _THREADS and not self._queue.empty():
            with self._lock:
                if self._threads == _THREADS:
                    return
                self._threads += 1
                name = f"skyatlas-scribe-{self._threads}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def close(self) -> None:
        """Let the threads end when they are done."""
        self._closed = True
        for _ in range(self._threads):
            self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            job()


class Strand:
    """Jobs that belong together."""

    __slots__ = ("_jobs", "_lock", "_running", "_scribes")

    def __init__(self, scribes: Scribes) -> None:
        self._scribes = scribes
        self._jobs: deque[Job] = deque()
        self._lock = threading.Lock()
        self._running = False

    @property
    def waiting(self) -> int:
        """Jobs that are not done yet."""
        return len(self._jobs) + self._running

    def do(self, job: Job) -> None:
        """Have this done after all that was given before."""
        with self._lock:
            self._jobs.append(job)
            if self._running:
                return
            self._running = True
        self._scribes.do(self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running = False
                    return
                job = self._jobs.popleft()
            job()
