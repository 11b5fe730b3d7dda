"""This file holds what is behind `vo:…` to what services say, and their rows to the question."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from skyatlas import archives
from skyatlas.archives.vo import Vo, chosen, rows
from skyatlas.errors import BadInput, UnknownArchive
from skyatlas.model import Query, Target, Why
from skyatlas.obscore import Fixed, conform
from skyatlas.protocols.service import Service
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session

PLACES = {
    "sia": "https://vo.boreal.example/cgi-bin/siap.pl",
    "sia2": "https://archive.meridian.example/sia2/query",
    "ssa": "https://vo.ostro.example/echelle/ssa.php",
    "scs": "https://vo.ostro.example/stars/cone.php",
    "tap": "https://tap.zephyr.example/tap",
}


@pytest.mark.parametrize("protocol", list(PLACES))
def test_capabilities_tell_what_an_address_speaks(atlas: Session, protocol: str) -> None:
    (service,) = Vo(f"vo:{PLACES[protocol]}").services(atlas.door)
    assert (service.protocol, service.url.rstrip("?")) == (protocol, PLACES[protocol])
    assert service.table == ("ivoa.obscore" if protocol == "tap" else "")


@pytest.mark.parametrize("protocol", ["sia", "sia2", "ssa", "scs"])
def test_a_service_that_says_nothing_of_itself_is_told_by_its_columns(
    box: Sandbox, atlas: Session, protocol: str
) -> None:
    box.fault("html", "capabilities")
    vo = Vo(f"vo:{PLACES[protocol]}")
    assert [service.protocol for service in vo.services(atlas.door)] == [protocol]
    asked = len(box.requests)
    assert [service.protocol for service in vo.services(atlas.door)] == [protocol]
    assert len(box.requests) == asked  # what was found out is remembered


def test_what_speaks_no_protocol_is_said_to(atlas: Session) -> None:
    with pytest.raises(BadInput, match="none of SIA, SSA, SCS and TAP"):
        atlas.search("M 51", archives="vo:https://dataportal.eso.org/dataPortal/file/")
    with pytest.raises(BadInput, match="knows no ivo://nobody"):
        atlas.search("M 51", archives="vo:ivo://nobody/has/this")
    with pytest.raises(BadInput, match="names no service"):
        atlas.search("M 51", archives="vo:ftp://old.example")
    with pytest.raises(UnknownArchive, match="vo:ivo://"):
        atlas.search("M 51", archives="heidelberg")


def test_the_whole_vo_is_no_archive_of_all_archives(atlas: Session) -> None:
    assert "vo" not in archives.names()
    assert [archive.name for archive in atlas.archives()] == list(archives.names())
    vo = archives.archive("VO")
    with pytest.raises(BadInput, match="through a session"):
        list(vo.search([Query(target=Target("x", 1.0, 1.0), radius=1.0)], atlas.door))


def test_a_mirror_answers_where_the_first_address_is_dead(box: Sandbox, atlas: Session) -> None:
    box.fault("dead", "dc.austral.example/sources")
    found = atlas.search(
        "NGC 1068", archives="vo:ivo://austral.example/sources/scs", radius="3 arcmin"
    )
    assert found.complete is True
    assert len(found) > 0
    assert any("mirror.austral.example" in text for text in found.reports[0].asked)


def test_a_mirror_of_a_tap_service_answers_too(box: Sandbox, atlas: Session) -> None:
    place = "https://tap.zephyr.example/tap"
    mirrored = Service(
        "https://reg.registry.example/nothing",
        "tap",
        "vo:x",
        mirrors=(place,),
        table="ivoa.obscore",
    )
    box.fault("dead", "reg.registry.example")
    queries = [Query(target=Target("M 77", 40.6696292, -0.0132806), radius=0.05)]
    parts = list(Vo("vo:x", [mirrored]).search(queries, atlas.door))
    assert sum(len(part) for part in parts if isinstance(part, Table)) > 0


def services(*protocols: str, table: str = "") -> list[Service]:
    return [
        Service(f"https://x.example/{one}", one, "vo:x", table=table if one == "tap" else "")  # type: ignore[arg-type]
        for one in protocols
    ]


@pytest.mark.parametrize(
    ("offered", "kinds", "asked"),
    [
        (("sia", "sia2"), set(), ["sia2"]),
        (("sia2", "ssa"), set(), ["sia2", "ssa"]),
        (("sia", "ssa"), {"spectrum"}, ["ssa"]),
        (("sia", "ssa"), {"image"}, ["sia"]),
        (("sia2", "scs"), set(), ["sia2"]),
        (("sia2", "scs"), {"measurements"}, ["sia2", "scs"]),
        (("scs",), {"image"}, ["scs"]),
        (("tap", "sia2", "ssa"), set(), ["tap"]),
    ],
)
def test_of_several_protocols_each_row_comes_by_one(
    offered: tuple[str, ...], kinds: set[str], asked: list[str]
) -> None:
    found = chosen(services(*offered, table="ivoa.obscore"), frozenset(kinds))
    assert [service.protocol for service in found] == asked


def table_of(**columns: object) -> Table:
    native = Table({name: np.array(values) for name, values in columns.items()})
    table = conform(native, {"archive": Fixed("vo:x")}, query=0)
    table.meta["mapping"] = {"instrument_name": "given: inst", "proposal_id": "missing"}
    return table


def test_instruments_are_compared_without_case_and_punctuation() -> None:
    table = table_of(instrument_name=["X-SHOOTER", "XShooter", "MUSE", ""])
    kept, notes = rows.selected(table, Query(instruments=("xshooter",)))
    assert kept["instrument_name"].tolist() == ["X-SHOOTER", "XShooter"]
    assert kept.meta["mapping"]
    assert not notes


def test_what_a_service_does_not_say_cannot_be_selected_and_that_is_a_gap() -> None:
    table = table_of(instrument_name=["MUSE", "HARPS"])
    kept, (note,) = rows.selected(table, Query(programs=("094.B-0321",)))
    assert len(kept) == 2
    assert note.why is Why.UNANSWERED
    assert "proposal_id" in note.text


def test_parts_of_names_and_stars_are_understood() -> None:
    table = table_of(
        instrument_name=["A"] * 3,
        obs_creator_name=["O'Brien, P.", "Obrian", ""],
        target_name=["NGC 1068", "NGC1068-field", "M77"],
    )
    table.meta["mapping"] = {}
    assert len(rows.selected(table, Query(pi="o'brien"))[0]) == 1
    assert len(rows.selected(table, Query(target_name="NGC*1068*"))[0]) == 2


def test_rows_that_touch_no_circle_are_dropped_where_the_question_was_widened() -> None:
    table = table_of(
        s_ra=[10.0, 10.3, 10.3, np.nan],
        s_dec=[0.0, 0.0, 0.0, np.nan],
        s_region=["", "", "CIRCLE ICRS 10.3 0 0.25", ""],
    )
    here = Query(target=Target("x", 10.0, 0.0), radius=0.1)
    assert rows.near(table, [here])["s_region"].filled("").tolist() == [
        "", "CIRCLE ICRS 10.3 0 0.25", "",
    ]  # fmt: skip


def test_a_question_without_a_place_is_not_put_to_who_needs_one(atlas: Session) -> None:
    found = atlas.search(archives=f"vo:{PLACES['sia']}", instrument="Plate camera")
    assert found.complete is False
    assert "position" in found.remarks[0]
    everywhere = atlas.search(archives=f"vo:{PLACES['tap']}", instrument="ZSPEC")
    assert everywhere.complete is True
    assert len(everywhere) > 3
