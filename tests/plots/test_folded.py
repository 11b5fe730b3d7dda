"""This file tests folded light curves and periodograms on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyatlas.dataset import Image, LightCurve
from skyatlas.errors import BadInput
from skyatlas.periods import Periodogram, periodogram
from skyatlas.plots import fold, folded_figure, plot_folded, plot_periodogram, write

PERIOD, EPOCH, DEPTH = 3.2, 1326.1, 0.002


def star(*, wave: float = 0.0, noise: float = 2e-4, **changes: Any) -> LightCurve:
    """Twenty-six days at 10 minutes of a star with a planet, transits of 3 hours."""
    time = np.arange(1325, 1351, 600 / 86400)
    away = np.abs((time - EPOCH + PERIOD / 2) % PERIOD - PERIOD / 2)
    flux = 1 - DEPTH * (away < 1.5 / 24)
    flux = flux * (1 + wave * np.sin(2 * np.pi * time / 7))
    flux = flux + np.random.default_rng(4).normal(0, noise, len(time))
    facts: dict[str, Any] = {
        "time": time,
        "time_scale": "tdb",
        "time_offset": 2457000.0,
        "flux": 5e4 * flux,
        "sigma": None,
        "quality": None,
        "mask": np.zeros(len(time), dtype=bool),
        "flux_unit": None,
        "flux_unit_text": "e-/s",
        "name": "TIC 1",
    }
    return LightCurve(**{**facts, **changes})


@pytest.fixture(scope="module")
def found() -> Periodogram:
    return periodogram(star(wave=0.005))


def line_of(axes: Any, gid: str) -> Any:
    (line,) = [line for line in axes.lines if line.get_gid() == gid]
    return line


def medians_of(axes: Any) -> tuple[np.ndarray, np.ndarray]:
    (drawn,) = [one for one in axes.containers if hasattr(one, "has_yerr")]
    return drawn[0].get_xdata(), drawn[0].get_ydata()


def test_a_cadence_at_the_epoch_has_phase_zero_and_one_without_a_time_has_none() -> None:
    curve = star(time=np.array([EPOCH, EPOCH + PERIOD, EPOCH + PERIOD / 4, np.nan]))
    phases = fold(curve, PERIOD, EPOCH)
    assert phases[:3] == pytest.approx([0, 0, 0.25])
    assert np.isnan(phases[3])


def test_the_transit_is_at_phase_zero_and_the_medians_are_as_deep_as_it_is() -> None:
    axes = plot_folded(star(), PERIOD, EPOCH)
    phase, flux = medians_of(axes)
    assert axes.get_xlim() == (-0.5, 0.5)
    inside = np.abs(phase) < 1.2 / 24 / PERIOD
    assert flux[inside] == pytest.approx(1 - DEPTH, abs=2e-4)
    assert flux[np.abs(phase) > 0.05] == pytest.approx(1, abs=2e-4)


def test_error_bars_are_those_of_medians() -> None:
    axes = plot_folded(star(noise=1e-3), PERIOD, EPOCH)
    bars = [one for one in axes.collections if hasattr(one, "get_segments")]
    heights = np.array(
        [np.ptp(segment[:, 1]) / 2 for one in bars for segment in one.get_segments()]
    )
    each = len(star()) / 100
    assert np.median(heights) == pytest.approx(1.2533e-3 / np.sqrt(each), rel=0.2)


def test_the_title_says_period_and_epoch_with_units() -> None:
    title = plot_folded(star(), PERIOD, EPOCH).get_title()
    assert title == "TIC 1 · period 3.2 d · epoch BTJD 1326.1"


def test_without_an_epoch_phase_zero_is_where_the_star_is_faintest() -> None:
    axes = plot_folded(star(), PERIOD)
    phase, flux = medians_of(axes)
    assert abs(phase[flux.argmin()]) < 1.5 / 24 / PERIOD
    assert "(faintest)" in axes.get_title()


def test_masked_cadences_are_not_folded() -> None:
    mask = np.zeros(len(star()), dtype=bool)
    mask[:100] = True
    axes = plot_folded(star(mask=mask), PERIOD, EPOCH)
    assert len(line_of(axes, "flux").get_xdata()) == len(mask) - 100


def test_trends_are_taken_out_where_transits_were_searched_for_and_that_is_said(
    found: Periodogram,
) -> None:
    axes = plot_folded(star(wave=0.005), found)
    phase, flux = medians_of(axes)
    assert flux[np.abs(phase) > 0.05] == pytest.approx(1, abs=3e-4)
    assert flux[np.abs(phase) < 0.01] == pytest.approx(1 - DEPTH, abs=3e-4)
    assert "trends over 2 d taken out" in axes.get_xlabel()
    assert " ± " in axes.get_title()
    as_it_is = plot_folded(star(wave=0.005), PERIOD, EPOCH)
    assert np.ptp(line_of(as_it_is, "flux").get_ydata()) > 0.009
    assert "trends" not in as_it_is.get_xlabel()


def test_the_best_period_is_marked_and_said(found: Periodogram) -> None:
    axes = plot_periodogram(found)
    mark = line_of(axes, "best")
    assert set(mark.get_xdata()) == {found.best}
    title = axes.get_title().replace("\n", " · ")
    for words in ("TIC 1", "period 3.20", "epoch BTJD 1326.1", "ppm", " h", "signal-to-noise"):
        assert words in title
    assert axes.get_xlabel().startswith("Period (days)")
    assert "trends over 2 d taken out" in axes.get_xlabel()
    assert axes.get_ylabel() == "Signal-to-noise of a box"


def test_no_peak_of_a_fine_grid_is_lost() -> None:
    from dataclasses import replace

    fine = np.geomspace(0.5, 500, 200_000)
    power = np.zeros(200_000)
    power[77_777] = 9.0
    wide = replace(periodogram(star()), period=fine, power=power)
    line = line_of(plot_periodogram(wide), "power")
    assert len(line.get_xdata()) <= 16_000
    assert line.get_ydata().max() == 9.0
    assert line.get_xdata()[line.get_ydata().argmax()] == fine[77_777]


def test_a_search_is_drawn_above_the_whole_cycle_and_the_transit(
    found: Periodogram, tmp_path: Path
) -> None:
    figure = folded_figure(star(wave=0.005), found=found)
    search, cycle, transit = figure.axes
    assert line_of(search, "power") is not None
    assert cycle.get_xlim() == (-0.5, 0.5)
    assert transit.get_xlim()[1] == pytest.approx(2.5 * 3 / 24 / PERIOD, rel=0.15)
    assert write(figure, tmp_path / "a.png").stat().st_size > 30_000


def test_a_search_for_sines_has_two_pictures() -> None:
    curve = star(wave=0.005)
    figure = folded_figure(curve, found=periodogram(curve, "ls"))
    assert len(figure.axes) == 2
    assert figure.axes[0].get_ylabel() == "Lomb-Scargle power"


def test_a_whole_julian_date_is_an_epoch_too() -> None:
    for epoch in (EPOCH, 2457000 + EPOCH):
        axes = folded_figure(star(), period=PERIOD, epoch=epoch).axes[0]
        assert axes.get_title() == "TIC 1 · period 3.2 d · epoch BTJD 1326.1"


def test_no_period_and_no_light_curve_are_refused() -> None:
    with pytest.raises(BadInput, match="no period to fold at"):
        folded_figure(star())
    with pytest.raises(BadInput, match="makes no sense"):
        folded_figure(star(), period=-1.0)
    image = Image(np.ones((2, 2)), None, None, "", None, np.zeros((2, 2), dtype=bool))
    with pytest.raises(BadInput, match="this is an image"):
        folded_figure(image, period=1.0)
