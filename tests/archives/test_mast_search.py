"""This file searches the sandbox's MAST by place and by number, and compares with what it holds."""

from __future__ import annotations

import pytest
from mast_answers import answered, complete, opened, request_of
from mast_asked import NGC1068, PI_MEN, Row, asked, at, invoked, names, star, touched, whys

from skyatlas.archives.mast import matching
from skyatlas.errors import BadInput
from skyatlas.model import Interval, Query, Target, Why
from skyatlas.net.door import StreetDoor
from skyatlas.sandbox import Sandbox, World
from skyatlas.sandbox.mast_holdings import observations
from skyatlas.sky import touches


def test_a_place_finds_every_footprint_that_touches_it(
    mast_door: StreetDoor, mast_held: list[Row]
) -> None:
    found = asked(at(NGC1068), mast_door)
    expected = sorted(str(row["obs_id"]) for row in mast_held if touched(row, NGC1068, 0.05))
    assert names(found) == expected
    assert len(expected) > 5
    assert set(found["archive"]) == {"mast"}
    assert len(found.reports[0].asked) == 1
    assert "Mast.Caom.Filtered.Position" in found.reports[0].asked[0]


def test_rows_that_do_not_say_their_time_or_wavelength_are_found_at_a_place() -> None:
    """Old pictures say 0 nm, many high-level products no time: MAST's filter leaves them out."""
    rows = [
        {"obsid": 1, "em_min": 0, "em_max": 0, "t_min": None, "t_max": None},
        {"obsid": 2, "em_min": 500, "em_max": 600, "t_min": 58000, "t_max": 58001},
        {"obsid": 3, "em_min": 2000, "em_max": 3000, "t_min": 58000, "t_max": 58001},
        {"obsid": 4, "em_min": 500, "em_max": 600, "t_min": 59000, "t_max": 59001},
    ]
    query = at(NGC1068, band=Interval(4e-7, 8e-7), time=Interval(57000.0, 58500.0))
    with opened(lambda _: answered(complete(rows, 4, 10, 1))) as (server, door):
        found = asked(query, door)
    assert found["obsid"].tolist() == [1, 2]
    sent = request_of(server.seen[0])["params"]["filters"]
    assert [one["paramName"] for one in sent] == ["intentType"]


def test_planned_observations_are_left_out_and_counted(mast_door: StreetDoor, world: World) -> None:
    planned = [one for one in observations(world.seed).values() if one.row["calib_level"] == -1]
    found = asked(Query(collections=("HST", "JWST")), mast_door)
    (note,) = [note for note in found.reports[0].notes if "planned" in note.text]
    assert note.count == len(planned) > 0
    assert not {one.obs_id for one in planned} & set(names(found))


def test_planned_observations_come_for_who_asks(mast_door: StreetDoor, world: World) -> None:
    planned = sorted(
        one.obs_id for one in observations(world.seed).values() if one.row["calib_level"] == -1
    )
    for query in (
        Query(calib_level=Interval(-1, -1)),
        Query(parameters=(("calib_level", "-1"),)),
    ):
        found = asked(query, mast_door)
        assert names(found) == planned
        assert not any("planned" in remark for remark in found.remarks)


def test_proprietary_rows_are_told_before_the_download(
    mast_door: StreetDoor, mast_held: list[Row]
) -> None:
    closed = [row for row in mast_held if row.get("dataRights") == "EXCLUSIVE_ACCESS"]
    found = asked(Query(parameters=(("dataRights", "EXCLUSIVE_ACCESS"),)), mast_door)
    (note,) = [note for note in found.reports[0].notes if note.why is Why.PROPRIETARY]
    assert note.count == len(closed) > 0
    assert set(found["data_rights"]) == {"proprietary"}


def test_the_number_of_an_observation_is_kept_beside_its_name(
    mast_door: StreetDoor, world: World
) -> None:
    found = asked(at(NGC1068), mast_door)
    held = observations(world.seed)
    for number, name in zip(found["obsid"], found["obs_id"], strict=True):
        assert held[int(number)].obs_id == name


# Stars by their numbers.


