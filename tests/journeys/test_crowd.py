"""This file asks forty services at once of which fifteen do not answer: the other rows are there.

Five break the line, five never answer, five talk rubbish. The truth is what the sandbox's
publishers were made with, never another answer of ours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from skyatlas.errors import Unreachable, Unreadable
from skyatlas.observations import Observations
from skyatlas.sandbox import Sandbox, World
from skyatlas.sandbox.publishers import crowd
from skyatlas.sandbox.vo_holdings import items, sources
from skyatlas.session import Session
from skyatlas.settings import Settings
from skyatlas.sky import separation

BUDGET = 12.0
"""Seconds."""
M77 = (40.6696292, -0.0132806)
RADIUS = 0.1
"""Degrees."""
KINDS = "image,spectrum,measurements"
DEAD, SILENT, RUBBISH = range(5), range(5, 10), range(10, 15)


@pytest.fixture
def crowded(world: World) -> Iterator[Sandbox]:
    with Sandbox(world=world, crowd=40) as running:
        for numbers, fault in ((DEAD, "dead"), (SILENT, "silent"), (RUBBISH, "rubbish")):
            for number in numbers:
                running.fault(fault, f"crowd-{number:02}.example")
        yield running
        running.release()


@pytest.fixture
def asking(crowded: Sandbox) -> Iterator[Session]:
    with Session(Settings(sandbox=crowded.url)) as session:
        yield session


def truth() -> dict[int, set[str]]:
    """What each of the forty has near M 77: names of files, or of sources."""
    found: dict[int, set[str]] = {}
    for number, publisher in enumerate(crowd(40)):
        (collection,) = publisher.collections
        if collection.kind == "catalogue":
            found[number] = {
                one.name
                for one in sources(collection, 1)
                if separation(one.ra, one.dec, *M77) <= RADIUS
            }
        else:
            found[number] = {
                file_name(item.dp_id)
                for item in items(publisher, 1)
                if separation(item.row["s_ra"], item.row["s_dec"], *M77) <= RADIUS
            }
    return found


def file_name(identifier: str) -> str:
    """SIA 1 knows no identifiers but addresses: what all have in common is the file's name."""
    return re.split(r"[/?]", identifier)[-1]


def number_of(archive: str) -> int | None:
    match = re.search(r"crowd-(\d\d)", archive)
    return int(match[1]) if match else None


def got(found: Observations) -> dict[int, set[str]]:
    rows: dict[int, set[str]] = {}
    for archive, table in found.by_archive().items():
        number = number_of(archive)
        if number is None:
            continue
        catalogue = set(table["dataproduct_type"]) == {"measurements"}
        names = table["obs_id" if catalogue else "obs_publisher_did"].tolist()
        rows[number] = {file_name(name) for name in names}
        assert len(rows[number]) == len(table)
    return rows


def test_forty_at_once_end_in_time_each_is_named_and_no_row_of_the_others_is_missing(
    asking: Session,
) -> None:
    began = time.monotonic()
    found = asking.search(
        f"{M77[0]} {M77[1]}",
        archives="vo",
        kind=KINDS,
        radius=f"{RADIUS}deg",
        services=60,
        budget=BUDGET,
    )
    assert time.monotonic() - began < 2 * BUDGET  # a slow machine takes long to begin
    reports = {number_of(report.archive): report for report in found.reports}
    assert set(range(40)) <= set(reports)
    for number in (*DEAD, *SILENT):
        assert isinstance(reports[number].error, Unreachable), reports[number]
    for number in RUBBISH:
        assert isinstance(reports[number].error, Unreadable), reports[number]
    expected = truth()
    others = got(found)
    for number in range(15, 40):
        assert reports[number].error is None, reports[number]
        assert others.get(number, set()) == expected[number], number
    assert sum(len(expected[number]) for number in range(15, 40)) > 30
    assert found.complete is False
    assert all(f"crowd-{number:02}" in "\n".join(found.standings) for number in range(40))


def test_who_gave_nothing_is_left_alone_for_a_while_and_that_is_said(
    asking: Session, crowded: Sandbox
) -> None:
    def ask() -> Observations:
        return asking.search(
            f"{M77[0]} {M77[1]}", archives="vo", kind="image", services=60, budget=10.0
        )

    ask()
    asked_first = len(crowded.requests)
    again = ask()
    hosts = {asked.url.split("/")[2] for asked in crowded.requests[asked_first:]}
    dead = [n for n in (*DEAD, *SILENT, *RUBBISH) if n % 4 in (0, 1)]
    assert not hosts & {f"crowd-{number:02}.example" for number in dead}
    for report in again.reports:
        if number_of(report.archive) in dead:
            assert isinstance(report.error, Unreachable)
            assert "was not asked" in str(report.error)
    crowded.heal()
    by_name = asking.search(
        f"{M77[0]} {M77[1]}", archives="vo:ivo://crowd-00.example/sia", kind="image"
    )
    assert by_name.complete is True
    assert got(by_name)[0]
    healed = {number_of(report.archive): report for report in ask().reports}
    assert healed[0].error is None


def test_more_services_than_asked_for_is_said(asking: Session) -> None:
    found = asking.search("NGC 1068", archives="vo", kind="spectrum", services=3, budget=4.0)
    assert found.complete is False
    assert any("--services" in text for text in found.remarks)
    assert sum(number_of(r.archive) is not None for r in found.reports) <= 3
