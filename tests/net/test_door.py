"""This file holds the door to its word: time-outs, patience, errors, and pyvo's use of it."""

from __future__ import annotations

import gzip
import threading
import time

import pytest
from fault_server import FaultServer, Line, body, redirect, reset, silence
from pyvo.dal import DALFormatError, DALQueryError, SSAService, TAPService

from skyatlas.archive import Pace
from skyatlas.errors import BadInput, Broken, Busy, Refused, Unreachable, Unreadable
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.protocols.votable import results_of

VOTABLE = b"""<?xml version="1.0"?><VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results"><INFO name="QUERY_STATUS" value="%s">%s</INFO>
<TABLE><FIELD name="a" datatype="int"/><DATA><TABLEDATA><TR><TD>7</TD></TR></TABLEDATA></DATA>
</TABLE></RESOURCE></VOTABLE>"""
GOOD = VOTABLE % (b"OK", b"")
BAD = VOTABLE % (b"ERROR", b"no column named flux")


@pytest.fixture
def door(clock: Clock) -> StreetDoor:
    return StreetDoor(
        {"127.0.0.1": Host("eso", Pace(at_once=4, per_second=0), login=True)},
        patience=Patience(connect=2, silence=20, total=20),
        clock=clock,
    )


def test_an_answer_comes_through(server: FaultServer, door: StreetDoor) -> None:
    url = server.on("/a", body(b"hello", content_type="text/plain"))
    answer = door.ask(url, params={"q": "x y"})
    assert (answer.content, answer.text, answer.status_code) == (b"hello", "hello", 200)
    assert answer.url == url + "?q=x+y"
    assert server.seen[0].headers["user-agent"].startswith("skyatlas/")
    assert "(IVOA-science)" in server.seen[0].headers["user-agent"]


def test_questions_are_counted_by_host_whatever_door_they_go_through(
    server: FaultServer, door: StreetDoor
) -> None:
    url = server.on("/a", reset, body(b"hello"))
    door.ask(url)
    door.anonymous().ask(server.on("/b", body(b"hello")))
    door.within(10).ask(server.on("/c", body(b"hello")))
    assert door.tally == {"127.0.0.1": 4}  # one was tried twice
    assert len(server.seen) == 4


def test_a_large_answer_is_in_a_file_and_a_table_is_read_from_there(
    server: FaultServer, door: StreetDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyatlas.net.insistence._IN_MEMORY", 1000)
    rows = b"".join(b"<TR><TD>%d</TD></TR>" % number for number in range(500))
    large = GOOD.replace(b"<TR><TD>7</TD></TR>", rows)
    url = server.on("/a", body(large, content_type="text/xml"))
    answer = door.ask(url)
    assert answer.spooled is not None  # type: ignore[attr-defined]
    table = results_of(answer, archive="x", wanted="rows").table
    assert table["a"].tolist() == list(range(500))
    assert door.ask(url).content == large
    assert door.ask(url).raw.read() == large
    small = door.ask(server.on("/b", body(GOOD)))
    assert small.spooled is None  # type: ignore[attr-defined]


def test_data_makes_a_post(server: FaultServer, door: StreetDoor) -> None:
    door.ask(server.on("/a", body(b"ok")), data={"QUERY": "SELECT 1"})
    assert (server.seen[0].method, server.seen[0].body) == ("POST", b"QUERY=SELECT+1")


@pytest.mark.parametrize("drop_headers_too", [False, True])
def test_a_server_that_drips_is_left_after_the_total_time(
    server: FaultServer, door: StreetDoor, drop_headers_too: bool
) -> None:
    def drip(line: Line) -> None:
        if drop_headers_too:
            line.drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400)
        line.head(200, content_length=400)
        line.drip(b"z" * 400)

    began = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer in time"):
        door.ask(server.on("/a", drip), timeout=0.4)
    assert time.monotonic() - began < 5


def test_a_server_that_never_answers_is_left(server: FaultServer, door: StreetDoor) -> None:
    with pytest.raises(Unreachable, match="did not answer in time"):
        door.ask(server.on("/a", silence), timeout=0.3)


