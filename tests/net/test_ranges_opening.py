"""This file tries that a first read opens connections for the next where that harms nobody."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from fault_server import FaultServer, Line, Plan
from range_server import RangeFile

from skyatlas.archive import Pace
from skyatlas.errors import Broken, Unreadable
from skyatlas.formats.remote import Piece, Place, RemoteImage
from skyatlas.net.door import Host, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.ranges import Ranges
from skyatlas.net.street import Street

DATA = random.Random(7).randbytes(200_000)
FIRST = (0, 28_800)
"""What is read where a header begins."""
HERE = "127.0.0.1"
SCALE = 0.001

Opened = Callable[..., Ranges]


@pytest.fixture
def opened(clock: Clock) -> Iterator[Opened]:
    """Readers on one street; `told` is what the user wants of it."""
    with ExitStack() as doors:

        def ranges(url: str, pace: Pace | None = None, told: int | None = None) -> Ranges:
            host = Host("eso", pace or Pace())
            door = StreetDoor({HERE: host}, clock=clock, files_at_once=told)
            return Ranges(doors.enter_context(door), url)

        yield ranges


def image() -> bytes:
    """512 of its 1200 rows are three requests."""
    cards = {"CRPIX1": 750.5, "CRPIX2": 600.5, "CDELT1": -SCALE, "CDELT2": SCALE}
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 0.0, "CRVAL2": 0.0}
    pixels = np.arange(1200 * 1500, dtype="f4").reshape(1200, 1500)
    file = io.BytesIO()
    fits.PrimaryHDU(pixels, fits.Header({**cards, **sky, "RADESYS": "ICRS"}.items())).writeto(file)
    return file.getvalue()


def test_the_rows_of_a_piece_come_over_the_connections_that_the_header_opened(
    server: FaultServer,
) -> None:
    file, together = RangeFile(image()), threading.Barrier(3)
    lines: list[tuple[str, int]] = []

    def noted(line: Line) -> None:
        lines.append(line.client_address)
        together.wait(5)  # so that nobody is done before the others have begun
        file(line)

    with Ranges(Street(), server.on("/f.fits", noted)) as ranges:
        remote = RemoteImage(ranges, ranges.url)
        assert len(remote.blocks) == 1
        assert len(set(lines)) == len(lines) == 3
        (piece,) = remote.cut([Place(0.0, 0.0, 512 * SCALE, 512 * SCALE)])
    assert isinstance(piece, Piece)
    assert len(set(lines)) == 3
    assert len(lines) == ranges.requests == 6


@pytest.mark.parametrize("size", [100, 5_760, 8_640, 20_000, 28_800, 60_000])
@pytest.mark.parametrize("tells", [True, False])
def test_a_file_that_ends_within_the_first_shares_is_read(
    server: FaultServer, opened: Opened, size: int, tells: bool
) -> None:
    file = RangeFile(DATA[:size])
    beyond = sum(start >= size for start in (0, 9_600, 19_200))
    refused = threading.Semaphore(0)

    def sparing(line: Line) -> None:
        start = int(line.seen.headers["range"][len("bytes=") :].partition("-")[0])
        if start >= size:
            file(line) if tells else line.whole(416, b"")
            refused.release()
            return
        for _ in range(beyond if start == 0 else 0):
            assert refused.acquire(timeout=5)  # the size comes last
        file(line)

    ranges = opened(server.on("/f", sparing))
    assert ranges.read([FIRST]) == [DATA[:size][: FIRST[1]]]
    assert ranges.size == size
    assert ranges.read([(50, 90), (size, size + 10)]) == [DATA[50:90], b""]


@pytest.mark.parametrize("size", [5_760, 20_000])
def test_a_small_file_of_a_server_without_ranges_is_read(
    server: FaultServer, opened: Opened, size: int
) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA[:size], ranges=False)))
    assert ranges.read([FIRST]) == [DATA[:size]]
    assert ranges.read([(9_000, 12_000)]) == [DATA[:size][9_000:12_000]]


def test_a_large_file_of_a_server_without_ranges_is_refused(
    server: FaultServer, opened: Opened
) -> None:
    with pytest.raises(Unreadable, match="sends no ranges"):
        opened(server.on("/f", RangeFile(DATA, ranges=False))).read([FIRST])


def test_a_server_that_never_tells_what_it_lacks_is_not_believed(
    server: FaultServer, opened: Opened
) -> None:
    url = server.on("/f", lambda line: line.whole(416, b""))
    with pytest.raises(Unreadable):
        opened(url).read([FIRST])
    with pytest.raises(Unreadable):
        opened(url).read([(6_000, 7_000)])
    ranges = opened(server.on("/m", RangeFile(DATA), lambda line: line.whole(416, b"")))
    ranges.read([(0, 10)])
    with pytest.raises(Unreadable, match="416"):
        ranges.read([(6_000, 7_000)])


@pytest.mark.parametrize(
    "other",
    [
        RangeFile(DATA, etag='"two"'),
        RangeFile(DATA[:100_000]),
        RangeFile(DATA, headers={"last_modified": "Sat, 21 Nov 2026 00:00:00 GMT"}),
        RangeFile(DATA[:5_000]),
    ],
    ids=["tag", "size", "date", "shorter"],
)
def test_shares_of_two_versions_are_never_put_together(
    server: FaultServer, opened: Opened, other: Plan
) -> None:
    one = RangeFile(DATA)
    url = server.on("/f", lambda line: (one if first(line) else other)(line))
    with pytest.raises(Broken, match="changed this file"):
        opened(url).read([FIRST])


def first(line: Line) -> bool:
    return line.seen.headers["range"].startswith("bytes=0-")


@pytest.mark.parametrize(
    ("pace", "told", "requests"),
    [
        (Pace(), None, 3),
        (Pace(files_at_once=2), None, 2),
        (Pace(files_at_once=1), None, 1),
        (Pace(), 1, 1),
        (Pace(files_per_second=1.0), None, 1),
    ],
    ids=["usual", "two", "one", "told", "paced"],
)
def test_no_more_connections_are_opened_than_the_host_may_have(
    server: FaultServer,
    opened: Opened,
    clock: Any,
    pace: Pace,
    told: int | None,
    requests: int,
) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA)), pace, told)
    assert ranges.read([FIRST]) == [DATA[: FIRST[1]]]
    assert ranges.requests == requests
    assert not clock.waits


def test_turns_that_files_hold_are_left_to_them(server: FaultServer, clock: Clock) -> None:
    url = server.on("/f", RangeFile(DATA))
    with StreetDoor(clock=clock) as door, door.turns.file(HERE), door.turns.file(HERE):
        ranges = Ranges(door, url)
        ranges.read([FIRST])
        assert ranges.requests == 1
        with door.turns.file(HERE), door.turns.file(HERE):
            assert isinstance(door.turns.try_file(HERE), float)  # all were given back, but no more


def test_one_of_several_readers_opens_one_connection(server: FaultServer, clock: Clock) -> None:
    url = server.on("/f", RangeFile(DATA))
    with StreetDoor(clock=clock) as door, Ranges(door, url) as second:
        with Ranges(door, url) as first:
            first.read([FIRST])
            assert first.requests == 1
        # Neither shares turns with the second.
        with Ranges(Street(), url), Ranges(door, "https://other.example/f"):
            second.read([FIRST])
            assert second.requests == 3


def test_only_the_first_read_is_divided(server: FaultServer, opened: Opened) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA)))
    for count, span in ((1, (0, 8_000)), (2, FIRST), (3, (30_000, 60_000))):
        ranges.read([span])
        assert ranges.requests == count
