"""This file looks at many files at once: hosts do not wait for each other, and every order ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fault_server import FaultServer, File, Line, body, reset, silence

from skyatlas.archive import Pace
from skyatlas.errors import AtlasError, Incomplete, Unreachable
from skyatlas.journeys.fetch import Fetched, Plan, fetch
from skyatlas.model import Product, Receipt
from skyatlas.net import arrival, transfer
from skyatlas.net.arrival import Arrival
from skyatlas.net.body import Body
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.line import Line as Loop
from skyatlas.net.pace import Clock
from skyatlas.net.part import Part
from skyatlas.net.transfer import fetch_one

DATA = np.random.default_rng(2).bytes(2_000_000)
GOOD, BAD = "good.example", "bad.example"
HOSTS = {name: Host("", Pace(per_second=0, files_at_once=4)) for name in (GOOD, BAD)}


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    patience = Patience(connect=2, silence=1, tries=3)
    with StreetDoor(HOSTS, sandbox=server.url, clock=clock, patience=patience) as one:
        yield one


def products(host: str, count: int) -> list[Product]:
    return [Product(f"https://{host}/{number}", name=f"{host}{number}") for number in range(count)]


def serve(server: FaultServer, host: str, count: int, plan: object) -> list[Product]:
    for number in range(count):
        server.on(f"/{host}/{number}", plan)
    return products(host, count)


def brought(todo: list[Product], folder: Path, door: StreetDoor, **how: Any) -> Fetched:
    return fetch(Plan(tuple(todo)), folder, lambda name: pytest.fail(name), door, **how)


def ends_within(seconds: float, work: Callable[[], object]) -> object:
    """What the work returns or raises; a hang is a failure of the test, not of the run."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - handed over
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, f"nothing ended within {seconds} s"
    return found[0]


# Hosts.


@pytest.mark.parametrize(
    "trouble",
    [silence, reset, body(b"", 429), body(b"", 429, retry_after="60"), body(b"", 503)],
    ids=["silent", "dead", "429", "429 with a time", "503"],
)
def test_a_bad_host_never_holds_up_another(
    server: FaultServer, door: StreetDoor, tmp_path: Path, trouble: object
) -> None:
    """The good host's files are all here while the bad one has not ended a single of its own."""
    release = threading.Event()

    def after_the_others(line: Line) -> None:
        release.wait(20)
        trouble(line) if trouble is not silence else line.reset()  # type: ignore[operator]

    todo = serve(server, BAD, 30, after_the_others) + serve(server, GOOD, 60, File(DATA[:5000]))
    ended: list[str] = []

    class Hears:
        def at(self, state: object) -> None: ...

        def end(self, outcome: Any) -> None:
            ended.append(GOOD if isinstance(outcome, Receipt) else BAD)
            if ended.count(GOOD) == 60:
                release.set()

    fetched = brought(todo, tmp_path, door, progress=Hears())
    assert ended[:60] == [GOOD] * 60
    assert len(fetched.failures) == 30


def test_ten_thousand_files_at_a_dead_host_fail_quickly(
    server: FaultServer, door: StreetDoor, clock: Clock, tmp_path: Path
) -> None:
    server.on(f"/{BAD}/0", reset)
    todo = [Product(f"https://{BAD}/0?{number}") for number in range(10_000)]
    began = time.monotonic()
    fetched = brought(todo, tmp_path, door)
    assert time.monotonic() - began < 10
    assert len(fetched.failures) == 10_000
    assert {type(failure.error) for failure in fetched.failures} <= {Unreachable}
    assert len(server.seen) < 60
    assert clock.moment < 600
    assert [path.name for path in tmp_path.iterdir()] == []


