"""This file asks a TAP service one ADQL question: sync first, as a job where that takes too long.

Invariant: the caller learns whether the answer was cut. Sources: TAP 1.1, DALI 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from skyatlas.errors import ArchiveError, BadInput, Broken, Refused, Unreachable, Unreadable
from skyatlas.protocols.service import Answer
from skyatlas.protocols.tap import jobs
from skyatlas.protocols.tap.services import Known, TapService, avoid, formats_for, known
from skyatlas.protocols.tap.uploads import Part, parts_of
from skyatlas.protocols.votable import results_of

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.protocols.votable import Results

Prefer = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of whom, but for the format, the number of rows and what is uploaded."""

    door: Door
    service: TapService
    about: Known
    adql: str
    formats: tuple[str, ...]
    prefer: Prefer


def ask(
    door: Door,
    service: TapService,
    adql: str,
    *,
    limit: int | None = None,
    uploads: Mapping[str, Table] | None = None,
    chunk: int | None = None,
    prefer: Prefer = "sync",
) -> Answer:
    """Ask; at most `limit` rows (None: all that the service gives; 0: only the columns).

    One row more than `limit` is asked for, so that a cut answer is seen even where the service
    does not say OVERFLOW. `uploads` are tables that the question calls TAP_UPLOAD.name; the longest
    is sent in pieces where the service takes no more (or no more than `chunk` rows) at once, and
    the answers to the pieces are put together: only ask what can be answered row by row, and give
    the rows a column that says which is which. Raises an ArchiveError leaf; BadInput for what
    cannot be uploaded.
    """
    learn = service.hard_limit is None or service.formats is None or uploads
    about = known(door, service) if learn else Known()
    service = replace(service, execution_seconds=_seconds_to_ask_for(service, about))
    question = _Question(door, service, about, adql, formats_for(door, service, about), prefer)
    hard = service.hard_limit if service.hard_limit is not None else about.most_rows
    answers: list[Answer] = []
    for part in parts_of(uploads or {}, **_upload_limits(service, about, uploads, chunk)):
        got = sum(len(answer.table) for answer in answers)
        wanted = None if limit is None else limit - got
        answers.append(_limited(question, part, wanted, hard))
        if answers[-1].truncated:
            break
    return _together(answers, adql)


def _limited(question: _Question, part: Part, limit: int | None, hard: int | None) -> Answer:
    most = hard if limit is None else limit + 1 if limit else 0
    if most is not None and hard is not None:
        most = min(most, hard)
    results = _in_some_format(question, part, most)
    rows = len(results.table)
    cut = results.overflow or bool(most and rows >= most)
    if limit is not None and rows > limit:
        results = replace(results, table=results.table[:limit])
    return Answer(results, cut)


def _in_some_format(question: _Question, part: Part, most: int | None) -> Results:
    """Ask in the best format; where the service does not keep its promise, in the next one.

    A promise counts as broken where the next format does work: a service that is down is not.
    """
    broken: list[str] = []
    for name in question.formats[:-1]:
        try:
            results = _answered(question, part, most, name)
            break
        except (Refused, Broken, Unreadable) as error:
            if not _about_the_format(error):
                raise
            broken.append(name)
    else:
        results = _answered(question, part, most, question.formats[-1])
    for name in broken:
        avoid(question.door, question.service, name)
    return results


def _answered(question: _Question, part: Part, most: int | None, name: str) -> Results:
    door, service = question.door, question.service
    form = {
        "REQUEST": "doQuery",
        "LANG": "ADQL",
        "QUERY": question.adql,
        question.about.format_word: name,
    }
    if most is not None:
        form["MAXREC"] = str(most)
    if part.upload:
        form["UPLOAD"] = part.upload
    if question.prefer == "async":
        return jobs.answer(door, service, form, part)
    try:
        # TAP says "what" went wrong in a VOTable, whatever the status: 400 at most services.
        reply = door.ask(
            f"{service.url}/sync", data=form, files=part.files or None, errors_too=True
        )
        return results_of(reply, archive=service.archive, wanted="TAP rows")
    except ArchiveError as error:
        if not _too_slow(error) or door.left <= 0:
            raise
    return jobs.answer(door, service, form, part)


def _too_slow(error: ArchiveError) -> bool:
    """Whether the question itself may be fine and only took longer than a sync answer may."""
    if isinstance(error, Unreachable):
        return "in time" in str(error)
    if error.status in (408, 504):  # 408: what DALI is to advise (pyvo, pull request 686)
        return True
    words = str(error).lower()
    return isinstance(error, Broken) and any(
        w in words for w in ("timeout", "timed out", "time limit", "abort")
    )


def _about_the_format(error: ArchiveError) -> bool:
    words = str(error).lower()
    return (
        isinstance(error, Unreadable)
        or error.status in (406, 415)
        or any(word in words for word in ("format", "serialization", "binary2"))
    )


def _seconds_to_ask_for(service: TapService, about: Known) -> int | None:
    """What a job should be given; None where the service's default is as much or more.

    A default of 0 is no limit (UWS 1.1).
    """
    limit, wanted = about.offer.execution, service.execution_seconds
    if wanted is not None and limit.hard:
        wanted = min(wanted, limit.hard)
    if wanted is None or limit.default is None:
        return wanted
    return wanted if 0 < limit.default < wanted else None


def _upload_limits(
    service: TapService, about: Known, uploads: object, chunk: int | None
) -> dict[str, int | None]:
    """Rows and bytes that may be uploaded at once."""
    if chunk is not None and chunk < 1:
        raise BadInput(f"a piece of {chunk} rows makes no sense; give at least 1")
    offer = about.offer
    if uploads and about.said and "inline" not in offer.uploads:
        raise BadInput(
            f"{service.archive} takes no uploaded tables; ask with the values in the question"
        )
    rows = [most for most in (offer.upload_rows.most, chunk) if most is not None]
    return {"rows": min(rows, default=None), "size": offer.upload_size.most}


def _together(answers: list[Answer], adql: str) -> Answer:
    first = answers[0].results
    cut = any(answer.truncated for answer in answers)
    if len(answers) > 1:
        from astropy.table import vstack

        tables = [answer.table for answer in answers]
        first = replace(
            first,
            table=vstack(tables, join_type="exact", metadata_conflicts="silent"),
            overflow=any(answer.results.overflow for answer in answers),
        )
    return Answer(first, cut, (adql,))
