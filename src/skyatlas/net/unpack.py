"""This file opens packed files as streams and unpacks .fits.Z; the original is never touched.

ESO delivers raw frames in the format of Unix `compress` (LZW, `.Z`). It has no checksum, so a cut
file can unpack without complaint; only the FITS inside tells whether it is whole (scenario 25).
"""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from skyatlas.errors import Corrupt, Unwritable
from skyatlas.net.fits_structure import FitsCheck, check_fits, is_fits

__all__ = ["check_unpacked", "opened", "packing", "sync_folder", "unpack_lzw"]

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x1f\x9d": "lzw"}
_PIECE = 1024 * 1024


def packing(start: bytes) -> str | None:
    """How a file that starts so is packed: "gzip", "bzip2", "lzw" or None."""
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The unpacked bytes of a file as a stream; what is wrong inside the block is Corrupt."""
    with path.open("rb") as plain:
        kind = packing(plain.read(4))
    try:
        with _stream(path, kind) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise Corrupt(f"{path.name} cannot be unpacked ({error}); fetch it again") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2 says "Invalid data stream" with an OSError that has no number.
        raise Corrupt(f"{path.name} cannot be unpacked ({error}); fetch it again") from error


def unpack_lzw(path: Path) -> Path:
    """Unpack X.fits.Z to X.fits beside it, checked as FITS before it gets its name.

    The original stays. Raises Corrupt (not whole) and Unwritable (no room).
    """
    target = path.with_name(path.name.removesuffix(".Z"))
    part = target.with_name(target.name + ".part")
    try:
        with opened(path) as packed, part.open("wb") as out:
            while piece := packed.read(_PIECE):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        with part.open("rb") as plain:
            if is_fits(plain.read(16)):
                plain.seek(0)
                check_unpacked(check_fits(plain), path.name)
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise Unwritable(
            f"{target} cannot be written ({error.strerror}); make room and unpack again"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def check_unpacked(check: FitsCheck, name: str) -> None:
    """Raise Corrupt where a file from LZW ends in padding: nothing else tells that it was cut."""
    if not check.filled:
        raise Corrupt(f"{name} unpacks to a FITS file that is cut off; fetch it again")


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stream(path: Path, kind: str | None) -> BinaryIO:
    if kind == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if kind == "bzip2":
        return cast(BinaryIO, bz2.open(path, "rb"))
    if kind == "lzw":
        import uncompresspy

        with path.open("rb") as plain:
            start = plain.read(3)
        if len(start) > 2 and start[2] & 0x60:  # bits that compress(1) never sets
            raise Corrupt(f"{path.name} is no LZW file: its header has undefined flags")
        # A partial last code is no proof of a cut file; the FITS inside is asked instead.
        return cast(
            BinaryIO, uncompresspy.LZWFile(path, warn_truncation=False, save_checkpoints=False)
        )
    return path.open("rb")
