"""This file fetches frames and spectra of the sandbox's SDSS, as a program without us would."""

from __future__ import annotations

import bz2
import hashlib
import io
from typing import Any

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.sandbox import Sandbox, sas, sas_frames
from skyatlas.sandbox.sdss_footprint import (
    COLUMNS,
    HOLES,
    ROWS,
    STRETCHES,
    Field,
    holding,
)
from skyatlas.sandbox.sdss_objects import Spectrum, spectra
from skyatlas.sandbox.sky import OBJECTS, Position
from skyatlas.sandbox.survey_sky import bright_in

PLACES = {name: (one.ra, one.dec) for one in OBJECTS for name in (one.name, *one.aliases)}
NGC1068, M87 = PLACES["NGC 1068"], PLACES["M  87"]


def _file(box: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{box.url}/data.sdss.org/sas/{path}", headers=headers, timeout=60)


def _one(kind: str) -> Spectrum:
    return [one for one in spectra(1) if one.kind == kind][-1]


def _frame_path(field: Field, band: str, folder: str) -> str:
    return f"{folder}/photoObj/frames/301/{field.run}/{field.camcol}/{sas_frames.name(field, band)}"


@pytest.mark.parametrize(
    "folder", ["dr12/boss", "dr13/eboss", "dr17/eboss", "dr18/prior-surveys/sdss4-dr17-eboss"]
)
def test_frames_are_in_one_place_of_each_release(box: Sandbox, folder: str) -> None:
    field = holding(*M87)[0]
    release = folder.partition("/")[0]
    for other in ("boss", "eboss", "sdss", "prior-surveys/sdss4-dr17-eboss"):
        status = _file(box, _frame_path(field, "r", f"{release}/{other}")).status_code
        assert status == (200 if f"{release}/{other}" == folder else 404)


def test_a_frame_has_the_hdus_of_a_real_one(box: Sandbox, shared_data: Any) -> None:
    field = holding(*NGC1068)[0]
    body = bz2.decompress(_file(box, _frame_path(field, "r", "dr17/eboss")).content)
    real = shared_data / "images" / "frame-r-001000-1-0100.fits.bz2"
    with fits.open(io.BytesIO(body)) as ours, fits.open(real) as theirs:
        assert [type(hdu) for hdu in ours] == [type(hdu) for hdu in theirs]
        assert set(ours[0].header) <= set(theirs[0].header)
        assert ours[2].columns.names == theirs[2].columns.names
        assert ours[2].columns.formats == theirs[2].columns.formats
        assert ours[3].columns.names == theirs[3].columns.names
        assert ours[3].columns.formats == theirs[3].columns.formats
        assert ours[0].data.shape == (ROWS, COLUMNS)
        assert ours[0].data.dtype == theirs[0].data.dtype
        assert np.std(ours[0].data[:60, :60]) == pytest.approx(0.03, rel=0.3)


@pytest.mark.parametrize("place", [(0.02, 0.3), (359.98, -0.3), (100.0, 89.95)])
def test_stars_are_where_the_header_says_at_0h_and_at_the_pole(
    box: Sandbox, place: Position
) -> None:
    field = holding(*place)[0]
    body = _file(box, _frame_path(field, "i", "dr17/eboss")).content
    with fits.open(io.BytesIO(bz2.decompress(body))) as hdus:
        pixels, header = hdus[0].data.astype(float), hdus[0].header
        header.rename_keyword("RADECSYS", "RADESYS")
        del header["DATE-OBS"]
        found = bright_in(WCS(header), pixels.shape, 1)
    assert len(found) >= 3
    for _, x, y in found[:4]:
        left, low = round(x) - 6, round(y) - 6
        cut = pixels[low : low + 13, left : left + 13]
        rows, columns = np.mgrid[low : low + 13, left : left + 13]
        assert (cut * columns).sum() / cut.sum() == pytest.approx(x, abs=0.1)
        assert (cut * rows).sum() / cut.sum() == pytest.approx(y, abs=0.1)


def test_a_file_can_be_had_in_pieces_and_is_not_there_in_holes(box: Sandbox) -> None:
    path = _frame_path(holding(*M87)[0], "g", "dr17/eboss")
    whole = _file(box, path).content
    piece = _file(box, path, Range="bytes=1000-1999")
    assert (piece.status_code, piece.content) == (206, whole[1000:2000])
    run, camcol, number = min(HOLES)
    stretch = next(one for one in STRETCHES if one.run == run)
    hole = _frame_path(Field(stretch, run, camcol, number), "g", "dr17/eboss")
    assert _file(box, hole).status_code == 404
    assert _file(box, "dr17/eboss/photoObj/frames/301/1/1/frame-g.fits.bz2").status_code == 404


@pytest.mark.parametrize(
    ("kind", "release", "folder"),
    [
        ("SDSS", 8, "sdss/spectro/redux/26/spectra/{plate:04d}"),
        ("SDSS", 12, "sdss/spectro/redux/26/spectra/lite/{plate:04d}"),
        ("SDSS", 17, "sdss/spectro/redux/26/spectra/{plate:04d}"),
        ("SDSS", 18, "spectro/sdss/redux/26/spectra/lite/{plate:04d}"),
        ("BOSS", 12, "boss/spectro/redux/v5_7_0/spectra/{plate:04d}"),
        ("BOSS", 14, "eboss/spectro/redux/v5_10_0/spectra/lite/{plate:04d}"),
        ("BOSS", 17, "sdss/spectro/redux/v5_13_2/spectra/full/{plate:04d}"),
        ("BOSS", 20, "spectro/sdss/redux/v5_13_2/spectra/lite/{plate:04d}"),
        ("SDSS-V", 18, "spectro/sdss/redux/v6_0_4/spectra/full/{plate}p/{mjd}"),
        ("SDSS-V", 19, "spectro/boss/redux/v6_1_3/spectra/lite/{plate:06d}/{mjd}"),
        ("SDSS-V", 20, "spectro/boss/redux/v6_2_1/spectra/daily/full/015XXX/{plate:06d}/{mjd}"),
    ],
)
def test_spectra_are_in_one_place_of_each_release(
    box: Sandbox, kind: str, release: int, folder: str
) -> None:
    one = _one(kind)
    path = f"dr{release}/{folder.format(plate=one.plate, mjd=one.mjd)}/{sas.name(one, release)}"
    with fits.open(io.BytesIO(_file(box, path).content)) as hdus:
        lite = "lite" in folder
        assert [hdu.name for hdu in hdus[1:4]] == [
            "COADD", "SPECOBJ" if kind == "SDSS" else "SPALL", "SPZLINE",
        ]  # fmt: skip
        assert len(hdus) == (4 if lite else 10)
        star = one.measured.star
        assert (hdus[2].data["PLUG_RA"][0], hdus[2].data["PLUG_DEC"][0]) == (star.ra, star.dec)
        assert (hdus[0].header["MJD"], hdus[0].header["RUN2D"]) == (
            one.mjd, sas.run2d_of(one, release),
        )  # fmt: skip
        assert 10.0 ** hdus[1].data["loglam"][0] == pytest.approx(
            10.0 ** hdus[0].header["COEFF0"], rel=1e-6
        )
    for word, other in (("/sdss/", "/boss/"), ("/boss/", "/sdss/"), ("eboss", "sdss")):
        elsewhere = f"/{path}".replace(word, other).lstrip("/")
        if elsewhere != path:
            assert _file(box, elsewhere).status_code == 404


def test_a_spectrum_has_the_columns_of_a_real_one(box: Sandbox, shared_data: Any) -> None:
    one = _one("BOSS")
    folder = f"dr17/sdss/spectro/redux/v5_13_2/spectra/full/{one.plate:04d}"
    body = _file(box, f"{folder}/{sas.name(one, 17)}").content
    real = shared_data / "spectra" / "spec-3586-55181-0500.fits"
    with fits.open(io.BytesIO(body)) as ours, fits.open(real) as theirs:
        assert ours[1].columns.names == theirs[1].columns.names
        assert ours[1].columns.formats == theirs[1].columns.formats
        assert set(ours[2].columns.names) - {"SPECOBJID", "INSTRUMENT", "SURVEY"} <= set(
            theirs[2].columns.names
        )
        assert set(ours[3].columns.names) <= set(theirs[3].columns.names)
        assert ours[4].columns.names == theirs[4].columns.names
        flux, waves = ours[1].data["flux"], 10.0 ** ours[1].data["loglam"]
    # H alpha of a star at rest, in vacuum.
    near = (waves > 6500.0) & (waves < 6630.0)
    assert waves[near][np.argmin(flux[near])] == pytest.approx(6564.6, abs=3.0)


def test_the_checksums_of_a_folder_are_those_of_its_files(box: Sandbox) -> None:
    one = _one("SDSS")
    folder = f"dr17/sdss/spectro/redux/26/spectra/lite/{one.plate:04d}"
    sums = _file(box, f"{folder}/{folder.replace('/', '_')}.sha1sum").text
    said = {name: number for number, name in (line.split("  ") for line in sums.splitlines())}
    assert len(said) == sum(other.plate == one.plate for other in spectra(1))
    name = sas.name(one, 17)
    assert said[name] == hashlib.sha1(_file(box, f"{folder}/{name}").content).hexdigest()
