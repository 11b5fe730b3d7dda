"""This file asks again where that may help, and takes the answer in; nothing hangs for ever.

What comes out is an answer that is read to its end, or one leaf of the error tree that was made
outside of any `except`: the exceptions of requests carry the whole URL with its secrets.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
import urllib3

from skyatlas.errors import ArchiveError, Broken, Busy, Unreachable, Unreadable
from skyatlas.net.answers import again_in, error_for, looks_like_votable, retry_after
from skyatlas.net.deadline import answer_within
from skyatlas.net.pace import Cancelled
from skyatlas.net.redaction import redact

if TYPE_CHECKING:
    from skyatlas.net.door import StreetDoor

__all__ = ["Sending", "insist"]

_NEVER_TWICE = ("/async", "/async/")
"""A POST here makes a new job (UWS 1.1, 2.2.3.1); it is not repeated once it may have arrived."""

_PIECE = 1024 * 1024
"""Bytes read from an answer at a time."""
_IN_MEMORY = 64 * 1024**2
"""Bytes of an answer that are kept in memory; what is larger goes to a file."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sending:
    """One question, ready to be sent several times."""

    request: requests.PreparedRequest
    settings: dict[str, Any]
    total: float
    silence: float

    @property
    def url(self) -> str:
        """The archive's own address."""
        return self.request.url or ""

    @property
    def host(self) -> str:
        """Whose turn it takes."""
        return urlsplit(self.url).hostname or ""

    @property
    def repeatable(self) -> bool:
        """Whether it does no harm when it arrives twice."""
        return self.request.method != "POST" or not urlsplit(self.url).path.endswith(_NEVER_TWICE)


@dataclass(frozen=True, slots=True)
class _NoAnswer:
    """Why no answer came."""

    words: str
    kind: type[ArchiveError] = Unreachable
    again: bool = True
    arrived: bool = True
    """Whether the question may have reached the archive."""


class _TooLargeError(Exception):
    """The answer is larger than `Patience.largest`."""


def insist(door: StreetDoor, sending: Sending) -> requests.Response:
    """Ask until there is an answer below 500 (or an error VOTable), or no hope.

    Raises Unreachable, Busy, Broken or Unreadable, and what a sign-in on the way raises.
    """
    left = min(sending.total, door.left)
    known = door.hosts.get(sending.host)
    tries = (known.tries if known else None) or door.patience.tries
    for attempt in range(1, tries + 1):
        began = time.monotonic()
        outcome = _with_renewal(door, sending, left)
        left = min(left - (time.monotonic() - began), door.left)
        error = _trouble(door, sending, outcome)
        door.turns.noted(sending.host, error)
        if error is None:
            return cast(requests.Response, outcome)
        wait = error.wait if isinstance(error, Busy) else None
        pause = door.pause(attempt) if wait is None else wait
        last = attempt == tries or left <= 0 or not _again(sending, outcome)
        if last or pause > min(door.patience.longest_wait, door.left):
            raise error
        if error.status == 429:
            door.turns.hold(sending.host, pause)
        _log.info("%s", again_in(error, pause))
        door.clock.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _with_renewal(door: StreetDoor, sending: Sending, left: float) -> requests.Response | _NoAnswer:
    """One try; where a token that we sent is refused, a second one with a new token."""
    moment = door.credentials.moment()
    outcome = _in_turn(door, sending, left)
    if isinstance(outcome, _NoAnswer) or outcome.status_code != 401:
        return outcome
    if not door.logged_in(outcome.url):
        return outcome
    door.renew(outcome.url, moment)
    return _in_turn(door, sending, left)


def _in_turn(door: StreetDoor, sending: Sending, left: float) -> requests.Response | _NoAnswer:
    with door.turns.exempt():
        # A token that is due is renewed before the turn, which the sign-in may need itself.
        door.credentials.header(sending.url)
    try:
        with door.turns.question(sending.host, within=None if door.left == math.inf else left):
            return _once(door, sending, min(left, door.left))
    except Cancelled:
        return _NoAnswer("was not asked: no turn came in time", again=False, arrived=False)


def _once(door: StreetDoor, sending: Sending, left: float) -> requests.Response | _NoAnswer:
    try:
        with answer_within(left, min(sending.silence, left)):
            if left <= 0:
                raise TimeoutError
            _log.debug("%s %s", sending.request.method, redact(sending.url))
            door.counted(sending.host)
            answer = door.send(
                sending.request.copy(),
                stream=True,
                timeout=(min(door.patience.connect, left), min(sending.silence, left)),
                **sending.settings,
            )
            size = _take_in(answer, door.patience.largest)
            _log.debug("%s: %d, %d bytes", sending.host, answer.status_code, size)
            return answer
    except (OSError, ValueError, urllib3.exceptions.HTTPError, _TooLargeError) as error:
        return _explained(error)


