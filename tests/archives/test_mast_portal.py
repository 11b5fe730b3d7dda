"""This file asks a portal on this machine that answers as MAST's does on its bad days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mast_answers
import pytest
from mast_answers import answered, opened, request_of

from skyatlas.archives.mast import portal
from skyatlas.errors import ArchiveError, Broken, Busy, Unreachable, Unreadable
from skyatlas.protocols.uws import Clock
from skyatlas.testing import Answer, Request

EXECUTING = {"status": "EXECUTING", "msg": "", "percent complete": 0.4, "data": [], "fields": []}


class Still:
    """A clock that nobody waits for; it notes for how long one would have."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def clock(self) -> Clock:
        return Clock(now=lambda: sum(self.pauses), pause=self.pauses.append)


def rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"obsid": number, "obs_id": f"o{number}"} for number in range(first, last)]


def complete(total: int, size: int, page: int) -> dict[str, Any]:
    return mast_answers.complete(
        rows((page - 1) * size, min(total, page * size)), total, size, page
    )


def paged(total: int) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        asked = request_of(request)
        return answered(complete(total, asked["pagesize"], asked["page"]))

    return answer


def fails(answer: Answer, kind: type[ArchiveError]) -> str:
    with opened(lambda _: answer) as (_, door), pytest.raises(kind) as raised:
        list(portal.ask(door, "Mast.Caom.Cone", {"ra": 1.0}))
    assert raised.value.archive == "mast"
    return str(raised.value)


def test_a_question_is_a_form_that_holds_json() -> None:
    with opened(paged(3)) as (server, door):
        (page,) = portal.ask(door, "Mast.Caom.Cone", {"ra": 254.287, "dec": -4.09933})
    (request,) = server.seen
    assert (request.method, request.host, request.path) == (
        "POST",
        "mast.stsci.edu",
        "/api/v0/invoke",
    )
    said = request_of(request)
    assert said.pop("cachebreaker")
    assert said == {
        "service": "Mast.Caom.Cone",
        "params": {"ra": 254.287, "dec": -4.09933},
        "format": "json",
        "pagesize": 50_000,
        "page": 1,
    }
    assert page.rows == rows(0, 3)
    assert page.fields == (("obsid", "int"), ("obs_id", "string"))
    assert page.total == 3
    assert "254.287" in page.asked


def test_no_old_answer_comes_from_a_cache() -> None:
    with opened(paged(1)) as (server, door):
        for _ in range(2):
            list(portal.ask(door, "Mast.Caom.Cone", {"ra": 1.0}))
    first, second = (request_of(request)["cachebreaker"] for request in server.seen)
    assert first != second


def test_all_pages_come() -> None:
    with opened(paged(25)) as (server, door):
        pages = list(portal.ask(door, "Mast.Caom.Filtered", {}, page_size=10))
    assert [len(page.rows) for page in pages] == [10, 10, 5]
    assert [row for page in pages for row in page.rows] == rows(0, 25)
    assert [request_of(request)["page"] for request in server.seen] == [1, 2, 3]
    assert len({request_of(request)["cachebreaker"] for request in server.seen}) == 1


def test_a_limit_asks_for_so_many_rows_only() -> None:
    with opened(paged(25)) as (server, door):
        (page,) = portal.ask(door, "Mast.Caom.Filtered", {}, limit=7)
    assert len(page.rows) == 7
    assert page.total == 25
    assert request_of(server.seen[0])["pagesize"] == 7
    assert len(server.seen) == 1


def test_an_empty_answer_is_one_empty_page() -> None:
    with opened(paged(0)) as (_, door):
        (page,) = portal.ask(door, "Mast.Caom.Filtered", {})
    assert page.rows == []
    assert page.total == 0


def test_while_mast_works_the_same_question_is_asked_after_growing_pauses() -> None:
    looks = iter([EXECUTING] * 6 + [complete(2, 10, 1)])
    still = Still()
    with opened(lambda _: answered(next(looks))) as (server, door):
        (page,) = portal.ask(door, "Mast.Caom.Cone", {}, clock=still.clock())
    assert page.rows == rows(0, 2)
    assert len({request.body for request in server.seen}) == 1
    assert len(server.seen) == 7
    assert still.pauses == sorted(still.pauses)
    assert still.pauses[0] >= 0.5
    assert still.pauses[-1] > 3.0


def test_a_question_that_is_never_answered_ends_in_time_and_asks_seldom() -> None:
    still = Still()
    with (
        opened(lambda _: answered(EXECUTING)) as (server, door),
        pytest.raises(Unreachable) as raised,
    ):
        list(portal.ask(door, "Mast.Caom.Cone", {}, clock=still.clock()))
    assert "Mast.Caom.Cone" in str(raised.value)
    assert sum(still.pauses) <= portal.PATIENCE
    assert len(server.seen) < 60


