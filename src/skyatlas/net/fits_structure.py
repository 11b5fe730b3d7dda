"""This file reads a FITS file as it comes, once, and says whether it is whole; memory is constant.

It knows just enough of the FITS Standard 4.0: blocks of 2880 bytes, END, the size of the data
(sections 4.4.1.1, 4.4.1.2 and 6.2), and the checksums (appendix J). The sums are taken over the
bytes as they lie in the file: astropy rewrites a header before it sums, which gives false alarms
for genuine TESS, Kepler and UVES files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

from skyatlas.errors import Corrupt

__all__ = ["BLOCK", "FitsCheck", "FitsWalk", "check_fits", "is_fits"]

BLOCK = 2880
"""Bytes: everything in FITS comes in these (section 3.1)."""
_CARD = 80
_PIECE = 1024 * 1024
_MODULUS = 2**32 - 1
"""Ones' complement sums of 32-bit words are sums modulo this (appendix J.1)."""
_LONGEST_HEADER = 5_000
"""Blocks. Real headers stay below 2 MB; a data unit taken for a header would go on for ever."""
_LARGEST_DATA = 2**63
"""Bytes; no file system holds more, so a header that says so is damaged."""
_TELLING = frozenset((b"NAX", b"BIT", b"PCO", b"GCO", b"GRO", b"CHE", b"DAT"))
"""How the names begin that tell the size of the data, and the sums."""


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
    walk = FitsWalk()
    while piece := stream.read(_PIECE):
        walk.feed(piece)
    return walk.finish()


class FitsWalk:
    """A walk through all HDUs, in step with the bytes that arrive, in pieces of any size.

    Data that carry no sum are only counted.
    """

    def __init__(self) -> None:
        self._check = FitsCheck()
        self._step: Callable[[memoryview], memoryview] = self._gather
        """What takes the next bytes; it gives back what it leaves to the next step."""
        self._gathered = bytearray()
        """The beginning of a block that has not come as a whole."""
        self._header: _Header | None = None
        """The header that is being read; None between HDUs."""
        self._data = _Data()
        self._rest = 0
        self._blank = True

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises Corrupt as soon as they cannot be those of a FITS file."""
        view = memoryview(data)
        while view:
            view = self._step(view)

    def finish(self) -> FitsCheck:
        """What was found. Raises Corrupt where a header or data are missing."""
        check = self._check
        if self._step == self._read_data:
            self._data.cut(check)
            check.hdus += 1
        elif self._step == self._gather and (self._gathered or self._header or not check.hdus):
            self._take_block(bytes(self._gathered))
        if self._rest:
            kind = "blank" if self._blank else "unknown"
            check.oddities.append(f"{self._rest:,} {kind} bytes follow the last HDU")
        return check

    def _gather(self, view: memoryview) -> memoryview:
        """Bring the next block of a header together."""
        missing = BLOCK - len(self._gathered)
        if missing == BLOCK <= len(view):
            self._take_block(bytes(view[:BLOCK]))
            return view[BLOCK:]
        self._gathered += view[:missing]
        if len(self._gathered) == BLOCK:
            block = bytes(self._gathered)
            self._gathered.clear()
            self._take_block(block)
        return view[missing:]

    def _take_block(self, block: bytes) -> None:
        """One block of a header, shorter only at the end of the file."""
        check = self._check
        if self._header is None:
            if not check.hdus and not is_fits(block):
                raise Corrupt("this is no FITS file: it does not begin with SIMPLE; fetch it again")
            # A file may also be cut inside the very word.
            if check.hdus and not b"XTENSION".startswith(block[:8]):
                self._step = self._count_rest
                self._count_rest(memoryview(block))
                return
            self._header = _Header()
        if self._header.take(block, check):
            self._data = _Data(self._header)
            self._header = None
            self._step = self._read_data
            self._end_data()

    def _read_data(self, view: memoryview) -> memoryview:
        taken = self._data.take(view)
        self._end_data()
        return view[taken:]

    def _end_data(self) -> None:
        if not self._data.left:
            self._data.judge(self._check)
            self._check.hdus += 1
            self._step = self._gather

    def _count_rest(self, view: memoryview) -> memoryview:
        """What follows the last HDU; the standard calls whole blocks "special records"."""
        self._blank = self._blank and not bytes(view).strip(b"\0 ")
        self._rest += len(view)
        return view[len(view) :]


class _Header:
    """The cards that tell the size of the data, and the header's own sum."""

    def __init__(self) -> None:
        self._cards: dict[str, str] = {}
        self._blocks: list[bytes] = []

    def take(self, block: bytes, check: FitsCheck) -> bool:
        """Add one block; True where it was the last."""
        self._blocks.append(block)
        ended = self._take_cards(block)
        if len(block) < BLOCK:
            if not ended or self._cards.get("NAXIS", "0").strip("0"):
                raise Corrupt(
                    f"the FITS file ends inside the header of HDU {check.hdus}; fetch it again"
                )
            check.filled = False
            check.oddities.append("the last header is not filled up to 2880 bytes")
        elif not ended and len(self._blocks) > _LONGEST_HEADER:
            raise Corrupt(f"the header of HDU {check.hdus} has no END card; fetch the file again")
        return ended

    def total(self) -> int:
        """Sum of the header's bytes."""
        return _sum(b"".join(self._blocks))

    def sums(self) -> dict[str, str]:
        """CHECKSUM and DATASUM as they are written, where they are defined."""
        said = {name: self._cards.get(name, "") for name in ("DATASUM", "CHECKSUM")}
        # Blank means undefined (section 4.4.2.7); some writers put "0" there.
        return {name: text for name, text in said.items() if text.strip("0 ")}

    def data_size(self) -> int:
        """Bytes of data, without padding."""
        axes = [self._number(f"NAXIS{n + 1}") for n in range(self._number("NAXIS"))]
        if not axes:
            return 0
        groups, parameters = self._number("GCOUNT", 1), self._number("PCOUNT", 0)
        if axes[0] == 0 and self._cards.get("GROUPS", "").startswith("T"):
            axes = axes[1:]  # random groups (section 6.2)
        size = abs(self._number("BITPIX")) // 8 * groups * (parameters + prod(axes))
        if not 0 <= size < _LARGEST_DATA:
            raise Corrupt("the FITS header gives an impossible size; fetch the file again")
        return size

    def _number(self, name: str, default: int | None = None) -> int:
        text = self._cards.get(name)
        if text is None and default is not None:
            return default
        try:
            return int(text or "")
        except ValueError:
            raise Corrupt(
                f"the FITS header says {name} = {text!r}, which is no number; fetch the file again"
            ) from None

    def _take_cards(self, block: bytes) -> bool:
        """Add the telling cards of one block, the first of each name; True where END is there."""
        for place in range(0, len(block), _CARD):
            start = block[place : place + 3]
            if start in _TELLING:
                self._take_card(block[place : place + _CARD])
            elif start == b"END" and _is_end(block[place : place + _CARD]):
                return True
        return False

    def _take_card(self, card: bytes) -> None:
        if card[8:9] == b"=" or card[7:8] == b"=":
            name = card[:8].rstrip(b"= ").decode("latin-1")
            self._cards.setdefault(name, _value(card.partition(b"=")[2].decode("latin-1")))


