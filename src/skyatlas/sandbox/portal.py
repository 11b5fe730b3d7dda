"""This file answers as ESO's data portal: files, their headers, and a page about each.

Range requests follow RFC 9110, section 14; the refusals are those that astroquery knows.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from html import escape
from io import BytesIO

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.calselector import tree_file
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.wire import ticket

_MODIFIED = "Fri, 15 Jul 2016 08:22:40 GMT"
"""When all files of the sandbox were last changed: the world has no clock."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file(state: State, asked: Asked, name: str) -> Response:
    """`/dataPortal/file/NAME`: the file, if it is there and for you."""
    if name.endswith(".xml"):
        return tree_file(state, asked, name)
    try:
        visitor = state.visitor(asked)
    except NotWelcome as error:
        return refused(str(error))
    item = state.item(name)
    if item is None or not state.may_see(item, visitor):
        return PlainTextResponse(f"The file {name} does not exist.\n", 404)
    if not state.may_have(item, visitor):
        return refused(f"no access permission for {name}")
    return delivered(asked, item, state.body(item))


def elsewhere(state: State, asked: Asked, rest: str) -> Response:
    """A file at the host where redirects lead: its ticket is all it takes."""
    name = rest.rpartition("/file/")[2]
    path = asked.path.partition("/dataPortal")
    wanted = ticket(state.tokens.secret, "".join(path[1:]))
    item = state.item(name)
    if item is None or not hmac.compare_digest(asked.one("ticket"), wanted):
        return PlainTextResponse("There is no such file here, or the ticket is wrong.\n", 404)
    return delivered(asked, item, state.body(item))


def refused(sentence: str) -> Response:
    """401: ESO gives it to those who did not log in and to those for whom it is not."""
    # [mem] The real header was never recorded; Basic is documented as accepted.
    return PlainTextResponse(
        f"{sentence}\n", 401, {"WWW-Authenticate": 'Bearer realm="ESO", Basic realm="ESO"'}
    )


def delivered(asked: Asked, item: Item, body: bytes) -> Response:
    """A file, or the bytes of it that Range asks for."""
    etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    if (changing := asked.fault("etag")) is not None:
        etag = f'"{changing.name}-{asked.time}"'
    headers = {
        "Content-Disposition": f'attachment; filename="{item.filename}"',
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": _MODIFIED,
    }
    span = _span(asked, len(body), etag)
    if span is None:
        return Response(body, 200, headers, item.content_type)
    start, stop = span
    if start >= stop:
        whole = {"Content-Range": f"bytes */{len(body)}"}
        return PlainTextResponse("There are no such bytes.\n", 416, whole)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return Response(body[start:stop], 206, headers, item.content_type)


def _span(asked: Asked, size: int, etag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file; empty if there are none."""
    match = _RANGE.fullmatch(asked.header("range").strip())
    condition = asked.header("if-range")
    if match is None or match.groups() == ("", "") or condition not in {"", etag, _MODIFIED}:
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    stop = min(size, int(last) + 1) if last else size
    # A range that ends before it starts is no range (RFC 9110, section 14.1.1).
    return None if last and int(last) < int(first) else (min(int(first), size), stop)


def header(state: State, asked: Asked) -> Response:
    """`/hdr?DpId=…`: the primary header as a page, in `<pre>`."""
    item = state.item(asked.one("DpId"))
    if item is None or item.hidden:
        return HTMLResponse("<html><body><p>No header was found.</p></body></html>", 404)
    lines = "\n".join(escape(card, quote=False) for card in cards(state.body(item)))
    title = escape(item.dp_id)
    return HTMLResponse(
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>\n"
        f"<pre>\n{lines}\n</pre></body></html>"
    )


def cards(body: bytes) -> list[str]:
    """The primary header's cards; none where the file is no FITS. `.Z` is undone first."""
    if body.startswith(b"\x1f\x9d"):
        from skyatlas.lzw import unpacked  # it needs numpy

        body = b"".join(unpacked(BytesIO(body)))
    if not body.startswith(b"SIMPLE"):
        return []
    found: list[str] = []
    for start in range(0, len(body), 80):
        found.append(body[start : start + 80].decode("ascii", "replace").rstrip())
        if found[-1] == "END":
            break
    return found


def landing(state: State, _asked: Asked, dp_id: str) -> Response:
    """`/dataset/DP_ID`: the page about a product."""
    item = state.item(dp_id)
    if item is None or item.hidden:
        return PlainTextResponse(f"The data set {dp_id} does not exist.\n", 404)
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in item.row.items()
    )
    return HTMLResponse(
        f"<html><head><title>{escape(dp_id)}</title></head>"
        f"<body><h1>{escape(dp_id)}</h1><table>{rows}</table></body></html>"
    )
