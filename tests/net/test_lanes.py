"""This file fetches large files from servers that throttle: over several connections, whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_server import FaultServer, File, Line, body
from spans import Asked, Spans

from skyatlas.archive import Pace
from skyatlas.errors import Incomplete
from skyatlas.model import Product
from skyatlas.net import arrival, lanes
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.transfer import fetch_one

HOST = "archive.example"
DATA = np.random.default_rng(3).bytes(5_000_000)
SLOW = 1.2e6
"""Bytes per second and connection."""
LARGE = 1_000_000
"""Bytes. Instead of 64 MiB, so that the tests are quick."""


@pytest.fixture(autouse=True)
def _scaled_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LARGE", LARGE)
    monkeypatch.setattr(arrival, "LARGE", LARGE)
    monkeypatch.setattr(arrival, "_ENOUGH", 200_000)
    monkeypatch.setattr(lanes, "_SMALLEST", 100_000)
    monkeypatch.setattr(lanes, "_BLOCK", 500_000)


def door_at(server: FaultServer, clock: Clock, files_at_once: int) -> StreetDoor:
    hosts = {HOST: Host("", Pace(per_second=0, files_at_once=files_at_once))}
    patience = Patience(connect=2, silence=2, tries=3)
    return StreetDoor(hosts, sandbox=server.url, clock=clock, patience=patience)


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    with door_at(server, clock, 6) as one:
        yield one


def product(name: str = "x") -> Product:
    return Product(f"https://{HOST}/{name}", name=name)


def serve(server: FaultServer, *plans: object, name: str = "x") -> str:
    server.on(f"/{HOST}/{name}", *plans)
    return f"/{HOST}/{name}"


def assert_whole(path: Path, sha256: str, data: bytes = DATA) -> None:
    assert path.read_bytes() == data
    assert sha256 == hashlib.sha256(data).hexdigest()


def test_a_throttled_file_comes_over_as_many_connections_as_the_pace_allows(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    spans = Spans(DATA, SLOW)
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)
    # A server sees late that a connection was cut, and counts it until then.
    assert 4 <= spans.most <= 8
    assert all(asked.ranged for asked in spans.requests[1:])
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_pace_of_one_is_one_connection(server: FaultServer, clock: Clock, tmp_path: Path) -> None:
    spans = Spans(DATA, 4 * SLOW)
    serve(server, spans)
    with door_at(server, clock, 1) as door:
        fetch_one(product(), tmp_path, door=door)
    assert len(spans.requests) == 1


@pytest.mark.parametrize(
    "spans",
    [
        Spans(DATA[: LARGE - 1], SLOW),
        Spans(DATA, 4 * SLOW, headers={}),
        Spans(DATA, 4 * SLOW, headers={"accept_ranges": "none"}),
        Spans(DATA, 4 * SLOW, etag=None),
        Spans(DATA, 4 * SLOW, etag='W/"weak"'),
    ],
    ids=["small", "no ranges said", "ranges denied", "no validator", "weak validator"],
)
def test_other_files_come_over_one_connection(
    server: FaultServer, door: StreetDoor, tmp_path: Path, spans: Spans
) -> None:
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256, spans.data)
    assert len(spans.requests) == 1


def test_a_fast_connection_is_not_split(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    data = np.random.default_rng(4).bytes(40_000_000)
    spans = Spans(data)
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256, data)
    assert len(spans.requests) == 1


def test_files_that_wait_go_before_further_connections(
    server: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    large = Spans(DATA, SLOW)
    serve(server, large)
    names = [f"small{number}" for number in range(8)]
    for name in names:
        serve(server, Spans(DATA[:60_000], 0.4e6), name=name)
    with door_at(server, clock, 3) as door:
        others = [
            threading.Thread(target=fetch_one, args=(product(n), tmp_path), kwargs={"door": door})
            for n in names
        ]

        def progress(done: int, length: int | None) -> None:
            while others:
                others.pop().start()

        fetch_one(product(), tmp_path, door=door, progress=progress)
    asked = [(seen.path.rpartition("/")[2], "range" in seen.headers) for seen in server.seen]
    last_small = max(at for at, (name, _) in enumerate(asked) if name != "x")
    splits = [at for at, one in enumerate(asked) if one == ("x", True)]
    assert splits
    assert last_small < min(splits)


def whole_always(spans: Spans) -> object:
    """Says that it gives ranges, and then sends everything."""

    def plan(line: Line) -> None:
        line.seen.headers.pop("range", None)
        spans(line)

    return plan


def test_a_server_that_answers_200_to_ranges_is_left_alone(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    spans = Spans(DATA, 4 * SLOW)
    path = serve(server, whole_always(spans))
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)
    assert len(server.asked(path)) <= 4  # one, and three that were tried at the same time
    assert spans.requests[0].sent == len(DATA)  # the first connection was never given up


def test_connections_that_are_reset_leave_no_hole(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    number = iter(range(1000))

    def breaks(asked: Asked) -> int | None:
        return 150_000 if asked.ranged and next(number) % 2 == 0 and asked.first % 2 else None

    spans = Spans(DATA, SLOW, breaks=breaks)
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)


def test_connections_that_are_all_reset_bring_the_file_in_the_end(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    first = iter([True])
    spans = Spans(DATA, SLOW, breaks=lambda asked: None if next(first, False) else 300_000)
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)


def test_a_host_that_allows_one_connection_is_not_asked_for_more_again_and_again(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    spans = Spans(DATA, 2 * SLOW)
    refused = body(b"one connection at a time", 503)
    path = serve(server, lambda line: refused(line) if spans.under_way else spans(line))
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)
    assert len(server.asked(path)) <= 8


@pytest.mark.parametrize("obedient", [True, False])
def test_a_file_that_changes_meanwhile_is_never_mixed(
    server: FaultServer, door: StreetDoor, tmp_path: Path, obedient: bool
) -> None:
    """`obedient`: the server minds If-Range; others send the new file's range whatever it says."""
    old, new = Spans(DATA, 2 * SLOW), Spans(DATA[::-1], SLOW, etag='"two"')

    def changed(line: Line) -> None:
        if not obedient:
            line.seen.headers.pop("if-range", None)
        new(line)

    serve(server, old, changed)
    receipt = fetch_one(product(), tmp_path, door=door)
    is_old = receipt.etag == '"one"'
    assert_whole(receipt.path, receipt.sha256, DATA if is_old else DATA[::-1])


