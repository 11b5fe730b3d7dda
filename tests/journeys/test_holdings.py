"""This file takes real Phase 3 files through the whole chain: found, fetched, opened, drawn."""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astropy.io import fits

from skyatlas import plots
from skyatlas.journeys.look import describe, read
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.dataset import Spectrum


@dataclass(frozen=True)
class Case:
    """One real file."""

    file: str
    instrument: str
    columns: tuple[str, str]


CASES = (
    Case("ADP.2014-09-16T11_04_45.123_HARPS.fits", "HARPS", ("WAVE", "FLUX")),
    Case("XShooter_XQ100.fits.gz", "X-SHOOTER", ("WAVE", "FLUX")),
)


@pytest.fixture(scope="module")
def atlas(shared_data: Path) -> Iterator[Session]:
    with Session(Settings(sandbox="", holdings=(shared_data / "spectra",))) as session:
        yield session


def header_of(path: Path) -> Any:
    return fits.getheader(path, 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.instrument)
def test_a_real_file_goes_through_the_whole_chain(
    atlas: Session, shared_data: Path, tmp_path: Path, case: Case
) -> None:
    real = shared_data / "spectra" / case.file
    header = header_of(real)
    place = (float(header["RA"]), float(header["DEC"]))
    # The made-up sky has other observations of these objects: the real one began at this time.
    began = f"MJD {header['MJD-OBS'] - 1e-4}..{header['MJD-OBS'] + 1e-4}"
    found = atlas.search(
        place, radius="5arcsec", instrument=case.instrument, kind="spectrum", time=began
    )
    assert len(found) == 1
    (row,) = found.table
    assert row["proposal_id"] == header["PROG_ID"]
    assert row["t_min"] == pytest.approx(header["MJD-OBS"], abs=1e-6)
    (receipt,) = atlas.fetch(found, tmp_path).receipts
    assert receipt.path.read_bytes() == real.read_bytes()
    assert "fits" in " ".join(receipt.verified)
    spectrum = read(receipt)
    compare_with_astropy(spectrum, real, case)
    compare_with_the_manifest(spectrum, shared_data, case)
    said = str(describe(receipt))
    assert header["INSTRUME"] in said
    picture = tmp_path / "picture.png"
    plots.save(spectrum, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def compare_with_astropy(spectrum: Any, real: Path, case: Case) -> None:
    with fits.open(real) as hdus:
        table = hdus[1].data
        wave, flux = (np.asarray(table[name][0], dtype=float) for name in case.columns)
        assert np.array_equal(spectrum.axis, wave)
        assert np.array_equal(spectrum.flux, flux, equal_nan=True)
        assert spectrum.axis_unit_text == hdus[1].columns[case.columns[0]].unit
        assert spectrum.flux_unit_text == hdus[1].columns[case.columns[1]].unit


def compare_with_the_manifest(spectrum: Spectrum, shared_data: Path, case: Case) -> None:
    with (shared_data / "MANIFEST.csv").open() as stream:
        rows = {row["file"]: row for row in csv.DictReader(stream)}
    truth = rows[f"spectra/{case.file}"]["truth"]
    count, low, high, unit = re.match(r"n=(\d+) ([\d.]+)\.\.([\d.]+) (\w+);", truth).groups()  # type: ignore[union-attr]
    assert len(spectrum) == int(count)
    assert float(f"{spectrum.axis.min():.6g}") == float(low)
    assert float(f"{spectrum.axis.max():.6g}") == float(high)
    assert spectrum.axis_unit_text.lower() == unit.lower()


def test_a_packed_holding_is_delivered_packed(shared_data: Path) -> None:
    packed = (shared_data / "spectra" / CASES[1].file).read_bytes()
    assert gzip.decompress(packed).startswith(b"SIMPLE  =")


def test_the_name_of_a_real_object_is_resolved(atlas: Session, shared_data: Path) -> None:
    name = header_of(shared_data / "spectra" / CASES[0].file)["OBJECT"]
    (answer,) = atlas.resolve(name)
    assert getattr(answer, "ra", None) is not None, answer


def test_the_command_line_goes_the_same_way(
    shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from skyatlas.cli import main

    header = header_of(shared_data / "spectra" / CASES[0].file)
    place = f"{header['RA']} {header['DEC']}"
    began = f"MJD {header['MJD-OBS'] - 1e-4}..{header['MJD-OBS'] + 1e-4}"
    holdings = [
        "--kind",
        "spectrum",
        "--time",
        began,
        "--sandbox",
        "--holdings",
        str(shared_data / "spectra"),
    ]
    for words in (
        ["search", place, "--instrument", "HARPS", *holdings],
        ["fetch", place, "--instrument", "HARPS", "-o", str(tmp_path), *holdings],
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    (path,) = [Path(line) for line in capfd.readouterr().out.splitlines() if line.endswith(".fits")]
    for words in (["show", str(path)], ["plot", str(path), "-o", str(tmp_path / "x.png")]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    assert (tmp_path / "x.png").is_file()
