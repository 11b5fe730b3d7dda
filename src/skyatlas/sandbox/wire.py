"""This file stands between the network and the archives: it records requests and applies faults.

Invariant: an archive's answer is complete before its first byte goes out (a very large file's bytes
are made on the way), so a fault is a change of a value, or a way of sending it.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool

from skyatlas.sandbox import votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.faults import Fault, Faults, LineBroken
from skyatlas.sandbox.spans import Body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOGIN_PAGE = b"""<!DOCTYPE html>
<html><head><title>ESO User Portal: sign in</title></head>
<body><h1>Please sign in</h1><form method="post"><input name="username"></form></body></html>
"""
_RUBBISH = b"".join(hashlib.blake2b(bytes([number])).digest() for number in range(64))
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Body

    def header(self, name: str) -> str | None:
        """A header's value by its lower-case name."""
        return dict(self.headers).get(name)

    def set(self, **headers: str | None) -> Reply:
        """The same with other headers (`_` for `-`); None takes one away."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [(name, value) for name, value in self.headers if name not in names]
        new = [(name, value) for name, value in names.items() if value is not None]
        return replace(self, headers=(*kept, *new))

    def with_body(self, body: bytes) -> Reply:
        """The same with another body of which the length is told."""
        return replace(self, body=body).set(content_length=str(len(body)))


def _reply(status: int, kind: str, body: bytes) -> Reply:
    return Reply(status, (("content-type", kind),), b"").with_body(body)


class Wire:
    """The outermost layer of the sandbox, as an ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        secret: bytes,
        pauses: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.requests: list[Asked] = []
        """Every request so far, in the order of arrival."""
        self._app = app
        self._faults = faults
        self._secret = secret
        self._pauses = pauses
        """Seconds that a service takes by nature, by its address without the query."""
        self._serial = count(1)
        self._release = asyncio.Event()
        self._closed = False

    def release(self) -> None:
        """Let go whoever waits in silence now; called from the server's own thread."""
        self._release.set()
        self._release = asyncio.Event()

    def close(self) -> None:
        """Let go everybody for good; called from the server's own thread."""
        self._closed = True
        self.release()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        asked = await _read(scope, receive)
        self.requests.append(asked)
        faults = self._faults.hit(asked.url)
        if any(fault.name == "dead" for fault in faults):
            await _drop(receive, send)
            return
        dropped = {"range", "if-range"} if any(f.name == "no-range" for f in faults) else set()
        asked = asked.under(faults, frozenset(dropped))
        slow = asked.fault("slow")
        pause = slow.number(1.0) if slow else self._pauses.get(asked.url.partition("?")[0], 0.0)
        if pause:
            await self._wait(receive, pause)
        if asked.fault("silent") is not None:
            await self._wait(receive, None)
        try:
            reply = _instead(asked) or await self._ask(scope, receive, asked)
        except LineBroken:
            await _drop(receive, send)
            return
        for fault in faults:
            reply = self._changed(reply, fault, asked)
        await self._send(reply, asked, receive, send)

    async def _wait(self, receive: Receive, seconds: float | None) -> None:
        """Until the time is over, somebody releases us, or the asker hangs up."""
        if self._closed:
            return
        release = asyncio.ensure_future(self._release.wait())
        gone = asyncio.ensure_future(_hung_up(receive))
        await asyncio.wait({release, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (release, gone):
            task.cancel()
        await asyncio.gather(release, gone, return_exceptions=True)

    async def _ask(self, scope: Scope, receive: Receive, asked: Asked) -> Reply:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        # The query is in `asked`; the path names the archive and the service.
        inner = {**scope, "state": {"asked": asked}, "method": _as_get(asked.method)}
        await self._app(inner, receive, keep)
        start = messages[0]
        headers = ((name.decode().lower(), value.decode()) for name, value in start["headers"])
        bodies = [message.get("body", b"") for message in messages[1:]]
        body = bodies[0] if len(bodies) == 1 else b"".join(bodies)
        return Reply(start["status"], tuple(headers), body)

    def _changed(self, reply: Reply, fault: Fault, asked: Asked) -> Reply:
        whole = reply.status in {200, 206}
        match fault.name:
            case "no-range":
                return reply.set(accept_ranges=None)
            case "etag" if reply.header("etag"):
                return reply.set(etag=f'"changed-{next(self._serial)}"')
            case "bad-name" if whole:
                name = fault.value or "../../outside.fits"
                return reply.set(content_disposition=f'attachment; filename="{name}"')
            case "wrong-length" if whole:
                cut = int(fault.number(2880))
                return reply.with_body(reply.body[: max(0, len(reply.body) - cut)])
            case "redirect" if whole and "elsewhere" not in asked.url:
                return self._elsewhere(asked)
        return reply

    def _elsewhere(self, asked: Asked) -> Reply:
        """The same path at another host, with a ticket instead of a token."""
        parts = urlsplit(asked.url)
        target = f"https://elsewhere.eso.org{parts.path}"
        url = asked.link(f"{target}?ticket={ticket(self._secret, asked.path)}")
        # On loopback all hosts share one address; its other name makes it another host again.
        url = url.replace("http://127.0.0.1:", "http://localhost:", 1)
        moved = _reply(302, "text/plain", b"The file is elsewhere.\n")
        return moved.set(location=url)

    async def _send(self, reply: Reply, asked: Asked, receive: Receive, send: Send) -> None:
        body: Body = b"" if asked.method == "HEAD" else reply.body
        headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        breaking = next(
            (f for f in asked.faults if f.name in {"reset", "truncated", "stall"}), None
        )
        if breaking is None or not len(body):
            for start in range(0, len(body), _PIECE):
                piece = await _piece(body, start)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        default = 1000 if breaking.name == "stall" else len(body) // 2
        cut = min(int(breaking.number(default)), max(0, len(body) - 1))
        await send({"type": "http.response.body", "body": body[:cut], "more_body": True})
        if breaking.name == "stall":
            await self._wait(receive, None)
            await send({"type": "http.response.body", "body": body[cut:]})
            return
        if breaking.name == "reset":
            _reset_on_close(send)
        # Leaving a promised body unfinished makes the server close the line.


async def _piece(body: Body, start: int) -> bytes:
    """The next bytes; what has to be made first is made off the loop."""
    span = slice(start, start + _PIECE)
    return (
        body[span] if isinstance(body, bytes) else await run_in_threadpool(body.__getitem__, span)
    )


def ticket(secret: bytes, path: str) -> str:
    """What lets the bearer fetch one file elsewhere, without a token."""
    return hashlib.blake2b(path.encode(), key=secret, digest_size=16).hexdigest()


def _as_get(method: str) -> str:
    """HEAD is answered like GET; only the body stays behind."""
    return "GET" if method == "HEAD" else method


def _instead(asked: Asked) -> Reply | None:
    """What comes before the archive is even asked."""
    for fault in asked.faults:
        if fault.name in {"429", "429-date", "503"}:
            return _busy(fault)
        if fault.name == "html":
            return _reply(200, "text/html;charset=UTF-8", _LOGIN_PAGE)
        if fault.name == "rubbish":
            return _reply(200, votable.VOTABLE, _RUBBISH)
        if fault.name == "tap-error":
            return _reply(200, votable.VOTABLE, votable.error("The database is in maintenance"))
    return None


def _busy(fault: Fault) -> Reply:
    status = int(fault.name[:3])
    reply = _reply(status, "text/plain", b"The archive is busy; come again later.\n")
    if fault.name == "429-date":
        moment = datetime.now(UTC) + timedelta(seconds=fault.number(1))
        return reply.set(retry_after=format_datetime(moment, usegmt=True))
    if fault.name == "429" or fault.value:
        return reply.set(retry_after=f"{fault.number(1):g}")
    return reply


async def _read(scope: Scope, receive: Receive) -> Asked:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    return Asked(
        method=scope["method"],
        url=f"https:/{path}{'?' if query else ''}{query}",
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=body,
        time=time.time(),
    )


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(receive: Receive, send: Send) -> None:
    """Break the line at once."""
    _reset_on_close(send)
    send.__self__.transport.abort()  # type: ignore[attr-defined]
    await _hung_up(receive)  # or the server would try to apologise


def _reset_on_close(send: Send) -> None:
    """Make the line end with a reset, as when a machine dies.

    ASGI has no word for it; uvicorn's `send` belongs to the object that holds the transport.
    """
    line = send.__self__.transport.get_extra_info("socket")  # type: ignore[attr-defined]
    # Linger for 0 s: closing then sends RST instead of FIN.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
