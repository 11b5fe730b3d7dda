"""This file holds what questions and files have in common on their way out: no bytes pass here.

Invariant: a token is handed out only for a host that it belongs to, and no address leaves that the
route does not allow. It imports no requests: a list of files is fetched without it.
"""

from __future__ import annotations

import os
import platform
import random
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from skyatlas.errors import Unreachable
from skyatlas.memory import Memory
from skyatlas.net.answers import Question
from skyatlas.net.pace import Clock, Host, Turns
from skyatlas.net.patience import Patience
from skyatlas.net.redaction import guard_loggers, redact
from skyatlas.net.secrets import Credentials
from skyatlas.version import __version__

if TYPE_CHECKING:
    from skyatlas.net.transfer import Transfers

__all__ = ["Route", "Street", "host_of"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_VERSIONS = {"skyatlas": __version__, "Python": platform.python_version()}
_SHARED = (
    "hosts",
    "credentials",
    "patience",
    "clock",
    "route",
    "turns",
    "versions",
    "user_agent",
    "ca_bundle",
    "durable",
    "bandwidth",
    "memory",
    "tally",
    "_engine",
    "_engine_of",
)
_opening = threading.Lock()
_counting = threading.Lock()
_random = random.SystemRandom()


class _Offline(Unreachable):
    """We do not want to ask; trying again changes nothing."""

    again = False


class Route:
    """Where a request to an archive's address really goes: there, to the sandbox, or nowhere."""

    def __init__(self, sandbox: str | None = None, *, offline: bool = False) -> None:
        self.sandbox = sandbox.rstrip("/") if sandbox else None
        self.offline = offline

    def to(self, url: str) -> tuple[str, dict[str, str]]:
        """The address to connect to and the headers that say what was meant.

        `https://HOST/path?query` becomes `{sandbox}/HOST/path?query`. Raises Unreachable offline.
        """
        if self.offline:
            host = urlsplit(url).netloc.rpartition("@")[2]
            raise _Offline(
                f"{host} was not asked because skyatlas is offline; leave out --offline to ask it",
                archive=host,
                url=redact(url),
            )
        if self.sandbox is None or url.startswith(self.sandbox + "/"):
            return url, {}
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        rest = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        said = {"X-Forwarded-Proto": parts.scheme, "X-Forwarded-Host": host}
        return f"{self.sandbox}/{host}{rest}", said

    def direct(self, url: str) -> bool:
        """Whether this URL is asked without any proxy: the sandbox and this machine."""
        return self.sandbox is not None or urlsplit(url).hostname in _LOOPBACK


def host_of(url: str) -> str:
    """Whose turn a request takes; "" where this is no address that can be asked."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets without end
        return ""
    return (parts.hostname or "") if parts.scheme.lower() in ("http", "https") else ""


class Street:
    """Hosts, turns, credentials, patience and route of one user; safe for many threads.

    `hosts` says to which archive a host belongs and how politely it is asked. With `sandbox`
    ("http://127.0.0.1:8123") nothing but the sandbox is ever contacted; with `offline`, nothing.
    `leases` is the folder through which processes share turns (None: this process keeps its own),
    `files_at_once` is for hosts that no archive looks after.
    """

    def __init__(
        self,
        hosts: Mapping[str, Host] | None = None,
        *,
        credentials: Credentials | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        sandbox: str | None = None,
        offline: bool = False,
        ca_bundle: str | None = None,
        leases: Path | None = None,
        files_at_once: int | None = None,
        bandwidth: float | None = None,
        durable: bool = True,
        memory: Memory | None = None,
    ) -> None:
        guard_loggers()
        self.hosts = dict(hosts or {})
        self.credentials = credentials or Credentials()
        self.patience = patience or Patience()
        self.clock = clock or Clock()
        self.route = Route(sandbox, offline=offline)
        self.turns = Turns(self.hosts, self.clock, leases, files_at_once)
        self.versions = dict(_VERSIONS)
        self.user_agent = " ".join(
            f"{name}/{number}" + (" (IVOA-science)" if name == "skyatlas" else "")
            for name, number in self.versions.items()
        )
        """Who we are, as IVOA's Note SoftID asks (1.0; the purpose "science" is of draft 1.1)."""
        self.ca_bundle = ca_bundle
        self.bandwidth = bandwidth
        """Bytes per second for all files together; None: as fast as they come."""
        self.durable = durable
        """Whether the disk is made to keep a file before it gets its name."""
        self.memory = memory or Memory()
        """What outlives a crash: job addresses, registry answers, dead services."""
        self.tally: Counter[str] = Counter()
        """Questions put so far, tries again among them, by host; `counted` adds to it."""
        self._engine: list[Transfers] = []
        self._engine_of: list[int] = []
        """The process that has it."""

    @property
    def transfers(self) -> Transfers:
        """The engine that brings files home; one for everybody on this street."""
        with _opening:
            if self._engine and (not self._engine[0].open or self._engine_of[0] != os.getpid()):
                self._engine.clear()  # it failed, or it is that of the process that we forked from
            if not self._engine:
                from skyatlas.net.transfer import Transfers

                self._engine.append(Transfers(self, self.bandwidth))
                self._engine_of[:] = [os.getpid()]
            return self._engine[0]

    def close(self) -> None:
        """Stop the engine, where there is one."""
        while self._engine:
            self._engine.pop().close()

    def counted(self, host: str) -> None:
        """One more question goes to this host."""
        with _counting:
            self.tally[host] += 1

    def without_login(self) -> Street:
        """The same street (turns, route, clock) for somebody whom nobody knows."""
        twin = Street.__new__(Street)
        twin._share(self)
        twin.credentials = Credentials()
        return twin

    def _share(self, other: Street) -> None:
        """Stand on the same street as `other`: its turns, its route, its logins."""
        for name in _SHARED:
            setattr(self, name, getattr(other, name))

    def logged_in(self, url: str) -> bool:
        """Whether credentials would be sent to this URL's host."""
        return self.credentials.source(url) is not None

    def prepare(self, url: str) -> tuple[str, dict[str, str]]:
        """Where to connect for one hop to `url`, and with which headers: for the transfer of files.

        Nothing of it may be kept or logged. Raises what a sign-in raises (it may take its time:
        see `logged_in`), and Unreachable offline.
        """
        real, headers = self.route.to(url)
        headers["User-Agent"] = self.user_agent
        if self.logged_in(url):
            with self.turns.exempt():
                token = self.credentials.header(url)
            if token is not None:
                headers["Authorization"] = token
        return real, headers

    def renew(self, url: str, moment: int) -> None:
        """Renew this URL's token after a 401, unless another thread did so since `moment`."""
        with self.turns.exempt():
            self.credentials.renew(url, moment)

    def certificates(self, url: str) -> str:  # noqa: ARG002 (all hosts are checked alike)
        """Path of the CA bundle (file or folder) to check certificates with.

        Ours (`ca_bundle`, SSL_CERT_FILE) wins over what requests and curl look for.
        """
        for named in (
            self.ca_bundle,
            os.environ.get("REQUESTS_CA_BUNDLE"),
            os.environ.get("CURL_CA_BUNDLE"),
        ):
            if named:
                return named
        import certifi

        return certifi.where()

    def question(self, url: str) -> Question:
        """What the messages need to know about a request to `url`."""
        host = urlsplit(url).hostname or ""
        known = self.hosts.get(host)
        return Question(
            url=url,
            archive=known.archive if known else host,
            login=known.login if known else False,
            sent=self.logged_in(url),
        )

    def pause(self, attempt: int) -> float:
        """Seconds to wait after try number `attempt`: exponential, with jitter, at most 30."""
        return min(30.0, 0.5 * 2.0**attempt) * _random.uniform(0.5, 1.0)
