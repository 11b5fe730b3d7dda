"""VOTables as services write them, well and badly: a table, or one clear error, and no warning."""

from __future__ import annotations

import base64
import struct
import tracemalloc
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from votable_writing import document

from skyatlas.errors import Broken, Unreadable
from skyatlas.protocols.votable import Results, results_in
from skyatlas.protocols.votable.base64 import Base64
from skyatlas.protocols.votable.columns import unit_of
from skyatlas.protocols.votable.results import Malformed

AB = '<FIELD name="a" datatype="int"/><FIELD name="b" datatype="char" arraysize="*"/>'


def read(body: bytes | str) -> Results:
    raw = body.encode() if isinstance(body, str) else body
    return results_in(raw, archive="somewhere", wanted="rows", url="https://a.example/")


def rows(fields: str, *cells: str) -> Any:
    data = "".join(f"<TR>{row}</TR>" for row in cells)
    return read(document(fields, f"<TABLEDATA>{data}</TABLEDATA>")).table


def one(field: str, *cells: str) -> list[Any]:
    return list(rows(f"<FIELD {field}/>", *(f"<TD>{cell}</TD>" for cell in cells)).columns[0])


def refused(body: bytes | str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(body)


@pytest.mark.parametrize(
    "row",
    [
        "<TD>7</TD><TD>x&lt;y &amp;amp; &#233;</TD>",
        "\n <TD>7</TD>\n\t<TD>  x&lt;y &amp;amp; é\n</TD> ",
        "<TD>7</TD><TD><![CDATA[x<y &amp; é]]></TD>",
        "<TD>7</TD><!-- <TD>8</TD> --><TD>x&lt;y <!-- 1 -->&amp;amp; &#xE9;</TD>",
        '<TD ref="q">7</TD><TD encoding="">x&lt;y &amp;amp; &#xe9;</TD>',
        "<TD>7</TD ><TD\n>x&lt;y &amp;amp; é</TD>",
        "<?pause?><TD>7</TD><TD>x&lt;y &amp;amp; é</TD>",
    ],
)
def test_every_way_of_writing_a_row_gives_the_same_row(row: str) -> None:
    plain = "<TD>7</TD><TD>x&lt;y &amp;amp; é</TD>"
    for order in ((row, plain), (plain, row), (plain, plain, row)):
        table = rows(AB, *order)
        assert table["a"].tolist() == [7] * len(order)
        assert set(table["b"].tolist()) == {"x<y &amp; é"}


def test_a_row_end_inside_cdata_ends_no_row() -> None:
    table = rows(AB, "<TD>1</TD><TD><![CDATA[</TD></TR></TABLEDATA>]]></TD>")
    assert table["b"].tolist() == ["</TD></TR></TABLEDATA>"]


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        ("<TR><TD>2</TD><TD>y</TD></TR >", [1, 2]),
        ("<!-- <TR> -->\n", [1]),
        ("<TR ID='r2'><TD>2</TD><TD>y</TD></TR\n>\n", [1, 2]),
    ],
)
def test_what_stands_behind_the_last_plain_row_is_read_too(behind: str, found: list[int]) -> None:
    row = "<TR><TD>1</TD><TD>x</TD></TR>"
    body = document(AB, f"<TABLEDATA>{row}{behind}</TABLEDATA>")
    assert read(body).table["a"].tolist() == found
    cut = document(AB, f"<TABLEDATA>{row}<TR><TD>2</TD></TABLEDATA>")
    refused(cut, "cannot be parsed|mismatched|cells")


def test_of_two_tables_in_one_piece_the_first_is_read() -> None:
    table = "<TABLE><FIELD name='a' datatype='int'/><DATA><TABLEDATA>{}</TABLEDATA></DATA></TABLE>"
    rows_of = "".join(f"<TR><TD>{number}</TD></TR>" for number in range(3))
    body = f"<VOTABLE><RESOURCE>{table.format(rows_of) * 2}</RESOURCE></VOTABLE>"
    assert read(body).table["a"].tolist() == [0, 1, 2]


