"""This file holds the choice among light curves to its word: the sensible one, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from astropy.table import Table

from skyatlas.errors import BadInput
from skyatlas.journeys.curve_choice import AUTHORS, CADENCES, Wanted, chosen, wanted
from skyatlas.model import Interval
from skyatlas.obscore import conform

STAR = ("261136679", 84.291198, -80.469143)
OTHER = ("261136680", 84.295, -80.4693)


def rows(*given: tuple[Any, ...], target: str = "pi Men") -> Table:
    """(mission, part, author, cadence[, star[, distance]])."""
    native = Table(masked=True)
    stars = [one[4] if len(one) > 4 else STAR for one in given]
    native["project"] = [one[0] for one in given]
    native["sequence_number"] = [one[1] or 0 for one in given]
    native["sequence_number"].mask = [one[1] is None for one in given]
    native["provenance_name"] = [one[2] for one in given]
    native["t_exptime"] = [float(one[3]) for one in given]
    native["target_name"] = [star[0] for star in stars]
    native["s_ra"] = [star[1] for star in stars]
    native["s_dec"] = [star[2] for star in stars]
    native["target"] = [target] * len(given)
    native["distance"] = [one[5] if len(one) > 5 else 0.1 for one in given]
    keep = ("project", "sequence_number", "provenance_name")
    return conform(native, {}, keep=keep)


def taken(table: Table, **words: Any) -> list[tuple[int | None, str, float]]:
    kept, _ = chosen(table, wanted(words))
    return [(int(r["sequence_number"]), str(r["provenance_name"]), r["t_exptime"]) for r in kept]


TESS = rows(
    ("TESS", 1, "QLP", 1800),
    ("TESS", 1, "SPOC", 20),
    ("TESS", 1, "SPOC", 120),
    ("TESS", 1, "TESS-SPOC", 1800),
    ("TESS", 2, "TASOC", 1800),
    ("TESS", 2, "QLP", 600),
    ("TESS", 3, "SOMEBODY", 200),
)


def test_of_each_sector_the_sensible_one_is_taken() -> None:
    assert taken(TESS) == [(1, "SPOC", 120), (2, "QLP", 600), (3, "SOMEBODY", 200)]


def test_an_author_who_is_named_is_taken_and_each_of_several() -> None:
    assert taken(TESS, author="qlp") == [(1, "QLP", 1800), (2, "QLP", 600)]
    assert taken(TESS, author="QLP,SPOC", sector="1") == [(1, "QLP", 1800), (1, "SPOC", 120)]


def test_all_is_all() -> None:
    assert len(taken(TESS, every=True)) == len(TESS)
    assert len(taken(TESS, every=True, sector="1..2")) == 6


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [("20", [(1, "SPOC", 20)]), ("fast", [(1, "SPOC", 20)]), ("2min", [(1, "SPOC", 120)]),
     ("30 min", [(1, "TESS-SPOC", 1800), (2, "TASOC", 1800)]),
     ("100..700s", [(1, "SPOC", 120), (2, "QLP", 600), (3, "SOMEBODY", 200)])],
)  # fmt: skip
def test_a_cadence_is_kept_to(cadence: str, expected: list[tuple[int, str, float]]) -> None:
    assert taken(TESS, cadence=cadence) == expected


def test_what_is_left_out_is_said_with_the_words_that_bring_it() -> None:
    _, notes = chosen(TESS, Wanted())
    assert len(notes) == 1
    assert "QLP 1800 s (1)" in notes[0].text
    assert "--all" in notes[0].text
    assert notes[0].count == 4


def test_another_star_in_the_cone_is_not_the_target() -> None:
    table = rows(
        ("TESS", 1, "SPOC", 120, OTHER, 2.4),
        ("TESS", 2, "SPOC", 120, STAR, 0.2),
        ("TESS", 2, "SPOC", 120, OTHER, 2.4),
    )
    kept, notes = chosen(table, Wanted())
    assert [str(row["target_name"]) for row in kept] == [STAR[0]]
    assert any("another star, 261136680" in note.text for note in notes)


def test_a_star_that_an_author_knows_by_another_catalogue_is_the_same_star() -> None:
    gaia = ("Gaia DR3 4623036865373793408", STAR[1], STAR[2])
    table = rows(("TESS", 1, "SPOC", 120), ("TESS", 2, "TGLC", 1800, gaia))
    assert taken(table) == [(1, "SPOC", 120), (2, "TGLC", 1800)]


def test_keplers_rows_are_of_all_quarters() -> None:
    table = rows(("Kepler", None, "Kepler", 60), ("Kepler", None, "Kepler", 1800))
    kept, _ = chosen(table, wanted({"quarter": "3"}))
    assert list(kept["t_exptime"]) == [1800.0]


def test_the_search_for_planets_over_several_sectors_is_no_light_curve() -> None:
    table = rows(("TESS", 1, "SPOC", 120), ("TESS", 1, "SPOC", 120))
    table["obs_id"] = [
        "tess2018206190142-s0001-s0013-0000000261136679-00226",
        "tess2018206045859-s0001-0000000261136679-0120-s",
    ]
    kept, notes = chosen(table, Wanted())
    assert list(kept["obs_id"]) == [table["obs_id"][1]]
    assert not notes


def test_two_targets_do_not_share_a_choice() -> None:
    from astropy.table import vstack

    both = vstack([rows(("TESS", 1, "QLP", 1800)), rows(("TESS", 1, "SPOC", 120), target="other")])
    kept, _ = chosen(both, Wanted())
    assert list(kept["target"]) == ["pi Men", "other"]


def test_every_mission_of_the_list_has_cadences_and_its_own_pipeline_first() -> None:
    assert AUTHORS.keys() == CADENCES.keys()
    assert [names[0] for names in AUTHORS.values()] == ["SPOC", "Kepler", "K2"]


def test_words_are_read() -> None:
    assert wanted({"mission": "tess,K2"}).missions == ("TESS", "K2")
    assert wanted({"campaign": "5, 18"}) == Wanted(("K2",), parts=frozenset((5, 18)))
    assert wanted({"sector": "1..3,9"}).parts == frozenset((1, 2, 3, 9))
    assert wanted({"author": "k2sff,Mine"}).authors == ("K2SFF", "Mine")
    assert wanted({"cadence": "long"}).cadence == Interval(200.0, None)
    assert wanted({"cadence": "..60s"}).cadence == Interval(None, 60.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [({"mission": "jwst"}, "no mission 'jwst'"), ({"cadence": "soon"}, "write it as 120"),
     ({"sector": "x"}, "no sector"), ({"sector": "5..1"}, "no range of sectors"),
     ({"mission": "kepler", "sector": "1"}, "a sector is one of TESS"),
     ({"sector": "1", "quarter": "2"}, "a quarter is one of Kepler"),
     ({"exptime": 3}, "no light curve is chosen by 'exptime'")],
)  # fmt: skip
def test_words_that_make_no_sense_are_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wanted(words)
