"""This file asks a TAP service one ADQL question, sync first, async where sync does not do.

Invariant: the caller learns whether the answer was cut. Sources: TAP 1.1, UWS 1.1. The job's
state machine is pyvo's, which is handed the door as its session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError, Broken, Unreachable, Unreadable
from skyatlas.protocols.service import Answer
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from skyatlas.archive import Door


@dataclass(frozen=True, slots=True)
class TapService:
    """Where a TAP service is and what it bears."""

    archive: str
    url: str
    """Base URL, without /sync."""
    hard_limit: int
    """Rows that it gives at most."""
    execution_seconds: int = 3600
    """What to ask for where the default of an asynchronous job is too short."""
    wait_seconds: float = 3600.0
    """How long we wait for a job."""


def ask(door: Door, service: TapService, adql: str, *, limit: int | None = None) -> Answer:
    """Ask; at most `limit` rows (None: all that the service gives).

    One row more than `limit` is asked for, so that a cut answer is seen even where the service
    does not say OVERFLOW. Raises an ArchiveError leaf.
    """
    most = min(limit + 1 if limit is not None else service.hard_limit, service.hard_limit)
    form = {
        "REQUEST": "doQuery",
        "LANG": "ADQL",
        "QUERY": adql,
        "MAXREC": str(most),
        "FORMAT": "votable",
    }
    try:
        answer = _sync(door, service, form)
    except ArchiveError as error:
        if not _too_slow(error):
            raise
        answer = _async(door, service, adql, most)
    rows = len(answer.table)
    cut = answer.truncated or (limit is not None and rows > limit) or rows >= most
    results = answer.results
    if limit is not None and rows > limit:
        results = replace(results, table=results.table[:limit])
    return Answer(results, cut, (adql,))


def _sync(door: Door, service: TapService, form: dict[str, str]) -> Answer:
    url = f"{service.url}/sync"
    # TAP says "what" went wrong in a VOTable, whatever the status: 400 at most services.
    reply = door.ask(url, data=form, errors_too=True)
    results = results_of(reply, archive=service.archive, wanted="TAP rows")
    return Answer(results, results.overflow)


def _too_slow(error: ArchiveError) -> bool:
    """Whether the question itself may be fine and only took longer than a sync answer may."""
    if isinstance(error, Unreachable):
        return "in time" in str(error)
    words = str(error).lower()
    return isinstance(error, Broken) and (
        error.status == 504
        or any(w in words for w in ("timeout", "timed out", "time limit", "abort"))
    )


def _async(door: Door, service: TapService, adql: str, most: int) -> Answer:
    from pyvo.dal import AsyncTAPJob
    from pyvo.dal.exceptions import DALAccessError

    try:
        job = AsyncTAPJob.create(service.url, adql, maxrec=most, session=door)
        try:
            job.execution_duration = service.execution_seconds
            job.run()
            job.wait(timeout=service.wait_seconds)
            job.raise_if_error()
            if job.phase != "COMPLETED":
                raise Broken(
                    f"{service.archive} ended the job in phase {job.phase}",
                    archive=service.archive,
                    url=service.url,
                )
            results = results_of(
                door.ask(job.result_uri), archive=service.archive, wanted="TAP rows"
            )
        finally:
            job.delete()
    except DALAccessError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, ArchiveError):  # the door's own word, which pyvo has wrapped
            raise cause from error
        raise Broken(
            f"{service.archive} could not run the job: {' '.join(str(error).split())[:300]}",
            archive=service.archive,
            url=service.url,
        ) from error
    except (
        ValueError,
        LookupError,
        AttributeError,
    ) as error:  # pyvo, on documents that are not UWS
        raise Unreadable(
            f"{service.archive} answered something that is no job description",
            archive=service.archive,
            url=service.url,
        ) from error
    return Answer(results, results.overflow)