def test_empty_elements_are_empty_cells() -> None:
    table = rows(AB, "<TD/><TD />", "<TD>1</TD><TD></TD>", "<TD> </TD><TD/>")
    assert table["a"].mask.tolist() == [True, False, True]
    assert table["b"].tolist() == ["", "", ""]


@pytest.mark.parametrize("row", ["<TD>1</TD>", "<TD>1</TD><TD>x</TD><TD>2</TD>", ""])
def test_a_row_of_another_number_of_cells_is_refused(row: str) -> None:
    good = "<TD>1</TD><TD>x</TD>"
    for order in ((row,), (good, row), (row, good)):
        data = "".join(f"<TR>{cells}</TR>" for cells in order)
        refused(document(AB, f"<TABLEDATA>{data}</TABLEDATA>"), "cells where 2 are declared")


def test_rows_whose_cells_make_up_for_each_other_are_refused() -> None:
    data = "<TR><TD>1</TD></TR><TR><TD>1</TD><TD>2</TD><TD>3</TD></TR>"
    refused(document(AB, f"<TABLEDATA>{data}</TABLEDATA>"), "row 1 has 1 cells")


def test_numbers_are_read_to_the_last_digit() -> None:
    texts = [
        "40.669879166666668",
        "-1e-300",
        "+Inf",
        "-Inf",
        "NaN",
        "",
        "null",
        "1.7976931348623157e308",
    ]
    values = one('name="x" datatype="double"', *texts)
    assert values[0] == 40.669879166666668
    assert values[1:4] == [-1e-300, np.inf, -np.inf]
    assert values[4:7] == [np.ma.masked] * 3
    assert values[7] == 1.7976931348623157e308


def test_long_tables_have_the_numbers_that_short_ones_have() -> None:
    draw = np.random.default_rng(1)
    wanted = [*draw.uniform(-1e5, 1e5, 20_000).tolist(), float("inf"), 5e-324]
    texts = [*map(repr, wanted), "", "null", " 2.5 "]
    column = rows('<FIELD name="x" datatype="double"/>', *(f"<TD>{t}</TD>" for t in texts))["x"]
    assert column[:-3].tolist() == wanted
    assert column.mask[-3:-1].all()
    assert column[-1] == 2.5


def test_integers_are_never_cut_to_their_type() -> None:
    assert one('name="x" datatype="short"', "40000", "0x1F", "-5") == [40000, 31, -5]
    refused(
        document(
            '<FIELD name="x" datatype="long"/>',
            "<TABLEDATA><TR><TD>99999999999999999999</TD></TR></TABLEDATA>",
        ),
        "no integer",
    )


@pytest.mark.parametrize("datatype", ["int", "boolean", "doubleComplex"])
def test_a_cell_that_cannot_be_a_value_is_refused(datatype: str) -> None:
    field = f'<FIELD name="here" datatype="{datatype}"/>'
    refused(document(field, "<TABLEDATA><TR><TD>what</TD></TR></TABLEDATA>"), "column here")


@pytest.mark.parametrize("null", ["", "NaN", " ", "none"])
def test_a_null_that_is_no_integer_masks_no_zero(null: str) -> None:
    field = f'<FIELD name="x" datatype="int"><VALUES null="{null}"/></FIELD>'
    column = rows(field, "<TD>0</TD>", "<TD/>", "<TD>NaN</TD>")["x"]
    assert column.mask.tolist() == [False, True, True]


def test_an_empty_integer_is_masked_in_every_version() -> None:
    for version in ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", ""):
        body = document(AB, "<TABLEDATA><TR><TD/><TD/></TR></TABLEDATA>", version=version)
        assert read(body).table["a"].mask.tolist() == [True]


