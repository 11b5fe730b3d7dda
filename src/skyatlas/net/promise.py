"""This file says what was promised about a file: its name, its length, its kind, its digests.

Nothing here looks at bytes, but for the one question whether they are a web page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from skyatlas.errors import Corrupt
from skyatlas.model import Product

__all__ = ["Doubtful", "Expected", "Promise", "looks_like_html"]

_FITS_NAME = re.compile(r"(?i)\.(fits?|fts)(\.(gz|bz2|z|fz))?$")
_XML_NAME = re.compile(r"(?i)\.(xml|vot|votable)$")
_HTML_NAME = re.compile(r"(?i)\.x?html?$")
_PACKED_NAME = {".gz": "gzip", ".tgz": "gzip", ".bz2": "bzip2", ".z": "lzw", ".zip": "zip"}
_HTML = re.compile(
    rb"(?is)(\xef\xbb\xbf)?\s*+(<\?xml[^>]*+>\s*+)?((?><!--.*?-->)\s*+)*+"
    rb"(<!doctype\s+html|<html|<head|<body)"
)
"""A page may begin with comments. Nothing is tried twice ("+", "?>"): with thirty comments and no
page behind them, trying all ways to tell them apart took hours."""


class Doubtful(Corrupt):
    """Sums inside the file do not fit its bytes: damage, or the archive's own negligence.

    Genuine files carry stale sums (TESS cotrending vectors, DES cut-outs). Fetching once more
    decides: the same bytes again are the archive's file.
    """

    def __init__(self, message: str, *, product: object, ways: tuple[str, ...]) -> None:
        super().__init__(message, product=product)
        self.ways = ways
        """How the file was verified apart from these sums."""


class Expected(NamedTuple):
    """What a file must be, by its names and its content type."""

    fits: bool
    html: bool
    """A web page is what was asked for."""
    xml: bool
    """It must be well-formed: VOTable too."""
    packed: str | None
    """How its name says that it is packed: "gzip", "bzip2", "lzw", "zip"."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What was said about a file before its bytes are looked at."""

    product: Product
    name: str
    """The name that it will have."""
    length: int | None = None
    """Bytes, as the answer's headers tell."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer, names in lower case."""
    whole: bool = True
    """Whether those headers are of a whole answer rather than of a range."""

    @property
    def expected(self) -> Expected:
        """What it must be; names and content types may lie, so this only ever adds checks."""
        kind = self.product.content_type.lower()
        _, dot, ending = self.name.lower().rpartition(".")
        return Expected(
            fits="fits" in kind or self._is_named(_FITS_NAME),
            html="html" in kind or self._is_named(_HTML_NAME),
            xml="votable" in kind
            or kind.partition(";")[0].endswith("/xml")
            or self._is_named(_XML_NAME),
            packed=_PACKED_NAME.get(dot + ending),
        )

    def _is_named(self, pattern: re.Pattern[str]) -> bool:
        known = self.product.name
        if pattern.search(self.name):
            return True
        return bool(known) and known != self.name and pattern.search(known or "") is not None


def looks_like_html(start: bytes) -> bool:
    """Whether a file that starts so is a web page."""
    return _HTML.match(start) is not None
