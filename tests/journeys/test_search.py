"""This file asks the sandbox's archives and holds the answers to honesty."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from skyatlas.errors import BadInput, Broken, IncompleteAnswer, UnknownArchive, UnknownTarget
from skyatlas.model import Note, Report, Why
from skyatlas.observations import Observations, completeness_line

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox, World
    from skyatlas.session import Session

NGC_1068 = (40.669629, -0.013281)
OBSERVED = "eso,mast"
"""Archives whose every row has a time and a wavelength."""
RA, DEC = 204.25387512345678, -29.86543218765432


def adql(box: Sandbox) -> list[str]:
    """The questions that the sandbox's TAP service got."""
    return [
        value
        for asked in box.requests
        if "/tap_obs/" in asked.url
        for name, value in (*asked.form, *asked.query)
        if name.upper() == "QUERY"
    ]


# Scenario 1: a failed query must not look like "no rows".
def test_a_failed_archive_is_not_an_empty_answer(box: Sandbox, atlas: Session) -> None:
    box.fault("tap-error", "tap_obs")
    found = atlas.search(NGC_1068, archives="eso", calib_level="0")
    (report,) = found.reports
    assert len(found) == 0
    assert isinstance(report.error, Broken)
    assert report.error.again
    assert found.complete is False
    assert not found.answered
    assert "1 failed" in found.completeness
    with pytest.raises(IncompleteAnswer):
        found.require_complete()


def test_an_empty_answer_is_no_failure(atlas: Session) -> None:
    found = atlas.search("200.0 +80.0", archives=OBSERVED, radius="1arcsec", public=True)
    assert len(found) == 0
    assert found.complete is True
    assert found.require_complete() is found


def test_where_tap_fails_the_spectra_come_through_ssap_and_the_gap_is_said(
    box: Sandbox, atlas: Session
) -> None:
    whole = atlas.search(NGC_1068, archives="eso", kind="spectrum", calib_level="1..")
    box.fault("tap-error", "tap_obs")
    found = atlas.search(NGC_1068, archives="eso", kind="spectrum", calib_level="1..")
    assert set(found["dp_id"]) == set(whole["dp_id"])
    assert found.complete is False
    assert Why.UNANSWERED in [note.why for note in found.reports[0].notes]
    assert any("SSAP" in remark for remark in found.remarks)


# Scenario 8: positions with six significant digits.
def test_the_position_arrives_with_every_digit(box: Sandbox, atlas: Session) -> None:
    atlas.search((RA, DEC), radius="1arcmin")
    assert adql(box)
    for question in adql(box):
        assert f"{RA!r}, {DEC!r}" in question
    atlas.search((RA, DEC), table="ssap")
    assert f"{RA!r},{DEC!r}" in dict(box.requests[-1].query)["POS"]


# Scenario 15: truncated results unnoticed.
def test_an_answer_that_the_archive_cut_is_truncated(box: Sandbox, atlas: Session) -> None:
    box.fault("overflow=3", "tap_obs")
    found = atlas.search(NGC_1068, archives="eso", calib_level="1..", public=True)
    assert len(found) == 3
    assert found.complete is False
    assert not found.answered
    assert [note.why for note in found.reports[0].notes] == [Why.TRUNCATED]
    assert "1 truncated" in found.completeness


def test_an_answer_cut_at_our_limit_says_so_and_is_no_fault_of_the_archive(atlas: Session) -> None:
    found = atlas.search(NGC_1068, archives="eso", calib_level="1..", limit=3)
    assert len(found) == 3
    assert found.complete is False
    assert found.answered
    assert "cut at your limit" in found.completeness


def test_an_answer_of_exactly_the_limit_is_whole(atlas: Session) -> None:
    rows = len(atlas.search(NGC_1068, calib_level="1..", public=True))
    found = atlas.search(NGC_1068, calib_level="1..", public=True, limit=rows)
    assert (len(found), found.complete) == (rows, True)


def test_more_than_a_thousand_rows_come_whole(atlas: Session) -> None:
    found = atlas.search("Sgr A*", radius="10arcmin", public=True, calib_level="0")
    assert len(found) > 1200
    assert found.complete is True


