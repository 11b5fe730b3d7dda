"""This file holds the rules that every archive keeps; the tests of an adapter inherit them.

Invariant: a rule asks through a real door and a real server on this machine. A test that fails says
which rule was broken and by what.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from skyatlas.archive import Archive, Ask, Pace
from skyatlas.errors import ArchiveError, Busy, Unreachable, Unreadable
from skyatlas.journeys.search import search
from skyatlas.model import KINDS, Association, Note, Product, Query, Target, Why
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.obscore import said
from skyatlas.observations import Observations
from skyatlas.sky import separation, touches
from skyatlas.testing.form import check_form, check_product, check_values, rows_of
from skyatlas.testing.server import Answer, Request, Server, nobody
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["ArchiveRules"]

_PATIENCE = Patience(connect=10, silence=30, total=60, tries=1)
_SLACK = 1.0 / 3600.0
"""Degrees: archives compute with rounded positions."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_HTML = Answer(
    b"<!DOCTYPE html><html><body>We are moving to a new building.</body></html>", "text/html"
)
_ERROR = b"""<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">no such column</INFO></RESOURCE>
</VOTABLE>"""


class ArchiveRules:
    """What every archive keeps to.

    Inherit them in a class of tests, say which archive, where it has something, and who answers in
    its place: a sandbox through `relay`, or a function that returns recorded answers.
    """

    archive: Archive
    target: ClassVar[tuple[float, float]]
    """A place where the archive has several observations: degrees ICRS."""
    nowhere: ClassVar[tuple[float, float]] = (201.5, 77.7)
    """A place where it has none."""
    radius: ClassVar[float] = 1.0 / 60.0
    """Degrees."""
    filters: ClassVar[Mapping[str, Any]] = {}
    """Fields of `Query` besides target and radius, for an archive that must be asked so."""
    precision: ClassVar[float | None] = 1e-9
    """Degrees: how exactly positions must be found in what is sent. None for an archive whose way
    of writing them cannot be read here."""
    error_document: ClassVar[Answer] = Answer(_ERROR)
    """How its service says with status 200 that something is wrong."""

    @pytest.fixture
    def answering(self) -> Callable[[Request], Answer]:
        """Who answers in the archive's place; yours to write."""
        pytest.fail(f"{type(self).__name__} needs a fixture `answering`: see docs/adapter.md")

    @pytest.fixture
    def server(self, answering: Callable[[Request], Answer]) -> Iterator[Server]:
        """Stands for every host, and notes what it is asked."""
        with Server(answering) as one:
            yield one

    @pytest.fixture
    def door(self, server: Server) -> Iterator[StreetDoor]:
        """Leads to that server."""
        with self._door(server.url) as one:
            yield one

    # What it declares.

    def test_it_says_who_it_is(self) -> None:
        """Name, title, kinds and hosts are there, and in the form in which they are compared."""
        archive = self.archive
        assert archive.name == archive.name.strip().casefold() != "", "a name is in small letters"
        assert archive.title.strip(), "the title is missing"
        assert archive.kinds, "no kind is declared"
        assert archive.kinds <= KINDS, f"no kinds of ObsCore: {archive.kinds - KINDS}"
        assert archive.hosts, "no host is declared"
        wrong = [host for host in archive.hosts if not _HOST.fullmatch(host)]
        assert not wrong, f"no host names in small letters: {wrong}"
        assert isinstance(archive.login_hint, str)

    def test_its_pace_is_polite(self) -> None:
        """Some at once, not many; so many positions in a request as its way allows."""
        pace, many = self.archive.pace, self.archive.many
        assert 1 <= pace.at_once <= 16, f"{pace.at_once} questions at once"
        assert 1 <= pace.files_at_once <= 64, f"{pace.files_at_once} files at once"
        assert 0 <= pace.per_second <= 100
        assert 0 <= pace.files_per_second <= 1000
        assert many.how in ("upload", "chunk", "loop"), f"{many.how!r} is no way to ask"
        assert many.size >= 1

    # What it answers.

    def test_it_yields_tables_in_obscore_s_form(self, door: StreetDoor) -> None:
        """Tables and notes only; every column with its type and unit, and who asked for the row."""
        tables, _ = self._asked([self._query(self.target)], door)
        assert sum(map(len, tables)) > 0, f"nothing was found at {self.target}"
        for table in tables:
            check_form(table, queries=1)

    def test_its_values_are_in_obscore_s_units(self, door: StreetDoor) -> None:
        """Degrees, metres, MJD: no value is one that only another unit explains."""
        tables, _ = self._asked([self._query(self.target)], door)
        for row in chain.from_iterable(tables):
            check_values(row)

    def test_rows_lie_where_was_asked(self, door: StreetDoor) -> None:
        """Every footprint touches the circle, as far as one is told."""
        tables, _ = self._asked([self._query(self.target)], door)
        for row in chain.from_iterable(tables):
            where = f"{said(row, 'obs_id')} at {said(row, 's_ra')}, {said(row, 's_dec')}"
            assert self._is_near(row), f"{where} is not within {self.radius} of {self.target}"

    def test_rows_say_which_question_they_answer(self, door: StreetDoor) -> None:
        """Of two places, the empty one has no rows, and the other one those that it has alone."""
        here, empty = self._query(self.target), self._query(self.nowhere)
        alone = search([here], [self.archive], door)
        both = search([empty, here], [self.archive], door)
        assert not alone.failures, str(alone)
        assert not both.failures, str(both)
        assert set(both.table["target"]) == {"here"}
        assert rows_of(both) == rows_of(alone)

    def test_nothing_found_is_an_empty_answer(self, door: StreetDoor) -> None:
        """No rows, no error, and no word of rows that are missing."""
        tables, notes = self._asked([self._query(self.nowhere)], door)
        assert sum(map(len, tables)) == 0, f"something was found at {self.nowhere}"
        assert not [note for note in notes if note.why in (Why.TRUNCATED, Why.LIMITED)]

    def test_a_limit_is_kept_or_told(self, door: StreetDoor) -> None:
        """Whoever leaves rows out says so."""
        everything = sum(map(len, self._asked([self._query(self.target)], door)[0]))
        assert everything > 1, "the rule needs a place with several observations"
        tables, notes = self._asked([self._query(self.target, limit=1)], door)
        rows = sum(map(len, tables))
        told = any(note.why in (Why.LIMITED, Why.TRUNCATED) for note in notes)
        assert rows >= 1, "a limit of 1 left nothing"
        assert rows == everything or told, f"{rows} of {everything} rows came, in silence"

    def test_the_answer_survives_json(self, door: StreetDoor) -> None:
        """What `--format json` saves is what is read again."""
        found = search([self._query(self.target)], [self.archive], door)
        again = Observations.from_json(found.to_json())
        assert rows_of(again) == rows_of(found)
        assert again.queries == found.queries

    def test_products_come_once_and_have_addresses(self, door: StreetDoor) -> None:
        """Of each file one, with all that is asked besides and without."""
        table = search([self._query(self.target)], [self.archive], door).table
        science = self._products(table, door, Ask())
        # What belongs to several observations may be named by each: the house fetches it once.
        more = self._products(table, door, Ask("raw", True, True, True))
        urls = Counter(one.url for one in science)
        doubles = [url for url, times in urls.items() if times > 1]
        assert not doubles, f"given more than once: {doubles}"
        assert {one.url for one in more} >= set(urls), "who asks for more gets less"
        assert isinstance(self.archive.acknowledgement(more), str)

    # How it asks.

    def test_it_asks_nobody_but_its_hosts(self, door: StreetDoor, server: Server) -> None:
        """Pace and logins are kept by host: a host that is not declared gets neither."""
        table = search([self._query(self.target)], [self.archive], door).table
        list(self.archive.products(table, door, Ask()))
        strangers = {request.host for request in server.seen} - set(self.archive.hosts)
        assert not strangers, f"asked, but not in `hosts`: {strangers}"

    def test_positions_are_sent_with_all_their_digits(
        self, door: StreetDoor, server: Server
    ) -> None:
        """A position that is rounded finds the neighbour's spectrum."""
        if self.precision is None:
            pytest.skip("how it writes positions cannot be read here")
        ra, dec = self.target[0] + 1.23456789e-7, self.target[1] - 1.23456789e-7
        self._asked([self._query((ra, dec))], door)
        numbers = [float(text) for one in server.seen for text in _NUMBER.findall(one.words)]
        for value in (ra, dec):
            nearest = min((abs(number - value) for number in numbers), default=np.inf)
            assert nearest <= self.precision, f"{value!r} was sent {nearest} degrees off"

    def test_it_keeps_nothing_between_questions(self, door: StreetDoor) -> None:
        """One instance serves every thread: the same answers side by side, and nothing changes."""
        before = dict(vars(self.archive))
        query = self._query(self.target)
        answers = side_by_side(lambda _: search([query], [self.archive], door), range(3), 3)
        assert not [answer for answer in answers if answer.failures], str(answers[0])
        assert all(rows_of(answer) == rows_of(answers[0]) for answer in answers[1:])
        assert vars(self.archive) == before, "asking changed the archive's own attributes"

    # What it makes of failures.

    def test_a_dead_host_is_unreachable(self) -> None:
        """No answer is no empty answer."""
        with nobody() as url, self._door(url) as door:
            self._fails(door, Unreachable)

    def test_a_busy_host_is_busy(self) -> None:
        """Status 503 may be tried again."""
        self._fails_with(Answer(b"later", "text/plain", 503), Busy)

    def test_a_web_page_is_unreadable(self) -> None:
        """Archives in maintenance answer with a page and status 200."""
        self._fails_with(_HTML, Unreadable)

    def test_an_error_document_is_an_error(self) -> None:
        """Services say with status 200 that something is wrong."""
        self._fails_with(self.error_document, ArchiveError)

    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_a_refusal_is_an_error(self, status: int) -> None:
        """Whatever else is said below it."""
        self._fails_with(Answer(b"no", "text/plain", status), ArchiveError)

    def test_an_answer_without_a_word_is_an_error(self) -> None:
        """Zero bytes are not zero rows."""
        self._fails_with(Answer(b""), ArchiveError)

    def test_an_answer_that_is_cut_is_an_error(
        self, answering: Callable[[Request], Answer]
    ) -> None:
        """Half a table is not a small table."""

        def half(request: Request) -> Answer:
            whole = answering(request)
            body = whole.body[: len(whole.body) // 2]
            return Answer(body, whole.content_type, whole.status, whole.headers)

        with Server(half) as server, self._door(server.url) as door:
            self._fails(door, ArchiveError)

    # The rules' own means.

    def _query(self, place: tuple[float, float], **more: Any) -> Query:
        name = "nowhere" if place == self.nowhere else "here"
        target = Target(name, *place, resolver="as given")
        return Query(target, self.radius, **{**self.filters, **more})

    @contextmanager
    def _door(self, url: str) -> Iterator[StreetDoor]:
        pace = Pace(self.archive.pace.at_once, per_second=0)  # nobody is disturbed here
        hosts = {host: Host(self.archive.name, pace) for host in self.archive.hosts}
        with StreetDoor(hosts, sandbox=url, patience=_PATIENCE) as door:
            yield door

    def _asked(self, queries: Sequence[Query], door: StreetDoor) -> tuple[list[Table], list[Note]]:
        from astropy.table import Table

        parts = list(self.archive.search(queries, door))
        odd: list[object] = [part for part in parts if not isinstance(part, Table | Note)]
        assert not odd, f"neither table nor note: {odd}"
        return (
            [part for part in parts if isinstance(part, Table)],
            [part for part in parts if isinstance(part, Note)],
        )

    def _products(self, table: Table, door: StreetDoor, ask: Ask) -> list[Product]:
        given = list(self.archive.products(table, door, ask))
        for one in given:
            assert isinstance(one, Product | Note | Association), f"{one!r} is no product"
        products = [one for one in given if isinstance(one, Product)]
        assert products, "observations without any file"
        for product in products:
            check_product(product, self.archive.name)
        return products

    def _fails_with(self, answer: Answer, kind: type[ArchiveError]) -> None:
        with Server(lambda _: answer) as server, self._door(server.url) as door:
            self._fails(door, kind)

    def _fails(self, door: StreetDoor, kind: type[ArchiveError]) -> None:
        with pytest.raises(kind) as raised:
            list(self.archive.search([self._query(self.target)], door))
        assert len(str(raised.value).splitlines()) == 1, "an error is one sentence"

    def _is_near(self, row: Any) -> bool:
        region, ra, dec = said(row, "s_region"), said(row, "s_ra"), said(row, "s_dec")
        radius = self.radius + _SLACK
        touching = touches(region, *self.target, radius) if region else None
        if touching is not None:
            return touching
        if ra is None or dec is None:
            return True
        extent = said(row, "s_fov")
        if extent is None and said(row, "dataproduct_type") in ("image", "cube"):
            return True  # how large it is, is not told
        return bool(separation(ra, dec, *self.target) <= radius + (extent or 0.0) / 2)
