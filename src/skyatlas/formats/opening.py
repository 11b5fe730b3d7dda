"""This file opens FITS in any wrapping; what cannot be read is one sentence, never a traceback.

A file is read whole or not at all: every HDU must have all the bytes that its header declares.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from skyatlas.errors import BadInput, FormatError

if TYPE_CHECKING:
    from astropy.io.fits import HDUList

DAMAGE = (
    OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError,
    ArithmeticError, AssertionError, NotImplementedError, zlib.error, lzma.LZMAError,
    UnboundLocalError,  # astropy 8.0.2: a column with TDIM and a broken TFORM
)  # fmt: skip
"""What astropy, numpy and the decompressors raise on damaged files; met in practice or by
mutating real files (tests/formats/test_damage.py)."""


@contextmanager
def opened(path: str | Path) -> Iterator[HDUList]:
    """Open a FITS file, plain or in gzip, bzip2, xz, LZW or zip, and check that it is whole.

    Raises `BadInput` where there is no such file and `FormatError` for everything else, also for
    what goes wrong inside the `with` block: astropy reads data late, and damage shows late.
    """
    path = Path(path)
    head = first_bytes(path)
    with _stream(path, head) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        if not (start := stream.read(4096)).startswith(b"SIMPLE"):
            raise FormatError(f"{path.name} is not FITS: it {says(start)}.")
        stream.seek(0)
        with _hdus(path, stream, size) as hdus:
            yield hdus


@contextmanager
def _hdus(path: Path, stream: BinaryIO, size: int) -> Iterator[HDUList]:
    from astropy.io import fits

    with quiet():
        try:
            with fits.open(stream, memmap=False, lazy_load_hdus=False) as hdus:
                _check_whole(path, hdus, size)
                yield hdus
        except (FormatError, BadInput):
            raise
        except (*DAMAGE, fits.VerifyError) as problem:
            raise FormatError(f"{path.name} is damaged FITS: {_sentence(problem)}.") from problem


def _stream(path: Path, head: bytes) -> BinaryIO:
    """The bytes of FITS. A plain file is read where it lies: of a cube, only the HDUs in use.

    It is opened here and not by astropy, which leaves it open where a header is broken (8.0.2).
    """
    return path.open("rb") if wrapping_of(head) is None else io.BytesIO(unwrapped(path))


def first_bytes(path: Path) -> bytes:
    """Return the first 64 KiB of a file; empty files, folders and missing files are errors here."""
    try:
        with path.open("rb") as stream:
            head = stream.read(65536)
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}; check the name.") from None
    except IsADirectoryError:
        raise FormatError(f"{path} is a folder; name a file in it.") from None
    except OSError as problem:
        raise FormatError(f"{path.name} cannot be opened: {_sentence(problem)}.") from problem
    if not head:
        raise FormatError(f"{path.name} is empty; fetch it again.")
    return head


def unwrapped(path: Path) -> bytes:
    """Return the bytes of a file, out of gzip, bzip2, xz, LZW (`.Z`) or zip where it is in one.

    Of a zip it is the one FITS file in it.
    """
    wrapping = wrapping_of(first_bytes(path))
    body = path.read_bytes()
    if wrapping is None:
        return body
    try:
        return WRAPPINGS[wrapping][1](body)
    except FormatError as problem:
        raise FormatError(f"{path.name} {problem}") from None
    except DAMAGE as problem:
        raise FormatError(
            f"{path.name} is cut short or damaged inside its {wrapping} wrapping"
            f" ({_sentence(problem)}); fetch it again."
        ) from problem


def _lzw(body: bytes) -> bytes:
    # ESO serves raw frames as `.fits.Z`; Python's own modules cannot read compress(1).
    from skyatlas.lzw import unpacked  # it needs numpy

    return b"".join(unpacked(io.BytesIO(body)))


def _zip(body: bytes) -> bytes:
    # TESScut serves target pixel files so.
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(io.BytesIO(body)) as packed:
            infos = [info for info in packed.infolist() if not info.is_dir()]
            fits = [i for i in infos if i.filename.lower().endswith((".fits", ".fit", ".fts"))]
            if len(fits) == 1:
                return packed.read(fits[0])
    except (BadZipFile, RuntimeError) as problem:  # RuntimeError: encrypted
        raise ValueError(str(problem)) from problem
    raise FormatError(
        f"is a zip archive of {len(infos)} files, {len(fits)} of them FITS;"
        " unpack it and name one of them."
    )


WRAPPINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"\x1f\x8b", gzip.decompress),
    "bzip2": (b"BZh", bz2.decompress),
    "xz": (b"\xfd7zXZ\x00", lzma.decompress),
    "LZW": (b"\x1f\x9d", _lzw),
    "zip": (b"PK\x03\x04", _zip),
}


def wrapping_of(body: bytes) -> str | None:
    """Return the name of the compression that these bytes begin like, or None."""
    for name, (magic, _) in WRAPPINGS.items():
        if body.startswith(magic):
            return name
    return None


BEGINNINGS = (
    (b"SIMPLE", "begins like FITS"),
    (b"\x89PNG", "is a PNG picture"),
    (b"\xff\xd8\xff", "is a JPEG picture"),
    (b"%PDF", "is a PDF document"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"\x89HDF", "is an HDF5 file"),
    (b"#ASDF", "is an ASDF file"),
    (b"PAR1", "is a Parquet file"),
)


def says(body: bytes) -> str:
    """Return what these bytes are, as the second half of a sentence: "is a VOTable"."""
    for magic, words in BEGINNINGS:
        if body.startswith(magic):
            return words
    if body[257:262] == b"ustar":
        return "is a tar archive"
    start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<votable" in start or b":votable" in start:
        return "is a VOTable (XML)"
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page (HTML), as archives send for errors and logins"
    if start.startswith((b"<?xml", b"<")):
        return "is XML"
    if len(body) < 80:
        return f"has only {len(body)} bytes"
    if is_text(body):
        return "is plain text"
    return "begins like no format that skyatlas knows"


def is_text(body: bytes) -> bool:
    """Whether the first 4096 bytes are printable text in UTF-8 or Latin-1."""
    start = body[:4096]
    return (
        b"\x00" not in start and sum(byte < 32 and byte not in b"\t\r\n\f" for byte in start) == 0
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Hold astropy's remarks back: the files are written already, and what matters is raised."""
    from astropy import log

    level = log.level
    log.setLevel("ERROR")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _check_whole(path: Path, hdus: HDUList, size: int) -> None:
    """Refuse a file that is shorter than its headers say; astropy opens most of them happily."""
    end = 0
    for number, hdu in enumerate(hdus):
        span = _span(hdu)
        if span is None:
            raise FormatError(
                f"{path.name} is not standard FITS: HDU {number} is of no known kind"
                " (SIMPLE = F, or a broken header)."
            )
        start, length, block = span
        if start + length > size:
            raise FormatError(
                f"{path.name} is cut short: HDU {number} declares {length} bytes of data and"
                f" {max(size - start, 0)} are there; fetch it again."
            )
        end = start + block
    if size - end >= len(b"XTENSION") and _rest_is_a_header(hdus, end):
        raise FormatError(
            f"{path.name} is cut short: the header after HDU {len(hdus) - 1} has no end;"
            " fetch it again."
        )


def _span(hdu: Any) -> tuple[int, int, int] | None:
    """First byte, bytes and padded bytes of the data of an HDU; None where its header is broken."""
    if not hasattr(hdu, "fileinfo"):
        return None  # astropy's _NonstandardHDU and _CorruptedHDU
    info = hdu.fileinfo()
    raw = getattr(hdu, "_bintable", None) or hdu  # a tile-compressed image is a table on disk
    return info["datLoc"], int(raw.size), info["datSpan"]


def _rest_is_a_header(hdus: HDUList, end: int) -> bool:
    stream = hdus._file
    stream.seek(end)
    return bool(stream.read(8) == b"XTENSION")


def _sentence(problem: BaseException) -> str:
    """The first line of an exception's text, without its full stop."""
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(problem).__name__
