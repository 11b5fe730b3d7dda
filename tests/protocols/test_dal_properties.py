"""This file holds what is true of every place, range, unit and image: what is asked and how
answers are measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS
from fault_server import FaultServer, body
from hypothesis import given, settings
from hypothesis import strategies as st

from skyatlas.archive import Pace
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import Host, StreetDoor
from skyatlas.protocols import scs, sia, sia2, ssa
from skyatlas.protocols.mapping import measures
from skyatlas.protocols.mapping.native import records
from skyatlas.protocols.mapping.outline import outlines
from skyatlas.protocols.service import Service
from skyatlas.sky import touches

EMPTY = (
    b'<VOTABLE version="1.4"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/>'
    b'<TABLE><FIELD name="n" datatype="int"/><DATA><TABLEDATA/></DATA></TABLE></RESOURCE></VOTABLE>'
)
LON = st.floats(0.0, 360.0, exclude_max=True)
LAT = st.floats(-90.0, 90.0)
RADIUS = st.floats(1e-6, 60.0)
NUMBER = st.floats(1e-12, 1e12)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as one:
        yield one


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor({"127.0.0.1": Host("here", Pace(per_second=1e6))}) as one:
        yield one


@settings(max_examples=30, deadline=None)
@given(ra=LON, dec=LAT, radius=RADIUS)
def test_every_place_arrives_at_full_precision(
    server: FaultServer, door: StreetDoor, ra: float, dec: float, radius: float
) -> None:
    url = server.on("/s", body(EMPTY))
    query = Query(Target("here", ra, dec), radius)

    def arrived() -> dict[str, str]:
        return dict(parse_qsl(urlsplit(server.seen[-1].path).query))

    sia.ask(door, Service(url, "sia", "x"), query)
    assert tuple(map(float, arrived()["POS"].split(","))) == (ra, dec)
    ssa.ask(door, Service(url, "ssa", "x"), query)
    assert tuple(map(float, arrived()["POS"].split(","))) == (ra, dec)
    assert float(arrived()["SIZE"]) == 2 * radius
    sia2.ask(door, Service(url, "sia2", "x"), [query])
    assert tuple(map(float, arrived()["POS"].split()[1:])) == (ra, dec, radius)
    scs.ask(door, Service(url, "scs", "x"), query)
    assert tuple(float(arrived()[name]) for name in ("RA", "DEC", "SR")) == (ra, dec, radius)


@given(ra=LON, dec=LAT, radius=RADIUS, bearing=LON, share=st.floats(0.0, 1.0))
def test_the_box_of_sia_1_covers_the_circle_at_any_declination(
    ra: float, dec: float, radius: float, bearing: float, share: float
) -> None:
    sides = [float(side) for side in sia.size(dec, radius).split(",")]
    width, height = sides[0], sides[-1]
    assert 2 * radius <= width * (1 + 1e-12)
    assert 0.0 < height <= 180.0
    assert width < 360.0
    centre = SkyCoord(ra, dec, unit="deg")
    inside = centre.directional_offset_by(bearing * u.deg, radius * share * u.deg)
    off = abs((inside.ra.deg - ra + 180.0) % 360.0 - 180.0)
    near_pole = 90.0 - abs(inside.dec.deg) < 1e-6  # where right ascension says nothing
    # A service turns the width on the sky into one in right ascension.
    reach = width / 2.0 / math.cos(math.radians(dec))
    assert near_pole or off <= min(reach, 180.0) * (1 + 1e-6) + 1e-6 or off > 179.99
    assert abs(inside.dec.deg - dec) <= height / 2.0 + 1e-9


@pytest.mark.parametrize(
    ("dec", "radius", "wanted"),
    [
        (0.0, 0.5, [1.0]),
        (60.0, 0.5, [1.0]),
        (85.0, 4.5, [11.18, 9.0]),
        (89.9, 0.5, [1.0]),
        (85.0, 5.0, [31.37, 10.0]),
        (-90.0, 1e-3, [0.002]),
        (10.0, 120.0, [354.52, 180.0]),
    ],
)
def test_the_box_of_sia_1_by_example(dec: float, radius: float, wanted: list[float]) -> None:
    sides = [float(side) for side in sia.size(dec, radius).split(",")]
    assert sides == pytest.approx(wanted, rel=1e-3)


@given(low=st.none() | NUMBER, high=st.none() | NUMBER)
def test_a_range_of_sia_2_reads_back_exactly(low: float | None, high: float | None) -> None:
    if low is not None and high is not None:
        low, high = sorted((low, high))
    read = [float(word) for word in sia2.bounds(Interval(low, high)).split()]
    assert read == [-math.inf if low is None else low, math.inf if high is None else high]


@given(low=st.floats(-600_000.0, 2_900_000.0), days=st.floats(0.0, 1e4))
def test_a_time_range_of_ssa_holds_the_one_asked_for(low: float, days: float) -> None:
    start, end = (
        (datetime.fromisoformat(text) - datetime.fromisoformat("1858-11-17")).total_seconds()
        / 86400.0
        for text in ssa.times(Interval(low, low + days)).split("/")
    )
    second = 1.0 / 86400.0
    assert low - 1.01 * second <= start <= low + 1e-9
    assert low + days - 1e-9 <= end <= low + days + 1.01 * second


@given(metres=st.lists(st.floats(1e-13, 50.0), min_size=1))
def test_wavelengths_come_back_from_every_quantity(metres: list[float]) -> None:
    for unit in ("Angstrom", "nm", "um", "Hz", "GHz", "MHz", "eV", "keV", "1/cm", "0.1 nm"):
        values = (metres * u.m).to_value(u.Unit(unit), equivalencies=u.spectral())
        assert measures.wavelengths(values, unit) == pytest.approx(metres, rel=1e-12)
        texts = [repr(value) for value in np.atleast_1d(values).tolist()]
        assert measures.wavelengths(texts, unit) == pytest.approx(metres, rel=1e-12)


@given(mjd=st.floats(1.0, 100_000.0))
def test_dates_come_back_from_every_form(mjd: float) -> None:
    whole = round(mjd * 86400) / 86400
    iso = str(np.datetime64("1858-11-17") + np.timedelta64(round(mjd * 86400), "s"))
    assert measures.dates([mjd], "d")[0] == mjd
    assert measures.dates([mjd + 2400000.5], "d")[0] == pytest.approx(mjd, abs=1e-8)
    assert measures.dates([str(mjd)], "")[0] == mjd
    for text in (iso, iso + "Z", iso.replace("T", " "), iso + ".000"):
        assert measures.dates([text], "")[0] == pytest.approx(whole, abs=1e-8)


@settings(deadline=None)
@given(
    ra=LON,
    dec=st.floats(-89.0, 89.0),
    turn=LON,
    arcsec=st.floats(0.01, 5.0),
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
)
def test_a_drawn_image_has_the_corners_that_its_header_gives(
    ra: float, dec: float, turn: float, arcsec: float, width: int, height: int
) -> None:
    step, angle = arcsec / 3600.0, math.radians(turn)
    cd = step * np.array([[-math.cos(angle), math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cd = ["RA---TAN", "DEC--TAN"], [ra, dec], cd
    wcs.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]
    pixels = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [width, height] + 0.5
    expected = SkyCoord(wcs.wcs_pix2world(pixels, 1), unit="deg")
    naxis, scale = np.array([[width, height]]), np.array([[step, step]])
    (text,) = outlines(np.array([ra]), np.array([dec]), naxis, scale, cd.reshape(1, 4))
    assert text is not None
    drawn = np.array(text.split()[2:], dtype=float).reshape(4, 2)
    assert expected.separation(SkyCoord(drawn, unit="deg")).arcsec.max() < 1e-3
    assert touches(text, ra, dec, 1e-6)
    # Without the matrix nobody knows how it is turned: a circle that holds all corners.
    nothing = np.full((1, 4), np.nan)
    (text,) = outlines(np.array([ra]), np.array([dec]), naxis, scale, nothing)
    assert text is not None
    assert all(touches(text, *corner, 1e-6) for corner in drawn.tolist())


@given(
    texts=st.lists(st.text(), min_size=1, max_size=3),
    number=st.floats(allow_nan=True, allow_infinity=True),
    whole=st.integers(-(2**62), 2**62),
)
def test_the_native_record_reads_back(texts: list[str], number: float, whole: int) -> None:
    table = Table()
    table["a text"] = np.array(texts, dtype=object)
    table["number"] = number
    table["whole"] = whole
    table["left out"] = 1
    table["array"] = np.array([[1.5, 2.5]] * len(texts))
    for text, record in zip(texts, records(table, {"left out"}), strict=True):
        read = json.loads(record)
        assert read.pop("a text", "") == text
        assert read.pop("number", None) == (number if math.isfinite(number) else None)
        assert read == {"whole": whole, "array": [1.5, 2.5]}