@pytest.mark.parametrize(
    ("datatype", "text", "value"),
    [
        ("date", "2013-11-01", "2013-11-01"),
        ("string", "abc", "abc"),
        ("", "abc", "abc"),
        ("double precision", "1.5", 1.5),
        ("unsignedInt", "4000000000", 4_000_000_000),
        ("int64", "5", 5),
        ("bool", "T", True),
        ("float32", "2.5", 2.5),
    ],
)
def test_types_that_the_standard_does_not_know_are_read(
    datatype: str, text: str, value: object
) -> None:
    assert one(f'name="x" datatype="{datatype}"', text) == [value]


def test_a_text_longer_than_declared_is_not_cut() -> None:
    assert one('name="x" datatype="char" arraysize="3"', "abcdef") == ["abcdef"]
    assert one('name="x" datatype="char"', "abcdef") == ["abcdef"]


def test_columns_that_share_a_name_are_all_there() -> None:
    field = '<FIELD name="a" datatype="int"/>'
    results = read(
        document(field * 3, "<TABLEDATA><TR><TD>1</TD><TD>2</TD><TD>3</TD></TR></TABLEDATA>")
    )
    assert results.table.colnames == ["a", "a2", "a3"]
    assert [field.column for field in results.fields] == ["a", "a2", "a3"]


def test_units_that_nobody_knows_keep_their_text_and_warn_nobody() -> None:
    units = ["Angstrom", "angstrom", "10**-17 erg/s/cm2/A", "h:m:s", '"', "G", "Jy/beam", "seconds"]
    for dialect in ("cds", "vounit"):
        for text in units:
            assert str(unit_of(text, dialect))
        assert str(unit_of("h:m:s", dialect)) == "h:m:s"
        assert unit_of("", dialect) is None
    assert unit_of("angstrom", "vounit").to("m") == pytest.approx(1e-10)


def test_no_unit_that_vounits_knows_warns() -> None:
    from astropy.units.format import VOUnit

    for text in getattr(VOUnit, "_units", {}):
        assert unit_of(text, "vounit") is not None


def test_a_document_that_declares_entities_is_refused() -> None:
    bomb = '<!DOCTYPE VOTABLE [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    refused(f"{bomb}]><VOTABLE><INFO>&j;</INFO></VOTABLE>", "it declares entities")
    outside = '<!DOCTYPE VOTABLE [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    refused(f"{outside}<VOTABLE><INFO>&a;</INFO></VOTABLE>", "it declares entities")
    parameter = '<!DOCTYPE VOTABLE [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>'
    refused(f"{parameter}<VOTABLE/>", "it declares entities")


@pytest.mark.parametrize(
    "doctype", ["", '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">']
)
@pytest.mark.parametrize("cell", ["&eacute;", "a & b", "&#0;", "&#xD800;", "&;"])
def test_an_entity_that_nobody_declared_is_refused(doctype: str, cell: str) -> None:
    data = f"<TABLEDATA><TR><TD>1</TD><TD>{cell}</TD></TR></TABLEDATA>"
    body = document(AB, data).decode().replace("\n<VOTABLE", f"\n{doctype}<VOTABLE")
    refused(body, "cannot be parsed")
    refused(body.replace("<TR>", "<!-- --><TR>"), "cannot be parsed")


def test_rows_that_are_elsewhere_are_refused_and_not_fetched() -> None:
    for form in ("BINARY", "BINARY2", "FITS", "PARQUET"):
        stream = '<STREAM href="http://127.0.0.1:9/rows" encoding="base64"/>'
        refused(document(AB, f"<{form}>{stream}</{form}>"), "elsewhere .http://127.0.0.1:9/rows")


@pytest.mark.parametrize(
    ("code", "why"),
    [("AAAA", "cut off"), ("AA*A", "base64"), ("AA==AAAA", "base64"), ("A", "base64|cut off")],
)
def test_broken_binary_rows_are_refused(code: str, why: str) -> None:
    refused(document(AB, f'<BINARY><STREAM encoding="base64">{code}</STREAM></BINARY>'), why)


