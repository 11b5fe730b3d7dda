"""This file holds the faults of the storm: each takes the right answer and spoils it on its way.

A fault about ranges is a good answer to a question without one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from email.utils import formatdate

from storm_line import Answer, Line

_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Please log in</title></head><body>Log in</body></html>"
)
_CLOSED = 1
"""A port of loopback on which nobody listens (tcpmux)."""

Fault = Callable[[Line, Answer], Awaitable[None]]


def _told(status: int, body: bytes = b"as told\n", **headers: str) -> Fault:
    """An answer that is no file."""

    async def fault(line: Line, answer: Answer) -> None:
        await line.send(Answer(status, {}, body).but(**headers))

    return fault


def _in_range(change: Callable[[Line, Answer], Answer]) -> Fault:
    """Spoil an answer to a range only."""

    async def fault(line: Line, answer: Answer) -> None:
        await line.send(change(line, answer) if answer.status == 206 else answer)

    return fault


def _span(line: Line, answer: Answer, *, shift: int = 0, total: int | str = 0) -> str:
    """The Content-Range of an answer, told wrongly."""
    span, _, size = answer.headers["Content-Range"].removeprefix("bytes ").partition("/")
    first, _, last = span.partition("-")
    said = total if isinstance(total, str) else int(size) + total
    return f"bytes {max(0, int(first) + shift)}-{last}/{said}"


def _flipped(line: Line, data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ line.luck.randrange(1, 256)]) + data[place + 1 :]


async def _ok(line: Line, answer: Answer) -> None:
    await line.send(answer)


async def _reset(line: Line, answer: Answer) -> None:
    await line.cut(answer, line.half(answer))
    await line.reset()


async def _reset_at_once(line: Line, answer: Answer) -> None:
    await line.reset()


async def _cut(line: Line, answer: Answer) -> None:
    if answer.framing == "close":  # else nothing would tell of it; that is "cut-silently"
        answer = replace(answer, framing="length")
    await line.cut(answer, line.half(answer))


async def _cut_silently(line: Line, answer: Answer) -> None:
    """HTTP/1.0 without a length: the end of the line is the end of the file."""
    answer = replace(answer, framing="close")
    await line.cut(answer, len(answer.body) - line.lost(answer))


async def _cut_chunked(line: Line, answer: Answer) -> None:
    await line.cut(replace(answer, framing="chunked"), line.half(answer))


async def _no_last_chunk(line: Line, answer: Answer) -> None:
    await line.cut(replace(answer, framing="chunked"), len(answer.body))


async def _no_end(line: Line, answer: Answer) -> None:
    await line.cut(replace(answer, framing="chunked"), len(answer.body))
    await line.hold()


async def _bad_chunk(line: Line, answer: Answer) -> None:
    await line.cut(replace(answer, framing="chunked"), line.half(answer))
    await line.raw(b"zz\r\njunk\r\n")


async def _short_length(line: Line, answer: Answer) -> None:
    length = len(answer.body) - line.lost(answer)
    await line.send(replace(answer, framing="length").but(content_length=str(length)))
    line.alive = False


async def _long_length(line: Line, answer: Answer) -> None:
    length = len(answer.body) + line.luck.randrange(1, 5000)
    await line.send(replace(answer, framing="length").but(content_length=str(length)))
    line.alive = False


async def _bad_length(line: Line, answer: Answer) -> None:
    await line.send(replace(answer, framing="length").but(content_length="-12abc"))
    line.alive = False


async def _two_lengths(line: Line, answer: Answer) -> None:
    other = f"{len(answer.body)}\r\nContent-Length: {len(answer.body) - 7}"
    await line.send(replace(answer, framing="length").but(content_length=other))
    line.alive = False


async def _silence(line: Line, answer: Answer) -> None:
    await line.hold()


async def _silence_inside(line: Line, answer: Answer) -> None:
    await line.cut(answer, line.half(answer))
    await line.hold()


async def _drip(line: Line, answer: Answer) -> None:
    answer = replace(answer, framing="length")
    await line.head(answer)
    await line.drip(answer.body)


async def _drip_head(line: Line, answer: Answer) -> None:
    await line.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Word: word\r\n" * 1000)


async def _slow(line: Line, answer: Answer) -> None:
    """In eight pieces: slow, but right."""
    answer = replace(answer, framing="length")
    await line.head(answer)
    step = 1 + len(answer.body) // 8
    for place in range(0, len(answer.body), step):
        await line.raw(answer.body[place : place + step])
        await asyncio.sleep(0.01)


async def _flip(line: Line, answer: Answer) -> None:
    """As many bytes, one of them wrong, another one each time."""
    place = len(answer.body) - line.lost(answer)
    await line.send(answer.but(_flipped(line, answer.body, place)))


async def _flip_cut(line: Line, answer: Answer) -> None:
    """A wrong byte in the part that came before the line broke."""
    lost = line.lost(answer)
    answer = answer.but(_flipped(line, answer.body, len(answer.body) - lost))
    await line.cut(answer, len(answer.body) - lost // 2)


async def _unasked(line: Line, answer: Answer) -> None:
    """A 206 that nobody asked for."""
    size = len(answer.body)
    span = f"bytes 0-{size // 2 - 1}/{size}"
    whole = answer.status == 200
    part = replace(answer, status=206, body=answer.body[: size // 2]).but(content_range=span)
    await line.send(part if whole else answer)


async def _new_unconditionally(line: Line, answer: Answer) -> None:
    """The file has changed, and If-Range is not looked at: the end of another file comes."""
    line.asked = {name: text for name, text in line.asked.items() if name != "if-range"}
    await line.send(line.good())


async def _busy_until(line: Line, answer: Answer) -> None:
    moment = formatdate(time.time() + 1, usegmt=True)
    await line.send(Answer(429, {"Retry-After": moment}, b"slow down\n"))


async def _elsewhere(line: Line, answer: Answer) -> None:
    path = replace(line.case, tries=("ok",)).path
    await line.send(Answer(302, {"Location": line.elsewhere + path}, b"moved\n"))


async def _nowhere(line: Line, answer: Answer) -> None:
    await line.send(Answer(302, {"Location": f"{line.elsewhere}/gone"}, b"moved\n"))


async def _loop(line: Line, answer: Answer) -> None:
    await line.send(Answer(302, {"Location": f"{line.elsewhere}/loop"}, b"moved\n"))


async def _bad_status(line: Line, answer: Answer) -> None:
    await line.raw(b"HTTP/1.1 zweihundert fein\r\nContent-Length: 3\r\n\r\nyes")
    line.alive = False


async def _junk(line: Line, answer: Answer) -> None:
    await line.raw(line.luck.randbytes(3000))
    line.alive = False


async def _huge_header(line: Line, answer: Answer) -> None:
    await line.send(answer.but(x_word="word" * 250_000))
    line.alive = False


async def _nul_header(line: Line, answer: Answer) -> None:
    await line.send(answer.but(x_word="a\0b"))


async def _half_a_head(line: Line, answer: Answer) -> None:
    await line.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/fits\r\nContent-Le")
    line.alive = False


FAULTS: Mapping[str, Fault] = {
    "ok": _ok,
    "slow": _slow,
    # the line
    "reset": _reset,
    "reset-at-once": _reset_at_once,
    "cut": _cut,
    "cut-silently": _cut_silently,
    "cut-chunked": _cut_chunked,
    "no-last-chunk": _no_last_chunk,
    "no-end": _no_end,
    "bad-chunk": _bad_chunk,
    "silence": _silence,
    "silence-inside": _silence_inside,
    "drip": _drip,
    "drip-head": _drip_head,
    # lengths
    "short-length": _short_length,
    "long-length": _long_length,
    "bad-length": _bad_length,
    "two-lengths": _two_lengths,
    "empty": _told(200, b""),
    # ranges
    "range-ignored": _in_range(lambda line, answer: replace(line, asked={}).good()),
    "range-shifted": _in_range(lambda line, a: a.but(content_range=_span(line, a, shift=-1))),
    "range-unsaid": _in_range(lambda line, a: a.but(content_range="")),
    "range-of-more": _in_range(lambda line, a: a.but(content_range=_span(line, a, total=1))),
    "range-of-star": _in_range(lambda line, a: a.but(content_range=_span(line, a, total="*"))),
    "range-lies": _in_range(lambda line, a: a.but(b"\0" + a.body[:-1])),
    "range-unasked": _unasked,
    "416": _in_range(lambda line, answer: Answer(416, {}, b"no such range\n")),
    "new": _ok,
    "new-unconditionally": _new_unconditionally,
    # what is no file
    "html": _told(200, _PAGE, content_type="application/fits"),
    "html-honest": _told(200, _PAGE, content_type="text/html"),
    "json": _told(200, b'{"error": "no such file"}', content_type="application/fits"),
    "202": _told(202, retry_after="1"),
    "204": _told(204, b""),
    "304": _told(304, b""),
    "400": _told(400),
    "401": _told(401, www_authenticate="Bearer"),
    "403": _told(403),
    "404": _told(404),
    "410": _told(410),
    "429": _told(429, retry_after="1"),
    "429-date": _busy_until,
    "429-bare": _told(429),
    "429-long": _told(429, retry_after="86400"),
    "429-odd": _told(429, retry_after="soon"),
    "500": _told(500),
    "502": _told(502, _PAGE),
    "503": _told(503, retry_after="1"),
    "503-bare": _told(503),
    "504": _told(504),
    # redirects
    "redirect": _elsewhere,
    "redirect-nowhere": _nowhere,
    "redirect-closed": _told(302, location=f"http://127.0.0.1:{_CLOSED}/x"),
    "redirect-loop": _loop,
    "redirect-file": _told(302, location="file:///etc/hostname"),
    "redirect-bare": _told(302),
    # bytes
    "flip": _flip,
    "flip-cut": _flip_cut,
    # heads
    "bad-status": _bad_status,
    "junk": _junk,
    "huge-header": _huge_header,
    "nul-header": _nul_header,
    "half-a-head": _half_a_head,
}
"""Everything that can happen to one try."""

HEADS = frozenset(name for name in FAULTS if name[:3].isdecimal()) | {
    *("reset-at-once", "silence", "drip-head", "bad-status", "bad-length", "two-lengths", "junk"),
    *("huge-header", "nul-header", "half-a-head", "redirect-nowhere", "redirect-loop"),
}
"""Faults that befall a HEAD as well; the others wait for the GET after it."""