def test_a_broken_line_is_tried_again(server: FaultServer, door: StreetDoor, clock: Clock) -> None:
    def half(line: Line) -> None:
        line.head(200, content_length=10)
        line.wfile.write(b"half")
        line.hang_up()

    assert door.ask(server.on("/a", reset, half, body(b"whole"))).content == b"whole"
    assert len(server.seen) == 3
    assert 0.5 <= clock.waits[0] <= 1.0
    assert 1.0 <= clock.waits[1] <= 2.0


def test_a_storm_of_503_is_weathered(server: FaultServer, door: StreetDoor, clock: Clock) -> None:
    storm = [body(b"", 503), body(b"", 502), body(b"", 500)]
    assert door.ask(server.on("/a", *storm, body(b"calm"))).content == b"calm"
    assert len(clock.waits) == 3


@pytest.mark.parametrize(("value", "wait"), [("7", 7.0), ("Sat, 21 Nov 2026 00:00:30 GMT", 30.0)])
def test_retry_after_is_obeyed(
    server: FaultServer, door: StreetDoor, clock: Clock, value: str, wait: float
) -> None:
    door.ask(server.on("/a", body(b"", 429, retry_after=value), body(b"ok")))
    assert clock.waits[0] == wait


def test_a_long_retry_after_is_told_at_once(
    server: FaultServer, door: StreetDoor, clock: Clock
) -> None:
    with pytest.raises(Busy) as caught:
        door.ask(server.on("/a", body(b"", 503, retry_after="3600")))
    assert (caught.value.wait, caught.value.status, clock.waits) == (3600.0, 503, [])
    assert caught.value.archive == "eso"


def test_busy_to_the_last_is_busy(server: FaultServer, door: StreetDoor) -> None:
    with pytest.raises(Busy, match="try again later"):
        door.ask(server.on("/a", body(b"", 429)))
    assert len(server.seen) == 4


def test_a_failing_server_is_broken(server: FaultServer, door: StreetDoor) -> None:
    url = server.on("/a", body(b"<html><title>Proxy Error</title>stack</html>", 502))
    with pytest.raises(Broken, match=r"502 .*\(Proxy Error\)"):
        door.request("GET", url)


def test_an_error_votable_with_status_500_is_handed_on(
    server: FaultServer, door: StreetDoor
) -> None:
    url = server.on("/a", body(BAD, 500))
    assert door.request("GET", url).status_code == 500
    assert door.ask(url, errors_too=True).content == BAD
    with pytest.raises(Broken, match="no column named flux"):
        door.ask(url)
    assert len(server.seen) == 3


def test_refusals_say_what_to_do(server: FaultServer, door: StreetDoor) -> None:
    with pytest.raises(Refused, match="log in with `skyatlas login eso`") as caught:
        door.ask(server.on("/a", body(b"", 401)))
    assert (caught.value.login, caught.value.status) == (True, 401)
    with pytest.raises(Refused, match="not there") as caught:
        door.ask(server.url + "/nowhere")
    assert (caught.value.login, caught.value.status) == (False, 404)
    with pytest.raises(Refused, match="not understood"):
        door.ask(server.on("/b", body(b"bad", 400)), errors_too=True)


def test_a_closed_port_is_unreachable(door: StreetDoor) -> None:
    with pytest.raises(Unreachable, match="cannot be connected to"):
        door.ask("http://127.0.0.1:9/")


def test_what_is_no_address_is_bad_input(door: StreetDoor) -> None:
    for url in ("ftp://archive/x", "no address", "https://"):
        with pytest.raises(BadInput, match="must start with https"):
            door.ask(url)


def test_a_redirect_loop_ends(server: FaultServer, door: StreetDoor) -> None:
    with pytest.raises(Broken, match="without end"):
        door.ask(server.on("/a", redirect("/a")))


def test_an_answer_beyond_the_cap_is_unreadable(server: FaultServer, clock: Clock) -> None:
    door = StreetDoor(patience=Patience(largest=1000), clock=clock)
    bomb = gzip.compress(bytes(5_000_000))
    with pytest.raises(Unreadable, match="too much"):
        door.ask(server.on("/a", body(bomb, content_encoding="gzip")))


