"""This file has a piece cut by a service that answers later.

Invariant: the same question is put once: after a crash, or a wait that was too long, the job that
was begun is found again. Sources: SODA 1.0, section 2.2; UWS 1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.errors import Broken, Refused
from skyatlas.protocols import uws

if TYPE_CHECKING:
    from skyatlas.archive import Door
    from skyatlas.protocols.soda.request import Request

_KIND = "soda-jobs"
"""Of what the door remembers: a question's address → its job's."""
_BESIDES = (".checksum", ".md5", ".sha256")
"""Results that describe another (CASDA's, 2020)."""


def results_of(
    door: Door,
    request: Request,
    *,
    archive: str,
    seconds: float,
    clock: uws.Clock | None = None,
) -> tuple[uws.Result, ...]:
    """The files that the job made, once it has ended.

    Raises Broken where it failed, Unreachable where it has not ended after so many `seconds` (it
    goes on; asking again finds it), or another ArchiveError.
    """
    job = uws.wait(door, _job(door, request, archive), seconds, clock=clock)
    if job.phase != "COMPLETED":
        door.memory.drop(_KIND, request.address)
        raise Broken(
            f"{archive} could not cut {request.id} ({job.phase}: {uws.error_text(door, job)})",
            archive=archive,
            url=job.url,
        )
    return tuple(one for one in job.results if not one.id.endswith(_BESIDES))


def _job(door: Door, request: Request, archive: str) -> uws.Job:
    """The job of this question, running: the one that was begun, or a new one."""
    kept = door.memory.get(_KIND, request.address)
    if kept is not None:
        try:
            job = uws.look(door, uws.Job(str(kept.value), archive))
        except Refused:
            door.memory.drop(_KIND, request.address)  # its time was over
        else:
            return uws.start(door, job) if job.phase in uws.STANDING else job
    job = uws.submit(door, request.url, list(request.parameters), archive=archive)
    door.memory.put(_KIND, request.address, job.url)
    return uws.start(door, job)
