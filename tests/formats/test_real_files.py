"""This file compares `read` with the truth of real files: every archive's own bytes."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Cube, Image, Spectrum, SpectrumList
from skyatlas.errors import FormatError
from skyatlas.formats import describe, read

pytestmark = pytest.mark.filterwarnings("error")

LATER = {"spec-58397-EG014118N254444M01_sp03-031.fits"}
"""Layouts that are refused with a sentence for now: rows of one image (LAMOST LRS)."""


def test_the_axis_of_every_spectrum_agrees_with_the_truth(shared_data: Path) -> None:
    checked = 0
    with (shared_data / "MANIFEST.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["truth"].startswith("n=")]
    for row in rows:
        path = shared_data / row["file"]
        if path.name in LATER:
            with pytest.raises(FormatError, match="rows of"):
                read(path)
            continue
        truth = re.match(r"n=(\d+) ([\d.]+)\.\.([\d.]+) (.*)", row["truth"])
        assert truth is not None
        found = read(path)
        parts = [found] if isinstance(found, Spectrum) else list(found)  # type: ignore[arg-type]
        assert all(isinstance(part, Spectrum) for part in parts)
        axis = np.concatenate([part.axis for part in parts])
        assert len(axis) == int(truth[1]), path.name
        ends = (float(f"{axis.min():.6g}"), float(f"{axis.max():.6g}"))
        assert ends == (float(truth[2]), float(truth[3])), path.name
        assert not truth[4].startswith("Angstrom;") or parts[0].axis_unit == "Angstrom"
        checked += 1
    assert checked >= 12


@pytest.mark.parametrize(
    ("name", "axis", "flux"),
    [
        ("ADP.2014-09-16T11_04_45.123_HARPS.fits", "WAVE", "FLUX"),
        ("XShooter_XQ100.fits.gz", "WAVE", "FLUX"),
        ("NGC4151sic2a.fits", "WAVE", "FLUX"),
        ("ESPRESSO_HD41248_S1D_A.fits.gz", "wavelength", "flux"),
        ("2MASS+J21442847+1446077.fits", "wavelength", "flux"),
        ("odbue5030_x1d.fits", "WAVELENGTH", "FLUX"),
    ],
)
def test_every_element_of_a_table_is_astropys(
    shared_data: Path, name: str, axis: str, flux: str
) -> None:
    path = shared_data / "spectra" / name
    found = read(path)
    parts = [found] if isinstance(found, Spectrum) else list(found)  # type: ignore[arg-type]
    with fits.open(path) as hdus:
        data = hdus[1].data
        for column, field in ((axis, "axis"), (flux, "flux")):
            ours = np.concatenate([getattr(part, field) for part in parts])
            assert np.array_equal(ours, np.ravel(data[column]).astype("f8"), equal_nan=True)


@pytest.mark.parametrize(
    "name",
    [
        "HARPS.2003-12-13T06_19_48.371_s1d_A.fits",
        "r.UVES.2011-08-11T232352.266-A01_0000.fits",
        "PH957_f.fits",
        "hd140283.fits",
        "gbt_1d.fits",
    ],
)
def test_every_element_of_a_line_is_astropys(shared_data: Path, name: str) -> None:
    path = shared_data / "spectra" / name
    found = read(path)
    assert isinstance(found, Spectrum)
    with fits.open(path) as hdus:
        assert np.array_equal(found.flux, hdus[0].data.reshape(-1).astype("f8"))


def test_every_image_is_right_or_refused_with_a_sentence(shared_data: Path) -> None:
    images, sentences = 0, {}
    for path in sorted((shared_data / "images").iterdir()):
        try:
            found = read(path)
        except FormatError as problem:
            sentences[path.name] = str(problem)
            continue
        assert isinstance(found, Image | Cube), path.name
        images += 1
        with warnings.catch_warnings(action="ignore"), fits.open(path) as hdus:
            number = re.fullmatch(r"HDU (\d+)", found.name)
            name, _, version = found.name.partition(",")
            hdu = hdus[int(number[1])] if number else hdus[name, int(version or 1)]
            theirs = np.squeeze(hdu.data)
            assert np.array_equal(found.pixels, theirs, equal_nan=theirs.dtype.kind == "f"), (
                path.name
            )
        assert found.mask.shape == found.pixels.shape
        if found.wcs is not None and found.pixels.ndim == 2:
            assert np.isfinite(found.wcs.pixel_to_world_values(0, 0)).all(), path.name
    assert images >= 40
    for name, sentence in sentences.items():
        assert name in sentence
        assert "\n" not in sentence


RIGHTLY_READ = {
    "blank.fits",  # one pixel, blank, masked
    "checksum_false.fits",  # `verify` judges checksums; the pixels are what the file holds
    "compressed_with_nan.fits",
    "fixed-1890.fits",
    "header_newlines.fits",
    "input_file.fits",
    "lzw.fits.Z",
    "test_dup.fits",
}


def test_of_the_odd_files_only_whole_images_are_read(shared_data: Path) -> None:
    read_well, sentences = set(), {}
    for path in sorted((shared_data / "corrupt").iterdir()):
        try:
            assert isinstance(read(path), Image)
            read_well.add(path.name)
        except FormatError as problem:
            sentences[path.name] = str(problem)
    assert read_well == RIGHTLY_READ
    assert all(sentence.startswith(name) for name, sentence in sentences.items())


def test_describe_has_an_answer_for_every_file(shared_data: Path) -> None:
    for folder in ("spectra", "images", "corrupt", "lightcurves"):
        for path in sorted((shared_data / folder).iterdir()):
            contents = describe(path)
            assert contents.kind
            assert contents.lines


def test_spectra_that_other_readers_get_wrong_are_right_or_refused(shared_data: Path) -> None:
    folder = shared_data / "spectra"
    l_dwarf = read(folder / "L5g_0355+11_Cruz09.fits")
    assert isinstance(l_dwarf, Spectrum)
    assert l_dwarf.flux_unit == "erg / (s cm2 Angstrom)"  # not per ampere
    log_vacuum = read(folder / "emlLogVacuumNoHelio.fits")
    assert isinstance(log_vacuum, Spectrum)
    assert log_vacuum.axis[0] == pytest.approx(3754.67, abs=0.01)  # the header says 3753.60
    assert log_vacuum.medium == "vacuum"
    cos = read(folder / "ld9m10ujq_x1d.fits")
    assert isinstance(cos, SpectrumList)
    assert [part.name for part in cos] == ["SCI segment FUVA", "SCI segment FUVB"]
    spex = read(folder / "hd204172_sxd_spex.fits")
    assert isinstance(spex, Spectrum)
    assert spex.mask.sum() == 253  # NPTS = 0
    for name in (
        "AAO.fits",
        "HARPS.2003-12-13T06_19_48.371_e2ds_A.fits",
        "coadd-sv3-dark-26065.fits",
    ):
        with pytest.raises(FormatError, match="rows of"):
            read(folder / name)


def test_a_muse_cube_has_its_sigma_from_stat(shared_data: Path) -> None:
    cube = read(shared_data / "spectra" / "subcub_mosaic.fits")
    assert isinstance(cube, Cube)
    with fits.open(shared_data / "spectra" / "subcub_mosaic.fits") as hdus:
        assert cube.sigma == pytest.approx(np.sqrt(hdus["STAT"].data.astype("f8")))
        assert np.array_equal(cube.pixels, hdus["DATA"].data)
