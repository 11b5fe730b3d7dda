"""This file reads every recorded job document, and drives jobs at servers that do as told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_server import FaultServer, Line, body, redirect, reset
from uws_documents import job_document

from skyatlas.errors import Broken, Refused, Unreachable, Unreadable
from skyatlas.net.door import StreetDoor
from skyatlas.protocols import uws
from skyatlas.protocols.uws import Clock, Job

JOB = "/tap/async/1"


class Pauses:
    """A clock that stands still but for the pauses, which it notes."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.taken: list[float] = []

    def pause(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.moment += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.moment, self.pause)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def begun(server: FaultServer, phase: str = "EXECUTING", version: str = "1.1") -> Job:
    return Job(server.url + JOB, "here", "1", phase, version)


def documents(*phases: str, version: str = "1.1") -> list[object]:
    return [body(job_document(phase, version=version)) for phase in phases]


def recorded_jobs(shared_data: Path) -> Iterator[Path]:
    folder = shared_data / "responses"
    yield from folder.glob("pyvo/io__uws*.xml")
    yield folder / "pyvo" / "dal__arihip-tap-async.xml"
    yield folder / "pyvo" / "dal__arihip-tap-async-get.xml"
    yield from folder.glob("astroquery_casda/*_job.xml")
    yield folder / "astroquery_cadc" / "cadctap__test_jobs_async.xml"


def read(document: Path) -> Job:
    return uws.job_of(document.read_bytes(), "https://x.example/async/1", archive="x")


def test_every_recorded_job_is_read(shared_data: Path) -> None:
    jobs = {document.name: read(document) for document in recorded_jobs(shared_data)}
    assert len(jobs) >= 15
    assert all(job.id for job in jobs.values())
    assert {job.phase for job in jobs.values()} == {
        "PENDING",
        "EXECUTING",
        "COMPLETED",
        "ERROR",
        "SUSPENDED",
    }
    failed = jobs["io__uws__job-error.xml"]
    assert (failed.error, failed.error_detail) == ("We have problem", False)
    undeclared = jobs["cadctap__test_jobs_async.xml"]
    assert undeclared.error.startswith("IllegalArgumentException")
    assert undeclared.execution_seconds == 1800
    nil = jobs["io__uws_nil.xml"]
    assert (nil.owner, nil.started, nil.destruction) == ("", "", "")
    old = jobs["io__uws__job-implicit-v1.0.xml"]
    assert (old.version, old.results[0].id) == ("1.0", "resultsTable")
    assert dict(old.parameters)["query"] == "SELECT ra, dec FROM table"
    assert len(jobs["completed_job.xml"].results) == 3


def test_what_stands_twice_or_deep_in_jobinfo_is_kept(shared_data: Path) -> None:
    folder = shared_data / "responses" / "pyvo"
    twice = read(folder / "io__uws__job-with-duplicate-elements.xml")
    assert [value for _, value in twice.info] == ["initial", "processing", "completed"]
    deep = read(folder / "io__uws__job-with-nested-jobinfo.xml")
    assert ("queryInfo/metrics/rows_returned", "100") in deep.info
    assert read(folder / "io__uws__job-with-empty-jobinfo.xml").info == ()
    spaces = read(folder / "io__uws__job-with-namespace-elements.xml")
    assert [value for name, value in spaces.info if name == "progress"] == ["50", "75"]


def test_a_phase_that_uws_does_not_have_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="'THINKING'"):
        uws.job_of(job_document("THINKING"), "https://x.example/1", archive="x")


@pytest.mark.parametrize("place", ["{url}/tap/async/1", "/tap/async/1", "async/1"])
def test_a_job_is_where_the_service_says(server: FaultServer, door: StreetDoor, place: str) -> None:
    url = server.on("/tap/async", redirect(place.format(url=server.url), 303))
    job = uws.submit(door, url, {"QUERY": "q"}, archive="here")
    assert (job.url, job.id, job.phase) == (server.url + JOB, "1", "UNKNOWN")
    assert server.seen[0].method == "POST"
    assert len(server.seen) == 1  # following would start nothing and cost a request


