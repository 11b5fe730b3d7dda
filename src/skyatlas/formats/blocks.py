"""This file walks through the headers of a FITS file that is somewhere else, in few reads.

Invariant: every HDU lies where the headers before it say, inside the file; nothing is guessed, but
where the next headers are likely to be is asked for in the same read.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from skyatlas.errors import FormatError
from skyatlas.formats.opening import quiet, says, wrapping_of
from skyatlas.formats.records import END

if TYPE_CHECKING:
    from astropy.io.fits import Header

Span = tuple[int, int]
"""First byte, and the byte after the last."""
Reading = Generator[list[Span], list[bytes], bytes]
"""Asks for spans, is sent their bytes, and so on; ends with what was to be read."""

_BLOCK = 2880
_FIRST_READ = 10 * _BLOCK
"""Bytes read where a header begins; nearly all are shorter."""
_LONGEST = 5_000 * _BLOCK
"""Bytes of a header; real ones stay below 2 MB."""
_MOST_GUESSES = 16
_MOST_HDUS = 2_000


class Source(Protocol):
    """A file of which spans are read."""

    @property
    def size(self) -> int | None:
        """Bytes of the file, once something was read; None where nobody says."""

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """The bytes of these spans; what lies beyond the end of the file is left out."""


@dataclass(frozen=True)
class Block:
    """One HDU: its header, and where its data are. Looks enough like astropy's for `layers`."""

    number: int
    raw: bytes
    """The header as it stands in the file."""
    start: int
    """Of its header, in the file."""

    @cached_property
    def header(self) -> Header:
        """The cards as astropy sees them."""
        from astropy.io.fits import Header

        return Header.fromstring(self.raw)

    @cached_property
    def compressed(self) -> bool:
        """Whether this is an image in tiles, kept in a table (FITS standard 4.0, section 10.1)."""
        return self.header.get("ZIMAGE") is True

    @cached_property
    def is_image(self) -> bool:
        """Whether it holds an array, and no random groups."""
        kind = str(self.header.get("XTENSION", "IMAGE")).strip()
        return self.compressed or (kind == "IMAGE" and self.header.get("GROUPS") is not True)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Of the image, in numpy's order."""
        names = "ZNAXIS" if self.compressed else "NAXIS"
        return tuple(self._whole(f"{names}{n}") for n in range(self._whole(names), 0, -1))

    @cached_property
    def bitpix(self) -> int:
        """Of the image: bits of a pixel, negative for floats."""
        return self._whole("ZBITPIX" if self.compressed else "BITPIX")

    @cached_property
    def name(self) -> str:
        """EXTNAME; "PRIMARY" for a first HDU without."""
        return str(self.header.get("EXTNAME", "" if self.number else "PRIMARY")).strip().upper()

    @cached_property
    def ver(self) -> int:
        """EXTVER, 1 where it is not given."""
        version = self.header.get("EXTVER", 1)
        return version if isinstance(version, int) else 1

    @property
    def title(self) -> str:
        """For people: "SCI,1" or "HDU 0"."""
        return f"{self.name},{self.ver}" if "EXTNAME" in self.header else f"HDU {self.number}"

    @property
    def data(self) -> int:
        """First byte of the data."""
        return self.start + len(self.raw)

    @cached_property
    def size(self) -> int:
        """Bytes of the data without padding (section 4.4.1.2)."""
        axes = [self._whole(f"NAXIS{n + 1}") for n in range(self._whole("NAXIS"))]
        if axes and axes[0] == 0 and self.header.get("GROUPS") is True:
            axes = axes[1:]
        groups, more = self._whole("GCOUNT", 1), self._whole("PCOUNT", 0)
        return abs(self._whole("BITPIX")) // 8 * groups * (more + prod(axes)) if axes else 0

    @property
    def stop(self) -> int:
        """Where the next HDU begins."""
        return self.data + -(-self.size // _BLOCK) * _BLOCK

    def _whole(self, keyword: str, default: int | None = None) -> int:
        value: Any = self.header.get(keyword, default)
        if not isinstance(value, int) or (value < 0 and "BITPIX" not in keyword):
            raise FormatError(f"HDU {self.number} is damaged: its header says {keyword} = {value}.")
        return value


def walk(source: Source) -> list[Block]:
    """All HDUs of a file. Raises FormatError where it is no plain FITS file."""
    with quiet():
        return list(_walk(source))


def _walk(source: Source) -> Generator[Block]:
    place, number, guesses = 0, 0, 0
    near: dict[int, bytes] = {}
    before: Block | None = None
    while source.size is None or place < source.size:
        held = _held(near, place)
        if held is not None:
            guesses = min(guesses + 1, _MOST_GUESSES)
        else:
            step = before.stop - before.start if before else 0
            places = [place + step * n for n in range(guesses + 2 if step else 1)]
            inside = [p for p in places if source.size is None or p < source.size]
            found = source.read([(p, p + _FIRST_READ) for p in inside])
            near = dict(zip(inside, found, strict=True))
            guesses, held = guesses // 2, near[place]
        raw = _header(source, place, held, number)
        if raw is None:
            return  # what follows the last HDU
        before = Block(number, raw, place)
        if before.stop <= place or number > _MOST_HDUS:
            raise FormatError(f"HDU {number} is damaged: its size cannot be.")
        if source.size is not None and before.data + before.size > source.size:
            raise FormatError(f"the file is cut short: HDU {number} should end beyond its end.")
        yield before
        place, number = before.stop, number + 1


def _held(near: dict[int, bytes], place: int) -> bytes | None:
    """What was read already from this place on, where that is a whole header."""
    for start, data in near.items():
        rest = data[place - start :] if start <= place < start + len(data) else b""
        end = _end_of(rest)
        if end is not None and end <= len(rest):
            return rest
    return None


def _header(source: Source, place: int, raw: bytes, number: int) -> bytes | None:
    """The header at this place, as long as it is; None where none begins there."""
    if number == 0:
        _refuse_other(raw)
    elif not raw.startswith(b"XTENSION"):
        return None
    while (end := _end_of(raw)) is None:
        more = source.read([(place + len(raw), place + 3 * len(raw))])[0]
        raw += more
        if not more or len(raw) > _LONGEST:
            raise FormatError(f"the header of HDU {number} has no end.")
    if end > len(raw):
        raise FormatError(f"the file ends inside the header of HDU {number}.")
    return raw[:end]


def _refuse_other(start: bytes) -> None:
    wrapping = wrapping_of(start)
    if wrapping is not None:
        raise FormatError(
            f"the remote file is in a {wrapping} wrapping, of which no piece can be read alone;"
            " fetch it as a whole."
        )
    if not start.startswith(b"SIMPLE"):
        raise FormatError(f"the remote file is not FITS: it {says(start)}.")


def _end_of(raw: bytes) -> int | None:
    """Length of the header in whole blocks; None where END has not come."""
    place = raw.find(END)
    while place >= 0 and place % len(END):
        place = raw.find(END, place + 1)
    return None if place < 0 else -(-(place + len(END)) // _BLOCK) * _BLOCK


def together(readings: Sequence[Reading], read: Callable[[list[Span]], list[bytes]]) -> list[bytes]:
    """What each reading ends with; what they ask for at the same step comes in one read."""
    results: list[bytes] = [b""] * len(readings)
    sent: dict[int, list[bytes] | None] = dict.fromkeys(range(len(readings)))
    while sent:
        asked: dict[int, list[Span]] = {}
        for index, data in sent.items():
            try:
                asked[index] = next(readings[index]) if data is None else readings[index].send(data)
            except StopIteration as end:
                results[index] = end.value
        flat = [span for spans in asked.values() for span in spans]
        answers = iter(read(flat) if flat else [])
        sent = {index: [next(answers) for _ in spans] for index, spans in asked.items()}
    return results