def test_a_star_is_found_by_its_number(
    mast_door: StreetDoor, mast_held: list[Row], box: Sandbox
) -> None:
    found = asked(star("TIC", PI_MEN), mast_door)
    expected = sorted(str(row["obs_id"]) for row in mast_held if row["target_name"] == PI_MEN)
    assert names(found) == expected
    assert len(expected) > 3
    assert set(found["target"]) == {f"TIC {PI_MEN}"}
    (request,) = invoked(box)
    assert request["service"] == "Mast.Caom.Filtered"


@pytest.mark.parametrize(
    ("catalogue", "number", "name"),
    [
        ("TIC", "261136679", "261136679"),
        ("TIC", "261136679", "TIC 261136679"),
        ("TIC", "0261136679", "261136679"),
        ("KIC", "11904151", "kplr011904151"),
        ("KIC", "757076", "kplr000757076"),
        ("EPIC", "201912552", "ktwo201912552"),
        ("EPIC", "201912552", "EPIC 201912552"),
    ],
)
def test_a_number_is_written_as_each_mission_does(catalogue: str, number: str, name: str) -> None:
    query = star(catalogue, number)
    assert name in matching.spellings(query)
    assert matching.by_name([{"target_name": name}], [query]) == [(0, 0)]


def test_the_same_digits_in_kepler_s_catalogue_are_another_star() -> None:
    rows = [
        {"target_name": "11904151", "obs_collection": "TESS", "project": "TESS"},
        {"target_name": "11904151", "obs_collection": "HLSP", "project": "Kepler"},
    ]
    assert matching.by_name(rows, [star("TIC", "11904151")]) == [(0, 0)]
    assert matching.by_name(rows, [star("KIC", "11904151")]) == []


@pytest.mark.parametrize(("catalogue", "number"), [("TIC", "π Men"), ("HIP", "26394")])
def test_a_number_that_mast_does_not_know_is_refused(
    mast_door: StreetDoor, box: Sandbox, catalogue: str, number: str
) -> None:
    with pytest.raises(BadInput):
        asked(star(catalogue, number), mast_door)
    assert not invoked(box)


def test_a_thousand_numbers_take_few_requests_and_every_row_says_whose_it_is(
    mast_door: StreetDoor, mast_held: list[Row], box: Sandbox
) -> None:
    numbers = sorted(
        {str(row["target_name"]) for row in mast_held if row["obs_collection"] == "TESS"}
    )
    numbers = [number for number in numbers if number.isdecimal()][:1000]
    assert len(numbers) == 1000
    found = asked([star("TIC", number) for number in numbers], mast_door)
    assert len(box.requests) <= 10
    expected = sorted(
        (f"TIC {row['target_name']}", str(row["obs_id"]))
        for row in mast_held
        if str(row["target_name"]) in set(numbers)
    )
    assert sorted(zip(found["target"], found["obs_id"], strict=True)) == expected


# Many places.


def test_a_thousand_places_take_few_requests_and_every_row_says_whose_it_is(
    mast_door: StreetDoor, mast_held: list[Row], box: Sandbox
) -> None:
    rows = [row for row in mast_held if row["obs_collection"] == "TESS"][:1000]
    assert len(rows) == 1000
    queries = [
        Query(Target(f"star {number}", row["s_ra"], row["s_dec"]), 5 / 3600)
        for number, row in enumerate(rows)
    ]
    found = asked(queries, mast_door)
    assert len(box.requests) <= 10
    mine = set(zip(found["target"], found["obs_id"], strict=True))
    assert mine >= {(f"star {number}", row["obs_id"]) for number, row in enumerate(rows)}
    by_name = {f"star {number}": row for number, row in enumerate(rows)}
    for target, region in zip(found["target"], found["s_region"], strict=True):
        place = by_name[target]
        assert touches(region, place["s_ra"], place["s_dec"], 5 / 3600)


def test_a_row_in_two_circles_answers_both(mast_door: StreetDoor) -> None:
    first = Query(Target("first", *NGC1068), 0.05)
    second = Query(Target("second", NGC1068[0] + 0.02, NGC1068[1]), 0.05)
    both, one, other = (
        asked([first, second], mast_door),
        asked(first, mast_door),
        asked(second, mast_door),
    )
    assert set(names(one)) & set(names(other))
    for name, alone in (("first", one), ("second", other)):
        assert names(both.where(target=name)) == names(alone)


