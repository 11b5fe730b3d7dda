"""This file asks for one stretch of one file: its redirects, its token, its range.

Credentials go to the hosts they belong to, hop by hop, because the street prepares every hop.
Everything here happens in the line's thread, but for sign-ins, which may take their time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urljoin, urlsplit

from skyatlas.errors import AtlasError, Broken, Incomplete, Unreachable, Unreadable
from skyatlas.model import Product
from skyatlas.net.answers import error_for, retry_after
from skyatlas.net.exchange import Exchange, LineBroken, Reply, Sink, Wish
from skyatlas.net.part import Journal
from skyatlas.net.redaction import redact
from skyatlas.net.street import host_of

if TYPE_CHECKING:
    from skyatlas.net.line import Line
    from skyatlas.net.scribes import Scribes
    from skyatlas.net.street import Street

__all__ = ["Enough", "NoRange", "Pull", "Stretch", "Taker", "our_own"]

_HOPS = 10
_TAPE = 10.0
"""Seconds to wait for a file that is fetched from tape, where the archive does not say."""
_MOST_SAID = 65_536
"""Bytes kept of an answer that is not the file."""
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)$")
_IN_URLS = "!#$%&'()*+,/:;=?@[]~"
"""What stands in an address for itself; all else that is no letter or digit is quoted."""

_RENEWALS = 2
"""New tokens for one file that none has yet been permitted by. One may be used up by the files
beside it, whose answers are still on their way and prove nothing yet."""


class Enough(Exception):
    """All that was wanted of an answer is here; the rest is not waited for."""


class NoRange(Exception):
    """The archive did not give the range that was asked for, or the file has changed."""


class _Untrusted(Unreachable):
    """The certificate is no good."""

    again = False


def our_own(error: BaseException, product: Product) -> Incomplete:
    """A mistake of ours, as the end of one product rather than of all."""
    return Incomplete(f"skyatlas itself failed ({error!r}); please report it", product=product)


class Stretch:
    """Which bytes are wanted, and which have come."""

    __slots__ = ("end", "here", "start")

    def __init__(self, start: int, end: int | None, here: int | None = None) -> None:
        self.start = start
        self.end = end
        """The first byte that is not wanted; None: to the end of the file."""
        self.here = start if here is None else here
        """The next byte to come."""


class Taker(Protocol):
    """Who gets the bytes."""

    def opened(self, pull: Pull, reply: Reply) -> Sink | None:
        """The file's bytes are about to come; who takes them, if not `take`. May raise."""

    def take(self, pull: Pull, data: bytes) -> None:
        """The next bytes. May raise; Enough ends the pull without harm."""

    def closed(self, pull: Pull, error: Exception | None) -> None:
        """No more will come of this pull: NoRange, an AtlasError, an OSError, or all is well."""


