"""This file reads every light curve and target pixel file of the real data, each as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Image, LightCurve, TargetPixels
from skyatlas.errors import FormatError
from skyatlas.formats import describe, read

TESS, KEPLER = 2457000.0, 2454833.0


class Curve(NamedTuple):
    """What a light curve's file says, read by eye from its headers."""

    name: str
    mission: str
    author: str
    part: str
    cadence: float
    offset: float
    column: str
    unit: str
    rows: int
    good: int


class Pixels(NamedTuple):
    """What a target pixel file says."""

    name: str
    mission: str
    author: str
    part: str
    cadence: float
    offset: float
    shape: tuple[int, int, int]
    inside: int


EXPECTED: dict[str, Curve | Pixels | str | None] = {
    "kplr011442793-2009350155506_llc.fits": Curve(
        "KIC 11442793", "Kepler", "Kepler", "quarter 3", 1765.4629, KEPLER,
        "PDCSAP_FLUX", "electron / s", 4370, 4134,
    ),
    "tess2018206045859-s0001-0000000025155310-0120-s_lc.fits": Curve(
        "TIC 25155310", "TESS", "SPOC", "sector 1", 120.0, TESS,
        "PDCSAP_FLUX", "electron / s", 20076, 18103,
    ),
    "tic55525572_lc.fits": Curve(
        "TIC 55525572", "TESS", "SPOC", "sector 5", 120.0, TESS,
        "PDCSAP_FLUX", "electron / s", 18944, 17876,
    ),
    "test-lc-tess-pimen-100-cadences.fits": Curve(
        "TIC 261136679", "TESS", "SPOC", "sector 1", 120.0, TESS,
        "PDCSAP_FLUX", "electron / s", 100, 99,
    ),
    "test-lc-tess-pimen_s1_eleanor_full-100-cadences.fits": Curve(
        "TIC 261136679", "TESS", "ELEANOR", "sector 1", 1800.0, TESS,
        "CORR_FLUX", "electron / s", 100, 86,
    ),
    "test-lc-tess-pimen_s1_eleanor_lite-100-cadences.fits": Curve(
        "TIC 261136679", "TESS", "ELEANOR", "sector 1", 1800.0, TESS,
        "CORR_FLUX", "electron / s", 100, 86,
    ),
    "hlsp_k2sff_k2_lightcurve_221312395-c91_kepler_v1_llc.fits": Curve(
        "EPIC 221312395", "K2", "K2SFF", "campaign 91", 1765.4629, KEPLER, "FCOR", "", 1119, 1015
    ),
    "hlsp_tglc_tess_ffi_gaiaid-6399196263939178880-s0001-cam2-ccd1_tess_v1_llc.fits": Curve(
        "Gaia DR3 6399196263939178880", "TESS", "TGLC", "sector 1", 1800.0, TESS,
        "cal_aper_flux", "", 1282, 1267,
    ),
    "hlsp_tglc_tess_ffi_gaiaid-5707485527450614656-s0007-cam2-ccd3_tess_v2_llc.fits": Curve(
        "Gaia DR3 5707485527450614656", "TESS", "TGLC", "sector 7", 1800.0, TESS,
        "cal_aper_flux", "", 1093, 1048,
    ),
    "test-sparcs-jdref.fits": Curve(
        "AD Leo", "SPARCS", "SPARCS", "", 100.0107, 2400000.5,
        "FLUX", "erg / (Angstrom s cm2)", 4253, 2667,
    ),
    "ktwo221312395-c91_lpd-targ.fits.gz": Pixels(
        "EPIC 221312395", "K2", "K2", "campaign 91", 1765.4629, KEPLER, (1290, 10, 11), 0
    ),
    "test-tpf-star.fits": Pixels(
        "EPIC 200071160", "K2", "K2", "campaign 91", 1765.4629, KEPLER, (1290, 3, 3), 0
    ),
    "test-tpf-kplr-tabby-100-cadences.fits": Pixels(
        "KIC 8462852", "Kepler", "Kepler", "quarter 8", 1765.4629, KEPLER, (100, 10, 11), 26
    ),
    "test-tpf-tesscut_1x1.fits": Pixels(
        "", "TESS", "TESScut", "sector 12", 1800.0, TESS, (1289, 1, 1), 0
    ),
    "asteroid_test.fits": Pixels(
        "", "TESS", "TESScut", "sector 18", 1800.0, TESS, (1, 10, 11), 0
    ),
    "tess2019085135100-s0010-2-4-0140-s_cbv.fits": "co-trending basis vectors .16 of them., not a",
    "ktwo201907706-c01-first-cadence.fits.gz": None,  # one image, cut out of a target pixel file
}  # fmt: skip


