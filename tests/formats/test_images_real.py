"""This file opens every real image, draws it or hears why not, and looks at what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skyatlas.dataset import Cube, Image
from skyatlas.errors import FormatError
from skyatlas.formats import describe, read
from skyatlas.plots import save

NO_WCS = "no WCS"
IMAGES: dict[str, tuple[str, ...]] = {
    "12004808.acs.i_6ac_.fits": (),
    "2MASS_J.fits": (),
    "2MASS_J_hips2fits_2010ag.fits": (),
    "CFHTLS_03_g_sci.fits.fz": (),  # tile-compressed
    "DES_r.fits": (),
    "H1413+117_10x10arcsec_55377.34051_z_sci.fits": (),
    "IRAC2_1993_tst0013.mt": (NO_WCS,),
    "ISAAC.2006-04-13T06_32_38.944.fits.gz": (),
    "MAGPIS_image.fits": (),  # galactic
    "NED_M31.fits": (),  # B1950
    "PS1_r.fits": (),
    "SDSS_r.fits": (),
    "SIP.fits": (),
    "UKIDSS_image.fits": (),
    "WISE_W1.fits": (),
    "a478hst-cutout.fits": (),
    "a8280271.fits": (NO_WCS,),
    "aia_171_level1.fits": ("the WCS is of the Sun",),
    "cong_12_smo.fits": (),
    "decam-520206-S16-image-sub.fits": (),
    "dist_lookup.fits.gz": (),
    "dss.14.29.56-62.41.05.fits.gz": (),
    "dss495_wcstest.mt": (),
    "dss_platecoeff_midas.fits": (),
    "frame-r-001000-1-0100.fits.bz2": (),
    "hostphot_SDSS_r.fits": (),
    "iccz11q4q_ima.fits": ("one of 4 images",),
    "image_with_distortion_map.fits": (NO_WCS,),
    "jw42424001001_01101_00001_nrca1_rate.fits.gz": (),
    "jwst_image.fits": (NO_WCS,),
    "m13.fits": (),
    "m13_gzip.fits": (),
    "m13_hcomp.fits": (),
    "m13_plio.fits": (),
    "query_images.fits": (),
    "sipsample.fits": (),
    "tanflip.fits": (),
    "test_drizzlepac_flt.fits": (),
    "tnx.fits": (),
    "tpv.fits.gz": (),
    "tpv_odd.fits": (),
    "wise-1b-1.fits": (),
    "zpx.fits": (),
}
"""How the notes of each begin."""
REFUSED = {
    "DECam_00154912_12_header.fits": "only headers without data",
    "P-GALEXGR6-AIS-FUV.fits": "a coverage map (MOC)",
    "TIMMI2_HD61421.fits": "an array of 320 x 240 x 2 numbers whose axes are not two on the sky",
    "VISIR.2004-09-30T03_17_49.095.fits.gz": "an array of 256 x 256 x 17 numbers whose axes",
    "add_wcs_default_acq1.fits": "an array of 128 x 128 x 2 x 6 numbers whose axes are not",
    "fpM-001000-r1-0100.fit": "the masks of a frame of SDSS (fpM)",
    "j8bt06nyq_sip_flt.fits": "a header of SCI without pixels",
    "o4sp040b0_raw.fits": "44 rows of 62 samples of spectra (CTYPE LAMBDA and ANGLE)",
    "photoObj-001000-1-0100.fits": "a table of 19 rows and 139 columns (OBJID",
}
"""What the sentence says."""
CUBES = {"example_cube.fits"}


def test_every_file_is_known(shared_data: Path) -> None:
    there = {path.name for path in (shared_data / "images").iterdir()}
    assert there == {*IMAGES, *REFUSED, *CUBES}


@pytest.mark.parametrize("name", [*IMAGES, *CUBES])
def test_an_image_is_read_with_its_notes_and_drawn(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    found = read(shared_data / "images" / name)
    assert isinstance(found, Cube if name in CUBES else Image)
    begin = IMAGES.get(name, ())
    assert len(found.notes) == len(begin)
    assert all(note.startswith(words) for note, words in zip(found.notes, begin, strict=True))
    drawn = save(found, tmp_path / "drawn.png")
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert drawn.stat().st_size > 5000


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_no_image_is_refused_with_its_reason(shared_data: Path, name: str) -> None:
    with pytest.raises(FormatError) as refusal:
        read(shared_data / "images" / name)
    assert str(refusal.value).startswith(name)
    assert REFUSED[name] in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "arcsec"),
    [
        ("PS1_r.fits", 0.25),
        ("SDSS_r.fits", 0.396),
        ("2MASS_J.fits", 1.0),
        ("tanflip.fits", 0.2626),
        ("dss495_wcstest.mt", 1.70),
        ("tnx.fits", 0.2676),
        ("MAGPIS_image.fits", 2.0),
    ],
)
def test_the_scale_is_the_surveys(shared_data: Path, name: str, arcsec: float) -> None:
    image = read(shared_data / "images" / name)
    assert isinstance(image, Image)
    assert image.scale == pytest.approx(arcsec, rel=2e-3)


@pytest.mark.parametrize(
    "name", ["SDSS_r.fits", "frame-r-001000-1-0100.fits.bz2", "hostphot_SDSS_r.fits"]
)
def test_the_errors_of_sdss_frames_are_the_scatter_of_the_sky(shared_data: Path, name: str) -> None:
    image = read(shared_data / "images" / name)
    assert isinstance(image, Image)
    assert image.sigma is not None
    assert image.zero_point == 22.5
    assert str(image.unit) == "nmgy"
    values = image.pixels.astype(float)
    sky = np.abs(values - np.median(values)) < 4 * np.median(image.sigma)
    # Neighbours are compared, so that faint galaxies and gradients do not count.
    steps = (values[:, 1:] - values[:, :-1])[sky[:, 1:]] / np.sqrt(2)
    scatter = 1.4826 * np.median(np.abs(steps))
    assert np.median(image.sigma) == pytest.approx(scatter, rel=0.05)


def test_a_cutout_of_panstarrs_is_linear_already_and_has_its_zero_point(shared_data: Path) -> None:
    image = read(shared_data / "images" / "PS1_r.fits")
    assert isinstance(image, Image)
    assert image.linear() is image
    assert image.zero_point == pytest.approx(25 + 2.5 * np.log10(720))


def test_describe_gives_size_scale_and_notes(shared_data: Path) -> None:
    told = str(describe(shared_data / "images" / "aia_171_level1.fits"))
    assert "note: the WCS is of the Sun (HPLN, HPLT), not of the sky" in told
    told = str(describe(shared_data / "images" / "SDSS_r.fits"))
    assert "pixels: 900 x 900 (HDU 0), unit: nanomaggy" in told
    assert "size: 5.94 x 5.939 arcmin" in told
    assert "pixel scale: 0.396 x 0.3959 arcsec" in told
    assert "zero point: 22.5 mag (AB)" in told
    assert "errors given" in told


def test_another_image_of_the_file_is_read_by_its_name(shared_data: Path) -> None:
    path = shared_data / "images" / "iccz11q4q_ima.fits"
    first, third = read(path), read(path, layer="SCI,3")
    assert isinstance(first, Image)
    assert isinstance(third, Image)
    assert (first.name, third.name) == ("SCI,1", "SCI,3")
    assert third.sigma is not None
    assert not np.array_equal(first.pixels, third.pixels)