class Pull:
    """One answer on its way; `journal` where the stretch is asked for as a range of that file."""

    def __init__(
        self, product: Product, url: str, stretch: Stretch, journal: Journal | None
    ) -> None:
        self.product = product
        self.asked = url
        self.url = url
        """The address of the present hop."""
        self.stretch = stretch
        self.asked_end = stretch.end
        """The first byte that is not asked for; None: all to the end."""
        self.journal = journal
        self.ranged = False
        """Whether the archive answered with the range."""
        self.cut = False
        """Whether its stretch was made shorter after it had been asked for."""
        self._hops = 0
        self._renewals = 0
        self._moment = 0
        self._reply = Reply()
        self._said = b""
        self._is_file = False
        self._exchange: Exchange | None = None
        self._stopped = False

    def go(self, street: Street, line: Line, scribes: Scribes, taker: Taker) -> None:
        """Ask. Exactly one `closed` follows, unless `stop` is called."""
        self._street, self._line, self._scribes, self._taker = street, line, scribes, taker
        self._hop()

    def stop(self) -> None:
        """Break off; the taker hears nothing more."""
        self._stopped = True
        if self._exchange is not None:
            self._line.leave(self._exchange)
            self._exchange = None

    def pause(self, state: int) -> None:
        """Stop or go on receiving (pycurl.PAUSE_ALL, PAUSE_CONT)."""
        if self._exchange is not None:
            self._line.pause(self._exchange, state)

    def _hop(self) -> None:
        """Ask the present address; credentials may need a sign-in, which waits elsewhere."""
        self._moment = self._street.credentials.moment()
        self._elsewhere(self._prepared, self._ask)

    def _elsewhere(self, work: Callable[[], Wish | None], then: Callable[[Wish], None]) -> None:
        if not self._street.logged_in(self.url):
            self._work(work, then, here=True)
        else:
            self._scribes.do(lambda: self._work(work, then, here=False))

    def _work(
        self, work: Callable[[], Wish | None], then: Callable[[Wish], None], *, here: bool
    ) -> None:
        def done(wish: Wish | None, error: Exception | None) -> None:
            if self._stopped:
                return
            if wish is None:
                self._taker.closed(self, error)
            else:
                then(wish)

        wish: Wish | None = None
        error: Exception | None = None
        try:
            wish = work()
        except Exception as caught:  # noqa: BLE001 (nobody may wait for ever)
            known = isinstance(caught, AtlasError | OSError)
            error = caught if known else our_own(caught, self.product)
        if here:
            done(wish, error)
        else:
            self._line.call(lambda: done(wish, error))

    def _prepared(self) -> Wish:
        real, headers = self._street.prepare(self.url)
        if not real.isascii():
            real = quote(real, safe=_IN_URLS)
        headers["Accept"] = "*/*"
        if self.journal is not None:
            last = "" if self.stretch.end is None else self.stretch.end - 1
            headers["Range"] = f"bytes={self.stretch.start}-{last}"
            headers["If-Range"] = self.journal.validator or ""
        patience = self._street.patience
        known = self._street.hosts.get(host_of(self.url))
        return Wish(
            real,
            headers,
            certificates=self._street.certificates(self.url),
            direct=self._street.route.direct(self.url),
            connect=patience.connect,
            silence=(known.pace.silence if known else 0.0) or patience.silence,
            total=patience.file,
        )

    def _is_due(self) -> bool:
        """Whether a new token may help: with the present one no file may have been permitted."""
        if not self._street.logged_in(self.url):
            return False
        return self._renewals < _RENEWALS or self._street.credentials.proved(self._moment)

    def _renew(self) -> Wish:
        self._street.renew(self.url, self._moment)
        self._moment = self._street.credentials.moment()
        return self._prepared()

    def _ask(self, wish: Wish) -> None:
        self._said, self._is_file = b"", False
        self._exchange = self._line.ask(wish, self)

    # What the exchange tells.

    def head(self, reply: Reply) -> Sink | None:
        """Status and headers are here."""
        self._reply = reply
        if reply.status == 206 and self.journal is not None:
            self._check_range(reply, self.journal)
            self.ranged = True
        elif reply.status == 416 and self.journal is not None:
            raise NoRange
        elif reply.status != 200:
            return None
        self._is_file = True
        if self._street.logged_in(self.url):
            self._street.credentials.prove(self._moment)
        return self._taker.opened(self, reply)

    def piece(self, data: bytes) -> None:
        """The next bytes of the body."""
        if self._is_file:
            self._taker.take(self, data)
        else:
            self._said += data
            if len(self._said) >= _MOST_SAID:
                raise Enough

    def over(self, trouble: BaseException | None) -> None:
        """The answer is whole, or not."""
        self._exchange = None
        if isinstance(trouble, LineBroken):
            self._taker.closed(self, self._broken_off(trouble))
        elif isinstance(trouble, NoRange | AtlasError | OSError):
            self._taker.closed(self, trouble)
        elif trouble is not None and not isinstance(trouble, Enough):
            self._taker.closed(self, our_own(trouble, self.product))
        elif self._is_file:
            self._taker.closed(self, None)
        else:
            self._conclude()

    def _check_range(self, reply: Reply, journal: Journal) -> None:
        """RFC 9110, 14.4 and 15.3.7: the range that was asked for, of the file that we know."""
        said = _RANGE.match(reply.headers.get("content-range", ""))
        # Some servers send their range whatever If-Range says.
        changed = reply.headers.get("etag", journal.etag) != journal.etag or (
            reply.headers.get("last-modified", journal.last_modified) != journal.last_modified
        )
        if said is None or changed or int(said[1]) != self.stretch.start:
            raise NoRange
        total, end = said[3], int(said[2]) + 1
        if end <= self.stretch.start:
            raise NoRange  # no byte at all: asking for more of that has no end
        if journal.length is not None and total not in ("*", str(journal.length)):
            raise NoRange
        if reply.length is not None and reply.length != end - self.stretch.start:
            raise NoRange
        # Fewer than asked for are welcome; the others are asked for again.
        self.stretch.end = end if self.stretch.end is None else min(end, self.stretch.end)

    def _conclude(self) -> None:
        """An answer that is not the file: where to go on, or what to say."""
        status, target = self._reply.status, self._reply.headers.get("location")
        if status in (301, 302, 303, 307, 308) and target:
            self._follow(target)
        elif status == 401 and self._is_due():
            self._renewals += 1
            self._elsewhere(self._renew, self._ask)
        else:
            self._taker.closed(self, self._refusal())

    def _follow(self, target: str) -> None:
        self._hops += 1
        try:
            # Headers are read as latin-1; what a server means by the bytes is for it to know.
            there = urljoin(self.url, quote(target.encode("latin-1"), safe=_IN_URLS))
            scheme = urlsplit(there).scheme
        except ValueError:
            there, scheme = target, ""
        question = self._street.question(self.asked)
        if scheme not in ("http", "https"):
            error: Exception = Unreadable(
                f"{question.name} sends to {redact(there)!r}; fetch that by hand",
                archive=self.product.archive,
                url=redact(self.url),
            )
        elif self._hops >= _HOPS:
            error = Broken(
                f"{question.name} sends from one address to the next without end; try again later",
                archive=self.product.archive,
                url=redact(self.asked),
            )
        else:
            self.url = there
            self._hop()
            return
        self._taker.closed(self, error)

    def _refusal(self) -> Exception:
        status = self._reply.status
        wait = retry_after(self._reply.headers.get("retry-after"), self._street.clock.today())
        question = self._street.question(self.url)
        if status == 202:  # archives that fetch a file from tape first
            return error_for(question, 503, "", _TAPE if wait is None else wait)
        if status < 400:
            return Unreadable(
                f"{question.name} answered {status} instead of a file",
                archive=self.product.archive,
                url=redact(self.url),
                status=status,
            )
        return error_for(question, status, self._said.decode("utf-8", "replace"), wait)

    def _broken_off(self, trouble: LineBroken) -> Unreachable:
        question = self._street.question(self.url)
        kind = Unreachable if trouble.trusted else _Untrusted
        host = urlsplit(self.url).hostname or ""
        return kind(
            f"{question.name} ({host}) {trouble}", archive=question.archive, url=redact(self.url)
        )
