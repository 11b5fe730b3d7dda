"""This file reads the document that describes a job of a service that answers later.

Invariant: a document is read or Unreadable; what it leaves out is "" or None. Source: UWS 1.1
(2016); UWS 1.0 has no creationTime and no version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from skyatlas.errors import Unreadable
from skyatlas.protocols.markup import children, element_of, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["ENDED", "MOVING", "STANDING", "Job", "Result", "job_of"]

ENDED = frozenset({"COMPLETED", "ERROR", "ABORTED", "ARCHIVED"})
"""Phases that a job never leaves by itself (section 2.1.3)."""
STANDING = frozenset({"PENDING", "HELD"})
"""Phases that a job leaves only when it is told to run."""
MOVING = frozenset({"QUEUED", "EXECUTING", "SUSPENDED", "UNKNOWN"})
"""Phases that the service ends by itself."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a job."""

    id: str
    url: str
    mime_type: str = ""
    size: int | None = None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its document describes it; times are ISO 8601 as the service wrote them."""

    url: str
    archive: str
    """Short name, for messages."""
    id: str = ""
    phase: str = "UNKNOWN"
    """One of UWS's ten words; UNKNOWN also where nobody has looked yet."""
    version: str = "1.0"
    run_id: str = ""
    owner: str = ""
    quote: str = ""
    created: str = ""
    started: str = ""
    ended: str = ""
    destruction: str = ""
    execution_seconds: float | None = None
    """What the job may take; 0: no limit."""
    parameters: tuple[tuple[str, str], ...] = ()
    results: tuple[Result, ...] = ()
    error: str = ""
    """What went wrong, in the service's own words."""
    error_detail: bool = False
    """`/error` says more."""
    info: tuple[tuple[str, str], ...] = ()
    """(path, text) of every leaf below jobInfo; a path may stand there more than once."""


def job_of(body: bytes, url: str, *, archive: str) -> Job:
    """Read a job document. Raises Unreadable."""
    root = element_of(body, "job", archive=archive, url=url, wanted="a job description")
    phase = text_of(root, "phase").upper()
    if phase not in ENDED | STANDING | MOVING:
        raise Unreadable(
            f"{archive} answered a job in the phase {phase!r}, which UWS does not have",
            archive=archive,
            url=url,
        )
    summary = next(children(root, "errorSummary"), None)
    return Job(
        url=url,
        archive=archive,
        id=text_of(root, "jobId"),
        phase=phase,
        version=root.get("version") or "1.0",
        run_id=text_of(root, "runId"),
        owner=text_of(root, "ownerId"),
        quote=text_of(root, "quote"),
        created=text_of(root, "creationTime"),
        started=text_of(root, "startTime"),
        ended=text_of(root, "endTime"),
        destruction=text_of(root, "destruction"),
        execution_seconds=_number(text_of(root, "executionDuration")),
        parameters=tuple(
            (one.get("id", ""), text_of(one))
            for group in children(root, "parameters")
            for one in children(group, "parameter")
        ),
        results=tuple(_results(root, url)),
        error=text_of(summary, "message"),
        error_detail=summary is not None and summary.get("hasDetail") in ("true", "1"),
        info=tuple(_leaves(next(children(root, "jobInfo"), None))),
    )


def _results(root: Element, url: str) -> Iterator[Result]:
    for group in children(root, "results"):
        for one in children(group, "result"):
            size = _number(one.get("size") or "")
            yield Result(
                one.get("id", ""),
                urljoin(url + "/", (one.get("href") or "").strip()),
                one.get("mime-type", ""),
                None if size is None else int(size),
            )


def _leaves(element: Element | None, path: str = "") -> Iterator[tuple[str, str]]:
    for child in () if element is None else element:
        name = f"{path}/{child.tag}" if path else str(child.tag)
        if len(child):
            yield from _leaves(child, name)
        else:
            yield name, text_of(child)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
