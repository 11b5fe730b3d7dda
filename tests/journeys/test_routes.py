"""This file asks for images in bands, from whoever has the best: failures hide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyatlas.errors import BadInput
from skyatlas.model import Why
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session

QUIET = {"progress": False}
M51 = "202.469575 47.195258"
SOUTH = "80.89 -69.75"


def test_an_archive_that_fails_does_not_hide_that_another_has_an_image(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    box.fault("html", "eso.org")
    done = atlas.cutout(M51, tmp_path, size="1 arcmin", bands="r", how=QUIET)
    box.heal()
    assert [receipt.product.archive for receipt in done.receipts] == ["panstarrs"]
    assert done.complete


def test_where_nobody_has_an_image_and_an_archive_failed_that_is_said(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    fine = atlas.cutout(SOUTH, tmp_path, size="1 arcmin", bands="u", how=QUIET)
    assert fine.complete
    assert [note.text for note in fine.notes] == [f"nobody has an image of {SOUTH} in u"]
    box.fault("html", "eso.org")
    done = atlas.cutout(SOUTH, tmp_path, size="1 arcmin", bands="u", how=QUIET)
    box.heal()
    assert not done.complete
    unanswered = [note.text for note in done.notes if note.why is Why.UNANSWERED]
    assert any(text.startswith("eso: ") for text in unanswered)
    assert any("nobody who answered" in note.text for note in done.notes)


def test_what_is_too_large_for_one_survey_is_had_from_another(atlas: Session) -> None:
    todo, _ = atlas.cutouts(M51, size="1 deg", bands="r")
    assert [product.archive for product in todo.products] == ["skyview"]
    todo, _ = atlas.cutouts(M51, size="1 deg", bands="u")
    assert todo.products == ()
    assert any("PS1" in note.text or "SDSS" in note.text for note in todo.notes)


def test_whole_images_are_asked_only_of_who_has_such(atlas: Session) -> None:
    todo, _ = atlas.cutouts([M51, SOUTH], size="1 arcmin", bands="r", whole=True)
    assert {product.target for product in todo.products} == {M51}
    assert [note.text for note in todo.notes] == [f"nobody has an image of {SOUTH} in r"]


def test_a_piece_that_is_covered_in_part_says_so_whoever_it_is_from(atlas: Session) -> None:
    todo, _ = atlas.cutouts("0.0 1.25", size="10 arcmin", bands="u")
    assert [product.archive for product in todo.products] == ["sdss"]
    assert any("lies outside SDSS's images" in note.text for note in todo.notes)


@pytest.mark.parametrize(
    "wanted", [{"picture": True}, {"pixels": (100, 100)}, {"projection": "CAR"}, {"sampler": "NN"}]
)
def test_what_depends_on_the_survey_needs_its_name(
    atlas: Session, wanted: dict[str, object]
) -> None:
    with pytest.raises(BadInput, match="needs a survey"):
        atlas.cutouts(M51, size="1 arcmin", bands="gri", **wanted)
