"""This file is the door to the street: nothing leaves without time-outs, turns and redaction.

`StreetDoor` is a `requests.Session`, so pyvo can be handed it. It differs from a plain one in that
every answer is read to its end under one deadline, refusals are tried again in a civil manner,
tokens go only to hosts they belong to, and nothing it says, logs or hands back holds a secret.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar

from skyatlas.errors import BadInput
from skyatlas.net.adapter import HostOnlyCookies, StreetAdapter
from skyatlas.net.answers import error_for, looks_like_votable, retry_after
from skyatlas.net.insistence import Sending, insist
from skyatlas.net.pace import Host
from skyatlas.net.patience import Patience
from skyatlas.net.redaction import redact
from skyatlas.net.street import Street

__all__ = ["Host", "Patience", "StreetDoor"]

_SENDING = ("allow_redirects", "proxies", "verify", "cert")


class StreetDoor(Street, requests.Session):
    """The one way to ask an archive something; safe for many threads.

    Takes what a `Street` takes, or a street to stand on.
    """

    def __init__(
        self,
        hosts: Mapping[str, Host] | None = None,
        *,
        street: Street | None = None,
        **street_of: Any,
    ) -> None:
        requests.Session.__init__(self)
        self._share(street or Street(hosts, **street_of))
        self.max_redirects = 10
        self.versions = self.versions | {"python-requests": version("requests")}
        self.headers["User-Agent"] = self.user_agent
        self.cookies = RequestsCookieJar(policy=HostOnlyCookies())
        self._until = math.inf
        # A truthy auth that adds nothing: requests would otherwise look into ~/.netrc by itself.
        self.auth = _unchanged
        self._mount(StreetAdapter(self.route, self.credentials))

    def ask(
        self,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        errors_too: bool = False,
        method: str | None = None,
        follow: bool = True,
    ) -> requests.Response:
        """GET, or POST with `data` or `files`; not below 400 is raised as an ArchiveError.

        `timeout` (seconds) replaces the door's own bounds on silence and on the whole answer. With
        `errors_too` a VOTable that says what went wrong is returned, whatever its status; but
        401, 403, 429 and 503 are raised all the same.
        """
        answer = self.request(
            method or ("GET" if data is None and files is None else "POST"),
            url,
            params=params,
            data=data,
            files=files,
            headers=headers,
            timeout=timeout,
            allow_redirects=follow,
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
            sending.get("verify") or self.ca_bundle,
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
        twin = StreetDoor(street=self.without_login())
        twin._mount(self._adapter.beside(twin.credentials))
        twin._until = self._until
        return twin

    def within(self, seconds: float) -> StreetDoor:
        """The same door, for questions that all end within so many seconds from now."""
        twin = StreetDoor(street=self)
        twin._mount(self._adapter.beside(twin.credentials))
        twin._until = min(self._until, time.monotonic() + seconds)
        return twin

    @property
    def left(self) -> float:
        """Seconds that questions may still take; infinite where nobody set a bound."""
        return self._until - time.monotonic()

    def close(self) -> None:
        """Close connections, and the engine where there is one."""
        Street.close(self)
        requests.Session.close(self)

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
