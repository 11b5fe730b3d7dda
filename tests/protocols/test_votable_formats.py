"""Answers in FITS and Parquet, and FITS inside a VOTable: the same `Results`."""

from __future__ import annotations

import base64
import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from votable_writing import document

from skyatlas.errors import MissingExtra, Unreadable
from skyatlas.protocols.votable import Results, results_in


def read(body: bytes) -> Results:
    return results_in(body, archive="somewhere", wanted="rows")


def written(*columns: fits.Column, **cards: Any) -> bytes:
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(cards)
    stream = BytesIO()
    fits.HDUList([fits.PrimaryHDU(np.zeros((3, 5))), table]).writeto(stream)
    return stream.getvalue()


def everything() -> list[fits.Column]:
    def column(name: str, form: str, values: Any, **facts: Any) -> fits.Column:
        return fits.Column(name=name, format=form, array=np.array(values), **facts)

    varying = np.empty(2, dtype=object)
    varying[:] = [np.array([1.5, 2.5], ">f4"), np.array([], ">f4")]
    return [
        column("text", "6A", [b"M 51", b""]),
        column("utf", "6A", ["é".encode(), b"x"]),
        column("flag", "L", [True, False]),
        column("bits", "11X", np.arange(22).reshape(2, 11) % 3 == 0),
        column("byte", "B", [1, 255]),
        column("short", "I", [-5, 7], null=-5),
        column("unsigned", "I", np.array([1, 65535], np.uint16), bzero=32768),
        column("int", "J", [-1, 2**31 - 1]),
        column("long", "K", [-(2**62), 5]),
        column("float", "E", [1.5, np.nan], unit="mJy"),
        column("double", "D", [40.669879166666668, -np.inf], unit="deg"),
        column("complex", "M", [1 + 2j, 3]),
        column("array", "6D", np.arange(12.0).reshape(2, 2, 3), dim="(3,2)"),
        fits.Column(name="varying", format="PE(2)", array=varying),
        fits.Column(name="words", format="PA(9)", array=np.array(["hi", "there"], dtype=object)),
    ]


def test_every_form_of_a_fits_column_is_read() -> None:
    table = read(written(*everything())).table
    assert table["text"].tolist() == ["M 51", ""]
    assert table["utf"].tolist() == ["é", "x"]
    assert table["flag"].tolist() == [True, False]
    assert table["bits"].tolist() == (np.arange(22).reshape(2, 11) % 3 == 0).tolist()
    assert table["byte"].tolist() == [1, 255]
    assert table["short"].mask.tolist() == [True, False]
    assert table["unsigned"].tolist() == [1, 65535]
    assert table["int"].tolist() == [-1, 2**31 - 1]
    assert table["long"].tolist() == [-(2**62), 5]
    assert table["float"].mask.tolist() == [False, True]
    assert table["double"].tolist() == [40.669879166666668, -np.inf]
    assert table["complex"].tolist() == [1 + 2j, 3]
    assert table["array"].tolist() == np.arange(12.0).reshape(2, 2, 3).tolist()
    assert [cell.tolist() for cell in table["varying"]] == [[1.5, 2.5], []]
    assert table["words"].tolist() == ["hi", "there"]
    assert all(column.dtype.isnative for column in table.itercols() if column.dtype.kind != "O")


def test_what_fits_says_of_its_columns_is_kept() -> None:
    column = fits.Column(name="ra", format="D", array=np.array([1.0]), unit="deg")
    long = "Right ascension of the centre of the field, ICRS, at the epoch of the observation"
    results = read(written(column, TUCD1="pos.eq.ra", TUTYP1="x:y", TCOMM1=long))
    (field,) = results.fields
    assert (field.name, field.unit, field.ucd, field.utype) == ("ra", "deg", "pos.eq.ra", "x:y")
    assert field.description == results.table["ra"].description == long
    assert str(results.table["ra"].unit) == "deg"
    assert results.overflow is False


def test_scaled_numbers_are_read_as_what_they_stand_for() -> None:
    column = fits.Column(name="x", format="I", array=np.array([1, 2, -9], np.int16), null=-9)
    scaled = read(written(column, TSCAL1=0.5, TZERO1=100.0)).table["x"]
    assert scaled.tolist() == [100.5, 101.0, None]
    moved = read(written(column, TZERO1=1000.0)).table["x"]
    assert (moved.tolist(), moved.dtype.kind) == ([1001, 1002, None], "i")


