"""This file tests light curves on the screen: points where they are, flags dimmed, labels true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from skyatlas.dataset import LightCurve
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.plots import draw, figure_of, plot_light_curve, save
from skyatlas.plots.cadences import MOST, thinned
from skyatlas.plots.captions import parts_words, seconds_words

N = 2000


def light(flux: Any = None, **changes: Any) -> LightCurve:
    """Twenty days of a quiet star, with a gap of two days in the middle."""
    flux = np.random.default_rng(1).normal(1e5, 10, N) if flux is None else np.asarray(flux, float)
    time = np.linspace(1325, 1343, len(flux)) if len(flux) else np.empty(0)
    time = np.where(time > 1334, time + 2, time)
    facts: dict[str, Any] = {
        "time": time,
        "time_scale": "tdb",
        "time_offset": 2457000.0,
        "flux": flux,
        "sigma": None,
        "quality": None,
        "mask": ~np.isfinite(flux),
        "flux_unit": u.electron / u.s,
        "flux_unit_text": "e-/s",
        "name": "TIC 261136679",
        "mission": "TESS",
        "author": "SPOC",
        "part": "sector 1",
        "cadence": 120.0,
        "flux_name": "PDCSAP_FLUX",
    }
    return LightCurve(**{**facts, **changes})


def line_of(axes: Any, gid: str = "flux") -> Any:
    (line,) = [line for line in axes.lines if line.get_gid() == gid]
    return line


def legend_of(axes: Any) -> list[str]:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def picture_of(figure: Figure, dpi: int = 100) -> np.ndarray:
    """Red, green, blue of the figure, row 0 at the top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)


def test_every_good_cadence_is_a_point_in_the_files_unit_and_none_are_joined() -> None:
    curve = light()
    line = line_of(plot_light_curve(curve))
    assert np.array_equal(line.get_xdata(), curve.time)
    assert np.array_equal(line.get_ydata(), curve.flux)
    assert line.get_linestyle() == "None"
    assert line.get_marker() == "o"


def test_points_are_on_the_screen_where_they_should_be_and_the_gap_is_empty() -> None:
    flux = np.full(10, 1e5)
    flux[7] += 10
    figure = figure_of(light(flux))
    axes = figure.axes[0]
    picture = picture_of(figure)
    curve = light(flux)
    for x, y in zip(curve.time, curve.flux, strict=True):
        column, row = axes.transData.transform((x, y))
        assert picture[round(picture.shape[0] - row), round(column), 0] < 60
    left, top = axes.transData.transform((curve.time[4] + 0.5, axes.get_ylim()[1]))
    right, bottom = axes.transData.transform((curve.time[5] - 0.5, axes.get_ylim()[0]))
    height = picture.shape[0]
    gap = picture[round(height - top) + 3 : round(height - bottom) - 3, round(left) : round(right)]
    assert gap.size
    assert gap.min() == 255


def test_flagged_cadences_are_dimmed_counted_and_set_no_limits() -> None:
    curve = light()
    flux, mask = curve.flux.copy(), curve.mask.copy()
    flux[100], flux[200], flux[300], flux[400] = 1e9, -1e9, 1e5 + 5, np.nan
    mask[[100, 200, 300, 400]] = True
    axes = plot_light_curve(light(flux, mask=mask))
    flagged = line_of(axes, "flagged")
    assert flagged.get_color() == "0.75"
    assert flagged.get_zorder() < line_of(axes).get_zorder()
    assert flagged.get_xdata().tolist() == [curve.time[300]]
    assert legend_of(axes) == ["3 flagged (2 off scale)"]
    assert "1 cadence without a number" in axes.get_xlabel()
    good = flux[~mask]
    assert axes.get_ylim()[0] > good.min() - 10
    assert axes.get_ylim()[1] < good.max() + 30
    assert not set(curve.time[mask]) & set(line_of(axes).get_xdata())


def test_a_wild_time_of_a_flagged_cadence_does_not_stretch_the_axis() -> None:
    curve = light()
    time, mask = curve.time.copy(), curve.mask.copy()
    time[5], mask[5] = 0.0, True
    low, high = plot_light_curve(light(time=time, mask=mask)).get_xlim()
    assert 1324 < low < 1325
    assert 1345 < high < 1346


def test_flagged_cadences_are_shown_where_there_are_no_others() -> None:
    axes = plot_light_curve(light(mask=np.ones(N, dtype=bool)))
    assert len(line_of(axes, "flagged").get_xdata()) == N
    assert 99_900 < axes.get_ylim()[0] < axes.get_ylim()[1] < 100_100


