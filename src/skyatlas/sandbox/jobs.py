"""This file holds asynchronous jobs (UWS 1.1): born, run in a thread each, watched and forgotten.

Whoever waits for a job is woken by its change, never by polling.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.database import TooLong

ENDED = frozenset({"COMPLETED", "ERROR", "ABORTED"})
"""Phases that a job never leaves (UWS 1.1, section 2.1.3)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service grants its jobs; these are ESO's."""

    seconds: float = 60.0
    """The service's time that a job has until it asks for more."""
    most_seconds: float = 3600.0
    """What it may ask for."""
    kept: timedelta = timedelta(days=1)
    """How long a job is kept, if nobody asks for more."""
    kept_most: timedelta = timedelta(days=180)


Work = Callable[[Asked, float], tuple[str, bytes]]
"""From the request and the seconds that it has, the result's media type and bytes.

Raises `Failed`, and `TooLong` where the seconds do not suffice.
"""


class Failed(Exception):
    """The job ends in ERROR, with this sentence."""


@dataclass(slots=True)
class Job:
    """One job; its fields change only under the lock of `Jobs`."""

    id: str
    asked: Asked
    """The request that made it; its parameters are the job's."""
    base: str
    """The service's address: "https://archive.eso.org/tap_obs"; its jobs are at `/async` below."""
    work: Work
    limits: Limits
    duration: float
    """Seconds of the service's time."""
    destruction: datetime
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    phase: str = "PENDING"
    started: datetime | None = None
    ended: datetime | None = None
    content_type: str = ""
    result: bytes = b""
    error: str = ""


class Jobs:
    """All jobs of one sandbox. Safe for many threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def close(self) -> None:
        """Wake everybody who waits; let the running jobs end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def of(self, base: str) -> list[Job]:
        """The jobs of one service."""
        with self._changed:
            return [job for job in self._jobs.values() if job.base == base]

    def get(self, job_id: str) -> Job | None:
        """The job of that id, or None."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is not None and job.destruction <= datetime.now(UTC):
                job = self._jobs.pop(job_id, None) and None
            return job

    def new(self, base: str, asked: Asked, work: Work, limits: Limits) -> Job:
        """A job that waits to be run."""
        end = datetime.now(UTC) + limits.kept
        job = Job(secrets.token_urlsafe(9), asked, base, work, limits, limits.seconds, end)
        with self._changed:
            self._jobs[job.id] = job
        return job

    def drop(self, job: Job) -> None:
        """Forget a job and its result."""
        with self._changed:
            self._jobs.pop(job.id, None)
            self._changed.notify_all()

    def change(self, job: Job, change: Callable[[Job], None]) -> None:
        """Change a job and tell everybody who waits for it."""
        with self._changed:
            change(job)
            self._changed.notify_all()

    def wait(self, job: Job, seconds: float, phase: str) -> None:
        """Until the job leaves `phase`, or ends, or the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while job.phase == phase and job.phase not in ENDED and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return

    def run(self, job: Job) -> None:
        """Start a pending job; any other stays as it is."""
        with self._changed:
            if job.phase != "PENDING" or self._closed:
                return
            job.phase, job.started = "EXECUTING", datetime.now(UTC)
            thread = threading.Thread(target=self._work, args=(job,), name=f"job {job.id}")
            self._threads.append(thread)
            self._changed.notify_all()
        thread.start()

    def _work(self, job: Job) -> None:
        phase, result, error, content_type = "COMPLETED", b"", "", ""
        try:
            content_type, result = job.work(job.asked, job.duration)
        except TooLong as trouble:
            phase, error = "ABORTED", str(trouble)
        except Failed as trouble:
            phase, error = "ERROR", str(trouble)

        def done(job: Job) -> None:
            if job.phase == "EXECUTING":
                job.phase, job.error = phase, error
                job.result, job.content_type = result, content_type
                job.ended = datetime.now(UTC)

        self.change(job, done)
