"""This file holds boxes and footprints of SDSS's fields to the sphere and to a real frame."""

from __future__ import annotations

import math
import sqlite3
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sdss_answers import field, opened, scan, skyserver, sql_of

from skyatlas.archives.sdss import fields
from skyatlas.archives.sdss.boxes import boxes
from skyatlas.archives.sdss.fields import Field, vectors
from skyatlas.archives.sdss.releases import release
from skyatlas.errors import Unreadable
from skyatlas.sky import separation, touches

RAS = st.floats(0, 360, exclude_max=True)
DECS = st.floats(-90, 90)


def of(row: dict[str, object]) -> Field:
    with opened(skyserver(Field=[row])) as (_, door):
        ((_, found),) = fields.near(door, release(), [(0.0, 0.0, 0.1)])
    assert isinstance(found, list)
    return found[0]


@given(ra=RAS, dec=DECS, radius=st.floats(1e-5, 30), angle=st.floats(0, 360), part=st.floats(0, 1))
@example(ra=0.0, dec=0.0, radius=1.0, angle=270.0, part=1.0)
@example(ra=359.99, dec=10.0, radius=0.05, angle=90.0, part=1.0)
@example(ra=10.0, dec=89.9, radius=0.2, angle=0.0, part=0.9)
@example(ra=10.0, dec=-89.9, radius=0.05, angle=90.0, part=1.0)
def test_a_box_holds_its_circle(
    ra: float, dec: float, radius: float, angle: float, part: float
) -> None:
    place = SkyCoord(ra, dec, unit="deg").directional_offset_by(
        angle * _deg(), part * radius * _deg()
    )
    condition = boxes([(ra, dec, radius)])
    assert "--" not in condition
    with sqlite3.connect(":memory:") as database:
        query = f"SELECT ra FROM (SELECT ? AS ra, ? AS dec) WHERE {condition}"
        found = database.execute(query, (place.ra.deg % 360.0, place.dec.deg)).fetchall()
    database.close()
    assert found


def _deg() -> object:
    from astropy import units as u

    return u.deg


def test_a_box_is_not_the_whole_sky() -> None:
    with sqlite3.connect(":memory:") as database:
        condition = boxes([(0.1, 60.0, 0.5), (200.0, -5.0, 0.1)])
        query = f"SELECT ra FROM (SELECT ? AS ra, ? AS dec) WHERE {condition}"
        for ra, dec, inside in (
            (1.0, 60.0, True), (359.2, 60.0, True), (1.2, 60.0, False), (358.9, 60.0, False),
            (0.1, 60.6, False), (200.05, -5.0, True), (100.0, 60.0, False),
        ):  # fmt: skip
            assert bool(database.execute(query, (ra, dec)).fetchall()) is inside, (ra, dec)
    database.close()


def test_a_footprint_is_that_of_a_real_frame(shared_data: Path) -> None:
    path = shared_data / "images" / "frame-r-001000-1-0100.fits.bz2"
    with fits.open(path) as frame, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs, transformation = WCS(frame[0].header), frame[3].data[0]
    ra, dec = map(float, wcs.pixel_to_world_values(1023.5, 744.0))
    circle = {"node": float(transformation["NODE"]), "incl": float(transformation["INCL"])}
    one = of(field(ra, dec, **circle))
    numbers = np.array(one.region.split()[2:], dtype=float).reshape(4, 2)
    corners = wcs.pixel_to_world_values([-0.5, -0.5, 2047.5, 2047.5], [-0.5, 1488.5, 1488.5, -0.5])
    for ra, dec in numbers:
        assert np.min(separation(corners[0], corners[1], ra, dec)) * 3600 < 1.0
    columns, lines = np.meshgrid(np.linspace(-300, 2347, 31), np.linspace(-300, 1788, 29))
    depth = np.minimum(1024 - np.abs(columns - 1023.5), 744.5 - np.abs(lines - 744)).ravel()
    points = vectors(*wcs.pixel_to_world_values(columns.ravel(), lines.ravel()))
    clear = np.abs(depth) > 2  # pixels: the field's middle is known to about one
    assert (one.shows(points) == (depth > 0))[clear].all()


@pytest.mark.parametrize("place", [(0.0, 0.0), (359.97, -1.0), (120.0, 89.95), (10.0, -89.95)])
def test_what_a_field_shows_is_what_its_outline_holds(place: tuple[float, float]) -> None:
    one = of(field(*place))
    generator = np.random.default_rng(1)
    for angle, distance in zip(
        generator.uniform(0, 360, 60), generator.uniform(0, 0.2, 60), strict=True
    ):
        there = SkyCoord(*place, unit="deg").directional_offset_by(
            angle * _deg(), distance * _deg()
        )
        ra, dec = float(there.ra.deg), float(there.dec.deg)
        shown = bool(one.shows(vectors(ra, dec)[None, :])[0])
        assert touches(one.region, ra, dec, 1e-9) is shown, (ra, dec)


def test_fields_of_a_scan_overlap_by_128_rows() -> None:
    first, second = (of(row) for row in scan(180.0, 0.0, 2))
    edge = 180.0 + 1489 * 0.396 / 3600 / 2
    both = vectors(np.array([edge - 1e-4, edge - 127 * 0.396 / 3600]), np.zeros(2))
    assert first.shows(both).all()
    assert second.shows(both).all()
    assert not second.shows(vectors(edge - 129 * 0.396 / 3600, 0.0)[None, :]).any()


def test_many_places_are_asked_in_few_questions() -> None:
    circles = [(float(ra), -5.0 - ra / 1000, 0.01) for ra in range(45)]
    with opened(skyserver(Field=[])) as (server, door):
        parts = list(fields.near(door, release(), circles))
    assert [some for some, _ in parts] == [[*range(20)], [*range(20, 40)], [*range(40, 45)]]
    assert len(server.seen) == 3
    asked = sql_of(server.seen[0])
    assert "f.dec BETWEEN -5.019 - " in asked
    assert "JOIN Run AS r ON r.run = f.run" in asked
    assert max(len(request.path) for request in server.seen) < 8000


def test_a_field_without_its_numbers_is_unreadable() -> None:
    row = field(10.0, 0.0)
    del row["node"]
    with pytest.raises(Unreadable, match="a field has"):
        of(row)


def test_the_middle_is_in_the_middle() -> None:
    one = of(field(40.0, 20.0, incl=33.0, node=300.0))
    numbers = np.array(one.region.split()[2:], dtype=float).reshape(4, 2)
    distances = separation(numbers[:, 0], numbers[:, 1], 40.0, 20.0)
    assert_allclose(distances, math.hypot(1489, 2048) * 0.396 / 7200, atol=1e-5)
    assert max(distances) < fields.REACH


def test_a_field_comes_once_however_often_its_run_is_listed() -> None:
    with opened(skyserver(Field=[field(10.0, 0.0)] * 2)) as (_, door):
        ((_, found),) = fields.near(door, release(), [(10.0, 0.0, 0.1)])
    assert isinstance(found, list)
    assert len(found) == 1
