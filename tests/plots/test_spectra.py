"""This file tests spectra on the screen: labels that say everything, limits that hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyatlas.dataset import Spectrum, SpectrumList
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.plots import draw, figure_of, plot_spectrum, save

N = 1000


def spectrum(**changes: Any) -> Spectrum:
    count = len(changes.get("flux", np.ones(N)))
    facts: dict[str, Any] = {
        "axis": np.linspace(500, 600, count),
        "flux": np.random.default_rng(1).normal(5, 0.1, count),
        "sigma": None,
        "mask": np.zeros(count, dtype=bool),
        "axis_unit": u.nm,
        "flux_unit": u.Unit("erg / (s cm2 Angstrom)"),
        "axis_unit_text": "nm",
        "flux_unit_text": "erg/cm2/s/A",
        "medium": None,
        "frame": None,
        "meta": {"OBJECT": "HD 1", "INSTRUME": "HARPS", "DATE-OBS": "2020-01-02"},
    }
    return Spectrum(**{**facts, **changes})


def line_of(axes: Any, gid: str = "flux") -> Any:
    (line,) = [line for line in axes.lines if line.get_gid() == gid]
    return line


@pytest.mark.parametrize(
    ("medium", "words"), [("air", "air"), ("vacuum", "vacuum"), (None, "medium not stated")]
)
def test_the_label_says_unit_medium_and_frame(medium: Any, words: str) -> None:
    label = plot_spectrum(spectrum(medium=medium, frame="BARYCENT")).get_xlabel()
    assert label == rf"Wavelength ($\mathrm{{nm}}$), {words}, frame BARYCENT"


def test_a_frequency_has_no_medium_and_a_unit_that_did_not_parse_is_shown_as_it_is() -> None:
    axes = plot_spectrum(
        spectrum(axis_unit=u.GHz, axis_unit_text="GHz", flux_unit=None, flux_unit_text="DU/PIXEL")
    )
    assert axes.get_xlabel() == r"Frequency ($\mathrm{GHz}$)"
    assert axes.get_ylabel() == "Flux (DU/PIXEL)"


def test_a_silent_file_is_said_to_be_silent() -> None:
    axes = plot_spectrum(
        spectrum(axis_unit=None, axis_unit_text="", flux_unit=None, flux_unit_text="", meta={})
    )
    assert axes.get_xlabel() == "Spectral axis (unit not stated), medium not stated"
    assert axes.get_ylabel() == "Flux (unit not stated)"


def test_the_power_of_ten_is_in_the_label_and_the_curve_in_the_files_unit() -> None:
    flux = np.random.default_rng(1).normal(5e-15, 1e-16, N)
    figure = figure_of(spectrum(flux=flux))
    axes = figure.axes[0]
    assert r"$10^{-15}$" in axes.get_ylabel()
    assert np.array_equal(line_of(axes).get_ydata(), flux)
    labels = [text.get_text() for text in axes.get_yticklabels()]
    values = [float(text.replace("−", "-")) for text in labels]
    assert max(values) < 10
    assert values == pytest.approx(axes.get_yticks() / 1e-15)


def test_the_units_own_power_joins_that_of_the_ticks() -> None:
    flux = np.random.default_rng(1).normal(5e6, 1e5, N)
    unit = u.Unit("1e-17 erg / (s cm2 Angstrom)")
    label = plot_spectrum(spectrum(flux=flux, flux_unit=unit)).get_ylabel()
    assert r"$10^{-11}$ $\mathrm{erg" in label


def test_steps_are_centred_on_the_samples_and_the_band_is_one_sigma() -> None:
    axes = plot_spectrum(spectrum(sigma=np.full(N, 0.5)))
    assert line_of(axes).get_drawstyle() == "steps-mid"
    (band,) = [c for c in axes.collections if c.get_gid() == "sigma"]
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(line_of(axes).get_ydata().max() + 0.5)
    assert "band: ±1σ" in axes.get_xlabel()


def test_masked_samples_are_dimmed_and_left_out_of_the_curve() -> None:
    mask = np.zeros(N, dtype=bool)
    mask[100:110] = True
    axes = plot_spectrum(spectrum(mask=mask))
    assert np.isnan(line_of(axes).get_ydata()[100:110]).all()
    assert line_of(axes, "masked").get_color() == "0.8"
    assert "grey: masked" in axes.get_xlabel()


def test_one_cosmic_ray_does_not_flatten_the_spectrum_and_is_counted() -> None:
    flux = np.random.default_rng(1).normal(5, 0.1, N)
    flux[500] = 1e6
    axes = plot_spectrum(spectrum(flux=flux))
    assert axes.get_ylim()[1] < 10
    assert "1 good samples off scale" in axes.get_xlabel()


def test_an_emission_line_is_shown_to_its_top() -> None:
    flux = np.random.default_rng(1).normal(5, 0.1, N)
    flux[495:505] += 300 * np.hanning(10)
    axes = plot_spectrum(spectrum(flux=flux))
    assert axes.get_ylim()[1] > 0.9 * flux.max()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=60),
    st.integers(0, 2**60),
)
def test_any_numbers_are_drawn_with_limits_in_order(values: list[float], bits: int) -> None:
    flux = np.array(values)
    mask = np.array([bool(bits >> k & 1) for k in range(len(values))])
    low, high = plot_spectrum(spectrum(flux=flux, mask=mask)).get_ylim()
    assert low < high


def test_the_extremes_of_a_long_spectrum_survive_its_envelope() -> None:
    flux = np.random.default_rng(1).normal(5, 0.1, 300_000)
    flux[123_456], flux[7] = 6.5, 3.5
    line = line_of(plot_spectrum(spectrum(flux=flux)))
    shown = line.get_ydata()
    assert len(shown) < 10_000
    assert (shown.max(), shown.min()) == (6.5, 3.5)
    peak = line.get_xdata()[shown.argmax()]
    assert peak == pytest.approx(np.linspace(500, 600, 300_000)[123_456], abs=0.05)


def test_arms_share_axes_with_two_colours_and_a_legend() -> None:
    arms = SpectrumList([spectrum(name="UVB"), spectrum(name="VIS", axis=np.linspace(600, 700, N))])
    axes = plot_spectrum(arms)
    colours = [line.get_color() for line in axes.lines]
    assert len(set(colours)) == 2
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["UVB", "VIS"]


def test_spectra_of_different_units_are_not_drawn_over_each_other() -> None:
    with pytest.raises(BadInput, match="different units"):
        plot_spectrum(SpectrumList([spectrum(), spectrum(flux_unit_text="Jy")]))
    with pytest.raises(BadInput, match="no spectrum"):
        plot_spectrum(SpectrumList([]))


def test_what_has_no_plot_is_refused() -> None:
    with pytest.raises(BadInput, match="no plot for int"):
        draw(3, None)  # type: ignore[arg-type]


def test_a_dollar_in_a_header_is_no_mathematics(tmp_path: Path) -> None:
    save(spectrum(meta={"OBJECT": "cost: $\\frac$ and more"}), tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ADP.2014-09-16T11_04_45.123_HARPS.fits", "medium not stated, frame BARYCENT"),
        ("XShooter_XQ100.fits.gz", "medium not stated, frame HELIOCEN"),
        ("r.UVES.2011-08-11T232352.266-A01_0000.fits", "medium not stated"),
        ("spec-0266-51602-0031.fits", "vacuum"),
        ("ld9m10ujq_x1d.fits", "medium not stated"),
        ("gbt_1d.fits", "frame LSRK"),
    ],
)
def test_real_spectra_become_pictures(
    shared_data: Path, tmp_path: Path, name: str, words: str
) -> None:
    found = read(shared_data / "spectra" / name)
    assert words in figure_of(found).axes[0].get_xlabel()  # type: ignore[arg-type]
    assert save(found, tmp_path / "a.png").stat().st_size > 5000  # type: ignore[arg-type]


def test_a_long_axis_is_logarithmic_and_a_small_unit_has_its_power_in_the_label() -> None:
    sed = plot_spectrum(spectrum(axis=np.geomspace(100, 3e6, N), flux=np.geomspace(1, 1e-6, N)))
    assert sed.get_xscale() == sed.get_yscale() == "log"
    metres = spectrum(axis=np.linspace(6e-7, 5e-6, N), axis_unit=u.m, axis_unit_text="m")
    assert r"Wavelength ($10^{-6}$ $\mathrm{m}$)" in plot_spectrum(metres).get_xlabel()
