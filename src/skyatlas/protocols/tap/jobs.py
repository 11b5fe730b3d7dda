"""This file asks a TAP service through a job, and finds the job again after a crash.

Invariants: a job's address is remembered before the job runs; the same question finds it; once its
result is home, or there will be none, the job is deleted and forgotten. Ctrl-C leaves it running.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, Broken, Refused, Unreadable
from skyatlas.protocols import uws
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.protocols.tap.services import TapService
    from skyatlas.protocols.tap.uploads import Part
    from skyatlas.protocols.votable import Results

KIND = "jobs"
"""What the memory calls the entries."""
_GONE = (404, 410)


def answer(door: Door, service: TapService, form: Mapping[str, str], part: Part) -> Results:
    """The rows, through a new job or the one that an earlier process left. ArchiveError leaves.

    Where the wait is over before the job (Unreachable), the job goes on and is found next time.
    """
    key = _key(door, service, form, part)
    job = _remembered(door, service, key)
    if job is not None:
        try:
            return _taken(door, service, key, job)
        except Refused as error:
            # Whoever asked the same beside us may have taken the result and deleted the job.
            if error.status not in _GONE:
                raise
    return _taken(door, service, key, _made(door, service, key, form, part))


def _key(door: Door, service: TapService, form: Mapping[str, str], part: Part) -> str:
    """What makes two questions the same; a login sees other rows than nobody."""
    facts = [service.url, sorted(form.items()), part.digest, door.logged_in(service.url)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _made(
    door: Door, service: TapService, key: str, form: Mapping[str, str], part: Part
) -> uws.Job:
    url = f"{service.url}/async"
    job = uws.submit(door, url, form, archive=service.archive, files=part.files or None)
    door.memory.put(KIND, key, {"url": job.url, "archive": service.archive, "query": form["QUERY"]})
    return _running(door, service, job)


def _running(door: Door, service: TapService, job: uws.Job) -> uws.Job:
    if service.execution_seconds is not None:
        uws.allow(door, job, service.execution_seconds)
    return uws.start(door, job)


def _remembered(door: Door, service: TapService, key: str) -> uws.Job | None:
    """The job that was left, if it is still there and of any use."""
    kept = door.memory.get(KIND, key)
    if kept is None or not isinstance(kept.value, dict) or "url" not in kept.value:
        return None
    job = uws.Job(str(kept.value["url"]), service.archive)
    try:
        job = uws.look(door, job)
    except (Refused, Unreadable):  # expired; some say so with a page
        door.memory.drop(KIND, key)
        return None
    if job.phase in uws.ENDED and job.phase != "COMPLETED":
        _forget(door, key, job)
        return None
    return _running(door, service, job) if job.phase in uws.STANDING else job


def _taken(door: Door, service: TapService, key: str, job: uws.Job) -> Results:
    """Wait for the job and take its result."""
    try:
        job = uws.wait(door, job, service.wait_seconds)
        if job.phase != "COMPLETED":
            raise Broken(
                f"{service.archive} ended the job in phase {job.phase}: "
                f"{uws.error_text(door, job)[:300]}",
                archive=service.archive,
                url=service.url,
            )
        reply = door.ask(uws.result_url(job), errors_too=True)
        results = results_of(reply, archive=service.archive, wanted="TAP rows")
    except ArchiveError as error:
        if _is_over(job, error):
            _forget(door, key, job)
        raise
    _forget(door, key, job)
    return results


def _is_over(job: uws.Job, error: ArchiveError) -> bool:
    """Whether the job will never give a result."""
    if job.phase == "COMPLETED":  # only a line that broke or a server that stumbled may do better
        return not error.again or (error.status is not None and error.status < 429)
    return job.phase in uws.ENDED or error.status in _GONE


def _forget(door: Door, key: str, job: uws.Job) -> None:
    door.memory.drop(KIND, key)
    uws.delete(door, job)
