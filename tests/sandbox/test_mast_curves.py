"""The sandbox's light curves are laid out as real ones, and hold the truth that they claim."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import warnings
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.timeseries import BoxLeastSquares, LombScargle
from astropy.wcs import WCS

from skyatlas.sandbox import mast_layouts
from skyatlas.sandbox.mast_cadences import tess
from skyatlas.sandbox.mast_curves import curves
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_photometry import photometry
from skyatlas.sandbox.mast_quarters import BKJD
from skyatlas.sandbox.mast_sectors import BTJD, chip_corners, place_of, spot, spots
from skyatlas.sandbox.mast_starlight import CROWD, crowd, flares, light, star
from skyatlas.sandbox.mast_tesscut_sky import tess_pixels, tess_sectors
from skyatlas.sandbox.sky import OBJECTS, distance

SEED = 1
PI_MEN = (84.291188, -80.46912)
DESATURATION, MANUAL, SCATTERED = 32, 128, 4096


def observation(author: str, target: str, sequence: int | None = None) -> MastObservation:
    return next(
        one
        for one in curves(SEED)
        if one.row["provenance_name"] == author
        and one.row["target_name"] == target
        and sequence in {None, one.row["sequence_number"]}
    )


def file(author: str, target: str, ending: str, sequence: int | None = None) -> MastFile:
    files = observation(author, target, sequence).files
    return next(one for one in files if one.filename.endswith(ending))


@cache
def opened(author: str, target: str, ending: str, sequence: int | None = None) -> fits.HDUList:
    body = file(author, target, ending, sequence).make()
    body = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    return fits.open(BytesIO(body), checksum=True, lazy_load_hdus=False)


LIKE = {
    # real file: ours, and pairs of extensions of the same layout
    "tess2018206045859-s0001-0000000025155310-0120-s_lc.fits": (
        ("SPOC", "25155310", "s_lc.fits", 1), (0, 1, 2)),
    "kplr011442793-2009350155506_llc.fits": (
        ("Kepler", "kplr011904151", "2009350155506_llc.fits"), (0, 1, 2)),
    "test-tpf-kplr-tabby-100-cadences.fits": (
        ("Kepler", "kplr011904151", "2009350155506_lpd-targ.fits.gz"), (0, 1, 2)),
    "ktwo221312395-c91_lpd-targ.fits.gz": (
        ("K2", "ktwo201912552", "lpd-targ.fits.gz"), (0, 1, 2)),
    "hlsp_k2sff_k2_lightcurve_221312395-c91_kepler_v1_llc.fits": (
        ("K2SFF", "ktwo201912552", "llc.fits"), tuple(range(25))),
    "hlsp_tglc_tess_ffi_gaiaid-6399196263939178880-s0001-cam2-ccd1_tess_v1_llc.fits": (
        ("TGLC", "261136679", "llc.fits", 1), (0, 1)),
    "test-lc-tess-pimen_s1_eleanor_lite-100-cadences.fits": (
        ("GSFC-ELEANOR-LITE", "261136679", "lc.fits", 1), (0, 1, 2)),
}  # fmt: skip
SUMS = {"CHECKSUM", "DATASUM", "COMMENT", "HISTORY", ""}


@cache
def like(name: str) -> fits.HDUList:
    if name == "asteroid_test.fits":
        return fits.open(BytesIO(tess_pixels(*PI_MEN, 11, 10, 1, SEED)), checksum=True)
    return opened(*LIKE[name][0])


def extensions(name: str) -> tuple[int, ...]:
    return LIKE[name][1] if name in LIKE else (0, 1, 2)


@pytest.mark.parametrize("name", [*LIKE, "asteroid_test.fits"])
def test_extensions_and_columns_are_those_of_a_real_file(shared_data: Path, name: str) -> None:
    with fits.open(shared_data / "lightcurves" / name) as real:
        ours = like(name)
        assert len(ours) == len(real)
        for number in extensions(name):
            assert ours[number].name == real[number].name
            assert type(ours[number]) is type(real[number])
            if isinstance(real[number], fits.BinTableHDU):
                assert columns(ours[number]) == columns(real[number])


def columns(hdu: fits.BinTableHDU) -> list[tuple[object, ...]]:
    """What a column is, but for the number of its pixels."""
    found = []
    for one in hdu.columns:
        form = one.format.lstrip("0123456789") if one.dim else one.format
        # The cut-out of one aperture is the best one's name in eleanor's files.
        found.append((one.name, form, one.unit, one.disp, one.null, bool(one.dim)))
    return found


@pytest.mark.parametrize("name", [*LIKE, "asteroid_test.fits"])
def test_no_card_of_a_real_file_is_missing(shared_data: Path, name: str) -> None:
    with fits.open(shared_data / "lightcurves" / name) as real:
        for number in extensions(name):
            lacking = set(real[number].header) - set(like(name)[number].header) - SUMS
            lacking = {word for word in lacking if not word.startswith("TMOFST")}
            assert not lacking, f"extension {number}"


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("tess2018206045859-s0001-0000000025155310-0120-s_lc.fits",
         ("TELESCOP", "ORIGIN", "OBJECT", "TICID", "SECTOR", "CAMERA", "CCD", "TIMEREF",
          "TASSIGN", "TIMESYS", "BJDREFI", "BJDREFF", "TIMEUNIT", "NUM_FRM", "TIMEDEL", "DEADC")),
        ("kplr011442793-2009350155506_llc.fits",
         ("TELESCOP", "ORIGIN", "MISSION", "OBSMODE", "QUARTER", "TIMESYS", "BJDREFI", "NUM_FRM",
          "TIMEDEL", "DEADC")),
        ("ktwo221312395-c91_lpd-targ.fits.gz",
         ("TELESCOP", "MISSION", "OBSMODE", "TIMESYS", "BJDREFI", "CREATOR")),
        ("asteroid_test.fits", ("TELESCOP", "ORIGIN", "CREATOR", "BJDREFI", "TIMESYS", "EXTNAME")),
    ],
)  # fmt: skip
def test_cards_that_tell_readers_what_it_is_have_real_values(
    shared_data: Path, name: str, keywords: tuple[str, ...]
) -> None:
    with fits.open(shared_data / "lightcurves" / name) as real:
        for keyword in keywords:
            number = 0 if keyword in real[0].header else 1
            expected = real[number].header[keyword]
            assert like(name)[number].header[keyword] == expected, keyword


def test_a_card_that_nobody_says_is_an_error() -> None:
    with pytest.raises(KeyError, match="DATE"):
        mast_layouts.primary("spoc_lc", {})


REAL_CHIPS = (
    # sector, position, camera and chip in the headers of real files, and their pixel
    (1, (63.3748, -69.2268), (4, 1), (1624, 394)),
    (1, (84.3009, -80.4691), (4, 2), (1631, 260)),
    (12, (217.4165, -62.6799), (2, 1), (379, 1458)),
    (5, (72.6941, -60.9055), (4, 2), (979, 796)),
    (18, (38.3920, 50.1529), (2, 4), (139, 575)),
    (1, (332.6684, -65.5187), (2, 1), None),
)


@pytest.mark.parametrize(("sector", "place", "chip", "pixel"), REAL_CHIPS)
def test_real_stars_fall_on_their_real_chips(sector, place, chip, pixel) -> None:
    where = spot(place, sector)
    assert where is not None
    assert (where.camera, where.ccd) == chip
    if pixel is not None:
        assert abs(where.column - pixel[0]) < 50
        assert abs(where.row - pixel[1]) < 50


def test_pi_mensae_was_seen_in_its_real_sectors() -> None:
    seen = [sector for sector, _, _ in tess_sectors(*PI_MEN)]
    assert seen[:7] == [1, 4, 8, 11, 12, 13, 27]
    slow = {
        one.row["sequence_number"]
        for one in curves(SEED)
        if one.row["target_name"] == "261136679" and one.row["t_exptime"] == 120.0
    }
    assert slow <= set(seen)


def test_a_pixel_leads_back_to_its_position() -> None:
    for where in spots(PI_MEN):
        assert distance(place_of(where), PI_MEN) < 1e-9


def test_every_observation_and_file_has_one_name() -> None:
    everything = curves(SEED)
    assert len({one.obsid for one in everything}) == len(everything)
    assert len({one.obs_id for one in everything}) == len(everything)
    uris = [one.uri for observation in everything for one in observation.files]
    assert len(set(uris)) == len(uris)


def test_names_and_folders_are_those_of_the_mission() -> None:
    curve = file("SPOC", "261136679", "s_lc.fits", 1)
    name = "tess2018206045859-s0001-0000000261136679-0120-s_lc.fits"
    assert curve.uri == f"mast:TESS/product/{name}"
    assert curve.cloud == f"/tess/public/tid/s0001/0000/0002/6113/6679/{name}"
    assert curve.recommended
    kepler = file("Kepler", "kplr011904151", "2009166043257_llc.fits")
    folder = "kepler/lightcurves/0119/011904151/kplr011904151-2009166043257_llc.fits"
    assert kepler.uri == f"mast:KEPLER/url/missions/{folder}"
    assert kepler.description.endswith("- Q1")
    k2 = file("K2", "ktwo201912552", "llc.fits")
    assert k2.cloud == "/k2/public/lightcurves/c1/201900000/12000/ktwo201912552-c01_llc.fits"


ONE_OF_EACH = (
    ("SPOC", "261136679", "s_lc.fits", 1),
    ("SPOC", "261136679", "s_tp.fits", 1),
    ("SPOC", "377780790", "dvt.fits", 14),
    ("TESS-SPOC", "261136679", "_lc.fits", 27),
    ("TESS-SPOC", "261136679", "_tp.fits", 1),
    ("QLP", "261136679", "llc.fits", 1),
    ("TASOC", "261136679", "lc.fits", 1),
    ("GSFC-ELEANOR-LITE", "261136679", "lc.fits", 4),
    ("TGLC", "261136679", "llc.fits", 8),
    ("Kepler", "kplr011904151", "2009259160929_llc.fits", None),
    ("K2", "ktwo201912552", "llc.fits", 1),
    ("K2SFF", "ktwo201912552", "llc.fits", 1),
    ("EVEREST", "ktwo201912552", "lc.fits", 1),
)


@pytest.mark.parametrize("which", ONE_OF_EACH, ids=lambda which: f"{which[0]} {which[2]}")
def test_a_file_is_as_long_as_its_row_says_and_whole(which) -> None:
    wanted = file(*which)
    body = wanted.make()
    assert len(body) == wanted.size
    with fits.open(BytesIO(body), checksum=True) as hdus:  # a wrong sum warns, and that fails
        assert all("DATASUM" in hdu.header for hdu in hdus)


def test_reports_and_full_frames_are_as_long_as_their_rows_say() -> None:
    reports = [one for one in observation("SPOC", "261136679", 1).files if one.size]
    frames = observation("SPOC", "TESS FFI").files
    extras = [one for one in observation("Kepler", "kplr011904151").files if one.subgroup == "DVR"]
    for wanted in (*reports, *frames, *extras):
        assert len(wanted.make()) == wanted.size, wanted.uri


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    wanted = file("SPOC", "25155310", "s_lc.fits", 2)
    first = wanted.make()
    photometry.cache_clear()
    tess.cache_clear()
    assert wanted.make() == first
    other = next(one for each in curves(2) for one in each.files if one.uri == wanted.uri)
    assert other.make() != first


def good(sector: int, target: str = "261136679") -> tuple[np.ndarray, np.ndarray]:
    """Times and fluxes of SPOC's good cadences, relative to their median."""
    table = opened("SPOC", target, "s_lc.fits", sector)[1].data
    flux = table["PDCSAP_FLUX"].astype(float)
    fine = (table["QUALITY"] == 0) & np.isfinite(flux) & np.isfinite(table["TIME"])
    return table["TIME"][fine], flux[fine] / np.median(flux[fine])


