"""Tables that come along with a query, in sync and in jobs, by hand and by pyvo."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from astropy.io.votable import from_table, parse_single_table
from astropy.table import MaskedColumn, Table
from pyvo.dal import DALQueryError, TAPService

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.publisher_taps import UPLOAD_ROWS

pytestmark = pytest.mark.usefixtures("closed_sessions")

ZEPHYR = "tap.zephyr.example/tap"
JOIN = (
    "SELECT mine.name, o.obs_publisher_did FROM TAP_UPLOAD.mine AS mine JOIN ivoa.obscore AS o "
    "ON 1 = CONTAINS(POINT('ICRS', mine.ra, mine.dec), o.s_region) ORDER BY o.obs_publisher_did"
)


@pytest.fixture
def zephyr(box: Sandbox) -> Iterator[TAPService]:
    with requests.Session() as session:
        yield TAPService(f"{box.url}/{ZEPHYR}", session=session)


def places() -> Table:
    return Table(
        {
            "name": MaskedColumn(["M 77", "Nirgends", "Öde"], mask=[False, False, True]),
            "ra": [40.669629, 200.0, 201.5],
            "dec": [-0.013281, 80.0, 80.5],
            "n": MaskedColumn([1, 2, 3], mask=[False, True, False], dtype="int16"),
        }
    )


def votable(table: Table, form: str = "tabledata") -> bytes:
    stream = io.BytesIO()
    from_table(table).to_xml(stream, tabledata_format=form)
    return stream.getvalue()


def post(box: Sandbox, upload: str, *files: bytes, query: str = JOIN, where: str = "sync") -> str:
    data = {"LANG": "ADQL", "QUERY": query, "UPLOAD": upload, "REQUEST": "doQuery"}
    parts = {f"part{number}": ("t.xml", body) for number, body in enumerate(files, 1)}
    url = f"{box.url}/{ZEPHYR}/{where}"
    return requests.post(url, data=data, files=parts, timeout=30).text


def table_of(text: str) -> Table:
    return parse_single_table(io.BytesIO(text.encode())).to_table(use_names_over_ids=True)


@pytest.mark.parametrize("form", ["tabledata", "binary2"])
def test_an_uploaded_table_comes_back_as_it_was(box: Sandbox, form: str) -> None:
    sent = places()
    sent["ra"].unit = "deg"
    query = "SELECT * FROM TAP_UPLOAD.mine"
    back = table_of(post(box, "mine,param:part1", votable(sent, form), query=query))
    assert back.colnames == sent.colnames
    assert str(back["ra"].unit) == "deg"
    assert back["n"].dtype.str[1:] == "i2"
    assert list(back["n"].mask) == [False, True, False]
    assert list(back["name"])[:2] == ["M 77", "Nirgends"]
    assert list(back["ra"]) == list(sent["ra"])


def test_an_uploaded_table_is_joined_in_sync_and_in_a_job(zephyr: TAPService) -> None:
    sync = zephyr.run_sync(JOIN, uploads={"mine": places()}).to_table()
    later = zephyr.run_async(JOIN, uploads={"mine": places()}).to_table()
    assert len(sync) > 0
    assert set(sync["name"]) == {"M 77"}
    assert list(sync["obs_publisher_did"]) == list(later["obs_publisher_did"])


def test_an_upload_can_be_posted_to_a_pending_job(box: Sandbox) -> None:
    base = f"{box.url}/{ZEPHYR}/async"
    job = requests.post(base, data={"QUERY": "select count(*) as n from x"}, timeout=30).url
    parts = {"part1": ("t.xml", votable(places()))}
    more = {"UPLOAD": "mine,param:part1"}
    requests.post(f"{job}/parameters", data=more, files=parts, timeout=30)
    other = {"QUERY": "select count(*) as n from TAP_UPLOAD.mine"}
    requests.post(f"{job}/parameters", data=other, timeout=30)
    requests.post(f"{job}/phase", data={"PHASE": "RUN"}, timeout=30)
    ended = requests.get(job, params={"WAIT": "30", "PHASE": "EXECUTING"}, timeout=40).text
    assert "<uws:phase>COMPLETED</uws:phase>" in ended
    assert table_of(requests.get(f"{job}/results/result", timeout=30).text)["n"][0] == 3


def test_two_tables_can_be_joined_with_each_other(box: Sandbox) -> None:
    query = "SELECT count(*) AS n FROM TAP_UPLOAD.a AS a JOIN TAP_UPLOAD.b AS b ON a.ra = b.ra"
    both = post(box, "a,param:part1;b,param:part2", *[votable(places())] * 2, query=query)
    assert table_of(both)["n"][0] == 3


def test_an_uploaded_table_is_there_for_one_query_only(box: Sandbox) -> None:
    query = "SELECT count(*) AS n FROM TAP_UPLOAD.mine"
    assert table_of(post(box, "mine,param:part1", votable(places()), query=query))["n"][0] == 3
    assert "Unknown table 'TAP_UPLOAD.mine'" in post(box, "", query=query)
    failed = post(box, "mine,param:part1", votable(places()), query="SELECT x FROM TAP_UPLOAD.mine")
    assert "Unknown column" in failed
    assert table_of(post(box, "mine,param:part1", votable(places()), query=query))["n"][0] == 3


def test_regions_of_an_upload_can_be_asked_for(box: Sandbox) -> None:
    text = (
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        '<FIELD name="c" datatype="double" arraysize="3" xtype="circle"/><DATA><TABLEDATA>'
        "<TR><TD>40.669629 -0.013281 0.1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    query = (
        "SELECT count(*) AS n FROM ivoa.obscore AS o JOIN TAP_UPLOAD.mine AS m "
        "ON 1 = INTERSECTS(o.s_region, m.c)"
    )
    assert table_of(post(box, "mine,param:part1", text.encode(), query=query))["n"][0] > 0


def test_a_table_is_fetched_from_this_machine_and_from_nowhere_else(box: Sandbox) -> None:
    query = "SELECT count(*) AS n FROM TAP_UPLOAD.mine"
    address = f"{box.url}/archive.eso.org/tap_obs/sync?QUERY=select+top+7+dp_id+from+dbo.raw"
    assert table_of(post(box, f"mine,{address}", query=query))["n"][0] == 7
    assert "cannot be fetched" in post(box, f"mine,{box.url}/nothing/here", query=query)
    elsewhere = post(box, "mine,https://data.example/t.xml", query=query)
    assert "cannot fetch https://data.example/t.xml" in elsewhere
    assert "does not take tables from file" in post(box, "mine,file:///etc/passwd", query=query)


@pytest.mark.parametrize(
    ("upload", "body", "words"),
    [
        ("mine", b"", "not of the form NAME,param:PART"),
        ("my table,param:part1", b"", "not of the form NAME,param:PART"),
        ("mine,param:other", b"", "no part other"),
        ("mine,param:part1", b"this is no table", "mine is no VOTable"),
        ("mine,param:part1", b"", "mine is no VOTable"),
        ("mine,param:part1;mine,param:part1", votable(places()), "Two uploaded tables"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    box: Sandbox, upload: str, body: bytes, words: str
) -> None:
    text = post(box, upload, body)
    assert 'value="ERROR"' in text
    assert words in text


def test_more_rows_than_declared_are_refused(box: Sandbox, zephyr: TAPService) -> None:
    assert zephyr.get_tap_capability().uploadlimit.hard.content == UPLOAD_ROWS
    long = Table({"n": range(UPLOAD_ROWS + 1)})
    with pytest.raises(DALQueryError, match=f"more than {UPLOAD_ROWS} rows"):
        zephyr.run_sync("SELECT n FROM TAP_UPLOAD.mine", uploads={"mine": long})
    fits = zephyr.run_sync("SELECT count(*) AS n FROM TAP_UPLOAD.m", uploads={"m": long[:-1]})
    assert fits["n"][0] == UPLOAD_ROWS


def test_a_part_may_hold_any_bytes(box: Sandbox) -> None:
    table = Table({"text": ["line\r\n--line", "Würzburg --x--"]})
    query = "SELECT text FROM TAP_UPLOAD.mine"
    back = table_of(post(box, "mine,param:part1", votable(table, "binary2"), query=query))
    assert list(back["text"]) == ["line\r\n--line", "Würzburg --x--"]