def test_the_door_s_bound_ends_the_wait_too() -> None:
    still = Still()
    with opened(lambda _: answered(EXECUTING)) as (server, door), pytest.raises(Unreachable):
        list(portal.ask(door.within(0.4), "Mast.Caom.Cone", {}, clock=still.clock()))
    assert len(server.seen) == 1
    assert still.pauses == []


def test_an_error_in_a_200_is_an_error_in_mast_s_words() -> None:
    said = {"status": "ERROR", "msg": "Service Mast.Caom.Foo not found\n at line 3", "data": []}
    words = fails(answered(said), Broken)
    assert "Service Mast.Caom.Foo not found at line 3" in words
    assert "\n" not in words


def test_an_error_without_words_is_an_error() -> None:
    assert "does not describe" in fails(answered({"status": "ERROR", "msg": None}), Broken)


def test_a_web_page_in_a_200_is_unreadable() -> None:
    assert "web page" in fails(Answer(b"\n<!DOCTYPE html><html>Hello", "text/html"), Unreadable)


def test_a_web_page_with_503_is_busy() -> None:
    fails(Answer(b"<html>Down for maintenance</html>", "text/html", 503), Busy)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'"COMPLETE"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"status": null}',
        b'{"status": "COMPLETE"}',
        b'{"status": "COMPLETE", "data": null, "fields": []}',
        b'{"status": "COMPLETE", "data": [1], "fields": []}',
        b'{"status": "COMPLETE", "data": [], "fields": [{}]}',
        b'{"status": "COMPLETE", "data": [], "fields": ["obsid"]}',
        b'{"status": "ABORTED", "data": [], "fields": []}',
    ],
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    fails(Answer(body, "application/json"), Unreadable)


def test_an_answer_without_paging_is_one_page() -> None:
    said = complete(2, 10, 1)
    del said["paging"]
    with opened(lambda _: answered(said)) as (_, door):
        (page,) = portal.ask(door, "Mast.Name.Lookup", {})
    assert page.total is None
    assert len(page.rows) == 2


def test_a_page_that_comes_again_is_noticed_after_those_that_came() -> None:
    with opened(lambda _: answered(complete(30, 10, 1))) as (_, door):
        pages = portal.ask(door, "Mast.Caom.Filtered", {}, page_size=10)
        assert len(next(pages).rows) == 10
        with pytest.raises(Broken, match="page 1 of an answer again as page 2"):
            next(pages)


def test_fewer_rows_than_mast_counted_are_noticed() -> None:
    said = complete(30, 30, 1)
    said["data"] = said["data"][:-1]
    with opened(lambda _: answered(said)) as (_, door):
        pages = portal.ask(door, "Mast.Caom.Filtered", {})
        assert len(next(pages).rows) == 29
        with pytest.raises(Broken, match="counted 30 rows and sent 29"):
            next(pages)


def test_a_line_that_breaks_in_the_middle_leaves_the_pages_that_came() -> None:
    def answer(request: Request) -> Answer:
        whole = paged(30)(request)
        if request_of(request)["page"] < 3:
            return whole
        return Answer(whole.body[:50], whole.content_type, length=len(whole.body))

    with opened(answer) as (_, door):
        pages = portal.ask(door, "Mast.Caom.Filtered", {}, page_size=10)
        assert [len(next(pages).rows) for _ in range(2)] == [10, 10]
        with pytest.raises(Unreachable):
            next(pages)


def test_counting_asks_for_the_number_alone() -> None:
    said = {
        "status": "COMPLETE",
        "data": [{"Column1": 599}],
        "fields": [{"name": "Column1", "type": "string"}],
        "paging": {"pagesFiltered": 1, "rowsFiltered": 1},
    }
    filters = [{"paramName": "obs_collection", "values": ["HST"]}]
    params = {"columns": "*", "filters": filters}
    with opened(lambda _: answered(said)) as (server, door):
        assert portal.count(door, "Mast.Caom.Filtered", params) == 599
    assert request_of(server.seen[0])["params"]["columns"] == "COUNT_BIG(*)"


@pytest.mark.parametrize("data", [[], [{}], [{"Column1": None}], [{"Column1": "many"}]])
def test_a_count_without_a_number_is_unreadable(data: list[object]) -> None:
    said = {"status": "COMPLETE", "data": data, "fields": []}
    with opened(lambda _: answered(said)) as (_, door), pytest.raises(Unreadable):
        portal.count(door, "Mast.Caom.Filtered", {})


def test_an_answer_too_large_for_memory_is_read_from_its_file() -> None:
    said = complete(3, 10, 1) | {"msg": "x" * (64 * 1024**2)}
    with opened(lambda _: answered(said)) as (_, door):
        (page,) = portal.ask(door, "Mast.Caom.Filtered", {})
    assert page.rows == rows(0, 3)
