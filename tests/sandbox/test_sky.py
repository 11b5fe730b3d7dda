"""This file tests the sandbox's sky and clock against astropy's."""

from __future__ import annotations

import math

import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.sandbox.clock import iso, mjd_of, snap, zulu
from skyatlas.sandbox.light import DIPS, LINES, lines_of, neighbours, stars_near, to_air
from skyatlas.sandbox.sky import (
    OBJECTS,
    chance,
    corners,
    distance,
    ecliptic,
    galactic,
    shifted,
)

angles = st.floats(0.0, 359.999)
latitudes = st.floats(-89.9, 89.9)


def _named(name: str) -> list[tuple[float, float]]:
    wanted = name.replace(" ", "").casefold()
    return [
        (known.ra, known.dec)
        for known in OBJECTS
        if wanted in {n.replace(" ", "").casefold() for n in (known.name, *known.aliases)}
    ]


def test_ngc_1068_and_m_77_are_one_place() -> None:
    assert _named("NGC 1068") == _named("M 77") == [(40.669629, -0.013281)]


def test_arp_2_is_two_places_and_simbads_comes_first() -> None:
    simbad, ned = _named("Arp 2")
    assert simbad == (292.183792, -30.355639)
    assert distance(simbad, ned) > 80.0


def test_no_resolver_knows_caldwell_numbers_but_something_is_there() -> None:
    assert not any("caldwell" in alias.casefold() for o in OBJECTS for alias in o.aliases)
    assert any(distance((o.ra, o.dec), (35.175, 57.1375)) < 0.01 for o in OBJECTS)


def test_other_main_names_are_unique() -> None:
    names = [known.name for known in OBJECTS]
    assert len(set(names)) == len(names) >= 40


@given(angles, latitudes, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_shift_on_the_tangent_plane_is_what_astropy_says(
    ra: float, dec: float, east: float, north: float
) -> None:
    place = shifted((ra, dec), east, north)
    rho = math.degrees(math.atan(math.radians(math.hypot(east, north))))
    here = SkyCoord(ra * u.deg, dec * u.deg)
    there = here.directional_offset_by(math.atan2(east, north) * u.rad, rho * u.deg)
    assert there.separation(SkyCoord(*place, unit="deg")).deg < 1e-9


@given(angles, latitudes, angles, latitudes)
def test_distances_are_astropys(ra: float, dec: float, ra2: float, dec2: float) -> None:
    expected = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(ra2, dec2, unit="deg")).deg
    assert distance((ra, dec), (ra2, dec2)) == pytest.approx(expected, abs=1e-9)


@given(angles, latitudes)
def test_galactic_and_ecliptic_positions_are_astropys(ra: float, dec: float) -> None:
    icrs = SkyCoord(ra, dec, unit="deg")
    there = SkyCoord(*galactic((ra, dec)), unit="deg", frame="galactic")
    assert icrs.galactic.separation(there).arcsec < 0.05
    frame = BarycentricMeanEcliptic(equinox="J2000")
    around = SkyCoord(*ecliptic((ra, dec)), unit="deg", frame=frame)
    assert icrs.transform_to(frame).separation(around).arcsec < 0.2


def test_a_rectangle_has_its_size_even_at_the_pole() -> None:
    for place in ((10.0, 20.0), (0.001, 0.0), (176.8, 89.09), (25.4, -89.33)):
        a, b, c, d = corners(place, 1.0, 0.5, 30.0)
        assert distance(a, b) == pytest.approx(0.5, rel=1e-3)
        assert distance(b, c) == pytest.approx(1.0, rel=1e-3)
        assert distance(a, c) == pytest.approx(distance(b, d), rel=1e-9)


@given(st.floats(58000.0, 60000.0))  # years without leap seconds, which stretch astropy's days
def test_dates_are_astropys_to_the_millisecond(mjd: float) -> None:
    moment = snap(mjd)
    assert mjd_of(iso(moment)) == pytest.approx(moment, abs=1e-9)
    expected = Time(moment, format="mjd", scale="utc").isot
    assert abs(mjd_of(expected) - mjd_of(zulu(moment))) < 0.0011 / 86400.0


def test_chance_depends_on_the_seed_and_the_words_only() -> None:
    assert chance(1, "a", 2).random() == chance(1, "a", 2).random()
    assert chance(1, "a", 2).random() != chance(2, "a", 2).random()
    assert chance(1, "a", 2).random() != chance(1, "a", 3).random()


def test_h_alpha_of_ngc_1068_is_where_it_is_seen() -> None:
    target = OBJECTS[0]
    in_air = dict(lines_of(target, 600.0, 700.0, air=True))
    assert in_air["H alpha"] == pytest.approx(656.28 * 1.003793, abs=0.02)
    in_vacuum = dict(lines_of(target, 600.0, 700.0, air=False))
    assert in_vacuum["H alpha"] - in_air["H alpha"] == pytest.approx(0.182, abs=0.002)


def test_lines_are_sorted_and_air_is_shorter_than_vacuum() -> None:
    for table in (LINES, DIPS):
        rests = [rest for _, rest, _ in table]
        assert rests == sorted(rests)
        assert all(0.0 < rest - to_air(rest) < 1.0 for rest in rests if rest > 200.0)


def test_fields_have_the_same_stars_for_everybody() -> None:
    assert stars_near(OBJECTS[0], 1) == stars_near(OBJECTS[0], 1)
    assert stars_near(OBJECTS[0], 1) != stars_near(OBJECTS[0], 2)


def test_the_double_cluster_has_h_persei_in_its_field() -> None:
    target = next(known for known in OBJECTS if known.name == "NAME Double Cluster")
    assert [other.name for other in neighbours(target)] == ["NGC   869"]
