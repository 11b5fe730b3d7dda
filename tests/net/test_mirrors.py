"""This file asks the other addresses of a product where the first fails; bytes must agree."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_server import FaultServer, File, Line, body, reset

from skyatlas.archive import Pace
from skyatlas.errors import BadInput, Corrupt, Incomplete, Refused
from skyatlas.journeys.fetch import Fetched, fetch, listed
from skyatlas.model import Product
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.transfer import fetch_one

DATA = np.random.default_rng(5).bytes(2_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
HOSTS = ("first.example", "second.example", "third.example")


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    hosts = {HOSTS[0]: Host("first", Pace(files_at_once=2)), HOSTS[1]: Host("", Pace())}
    patience = Patience(connect=2, silence=1, tries=2)
    with StreetDoor(hosts, sandbox=server.url, clock=clock, patience=patience) as one:
        yield one


def product(count: int = 2, **more: object) -> Product:
    first, *others = (f"https://{host}/x" for host in HOSTS[:count])
    return Product(first, name="x", mirrors=tuple(others), **more)


def serve(server: FaultServer, *plans: object) -> None:
    """What each host answers."""
    for host, plan in zip(HOSTS, plans, strict=False):
        server.on(f"/{host}/x", plan)


def hosts_asked(server: FaultServer) -> list[str]:
    return [seen.path.split("/")[1] for seen in server.seen]


WEB_PAGE = b"<!DOCTYPE html><html><title>We have moved</title></html>"
FAILURES = {
    "404": (body(b"", 404), 1),
    "403": (body(b"", 403), 1),
    "503": (body(b"", 503), 2),
    "500": (body(b"", 500), 2),
    "reset": (reset, 2),
    "breaks": (File(DATA).cut(300_000), 2),
    "web page": (body(WEB_PAGE), 2),
    "wrong bytes": (File(DATA[::-1]), 2),
    "other wrong bytes": (File(DATA[:70_000]), 2),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_next_address_is_asked_when_one_fails(
    server: FaultServer, door: StreetDoor, tmp_path: Path, name: str
) -> None:
    plan, tries = FAILURES[name]
    serve(server, plan, File(DATA, etag='"mirror"'))
    receipt = fetch_one(product(checksum=f"sha256:{SHA256}"), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert (receipt.url, receipt.answered_url) == tuple(f"https://{host}/x" for host in HOSTS[:2])
    assert (receipt.etag, receipt.status) == ('"mirror"', "fetched")
    assert hosts_asked(server) == [HOSTS[0]] * tries + [HOSTS[1]]
    assert "range" not in server.seen[-1].headers
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_closed_port_sends_to_the_next_address(
    server: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    with socket.socket() as closed, StreetDoor(clock=clock) as door:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        there = server.on("/x", File(DATA))
        one = Product(f"http://localhost:{closed.getsockname()[1]}/x", mirrors=(there,))
        receipt = fetch_one(one, tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA
    assert receipt.answered_url == there


def test_addresses_are_asked_in_their_order_and_the_last_failure_is_told(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, body(b"", 503), reset, body(b"", 404))
    with pytest.raises(Refused, match=r"third\.example"):
        fetch_one(product(3), tmp_path, door=door)
    assert list(dict.fromkeys(hosts_asked(server))) == list(HOSTS)
    server.seen.clear()
    serve(server, body(b"", 404), File(DATA), File(DATA))
    fetch_one(product(3), tmp_path, door=door)
    assert hosts_asked(server) == list(HOSTS[:2])


def test_lengths_that_disagree_are_never_a_file(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, File(DATA).cut(300_000), File(DATA[:-1]))
    with pytest.raises(Corrupt, match="they are not the same file"):
        fetch_one(product(), tmp_path, door=door)
    assert [path.name for path in tmp_path.iterdir()] == []
    serve(server, File(DATA).cut(300_000), File(DATA[:-1]), File(DATA))
    assert fetch_one(product(3), tmp_path, door=door).path.read_bytes() == DATA


def test_digests_of_one_address_are_held_against_the_bytes_of_another(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    promised = File(DATA, headers={"content_md5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    serve(server, promised.cut(300_000), File(DATA))
    with pytest.raises(Corrupt, match="md5"):
        fetch_one(product(), tmp_path, door=door)


def cut_then_ranged(line: Line) -> None:
    """Breaks always; minds If-Range."""
    if "range" in line.seen.headers:
        line.reset()
    else:
        File(DATA).cut(1_500_000)(line)


def test_a_validator_is_never_shown_to_another_address(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, cut_then_ranged, cut_then_ranged)
    with pytest.raises(Incomplete):
        fetch_one(product(), tmp_path, door=door)
    asked = {host: [one for one in server.seen if host in one.path] for host in HOSTS[:2]}
    for host in HOSTS[:2]:
        assert "if-range" not in asked[host][0].headers
        assert "range" not in asked[host][0].headers
        assert all(one.headers.get("if-range") == '"one"' for one in asked[host][1:])
    serve(server, File(DATA[::-1]))  # the same ETag and length, but it was a mirror's part
    server.seen.clear()
    assert fetch_one(product(), tmp_path, door=door).path.read_bytes() == DATA[::-1]
    assert "range" not in server.seen[0].headers


def test_the_pace_of_the_mirror_s_own_host_is_kept(
    server: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    """Twelve files at a host that is gone: their mirror is asked for one at a time."""
    at_once, most = 0, 0

    def counted(line: Line) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        line.head(200, content_length=100_000)
        line.wfile.write(DATA[:50_000])
        at_once -= 1
        line.wfile.write(DATA[50_000:100_000])

    products = []
    for number in range(12):
        server.on(f"/{HOSTS[1]}/{number}", counted)
        products.append(f"https://{HOSTS[0]}/{number} https://{HOSTS[1]}/{number}\n")
    hosts = {HOSTS[0]: Host("", Pace(files_at_once=6)), HOSTS[1]: Host("", Pace(files_at_once=1))}
    with StreetDoor(hosts, sandbox=server.url, clock=clock) as door:
        fetched = of_list("".join(products), tmp_path, door)
    assert len(fetched) == 12
    assert most == 1


def of_list(text: str, folder: Path, door: StreetDoor) -> Fetched:
    return fetch(listed(text), folder, lambda name: pytest.fail(name), door)


def test_mirrors_stand_in_the_line_of_a_list(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, body(b"", 404), File(DATA))
    line = f"https://{HOSTS[0]}/x name.dat https://{HOSTS[1]}/x sha256:{SHA256}\n"
    (receipt,) = of_list(line, tmp_path, door).receipts
    assert receipt.path == tmp_path / "name.dat"
    assert receipt.path.read_bytes() == DATA
    assert receipt.answered_url == f"https://{HOSTS[1]}/x"
    assert {path.split("/")[1] for path in (seen.path for seen in server.seen)} == set(HOSTS[:2])


def test_the_mirrors_of_a_host_that_was_given_up_are_asked(
    server: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    lines = []
    for number in range(100):
        server.on(f"/{HOSTS[0]}/{number}", reset)
        server.on(f"/{HOSTS[1]}/{number}", body(DATA[:1000]))
        lines.append(f"https://{HOSTS[0]}/{number} https://{HOSTS[1]}/{number}\n")
    with StreetDoor(sandbox=server.url, clock=clock, patience=Patience(tries=3)) as door:
        fetched = of_list("".join(lines), tmp_path, door)
    assert [str(one.error) for one in fetched.failures] == []
    assert hosts_asked(server).count(HOSTS[0]) < 40  # it was given up, and left alone


@pytest.mark.parametrize("url", ["file:///etc/passwd", "mailto:a@b.example", "https://[bad", "x"])
def test_what_is_no_address_is_refused_at_once_and_asked_of_nobody(
    url: str, server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="no address that can be asked"):
        fetch_one(Product(url, name="x"), tmp_path, door=door)
    assert not server.seen


def test_a_mirror_that_is_no_address_is_passed_over(
    server: FaultServer, door: StreetDoor, tmp_path: Path
) -> None:
    serve(server, body(b"", 404), File(DATA))
    whole = product()
    bad = Product(whole.url, name="x", mirrors=("https://[bad", "file:///x", *whole.mirrors))
    assert fetch_one(bad, tmp_path, door=door).size == len(DATA)
    assert hosts_asked(server) == [HOSTS[0], HOSTS[1]]
