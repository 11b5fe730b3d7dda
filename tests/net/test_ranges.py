"""This file holds range reads to their word: the right bytes of one version, and no others."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from fault_server import FaultServer, Line, Plan, body, redirect
from hypothesis import given
from hypothesis import strategies as some
from range_server import RangeFile

from skyatlas.archive import Pace
from skyatlas.errors import BadInput, Broken, Busy, Refused, Unreachable, Unreadable
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.multipart import Malformed, Part, parts
from skyatlas.net.pace import Clock
from skyatlas.net.ranges import Ranges
from skyatlas.net.spans import Gathered, header_of, in_headers, joined, split
from skyatlas.net.street import Street

DATA = random.Random(6).randbytes(3_000_000)
ROWS = [(start, start + 700) for start in range(100_000, 2_500_000, 5000)]
"""As an image has them: 480 pieces with gaps."""
NEAR = [(start, start + 700) for start in range(100_000, 580_000, 1000)]

Opened = Callable[[str], Ranges]


@pytest.fixture
def opened(clock: Clock) -> Iterator[Opened]:
    with StreetDoor(
        {"127.0.0.1": Host("eso", Pace(at_once=4, per_second=0), login=True)},
        patience=Patience(connect=2, silence=20, total=20),
        clock=clock,
    ) as door:
        yield lambda url: Ranges(door, url)


def right(ranges: Ranges, spans: list[tuple[int, int]]) -> bool:
    return ranges.read(spans) == [DATA[start:stop] for start, stop in spans]


@pytest.mark.parametrize("several", ["multipart", "merged", "reversed", "first", "whole"])
def test_the_bytes_are_right_however_the_server_sends_several_ranges(
    server: FaultServer, opened: Opened, several: str
) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA, several=several)))
    assert right(ranges, [(0, 2880)])
    assert right(ranges, NEAR)
    assert (ranges.size, ranges.etag) == (len(DATA), '"one"')
    assert ranges.multipart is (several not in ("first", "whole"))
    assert right(ranges, ROWS[::-1])


def test_many_rows_come_in_few_requests_and_few_bytes(server: FaultServer, opened: Opened) -> None:
    file = RangeFile(DATA, most=200, longest=8000)
    ranges = opened(server.on("/f", file))
    assert right(ranges, [(0, 2880)])
    assert right(ranges, ROWS)
    assert ranges.requests == len(server.seen) == 4
    assert sum(file.bodies) == ranges.received < 1.2 * (2880 + 480 * 700)


def test_a_server_of_single_ranges_is_not_asked_for_several_for_long(
    server: FaultServer, opened: Opened
) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA, several="whole")))
    assert right(ranges, [(start, start + 30) for start in range(0, 2_900_000, 400)])
    assert sum("," in seen.headers["range"] for seen in server.seen) <= 4  # the lines


def test_a_known_manner_is_not_tried_again(server: FaultServer, opened: Opened) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA, several="whole")))
    ranges.multipart = False
    assert right(ranges, ROWS)
    assert all("," not in seen.headers["range"] for seen in server.seen)


def test_a_server_without_ranges_is_stopped_before_the_file_comes(
    server: FaultServer, opened: Opened
) -> None:
    file = RangeFile(DATA * 20, ranges=False)
    with pytest.raises(Unreadable, match=r"sends no ranges, only the whole file of 60,000,000"):
        opened(server.on("/f", file)).read([(0, 2880)])
    assert len(server.seen) == 1
    assert file.bodies[0] < 20_000_000


def test_a_small_file_may_come_whole(server: FaultServer, opened: Opened) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA[:5000], ranges=False)))
    assert ranges.read([(0, 46080), (10, 20)]) == [DATA[:5000], DATA[10:20]]


def test_what_lies_beyond_the_end_is_left_out(server: FaultServer, opened: Opened) -> None:
    url = server.on("/f", RangeFile(DATA[:5000]))
    wanted = [DATA[4000:5000], b"", DATA[7:9], b""]
    assert opened(url).read([(4000, 9000), (5000, 6000), (7, 9), (3, 3)]) == wanted
    ranges = opened(url)
    assert ranges.read([(6000, 7000)]) == [b""]
    assert ranges.size == 5000


@pytest.mark.parametrize("heeds_condition", [True, False])
def test_a_file_that_changes_in_between_is_an_error(
    server: FaultServer, opened: Opened, heeds_condition: bool
) -> None:
    changed = RangeFile(bytes(len(DATA)), etag='"two"')

    def second(line: Line) -> None:
        if not heeds_condition:
            line.seen.headers.pop("if-range", None)
        changed(line)

    ranges = opened(server.on("/f", RangeFile(DATA), second))
    assert right(ranges, [(0, 2880)])
    with pytest.raises(Broken, match="changed this file while it was being read"):
        ranges.read(ROWS[:3])


@pytest.mark.parametrize(
    "other",
    [
        RangeFile(DATA + b"more", etag=None),
        RangeFile(DATA, etag=None, headers={"last_modified": "Sat, 21 Nov 2026 00:00:00 GMT"}),
    ],
    ids=["size", "date"],
)
def test_without_a_tag_size_and_date_tell_of_a_change(
    server: FaultServer, opened: Opened, other: Plan
) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA, etag=None), other))
    assert right(ranges, [(0, 2880)])
    with pytest.raises(Broken, match="changed this file"):
        ranges.read(ROWS[:1])


def test_a_weak_tag_is_compared_and_not_sent(server: FaultServer, opened: Opened) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA, etag='W/"one"')))
    assert right(ranges, ROWS[:2])
    assert right(ranges, ROWS)
    assert all("if-range" not in seen.headers for seen in server.seen)


def test_a_strong_tag_is_a_condition(server: FaultServer, opened: Opened) -> None:
    ranges = opened(server.on("/f", RangeFile(DATA)))
    assert right(ranges, ROWS[:2])
    assert right(ranges, ROWS[2:4])
    assert server.seen[1].headers["if-range"] == '"one"'


@pytest.mark.parametrize(
    "file",
    [
        RangeFile(DATA, shift=7),
        RangeFile(DATA, shift=-70),
        RangeFile(DATA, shift=len(DATA)),
        RangeFile(DATA, headers={"content_encoding": "gzip"}),
    ],
    ids=["later", "earlier", "impossible", "compressed"],
)
@pytest.mark.parametrize("spans", [[(1000, 2000)], [(1000, 2000), (9000, 9100)]])
def test_other_bytes_than_asked_for_are_refused(
    server: FaultServer, opened: Opened, file: RangeFile, spans: list[tuple[int, int]]
) -> None:
    with pytest.raises(Unreadable, match="ESO"):
        opened(server.on("/f", file)).read(spans)


def test_an_answer_to_more_than_was_asked_is_stopped(server: FaultServer, opened: Opened) -> None:
    file = RangeFile(DATA * 20)

    def greedy(line: Line) -> None:
        line.seen.headers["range"] = f"bytes=0-{len(file.data) - 1}"
        file(line)

    with pytest.raises(Unreadable, match="other bytes than it is asked for"):
        opened(server.on("/f", greedy)).read([(0, 2880)])
    assert file.bodies[0] < 20_000_000


def test_a_broken_line_is_tried_again(server: FaultServer, opened: Opened) -> None:
    file = RangeFile(DATA)

    def breaks(line: Line) -> None:
        line.head(206, content_length=2880, content_range=f"bytes 0-2879/{len(DATA)}", etag='"one"')
        line.wfile.write(DATA[:1000])
        line.reset()

    ranges = opened(server.on("/f", breaks, body(b"", 503, retry_after=1), file))
    assert right(ranges, [(0, 2880)])
    assert len(server.seen) == 3


def test_a_busy_server_and_a_missing_file_are_what_they_are(
    server: FaultServer, opened: Opened
) -> None:
    with pytest.raises(Busy):
        opened(server.on("/busy", body(b"", 429))).read([(0, 10)])
    with pytest.raises(Refused, match="404"):
        opened(server.on("/none", body(b"", 404))).read([(0, 10)])
    with pytest.raises(Unreadable, match="416"):
        opened(server.on("/odd", body(b"", 416))).read([(0, 10)])


def test_a_redirect_is_followed_once_and_then_left_out(
    server: FaultServer, opened: Opened, clock: Clock
) -> None:
    target = server.on("/t", RangeFile(DATA)) + "?Signature=abcdef"
    ranges = opened(server.on("/f", redirect(target)))
    assert right(ranges, [(0, 2880)])
    assert right(ranges, ROWS)
    assert len(server.asked("/f")) == 1
    assert "abcdef" not in ranges.answered_url
    assert server.seen[-1].path.endswith("abcdef")


def test_a_signed_address_that_ran_out_is_asked_for_again(
    server: FaultServer, opened: Opened
) -> None:
    target = server.on("/t", RangeFile(DATA), body(b"expired", 403), RangeFile(DATA))
    ranges = opened(server.on("/f", redirect(target)))
    assert right(ranges, [(0, 2880)])
    assert right(ranges, ROWS[:1])
    assert len(server.asked("/f")) == 2


def test_all_reads_of_a_file_share_a_connection(server: FaultServer, opened: Opened) -> None:
    lines: set[tuple[str, int]] = set()
    file = RangeFile(DATA)

    def noted(line: Line) -> None:
        lines.add(line.client_address)
        file(line)

    ranges = opened(server.on("/f", noted))
    for row in ROWS[:20]:
        assert right(ranges, [row])
    assert len(lines) == 1


def test_nothing_leaves_offline_or_for_what_is_no_address(server: FaultServer) -> None:
    url = server.on("/f", RangeFile(DATA))
    with Ranges(Street(offline=True), url) as ranges, pytest.raises(Unreachable, match="offline"):
        ranges.read([(0, 10)])
    with pytest.raises(BadInput):
        Ranges(Street(), "ftp://here/f")
    with Ranges(Street(), url) as ranges, pytest.raises(BadInput):
        ranges.read([(10, 5)])
    assert not server.seen


def test_the_sandbox_is_asked_in_place_of_the_archive(server: FaultServer) -> None:
    server.on("/archive.example/f", RangeFile(DATA))
    with Ranges(Street(sandbox=server.url), "https://archive.example/f") as ranges:
        assert right(ranges, ROWS)
        assert ranges.answered_url == "https://archive.example/f"


PART = b"--x\r\nContent-Type: a/b\r\nContent-Range: bytes 3-5/10\r\n\r\nabc"
"""One part; `parts` wants `\\r\\n--x--` after it."""


def test_a_boundary_inside_the_data_ends_nothing() -> None:
    data = b"\r\n--x--\r\n"
    head = b"--x\r\nContent-Range: bytes 0-8/10\r\n\r\n"
    found = parts(head + data + b"\r\n" + PART + b"\r\n--x--\r\n", "x")
    assert [(part.start, bytes(part.data)) for part in found] == [(0, data), (3, b"abc")]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"preamble" + PART + b"\r\n--x--",
        PART,
        PART + b"\r\n",
        PART + b"\r\n--x",
        PART + b"d\r\n--x--",
        PART[:-1] + b"\r\n--x--",
        PART + b"\r\n--x--\r\n" + PART,
        PART.replace(b"Content-Range", b"Other") + b"\r\n--x--",
        PART.replace(b"3-5/10", b"3-5") + b"\r\n--x--",
        PART.replace(b"3-5/10", b"5-3/10") + b"\r\n--x--",
        PART.replace(b"3-5/10", b"3-5/4") + b"\r\n--x--",
        PART.replace(b"3-5/10", b"3-99999/*") + b"\r\n--x--",
    ],
)
def test_parts_that_are_not_exactly_so_are_refused(broken: bytes) -> None:
    assert len(parts(PART + b"\r\n--x--\r\n", "x")) == 1
    with pytest.raises(Malformed):
        parts(broken, "x")


SPANS = some.lists(
    some.tuples(some.integers(0, 5000), some.integers(1, 300)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=40,
)


@given(SPANS, some.integers(0, 500), some.integers(1, 200))
def test_planned_spans_cover_what_is_wanted(
    spans: list[tuple[int, int]], gap: int, largest: int
) -> None:
    planned = in_headers(split(joined(spans, gap), largest), 60, 3, 4 * largest)
    assert all(len(header_of(one)) <= 60 and len(one) <= 3 for one in planned)
    got = [Part(a, memoryview(DATA)[a:b], None) for one in planned for a, b in one]
    assert [Gathered(got).taken(span) for span in spans] == [DATA[a:b] for a, b in spans]
    for lacking in range(len(got)):
        fewer = Gathered(got[:lacking] + got[lacking + 1 :])
        assert fewer.taken((got[lacking].start, got[lacking].stop)) is None