class _Data:
    """The data of one HDU on their way, with their sum where the header tells one."""

    def __init__(self, header: _Header | None = None) -> None:
        self._size = header.data_size() if header else 0
        self._padded = -(-self._size // BLOCK) * BLOCK
        self.left = self._padded
        """Bytes to come, with padding."""
        self._said = header.sums() if header else {}
        self._header_total = header.total() if header and "CHECKSUM" in self._said else 0
        self._total = 0

    def take(self, view: memoryview) -> int:
        """How many of these bytes belong to the data."""
        taken = min(len(view), self.left)
        if self._said:
            # Ones' complement: a word that begins k bytes late is turned by 8k bits.
            self._total += _sum(view[:taken]) << 8 * (self.left % 4)
        self.left -= taken
        return taken

    def cut(self, check: FitsCheck) -> None:
        """The file ended here. Without all of the padding there is no sum to compare."""
        got = self._padded - self.left
        if got < self._size:
            raise Corrupt(
                f"HDU {check.hdus} of the FITS file holds {got:,} of {self._size:,} bytes of data; "
                "fetch it again"
            )
        check.filled = False
        check.oddities.append("the last data are not filled up to 2880 bytes")

    def judge(self, check: FitsCheck) -> None:
        """Compare the sums with what the header says."""
        for name, text in self._said.items():
            if name == "DATASUM":
                right = text.isdecimal() and (int(text) - self._total) % _MODULUS == 0
                check.datasums += right
            else:
                right = (self._header_total + self._total) % _MODULUS == 0
                check.checksums += right
            if not right:
                check.stale.append(f"{name} of HDU {check.hdus} does not fit its bytes")


def _is_end(card: bytes) -> bool:
    return card[:8].rstrip() == b"END" and not card[8:].strip()


def _value(text: str) -> str:
    """A card's value as text, without quotes and comment."""
    text = text.strip()
    if text.startswith("'"):
        return text[1:].partition("'")[0].strip()
    return text.partition("/")[0].strip()


def _sum(data: bytes | memoryview) -> int:
    """Sum of the big-endian 32-bit words; a short last one is filled with zeros."""
    import numpy as np

    whole = len(data) // 4
    total = int(np.frombuffer(data, ">u4", whole).sum(dtype=np.uint64)) if whole else 0
    last = bytes(data[4 * whole :])
    return total + int.from_bytes(last.ljust(4, b"\0"))