def test_pi_mensae_c_is_where_it_is_and_as_deep() -> None:
    planet = star("pi Men").planets[0]
    phase, depths = [], []
    for sector in (1, 4, 8):
        time, flux = good(sector)
        away = (time + BTJD - planet.epoch + planet.period / 2) % planet.period
        phase.append(away - planet.period / 2)
        depths.append(1.0 - flux)
    away, missing = np.abs(np.concatenate(phase)), np.concatenate(depths)
    inside, outside = missing[away < planet.hours / 60], missing[away > planet.hours / 20]
    error = outside.std() / len(inside) ** 0.5
    assert 95e-6 < outside.std() < 150e-6
    assert abs(inside.mean() - outside.mean() - 0.95 * planet.depth) < 5 * error


def test_a_box_of_six_days_and_a_quarter_is_found_in_one_sector() -> None:
    time, flux = good(1)
    bins = np.unique(np.round(time * 144).astype(int), return_inverse=True)[1]
    many = np.bincount(bins)
    search = BoxLeastSquares(np.bincount(bins, time) / many, np.bincount(bins, flux) / many)
    found = search.autopower(0.12, minimum_period=2.0, maximum_period=13.0)
    assert abs(found.period[found.power.argmax()] - 6.2679) < 0.02


def test_pixels_sum_to_the_light_curve() -> None:
    for which in (("SPOC", "261136679", 1), ("TESS-SPOC", "261136679", 4)):
        author, target, sector = which
        curve = opened(author, target, "_lc.fits", sector)
        pixels = opened(author, target, "_tp.fits", sector)
        assert (curve["APERTURE"].data == pixels["APERTURE"].data).all()
        inside = pixels["APERTURE"].data & 2 > 0
        summed = pixels[1].data["FLUX"][:, inside].sum(axis=1, dtype=float)
        np.testing.assert_allclose(summed, curve[1].data["SAP_FLUX"], rtol=2e-6)
        sky = pixels[1].data["FLUX_BKG"][:, inside].sum(axis=1, dtype=float)
        np.testing.assert_allclose(sky, curve[1].data["SAP_BKG"], rtol=2e-6)


