"""Words become filters: radius, band, calibration level and kinds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.errors import BadInput
from skyatlas.model import Interval
from skyatlas.words import band, calib_level, kinds, radius, rectangle

# --- radius


@pytest.mark.parametrize(
    ("words", "degrees"),
    [
        ("2 arcmin", 2 / 60),
        ("2arcmin", 2 / 60),
        ('30"', 30 / 3600),
        ("5'", 5 / 60),
        ("0.1 deg", 0.1),
        ("1d", 1.0),
        ("1°", 1.0),
        ("30\N{DOUBLE PRIME}", 30 / 3600),
        ("5\N{PRIME}", 5 / 60),
        ("500 mas", 500 / 3.6e6),
        ("1e-3deg", 0.001),
        (".5deg", 0.5),
        ("2 ARCMIN", 2 / 60),
    ],
)
def test_a_radius_is_read_in_its_unit(words, degrees):
    assert radius(words) == pytest.approx(degrees, rel=1e-15)


def test_a_radius_may_be_a_quantity_or_an_angle():
    from astropy import units as u
    from astropy.coordinates import Angle

    assert radius(2 * u.arcmin) == pytest.approx(2 / 60)
    assert radius(Angle("0d30m")) == 0.5


@pytest.mark.parametrize("words", [5, 5.0, "5", " 5 "])
def test_a_bare_radius_is_refused_with_its_three_readings(words):
    with pytest.raises(BadInput) as refusal:
        radius(words)
    number = str(words).strip()
    assert f"a radius of {number} has no unit" in str(refusal.value)
    assert f"write {number}deg, {number}arcmin or {number}arcsec" in str(refusal.value)


@pytest.mark.parametrize(
    "words", ["-1deg", "0deg", "181deg", "nan deg", "5 m", "wide", "2arcmins 3"]
)
def test_a_radius_that_makes_no_sense_is_refused(words):
    with pytest.raises(BadInput):
        radius(words)


def test_a_radius_of_nan_or_of_metres_is_refused():
    from astropy import units as u

    for words in (math.nan * u.deg, 5 * u.m, [1, 2] * u.deg):
        with pytest.raises(BadInput):
            radius(words)


# --- band


@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        ("500nm..700nm", 500e-9, 700e-9),
        ("500..700nm", 500e-9, 700e-9),
        ("500 nm .. 0.7 um", 500e-9, 700e-9),
        ("5000AA..7000Å", 500e-9, 700e-9),
        ("0.5µm..0.7μm", 500e-9, 700e-9),
        ("..700nm", None, 700e-9),
        ("500nm..", 500e-9, None),
        ("21cm", 0.21, 0.21),
        ("1keV..10keV", 1.23984198e-10, 1.23984198e-9),
        ("230GHz..", None, 1.30344547e-3),
        ("..230ghz", 1.30344547e-3, None),
        ("1keV..10nm", 1.23984198e-9, 10e-9),
    ],
)
def test_a_band_becomes_metres(words, low, high):
    read = band(words)
    assert read.low == (None if low is None else pytest.approx(low, rel=1e-8))
    assert read.high == (None if high is None else pytest.approx(high, rel=1e-8))


@pytest.mark.parametrize("words", ["700nm..500nm", "10keV..1keV", "345GHz..230GHz", "1um..500nm"])
def test_a_band_that_is_reversed_in_its_own_unit_is_refused(words):
    with pytest.raises(BadInput, match="reversed"):
        band(words)


@pytest.mark.parametrize(
    "words", ["500..700", "500", "0nm..5nm", "-5nm", "..", "5nm...7nm", "5 parsec"]
)
def test_a_band_that_makes_no_sense_is_refused(words):
    with pytest.raises(BadInput):
        band(words)


def test_a_band_may_be_quantities():
    from astropy import units as u

    assert band((1 * u.keV, 10 * u.keV)) == band("1keV..10keV")
    assert band([500, 700] * u.nm).low == pytest.approx(500e-9)
    assert band(230 * u.GHz).low == band(230 * u.GHz).high == pytest.approx(1.30344547e-3)
    assert band((None, 700 * u.nm)) == Interval(None, pytest.approx(700e-9))
    for wrong in ((700 * u.nm, 500 * u.nm), 5 * u.Jy, 5.0, (None, None)):
        with pytest.raises(BadInput):
            band(wrong)


@given(
    st.floats(1e-3, 1e6),
    st.sampled_from(["nm", "um", "mm", "Angstrom", "Hz", "GHz", "eV", "keV", "MeV"]),
)
def test_units_of_bands_mean_the_same_to_astropy(number, unit):
    from astropy import units as u

    metres = u.Quantity(number, unit).to_value(u.m, equivalencies=u.spectral())
    assert band(f"{number!r}{unit}").low == pytest.approx(metres, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("K", 2.2e-6),
        ("k", 2.2e-6),
        ("K band", 2.2e-6),
        ("K-band", 2.2e-6),
        ("V", 550e-9),
        ("J", 1.22e-6),
        ("g", 480e-9),
        ("g band", 480e-9),
        ("FUV", 150e-9),
        ("fuv", 150e-9),
        ("ALMA band 6", 1.3e-3),
        ("alma6", 1.3e-3),
        ("F444W", 4.4e-6),
        ("optical", 550e-9),
        ("X-ray", 1e-9),
        ("Ks", 2.15e-6),
    ],
)
def test_a_named_band_holds_what_it_is_known_for(name, inside):
    read = band(name)
    assert read.low is not None
    assert read.high is not None
    assert read.low < inside < read.high


def test_case_tells_bands_apart_where_it_must():
    assert band("i") != band("I")
    assert band("y") != band("Y")
    assert band("u") != band("U")


def test_an_unknown_band_is_refused_with_near_ones():
    with pytest.raises(BadInput, match="F444W"):
        band("F445W")
    with pytest.raises(BadInput, match="did you mean I, i"):
        band("BAND i")


def test_every_named_band_has_its_source_and_its_order():
    import tomllib
    from importlib.resources import files

    entries = tomllib.loads(files("skyatlas").joinpath("bands.toml").read_text("utf-8"))["band"]
    assert len({name for entry in entries for name in entry["names"]}) == sum(
        len(entry["names"]) for entry in entries
    )
    for entry in entries:
        assert entry["source"]
        assert len(set(entry) - {"names", "source"}) == 1
        for name in entry["names"]:
            read = band(name)
            assert read.low is not None
            assert read.high is not None
            assert read.low < read.high


# --- calibration level and kinds


@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        ("2..", 2, None),
        ("0", 0, 0),
        ("..1", None, 1),
        ("2,3", 2, 3),
        ("1..3", 1, 3),
        (2, 2, 2),
        ((1, None), 1, None),
    ],
)
def test_calibration_levels_are_read(words, low, high):
    assert calib_level(words) == Interval(low, high)


@pytest.mark.parametrize("words", ["5", "0,3", "3..1", "raw", "", "..", -1, 2.5, None])
def test_calibration_levels_that_make_no_sense_are_refused(words):
    with pytest.raises(BadInput):
        calib_level(words)


def test_kinds_take_the_words_that_people_use():
    assert kinds("image,spectrum") == {"image", "spectrum"}
    assert kinds("images, spectra") == {"image", "spectrum"}
    assert kinds(["light curve", "Cubes"]) == {"timeseries", "cube"}
    assert kinds("") == frozenset()


def test_an_unknown_kind_is_refused_with_near_ones():
    with pytest.raises(BadInput, match="spectr"):
        kinds("spektrum")


@pytest.mark.parametrize(
    ("text", "width", "height"),
    [
        ("10arcmin", 10 / 60, 10 / 60),
        ("10x5arcmin", 10 / 60, 5 / 60),
        ("10 × 5 arcmin", 10 / 60, 5 / 60),
        ("0.5deg x 30arcsec", 0.5, 30 / 3600),
        ("1'x30\"", 1 / 60, 30 / 3600),
    ],
)
def test_a_size_is_one_angle_or_two(text: str, width: float, height: float) -> None:
    assert rectangle(text) == pytest.approx((width, height), rel=1e-12)


@pytest.mark.parametrize("text", ["10", "10x5", "x5arcmin", "5arcmin x", "-1x2deg", "1x2x3deg"])
def test_a_size_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        rectangle(text)
