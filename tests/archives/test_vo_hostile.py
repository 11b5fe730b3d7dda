"""This file holds `vo` to its word where services, registries and callers do the unlikely."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from astropy.table import Table

from skyatlas import archives
from skyatlas.archive import Ask
from skyatlas.archives.vo import Vo
from skyatlas.errors import ArchiveError, BadInput, Broken, Unreachable
from skyatlas.model import Note, Product, Query, Target
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import conform
from skyatlas.protocols.service import Service, askable
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session
from skyatlas.settings import Settings
from skyatlas.testing import Answer, Server

PLACE = [Query(target=Target("M 51", 202.469575, 47.195258), radius=0.02)]
NOT_ASKED = [
    "file:///etc/passwd",
    "http://[bad",
    "http://h:99999/x",
    "mailto:a@b",
    "//h/x",
    "https://",
]


@pytest.mark.parametrize("url", NOT_ASKED)
def test_what_is_no_web_address_is_not_askable(url: str) -> None:
    assert not askable(url)
    assert askable("HTTPS://Archive.example:8443/x?y")


@pytest.mark.parametrize("name", ["http://[::1", "https://", "https://a.example:99999/x"])
def test_an_address_that_makes_no_sense_is_bad_input(atlas: Session, name: str) -> None:
    with pytest.raises(BadInput, match="no address that can be asked"):
        archives.archive(f"vo:{name}").search(PLACE, atlas.door).__next__()  # type: ignore[attr-defined]


def test_a_password_in_an_address_is_refused_and_not_repeated(atlas: Session) -> None:
    with pytest.raises(BadInput, match="must not hold a name or password") as caught:
        atlas.search("M 51", archives="vo:https://me:geheim@spectra.levante.example/ssap")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("where", ["http://[bad", "file:///etc/passwd"])
def test_a_redirect_to_nowhere_is_a_broken_service(where: str) -> None:
    answer = Answer(b"", status=302, headers={"Location": where})
    with (
        Server(lambda request: answer) as server,
        StreetDoor(sandbox=server.url) as door,
        pytest.raises(Broken, match="sends to an address that cannot be asked"),
    ):
        door.ask("https://archive.example/sia")


def test_rows_that_lead_nowhere_are_notes_and_the_others_files(atlas: Session) -> None:
    urls = [*NOT_ASKED, "https://archive.meridian.example/x.fits"]
    table = conform(Table({"access_url": urls}), {})
    parts = list(Vo("vo:https://x.example/").products(table, atlas.door, Ask()))
    assert [part.url for part in parts if isinstance(part, Product)] == urls[-1:]
    notes = [part.text for part in parts if isinstance(part, Note)]
    assert len(notes) == len(NOT_ASKED)
    assert all("no address that can be fetched" in text for text in notes)


SERVICE = Service("https://archive.meridian.example/sia2/query", "sia2", "vo:x")


def failure(door: StreetDoor) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        list(Vo("vo:x", [SERVICE]).search(PLACE, door))
    return caught.value


def test_a_service_is_not_taken_for_dead_because_we_had_no_time_or_were_offline(
    box: Sandbox, tmp_path: Path
) -> None:
    from skyatlas.memory import Memory

    memory = Memory(tmp_path)
    with StreetDoor(sandbox=box.url, memory=memory) as door:
        assert isinstance(failure(door.within(0.0)), Unreachable)
        assert memory.get("dead", SERVICE.url) is None
        box.fault("html", "sia2/query")
        failure(door)
        assert memory.get("dead", SERVICE.url) is not None
        memory.drop("dead", SERVICE.url)
    with StreetDoor(sandbox=box.url, memory=memory, offline=True) as door:
        assert isinstance(failure(door), Unreachable)
        assert memory.get("dead", SERVICE.url) is None


def test_a_registry_that_hangs_ends_with_the_budget(box: Sandbox) -> None:
    box.fault("silent", "reg.g-vo.org")
    box.fault("silent", "registry.euro-vo.org")
    box.fault("silent", "vao.stsci.edu")
    with Session(Settings(sandbox=box.url)) as atlas:
        began = time.monotonic()
        found = atlas.search("202.47 47.195", archives="vo", kind="image", budget=2.0)
        assert time.monotonic() - began < 15
        assert found.complete is False
        box.release()


def test_services_that_a_registry_named_are_asked_though_it_fails_later(box: Sandbox) -> None:
    from skyatlas.protocols import registry

    real = registry.find
    with Session(Settings(sandbox=box.url)) as atlas, pytest.MonkeyPatch.context() as patch:

        def once(door: StreetDoor, wanted: registry.Wanted) -> registry.Listing:
            if wanted.types == ("tap",):
                for host in ("reg.g-vo.org", "registry.euro-vo.org", "vao.stsci.edu"):
                    box.fault("html", host)
            return real(door, wanted)

        patch.setattr(registry, "find", once)
        found = atlas.search("202.47 47.195", archives="vo", kind="image", budget=30.0)
    about = found.reports[0]
    assert about.error is not None
    assert len(found.reports) > 1
    assert len(found) > 0


@pytest.mark.parametrize("parameter", ["POS=CIRCLE 0 0 90", "pos=0,0", "SR=90"])
def test_a_parameter_does_not_move_a_question_from_its_target(
    atlas: Session, parameter: str
) -> None:
    with pytest.raises(BadInput, match="two places for one question"):
        atlas.search(
            "M 51",
            archives="vo:ivo://meridian.example/sia2",
            parameters=dict([parameter.split("=")]),
        )