def test_a_fits_file_that_is_cut_anywhere_is_refused_without_a_warning() -> None:
    body = written(*everything())
    header = body.rindex(b"END" + b" " * 77)
    data = -(-header // 2880) * 2880
    for end in (*range(9, header, 500), data, data + 50):
        with pytest.raises(Unreadable, match=r"cut off|no binary table"):
            read(body[:end])


@pytest.mark.parametrize(
    ("card", "value"), [("TFORM1", "1Z"), ("TFIELDS", 9), ("NAXIS1", 3), ("PCOUNT", -1)]
)
def test_a_fits_header_that_makes_no_sense_is_refused(card: str, value: object) -> None:
    body = written(fits.Column(name="ra", format="D", array=np.array([1.0])))
    at = body.rindex(f"{card:<8}=".encode())
    text = f"'{value}'" if isinstance(value, str) else f"{value:>20}"
    damaged = body[:at] + f"{card:<8}= {text:<70}".encode() + body[at + 80 :]
    with pytest.raises(Unreadable):
        read(damaged)


def test_fits_inside_a_votable_has_the_words_of_the_votable() -> None:
    code = base64.b64encode(
        written(fits.Column(name="x", format="D", array=np.array([1.0])))
    ).decode()
    data = f'<FITS extnum="1"><STREAM encoding="base64">{code}</STREAM></FITS>'
    field = '<FIELD name="ra" datatype="double" unit="deg"/>'
    table = read(document(field, data)).table
    assert (table["ra"].tolist(), str(table["ra"].unit)) == ([1.0], "deg")
    with pytest.raises(Unreadable, match="1 columns and not 2"):
        read(document(field * 2, data))


def parquet_of(table: Any) -> bytes:
    parquet = pytest.importorskip("pyarrow.parquet")
    stream = BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def test_plain_parquet_is_read_with_its_nulls_masked() -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table(
        {
            "text": pa.array(["a", None, "é"]),
            "words": pa.array(["x", "x", None]).dictionary_encode(),
            "int": pa.array([1, None, -3], pa.int32()),
            "large": pa.array([2**63, None, 1], pa.uint64()),
            "double": pa.array([1.5, None, float("nan")]),
            "flag": pa.array([True, None, False]),
            "time": pa.array([0, None, 1_500], pa.timestamp("ms")),
            "list": pa.array([[1.0, 2.0], None, []], pa.list_(pa.float64())),
            "decimal": pa.array([1, None, 2]).cast(pa.decimal128(20, 0)),
        }
    )
    found = read(parquet_of(table)).table
    assert found["text"].tolist() == ["a", "", "é"]
    assert found["words"].tolist() == ["x", "x", ""]
    assert found["int"].tolist() == [1, None, -3]
    assert found["int"].dtype == np.int32
    assert found["large"].tolist() == [2**63, None, 1]
    assert found["double"].tolist() == [1.5, None, None]
    assert found["flag"].tolist() == [True, None, False]
    assert found["time"].tolist() == ["1970-01-01T00:00:00.000", "", "1970-01-01T00:00:01.500"]
    assert [cell.tolist() for cell in found["list"]] == [[1.0, 2.0], [], []]
    assert found["decimal"].tolist() == [1.0, None, 2.0]


def test_the_votable_in_a_voparquet_file_describes_its_columns() -> None:
    pa = pytest.importorskip("pyarrow")
    field = (
        '<FIELD name="ra" datatype="double" unit="deg" ucd="pos.eq.ra">'
        "<DESCRIPTION>Right ascension</DESCRIPTION></FIELD>"
    )
    schema = pa.schema(
        [pa.field("ra", pa.float64()), pa.field("other", pa.string())],
        metadata={"IVOA.VOTable-Parquet.content": document(field, "<TABLEDATA/>")},
    )
    results = read(parquet_of(pa.Table.from_pydict({"ra": [1.0], "other": ["x"]}, schema)))
    column = results.table["ra"]
    assert (str(column.unit), column.description) == ("deg", "Right ascension")
    assert [field.ucd for field in results.fields] == ["pos.eq.ra", ""]
    assert results.infos == (("QUERY_STATUS", "OK"),)


def test_a_parquet_file_that_is_cut_is_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    body = parquet_of(pa.table({"a": list(range(1000))}))
    for end in (4, 100, len(body) // 2, len(body) - 1):
        with pytest.raises(Unreadable, match="Parquet is broken"):
            read(body[:end])


def test_without_pyarrow_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'skyatlas\[parquet\]'"):
        read(b"PAR1")


def test_without_pyarrow_long_tables_have_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*map(repr, np.random.default_rng(2).uniform(0, 360, 15_000).tolist()), "", "NaN"]
    data = "".join(f"<TR><TD>{text}</TD></TR>" for text in texts)
    body = document('<FIELD name="x" datatype="double"/>', f"<TABLEDATA>{data}</TABLEDATA>")
    quick = read(body).table["x"]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    plain = read(body).table["x"]
    assert quick.tolist() == plain.tolist()
