"""This file is where every request leaves: each hop, redirects too, passes `StreetAdapter.send`.

So it is the one place that adds a token (only to hosts it belongs to), turns to the sandbox, and
refuses to leave when offline. requests never sees the token or the sandbox's address, and so its
redirects, its cookies and its `response.url` are those of the archive's own host.
"""

from __future__ import annotations

from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request

from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar

from skyatlas.net.deadline import POOLS
from skyatlas.net.secrets import Credentials
from skyatlas.net.street import Route

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

__all__ = ["HostOnlyCookies", "StreetAdapter"]

_CONNECTIONS = 32
"""Kept-alive connections per host; the pace, not this, limits how many are open at once."""


class StreetAdapter(HTTPAdapter):
    """requests' way to the network, with our token, route and time limits on every hop."""

    def __init__(self, route: Route, credentials: Credentials) -> None:
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
        self._route = route
        self._credentials = credentials

    def beside(self, credentials: Credentials) -> StreetAdapter:
        """An adapter that shares this one's connections but not its credentials."""
        twin = StreetAdapter(self._route, credentials)
        twin.poolmanager, twin.proxy_manager = self.poolmanager, self.proxy_manager
        return twin

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, with connections that keep the total time-out."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """As requests does; a SOCKS proxy keeps its own kind of connection."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> Response:
        """Send one hop. What goes out is a copy; what comes back names the archive's own URL."""
        asked = request.url or ""
        outgoing = request.copy()
        outgoing.url, said = self._route.to(asked)
        outgoing.headers.update(said)
        header = self._credentials.header(asked)
        if header is not None and "Authorization" not in outgoing.headers:
            outgoing.headers["Authorization"] = header
        if self._route.direct(asked):
            proxies = {}
        answer = super().send(outgoing, stream, timeout, verify, cert, proxies)
        answer.request, answer.url = request, asked
        answer.cookies = RequestsCookieJar(policy=HostOnlyCookies())
        extract_cookies_to_jar(answer.cookies, request, answer.raw)
        return answer


class HostOnlyCookies(DefaultCookiePolicy):
    """Every cookie belongs to the one host that set it, whatever domain it claims."""

    def __init__(self) -> None:
        super().__init__(strict_ns_domain=self.DomainStrictNonDomain)

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Accept a cookie that the usual rules accept, narrowed to the host that sent it."""
        if not super().set_ok(cookie, request):
            return False
        host = (urlsplit(request.get_full_url()).hostname or "").lower()
        # http.cookiejar writes a host without a dot as "localhost.local".
        cookie.domain = host if "." in host else f"{host}.local"
        cookie.domain_specified = cookie.domain_initial_dot = False
        return True
