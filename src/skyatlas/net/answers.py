"""This file turns what an archive answered into the leaf to raise: one sentence, no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from skyatlas.errors import ArchiveError, Broken, Busy, Refused
from skyatlas.net.redaction import redact

__all__ = ["Question", "error_for", "looks_like_votable", "retry_after"]

_TAG = re.compile(r"<[^>]{0,2000}>")
_TITLE = re.compile(r"(?is)<title[^>]*>(.{1,300}?)</title>")
_SAID = 160
"""Characters of the archive's own words in a message."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is needed to speak about a request that failed."""

    url: str
    """May hold secrets; everything here redacts it."""
    archive: str
    """Short name, or the host where no archive is known."""
    login: bool = False
    """Whether this host has a login at all."""
    sent: bool = False
    """Whether a token went with the request."""

    @property
    def name(self) -> str:
        """How a message calls the archive: "ESO", or the host."""
        plain = self.archive.islower() and "." not in self.archive
        return self.archive.upper() if plain else self.archive

    @property
    def place(self) -> str:
        """Host and path, without query."""
        parts = urlsplit(redact(self.url))
        return f"{parts.netloc}{parts.path}"


def error_for(
    question: Question, status: int, said: str = "", wait: float | None = None
) -> ArchiveError:
    """The leaf for an HTTP status of 400 or more; `said` is the start of the body."""
    if status in (429, 503):
        patience = f"; it asks to wait {wait:.0f} s" if wait is not None else ""
        return Busy(
            f"{question.name} answered {status} (busy) for {question.place}{patience}; "
            "try again later",
            archive=question.archive,
            url=redact(question.url),
            status=status,
            wait=wait,
        )
    if status >= 500:
        return Broken(
            f"{question.name} failed with {status} for {question.place}{_words(said)}; "
            "try again later",
            archive=question.archive,
            url=redact(question.url),
            status=status,
        )
    login, advice = _advice(question, status)
    return Refused(
        f"{question.name} answered {status} for {question.place}{_words(said)}: {advice}",
        archive=question.archive,
        url=redact(question.url),
        status=status,
        login=login,
    )


def retry_after(value: str | None, today: float) -> float | None:
    """Seconds of a `Retry-After` header (RFC 9110, 10.2.3), or None; `today` is Unix time."""
    text = (value or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(text).timestamp() - today
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def looks_like_votable(body: bytes) -> bool:
    """Whether this is the error document that TAP services send with any status (DALI 1.1, 4.2)."""
    return b"<VOTABLE" in body[:4096] or b":VOTABLE" in body[:4096]


def _advice(question: Question, status: int) -> tuple[bool, str]:
    """Whether a login may help, and what to do."""
    if status in (401, 403) and question.sent:
        return False, "this account is not permitted to see it"
    if status == 401 and question.login:
        return True, f"log in with `skyatlas login {question.archive}`"
    if status in (401, 403):
        return False, "it is not public"
    if status in (404, 410):
        return False, "it is not there; check the name or search again"
    return False, "the request was not understood; asking again changes nothing"


def _words(body: str) -> str:
    """The archive's own words, short and without secrets, as a part of a sentence."""
    title = _TITLE.search(body[:20_000])
    text = title.group(1) if title else _TAG.sub(" ", body[:2000])
    text = " ".join(redact(text).split())
    if not text:
        return ""
    return f" ({text[:_SAID]}…)" if len(text) > _SAID else f" ({text})"


def again_in(error: Exception, seconds: float) -> str:
    """What is said while waiting for the next try."""
    return f"{str(error).removesuffix('; try again later')}; trying again in {seconds:.1f} s"
