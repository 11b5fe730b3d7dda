"""This file reads a FITS file as bytes, once, and says whether it is whole; memory stays constant.

It knows just enough of the FITS Standard 4.0: blocks of 2880 bytes, END, the size of the data
(sections 4.4.1.1, 4.4.1.2 and 6.2), and the checksums (appendix J). The sums are taken over the
bytes as they lie in the file: astropy rewrites a header before it sums, which gives false alarms
for genuine TESS, Kepler and UVES files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

from skyatlas.errors import Corrupt

__all__ = ["BLOCK", "FitsCheck", "check_fits", "is_fits"]

BLOCK = 2880
"""Bytes: everything in FITS comes in these (section 3.1)."""
_CARD = 80
_PIECE = 364 * BLOCK
"""Bytes read at a time, about 1 MB."""
_MODULUS = 2**32 - 1
"""Ones' complement sums of 32-bit words are sums modulo this (appendix J.1)."""
_LONGEST_HEADER = 20_000 * BLOCK
"""Bytes. Real headers stay below 2 MB; a data unit taken for a header would go on for ever."""


@dataclass
class FitsCheck:
    """What was found in a whole FITS file."""

    hdus: int = 0
    checksums: int = 0
    """HDUs whose CHECKSUM was right."""
    datasums: int = 0
    stale: list[str] = field(default_factory=list)
    """Sums that the file carries and that are wrong, one sentence each."""
    oddities: list[str] = field(default_factory=list)
    """What is not by the standard but loses no data."""
    filled: bool = True
    """Whether the last HDU has its padding; where it has not, more may be missing unseen."""


def is_fits(start: bytes) -> bool:
    """Whether a file that starts so is FITS."""
    return start[:9] == b"SIMPLE  =" or start[:8] == b"SIMPLE= "


def check_fits(stream: BinaryIO) -> FitsCheck:
    """Walk through all HDUs. Raises Corrupt where a header or data are missing.

    `stream` is read from its present position to its end; it need not be seekable.
    """
    check = FitsCheck()
    while True:
        start = _read(stream, BLOCK)
        if not check.hdus and not is_fits(start):
            raise Corrupt("this is no FITS file: it does not begin with SIMPLE; fetch it again")
        # A file may also be cut inside the very word.
        more = start and b"XTENSION".startswith(start[:8])
        if check.hdus and not more:
            _after_the_last(start, stream, check)
            return check
        header = _header(start, stream, check)
        _data(header, stream, check)
        check.hdus += 1


