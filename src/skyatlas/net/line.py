"""This file asks for one URL with libcurl; it follows nothing, keeps nothing, and never hangs.

Redirects come back as they are, because only the door knows where a token may go. An exception
inside a callback is kept and raised afterwards: libcurl would swallow it, Ctrl-C included.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycurl

__all__ = ["LineBroken", "Reply", "Wish", "get"]

_MOST_SAID = 65_536
"""Bytes kept of an answer that is not the file."""
_SLOWEST = 100
"""Bytes per second; below it for `silence` seconds counts as silence (scenario 6)."""
_LIVING = threading.local()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the line."""

    url: str
    headers: Mapping[str, str]
    certificates: str
    """CA bundle: file or folder."""
    direct: bool
    """No proxy, whatever the environment says."""
    connect: float
    """Seconds."""
    silence: float
    """Seconds."""


@dataclass(slots=True)
class Reply:
    """Status, headers (names in lower case), and the body where nobody else took it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    said: bytes = b""

    @property
    def length(self) -> int | None:
        """Bytes of the body by Content-Length, or None."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else None


class LineBroken(Exception):
    """No whole answer came. The text goes after the host's name, and never names the URL."""

    def __init__(self, words: str, *, trusted: bool = True) -> None:
        super().__init__(words)
        self.trusted = trusted
        """False: its certificate is no good; asking again changes nothing."""


Taker = Callable[[bytes], object]


def get(
    wish: Wish, accept: Callable[[Reply], Taker | None], stop: threading.Event | None = None
) -> Reply:
    """Ask; `accept` sees status and headers and says who takes the body (None: kept in `said`).

    Raises LineBroken, and whatever `accept` or the taker raise.
    """
    curl = getattr(_LIVING, "curl", None)
    if curl is None:
        curl = _LIVING.curl = pycurl.Curl()
    conversation = _Conversation(accept, stop)
    curl.reset()  # keeps the connections
    _set_up(curl, wish)
    curl.setopt(pycurl.HEADERFUNCTION, conversation.header)
    curl.setopt(pycurl.WRITEFUNCTION, conversation.body)
    curl.setopt(pycurl.XFERINFOFUNCTION, conversation.look)
    failure: pycurl.error | None = None
    try:
        curl.perform()
    except pycurl.error as error:
        failure = error
    finally:
        curl.reset()
    if conversation.error is not None:
        raise conversation.error
    if failure is not None and not conversation.enough:
        raise _broken(failure)
    conversation.decide()
    return conversation.reply


def _set_up(curl: Any, wish: Wish) -> None:
    curl.setopt(pycurl.URL, wish.url)
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in wish.headers.items()])
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.NOPROGRESS, 0)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(wish.connect * 1000)))
    curl.setopt(pycurl.LOW_SPEED_LIMIT, _SLOWEST)
    curl.setopt(pycurl.LOW_SPEED_TIME, max(1, int(wish.silence)))
    curl.setopt(pycurl.BUFFERSIZE, 512 * 1024)
    folder = Path(wish.certificates).is_dir()
    curl.setopt(pycurl.CAPATH if folder else pycurl.CAINFO, wish.certificates)
    if wish.direct:
        curl.setopt(pycurl.NOPROXY, "*")


class _Conversation:
    """libcurl's callbacks for one request."""

    def __init__(
        self, accept: Callable[[Reply], Taker | None], stop: threading.Event | None
    ) -> None:
        self.reply = Reply()
        self.error: BaseException | None = None
        self.enough = False
        """The rest of an error page is not worth waiting for."""
        self._accept = accept
        self._stop = stop
        self._decided = False
        self._taker: Taker | None = None

    def header(self, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        if text.startswith("HTTP/"):  # a new block: 100 Continue, a proxy's 200, the answer
            status = text.split(" ", 2)[1:2]
            self.reply = Reply(int(status[0]) if status and status[0].isdecimal() else 0)
        elif ":" in text:
            name, _, value = text.partition(":")
            self.reply.headers[name.strip().lower()] = value.strip()

    def body(self, data: bytes) -> int | None:
        try:
            self.decide()
            if self._taker is not None:
                self._taker(data)
            else:
                self.reply.said += data[:_MOST_SAID]
                self.enough = len(self.reply.said) >= _MOST_SAID
                return -1 if self.enough else None
        except BaseException as error:  # noqa: BLE001 - libcurl would swallow it; raised by `get`
            self.error = error
            return -1
        return None

    def decide(self) -> None:
        if not self._decided:
            self._decided = True
            self._taker = self._accept(self.reply)

    def look(self, *_: object) -> int:
        """Called by libcurl at least once a second."""
        return 1 if self._stop is not None and self._stop.is_set() else 0


def _broken(error: pycurl.error) -> LineBroken:
    code = error.args[0]
    words = _WORDS.get(code, f"broke the connection (curl {code})")
    return LineBroken(words, trusted=code not in _UNTRUSTED)


_UNTRUSTED = frozenset({pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})
_WORDS = {
    pycurl.E_ABORTED_BY_CALLBACK: "was left because skyatlas was stopped",
    pycurl.E_COULDNT_RESOLVE_HOST: "has no address; check the network",
    pycurl.E_COULDNT_CONNECT: "cannot be connected to; try again later",
    pycurl.E_OPERATION_TIMEDOUT: "did not answer in time; try again later",
    pycurl.E_PARTIAL_FILE: "broke off in mid-file; try again later",
    pycurl.E_RECV_ERROR: "broke the connection; try again later",
    pycurl.E_PEER_FAILED_VERIFICATION: (
        "has a certificate that this machine does not trust; check REQUESTS_CA_BUNDLE"
    ),
    pycurl.E_SSL_CACERT_BADFILE: "was not asked: the file of certificates cannot be read",
}