def test_a_question_too_long_for_sync_is_asked_async_with_time_enough(
    box: Sandbox, atlas: Session
) -> None:
    box.fault("heavy=120", "tap_obs")
    found = atlas.search(NGC_1068, calib_level="1..", public=True)
    assert len(found) > 10
    assert found.complete is True
    durations = [
        value
        for asked in box.requests
        for name, value in asked.form
        if name.upper() == "EXECUTIONDURATION"
    ]
    assert durations == ["3600"]
    assert any(asked.method == "DELETE" or "/async/" in asked.url for asked in box.requests)


# aq#3473: rows silently missing unless authenticated.
def test_an_anonymous_answer_does_not_claim_what_it_cannot_know(
    atlas: Session, pi_atlas: Session
) -> None:
    anonymous = atlas.search(program="0112.C-0999(A)")
    assert len(anonymous) == 0
    assert anonymous.complete is None
    assert anonymous.reports[0].notes[-1].why is Why.HIDDEN
    with pytest.raises(IncompleteAnswer):
        anonymous.require_complete()
    mine = pi_atlas.search(program="0112.C-0999(A)")
    assert len(mine) > 0
    assert mine.complete is True
    counts = [note.count for note in mine.reports[0].notes if note.why is Why.LOGIN_ROWS]
    assert sum(count or 0 for count in counts) == len(mine)


def test_proprietary_files_are_counted(atlas: Session) -> None:
    found = atlas.search(NGC_1068, archives="eso", calib_level="1..")
    (note,) = (note for note in found.reports[0].notes if note.why is Why.PROPRIETARY)
    assert note.count == sum(rights == "proprietary" for rights in found["data_rights"])
    assert note.count


def test_public_leaves_the_proprietary_out(atlas: Session) -> None:
    found = atlas.search(NGC_1068, public=True)
    assert set(found["data_rights"]) == {"public"}


# Scenario 16: rows not attributed to inputs.
def test_every_row_says_which_target_it_answers(box: Sandbox, atlas: Session) -> None:
    names = ["NGC 1068", "40.6696 -0.0133", "M 87", "Sgr A*"]
    found = atlas.search(names, archives="eso", calib_level="1..", public=True)
    assert len(adql(box)) == 1  # one request for all of them
    by_name = {name: set(found.where(target=name)["dp_id"]) for name in names}
    for name in names:
        alone = atlas.search(name, archives="eso", calib_level="1..", public=True)
        assert by_name[name] == set(alone["dp_id"]), name
    assert by_name["NGC 1068"] == by_name["40.6696 -0.0133"] != set()


def test_filters_reach_the_archive_and_the_answer(atlas: Session) -> None:
    for words, column, values in (
        ({"instrument": "x-shooter"}, "instrument_name", {"XSHOOTER"}),
        ({"kind": "cube"}, "dataproduct_type", {"cube"}),
        ({"program": "094.B-0321"}, "proposal_id", {"094.B-0321(A)"}),
        ({"collection": "MUSE"}, "obs_collection", {"MUSE"}),
        ({"calib_level": "0"}, "calib_level", {0}),
        ({"target_name": "NGC*1068"}, "target_name", None),
    ):
        found = atlas.search(NGC_1068, public=True, **words)
        assert len(found) > 0, words
        if values:
            assert set(found[column]) == values


def test_a_band_and_a_time_range_select_what_overlaps(atlas: Session) -> None:
    found = atlas.search(
        NGC_1068, archives=OBSERVED, band="2.0um..2.2um", calib_level="1..", public=True
    )
    assert len(found) > 0
    assert all(row["em_min"] <= 2.2e-6 and row["em_max"] >= 2.0e-6 for row in found.table)
    found = atlas.search(NGC_1068, archives=OBSERVED, time="2015", public=True)
    assert len(found) > 0
    assert all(row["t_max"] >= 57023 and row["t_min"] <= 57388 for row in found.table)


def test_a_quote_in_a_name_is_only_a_letter(atlas: Session, world: World) -> None:
    found = atlas.search(pi="O'Brien")
    assert found.reports[0].error is None
    assert len(found) > 0
    assert all("O'B" in name.title() or "O'b" in name.title() for name in found["obs_creator_name"])


