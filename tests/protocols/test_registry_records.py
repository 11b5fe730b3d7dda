"""This file tests the reading of registries' answers: recorded ones, and rows with every quirk."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from astropy.io.votable import parse
from astropy.table import Table
from pyvo.registry.regtap import RegistryResults

from skyatlas.errors import BadInput
from skyatlas.protocols.records import Interface, Record, merged, read
from skyatlas.protocols.regtap import SEPARATOR
from skyatlas.protocols.votable import results_of

PROTOCOLS = {"conesearch": "scs", "sia": "sia", "sia2": "sia2", "ssa": "ssa", "tap": "tap"}
IVOA = "ivo://ivoa.net/std/"


def table_of(folder: Path, name: str) -> Table:
    body = (folder / "responses" / name).read_bytes()
    reply = SimpleNamespace(content=body, url="http://reg.test/tap", status_code=200, headers={})
    return results_of(reply, archive="registry", wanted="services").table


COLUMNS = {
    "access_urls": "",
    "standard_ids": "",
    "intf_types": "vs:paramhttp",
    "intf_roles": "std",
    "std_versions": "",
    "mirror_urls": "",
}
"""What an interface is described by, and what it usually says."""


def one(*interfaces: tuple[str, ...]) -> Record:
    """The record of a row with these interfaces: as `COLUMNS`, as many as are not usual."""
    usual = tuple(COLUMNS.values())
    full = [(*each, *usual[len(each) :]) for each in interfaces]
    cells = [SEPARATOR.join(column) for column in zip(*full, strict=True)]
    columns = {name: [cell] for name, cell in zip(COLUMNS, cells, strict=True)}
    (record,) = read(Table({"ivoid": ["ivo://a.test/a"], **columns}))
    return record


@pytest.mark.parametrize("name", ["registry__regtap.xml", "registry__multi-interface.xml"])
def test_a_recorded_answer_gives_the_interfaces_that_pyvo_finds(
    shared_data: Path, name: str
) -> None:
    ours = {record.ivoid: record for record in read(table_of(shared_data, f"pyvo/{name}"))}
    body = (shared_data / "responses" / "pyvo" / name).read_bytes()
    theirs = RegistryResults(parse(BytesIO(body), verify="ignore"))
    assert len(ours) == len({record.ivoid for record in theirs}) > 0
    for record in theirs:
        known = {
            (PROTOCOLS[each.standard_id.split("/")[-1].split("#")[0]], each.access_url)
            for each in record.interfaces
            if each.is_standard
            and each.standard_id
            and each.standard_id.split("/")[-1].split("#")[0] in PROTOCOLS
        }
        mine = ours[record.ivoid]
        found = {(each.protocol, each.access_url) for each in mine.interfaces}
        found |= {(each.protocol, mirror) for each in mine.interfaces for mirror in each.mirrors}
        assert {each for each in found if each[0] in PROTOCOLS.values()} == known
        assert mine.title == " ".join(record.res_title.split())
        assert mine.wavebands == tuple(one for one in record.waveband if one)


def test_a_recorded_service_with_many_interfaces_can_be_asked(shared_data: Path) -> None:
    (record,) = read(table_of(shared_data, "pyvo/registry__multi-interface.xml"))
    assert record.types == ("ssa", "tap", "datalink", "soda")
    best = record.best()
    assert (best.protocol, best.url) == ("ssa", "http://dc.zah.uni-heidelberg.de/fhssa?")
    assert best.archive == "vo:ivo://org.gavo.dc/flashheros/q/ssa"
    assert record.authors[0] == "Wolf, B."
    assert "please acknowledge" in record.rights


@pytest.mark.parametrize(
    "name",
    [
        "pyvo/registry__reg-short.xml",
        "astroquery_vo/registry_query_basic_content.xml",
        "astroquery_vo/registry_query_counts_content.xml",
    ],
)
def test_answers_to_other_questions_are_refused(shared_data: Path, name: str) -> None:
    with pytest.raises(KeyError, match="access_urls"):
        read(table_of(shared_data, name))


def test_addresses_that_were_escaped_twice_are_read_as_they_are_meant(shared_data: Path) -> None:
    recorded = table_of(shared_data, "astroquery_vo/registry_query_basic_content.xml")
    urls = [str(url) for url in recorded["access_url"]]
    assert any(url.endswith("&amp;") for url in urls)
    for url in urls:
        record = one((url, f"{IVOA}sia"))
        assert "&amp;" not in record.service("sia").url


def test_interfaces_of_both_generations_stay_and_the_newer_is_preferred() -> None:
    record = one(
        ("http://a.test/sia1?", f"{IVOA}sia"), ("http://a.test/sia2", f"{IVOA}sia#query-2.0")
    )
    assert record.types == ("sia2", "sia")
    assert record.best().url == "http://a.test/sia2"
    assert record.service("sia").url == "http://a.test/sia1?"


def test_version_2_under_the_bare_name_is_sia_2() -> None:
    record = one(("http://a.test/s", f"{IVOA}sia", "vs:paramhttp", "std", "2.0"))
    assert record.types == ("sia2",)


def test_pages_and_other_standards_are_no_interfaces() -> None:
    record = one(
        ("http://a.test/form", f"{IVOA}ssa", "vr:webbrowser", "std"),
        ("http://a.test/soap", f"{IVOA}ssa", "vr:webservice", "std"),
        ("http://a.test/tables", f"{IVOA}vosi#tables"),
        ("", f"{IVOA}ssa"),
        ("ftp://a.test/spectra", f"{IVOA}ssa"),
        ("TBD", f"{IVOA}ssa"),
    )
    assert record.interfaces == ()
    with pytest.raises(BadInput, match="no search"):
        record.best()


def test_a_forgotten_role_is_forgiven_where_no_other_interface_has_it() -> None:
    forgot = one(("http://a.test/s", f"{IVOA}ssa", "vs:paramhttp", ""))
    assert forgot.service("ssa").url == "http://a.test/s"
    both = one(
        ("http://a.test/own", f"{IVOA}ssa", "vs:paramhttp", ""),
        ("http://a.test/standard", f"{IVOA}ssa", "vs:paramhttp", "STD"),
    )
    assert [each.access_url for each in both.interfaces] == ["http://a.test/standard"]


def test_mirrors_come_in_their_order_and_https_is_asked_before_http() -> None:
    record = one(
        (
            "http://a.test/s?",
            f"{IVOA}ssa",
            "vs:paramhttp",
            "std",
            "",
            "http://b.test/s#http://c.test/s",
        ),
        ("https://a.test:443/s", f"{IVOA}ssa"),
    )
    service = record.service("ssa")
    assert service.url == "https://a.test:443/s"
    assert service.mirrors == ("http://a.test/s?", "http://b.test/s", "http://c.test/s")


def test_a_part_of_a_larger_tap_service_is_not_searched_without_a_table_of_its_own() -> None:
    record = one(("http://a.test/tap", f"{IVOA}tap#aux"), ("http://a.test/c?", f"{IVOA}conesearch"))
    assert [each.protocol for each in record.services()] == ["scs"]


def test_a_protocol_that_is_not_there_is_refused_with_those_that_are() -> None:
    record = one(("http://a.test/c?", f"{IVOA}conesearch"), ("http://a.test/l", f"{IVOA}datalink"))
    with pytest.raises(BadInput, match="there are: scs"):
        record.service("ssa")
    with pytest.raises(BadInput, match="there are: scs"):
        record.service("datalink")


def test_a_service_with_two_publishers_is_one_service() -> None:
    rows = {
        "ivoid": ["ivo://a.test/a"] * 2,
        "publisher": ["One", "Two"],
        "access_urls": ["http://a.test/s"] * 2,
        "standard_ids": [f"{IVOA}ssa"] * 2,
    }
    (record,) = read(Table(rows))
    assert record.publisher == "One"
    assert len(record.interfaces) == 1


def record_at(ivoid: str, *urls: str, auxiliary: bool = False) -> Record:
    interfaces = tuple(Interface("ssa", url, f"{IVOA}ssa", auxiliary) for url in urls)
    return Record(ivoid, interfaces=interfaces)


def test_one_service_under_two_identifiers_stands_once() -> None:
    first = record_at("ivo://a.test/1", "http://a.test/s?")
    second = record_at("ivo://a.test/2", "https://A.test/s/")
    (both,) = merged([first, second])
    assert (both.ivoid, both.also) == ("ivo://a.test/1", ("ivo://a.test/2",))
    assert both.service("ssa").url == "https://A.test/s/"
    assert both.service("ssa").mirrors == ("http://a.test/s?",)


def test_what_one_service_has_of_another_goes_into_the_larger() -> None:
    small = record_at("ivo://a.test/1", "http://a.test/s")
    large = record_at("ivo://a.test/2", "http://a.test/s", "http://a.test/t")
    (both,) = merged([small, large])
    assert (both.ivoid, both.also) == ("ivo://a.test/2", ("ivo://a.test/1",))


def test_services_that_only_overlap_both_stay_in_their_order() -> None:
    one_, two = (
        record_at("ivo://a.test/1", "http://a.test/s", "http://a.test/t"),
        record_at("ivo://a.test/2", "http://a.test/s", "http://a.test/u"),
    )
    assert merged([two, one_]) == [two, one_]


def test_parts_of_the_same_larger_service_stay_apart() -> None:
    parts = [record_at(f"ivo://a.test/{n}", "http://a.test/tap", auxiliary=True) for n in (1, 2)]
    assert merged(parts) == parts


def test_a_different_query_or_path_is_another_service() -> None:
    apart = [
        record_at("ivo://a.test/1", "http://a.test/s?survey=a&"),
        record_at("ivo://a.test/2", "http://a.test/s?survey=b&"),
        record_at("ivo://a.test/3", "http://a.test:8080/s"),
        record_at("ivo://a.test/4", "http://a.test/S"),
    ]
    assert merged(apart) == apart


def test_a_record_survives_as_plain_values(shared_data: Path) -> None:
    for record in read(table_of(shared_data, "pyvo/registry__regtap.xml")):
        assert Record.from_json(record.to_json()) == record
