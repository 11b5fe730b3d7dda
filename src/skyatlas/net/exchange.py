"""This file is one question and its answer over libcurl: what is asked, and who hears the answer.

Invariant: no exception leaves a callback of libcurl, which would swallow it; the first one ends the
exchange and is handed over at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pycurl

__all__ = ["Exchange", "LineBroken", "Reply", "Talk", "Wish"]

_SLOWEST = 100
"""Bytes per second; below it for `silence` seconds counts as silence (scenario 6)."""
_BUFFER = 512 * 1024
"""Bytes that libcurl takes from a socket at once."""
_STATUS = b"HTTP/"


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
    total: float
    """Seconds."""

    @property
    def kind(self) -> tuple[object, ...]:
        """What stays set on a handle that is used again."""
        return self.certificates, self.direct, self.connect, self.silence, self.total


@dataclass(slots=True)
class Reply:
    """Status and headers (names in lower case)."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int | None:
        """Bytes of the body by Content-Length, or None."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() and len(text) < 20 else None


class LineBroken(Exception):
    """No whole answer came. The text goes after the host's name, and never names the URL."""

    def __init__(self, words: str, *, trusted: bool = True) -> None:
        super().__init__(words)
        self.trusted = trusted
        """False: its certificate is no good; asking again changes nothing."""


Sink = Callable[[bytes], object]
"""Takes bytes and never raises: `list.append`."""


class Talk(Protocol):
    """Who hears an answer. Called in the line's thread, so it must be quick."""

    def head(self, reply: Reply) -> Sink | None:
        """Status and headers are here; an exception ends the exchange.

        The answer may name something simple that takes the body instead of `piece`.
        """

    def piece(self, data: bytes) -> None:
        """The next bytes of the body; an exception ends the exchange."""

    def over(self, trouble: BaseException | None) -> None:
        """The answer is whole (None), or not: LineBroken, or what `head` or `piece` raised."""


class Exchange:
    """A handle of libcurl, used for one exchange after another of the same kind."""

    def __init__(self, wish: Wish) -> None:
        self.kind = wish.kind
        self.curl = pycurl.Curl()
        self.talk: Talk | None = None
        self._reply = Reply()
        self._told = False
        self._error: BaseException | None = None
        self._sink: Sink | None = None
        self._speed = self._counted = 0
        self._set_up(wish)

    def begin(self, wish: Wish, talk: Talk) -> None:
        """Get ready to ask."""
        self.talk, self._reply, self._told, self._error = talk, Reply(), False, None
        self._sink = None
        self._counted = 0
        self.curl.setopt(pycurl.URL, wish.url)
        # One HTTP/2 connection rather than many; plain HTTP has nothing to wait for.
        self.curl.setopt(pycurl.PIPEWAIT, wish.url.startswith("https:"))
        self.curl.setopt(
            pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in wish.headers.items()]
        )

    def limit(self, speed: int) -> None:
        """Receive no faster than so many bytes per second."""
        if speed != self._speed:  # each call gives libcurl's meter a new start
            self._speed = speed
            self.curl.setopt(pycurl.MAX_RECV_SPEED_LARGE, speed)

    def news(self) -> int:
        """Bytes that came since this was asked last."""
        came = int(self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T))
        news, self._counted = max(0, came - self._counted), came
        return news

    def end(self, code: int) -> BaseException | None:
        """What to say when libcurl is done; `code` is its CURLcode."""
        if self._error is None and code == pycurl.E_OK:
            self._tell()  # a body of no bytes
        if self._error is not None:
            return self._error
        return None if code == pycurl.E_OK else _broken(code)

    def rest(self) -> None:
        """Let go of what was asked; the connection is kept by the line."""
        self.talk = self._error = self._sink = None
        self.curl.unsetopt(pycurl.HTTPHEADER)  # may hold a token

    def _set_up(self, wish: Wish) -> None:
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(wish.connect * 1000)))
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(wish.total * 1000)))
        curl.setopt(pycurl.LOW_SPEED_LIMIT, _SLOWEST)
        curl.setopt(pycurl.LOW_SPEED_TIME, max(1, int(wish.silence)))
        curl.setopt(pycurl.BUFFERSIZE, _BUFFER)
        folder = Path(wish.certificates).is_dir()
        curl.setopt(pycurl.CAPATH if folder else pycurl.CAINFO, wish.certificates)
        if wish.direct:
            curl.setopt(pycurl.NOPROXY, "*")
        curl.setopt(pycurl.HEADERFUNCTION, self._header)
        curl.setopt(pycurl.WRITEFUNCTION, self._body)

    def _header(self, line: bytes) -> None:
        if line.startswith(_STATUS):  # a new block: 100 Continue, a proxy's 200, the answer
            status = line.split(b" ", 2)[1:2]
            number = status[0].strip() if status else b""
            self._reply = Reply(int(number) if number.isdigit() else 0)
        else:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon:
                self._reply.headers[name.strip().lower()] = value.strip()

    def _body(self, data: bytes) -> int | None:
        if self.talk is None:
            return -1
        if not self._told:
            self._tell()
        if self._sink is not None:
            self._sink(data)
            return None
        if self._error is None:
            try:
                self.talk.piece(data)
                return None
            except BaseException as error:  # noqa: BLE001 - libcurl would swallow it
                self._error = error
        return -1

    def _tell(self) -> None:
        if not self._told and self.talk is not None:
            self._told = True
            try:
                self._sink = self.talk.head(self._reply)
            except BaseException as error:  # noqa: BLE001 - libcurl would swallow it
                self._error = error


def _broken(code: int) -> LineBroken:
    words = _WORDS.get(code, f"broke the connection (curl {code}); try again later")
    return LineBroken(words, trusted=code not in _UNTRUSTED)


_UNTRUSTED = frozenset({pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})
_NOT_HTTP = "sent something that is not HTTP; try again later"
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "has no address; check the network",
    pycurl.E_COULDNT_CONNECT: "cannot be connected to; try again later",
    pycurl.E_OPERATION_TIMEDOUT: "did not answer in time; try again later",
    pycurl.E_PARTIAL_FILE: "broke off in mid-file; try again later",
    pycurl.E_RECV_ERROR: "broke the connection; try again later",
    pycurl.E_GOT_NOTHING: "closed the connection without an answer; try again later",
    pycurl.E_FTP_WEIRD_SERVER_REPLY: _NOT_HTTP,  # CURLE_WEIRD_SERVER_REPLY since 7.51
    pycurl.E_UNSUPPORTED_PROTOCOL: _NOT_HTTP,
    pycurl.E_PEER_FAILED_VERIFICATION: (
        "has a certificate that this machine does not trust; check REQUESTS_CA_BUNDLE"
    ),
    pycurl.E_SSL_CACERT_BADFILE: "was not asked: the file of certificates cannot be read",
}
