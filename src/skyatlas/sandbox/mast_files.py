"""This file delivers the files of the sandbox's MAST: by URI, and by path from the cloud's bucket.

Files of the exclusive-access period need a token of somebody of the programme; the bucket has only
what is public. Source: astroquery.mast, and its recorded answer of path_lookup.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from xml.sax.saxutils import escape

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox import mast_large, portal
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.mast_holdings import files
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_tokens import bearer
from skyatlas.sandbox.spans import Body
from skyatlas.sandbox.state import State

LOOKED_UP = 40
"""URIs that path_lookup takes; beyond it the address is too long."""
_TYPES = {
    "fits": "application/fits",
    "fz": "application/fits",
    "gz": "application/gzip",
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "xml": "text/xml",
    "json": "application/json",
}


def download(state: State, asked: Asked) -> Response:
    """`/api/v0.1/Download/file?uri=…`: the file, if it is there and for you."""
    uri = asked.one("uri")
    if not uri:
        return PlainTextResponse("The parameter uri is missing.\n", 400)
    file = find(state, uri)
    if file is None:
        return _unknown(uri)
    refusal = refused(state, asked, file)
    return refusal or portal.delivered(asked, item(file), in_parts(state, file), several=True)


def _unknown(uri: str) -> Response:
    if uri.startswith("mast:HLA/url/"):
        # HLA's script sees what the first & left over, and says so with 200 (astroquery #1892).
        return PlainTextResponse("dataset parameter is required")
    return HTMLResponse(_page("404 Not Found", f"No such file: {uri}"), 404)


def refused(state: State, asked: Asked, file: MastFile) -> Response | None:
    """Why a file is not for the asker: 401 for strangers, 403 for other programmes'; else None."""
    if not exclusive(state, file):
        return None
    token = bearer(state, asked)
    if token is None:
        return HTMLResponse(_page("401 Unauthorized", "A valid token is needed."), 401)
    programs = {str(one.row.get("proposal_id")) for one in files(state.world.seed)[file.uri][1]}
    if programs & token.programs:
        return None
    return HTMLResponse(_page("403 Forbidden", "This is not of your programmes."), 403)


def _page(title: str, sentence: str) -> str:
    return (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>{escape(sentence)}</p></body></html>\n"
    )


def find(state: State, uri: str) -> MastFile | None:
    """The file of that URI, or None."""
    found = files(state.world.seed).get(uri)
    return found[0] if found else None


def exclusive(state: State, file: MastFile) -> bool:
    """Whether all observations that have the file are in their exclusive-access period."""
    return all(one.exclusive for one in files(state.world.seed)[file.uri][1])


def item(file: MastFile) -> Item:
    """The file as the sandbox delivers any file."""
    name = str(file.row.get("productFilename", file.filename))  # a URI may end with a query
    kind = _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    return Item("mast", file.uri, name, kind, file.make)


def body(state: State, file: MastFile) -> bytes:
    """The file's bytes; made once."""
    return state.body(item(file))


def in_parts(state: State, file: MastFile) -> Body:
    """The file's bytes, which a very large one makes as they are asked for."""
    return mast_large.by_uri(file.uri, state.world.seed) or body(state, file)


def path_lookup(state: State, asked: Asked) -> Response:
    """`/api/v0.1/path_lookup/?uri=…&uri=…`: where files are in the bucket."""
    uris = asked.all("uri")
    if len(uris) > LOOKED_UP:
        return HTMLResponse(_page("414 Request-URI Too Large", "Ask for fewer files."), 414)
    return JSONResponse({uri: _looked_up(state, uri) for uri in uris})


def _looked_up(state: State, uri: str) -> dict[str, object]:
    file = find(state, uri)
    if file is None or not file.cloud:
        return {"status_code": 404, "path": None}
    return {"status_code": 200, "path": file.cloud}


@cache
def _in_the_cloud(seed: int) -> Mapping[str, MastFile]:
    return {file.cloud.lstrip("/"): file for file, _ in files(seed).values() if file.cloud}


def bucket(state: State, asked: Asked, key: str) -> Response:
    """The bucket stpubdata: a file by its key, without signature."""
    file = _in_the_cloud(state.world.seed).get(key)
    if file is not None:
        # S3 gives one range at most (its GetObject); whoever asks for more gets the whole file.
        answer = portal.delivered(asked, item(file), in_parts(state, file))
        del answer.headers["content-disposition"]
        return answer
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        f"<Message>The specified key does not exist.</Message><Key>{escape(key)}</Key></Error>",
        404,
        media_type="application/xml",
    )
