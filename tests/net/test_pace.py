"""This file holds turns to their word: never more than allowed in sum, and none lost or starved.

Processes share a folder. What they did stands in a log to which each appends one line for every
beginning (+) and end (-): the order of the lines is the order of what happened.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fault_server import FaultServer, body

from skyatlas.archive import Pace
from skyatlas.errors import Broken, Busy, Refused, Unreachable
from skyatlas.net.door import StreetDoor
from skyatlas.net.leases import host_folder, open_in, shared_folder, try_lock
from skyatlas.net.ledger import STATE, Ledger
from skyatlas.net.pace import Cancelled, Clock, Host, Lease, Turns

HOST = "archive.example.org"
TRIES = 10
"""In a row in vain, before a host rests."""
LINE_BROKE = Unreachable("the line broke")


def turns(folder: Path | None = None, clock: Clock | None = None, **pace: float) -> Turns:
    """As another process would have them, where the folder is the same."""
    told = {"per_second": 0, **pace}
    return Turns({HOST: Host("eso", Pace(**told))}, clock or Clock(), folder)  # type: ignore[arg-type]


def taken(one: Turns) -> Lease:
    lease = one.try_file(HOST)
    assert isinstance(lease, Lease)
    return lease


def refused(one: Turns) -> float:
    wait = one.try_file(HOST)
    assert isinstance(wait, float)
    return wait


WORKER = """
import os, sys, time
from pathlib import Path
from skyatlas.archive import Pace
from skyatlas.net.pace import Clock, Host, Turns

folder, log, kind, seconds, at_once, per_second = sys.argv[1:]
pace = Pace(int(at_once), float(per_second), int(at_once), float(per_second))
turns = Turns({"archive.example.org": Host("eso", pace)}, Clock(), Path(folder))
log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print("ready", flush=True)
until = float(sys.stdin.readline())
while time.monotonic() < until:
    with getattr(turns, kind)("archive.example.org"):
        if time.monotonic() < until:
            os.write(log, f"+ {os.getpid()} {time.monotonic()}\\n".encode())
            time.sleep(float(seconds))
            os.write(log, f"- {os.getpid()} {time.monotonic()}\\n".encode())
"""
HOLDER = """
import sys
from pathlib import Path
from skyatlas.archive import Pace
from skyatlas.net.pace import Clock, Host, Turns

