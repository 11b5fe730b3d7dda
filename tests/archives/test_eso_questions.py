"""This file holds ESO's ADQL to account: quoting, precision, units, names."""

from __future__ import annotations

from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.archives.eso import adql, rows
from skyatlas.archives.eso.instruments import find, instruments
from skyatlas.model import Interval, Query, Target

PLACE = Target("here", 204.2538751234567, -29.86543218765432)


def test_positions_go_out_with_every_digit() -> None:
    question = adql.select(adql.PHASE3, [Query(PLACE, 0.016666666666666666)])
    assert "204.2538751234567, -29.86543218765432, 0.016666666666666666" in question


def test_a_quote_in_a_name_stays_inside_its_literal() -> None:
    question = adql.select(adql.RAW, [Query(pi="O'Brien", target_name="it's")])
    assert "pi_coi LIKE '%O''Brien%'" in question
    assert "'it''s'" in question


@given(st.text(max_size=30))
def test_quoting_is_undone_by_reading(text: str) -> None:
    literal = adql.quote(text)
    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "\0").count("'") == 0
    assert literal[1:-1].replace("''", "'") == text


def test_a_band_in_metres_is_asked_of_the_raw_table_in_nanometres() -> None:
    query = Query(band=Interval(500e-9, 700e-9))
    assert "lambda_min <= 700.0" in adql.select(adql.RAW, [query])
    assert "em_min <= 7e-07" in adql.select(adql.PHASE3, [query])


def test_many_targets_are_one_question() -> None:
    places = [Query(Target(str(ra), float(ra), 0.0), 0.1) for ra in (10, 20)]
    assert adql.select(adql.PHASE3, places).count("INTERSECTS") == 2
    assert " OR " in adql.select(adql.PHASE3, places)


def test_a_programme_means_all_its_runs_and_a_run_means_itself() -> None:
    question = adql.select(adql.PHASE3, [Query(programs=("091.B-0088",))])
    assert "proposal_id = '091.B-0088'" in question
    assert "proposal_id LIKE '091.B-0088(%'" in question


def test_the_spellings_of_an_instrument_mean_the_same() -> None:
    words = ("X-SHOOTER", "x-shooter", "XSHOOTER", "xshoo", "X Shooter")
    assert {find(word) for word in words} == {find("XSHOOTER")}
    assert find("NIRSPEC") is None


def test_every_instrument_has_a_source_and_a_sane_range() -> None:
    names = [one.name for one in instruments()]
    assert len(names) == len(set(names))
    for one in instruments():
        assert one.source
        if one.wavelength:
            assert 0.1 < one.wavelength[0] < one.wavelength[1] < 1e5


def test_a_raw_frame_without_wavelength_is_judged_by_its_instrument() -> None:
    table = rows.raw(
        Table({"dp_id": ["A", "B"], "instrument": ["VISIR", "UVES"], "dp_tech": ["IMAGE"] * 2})
    )
    kept, dropped = rows.within(table, Interval(500e-9, 700e-9))
    assert (list(kept["obs_id"]), dropped) == (["B"], 1)