def _explained(error: Exception) -> _NoAnswer:
    """What happened, in words; the exception itself stays behind."""
    if isinstance(error, requests.exceptions.ConnectionError) and type(error) in _LINE:
        # requests wraps what urllib3 raised, with the reason inside.
        cause = error.args[0] if error.args else None
        reason = getattr(cause, "reason", cause)
        error = reason if isinstance(reason, Exception) else error
    for kinds, explanation in _EXPLANATIONS:
        if isinstance(error, kinds):
            return explanation
    if isinstance(error, ValueError):  # also requests' own for what it will not follow
        return _NoAnswer("sends to an address that cannot be asked", Broken, again=False)
    if isinstance(error, requests.RequestException):
        return _NoAnswer(f"gave no usable answer ({type(error).__name__})", again=False)
    return _NoAnswer(f"cannot be asked ({type(error).__name__})", again=False)


_LINE = (requests.exceptions.ConnectionError, requests.exceptions.ConnectTimeout)
_LATE = "did not answer in time; try again later"
_EXPLANATIONS: tuple[tuple[Any, _NoAnswer], ...] = (
    (_TooLargeError, _NoAnswer("sent too much; ask for less at once", Unreadable, again=False)),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        _NoAnswer(
            "has a certificate that this machine does not trust; check REQUESTS_CA_BUNDLE",
            again=False,
        ),
    ),
    (
        requests.exceptions.TooManyRedirects,
        _NoAnswer("sends from one address to the next without end", Broken, again=False),
    ),
    (
        urllib3.exceptions.NameResolutionError,
        _NoAnswer("has no address; check the network", arrived=False),
    ),
    (
        urllib3.exceptions.NewConnectionError,
        _NoAnswer("cannot be connected to; try again later", arrived=False),
    ),
    (urllib3.exceptions.ConnectTimeoutError, _NoAnswer(_LATE, arrived=False)),
    ((requests.exceptions.Timeout, urllib3.exceptions.TimeoutError), _NoAnswer(_LATE)),
    (TimeoutError, _NoAnswer(_LATE)),
    (
        (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.HTTPError,
            ConnectionError,
        ),
        _NoAnswer("broke the connection; try again later"),
    ),
)
"""The first that fits counts, so the special stands before the general."""


def _trouble(
    door: StreetDoor, sending: Sending, outcome: requests.Response | _NoAnswer
) -> ArchiveError | None:
    """What to raise should this be the last try; None where the answer is one."""
    question = door.question(sending.url)
    if isinstance(outcome, _NoAnswer):
        who = (
            question.name if question.name == sending.host else f"{question.name} ({sending.host})"
        )
        return outcome.kind(
            f"{who} {outcome.words}",
            archive=question.archive,
            url=redact(sending.url),
        )
    status = outcome.status_code
    if status < 500 and status != 429:
        return None
    if status >= 500 and status != 503 and looks_like_votable(outcome.content):
        return None
    wait = retry_after(outcome.headers.get("Retry-After"), door.clock.today())
    said = outcome.content[:20_000].decode("utf-8", "replace")
    return error_for(question, status, said, wait)


def _again(sending: Sending, outcome: requests.Response | _NoAnswer) -> bool:
    if isinstance(outcome, _NoAnswer):
        return outcome.again and (sending.repeatable or not outcome.arrived)
    return sending.repeatable or outcome.status_code in (429, 503)


def _take_in(answer: requests.Response, largest: int) -> int:
    """Read the body to its end; afterwards `content`, `iter_content` and `raw.read` all work.

    What is too large to be held twice is in a file, `answer.spooled`. Returns the bytes of it.
    """
    body, size = _received(answer, largest)
    small = size <= _IN_MEMORY
    answer.spooled = None if small else body  # type: ignore[attr-defined]
    answer._content = body.read() if small else False
    answer._content_consumed = small
    body.seek(0)
    # pyvo reads `raw`, and asks it to decode; what it gets is decoded already.
    decoded = {k: v for k, v in answer.headers.items() if k.lower() not in _ABOUT_THE_LINE}
    answer.raw = urllib3.HTTPResponse(
        body=body, headers=decoded, status=answer.status_code, preload_content=False
    )
    # Whoever has the answer may read it at any time; then nobody else will close the file.
    weakref.finalize(answer.raw, body.close)
    for one in (answer, *answer.history):
        one.url = redact(one.url)
        one.request.url = redact(one.request.url or "")
        if "Location" in one.headers:
            one.headers["Location"] = redact(one.headers["Location"])
    return size


def _received(answer: requests.Response, largest: int) -> tuple[IO[bytes], int]:
    """The body from its start, and its length in bytes."""
    with ExitStack() as until_whole:
        body = until_whole.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))
        for piece in answer.iter_content(_PIECE):
            body.write(piece)
            if body.tell() > largest:
                answer.close()
                raise _TooLargeError
        until_whole.pop_all()
    size = body.tell()
    body.seek(0)
    return cast(IO[bytes], body), size


_ABOUT_THE_LINE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
