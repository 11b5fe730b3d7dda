"""This file reads what a file holds as it comes: packed or not, FITS, XML, a web page or anything.

By content, not by label; the label only says what must not be missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from skyatlas.errors import Corrupt
from skyatlas.net.disposition import safe_name
from skyatlas.net.fits_structure import FitsWalk, is_fits
from skyatlas.net.promise import Expected, looks_like_html
from skyatlas.net.unpack import check_unpacked, packing, unpacker
from skyatlas.net.zips import is_fits_name

__all__ = ["Content", "Found"]

_START = 4096
"""Bytes by which the kind of a file is told: comments may stand before `<html>`."""


class Found(NamedTuple):
    """What a whole file turned out to be."""

    ways: tuple[str, ...]
    """How it was verified: "gzip", "fits structure", "checksum", "odd: …" """
    stale: tuple[str, ...] = ()
    """Sums inside the file that do not fit its bytes, one sentence each."""


class _Reader(Protocol):
    def feed(self, data: bytes | bytearray | memoryview) -> None: ...
    def finish(self) -> Found: ...


class Content:
    """The bytes of one file, or of what is packed in it, in pieces of any size."""

    def __init__(self, name: str, expected: Expected, inside: str | None = None) -> None:
        self._name = name
        self._expected = expected
        self._inside = inside
        """How these bytes were packed."""
        self._start = bytearray()
        self._begun = False
        self._reader: _Reader | None = None
        self._late: str | None = None
        """How it is packed, where it can be unpacked only when it is whole: "lzw", "zip"."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises Corrupt as soon as they cannot be what was promised."""
        if self._begun:
            if self._reader is not None:
                self._reader.feed(data)
        elif len(data) >= _START and not self._start:
            self._begin(data)
        else:
            self._start += data
            if len(self._start) >= _START:
                self._begin(self._start)
                self._start = bytearray()

    def finish(
        self,
        unpacked: Iterable[bytes] = (),
        members: Iterable[tuple[str, Iterable[bytes]]] = (),
    ) -> Found:
        """What the file is. Raises Corrupt where something is missing.

        `unpacked`: what comes out of the file if it is packed with LZW, `members`: what is in it
        (names, bytes) if it is a zip. Neither can be unpacked as it comes; they are not touched
        for other files.
        """
        if not self._begun:
            self._begin(self._start)
        if self._late == "zip":
            return self._each(members)
        if self._late == "lzw":
            inside = Content(self._name, self._expected, "lzw")
            for piece in unpacked:
                inside.feed(piece)
            found = inside.finish()
            return Found(("lzw", *found.ways), found.stale)
        return self._reader.finish() if self._reader is not None else Found(())

    def _each(self, members: Iterable[tuple[str, Iterable[bytes]]]) -> Found:
        ways, stale = ["zip"], list[str]()
        for member, pieces in members:
            fits = is_fits_name(member)
            expected = Expected(fits=fits, html=not fits, xml=False, packed=None)
            name = f"{safe_name(member) or 'a file'} in {self._name}"
            inside = Content(name, expected, "zip")
            for piece in pieces:
                inside.feed(piece)
            found = inside.finish()
            ways += found.ways
            stale += found.stale
        return Found(tuple(dict.fromkeys(ways)), tuple(stale))

    def _begin(self, data: bytes | bytearray | memoryview) -> None:
        self._begun = True
        start = bytes(data[:_START])
        kind = None if self._inside else packing(start)
        if looks_like_html(start) and not self._expected.html:
            error = Corrupt(f"instead of {self._name} a web page came; a login may be needed")
            error.said = start.decode("utf-8", "replace")
            raise error
        packed = None if self._inside else self._expected.packed
        if packed and packed != kind:
            raise Corrupt(f"{self._name} is not packed with {packed}; {_came(start)}")
        if kind in ("lzw", "zip"):
            self._late = kind
        elif kind:
            inside = Content(self._name, self._expected, kind)
            self._reader = _Packed(kind, self._name, inside)
        else:
            self._reader = self._plain(start)
        if self._reader is not None:
            self._reader.feed(data)

    def _plain(self, start: bytes) -> _Reader | None:
        if is_fits(start):
            return _Fits(self._name, unpacked=self._inside)
        if self._expected.fits:
            error = Corrupt(f"{self._name} should be FITS; {_came(start)}")
            error.said = start.decode("utf-8", "replace")
            raise error
        return _Xml(self._name) if self._expected.xml else None


class _Packed:
    """A file packed with gzip or bzip2."""

    def __init__(self, kind: str, name: str, inside: Content) -> None:
        self._kind = kind
        self._inside = inside
        self._unpacker = unpacker(kind, name, inside.feed)
        self.feed = self._unpacker.feed

    def finish(self) -> Found:
        self._unpacker.finish()
        found = self._inside.finish()
        return Found((self._kind, *found.ways), found.stale)


class _Fits:
    """A FITS file."""

    def __init__(self, name: str, *, unpacked: str | None) -> None:
        self._name = name
        self._lzw = unpacked == "lzw"
        self._walk = FitsWalk()
        self.feed = self._walk.feed

    def finish(self) -> Found:
        check = self._walk.finish()
        if self._lzw:
            check_unpacked(check, self._name)
        ways = ["fits structure"]
        ways += ["checksum"] if check.checksums else []
        ways += ["datasum"] if check.datasums else []
        ways += [f"odd: {oddity}" for oddity in check.oddities]
        return Found(tuple(ways), tuple(check.stale))


class _Xml:
    """An XML document; expat reads it without building anything."""

    def __init__(self, name: str) -> None:
        from xml.parsers import expat

        self._name = name
        self._parser = expat.ParserCreate()
        # Besides its own error, expat says LookupError or ValueError of encodings it cannot read.
        self._errors = (expat.ExpatError, LookupError, ValueError)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        self._parse(data, last=False)

    def finish(self) -> Found:
        self._parse(b"", last=True)
        return Found(("well-formed xml",))

    def _parse(self, data: bytes | bytearray | memoryview, *, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except self._errors as error:
            raise Corrupt(
                f"{self._name} is no whole XML document ({error}); fetch it again"
            ) from None


def _came(start: bytes) -> str:
    """What came instead, for a person: the first words."""
    words = " ".join(start[:60].decode("latin-1").split())
    shown = "".join(c if c.isprintable() else "?" for c in words)
    return f"it begins with {shown!r}; fetch it again or look at the archive's page"
