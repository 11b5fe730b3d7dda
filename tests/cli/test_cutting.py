"""This file cuts pieces at the command line, and lays them on the whole files they came from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))
from pieces import compare, holds

if TYPE_CHECKING:
    from conftest import Typing
    from skyatlas.sandbox import Sandbox, World

CENTRE = (40.669629, -0.013281)
"""Degrees, of NGC 1068."""
NGC = ("NGC 1068", "--instrument", "MUSE", "--public")
CUBE, IMAGE = "ADP.2015-05-23T21:16:36.244", "ADP.2015-05-23T21:16:36.246"


@pytest.fixture
def whole(world: World, tmp_path: Path):
    """The whole file of a dataset, as the sandbox holds it."""

    def of(dp_id: str) -> Path:
        path = tmp_path / f"{dp_id}.whole.fits"
        path.write_bytes(world.items[dp_id].make())
        return path

    return of


def opened(path: Path) -> fits.HDUList:
    return fits.open(path, do_not_scale_image_data=True, memmap=False)


def test_a_piece_is_a_part_of_the_whole_file(at_sandbox: Typing, whole, tmp_path: Path) -> None:
    said = at_sandbox("cutout", *NGC, "--size", "10arcsec", "-o", tmp_path / "data")
    assert said.code == 0, said.talk
    paths = {path.name.partition("_cutout")[0]: path for path in map(Path, said.data.splitlines())}
    assert set(paths) == {CUBE, IMAGE}
    for dp_id, path in paths.items():
        with opened(path) as piece, opened(whole(dp_id)) as full:
            compared = 0
            for part, all_of_it in zip(piece, full, strict=True):
                if part.data is None or not isinstance(part, fits.PrimaryHDU | fits.ImageHDU):
                    continue
                compared += 1
                spans = compare(part, all_of_it)
                assert part.data.size < all_of_it.data.size / 2
                assert holds(part, all_of_it, (*CENTRE, 5 / 3600))
                assert all(span.start >= 0 for span in spans)
            assert compared


def test_a_band_cuts_cubes_and_not_images(at_sandbox: Typing, whole, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", *NGC, "--size", "10arcsec", "--band", "500nm..520nm", "-o", tmp_path / "data"
    )
    assert said.code == 0, said.talk
    (path,) = [Path(line) for line in said.data.splitlines() if CUBE in line]
    with opened(path) as piece, opened(whole(CUBE)) as full:
        part, all_of_it = piece[1], full[1]
        spans = compare(part, all_of_it)
        waves = WCS(all_of_it.header, fix=False).spectral.all_pix2world(
            np.arange(all_of_it.data.shape[0]), 0
        )[0]
    inside = np.flatnonzero((waves >= 5e-7) & (waves <= 5.2e-7))
    assert (spans[0].start, spans[0].stop) == (inside[0], inside[-1] + 1)
    facts = json.loads((path.with_name(f"{path.name}.provenance.json")).read_text("utf-8"))
    band = facts["observation"]["cutout"].partition("; BAND ")[2].split()
    assert [float(end) for end in band] == pytest.approx([5e-7, 5.2e-7], rel=1e-12)
    image = next(Path(line) for line in said.data.splitlines() if IMAGE in line)
    facts = json.loads((image.with_name(f"{image.name}.provenance.json")).read_text("utf-8"))
    assert "BAND" not in facts["observation"]["cutout"]


def test_the_receipt_says_what_was_cut(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox("cutout", *NGC, "--kind", "image", "--size", "10arcsec", "-o", tmp_path)
    (path,) = map(Path, said.data.splitlines())
    facts = json.loads((path.with_name(f"{path.name}.provenance.json")).read_text("utf-8"))
    assert facts["observation"]["cutout"] == f"CIRCLE 40.669629 -0.013281 {5 / 3600!r}"
    assert facts["observation"]["pixels"] == "original"
    assert facts["product"]["semantics"] == "#cutout"
    assert facts["observation"]["obs_publisher_did"].endswith(IMAGE)


def test_the_same_piece_is_kept_and_another_size_is_another_file(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path
) -> None:
    words = ("cutout", *NGC, "--kind", "image", "-o", tmp_path)
    first = at_sandbox(*words, "--size", "10arcsec")
    again = at_sandbox(*words, "--size", "10arcsec")
    larger = at_sandbox(*words, "--size", "20arcsec")
    assert "1 kept" in again.talk
    assert again.data == first.data
    assert "1 fetched" in larger.talk
    assert larger.data != first.data
    assert Path(first.data.strip()).stat().st_size < Path(larger.data.strip()).stat().st_size


def test_each_target_has_its_own_piece_of_a_file(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", "40.6690 -0.0130", "40.6702 -0.0136", "--instrument", "MUSE", "--public",
        "--kind", "image", "--size", "4arcsec", "-o", tmp_path,
    )  # fmt: skip
    assert said.code == 0, said.talk
    paths = [Path(line) for line in said.data.splitlines()]
    assert len(paths) == len(set(paths)) == 2
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_a_dataset_that_nobody_cuts_is_said_and_its_whole_file_is_left_alone(
    at_sandbox: Typing, box: Sandbox, tmp_path: Path
) -> None:
    said = at_sandbox(
        "cutout", "NGC 1068", "--instrument", "X-SHOOTER", "--kind", "spectrum", "--public",
        "--size", "10arcsec", "-o", tmp_path,
    )  # fmt: skip
    assert said.code == 3
    assert said.talk.count("no service cuts pieces of ivo://eso.org/ID?ADP.") == 3
    assert said.data == ""
    assert not [one for one in box.requests if "/dataPortal/" in str(one)]


def test_a_proprietary_dataset_needs_a_login(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", "NGC 1068", "--instrument", "MUSE", "--kind", "image", "--size", "10arcsec",
        "-o", tmp_path,
    )  # fmt: skip
    assert said.code == 4
    assert "skyatlas login eso" in said.talk


def test_where_nothing_lies_in_the_piece_that_is_said_and_is_no_failure(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    """A search as wide as this finds files that the piece does not touch."""
    said = at_sandbox(
        "cutout", "40.69 -0.013281", "--radius", "2arcmin", "--instrument", "MUSE", "--public",
        "--kind", "image", "--size", "2arcsec", "-o", tmp_path, "--json",
    )  # fmt: skip
    assert said.code == 0, said.talk
    assert "lies in the piece" in said.talk
    told = json.loads(said.data)
    assert told["files"] == []
    assert told["complete"] is True


def test_any_vo_service_s_pieces_are_parts_of_its_files(at_sandbox: Typing, tmp_path: Path) -> None:
    """An invented publisher with SIA 2, DataLink and SODA."""
    words = ("NGC 1068", "-a", "vo:ivo://meridian.example/sia2", "--public")
    kinds = ("--kind", "image,cube", "--radius", "10arcsec")
    pieces = at_sandbox("cutout", *words, "--size", "20arcsec", "-o", tmp_path / "pieces")
    files = at_sandbox("fetch", *words, *kinds, "-o", tmp_path / "files")
    assert (pieces.code, files.code) == (0, 0), pieces.talk + files.talk
    whole_of = {Path(line).stem: Path(line) for line in files.data.splitlines()}
    cut = {Path(line).stem.removesuffix("_cutout"): line for line in pieces.data.splitlines()}
    assert set(cut) == set(whole_of) != set()
    for name, path in cut.items():
        with opened(Path(path)) as piece, opened(whole_of[name]) as full:
            assert holds(piece[0], full[0], (*CENTRE, 10 / 3600))
            assert piece[0].data.size < full[0].data.size


def test_a_dry_run_fetches_nothing(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox(
        "cutout", *NGC, "--size", "10arcsec", "--dry-run", "--json", "-o", tmp_path / "none"
    )
    assert said.code == 0
    files = json.loads(said.data)["files"]
    assert len(files) == 2
    assert all("CIRCLE=40.669629%20-0.013281%20" in one["url"] for one in files)
    assert not (tmp_path / "none").exists()


def test_a_saved_search_is_cut(at_sandbox: Typing, tmp_path: Path) -> None:
    saved = tmp_path / "mine.json"
    at_sandbox("search", *NGC, "--kind", "image", "--calib-level", "2..", "-o", saved)
    said = at_sandbox("cutout", saved, "--size", "10arcsec", "-o", tmp_path)
    assert said.code == 0, said.talk
    assert IMAGE in said.data


def test_a_search_without_a_place_cannot_be_cut(at_sandbox: Typing, tmp_path: Path) -> None:
    saved = tmp_path / "mine.json"
    at_sandbox("search", "--program", "094.B-0321", "--kind", "image", "-o", saved)
    said = at_sandbox("cutout", saved, "--size", "10arcsec", "-o", tmp_path)
    assert said.code == 2
    assert "around a place" in said.talk


@pytest.mark.parametrize("size", ["20", "0arcsec", "-1arcmin", "wide"])
def test_a_size_that_makes_no_sense_is_refused(
    at_sandbox: Typing, size: str, tmp_path: Path
) -> None:
    assert at_sandbox("cutout", "NGC 1068", "--size", size, "-o", tmp_path).code == 2
