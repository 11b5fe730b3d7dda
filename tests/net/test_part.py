"""This file harms parts and journals in every way: no byte is vouched for that was not written."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from fault_server import FaultServer, File, Line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyatlas.archive import Pace
from skyatlas.errors import Incomplete, Unwritable
from skyatlas.model import Product
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.part import Journal, Part
from skyatlas.net.transfer import fetch_one

HOST = "archive.example"
URL = f"https://{HOST}/x"
DATA = np.random.default_rng(11).bytes(3_000_000)
SMALL = DATA[:400]
SAID = Journal.of(URL, {"etag": '"one"', "content-md5": "x"}, len(SMALL))


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    hosts = {HOST: Host("", Pace(per_second=0, files_at_once=1))}
    patience = Patience(connect=2, silence=2, tries=1)
    with StreetDoor(hosts, sandbox=server.url, clock=clock, patience=patience) as one:
        yield one


def product() -> Product:
    return Product(URL, name="x")


def broken_off(server: FaultServer, door: StreetDoor, folder: Path, at: int = 1_500_000) -> Path:
    """A part with its journal; the part's path."""
    server.on(f"/{HOST}/x", File(DATA).cut(at, rst=False))
    with pytest.raises(Incomplete):
        fetch_one(product(), folder, door=door)
    server.seen.clear()
    server.on(f"/{HOST}/x", File(DATA))
    (part,) = folder.glob("*.part")
    with journal_of(part).open("a") as journal:
        journal.writelines(line(0, end) for end in range(100_000, part.stat().st_size, 100_000))
    return part


def journal_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def line(start: int, end: int, data: bytes = DATA) -> str:
    return f"{start} {end} {hashlib.sha256(data[start:end]).hexdigest()}\n"


def first_asked(server: FaultServer) -> int:
    """Where the next run went on."""
    wanted = server.asked(f"/{HOST}/x")[0].headers.get("range", "bytes=0-")
    return int(wanted.removeprefix("bytes=").partition("-")[0])