def test_making_a_job_is_not_repeated_once_it_may_have_arrived(
    server: FaultServer, door: StreetDoor
) -> None:
    with pytest.raises(Unreachable):
        door.ask(server.on("/tap/async", reset), data={"QUERY": "SELECT 1"})
    assert len(server.seen) == 1
    door.ask(server.on("/tap/async", body(b"", 503), body(b"ok")), data={"QUERY": "SELECT 1"})
    assert len(server.seen) == 3


def test_an_uploaded_file_is_sent_whole_each_time(
    server: FaultServer, door: StreetDoor, tmp_path
) -> None:
    (tmp_path / "targets.xml").write_bytes(b"<targets/>")
    with (tmp_path / "targets.xml").open("rb") as upload:
        door.post(server.on("/a", body(b"", 503), body(b"ok")), files={"t": upload})
    assert all(b"<targets/>" in seen.body for seen in server.seen)
    assert len(server.seen) == 2


def test_offline_nothing_is_asked(server: FaultServer) -> None:
    with pytest.raises(Unreachable, match="offline"):
        StreetDoor(offline=True).ask(server.on("/a", body(b"")))
    assert server.seen == []


def test_pyvo_reads_tables_through_the_door(server: FaultServer, door: StreetDoor) -> None:
    packed = gzip.compress(GOOD)
    server.on("/tap/sync", body(packed, content_type="text/xml", content_encoding="gzip"))
    server.on("/ssa", body(GOOD, content_type="text/xml"))
    tap = TAPService(f"{server.url}/tap", session=door)
    assert list(tap.search("SELECT TOP 1 a FROM t").to_table()["a"]) == [7]
    assert len(SSAService(f"{server.url}/ssa", session=door).search((1.0, 2.0))) == 1


def test_pyvo_reads_error_documents_through_the_door(server: FaultServer, door: StreetDoor) -> None:
    for status in (200, 400, 500):
        server.on("/tap/sync", body(BAD, status, content_type="text/xml"))
        with pytest.raises(DALQueryError, match="no column named flux"):
            TAPService(f"{server.url}/tap", session=door).search("SELECT flux FROM t")


def test_a_failure_within_pyvo_keeps_our_leaf(server: FaultServer, door: StreetDoor) -> None:
    server.on("/tap/sync", body(b"", 503, retry_after="999"))
    with pytest.raises(DALFormatError) as caught:
        TAPService(f"{server.url}/tap", session=door).search("SELECT 1")
    assert isinstance(caught.value.cause, Busy)


def test_no_more_questions_at_once_than_the_pace_allows(server: FaultServer) -> None:
    here, most, lock = [0], [0], threading.Lock()
    full = threading.Barrier(2)

    def count(line: Line) -> None:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        full.wait(10)  # both turns are taken, so both must meet here
        with lock:
            here[0] -= 1
        line.whole(200, b"")

    url = server.on("/a", count)
    door = StreetDoor({"127.0.0.1": Host("eso", Pace(at_once=2, per_second=0))})
    threads = [threading.Thread(target=door.ask, args=(url,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (most[0], len(server.seen)) == (2, 8)


def test_questions_start_no_faster_than_the_pace_allows(server: FaultServer, clock: Clock) -> None:
    hosts = {"127.0.0.1": Host("eso", Pace(at_once=2, per_second=4))}
    door = StreetDoor(hosts, clock=clock)
    url = server.on("/a", body(b""))
    for _ in range(5):
        door.ask(url)
    assert clock.waits == [0.25] * 4


def test_too_many_requests_hold_the_whole_host(door: StreetDoor, clock: Clock) -> None:
    door.turns.hold("127.0.0.1", 9.0)
    with door.turns.question("other.org"):
        assert clock.waits == []
    with door.turns.question("127.0.0.1"):
        assert clock.waits == [9.0]
    door.turns.hold("127.0.0.1", 5.0)
    with door.turns.file("127.0.0.1"):
        assert clock.waits == [9.0, 5.0]
