"""Words become times: MJD (UTC), a date for the whole of it, and never a warning."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.errors import BadInput
from skyatlas.model import Interval
from skyatlas.words import time


@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        ("2015..2020-06", 57023, 59031),
        ("2015", 57023, 57388),
        ("2015-03-01..", 57082, None),
        ("..2015", None, 57388),
        ("MJD 57000..57010", 57000, 57010),
        ("MJD57000..MJD57010", 57000, 57010),
        ("57000.5", 57000.5, 57000.5),
        ("57000..57010", 57000, 57010),
        ("JD 2457000.5", 57000, 57000),
        ("2015-12", 57357, 57388),
        ("20150301", 57082, 57083),
        ("2016-02-29", 57447, 57448),
        ("2015-03-01T12:00:00", 57082.5, 57082.5),
        ("2015-03-01 06:00..2015-03-01 12:00", 57082.25, 57082.5),
        ("2015-03-01T14:00:00+02:00", 57082.5, 57082.5),
        ("2015-03-01T12:00:00Z", 57082.5, 57082.5),
        ("2015.5", 57205.5, 57205.5),
        ("J2000.0", 51544, 51544),
        ("1955..1958", 35108, 36569),
        ("2015-06-15..2015-06", 57188, 57204),
    ],
)
def test_a_time_becomes_mjd_and_a_date_is_whole(words, low, high):
    assert time(words) == Interval(low, high)


@pytest.mark.parametrize(
    "words",
    [
        "2020..2015",
        "2015-06..2015-05",
        "57010..57000",
        "2015-13",
        "2015-02-30",
        "yesterday",
        "..",
        "",
        "12345678",
        "2457000.5",
        "2015...2016",
        "2015-03-01T25:00",
    ],
)
def test_a_time_that_makes_no_sense_is_refused(words):
    with pytest.raises(BadInput):
        time(words)


@pytest.mark.parametrize("number", [2015, 2015.5, 2457000.5, math.nan])
def test_a_number_that_is_no_mjd_of_our_time_is_refused(number):
    with pytest.raises(BadInput, match="as text"):
        time(number)


def test_times_may_be_objects():
    from astropy.time import Time

    assert time(57000.5) == Interval(57000.5, 57000.5)
    assert time((57000, None)) == Interval(57000.0, None)
    assert time(dt.date(2015, 1, 1)) == Interval(57023, 57024)
    assert time(dt.datetime(2015, 1, 1, 12, tzinfo=dt.UTC)) == Interval(57023.5, 57023.5)
    assert time(("2015", dt.date(2015, 12, 31))) == Interval(57023, 57388)
    assert time(Time(57000, format="mjd")) == Interval(57000, 57000)
    assert time(Time([57000, 57010], format="mjd")) == Interval(57000, 57010)
    with pytest.raises(BadInput):
        time(Time([57000, 57010, 57020], format="mjd"))
    with pytest.raises(BadInput, match="reversed"):
        time((dt.date(2015, 1, 2), dt.date(2015, 1, 1)))


def test_a_time_on_another_scale_becomes_utc_without_a_warning_even_long_ago():
    from astropy.time import Time

    tai = Time(57000.0, format="mjd", scale="tai")
    assert time(tai).low == pytest.approx(57000 - 35 / 86400, abs=1e-9)
    assert time(Time(20000.0, format="mjd", scale="tdb")).low == pytest.approx(20000, abs=1e-3)


@given(st.datetimes(dt.datetime(1972, 1, 1), dt.datetime(2100, 1, 1)))  # noqa: DTZ001
def test_moments_mean_the_same_to_astropy(when):
    import warnings

    from astropy.time import Time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "dubious year" far ahead
        mjd = Time(when.isoformat(), scale="utc").mjd
    if when.time() == dt.time(0):
        return
    assert time(when.isoformat()).low == pytest.approx(mjd, abs=2e-5)  # a leap second at most


@given(st.floats(20000, 90000), st.floats(0, 5000))
def test_every_range_of_days_is_read_back(low, length):
    read = time(f"MJD {low!r}..{low + length!r}")
    assert read == Interval(low, low + length)
