"""This file brings light curves home at the command line, as astroquery and by hand would."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skyatlas import read
from skyatlas.dataset import LightCurve, TargetPixels

if TYPE_CHECKING:
    from conftest import Typing
    from skyatlas.sandbox import Sandbox

PI_MEN = "TIC 261136679"
SECTORS = (1, 4, 8, 11, 12, 13, 27, 39)


def asked_of_mast(box: Sandbox) -> list[str]:
    """Where MAST was asked, files left out."""
    return [
        one.path
        for one in box.requests
        if "//mast.stsci.edu/" in one.url and "/Download/" not in one.url
    ]


def test_one_line_finds_chooses_fetches_opens_and_draws(at_sandbox: Typing, tmp_path: Path) -> None:
    folder = tmp_path / "pimen"
    said = at_sandbox("lightcurve", PI_MEN, "--author", "SPOC", "-o", folder, "--plot")
    assert said.code == 0, said.talk
    *paths, picture = map(Path, said.data.splitlines())
    curves = [read(path) for path in paths]
    assert all(isinstance(one, LightCurve) for one in curves)
    assert [one.part for one in curves] == [f"sector {number}" for number in SECTORS]
    assert {(one.name, one.author, one.cadence) for one in curves} == {(PI_MEN, "SPOC", 120.0)}
    assert picture.name == "TIC_261136679_TESS_SPOC.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"{PI_MEN}: TESS sectors 1, 4, 8, 11, 12, 13, 27, 39 (SPOC, 120 s)" in said.talk
    with (folder / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["Status"] for row in rows} == {"COMPLETE"}
    assert {Path(row["Local Path"]).name for row in rows} == {path.name for path in paths}
    again = at_sandbox("lightcurve", PI_MEN, "--author", "SPOC", "-o", folder)
    assert again.code == 0
    assert f"{len(SECTORS)} kept" in again.talk


def test_a_name_finds_what_the_number_finds(at_sandbox: Typing, tmp_path: Path) -> None:
    words = ("--sector", "1,4", "--mission", "tess", "-o", tmp_path)
    by_name = at_sandbox("lightcurve", "pi Men", *words)
    assert by_name.code == 0, by_name.talk
    by_number = at_sandbox("lightcurve", PI_MEN, *words)
    assert "2 kept" in by_number.talk
    assert by_name.data == by_number.data


def test_pixels_come_instead_of_curves(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "lightcurve", PI_MEN, "--pixels", "--author", "SPOC", "--sector", "1", "-o", tmp_path
    )
    assert said.code == 0, said.talk
    (path,) = said.data.splitlines()
    assert isinstance(read(path), TargetPixels)


def test_all_authors_and_cadences_are_listed(at_sandbox: Typing) -> None:
    words = ("lightcurve", PI_MEN, "--all", "--dry-run", "--json")
    files = json.loads(at_sandbox(*words).data)["files"]
    names = [one["url"].rpartition("/")[2] for one in files]
    assert len(files) > len(SECTORS) + 3
    assert all(name.endswith("lc.fits") for name in names)
    assert any("qlp" in name for name in names)
    assert any("fast-lc" in name for name in names)


def test_a_quarter_of_kepler_is_one_file(at_sandbox: Typing) -> None:
    words = ("lightcurve", "KIC 11904151", "--quarter", "2", "--dry-run", "--json")
    said = at_sandbox(*words)
    assert said.code == 0, said.talk
    files = json.loads(said.data)["files"]
    assert len(files) == 1
    assert files[0]["url"].endswith("_llc.fits")


def test_a_campaign_of_k2_has_its_own_pipeline_first(at_sandbox: Typing) -> None:
    said = at_sandbox("lightcurve", "EPIC 201912552", "--mission", "k2", "--dry-run")
    assert said.code == 0, said.talk
    assert "K2 campaign 1 (K2, 1800 s)" in said.talk
    assert "EVEREST" in said.talk


def test_a_thousand_stars_take_few_questions_and_each_file_says_its_star(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path
) -> None:
    stars = [f"TIC {900_000_001 + number}" for number in range(1000)]
    listed = tmp_path / "stars.txt"
    listed.write_text("# our survey\n" + "\n".join(stars) + "\n", encoding="utf-8")
    said = at_sandbox("lightcurve", "--targets", listed, "--dry-run", "--json")
    assert said.code == 0, said.talk
    files = json.loads(said.data)["files"]
    assert [one["target"] for one in files] == stars
    for one in files:
        assert one["target"].removeprefix("TIC ") in one["url"]
    asked = asked_of_mast(box)
    assert len(asked) <= 30
    assert f"questions put: {len(asked)} of mast.stsci.edu" in said.talk


def test_a_star_that_nobody_knows_is_no_end_for_the_others(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    said = at_sandbox("lightcurve", "Nosuchstar 17", PI_MEN, "--sector", "1", "-o", tmp_path)
    assert said.code == 3
    assert len(said.data.splitlines()) == 1
    assert "no resolver knows 'Nosuchstar 17'" in said.talk


def test_a_star_without_light_curve_is_cut_out_of_the_full_frames(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    place = "84.9 -80.6"
    without = at_sandbox("lightcurve", place, "--dry-run")
    assert without.code == 0
    assert f"{place}: no light curve" in without.talk
    said = at_sandbox("lightcurve", place, "--tesscut", "5", "--sector", "1", "-o", tmp_path)
    assert said.code == 0, said.talk
    (path,) = said.data.splitlines()
    pixels = read(path)
    assert isinstance(pixels, TargetPixels)
    assert pixels.part == "sector 1"
    assert pixels.flux.shape[1:] == (5, 5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [((), "give a target"), ((PI_MEN, "--mission", "hst"), "no mission 'hst'"),
     ((PI_MEN, "--cadence", "often"), "is no cadence"),
     ((PI_MEN, "--sector", "1", "--campaign", "2"), "a campaign is one of K2"),
     (("Nosuchstar 17",), "no resolver knows")],
)  # fmt: skip
def test_what_makes_no_sense_is_one_sentence(
    at_sandbox: Typing, words: tuple[str, ...], sentence: str
) -> None:
    said = at_sandbox("lightcurve", *words)
    assert said.code == 2
    assert sentence in said.talk
    assert not said.data