def test_a_service_that_moved_is_asked_where_it_is_now(
    server: FaultServer, door: StreetDoor
) -> None:
    old = server.on("/old/async", redirect("/tap/async", 301))
    server.on("/tap/async", redirect("/tap/async/1", 303))
    assert uws.submit(door, old, {"QUERY": "q"}, archive="here").url == server.url + JOB
    assert [seen.method for seen in server.seen] == ["POST", "POST"]


def test_a_service_that_answers_with_the_job_itself_is_understood(
    server: FaultServer, door: StreetDoor
) -> None:
    at_once = server.on("/tap/async", body(job_document("PENDING")))
    job = uws.submit(door, at_once, {"QUERY": "q"}, archive="here")
    assert (job.url, job.phase) == (server.url + JOB, "PENDING")
    created = server.on("/other/async", body(job_document("QUEUED"), 201, location="/jobs/7"))
    job = uws.submit(door, created, {"QUERY": "q"}, archive="here")
    assert (job.url, job.phase) == (server.url + "/jobs/7", "QUEUED")


def test_a_refused_job_tells_the_services_own_sentence(
    server: FaultServer, door: StreetDoor
) -> None:
    error = (
        b'<VOTABLE version="1.3"><RESOURCE type="results">'
        b'<INFO name="QUERY_STATUS" value="ERROR">no table of that name</INFO>'
        b"</RESOURCE></VOTABLE>"
    )
    url = server.on("/tap/async", body(error, 400, content_type="text/xml"))
    with pytest.raises(Broken, match="no table of that name"):
        uws.submit(door, url, {"QUERY": "q"}, archive="here")
    page = server.on("/page/async", body(b"<html>Sorry</html>"))
    with pytest.raises(Unreadable, match="web page"):
        uws.submit(door, page, {"QUERY": "q"}, archive="here")


def test_a_start_whose_answer_was_lost_is_no_failure(server: FaultServer, door: StreetDoor) -> None:
    server.on(f"{JOB}/phase", reset)
    server.on(JOB, *documents("EXECUTING"))
    assert uws.start(door, begun(server, "PENDING")).phase == "EXECUTING"


def test_a_start_that_did_not_arrive_is_one(server: FaultServer, door: StreetDoor) -> None:
    server.on(f"{JOB}/phase", reset)
    server.on(JOB, *documents("PENDING"))
    with pytest.raises(Unreachable):
        uws.start(door, begun(server, "PENDING"))