@pytest.mark.parametrize(
    ("words", "problem", "kind"),
    [
        ({"target": "no such object"}, "no such object", UnknownTarget),
        ({"archives": "esso"}, "there are: eso", UnknownArchive),
        ({"radius": 5}, "no unit", BadInput),
        ({"target": "10 95"}, "95", BadInput),
        ({"band": "700nm..500nm"}, "revers", BadInput),
        ({"time": "2020..2015"}, "revers", BadInput),
        ({"calib_level": "3..1"}, "3..1", BadInput),
        ({"kind": "movie"}, "movie", BadInput),
        ({"limit": 0}, "limit", BadInput),
        ({"colour": "red"}, "colour", BadInput),
        ({"table": "dbo.raw; DROP TABLE x"}, "no archive has a table", BadInput),
        ({"target": None}, "nothing was asked", BadInput),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(
    box: Sandbox, atlas: Session, words: dict[str, object], problem: str, kind: type
) -> None:
    with pytest.raises(kind, match=problem):
        atlas.search(**{"target": "NGC 1068", **words})  # type: ignore[arg-type]
    resolving = kind is UnknownTarget
    assert bool(box.requests) is resolving  # not even the name's resolver is asked
    assert adql(box) == []


def test_positions_come_as_text_pairs_and_sky_coordinates(atlas: Session) -> None:
    from astropy.coordinates import SkyCoord

    one = SkyCoord(*NGC_1068, unit="deg")
    several = SkyCoord([NGC_1068[0], 187.70593], [NGC_1068[1], 12.39112], unit="deg")
    ids = set(atlas.search(NGC_1068, archives="eso", public=True)["dp_id"])
    assert set(atlas.search(one, archives="eso", public=True)["dp_id"]) == ids
    assert (
        set(atlas.search(one.galactic, archives="eso", public=True, radius="1.01arcmin")["dp_id"])
        >= ids
    )
    both = atlas.search(several, archives="eso", public=True)
    assert len(both.queries) == 2
    assert set(both["dp_id"]) > ids


def test_a_saved_search_reads_back_the_same(atlas: Session) -> None:
    found = atlas.search(["NGC 1068", "M 87"], limit=4, band="V", time="2000..")
    saved = json.loads(json.dumps(found.to_json(), allow_nan=False))
    again = Observations.from_json(saved)
    assert again.queries == found.queries
    assert again.to_json() == found.to_json()
    assert again.complete == found.complete
    assert again.table.colnames[:40] == found.table.colnames[:40]


def test_a_saved_failure_stays_a_failure(box: Sandbox, atlas: Session) -> None:
    box.fault("tap-error", "tap_obs")
    found = atlas.search(NGC_1068, calib_level="0")
    again = Observations.from_json(json.loads(json.dumps(found.to_json())))
    assert isinstance(again.reports[0].error, Broken)
    assert again.complete is False


@pytest.mark.parametrize("saved", [{}, [], {"observations": 3}, {"observations": [1]}])
def test_what_is_no_saved_search_is_refused(saved: object) -> None:
    with pytest.raises(BadInput, match="saved search"):
        Observations.from_json(saved)  # type: ignore[arg-type]


def test_the_completeness_line_names_each_behaviour() -> None:
    whole = Report("eso", 3, 0.5)
    line = completeness_line(
        [
            whole,
            replace(whole, archive="a", notes=(Note(Why.TRUNCATED, "cut"),)),
            replace(whole, archive="b", notes=(Note(Why.HIDDEN, "hides"),)),
            replace(whole, archive="c", error=Broken("no answer within 20 s")),
        ]
    )
    assert line.startswith(
        "4 archives asked: 1 complete, 1 truncated, 1 complete for who is not logged in, 1 failed"
    )
    assert "c: no answer within 20 s" in line


def test_quicklooks_are_asked_without_a_place(box: Sandbox, atlas: Session) -> None:
    found = atlas.search(table="ist.apex_quicklooks", program="095.F-9802", pi="Ginsburg")
    assert found.reports[0].error is None
    (question,) = adql(box)
    assert "prog_id LIKE '095.F-9802(%'" in question
    with pytest.raises(BadInput, match="no positions"):
        atlas.search(NGC_1068, table="ist.apex_quicklooks")


def test_a_table_is_asked_of_the_archive_that_has_it(atlas: Session) -> None:
    eso = atlas.search("NGC 1068", table="ist.xshooter", limit=2)
    mast = atlas.search("NGC 1068", table="hst", limit=2)
    with pytest.raises(BadInput, match=r"no archive has a table 'iue'; there are: ssap"):
        atlas.search("NGC 1068", table="iue")
    assert [report.archive for report in eso.reports] == ["eso"]
    assert [report.archive for report in mast.reports] == ["mast"]
    assert len(eso) == len(mast) == 2
