"""This file plans pieces at services of every temper: nothing is dropped, nothing comes whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from astropy.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "protocols"))
from datalink_server import Answer, Asked, Row, serving, votable

from skyatlas.archives import archive
from skyatlas.errors import BadInput, Corrupt, Unreadable
from skyatlas.journeys import cutout
from skyatlas.journeys.cutout import Piece, plan
from skyatlas.journeys.fetch import Fetched, Plan
from skyatlas.journeys.nothing import settled
from skyatlas.model import Failure, Interval, Note, Product, Query, Target, Why
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import conform
from skyatlas.observations import Observations

PIECE = Piece(20 / 3600)
TARGET = Target("here", 10.0, 20.0)
SODA = "ivo://ivoa.net/std/SODA#sync-1.0"


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as street:
        yield street


def service(name: str, url: str, parameters: str, standard: str = SODA) -> str:
    return (
        f'<RESOURCE type="meta" utype="adhoc:service" ID="{name}">'
        f'<PARAM name="accessURL" datatype="char" arraysize="*" value="{url}"/>'
        f'<PARAM name="standardID" datatype="char" arraysize="*" value="{standard}"/>'
        f'<GROUP name="inputParams">{parameters}</GROUP></RESOURCE>'
    )


CIRCLE = (
    '<PARAM name="CIRCLE" datatype="double" arraysize="3" xtype="circle" value="">'
    '<VALUES><MAX value="{}"/></VALUES></PARAM>'
)
BAND = '<PARAM name="BAND" datatype="double" arraysize="2" xtype="interval" unit="m" value=""/>'
SERVICES = (
    service("near", "http://example.org/cut", CIRCLE.format("10 20 1") + BAND)
    + service("far", "http://example.org/cut", CIRCLE.format("100 20 1"))
    + service("band", "http://example.org/cut", BAND)
    + service("later", "LATER/jobs", "", SODA.replace("sync", "async"))
)


def cutting(asked: Asked) -> bytes:
    """Links to a file, and to the service that the dataset's name says."""
    rows: list[Row] = []
    for one in asked.ids:
        if one == "secret":
            rows.append((one, "", "", "AuthorizationFault: not yours", "#this", ""))
            continue
        rows.append((one, "http://example.org/whole.fits", "", "", "#this", "application/fits"))
        if one != "none":
            rows.append((one, "", one, "", "#cutout", "application/fits"))
    return votable(rows, SERVICES)


def observations(url: str, *names: str, kind: str = "image") -> Observations:
    native = Table({
        "obs_publisher_did": list(names),
        "obs_id": list(names),
        "archive": ["box"] * len(names),
        "target": ["here"] * len(names),
        "dataproduct_type": [kind] * len(names),
        "access_url": ["http://example.org/whole.fits"] * len(names),
        "access_format": ["application/fits"] * len(names),
        "datalink": [f"{url}/links?ID={name}" for name in names],
    })  # fmt: skip
    return Observations(conform(native, {}, keep=("datalink",)), (), (Query(TARGET, 0.1),))


def test_every_observation_is_a_piece_or_a_note_and_never_the_whole_file(door: StreetDoor) -> None:
    names = ("near", "far", "band", "none", "secret")
    with serving(cutting) as box:
        todo = plan(observations(box.url, *names), door, PIECE)
    assert [product.obs_id for product in todo.products] == ["near"]
    assert todo.products[0].url.startswith("http://example.org/cut?ID=near&CIRCLE=10.0%2020.0%20")
    assert [(note.why, name) for note, name in zip(todo.notes, names[1:], strict=True)] == [
        (Why.ASSUMED, "far"),
        (Why.UNANSWERED, "band"),
        (Why.UNANSWERED, "none"),
        (Why.UNANSWERED, "secret"),
    ]
    assert all(name in note.text for note, name in zip(todo.notes, names[1:], strict=True))
    assert "not yours" in todo.notes[-1].text
    assert len(box.asked) == 1


def test_a_service_that_cuts_only_by_band_cuts_spectra_but_no_images(door: StreetDoor) -> None:
    piece = replace(PIECE, band=Interval(5e-7, 6e-7))
    with serving(cutting) as box:
        spectrum = plan(observations(box.url, "band", kind="spectrum"), door, piece)
        cube = plan(observations(box.url, "band", kind="cube"), door, piece)
        image = plan(observations(box.url, "near", kind="image"), door, piece)
    assert "BAND=5e-07%206e-07" in spectrum.products[0].url
    assert spectrum.products[0].provenance["cutout"] == "BAND 5e-07 6e-07"
    assert cube.products == ()
    assert [note.why for note in cube.notes] == [Why.UNANSWERED]
    assert "BAND" not in image.products[0].url


