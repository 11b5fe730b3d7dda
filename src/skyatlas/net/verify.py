"""This file answers one question: is this the file that was promised? By content, not by label.

What is not there is Corrupt. What is odd but loses no data passes, and is told in `verified`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skyatlas.errors import Corrupt
from skyatlas.model import Product
from skyatlas.net.digests import check_digests, promised_digests
from skyatlas.net.fits_structure import check_fits, is_fits
from skyatlas.net.unpack import check_unpacked, opened, packing

__all__ = ["Doubtful", "Promise", "looks_like_html", "verify"]

_FITS_NAME = re.compile(r"(?i)\.(fits?|fts)(\.(gz|bz2|z|fz))?$")
_XML_NAME = re.compile(r"(?i)\.(xml|vot|votable)$")
_HTML_NAME = re.compile(r"(?i)\.x?html?$")
_PACKED_NAME = {".gz": "gzip", ".tgz": "gzip", ".bz2": "bzip2", ".z": "lzw"}
_HTML = re.compile(
    rb"(?is)^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html|<head|<body)"
)
_PIECE = 1024 * 1024


class Doubtful(Corrupt):
    """Sums inside the file do not fit its bytes: damage, or the archive's own negligence.

    Genuine files carry stale sums (TESS cotrending vectors, DES cut-outs). Fetching once more
    decides: the same bytes again are the archive's file.
    """

    def __init__(self, message: str, *, product: object, ways: tuple[str, ...]) -> None:
        super().__init__(message, product=product)
        self.ways = ways
        """How the file was verified apart from these sums."""


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
    sha256: str = ""
    """Of the bytes on disk, where it is known already; hexadecimal."""

    def is_named(self, pattern: re.Pattern[str]) -> bool:
        """Whether a name of it fits."""
        return any(pattern.search(name) for name in (self.name, self.product.name or ""))

    @property
    def fits(self) -> bool:
        """Whether it must be FITS."""
        return "fits" in self.product.content_type.lower() or self.is_named(_FITS_NAME)

    @property
    def html(self) -> bool:
        """Whether a web page is what was asked for."""
        return "html" in self.product.content_type.lower() or self.is_named(_HTML_NAME)

    @property
    def xml(self) -> bool:
        """Whether it must be well-formed XML: VOTable too."""
        kind = self.product.content_type.lower()
        return "votable" in kind or kind.split(";")[0].endswith("/xml") or self.is_named(_XML_NAME)

    @property
    def packed(self) -> str | None:
        """How its name says that it is packed."""
        return _PACKED_NAME.get(Path(self.name).suffix.lower())


def verify(path: Path, promise: Promise) -> tuple[str, ...]:
    """How the file was verified: "length", "sha256", "gzip", "fits structure", "checksum" …

    Raises Corrupt with one sentence, and Doubtful where only sums inside the file are wrong.
    """
    try:
        ways = _length(path, promise)
        digests = promised_digests(promise.headers, promise.product.checksum, whole=promise.whole)
        ways += check_digests(path, digests, promise.sha256)
        return _content(path, promise, ways)
    except Corrupt as error:
        error.product = promise.product
        raise


def looks_like_html(start: bytes) -> bool:
    """Whether a file that starts so is a web page."""
    return _HTML.match(start) is not None


def _length(path: Path, promise: Promise) -> tuple[str, ...]:
    size = path.stat().st_size
    product = promise.product
    for said, who in (
        (promise.length, "the answer"),
        (product.size if product.size_exact else None, "the archive"),
    ):
        if said is not None and said != size:
            raise Corrupt(
                f"{promise.name} has {size:,} bytes, but {who} said {said:,}; fetch it again"
            )
    if size == 0:
        raise Corrupt(f"{promise.name} is empty; fetch it again")
    return ("length",) if promise.length is not None or product.size_exact else ()


def _content(path: Path, promise: Promise, ways: tuple[str, ...]) -> tuple[str, ...]:
    with path.open("rb") as file:
        outside = file.read(4096)
    kind = packing(outside)
    if promise.packed and promise.packed != kind:
        raise Corrupt(f"{promise.name} is not packed with {promise.packed}; {_came(outside)}")
    if kind:
        ways += (kind,)
        with opened(path) as stream:
            inside = stream.read(4096)
    else:
        inside = outside
    if looks_like_html(inside) and not promise.html:
        raise Corrupt(f"instead of {promise.name} a web page came; a login may be needed")
    if is_fits(inside):
        return _fits(path, promise, ways)
    if promise.fits:
        raise Corrupt(f"{promise.name} should be FITS; {_came(inside)}")
    if promise.xml:
        _parse_xml(path, promise)
        return (*ways, "well-formed xml")
    if kind:
        with opened(path) as stream:
            while stream.read(_PIECE):
                pass
    return ways


def _fits(path: Path, promise: Promise, ways: tuple[str, ...]) -> tuple[str, ...]:
    with opened(path) as stream:
        check = check_fits(stream)
    if "lzw" in ways:
        check_unpacked(check, promise.name)
    ways += ("fits structure",)
    ways += ("checksum",) if check.checksums else ()
    ways += ("datasum",) if check.datasums else ()
    ways += tuple(f"odd: {oddity}" for oddity in check.oddities)
    if check.stale:
        more = f" (and {len(check.stale) - 1} more)" if len(check.stale) > 1 else ""
        raise Doubtful(
            f"in {promise.name} the {check.stale[0]}{more}; fetch it again",
            product=promise.product,
            ways=(*ways, *(f"odd: {sentence}" for sentence in check.stale)),
        )
    return ways


def _parse_xml(path: Path, promise: Promise) -> None:
    from xml.parsers import expat

    parser = expat.ParserCreate()
    try:
        with opened(path) as stream:
            parser.ParseFile(stream)
    except expat.ExpatError as error:
        raise Corrupt(
            f"{promise.name} is no whole XML document ({error}); fetch it again"
        ) from None


def _came(start: bytes) -> str:
    """What came instead, for a person: the first words."""
    words = " ".join(start[:60].decode("latin-1").split())
    shown = "".join(c if c.isprintable() else "?" for c in words)
    return f"it begins with {shown!r}; fetch it again or look at the archive's page"
