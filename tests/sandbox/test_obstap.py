"""ivoa.obscore of an invented publisher: its data sets, the standard's columns, every format."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import requests
from astropy.io.votable import parse, parse_single_table
from astropy.table import Table
from pyvo.dal import TAPService

from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.obscore import MODEL, NEEDED, STANDARD
from skyatlas.sandbox.publishers import PUBLISHERS
from skyatlas.sandbox.vo_holdings import items

pytestmark = pytest.mark.usefixtures("closed_sessions")

ZEPHYR = next(publisher for publisher in PUBLISHERS if publisher.name == "zephyr")
QUERY = "SELECT * FROM ivoa.obscore ORDER BY obs_publisher_did"


@pytest.fixture
def tap(box: Sandbox) -> Iterator[TAPService]:
    with requests.Session() as session:
        yield TAPService(f"{box.url}/tap.zephyr.example/tap", session=session)


def ask(tap: TAPService, form: str, query: str = QUERY) -> requests.Response:
    data = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form}
    return requests.post(f"{tap.baseurl}/sync", data=data, timeout=30)


def rows(table: Table) -> list[list[object]]:
    """Cells as Python's own values; None where there is none."""
    return [
        [None if value is np.ma.masked or value == "" else value for value in row]
        for row in zip(*(column.tolist() for column in table.columns.values()), strict=True)
    ]


def test_obscore_holds_the_publishers_data_sets(tap: TAPService, box: Sandbox) -> None:
    found = tap.search(QUERY).to_table()
    truth = {item.dp_id: item.row for item in items(ZEPHYR, box.world.seed)}
    assert set(found["obs_publisher_did"]) == set(truth)
    for row in found:
        said = truth[row["obs_publisher_did"]]
        for name in ("s_ra", "s_dec", "em_min", "em_max", "t_min", "target_name", "s_region"):
            assert row[name] == said[name]
        assert np.ma.is_masked(row["em_xel"]) == ("em_xel" not in said)


def test_its_columns_are_the_standards(tap: TAPService) -> None:
    fields = {field.name: field for field in tap.search(QUERY, maxrec=1).fielddescs}
    assert set(NEEDED) <= set(fields)
    for name, column in STANDARD.items():
        if name in fields:
            field = fields[name]
            assert (field.ucd, field.utype) == (column.ucd, column.utype)
            assert str(field.unit or "") == column.unit
    declared = {column.name: column for column in tap.tables["ivoa.obscore"].columns}
    assert declared["em_min"].utype == STANDARD["em_min"].utype
    assert MODEL in {model.ivo_id for model in tap.get_tap_capability().datamodels}


def test_every_format_is_declared_and_holds_the_same_rows(tap: TAPService) -> None:
    declared = {form.mime for form in tap.get_tap_capability().outputformats}
    plain = ask(tap, "votable")
    truth = parse_single_table(io.BytesIO(plain.content)).to_table(use_names_over_ids=True)
    assert len(truth) > 10

    binary = ask(tap, "application/x-votable+xml;serialization=BINARY2")
    assert b"<BINARY2>" in binary.content
    table = parse_single_table(io.BytesIO(binary.content)).to_table(use_names_over_ids=True)
    assert rows(table) == rows(truth)

    packed = ask(tap, "fits")
    assert packed.headers["content-type"] in declared
    table = Table.read(io.BytesIO(packed.content), format="fits")
    assert table.colnames == truth.colnames
    assert table["s_ra"].tolist() == truth["s_ra"].tolist()
    assert [str(name).strip() for name in table["obs_publisher_did"]] == list(
        truth["obs_publisher_did"]
    )


def test_parquet_has_nulls_types_and_its_own_description(tap: TAPService) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    answer = ask(tap, "parquet")
    declared = {form.mime for form in tap.get_tap_capability().outputformats}
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.headers["content-type"] in declared
    table = parquet.read_table(io.BytesIO(answer.content))
    plain = ask(tap, "votable")
    truth = parse_single_table(io.BytesIO(plain.content)).to_table(use_names_over_ids=True)
    assert table.column_names == truth.colnames
    assert table["em_min"].to_pylist() == truth["em_min"].tolist()
    assert [one is None for one in table["em_xel"].to_pylist()] == list(truth["em_xel"].mask)
    assert str(table.schema.field("s_xel1").type) == "int64"
    about = table.schema.metadata[b"IVOA.VOTable-Parquet.content"]
    field = parse(io.BytesIO(about)).get_first_table().get_field_by_id_or_name("em_min")
    assert (str(field.unit), field.ucd) == ("m", "em.wl;stat.min")


def test_a_catalogue_is_a_table_of_its_own(tap: TAPService) -> None:
    near = "CONTAINS(POINT(ra, dec), CIRCLE(40.669629, -0.013281, 0.1))"
    query = f"SELECT source_id, mag FROM zephyr.zephyr_stars WHERE 1 = {near} ORDER BY mag"
    found = tap.search(query).to_table()
    assert len(found) > 0
    assert found["mag"].dtype == np.float32
    assert list(found["mag"]) == sorted(found["mag"])


def test_texts_differ_by_case_as_in_most_services(tap: TAPService) -> None:
    count = "SELECT count(*) AS n FROM ivoa.obscore WHERE obs_collection"
    assert tap.search(f"{count} = 'ZEPHYR-NIR'")["n"][0] > 0
    for condition in ("= 'zephyr-nir'", "LIKE 'zephyr%'"):
        assert tap.search(f"{count} {condition}")["n"][0] == 0
    assert tap.search(f"{count} ILIKE 'zephyr%'")["n"][0] > 0


@pytest.mark.parametrize("form", ["votable", "votable/b2", "csv", "json", "fits", "parquet"])
def test_computed_columns_can_be_written_in_every_format(tap: TAPService, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    query = (
        "SELECT obs_id, 'Öde' AS letters, NULL AS nothing, em_xel * 1.5 AS half, "
        "CASE WHEN em_xel IS NULL THEN 'x' ELSE 1 END AS mixed FROM ivoa.obscore"
    )
    answer = ask(tap, form, query)
    assert answer.status_code == 200
    if form == "fits":
        table = Table.read(io.BytesIO(answer.content), format="fits")
        assert {str(text) for text in table["letters"]} == {"?de"}
