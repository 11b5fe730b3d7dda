"""This file describes what is not FITS: VOTables, web pages, text, and bytes that nobody knows."""

from __future__ import annotations

import io
import re

from skyatlas.dataset import Contents
from skyatlas.formats.opening import DAMAGE, is_text, quiet, says

SHOWN = 400
"""Characters of a text or web page that are shown."""


def describe_document(body: bytes) -> Contents:
    """Say what these bytes are; never raises."""
    words = says(body)
    if "VOTable" in words:
        return _describe_votable(body)
    if "HTML" in words:
        text = re.sub(
            r"<(script|style).*?</\1>|<[^>]*>", " ", _text(body), flags=re.DOTALL | re.IGNORECASE
        )
        return Contents("HTML", ("A web page, not data; it says:", _short(text)))
    if is_text(body):
        kind = "XML" if words == "is XML" else "text"
        return Contents(
            kind, (f"{len(body)} bytes, {body.count(10)} lines; begins:", _short(_text(body)))
        )
    return Contents("not FITS", (f"It {words}; {len(body)} bytes.",))


def _describe_votable(body: bytes) -> Contents:
    from xml.parsers.expat import ExpatError

    from astropy.io.votable import parse

    try:
        with quiet():
            document = parse(io.BytesIO(body), verify="ignore")
    except (*DAMAGE, ExpatError) as problem:
        return Contents("VOTable", (f"It cannot be parsed: {problem}.", _short(_text(body))))
    lines = []
    for resource in document.resources:
        lines += [
            f"{info.name}: {info.value} {_short(info.content or '')}".strip()
            for info in resource.infos
            if info.name == "QUERY_STATUS"
        ]
    for number, table in enumerate(document.iter_tables()):
        names = ", ".join(field.name or field.ID or "?" for field in table.fields[:8])
        more = " …" if len(table.fields) > 8 else ""
        lines.append(
            f"table {number}: {table.nrows} rows x {len(table.fields)} columns: {names}{more}"
        )
    return Contents("VOTable", tuple(lines) or ("It has no table.",))


def _text(body: bytes) -> str:
    return body[:65536].decode("utf-8", errors="replace")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 2] + " …"
