"""This file kills, interrupts and times out those who wait for a job; the next one goes on."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_server import FaultServer, Line, Plan, body, redirect
from tap_server import error, forms, rows
from uws_documents import job_document

from skyatlas.archive import Pace
from skyatlas.errors import Broken, Unreachable, Unreadable
from skyatlas.memory import Memory
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.protocols import tap
from skyatlas.protocols.tap import jobs
from skyatlas.protocols.tap.uploads import Part
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session

QUESTION = "SELECT TOP 3 dp_id FROM ivoa.ObsCore"
JOB = "/tap/async/1"

ASKS = """
import signal, sys
from pathlib import Path
from skyatlas.memory import Memory
from skyatlas.net.door import StreetDoor
from skyatlas.protocols import tap

# A shell that starts the tests in the background has them ignore Ctrl-C, and so their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, sandbox, url, question, stop = sys.argv[1:]

class Told(Memory):
    def put(self, kind, key, value):
        super().put(kind, key, value)
        if kind == "jobs":
            print(value["url"], flush=True)
            if stop:
                sys.stdin.read()

service = tap.TapService("here", url, 1000, formats=("votable",))
with StreetDoor(sandbox=sandbox or None, memory=Told(Path(folder))) as door:
    tap.ask(door, service, question, prefer="async")
