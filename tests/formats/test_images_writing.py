"""This file tests that an image that was written reads back as itself, whatever its WCS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.dataset import Image
from skyatlas.formats import read
from skyatlas.formats.writing import image_bytes
from skyatlas.mosaics.cutting import piece
from skyatlas.net.fits_structure import check_fits

KINDS = [
    "PS1_r.fits",  # PC001001
    "SDSS_r.fits",  # errors from the survey
    "SIP.fits",
    "wise-1b-1.fits",  # SIN-SIP
    "dist_lookup.fits.gz",  # tables of distortion of HST
    "tpv.fits.gz",
    "tnx.fits",
    "zpx.fits",
    "dss495_wcstest.mt",  # plate solution
    "tanflip.fits",  # declination first
    "MAGPIS_image.fits",  # galactic
    "NED_M31.fits",  # a third axis of length 1, B1950
    "aia_171_level1.fits",  # the Sun
    "iccz11q4q_ima.fits",  # errors and flags
    "ISAAC.2006-04-13T06_32_38.944.fits.gz",  # HIERARCH
    "a8280271.fits",  # no WCS, unsigned integers
    "m13_plio.fits",  # tile-compressed
]


def image_of(path: Path) -> Image:
    found = read(path)
    assert isinstance(found, Image)
    return found


def written(image: Image, folder: Path, **more: Any) -> Path:
    path = folder / "written.fits"
    path.write_bytes(image_bytes(image, **more))
    return path


def places(wcs: WCS, shape: tuple[int, ...], x: int = 0, y: int = 0) -> Any:
    rows, columns = np.mgrid[0 : shape[0] - 1 : 7j, 0 : shape[1] - 1 : 7j]
    return np.stack(wcs.all_pix2world(columns.ravel() + x, rows.ravel() + y, 0))


@pytest.mark.parametrize("name", KINDS)
def test_a_piece_that_was_written_reads_back_as_itself(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    whole = image_of(shared_data / "images" / name)
    rows, columns = (slice(n // 5, n // 5 + n // 2) for n in whole.pixels.shape)
    image = piece(whole, (rows, columns))
    again = image_of(written(image, tmp_path))
    assert again.pixels.dtype == image.pixels.dtype
    assert np.array_equal(again.pixels, image.pixels, equal_nan=image.pixels.dtype.kind == "f")
    assert np.array_equal(again.mask, image.mask)
    assert (again.unit, again.unit_text) == (image.unit, image.unit_text)
    assert again.zero_point == image.zero_point
    assert (again.sigma is None) == (image.sigma is None)
    if image.sigma is not None:
        assert np.allclose(again.sigma, image.sigma, equal_nan=True)  # type: ignore[arg-type]
    if whole.wcs is None:
        assert again.wcs is None
        return
    assert again.wcs is not None
    shape = image.pixels.shape
    here = places(again.wcs, shape)
    assert whole.scale is not None
    tolerance = 1e-3 * whole.scale / 3600 / np.cos(np.radians(np.abs(here).min(axis=0))).min()
    there = places(whole.wcs, shape, columns.start, rows.start)
    assert np.abs(here - there).max() < tolerance


def test_the_file_has_right_checksums_and_its_cards(shared_data: Path, tmp_path: Path) -> None:
    image = image_of(shared_data / "images" / "ISAAC.2006-04-13T06_32_38.944.fits.gz")
    cards = {
        "PROGRAM": ("skyatlas", "who made this file"),
        "CUTSIZE": 0.25,
        "NOTHING": None,
        "SOURCE": "a text with ″ and é, and a very long tail: " + "x" * 100,
        "OBJECT": "another name",
    }
    path = written(image, tmp_path, cards=cards, history=["cut out of x.fits", "in 2026"])
    with path.open("rb") as stream:
        found = check_fits(stream)
    assert (found.hdus, found.checksums, found.stale, found.oddities) == (1, 1, [], [])
    with fits.open(path, checksum=True) as hdus:  # a wrong checksum is a warning, so an error
        header = hdus[0].header
        assert header["PROGRAM"] == "skyatlas"
        assert header.comments["PROGRAM"] == "who made this file"
        assert header["CUTSIZE"] == 0.25
        assert "NOTHING" not in header
        assert header["SOURCE"].startswith('a text with " and e')
        assert header["OBJECT"] == "another name"
        assert header["ESO INS MODE"] == image.meta["ESO INS MODE"]
        assert list(header["HISTORY"])[-2:] == ["cut out of x.fits", "in 2026"]
        assert header.count("CRPIX1") == 1
        assert "CHECKSUM" in header


def test_masked_numbers_are_flagged_and_nan_is_flag_enough() -> None:
    pixels = np.ones((4, 5), np.float32)
    pixels[0, 0] = np.nan
    mask = np.isnan(pixels)
    facts: dict[str, Any] = {"wcs": None, "unit": None, "unit_text": "", "sigma": None}
    plain = fits.HDUList.fromstring(image_bytes(Image(pixels=pixels, mask=mask, **facts)))
    assert len(plain) == 1
    mask = mask.copy()
    mask[2, 3] = True
    flagged = fits.HDUList.fromstring(image_bytes(Image(pixels=pixels, mask=mask, **facts)))
    assert [hdu.name for hdu in flagged] == ["SCI", "DQ"]
    assert np.array_equal(flagged["DQ"].data == 1, mask)


def test_a_wcs_that_no_header_holds_is_left_out_and_said(shared_data: Path) -> None:
    image = image_of(shared_data / "images" / "SIP.fits")
    assert image.wcs is not None

    class Bent(WCS):  # type: ignore[misc]
        """Puts pixels where no card says."""

        def all_pix2world(self, *places: Any) -> Any:
            """Off by an arcsec."""
            first, second = super().all_pix2world(*places)
            return [first, second + 1 / 3600]

    import dataclasses

    bent = dataclasses.replace(image, wcs=Bent(image.wcs.to_header(relax=True)))
    (hdu,) = fits.HDUList.fromstring(image_bytes(bent))
    assert "CTYPE1" not in hdu.header
    assert "the WCS could not be written" in str(hdu.header["HISTORY"])
