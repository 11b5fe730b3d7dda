"""This file packs files of the sandbox's MAST: as zip, as tar.gz, or as a script of curl commands.

What is not there or not for the asker is left out, and the answer says so. Source: astroquery's
recorded answer (bundleResponse.json) and its curl_flag; the layout inside is that of MAST's portal.
"""

from __future__ import annotations

import gzip
import hashlib
import shlex
import threading
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from urllib.parse import quote

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox import mast_files
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.deliver import tar
from skyatlas.sandbox.mast_holdings import files
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.state import State

_SITE = "https://mast.stsci.edu"
_KINDS = {"zip": "application/zip", "tar.gz": "application/gzip", "sh": "text/x-shellscript"}
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every member: no clock shows in the bytes."""


class Bundles:
    """One sandbox's bundles, for as long as it runs. Safe for many threads."""

    def __init__(self) -> None:
        self._staged: dict[str, tuple[MastFile, ...]] = {}
        self._lock = threading.Lock()

    def ask(self, state: State, asked: Asked) -> Response:
        """`/api/v0.1/Download/bundle` with uri, repeated: where the bundle is to be had (JSON)."""
        uris = asked.all("uri")
        if not uris:
            return JSONResponse({"status": "ERROR", "msg": "no uri was given"}, 400)
        found = _allowed(state, asked, uris)
        name = hashlib.blake2b("\n".join(uris).encode(), digest_size=16).hexdigest()
        with self._lock:
            self._staged[name] = tuple(found.values())
        stage = f"{_SITE}/portal/Download/stage/anonymous/public/{name}"
        kind = asked.one("extension", "zip")
        return JSONResponse(
            {
                "status": "COMPLETE",
                "msg": "",
                "bytesStreamed": 0,
                "url": asked.link(f"{stage}/mastDownload.{kind}"),
                "manifestUrl": asked.link(f"{stage}/mastDownload_MANIFEST.html"),
                "statusList": {uri: "COMPLETE" if uri in found else "ERROR" for uri in uris},
                "progress": 1,
            }
        )

    def direct(self, state: State, asked: Asked, kind: str) -> Response:
        """`/api/v0.1/Download/bundle.zip` (`.tar.gz`, `.sh`): the bundle itself."""
        uris = asked.all("uri")
        if not uris:
            return PlainTextResponse("no uri was given\n", 400)
        return _packed(state, asked, tuple(_allowed(state, asked, uris).values()), kind)

    def staged(self, state: State, asked: Asked, name: str, rest: str) -> Response:
        """A bundle, or its manifest, that was asked for before."""
        with self._lock:
            found = self._staged.get(name)
        kind = rest.partition(".")[2]
        if found is None:
            return PlainTextResponse("There is no such bundle.\n", 404)
        if rest == "mastDownload_MANIFEST.html":
            return HTMLResponse(_manifest(state, found))
        return _packed(state, asked, found, kind)


def _allowed(state: State, asked: Asked, uris: Sequence[str]) -> dict[str, MastFile]:
    found = {}
    for uri in uris:
        file = mast_files.find(state, uri)
        if file is not None and mast_files.refused(state, asked, file) is None:
            found[uri] = file
    return found


def _packed(state: State, asked: Asked, found: Sequence[MastFile], kind: str) -> Response:
    if kind not in _KINDS:
        return PlainTextResponse("There are zip, tar.gz and sh.\n", 404)
    if kind == "sh":
        content = _script(state, asked, found)
    else:
        members = {_path(state, file): mast_files.body(state, file) for file in found}
        members["mastDownload/MANIFEST.HTML"] = _manifest(state, found).encode()
        content = _zip(members) if kind == "zip" else gzip.compress(tar(members), mtime=0)
    name = f'attachment; filename="mastDownload.{kind}"'
    return Response(content, 200, {"Content-Disposition": name}, _KINDS[kind])


def _path(state: State, file: MastFile) -> str:
    owner = files(state.world.seed)[file.uri][1][0]
    name = mast_files.item(file).filename
    return f"mastDownload/{owner.collection}/{owner.obs_id}/{name}"


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, _DATE), content)
    return out.getvalue()


def _script(state: State, asked: Asked, found: Sequence[MastFile]) -> bytes:
    lines = ["#!/bin/bash", "# Files of MAST: run this where they are to be."]
    for file in found:
        url = asked.link(f"{_SITE}/api/v0.1/Download/file?uri={quote(file.uri, safe=':/')}")
        words = ["curl", "--fail", "--location", "--create-dirs", "--output"]
        lines.append(shlex.join([*words, _path(state, file), url]))
    return "\n".join([*lines, ""]).encode()


def _manifest(state: State, found: Sequence[MastFile]) -> str:
    rows = "".join(
        f"<tr><td>{escape(file.uri)}</td><td>{escape(_path(state, file))}</td>"
        f"<td>COMPLETE</td></tr>\n"
        for file in found
    )
    return f"<html><head><title>Manifest</title></head><body><table>\n{rows}</table></body></html>"