def _read(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end; packed streams may give less at a time."""
    parts = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@dataclass
class _Header:
    """The cards that tell the size of the data, and the header's own sum."""

    cards: dict[str, str]
    total: int
    """Ones' complement sum of the header's bytes."""

    def number(self, name: str, default: int | None = None) -> int:
        text = self.cards.get(name)
        if text is None and default is not None:
            return default
        try:
            return int(text or "")
        except ValueError:
            raise Corrupt(
                f"the FITS header says {name} = {text!r}, which is no number; fetch the file again"
            ) from None

    def data_size(self) -> int:
        """Bytes of data, without padding."""
        axes = [self.number(f"NAXIS{n + 1}") for n in range(self.number("NAXIS"))]
        if not axes:
            return 0
        groups, parameters = self.number("GCOUNT", 1), self.number("PCOUNT", 0)
        if axes[0] == 0 and self.cards.get("GROUPS", "").startswith("T"):
            axes = axes[1:]  # random groups (section 6.2)
        size = abs(self.number("BITPIX")) // 8 * groups * (parameters + prod(axes))
        if size < 0:
            raise Corrupt("the FITS header gives a negative size; fetch the file again")
        return size


def _header(start: bytes, stream: BinaryIO, check: FitsCheck) -> _Header:
    cards: dict[str, str] = {}
    total, block, size = 0, start, 0
    while True:
        size += len(block)
        ended = _take_cards(block, cards)
        total += _sum(block)
        if len(block) < BLOCK:
            if ended and not cards.get("NAXIS", "0").strip("0"):
                check.filled = False
                check.oddities.append("the last header is not filled up to 2880 bytes")
                break
            raise Corrupt(
                f"the FITS file ends inside the header of HDU {check.hdus}; fetch it again"
            )
        if ended:
            break
        if size > _LONGEST_HEADER:
            raise Corrupt(f"the header of HDU {check.hdus} has no END card; fetch the file again")
        block = _read(stream, BLOCK)
    return _Header(cards, total % _MODULUS)


def _take_cards(block: bytes, cards: dict[str, str]) -> bool:
    """Add the cards of one block, the first of each name; True where END is among them."""
    for place in range(0, len(block), _CARD):
        card = block[place : place + _CARD]
        name = card[:8].rstrip().decode("latin-1")
        if name == "END" and not card[8:].strip():
            return True
        if card[8:9] == b"=" or card[7:8] == b"=":
            value = card.partition(b"=")[2].decode("latin-1")
            cards.setdefault(name.rstrip("= "), _value(value))
    return False


def _value(text: str) -> str:
    """A card's value as text, without quotes and comment."""
    text = text.strip()
    if text.startswith("'"):
        return text[1:].partition("'")[0].strip()
    return text.partition("/")[0].strip()


def _data(header: _Header, stream: BinaryIO, check: FitsCheck) -> None:
    """Read over the data of one HDU, with their sums where the header tells them."""
    size = header.data_size()
    wants = [name for name in ("CHECKSUM", "DATASUM") if _defined(header.cards.get(name, ""))]
    total, got = 0, 0
    padded = -(-size // BLOCK) * BLOCK
    for piece in _pieces(stream, padded):
        got += len(piece)
        total += _sum(piece) if wants else 0
    if got < size:
        raise Corrupt(
            f"HDU {check.hdus} of the FITS file holds {got:,} of {size:,} bytes of data; "
            "fetch it again"
        )
    if got < padded:
        check.filled = False
        check.oddities.append("the last data are not filled up to 2880 bytes")
        return  # the sums are defined over whole blocks
    total %= _MODULUS
    if "DATASUM" in wants:
        _judge(check, "DATASUM", _unsigned(header.cards["DATASUM"]), total)
    if "CHECKSUM" in wants:
        _judge(check, "CHECKSUM", 0, (header.total + total) % _MODULUS)


def _judge(check: FitsCheck, name: str, said: int | None, found: int) -> None:
    if said is not None and said % _MODULUS == found:
        check.checksums += name == "CHECKSUM"
        check.datasums += name == "DATASUM"
    else:
        check.stale.append(f"{name} of HDU {check.hdus} does not fit its bytes")


def _defined(text: str) -> bool:
    """Blank means undefined (section 4.4.2.7); some writers put "0" there."""
    return text.strip("0 ") != ""


def _unsigned(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = _read(stream, min(size, _PIECE))
        if not piece:
            return
        size -= len(piece)
        yield piece


def _sum(data: bytes) -> int:
    """Sum of the big-endian 32-bit words; a short last one is filled with zeros."""
    import numpy as np

    data += bytes(-len(data) % 4)
    return int(np.frombuffer(data, dtype=">u4").sum(dtype=np.uint64))


def _after_the_last(start: bytes, stream: BinaryIO, check: FitsCheck) -> None:
    """Note what follows the last HDU; the standard calls whole blocks "special records"."""
    if not start:
        return
    blank = not start.strip(b"\0 ")
    rest = len(start)
    while piece := _read(stream, _PIECE):
        blank = blank and not piece.strip(b"\0 ")
        rest += len(piece)
    kind = "blank" if blank else "unknown"
    check.oddities.append(f"{rest:,} {kind} bytes follow the last HDU")