hosts = {"archive.example.org": Host("eso", Pace(files_at_once=2))}
turns = Turns(hosts, Clock(), Path(sys.argv[1]))
held = [turns.try_file("archive.example.org") for _ in range(2)]
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def process(code: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """Another process that has said that it is ready."""
    command = [sys.executable, "-c", code, *map(str, words)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


def run_side_by_side(
    tmp_path: Path, kind: str, *, processes: int, seconds: float, work: float = 0.002, **pace: float
) -> list[tuple[str, str, float]]:
    """What so many processes did at one host, as (+ or -, who, when)."""
    log = tmp_path / "log"
    words = (tmp_path / "hosts", log, kind, work, pace["at_once"], pace.get("per_second", 0))
    with (
        process(WORKER, *words) as first,
        process(WORKER, *words) as second,
        process(WORKER, *words) as third,
    ):
        chosen = (first, second, third)[:processes]
        until = time.monotonic() + seconds
        for one in chosen:
            assert one.stdin is not None
            one.stdin.write(f"{until}\n")
            one.stdin.flush()
        for one in chosen:
            assert one.wait(60) == 0
    lines = [line.split() for line in log.read_text().splitlines()]
    return [(sign, who, float(when)) for sign, who, when in lines]


def most_at_once(done: list[tuple[str, str, float]]) -> int:
    """How many were under way at the same time."""
    under_way = most = 0
    for sign, _, _ in done:
        under_way += 1 if sign == "+" else -1
        most = max(most, under_way)
    assert under_way == 0
    return most


@pytest.mark.parametrize("kind", ["file", "question"])
def test_processes_never_have_more_turns_than_one_may(tmp_path: Path, kind: str) -> None:
    done = run_side_by_side(tmp_path, kind, processes=2, seconds=1.0, at_once=2)
    assert len({who for _, who, _ in done}) == 2
    assert most_at_once(done) <= 2


@pytest.mark.parametrize(("kind", "at_once"), [("file", 1), ("file", 2), ("question", 2)])
def test_each_of_three_processes_gets_its_share_of_few_turns(
    tmp_path: Path, kind: str, at_once: int
) -> None:
    done = run_side_by_side(tmp_path, kind, processes=3, seconds=3.0, at_once=at_once)
    assert most_at_once(done) <= at_once
    shares = Counter(who for sign, who, _ in done if sign == "+")
    assert len(shares) == 3
    assert min(shares.values()) >= sum(shares.values()) / 6


@pytest.mark.parametrize("kind", ["file", "question"])
def test_processes_together_start_no_faster_than_the_pace(tmp_path: Path, kind: str) -> None:
    done = run_side_by_side(
        tmp_path, kind, processes=3, seconds=1.5, at_once=4, per_second=10, work=0.001
    )
    starts = sorted(when for sign, _, when in done if sign == "+")
    assert len({who for _, who, _ in done}) == 3
    assert len(starts) >= 8
    # A start may be late and the next one in time; together they are never early.
    assert starts[-1] - starts[0] >= 0.1 * (len(starts) - 1) - 0.05


def test_a_killed_process_loses_its_turns_at_once(tmp_path: Path) -> None:
    mine = turns(tmp_path, files_at_once=2)
    with process(HOLDER, tmp_path) as holder:
        assert refused(mine) <= 0.1
        holder.send_signal(signal.SIGKILL)
        holder.wait(20)
        with taken(mine), taken(mine):
            refused(mine)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_that_was_forked_holds_none_of_its_parent_s_turns(tmp_path: Path) -> None:
    mine, lease = turns(tmp_path, files_at_once=1), None
    lease = taken(mine)
    out, inn = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover (another process)
        lease.release()  # its copy
        held = isinstance(mine.try_file(HOST), float)
        os.write(out[1], b"held" if held else b"free")
        os.read(inn[0], 1)
        os._exit(0)
    try:
        assert os.read(out[0], 4) == b"held"
        assert isinstance(turns(tmp_path, files_at_once=1).try_file(HOST), float)
        lease.release()
        with taken(turns(tmp_path, files_at_once=1)):
            pass
    finally:
        os.write(inn[1], b"x")
        os.waitpid(child, 0)
        for file in (*out, *inn):
            os.close(file)


def test_who_is_forgotten_leaves_nothing_open(tmp_path: Path) -> None:
    mine = turns(tmp_path, files_at_once=1)
    lease, other = taken(mine), turns(tmp_path, files_at_once=1)
    refused(other)
    del lease, mine
    gc.collect()
    with taken(other):
        pass


def test_threads_never_have_more_turns_than_allowed(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        mine, lock, under_way, most = turns(folder, files_at_once=3), threading.Lock(), [0], [0]

        def work(
            mine: Turns = mine,
            lock: threading.Lock = lock,
            under_way: list[int] = under_way,
            most: list[int] = most,
        ) -> None:
            for _ in range(20):
                with mine.file(HOST):
                    with lock:
                        under_way[0] += 1
                        most[0] = max(most[0], under_way[0])
                    with lock:
                        under_way[0] -= 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert 1 <= most[0] <= 3


def test_a_lease_that_is_released_twice_gives_one_turn_back(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        mine = turns(folder, files_at_once=2)
        first = taken(mine)
        first.release()
        first.release()
        with taken(mine), taken(mine):
            refused(mine)


def test_questions_and_files_do_not_take_each_other_s_turns(tmp_path: Path) -> None:
    mine = turns(tmp_path, at_once=1, files_at_once=1)
    with mine.question(HOST), taken(mine):
        refused(mine)


def test_who_may_have_more_turns_leaves_the_low_ones_to_the_others(tmp_path: Path) -> None:
    greedy, modest = turns(tmp_path, files_at_once=8), turns(tmp_path, files_at_once=2)
    held = [taken(greedy) for _ in range(6)]
    with taken(modest), taken(modest):
        refused(modest)
    held.pop(0).release()
    held.append(taken(greedy))
    with taken(modest), taken(modest):
        refused(greedy)


def test_a_process_takes_no_more_than_its_share_while_another_waits(tmp_path: Path) -> None:
    mine, other = turns(tmp_path, files_at_once=4), turns(tmp_path, files_at_once=4)
    held = [taken(mine) for _ in range(4)]
    refused(other)  # it waits from now on
    for _ in range(2):
        held.pop().release()
        theirs = taken(other)
        assert refused(mine) <= 0.1  # two are its share
    held.pop().release()
    held.append(taken(mine))
    theirs.release()


def test_known_archives_keep_their_pace_and_others_the_one_that_was_told() -> None:
    hosts = {HOST: Host("eso", Pace(files_at_once=2))}
    for told, known, unknown in ((None, 2, Pace().files_at_once), (6, 2, 6), (1, 1, 1)):
        mine = Turns(hosts, Clock(), None, told)
        for host, allowed in ((HOST, known), ("elsewhere.org", unknown)):
            for _ in range(allowed):
                assert isinstance(mine.try_file(host), Lease)
            assert isinstance(mine.try_file(host), float)


def test_a_hold_is_seen_by_every_process(tmp_path: Path, clock: Clock) -> None:
    mine, other = turns(tmp_path, clock), turns(tmp_path, clock)
    with taken(other):
        mine.hold(HOST, 9.0)
        mine.hold(HOST, 4.0)  # no shorter than asked before
        assert refused(other) == refused(mine) == pytest.approx(9.0)
    clock.sleep(9.0)
    with taken(other), other.question(HOST):
        pass


def test_a_hold_is_waited_for_before_a_question_of_another_process(
    tmp_path: Path, clock: Clock
) -> None:
    turns(tmp_path, clock).hold(HOST, 9.0)
    with turns(tmp_path, clock).question(HOST):
        assert clock.today() - 1_795_219_200.0 == pytest.approx(9.0)


def test_a_file_waits_exactly_as_long_as_its_pace_says(tmp_path: Path, clock: Clock) -> None:
    mine, other = (turns(tmp_path, clock, files_per_second=0.5) for _ in range(2))
    with taken(mine):
        assert refused(mine) == pytest.approx(2.0)
        assert refused(mine) == pytest.approx(2.0)  # asked again, it keeps its place
        assert refused(other) == pytest.approx(4.0)
        clock.sleep(2.0)
        with taken(mine):
            clock.sleep(2.0)
            with taken(other):
                pass


@pytest.mark.parametrize(
    "junk",
    [
        b"junk",
        b"\0" * 2048,
        b'{"held_from":0,"held_until":9e',
        b"[1, 2]",
        b'{"held_until": 1e300}',
        {"held_from": 1_795_219_100.0, "held_until": 1_795_219_199.0},
        {"held_from": 1_795_230_000.0, "held_until": 1_795_231_000.0},
        {"held_until": 1_795_219_299.0, "held_from": 1_795_219_199.0, "trouble_at": 1e300},
        {"held_until": 1_795_219_299.0, "held_from": 1_795_219_199.0, "failures": -1},
        {"held_from": "yesterday"},
        {"held_until": None},
        {"file_next": 1_795_319_200.0, "question_next": 1_795_319_200.0},
    ],
    ids=str,
)
def test_junk_and_wrong_clocks_hold_nobody(
    tmp_path: Path, clock: Clock, junk: bytes | dict[str, object]
) -> None:
    pace = {"files_per_second": 1.0, "per_second": 1.0}
    turns(tmp_path, clock, **pace).noted(HOST, None)
    state = tmp_path / HOST / STATE
    if isinstance(junk, dict):
        junk = json.dumps({**json.loads(state.read_bytes()), **junk}).encode()
    state.write_bytes(junk)
    mine = turns(tmp_path, clock, **pace)
    with taken(mine), mine.question(HOST):
        assert clock.today() == 1_795_219_200.0
    mine.hold(HOST, 9.0)
    assert refused(turns(tmp_path, clock, **pace)) == pytest.approx(9.0)


def test_no_file_holds_anybody_for_more_than_an_hour(tmp_path: Path, clock: Clock) -> None:
    mine = turns(tmp_path, clock)
    mine.hold(HOST, 1e9)
    assert refused(mine) == pytest.approx(3600.0)
    record = json.loads((tmp_path / HOST / STATE).read_bytes())
    record["held_until"] = 9e10
    (tmp_path / HOST / STATE).write_text(json.dumps(record))
    assert refused(mine) == pytest.approx(3600.0)
    clock.sleep(3600.0)
    with taken(mine):
        pass


def test_no_note_is_lost_where_several_write(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path) for _ in range(3)]

    def write(ledger: Ledger) -> None:
        for _ in range(200):
            with ledger.change() as record:
                record.failures += 1

    threads = [threading.Thread(target=write, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [ledger.read().failures for ledger in ledgers] == [600] * 3


def test_a_long_story_is_remembered_whole(tmp_path: Path, clock: Clock) -> None:
    words = '\U0001f52d\n\0"\\' * 500
    turns(tmp_path, clock).told(HOST, Unreachable(words))
    record = Ledger(tmp_path / HOST).read()
    assert record.trouble == '\U0001f52d  "\\' * 60
    assert record.failures == 1


def test_who_stopped_in_the_middle_of_a_note_keeps_nobody(tmp_path: Path) -> None:
    mine = turns(tmp_path)
    mine.hold(HOST, 9.0)
    stopped = open_in(tmp_path / HOST, STATE)
    assert try_lock(stopped)
    mine.hold(HOST, 20.0)
    assert refused(mine) > 15
    os.close(stopped)


def test_where_turns_cannot_be_shared_it_is_said_once_and_this_process_keeps_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    caplog.set_level(logging.INFO)
    mine = Turns({}, Clock(), tmp_path / "file", 1)
    for host in ("one.org", "two.org"):
        with mine.file(host):
            assert isinstance(mine.try_file(host), float)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "turns cannot be shared through" in line
    assert os.strerror(20) in line


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows keeps users apart by itself")
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "one.org").mkdir()
    (tmp_path / "one.org").chmod(0o777)
    (tmp_path / "two.org").symlink_to(tmp_path / "one.org")
    assert host_folder(tmp_path, "one.org") is None
    assert host_folder(tmp_path, "two.org") is None
    assert host_folder(tmp_path, "three.org") == tmp_path / "three.org"
    assert (tmp_path / "three.org").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system follows links")
def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = host_folder(tmp_path, HOST)
    assert folder is not None
    (tmp_path / "precious").write_text("data")
    (folder / STATE).unlink(missing_ok=True)
    (folder / STATE).symlink_to(tmp_path / "precious")
    turns(tmp_path).hold(HOST, 9.0)
    assert (tmp_path / "precious").read_text() == "data"


def test_every_host_has_a_folder_inside_the_folder(tmp_path: Path) -> None:
    for host in ("..", ".", "", "a/../../b", "::1", "x" * 400, "münchen.de"):
        folder = host_folder(tmp_path / "hosts", host)
        assert folder is not None
        assert folder.resolve().parent == (tmp_path / "hosts").resolve()


def test_a_sandbox_has_a_place_of_its_own() -> None:
    street, play = shared_folder(), shared_folder("http://127.0.0.1:8123")
    assert street is not None
    assert play is not None
    assert play != shared_folder("http://127.0.0.1:8124")
    assert play != street
    assert shared_folder("") is None


def test_the_sign_of_somebody_who_is_gone_counts_for_a_moment_only(tmp_path: Path) -> None:
    mine, gone = turns(tmp_path, files_at_once=1), turns(tmp_path, files_at_once=1)
    with taken(mine):
        refused(gone)
    (sign,) = (tmp_path / HOST).glob("file-waits-*")
    os.utime(sign, (time.time() - 5, time.time() - 5))
    with taken(turns(tmp_path, files_at_once=1)):
        assert sign.exists()
    os.utime(sign, (time.time() - 500, time.time() - 500))
    with taken(turns(tmp_path, files_at_once=1)):
        assert not sign.exists()


def test_cancel_ends_the_wait_for_a_turn(tmp_path: Path) -> None:
    mine, cancel = turns(tmp_path, files_at_once=1), threading.Event()
    cancel.set()
    with taken(mine), pytest.raises(Cancelled), mine.file(HOST, cancel):
        pass
    mine.hold(HOST, 60.0)
    with pytest.raises(Cancelled), mine.file(HOST, cancel):
        pass


def fail(mine: Turns, times: int, error: Exception = LINE_BROKE) -> None:
    for _ in range(times):
        mine.told(HOST, error)


def test_a_host_that_does_not_answer_rests_and_then_one_file_is_tried(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mine = turns(None, clock)
    fail(mine, TRIES - 1)
    with taken(mine):
        fail(mine, 1)
        assert refused(mine) == 5.0
        fail(mine, 3)  # they had begun before
        assert refused(mine) == 5.0
    clock.sleep(5.0)
    with taken(mine):
        assert refused(mine) <= 0.1  # the others wait for the one
        mine.told(HOST, None)
        with taken(mine):
            pass
    assert [record.getMessage() for record in caplog.records] == [
        (
            f"ESO ({HOST}) did not answer 10 tries in a row; its files rest until 00:00:05 UTC, "
            "then one is tried"
        ),
        f"ESO ({HOST}) answers again; its files go on",
    ]
    fail(mine, TRIES - 1)
    with taken(mine):  # it starts from the beginning
        pass


def test_after_three_tries_more_the_files_of_a_host_are_given_up_for_a_while(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mine = turns(None, clock)
    fail(mine, TRIES)
    for rest in (5.0, 10.0, 20.0):
        assert refused(mine) == rest
        clock.sleep(rest)
        taken(mine).release()
        fail(mine, 1)
    for _ in range(100):
        with pytest.raises(Unreachable) as caught:
            mine.try_file(HOST)
    assert caught.value.again
    assert str(caught.value) == (
        f"ESO ({HOST}) did not answer 13 tries in a row since 00:00:00 UTC; "
        "it is not asked for files before 00:05:35 UTC; try again later"
    )
    assert str(caught.value) in caplog.text
    clock.sleep(300.0)
    lease = taken(mine)
    fail(mine, 1)
    lease.release()
    with pytest.raises(Unreachable, match="14 tries in a row"):
        mine.try_file(HOST)
    clock.sleep(300.0)
    with taken(mine):
        mine.told(HOST, None)
    with taken(mine):
        pass


def test_a_try_after_a_rest_that_ends_without_a_word_lets_the_next_one_in(clock: Clock) -> None:
    mine = turns(None, clock)
    fail(mine, TRIES)
    clock.sleep(5.0)
    with taken(mine):
        refused(mine)
    with taken(mine):  # somebody pressed Ctrl-C
        refused(mine)


def test_one_host_that_rests_holds_no_other_up(clock: Clock) -> None:
    mine = turns(None, clock)
    fail(mine, TRIES)
    refused(mine)
    with mine.file("elsewhere.org"):
        pass


class Untrusted(Unreachable):
    again = False


@pytest.mark.parametrize(
    ("error", "rests"),
    [
        (LINE_BROKE, True),
        (Broken("failed with 502", status=502), True),
        (Busy("answered 503", status=503), True),
        (Busy("answered 503", status=503, wait=30.0), False),
        (Busy("answered 429", status=429), False),
        (Refused("answered 404", status=404), False),
        (Refused("answered 403", status=403), False),
        (Untrusted("the certificate"), False),
    ],
    ids=str,
)
def test_a_host_rests_only_where_it_does_not_answer(
    clock: Clock, error: Exception, rests: bool
) -> None:
    mine = turns(None, clock)
    fail(mine, TRIES, error)
    assert isinstance(mine.try_file(HOST), float) is rests


def test_an_answer_in_between_begins_the_count_anew(clock: Clock) -> None:
    for answer in (None, Refused("answered 404", status=404)):
        mine = turns(None, clock)
        fail(mine, TRIES - 1)
        mine.told(HOST, answer)
        fail(mine, TRIES - 1)
        with taken(mine):
            pass


def test_what_went_wrong_is_there_for_all_to_see_without_secrets(
    tmp_path: Path, clock: Clock
) -> None:
    mine = turns(tmp_path, clock)
    fail(mine, TRIES, Unreachable("no answer from https://a.org/x?token=abcdef"))
    record = Ledger(tmp_path / HOST).read()
    assert record.trouble == "no answer from https://a.org/x?token=REDACTED"
    assert (record.trouble_at, record.failures) == (1_795_219_200.0, TRIES)
    assert record.resting_until == 1_795_219_205.0
    mine.told(HOST, None)
    record = Ledger(tmp_path / HOST).read()
    assert (record.failures, record.resting_until) == (0, 0.0)
    assert record.success_at == 1_795_219_200.0
    mine.noted(HOST, Busy("answered 429", status=429))
    assert Ledger(tmp_path / HOST).read().trouble == "answered 429"


def test_questions_leave_a_note_of_how_they_went(
    server: FaultServer, tmp_path: Path, clock: Clock
) -> None:
    door = StreetDoor({}, leases=tmp_path, clock=clock)
    url = server.on("/a", body(b"", 503), body(b"fine"))
    assert door.ask(url).content == b"fine"
    record = Ledger(tmp_path / "127.0.0.1").read()
    assert record.trouble.startswith("127.0.0.1 answered 503 (busy)")
    assert record.failures == 0  # of files
    assert record.success_at > record.trouble_at >= 1_795_219_200.0
