"""This file reads pieces of a remote file by HTTP ranges; it never fetches the whole by mistake.

Invariant: all bytes come from one and the same version of the file. A server that sends something
else than what was asked for is stopped at its headers, before a body comes.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace

import requests

from skyatlas.archive import Pace
from skyatlas.errors import ArchiveError, BadInput, Broken, Refused, Unreadable
from skyatlas.net.answers import error_for, retry_after
from skyatlas.net.door import StreetDoor
from skyatlas.net.multipart import Malformed, Part, boundary_of, content_range, parts
from skyatlas.net.opening import Opening
from skyatlas.net.portions import HEAD, LARGEST, several, singly
from skyatlas.net.redaction import redact
from skyatlas.net.spans import Gathered, Span, header_of
from skyatlas.net.street import Street, host_of
from skyatlas.threads import side_by_side

__all__ = ["Ranges"]

_ALLOWANCE = 64 * 1024
"""Bytes by which an answer may be larger than what was asked for, be it the whole file."""
_ROUNDS = 3
"""Multipart, single ranges, and single ranges to the end of a file whose size is now known."""


class Ranges:
    """One remote file of which spans of bytes are read; safe for many threads.

    Connections, turns, logins and time-outs are those of `street` (a `StreetDoor` shares its open
    connections). `multipart` says what is known of the server from another file: whether it sends
    several ranges at once; None: it will be found out.
    """

    def __init__(self, street: Street, url: str, *, multipart: bool | None = None) -> None:
        if not host_of(url):
            raise BadInput(
                f"{redact(url)!r} is no address that can be asked; "
                "it must start with https:// or http://"
            )
        self._door = (
            street.within(math.inf) if isinstance(street, StreetDoor) else StreetDoor(street=street)
        )
        self._owned = not isinstance(street, StreetDoor)
        self._door.patience = replace(street.patience, largest=2 * LARGEST)
        self.url = url
        self.multipart = multipart
        self.size: int | None = None
        """Bytes of the whole file, once something was read."""
        self.etag: str | None = None
        self.last_modified: str | None = None
        self.requests = 0
        """Answers so far, redirects and those that were broken off among them."""
        self.received = 0
        """Bytes of their bodies."""
        self._latency: float | None = None
        """Seconds from a question to the headers of its answer, at best; None: nothing came yet."""
        self._known = False
        self._target = url
        self._opening = Opening(self._door.turns, host_of(url), self._pace)
        self._lock = threading.Lock()

    def __enter__(self) -> Ranges:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections that nobody else uses."""
        self._opening.close()
        if self._owned:
            requests.Session.close(self._door)

    @property
    def answered_url(self) -> str:
        """Where the bytes came from, after redirects, without secrets."""
        return redact(self._target)

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """The bytes of half-open spans, in the order of the spans.

        What lies beyond the end of the file is left out, as in a slice. Raises Unreadable where the
        server sends no ranges, or not those asked for; Broken where the file changed since the
        first answer; and what the door raises.
        """
        for start, stop in spans:
            if not 0 <= start <= stop:
                raise BadInput(f"bytes {start}..{stop} are no span of a file")
        found: list[bytes | None] = [None] * len(spans)
        got: list[Part] = []
        for _ in range(_ROUNDS):
            missing = [
                self._inside(span) for span, data in zip(spans, found, strict=True) if data is None
            ]
            for answer in self._answers(missing):
                got += answer
            gathered = Gathered(got)
            found = [gathered.taken(self._inside(span)) for span in spans]
            whole = [data for data in found if data is not None]
            if len(whole) == len(found):
                return whole
        raise self._unreadable("does not send all the ranges that it is asked for")

    @property
    def _pace(self) -> Pace:
        known = self._door.hosts.get(host_of(self._target))
        return known.pace if known else Pace()

    def _inside(self, span: Span) -> Span:
        if self.size is None:
            return span
        return min(span[0], self.size), min(span[1], self.size)

    def _answers(self, spans: list[Span]) -> list[list[Part]]:
        """What came of one round of requests side by side."""
        lines = self._pace.files_at_once
        wait = (self._latency or 0.0) / lines  # shared by those side by side
        planned = several(spans) if self.multipart is not False else singly(spans, wait)
        if self._latency is None:
            planned = self._opening.shares(planned)
        return side_by_side(self._ask, planned, lines)

    def _ask(self, spans: list[Span]) -> list[Part]:
        """The parts of one answer; none where the server does not send several at once."""
        target = self._target
        if len(spans) > 1 and self.multipart is False:
            return []  # found out while this one waited
        try:
            return self._ask_at(target, spans)
        except _SingleOnlyError:
            self.multipart = False
            return []
        except Refused:
            if target == self.url:
                raise
        # What it was redirected to is good for a while only (signed addresses).
        self._target = self.url
        return self._ask(spans)

    def _ask_at(self, url: str, spans: list[Span]) -> list[Part]:
        headers = {"Range": header_of(spans), "Accept-Encoding": "identity"}
        # A weak tag does not serve for ranges (RFC 9110, 13.1.5); it is compared afterwards.
        if self.etag is not None and not self.etag.startswith("W/"):
            headers["If-Range"] = self.etag
        host, error = host_of(url), None
        try:
            with self._door.turns.file(host), self._door.turns.exempt():
                hook = {"response": lambda answer, **_: self._stop_early(answer, spans)}
                answer = self._door.request("GET", url, headers=headers, hooks=hook)
        except ArchiveError as problem:
            error = problem
            raise
        finally:
            self._door.turns.told(host, error)
        with self._lock:
            self.received += len(answer.content)
        return self._parts(answer, spans)

    def _parts(self, answer: requests.Response, spans: list[Span]) -> list[Part]:
        """What a whole answer holds."""
        status, body = answer.status_code, answer.content
        if status == 416:
            return self._beyond(answer, spans)
        if status >= 400:
            wait = retry_after(answer.headers.get("Retry-After"), self._door.clock.today())
            said = body[:20_000].decode("utf-8", "replace")
            raise error_for(self._door.question(answer.url), status, said, wait)
        if status == 200:
            return [Part(0, memoryview(body), len(body))]
        try:
            boundary = boundary_of(answer.headers.get("Content-Type", ""))
            if boundary is None:
                start, stop, size = content_range(answer.headers.get("Content-Range", ""))
                found = [Part(start, memoryview(body), size)]
                if len(body) != stop - start:
                    raise Malformed(f"sent {len(body)} bytes as bytes {start}-{stop - 1}")  # noqa: TRY301
            else:
                found = parts(body, boundary)
        except Malformed as problem:
            raise self._unreadable(str(problem)) from None
        for size in {part.size for part in found}:
            self._same_size(size)
        if len(spans) > 1:
            came = Gathered(found)
            self.multipart = boundary is not None or all(map(came.taken, spans))
        elif not any(part.start <= spans[0][0] < part.stop for part in found):
            raise self._unreadable("sends other bytes than it is asked for")
        return found

    def _beyond(self, answer: requests.Response, spans: list[Span]) -> list[Part]:
        """Nothing is there: right where that is beyond the end."""
        size = answer.headers.get("Content-Range", "").rpartition("*/")[2]
        if size.isdecimal():
            self._same_size(int(size))
        # Where nobody has told it yet, the answer to another share of the first read may.
        if min(spans)[0] < (1 if self.size is None else self.size):
            raise self._unreadable("says that there are no such bytes (416)")
        return []

    def _stop_early(self, answer: requests.Response, spans: list[Span]) -> None:
        """Look at the headers of an answer, before its body comes."""
        with self._lock:
            self.requests += 1
            took = answer.elapsed.total_seconds()
            self._latency = min(took, self._latency or took)
        if answer.status_code not in (200, 206):
            return
        try:
            self._judge(answer, spans)
        except BaseException:
            answer.close()
            raise
        self._target = answer.url

    def _judge(self, answer: requests.Response, spans: list[Span]) -> None:
        said = answer.headers
        self._same_version(said.get("ETag"), said.get("Last-Modified"))
        if said.get("Content-Encoding", "identity").lower() != "identity":
            raise self._unreadable("sends ranges only of a compressed form of the file")
        text = said.get("Content-Length", "")
        length = int(text) if text.isdecimal() else None
        if answer.status_code == 200:
            self._judge_whole(spans, length)
            return
        coming = length or 0
        if "multipart" not in said.get("Content-Type", "").lower():
            try:
                start, stop, size = content_range(said.get("Content-Range", ""))
            except Malformed as problem:
                raise self._unreadable(str(problem)) from None
            coming = max(coming, stop - start)
            self._same_size(size)
        if coming > sum(stop - start + 2 * HEAD for start, stop in spans) + _ALLOWANCE:
            if len(spans) > 1:
                raise _SingleOnlyError
            raise self._unreadable("sends other bytes than it is asked for")

    def _judge_whole(self, spans: list[Span], length: int | None) -> None:
        """The whole file is coming: no harm where it is small, or all that was asked for."""
        harmless = max(_ALLOWANCE, spans[0][1] if spans[0][0] == 0 else 0)
        if length is not None and length <= harmless:
            self._same_size(length)
            return
        if len(spans) > 1:
            raise _SingleOnlyError
        if self.size is not None:
            raise self._changed()
        size = f" of {length:,} bytes" if length is not None else ""
        raise self._unreadable(f"sends no ranges, only the whole file{size}; fetch that instead")

    def _same_version(self, etag: str | None, modified: str | None) -> None:
        with self._lock:
            if not self._known:
                self.etag, self.last_modified, self._known = etag, modified, True
            same = etag == self.etag and modified == self.last_modified
        if not same:
            raise self._changed()

    def _same_size(self, size: int | None) -> None:
        with self._lock:
            if self.size is None:
                self.size = size
            same = size is None or size == self.size
        if not same:
            raise self._changed()

    def _changed(self) -> ArchiveError:
        return self._error(Broken, "changed this file while it was being read; ask again")

    def _unreadable(self, words: str) -> ArchiveError:
        return self._error(Unreadable, words)

    def _error(self, kind: type[ArchiveError], words: str) -> ArchiveError:
        question = self._door.question(self.url)
        words = f"{question.name} {words} ({question.place})"
        return kind(words, archive=question.archive, url=redact(self.url))


class _SingleOnlyError(Exception):
    """The server does not send several ranges at once."""
