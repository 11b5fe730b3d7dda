"""This file asks TAP services that do as told: limits, formats, errors, tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from fault_server import FaultServer, body, redirect
from tap_server import capabilities, error, forms, rows, texts
from uws_documents import job_document

from skyatlas.errors import Broken, Refused, Unreadable
from skyatlas.net.door import StreetDoor
from skyatlas.protocols import tap
from skyatlas.protocols.tap import services
from skyatlas.protocols.vosi import capabilities_of

QUESTION = "SELECT n FROM t"


@pytest.fixture
def service(server: FaultServer) -> tap.TapService:
    server.on("/tap/capabilities", capabilities())
    server.on("/tap/sync", rows([1, 2, 3]))
    return tap.TapService("here", f"{server.url}/tap", wait_seconds=30)


def with_job(server: FaultServer, *answers: object) -> None:
    """An `/async` whose job 1 is done as soon as it runs."""
    server.on("/tap/async", redirect("/tap/async/1", 303))
    server.on("/tap/async/1/executionduration", body(b"", 303, location="/tap/async/1"))
    server.on("/tap/async/1/phase", body(job_document("COMPLETED")))
    server.on("/tap/async/1", body(b"", 303, location="/tap/async"))
    server.on("/tap/async/1/results/result", *(answers or (rows([7]),)))


def test_one_row_more_than_the_limit_is_asked_for_and_the_cut_seen(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    answer = tap.ask(door, service, QUESTION, limit=2)
    assert forms(server)[0]["MAXREC"] == "3"
    assert (list(answer.table["n"]), answer.truncated) == ([1, 2], True)
    assert not tap.ask(door, service, QUESTION, limit=3).truncated
    assert answer.asked == (QUESTION,)


def test_the_hard_limit_is_learned_once_a_day_and_reaching_it_is_a_cut(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/capabilities", capabilities(hard=3))
    assert tap.ask(door, service, QUESTION).truncated
    assert tap.ask(door, service, QUESTION, limit=50).truncated
    assert [form["MAXREC"] for form in forms(server)] == ["3", "3"]
    assert len(server.asked("/tap/capabilities")) == 1


def test_a_service_that_says_nothing_of_itself_is_asked_plainly(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/capabilities", body(b"no such page", 404))
    assert len(tap.ask(door, service, QUESTION).table) == 3
    form = forms(server)[0]
    assert form["FORMAT"] == "votable"
    assert "MAXREC" not in form
    server.on("/tap/capabilities", capabilities())  # a failure is not kept
    tap.ask(door, service, QUESTION)
    assert forms(server)[1]["MAXREC"] == "1000"


def test_overflow_is_seen_without_any_limit(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", rows([1], status="OVERFLOW"))
    assert tap.ask(door, service, QUESTION).truncated


def test_only_the_columns_can_be_asked_for(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", rows([]))
    answer = tap.ask(door, service, QUESTION, limit=0)
    assert forms(server)[0]["MAXREC"] == "0"
    assert (answer.table.colnames, len(answer.table), answer.truncated) == (["n"], 0, False)


@pytest.mark.parametrize(("version", "word"), [("1.1", "RESPONSEFORMAT"), ("1.0", "FORMAT")])
def test_binary2_is_asked_for_where_it_is_offered(
    server: FaultServer, door: StreetDoor, service: tap.TapService, version: str, word: str
) -> None:
    server.on("/tap/capabilities", capabilities(version=version))
    tap.ask(door, service, QUESTION)
    assert forms(server)[0][word] == "votable/b2"


def test_the_formats_that_recorded_services_offer_are_chosen_from(
    door: StreetDoor, shared_data: Path
) -> None:
    def chosen(name: str) -> tuple[str, ...]:
        text = (shared_data / "responses" / name).read_bytes()
        found = capabilities_of(text, archive="x", url="x")
        offer = next(one.offer for one in found if one.offer)
        about = services.Known(offer, "1.1", said=True)
        return services.formats_for(door, tap.TapService("x", "https://x.example"), about)

    assert chosen("pyvo/dal__tap__capabilities.xml") == ("votable/b2", "votable")
    assert chosen("astroquery_cadc/tap_caps.xml") == ("votable",)
    assert chosen("astroquery_mast/tap_capabilities.xml") == ("votable",)


@pytest.mark.parametrize(
    "refusal",
    [
        error("Unsupported output format: votable/b2", 400),
        error("RESPONSEFORMAT votable/b2 is not known"),
        body(b"<html><body>Internal trouble</body></html>"),
        body(b"", 415),
    ],
)
def test_a_format_that_was_promised_and_not_given_is_not_asked_for_again(
    server: FaultServer, door: StreetDoor, service: tap.TapService, refusal: object
) -> None:
    server.on("/tap/sync", refusal, rows([1]))
    assert len(tap.ask(door, service, QUESTION).table) == 1
    tap.ask(door, service, QUESTION)
    said = [form["RESPONSEFORMAT"] for form in forms(server)]
    assert said == ["votable/b2", "votable", "votable"]


def test_a_service_that_is_down_has_not_broken_its_promise(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    page = body(b"<html><body>Down for work</body></html>")
    server.on("/tap/sync", page, page, rows([1]))
    with pytest.raises(Unreadable):
        tap.ask(door, service, QUESTION)
    tap.ask(door, service, QUESTION)
    said = [form["RESPONSEFORMAT"] for form in forms(server)]
    assert said == ["votable/b2", "votable", "votable/b2"]


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_wrong_question_tells_the_services_sentence_and_is_asked_once(
    server: FaultServer, door: StreetDoor, service: tap.TapService, status: int
) -> None:
    server.on("/tap/sync", error("column nonsense is unknown", status))
    with pytest.raises(Broken, match="column nonsense is unknown"):
        tap.ask(door, service, QUESTION)
    assert len(forms(server)) == 1


def test_a_web_page_is_no_empty_answer(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", body(b"<!DOCTYPE html><html><body>Down for work</body></html>"))
    with pytest.raises(Unreadable, match="web page"):
        tap.ask(door, service, QUESTION)


def test_a_plain_refusal_keeps_its_words(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", body(b"QUERY is missing", 400, content_type="text/plain"))
    with pytest.raises(Refused, match="QUERY is missing"):
        tap.ask(door, service, QUESTION)


@pytest.mark.parametrize(
    "slow", [body(b"late", 504), body(b"late", 408), error("Query timed out after 60 s", 400)]
)
def test_what_takes_too_long_at_once_becomes_a_job(
    server: FaultServer, door: StreetDoor, service: tap.TapService, slow: object
) -> None:
    server.on("/tap/sync", slow)
    with_job(server)
    assert list(tap.ask(door, service, QUESTION).table["n"]) == [7]
    made = forms(server, "/tap/async")[0]
    assert (made["QUERY"], made["MAXREC"]) == (QUESTION, "1000")
    assert server.asked("/tap/async/1")[-1].method == "DELETE"


def test_a_job_can_be_preferred(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    with_job(server, rows([7], status="OVERFLOW"))
    assert tap.ask(door, service, QUESTION, prefer="async").truncated
    assert not server.asked("/tap/sync")


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ((60, 100_000), ["3600"]),
        ((60, 600), ["600"]),
        ((7200, 100_000), []),
        ((0, 0), []),
        (None, ["3600"]),
    ],
)
def test_more_time_is_asked_for_only_where_the_default_is_too_short(
    server: FaultServer,
    door: StreetDoor,
    service: tap.TapService,
    limits: tuple[int, int] | None,
    asked: list[str],
) -> None:
    server.on("/tap/capabilities", capabilities(seconds=limits))
    with_job(server)
    tap.ask(door, service, QUESTION, prefer="async")
    sent = forms(server, "/tap/async/1/executionduration")
    assert [form["EXECUTIONDURATION"] for form in sent] == asked


def test_nothing_is_learned_where_all_is_given(server: FaultServer, door: StreetDoor) -> None:
    server.on("/tap/sync", rows([1]))
    given = tap.TapService("here", f"{server.url}/tap", 10, formats=("votable",))
    tap.ask(door, given, QUESTION)
    assert [seen.path for seen in server.seen] == ["/tap/sync"]


def test_the_obscore_table_is_found_by_the_data_model(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/capabilities", capabilities(model="ivo://ivoa.net/std/ObsCore/v1.1"))
    assert tap.obstap(door, service) == "ivoa.obscore"
    assert not forms(server)


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([("ivoa.ObsCore", "")], "ivoa.ObsCore"),
        ([("dbo.x", ""), ("mast.obs", "ivo://ivoa.net/std/obscore#table-1.1")], "mast.obs"),
        ([("dbo.x", "")], None),
    ],
)
def test_the_obscore_table_is_found_in_tap_schema_once_a_day(
    server: FaultServer,
    door: StreetDoor,
    service: tap.TapService,
    listed: list[tuple[str, str]],
    found: str | None,
) -> None:
    server.on("/tap/sync", texts(("table_name", "utype"), listed))
    assert tap.obstap(door, service) == found
    assert tap.obstap(door, service) == found
    assert len(forms(server)) == 1


def test_a_service_that_fails_is_not_one_without_obscore(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", error("the database is down"))
    with pytest.raises(Broken):
        tap.obstap(door, service)


def test_columns_are_known_in_small_letters(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", texts(("COLUMN_NAME",), [("S_RA",), ('"t_min"',)]))
    assert tap.columns_of(door, service, "ivoa.obscore") == {"s_ra", "t_min"}
    tap.columns_of(door, service, "ivoa.obscore")
    assert len(forms(server)) == 1


def test_columns_that_are_not_told_are_not_known_and_not_kept(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    server.on("/tap/sync", error("no such table"), texts(("column_name",), [("s_ra",)]))
    assert tap.columns_of(door, service, "ivoa.obscore") == frozenset()
    assert tap.columns_of(door, service, "ivoa.obscore") == {"s_ra"}


@pytest.mark.parametrize("end", ["", "/", "/?", "?"])
def test_an_address_may_end_as_registries_write_it(
    server: FaultServer, door: StreetDoor, service: tap.TapService, end: str
) -> None:
    tap.ask(door, tap.TapService("here", f"{server.url}/tap{end}"), QUESTION)
    assert len(forms(server)) == 1


def test_tables_come_from_vosi_and_where_that_fails_from_tap_schema(
    server: FaultServer, door: StreetDoor, service: tap.TapService
) -> None:
    document = (
        b"<v:tableset xmlns:v='urn:v'><schema><name>a</name><table><name>a.t</name>"
        b"<column><name>x</name></column></table></schema></v:tableset>"
    )
    url = server.on("/elsewhere", body(document))
    server.on("/tap/capabilities", capabilities(tables=url))
    (schema,) = tap.tables_of(door, service)
    assert schema.tables[0].columns[0].name == "x"
    server.on("/elsewhere", body(b"<html>gone</html>"))
    server.on(
        "/tap/sync",
        texts(("schema_name", "table_name", "description"), [("b", "b.t", "things")]),
        texts(("table_name", "column_name", "unit"), [("b.t", "y", "deg")]),
    )
    (schema,) = tap.tables_of(door, service)
    table = schema.tables[0]
    assert (schema.name, table.name, table.description) == ("b", "b.t", "things")
    assert (table.columns[0].name, table.columns[0].unit) == ("y", "deg")


def test_what_is_known_is_forgotten_after_a_day(
    server: FaultServer, door: StreetDoor, service: tap.TapService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap.known(door, service)
    monkeypatch.setattr(services, "DAY", 0.0)
    tap.known(door, service)
    assert len(server.asked("/tap/capabilities")) == 2