def test_keplers_pixels_sum_to_its_light_curve() -> None:
    for author, target, part in (("Kepler", "kplr011904151", "Q3"), ("K2", "ktwo201912552", "C1")):
        files = [one for one in observation(author, target).files if one.description.endswith(part)]
        curve, pixels = (fits.open(BytesIO(unpacked(one))) for one in files)
        inside = pixels["APERTURE"].data & 2 > 0
        summed = pixels[1].data["FLUX"][:, inside].sum(axis=1, dtype=float)
        np.testing.assert_allclose(summed, curve[1].data["SAP_FLUX"], rtol=2e-6)


def unpacked(one: MastFile) -> bytes:
    body = one.make()
    return gzip.decompress(body) if one.filename.endswith(".gz") else body


def test_the_middle_of_a_sector_has_neither_time_nor_light() -> None:
    table = opened("SPOC", "261136679", "s_lc.fits", 1)[1].data
    lost = np.isnan(table["TIME"])
    runs = np.flatnonzero(np.diff(lost.astype(int)))
    assert len(runs) == 2
    assert 0.9 < (runs[1] - runs[0]) / 720 < 1.3
    assert np.isnan(table["SAP_FLUX"][lost]).all()
    assert (table["QUALITY"][lost] & 8 > 0).all()
    steps = np.diff(table["CADENCENO"])
    assert (steps == 1).all()


