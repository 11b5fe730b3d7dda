"""This file tests the search for periods on stars whose truth is known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.dataset import LightCurve
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.periods import Periodogram, dip, flattened, fold, periodogram, samples_of
from skyatlas.periods.boxes import affordable
from skyatlas.periods.samples import binned

PERIOD, EPOCH, DEPTH, HOURS, NOISE = 6.268, 1325.504, 250e-6, 3.0, 120e-6
"""Days, BTJD, parts of the light, hours, parts of the light in 120 s: much like pi Mensae c."""


def sector(number: int = 1, *, seed: int = 1, **truth: Any) -> LightCurve:
    """A sector of 27 days at 120 s: a slow wave of 2000 ppm, a gap of a day, and a planet."""
    facts = {"period": PERIOD, "epoch": EPOCH, "depth": DEPTH, "noise": NOISE, "wave": 0.002}
    facts |= {"step": 120.0, "days": 27.0, "offset": 2457000.0} | truth
    start = 1325.3 + 27.4 * (number - 1)
    days = np.arange(start, start + facts["days"], facts["step"] / 86400)
    days = days[(days < start + 13) | (days > start + 14)]
    away = np.abs(fold(days, facts["period"], facts["epoch"])) * facts["period"] * 24
    flux = 1 - facts["depth"] * np.clip((HOURS / 2 + 0.2 - away) / 0.4, 0, 1)
    flux *= 1 + facts["wave"] * np.sin(2 * np.pi * days / 9.1 + number)
    flux += np.random.default_rng([seed, number]).normal(0, facts["noise"], len(days))
    return LightCurve(
        time=days + 2457000 - facts["offset"],
        time_scale="tdb",
        time_offset=facts["offset"],
        flux=flux * (1e6 + 1e4 * number),
        sigma=None,
        quality=None,
        mask=np.zeros(len(days), dtype=bool),
        flux_unit=u.electron / u.s,
        flux_unit_text="e-/s",
        name="TIC 1",
        part=f"sector {number}",
    )


def changed(curve: LightCurve, **changes: Any) -> LightCurve:
    from dataclasses import replace

    return replace(curve, **changes)


@pytest.fixture(scope="module")
def found() -> Periodogram:
    return periodogram([sector(number) for number in (1, 2, 4)])


def test_a_planet_of_250_ppm_is_found_in_three_sectors_under_slow_waves(found: Periodogram) -> None:
    assert found.best == pytest.approx(PERIOD, abs=5 * found.error)
    assert found.error < 0.0003
    assert found.epoch == pytest.approx(EPOCH, abs=5 * found.epoch_error)
    assert found.epoch_error < 0.005
    assert found.depth == pytest.approx(DEPTH, abs=5 * found.depth_error)
    assert found.depth_error < 0.05 * DEPTH
    assert found.duration is not None
    assert found.duration * 24 == pytest.approx(HOURS, abs=0.3)
    assert found.believed
    assert found.snr > 30


def test_transits_are_counted_where_there_are_data_and_the_epoch_is_the_first(
    found: Periodogram,
) -> None:
    times = np.concatenate([sector(number).time for number in (1, 2, 4)])
    cycles = np.round((times - EPOCH) / PERIOD)
    seen = np.abs(fold(times, PERIOD, EPOCH)) * PERIOD * 24 < HOURS / 2
    assert found.events == len(np.unique(cycles[seen]))
    assert 1325.3 < found.epoch < 1325.3 + PERIOD


def test_the_power_is_highest_at_the_period_and_periods_ascend(found: Periodogram) -> None:
    assert (np.diff(found.period) > 0).all()
    assert found.period[found.power.argmax()] == pytest.approx(PERIOD, rel=1e-3)
    assert found.period[0] == pytest.approx(0.5)
    assert 12 < found.period[-1] < 41


def test_one_line_says_everything_with_units_and_errors(found: Periodogram) -> None:
    words = str(found)
    for part in (
        "period 6.267",
        " ± 0.000",
        " d, epoch BTJD 1325.50",
        " ppm, duration 3.0",
        " h, ",
    ):
        assert part in words
    assert "transits, signal-to-noise" in words
    assert "noise)" not in words


def test_what_was_done_to_the_fluxes_is_said(found: Periodogram) -> None:
    assert found.notes[:3] == (
        "each of 3 parts divided by its median",
        "means of 10 minutes",
        "trends over 2 d taken out",
    )


def test_noise_alone_is_not_believed_and_is_said_to_be_doubtful() -> None:
    nothing = periodogram([sector(number, depth=0.0, seed=9) for number in (1, 2)])
    assert not nothing.believed
    assert "may be noise" in str(nothing)


def test_errors_are_as_large_as_the_misses() -> None:
    """Over six stars; the root mean square of error over uncertainty would be 1."""
    misses = []
    for seed in range(6):
        truth = {"period": 2 + 1.1 * seed, "epoch": 1326.1 + 0.1 * seed, "depth": 500e-6}
        got = periodogram(sector(seed=seed, **truth))
        phase = float(fold(np.array([got.epoch]), truth["period"], truth["epoch"])[0])
        misses.append(
            (
                (got.best - truth["period"]) / got.error,
                phase * truth["period"] / got.epoch_error,
                (got.depth - truth["depth"]) / got.depth_error,
            )
        )
    spread = np.sqrt(np.mean(np.square(misses), axis=0))
    assert (spread < 3).all()
    assert (spread > 0.3).all()


def test_a_flare_does_not_hide_a_planet() -> None:
    curve = sector()
    flux = curve.flux.copy()
    for start in (3000, 9000, 15000):
        flux[start : start + 60] *= 1 + 0.05 * np.exp(-np.arange(60) / 15)
    got = periodogram(changed(curve, flux=flux))
    assert got.best == pytest.approx(PERIOD, abs=0.01)
    assert any("bright spikes left out" in note for note in got.notes)


def test_a_day_on_which_the_spacecraft_trembled_does_not_hide_a_planet() -> None:
    curve = sector(depth=0.001)
    bad = (curve.time > 1345) & (curve.time < 1346.5)
    drops = np.abs(np.random.default_rng(3).normal(0, 0.03, len(curve)))
    got = periodogram(changed(curve, flux=np.where(bad, curve.flux * (1 - drops), curve.flux)))
    assert got.best == pytest.approx(PERIOD, abs=0.01)
    assert got.believed


def test_masked_cadences_have_no_say() -> None:
    curve = sector()
    mask = np.zeros(len(curve), dtype=bool)
    mask[2000:2600] = mask[8000:8600] = True
    ruined = np.where(mask, 0.5 * curve.flux, curve.flux)
    ruined[5000] = np.nan
    got = periodogram(changed(curve, flux=ruined, mask=mask))
    assert got.best == pytest.approx(PERIOD, abs=0.01)


@pytest.mark.parametrize("depth", [0.0004, 0.01])
def test_a_single_transit_is_no_period(depth: float) -> None:
    got = periodogram(sector(period=100.0, epoch=1330.0, depth=depth))
    assert not got.believed
    assert "may be" in str(got)


def test_offsets_of_different_missions_are_put_together() -> None:
    one, two = sector(1), sector(2, offset=2454833.0)
    got = periodogram([one, two])
    assert got.best == pytest.approx(PERIOD, abs=0.001)
    assert got.time_offset == 2457000


def test_magnitudes_are_turned_into_light() -> None:
    curve = sector(depth=0.002)
    faint = changed(curve, flux=12 - 2.5 * np.log10(curve.flux / 1e6), flux_unit=u.mag)
    got = periodogram(faint)
    assert got.best == pytest.approx(PERIOD, abs=0.01)
    assert got.depth == pytest.approx(0.002, rel=0.1)


def test_a_rotation_is_found_by_sines_and_the_epoch_is_a_maximum() -> None:
    got = periodogram([sector(depth=0.0, wave=0.003)], "ls")
    assert got.best == pytest.approx(9.1, abs=0.05)
    assert got.depth == pytest.approx(0.003, rel=0.05)
    assert (got.duration, got.events) == (None, None)
    assert np.sin(2 * np.pi * got.epoch / 9.1 + 1) == pytest.approx(1, abs=0.01)
    assert got.power.min() >= 0
    assert got.power.max() <= 1
    assert (np.diff(got.period) > 0).all()
    assert "maximum BTJD" in str(got)


def test_a_slow_drift_is_said_to_be_a_trend_and_no_rotation() -> None:
    curve = sector(wave=0.0, depth=0.0)
    drift = curve.flux * (1 + 1e-4 * (curve.time - curve.time[0]))
    got = periodogram(changed(curve, flux=drift), "ls")
    assert any("a trend?" in note for note in got.notes)


def test_a_wave_is_taken_out_and_a_transit_stays() -> None:
    samples = samples_of(sector(noise=1e-6))
    flat = flattened(samples)
    away = np.abs(fold(samples.time, PERIOD, EPOCH)) * PERIOD * 24
    edge = np.minimum.reduce([np.abs(samples.time - end) for end in samples.time[[0, -1]]])
    quiet = (away > 3) & (edge > 0.1)
    assert np.abs(flat.flux[quiet] - 1).max() < 100e-6
    assert np.median(flat.flux[away < 1]) == pytest.approx(1 - DEPTH, abs=0.2 * DEPTH)


def test_the_two_sides_of_a_gap_are_flattened_apart() -> None:
    curve = sector(depth=0.0, wave=0.0, noise=1e-6)
    after = curve.time > 1325.3 + 13.5
    jump = changed(curve, flux=np.where(after, 1.02 * curve.flux, curve.flux))
    assert np.abs(flattened(samples_of(jump)).flux - 1).max() < 20e-6


def test_six_sectors_of_120_seconds_take_less_than_20_seconds() -> None:
    curves = [sector(number) for number in range(1, 7)]
    start = time.process_time()
    got = periodogram(curves)
    assert time.process_time() - start < 20
    assert got.best == pytest.approx(PERIOD, abs=0.001)


def test_the_dip_is_where_the_star_is_faintest() -> None:
    at = dip(sector(depth=0.002), PERIOD)
    assert float(fold(np.array([at]), PERIOD, EPOCH)[0]) * PERIOD == pytest.approx(0, abs=0.03)


def test_a_period_longer_than_the_data_has_its_dip_too() -> None:
    curve = sector(depth=0.002)
    assert curve.time[0] <= dip(curve, 1e12) <= curve.time[-1]


def test_years_between_sectors_make_the_period_sharper() -> None:
    got = periodogram([sector(number) for number in (1, 14, 40)], shortest=4, longest=10)
    assert got.best == pytest.approx(PERIOD, abs=5 * got.error)
    assert got.error < 3e-5


def test_a_search_of_very_many_periods_is_done_in_wider_bins_and_says_so() -> None:
    samples = binned(samples_of(sector()), 10)
    assert affordable(samples, 100_000) is samples
    wider = affordable(samples, 10_000_000)
    assert wider.step * 1440 == pytest.approx(30, rel=0.01)
    assert wider.notes[-1] == "means of 30 minutes"
    assert wider.number.sum() == samples.number.sum()


@given(st.floats(0.01, 1000), st.floats(-1e4, 1e4), st.lists(st.floats(-1e4, 1e4), max_size=20))
def test_phases_are_from_minus_a_half_to_a_half(
    period: float, epoch: float, times: list[float]
) -> None:
    phases = fold(np.array(times), period, epoch)
    assert (np.abs(phases) <= 0.5).all()
    cycles = (np.array(times) - epoch) / period - phases
    assert np.allclose(cycles, np.round(cycles), atol=1e-6)


@pytest.mark.parametrize("period", [0.0, -1.0, np.nan, np.inf])
def test_a_period_that_is_none_is_refused(period: float) -> None:
    with pytest.raises(BadInput, match="makes no sense"):
        fold(np.array([1.0]), period, 0.0)


def test_what_cannot_be_searched_is_refused_with_the_reason() -> None:
    curve = sector()
    dark = np.ones(len(curve), dtype=bool)
    refusals = {
        "2 targets": [curve, changed(curve, name="TIC 2")],
        "time scales": [curve, changed(curve, time_scale="utc")],
        "no good cadence": changed(curve, mask=dark),
        "no relative flux": changed(curve, flux=curve.flux - 1.1e6),
        "no light curve": [],
    }
    for words, curves in refusals.items():
        with pytest.raises(BadInput, match=words):
            periodogram(curves)
    with pytest.raises(BadInput, match="needs 50"):
        periodogram(changed(curve, mask=np.arange(len(curve)) > 100))
    with pytest.raises(BadInput, match="there are: bls, ls"):
        periodogram(curve, "pdm")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="wrong way round"):
        periodogram(curve, shortest=10, longest=2)


@pytest.mark.parametrize(
    ("name", "period", "depth"),
    [
        # WASP-126 b: Maxted et al. 2016 (A&A 591, A55)
        ("tess2018206045859-s0001-0000000025155310-0120-s_lc.fits", 3.28880, 0.0065),
        # TOI-519 b: Parviainen et al. 2021 (A&A 645, A16)
        (
            "hlsp_tglc_tess_ffi_gaiaid-5707485527450614656-s0007-cam2-ccd3_tess_v2_llc.fits",
            1.265233,
            0.10,
        ),
    ],
)
def test_known_planets_are_found_in_real_sectors(
    shared_data: Path, name: str, period: float, depth: float
) -> None:
    curve = read(shared_data / "lightcurves" / name)
    assert isinstance(curve, LightCurve)
    got = periodogram(curve)
    assert got.best == pytest.approx(period, abs=4 * got.error)
    assert got.depth == pytest.approx(depth, rel=0.1)
    assert got.believed


def test_deviations_in_ppm_are_light_too() -> None:
    curve = sector(depth=0.002)
    deviation = 1e6 * (curve.flux / np.median(curve.flux) - 1)
    got = periodogram(changed(curve, flux=deviation, flux_unit=u.Unit(1e-6), flux_unit_text="ppm"))
    assert got.best == pytest.approx(PERIOD, abs=0.01)
    assert got.depth == pytest.approx(0.002, rel=0.1)
