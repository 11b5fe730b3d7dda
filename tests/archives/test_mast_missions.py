"""This file asks MAST's own searches of HST's and JWST's data sets: recorded, failing, sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mast_answers import answered, opened
from numpy.testing import assert_allclose

from skyatlas.archive import Ask
from skyatlas.archives.mast import Mast, missions, missions_rows
from skyatlas.archives.mast.missions_columns import HST, JWST, described
from skyatlas.errors import ArchiveError, BadInput, Broken, Refused, Unreadable
from skyatlas.model import Interval, Note, Product, Query, Target, Why
from skyatlas.obscore import plain_values
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session
from skyatlas.testing import Answer, Request
from skyatlas.testing.form import check_form, check_values

M77 = (40.669629, -0.013281)
M87 = (187.705931, 12.391123)


def at(place: tuple[float, float], radius: float = 0.05, **filters: Any) -> Query:
    return Query(Target("here", *place), radius, table="hst", **filters)


def words(**filters: Any) -> Query:
    return Query(table="hst", **filters)


@pytest.fixture
def recorded(shared_data: Path) -> Path:
    return shared_data / "responses" / "astroquery_mast"


def served(answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """A search that answers; a list of columns that is not there."""

    def reply(request: Request) -> Answer:
        if "column_list" in request.path:
            return Answer(b"gone", "text/plain", 404)
        return answer(request)

    return reply


def found(answer: Answer, *queries: Query) -> tuple[Any, list[Note]]:
    with opened(served(lambda _: answer)) as (_, door):
        parts = list(missions.search(queries, door))
    (table,) = [part for part in parts if not isinstance(part, Note)]
    return table, [part for part in parts if isinstance(part, Note)]


def posted(box: Sandbox) -> list[dict[str, Any]]:
    """What the search was asked, in order."""
    return [json.loads(one.body) for one in box.requests if one.path.endswith("/search")]


def test_the_recorded_answer_becomes_obscore(recorded: Path) -> None:
    body = (recorded / "mission_results.json").read_bytes()
    place = Query(Target("NGC 1068", 40.66963, -0.01328), 0.05, table="hst")
    table, _ = found(Answer(body, "application/json"), place)
    check_form(table, 1)
    for row in table:
        check_values(row)
    assert plain_values(table["obs_id"]) == ["W1DG8D06T", "W1DG9S01T", "J8DM01ELQ"]
    assert set(plain_values(table["query"])) == {0}
    row = table[2]
    assert row["instrument_name"] == "ACS"  # filled with blanks where it comes from
    assert row["proposal_id"] == "9503"
    assert row["t_exptime"] == 0.7955
    assert_allclose(row["t_min"], 52647.792083, atol=1e-6)  # 2003-01-08T19:00:35.987
    assert row["obs_release_date"] == "2003-07-11T06:24:30"
    assert row["data_rights"] == "public"
    assert row["sci_central_wavelength"] == 5581.3379
    assert row["mission"] == "hst"
    assert all(table[name].mask.all() for name in ("em_min", "em_max", "access_url"))


def test_every_column_of_the_recorded_answer_is_kept(recorded: Path) -> None:
    body = (recorded / "mission_results.json").read_bytes()
    table, _ = found(Answer(body, "application/json"), at((40.66963, -0.01328)))
    for row, native in zip(table, json.loads(body)["results"], strict=True):
        for name, value in native.items():
            mine = row[name]
            said = value.strip() if isinstance(value, str) else value
            assert (mine is np.ma.masked) if said is None else mine == said, name


def test_angstroms_become_metres() -> None:
    row = {"sci_data_set_name": "O1", "sci_spectrum_start": 2900.0, "sci_spectrum_end": 5700.0}
    table = missions_rows.obscore(HST, [row])
    assert table["em_min"][0] == pytest.approx(2.9e-7)
    assert table["em_max"][0] == pytest.approx(5.7e-7)


def test_the_recorded_broken_answer_is_unreadable_and_not_empty(recorded: Path) -> None:
    body = (recorded / "mission_incorrect_results.json").read_bytes()
    with pytest.raises(Unreadable, match="no JSON"):
        found(Answer(body, "application/json"), at(M77))


def test_the_recorded_columns_are_all_that_is_asked_for(recorded: Path) -> None:
    columns = (recorded / "mission_columns.json").read_bytes()
    listed = described(json.loads(columns))

    def answer(request: Request) -> Answer:
        if "column_list" in request.path:
            return Answer(columns, "application/json")
        return answered({"results": [], "totalResults": 0})

    with opened(answer) as (server, door):
        list(missions.search([words(parameters=(("SCI_FGSLOCK", "FINE"),))], door))
    body = json.loads(server.seen[-1].body)
    assert body["conditions"] == [{"sci_fgslock": "FINE"}]
    assert {"sci_fgslock", "sci_obs_type", "sci_instrume"} <= set(body["select_cols"])
    assert set(body["select_cols"]) <= set(listed)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answered({"detail": "no such column"}, 400), Refused),
        (Answer(b"<html>down</html>", "text/html", 500), Broken),
        (Answer(b"<html>log in</html>", "text/html"), Unreadable),
        (answered({"totalResults": 3}), Unreadable),
        (answered({"results": ["x"]}), Unreadable),
        (answered([]), Unreadable),
        (answered({"results": [{"sci_data_set_name": "X"}], "totalResults": 1}), Unreadable),
        (answered({"results": [], "totalResults": 2}), Broken),
    ],
)
def test_what_is_no_answer_is_an_error(answer: Answer, kind: type[ArchiveError]) -> None:
    with pytest.raises(kind) as raised:
        found(answer, at(M77))
    assert raised.value.archive == "mast"


def test_an_answer_that_breaks_off_keeps_what_came_and_says_so() -> None:
    rows = [{"sci_data_set_name": f"D{number}"} for number in range(3)]

    def answer(request: Request) -> Answer:
        if json.loads(request.body)["offset"]:
            return Answer(b"", "text/plain", 500)
        return answered({"results": rows, "totalResults": 5})

    with opened(served(answer)) as (_, door):
        table, *notes = list(missions.search([words(pi="Kim")], door))
    assert len(table) == 3  # type: ignore[arg-type]
    assert [note.why for note in notes if isinstance(note, Note)] == [Why.TRUNCATED]


def test_pages_follow_one_another_in_one_order() -> None:
    def answer(request: Request) -> Answer:
        asked = json.loads(request.body)
        assert asked["sort_by"] == ["sci_data_set_name"]
        first = asked["offset"]
        rows = [{"sci_data_set_name": f"D{n}"} for n in range(first, min(first + 4, 10))]
        return answered({"results": rows, "totalResults": 10})

    with opened(served(answer)) as (server, door):
        tables = list(missions.search([words(pi="Kim")], door))
    assert [len(table) for table in tables] == [4, 4, 2]  # type: ignore[arg-type]
    assert [json.loads(r.body)["offset"] for r in server.seen[1:]] == [0, 4, 8]


def test_a_position_that_mast_writes_in_its_own_way_is_recognised() -> None:
    row = {"sci_data_set_name": "X", "search_pos": "40.66963 -0.01328"}
    queries = [at(M87), at((40.66963000001, -0.01328))]
    table, _ = found(answered({"results": [row], "totalResults": 1}), *queries)
    assert plain_values(table["query"]) == [1]


def test_hundreds_of_targets_are_asked_for_a_hundred_at_a_time(
    box: Sandbox, atlas: Session
) -> None:
    sky = [Target(f"t{n}", 10.0 + n / 10, -5.0) for n in range(248)]
    targets = [*sky, Target("M 77", *M77), Target("M 87", *M87)]
    rows = atlas.search(targets, radius="3 arcmin", archives="mast", table="hst").table
    assert [len(body["target"]) for body in posted(box)] == [100, 100, 50]
    assert set(plain_values(rows["target"])) == {"M 77", "M 87"}
    assert max(rows["distance"]) < 180
    assert set(plain_values(rows["target_name"][rows["target"] == "M 87"])) == {"NGC4486", "M87"}


def test_positions_as_numpy_has_them_are_written_as_numbers(box: Sandbox, atlas: Session) -> None:
    target = Target("M 77", np.float64(M77[0]), np.float64(M77[1]))
    assert len(atlas.search(target, archives="mast", table="hst").table) == 7
    assert posted(box)[0]["target"] == ["40.669629 -0.013281"]


def test_targets_whose_circles_overlap_share_rows(box: Sandbox, atlas: Session) -> None:
    pair = [Target("one", *M77), Target("two", M77[0], M77[1] + 0.01)]
    rows = atlas.search(pair, radius="3 arcmin", archives="mast", table="jwst").table
    one, two = (set(rows["obs_id"][rows["target"] == name]) for name in ("one", "two"))
    assert one == two != set()
    assert len(posted(box)) == 1


def test_a_radius_that_mast_would_cut_is_refused_before_anything_is_sent(
    box: Sandbox, atlas: Session
) -> None:
    with pytest.raises(BadInput, match="30 arcmin"):
        atlas.search(M77, radius="31 arcmin", archives="mast", table="hst")
    assert not posted(box)
    assert len(atlas.search(M77, radius="30 arcmin", archives="mast", table="hst").table)


def test_a_star_by_its_number_and_an_unknown_table_are_refused(atlas: Session) -> None:
    star = Query(Target("TIC 1", ids={"TIC": "1"}), table="hst")
    with opened(lambda _: answered({})) as (server, door):
        with pytest.raises(BadInput, match="position"):
            list(missions.search([star], door))
        with pytest.raises(BadInput, match="hst, jwst"):
            list(missions.search([Query(table="voyager")], door))
    assert not server.seen


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"instrument": "WFC3/UVIS"}, {"IDHQ01010"}),
        ({"instrument": "STIS"}, {"OC4N01010", "OC4N02010"}),
        ({"program": "GO-12345"}, {"JABC01010", "JABC02010"}),
        ({"pi": "haddad"}, {"OC4N01010", "OC4N02010"}),
        ({"target_name": "NGC-1068*"}, {"IDHQ01010"}),
        ({"kind": "spectrum"}, {"OC4N01010", "OC4N02010"}),
        ({"time": "1994"}, {"U2M30101M"}),
        ({"public": True, "program": "17999"}, set()),
        ({"collection": "JWST"}, set()),
        ({"kind": "cube"}, set()),
        ({"parameters": {"sci_spec_1234": "F606W*"}}, {"JABC02010"}),
        ({"parameters": {"sci_central_wavelength": "8000..9000"}}, {"JABC01010"}),
    ],
)
def test_filters_choose_at_mast(atlas: Session, filters: dict[str, Any], names: set[str]) -> None:
    answer = atlas.search(M77, radius="3 arcmin", archives="mast", table="hst", **filters)
    assert not answer.failures
    assert set(plain_values(answer.table["obs_id"])) == names


def test_words_without_a_place_find_the_same(atlas: Session) -> None:
    answer = atlas.search(archives="mast", table="jwst", program="2733", time="2022..2023")
    kinds = dict(zip(answer.table["obs_id"], answer.table["dataproduct_type"], strict=True))
    assert len(kinds) == 3
    assert set(kinds.values()) == {"image"}
    assert set(answer.table["calib_level"]) == {3}
    assert set(answer.table["s_region"].mask) == {False}


def test_a_column_that_is_not_there_is_refused_with_the_likely_one(
    box: Sandbox, atlas: Session
) -> None:
    with pytest.raises(BadInput, match="did you mean sci_instrume"):
        atlas.search(M77, archives="mast", table="hst", parameters={"sci_instrument": "ACS"})
    assert not posted(box)


def test_the_list_of_columns_is_asked_for_once(box: Sandbox, atlas: Session) -> None:
    for _ in range(3):
        atlas.search(M77, archives="mast", table="hst")
    asked = [one for one in box.requests if one.path.endswith("column_list")]
    assert len(asked) == 1
    assert len(posted(box)) == 3


def test_without_the_list_of_columns_the_search_goes_on(box: Sandbox, atlas: Session) -> None:
    box.fault("html", "column_list")
    rows = atlas.search(M77, archives="mast", table="hst", radius="3 arcmin").table
    assert len(rows) == 7
    assert "select_cols" not in posted(box)[0]


@pytest.mark.parametrize("word", ["NGC1068,M31", "!M31"])
def test_words_that_mean_something_else_to_mast_are_refused(atlas: Session, word: str) -> None:
    with pytest.raises(BadInput, match="comma means or"):
        atlas.search(M77, archives="mast", table="hst", target_name=word)


def test_a_limit_is_sent_and_said(box: Sandbox, atlas: Session) -> None:
    answer = atlas.search(M77, archives="mast", table="hst", limit=2)
    assert len(answer.table) == 2
    assert posted(box)[0]["limit"] == 2
    assert Why.LIMITED in [note.why for note in answer.reports[0].notes]


def test_a_limit_does_not_hide_rows_that_the_house_would_have_kept(atlas: Session) -> None:
    answer = atlas.search(M77, archives="mast", table="hst", limit=1, time="1994")
    assert plain_values(answer.table["obs_id"]) == ["U2M30101M"]


def test_that_fields_do_not_count_is_told(atlas: Session) -> None:
    notes = atlas.search(M77, archives="mast", table="hst").reports[0].notes
    assert any("not found" in note.text for note in notes if note.why is Why.ASSUMED)


def listed(atlas: Session, table: str, **wishes: Any) -> list[Product]:
    rows = atlas.search(M77, radius="3 arcmin", archives="mast", table=table, public=True)
    return list(atlas.plan(rows, Ask(**wishes)).products)


def test_what_is_calibrated_comes_without_a_wish(atlas: Session) -> None:
    hst = {one.category for one in listed(atlas, "hst")}
    assert hst == {"SCIENCE.DRC", "SCIENCE.FLC", "SCIENCE.X1D", "SCIENCE.C0M"}
    jwst = {one.category for one in listed(atlas, "jwst")}
    assert jwst == {"SCIENCE.I2D", "SCIENCE.S3D", "SCIENCE.X1D", "SCIENCE.CAL"}


def test_wishes_add_files(atlas: Session) -> None:
    more = {one.category for one in listed(atlas, "hst", previews=True, ancillary=True)}
    assert {"PREVIEW.DRC", "AUXILIARY.SPT"} <= more
    raw = listed(atlas, "hst", only=(("productSubGroupDescription", ("RAW",)),))
    assert {one.category for one in raw} == {"SCIENCE.RAW"}
    members = {one.obs_id for one in raw}
    assert {"jabc01a1q", "jabc01a2q"} <= members


def test_both_ways_to_mast_bring_the_same_files(atlas: Session) -> None:
    portal = atlas.search(
        M77, radius="3 arcmin", archives="mast", collection="HST", public=True,
        parameters={"project": "HST"},
    )  # fmt: skip
    theirs = {one.product_id for one in atlas.plan(portal).products}
    assert {one.product_id for one in listed(atlas, "hst")} == theirs != set()


def test_a_file_comes_by_the_mission_s_own_address(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    rows = atlas.search(M77, archives="mast", table="hst", program="12345", limit=1)
    done = atlas.fetch(rows, tmp_path)
    assert not done.failures
    assert {receipt.path.name for receipt in done.receipts} == {
        "jabc01010_drc.fits", "jabc01a1q_flc.fits", "jabc01a2q_flc.fits",
    }  # fmt: skip
    assert any("retrieve_product" in one.url for one in box.requests)
    assert not any("Download/file" in one.url for one in box.requests)


def test_where_that_address_fails_the_portal_s_is_asked(
    box: Sandbox, atlas: Session, tmp_path: Path
) -> None:
    box.fault("html", "retrieve_product")
    rows = atlas.search(M77, archives="mast", table="jwst", program="2655", limit=1)
    done = atlas.fetch(rows, tmp_path, ask=Ask(cloud=False))
    assert not done.failures
    assert done.receipts
    assert any("Download/file" in one.url for one in box.requests)


def test_exclusive_files_are_told_before_the_download(atlas: Session) -> None:
    rows = atlas.search(M77, archives="mast", table="jwst", program="9999")
    assert set(plain_values(rows.table["data_rights"])) == {"proprietary"}
    plan = atlas.plan(rows)
    assert {one.provenance["data_rights"] for one in plan.products} == {"proprietary"}
    assert Why.PROPRIETARY in [note.why for note in plan.notes]


def test_thousands_of_data_sets_are_asked_for_a_thousand_at_a_time(recorded: Path) -> None:
    body = (recorded / "mission_products.json").read_bytes()
    rows = missions_rows.obscore(
        HST,
        [
            {"sci_data_set_name": "Z14Z0104T"},
            *({"sci_data_set_name": f"D{n}"} for n in range(1500)),
        ],
    )
    with opened(lambda _: Answer(body, "application/json")) as (server, door):
        parts = list(Mast().products(rows, door, Ask(cloud=False, everything=True)))
    asked = [json.loads(request.body)["dataset_ids"] for request in server.seen]
    assert [len(ids) for ids in asked] == [1000, 501]
    files = [part for part in parts if isinstance(part, Product)]
    assert [one.name for one in files] == [row["filename"] for row in json.loads(body)["products"]]
    assert files[0].url == (
        "https://mast.stsci.edu/search/hst/api/v0.1/retrieve_product"
        "?product_name=Z14Z0104T%2Fz14z0104t_shf.fits"
    )
    assert files[0].product_id == "mast:HST/product/z14z0104t_shf.fits"
    assert files[0].size == 31680
    (told,) = [part for part in parts if isinstance(part, Note)]
    assert told.count == 1500


@pytest.mark.parametrize(
    "answer",
    [
        answered({}), answered([]), answered({"products": [{"filename": "x"}]}),
        Answer(b"<html>", "text/html"), Answer(b"", "text/plain", 500),
    ],
)  # fmt: skip
def test_a_list_of_files_that_does_not_come_is_told(answer: Answer) -> None:
    rows = missions_rows.obscore(JWST, [{"fileSetName": "jw1"}])
    with opened(lambda _: answer) as (_, door):
        parts = list(Mast().products(rows, door, Ask()))
    assert [part.why for part in parts if isinstance(part, Note)] == [Why.UNANSWERED]
    assert len(parts) == 1


def test_a_column_that_mast_has_not_is_asked_by_only_where_nobody_else_can_judge() -> None:
    column = {"column_name": "fileSetName", "qual_type": "string", "queryable": "yes",
              "default_output": "yes"}  # fmt: skip

    def answer(request: Request) -> Answer:
        if "column_list" in request.path:
            return answered([column])
        return answered({"results": [], "totalResults": 0})

    with opened(answer) as (server, door):
        list(missions.search([Query(table="jwst", public=True, time=Interval(59000, None))], door))
        assert json.loads(server.seen[-1].body)["conditions"] == []
        with pytest.raises(BadInput, match="no column 'pi_name'"):
            list(missions.search([Query(table="jwst", pi="Kim")], door))


def test_a_data_set_that_nobody_asked_for_breaks_nothing(recorded: Path) -> None:
    body = (recorded / "mission_products.json").read_bytes()
    rows = missions_rows.obscore(HST, [{"sci_data_set_name": "ANOTHER"}])
    with opened(lambda _: Answer(body, "application/json")) as (_, door):
        parts = list(Mast().products(rows, door, Ask(cloud=False, everything=True)))
    assert len([part for part in parts if isinstance(part, Product)]) == 5
    assert [part.count for part in parts if isinstance(part, Note)] == [1]


def test_times_are_sent_where_there_is_no_place() -> None:
    with opened(served(lambda _: answered({"results": [], "totalResults": 0}))) as (server, door):
        list(missions.search([words(time=Interval(52640.5, None))], door))
        list(missions.search([words(time=Interval(None, 52640.5))], door))
    first, second = (json.loads(one.body)["conditions"] for one in server.seen if one.body)
    assert first == [{"sci_stop_time": ">=2003-01-01T12:00:00.000000"}]
    assert second == [{"sci_start_time": "<=2003-01-01T12:00:00.000000"}]
