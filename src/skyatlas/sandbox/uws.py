"""This file answers for asynchronous jobs as UWS 1.1 says: made, started, watched, fetched.

The service's own limits hold: how long a job may run, and how long it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from xml.sax.saxutils import escape

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from skyatlas.sandbox import votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.jobs import ENDED, Job, Jobs, Limits, Work

_USUAL = Limits()
_WAIT = 60.0
"""Seconds that WAIT waits at most."""


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _own(job: Job, asked: Asked, *rest: str) -> str:
    return asked.link("/".join((job.base, "async", job.id, *rest)))


def _to_job(job: Job, asked: Asked) -> Response:
    return RedirectResponse(_own(job, asked), 303)


def _parameters(job: Job) -> str:
    inside = "".join(
        f'<uws:parameter id="{escape(name.upper())}">{escape(value)}</uws:parameter>'
        for name, value in job.asked.pairs
        if name.upper() != "PHASE"
    )
    return f"<uws:parameters>{inside}</uws:parameters>"


def _xml(body: str, name: str) -> Response:
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<uws:{name}'
        ' xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    version = ' version="1.1"' if name in {"job", "jobs"} else ""
    return Response(f"{head}{version}>{body}</uws:{name}>\n", media_type="text/xml")


def _results(job: Job, asked: Asked) -> str:
    if job.phase != "COMPLETED":
        return ""
    url = escape(_own(job, asked, "results", "result"), {'"': "&quot;"})
    return f'<uws:result id="result" xlink:href="{url}"/>'


def _described(job: Job, asked: Asked) -> Response:
    nil = ' xsi:nil="true"'
    start = f">{_stamp(job.started)}" if job.started else f"{nil}>"
    end = f">{_stamp(job.ended)}" if job.ended else f"{nil}>"
    trouble = (
        '<uws:errorSummary type="fatal" hasDetail="true">'
        f"<uws:message>{escape(job.error)}</uws:message></uws:errorSummary>"
    )
    return _xml(
        f"<uws:jobId>{job.id}</uws:jobId><uws:ownerId{nil}/><uws:phase>{job.phase}</uws:phase>"
        f"<uws:quote{nil}/><uws:creationTime>{_stamp(job.created)}</uws:creationTime>"
        f"<uws:startTime{start}</uws:startTime><uws:endTime{end}</uws:endTime>"
        f"<uws:executionDuration>{job.duration:.0f}</uws:executionDuration>"
        f"<uws:destruction>{_stamp(job.destruction)}</uws:destruction>{_parameters(job)}"
        f"<uws:results>{_results(job, asked)}</uws:results>{trouble if job.error else ''}",
        "job",
    )


def routes(path: str, work: Work, limits: Limits = _USUAL) -> dict[str, Callable[..., Response]]:
    """What answers at "/HOST/PATH/async" and below, for a service at "/HOST/PATH"."""
    one = partial(job, base=f"https:/{path}")
    return {
        f"{path}/async": partial(jobs, base=f"https:/{path}", work=work, limits=limits),
        f"{path}/async/{{job_id}}": one,
        f"{path}/async/{{job_id}}/{{rest:path}}": one,
    }


def jobs(held: Jobs, asked: Asked, base: str, work: Work, limits: Limits) -> Response:
    """`/async`: the list of jobs, or a new one."""
    if asked.method == "POST":
        job = held.new(base, asked, work, limits)
        if asked.one("PHASE") == "RUN":
            held.run(job)
        return _to_job(job, asked)
    every = "".join(
        f'<uws:jobref id="{job.id}" xlink:href="{_own(job, asked)}">'
        f"<uws:phase>{job.phase}</uws:phase>"
        f"<uws:creationTime>{_stamp(job.created)}</uws:creationTime></uws:jobref>"
        for job in held.of(base)
    )
    return _xml(every, "jobs")


def job(held: Jobs, asked: Asked, base: str, job_id: str, rest: str = "") -> Response:
    """`/async/ID` and all below it."""
    found = held.get(job_id)
    if found is None or found.base != base:
        return PlainTextResponse(f"There is no job {job_id}.\n", 404)
    if asked.method == "DELETE" or asked.one("ACTION") == "DELETE":
        held.drop(found)
        return RedirectResponse(asked.link(f"{base}/async"), 303)
    if asked.method == "POST":
        return _post(held, asked, found, rest)
    if not rest:
        _waited(held, asked, found)
        return _described(found, asked)
    return _part(asked, found, rest)


def _waited(held: Jobs, asked: Asked, job: Job) -> None:
    """UWS 1.1, section 2.2.1.1: WAIT=-1 is for ever; the service may answer earlier."""
    if not asked.all("WAIT"):
        return
    seconds = float(asked.one("WAIT"))
    held.wait(job, _WAIT if seconds < 0 else min(seconds, _WAIT), asked.one("PHASE", job.phase))


def _part(asked: Asked, job: Job, rest: str) -> Response:
    plain = {
        "phase": job.phase,
        "executionduration": f"{job.duration:.0f}",
        "destruction": _stamp(job.destruction),
        "quote": "",
        "owner": "",
    }
    if rest in plain:
        return PlainTextResponse(plain[rest])
    if rest == "parameters":
        return _xml(_parameters(job).removeprefix("<uws:parameters>")[:-17], "parameters")
    if rest == "results":
        return _xml(_results(job, asked), "results")
    if rest == "results/result" and job.phase == "COMPLETED":
        return Response(job.result, media_type=job.content_type)
    if rest == "error" and job.error:
        return Response(votable.error(job.error), media_type=votable.VOTABLE)
    return PlainTextResponse(f"The job {job.id} has no {rest}.\n", 404)


def _post(held: Jobs, asked: Asked, job: Job, rest: str) -> Response:
    if rest == "phase":
        return _phase(held, asked, job)
    if rest not in {"executionduration", "destruction", "parameters", ""}:
        return PlainTextResponse(f"Nothing can be posted to {rest}.\n", 405)
    if job.phase != "PENDING" and rest != "destruction":
        return PlainTextResponse("The job has been started; it cannot be changed.\n", 403)
    try:
        if duration := asked.one("EXECUTIONDURATION"):
            longest = job.limits.most_seconds
            seconds = min(float(duration), longest) or longest
            held.change(job, lambda job: setattr(job, "duration", seconds))
        elif moment := asked.one("DESTRUCTION"):
            wished = datetime.fromisoformat(moment)
            wished = wished if wished.tzinfo else wished.replace(tzinfo=UTC)
            end = min(wished, datetime.now(UTC) + job.limits.kept_most)
            held.change(job, lambda job: setattr(job, "destruction", end))
        elif rest == "parameters":
            held.change(job, lambda job: _with_parameters(job, asked))
    except ValueError as error:
        return PlainTextResponse(f"{error}\n", 400)
    return _to_job(job, asked)


def _with_parameters(job: Job, asked: Asked) -> None:
    job.asked = replace(asked, earlier=job.asked)


def _phase(held: Jobs, asked: Asked, job: Job) -> Response:
    wanted = asked.one("PHASE")
    if wanted == "RUN":
        held.run(job)
    elif wanted == "ABORT":

        def stop(job: Job) -> None:
            if job.phase not in ENDED:
                job.phase, job.ended = "ABORTED", datetime.now(UTC)

        held.change(job, stop)
    else:
        return PlainTextResponse(f"PHASE={wanted} is not understood.\n", 400)
    return _to_job(job, asked)
