"""This file drives jobs of a service that answers later: made, started, waited for, deleted.

Invariants: nobody polls busily; a poll that fails in passing does not end the wait; every wait has
an end. Source: UWS 1.1 (2016); UWS 1.0 has no WAIT.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from skyatlas.errors import ArchiveError, Broken, Refused, Unreachable, Unreadable
from skyatlas.protocols.uws_job import ENDED, STANDING, Job, Result, job_of

if TYPE_CHECKING:
    from skyatlas.archive import Door, Reply

__all__ = [
    "ENDED",
    "STANDING",
    "Clock",
    "Job",
    "Result",
    "allow",
    "delete",
    "error_text",
    "job_of",
    "look",
    "result_url",
    "start",
    "submit",
    "wait",
]

_BLOCK = 30.0
"""Seconds that a service is asked to hold its answer; half of the door's patience with silence."""
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.5, 20.0, 1.5
"""Seconds between polls that brought nothing new, and how they grow."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time; tests hand in their own."""

    now: Callable[[], float] = time.monotonic
    """Seconds, never going back."""
    pause: Callable[[float], object] = lambda seconds: threading.Event().wait(seconds)
    """Do nothing for so many seconds; Ctrl-C ends it."""


def submit(
    door: Door,
    url: str,
    params: Mapping[str, str] | list[tuple[str, str]],
    *,
    archive: str,
    files: Any = None,
) -> Job:
    """Make a job at the `/async` address of a service; it does not run yet.

    Where the service only says where the job is, its phase is UNKNOWN. Raises an ArchiveError leaf.
    """
    for _ in range(5):
        reply = door.ask(url, data=params, files=files, follow=False, errors_too=True)
        place = urljoin(url, reply.headers.get("Location") or "")
        if 300 <= reply.status_code < 400 and place != url:
            if reply.status_code in (307, 308) or _is_list(place):  # the service has moved
                url = place
                continue
            return Job(place, archive, _last(place))
        _raise_what_it_says(reply, archive)
        job = job_of(reply.content, url, archive=archive)
        here = place if place != url else f"{url.rstrip('/')}/{job.id}"
        return job_of(reply.content, here, archive=archive)
    raise Broken(f"{archive} sends jobs from one address to the next", archive=archive, url=url)


def look(door: Door, job: Job, *, block: float = 0.0) -> Job:
    """The job as it is now, or after `block` seconds, or when its phase changes."""
    params = {"WAIT": str(int(block)), "PHASE": job.phase} if block >= 1.0 else None
    timeout = block + _BLOCK if params else None
    reply = door.ask(job.url, params=params, timeout=timeout)
    return job_of(reply.content, job.url, archive=job.archive)


def start(door: Door, job: Job) -> Job:
    """Let the job run; one that runs already stays as it is. Raises an ArchiveError leaf."""
    try:
        reply = door.ask(f"{job.url}/phase", data={"PHASE": "RUN"}, errors_too=True)
    except ArchiveError:
        now = look(door, job)  # the first try may have arrived though its answer was lost
        if now.phase in STANDING:
            raise
        return now
    try:
        return job_of(reply.content, job.url, archive=job.archive)
    except Unreadable:
        return look(door, job)  # some answer with the phase alone, or with a page


def allow(door: Door, job: Job, seconds: int) -> None:
    """Ask for more time than the service gives by itself; a service that refuses keeps its own."""
    try:
        door.ask(
            f"{job.url}/executionduration", data={"EXECUTIONDURATION": str(seconds)}, follow=False
        )
    except (Refused, Broken):
        return


def wait(door: Door, job: Job, seconds: float, *, clock: Clock | None = None) -> Job:
    """Wait for a started job until it ends.

    A job that the service holds is told to run again. Raises Unreachable after `seconds` (the job
    goes on), Refused where there is no such job (any more).
    """
    clock = clock or Clock()
    until = clock.now() + seconds
    pause = _FIRST_PAUSE
    while job.phase not in ENDED:
        left = min(until - clock.now(), door.left)
        if left <= 0:
            raise _too_late(job, seconds)
        began, before = clock.now(), job
        job = _seen(door, job, left)
        if job.phase == "HELD" and before.phase != "HELD":
            job = start(door, job)
        if job.phase in ENDED:
            break
        pause = _FIRST_PAUSE if job.phase != before.phase else min(pause * _GROWTH, _LONGEST_PAUSE)
        # What the service held back itself counts; one that ignores WAIT is not asked at once.
        rest = min(pause - (clock.now() - began), until - clock.now(), door.left)
        if rest > 0:
            clock.pause(rest)
    return job


def result_url(job: Job) -> str:
    """Where the (main) result of a completed job is."""
    main = [result for result in job.results if result.id.lower() == "result"]
    found = (main or list(job.results))[:1]
    return found[0].url if found else f"{job.url}/results/result"


def error_text(door: Door, job: Job) -> str:
    """Why a job failed, in the service's own words; what can be had of them."""
    if job.error and not job.error_detail:
        return job.error
    try:
        reply = door.ask(f"{job.url}/error", errors_too=True)
        _raise_what_it_says(reply, job.archive)
    except Broken as error:
        detail = str(error).partition(": ")[2]
    except ArchiveError:
        detail = ""
    else:
        detail = "" if b"<" in reply.content[:200] else reply.text.strip()
    if job.error and job.error not in detail:
        return f"{job.error} ({detail})" if detail else job.error
    return detail or "the service does not say why"


def delete(door: Door, job: Job) -> bool:
    """Forget the job and its results at the service, running or not; whether that could be done.

    A service that refuses only keeps the job until its destruction time: that is no failure.
    """
    for how in ({"method": "DELETE"}, {"data": {"ACTION": "DELETE"}}):
        try:
            door.ask(job.url, follow=False, **how)
            return True
        except Refused as error:
            if error.status in (404, 410):  # gone already
                return True
        except Broken:
            continue
        except ArchiveError:
            return False
    return False


def _seen(door: Door, job: Job, left: float) -> Job:
    """The job after one look; as it was where the look failed in passing."""
    held_back = job.version >= "1.1" and job.phase in ("QUEUED", "EXECUTING")
    try:
        return look(door, job, block=min(_BLOCK, left) if held_back else 0.0)
    except ArchiveError as error:
        if not error.again:
            raise
        return job


def _too_late(job: Job, seconds: float) -> Unreachable:
    return Unreachable(
        f"{job.archive} did not end its job within {seconds:.0f} s (it is {job.phase}); the job "
        "goes on, ask the same again later to get its result",
        archive=job.archive,
        url=job.url,
    )


def _raise_what_it_says(reply: Reply, archive: str) -> None:
    """Raise Broken where the reply is a VOTable that tells an error."""
    if b"VOTABLE" in reply.content[:4096]:
        from skyatlas.protocols.votable import results_of

        results_of(reply, archive=archive, wanted="a job description")


def _is_list(url: str) -> bool:
    return urlsplit(url).path.rstrip("/").lower().endswith("/async")


def _last(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]