def test_one_cosmic_ray_does_not_flatten_the_curve_and_is_an_arrowhead_at_the_edge() -> None:
    curve = light()
    flux = curve.flux.copy()
    flux[500], flux[900] = 2e5, 1e3
    axes = plot_light_curve(light(flux))
    assert axes.get_ylim()[1] < 1.002e5
    heads = [line for line in axes.lines if line.get_gid() == "beyond"]
    places = {(line.get_marker(), float(line.get_xdata()[0])) for line in heads}
    assert places == {("^", curve.time[500]), ("v", curve.time[900])}
    assert legend_of(axes) == ["2 off scale"]


def test_a_flare_is_shown_to_its_top_and_a_transit_to_its_floor() -> None:
    flux = light().flux.copy()
    flux[700:705] += [300, 2000, 1500, 700, 300]
    flux[1400:1410] -= 800
    axes = plot_light_curve(light(flux))
    assert axes.get_ylim()[1] > flux.max()
    assert axes.get_ylim()[0] < flux.min()
    assert not legend_of(axes)


def test_of_a_million_cadences_no_flare_and_no_transit_is_lost() -> None:
    flux = np.random.default_rng(1).normal(1e5, 10, 1_000_000)
    flux[123_456], flux[654_321] = 1e5 + 90, 1e5 - 90
    axes = plot_light_curve(light(flux))
    line = line_of(axes)
    assert len(line.get_xdata()) <= MOST
    assert (line.get_ydata().max(), line.get_ydata().min()) == (1e5 + 90, 1e5 - 90)
    assert "points between others not drawn" in axes.get_xlabel()
    assert line.get_rasterized()


@given(st.integers(1, 400_000), st.integers(0, 2**30))
@settings(max_examples=10)
def test_thinning_keeps_order_extremes_and_number(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=count)
    kept = thinned(values)
    assert len(kept) <= MOST
    assert (np.diff(kept) > 0).all()
    assert values[kept].max() == values.max()
    assert values[kept].min() == values.min()


@pytest.mark.parametrize(
    ("offset", "scale", "label"),
    [
        (2457000.0, "tdb", "Time − 2457000 [BTJD days]"),
        (2454833.0, "tdb", "Time − 2454833 [BKJD days]"),
        (2457000.0, "utc", "Time − 2457000 [JD days, UTC]"),
        (2450000.0, "tdb", "Time − 2450000 [JD days, TDB]"),
        (2400000.5, "utc", "Time [MJD, UTC]"),
        (0.0, None, "Time [JD, scale not stated]"),
    ],
)
def test_the_time_axis_says_offset_and_scale(offset: float, scale: Any, label: str) -> None:
    assert plot_light_curve(light(time_offset=offset, time_scale=scale)).get_xlabel() == label


def test_tick_labels_are_whole_numbers_without_an_offset_in_a_corner() -> None:
    curve = light(time_offset=0.0)
    figure = figure_of(replace(curve, time=curve.time + 2457000))
    axes = figure.axes[0]
    assert axes.xaxis.get_offset_text().get_text() == ""
    labels = [float(text.get_text()) for text in axes.get_xticklabels()]
    assert labels == axes.get_xticks().tolist()
    fluxes = [float(text.get_text()) for text in axes.get_yticklabels()]
    assert len(set(fluxes)) == len(fluxes)
    assert fluxes == pytest.approx(axes.get_yticks() / 1e5, abs=1e-9)
    assert r"$10^{5}$" in axes.get_ylabel()


def test_the_flux_axis_says_column_and_unit_or_normalised() -> None:
    assert "PDCSAP_FLUX\n($10^{5}$ " in plot_light_curve(light()).get_ylabel()
    ones = light(np.ones(9), flux_unit=u.dimensionless_unscaled, flux_name="FCOR")
    assert plot_light_curve(ones).get_ylabel() == "Normalised flux\nFCOR"
    silent = light(np.ones(9), flux_unit=None, flux_unit_text="", flux_name="")
    assert plot_light_curve(silent).get_ylabel() == "Flux\n(unit not stated)"


def test_magnitudes_grow_downwards_and_bright_outliers_point_up() -> None:
    flux = np.random.default_rng(1).normal(12, 0.01, N)
    flux[40] = 2.0
    axes = plot_light_curve(light(flux, flux_unit=u.mag, flux_unit_text="mag", flux_name=""))
    bottom, top = axes.get_ylim()
    assert bottom > top
    (head,) = [line for line in axes.lines if line.get_gid() == "beyond"]
    assert head.get_marker() == "^"
    assert head.get_ydata()[0] < 12
    assert axes.get_ylabel().startswith("Magnitude")


def test_the_title_says_target_mission_author_part_and_cadence() -> None:
    title = plot_light_curve(light()).get_title()
    assert title == "TIC 261136679 · TESS SPOC · sector 1 · 120 s"
    kepler = light(mission="Kepler", author="Kepler", part="quarter 3", cadence=1765.5)
    assert plot_light_curve(kepler).get_title().endswith("· Kepler · quarter 3 · 29.43 min")


