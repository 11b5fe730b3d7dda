"""This file uploads tables: every cell arrives, and pieces are as large as the service takes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io.votable import parse_single_table, validate
from astropy.table import MaskedColumn, QTable, Table
from fault_server import FaultServer
from hypothesis import given
from hypothesis import strategies as st
from tap_server import capabilities, forms, rows

from skyatlas.errors import BadInput
from skyatlas.net.door import StreetDoor
from skyatlas.protocols import tap
from skyatlas.protocols.tap.uploads import documents, parts_of

QUESTION = "SELECT n FROM TAP_UPLOAD.mine"
XML_TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff").filter(
        lambda one: one >= " " or one in "\t\n\r"
    )
)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as one:
        one.on("/tap/capabilities", capabilities())
        one.on("/tap/sync", rows([1, 2]))
        yield one


@pytest.fixture
def service(server: FaultServer) -> tap.TapService:
    return tap.TapService("here", f"{server.url}/tap")


def read_back(table: Table) -> Table:
    (document,) = documents(table)
    return parse_single_table(BytesIO(document)).to_table()


def mixed() -> Table:
    hidden = [False, True, False]
    return Table(
        {
            "small": np.array([0, 255, 7], "u1"),
            "short": MaskedColumn(np.array([-3, 0, 9], "i2"), mask=hidden),
            "int": MaskedColumn(np.array([-(2**31), 5, 2**31 - 1], "i4"), mask=hidden),
            "long": np.array([2**53 + 1, -1, 0], "i8"),
            "single": np.array([0.1, np.inf, 1e-30], "f4"),
            "double": MaskedColumn([1 / 3, 0.0, -5e-324], mask=hidden, unit="deg"),
            "flag": MaskedColumn([True, False, False], mask=hidden),
            "word": ["a < b & 'c'", "", "“Ångström” \t x"],
            "bytes": np.array([b"x", b"yy", b""]),
        }
    )


def test_every_cell_arrives_with_full_precision_and_null_stays_null() -> None:
    sent = mixed()
    back = read_back(sent)
    assert back.colnames == sent.colnames
    for name in ("small", "long", "single"):
        assert np.array_equal(np.asarray(back[name]), np.asarray(sent[name]))
    for name in ("short", "int", "double", "flag"):
        assert np.ma.getmaskarray(np.ma.asarray(back[name])).tolist() == [False, True, False]
        kept = [0, 2]
        assert list(back[name][kept]) == list(sent[name][kept])
    assert list(back["word"]) == list(sent["word"])
    assert list(back["bytes"]) == ["x", "yy", ""]
    assert back["double"].unit == u.deg


def test_quantities_keep_their_unit() -> None:
    back = read_back(QTable({"ra": [10.5] * u.deg, "flux": [2.0] * u.Unit("W / (m2 Hz)")}))
    assert (back["ra"].unit, back["ra"][0]) == (u.deg, 10.5)
    assert back["flux"].unit == u.Unit("W / (m2 Hz)")


def test_what_goes_up_is_a_valid_votable() -> None:
    (document,) = documents(mixed())
    said = StringIO()
    assert validate(BytesIO(document), output=said), said.getvalue()


@pytest.mark.skipif(shutil.which("stilts") is None, reason="no stilts")
def test_votlint_finds_nothing_in_what_goes_up(tmp_path: Path) -> None:
    (document,) = documents(mixed())
    (tmp_path / "up.xml").write_bytes(document)
    lint = ["stilts", "votlint", "validate=true", str(tmp_path / "up.xml")]
    told = subprocess.run(lint, capture_output=True, text=True, timeout=60, check=False)
    assert (told.stdout.strip(), told.returncode) == ("", 0), told.stderr


@given(st.lists(st.tuples(st.floats(width=64), XML_TEXT), min_size=1, max_size=5))
def test_any_number_and_any_text_come_back_as_they_went(values: list[tuple[float, str]]) -> None:
    numbers, words = zip(*values, strict=True)
    back = read_back(Table({"x": np.array(numbers), "w": np.array(words, dtype=object)}))
    assert np.array_equal(np.ma.filled(back["x"], np.nan), numbers, equal_nan=True)
    # Readers differ in what they keep of white space around a cell.
    assert [str(word).strip() for word in back["w"]] == [word.strip() for word in words]


@pytest.mark.parametrize(
    "column",
    [
        np.array([[1, 2]]),
        np.array([1j]),
        np.array([2**63], "u8"),
        np.array(["a\x00b\x07"]),
        np.array([object()], dtype=object),
    ],
)
def test_what_a_votable_cannot_hold_is_refused_before_anything_is_sent(column: object) -> None:
    with pytest.raises(BadInput, match="'x'"):
        list(documents(Table({"x": column})))


def test_pieces_hold_all_rows_in_order_and_keep_both_limits() -> None:
    table = Table({"n": np.arange(100), "word": ["x" * (one % 17) for one in range(100)]})
    pieces = list(documents(table, rows=30, size=1500))
    assert all(len(piece) <= 1500 for piece in pieces)
    counts = [piece.count(b"<TR>") for piece in pieces]
    assert sum(counts) == 100
    assert max(counts) <= 30
    back = [int(n) for piece in pieces for n in parse_single_table(BytesIO(piece)).array["n"]]
    assert back == list(range(100))


def test_a_row_that_is_larger_than_the_limit_is_said() -> None:
    with pytest.raises(BadInput, match="at once"):
        list(documents(Table({"word": ["x" * 1000]}), size=800))


def test_the_longest_table_is_shared_out_and_the_others_go_whole() -> None:
    long, short = Table({"n": np.arange(5)}), Table({"m": [1, 2]})
    parts = list(parts_of({"short": short, "long": long}, rows=3))
    assert [part.upload for part in parts] == ["short,param:short;long,param:long"] * 2
    counts = [[part.files[name][1].count(b"<TR>") for name in part.files] for part in parts]
    assert counts == [[2, 3], [2, 2]]
    assert len({part.digest for part in parts}) == 2
    assert next(iter(parts_of({"short": short, "long": long}, rows=3))).digest == parts[0].digest


@pytest.mark.parametrize("name", ["", "1st", "a b", "x;y", "x,y"])
def test_a_name_that_adql_could_not_say_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no name"):
        list(parts_of({name: Table({"n": [1]})}))


def test_an_upload_goes_with_the_question(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    answer = tap.ask(door, service, QUESTION, uploads={"mine": Table({"n": [1, 2]})})
    (form,) = forms(server)
    assert (form["UPLOAD"], form["QUERY"]) == ("mine,param:mine", QUESTION)
    assert "<TD>2</TD>" in form["mine"]
    assert len(answer.table) == 2


@pytest.mark.parametrize("how", ["service", "caller"])
def test_pieces_are_asked_one_after_the_other_and_answers_put_together(
    server: FaultServer, door: StreetDoor, service: tap.TapService, how: str
) -> None:
    server.on("/tap/capabilities", capabilities(upload_rows=2 if how == "service" else 50))
    server.on("/tap/sync", rows([1, 2]), rows([3]), rows([]))
    mine = {"mine": Table({"n": np.arange(5)})}
    answer = tap.ask(door, service, QUESTION, uploads=mine, chunk=2 if how == "caller" else None)
    assert list(answer.table["n"]) == [1, 2, 3]
    assert [form["mine"].count("<TR>") for form in forms(server)] == [2, 2, 1]
    assert not answer.truncated


def test_bytes_are_a_limit_too(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/capabilities", capabilities(upload_bytes=2000))
    server.on("/tap/sync", rows([1]))
    tap.ask(door, service, QUESTION, uploads={"mine": Table({"n": np.arange(200)})})
    assert len(forms(server)) > 2
    assert all(len(form["mine"]) <= 2000 for form in forms(server))


def test_a_cut_piece_ends_the_asking_and_is_a_cut_answer(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", rows([1, 2]), rows([3, 4]), rows([5]))
    mine = {"mine": Table({"n": np.arange(3)})}
    answer = tap.ask(door, service, QUESTION, uploads=mine, chunk=1, limit=3)
    assert (list(answer.table["n"]), answer.truncated) == ([1, 2, 3], True)
    assert [form["MAXREC"] for form in forms(server)] == ["4", "2"]


def test_a_service_that_takes_no_uploads_is_not_sent_one(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/capabilities", capabilities(uploads=False))
    with pytest.raises(BadInput, match="no uploaded tables"):
        tap.ask(door, service, QUESTION, uploads={"mine": Table({"n": [1]})})
    assert not forms(server)


def test_a_piece_of_no_rows_makes_no_sense(door: StreetDoor, service: tap.TapService) -> None:
    with pytest.raises(BadInput, match="piece of 0 rows"):
        tap.ask(door, service, QUESTION, uploads={"mine": Table({"n": [1]})}, chunk=0)
