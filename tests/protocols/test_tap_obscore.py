"""This file looks at the ADQL that is sent to ObsCore tables."""

from __future__ import annotations

import numpy as np
import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from skyatlas.errors import BadInput
from skyatlas.model import Interval, Query, Target
from skyatlas.protocols.tap import not_asked, obscore_adql, quote, upload_of
from skyatlas.sky.footprint import separation

HERE = Target("here", 40.669629000000123, -0.013281)
THERE = Target("there", 1 / 3, 89.9)
TABLE = "ivoa.obscore"
SIMPLE = frozenset({"CONTAINS", "POINT", "CIRCLE"})
NONE: frozenset[str] = frozenset()


@given(st.text())
def test_no_text_ends_its_quotes(text: str) -> None:
    literal = quote(text)
    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "") == text.replace("'", "")
    assert literal[1:-1].replace("''", "'") == text


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\\"), min_size=1))
def test_no_name_changes_the_question(name: str) -> None:
    query = Query(target_name=name, collections=(name,), instruments=(name,))
    parsed = sqlglot.parse_one(obscore_adql([query], TABLE), dialect="postgres")
    assert [table.sql() for table in parsed.find_all(exp.Table)] == [TABLE]
    assert {column.name for column in parsed.find_all(exp.Column)} == {
        "target_name",
        "obs_collection",
        "instrument_name",
    }
    literals = {literal.this for literal in parsed.find_all(exp.Literal)}
    assert {name, name.replace("*", "%"), f"%{name}%"} <= literals


def test_every_digit_of_a_position_is_sent() -> None:
    said = obscore_adql([Query(HERE, 0.1)], TABLE)
    assert "CIRCLE('ICRS', 40.66962900000012, -0.013281, 0.1)" in said
    assert repr(HERE.ra) in said
    assert "s_region IS NULL" in said


def test_several_places_are_ored_or_come_by_upload() -> None:
    queries = [Query(HERE, 0.1, calib_level=Interval(2)), Query(THERE, 0.2)]
    ored = obscore_adql(queries, TABLE)
    assert ored.count("INTERSECTS") == 2
    assert ored.endswith("AND calib_level >= 2")
    joined = obscore_adql(queries, TABLE, upload=True)
    assert joined.startswith("SELECT t.query_number, o.* FROM TAP_UPLOAD.targets AS t JOIN")
    assert "o.calib_level >= 2" in joined
    assert "40.66" not in joined
    table = upload_of(queries)
    assert list(table["query_number"]) == [0, 1]
    assert list(table["sky_ra"]) == [HERE.ra, THERE.ra]
    assert list(table["sky_radius"]) == [0.1, 0.2]


def test_without_places_nothing_is_uploaded() -> None:
    assert obscore_adql([Query()], TABLE, upload=True) == "SELECT * FROM ivoa.obscore"
    assert len(upload_of([Query()])) == 0


def test_filters_become_conditions_and_null_is_not_excluded() -> None:
    query = Query(
        kinds=frozenset({"image", "cube"}),
        band=Interval(1e-7, 5.5e-7),
        time=Interval(55000.5, None),
        calib_level=Interval(1.5, 3),
        target_name="NGC*",
        programs=("098.A",),
        pi="O'Brien",
        parameters=(("FACILITY", "VLT"), ("EXPTIME", "0 10")),
    )
    every = frozenset({"proposal_id", "obs_creator_name"})
    said = obscore_adql([query], TABLE, columns=every)
    for condition in (
        "dataproduct_type IN ('cube', 'image')",
        "(em_min <= 5.5e-07 OR em_min IS NULL)",
        "(em_max >= 1e-07 OR em_max IS NULL)",
        "(t_max >= 55000.5 OR t_max IS NULL)",
        "calib_level >= 2",
        "calib_level <= 3",
        "target_name LIKE 'NGC%'",
        "proposal_id LIKE '098.A%'",
        "obs_creator_name LIKE '%O''Brien%'",
        "facility_name = 'VLT'",
    ):
        assert condition in said
    assert "t_min" not in said
    assert not_asked(query, every) == ("EXPTIME",)


def test_what_the_table_does_not_have_is_not_asked_but_said() -> None:
    query = Query(programs=("098.A",), pi="Brien", public=True)
    assert obscore_adql([query], TABLE) == "SELECT * FROM ivoa.obscore"
    assert not_asked(query, ()) == (
        "program (the table has no proposal_id)",
        "pi (the table has no obs_creator_name)",
        "public",
    )


def test_a_service_without_intersects_is_asked_for_centres_in_a_wider_circle() -> None:
    said = obscore_adql([Query(HERE, 0.1)], TABLE, geometry=SIMPLE)
    assert "INTERSECTS" not in said
    assert "CIRCLE('ICRS', 40.66962900000012, -0.013281, 0.1 + 0.5)" in said
    assert "s_fov > 1.0" in said


def test_a_service_without_geometry_cannot_join_positions() -> None:
    with pytest.raises(BadInput, match="cannot join"):
        obscore_adql([Query(HERE, 0.1)], TABLE, geometry=NONE, upload=True)


@example(ra=10.0, dec=0.0, radius=1.0, angle=90.0, share=1.0)
@example(ra=10.0, dec=60.0, radius=1.0, angle=273.0, share=1.0)
@given(
    ra=st.floats(0, 359.999),
    dec=st.floats(-90, 90),
    radius=st.floats(0.001, 3),
    angle=st.floats(0, 360),
    share=st.floats(0, 1),
)
def test_the_box_loses_no_centre_of_the_wider_circle(
    ra: float, dec: float, radius: float, angle: float, share: float
) -> None:
    from astropy.coordinates import SkyCoord
    from astropy.units import deg

    centre = SkyCoord(ra * deg, dec * deg)
    point = centre.directional_offset_by(angle * deg, share * (radius + 0.499) * deg)
    assert separation(point.ra.deg, point.dec.deg, ra, dec) <= radius + 0.5
    said = obscore_adql([Query(Target("x", ra, dec), radius)], TABLE, geometry=NONE)
    where = said.partition(" WHERE ")[2]
    assert "POINT" not in where
    facts = {"s_ra": point.ra.deg, "s_dec": point.dec.deg, "s_fov": np.nan}
    python = where.replace(" AND ", " and ").replace(" OR ", " or ")
    assert eval(python, {}, facts), where
