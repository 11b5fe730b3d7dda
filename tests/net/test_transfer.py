"""This file breaks transfers in every way; what gets a final name is whole, bit by bit."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fault_server import FaultServer, File, Line, body, redirect, reset, silence

from skyatlas.archive import Pace
from skyatlas.errors import (
    Broken,
    Busy,
    Corrupt,
    Incomplete,
    Refused,
    Unreachable,
    Unreadable,
    Unwritable,
)
from skyatlas.model import Product
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Cancelled, Clock
from skyatlas.net.transfer import fetch_one

HOST = "dataportal.eso.org"
DATA = np.random.default_rng(7).bytes(3_000_000)
PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"


class Tokens:
    """A token source that counts its renewals."""

    number = 1

    def header(self) -> str:
        return f"Bearer key-number-{self.number}"

    def renew(self) -> None:
        self.number += 1


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    hosts = {HOST: Host("eso", Pace(per_second=0, files_at_once=2), login=True)}
    patience = Patience(connect=2, silence=1, tries=3)
    with StreetDoor(hosts, sandbox=server.url, clock=clock, patience=patience) as one:
        yield one


def product(path: str = "/file/x", **more: object) -> Product:
    return Product(f"https://{HOST}{path}", archive="eso", product_id=f"ADP{path}", **more)


def serve(server: FaultServer, *plans: object, path: str = "/file/x") -> str:
    server.on(f"/{HOST}{path}", *plans)
    return f"/{HOST}{path}"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_home_with_its_receipt(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    said = {"content_disposition": 'attachment; filename="a:b.dat"', "content_type": "image/x"}
    serve(server, File(DATA, headers={**said, "last_modified": "Sat, 21 Nov 2026 00:00:00 GMT"}))
    steps: list[tuple[int, int | None]] = []
    folder = tmp_path / "new" / "folder"
    receipt = fetch_one(
        product(), folder, door=door, progress=lambda done, total: steps.append((done, total))
    )
    assert receipt.path == folder / "a:b.dat"
    assert receipt.path.read_bytes() == DATA
    assert left_in(folder) == ["a:b.dat"]
    assert (receipt.size, receipt.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert (receipt.url, receipt.answered_url) == (product().url, product().url)
    assert (receipt.etag, receipt.content_type, receipt.status) == ('"one"', "image/x", "fetched")
    assert receipt.verified == ("length",)
    assert receipt.started == "2026-11-21T00:00:00+00:00"
    assert receipt.mtime_ns == receipt.path.stat().st_mtime_ns
    assert {"skyatlas", "pycurl"} <= set(receipt.versions)
    assert steps[-1] == (len(DATA), len(DATA))


def test_a_broken_line_goes_on_where_it_broke(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    file = File(DATA)
    path = serve(server, file.cut(700_000), file)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert receipt.status == "resumed"
    second = server.asked(path)[1].headers
    first = int(second["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < first <= 700_000
    assert second["if-range"] == '"one"'


def test_a_run_that_was_killed_goes_on_in_the_next(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    file = File(DATA)
    path = serve(server, file.cut(700_000, rst=False))
    with pytest.raises(Incomplete, match=r"of 3,000,000 bytes are kept"):
        fetch_one(product(), tmp_path, door=door)
    part, journal = left_in(tmp_path)
    assert part.endswith(".part")
    assert journal == part + ".json"
    serve(server, file)
    server.seen.clear()
    receipt = fetch_one(product(), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert "range" in server.asked(path)[0].headers
    assert left_in(tmp_path) == ["x"]


@pytest.mark.parametrize("harm", ["junk", "longer", "shorter", "no journal", "other url", "bad"])
def test_a_part_that_is_not_what_its_journal_says_is_dropped(
    server: FaultServer, door: StreetDoor, tmp_path: Path, harm: str
) -> None:
    file = File(DATA)
    path = serve(server, file.cut(700_000))
    with pytest.raises(Incomplete):
        fetch_one(product(), tmp_path, door=door)
    part, journal = (tmp_path / name for name in left_in(tmp_path))
    if harm == "junk":
        part.write_bytes(b"j" + part.read_bytes()[1:])
    elif harm == "longer":
        part.write_bytes(part.read_bytes() + bytes(len(DATA)))
    elif harm == "shorter":
        part.write_bytes(part.read_bytes()[:100])
    elif harm == "no journal":
        journal.unlink()
    elif harm == "other url":
        head, _, lines = journal.read_text().partition("\n")
        said = json.loads(head) | {"url_sha256": "0"}
        journal.write_text(json.dumps(said) + "\n" + lines)
    else:
        journal.write_text("{")
    serve(server, file)
    server.seen.clear()
    assert fetch_one(product(), tmp_path, door=door).path.read_bytes() == DATA
    assert "range" not in server.asked(path)[0].headers


def wrong_range(line: Line) -> None:
    if "range" not in line.seen.headers:
        line.whole(200, DATA, etag='"one"')
    else:
        line.whole(206, DATA[5:], content_range=f"bytes 5-{len(DATA) - 1}/{len(DATA)}")


def other_length(line: Line) -> None:
    if "range" not in line.seen.headers:
        line.whole(200, DATA, etag='"one"')
    else:
        first = int(line.seen.headers["range"].removeprefix("bytes=").removesuffix("-"))
        line.whole(206, DATA[first:], content_range=f"bytes {first}-8999999/9000000")


def other_etag(line: Line) -> None:
    if "range" not in line.seen.headers:
        line.whole(200, DATA, etag='"two"')
    else:
        first = int(line.seen.headers["range"].removeprefix("bytes=").removesuffix("-"))
        span = f"bytes {first}-{len(DATA) - 1}/{len(DATA)}"
        line.whole(206, DATA[first:], content_range=span, etag='"two"')


def no_such_range(line: Line) -> None:
    if "range" not in line.seen.headers:
        line.whole(200, DATA)
    else:
        line.whole(416, b"")


@pytest.mark.parametrize(
    "second",
    [body(DATA), File(DATA, etag='"two"'), wrong_range, other_length, other_etag, no_such_range],
)
def test_what_cannot_be_resumed_starts_from_zero(
    server: FaultServer, door: StreetDoor, tmp_path: Path, second
) -> None:
    old = bytes(len(DATA))
    serve(server, File(old).cut(700_000), second)
    receipt = fetch_one(product(), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert receipt.status == "fetched"


def test_without_a_validator_nothing_is_resumed(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    for etag in (None, 'W/"weak"'):
        file = File(DATA, etag=etag)
        path = serve(server, file.cut(700_000), file)
        server.seen.clear()
        assert fetch_one(product(), tmp_path, door=door).path.read_bytes() == DATA
        assert "range" not in server.asked(path)[1].headers


def test_a_web_page_with_status_200_never_becomes_a_file(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    path = serve(server, body(PAGE, content_type="application/fits"))
    with pytest.raises(Corrupt, match="log in with `skyatlas login eso`") as caught:
        fetch_one(product(), tmp_path, door=door)
    assert caught.value.product == product()
    assert left_in(tmp_path) == []
    assert len(server.asked(path)) == 2


def test_wrong_bytes_are_fetched_once_more_from_zero(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    sha = "sha256:" + hashlib.sha256(DATA).hexdigest()
    path = serve(server, body(DATA[::-1]), body(DATA))
    receipt = fetch_one(product(checksum=sha), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert "sha256" in receipt.verified
    serve(server, body(DATA[::-1]))
    server.seen.clear()
    with pytest.raises(Corrupt, match="sha256"):
        fetch_one(product(checksum=sha), tmp_path / "b", door=door)
    assert len(server.asked(path)) == 2
    assert left_in(tmp_path / "b") == []


def test_sums_that_are_wrong_at_the_archive_are_told_not_refused(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    header = "".join(
        card.ljust(80)
        for card in (
            "SIMPLE  = T",
            "BITPIX  = 8",
            "NAXIS   = 1",
            "NAXIS1  = 9",
            "DATASUM = '5'",
            "END",
        )
    )
    stale = header.ljust(2880).encode() + b"123456789".ljust(2880, b"\0")
    path = serve(server, body(stale))
    receipt = fetch_one(product(name="x.fits"), tmp_path, door=door)
    assert "same bytes twice" in receipt.verified
    assert len(server.asked(path)) == 2
    serve(server, body(stale), body(stale.replace(b"123", b"124")))
    with pytest.raises(Corrupt, match="DATASUM"):
        fetch_one(product(name="y.fits"), tmp_path, door=door)


def test_a_file_without_length_that_ends_early_is_corrupt(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    def early(line: Line) -> None:
        line.head(200, connection="close")
        line.wfile.write(b"SIMPLE  = T".ljust(1000))
        line.hang_up()

    serve(server, early)
    with pytest.raises(Corrupt, match="ends inside the header"):
        fetch_one(product(name="x.fits"), tmp_path, door=door)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("value", "wait"), [("7", 7), ("Sat, 21 Nov 2026 00:00:30 GMT", 30)])
def test_a_busy_archive_is_waited_for(
    server: FaultServer, door: StreetDoor, clock: Clock, tmp_path: Path, value: str, wait: float
) -> None:
    serve(server, body(b"", 429, retry_after=value), File(DATA))
    fetch_one(product(), tmp_path, door=door)
    assert clock.waits[0] == wait
    serve(server, body(b"", 503, retry_after="9999"))
    with pytest.raises(Busy) as caught:
        fetch_one(product(), tmp_path, door=door)
    assert caught.value.wait == 9999


@pytest.mark.parametrize(
    ("plan", "leaf", "words", "count"),
    [
        (body(b"", 404), Refused, "not there", 1),
        (body(b"", 410), Refused, "not there", 1),
        (body(b"", 401), Refused, "log in with `skyatlas login eso`", 1),
        (body(b"", 403), Refused, "not public", 1),
        (body(b"oops", 500), Broken, "oops", 3),
        (body(b"", 202), Busy, "busy", 3),
        (body(b"", 204), Unreadable, "instead of a file", 1),
        (redirect("ftp://archive/x"), Unreadable, "by hand", 1),
        (redirect("x"), Broken, "without end", 30),
        (reset, Unreachable, "broke the connection", 3),
        (silence, Unreachable, "did not answer in time", 3),
    ],
)
def test_refusals_and_failures_have_their_leaves(
    server: FaultServer, door: StreetDoor, tmp_path: Path, plan, leaf, words: str, count: int
) -> None:
    path = serve(server, plan)
    with pytest.raises(leaf, match=words) as caught:
        fetch_one(product(), tmp_path, door=door)
    assert len(server.asked(path)) == count
    assert getattr(caught.value, "login", False) == ("log in" in words)
    assert left_in(tmp_path) == []


def test_a_closed_port_is_unreachable(clock: Clock, tmp_path: Path) -> None:
    with (
        StreetDoor(sandbox="http://127.0.0.1:9", clock=clock) as door,
        pytest.raises(Unreachable, match="cannot be connected to"),
    ):
        fetch_one(product(), tmp_path, door=door)


def test_a_server_that_drips_is_left_and_resumed(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    def drip(line: Line) -> None:
        line.head(200, content_length=len(DATA), etag='"one"')
        line.wfile.write(DATA[:1000])
        line.drip(DATA[1000:2000])

    serve(server, drip, File(DATA))
    receipt = fetch_one(product(), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA


def test_a_token_that_expires_in_mid_batch_is_renewed(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    def guarded(line: Line) -> None:
        good = line.seen.headers.get("authorization") == "Bearer key-number-2"
        line.whole(200 if good else 401, DATA)

    door.credentials.add([HOST], Tokens())
    for name in "abc":
        serve(server, guarded, path=f"/{name}")
        assert fetch_one(product(f"/{name}"), tmp_path, door=door).size == len(DATA)
    assert len(server.seen) == 4
    serve(server, body(b"", 401))
    with pytest.raises(Refused, match="not permitted") as caught:
        fetch_one(product(), tmp_path, door=door)
    assert not caught.value.login


def test_a_token_goes_to_its_host_only(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    door.credentials.add([HOST], Tokens())
    for host in ("s3.amazonaws.com", f"sub.{HOST}", f"{HOST}:8443"):
        serve(server, redirect(f"https://{host}/bucket/x?X-Amz-Signature=geheim"))
        server.on(f"/{host}/bucket/x", body(DATA))
        server.seen.clear()
        receipt = fetch_one(product(), tmp_path, door=door, replace=True)
        assert [seen.headers.get("authorization") for seen in server.seen] == [
            "Bearer key-number-1",
            None,
        ]
        assert receipt.answered_url == f"https://{host}/bucket/x?X-Amz-Signature=REDACTED"
    serve(server, body(DATA))
    server.seen.clear()
    fetch_one(product(anonymous=True), tmp_path, door=door, replace=True)
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize("said", ['filename="../../x"', "filename=/etc/x", 'filename="..\\\\x"'])
def test_a_file_stays_in_its_folder(
    server: FaultServer, door: StreetDoor, tmp_path: Path, said: str
) -> None:
    serve(server, body(DATA, content_disposition=f"attachment; {said}"))
    folder = tmp_path / "a" / "b"
    assert fetch_one(product(), folder, door=door).path == folder / "x"


def test_two_products_of_one_name_both_come_home(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, body(b"first"), path="/1")
    serve(server, body(b"second"), path="/2")
    products = {
        1: product("/1", name="m.fits.txt"),
        2: replace(product("/2", name="m.fits.txt"), product_id="second"),
        3: product("/3", name="m.fits.txt"),
    }
    serve(server, body(b"third"), path="/3")
    names = [fetch_one(products[n], tmp_path, door=door).path.name for n in (1, 2, 3, 1, 2, 3)]
    assert names[:3] == names[3:]
    assert names[:2] == ["m.fits.txt", "m (second).fits.txt"]
    assert re.fullmatch(r"m \([0-9a-f]{8}\).fits.txt", names[2])  # its identifier is no name
    assert (tmp_path / "m.fits.txt").read_bytes() == b"first"
    serve(server, body(b"newer"), path="/1")
    again = fetch_one(product("/1", name="m.fits.txt"), tmp_path, door=door, replace=True)
    assert again.path.name == "m.fits.txt"
    assert again.path.read_bytes() == b"newer"


def half(line: Line) -> None:
    line.head(200, content_length=len(DATA), etag='"one"')
    line.wfile.write(DATA[:1_000_000])
    line.hold()


def test_stop_keeps_the_bytes(server: FaultServer, door: StreetDoor, tmp_path: Path) -> None:
    stop = threading.Event()
    serve(server, half)
    began = time.monotonic()
    with pytest.raises(Incomplete, match="was stopped"):
        fetch_one(product(), tmp_path, door=door, stop=stop, progress=lambda *_: stop.set())
    assert time.monotonic() - began < 5
    assert len(left_in(tmp_path)) == 2
    serve(server, File(DATA))
    receipt = fetch_one(product(), tmp_path, door=door)
    assert (receipt.path.read_bytes(), receipt.status) == (DATA, "resumed")


def test_stop_ends_the_wait_for_a_turn(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    stop = threading.Event()
    stop.set()
    with (
        door.turns.file(HOST),
        door.turns.file(HOST),
        pytest.raises(Incomplete, match="was stopped"),
    ):
        fetch_one(product(), tmp_path, door=door, stop=stop)
    assert server.seen == []


def test_ctrl_c_keeps_the_bytes(server: FaultServer, door: StreetDoor, tmp_path: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    serve(server, half)
    with pytest.raises(KeyboardInterrupt):
        fetch_one(product(), tmp_path, door=door, progress=interrupt)
    assert len(left_in(tmp_path)) == 2


def test_a_folder_that_cannot_be_written_is_told(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, body(DATA))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unwritable, match="GB are free"):
        fetch_one(product(), tmp_path / "file" / "folder", door=door)


def test_a_full_disk_is_told_and_the_part_makes_room(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    def too_large(line: Line) -> None:
        line.head(200, content_length=10**16)
        line.wfile.write(DATA)

    serve(server, too_large)
    with pytest.raises(Unwritable, match=os.strerror(errno.ENOSPC)):
        fetch_one(product(), tmp_path, door=door)
    assert left_in(tmp_path) == []


def test_a_file_on_its_way_holds_a_turn(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    told: list[str] = []
    seen = threading.Event()

    def slow(line: Line) -> None:
        line.head(200, content_length=len(DATA))
        line.wfile.write(DATA[:1_000_000])
        seen.wait(10)
        line.wfile.write(DATA[1_000_000:])

    def try_another(done: int, total: int | None) -> None:
        if not seen.is_set():
            stop = threading.Event()
            stop.set()
            try:
                with door.turns.file(HOST, stop):
                    told.append("free")
            except Cancelled:
                told.append("taken")
        seen.set()

    serve(server, slow)
    with door.turns.file(HOST):  # one of two
        fetch_one(product(), tmp_path, door=door, progress=try_another)
    seen.clear()
    fetch_one(product(), tmp_path, door=door, progress=try_another)
    assert told == ["taken", "free"]


def test_offline_nothing_is_asked(server: FaultServer, tmp_path: Path) -> None:
    with (
        StreetDoor(offline=True, patience=Patience(tries=1)) as door,
        pytest.raises(Unreachable, match="offline"),
    ):
        fetch_one(product(), tmp_path, door=door)
    assert server.seen == []
