"""This file unpacks packed bytes as they come, and some files beside themselves; those stay.

ESO delivers raw frames in the format of Unix `compress` (LZW, `.Z`). It has no checksum, so a cut
file can unpack without complaint; only the FITS inside tells whether it is whole (scenario 25).
TESScut delivers a zip around one FITS file.
"""

from __future__ import annotations

import filecmp
import itertools
import os
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from skyatlas.errors import Corrupt, Unwritable
from skyatlas.net.fits_structure import FitsCheck, FitsWalk, is_fits
from skyatlas.net.zips import fits_inside, unpacked_zip

if TYPE_CHECKING:
    from bz2 import BZ2Decompressor

__all__ = [
    "Unpacker",
    "check_unpacked",
    "packing",
    "sync_folder",
    "unpack",
    "unpacked",
    "unpacked_lzw",
    "unpacker",
    "written",
]

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x1f\x9d": "lzw",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # with nothing in it
}
_BITE = 64 * 1024
"""Bytes that a decompressor gets at a time: what it leaves over is copied."""
_PIECE = 1024 * 1024
"""Bytes that come out at a time at most, whatever goes in: a small file may hold a huge one."""
_GZIP = 16 + zlib.MAX_WBITS
"""Tells zlib to expect gzip's header, and its CRC and length at the end."""


def packing(start: bytes) -> str | None:
    """How a file that starts so is packed: "gzip", "bzip2", "lzw", "zip" or None."""
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)


class Unpacker(Protocol):
    """Takes packed bytes in pieces of any size, hands on what comes out."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises Corrupt where they are damaged."""

    def finish(self) -> None:
        """Raise Corrupt where the file ends too early."""


def unpacker(kind: str, name: str, take: Callable[[bytes], object]) -> Unpacker:
    """One for "gzip" or "bzip2". `take` gets what comes out; `name` is for messages."""
    return _Gzip(name, take) if kind == "gzip" else _Bzip2(name, take)


def unpacked_lzw(path: Path, name: str) -> Generator[bytes]:
    """The unpacked bytes of a `.Z` file, in pieces. Raises Corrupt; `name` is for messages."""
    from skyatlas.lzw import unpacked  # it needs numpy

    with path.open("rb") as packed:
        try:
            yield from unpacked(packed)
        except ValueError as error:
            raise _damaged(name, error) from error


def unpacked(path: Path, name: str) -> Generator[bytes]:
    """The bytes that `unpack` writes, in pieces. Raises Corrupt and Unwritable."""
    return (unpacked_zip if _is_zip(path) else unpacked_lzw)(path, name)


def unpack(path: Path, may_replace: Callable[[Path], bool] = lambda _: True) -> Path | None:
    """Unpack X.fits.Z, or the only FITS file of X.zip, to X.fits beside it; the original stays.

    It is checked as FITS before it gets its name. None where nothing is unpacked: another file, a
    zip of several, or X.fits is there already, with other bytes, and `may_replace` says no.
    Raises Corrupt (not whole) and Unwritable (no room).
    """
    target = _target(path)
    if target is None:
        return None
    part = target.with_name(target.name + ".part")
    try:
        _walk(written(unpacked(path, path.name), part), path.name, lzw=not _is_zip(path))
        if target.exists() and not _same(target, part) and not may_replace(target):
            return None
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise Unwritable(
            f"{target} cannot be written ({error.strerror}); make room and unpack again"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _target(path: Path) -> Path | None:
    """Its name is made of the packed file's: what is written in a zip is nobody's business."""
    if path.name.endswith(".fits.Z"):
        return path.with_name(path.name.removesuffix(".Z"))
    if _is_zip(path) and len(fits_inside(path)) == 1:
        return path.with_name(path.name[: -len(".zip")].removesuffix(".fits") + ".fits")
    return None


def _is_zip(path: Path) -> bool:
    return path.name.lower().endswith(".zip")


def _same(one: Path, other: Path) -> bool:
    return filecmp.cmp(one, other, shallow=False)


def check_unpacked(check: FitsCheck, name: str) -> None:
    """Raise Corrupt where a file from LZW ends in padding: nothing else tells that it was cut."""
    if not check.filled:
        raise Corrupt(f"{name} unpacks to a FITS file that is cut off; fetch it again")


def written(pieces: Iterator[bytes], path: Path) -> Generator[bytes]:
    """The same pieces, which are in the file, and kept by the disk, when the last was taken."""
    with path.open("wb") as out:
        for piece in pieces:
            out.write(piece)
            yield piece
        out.flush()
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Gzip:
    """Gzip members, one after another (RFC 1952); zeros may follow each, as tapes leave them."""

    def __init__(self, name: str, take: Callable[[bytes], object]) -> None:
        self._name = name
        self._take = take
        self._member: zlib._Decompress | None = zlib.decompressobj(_GZIP)
        """None between members."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        for place in range(0, len(view), _BITE):
            left = bytes(view[place : place + _BITE])
            while left:
                left = self._unpack(left)

    def finish(self) -> None:
        if self._member is not None:
            raise _damaged(self._name, "it is cut off")

    def _unpack(self, data: bytes) -> bytes:
        """Take bytes of one member; what is left over belongs to the next."""
        if self._member is None:
            data = data.lstrip(b"\0")
            if not data:
                return b""
            self._member = zlib.decompressobj(_GZIP)
        member = self._member
        while True:
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error as error:
                raise _damaged(self._name, error) from error
            self._take(piece)
            if member.eof:
                self._member = None
                return member.unused_data
            data = member.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return b""


class _Bzip2:
    """Bzip2 streams, one after another; what follows and is none is let go, as bzip2(1) does."""

    def __init__(self, name: str, take: Callable[[bytes], object]) -> None:
        from bz2 import BZ2Decompressor

        self._new = BZ2Decompressor
        self._name = name
        self._take = take
        self._stream: BZ2Decompressor | None = BZ2Decompressor()
        """None between streams."""
        self._between = b""
        """What came after a stream, until it is known whether it begins another."""
        self._over = False

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        for place in range(0, len(view), _BITE):
            left = bytes(view[place : place + _BITE])
            while left and not self._over:
                left = self._unpack(left)

    def finish(self) -> None:
        if self._stream is not None or self._between:
            raise _damaged(self._name, "it is cut off")

    def _unpack(self, data: bytes) -> bytes:
        """Take bytes of one stream; what is left over belongs to the next."""
        if self._stream is None:
            data = self._between + data
            self._between = b""
            if not data.startswith(b"BZh"):
                # Cut inside the very mark, or no stream at all.
                self._over = not b"BZh".startswith(data)
                self._between = b"" if self._over else data
                return b""
            self._stream = self._new()
        stream = self._stream
        while True:
            try:
                piece = stream.decompress(data, _PIECE)
            except OSError as error:  # "Invalid data stream"; it has no number
                raise _damaged(self._name, error) from error
            self._take(piece)
            if stream.eof:
                self._stream = None
                return stream.unused_data
            if stream.needs_input:
                return b""
            data = b""


def _walk(pieces: Iterator[bytes], name: str, *, lzw: bool) -> None:
    """Take all pieces. Raises Corrupt where they are FITS that is not whole."""
    first = next(pieces, b"")
    walk = FitsWalk() if is_fits(first) else None
    for piece in itertools.chain((first,), pieces):
        if walk is not None:
            walk.feed(piece)
    if walk is not None:
        check = walk.finish()
        if lzw:
            check_unpacked(check, name)


def _damaged(name: str, why: object) -> Corrupt:
    return Corrupt(f"{name} cannot be unpacked ({why}); fetch it again")
