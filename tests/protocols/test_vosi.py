"""This file reads every recorded VOSI document: each is read, or refused with the right error."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyatlas.errors import Unreadable
from skyatlas.protocols.tapregext import Limit
from skyatlas.protocols.vosi import (
    Capability,
    Interface,
    availability_of,
    capabilities_of,
    kind_of,
    tables_of,
)

WHERE = {"archive": "somewhere", "url": "https://somewhere.example/tap"}
NAMELESS = {
    "io__vosi__tables__multiple_column_names.xml": "a column has the names one, two",
    "io__vosi__tables__multiple_schema_names.xml": "a schema has the names one, two",
    "io__vosi__tables__multiple_table_names.xml": "a table has the names one, two",
    "io__vosi__tables__no_schema_name.xml": "a schema has no name",
    "io__vosi__tables__no_table_name.xml": "a table has no name",
}
"""Documents of which nobody could tell what to ask for."""


@pytest.fixture
def recorded(shared_data: Path) -> Path:
    return shared_data / "responses"


def test_every_recorded_capabilities_document_is_read(recorded: Path) -> None:
    documents = [*recorded.glob("*/*capabilit*.xml"), recorded / "astroquery_cadc" / "tap_caps.xml"]
    assert len(documents) > 10
    for document in documents:
        found = capabilities_of(document.read_bytes(), **WHERE)
        assert found, document.name
        assert all(one.standard_id for one in found)


def test_every_recorded_list_of_tables_is_read_or_refused(recorded: Path) -> None:
    documents = sorted(recorded.glob("*/*tables*.xml"))
    assert len(documents) > 30
    refused = {}
    for document in documents:
        try:
            tables_of(document.read_bytes(), **WHERE)
        except Unreadable as error:
            refused[document.name] = str(error).partition("wrongly: ")[2]
    assert refused == NAMELESS


def test_a_documents_columns_and_keys_are_kept(recorded: Path) -> None:
    (schema,) = tables_of((recorded / "pyvo" / "io__vosi__tables.xml").read_bytes(), **WHERE)
    table = schema.tables[0]
    column = table.columns[0]
    assert (column.datatype, column.arraysize, column.unit) == ("VARCHAR", "*", "unit")
    assert column.flags == ("indexed", "primary")
    assert table.foreign_keys
    for broken in ("no_fromcolumn", "no_targetcolumn"):
        document = recorded / "pyvo" / f"io__vosi__tables__{broken}.xml"
        assert not tables_of(document.read_bytes(), **WHERE)[0].tables[0].foreign_keys


def test_every_recorded_availability_is_read(recorded: Path) -> None:
    for document in recorded.glob("*/*availability*.xml"):
        assert availability_of(document.read_bytes(), **WHERE).available
    notes = availability_of(
        (recorded / "pyvo" / "io__vosi__availability.xml").read_bytes(), **WHERE
    )
    assert notes.notes == ("foo", "bar")


def test_a_service_that_is_down_says_so() -> None:
    down = availability_of(
        b"<a:availability xmlns:a='urn:x'><a:available>false</a:available>"
        b"<a:backAt>2027-01-01T00:00:00Z</a:backAt></a:availability>",
        **WHERE,
    )
    assert (down.available, down.back_at) == (False, "2027-01-01T00:00:00Z")
    with pytest.raises(Unreadable, match="neither"):
        availability_of(b"<availability><available>perhaps</available></availability>", **WHERE)


def test_the_limits_of_gavo_are_read(recorded: Path) -> None:
    found = capabilities_of(
        (recorded / "pyvo" / "dal__tap__capabilities.xml").read_bytes(), **WHERE
    )
    offer = next(one.offer for one in found if one.offer)
    assert offer.rows == Limit(20_000, 10_000_000)
    assert offer.upload_size == Limit(None, 100_000_000)
    assert offer.upload_rows == Limit()
    assert offer.execution.most == 3600
    assert set(offer.uploads) == {"inline", "http", "https", "ftp"}
    assert offer.follows("ObsCore")
    assert not offer.follows("epntap")
    assert offer.geometry is not None
    assert {"CIRCLE", "INTERSECTS"} <= offer.geometry
    assert "GAVO_MATCH" not in offer.geometry
    b2 = next(one for one in offer.formats if one.ivoid.endswith("binary2"))
    assert (b2.mime, b2.aliases) == (
        "application/x-votable+xml;serialization=binary2",
        ("votable/b2",),
    )


def test_bytes_are_not_taken_for_rows(recorded: Path) -> None:
    found = capabilities_of((recorded / "astroquery_cadc" / "tap_caps.xml").read_bytes(), **WHERE)
    offer = next(one.offer for one in found if one.offer)
    assert (offer.rows, offer.size.hard) == (Limit(), 134_217_728)
    assert (offer.upload_rows.hard, offer.upload_size) == (100_000, Limit())


@pytest.mark.parametrize(
    ("standard", "kind"),
    [
        ("ivo://ivoa.net/std/SIA", "sia"),
        ("ivo://ivoa.net/std/SIA#query-1.0", "sia"),
        ("ivo://ivoa.net/std/SIA#aux", "sia"),
        ("ivo://ivoa.net/std/SIA/v1.0", "sia"),
        ("ivo://ivoa.net/std/SIA#query-2.0", "sia2"),
        ("ivo://ivoa.net/std/sia#query-aux-2.0", "sia2"),
        ("ivo://ivoa.net/std/SSA", "ssa"),
        ("ivo://ivoa.net/std/SSAP", "ssa"),
        ("ivo://ivoa.net/std/ConeSearch", "scs"),
        ("ivo://ivoa.net/std/ConeSearch#query-1.1", "scs"),
        ("ivo://ivoa.net/std/TAP", "tap"),
        ("ivo://ivoa.net/std/TAP#aux", "tap"),
        ("ivo://ivoa.net/std/TAP#sync-1.1", "tap"),
        ("ivo://ivoa.net/std/DataLink#links-1.1", "datalink"),
        ("ivo://ivoa.net/std/SODA#sync-1.0", "soda"),
        ("ivo://ivoa.net/std/SODA#async-1.0", None),
        ("ivo://ivoa.net/std/VOSI#tables-1.1", None),
        ("ivo://ivoa.net/std/TAPRegExt", None),
        ("vos://cadc.nrc.ca~vospace/CADC/std/Logging#control-1.0", None),
    ],
)
def test_the_kind_of_a_service_is_known_by_its_standard(standard: str, kind: str | None) -> None:
    one = Capability(standard, interfaces=(Interface(("https://x.example/s",), "ParamHTTP"),))
    assert kind_of([one]) == ([(kind, "https://x.example/s")] if kind else [])


def test_what_everybody_may_use_comes_first_and_web_pages_not_at_all() -> None:
    secured = Interface(("https://x.example/priv",), "ParamHTTP", security=("ivo://ivoa.net/sso#",))
    free = Interface(("https://x.example/sync/",), "ParamHTTP", security=("", "ivo://x#cookie"))
    page = Interface(("https://x.example/form",), "WebBrowser")
    one = Capability("ivo://ivoa.net/std/TAP", interfaces=(secured, page, free))
    assert kind_of([one]) == [("tap", "https://x.example"), ("tap", "https://x.example/priv")]


def test_what_leads_to_a_larger_service_counts_only_where_there_is_nothing_else() -> None:
    def at(place: str) -> tuple[Interface, ...]:
        return (Interface((f"https://x.example/{place}",), "ParamHTTP"),)

    larger = Capability("ivo://ivoa.net/std/TAP#aux", interfaces=at("tap"))
    images = Capability("ivo://ivoa.net/std/SIA", interfaces=at("sia"))
    assert kind_of([larger, images]) == [("sia", "https://x.example/sia")]
    assert kind_of([larger]) == [("tap", "https://x.example/tap")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>down</body></html>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><capabilities>&a;</capabilities>",
        b"<capabilities><capability></capabilities>",
        b"<availability/>",
        b"\xff\xfe\x00garbage",
    ],
)
def test_what_is_no_capabilities_document_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match="capabilities was expected"):
        capabilities_of(body, **WHERE)
