"""This file tests what the sandbox's MAST holds of HST and JWST: rows, layouts, pixels, lines."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.sandbox import mast_curves, mast_holdings, mast_large
from skyatlas.sandbox.light import lines_of
from skyatlas.sandbox.mast_item import CAOM, MastFile, MastObservation
from skyatlas.sandbox.mast_pictures import pictures
from skyatlas.sandbox.mast_pictures_jpeg import jpeg
from skyatlas.sandbox.mast_pictures_plan import known

HELD = pictures(1)
FILES = {file.uri: file for one in HELD for file in one.files}
WRONG = {"RAW"}
"""Subgroups whose size the list says wrong, on purpose, for HST."""


def kind_of(file: MastFile) -> tuple[str, str, str]:
    return file.uri[:9], file.subgroup, file.filename.rpartition(".")[2]


KINDS = {kind_of(file): file for file in FILES.values()}
"""One file of each kind."""


@cache
def made(uri: str) -> bytes:
    return FILES[uri].make()


def observation(obs_id: str) -> MastObservation:
    return next(one for one in HELD if one.obs_id == obs_id)


def opened(file: MastFile) -> fits.HDUList:
    return fits.open(BytesIO(made(file.uri)), checksum=True)


def file_of(obs_id: str, subgroup: str) -> MastFile:
    files = observation(obs_id).files
    return next(file for file in files if file.subgroup == subgroup)


def names(hdus: fits.HDUList) -> list[str]:
    return [hdu.name for hdu in hdus[1:]]


def test_no_number_stands_for_two_observations() -> None:
    parts = (HELD, mast_curves.curves(1), mast_large.large(1))
    assert len(mast_holdings.observations(1)) == sum(map(len, parts))


def test_rows_have_caoms_columns_alone() -> None:
    for one in HELD:
        assert set(one.row) <= set(CAOM), one.obs_id
        assert str(one.row["s_region"]).startswith("POLYGON ")


def test_footprints_come_with_every_frame_that_mast_writes() -> None:
    words = {str(one.row["s_region"]).split()[1] for one in HELD}
    assert {"ICRS", "GSC1", "J2000"} < words
    assert any(word[0].isdigit() for word in words)


def test_what_is_planned_has_neither_times_nor_files() -> None:
    planned = [one for one in HELD if one.row["calib_level"] == -1]
    assert {one.collection for one in planned} == {"HST", "JWST"}
    for one in planned:
        assert not one.files
        assert {"t_min", "t_exptime", "dataURL", "t_obs_release"}.isdisjoint(one.row)


def test_one_programme_of_each_telescope_is_exclusive() -> None:
    closed = [one for one in HELD if one.exclusive]
    assert {one.row["proposal_id"] for one in closed} == {"17999", "9999"}
    assert all(float(str(one.row["t_obs_release"])) > 80_000 for one in closed)
    assert not any(file.cloud for one in closed for file in one.files)


def test_the_file_that_stands_for_an_observation_is_among_its_files() -> None:
    for one in HELD:
        if "dataURL" in one.row:
            assert one.row["dataURL"] in {file.uri for file in one.files}, one.obs_id


OF_SIZES = {
    (one.row["instrument_name"], one.row["filters"], *kind_of(file)): file
    for one in HELD
    for file in one.files
    if file.size is not None
}
"""One file of each kind, camera and filter."""


@pytest.mark.parametrize("uri", sorted({file.uri for file in OF_SIZES.values()}))
def test_a_file_is_as_long_as_the_list_says(uri: str) -> None:
    file = FILES[uri]
    size = len(made(uri))
    assert file.size == (size // 2 if file.subgroup in WRONG else size)


def test_some_sizes_are_not_known_and_most_are() -> None:
    said = Counter(file.size is None for file in FILES.values())
    assert 0 < said[True] < said[False]


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if kind[2] == "fits"))
def test_a_file_of_each_kind_is_whole_and_says_its_name(kind: tuple[str, str, str]) -> None:
    file = KINDS[kind]
    with opened(file) as hdus:
        hdus.verify("exception")
        assert hdus[0].header["TELESCOP"] in ("HST", "JWST")
        assert file.filename.endswith(hdus[0].header["FILENAME"])


@pytest.mark.parametrize(
    ("obs_id", "subgroup", "layout"),
    [
        ("jabc01010", "DRC", "SCI WHT CTX"),
        ("jabc01010", "FLC", "SCI ERR DQ SCI ERR DQ"),
        ("idhq01010", "RAW", "SCI ERR DQ SCI ERR DQ"),
        ("u2m30101m", "C0M", "SCI SCI SCI SCI"),
        ("jabc01010", "ASN", "ASN"),
        ("oc4n01010", "X1D", "SCI"),
        (
            "jw02733-o001_t001_nircam_clear-f090w", "I2D",
            "SCI ERR CON WHT VAR_POISSON VAR_RNOISE VAR_FLAT HDRTAB ASDF",
        ),
        (
            "jw02733-o001_t001_nircam_clear-f090w", "CAL",
            "SCI ERR DQ AREA VAR_POISSON VAR_RNOISE VAR_FLAT ASDF",
        ),
        ("jw02655-o003_t003_nirspec_f170lp-g235h", "S3D", "SCI ERR DQ WMAP HDRTAB ASDF"),
        ("jw02655-o003_t003_nirspec_f170lp-g235h", "X1D", "EXTRACT1D"),
    ],
)  # fmt: skip
def test_extensions_are_the_real_ones(obs_id: str, subgroup: str, layout: str) -> None:
    with opened(file_of(obs_id, subgroup)) as hdus:
        assert names(hdus) == layout.split()


@pytest.mark.parametrize(
    ("obs_id", "subgroup", "real"),
    [
        ("ld9m04010", "X1DSUM", "spectra/ld9m10ujq_x1d.fits"),
        ("oc4n03010", "X1D", "spectra/odbue5030_x1d.fits"),
        ("jabc01010", "DRC", "images/a478hst-cutout.fits"),
        (
            "jw02733-o001_t001_nircam_clear-f090w", "RATE",
            "images/jw42424001001_01101_00001_nrca1_rate.fits.gz",
        ),
    ],
)  # fmt: skip
def test_layouts_are_those_of_real_files(
    shared_data: Path, obs_id: str, subgroup: str, real: str
) -> None:
    with opened(file_of(obs_id, subgroup)) as ours, fits.open(shared_data / real) as theirs:
        assert names(ours) == names(theirs)
        if hasattr(theirs[1], "columns"):
            assert ours[1].columns.names == theirs[1].columns.names
            assert ours[1].columns.units == theirs[1].columns.units


def brightest(hdu: Any) -> tuple[float, float, float]:
    """How bright the brightest pixel is, and where it is on the sky."""
    row, column = np.unravel_index(np.argmax(hdu.data), hdu.data.shape)
    ra, dec = WCS(hdu.header).all_pix2world(column, row, 0)
    return float(hdu.data.max()), float(ra), float(dec)


@pytest.mark.parametrize(
    ("obs_id", "subgroup"),
    [
        ("jabc03010", "DRC"), ("jabc03010", "FLC"), ("jabc03010", "RAW"), ("u2m30201m", "C0M"),
        ("jw01783-o004_t004_nircam_clear-f115w", "I2D"),
        ("jw01783-o004_t004_nircam_clear-f115w", "CAL"),
    ],
)  # fmt: skip
def test_the_nucleus_is_where_the_header_says(obs_id: str, subgroup: str) -> None:
    target = known({"jabc": "M  87", "u2m3": "M  87"}.get(obs_id[:4], "M  51"))
    with opened(file_of(obs_id, subgroup)) as hdus:
        found = [brightest(hdu) for hdu in hdus if hdu.name == "SCI"]
        pixel = max(abs(hdus["SCI"].header["CD2_2"]), abs(hdus["SCI"].header["CD2_1"]))
    _, ra, dec = max(found)
    away = np.hypot((ra - target.ra) * np.cos(np.radians(dec)), dec - target.dec)
    assert away < 1.5 * pixel


def test_the_footprint_in_the_list_is_that_of_the_pixels() -> None:
    one = observation("jabc01010")
    numbers = np.array(str(one.row["s_region"]).split()[2:], dtype=float).reshape(-1, 2)
    with opened(file_of("jabc01010", "DRC")) as hdus:
        corners = WCS(hdus["SCI"].header).calc_footprint(center=False)
    for corner in corners:
        assert np.min(np.hypot(*(numbers - corner).T)) < 1e-6


@pytest.mark.parametrize(
    ("obs_id", "subgroup", "target"),
    [("oc4n01010", "X1D", "NGC 1068"), ("ld9m04010", "X1DSUM", "3C 273")],
)
def test_lines_stand_where_the_source_has_them(obs_id: str, subgroup: str, target: str) -> None:
    with opened(file_of(obs_id, subgroup)) as hdus:
        table = hdus[1].data
        wave = np.concatenate(list(table["WAVELENGTH"])) / 10.0
        flux = np.concatenate(list(table["FLUX"]))
    strong = max(lines_of(known(target), wave.min(), wave.max(), air=False),
                 key=lambda line: line[0] in ("[O III]", "Ly alpha"))  # fmt: skip
    assert abs(wave[np.argmax(flux)] - strong[1]) < 1.0 or "[O III]" in strong[0]
    near = np.abs(wave - strong[1]) < 2.0
    assert flux[near].max() > 2.0 * np.median(flux)


def test_orders_are_rows_and_segments_too() -> None:
    with opened(file_of("oc4n03010", "X1D")) as hdus:
        assert len(hdus[1].data) == 8
        assert len(set(hdus[1].data["SPORDER"])) == 8
    with opened(file_of("ld9m04010", "X1DSUM")) as hdus:
        table = hdus[1].data
        assert list(table["SEGMENT"]) == ["FUVA", "FUVB"]
        assert table["WAVELENGTH"][0].min() > table["WAVELENGTH"][1].max()


def test_a_cube_has_the_lines_of_its_spectrum() -> None:
    obs_id = "jw02655-o003_t003_nirspec_f170lp-g235h"
    with opened(file_of(obs_id, "S3D")) as hdus:
        cube, wcs = hdus["SCI"].data, WCS(hdus["SCI"].header)
    bright = cube.mean(axis=(1, 2))
    wave = wcs.spectral.all_pix2world(np.arange(len(bright)), 0)[0] * 1e9
    (_, alpha), *_ = lines_of(known("NGC 1068"), 1800.0, 1950.0, air=False)
    assert abs(wave[np.argmax(bright)] - alpha) < 6.0


def test_guide_star_files_are_repeated_with_every_member() -> None:
    one = observation("jw02733-o001_t001_nircam_clear-f090w")
    uris = Counter(file.uri for file in one.files)
    assert len(one.files) > 2 * len(uris)
    guiding = [file for file in one.files if file.subgroup.startswith("GS-")]
    assert len({file.row["obs_id"] for file in guiding}) == 3
    assert {file.product_type for file in guiding} == {"AUXILIARY"}


def test_a_file_that_several_observations_list_has_the_same_bytes_with_each() -> None:
    lists: dict[str, list[MastFile]] = {}
    for one in HELD:
        for uri, file in {file.uri: file for file in one.files}.items():
            lists.setdefault(uri, []).append(file)
    shared = {uri: files for uri, files in lists.items() if len(files) > 1}
    assert len(shared) > 80
    guiding = [uri for uri in shared if "_gs-" in uri]
    for uri in {*shared} - {*guiding[6:]}:  # of the guider's, a few
        assert len({file.make() for file in shared[uri]}) == 1


def test_members_have_numbers_and_names_of_their_own() -> None:
    one = observation("jabc01010")
    members = {file.row["obs_id"]: file.row["obsID"] for file in one.files if "obsID" in file.row}
    assert set(members) == {"jabc01a1q", "jabc01a2q"}
    assert len(set(members.values())) == 2
    assert one.obsid not in members.values()
    numbers = {file.row["obsID"] for each in HELD for file in each.files if "obsID" in file.row}
    assert numbers.isdisjoint(one.obsid for one in HELD)


def test_an_association_names_its_members() -> None:
    with opened(file_of("jabc01010", "ASN")) as hdus:
        assert list(hdus[1].data["MEMNAME"]) == ["JABC01A1Q", "JABC01A2Q", "JABC01010"]
    one = observation("jw02733-o001_t001_nircam_clear-f090w")
    file = next(file for file in one.files if file.filename.endswith("_asn.json"))
    (product,) = json.loads(made(file.uri))["products"]
    listed = {file.filename for file in one.files}
    assert product["name"] == one.obs_id
    assert {member["expname"] for member in product["members"]} <= listed


def test_two_files_of_one_name_are_not_the_same() -> None:
    names = Counter(file.filename for file in FILES.values())
    twice = [name for name, count in names.items() if count > 1]
    assert "hlsp_nuclei_hst_acs-wfc_f814w_v1_drz.fits" in twice
    bodies = [
        made(uri) for uri in FILES if uri.endswith("/hlsp_nuclei_hst_acs-wfc_f814w_v1_drz.fits")
    ]
    assert len(bodies) == len(set(bodies)) == 2


def test_another_seed_makes_other_pixels_under_the_same_names() -> None:
    other = {file.uri: file for one in pictures(2) for file in one.files}
    assert set(other) == set(FILES)
    uri = "mast:HST/product/jabc01010_drc.fits"
    assert other[uri].make() != made(uri) == FILES[uri].make()


def test_a_preview_shows_the_shades_that_were_drawn() -> None:
    from PIL import Image

    shades = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    picture = Image.open(BytesIO(jpeg(shades)))
    assert picture.size == (64, 48)
    assert np.abs(np.asarray(picture)[4::8, 4::8].astype(int) - shades).max() <= 1


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if kind[2] == "jpg"))
def test_previews_of_each_kind_are_pictures(kind: tuple[str, str, str]) -> None:
    from PIL import Image

    with Image.open(BytesIO(made(KINDS[kind].uri))) as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert len(set(np.asarray(picture).ravel().tolist())) > 1
