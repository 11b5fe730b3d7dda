"""This file asks surveys for images at the command line: the textbook's one line, and its kin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from astropy.io import fits

from skyatlas.library import SUFFIX

if TYPE_CHECKING:
    from conftest import Typing
    from skyatlas.sandbox import Sandbox

TEXTBOOK = (
    "M51", "NGC 1068", "M87", "80.89 -69.75",
    "--survey", "sdss", "--bands", "gri", "--size", "10arcmin",
)  # fmt: skip


def test_the_textbooks_line_gives_nine_images_and_one_honest_line(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    said = at_sandbox("cutout", *TEXTBOOK, "-o", folder)
    assert said.code == 0, said.talk
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.fits"))
    assert names == sorted(
        f"{name}/{name}_sdss_{band}.fits" for name in ("M51", "NGC_1068", "M87") for band in "gri"
    )
    assert sorted(said.data.splitlines()) == sorted(str(folder / name) for name in names)
    notes = [line for line in said.talk.splitlines() if line.startswith("note:")]
    assert len(notes) == 1
    assert "80.89 -69.75" in notes[0]
    for name in names:
        with fits.open(folder / name) as hdus:
            sides = [abs(hdus[0].header[f"NAXIS{axis}"] * 0.396 / 60 - 10) for axis in (1, 2)]
            assert max(sides) < 0.05
        about = json.loads(Path(f"{folder / name}{SUFFIX}").read_text())["observation"]
        assert about["pixels"] in ("original", "resampled")
        assert about["photometry"]
        assert about["frames"]
    assert not list(folder.glob(".skyatlas-frames*"))

    before = len(box.requests)
    again = at_sandbox("cutout", *TEXTBOOK, "-o", folder)
    assert again.code == 0
    assert sorted(again.data.splitlines()) == sorted(said.data.splitlines())
    assert "9 kept" in again.talk
    asked = [one.url for one in box.requests[before:]]
    assert not [url for url in asked if "data.sdss.org" in url], asked


def test_what_was_made_is_verified_and_repaired_like_what_was_fetched(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    asked = ("cutout", "NGC 1068", "--survey", "sdss", "--bands", "r", "--size", "1arcmin")
    assert at_sandbox(*asked, "-o", tmp_path).code == 0
    (path,) = tmp_path.rglob("*.fits")
    good = path.read_bytes()
    path.write_bytes(good[:-2880])
    assert at_sandbox("verify", tmp_path).code == 5
    said = at_sandbox("verify", tmp_path, "--repair")
    assert said.code == 0, said.talk
    with fits.open(path) as hdus:
        assert hdus[0].data.shape[0] > 100
    assert len(path.read_bytes()) == len(good)


def test_a_piece_that_one_frame_holds_has_the_frames_own_pixels(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    asked = ("NGC 1068", "--survey", "sdss", "--bands", "r", "--size", "2arcmin", "-o", tmp_path)
    assert at_sandbox("cutout", *asked).code == 0
    whole = at_sandbox("cutout", *asked, "--whole")
    assert whole.code == 0, whole.talk
    (piece,) = tmp_path.rglob("*_sdss_r.fits")
    about = json.loads(Path(f"{piece}{SUFFIX}").read_text())["observation"]
    assert about["pixels"] == "original"
    (frame,) = tmp_path.rglob("frame-r-*.fits.bz2")
    with fits.open(piece) as cut, fits.open(frame) as hdus:
        values = {float(value) for value in hdus[0].data.ravel()}
        assert all(float(value) in values for value in cut[0].data[::20, ::20].ravel())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--survey", "dss3"), "dss3"),
        (("--survey", "sdss", "--bands", "y"), "sdss has no band 'y'"),
        (("--survey", "sdss", "--bands", "gr", "--jpeg"), "three|3 bands"),
        (("--survey", "sdss", "--bands", "g", "--pixels", "many"), "many"),
        (("--bands", "xyzzy"), "band"),
        (("--survey", "sdss", "--instrument", "MUSE"), "instrument"),
        (("--survey", ","), "no survey"),
        (("--whole",), "whole"),
        (("--survey", "sdss", "--bands", "gx"), "sdss has no band 'x'"),
        (("--survey", "sdss,ps1", "--bands", "rR"), "sdss has no band 'R'"),
        (("--survey", "sdss,ps1", "--bands", "g", "--pixels", "100"), "sdss and ps1"),
        (("--survey", "ps1", "--projection", "CAR"), "projection"),
        (("--survey", "sdss", "--bands", "gri", "--jpeg", "--whole"), "one of the two"),
        (("--bands", "gri", "--jpeg"), "needs a survey"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anybody_is_asked(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    before = len(box.requests)
    said = at_sandbox("cutout", "M51", "--size", "1arcmin", *words, "-o", tmp_path / "out")
    assert said.code == 2
    assert any(word in said.talk for word in why.split("|")), said.talk
    asked = [one.url for one in box.requests[before:] if "sesame" not in one.url]
    assert asked == []
    assert not (tmp_path / "out").exists()


def test_each_survey_gives_its_own_image(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", "M87", "--survey", "sdss,ps1,DSS2 Red", "--bands", "r", "--size", "1arcmin",
        "-o", tmp_path,
    )  # fmt: skip
    assert said.code == 0, said.talk
    assert sorted(path.name for path in tmp_path.rglob("*.fits")) == [
        "M87_dss2_red.fits",
        "M87_ps1_r.fits",
        "M87_sdss_r.fits",
    ]


def test_what_one_of_several_surveys_has_not_is_said(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", "M87", "--survey", "sdss,ps1,DSS2 Red", "--bands", "uy", "--size", "1arcmin",
        "--pixels", "60", "--dry-run", "-o", tmp_path,
    )  # fmt: skip
    assert said.code == 0, said.talk
    assert "sdss has no band 'y'" in said.talk
    assert "ps1 has no band 'u'" in said.talk
    assert "ps1 keeps pixels of its own" in said.talk
    assert "DSS2 Red keeps" not in said.talk


def test_a_plan_says_what_would_be_fetched(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", "M51", "--survey", "sdss", "--bands", "g", "--size", "10arcmin", "--dry-run",
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert said.code == 0
    assert "frame-g-" in said.data
    assert not (tmp_path / "out").exists()


def test_a_survey_that_does_not_answer_is_no_empty_sky(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path
) -> None:
    box.fault("html", "skyserver.sdss.org")
    said = at_sandbox(
        "cutout", "M51", "--survey", "sdss", "--bands", "g", "--size", "1arcmin", "-o", tmp_path
    )
    box.heal()
    assert said.code == 3
    assert "no piece of M51" in said.talk