def test_too_many_requests_hold_all_files_of_the_host(
    server: FaultServer, door: StreetDoor, clock: Clock, tmp_path: Path
) -> None:
    """Nothing is asked of the host from the 429 until its time has come."""
    lock, moments = threading.Lock(), []

    def limited(line: Line) -> None:
        with lock:
            moments.append(clock.now())
            first = len(moments) == 1
        line.whole(429 if first else 200, b"x" * 10, retry_after="50" if first else None)

    hosts = {BAD: Host("", Pace(per_second=0, files_at_once=1))}
    todo = serve(server, BAD, 20, limited)
    with StreetDoor(hosts, sandbox=server.url, clock=clock) as one:
        assert len(brought(todo, tmp_path, one)) == 20
    assert moments[0] == 0.0
    assert min(moments[1:]) >= 50.0


def test_a_line_that_always_breaks_is_given_up(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    """However many bytes came: what starts from zero each time gets nowhere."""
    path = f"/{BAD}/0"
    server.on(path, File(DATA, etag=None).cut(1_900_000, rst=False))
    todo = products(BAD, 1)
    found = ends_within(10, lambda: fetch_one(todo[0], tmp_path, door=door))
    assert isinstance(found, AtlasError)
    assert len(server.asked(path)) == 4  # three more after the one that brought something new


def test_ranges_of_no_bytes_come_to_an_end(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    def empty(line: Line) -> None:
        first = line.seen.headers.get("range", "").removeprefix("bytes=").removesuffix("-")
        if first:
            span = f"bytes {first}-{int(first) - 1}/{len(DATA)}"
            line.whole(206, b"", content_range=span, etag='"one"')
        else:
            File(DATA)(line)

    path = f"/{BAD}/0"
    server.on(path, File(DATA).cut(900_000), empty)
    found = ends_within(10, lambda: fetch_one(products(BAD, 1)[0], tmp_path, door=door))
    assert isinstance(found, Receipt)
    assert found.path.read_bytes() == DATA
    assert len(server.asked(path)) == 3


# One queue.


def test_the_same_file_twice_is_fetched_once(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    (one,) = serve(server, GOOD, 1, File(DATA))
    with ThreadPoolExecutor(6) as pool:
        all_of_them = list(pool.map(lambda _: brought([one], tmp_path, door), range(6)))
    assert all(fetched.complete for fetched in all_of_them)
    assert sorted(fetched.receipts[0].status for fetched in all_of_them) == [
        "fetched",
        *["kept"] * 5,
    ]
    assert len(server.seen) == 1


def test_files_that_are_here_cause_no_request(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    todo = serve(server, GOOD, 30, File(DATA[:9000]))
    brought(todo, tmp_path, door)
    server.seen.clear()
    fetched = brought(todo, tmp_path, door)
    assert {receipt.status for receipt in fetched.receipts} == {"kept"}
    assert server.seen == []


def test_what_rotted_is_fetched_under_its_own_name_when_looked_at(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    todo = serve(server, GOOD, 5, File(DATA[:9000]))
    receipts = brought(todo, tmp_path, door).receipts
    rotten = receipts[2].path
    state = rotten.stat()
    rotten.write_bytes(b"r" + DATA[1:9000])
    os.utime(rotten, ns=(state.st_atime_ns, receipts[2].mtime_ns))
    server.seen.clear()
    assert len(brought(todo, tmp_path, door)) == 5
    assert server.seen == []
    again = brought(todo, tmp_path, door, check=True)
    assert [receipt.status for receipt in again.receipts].count("fetched") == 1
    assert [seen.path for seen in server.seen] == [f"/{GOOD}/2"]
    assert again.receipts[2].path == rotten
    assert rotten.read_bytes() == DATA[:9000]
    assert len(list(tmp_path.glob(f"{GOOD}*"))) == 10  # five files, five receipts


def test_failures_can_be_tried_again(server: FaultServer, door: StreetDoor, tmp_path: Path) -> None:
    todo = serve(server, GOOD, 4, File(DATA[:9000])) + serve(server, BAD, 2, body(b"", 404))
    first = brought(todo, tmp_path, door)
    assert [failure.product for failure in first.failures] == todo[4:]
    serve(server, BAD, 2, File(DATA[:70]))
    second = brought([failure.product for failure in first.failures], tmp_path, door)
    assert second.complete
    assert len(second) == 2


def test_many_threads_may_order_at_the_same_time(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    todo = serve(server, GOOD, 200, File(DATA[:3000]))
    with ThreadPoolExecutor(20) as pool:
        parts = [pool.submit(brought, todo[at::20], tmp_path, door) for at in range(20)]
        assert sum(len(part.result()) for part in parts) == 200
    assert len(server.seen) == 200
    assert len(list(tmp_path.glob(f"{GOOD}*"))) == 400
    names = {thread.name for thread in threading.enumerate() if "skyatlas" in thread.name}
    assert len(names) < 15


# Ends.


def held(line: Line) -> None:
    line.head(200, content_length=len(DATA), etag='"one"', accept_ranges="bytes")
    line.wfile.write(DATA[:1_000_000])
    line.hold()


def test_a_stopped_fetch_ends_within_a_second_and_loses_nothing(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    todo = serve(server, GOOD, 10, held)
    stop, stopped = threading.Event(), []

    class Hears:
        def at(self, state: Any) -> None:
            if not stop.is_set() and sum(here for _, here, _ in state.under_way) == 4_000_000:
                stopped.append(time.monotonic())
                stop.set()

        def end(self, outcome: object) -> None: ...

    fetched = brought(todo, tmp_path, door, stop=stop, progress=Hears())
    assert time.monotonic() - stopped[0] < 2
    assert [type(failure.error) for failure in fetched.failures] == [Incomplete] * 10
    assert sum(path.stat().st_size for path in tmp_path.glob("*.part")) == 4_000_000
    serve(server, GOOD, 10, File(DATA))
    again = brought(todo, tmp_path, door)
    assert sorted(receipt.status for receipt in again.receipts) == [
        *["fetched"] * 6,
        *["resumed"] * 4,
    ]
    assert all(receipt.path.read_bytes() == DATA for receipt in again.receipts)


def test_after_ctrl_c_nothing_goes_on_in_the_background(
    server: FaultServer, door: StreetDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not what waited for somebody else who was fetching the same file."""
    (one,) = serve(server, GOOD, 1, File(DATA))
    other = Part(str(tmp_path / (arrival.stem(one) + ".part")))
    assert other.claim() == 0
    looked = threading.Event()
    claim = Part.claim

    class Hears:
        def at(self, state: object) -> None:
            if looked.is_set():
                raise KeyboardInterrupt

        def end(self, outcome: object) -> None: ...

    def seen(self: Part) -> int | None:
        looked.set()
        return claim(self)

    monkeypatch.setattr(Part, "claim", seen)
    with pytest.raises(KeyboardInterrupt):
        brought([one], tmp_path, door, progress=Hears())
    other.release()
    (second,) = serve(server, BAD, 1, File(DATA, headers={}))
    threading.Event().wait(2 * transfer._ELSEWHERE)
    fetch_one(second, tmp_path / "b", door=door)
    assert [seen.path for seen in server.seen] == [f"/{BAD}/0"]


def test_closing_while_files_are_on_their_way_ends_them(
    server: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    todo = serve(server, GOOD, 10, held)
    door = StreetDoor(HOSTS, sandbox=server.url, clock=clock)

    class Hears:
        def at(self, state: Any) -> None:
            if state.under_way:
                threading.Thread(target=door.close).start()

        def end(self, outcome: object) -> None: ...

    found = ends_within(10, lambda: brought(todo, tmp_path, door, progress=Hears()))
    assert isinstance(found, Fetched)
    assert [type(failure.error) for failure in found.failures] == [Incomplete] * 10
    serve(server, GOOD, 10, File(DATA))
    with StreetDoor(HOSTS, sandbox=server.url, clock=clock) as other:
        again = ends_within(10, lambda: brought(todo, tmp_path, other))
    assert isinstance(again, Fetched)
    assert len(again) == 10  # what was begun was let go


class Mistake(RuntimeError):
    """Something that nobody foresaw."""


def fails(*arguments: object, **named: object) -> object:
    raise Mistake("a mistake of ours")


MISTAKES: dict[str, tuple[Any, ...]] = {
    "looking for a receipt": ("skyatlas.journeys.fetch._Fetching.here",),
    "taking bytes": (Arrival, "take"),
    "opening": (Arrival, "opened"),
    "closing": (Arrival, "closed"),
    "beginning": (Arrival, "start"),
    "claiming": (Part, "claim"),
    "writing": (Body, "put"),
    "inspecting": (Body, "learn"),
    "settling": (arrival, "settle"),
    "the loop": (Loop, "_rest"),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_ours_ends_every_wait(
    server: FaultServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    todo = serve(server, GOOD, 20, File(DATA)) + serve(server, BAD, 20, body(b"", 404))
    monkeypatch.setattr(*MISTAKES[name], fails)
    with StreetDoor(HOSTS, sandbox=server.url, clock=clock) as door:
        found = ends_within(10, lambda: brought(todo, tmp_path, door))
        assert isinstance(found, Fetched)
        assert len(found.failures) == 40
        assert any("a mistake of ours" in str(failure.error) for failure in found.failures)
        later = ends_within(10, lambda: brought(todo[:2], tmp_path, door))
        assert isinstance(later, Fetched)
        assert len(later.failures) == 2
    monkeypatch.undo()
    with StreetDoor(HOSTS, sandbox=server.url, clock=clock) as door:
        good = ends_within(10, lambda: brought(todo[:20], tmp_path, door))
    assert isinstance(good, Fetched)
    assert len(good) == 20  # nothing is held for ever by what failed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_fetches_by_itself(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    """`multiprocessing` forks by default on Linux before Python 3.14."""
    todo = serve(server, GOOD, 2, File(DATA))
    fetch_one(todo[0], tmp_path, door=door)
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # a hang ends the child by this signal
        code = 1
        try:
            receipt = fetch_one(todo[1], tmp_path, door=door)
            code = 0 if receipt.path.read_bytes() == DATA else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0
    fetch_one(todo[0], tmp_path / "again", door=door)  # the parent's engine is none the worse


# Bandwidth.


@pytest.mark.parametrize("size", [50_000, 250_000, 2_000_000], ids=lambda size: f"{size} bytes")
def test_the_bandwidth_is_kept_by_all_connections_together(
    server: FaultServer, clock: Clock, tmp_path: Path, size: int
) -> None:
    """A burst at the start is fair: every new connection may begin with its share of a second."""
    cap, seconds, stop = 500_000.0, 3.5, threading.Event()
    todo = serve(server, GOOD, 150, File(DATA[:size]))
    seen: list[tuple[float, int]] = []
    began = time.monotonic()

    class Hears:
        def at(self, state: Any) -> None:
            seen.append((time.monotonic() - began, state.bytes))
            if seen[-1][0] > seconds:
                stop.set()

        def end(self, outcome: object) -> None: ...

    with StreetDoor(HOSTS, sandbox=server.url, clock=clock, bandwidth=cap) as door:
        brought(todo, tmp_path, door, stop=stop, progress=Hears())
    moment, most = max(moment for moment, _ in seen), max(here for _, here in seen)
    assert moment > seconds
    assert 0.25 * cap * moment < most < cap * (moment + 3)


def test_a_file_with_a_hole_never_gets_its_name(
    server: FaultServer, door: StreetDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails once, while the rest of the file and its end wait behind that piece."""
    sent, write = threading.Event(), os.pwritev
    failed: list[int] = []

    def all_at_once(line: Line) -> None:
        line.head(200)  # without a length: nothing but its end tells that it is whole
        line.wfile.write(DATA)
        line.close_connection = True
        sent.set()

    def fails_once(file: int, pieces: list[bytes], at: int) -> int:
        if not failed:
            failed.append(at)
            sent.wait(10)
            threading.Event().wait(0.5)  # so that the end is in the queue: else nothing is shown
            raise OSError(5, "Input/output error")
        return write(file, pieces, at)

    monkeypatch.setattr(os, "pwritev", fails_once)
    todo = serve(server, GOOD, 1, all_at_once)
    fetched = brought(todo, tmp_path, door)
    assert failed
    assert not fetched.receipts
    assert not (tmp_path / todo[0].name).exists()  # type: ignore[operator]
