"""This file tests the finding of services: who is asked when another fails, and what is kept."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import pytest
from astropy.table import Table

from skyatlas.archive import Pace
from skyatlas.errors import BadInput, Broken, Unreachable, Unreadable
from skyatlas.memory import Memory
from skyatlas.model import Interval, Why
from skyatlas.net.door import Host, StreetDoor
from skyatlas.protocols.listing import Listing
from skyatlas.protocols.registry import Registry, Wanted, find

WANTED = Wanted(keywords=("quasar",))
STD = "ivo://ivoa.net/std/"
NOW = timedelta(0)
"""Nothing is fresh enough."""

Rows = Sequence[dict[str, str]]
Says = Callable[[str], "bytes | tuple[int, bytes]"]


def votable(rows: Rows, *columns: str, status: str = "OK") -> bytes:
    names = list(columns or rows[0])
    fields = "".join(f'<FIELD name="{name}" datatype="char" arraysize="*"/>' for name in names)
    cells = [[escape(row.get(name, "")) for name in names] for row in rows]
    data = "".join(f"<TR>{''.join(f'<TD>{cell}</TD>' for cell in one)}</TR>" for one in cells)
    return (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}'
        f'<DATA><TABLEDATA>{data}</TABLEDATA></DATA></TABLE><INFO name="QUERY_STATUS" '
        f'value="{status}"/></RESOURCE></VOTABLE>'
    ).encode()


def refusal(words: str) -> bytes:
    return (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE '
        f'type="results"><INFO name="QUERY_STATUS" value="ERROR">{words}</INFO></RESOURCE>'
        "</VOTABLE>"
    ).encode()


def row(ivoid: str = "ivo://a.test/a", standard: str = "ssa", **more: str) -> dict[str, str]:
    usual = {
        "ivoid": ivoid,
        "res_title": "Spectra of quasars",
        "waveband": "optical#uv",
        "publisher": "A. Test",
        "access_urls": f"http://a.test/{ivoid[-1]}?",
        "standard_ids": f"{STD}{standard}",
        "intf_roles": "std",
    }
    return {**usual, **more}


def services(*rows: dict[str, str], **facts: bytes) -> Says:
    """A registry that knows these services; `facts`: by the table of the registry."""

    def says(adql: str) -> bytes:
        for name, body in facts.items():
            if adql.split(" FROM ")[1].startswith(f"rr.{name} "):
                return body
        return votable(rows, *row())

    return says


@dataclass
class Street:
    """Registries by name, on this machine; `asked` lists who was asked what."""

    url: str = ""
    says: dict[str, Says] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)

    def registry(self, name: str, says: Says) -> Registry:
        self.says[name] = says
        return Registry(name, f"{self.url}/{name}/tap")

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]


@pytest.fixture
def street() -> Iterator[Street]:
    houses = Street()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            name = self.path.split("/")[1]
            houses.asked.append((name, form["QUERY"][0], form))
            said = houses.says[name](form["QUERY"][0])
            status, body = said if isinstance(said, tuple) else (200, said)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        houses.url = f"http://127.0.0.1:{server.server_port}"
        server.handle_error = lambda *who: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield houses
        server.shutdown()
        thread.join()


def opened(memory: Memory | None = None, *, offline: bool = False) -> StreetDoor:
    hosts = {"127.0.0.1": Host("registry", Pace(9, 0.0), tries=1)}
    return StreetDoor(hosts, memory=memory, offline=offline)


@pytest.fixture
def door() -> Iterator[StreetDoor]:
    with opened() as one:
        yield one


@pytest.fixture
def dead() -> Iterator[Registry]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield Registry("Dead", f"http://127.0.0.1:{closed.getsockname()[1]}/tap")


def test_the_third_registry_answers_where_the_first_is_dead_and_the_second_says_html(
    door: StreetDoor, street: Street, dead: Registry
) -> None:
    page = street.registry("Page", lambda adql: b"<html><body>Sorry, maintenance</body></html>")
    third = street.registry("Third", services(row()))
    listing = find(door, WANTED, registries=(dead, page, third))
    assert [record.ivoid for record in listing] == ["ivo://a.test/a"]
    assert listing.registry == third.url
    (note,) = listing.notes
    assert note.why is Why.FALLBACK
    assert "cannot be connected to" in note.text
    assert "a web page" in note.text
    assert note.text.endswith("Third's registry answered instead")
    assert listing.answered


def test_registries_that_all_fail_are_no_empty_list(
    door: StreetDoor, street: Street, dead: Registry
) -> None:
    broken = street.registry("Broken", lambda adql: (500, b"oops"))
    with pytest.raises(Broken, match="no registry of services answered") as raised:
        find(door, WANTED, registries=(dead, broken))
    assert "cannot be connected to" in str(raised.value)
    with pytest.raises(Unreachable):
        find(door, WANTED, registries=(dead, replace(dead, name="Other")))


def test_a_registry_that_knows_nothing_is_an_empty_list_and_nobody_else_is_asked(
    door: StreetDoor, street: Street
) -> None:
    empty = street.registry("Empty", services())
    other = street.registry("Other", services(row()))
    listing = find(door, WANTED, registries=(empty, other))
    assert (len(listing), listing.complete) == (0, True)
    assert street.names() == ["Empty"]
    assert str(listing).startswith("0 services; the registry is 127.0.0.1, asked 20")


def test_another_table_than_asked_for_is_no_answer(door: StreetDoor, street: Street) -> None:
    strange = street.registry("Strange", lambda adql: votable([{"ivoid": "a", "access_url": "b"}]))
    with pytest.raises(Unreadable, match="registry of Strange answered a table without the column"):
        find(door, WANTED, registries=(strange,))


def test_a_registry_gets_its_share_of_the_time_that_is_left(
    street: Street, door: StreetDoor
) -> None:
    waiting = threading.Event()

    def silent(adql: str) -> bytes:
        waiting.wait(20)
        return b""

    slow = street.registry("Slow", silent)
    quick = street.registry("Quick", services(row()))
    try:
        listing = find(door.within(3.0), WANTED, registries=(slow, quick))
    finally:
        waiting.set()
    assert listing.registry == quick.url
    assert "in time" in listing.remarks[0]


def test_an_answer_is_used_again_while_it_is_fresh(door: StreetDoor, street: Street) -> None:
    registry = street.registry("One", services(row()))
    first = find(door, WANTED, registries=(registry,))
    again = find(door, WANTED, registries=(registry,))
    assert (first.cached, again.cached) == (False, True)
    assert again.records == first.records
    assert again.when == first.when
    assert "as it was on" in again.line
    assert len(street.asked) == 1
    assert not find(door, WANTED, registries=(registry,), fresh=NOW).cached
    find(door, Wanted(keywords=("other",)), registries=(registry,))
    assert len(street.asked) == 3


def test_an_old_answer_is_used_where_nobody_answers_and_says_so(
    door: StreetDoor, street: Street, dead: Registry
) -> None:
    registries = (street.registry("One", services(row())), dead)
    find(door, WANTED, registries=registries)
    street.registry("One", lambda adql: (500, b"oops"))
    listing = find(door, WANTED, registries=registries, fresh=NOW)
    assert listing.cached
    assert len(listing) == 1
    assert "cannot be connected to" in listing.remarks[-1]
    assert listing.remarks[-1].endswith("this is an earlier answer")


def test_what_other_registries_said_is_not_taken_for_the_answer_of_these(
    door: StreetDoor, street: Street, dead: Registry
) -> None:
    find(door, WANTED, registries=(street.registry("One", services(row())),))
    with pytest.raises(Unreachable):
        find(door, WANTED, registries=(dead,))


def test_offline_the_answer_of_another_day_and_another_process_is_used(
    tmp_path: Path, street: Street
) -> None:
    registries = [street.registry(name, services(row())) for name in ("One", "Two")]
    with opened(Memory(tmp_path)) as online:
        find(online, WANTED, registries=registries)
    with opened(Memory(tmp_path), offline=True) as offline:
        listing = find(offline, WANTED, registries=registries, fresh=NOW)
        assert listing.cached
        assert listing.remarks[0].count("offline;") == 1
        with pytest.raises(Unreachable, match="offline"):
            find(offline, Wanted(keywords=("never asked",)), registries=registries)


def test_what_is_remembered_and_cannot_be_read_is_asked_again(
    tmp_path: Path, street: Street
) -> None:
    registry = street.registry("One", services(row()))
    with opened(Memory(tmp_path)) as one:
        find(one, WANTED, registries=(registry,))
        (kept,) = (tmp_path / "registry").iterdir()
        saved = json.loads(kept.read_text())
        saved["value"]["services"][0]["interfaces"][0]["nonsense"] = 1
        kept.write_text(json.dumps(saved))
        assert not find(one, WANTED, registries=(registry,)).cached


def test_an_answer_that_was_cut_says_so_and_is_not_remembered(
    door: StreetDoor, street: Street
) -> None:
    registry = street.registry("One", lambda adql: votable([row()], status="OVERFLOW"))
    listing = find(door, WANTED, registries=(registry,))
    assert [note.why for note in listing.notes] == [Why.TRUNCATED]
    assert not listing.complete
    assert not listing.answered
    assert not find(door, WANTED, registries=(registry,)).cached


def test_exactly_as_many_rows_as_registries_cut_after_are_a_cut(
    door: StreetDoor, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyatlas.protocols.registry._SILENT_CUT", 2)
    rows = [row("ivo://a.test/a"), row("ivo://a.test/b")]
    listing = find(door, WANTED, registries=(street.registry("One", services(*rows)),))
    assert [note.why for note in listing.notes] == [Why.TRUNCATED]


def test_a_limit_asks_for_one_more_and_says_that_there_is_more(
    door: StreetDoor, street: Street
) -> None:
    rows = [row("ivo://a.test/a"), row("ivo://a.test/b")]
    registry = street.registry("One", services(*rows))
    listing = find(door, replace(WANTED, limit=1), registries=(registry,))
    assert (len(listing), listing.complete, listing.answered) == (1, False, True)
    assert [note.why for note in listing.notes] == [Why.LIMITED]
    assert street.asked[0][2]["MAXREC"] == ["2"]


def test_an_older_registry_is_asked_without_what_it_does_not_have(
    door: StreetDoor, street: Street
) -> None:
    def old(adql: str) -> bytes | tuple[int, bytes]:
        if "stc_" in adql:
            return refusal("no such table: rr.stc_spatial")
        if "mirror_url" in adql:
            return 400, refusal("no such column: mirror_url")
        return votable([row()])

    wanted = replace(WANTED, position=(10.0, 20.0, 1.0), band=Interval(5e-7, 6e-7))
    listing = find(door, wanted, registries=(street.registry("Old", old),))
    assert len(listing) == 1
    assert "services for anything are among these" in listing.remarks[0]
    assert len(street.asked) == 3


def test_a_registry_that_is_down_is_not_asked_in_other_words(
    door: StreetDoor, street: Street
) -> None:
    down = street.registry("Down", lambda adql: (500, refusal("database is down")))
    with pytest.raises(Broken):
        find(door, WANTED, registries=(down,))
    assert len(street.asked) == 1


def test_services_that_do_not_say_where_they_have_data_are_counted(
    door: StreetDoor, street: Street
) -> None:
    covered = votable([{"ivoid": "ivo://a.test/a", "fact": "ivo://a.test/a"}])
    says = services(row("ivo://a.test/a"), row("ivo://a.test/b"), stc_spatial=covered)
    wanted = replace(WANTED, position=(10.0, 20.0, 1.0))
    listing = find(door, wanted, registries=(street.registry("One", says),))
    assert listing.remarks == ("1 of 2 do not say where they have data; they are kept",)
    assert listing.complete


def test_a_tap_service_is_known_to_have_obscore_by_what_it_says(
    door: StreetDoor, street: Street
) -> None:
    says = services(
        row("ivo://a.test/a", "tap"),
        row("ivo://a.test/b", "tap"),
        row("ivo://a.test/c", "tap#aux"),
        res_detail=votable([{"ivoid": "ivo://a.test/a", "fact": f"{STD}ObsCore#core-1.1"}]),
        res_table=votable(
            [
                {"ivoid": "ivo://a.test/b", "fact": "b.main", "utype": ""},
                {"ivoid": "ivo://a.test/c", "fact": "c.obs", "utype": f"{STD}obscore#table-1.1"},
            ]
        ),
    )
    registries = (street.registry("One", says),)
    listing = find(door, Wanted(datamodels=("obscore",)), registries=registries)
    tables = {record.ivoid[-1]: [one.table for one in record.services()] for record in listing}
    assert tables == {"a": ["ivoa.obscore"], "b": [""], "c": ["c.obs"]}


def test_facts_that_a_registry_does_not_give_are_missed_aloud(
    door: StreetDoor, street: Street
) -> None:
    says = services(row(standard="tap"), res_detail=refusal("no such table"))
    listing = find(door, Wanted(types=("tap",)), registries=(street.registry("One", says),))
    assert len(listing) == 1
    assert [note.why for note in listing.notes] == [Why.UNANSWERED]
    assert "could not tell which data models services follow" in listing.remarks[0]


def test_what_is_another_type_is_left_out_and_what_cannot_be_asked_is_counted(
    door: StreetDoor, street: Street
) -> None:
    page = row("ivo://a.test/b", intf_types="vr:webbrowser")
    second = row("ivo://a.test/c", "sia", std_versions="2.0")
    columns = {**page, **second}
    registry = street.registry(
        "One", lambda adql: votable([row(standard="sia"), page, second], *columns)
    )
    listing = find(door, Wanted(types=("sia",)), registries=(registry,))
    assert [record.ivoid for record in listing] == ["ivo://a.test/a"]
    assert listing.notes[0].count == 1


def test_a_service_under_two_identifiers_is_listed_once_and_counted(
    door: StreetDoor, street: Street
) -> None:
    twice = row("ivo://a.test/b", access_urls="https://a.test/a")
    listing = find(door, WANTED, registries=(street.registry("One", services(row(), twice)),))
    assert len(listing) == 1
    assert "1 service is registered under another identifier" in listing.remarks[0]
    assert listing["ivo://a.test/b"] is listing["vo:ivo://a.test/a"] is listing[0]


@pytest.fixture
def listing(door: StreetDoor, street: Street) -> Listing:
    rows = [
        row("ivo://a.test/some/rather/long/identifier/of/a/service/b", res_title="Zebra " * 20),
        row("ivo://a.test/a", res_title="aardvark", short_name="Aard", publisher="P" * 70),
    ]
    says = lambda adql: votable(rows, *row(), "short_name")  # noqa: E731
    return find(door, WANTED, registries=(street.registry("One", says),))


def test_a_list_is_in_the_order_of_titles_and_found_in_by_name(listing: Listing) -> None:
    assert [record.title[:5] for record in listing] == ["aardv", "Zebra"]
    assert listing["aard"] is listing[0]
    assert [record.title for record in listing[:1]] == ["aardvark"]
    with pytest.raises(BadInput, match="no service 'other'"):
        listing["other"]


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_a_printed_list_keeps_identifiers_whole_and_to_its_width(
    listing: Listing, width: int
) -> None:
    text = "\n".join(listing.lines(width))
    assert max(map(len, text.splitlines())) <= width
    for record in listing:
        assert f"vo:{record.ivoid}" in text
    assert str(listing).splitlines()[-1] == listing.line


def test_a_list_is_a_table_and_a_page(listing: Listing) -> None:
    table = listing.table
    assert isinstance(table, Table)
    assert list(table["archive"]) == [record.archive for record in listing]
    assert list(table["wavebands"]) == ["optical, uv"] * 2
    assert table.meta["registry"] == listing.registry
    assert "<td>aardvark</td>" in listing._repr_html_()


def test_a_long_list_is_printed_in_part_and_says_how_much_is_left(
    door: StreetDoor, street: Street
) -> None:
    rows = [row(f"ivo://a.test/{n:02}", access_urls=f"http://a.test/{n}") for n in range(45)]
    listing = find(door, WANTED, registries=(street.registry("One", services(*rows)),))
    assert len(listing) == 45
    assert str(listing).splitlines()[-2] == "… and 5 more"
    assert "… and 5 more" in listing._repr_html_()


def test_an_empty_list_is_a_table_with_columns(door: StreetDoor, street: Street) -> None:
    listing = find(door, WANTED, registries=(street.registry("One", services()),))
    assert (len(listing.table), len(listing.table.colnames)) == (0, 13)


def test_a_list_survives_as_plain_values(listing: Listing) -> None:
    back = Listing.from_json(json.loads(json.dumps(listing.to_json())))
    assert back.records == listing.records
    assert (back.line, back.notes, back.asked) == (listing.line, listing.notes, listing.asked)
    with pytest.raises(BadInput):
        Listing.from_json({"observations": []})
