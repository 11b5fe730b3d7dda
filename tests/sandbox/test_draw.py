"""This file tests that the sandbox's files are valid FITS and say what their rows say."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from skyatlas.sandbox.eso_holdings import eso_holdings
from skyatlas.sandbox.holdings import Holdings
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.light import lines_of, stars_near
from skyatlas.sandbox.plan import Shot

RECIPES = (
    "XS_SFLX_UVB", "XS_SFLX_VIS", "XS_SFLX_NIR", "UV_SRED_580", "HARPS_s1d_A", "NIRPS_s1d_A",
    "XQ100_vis", "MU_SCBC", "MU_SIMW", "SI_SCUB_K", "HA_SIMG_Ks", "v_st_tl_J", "v_st_tl_Ks",
    "v_st_tl_cat", "SPH_IRDIS_H",
)  # fmt: skip
SPECTRA = RECIPES[:7]
CUBES = ("MU_SCBC", "SI_SCUB_K")
IMAGES = ("MU_SIMW", "HA_SIMG_Ks", "v_st_tl_J", "v_st_tl_Ks", "SPH_IRDIS_H")
PER_NM = {"nm": 1.0, "Angstrom": 10.0, "um": 0.001}


@cache
def made() -> Holdings:
    return eso_holdings(1)


def shot_of(recipe: str) -> Shot:
    return next(shot for shot in made().shots.values() if shot.recipe.name == recipe)


@cache
def body(dp_id: str) -> bytes:
    return made().items[dp_id].make()


def product(recipe: str) -> tuple[Shot, Item, bytes]:
    shot = shot_of(recipe)
    return shot, made().items[shot.dp_id], body(shot.dp_id)


def header_of(data: bytes) -> fits.Header:
    with fits.open(BytesIO(data)) as hdus:
        return hdus[0].header.copy()


def wcs_of(header: fits.Header) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # "CD matrix, no CDELT" in a table HDU
        return WCS(header)


def test_every_recipe_is_used() -> None:
    assert {shot.recipe.name for shot in made().shots.values()} == set(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_product_is_valid_fits_with_right_checksums(recipe: str) -> None:
    _, _, data = product(recipe)
    assert len(data) % 2880 == 0
    assert len(data) <= 3_000_000
    for plain in (False, True):
        with fits.open(BytesIO(data), checksum=True, disable_image_compression=plain) as hdus:
            hdus.verify("exception")
            for hdu in hdus:
                keywords = [word for word in hdu.header if word not in {"COMMENT", "HISTORY", ""}]
                assert len(set(keywords)) == len(keywords)
                if plain:
                    assert {"CHECKSUM", "DATASUM"} <= set(keywords)
                assert hdu.data is None or hdu.data.size


@pytest.mark.parametrize("recipe", ["XS_SFLX_VIS", "MU_SCBC", "v_st_tl_J"])
def test_no_clock_of_ours_shows_in_a_file(recipe: str) -> None:
    _, _, data = product(recipe)
    with fits.open(BytesIO(data), disable_image_compression=True) as hdus:
        written = hdus[0].header["DATE"]
        for hdu in hdus:
            assert written in hdu.header.comments["CHECKSUM"]
            assert written in hdu.header.comments["DATASUM"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_product_has_the_keywords_of_the_standard(recipe: str) -> None:
    shot, item, data = product(recipe)
    header = header_of(data)
    row = item.row
    assert header["PRODCATG"] == item.category
    assert header["PROG_ID"] == row["proposal_id"]
    assert header["INSTRUME"] == row["instrument_name"]
    assert header["OBJECT"] == row["target_name"]
    assert header["ARCFILE"] == f"{item.dp_id}.fits"
    assert f"ivo://eso.org/origfile?{header['ORIGFILE']}" == row["obs_creator_did"]
    assert header["PROCSOFT"]
    raws = [header[f"PROV{n}"] for n in range(1, len(shot.raws) + 1)]
    assert (
        raws
        == [f"{link.dp_id}.fits" for link in item.links if link.semantics == "#progenitor"][
            : len(raws)
        ]
    )
    assert (
        item.filename
        == f"{item.dp_id}.fits{'.fz' if recipe in ('v_st_tl_J', 'v_st_tl_Ks') else ''}"
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_row_says_what_its_file_says(recipe: str) -> None:
    _, item, data = product(recipe)
    header, row = header_of(data), item.row
    assert (header["RA"], header["DEC"]) == (row["s_ra"], row["s_dec"])
    assert header["MJD-OBS"] == pytest.approx(row["t_min"], abs=1e-8)
    assert header["MJD-END"] == pytest.approx(row["t_max"], abs=1e-8)
    assert header["EXPTIME"] == row["t_exptime"]
    estimate: Any = row["access_estsize"]
    assert estimate == pytest.approx(len(data) / 1000, rel=0.25, abs=6)
    if "WAVELMIN" in header:
        assert header["WAVELMIN"] * 1e-9 == pytest.approx(row["em_min"], rel=1e-12)
        assert header["WAVELMAX"] * 1e-9 == pytest.approx(row["em_max"], rel=1e-12)


@pytest.mark.parametrize("recipe", SPECTRA)
def test_a_spectrum_is_one_row_of_vectors_in_its_units(recipe: str) -> None:
    shot, item, data = product(recipe)
    with fits.open(BytesIO(data)) as hdus:
        table, primary = hdus["SPECTRUM"], hdus[0].header
        assert len(table.data) == 1
        assert table.header["VOCLASS"].startswith("SPECTRUM")
        assert table.header["TUCD1"] == ("em.wl;obs.atmos" if shot.recipe.air else "em.wl")
        assert table.header["TUTYP1"].endswith("SpectralAxis.Value")
        assert primary["SPECSYS"] in {"BARYCENT", "HELIOCEN"}
        assert primary["SNR"] == item.row["snr"]
        wave = table.data["WAVE"][0]
        assert len(wave) == table.header["NELEM"]
        assert (np.diff(wave) > 0).all()
        unit = table.columns["WAVE"].unit
        assert wave[0] / PER_NM[unit] == pytest.approx(primary["WAVELMIN"])
        assert wave[-1] / PER_NM[unit] == pytest.approx(primary["WAVELMAX"])
        u.Unit(table.columns["FLUX"].unit, format="fits")
        assert np.isnan(table.data["ERR"][0]).all() == (recipe == "HARPS_s1d_A")


@pytest.mark.parametrize("recipe", SPECTRA)
def test_lines_stand_at_the_objects_redshift_in_the_files_medium(recipe: str) -> None:
    shot, _, data = product(recipe)
    with fits.open(BytesIO(data)) as hdus:
        row = hdus["SPECTRUM"].data[0]
        wave = row["WAVE"] / PER_NM[hdus["SPECTRUM"].columns["WAVE"].unit]
        flux = row["FLUX"]
    truth = lines_of(shot.target, wave[0] + 5, wave[-1] - 5, shot.recipe.air)
    assert truth
    broad = 7.0 if shot.target.object_type == "QSO" else 1.0
    checked = 0
    for _, place in truth:
        if any(0 < abs(other - place) < 6 * broad for _, other in truth):
            continue  # blended
        near = np.abs(wave - place) < place * 2e-3 * broad
        values = flux[near] - np.median(flux[near])
        far = np.abs(values) > 0.5 * np.abs(values).max()
        centre = np.average(wave[near][far], weights=np.abs(values[far]))
        assert centre == pytest.approx(place, abs=place * 1e-4 * broad)  # 30 km/s; air is 80 off
        checked += 1
    assert checked or len(truth) > 1


def test_noise_is_what_the_errors_say() -> None:
    _, _, data = product("XS_SFLX_VIS")
    with fits.open(BytesIO(data)) as hdus:
        row = hdus["SPECTRUM"].data[0]
    quiet = slice(2000, 3000)
    error = float(np.median(row["ERR"][quiet]))
    assert np.std(np.diff(row["FLUX"][quiet])) / np.sqrt(2) == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("recipe", CUBES)
def test_a_cube_has_data_and_variance_on_the_same_axes(recipe: str) -> None:
    shot, item, data = product(recipe)
    with fits.open(BytesIO(data)) as hdus:
        values, variance = hdus["DATA"], hdus["STAT"]
        assert values.shape == variance.shape
        assert values.header["CTYPE3"] == ("AWAV" if shot.recipe.air else "WAVE")
        assert values.header["BUNIT"] == shot.recipe.flux_unit
        wcs = wcs_of(values.header)
        ends = wcs.spectral.all_pix2world([0, values.shape[0] - 1], 0)[0]  # metres
        assert ends == pytest.approx([item.row["em_min"], item.row["em_max"]], rel=1e-9)
        assert (variance.data > 0).all()


def test_a_muse_cube_shows_the_galaxys_nucleus_in_its_lines() -> None:
    shot, _, data = product("MU_SCBC")
    with fits.open(BytesIO(data)) as hdus:
        values, wcs = hdus["DATA"].data, wcs_of(hdus["DATA"].header)
    y, x = np.unravel_index(values.mean(axis=0).argmax(), values.shape[1:])
    sky = wcs.celestial.pixel_to_world(x, y)
    there = SkyCoord(shot.target.ra, shot.target.dec, unit="deg")
    assert sky.separation(there).arcsec < shot.recipe.scale
    waves = wcs.spectral.all_pix2world(np.arange(len(values)), 0)[0] * 1e9
    line = dict(lines_of(shot.target, 490.0, 510.0, shot.recipe.air))["[O III]"]
    inside = (waves > 495) & (waves < 510)
    assert waves[inside][values[inside, y, x].argmax()] == pytest.approx(line, abs=1.2)


def picture_of(data: bytes) -> tuple[np.ndarray[Any, Any], WCS]:
    with fits.open(BytesIO(data)) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        return hdu.data.astype(float), wcs_of(hdu.header)


@pytest.mark.parametrize("recipe", IMAGES)
def test_stars_and_targets_are_drawn_at_their_true_positions(recipe: str) -> None:
    shot, _, data = product(recipe)
    pixels, wcs = picture_of(data)
    stars = [(s.ra, s.dec) for s in stars_near(shot.target, shot.seed) if s.magnitude < 17.0]
    checked = 0
    for ra, dec in [(shot.target.ra, shot.target.dec), *stars]:
        x, y = (round(float(v)) for v in wcs.all_world2pix(ra, dec, 0))
        if not (8 <= x < pixels.shape[1] - 8 and 8 <= y < pixels.shape[0] - 8):
            continue
        box = pixels[y - 1 : y + 2, x - 1 : x + 2]
        around = np.median(pixels[y - 8 : y + 9, x - 8 : x + 9])
        assert box.max() > around + 5 * np.sqrt(around)
        checked += 1
    assert checked >= 1


@pytest.mark.parametrize("recipe", [*IMAGES, *CUBES])
def test_footprints_are_the_corners_of_the_pictures(recipe: str) -> None:
    _, item, data = product(recipe)
    numbers = [float(word) for word in str(item.row["s_region"]).split()[2:]]
    said = SkyCoord(numbers[::2], numbers[1::2], unit="deg")
    pixels, wcs = picture_of(data)
    height, width = pixels.shape[-2:]
    corners = wcs.celestial.pixel_to_world(
        [-0.5, -0.5, width - 0.5, width - 0.5], [-0.5, height - 0.5, -0.5, height - 0.5]
    )
    for corner in corners:
        assert corner.separation(said).arcsec.min() < 0.01


def test_one_picture_is_turned() -> None:
    turned = [shot for shot in made().shots.values() if shot.rotation]
    assert turned
    shot = next(shot for shot in turned if shot.recipe.name == "HA_SIMG_Ks")
    data = body(shot.dp_id)
    assert header_of(data)["CD1_2"] != 0.0
    pixels, wcs = picture_of(data)
    x, y = (round(float(v)) for v in wcs.all_world2pix(shot.target.ra, shot.target.dec, 0))
    assert pixels[y - 1 : y + 2, x - 1 : x + 2].max() == pixels.max()
    corner = wcs.pixel_to_world(-0.5, -0.5)
    numbers = [float(n) for n in str(made().items[shot.dp_id].row["s_region"]).split()[2:]]
    said = SkyCoord(numbers[::2], numbers[1::2], unit="deg")
    assert corner.separation(said).arcsec.min() < 0.01


def test_a_vista_tile_is_really_tile_compressed() -> None:
    _, item, data = product("v_st_tl_J")
    assert item.filename.endswith(".fits.fz")
    with fits.open(BytesIO(data), disable_image_compression=True) as hdus:
        assert hdus[1].header["ZIMAGE"] is True
        assert hdus[1].header["ZCMPTYPE"] == "RICE_1"
    assert len(data) < 600 * 600 * 4 / 2


def test_a_source_list_has_the_stars_of_the_tile() -> None:
    shot, _, data = product("v_st_tl_cat")
    with fits.open(BytesIO(data)) as hdus:
        table = hdus["SOURCES"].data
    assert [tuple(row) for row in zip(table["RA2000"], table["DEC2000"], strict=True)] == [
        (star.ra, star.dec) for star in stars_near(shot.target, shot.seed)
    ]


def raw_of(instrument: str, category: str) -> Item:
    return next(
        item
        for item in made().items.values()
        if item.row.get("instrument") == instrument and item.row.get("dp_cat") == category
    )


@pytest.mark.parametrize("category", ["SCIENCE", "CALIB", "ACQUISITION"])
def test_a_raw_frame_ending_in_z_is_unpacked_to_fits(category: str) -> None:
    import uncompresspy

    item = raw_of("XSHOOTER", category)
    assert item.filename == f"{item.dp_id}.fits.Z"
    data = item.make()
    with uncompresspy.open(BytesIO(data), "rb") as file:
        plain = file.read()
    if shutil.which("gunzip"):
        done = subprocess.run(["gunzip", "-c"], input=data, capture_output=True, check=True)
        assert done.stdout == plain
    with fits.open(BytesIO(plain)) as hdus:
        hdus.verify("exception")
        header = hdus[0].header
        assert hdus[0].data.dtype.kind == "u"
        assert header["ESO DPR CATG"] == category
        assert header["ARCFILE"] == f"{item.dp_id}.fits"
        assert header["ESO OBS PROG ID"] == item.row["prog_id"]
        assert header["MJD-OBS"] == pytest.approx(item.row["mjd_obs"], abs=0.0006)
        assert header["EXPTIME"] == item.row["exposure"]
        assert header.get("RA", item.row["ra"]) == item.row["ra"]
    estimate: Any = item.row["access_estsize"]
    assert estimate == pytest.approx(len(data) / 1000, rel=0.7)


def test_a_raw_muse_frame_is_a_mosaic_of_compressed_extensions() -> None:
    item = raw_of("MUSE", "SCIENCE")
    assert item.filename == f"{item.dp_id}.fits.fz"
    with fits.open(BytesIO(item.make())) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus][1:3] == ["CHAN01", "CHAN02"]
        assert all(hdu.data.shape == (160, 128) for hdu in hdus[1:])


def test_a_processed_calibration_is_plain_fits() -> None:
    item = next(i for name, i in made().items.items() if name.startswith("M.MUSE"))
    with fits.open(BytesIO(item.make()), checksum=True) as hdus:
        assert hdus[0].header["ESO PRO CATG"] == item.category
        assert item.table is None
