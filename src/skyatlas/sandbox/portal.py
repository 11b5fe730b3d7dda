"""This file answers as ESO's data portal: files, their headers, and a page about each.

The refusals are those that astroquery knows.
"""

from __future__ import annotations

import hashlib
import hmac
from html import escape
from io import BytesIO

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.calselector import tree_file
from skyatlas.sandbox.drawn import Drawn
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.spans import MODIFIED, Body, answered
from skyatlas.sandbox.state import NotWelcome, State
from skyatlas.sandbox.wire import ticket


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


def delivered(asked: Asked, item: Item, body: Body, *, several: bool = False) -> Response:
    """A file, or the bytes of it that Range asks for; `several` spans at once or one at most."""
    etag = body.etag if isinstance(body, Drawn) else _digest(body[:])
    if (changing := asked.fault("etag")) is not None:
        etag = f'"{changing.name}-{asked.time}"'
    headers = {
        "Content-Disposition": f'attachment; filename="{item.filename}"',
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": MODIFIED,
    }
    return answered(asked, body, headers, item.content_type, several=several)


def _digest(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


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