def test_wheels_are_unloaded_every_two_days_and_a_half() -> None:
    table = opened("SPOC", "261136679", "s_lc.fits", 1)[1].data
    dumped = table["TIME"][table["QUALITY"] & DESATURATION > 0]
    dumped = dumped[np.isfinite(dumped)]
    begins = dumped[np.flatnonzero(np.diff(dumped, prepend=0.0) > 0.5)]
    apart = np.diff(begins) / 2.5
    np.testing.assert_allclose(apart, np.round(apart), atol=0.01)
    assert len(begins) >= 9


def test_flagged_cadences_have_no_corrected_flux() -> None:
    for sector in (1, 27):
        table = opened("SPOC", "261136679", "s_lc.fits", sector)[1].data
        bad = table["QUALITY"] & (MANUAL | SCATTERED) > 0
        assert bad.sum() > 500
        assert np.isnan(table["PDCSAP_FLUX"][bad]).all()
        assert np.isfinite(table["SAP_FLUX"][bad]).any()
    scattered = table["QUALITY"] & SCATTERED > 0
    assert scattered.any()


def test_au_mic_turns_and_flares_when_the_truth_says() -> None:
    time, flux = good(1, "441420236")
    frequency = np.linspace(1 / 15, 0.5, 3000)
    power = LombScargle(time[::20], flux[::20]).power(frequency)
    assert abs(1 / frequency[power.argmax()] - star("AU Mic").spin) < 0.3
    strongest = max(
        flares(star("AU Mic"), BTJD + time[0], BTJD + time[-1], SEED),
        key=lambda one: one.peak if np.abs(time + BTJD - one.time).min() < 1e-3 else 0.0,
    )
    around = np.abs(time + BTJD - strongest.time) < 2 / 1440
    before = np.abs(time + BTJD - strongest.time + 0.08) < 0.01
    risen = flux[around].max() - np.median(flux[before])
    assert 0.5 * strongest.peak < risen < 1.3 * strongest.peak