"""


@contextlib.contextmanager
def somebody(
    folder: Path, sandbox: str, url: str, *, stop: bool
) -> Iterator[subprocess.Popen[str]]:
    """A process that asks; with `stop` it stands still as soon as it has remembered the job."""
    words = [str(folder), sandbox, url, QUESTION, "stop" if stop else ""]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", ASKS, *words], text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as one:
        one.on("/tap/async", redirect(JOB, 303))
        one.on(f"{JOB}/executionduration", redirect(JOB, 303))
        one.on(f"{JOB}/phase", body(job_document("EXECUTING")))
        one.on(f"{JOB}/results/result", rows([1, 2]))
        yield one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def door(folder: Path) -> Iterator[StreetDoor]:
    hosts = {"127.0.0.1": Host("here", Pace(per_second=1000.0))}
    with StreetDoor(hosts, patience=Patience(tries=1), memory=Memory(folder)) as one:
        yield one


@pytest.fixture
def service(server: FaultServer) -> tap.TapService:
    return tap.TapService("here", f"{server.url}/tap", 1000, formats=("votable",))


def ask(door: StreetDoor, service: tap.TapService) -> tap.Answer:
    return tap.ask(door, service, QUESTION, prefer="async")


def deleted(server: FaultServer) -> bool:
    return "DELETE" in [seen.method for seen in server.asked(JOB)]


def by_method(**plans: Plan) -> Plan:
    """Another plan for each method."""
    return lambda line: plans.get(line.seen.method, body(b"", 405))(line)


def remembered(folder: Path) -> list[Path]:
    return list((folder / "jobs").glob("*.json"))


def test_a_job_whose_maker_was_killed_is_run_and_its_rows_come(
    box: Sandbox, atlas: Session, folder: Path
) -> None:
    url = "https://archive.eso.org/tap_obs"
    with somebody(folder, box.url, url, stop=True) as process:
        assert process.stdout is not None
        job = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert len(remembered(folder)) == 1
    number = job.rpartition("/")[2]
    with StreetDoor(sandbox=box.url, memory=Memory(folder)) as door:
        service = tap.TapService("here", url, 1000, formats=("votable",))
        assert len(ask(door, service).table) == 3
    made = [one for one in box.requests if one.method == "POST" and one.url.endswith("/async")]
    assert len(made) == 1
    assert any(f"/async/{number}/results/result" in one.url for one in box.requests)
    assert box.requests[-1].method == "DELETE"
    assert not remembered(folder)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_whoever_asks_again_after_a_kill_or_ctrl_c_waits_for_the_same_job(
    server: FaultServer, door: StreetDoor, service: tap.TapService, folder: Path, end: int
) -> None:
    waiting = threading.Event()

    def hold(line: Line) -> None:
        waiting.set()
        line.hold()

    server.on(JOB, hold)
    with somebody(folder, "", service.url, stop=False) as process:
        assert waiting.wait(30), process.communicate(timeout=5)
        process.send_signal(end)
        process.wait(10)
    assert process.returncode != 0
    assert not deleted(server)
    server.on(JOB, by_method(GET=body(job_document("COMPLETED")), DELETE=body()))
    assert list(ask(door, service).table["n"]) == [1, 2]
    assert len(server.asked("/tap/async")) == 1
    assert deleted(server)
    assert not remembered(folder)


def test_a_wait_that_is_over_leaves_the_job_for_the_next_time(
    server: FaultServer, door: StreetDoor, service: tap.TapService, folder: Path
) -> None:
    server.on(JOB, body(job_document("EXECUTING")))
    with pytest.raises(Unreachable, match="ask the same again"):
        ask(door.within(0.5), service)
    assert not deleted(server)
    server.on(JOB, by_method(GET=body(job_document("COMPLETED")), DELETE=body()))
    assert len(ask(door, service).table) == 2
    assert len(server.asked("/tap/async")) == 1


@pytest.mark.parametrize(
    "left", [body(b"", 404), body(b"<html>no such job</html>"), body(job_document("ABORTED"))]
)
def test_a_job_that_is_gone_or_failed_meanwhile_is_made_anew(
    server: FaultServer, door: StreetDoor, service: tap.TapService, left: Plan
) -> None:
    server.on(JOB, body(job_document("EXECUTING")))
    with pytest.raises(Unreachable):
        ask(door.within(0.3), service)
    server.on(JOB, left)
    server.on("/tap/async", redirect("/tap/async/2", 303))
    server.on("/tap/async/2/executionduration", body(b"", 403))
    server.on("/tap/async/2/phase", body(job_document("COMPLETED")))
    server.on("/tap/async/2", body())
    server.on("/tap/async/2/results/result", rows([9]))
    assert list(ask(door, service).table["n"]) == [9]


def test_a_result_that_somebody_else_has_taken_is_asked_for_anew(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on(JOB, body(job_document("EXECUTING")))
    with pytest.raises(Unreachable):
        ask(door.within(0.3), service)
    server.on(JOB, by_method(GET=body(job_document("COMPLETED")), DELETE=body()))
    server.on(f"{JOB}/results/result", body(b"", 404), rows([5]))
    server.on(f"{JOB}/phase", body(job_document("COMPLETED")))
    assert list(ask(door, service).table["n"]) == [5]
    assert len(server.asked("/tap/async")) == 2


@pytest.mark.parametrize("phase", ["ERROR", "ABORTED", "ARCHIVED"])
def test_a_failed_job_tells_why_and_is_deleted(
    server: FaultServer, door: StreetDoor, service: tap.TapService, folder: Path, phase: str
) -> None:
    server.on(f"{JOB}/phase", body(job_document(phase, error="the disk is full")))
    server.on(JOB, body())
    with pytest.raises(Broken, match=f"{phase}: the disk is full"):
        ask(door, service)
    assert deleted(server)
    assert not remembered(folder)


@pytest.mark.parametrize(
    ("result", "leaf", "kept"),
    [
        (body(b"<html>oops</html>"), Unreadable, False),
        (error("rows were lost"), Broken, False),
        (body(b"try later", 500), Broken, True),
    ],
)
def test_a_result_is_asked_for_again_only_where_that_may_help(
    server: FaultServer,
    door: StreetDoor,
    service: tap.TapService,
    folder: Path,
    result: Plan,
    leaf: type[Exception],
    kept: bool,
) -> None:
    server.on(f"{JOB}/phase", body(job_document("COMPLETED")))
    server.on(JOB, body())
    server.on(f"{JOB}/results/result", result)
    with pytest.raises(leaf):
        ask(door, service)
    assert deleted(server) is not kept
    assert bool(remembered(folder)) is kept


def test_more_time_is_asked_for_before_the_job_runs(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on(f"{JOB}/phase", body(job_document("COMPLETED")))
    server.on(JOB, body())
    ask(door, service)
    assert [seen.path for seen in server.seen][:3] == [
        "/tap/async",
        f"{JOB}/executionduration",
        f"{JOB}/phase",
    ]
    assert forms(server, f"{JOB}/executionduration") == [{"EXECUTIONDURATION": "3600"}]


def test_other_questions_other_uploads_and_other_people_have_other_jobs(
    pi_atlas: Session, box: Sandbox
) -> None:
    service = tap.TapService("eso", "https://archive.eso.org/tap_obs")
    door = pi_atlas.door
    pi_atlas.search(instrument="MUSE", limit=1)  # signs in
    assert door.logged_in(service.url)
    form = {"QUERY": QUESTION, "MAXREC": "5"}
    with_upload = Part("t,param:t", {"t": ("t.xml", b"<VOTABLE/>", "text/xml")})
    keys: list[Callable[[], str]] = [
        lambda: jobs._key(door, service, form, Part()),
        lambda: jobs._key(door.anonymous(), service, form, Part()),
        lambda: jobs._key(door, service, {**form, "MAXREC": "6"}, Part()),
        lambda: jobs._key(door, service, form, with_upload),
    ]
    assert len({key() for key in keys}) == 4
    assert keys[0]() == jobs._key(door, service, dict(reversed(form.items())), Part())