def test_a_file_that_changed_when_the_first_connection_breaks_is_the_new_one(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    old = Spans(DATA, 2 * SLOW, breaks=lambda asked: 2_000_000)
    new = Spans(DATA[::-1], 4 * SLOW, etag='"two"')
    serve(server, old, new)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256, DATA[::-1])
    assert receipt.etag == '"two"'


def stopped_in_stretches(server: FaultServer, door: StreetDoor, folder: Path) -> None:
    """Stop a fetch when several connections have each brought something."""
    spans, stop = Spans(DATA, SLOW), threading.Event()
    serve(server, spans)

    def progress(done: int, length: int | None) -> None:
        if sum(asked.sent > 200_000 for asked in spans.requests if asked.ranged) >= 3:
            stop.set()

    with pytest.raises(Incomplete, match="was stopped"):
        fetch_one(product(), folder, door=door, progress=progress, stop=stop)


def gaps(folder: Path) -> list[tuple[int, int]]:
    """What a journal does not vouch for."""
    (journal,) = folder.glob("*.part.json")
    ends: dict[int, int] = {}
    for line in journal.read_text().splitlines()[1:]:
        start, end, _ = line.split()
        ends[int(start)] = max(ends.get(int(start), 0), int(end))
    found, at = [], 0
    for start in sorted(ends):
        if start > at:
            found.append((at, start))
        at = ends[start]
    return [*found, (at, len(DATA))] if at < len(DATA) else found


def test_only_the_gaps_of_several_stretches_are_asked_for(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    stopped_in_stretches(server, door, tmp_path)
    missing = gaps(tmp_path)
    assert len(missing) >= 3
    spans = Spans(DATA)
    path = serve(server, spans)
    server.seen.clear()
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)
    assert receipt.status == "resumed"
    assert [(asked.first, asked.stop) for asked in spans.requests] == missing
    assert {seen.headers.get("if-range") for seen in server.asked(path)} == {'"one"'}


def test_the_rest_of_a_large_file_comes_over_several_connections_too(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, File(DATA).cut(1_000_000))
    with pytest.raises(Incomplete):
        fetch_one(product(), tmp_path, door=door)
    spans = Spans(DATA, SLOW)
    serve(server, spans)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256)
    assert spans.most >= 4
    assert spans.sent < len(DATA)


def test_stretches_of_a_file_that_has_changed_are_dropped(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    stopped_in_stretches(server, door, tmp_path)
    serve(server, Spans(DATA[::-1], etag='"two"'))
    receipt = fetch_one(product(), tmp_path, door=door)
    assert_whole(receipt.path, receipt.sha256, DATA[::-1])
