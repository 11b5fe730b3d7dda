"""This file is one question at the storm's server, its right answer, and the way to send it.

What is random is drawn from the path and the number of the try: the same storm can be had again.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from storm_files import ENDINGS, Case, digest

_DAYS = ("Fri, 20 Nov 2026 00:00:00 GMT", "Sat, 21 Nov 2026 00:00:00 GMT")
"""Last-Modified of the two versions of a file."""

DIGESTS = {
    "content-md5": ("Content-MD5", "md5", "{}"),
    "digest": ("Digest", "sha-256", "SHA-256={}"),
    "repr-digest": ("Repr-Digest", "sha-512", "sha-512=:{}:"),
    "amz-sha256": ("x-amz-checksum-sha256", "sha256", "{}"),
    "amz-crc32": ("x-amz-checksum-crc32", "crc32", "{}"),
}
"""Trait: header, algorithm, form. RFC 1864, RFC 3230, RFC 9530, and S3's."""
NAMES = {
    "name-dots": 'filename="../../x"',
    "name-root": 'filename="/etc/x"',
    "name-windows": r'filename="..\\..\\x*"',
    "name-empty": 'filename=""',
    "name-star": "filename=plain*; filename*=UTF-8''..%2F..%2F%E2%98%85*",
    "name-colon": 'filename="ADP.2016-09-20T06:58:14.186*"',
    "name-long": f'filename="{"long" * 75}*"',
    "name-con": 'filename="CON*"',
    "name-nul": "filename=nul",
    "name-signs": 'filename="a\x7fb\x1b[2J\u202e*"',
    "name-part": 'filename="n0000*.part"',
    "name-receipt": 'filename="n0000*.provenance.json"',
    "name-folder": 'filename="provenance.json"',
}
"""Trait: what Content-Disposition says; `*` (but not in `filename*`) is the file's own ending."""
NAMELESS = frozenset(
    name for name, said in NAMES.items() if not said.rstrip('"').endswith(("*", "filename="))
)
"""Those that do not tell what kind of file it is."""


