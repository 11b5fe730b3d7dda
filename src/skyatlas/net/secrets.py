"""This file knows which host may see which token; a token is sent nowhere else.

A token belongs to exact host names over https. Not to their sub-domains, not to where they
redirect, and not to the same host over http.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from skyatlas.archive import Token
from skyatlas.errors import Refused
from skyatlas.net.redaction import hide, redact

__all__ = ["Credentials", "GivenToken", "PasswordToken", "TokenSource", "hide", "redact"]

_AHEAD = 600.0
"""Seconds before its end at which a token is renewed, or half of its life where that is shorter."""


class TokenSource(Protocol):
    """Something that can prove who we are."""

    def header(self) -> str:
        """The value of `Authorization`: "Bearer …"; "" where nothing is to be sent.

        Renews first where the end is near.
        """
        ...

    def renew(self) -> None:
        """Get a new token although the old one may look good: the archive answered 401."""
        ...


class PasswordToken:
    """A bearer token that is got, and got again, with a password.

    `sign_in` usually is `lambda: archive.sign_in(username, password, door.anonymous())`; what it
    raises (Refused, Unreachable, …) passes through.
    """

    def __init__(
        self, sign_in: Callable[[], Token], today: Callable[[], float] = time.time
    ) -> None:
        self._sign_in = sign_in
        self._today = today
        self._token: Token | None = None
        self._due = 0.0
        self._lock = threading.RLock()

    def header(self) -> str:
        """ "Bearer …", signed in and not about to expire."""
        with self._lock:
            if self._token is None or self._today() >= self._due:
                self.renew()
            assert self._token is not None
            return f"{self._token.scheme} {self._token.value}"

    def renew(self) -> None:
        """Sign in again now."""
        with self._lock:
            token = self._sign_in()
            hide(token.value)
            life = max(0.0, token.expires - self._today())
            self._token = token
            self._due = token.expires - min(_AHEAD, life / 2)


class GivenToken:
    """A token that its owner made by hand at the archive: nothing here can get another.

    `check` asks the archive about it, and raises Refused where it is (no longer) good; `page` is
    where a new one is made. When it has ended nothing is sent any more: what is public comes all
    the same, and what is not ends with that one sentence, each time, without a question.
    """

    def __init__(self, archive: str, page: str, check: Callable[[], Token]) -> None:
        self._archive = archive
        self._page = page
        self._check = check
        self._token: Token | None = None
        self._ended = ""
        """What to say since the archive refused it."""
        self._lock = threading.RLock()

    def checked(self) -> Token:
        """The token, after asking the archive about it now. Raises Refused and ArchiveError."""
        with self._lock:
            try:
                token = self._check()
            except Refused as error:
                self._ended = self._expired() if self._token else str(error)
                raise self._refused(self._ended, login=True) from None
            hide(token.value)
            self._token = token
            return token

    @property
    def owner(self) -> str:
        """Whose it is, as the archive said; "" where it did not, or was not asked."""
        return self._token.owner if self._token else ""

    def header(self) -> str:
        """ "token …", which was good when it was used first; "" after its end."""
        with self._lock:
            if self._ended:
                return ""
            token = self._token or self.checked()
            return f"{token.scheme} {token.value}"

    def renew(self) -> None:
        """Always raises: Refused, which says why the archive answered 401, or ArchiveError."""
        with self._lock:
            if self._ended:
                raise self._refused(self._ended, login=True)
            who = self.checked().owner
            raise self._refused(
                f"{self._archive.upper()} answered 401 although the token is good: "
                f"the account{f' of {who}' if who else ''} is not permitted to see it",
                login=False,
            )

    def _expired(self) -> str:
        name = self._archive.upper()
        return f"the token for {name} has expired; get a new one at {self._page}"

    def _refused(self, sentence: str, *, login: bool) -> Refused:
        return Refused(sentence, archive=self._archive, status=401, login=login)


class Credentials:
    """Which token goes to which host; safe for many threads."""

    def __init__(self) -> None:
        self._sources: dict[str, TokenSource] = {}
        self._renewed: dict[TokenSource, int] = {}
        self._count = 0
        self._proved = -1
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._mine = threading.local()

    def add(self, hosts: Iterable[str], source: TokenSource) -> None:
        """Send this source's token to these hosts (exact names, https) from now on."""
        with self._lock:
            self._sources.update((host.lower(), source) for host in hosts)

    def remove(self, hosts: Iterable[str]) -> None:
        """Send nothing to these hosts any more."""
        with self._lock:
            for host in hosts:
                self._sources.pop(host.lower(), None)

    def source(self, url: str) -> TokenSource | None:
        """The source whose token may be sent to this URL, or None.

        None also while this very thread signs in: the question for a token carries none.
        """
        if not self._sources or getattr(self._mine, "signing_in", False):
            return None
        parts = urlsplit(url)
        if parts.scheme.lower() != "https" or parts.port not in (None, 443):
            return None
        with self._lock:
            return self._sources.get(parts.hostname or "")

    def header(self, url: str) -> str | None:
        """The `Authorization` for this URL, or None; may sign in. Registered for redaction."""
        source = self.source(url)
        if source is None:
            return None
        with self._signing_in():
            header = source.header()
        hide(header.partition(" ")[2])
        return header or None

    def moment(self) -> int:
        """A stamp to take before asking and to hand to `renew` where the answer is 401."""
        return self._count

    def prove(self, moment: int) -> None:
        """The token of that moment was accepted."""
        self._proved = max(self._proved, moment)

    def proved(self, moment: int) -> bool:
        """Whether a token of that moment or later was accepted: then a 401 means that it ended."""
        return self._proved >= moment

    def renew(self, url: str, moment: int) -> None:
        """Renew the token of this URL, unless another thread has done so since `moment`."""
        source = self.source(url)
        if source is None:
            return
        with self._renewing:
            if self._renewed.get(source, 0) <= moment:
                with self._signing_in():
                    source.renew()
                self._count += 1
                self._renewed[source] = self._count

    @contextmanager
    def _signing_in(self) -> Iterator[None]:
        self._mine.signing_in = True
        try:
            yield
        finally:
            self._mine.signing_in = False
