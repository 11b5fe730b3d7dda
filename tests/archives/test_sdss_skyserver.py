"""This file reads what SkyServer answers: rows, nothing, and its many ways to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdss_answers import answered, opened, table

from skyatlas.archives.sdss import skyserver
from skyatlas.archives.sdss.releases import release
from skyatlas.errors import ArchiveError, Broken, Busy, Unreadable
from skyatlas.model import Why
from skyatlas.testing import Answer


def asked(answer: Answer) -> list[skyserver.Row]:
    with opened(lambda _: answer) as (_, door):
        return skyserver.sql(door, release(), "SELECT 1")


def text(words: str, kind: str = "text/plain", status: int = 200) -> Answer:
    return Answer(words.encode(), kind, status)


def test_rows_keep_their_types_and_all_digits() -> None:
    row = {"objid": 1237652943176138868, "ra": 2.02344596303, "run2d": "26", "z": None}
    assert asked(table([row])) == [row]


@pytest.mark.parametrize(
    "answer",
    [
        table([]),
        text("No objects have been found\n"),
        text("#Table1\nra,dec,objid\n"),
        text("ra,dec,objid\n"),
    ],
)
def test_no_rows_are_no_rows(answer: Answer) -> None:
    assert asked(answer) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            answered({"ErrorCode": 500, "ErrorMessage": "Invalid column name 'x'."}),
            "Invalid column",
        ),
        (answered({"error_message": "Incorrect syntax near 'FORM'."}), "Incorrect syntax"),
        (
            text(
                "<html><head><title>Skyserver Error</title></head><body><h2>An error occured</h2>"
                "<H3 BGCOLOR=pink><font color=red>Timeout expired.<br></font></H3></body></html>",
                "text/html",
            ),
            "Timeout expired",
        ),
        (text("<html><title>SDSS error message</title><h3>Bad SQL</h3></html>"), "Bad SQL"),
        (text("#Table1\nerror_message\nno such table\n"), "no such table"),
        (answered({"ErrorCode": 500, "ErrorMessage": "too slow"}, 500), "too slow"),
    ],
)
def test_its_errors_are_errors_with_its_words(answer: Answer, words: str) -> None:
    with pytest.raises(Broken, match=words) as raised:
        asked(answer)
    assert raised.value.archive == "sdss"


def test_the_61st_question_of_a_minute_is_busy() -> None:
    words = '#Table1\n"ERROR: Maximum 60 queries allowed per minute. Rejected query: SELECT \n'
    with pytest.raises(Busy) as raised:
        asked(text(words))
    assert raised.value.wait == 60.0


@pytest.mark.parametrize(
    "answer",
    [
        text("<html><body>We are moving.</body></html>", "text/html"),
        text(""),
        answered({"rows": []}),
        answered([1, 2]),
        answered([{"TableName": "Table1", "Rows": [3]}]),
        text('[{"TableName": "Table1", "Rows": [{"ra": 2.0}, {"ra"'),
        text("#Table1\nra,dec\n1.0,2.0\n3.0\n"),
        text("we are moving to a new building, 3 days\n"),
    ],
)
def test_what_is_no_table_is_unreadable_and_not_empty(answer: Answer) -> None:
    with pytest.raises(Unreadable):
        asked(answer)


def test_the_recorded_tables_are_read(shared_data: Path) -> None:
    folder = shared_data / "responses" / "astroquery_sdss"
    found = asked(Answer((folder / "xid_im.txt").read_bytes(), "text/plain"))
    assert len(found) == 18
    first = {"ra": 2.02344282607, "dec": 14.8398204075, "objid": 1237653651835781245, "run": 1904}
    assert found[0] == {**first, "rerun": 301, "camcol": 3, "field": 163}
    (one,) = asked(Answer((folder / "xid_sp.txt").read_bytes(), "text/plain"))
    assert (one["run2d"], one["instrument"], one["z"]) == (26, "SDSS", 0.04559058)
    # SkyServer does not double the quotes in its own descriptions: no line is guessed at.
    with pytest.raises(Unreadable, match="different lengths"):
        asked(Answer((folder / "specobj_doc.txt").read_bytes(), "text/plain"))


def test_a_cut_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skyserver, "MOST_ROWS", 2)
    assert not list(skyserver.cut([{}]))
    (note,) = skyserver.cut([{}, {}])
    assert note.why is Why.TRUNCATED


def test_positions_are_uploaded_as_lines() -> None:
    with opened(lambda _: text("#Table1\nup_name\np0\n")) as (server, door):
        places = [(2.0234427, -14.83982), (0.1, 89.9)]
        found = skyserver.upload(door, release(12), "SELECT u.up_name", places, 0.05)
    assert found == [{"up_name": "p0"}]
    (request,) = server.seen
    assert request.path == "/dr12/en/tools/search/X_Results.aspx"
    assert "name ra dec\np0 2.0234427 -14.83982\np1 0.1 89.9" in request.words
    assert "\r\n\r\n3.0\r\n" in request.words  # arcmin


def test_every_failure_says_who_and_where() -> None:
    for answer in (text("<html>"), answered({"error_message": "no"}), answered([])):
        with pytest.raises(ArchiveError) as raised:
            asked(answer)
        assert raised.value.url.startswith("https://skyserver.sdss.org/dr17/")
