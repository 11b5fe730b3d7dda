"""This file makes pieces where nobody cuts them, under faults: nothing is lost or left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas import read
from skyatlas.errors import BadInput, Unwritable
from skyatlas.journeys.export import exported
from skyatlas.journeys.fetch import Plan, State
from skyatlas.journeys.making import WORKSHOP
from skyatlas.library import SUFFIX
from skyatlas.model import Failure, Product, Receipt, Why
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session
from skyatlas.settings import Settings

QUIET = {"progress": False}
M51 = "202.469575 47.195258"
"""On a border of SDSS's frames: a piece is made of two."""


def frames_asked(box: Sandbox, before: int) -> list[str]:
    return [one.url for one in box.requests[before:] if "/frame-" in one.url]


def test_a_frame_that_does_not_come_is_a_failure_and_the_others_wait_for_it(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    asked = {"size": "3 arcmin", "survey": "sdss", "bands": "gr", "how": QUIET}
    box.fault("wrong-length", "frame-r-003699-4-0098")
    done = atlas.cutout(M51, tmp_path, **asked)
    box.heal()
    assert [receipt.path.name for receipt in done.receipts] == ["202.469575_47.195258_sdss_g.fits"]
    (failure,) = done.failures
    assert "frame-r-003699-4-0098" in str(failure.error)
    assert (tmp_path / WORKSHOP).is_dir()
    before = len(box.requests)
    again = atlas.cutout(M51, tmp_path, **asked)
    assert [receipt.status for receipt in again.receipts] == ["kept", "fetched"]
    assert not again.failures
    assert {url.rpartition("/")[2] for url in frames_asked(box, before)} == {
        "frame-r-003699-4-0098.fits.bz2"
    }
    assert not (tmp_path / WORKSHOP).exists()


class InTheMiddle:
    """Does something once, when the first file has come."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act: list[Callable[[], object]] = [act]

    def at(self, state: State) -> None: ...

    def end(self, outcome: Receipt | Failure) -> None:
        del outcome
        if self._act:
            self._act.pop()()


def test_frames_stay_while_another_run_is_at_work_on_them(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    asked = {"size": "1 arcmin", "survey": "sdss"}
    with Session(Settings(sandbox=box.url)) as other:
        first = InTheMiddle(lambda: other.cutout(M51, tmp_path, bands="g", how=QUIET, **asked))
        done = atlas.cutout(M51, tmp_path, bands="r", how={"progress": first}, **asked)
    assert not done.failures
    assert sorted(path.name[-6:] for path in tmp_path.rglob("*.fits")) == ["g.fits", "r.fits"]
    assert not (tmp_path / WORKSHOP).exists()


def test_a_piece_that_the_disk_does_not_take_leaves_nothing_of_itself(
    atlas: Session, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, usual[1]))
    try:
        done = atlas.cutout(M51, tmp_path, size="8 arcmin", survey="sdss", bands="g", how=QUIET)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    (failure,) = done.failures
    assert isinstance(failure.error, Unwritable)
    assert len(list(tmp_path.glob(f"{WORKSHOP}/*.bz2"))) == 2
    assert list(tmp_path.glob("[0-9]*/*")) == []


@pytest.mark.parametrize(("survey", "place"), [("ps1", "150 -29.99"), ("sdss", "0.0 1.25")])
def test_what_is_empty_in_a_piece_is_said_once(
    atlas: Session, tmp_path: Path, survey: str, place: str
) -> None:
    done = atlas.cutout(place, tmp_path, size="10 arcmin", survey=survey, bands="r", how=QUIET)
    (receipt,) = done.receipts
    assert receipt.product.provenance["coverage"] < 0.95
    assert len([note for note in done.notes if "empty" in note.text]) == 1


def test_the_receipt_of_a_piece_keeps_no_secret_of_an_address(
    atlas: Session, tmp_path: Path
) -> None:
    filters = {"archives": "mast", "kind": "image", "collection": "HLSP"}
    todo, _ = atlas.cutouts(M51, size="10 arcsec", **filters)
    piece = next(one for one in todo.products if "f555w" in one.url)
    source = f"{piece.sources[0]}&token=not-to-be-told"
    private = replace(piece, url=f"{source}#{piece.product_id}", sources=(source,))
    done = atlas.fetch(Plan((private,)), tmp_path, progress=False)
    assert not done.failures
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"not-to-be-told" not in path.read_bytes(), path


def test_targets_on_one_frame_share_it(box: Sandbox, atlas: Session, tmp_path: Path) -> None:
    before = len(box.requests)
    targets = ["40.669629 -0.013281", "40.68 -0.02"]
    done = atlas.cutout(targets, tmp_path, size="1 arcmin", survey="sdss", bands="r", how=QUIET)
    assert len(done) == 2
    assert len(frames_asked(box, before)) == 1


def test_a_piece_says_what_it_was_made_of(atlas: Session, tmp_path: Path) -> None:
    (receipt,) = atlas.cutout(
        M51, tmp_path, size="2 arcmin", survey="sdss", bands="g", how=QUIET
    ).receipts
    about = json.loads(Path(f"{receipt.path}{SUFFIX}").read_text())["observation"]
    assert about["pixels"] == "resampled"
    assert about["coverage"] == pytest.approx(1.0, abs=0.01)
    assert [one["url"].rpartition("/")[2] for one in about["frames"]] == [
        "frame-g-003699-4-0097.fits.bz2", "frame-g-003699-4-0098.fits.bz2",
    ]  # fmt: skip
    assert all(len(one["sha256"]) == 64 for one in about["frames"])
    with fits.open(receipt.path) as hdus:
        said = "\n".join(str(line) for line in hdus[0].header["HISTORY"])
    assert "frame-g-003699-4-0097" in said


def test_what_is_made_here_is_never_fetched_as_it_is(atlas: Session, tmp_path: Path) -> None:
    product = Product(
        url="https://data.sdss.org/sas/frame.fits.bz2#piece", made="mosaic", sources=("x",)
    )
    from skyatlas.journeys.fetch import fetch

    done = fetch(Plan((product,)), tmp_path, atlas.roster.archive, atlas.street)
    (failure,) = done.failures
    assert isinstance(failure.error, BadInput)
    assert not list(tmp_path.glob("*.fits*"))


@pytest.mark.parametrize(
    ("survey", "place"),
    [("NVSS", "80.89 -69.75"), ("SDSSg", "80.89 -69.75"), ("GALEX Near UV", "")],
)
def test_where_a_survey_has_nothing_there_is_a_line_and_no_file(
    atlas: Session, box: Sandbox, tmp_path: Path, survey: str, place: str
) -> None:
    if not place:  # a survey of which SkyView's image of nothing is all zeros
        box.fault("blank", "runquery", count=1)
        place = M51
    done = atlas.cutout(place, tmp_path, size="2 arcmin", survey=survey, how=QUIET)
    box.heal()
    assert done.receipts == ()
    assert done.failures == ()
    assert [note.why for note in done.notes if note.why is Why.OUTSIDE]
    assert done.complete
    assert not list(tmp_path.rglob("*.fits*"))
    document = json.loads((tmp_path / "provenance.json").read_text()) if survey[0] == "G" else {}
    assert not [name for name in document.get("entity", {}) if ".fits" in name]


def test_a_service_that_fails_is_no_empty_sky(box: Sandbox, atlas: Session, tmp_path: Path) -> None:
    box.fault("html", "runquery")
    done = atlas.cutout(M51, tmp_path, size="2 arcmin", survey="DSS2 Red", how=QUIET)
    box.heal()
    assert len(done.failures) == 1
    assert not [note for note in done.notes if note.why is Why.OUTSIDE]


def test_pieces_of_a_remote_file_come_by_ranges_of_it(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    before = len(box.requests)
    done = atlas.cutout(
        M51, tmp_path, size="1 arcmin", archives="mast", kind="image", collection="HLSP", how=QUIET
    )
    assert not done.failures
    paths = [one.path for one in done.receipts if "f555w" in one.path.name]
    assert len(paths) == 1
    ways = done.receipts[0].verified
    assert "ranges of one version of the file" in ways
    image = read(paths[0])
    assert max(image.pixels.shape) < 2000
    assert np.isfinite(image.pixels).all()
    whole = [
        one for one in box.requests[before:]
        if "f555w" in one.url and "Download" in one.url and "range" not in one.headers
    ]  # fmt: skip
    assert whole == []


def test_a_server_without_ranges_is_a_note_and_never_the_whole_file(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    box.fault("no-range", "Download/file")
    done = atlas.cutout(
        M51, tmp_path, size="1 arcmin", archives="mast", kind="image", collection="HLSP", how=QUIET
    )
    box.heal()
    assert done.receipts == ()
    assert not done.complete
    assert [note for note in done.notes if note.why is Why.UNANSWERED]


@pytest.mark.parametrize(
    ("survey", "size", "more"),
    [
        ("sdss", "30 deg", {}),
        ("sdss", "30 deg", {"whole": True}),
        ("ps1", "30 deg", {}),
        ("ps1", "30 deg", {"whole": True}),
        ("ps1", "0.1 arcsec", {}),
    ],
)
def test_a_size_that_nobody_can_mean_is_refused_before_anybody_is_asked(
    box: Sandbox, atlas: Session, survey: str, size: str, more: dict[str, bool]
) -> None:
    before = len(box.requests)
    with pytest.raises(BadInput, match=r"up to|less than a pixel"):
        atlas.cutouts(M51, size=size, survey=survey, bands="r", **more)
    assert box.requests[before:] == []


def test_bytes_that_are_no_table_are_a_service_that_failed(box: Sandbox, atlas: Session) -> None:
    box.fault("rubbish", "skyserver.sdss.org")
    todo, _ = atlas.cutouts(M51, size="1 arcmin", survey="sdss", bands="r")
    box.heal()
    assert [note.why for note in todo.notes] == [Why.UNANSWERED]


def test_the_same_piece_is_the_same_file(atlas: Session, tmp_path: Path) -> None:
    asked = {"size": "1 arcmin", "survey": "sdss", "bands": "r", "how": QUIET}
    (one,) = atlas.cutout(M51, tmp_path / "one", **asked).receipts
    (other,) = atlas.cutout(M51, tmp_path / "other", **asked).receipts
    assert one.sha256 == other.sha256
    with fits.open(one.path, checksum=True) as hdus:  # a wrong sum would be a warning, an error
        assert all("CHECKSUM" in hdu.header for hdu in hdus)
        assert ":" not in hdus[0].header.comments["CHECKSUM"]


def test_what_is_made_here_is_neither_compared_nor_exported(atlas: Session, tmp_path: Path) -> None:
    asked = {"size": "1 arcmin", "survey": "sdss", "bands": "r"}
    todo, _ = atlas.cutouts(M51, tmp_path, **asked)
    exported_list = exported(todo, "aria2", door=atlas.street)
    assert "made here" in exported_list
    assert "frame-r" not in [line.rpartition("/")[2] for line in exported_list.splitlines()]
    atlas.cutout(M51, tmp_path, **asked, how=QUIET)
    found = atlas.verify(tmp_path, remote=True)
    assert [one.state.value for one in found.findings if one.state.value == "changed"] == []
