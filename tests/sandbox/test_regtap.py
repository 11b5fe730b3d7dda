"""The sandbox's registries: RegTAP's tables, its functions, and the oddities of real records."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from astropy.io.votable import parse_single_table
from astropy.table import Table

from skyatlas.sandbox import Sandbox, World, make_world, moc
from skyatlas.sandbox.publishers import everybody
from skyatlas.sandbox.registry_records import records
from skyatlas.sandbox.tap_services import EURO_VO, GAVO, tap_services

NEW, OLD = "reg.g-vo.org/tap", "registry.euro-vo.org/regtap/tap"
MERIDIAN = "ivo://meridian.example/sia2"


def ask(box: Sandbox, query: str, where: str = NEW, **headers: str) -> list[tuple[object, ...]]:
    url = f"{box.url}/{where}/sync"
    answer = requests.get(url, params={"QUERY": query}, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    table: Table = parse_single_table(io.BytesIO(answer.content)).to_table()
    return [
        tuple(None if cell is table.masked else cell for cell in row) for row in table.as_array()
    ]


def column(box: Sandbox, query: str, where: str = NEW) -> list[object]:
    return [row[0] for row in ask(box, query, where)]


@pytest.fixture
def crowded() -> Iterator[Sandbox]:
    with Sandbox(world=make_world(crowd=40)) as box:
        yield box


def test_every_service_of_every_publisher_has_a_record(box: Sandbox) -> None:
    known = set(column(box, "select ivoid from rr.resource"))
    services = [service for publisher in everybody() for service in publisher.services]
    assert {service.ivoid.lower() for service in services} <= known
    assert len(known) == len(column(box, "select ivoid from rr.resource"))
    for service in services:
        found = column(
            box,
            "select access_url from rr.capability natural join rr.interface where "
            f"ivoid = '{service.ivoid}' and standard_id = '{service.standard.lower()}'",
        )
        assert [str(url).rstrip("?") for url in found] == [
            service.url.replace("https://", f"{box.url}/")
        ]


def test_a_crowd_is_in_the_registry_too(crowded: Sandbox) -> None:
    found = column(crowded, "select ivoid from rr.resource where ivoid like 'ivo://crowd-%'")
    assert len(found) == 40


def test_identifiers_standards_bands_and_utypes_are_in_lower_case(box: Sandbox) -> None:
    for name, table in (
        ("ivoid", "resource"),
        ("waveband", "resource"),
        ("standard_id", "capability"),
        ("table_utype", "res_table"),
        ("ucd", "table_column"),
        ("utype", "table_column"),
    ):
        values = [one for one in column(box, f"select distinct {name} from rr.{table}") if one]
        assert values
        assert all(str(value) == str(value).lower() for value in values)


def test_bands_are_joined_by_hashes(box: Sandbox) -> None:
    query = f"select waveband from rr.resource where ivoid = '{MERIDIAN}'"
    assert column(box, query) == ["optical#infrared#radio"]
    has = "select ivoid from rr.resource where 1 = ivo_hashlist_has(waveband, '{}')"
    assert MERIDIAN in column(box, has.format("RADIO"))
    assert column(box, has.format("red")) == []


def test_one_record_may_offer_two_protocols(box: Sandbox) -> None:
    query = f"select standard_id from rr.capability where ivoid = '{MERIDIAN}'"
    assert {"ivo://ivoa.net/std/sia", "ivo://ivoa.net/std/sia#query-2.0"} <= set(column(box, query))


def test_one_service_may_have_two_records_and_two_schemes(box: Sandbox) -> None:
    world = box.world
    urls = [
        interface.url
        for record in records(world)
        if record.ivoid.startswith("ivo://boreal.example/plates")
        for interface in record.capabilities[0].interfaces
    ]
    assert urls[0].startswith("https://")
    assert urls[1] == urls[0].replace("https://", "http://")


def test_a_recorded_service_may_be_gone(box: Sandbox) -> None:
    query = "select access_url from rr.interface where ivoid = 'ivo://doldrum.example/gone'"
    (url,) = column(box, query)
    assert requests.get(str(url), timeout=30).status_code == 404


def test_a_collection_names_the_service_that_has_it(box: Sandbox) -> None:
    query = (
        "select standard_id, related_id from rr.capability natural join rr.relationship "
        "where relationship_type = 'isservedby'"
    )
    assert ask(box, query) == [("ivo://ivoa.net/std/tap#aux", "ivo://zephyr.example/tap")]


def test_mirrors_are_in_the_new_registry_only(box: Sandbox) -> None:
    query = "select mirror_url from rr.interface where mirror_url is not null"
    assert f"{box.url}/mirror.registry.example/tap" in column(box, query)
    answer = requests.get(f"{box.url}/{OLD}/sync", params={"QUERY": query}, timeout=30)
    assert "Unknown column 'mirror_url'" in answer.text
    for table in ("stc_spatial", "stc_spectral", "stc_temporal", "subject_uat", "tap_table"):
        query = f"select count(*) from rr.{table}"
        assert int(str(column(box, query)[0])) > 0
        answer = requests.get(f"{box.url}/{OLD}/sync", params={"QUERY": query}, timeout=30)
        assert f"Unknown table 'rr.{table}'" in answer.text


def test_a_coverage_holds_what_the_collections_hold(box: Sandbox) -> None:
    query = f"select coverage from rr.stc_spatial where ivoid = '{MERIDIAN}'"
    (text,) = column(box, query)
    covered = moc.parse(str(text))
    for record in records(box.world):
        if record.ivoid == MERIDIAN:
            assert record.coverage is not None
            assert moc.parse(record.coverage()) == covered
    inside = "select ivoid from rr.stc_spatial where 1 = CONTAINS({}, coverage)"
    assert MERIDIAN in column(box, inside.format("POINT(40.669629, -0.013281)"))
    assert MERIDIAN not in column(box, inside.format("POINT(200, 80)"))
    assert MERIDIAN in column(box, inside.format("MOC(6, POINT(40.669629, -0.013281))"))
    touched = "select ivoid from rr.stc_spatial where 1 = INTERSECTS({}, coverage)"
    assert MERIDIAN in column(box, touched.format("CIRCLE(41.5, 0.5, 3)"))
    silent = "select ivoid from rr.stc_spatial where coverage is null"
    assert "ivo://boreal.example/plates/siap" in column(box, silent)


def test_energies_are_joules_and_times_mjd(box: Sandbox) -> None:
    # 21 cm is 9.46e-25 J.
    query = (
        "select ivoid from rr.stc_spectral where 9.46e-25 between spectral_start and spectral_end"
    )
    assert column(box, query) == [MERIDIAN]
    overlap = "1 = ivo_interval_overlaps(time_start, time_end, 57000, 58100)"
    assert MERIDIAN in column(box, f"select ivoid from rr.stc_temporal where {overlap}")


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("ivo_hasword('Deep images, of M 77', 'IMAGES deep')", 1),
        ("ivo_hasword('Deep images', 'image')", 0),
        ("ivo_hasword(NULL, 'image')", 0),
        ("ivo_hashlist_has('a#bc', 'B')", 0),
        ("ivo_nocasematch('ivo://X/Y', 'IVO://%y')", 1),
        ("ivo_nocasematch('a.c', 'a_c')", 1),
        ("ivo_nocasematch('abc', 'a.c')", 0),
        ("ivo_interval_overlaps(1, 2, 2, 3)", 1),
        ("ivo_interval_overlaps(1, 2, 2.5, 3)", 0),
        ("ivo_interval_overlaps(NULL, 2, 2.5, 3)", 0),
        ("CONTAINS(POINT(1, 2), CIRCLE(1, 2, 3))", 1),
        ("INTERSECTS(MOC('0/0-5'), MOC('1/23'))", 1),
        ("CONTAINS(MOC('0/0-5'), MOC('1/23'))", 0),
    ],
)
def test_a_registrys_functions_answer_as_they_are_described(
    box: Sandbox, condition: str, answer: int
) -> None:
    found = column(box, f"select {condition} as x from rr.resource where ivoid = '{MERIDIAN}'")
    assert found == [answer]


def test_texts_of_a_group_are_joined(box: Sandbox) -> None:
    query = (
        "select ivo_string_agg(role_name, ' & ') as names from rr.res_role "
        "where base_role = 'creator' and ivoid = 'ivo://boreal.example/plates/siap'"
    )
    assert column(box, query) == ["Nordlund, A. & Isaksen, T."]
    nobody = query.replace("boreal.example", "nobody.example")
    assert column(box, nobody) in ([None], [""])


def test_an_answer_without_maxrec_is_cut_at_the_registrys_default(box: Sandbox) -> None:
    query = "select a.ivoid from rr.table_column a, rr.table_column b, rr.resource c"
    url = f"{box.url}/{OLD}/sync"
    text = requests.get(url, params={"QUERY": query}, timeout=60).text
    assert text.count("<TR>") == EURO_VO.default_rows
    assert 'value="OVERFLOW"' in text
    more = {"QUERY": query, "MAXREC": str(EURO_VO.default_rows + 1), "FORMAT": "csv"}
    lines = requests.get(url, params=more, timeout=60).text.splitlines()
    assert len(lines) == EURO_VO.default_rows + 2


def test_links_in_a_joined_cell_lead_to_the_sandbox_each(box: Sandbox) -> None:
    query = (
        "select ivo_string_agg(access_url, ' | ') as urls from rr.interface "
        f"where ivoid = '{MERIDIAN}'"
    )
    for url in str(column(box, query)[0]).split(" | "):
        assert url.startswith(f"{box.url}/archive.meridian.example/")
    door = {"X-Forwarded-Host": "reg.g-vo.org", "X-Forwarded-Proto": "http"}
    (row,) = ask(box, query, **door)
    assert all(
        one.startswith("https://archive.meridian.example") for one in str(row[0]).split(" | ")
    )


def test_no_table_is_made_before_somebody_asks(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyatlas.sandbox import vo_holdings

    def nobody_asked(*_: object) -> None:
        raise AssertionError("data sets were made at start-up")

    monkeypatch.setattr(vo_holdings, "items", nobody_asked)
    monkeypatch.setattr(vo_holdings, "sources", nobody_asked)
    with Sandbox(world=box.world) as fresh:
        url = f"{fresh.url}/{NEW}/capabilities"
        assert requests.get(url, timeout=30).status_code == 200


def test_a_mirror_shows_the_same_tables(world: World) -> None:
    names = [service.name for service in tap_services(world)]
    assert names.count(GAVO.name) == 3
