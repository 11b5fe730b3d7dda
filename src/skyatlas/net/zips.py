"""This file reads zip files: every member is streamed and checked, its name is only ever shown.

Invariant: no member's name reaches the file system, and nothing is unpacked that this disk has no
room for.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from skyatlas.errors import Corrupt, Unwritable
from skyatlas.model import size_text

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

__all__ = ["fits_inside", "is_fits_name", "members", "unpacked_zip"]

_PIECE = 1024 * 1024


def members(path: Path, name: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(name, bytes in pieces) of each file in a zip; `name` is the zip's own, for messages.

    A member's pieces are good only once all have been taken: then its length and CRC have been
    compared. Raises Corrupt where it is damaged, encrypted or packed in an unknown way, and
    Unwritable where it unpacks to more than the disk has room for, before anything is unpacked.
    """
    with _opened(path, name) as file:
        infos = _files(file)
        _check_room(infos, path, name)
        for info in infos:
            yield info.filename, _pieces(file, info, name)


def fits_inside(path: Path) -> tuple[str, ...]:
    """The names of the FITS files in a zip, as they stand there. Raises Corrupt."""
    with _opened(path, path.name) as file:
        return tuple(info.filename for info in _files(file) if is_fits_name(info.filename))


def unpacked_zip(path: Path, name: str) -> Generator[bytes]:
    """The bytes of the one FITS file in a zip, in pieces; `name` is for messages.

    Raises Corrupt, also where there is none or more than one, and Unwritable (no room).
    """
    with _opened(path, name) as file:
        infos = [info for info in _files(file) if is_fits_name(info.filename)]
        if len(infos) != 1:
            raise Corrupt(f"{name} holds {len(infos)} FITS files instead of one; fetch it again")
        _check_room(infos, path, name)
        yield from _pieces(file, infos[0], name)


def is_fits_name(name: str) -> bool:
    """Whether a member's name says that it is a plain FITS file."""
    return name.lower().endswith((".fits", ".fit", ".fts"))


@contextmanager
def _opened(path: Path, name: str) -> Iterator[ZipFile]:
    from zipfile import ZipFile

    with _damage_told(name), ZipFile(path) as file:
        yield file


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Make Corrupt of what zipfile and the decompressors raise; it is met by mutating zips."""
    from zipfile import BadZipFile

    try:
        yield
    except (BadZipFile, EOFError, zlib.error, struct.error, ValueError, RuntimeError) as error:
        # RuntimeError: encrypted; its child NotImplementedError: packed in an unknown way.
        raise Corrupt(f"{name} cannot be unpacked ({error}); fetch it again") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2's "Invalid data stream" has no number: it is not the disk's.
        raise Corrupt(f"{name} cannot be unpacked ({error}); fetch it again") from error


def _files(file: ZipFile) -> list[ZipInfo]:
    return [info for info in file.infolist() if not info.is_dir()]


def _pieces(file: ZipFile, info: ZipInfo, name: str) -> Iterator[bytes]:
    """Never more than the member declares: zipfile stops there, and compares the CRC."""
    with _damage_told(name), file.open(info) as member:
        left = info.file_size
        while piece := member.read(_PIECE):
            left -= len(piece)
            yield piece
        if left:
            raise EOFError(f"a file in it ends {left:,} bytes too early")


def _check_room(infos: list[ZipInfo], path: Path, name: str) -> None:
    """Zip bombs declare what they hold, or zipfile stops at what they declare."""
    import shutil  # it loads all of Python's compressors

    size, free = sum(info.file_size for info in infos), shutil.disk_usage(path.parent).free
    if size > free:
        raise Unwritable(
            f"{name} would unpack to {size_text(size)}, and {size_text(free)} are free: it was not "
            "unpacked; look what it is, or make room"
        )
