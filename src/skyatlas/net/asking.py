"""This file asks once for one file: its redirects, its token, its range; the bytes go to the part.

Credentials go to the hosts they belong to, hop by hop, because the door prepares every hop.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from skyatlas.errors import Broken, Corrupt, Incomplete, Unreachable, Unreadable
from skyatlas.model import Product
from skyatlas.net.answers import error_for, retry_after
from skyatlas.net.disposition import file_name, safe_name
from skyatlas.net.line import LineBroken, Reply, Wish, get
from skyatlas.net.part import Journal, Part
from skyatlas.net.redaction import redact
from skyatlas.net.verify import Promise, looks_like_html

if TYPE_CHECKING:
    from skyatlas.net.door import StreetDoor

__all__ = ["Answer", "Asking", "Progress"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes of the whole file, or None; in the fetching thread."""

_HOPS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body in the part, as the archive described it."""

    url: str
    """Where it came from after redirects."""
    name: str
    journal: Journal
    reply: Reply
    resumed: bool


class _Restart(Exception):
    """The archive cannot go on where the part ends; from zero, at once."""


class _Untrusted(Unreachable):
    """The certificate is no good."""

    again = False


class Asking:
    """One product on its way."""

    def __init__(
        self,
        product: Product,
        part: Part,
        door: StreetDoor,
        progress: Progress | None,
        stop: threading.Event | None,
    ) -> None:
        self._product = product
        self._part = part
        self._door = door
        self._progress = progress
        self._stop = stop
        self._resumed = False

    def once(self) -> Answer:
        """One try, going on where the last one broke. The body is in the part afterwards.

        Raises Incomplete, Corrupt (a web page) and the leaves of ArchiveError.
        """
        try:
            return self._hops(self._part.resume(self._product.url))
        except _Restart:
            self._part.drop()
            return self._hops(None)

    def _hops(self, journal: Journal | None) -> Answer:
        """Follow redirects and renew a token; the file is in the part afterwards."""
        url, renewed = self._product.url, False
        for _ in range(_HOPS):
            moment = self._door.credentials.moment()
            reply = self._ask(url, journal)
            status, target = reply.status, reply.headers.get("location")
            if status in (301, 302, 303, 307, 308) and target:
                url = self._followed(url, target)
            elif status == 401 and self._door.logged_in(url) and not renewed:
                self._door.renew(url, moment)
                renewed = True
            else:
                return self._concluded(url, reply)
        raise Broken(
            f"{self._door.question(self._product.url).name} sends from one address to the next "
            "without end; try again later",
            archive=self._product.archive,
            url=redact(self._product.url),
        )

    def _ask(self, url: str, journal: Journal | None) -> Reply:
        real, headers = self._door.prepare(url)
        headers["Accept"] = "*/*"
        if journal is not None:
            headers["Range"] = f"bytes={journal.good}-"
            headers["If-Range"] = journal.validator or ""
        wish = Wish(
            real,
            headers,
            certificates=self._door.certificates(url),
            direct=self._door.route.direct(url),
            connect=self._door.patience.connect,
            silence=self._door.patience.silence,
        )
        try:
            return get(wish, lambda reply: self._accept(url, reply, journal), self._stop)
        except LineBroken as error:
            trouble = error
        except BaseException:
            self._keep()
            raise
        self._keep()
        raise self._broken_off(url, trouble)

    def _keep(self) -> None:
        with contextlib.suppress(OSError):  # what went wrong before is worth more
            self._part.keep()

    def _accept(
        self, url: str, reply: Reply, journal: Journal | None
    ) -> Callable[[bytes], object] | None:
        """Who takes the body: the part for the file, nobody for the rest."""
        if reply.status == 206 and journal is not None:
            span = f"bytes {journal.good}-"
            total = reply.headers.get("content-range", "").rpartition("/")[2]
            changed = reply.headers.get("etag", journal.etag) != journal.etag
            other = journal.length is not None and total not in ("*", str(journal.length))
            if changed or other or not reply.headers.get("content-range", "").startswith(span):
                raise _Restart
            self._part.extend()
            self._resumed = True
        elif reply.status == 416 and journal is not None:
            raise _Restart
        elif reply.status == 200:
            if reply.length and reply.length > shutil.disk_usage(self._part.path.parent).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._part.begin(Journal.of(self._product.url, reply.headers, reply.length))
            self._resumed = False
        else:
            return None
        promise = Promise(self._product, self._name(url, reply))
        return lambda data: self._take(url, data, promise)

    def _take(self, url: str, data: bytes, promise: Promise) -> None:
        if self._part.size == 0 and looks_like_html(data[:4096]) and not promise.html:
            raise Corrupt(self._web_page(url, promise.name), product=self._product)
        self._part.write(data)
        if self._progress is not None and self._part.journal is not None:
            self._progress(self._part.size, self._part.journal.length or self._product.size)

    def _concluded(self, url: str, reply: Reply) -> Answer:
        if reply.status in (200, 206) and self._part.journal is not None:
            self._part.finish()
            name = self._name(url, reply)
            return Answer(url, name, self._part.journal, reply, self._resumed)
        wait = retry_after(reply.headers.get("retry-after"), self._door.clock.today())
        if reply.status == 202:  # archives that fetch a file from tape first
            raise error_for(self._door.question(url), 503, "", wait)
        if reply.status < 400:
            raise Unreadable(
                f"{self._door.question(url).name} answered {reply.status} instead of a file",
                archive=self._product.archive,
                url=redact(url),
                status=reply.status,
            )
        said = reply.said.decode("utf-8", "replace")
        raise error_for(self._door.question(url), reply.status, said, wait)

    def _name(self, url: str, reply: Reply) -> str:
        """The name that the file will have."""
        said = reply.headers.get("content-disposition")
        if said is None and self._part.journal is not None:
            said = self._part.journal.disposition  # a 206 may leave it out
        name = safe_name(self._product.name or "") or file_name(said or "", url)
        encoding = reply.headers.get("content-encoding", "").lower()
        if encoding in ("gzip", "x-gzip") and not name.lower().endswith(("gz", ".z")):
            name += ".gz"  # the bytes are kept as they came
        return name

    def _followed(self, url: str, target: str) -> str:
        there = urljoin(url, target)
        if urlsplit(there).scheme not in ("http", "https"):
            raise Unreadable(
                f"{self._door.question(url).name} sends to {redact(there)!r}; fetch that by hand",
                archive=self._product.archive,
                url=redact(url),
            )
        return there

    def _web_page(self, url: str, name: str) -> str:
        question = self._door.question(url)
        advice = (
            f"log in with `skyatlas login {question.archive}`"
            if question.login and not question.sent
            else "look at the archive's page"
        )
        return f"{question.name} sent a web page instead of {name}: {advice}"

    def _broken_off(self, url: str, trouble: LineBroken) -> Incomplete | Unreachable:
        question = self._door.question(url)
        kind = Unreachable if trouble.trusted else _Untrusted
        if self._part.size and trouble.trusted:
            length = self._part.journal.length if self._part.journal else None
            of = f" of {length:,}" if length is not None else ""
            return Incomplete(
                f"{question.name} {trouble}; {self._part.size:,}{of} bytes are kept",
                product=self._product,
            )
        host = urlsplit(url).hostname or ""
        return kind(
            f"{question.name} ({host}) {trouble}", archive=question.archive, url=redact(url)
        )
