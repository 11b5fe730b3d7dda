"""This file types `skyatlas plot` at light curves: options, exit codes, sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.io import fits

if TYPE_CHECKING:
    from .conftest import Typing

PERIOD, EPOCH = 3.2, 1326.1


def write_sector(path: Path, number: int = 1, target: int = 7) -> Path:
    """A TESS light curve as SPOC lays it out, of 26 days at 10 minutes, with a planet."""
    time = np.arange(1325.0, 1351, 600 / 86400) + 27 * (number - 1)
    away = np.abs((time - EPOCH + PERIOD / 2) % PERIOD - PERIOD / 2)
    flux = 5e4 * (1 - 0.002 * (away < 1.5 / 24))
    flux += np.random.default_rng(number).normal(0, 10, len(time))
    quality = np.zeros(len(time), dtype=np.int32)
    quality[100:120] = 128
    primary = fits.PrimaryHDU()
    cards = {"TELESCOP": "TESS", "INSTRUME": "TESS Photometer", "ORIGIN": "NASA/Ames"}
    primary.header.update(cards | {"OBJECT": f"TIC {target}", "TICID": target, "SECTOR": number})
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("TIME", "D", unit="BJD - 2457000, days", array=time),
            fits.Column("PDCSAP_FLUX", "E", unit="e-/s", array=flux),
            fits.Column("PDCSAP_FLUX_ERR", "E", unit="e-/s", array=np.full(len(time), 10.0)),
            fits.Column("QUALITY", "J", array=quality),
        ],
        name="LIGHTCURVE",
    )
    table.header.update({"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMEUNIT": "d", "TIMESYS": "TDB"})
    fits.HDUList([primary, table]).writeto(path)
    return path


@pytest.fixture
def sector(tmp_path: Path) -> Path:
    return write_sector(tmp_path / "tess-s0001-lc.fits")


@pytest.mark.parametrize("fold", ["3.2", "3.2d", "3.2 d", "76.8h", "auto"])
def test_a_light_curve_is_folded_at_a_period_in_days_or_hours_or_the_best(
    skyatlas: Typing, sector: Path, tmp_path: Path, fold: str
) -> None:
    picture = tmp_path / "folded.png"
    said = skyatlas("plot", sector, "--fold", fold, "-o", picture)
    assert said.code == 0
    assert said.data == f"{picture}\n"
    assert picture.stat().st_size > 20_000
    assert ("period 3.20" in said.talk) == (fold == "auto")


def test_the_best_period_is_talk_with_its_error_and_the_picture_is_data(
    skyatlas: Typing, sector: Path, tmp_path: Path
) -> None:
    said = skyatlas("plot", sector, "--periodogram", "bls", "-o", tmp_path / "a.pdf")
    assert said.code == 0
    assert said.data == f"{tmp_path / 'a.pdf'}\n"
    assert "period 3.20" in said.talk
    assert "signal-to-noise" in said.talk
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_sectors_of_one_target_become_one_picture(
    skyatlas: Typing, sector: Path, tmp_path: Path
) -> None:
    other = write_sector(tmp_path / "tess-s0002-lc.fits", 2)
    said = skyatlas("plot", sector, other, "-o", tmp_path / "both.png")
    assert (said.code, said.data) == (0, f"{tmp_path / 'both.png'}\n")
    said = skyatlas("plot", sector, other, "-o", tmp_path / "each")
    assert said.data.splitlines() == [
        str(tmp_path / "each" / "tess-s0001-lc.png"),
        str(tmp_path / "each" / "tess-s0002-lc.png"),
    ]


def test_two_targets_are_not_drawn_into_one_picture(
    skyatlas: Typing, sector: Path, tmp_path: Path
) -> None:
    other = write_sector(tmp_path / "other-lc.fits", 2, target=8)
    said = skyatlas("plot", sector, other, "-o", tmp_path / "both.png")
    assert said.code == 2
    assert "2 targets (TIC 7, TIC 8)" in said.talk
    assert not (tmp_path / "both.png").exists()


def test_several_files_that_are_no_light_curves_need_a_folder(
    skyatlas: Typing, sector: Path, tmp_path: Path
) -> None:
    image = tmp_path / "image.fits"
    fits.PrimaryHDU(np.ones((9, 9), dtype=np.float32)).writeto(image)
    said = skyatlas("plot", sector, image, "-o", tmp_path / "both.png")
    assert said.code == 2
    assert "give a folder" in said.talk


def test_only_light_curves_are_folded(skyatlas: Typing, sector: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.fits"
    fits.PrimaryHDU(np.ones((9, 9), dtype=np.float32)).writeto(image)
    said = skyatlas("plot", image, "--fold", "3", "-o", tmp_path / "a.png")
    assert said.code == 2
    assert said.talk == (
        "skyatlas: Only light curves have a period; this is an image: draw it without one.\n"
    )
    assert not (tmp_path / "a.png").exists()
    said = skyatlas("plot", sector, image, "--fold", "3", "-o", tmp_path / "folder")
    assert said.code == 5
    assert said.data == f"{tmp_path / 'folder' / 'tess-s0001-lc.png'}\n"


@pytest.mark.parametrize("words", ["0", "-3", "3 weeks", "best", "", "inf", "nan", "1e400"])
def test_what_is_no_period_is_refused_with_examples(
    skyatlas: Typing, sector: Path, tmp_path: Path, words: str
) -> None:
    said = skyatlas("plot", sector, f"--fold={words}", "-o", tmp_path / "a.png")
    assert said.code == 2
    assert "write 6.27, 6.27d, 3.2h or auto" in said.talk


def test_an_epoch_without_a_period_and_an_unknown_method_are_refused(
    skyatlas: Typing, sector: Path, tmp_path: Path
) -> None:
    said = skyatlas("plot", sector, "--epoch", "1326.1", "-o", tmp_path / "a.png")
    assert said.code == 2
    assert "--epoch is of no use without" in said.talk
    said = skyatlas("plot", sector, "--periodogram", "pdm", "-o", tmp_path / "a.png")
    assert said.code == 2
    assert "bls" in said.talk
