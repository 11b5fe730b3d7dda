"""This file makes the files that a benchmark serves, and looks at what came home, byte by byte.

Invariant: no two files, and no two MiB of one file, are the same; so pieces in a wrong place show.
The FITS files carry CHECKSUM and DATASUM: whoever verifies has everything to do.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

ROW = 2880
"""Bytes of an image row of ours: one FITS block."""
BLOCK = ROW * 364
"""Bytes of random data that a file repeats, each time with another number in front: 1 MiB."""
PIECE = 256 * 1024
"""Bytes compared at once. Small: the memory of this process is the least that a child can show."""


def make(folder: Path, name: str, count: int, size: int) -> list[str]:
    """See that the files are there; their names below the folder, without the ending.

    Each stands there as `.dat` and, at most 2880 bytes shorter, as `.fits`.
    """
    names = [f"{name}/f{number:04}" for number in range(count)] if count > 1 else [name]
    for number, one in enumerate(names):
        path = folder / one
        path.parent.mkdir(parents=True, exist_ok=True)
        for ending, writes in ((".dat", _plain), (".fits", _fits)):
            file = path.with_name(path.name + ending)
            if not file.exists():
                _write(file, writes(size, number))
    return names


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    partial = file.with_name(file.name + ".part")
    with partial.open("wb") as out:
        out.writelines(pieces)
        out.flush()
        os.fsync(out.fileno())  # no dirty page of ours is written while somebody is timed
    partial.rename(file)


def _plain(size: int, seed: int) -> Iterator[bytes]:
    block = random.Random(seed).randbytes(BLOCK)
    for start in range(0, size, BLOCK):
        yield (start.to_bytes(8, "big") + block[8:])[: size - start]


def _fits(size: int, seed: int) -> Iterator[bytes]:
    rows = size // ROW - 1
    data = rows * ROW
    total = 0
    for piece in _plain(data, seed):
        total += _sum32(piece)
    datasum = total % 0xFFFFFFFF or 0xFFFFFFFF
    blank = _header(rows, datasum, "0" * 16)
    checksum = _encoded(~((_sum32(blank) + datasum) % 0xFFFFFFFF) & 0xFFFFFFFF)
    yield _header(rows, datasum, checksum)
    yield from _plain(data, seed)


def _header(rows: int, datasum: int, checksum: str) -> bytes:
    cards = [
        f"SIMPLE  = {'T':>20}",
        f"BITPIX  = {16:>20}",
        f"NAXIS   = {2:>20}",
        f"NAXIS1  = {ROW // 2:>20}",
        f"NAXIS2  = {rows:>20}",
        f"CHECKSUM= '{checksum}'",
        f"DATASUM = '{datasum}'",
        "END",
    ]
    return "".join(f"{card:80}" for card in cards).ljust(ROW).encode()


def _sum32(piece: bytes) -> int:
    """The ones' complement sum of big-endian 32-bit words is the number modulo 2³² - 1."""
    return int.from_bytes(piece, "big") % 0xFFFFFFFF


def _encoded(value: int) -> str:
    """A 32-bit sum in 16 letters and digits (FITS standard 4.0, appendix J)."""
    text = [0] * 16
    for place in range(4):
        quarter, rest = divmod(value >> (24 - 8 * place) & 0xFF, 4)
        four = [quarter + rest + 48, quarter + 48, quarter + 48, quarter + 48]
        while not all(chr(code).isalnum() for code in four):
            for one in (0, 2):
                if not (chr(four[one]).isalnum() and chr(four[one + 1]).isalnum()):
                    four[one] += 1
                    four[one + 1] -= 1
        text[place::4] = four
    return "".join(map(chr, text[-1:] + text[:-1]))


def wrong(served: Iterable[Path], folder: Path) -> int:
    """How many of these files did not come home into the folder as they were served."""
    return sum(not _same(file, folder / file.name) for file in served)


def _same(one: Path, other: Path) -> bool:
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb", buffering=0) as left, other.open("rb", buffering=0) as right:
            while piece := left.read(PIECE):
                if piece != right.read(PIECE):
                    return False
    except FileNotFoundError:
        return False
    return True


def flush(folder: Path) -> None:
    """Bring all that stands in the folder to the disk."""
    for file in _files(folder):
        number = os.open(file, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def empty(folder: Path) -> None:
    """Give the space back, but keep the names.

    ext4 passes over inodes that were deleted within the last minutes (fs/ext4/ialloc.c,
    `recently_deleted`). One profile after tens of thousands of deletions had a fifth of its samples
    there; ten thousand deletions made no difference. Emptying costs nothing and rules it out.
    """
    for file in _files(folder):
        os.truncate(file, 0)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