def test_circles_of_two_sizes_are_not_mixed(mast_door: StreetDoor, box: Sandbox) -> None:
    small, large = at(NGC1068, 0.001), Query(Target("wide", 50.67, -37.2), 0.5)
    found = asked([small, large], mast_door)
    alone = asked(small, mast_door)
    assert names(found.where(target="here")) == names(alone)
    assert {one["service"] for one in invoked(box)} == {"Mast.Caom.Filtered.Position"}


def test_numbers_and_places_may_be_asked_together(mast_door: StreetDoor) -> None:
    found = asked([at(NGC1068), star("TIC", PI_MEN)], mast_door)
    assert names(found.where(target="here")) == names(asked(at(NGC1068), mast_door))
    assert names(found.where(target=f"TIC {PI_MEN}")) == names(
        asked(star("TIC", PI_MEN), mast_door)
    )


# Limits.


def test_a_limit_is_kept_and_told(mast_door: StreetDoor) -> None:
    found = asked(at(NGC1068, limit=3), mast_door)
    assert len(found) == 3
    assert Why.LIMITED in whys(found)


def test_a_limit_that_is_not_reached_is_not_told(mast_door: StreetDoor) -> None:
    everything = asked(at(NGC1068), mast_door)
    found = asked(at(NGC1068, limit=len(everything)), mast_door)
    assert names(found) == names(everything)
    assert Why.LIMITED not in whys(found)


def test_a_limit_counts_rows_that_fit(mast_door: StreetDoor, box: Sandbox) -> None:
    """Time is judged here: the first rows that MAST gives may not be of that time."""
    time = Interval(59000.0, None)
    everything = asked(at(NGC1068, time=time), mast_door)
    assert len(everything) > 2
    box.fault("pagesize=2", "invoke")
    found = asked(at(NGC1068, time=time, limit=2), mast_door)
    assert len(found) == 2
    assert set(names(found)) < set(names(everything))


def test_a_planned_observation_in_two_circles_is_counted_once(mast_door: StreetDoor) -> None:
    first = Query(Target("first", *NGC1068), 0.05)
    second = Query(Target("second", NGC1068[0] + 0.001, NGC1068[1]), 0.05)
    counts = [
        next(
            note.count for note in asked(queries, mast_door).reports[0].notes if "plan" in note.text
        )
        for queries in (first, [first, second])
    ]
    assert counts[0] == counts[1]


PLACES = [Query(Target(name, ra, 0.0), 0.1) for name, ra in (("a", 10.0), ("b", 11.0), ("c", 30.0))]


@pytest.mark.parametrize(
    ("row", "whose", "whose_if_widened"),
    [
        ({"s_ra": 10.0, "s_dec": 0.0, "s_region": None}, [0], [0]),
        ({"s_ra": 10.5, "s_dec": 0.0, "s_region": "CIRCLE ICRS 10.5 0 0.45"}, [0, 1], [0, 1]),
        (
            {"s_ra": 20.0, "s_dec": 0.0, "s_region": "POLYGON 5 -9 35 -9 35 9 5 9"},
            [0, 1, 2],
            [0, 1, 2],
        ),
        ({"s_ra": 11.5, "s_dec": 0.0, "s_region": "CIRCLE ICRS 11.5 0 0.01"}, [1], []),
        ({"s_ra": 29.5, "s_dec": 0.0, "s_region": None}, [2], []),
        ({"s_ra": None, "s_dec": None, "s_region": "CIRCLE GSC1 30 0 0.01"}, [2], [2]),
        ({"s_ra": 10.0, "s_dec": 0.0, "s_region": "BOX ICRS 10 0 0.1 0.1"}, [0], [0]),
    ],
)
def test_a_row_answers_whom_its_footprint_touches_else_the_nearest(
    row: Row, whose: list[int], whose_if_widened: list[int]
) -> None:
    """Unless it was looked farther around than was asked: then it answers nobody."""
    assert matching.by_place([row], PLACES) == [(0, index) for index in whose]
    widened = matching.by_place([row], PLACES, widened=True)
    assert widened == [(0, index) for index in whose_if_widened]
