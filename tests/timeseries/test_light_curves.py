"""This file tests what can be made of a light curve: good ones, relative ones, joined ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from skyatlas.dataset import FluxColumn, LightCurve, TargetPixels
from skyatlas.errors import BadInput
from skyatlas.formats import read

N = 10


def curve_of(**changes: Any) -> LightCurve:
    """Ten cadences of half an hour; the third has no flux, the fifth is flagged."""
    flux = np.full(N, 200.0)
    flux[2], flux[4] = np.nan, 1000.0
    flagged = np.zeros(N, dtype=bool)
    flagged[4] = True
    values = {
        "time": 1325.0 + np.arange(N) / 48, "time_scale": "tdb", "time_offset": 2457000.0,
        "flux": flux, "sigma": np.full(N, 2.0), "quality": flagged * 32,
        "mask": flagged | np.isnan(flux), "flux_unit": u.electron / u.s, "flux_unit_text": "e-/s",
        "name": "TIC 1", "mission": "TESS", "author": "SPOC", "part": "sector 1",
        "cadence": 1800.0, "flux_name": "PDCSAP_FLUX", "flagged": flagged,
        "columns": {
            "PDCSAP_FLUX": flux, "SAP_FLUX": np.arange(N, dtype="f4"), "CADENCENO": np.arange(N),
        },
        "fluxes": {
            "PDCSAP_FLUX": FluxColumn(u.electron / u.s, "e-/s"),
            "SAP_FLUX": FluxColumn(u.electron / u.s, "e-/s", ""),
        },
    }  # fmt: skip
    return LightCurve(**{**values, **changes})


def curve(shared_data: Path, name: str) -> LightCurve:
    found = read(shared_data / "lightcurves" / name)
    assert isinstance(found, LightCurve)
    return found


def test_the_good_one_has_no_masked_cadence_in_any_array() -> None:
    good = curve_of().good
    assert len(good) == 8
    assert not good.mask.any()
    assert np.array_equal(good.flux, np.full(8, 200.0))
    assert good.columns["CADENCENO"].tolist() == [0, 1, 3, 5, 6, 7, 8, 9]
    assert good.sigma is not None
    assert good.quality is not None
    assert len(good.sigma) == len(good.quality) == 8


def test_another_column_brings_its_error_unit_and_mask(shared_data: Path) -> None:
    mission = curve(shared_data, "tess2018206045859-s0001-0000000025155310-0120-s_lc.fits")
    raw = mission.of("sap_flux")
    assert raw.flux_name == "SAP_FLUX"
    assert np.array_equal(raw.flux, mission.columns["SAP_FLUX"].astype("f8"), equal_nan=True)
    assert raw.sigma is not None
    errors = mission.columns["SAP_FLUX_ERR"].astype("f8")
    assert np.array_equal(raw.sigma, errors, equal_nan=True)
    assert mission.flagged is not None
    wanted = ~(np.isfinite(raw.time) & np.isfinite(raw.flux)) | mission.flagged
    assert np.array_equal(raw.mask, wanted)
    again = raw.of("PDCSAP_FLUX")
    assert np.array_equal(again.flux, mission.flux, equal_nan=True)
    assert np.array_equal(again.mask, mission.mask)


def test_a_column_without_an_error_has_none() -> None:
    found = curve_of().of("SAP_FLUX")
    assert found.sigma is None
    assert found.flux.dtype == np.float64
    assert found.mask.nonzero()[0].tolist() == [4]


def test_what_is_no_flux_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="no flux 'CADENCENO'; there are: PDCSAP_FLUX, SAP_FLUX"):
        curve_of().of("CADENCENO")


def test_the_relative_flux_has_the_median_one_of_the_good_cadences_alone() -> None:
    found = curve_of().normalised()
    assert np.nanmedian(found.flux[~found.mask]) == 1
    assert found.flux[4] == 5  # flagged: it counts not for the median, but is still there
    assert found.sigma == pytest.approx(0.01)
    assert found.flux_unit == u.dimensionless_unscaled


def test_a_flux_around_zero_or_without_good_cadences_has_no_relative_one() -> None:
    with pytest.raises(
        BadInput, match=r"light curve of TIC 1 sector 1 has a median flux of -1 e-/s"
    ):
        curve_of(flux=np.full(N, -1.0)).normalised()
    with pytest.raises(BadInput, match="no good cadence"):
        curve_of(mask=np.ones(N, dtype=bool)).normalised()


def test_times_keep_every_digit_as_timeseries(shared_data: Path) -> None:
    mission = curve(shared_data, "kplr011442793-2009350155506_llc.fits")
    series = mission.to_timeseries()
    seen = np.isfinite(mission.time)
    assert len(series) == seen.sum() < len(mission)
    assert np.array_equal((series.time.jd1 - 2454833.0) + series.time.jd2, mission.time[seen])
    assert (series.time.format, series.time.scale) == ("jd", "tdb")
    assert series["flux"].unit == u.electron / u.s
    assert np.array_equal(series["flux"].value, mission.flux[seen], equal_nan=True)
    assert {"flux_err", "quality", "mask"} <= set(series.colnames)
    assert series.meta["OBJECT"] == "KIC 11442793"


def test_times_of_an_unknown_scale_are_not_made_up() -> None:
    with pytest.raises(BadInput, match="does not say what time scale"):
        curve_of(time_scale=None).to_timeseries()


def test_sectors_are_stitched_each_by_its_own_median_in_order_of_time() -> None:
    early = curve_of()
    late = curve_of(
        time=1400.0 + np.arange(N) / 48, flux=np.full(N, 50.0), mask=np.zeros(N, bool),
        part="sector 4", flagged=np.zeros(N, bool),
    )  # fmt: skip
    found = LightCurve.stitched([late, early])
    assert len(found) == 2 * N
    assert (np.diff(found.time) > 0).all()
    assert found.part == "sectors 1, 4"
    assert np.array_equal(found.flux[~found.mask], np.ones(18))
    assert found.flux[4] == 5
    assert found.mask.nonzero()[0].tolist() == [2, 4]
    assert (found.name, found.author, found.cadence) == ("TIC 1", "SPOC", 1800.0)
    assert found.quality is not None
    assert found.columns["CADENCENO"].tolist() == [*range(N), *range(N)]
    more = LightCurve.stitched([found, curve_of(part="sector 13", time=early.time + 300)])
    assert more.part == "sectors 1, 4, 13"
    with pytest.raises(BadInput, match="it has no columns"):
        found.of("SAP_FLUX")


def test_other_offsets_and_scales_are_put_on_the_earliest_ones() -> None:
    first = curve_of()
    kepler = curve_of(time=first.time + 10 + 2167.0, time_offset=2454833.0, part="sector 2")
    moments = Time(2457000.0, first.time + 20, format="jd", scale="tdb").utc
    civil = curve_of(
        time=(moments.jd1 - 2400000.5) + moments.jd2, time_offset=2400000.5, time_scale="utc",
        part="sector 3",
    )  # fmt: skip
    found = LightCurve.stitched([civil, kepler, first])
    assert (found.time_scale, found.time_offset) == ("tdb", 2457000.0)
    wanted = np.concatenate([first.time, first.time + 10, first.time + 20])
    assert np.abs(found.time - wanted).max() < 1e-9  # days: 0.1 ms


def test_cadences_without_a_time_stay_beside_their_neighbours() -> None:
    early = curve_of()
    early.time[5] = np.nan
    found = LightCurve.stitched([curve_of(time=early.time + 3, part="sector 2"), early])
    assert np.isnan(found.time).nonzero()[0].tolist() == [5, 15]


def test_of_two_authors_no_flags_and_columns_are_mixed() -> None:
    found = LightCurve.stitched(
        [
            curve_of(),
            curve_of(author="QLP", time=1500 + np.arange(N) / 48, cadence=600.0, part="sector 8"),
        ]
    )
    assert found.author == "SPOC, QLP"
    assert found.quality is None
    assert found.columns == {}
    assert found.cadence is None
    assert found.mask.sum() == 4


def test_different_targets_and_unknown_scales_are_not_stitched() -> None:
    with pytest.raises(BadInput, match=r"different targets \(TIC 1, TIC 2\)"):
        LightCurve.stitched([curve_of(), curve_of(name="TIC 2")])
    assert len(LightCurve.stitched([curve_of(), curve_of(name="tic  1")])) == 2 * N
    assert len(LightCurve.stitched([curve_of(name=""), curve_of()])) == 2 * N
    with pytest.raises(BadInput, match="do not say what time scale"):
        LightCurve.stitched([curve_of(), curve_of(time_scale=None)])
    with pytest.raises(BadInput, match="no light curve to stitch"):
        LightCurve.stitched([])


def test_nothing_is_changed_in_place() -> None:
    before = curve_of()
    copy = replace(before, time=before.time.copy(), flux=before.flux.copy())
    _ = before.good, before.normalised(), before.of("SAP_FLUX"), before.to_timeseries()
    LightCurve.stitched([before, curve_of(time=before.time + 1)])
    assert np.array_equal(before.flux, copy.flux, equal_nan=True)
    assert np.array_equal(before.time, copy.time)


def test_pixels_are_summed_over_the_optimal_aperture(shared_data: Path) -> None:
    pixels = read(shared_data / "lightcurves" / "test-tpf-kplr-tabby-100-cadences.fits")
    assert isinstance(pixels, TargetPixels)
    assert pixels.aperture is not None
    assert pixels.sigma is not None
    found = pixels.light_curve()
    taken = pixels.aperture & 2 != 0
    assert found.flux_name == "sum of 26 pixels"
    for k in (0, 50, 99):
        inside = pixels.flux[k][taken].astype("f8")
        assert found.flux[k] == pytest.approx(inside.sum())
        assert found.sigma is not None
        errors = pixels.sigma[k][taken].astype("f8")
        assert found.sigma[k] == pytest.approx(np.sqrt((errors**2).sum()))
    assert np.array_equal(found.mask, pixels.mask)
    assert (found.name, found.part, found.time_offset) == ("KIC 8462852", "quarter 8", 2454833.0)
    assert "CADENCENO" in found.columns
    assert "FLUX" not in found.columns
    assert pixels.light_curve("all").flux[0] > found.flux[0]
    one = np.zeros(pixels.flux.shape[1:], dtype=bool)
    one[4, 5] = True
    alone = pixels.light_curve(one).flux
    assert np.array_equal(alone, pixels.flux[:, 4, 5].astype("f8"), equal_nan=True)


def test_an_aperture_that_is_none_is_refused(shared_data: Path) -> None:
    cube = read(shared_data / "lightcurves" / "asteroid_test.fits")
    assert isinstance(cube, TargetPixels)
    with pytest.raises(BadInput, match="names no optimal aperture; give one: an array of 10 x 11"):
        cube.light_curve()
    for wrong in (np.ones((2, 2), bool), np.zeros((10, 11), bool), np.ones((10, 11)), "some"):
        with pytest.raises(BadInput, match="An aperture is an array of 10 x 11"):
            cube.light_curve(wrong)
    assert len(cube.light_curve("all")) == 1


def test_a_cadence_without_a_number_in_the_aperture_has_no_sum(shared_data: Path) -> None:
    pixels = read(shared_data / "lightcurves" / "test-tpf-kplr-tabby-100-cadences.fits")
    assert isinstance(pixels, TargetPixels)
    assert pixels.aperture is not None
    holes = pixels.flux.copy()
    holes[7][pixels.aperture & 2 != 0] = np.nan
    found = replace(pixels, flux=holes).light_curve()
    assert np.isnan(found.flux[7])
    assert found.mask[7]
    assert not found.mask[8]


def test_the_image_is_the_median_of_the_good_frames(shared_data: Path) -> None:
    pixels = read(shared_data / "lightcurves" / "test-tpf-star.fits")
    assert isinstance(pixels, TargetPixels)
    image = pixels.image()
    frames = pixels.flux[~pixels.mask].astype("f8")
    assert np.array_equal(image.pixels, np.nanmedian(frames, axis=0))
    assert image.name == "median of 1233 cadences"
    assert image.wcs is pixels.wcs
    assert image.unit == u.electron / u.s
    with pytest.raises(BadInput, match="no good cadence"):
        replace(pixels, mask=np.ones(len(pixels), bool)).image()
