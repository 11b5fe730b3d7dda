"""Words become places: right, at full precision, or refused with a sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.errors import BadInput
from skyatlas.model import Target
from skyatlas.words import position

M87 = (187.70583333333335, 12.391111111111112)  # 12 30 49.4 +12 23 28


@pytest.mark.parametrize(
    "words",
    [
        "12 30 49.4 +12 23 28",
        "12 30 49.4, 12 23 28",
        "12 30 49.4 12 23 28",
        "12:30:49.4 +12:23:28",
        "12:30:49.4+12:23:28",
        "12h30m49.4s +12d23m28s",
        "12h30m49.4s+12d23m28s",
        "12h 30m 49.4s +12° 23\N{PRIME} 28\N{DOUBLE PRIME}",
        "12h30m49.4s 12°23'28''",
    ],
)
def test_bare_sexagesimal_words_are_hours_and_degrees(words):
    target = position(words)
    assert target is not None
    assert (target.ra, target.dec) == pytest.approx(M87, abs=1e-12)
    assert target.said == "sexagesimal, right ascension in hours, ICRS"
    assert target.asked == words
    assert target.resolver == "as given"


@pytest.mark.parametrize(
    "words",
    [
        "187.70593 +12.39112",
        "187.70593,12.39112",
        "187.70593, +12.39112",
        "187.70593+12.39112",
        "187.70593d +12.39112d",
        "187.70593 12.39112",
        "187.70593deg 12.39112deg",
    ],
)
def test_two_numbers_are_degrees(words):
    target = position(words)
    assert target is not None
    assert (target.ra, target.dec) == (187.70593, 12.39112)
    assert "degrees" in target.said


def test_whole_numbers_are_degrees_too():
    assert position("187 -12") == Target("187 -12", 187.0, -12.0, "", "as given", "degrees, ICRS")


def test_a_typographic_minus_is_a_minus():
    target = position("187.7 \N{MINUS SIGN}12.3")
    assert target is not None
    assert target.dec == -12.3


def test_minus_zero_degrees_keeps_its_sign():
    target = position("02 42 40.7 -00 00 47.8")
    assert target is not None
    assert target.dec == pytest.approx(-47.8 / 3600, abs=1e-13)


def test_no_digit_is_lost():
    target = position("204.25387512345678 -29.86543218765432")
    assert target is not None
    assert (target.ra, target.dec) == (204.25387512345678, -29.86543218765432)


def test_fourteen_digits_of_a_pair_of_floats_survive_their_own_label():
    target = position((204.25387512345678, -1e-7))
    assert target is not None
    again = position(target.asked)
    assert again is not None
    assert (again.ra, again.dec) == (204.25387512345678, -1e-7)


@pytest.mark.parametrize(
    "name",
    [
        "M 87",
        "NGC1068",
        "3C 273",
        "47 Tuc",
        "51 Peg",
        "30 Dor",
        "2MASS J12185761+4718133",
        "1216+4735",
        "PKS 1257+12",
        "HD 1",
        "TIC 261136679",
        "4U 1820-30",
        "G 120-3",
        "hip123",
        "Gaia DR3 4722135642226902656",
        "Sgr A*",
        "12",
        "2h 3s",
        "7 5d x",
        "gal",
        "",
    ],
)
def test_a_name_is_left_to_the_resolver(name):
    assert position(name) is None


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("187.7 95", "declination 95"),
        ("187.7 -90.0001", "declination"),
        ("400 12", "right ascension 400"),
        ("-5 12", "right ascension -5"),
        ("25 00 00 +12 00 00", "right ascension 375"),
        ("12 61 00 +12 00 00", "61 minutes"),
        ("12 30 00 +12 61 00", "61 minutes"),
        ("12:30:60 +12:00:00", "60 seconds"),
        ("12 30.5 10 +12 00 00", "only the last field"),
        ("12 30 49", "two numbers in degrees"),
        ("12.5 +12 23 28", "two numbers in degrees"),
        ("12 30 49 12 23", "where the declination begins"),
        ("187,7 12,3", "cannot read"),
        ((1.0, float("nan")), "not a number"),
        ((1.0, "north"), "cannot read the declination"),
        ((1.0, 2.0, 3.0), "cannot read"),
        (42.0, "cannot read"),
    ],
)
def test_what_cannot_be_a_position_is_refused_with_a_reason(words, part):
    with pytest.raises(BadInput, match=part):
        position(words)


def test_five_fields_are_clear_where_the_declination_has_a_sign():
    target = position("12 30 49.4 +12 23")
    assert target is not None
    assert target.dec == pytest.approx(12 + 23 / 60)


def test_a_full_circle_is_zero():
    target = position("360.0 0")
    assert target is not None
    assert target.ra == 0.0


def test_a_target_is_taken_as_it_is():
    target = Target("x", 1.0, 2.0)
    assert position(target) is target


def test_quantities_are_converted():
    from astropy import units as u

    target = position((2 * u.hourangle, 600 * u.arcmin))
    assert target is not None
    assert (target.ra, target.dec) == pytest.approx((30.0, 10.0))
    with pytest.raises(BadInput, match="cannot read the declination"):
        position((1 * u.deg, 2 * u.m))


@pytest.mark.parametrize("frame", ["icrs", "fk5", "fk4", "galactic", "barycentrictrueecliptic"])
def test_a_sky_coord_of_any_frame_becomes_icrs(frame):
    from astropy.coordinates import SkyCoord

    place = SkyCoord(204.25387512, -29.86543218, unit="deg")
    target = position(place.transform_to(frame))
    assert target is not None
    assert (target.ra, target.dec) == pytest.approx((204.25387512, -29.86543218), abs=1e-9)
    assert ("turned into ICRS" in target.said) is (frame != "icrs")


def test_a_list_of_coordinates_is_not_one_target():
    from astropy.coordinates import SkyCoord

    with pytest.raises(BadInput, match="2 coordinates"):
        position(SkyCoord([1, 2], [3, 4], unit="deg"))


def test_a_coordinate_that_needs_a_place_on_earth_is_refused():
    from astropy.coordinates import SkyCoord

    with pytest.raises(BadInput, match="altaz"):
        position(SkyCoord(1, 2, unit="deg", frame="altaz"))


@pytest.mark.parametrize(
    ("words", "frame"),
    [
        ("galactic 120.1 -3.2", "galactic"),
        ("gal 120.1 -3.2", "galactic"),
        ("J2000 120.1 -3.2", "fk5"),
        ("B1950 120.1 -3.2", "fk4"),
        ("fk5: 120.1 -3.2", "fk5"),
    ],
)
def test_text_may_name_its_frame(words, frame):
    from astropy.coordinates import SkyCoord

    icrs = SkyCoord(120.1, -3.2, unit="deg", frame=frame).icrs
    target = position(words)
    assert target is not None
    assert (target.ra, target.dec) == pytest.approx((icrs.ra.deg, icrs.dec.deg), abs=1e-12)
    assert frame in target.said


def test_galactic_sexagesimal_longitude_is_in_degrees():
    from astropy.coordinates import SkyCoord

    icrs = SkyCoord("120d30m", "-3d12m", frame="galactic").icrs
    target = position("galactic 120:30 -3:12")
    assert target is not None
    assert target.ra == pytest.approx(icrs.ra.deg, abs=1e-11)


PLACES = st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))


@given(PLACES)
def test_every_position_survives_being_written_in_degrees(place):
    target = position(place)
    assert target is not None
    again = position(target.asked)
    assert again is not None
    assert (again.ra, again.dec) == place


def sexagesimal(value: float, digits: int) -> tuple[str, int, int, str]:
    """Sign and fields of a number, the seconds rounded and carried."""
    ticks = round(abs(value) * 3600 * 10**digits)
    seconds, rest = divmod(ticks, 10**digits)
    minutes, second = divmod(seconds, 60)
    whole, minute = divmod(minutes, 60)
    return "-" if value < 0 else "+", whole, minute, f"{second:02d}.{rest:0{digits}d}"


@given(PLACES, st.sampled_from(["{1} {2:02d} {3}", "{1:02d}:{2:02d}:{3}", "{1}h{2}m{3}s"]))
def test_every_position_survives_being_written_in_sexagesimal(place, style):
    hours = sexagesimal(place[0] / 15, 10)
    if hours[1] == 24:
        return
    fields = sexagesimal(place[1], 10)
    words = f"{style.format(*hours)} {('{0}' + style.replace('h', 'd')).format(*fields)}"
    target = position(words)
    assert target is not None
    assert target.ra == pytest.approx(place[0], abs=1e-9)
    assert target.dec == pytest.approx(place[1], abs=1e-9)


@given(PLACES)
def test_sexagesimal_words_mean_the_same_to_astropy(place):
    from astropy.coordinates import SkyCoord

    # Written by us: astropy rounds its own text to 60 seconds at times, and then refuses it.
    hours, degrees = sexagesimal(place[0] / 15, 9), sexagesimal(place[1], 9)
    if hours[1] == 24:
        return
    words = "{1}h{2}m{3}s ".format(*hours) + "{}{}d{}m{}s".format(*degrees)
    read = SkyCoord(words)
    target = position(words)
    assert target is not None
    assert target.ra == pytest.approx(read.ra.deg % 360, abs=1e-9)
    assert target.dec == pytest.approx(read.dec.deg, abs=1e-9)


@given(st.text("0123456789+-.:, hdmse'\"", max_size=30))
def test_no_text_breaks_the_reader(words):
    try:
        target = position(words)
    except BadInput:
        return
    assert target is None or (target.ra is not None and 0 <= target.ra < 360)


def test_reading_text_imports_no_astropy():
    code = (
        "import sys; from skyatlas import words as w; w.position('12:30:49 +12:23:28');"
        "w.radius('5arcsec'); w.band('K'); w.time('2015..2016'); w.kinds('image');"
        "sys.exit('astropy' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