def test_base64_that_goes_on_after_its_padding_is_refused_in_the_next_piece_too() -> None:
    decoder = Base64()
    assert decoder.feed(b"AA=") + decoder.feed(b"=") == b"\0"
    with pytest.raises(Malformed, match="after its end"):
        decoder.feed(b"AAAA")


def test_a_count_beyond_the_end_is_refused_and_not_waited_for_in_vain() -> None:
    raw = struct.pack(">iI", 1, 0xFFFFFFFF) + b"x" * 3_000_000
    code = base64.b64encode(raw).decode()
    refused(document(AB, f'<BINARY><STREAM encoding="base64">{code}</STREAM></BINARY>'), "cut off")


def test_base64_with_a_comment_in_it_is_read() -> None:
    code = base64.b64encode(struct.pack(">iI", 5, 2) + b"hi").decode()
    broken = f"{code[:5]}<!-- here -->{code[5:]}"
    body = document(AB, f'<BINARY><STREAM encoding="base64">{broken}</STREAM></BINARY>')
    assert list(read(body).table[0]) == [5, "hi"]


def test_long_and_short_texts_are_told_apart_in_binary_rows() -> None:
    texts = ["a", "b" * 255, "c" * 256, "d" * 70_000, "", "e"] * 50
    raw = b"".join(struct.pack(">iI", n, len(t)) + t.encode() for n, t in enumerate(texts))
    code = base64.b64encode(raw).decode()
    body = document(AB, f'<BINARY><STREAM encoding="base64">{code}</STREAM></BINARY>')
    assert read(body).table["b"].tolist() == texts


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_every_encoding_that_xml_knows_is_read(encoding: str) -> None:
    text = document(AB, "<TABLEDATA><TR><TD>1</TD><TD>é</TD></TR></TABLEDATA>").decode()
    body = text.replace("UTF-8", encoding).encode(encoding)
    assert read(body).table["b"].tolist() == ["é"]


def test_white_space_before_the_document_is_no_harm() -> None:
    assert len(read(b"\n\n  " + document(AB, "<TABLEDATA></TABLEDATA>")).table) == 0


def test_the_first_table_of_results_is_read_wherever_it_stands() -> None:
    def table(value: int) -> str:
        data = f"<DATA><TABLEDATA><TR><TD>{value}</TD></TR></TABLEDATA></DATA>"
        return f'<TABLE><FIELD name="a" datatype="int"/>{data}</TABLE>'

    meta = f'<RESOURCE type="meta">{table(1)}</RESOURCE>'
    nested = f"<RESOURCE><RESOURCE>{table(2)}</RESOURCE></RESOURCE>"
    results = f'<RESOURCE type="results">{table(3)}{table(4)}</RESOURCE>'
    for body, value in ((meta, 1), (meta + nested, 2), (meta + nested + results, 3)):
        assert read(f"<VOTABLE>{body}</VOTABLE>").table["a"].tolist() == [value]


def test_a_table_that_refers_to_another_has_its_columns() -> None:
    first = f'<RESOURCE type="meta"><TABLE ID="t">{AB}</TABLE></RESOURCE>'
    data = "<DATA><TABLEDATA><TR><TD>1</TD><TD>x</TD></TR></TABLEDATA></DATA>"
    found = read(f'<VOTABLE>{first}<RESOURCE><TABLE ref="t">{data}</TABLE></RESOURCE></VOTABLE>')
    assert found.table.colnames == ["a", "b"]