def test_twenty_seconds_and_two_minutes_tell_of_the_same_light() -> None:
    slow = observation("SPOC", "261136679", 27)
    quick = next(one for one in curves(SEED) if one.obs_id.endswith("a_fast"))
    assert quick.row["t_exptime"] == 20.0
    with fits.open(BytesIO(quick.files[0].make())) as hdus:
        assert hdus[1].header["TIMEDEL"] == pytest.approx(20 / 86400)
        assert hdus[1].header["NUM_FRM"] == 10
        fine = np.nanmedian(hdus[1].data["PDCSAP_FLUX"])
        per_cadence = hdus[1].data["PDCSAP_FLUX_ERR"]
    with fits.open(BytesIO(slow.files[0].make())) as hdus:
        assert np.nanmedian(hdus[1].data["PDCSAP_FLUX"]) == pytest.approx(fine, rel=1e-4)
        ratio = np.nanmedian(per_cadence) / np.nanmedian(hdus[1].data["PDCSAP_FLUX_ERR"])
    assert ratio == pytest.approx(6**0.5, rel=0.1)


def test_the_crowd_is_one_light_curve_each_and_some_cones_overlap() -> None:
    many = [one for one in curves(SEED) if str(one.row["target_name"]).startswith("9000")]
    assert len(many) == CROWD
    places = [one.place for one in crowd(SEED)]
    neighbours = [
        number
        for number in range(1, len(places))
        if distance(places[number - 1], places[number]) < 2 / 60
    ]
    assert len(neighbours) >= CROWD // 13
    assert all(spot(place, 5) for place in places)
    with fits.open(BytesIO(many[700].files[0].make())) as hdus:
        assert hdus[0].header["TICID"] == int(str(many[700].row["target_name"]))


def test_kepler_has_a_picture_of_its_light_curve() -> None:
    files = observation("Kepler", "kplr011904151").files
    picture = next(one for one in files if one.product_type == "PREVIEW")
    assert picture.make().startswith(b"\x89PNG")


def test_kepler_10_b_is_found_in_three_quarters() -> None:
    times, fluxes = [], []
    for stamp in ("2009166043257", "2009259160929", "2009350155506"):
        table = opened("Kepler", "kplr011904151", f"{stamp}_llc.fits")[1].data
        fine = (table["SAP_QUALITY"] == 0) & np.isfinite(table["PDCSAP_FLUX"])
        times.append(table["TIME"][fine])
        fluxes.append(table["PDCSAP_FLUX"][fine] / np.median(table["PDCSAP_FLUX"][fine]))
    search = BoxLeastSquares(np.concatenate(times), np.concatenate(fluxes))
    found = search.power(np.linspace(0.8, 0.9, 4000), 0.07)
    assert abs(found.period[found.power.argmax()] - 0.83749) < 1e-3


def test_light_of_a_star_without_anything_is_one() -> None:
    quiet = star("pi Men")
    time = np.linspace(2458330.0, 2458331.0, 500)  # between two transits
    assert (light(quiet, time, SEED) == 1.0).all()


def test_k2sff_takes_the_rolls_out() -> None:
    table = opened("K2SFF", "ktwo201912552", "llc.fits")["BESTAPER"].data
    assert np.diff(table["FCOR"]).std() < 0.5 * np.diff(table["FRAW"]).std()
    assert set(np.unique(table["MOVING"])) == {0, 1}