def test_the_service_is_asked_to_hold_its_answer(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    server.on(JOB, *documents("EXECUTING", "COMPLETED"))
    assert uws.wait(door, begun(server), 100, clock=pauses.clock).phase == "COMPLETED"
    assert [seen.path.partition("?")[2] for seen in server.seen] == ["WAIT=30&PHASE=EXECUTING"] * 2


def test_an_old_service_and_a_standing_phase_are_asked_with_growing_pauses(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    server.on(JOB, *documents(*["EXECUTING"] * 6, "COMPLETED", version="1.0"))
    uws.wait(door, begun(server, version="1.0"), 100, clock=pauses.clock)
    assert all("WAIT" not in seen.path for seen in server.seen)
    assert pauses.taken == sorted(pauses.taken)
    assert pauses.taken[-1] > 4 * pauses.taken[0]


@pytest.mark.parametrize("phase", ["EXECUTING", "SUSPENDED", "QUEUED", "UNKNOWN"])
def test_a_service_that_ignores_wait_is_not_polled_busily(
    server: FaultServer, door: StreetDoor, pauses: Pauses, phase: str
) -> None:
    server.on(JOB, *documents(phase))
    with pytest.raises(Unreachable, match="within 600 s"):
        uws.wait(door, begun(server, phase), 600, clock=pauses.clock)
    assert len(server.seen) < 60
    assert pauses.moment == pytest.approx(600)


def test_a_suspended_job_is_waited_for(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    server.on(JOB, *documents("QUEUED", "SUSPENDED", "SUSPENDED", "EXECUTING", "COMPLETED"))
    assert uws.wait(door, begun(server, "QUEUED"), 100, clock=pauses.clock).phase == "COMPLETED"


def test_a_held_job_is_told_to_run_once(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    server.on(JOB, *documents("HELD", "QUEUED", "COMPLETED"))
    server.on(f"{JOB}/phase", *documents("HELD"))
    assert uws.wait(door, begun(server), 100, clock=pauses.clock).phase == "COMPLETED"
    assert [seen.body for seen in server.asked(f"{JOB}/phase")] == [b"PHASE=RUN"]


def test_a_poll_that_fails_in_passing_does_not_end_the_wait(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    troubles = [body(b"busy", 503), reset, body(b"oops", 500), body(b"oops", 502)]
    server.on(JOB, *troubles, *documents("COMPLETED"))
    assert uws.wait(door, begun(server), 100, clock=pauses.clock).phase == "COMPLETED"
    assert len(server.seen) == 5


def test_a_job_that_is_gone_ends_the_wait(
    server: FaultServer, door: StreetDoor, pauses: Pauses
) -> None:
    server.on(JOB, body(b"no such job", 404))
    with pytest.raises(Refused):
        uws.wait(door, begun(server), 100, clock=pauses.clock)


def test_the_wait_ends_when_the_door_has_no_time_left(
    server: FaultServer, door: StreetDoor
) -> None:
    server.on(JOB, *documents("EXECUTING"))
    with pytest.raises(Unreachable):
        uws.wait(door.within(0.3), begun(server), 3600)
    assert len(server.seen) <= 3


def test_the_main_result_is_taken_wherever_it_is(server: FaultServer) -> None:
    done = uws.job_of(job_document("COMPLETED"), server.url + JOB, archive="here")
    assert uws.result_url(done) == f"{server.url}{JOB}/results/result"
    silent = uws.job_of(job_document("ERROR"), server.url + JOB, archive="here")
    assert uws.result_url(silent) == f"{server.url}{JOB}/results/result"


def test_the_error_is_the_summary_or_what_the_error_document_says(
    server: FaultServer, door: StreetDoor
) -> None:
    said = uws.job_of(job_document("ERROR", error="too many rows"), server.url + JOB, archive="h")
    assert uws.error_text(door, said) == "too many rows"
    silent = uws.job_of(job_document("ERROR"), server.url + JOB, archive="h")
    server.on(f"{JOB}/error", body(b"the disk is full"))
    assert uws.error_text(door, silent) == "the disk is full"
    server.on(
        f"{JOB}/error",
        body(
            b'<VOTABLE><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'
            b"column: nonsense</INFO></RESOURCE></VOTABLE>"
        ),
    )
    assert uws.error_text(door, silent) == "column: nonsense"
    server.on(f"{JOB}/error", body(b"", 404))
    assert "not say why" in uws.error_text(door, silent)


@pytest.mark.parametrize("refusal", [405, 403, 501])
def test_a_job_is_deleted_in_the_way_that_the_service_takes(
    server: FaultServer, door: StreetDoor, refusal: int
) -> None:
    def only_by_post(line: Line) -> None:
        line.whole(refusal if line.seen.method == "DELETE" else 303, b"", location="/tap/async")

    server.on(JOB, only_by_post)
    assert uws.delete(door, begun(server))
    assert [(seen.method, seen.body) for seen in server.seen] == [
        ("DELETE", b""),
        ("POST", b"ACTION=DELETE"),
    ]


@pytest.mark.parametrize(("status", "done"), [(404, True), (410, True), (403, False)])
def test_a_job_that_is_gone_is_deleted_and_one_that_is_refused_is_not(
    server: FaultServer, door: StreetDoor, status: int, done: bool
) -> None:
    server.on(JOB, body(b"", status))
    assert uws.delete(door, begun(server)) is done