def junk_in_the_middle(part: Path) -> None:
    with part.open("r+b") as file:
        file.seek(part.stat().st_size // 2)
        file.write(b"junk")


def torn_tail(part: Path) -> None:
    os.truncate(part, part.stat().st_size - 10)


def torn_line(part: Path) -> None:
    journal = journal_of(part)
    journal.write_text(journal.read_text()[:-40])


def lines_beyond(part: Path) -> None:
    with journal_of(part).open("a") as journal:
        journal.write(line(0, len(DATA)))


def overlapping(part: Path) -> None:
    with journal_of(part).open("a") as journal:
        journal.write(line(100, 900_000) + line(200_000, 1_000_000) + line(0, 1000))


@pytest.mark.parametrize(
    "harm", [junk_in_the_middle, torn_tail, torn_line, lines_beyond, overlapping]
)
def test_the_good_beginning_of_a_harmed_part_is_kept_and_nothing_else(
    server: FaultServer, door: StreetDoor, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    part = broken_off(server, door, tmp_path)
    size = part.stat().st_size
    harm(part)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert receipt.sha256 == hashlib.sha256(DATA).hexdigest()
    asked = first_asked(server)
    assert 0 < asked <= size
    assert (asked < size // 2 + 1) == (harm is junk_in_the_middle)


def longer_than_the_file(part: Path) -> None:
    with part.open("ab") as file:
        file.write(bytes(len(DATA)))


def no_part(part: Path) -> None:
    part.unlink()


def head_is(text: str) -> Callable[[Path], None]:
    def harm(part: Path) -> None:
        _, _, lines = journal_of(part).read_text().partition("\n")
        journal_of(part).write_text(f"{text}\n{lines}")

    return harm


def head_says(**wrong: object) -> Callable[[Path], None]:
    def harm(part: Path) -> None:
        head = json.loads(journal_of(part).read_text().partition("\n")[0])
        head_is(json.dumps(head | wrong))(part)

    return harm


def binary(part: Path) -> None:
    journal_of(part).write_bytes(bytes(range(256)) * 20)


def endless_number(part: Path) -> None:
    with journal_of(part).open("a") as journal:
        journal.write("9" * 10_000 + " 9 9\n")


HARMS = {
    "longer": longer_than_the_file,
    "stale journal": no_part,
    "binary journal": binary,
    "a list": head_is("[]"),
    "deep": head_is("[" * 200_000),
    "length in words": head_says(length="3000000"),
    "length of another": head_says(length=2_000_000),
    "digests in a list": head_says(digests=["md5"]),
    "a digest of no kind": head_says(digests={"content-md5": 5}),
    "a name of no kind": head_says(disposition=5),
    "an encoding of no kind": head_says(encoding=5),
    "a tag of no kind": head_says(etag=5),
    "a number without end": endless_number,
}


@pytest.mark.parametrize("name", HARMS)
def test_whatever_stands_in_a_journal_the_file_comes_home(
    server: FaultServer, door: StreetDoor, tmp_path: Path, name: str
) -> None:
    part = broken_off(server, door, tmp_path)
    HARMS[name](part)
    stop = threading.Timer(5.0, lambda: door.close())  # rather an error than a hang
    stop.start()
    try:
        receipt = fetch_one(product(), tmp_path, door=door)
    finally:
        stop.cancel()
    assert receipt.path.read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_journal_that_cannot_be_read_costs_no_turn(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    part = broken_off(server, door, tmp_path)
    journal_of(part).unlink()
    journal_of(part).mkdir()
    with pytest.raises(Unwritable):
        fetch_one(product(), tmp_path, door=door)
    stop = threading.Event()
    threading.Timer(5.0, stop.set).start()
    other = tmp_path / "other"  # the host has one turn, and it must be free
    assert fetch_one(product(), other, door=door, stop=stop).path.read_bytes() == DATA


def test_a_run_killed_between_the_name_and_the_receipt_leaves_the_final_file_alone(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    """`X.part` and the final name are one file then: whoever writes to the part writes to it."""
    part = broken_off(server, door, tmp_path)
    final = tmp_path / "x"
    final.hardlink_to(part)
    before = final.read_bytes()
    writes = []

    def look(line: Line) -> None:
        writes.append(final.read_bytes())
        File(DATA)(line)

    server.on(f"/{HOST}/x", look)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert writes == [before]
    assert receipt.path != final or receipt.path.read_bytes() == DATA
    assert receipt.path.read_bytes() == DATA
    assert not list(tmp_path.glob("*.part*"))
    assert final.read_bytes() in (before, DATA)


def test_two_threads_never_have_one_part(tmp_path: Path) -> None:
    path = str(tmp_path / "x.part")
    barrier, had = threading.Barrier(8), []

    def claim() -> None:
        part = Part(path)
        barrier.wait(10)
        had.append(part.claim())
        barrier.wait(10)
        part.release()

    for _ in range(50):
        had.clear()
        threads = [threading.Thread(target=claim) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(had, key=str) == [0, *[None] * 7]
        assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_let_go_can_be_claimed_again(tmp_path: Path) -> None:
    first, second = (Part(str(tmp_path / "x.part")) for _ in range(2))
    assert first.claim() == 0
    first.begin(SAID)
    first.write(0, SMALL)
    assert second.claim() is None
    first.release()
    assert second.claim() == len(SMALL)


Write = tuple[int, int]
writes = st.lists(
    st.tuples(st.integers(0, len(SMALL) - 1), st.integers(1, 120)), min_size=1, max_size=8
)
harms = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["part", "journal"]), st.integers(0, 2000), st.binary(max_size=9)
        ),
        st.tuples(st.sampled_from(["cut part", "cut journal"]), st.integers(0, 2000), st.just(b"")),
    ),
    max_size=3,
)


def harmed(path: Path, harm: tuple[str, int, bytes]) -> None:
    what, at, data = harm
    target = journal_of(path) if what.endswith("journal") else path
    size = target.stat().st_size
    if what.startswith("cut"):
        os.truncate(target, min(size, at))
    else:
        with target.open("r+b") as file:
            file.seek(at % (size + 20))
            file.write(data)


@given(order=st.randoms(use_true_random=False), stretches=writes, harm=harms)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_byte_is_vouched_for_that_was_not_written(
    tmp_path: Path, order: object, stretches: list[Write], harm: list[tuple[str, int, bytes]]
) -> None:
    """Any writes of any stretches, in any order, and then any harm to the part and its journal."""
    path = Path(mkdtemp(dir=tmp_path)) / "x.part"
    part = Part(str(path))
    assert part.claim() == 0
    part.begin(SAID)
    for start, size in stretches:
        at, end, digest = start, min(start + size, len(SMALL)), hashlib.sha256()
        while at < end:
            piece = SMALL[at : min(end, at + order.randint(1, 50))]  # type: ignore[attr-defined]
            part.write(at, piece)
            digest.update(piece)
            at += len(piece)
            part.vouch(start, at, digest.hexdigest())
    part.release()
    for one in harm:
        harmed(path, one)
    again = Part(str(path))
    again.claim()
    found = again.recover(URL)
    if found is not None:
        _, spans = found
        assert spans
        for (start, end), (after, _) in zip(spans, [*spans[1:], (len(SMALL), 0)], strict=True):
            assert start < end <= after
            assert again.read(start, end - start) == SMALL[start:end]
    if not harm:
        firsts = min(start for start, _ in stretches)
        assert found is not None
        assert found[1][0][0] == firsts
    again.empty()
    again.release()
    assert list(path.parent.iterdir()) == []