def test_the_search_of_many_sectors_has_reports_but_no_light_curve() -> None:
    search = next(one for one in curves(SEED) if "s0001-s0013" in one.obs_id)
    assert {one.subgroup for one in search.files} == {"DVT", "DVR", "DVM", "DVS"}
    with fits.open(BytesIO(search.files[0].make())) as hdus:
        assert hdus["TCE_1"].header["TPERIOD"] == 6.26790
        assert hdus["TCE_1"].data["MODEL_INIT"][
            np.isfinite(hdus["TCE_1"].data["TIME"])
        ].min() == pytest.approx(-300e-6, rel=0.01)


def test_a_cut_out_shows_the_star_where_its_coordinates_say() -> None:
    with fits.open(BytesIO(tess_pixels(*PI_MEN, 9, 11, 4, SEED))) as hdus:
        flux = hdus["PIXELS"].data["FLUX"]
        assert flux.shape[1:] == (11, 9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x, y = WCS(hdus["APERTURE"].header).all_world2pix([PI_MEN], 0)[0]
        row, column = np.unravel_index(np.median(flux, axis=0).argmax(), flux.shape[1:])
        assert abs(column - x) <= 1
        assert abs(row - y) <= 1
        assert np.isfinite(hdus["PIXELS"].data["TIME"]).all()


def test_a_cut_out_beside_the_star_shows_it_in_the_same_pixel_of_the_sky() -> None:
    beside = (PI_MEN[0], PI_MEN[1] + 0.02)
    with fits.open(BytesIO(tess_pixels(*beside, 15, 15, 1, SEED))) as hdus:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x, y = WCS(hdus["APERTURE"].header).all_world2pix([PI_MEN], 0)[0]
        picture = np.median(hdus["PIXELS"].data["FLUX"], axis=0)
        row, column = np.unravel_index(picture.argmax(), picture.shape)
    assert abs(column - x) <= 1
    assert abs(row - y) <= 1


def test_where_no_sector_looked_nothing_is_cut_out() -> None:
    assert 1 not in {sector for sector, _, _ in tess_sectors(180.0, 0.0)}
    with pytest.raises(ValueError, match="sector 1 did not see"):
        tess_pixels(180.0, 0.0, 5, 5, 1, SEED)


def test_chips_lie_around_what_they_saw() -> None:
    corners = chip_corners(1, 4, 2)
    assert all(distance(corner, PI_MEN) < 17.0 for corner in corners)
    assert 11.0 < distance(corners[0], corners[1]) < 13.0


def test_resolvers_know_the_stars() -> None:
    known = {number for one in OBJECTS for number in one.ids.values()}
    assert {"261136679", "25155310", "11904151", "201912552", "441420236"} <= known


READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
import lightkurve
found = {}
for path in sys.argv[1:]:
    one = lightkurve.read(path)
    found[path.rpartition("/")[2]] = [
        type(one).__name__, len(one.time), float(one.time.value[0]), one.meta.get("AUTHOR")
        if hasattr(one, "meta") else "",
    ]
print(json.dumps(found))
"""


@pytest.mark.skipif(find_spec("lightkurve") is None, reason="lightkurve is not installed")
def test_lightkurve_reads_one_of_each(tmp_path: Path) -> None:
    wanted = [*ONE_OF_EACH, ("K2", "ktwo201912552", "lpd-targ.fits.gz", 1)]
    authors = {}
    for which in wanted:
        if which[2] == "dvt.fits":
            continue
        one = file(*which)
        (tmp_path / one.filename).write_bytes(one.make())
        authors[one.filename] = which[0]
    (tmp_path / "cut_astrocut.fits").write_bytes(tess_pixels(*PI_MEN, 5, 5, 1, SEED))
    paths = sorted(str(path) for path in tmp_path.iterdir())
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *paths],
        capture_output=True, text=True, check=True, timeout=180,
    )  # fmt: skip
    found = json.loads(answer.stdout.splitlines()[-1])
    assert len(found) == len(paths)
    for filename, (kind, count, first, author) in found.items():
        assert count > 400
        kepler = filename.startswith(("k", "hlsp_k2", "hlsp_ev"))
        assert kind.startswith("Kepler" if kepler else "Tess")
        assert 1300 < first < 2400 if not kepler else first < BKJD
        if kind.endswith("LightCurve"):
            official = {"K2": "Kepler"}.get(authors[filename], authors[filename])
            assert author == official