@pytest.mark.parametrize(
    "where",
    [
        "<VOTABLE>{}<RESOURCE/></VOTABLE>",
        "<VOTABLE><DEFINITIONS>{}</DEFINITIONS></VOTABLE>",
        "<VOTABLE><RESOURCE>{}</RESOURCE></VOTABLE>",
        "<VOTABLE><RESOURCE><RESOURCE>{}</RESOURCE></RESOURCE></VOTABLE>",
        "<VOTABLE><RESOURCE><TABLE>{}</TABLE></RESOURCE></VOTABLE>",
        "<VOTABLE><RESOURCE><TABLE/>{}</RESOURCE></VOTABLE>",
        "<VOTABLE><RESOURCE>{}",
    ],
)
@pytest.mark.parametrize(
    "said",
    [
        '<INFO name="QUERY_STATUS" value="ERROR">no such table</INFO>',
        '<INFO ID="QUERY_STATUS" value="error">no such table</INFO>',
        '<INFO name="Error" value="no such table"/>',
        '<PARAM name="error" datatype="char" arraysize="*" value="no such table"/>',
        '<PARAM ID="Error" value="no such table"/>',
    ],
)
def test_an_error_is_found_wherever_it_is_said(where: str, said: str) -> None:
    with pytest.raises(Broken, match="refused the question: no such table"):
        read(where.format(said))


def test_a_parameter_that_is_an_uncertainty_is_no_error() -> None:
    param = '<PARAM name="error" datatype="double" value="0.5"/>'
    group = '<GROUP><PARAM name="error" datatype="char" arraysize="*" value="x"/></GROUP>'
    assert read(document(AB + param + group, "<TABLEDATA/>")).overflow is False


def test_an_overflow_behind_the_table_is_seen() -> None:
    said = '<INFO name="QUERY_STATUS" value="OVERFLOW"/></RESOURCE>'
    body = document(AB, "<TABLEDATA/>").decode()
    assert read(body.replace("</RESOURCE>", said)).overflow is True
    assert read(body).overflow is False


def test_services_are_found_also_in_nested_resources() -> None:
    service = (
        '<RESOURCE type="meta" utype="adhoc:service" ID="soda"><DESCRIPTION>cuts</DESCRIPTION>'
        '<PARAM name="accessURL" datatype="char" arraysize="*" value="https://a.example/soda"/>'
        '<GROUP name="inputParams"><PARAM name="ID" datatype="char" arraysize="*" ref="q" value="">'
        '<VALUES><MIN value="1"/><MAX value="2"/><OPTION value="x"/></VALUES></PARAM></GROUP>'
        "</RESOURCE>"
    )
    results = read(
        f'<VOTABLE><RESOURCE type="results"><TABLE>{AB}</TABLE>{service}</RESOURCE></VOTABLE>'
    )
    (found,) = results.descriptors
    assert (found.id, found.access_url, found.description) == (
        "soda",
        "https://a.example/soda",
        "cuts",
    )
    (entry,) = found.inputs
    assert (entry.ref, entry.low, entry.high, entry.options) == ("q", "1", "2", ("x",))


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html><p>VOTABLE down</html>", b"id,ra\n", b"<job/>", b"\x1f\x8b"],
)
def test_what_is_no_votable_is_named(body: bytes) -> None:
    refused(body, "answered (nothing|a web page|something else|bytes that are no text)")


def test_elements_without_end_are_refused() -> None:
    refused("<VOTABLE>" + "<RESOURCE>" * 10_000, "nested without end")


def test_a_long_answer_is_read_piece_by_piece() -> None:
    """The text of 40 MB is never in memory: what is kept is the table, and a piece."""
    line = b"<TR><TD>1</TD><TD>" + b"x" * 300 + b"</TD></TR>\n"
    body = document(AB, "<TABLEDATA>@</TABLEDATA>").split(b"@")

    class Answer(BytesIO):
        left = 40_000_000 // len(line)

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            while self.left and len(found) < (size or 0):
                count = min(self.left, 3000)
                self.left -= count
                found += line * count
                self.__init__(body[1]) if not self.left else None  # type: ignore[misc]
            return found

    tracemalloc.start()
    try:
        table = results_in(Answer(body[0]), archive="a", wanted="rows").table
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(table) == 40_000_000 // len(line)
    assert peak < 20_000_000