def test_every_file_of_light_curves_has_an_expectation(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "lightcurves").iterdir()} == EXPECTED.keys()


@pytest.mark.parametrize("name", [k for k, v in EXPECTED.items() if isinstance(v, Curve)])
def test_a_light_curve_is_what_its_file_says(shared_data: Path, name: str) -> None:
    expected = EXPECTED[name]
    assert isinstance(expected, Curve)
    curve = read(shared_data / "lightcurves" / name)
    assert isinstance(curve, LightCurve)
    found = Curve(
        curve.name, curve.mission, curve.author, curve.part, expected.cadence, curve.time_offset,
        curve.flux_name, str(curve.flux_unit), len(curve), int((~curve.mask).sum()),
    )  # fmt: skip
    assert found == expected
    assert curve.cadence == pytest.approx(expected.cadence, rel=1e-4)
    assert curve.time_scale == "tdb"
    assert curve.time.dtype == curve.flux.dtype == np.float64
    assert next(iter(curve.fluxes)) == curve.flux_name


@pytest.mark.parametrize("name", [k for k, v in EXPECTED.items() if isinstance(v, Pixels)])
def test_target_pixels_are_what_their_file_says(shared_data: Path, name: str) -> None:
    expected = EXPECTED[name]
    assert isinstance(expected, Pixels)
    found = read(shared_data / "lightcurves" / name)
    assert isinstance(found, TargetPixels)
    assert found.aperture is not None
    inside = int((found.aperture & 2 != 0).sum())
    assert expected == Pixels(
        found.name, found.mission, found.author, found.part, expected.cadence, found.time_offset,
        (len(found), *found.flux.shape[1:]), inside,
    )  # fmt: skip
    assert found.cadence == pytest.approx(expected.cadence, rel=1e-4)
    assert found.time_scale == "tdb"
    assert found.aperture.shape == found.flux.shape[1:]
    assert found.wcs is not None
    assert found.flux_unit == "electron / s"


@pytest.mark.parametrize("name", [k for k, v in EXPECTED.items() if isinstance(v, str)])
def test_what_is_no_light_curve_is_refused_by_its_name(shared_data: Path, name: str) -> None:
    with pytest.raises(FormatError, match=str(EXPECTED[name])):
        read(shared_data / "lightcurves" / name)


def test_one_cadence_cut_out_as_an_image_is_an_image(shared_data: Path) -> None:
    found = read(shared_data / "lightcurves" / "ktwo201907706-c01-first-cadence.fits.gz")
    assert isinstance(found, Image)
    assert found.pixels.shape == (14, 15)


@pytest.mark.parametrize("name", [k for k, v in EXPECTED.items() if isinstance(v, Curve | Pixels)])
def test_every_column_is_astropys(shared_data: Path, name: str) -> None:
    path = shared_data / "lightcurves" / name
    found = read(path)
    assert isinstance(found, LightCurve | TargetPixels)
    with fits.open(path) as hdus:
        table = hdus[1].data
        assert set(found.columns) == set(table.names)
        for column in table.names:
            theirs, ours = np.asarray(table[column]), found.columns[column]
            assert ours.dtype == theirs.dtype.newbyteorder("="), column
            assert np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind == "f"), column


def test_describe_tells_a_light_curve(shared_data: Path) -> None:
    contents = describe(
        shared_data / "lightcurves" / "tess2018206045859-s0001-0000000025155310-0120-s_lc.fits"
    )
    assert contents.kind == "light curve"
    text = str(contents)
    assert "target: TIC 25155310; TESS, sector 1, by SPOC" in text
    assert (
        "time: 1325.29526 to 1353.17733 (JD - 2457000, TDB), 2018-07-25 19:05 to 2018-08-22 16:15"
        in text
    )
    assert "cadences: 20076, one every 120 s; 18103 good, 1973 masked: 1973 flagged, 0 " in text
    assert "flux: PDCSAP_FLUX, e-/s, median " in text
    assert "; also SAP_FLUX" in text
    assert "gaps: " in text
    assert "exposure" not in text  # days on the source, not seconds


def test_describe_tells_target_pixels(shared_data: Path) -> None:
    contents = describe(shared_data / "lightcurves" / "test-tpf-kplr-tabby-100-cadences.fits")
    assert contents.kind == "target pixels"
    assert "pixels: 11 x 10, 26 of them in the optimal aperture; e-/s" in str(contents)