def test_sectors_are_each_divided_by_their_median_and_named_together() -> None:
    one = light()
    two = light(2 * one.flux, time=one.time + 100, part="sector 5")
    axes = plot_light_curve([one, two])
    lines = [line for line in axes.lines if line.get_gid() == "flux"]
    assert len({line.get_color() for line in lines}) == 2
    assert [np.median(line.get_ydata()) for line in lines] == pytest.approx([1, 1])
    assert "sectors 1, 5" in axes.get_title()
    assert "each part ÷ its median" in axes.get_xlabel()
    assert axes.get_ylabel().startswith("Normalised flux")


def test_sectors_with_other_offsets_stand_where_they_belong() -> None:
    other = light(time_offset=2454833.0, time=light().time + 100 + 2457000 - 2454833)
    axes = plot_light_curve([light(), other])
    last = [line for line in axes.lines if line.get_gid() == "flux"][-1]
    assert last.get_xdata() == pytest.approx(light().time + 100)


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("2 targets", {"name": "TIC 5"}),
        ("time scales", {"time_scale": "utc"}),
        ("different units", {"flux_unit": u.mag, "flux_unit_text": "mag"}),
    ],
)
def test_what_does_not_belong_together_is_not_drawn_together(words: str, other: Any) -> None:
    with pytest.raises(BadInput, match=words):
        plot_light_curve([light(), light(**other)])


def test_an_empty_list_and_a_list_of_something_else_are_refused() -> None:
    with pytest.raises(BadInput, match="no light curve"):
        plot_light_curve([])
    with pytest.raises(BadInput, match="Only light curves"):
        draw([light(), 3], None)  # type: ignore[list-item]


@pytest.mark.parametrize("flux", [[], [1.0], [np.nan, np.nan], [0.0, 0.0, 0.0], [-5.0, 1e30]])
def test_odd_curves_are_drawn_with_limits_in_order(flux: list[float], tmp_path: Path) -> None:
    axes = plot_light_curve(light(flux))
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert axes.get_xlim()[0] < axes.get_xlim()[1]
    save(light(flux), tmp_path / "odd.png")


def test_a_pdf_of_many_points_holds_a_picture_of_them_and_stays_small(tmp_path: Path) -> None:
    many = np.random.default_rng(1).normal(1e5, 10, 100_000)
    assert save(light(many), tmp_path / "a.pdf").stat().st_size < 500_000


def test_few_points_have_their_errors() -> None:
    axes = plot_light_curve(light(np.arange(9.0) + 100, sigma=np.full(9, 0.5)))
    (bars,) = axes.collections
    heights = [np.ptp(path.vertices[:, 1]) for path in bars.get_paths()]  # type: ignore[attr-defined]
    assert heights == pytest.approx([1.0] * 9)


def test_numbers_of_sectors_are_joined_and_many_are_counted() -> None:
    assert parts_words(["sector 1"]) == "sector 1"
    assert parts_words(["quarter 2", "quarter 3", "quarter 3"]) == "quarters 2, 3"
    assert parts_words([f"sector {n}" for n in range(1, 14)]) == "13 sectors, 1 to 13"
    assert parts_words(["sector 1", "campaign 2"]) == "sector 1, campaign 2"
    assert parts_words(["", ""]) == ""
    assert (seconds_words(20.0), seconds_words(1800.0)) == ("20 s", "30 min")


@pytest.mark.parametrize(
    ("name", "time", "title"),
    [
        ("tic55525572_lc.fits", "BTJD", "TIC 55525572 · TESS SPOC · sector 5 · 120 s"),
        ("kplr011442793-2009350155506_llc.fits", "BKJD", "KIC 11442793 · Kepler · quarter 3"),
        (
            "hlsp_k2sff_k2_lightcurve_221312395-c91_kepler_v1_llc.fits",
            "BKJD",
            "EPIC 221312395 · K2 K2SFF",
        ),
    ],
)
def test_real_light_curves_become_pictures(
    shared_data: Path, tmp_path: Path, name: str, time: str, title: str
) -> None:
    curve = read(shared_data / "lightcurves" / name)
    assert isinstance(curve, LightCurve)
    axes = figure_of(curve).axes[0]
    assert f"[{time} days]" in axes.get_xlabel()
    assert axes.get_title().startswith(title)
    assert save(curve, tmp_path / "a.png").stat().st_size > 20_000


def test_the_transit_of_toi_813_is_within_the_limits(shared_data: Path) -> None:
    curve = read(shared_data / "lightcurves" / "tic55525572_lc.fits")
    assert isinstance(curve, LightCurve)
    inside = (np.abs(curve.time - 1454.67) < 0.2) & ~curve.mask
    low, high = plot_light_curve(curve).get_ylim()
    assert low < curve.flux[inside].min()
    assert high - low < 0.02 * np.median(curve.flux[inside])