def test_a_square_is_asked_for_as_a_polygon(door: StreetDoor) -> None:
    polygon = CIRCLE.replace("CIRCLE", "POLYGON").replace("circle", "polygon").format("")
    document = service("near", "http://example.org/cut", polygon.replace('arraysize="3"', ""))

    def answer(asked: Asked) -> bytes:
        return votable([("near", "", "near", "", "#cutout", "application/fits")], document)

    with serving(answer) as box:
        todo = plan(observations(box.url, "near"), door, replace(PIECE, square=True))
    (product,) = todo.products
    assert product.provenance["cutout"].startswith("POLYGON 9.99")


@pytest.fixture
def later(shared_data: Path) -> Callable[[str], Answer]:
    """A service that cuts in a job, whose document is CASDA's."""
    done = (shared_data / "responses" / "astroquery_casda" / "completed_job.xml").read_bytes()

    def at(url: str) -> Answer:
        def answer(asked: Asked) -> bytes | tuple[int, dict[str, str], bytes]:
            if asked.path == "/links":
                return cutting(asked).replace(b"LATER", HERE[0].encode())
            if asked.path == "/jobs":
                return 303, {"Location": f"{HERE[0]}/jobs/1"}, b""
            return 200, {"Content-Type": "text/xml"}, done

        return answer

    return at


HERE = [""]
"""Where the service is, which is known when it runs."""


def test_a_service_that_answers_later_gives_the_files_of_its_job(
    door: StreetDoor, later: Callable[[str], Answer]
) -> None:
    with serving(later("")) as box:
        HERE[0] = box.url
        dry = plan(observations(box.url, "later"), door, PIECE, jobs=False)
        assert [one.path for one in box.asked] == ["/links"]
        todo = plan(observations(box.url, "later"), door, PIECE)
        again = plan(observations(box.url, "later"), door, PIECE)
        made = [one for one in box.asked if one.path == "/jobs"]
    assert dry.products == ()
    assert "not started" in dry.notes[0].text
    assert [product.url.partition("?")[0].rpartition("/")[2] for product in todo.products] == [
        "askap_img.fits",
        "selavy.components.xml",
    ]
    assert len({product.key for product in todo.products}) == 2
    assert again.products == todo.products
    assert len(made) == 1


def test_the_next_route_is_tried_for_what_the_first_could_not_cut(
    door: StreetDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_hand(wishes, door, jobs):
        return [
            [wish.product(f"http://example.org/{wish.name}", {"pixels": "unknown"})]
            for wish in wishes
        ]

    monkeypatch.setattr(cutout, "ROUTES", (cutout.by_soda, by_hand))
    with serving(cutting) as box:
        todo = plan(observations(box.url, "near", "none"), door, PIECE)
    assert [one.url.partition("?")[0] for one in todo.products] == [
        "http://example.org/cut",
        "http://example.org/none",
    ]
    assert todo.notes == ()


def test_an_archive_whose_links_cannot_be_read_is_a_note_for_each(door: StreetDoor) -> None:
    with serving(lambda asked: 404) as box:
        todo = plan(observations(box.url, "one", "two"), door, PIECE)
    assert todo.products == ()
    assert len(todo.notes) == 2
    assert all("404" in note.text for note in todo.notes)


def test_an_empty_answer_is_told_and_other_failures_stay(tmp_path: Path) -> None:
    empty = Failure(
        Product(url="http://x/1", obs_id="one"), Unreadable("204 instead of a file", status=204)
    )
    broken = Failure(Product(url="http://x/2", obs_id="two"), Corrupt("too short"))

    def fetch(todo: Plan, folder: Path) -> Fetched:
        raise AssertionError("nothing was removed")

    done = settled(Fetched(tmp_path, (), (empty, broken)), archive, fetch)
    assert done.failures == (broken,)
    assert done.notes == (Note(Why.ASSUMED, "nothing of one lies in the piece"),)


@pytest.mark.parametrize("size", [0.0, -1.0, 181.0, float("nan")])
def test_a_piece_that_makes_no_sense_is_refused(size: float) -> None:
    with pytest.raises(BadInput):
        Piece(size)
