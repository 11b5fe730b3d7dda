"""This file plays CASDA's recorded documents: links, a job that is held, runs, and has files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from datalink_server import Answer, Asked, serving

from skyatlas.errors import Broken, Unreachable
from skyatlas.net.door import StreetDoor
from skyatlas.protocols.datalink import links_at
from skyatlas.protocols.soda import Cut, Request, request_of, results_of, services_of
from skyatlas.protocols.uws import Clock

if TYPE_CHECKING:
    from skyatlas.session import Session

CUT = Cut(circle=(333.9092, -45.8418, 0.25))
JOB = "/data/async/a7b53da7-1201-46ee-8718-0bf5b64dd5b8"


@dataclass
class Time:
    """A clock that the waiting moves on."""

    seconds: float = 0.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        def pause(seconds: float) -> None:
            self.seconds += seconds

        self.clock = Clock(now=lambda: self.seconds, pause=pause)


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as street:
        yield street


@pytest.fixture
def casda(shared_data: Path) -> Callable[[list[str]], Answer]:
    """An archive whose job goes through these documents, one a look, and stays at the last."""
    folder = shared_data / "responses" / "astroquery_casda"

    def playing(phases: list[str]) -> Answer:
        looks = list(phases)

        def answer(asked: Asked) -> bytes | int | tuple[int, dict[str, str], bytes]:
            if asked.path == "/links":
                text = (folder / "datalink.xml").read_text(encoding="utf-8")
                here = text.replace("https://casda.csiro.au/casda_data_access", BASE[0])
                return here.encode()
            if asked.path == "/data/async":
                return 303, {"Location": f"{BASE[0]}{JOB}"}, b""
            if asked.path == f"{JOB}/error":
                return 200, {"Content-Type": "text/plain"}, b"the cube is on a tape that broke"
            if not asked.path.startswith(JOB):
                return 404
            starting = asked.path.endswith("/phase")
            name = looks.pop(0) if len(looks) > 1 and not starting else looks[0]
            return 200, {"Content-Type": "text/xml"}, (folder / name).read_bytes()

        return answer

    return playing


BASE = [""]
"""Where the service is, which is known when it runs."""


def request_at(door: StreetDoor, url: str) -> Request:
    BASE[0] = url
    (links,) = links_at(door, [f"{url}/links?ID=cube-244"], archive="casda").values()
    (link,) = services_of(links)
    request = request_of(link, CUT)
    assert isinstance(request, Request)
    assert request.asynchronous
    return request


SLOW = ["run_job.xml", "suspended_job.xml", "run_job.xml", "completed_job.xml"]


def test_a_job_is_made_started_and_waited_for_until_it_has_files(
    door: StreetDoor, casda: Callable[[list[str]], Answer]
) -> None:
    with serving(casda(SLOW)) as service:
        request = request_at(door, service.url)
        results = results_of(door, request, archive="casda", seconds=600.0, clock=Time().clock)
        asked = [(one.method, one.path) for one in service.asked[1:3]]
        form = service.asked[1].form
    assert asked == [("POST", "/data/async"), ("POST", f"{JOB}/phase")]
    assert form == {"ID": ["cube-244"], "POS": ["CIRCLE 333.9092 -45.8418 0.25"]}
    assert [one.id for one in results] == ["cube-244", "cube-245"]
    assert results[0].url.endswith("askap_img.fits")


def test_the_same_cut_asked_again_finds_the_job_that_was_begun(
    door: StreetDoor, casda: Callable[[list[str]], Answer]
) -> None:
    with serving(casda(["run_job.xml"] * 200 + ["completed_job.xml"])) as service:
        request = request_at(door, service.url)
        with pytest.raises(Unreachable, match="goes on"):
            results_of(door, request, archive="casda", seconds=1.0, clock=Time().clock)
        with pytest.raises(Unreachable, match="goes on"):
            results_of(door, request, archive="casda", seconds=1.0, clock=Time().clock)
        made = [one for one in service.asked if one.path == "/data/async"]
    assert len(made) == 1


def test_a_job_that_is_gone_is_made_again(
    door: StreetDoor, casda: Callable[[list[str]], Answer]
) -> None:
    with serving(casda(["completed_job.xml"])) as service:
        request = request_at(door, service.url)
        door.memory.put("soda-jobs", request.address, f"{service.url}/data/async/of-last-year")
        results = results_of(door, request, archive="casda", seconds=9.0, clock=Time().clock)
        kept = door.memory.get("soda-jobs", request.address)
    assert len(results) == 2
    assert kept is not None
    assert str(kept.value).endswith(JOB)


def test_a_job_that_failed_says_why_and_is_not_found_again(
    door: StreetDoor, casda: Callable[[list[str]], Answer], shared_data: Path
) -> None:
    play = casda(["run_job.xml"])

    def failing(asked: Asked) -> bytes | int | tuple[int, dict[str, str], bytes]:
        given = play(asked)
        if isinstance(given, tuple) and b"EXECUTING" in given[2]:
            return given[0], given[1], given[2].replace(b"EXECUTING", b"ERROR")
        return given

    with serving(failing) as service:
        request = request_at(door, service.url)
        with pytest.raises(Broken, match="tape that broke"):
            results_of(door, request, archive="casda", seconds=9.0, clock=Time().clock)
        assert door.memory.get("soda-jobs", request.address) is None


def test_a_job_s_piece_is_the_one_that_comes_at_once(atlas: Session) -> None:
    """An invented publisher of the sandbox cuts both ways."""
    found = atlas.search("NGC 1068", archives="vo:ivo://meridian.example/sia2", kind="image")
    (links,) = links_at(atlas.door, [str(found["datalink"][0])], archive="meridian").values()
    (now,) = services_of(links)
    rows = tuple(row for row in links.rows if row != now)
    (later,) = services_of(replace(links, rows=rows))
    around = Cut(circle=(40.669629, -0.013281, 5 / 3600))
    at_once, by_job = request_of(now, around), request_of(later, around)
    assert isinstance(at_once, Request)
    assert isinstance(by_job, Request)
    assert (at_once.asynchronous, by_job.asynchronous) == (False, True)
    (result,) = results_of(atlas.door, by_job, archive="meridian", seconds=60.0)
    piece = atlas.door.ask(at_once.address).content
    assert piece[:6] == b"SIMPLE"
    assert atlas.door.ask(result.url).content == piece
