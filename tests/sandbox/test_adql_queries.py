"""ADQL in SQLite: what may be asked, what comes back, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skyatlas.sandbox.adql import BadQuery
from skyatlas.sandbox.database import Database, TooLong
from skyatlas.sandbox.eso_tables import observations
from skyatlas.sandbox.item import Item, World
from skyatlas.sandbox.tables import Column, Table
from skyatlas.sandbox.tap_schema import tap_schema

ROWS = (
    {"dp_id": "A", "instrument": "MUSE", "snr": 3.0, "n": 1, "s_region": "POSITION J2000 10.0 0.0"},
    {
        "dp_id": "B",
        "instrument": "muse",
        "snr": None,
        "n": 2,
        "s_region": "POLYGON J2000 359.9 -0.1 0.1 -0.1 0.1 0.1 359.9 0.1",
    },
    {"dp_id": "C", "instrument": "O'Neill", "snr": 100.0, "n": 3, "s_region": None},
)
COLUMNS = (
    Column("dp_id", ucd="meta.id"),
    Column("instrument"),
    Column("snr", "double", "", "stat.snr"),
    Column("n", "int"),
    Column("s_region", xtype="adql:REGION"),
)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    tables = [Table("dbo", "raw", COLUMNS, ROWS), Table("ivoa", "ObsCore", COLUMNS, ROWS[:1])]
    held = Database([*tables, *tap_schema(tables)])
    yield held
    held.close()


def ids(database: Database, where: str) -> list[object]:
    found = database.ask(f"select dp_id from dbo.raw where {where} order by dp_id", 100, 10)
    return [row[0] for row in found.rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("instrument = 'MuSe'", ["A", "B"]),
        ("instrument in ('MUSE', 'x')", ["A", "B"]),
        ("instrument not in ('MUSE')", ["C"]),
        ("instrument like 'mu%'", ["A", "B"]),
        ("instrument not like 'mu%'", ["C"]),
        ("instrument = 'O''Neill'", ["C"]),
        ("snr between 2 and 4", ["A"]),
        ("snr is null", ["B"]),
        ("snr is not null and not n = 3", ["A"]),
        ("n in (select max(n) from dbo.raw)", ["C"]),
        ("intersects(s_region, circle('ICRS', 10, 0, 0.1)) = 1", ["A"]),
        ("1 = CONTAINS(POINT('ICRS', 0.05, 0.05), s_region)", ["B"]),
        ("CONTAINS(POINT(0.05, 0.05), s_region) = 0 and s_region is not null", ["A"]),
        ("intersects(s_region, box('ICRS', 359, 0, 2.1, 1)) = 1", ["B"]),
        ("intersects(s_region, polygon('', 9, -1, 11, -1, 11, 1, 9, 1)) = 1", ["A"]),
        ("distance(point('ICRS', 10, 0), point('ICRS', 10, n)) < 1.5", ["A"]),
        ("distance(10, 0, 10, n) > 2.5", ["C"]),
        ("coord1(point('ICRS', n, 5)) = 2 and coord2(point('ICRS', n, 5)) = 5", ["B"]),
        ("area(circle('ICRS', 1, 1, n)) > 20", ["C"]),
        ("log(exp(n)) > 2.5 -- the natural one", ["C"]),
        ("mod(n, 2) = 0 or power(n, 2) > 8", ["B", "C"]),
    ],
)
def test_conditions_choose_rows(database: Database, where: str, expected: list[str]) -> None:
    assert ids(database, where) == expected


def test_fourteen_digits_of_a_position_survive(database: Database) -> None:
    answer = database.ask(
        "select coord1(point('ICRS', 266.41683123456, -29.00781234567)), "
        "coord2(point('ICRS', 266.41683123456, -29.00781234567))",
        1,
        10,
    )
    assert answer.rows == [(266.41683123456, -29.00781234567)]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select top 2 dp_id from dbo.raw order by n desc", [("C",), ("B",)]),
        ("select distinct instrument from dbo.raw order by instrument", [("MUSE",), ("O'Neill",)]),
        ("select count(*) from dbo.raw", [(3,)]),
        ("select count(*) as k from dbo.raw group by instrument having count(*) > 1", [(2,)]),
        ("select a.dp_id from dbo.raw as a join ivoa.obscore b on a.dp_id = b.dp_id", [("A",)]),
        ("select t.dp_id from (select * from dbo.raw where n = 2) as t", [("B",)]),
        ("select dp_id from ivoa.ObsCore union select dp_id from dbo.raw where n = 3", 2),
        ("with w as (select dp_id, n from dbo.raw) select * from w where n = 1", [("A", 1)]),
        ("SELECT /* a comment */ dp_id FROM DBO.RAW WHERE N = 3;", [("C",)]),
    ],
)
def test_queries_are_answered(database: Database, query: str, rows: object) -> None:
    found = database.ask(query, 100, 10).rows
    assert (len(found) if isinstance(rows, int) else found) == rows


def test_answers_carry_the_tables_own_units_and_words(database: Database) -> None:
    query = "select r.snr as quality, n, s_region, count(*) over_all, snr * 2 from dbo.raw r"
    answer = database.ask(f"{query} group by n, quality, s_region", 10, 10)
    assert answer.columns == (
        Column("quality", "double", "", "stat.snr"),
        Column("n", "int"),
        Column("s_region", xtype="adql:REGION"),
        Column("over_all", "long"),
        Column("COLUMN_5", "double"),
    )


def test_a_star_gives_all_columns_in_order(database: Database) -> None:
    assert database.ask("select * from ivoa.ObsCore", 10, 10).columns == COLUMNS
    twice = database.ask("select a.*, b.n from dbo.raw a, ivoa.ObsCore b", 10, 10)
    assert twice.columns == (*COLUMNS, COLUMNS[3])


def test_more_rows_than_wanted_are_said(database: Database) -> None:
    assert database.ask("select * from dbo.raw", 2, 10).overflow
    assert not database.ask("select * from dbo.raw", 3, 10).overflow
    assert not database.ask("select top 2 * from dbo.raw", 2, 10).overflow


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("select nope from dbo.raw", "Unknown column 'nope'"),
        ('select "nope" from dbo.raw', "Unknown column 'nope'"),
        ("select r.nope from dbo.raw r", "Unknown column 'r.nope'"),
        ("select * from dbo.nope", "Unknown table 'dbo.nope'"),
        ("select * from sqlite_master", "Unknown table 'sqlite_master'"),
        ("select nope(n) from dbo.raw", "Unknown function 'NOPE'"),
        ("select from where", "line 1, column"),
        ("select * from dbo.raw; drop table dbo.raw", "exactly one SELECT"),
        ("drop table dbo.raw", "exactly one SELECT"),
        ("update dbo.raw set n = 1", "exactly one SELECT"),
        ("attach 'x' as y", "Incorrect ADQL query"),
        ("select * from pragma_table_info('raw')", "is no table"),
        ("select load_extension('x')", "not authorized"),
        ("select zeroblob(9) from dbo.raw", "not authorized to use function"),
        ("select rowid from dbo.raw", "prohibited"),
        ("select circle('ICRS', 1, 2) from dbo.raw", "a CIRCLE needs 3 numbers"),
        ("select n from dbo.raw where contains(point('ICRS', 1, 2), 'rubbish') = 1", "no region"),
        ("", "exactly one SELECT"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(
    database: Database, query: str, sentence: str
) -> None:
    with pytest.raises(BadQuery, match=sentence):
        database.ask(query, 10, 10)


def test_nothing_is_changed_by_what_is_refused(database: Database) -> None:
    with pytest.raises(BadQuery):
        database.ask("delete from dbo.raw", 10, 10)
    assert database.ask("select count(*) from dbo.raw", 10, 10).rows == [(3,)]


def test_a_query_that_takes_too_long_is_aborted(database: Database) -> None:
    many = ", ".join(f"TAP_SCHEMA.columns c{number}" for number in range(6))
    with pytest.raises(TooLong, match=r"aborted after 0\.01 s"):
        database.ask(f"select count(*) from {many}", 10, 0.01)
    assert database.ask("select count(*) from dbo.raw", 10, 10).rows == [(3,)]


def test_tap_schema_describes_every_table_and_itself(database: Database) -> None:
    rows = database.ask("select table_name from TAP_SCHEMA.tables", 100, 10).rows
    assert {row[0] for row in rows} == {table.full_name for table in database.tables.values()}
    found = database.ask(
        "select column_name, datatype, unit, ucd, xtype from TAP_SCHEMA.columns "
        "where table_name = 'dbo.raw' order by column_index",
        100,
        10,
    )
    assert found.rows[0] == ("dp_id", "char", None, "meta.id", None)
    assert found.rows[4] == ("s_region", "char", None, None, "adql:REGION")


def test_a_world_with_unknown_columns_is_refused() -> None:
    item = Item("eso", "A", "A.fits", "application/fits", bytes, "dbo.raw", {"exposur": 3.0})
    with pytest.raises(ValueError, match=r"A has values for unknown columns: \['exposur'\]"):
        observations(World({"A": item}, (), {}, {}), None)


@pytest.mark.parametrize(
    ("join", "times"),
    [("NATURAL JOIN ivoa.ObsCore", 1), ("JOIN ivoa.ObsCore USING (dp_id)", 2)],
)
def test_columns_that_join_tables_by_name_are_there_once(
    database: Database, join: str, times: int
) -> None:
    found = database.ask(f"select * from dbo.raw {join}", 10, 10)
    names = [column.name for column in found.columns]
    assert names.count("dp_id") == 1
    assert names.count("instrument") == times
    assert [len(row) for row in found.rows] == [len(names)]
    assert found.columns[0].ucd == "meta.id"
