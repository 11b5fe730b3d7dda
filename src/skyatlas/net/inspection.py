"""This file verifies a file while its bytes come in: once each, in any pieces, nothing kept.

What is not there is Corrupt. What is odd but loses no data passes, and is told by `finish`.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from skyatlas.errors import Corrupt
from skyatlas.net.content import Content, Found
from skyatlas.net.digests import Digests, promised_digests
from skyatlas.net.promise import Doubtful, Expected, Promise
from skyatlas.net.unpack import unpacked_lzw, written
from skyatlas.net.zips import members

__all__ = ["Inspection"]

_PIECE = 1024 * 1024


class Inspection:
    """One file on its way; used by one thread at a time.

    After an error it is of no more use: begin another.
    """

    __slots__ = ("_begun", "_content", "_digests", "_expected", "_promised", "promise", "size")

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        """May be replaced before `finish`, by that of a later answer about the same bytes."""
        self.size = 0
        """Bytes so far."""
        self._begun = promise
        self._expected: Expected = promise.expected
        self._promised = _promised(promise)
        self._digests = Digests(self._promised)
        self._content = Content(promise.name, self._expected)

    @property
    def sha256(self) -> str:
        """Of the bytes so far, hexadecimal."""
        return self._digests.sha256

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; they are not kept.

        Raises Corrupt as soon as they cannot be what was promised, be it a web page, a damaged
        gzip stream or a FITS header without sense.
        """
        self.size += len(data)
        self._digests.update(data)
        try:
            self._content.feed(data)
        except Corrupt as error:
            error.product = self.promise.product
            raise

    def finish(self, path: Path, unpack_to: Path | None = None) -> tuple[str, ...]:
        """How the file was verified: "length", "sha256", "gzip", "fits structure", "checksum" …

        `path`: where the bytes are. They are read again only where they could not be judged as
        they came: LZW (`.Z`), zip, and where `promise` was replaced by one that says something new.
        `unpack_to`: where to write, durably, what an LZW file holds; nothing is written for other
        files. It stays where the file is good or Doubtful.

        Raises Corrupt with one sentence, Doubtful where only sums inside the file are wrong,
        Unwritable for a zip that no disk could hold unpacked, and OSError.
        """
        try:
            ways = self._length() + self._agreed(path)
            found = self._found(path, unpack_to)
        except Corrupt as error:
            if unpack_to is not None:
                unpack_to.unlink(missing_ok=True)
            error.product = self.promise.product
            raise
        ways += found.ways
        if found.stale:
            more = f" (and {len(found.stale) - 1} more)" if len(found.stale) > 1 else ""
            raise Doubtful(
                f"in {self.promise.name} the {found.stale[0]}{more}; fetch it again",
                product=self.promise.product,
                ways=(*ways, *(f"odd: {sentence}" for sentence in found.stale)),
            )
        return ways

    def _length(self) -> tuple[str, ...]:
        name, product = self.promise.name, self.promise.product
        for said, who in (
            (self.promise.length, "the answer"),
            (product.size if product.size_exact else None, "the archive"),
        ):
            if said is not None and said != self.size:
                raise Corrupt(
                    f"{name} has {self.size:,} bytes, but {who} said {said:,}; fetch it again"
                )
        if self.size == 0:
            raise Corrupt(f"{name} is empty; fetch it again")
        return ("length",) if self.promise.length is not None or product.size_exact else ()

    def _agreed(self, path: Path) -> tuple[str, ...]:
        """The digests that were promised and agreed."""
        same = self.promise is self._begun
        promised = self._promised if same else _promised(self.promise)
        if wrong := self._digests.disagreeing(promised, path):
            raise Corrupt(
                f"the {wrong[0]} of {self.promise.name} is not the one that the archive gave; "
                "fetch it again"
            )
        return tuple(promised)

    def _found(self, path: Path, unpack_to: Path | None) -> Found:
        content = self._content
        if self.promise is not self._begun and self.promise.expected != self._expected:
            content = Content(self.promise.name, self.promise.expected)
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    content.feed(piece)
        unpacked = unpacked_lzw(path, self.promise.name)
        with closing(unpacked if unpack_to is None else written(unpacked, unpack_to)) as pieces:
            return content.finish(pieces, members(path, self.promise.name))


def _promised(promise: Promise) -> dict[str, bytes]:
    return promised_digests(promise.headers, promise.product.checksum, whole=promise.whole)