@dataclass(frozen=True)
class Answer:
    """What a good archive would say."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    framing: str = "length"
    """ "length", "chunked" or "close" (HTTP/1.0)."""

    def but(self, body: bytes | None = None, /, **headers: str) -> Answer:
        """This answer with another body or headers (`_` for `-`; "" takes one away)."""
        named = {name.replace("_", "-").title(): text for name, text in headers.items()}
        kept = {name.title(): text for name, text in self.headers.items()} | named
        return replace(
            self,
            body=self.body if body is None else body,
            headers={name: text for name, text in kept.items() if text},
        )


@dataclass
class Line:
    """One question and the way back."""

    case: Case
    number: int
    """Of the try, from 1."""
    method: str
    asked: Mapping[str, str]
    """The question's headers, names in lower case."""
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    alive: bool = True
    """Whether the connection may serve another question."""
    said: bool = False
    """A HEAD has its answer; whatever else happens to a body does not happen to it."""

    def __post_init__(self) -> None:
        self.luck = random.Random(f"{self.case.path} {self.number}")

    @property
    def elsewhere(self) -> str:
        """The same server by its other name."""
        here = self.asked.get("host", "").partition(":")[0]
        return f"http://{'127.0.0.1' if here == 'localhost' else 'localhost'}:{self.port}"

    def good(self) -> Answer:
        """The right answer to this question."""
        data = self.case.data(self.number)
        headers = self._described(data)
        framing = next((t for t in self.case.traits if t in ("chunked", "close")), "length")
        first, last = self._wanted(len(data), headers)
        if framing == "close" or first is None:
            return Answer(200, headers, data, framing)
        if first >= len(data):
            return Answer(416, {"Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        headers.pop("Content-MD5", None)  # it speaks of what is sent (RFC 1864)
        return Answer(206, headers, data[first : last + 1], framing)

    def _described(self, data: bytes) -> dict[str, str]:
        traits, version = self.case.traits, self.case.version(self.number)
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if "bare" not in traits and "date" not in traits:
            weak = "W/" if "weak" in traits else ""
            headers["ETag"] = f'{weak}"{self.case.seed}.{version}"'
        if "bare" not in traits:
            headers["Last-Modified"] = _DAYS[version - 1]
        for trait in traits:
            if trait in NAMES:
                said = re.sub(r"\*(?!=)", ENDINGS[self.case.kind], NAMES[trait])
                headers["Content-Disposition"] = f"attachment; {said}"
            elif trait in DIGESTS:
                name, algorithm, form = DIGESTS[trait]
                text = b64encode(digest(algorithm.replace("-", ""), data)).decode()
                headers[name] = form.format(text)
        return headers

    def _wanted(self, size: int, headers: Mapping[str, str]) -> tuple[int | None, int]:
        """First and last byte of the range that is asked for; None where the whole file is."""
        unit, _, span = self.asked.get("range", "").partition("=")
        condition = self.asked.get("if-range")
        etag = headers.get("ETag", "")
        known = {headers.get("Last-Modified"), None if etag.startswith("W/") else etag}
        if unit != "bytes" or (condition is not None and condition not in known):
            return None, 0
        first, _, last = span.partition("-")
        if not first:
            return max(0, size - int(last)), size - 1
        return int(first), min(int(last), size - 1) if last else size - 1

    async def head(self, answer: Answer) -> None:
        """Status line and headers."""
        length = {"Content-Length": str(len(answer.body))} if answer.framing == "length" else {}
        chunked = {"Transfer-Encoding": "chunked"} if answer.framing == "chunked" else {}
        headers = {**length, **chunked, **answer.headers}
        version = "1.0" if answer.framing == "close" else "1.1"
        lines = [f"HTTP/{version} {answer.status} As-Told"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode("utf-8"))
        self.said = self.method == "HEAD"

    async def send(self, answer: Answer) -> None:
        """Head and body, as they should be."""
        await self.head(answer)
        await self.body(answer)
        if answer.framing == "chunked":
            await self.raw(b"0\r\n\r\n")
        self.alive = self.alive and answer.framing != "close"

    async def body(self, answer: Answer, size: int | None = None) -> None:
        """The first `size` bytes of the body, or all."""
        data = answer.body[:size]
        if answer.framing != "chunked":
            await self.raw(data)
            return
        for place in range(0, len(data), 10_000):
            piece = data[place : place + 10_000]
            await self.raw(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def raw(self, data: bytes) -> None:
        """These bytes."""
        if self.said:
            return
        self.writer.write(data)
        await self.writer.drain()

    async def cut(self, answer: Answer, size: int) -> None:
        """Promise all, send the first `size` bytes, hang up."""
        await self.head(answer)
        await self.body(answer, size)
        self.alive = False

    async def reset(self) -> None:
        """Break the line with an RST."""
        if self.said:
            return
        await asyncio.sleep(0.002)  # else the RST overtakes the bytes before it
        self.alive = False
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def hold(self) -> None:
        """Say nothing more until the client goes."""
        self.alive = False
        if not self.said:
            await self.reader.read()

    async def drip(self, data: bytes) -> None:
        """Twenty bytes a second."""
        for place in range(len(data)):
            if self.said or self.reader.at_eof():
                self.alive = False
                return
            await self.raw(data[place : place + 1])
            await asyncio.sleep(0.05)

    def half(self, answer: Answer) -> int:
        """Where to break an answer: never at its end, so that no try ends a file by chance."""
        return self.luck.randrange(len(answer.body) // 4, 1 + len(answer.body) // 2)

    def lost(self, answer: Answer) -> int:
        """How many bytes to lose at the end: at most a sixth, which lies inside the last data."""
        return self.luck.randrange(1, max(2, min(len(answer.body), self.case.size // 6)))
