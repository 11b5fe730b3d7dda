"""This file holds the archives of ours to the rules, and the rules to archives that break them."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.table import Table

from skyatlas.archive import Archive, Many, Pace
from skyatlas.archives.eso import Eso
from skyatlas.errors import ArchiveError, Broken, Unreadable
from skyatlas.model import Note, Product, Why
from skyatlas.obscore import Fixed, conform
from skyatlas.sky import separation
from skyatlas.testing import Answer, ArchiveRules, Request, Server, relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skyatlas.archive import Ask, Door
    from skyatlas.model import Query
    from skyatlas.sandbox import Sandbox

HERE = (150.0, 2.0)
ROWS = [
    {
        "id": f"o{number}",
        "ra": 150.0 + number / 1000,
        "dec": 2.0,
        "url": f"https://files.example/{number}",
    }
    for number in range(4)
] + [{"id": "far", "ra": 150.0, "dec": 12.0, "url": "https://files.example/far"}]


class TestEso(ArchiveRules):
    archive = Eso()
    target = (40.669629, -0.013281)

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)


def small_service(request: Request) -> Answer:
    """Cones, in JSON, with a limit; errors with status 200."""
    said = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
    ra, dec, radius = (float(said[name]) for name in ("ra", "dec", "sr"))
    rows = [row for row in ROWS if separation(row["ra"], row["dec"], ra, dec) <= radius]
    return Answer(json.dumps({"rows": rows}).encode(), "application/json")


class Small(Archive):
    """An archive that keeps all the rules; those below break one each."""

    name = "small"
    title = "A small archive"
    kinds = frozenset({"spectrum"})
    hosts = ("small.example", "files.example")
    pace = Pace(at_once=2, per_second=5.0)
    many = Many("chunk", 10)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Any]:
        for number, query in enumerate(queries):
            rows = self.rows(query, door)
            yield self.table(rows[: query.limit], number)
            if query.limit is not None and len(rows) > query.limit:
                yield Note(Why.LIMITED, "there are more")

    def rows(self, query: Query, door: Door) -> list[dict[str, Any]]:
        reply = door.ask("https://small.example/cone", params=self.words(query))
        try:
            said = reply.json()
        except ValueError as error:
            raise Unreadable("small answered no JSON", archive=self.name) from error
        if "error" in said:
            raise Broken(f"small says: {said['error']}", archive=self.name)
        return list(said["rows"])

    def words(self, query: Query) -> dict[str, str]:
        assert query.target is not None
        return {
            "ra": repr(query.target.ra),
            "dec": repr(query.target.dec),
            "sr": repr(query.radius),
        }

    def table(self, rows: list[dict[str, Any]], number: int) -> Table:
        native = Table(rows) if rows else Table()
        fields = {
            "dataproduct_type": Fixed("spectrum"),
            "em_min": Fixed(4e-7),
            "s_ra": "ra",
            "s_dec": "dec",
            "obs_id": "id",
            "access_url": "url",
        }
        return conform(native, fields, query=number)


class TestSmall(ArchiveRules):
    archive: Archive = Small()
    target = HERE
    error_document = Answer(b'{"error": "no such column"}', "application/json")

    @pytest.fixture
    def answering(self) -> Callable[[Request], Answer]:
        return small_service


class Shouting(Small):
    name = "SMALL"


class Greedy(Small):
    pace = Pace(at_once=100)


class Loose(Small):
    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Any]:
        yield from super().search(queries, door)
        yield {"rows": 3}


class Native(Small):
    def table(self, rows: list[dict[str, Any]], number: int) -> Table:
        return Table({"id": [row["id"] for row in rows], "query": [number] * len(rows)})


class OfNobody(Small):
    def table(self, rows: list[dict[str, Any]], number: int) -> Table:
        return super().table(rows, number + 1)


class Nanometres(Small):
    def table(self, rows: list[dict[str, Any]], number: int) -> Table:
        table = super().table(rows, number)
        table["em_max"] = 50_000.0
        table["em_max"].unit = "m"
        return table


class Elsewhere(Small):
    def words(self, query: Query) -> dict[str, str]:
        return super().words(query) | {"sr": "180"}


class Mixing(Small):
    def table(self, rows: list[dict[str, Any]], number: int) -> Table:
        return super().table(rows, 0)


class Inventive(Small):
    def rows(self, query: Query, door: Door) -> list[dict[str, Any]]:
        rows = super().rows(query, door)
        return rows or [
            {"id": "x", "ra": query.target.ra, "dec": query.target.dec, "url": "https://x"}
        ]  # type: ignore[union-attr]


class Quiet(Small):
    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Any]:
        return (part for part in super().search(queries, door) if not isinstance(part, Note))


class Twice(Small):
    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Any]:
        yield from super().products(rows, door, ask)
        yield from super().products(rows, door, ask)


class Escaping(Small):
    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Any]:
        yield Product("https://files.example/1", archive="small", folder="../outside")


class Stranger(Small):
    hosts = ("files.example",)


class Rounding(Small):
    def words(self, query: Query) -> dict[str, str]:
        assert query.target is not None
        return super().words(query) | {"ra": f"{query.target.ra:.5f}"}


class Keeping(Small):
    def rows(self, query: Query, door: Door) -> list[dict[str, Any]]:
        self.last = super().rows(query, door)
        return self.last


class Hopeful(Small):
    """Takes every failure for an empty answer."""

    def rows(self, query: Query, door: Door) -> list[dict[str, Any]]:
        try:
            return super().rows(query, door)
        except ArchiveError:
            return []


class Talkative(Small):
    def rows(self, query: Query, door: Door) -> list[dict[str, Any]]:
        try:
            return super().rows(query, door)
        except Unreadable as error:
            raise Unreadable(f"{error}\nit should have been JSON") from error


BREAKERS = [
    (Shouting, "it_says_who_it_is"),
    (Greedy, "its_pace_is_polite"),
    (Loose, "it_yields_tables_in_obscore_s_form"),
    (Native, "it_yields_tables_in_obscore_s_form"),
    (OfNobody, "it_yields_tables_in_obscore_s_form"),
    (Nanometres, "its_values_are_in_obscore_s_units"),
    (Elsewhere, "rows_lie_where_was_asked"),
    (Mixing, "rows_say_which_question_they_answer"),
    (Inventive, "nothing_found_is_an_empty_answer"),
    (Quiet, "a_limit_is_kept_or_told"),
    (Twice, "products_come_once_and_have_addresses"),
    (Escaping, "products_come_once_and_have_addresses"),
    (Stranger, "it_asks_nobody_but_its_hosts"),
    (Rounding, "positions_are_sent_with_all_their_digits"),
    (Keeping, "it_keeps_nothing_between_questions"),
    (Hopeful, "a_dead_host_is_unreachable"),
    (Hopeful, "a_busy_host_is_busy"),
    (Hopeful, "a_web_page_is_unreadable"),
    (Hopeful, "an_error_document_is_an_error"),
    (Hopeful, "a_refusal_is_an_error"),
    (Hopeful, "an_answer_without_a_word_is_an_error"),
    (Hopeful, "an_answer_that_is_cut_is_an_error"),
    (Talkative, "a_web_page_is_unreadable"),
]


@pytest.mark.parametrize(("breaker", "rule"), BREAKERS)
def test_an_archive_that_breaks_a_rule_is_found(breaker: type[Archive], rule: str) -> None:
    rules = TestSmall()
    rules.archive = breaker()
    broken = getattr(rules, f"test_{rule}")
    with Server(small_service) as server, rules._door(server.url) as door:
        fixtures = {"server": server, "door": door, "answering": small_service, "status": 404}
        given = {name: fixtures[name] for name in inspect.signature(broken).parameters}
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            broken(**given)


def test_every_rule_is_broken_by_somebody() -> None:
    rules = {name.removeprefix("test_") for name in vars(ArchiveRules) if name.startswith("test_")}
    unbroken = rules - {rule for _, rule in BREAKERS}
    assert unbroken == {"the_answer_survives_json"}  # only the house can break it
