"""This file makes the true bytes of the storm from a seed, for the server and for its judge alike.

A `Case` is one URL path: which file, how it is described, and what goes wrong on which try. Both
sides read it from the path, so no side has to trust the other about what is right.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import random
from dataclasses import dataclass

_BLOCK = 2880
"""Bytes: FITS comes in these (Standard 4.0, section 3.1)."""
_DRAWN = 1 << 20
"""Bytes drawn from a seed; a longer file repeats them, each time with another number in front."""
_ONES = 2**32 - 1
"""A ones' complement sum of 32-bit words is the number modulo this (Standard 4.0, appendix J.1)."""

ENDINGS = {"opaque": ".dat", "fits": ".fits", "gz": ".fits.gz", "vot": ".vot"}
"""Kinds of files, and how their names end."""


@dataclass(frozen=True)
class Case:
    """One file of the storm."""

    seed: int
    size: int
    """Bytes, nearly: FITS comes in blocks."""
    kind: str
    """One of ENDINGS."""
    name: str
    """Last part of the URL; without a fault in the naming also the file's name."""
    tries: tuple[str, ...] = ("ok",)
    """What happens on the first try, the second …; the last one stays."""
    traits: tuple[str, ...] = ()
    """How the file is described on every try: validators, framing, digests, names."""

    @property
    def path(self) -> str:
        """Where the server has it."""
        parts = (str(self.seed), str(self.size), self.kind, _joined(self.traits))
        return "/f/" + "/".join((*parts, _joined(self.tries), self.name))

    @classmethod
    def at(cls, path: str) -> Case:
        """Read back what `path` wrote. Raises ValueError."""
        _, seed, size, kind, traits, tries, name = path.strip("/").split("/")
        return cls(int(seed), int(size), kind, name, _parted(tries), _parted(traits))

    def fault(self, number: int) -> str:
        """What happens on this try, counted from 1."""
        return self.tries[min(number, len(self.tries)) - 1]

    def version(self, number: int) -> int:
        """1, or 2 where the archive has put another file in its place by this try."""
        happened = self.tries[: min(number, len(self.tries))]
        return 2 if any(fault.startswith("new") for fault in happened) else 1

    def data(self, number: int) -> bytes:
        """The whole file as the archive has it on this try."""
        return content(self.kind, self.seed, self.size, self.version(number))

    @property
    def truth(self) -> bytes:
        """What must come home in the end."""
        return self.data(len(self.tries))


@functools.lru_cache(maxsize=64)
def content(kind: str, seed: int, size: int, version: int) -> bytes:
    """The bytes of one file; another version has as many, nearly, and other ones."""
    key = f"{seed} {version}"
    if kind == "fits":
        return _fits(key, size)
    if kind == "gz":
        return gzip.compress(_fits(key, size), 1, mtime=0)
    return _votable(key, size) if kind == "vot" else _drawn(key, size)


def digest(algorithm: str, data: bytes) -> bytes:
    """`hashlib`'s digests, and crc32 as S3 writes it."""
    if algorithm == "crc32":
        import zlib

        return zlib.crc32(data).to_bytes(4, "big")
    return hashlib.new(algorithm, data).digest()


def _drawn(key: str, size: int) -> bytes:
    block = random.Random(key).randbytes(min(size, _DRAWN))
    if size <= _DRAWN:
        return block
    blocks = (number.to_bytes(8, "big") + block[8:] for number in range(-(-size // _DRAWN)))
    return b"".join(blocks)[:size]


def _fits(key: str, size: int) -> bytes:
    """Two HDUs of bytes with their DATASUM; the data fill their blocks, so no cut hides there."""
    blocks = max(1, (size // _BLOCK - 2) // 2)
    first, second = _drawn(f"{key} a", blocks * _BLOCK), _drawn(f"{key} b", blocks * _BLOCK)
    primary = _header(f"{'SIMPLE':8}= {'T':>20}", first)
    return primary + first + _header(f"{'XTENSION':8}= 'IMAGE   '", second) + second


def _header(start: str, data: bytes) -> bytes:
    numbers = {"BITPIX": 8, "NAXIS": 1, "NAXIS1": len(data)}
    numbers |= {"PCOUNT": 0, "GCOUNT": 1} if start.startswith("XTENSION") else {}
    cards = [start, *(f"{name:8}= {number:>20}" for name, number in numbers.items())]
    cards += [f"DATASUM = '{int.from_bytes(data, 'big') % _ONES}'", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(_BLOCK).encode()


def _votable(key: str, size: int) -> bytes:
    rows = "".join(
        f"<TR><TD>{_drawn(f'{key} {row}', 24).hex()}</TD></TR>\n" for row in range(1 + size // 68)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>\n'
        '<FIELD name="word" datatype="char" arraysize="48"/>\n'
        f"<DATA><TABLEDATA>\n{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def _joined(words: tuple[str, ...]) -> str:
    return ",".join(words) or "-"


def _parted(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))
