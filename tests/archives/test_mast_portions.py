"""This file asks a MAST that holds more than it can send in one answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mast_answers import answered, complete, opened, request_of
from mast_asked import NGC1068, asked, at

from skyatlas.archives.mast import Mast, portions
from skyatlas.journeys.search import search
from skyatlas.model import Note, Query, Target, Why
from skyatlas.testing import Answer, Request

EACH = 100_000
"""Rows that one row of this MAST stands for when it counts."""


def row(number: int, begin: float | None) -> dict[str, Any]:
    place = {"s_ra": NGC1068[0], "s_dec": NGC1068[1] + number / 1000}
    return {"obsid": number, "obs_id": f"o{number}", "t_min": begin, "calib_level": 3, **place}


def spans(request: dict[str, Any]) -> list[dict[str, float]]:
    filters = request["params"].get("filters", ())
    return [one["values"][0] for one in filters if one["paramName"] == "t_min"]


def passes(one: dict[str, Any], request: dict[str, Any]) -> bool:
    begin = one["t_min"]
    return all(begin is not None and span["min"] <= begin <= span["max"] for span in spans(request))


def holding(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """A MAST with these rows, each of which stands for many where they are too many to send."""

    def answer(asked_for: Request) -> Answer:
        request = request_of(asked_for)
        found = [one for one in rows if passes(one, request)]
        if request["params"].get("columns") == "COUNT_BIG(*)":
            number: list[dict[str, Any]] = [{"Column1": len(found) * EACH}]
            return answered(complete(number, 1, 10, 1))
        few = len(found) * EACH <= 500_000
        return answered(complete(found, len(found) if few else len(found) * EACH, 50_000, 1))

    return answer


def test_what_is_too_much_is_asked_in_spans_of_time() -> None:
    rows = [row(number, 50_000.0 + 700.0 * number) for number in range(1, 13)]
    with opened(holding(rows)) as (server, door):
        found = asked(Query(collections=("TESS",)), door)
    assert sorted(found["obsid"]) == list(range(1, 13))
    assert found.complete
    fetched = [request_of(one) for one in server.seen]
    parts = [one for one in fetched if one["params"]["columns"] == "*"]
    assert len(parts) >= 3
    assert all(len(spans(one)) == 1 for one in parts)


def test_what_is_little_is_counted_once_and_asked_as_it_is() -> None:
    with opened(holding([row(1, 50_000.0)])) as (server, door):
        assert len(asked(Query(collections=("TESS",)), door)) == 1
    assert [request_of(one)["params"]["columns"] for one in server.seen] == ["COUNT_BIG(*)", "*"]
    assert not spans(request_of(server.seen[1]))


def test_who_wants_but_a_few_has_nothing_counted() -> None:
    rows = [row(number, 50_000.0 + number) for number in range(1, 5)]
    with opened(holding(rows)) as (server, door):
        assert len(asked(Query(collections=("TESS",), limit=2), door)) == 2
    assert [request_of(one)["params"]["columns"] for one in server.seen] == ["*"]


def test_rows_that_do_not_say_when_they_begin_are_told_of() -> None:
    rows = [row(number, 50_000.0 + 700.0 * number) for number in range(1, 10)]
    rows += [row(10, None), row(11, None)]
    with opened(holding(rows)) as (_, door):
        found = asked(Query(collections=("TESS",)), door)
    assert sorted(found["obsid"]) == list(range(1, 10))
    (note,) = [note for note in found.reports[0].notes if note.why is Why.TRUNCATED]
    assert note.count == 2 * EACH
    assert found.complete is False


def test_what_begins_all_at_once_cannot_be_split_and_is_told_of() -> None:
    rows = [row(number, 50_000.01) for number in range(1, 8)]
    with opened(holding(rows)) as (server, door):
        parts = list(portions.portions(door, "Mast.Caom.Filtered", {"filters": []}))
    (note,) = parts
    assert isinstance(note, Note)
    assert note.count == 7 * EACH
    assert len(server.seen) < 70


def test_a_place_with_too_much_is_asked_in_spans_of_time() -> None:
    rows = [row(number, 50_000.0 + 700.0 * number) for number in range(1, 13)]
    with opened(holding(rows)) as (server, door):
        found = asked(at(NGC1068, 1.0), door)
    assert sorted(found["obsid"]) == list(range(1, 13))
    assert all("position" in request_of(one)["params"] for one in server.seen)


def test_places_with_too_much_together_are_asked_in_halves() -> None:
    """A cross-match takes no filters: fewer places are all that makes it smaller."""
    rows = [row(number, 50_000.0) for number in range(1, 13)]

    def answer(asked_for: Request) -> Answer:
        request = request_of(asked_for)
        places = {place["dec"] for place in request["data"]["data"]}
        near = [one for one in rows if one["s_dec"] in places]
        return answered(complete(near, len(near) if len(places) <= 2 else 600_000, 50_000, 1))

    queries = [
        Query(Target(f"t{number}", NGC1068[0], NGC1068[1] + number / 1000), 1 / 3600)
        for number in range(1, 9)
    ]
    with opened(answer) as (server, door):
        found = asked(queries, door)
    sizes = [len(request_of(one)["data"]["data"]) for one in server.seen]
    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    pairs = sorted(zip(found["obsid"].tolist(), found["target"], strict=True))
    assert pairs == [(number, f"t{number}") for number in range(1, 9)]


@pytest.mark.parametrize("failing", [2, 3])
def test_a_count_that_fails_is_no_answer(failing: int) -> None:
    rows = [row(number, 50_000.0 + 700.0 * number) for number in range(1, 13)]
    seen: list[Request] = []

    def answer(asked_for: Request) -> Answer:
        seen.append(asked_for)
        if len(seen) == failing:
            return answered({"status": "ERROR", "msg": "the count failed"})
        return holding(rows)(asked_for)

    with opened(answer) as (_, door):
        found = search(
            [Query(collections=("TESS",), parameters=(("sector", "*"),))], [Mast()], door
        )
    (failed,) = found.failures
    assert "the count failed" in str(failed.error)


def test_a_limit_needs_no_spans() -> None:
    rows = [row(number, 50_000.0 + 700.0 * number) for number in range(1, 13)]
    with opened(holding(rows)) as (server, door):
        assert len(asked(at(NGC1068, 1.0, limit=2), door)) == 2
    assert len(server.seen) == 1


def test_splitting_ends_where_every_span_is_too_much() -> None:
    def answer(asked_for: Request) -> Answer:
        return answered(complete([{"Column1": 600_000}], 1, 10, 1))

    with opened(answer) as (server, door):
        parts = list(portions.portions(door, "Mast.Caom.Filtered", {"filters": []}))
    assert [type(part) for part in parts] == [Note]
    assert len(server.seen) < 150
