"""This file is the door to the street: nothing leaves without time-outs, turns and redaction.

`StreetDoor` is a `requests.Session`, so pyvo can be handed it. It differs from a plain one in that
every answer is read to its end under one deadline, refusals are tried again in a civil manner,
tokens go only to hosts they belong to, and nothing it says, logs or hands back holds a secret.
"""

from __future__ import annotations

import platform
import random
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.cookies import RequestsCookieJar

from skyatlas.errors import BadInput
from skyatlas.net.adapter import HostOnlyCookies, Route, StreetAdapter
from skyatlas.net.answers import Question, error_for, looks_like_votable, retry_after
from skyatlas.net.insistence import Patience, Sending, insist
from skyatlas.net.pace import Clock, Host, Turns
from skyatlas.net.redaction import guard_loggers, redact
from skyatlas.net.secrets import Credentials
from skyatlas.version import __version__

__all__ = ["Host", "Patience", "StreetDoor"]

_VERSIONS = {
    "skyatlas": __version__,
    "python-requests": version("requests"),
    "Python": platform.python_version(),
}
_USER_AGENT = " ".join(
    f"{name}/{number}" + (" (IVOA-science)" if name == "skyatlas" else "")
    for name, number in _VERSIONS.items()
)
"""Who we are, as IVOA's Note SoftID asks (1.0; the purpose "science" is of draft 1.1)."""

_SENDING = ("allow_redirects", "proxies", "verify", "cert")
_random = random.SystemRandom()


class StreetDoor(requests.Session):
    """The one way to ask an archive something; safe for many threads.

    `hosts` says to which archive a host belongs and how politely it is asked. With `sandbox`
    ("http://127.0.0.1:8123") nothing but the sandbox is ever contacted; with `offline`, nothing.
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
    ) -> None:
        super().__init__()
        guard_loggers()
        self.max_redirects = 10
        self.hosts = dict(hosts or {})
        self.credentials = credentials or Credentials()
        self.patience = patience or Patience()
        self.clock = clock or Clock()
        self.route = Route(sandbox, offline=offline)
        self.turns = Turns(self.hosts, self.clock)
        self.versions = dict(_VERSIONS)
        self.headers["User-Agent"] = _USER_AGENT
        self.cookies = RequestsCookieJar(policy=HostOnlyCookies())
        # A truthy auth that adds nothing: requests would otherwise look into ~/.netrc by itself.
        self.auth = _unchanged
        self._ca_bundle = ca_bundle  # wins over REQUESTS_CA_BUNDLE
        self._mount(StreetAdapter(self.route, self.credentials))

    def ask(
        self,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        errors_too: bool = False,
    ) -> requests.Response:
        """GET, or POST with `data`; what is not below 400 is raised as an ArchiveError.

        `timeout` (seconds) replaces the door's own bounds on silence and on the whole answer. With
        `errors_too` a VOTable that says what went wrong is returned, whatever its status; but
        401, 403, 429 and 503 are raised all the same.
        """
        answer = self.request(
            "GET" if data is None else "POST",
            url,
            params=params,
            data=data,
            headers=headers,
            timeout=timeout,
        )
        if answer.status_code < 400:
            return answer
        if (
            errors_too
            and answer.status_code not in (401, 403)
            and looks_like_votable(answer.content)
        ):
            return answer
        wait = retry_after(answer.headers.get("Retry-After"), self.clock.today())
        said = answer.content[:20_000].decode("utf-8", "replace")
        raise error_for(self.question(answer.url), answer.status_code, said, wait)

    def request(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        """What pyvo calls: an answer below 500 (or an error VOTable) as it is, read to its end.

        Raises Unreachable (no answer), Busy (429, 503 to the last), Broken (other 5xx), Unreadable
        (too large) and BadInput (no address that can be asked).
        """
        sending = {name: options.pop(name) for name in _SENDING if name in options}
        timeout = options.pop("timeout", None)
        options.pop("stream", None)  # always, and read under our own deadline
        prepared = self._prepared(method, url, options)
        settings = self.merge_environment_settings(
            prepared.url or "",
            sending.get("proxies") or {},
            True,
            sending.get("verify") or self._ca_bundle,
            sending.get("cert"),
        )
        del settings["stream"]
        settings["allow_redirects"] = sending.get("allow_redirects", True)
        return insist(self, Sending(prepared, settings, *self._bounds(timeout)))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As requests does; cookies met on the way stay with the host that set them."""
        prepared = super().prepare_request(request)
        assert prepared._cookies is not None
        prepared._cookies.set_policy(HostOnlyCookies())
        # requests chose the cookies already, by a jar of its own with the usual, wider rules.
        prepared.headers.pop("Cookie", None)
        prepared.prepare_cookies(prepared._cookies)
        return prepared

    def rebuild_auth(
        self,
        prepared_request: requests.PreparedRequest,
        response: requests.Response,  # noqa: ARG002
    ) -> None:
        """On a redirect only ever drop credentials; the adapter adds those that belong there."""
        prepared_request.headers.pop("Authorization", None)

    def anonymous(self) -> StreetDoor:
        """The same door (connections, turns, route) without credentials and cookies."""
        twin = StreetDoor(
            self.hosts, patience=self.patience, clock=self.clock, ca_bundle=self._ca_bundle
        )
        twin.route, twin.turns = self.route, self.turns
        twin._mount(self._adapter.beside(twin.credentials))
        return twin

    def logged_in(self, url: str) -> bool:
        """Whether credentials would be sent to this URL's host."""
        return self.credentials.source(url) is not None

    def prepare(self, url: str) -> tuple[str, dict[str, str]]:
        """Where to connect for one hop to `url`, and with which headers: for the transfer of files.

        Nothing of it may be kept or logged. Raises what a sign-in raises, and Unreachable offline.
        """
        real, headers = self.route.to(url)
        headers["User-Agent"] = _USER_AGENT
        with self.turns.exempt():
            token = self.credentials.header(url)
        if token is not None:
            headers["Authorization"] = token
        return real, headers

    def renew(self, url: str, moment: int) -> None:
        """Renew this URL's token after a 401, unless another thread did so since `moment`."""
        with self.turns.exempt():
            self.credentials.renew(url, moment)

    def certificates(self, url: str) -> str:
        """Path of the CA bundle (file or folder) to check this URL's certificate with."""
        chosen = self.merge_environment_settings(url, {}, True, self._ca_bundle, None)["verify"]
        return chosen if isinstance(chosen, str) else certifi.where()

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

    def _mount(self, adapter: StreetAdapter) -> None:
        self._adapter = adapter
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def _prepared(self, method: str, url: str, options: dict[str, Any]) -> requests.PreparedRequest:
        """The request, once for all tries: an uploaded file object can be read only once."""
        words = ""
        try:
            prepared = self.prepare_request(requests.Request(method.upper(), url, **options))
            if urlsplit(prepared.url).scheme in ("http", "https"):
                return prepared
        except requests.RequestException as error:
            words = type(error).__name__
        words = f" ({words})" if words else ""
        raise BadInput(
            f"{redact(url)!r} is no address that can be asked{words}; "
            "it must start with https:// or http://"
        )

    def _bounds(self, timeout: Any) -> tuple[float, float]:
        """(total, silence) in seconds from what a caller of requests may give."""
        if timeout is None:
            return self.patience.total, self.patience.silence
        if isinstance(timeout, tuple):
            return self.patience.total, float(timeout[1] or self.patience.silence)
        return float(timeout), float(timeout)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
