"""This file follows secrets through the door: where they go, and that nobody else sees them."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import keyring
import pytest
from fault_server import FaultServer, Line, body, redirect, reset
from keyring.backend import KeyringBackend

from skyatlas.archive import Pace, Token
from skyatlas.errors import ArchiveError, BadInput, Refused
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.passwords import find_password, forget_password, save_password
from skyatlas.net.redaction import hide, redact
from skyatlas.net.secrets import PasswordToken

PASSWORD = "open sesame & 100% sécret/+\"'"
HOST = "archive.eso.org"
URL = f"https://{HOST}/tap"


class Tokens:
    """A token source that counts its renewals."""

    def __init__(self) -> None:
        self.number = 1

    def header(self) -> str:
        return f"Bearer key-number-{self.number}"

    def renew(self) -> None:
        self.number += 1


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> StreetDoor:
    hosts = {HOST: Host("eso", Pace(at_once=1, per_second=0), login=True)}
    return StreetDoor(hosts, sandbox=server.url, clock=clock)


def tokens_seen(server: FaultServer) -> list[str | None]:
    return [seen.headers.get("authorization") for seen in server.seen]


def test_the_sandbox_stands_for_every_host(server: FaultServer, door: StreetDoor) -> None:
    server.on(f"/{HOST}/tap", body(b"eso"))
    answer = door.ask(URL, params={"a": "b/c"})
    assert (answer.content, answer.url) == (b"eso", f"{URL}?a=b%2Fc")
    assert server.seen[0].headers["x-forwarded-host"] == HOST
    assert server.seen[0].headers["x-forwarded-proto"] == "https"


def test_a_redirect_stays_in_the_sandbox(server: FaultServer, door: StreetDoor) -> None:
    server.on(f"/{HOST}/tap", redirect("https://other.org/x"))
    server.on(f"/{HOST}/relative", redirect("tap"))
    server.on("/other.org/x", body(b"there"))
    assert door.ask(f"https://{HOST}/relative").url == "https://other.org/x"


def test_a_token_goes_to_its_host_only(server: FaultServer, door: StreetDoor) -> None:
    door.credentials.add([HOST], Tokens())
    foreign = ("other.org", f"sub.{HOST}", "eso.org", f"{HOST}:8443")
    for host in foreign:
        server.on(f"/{host}/x", body(b""))
        server.on(f"/{HOST}/tap", redirect(f"https://{host}/x"))
        server.seen.clear()
        door.ask(URL)
        assert tokens_seen(server) == ["Bearer key-number-1", None], host
        assert not door.logged_in(f"https://{host}/x")
    server.seen.clear()
    server.on(f"/{HOST}/tap", body(b""))
    door.ask(f"http://{HOST}/tap")
    assert tokens_seen(server) == [None]


def test_a_callers_own_authorization_does_not_follow_a_redirect(
    server: FaultServer, door: StreetDoor
) -> None:
    server.on(f"/{HOST}/tap", redirect("https://other.org/x"))
    server.on("/other.org/x", body(b""))
    door.ask(URL, headers={"Authorization": "Basic abcdef"})
    assert tokens_seen(server) == ["Basic abcdef", None]


def test_the_anonymous_view_sends_no_token(server: FaultServer, door: StreetDoor) -> None:
    door.credentials.add([HOST], Tokens())
    server.on(f"/{HOST}/tap", body(b""))
    door.anonymous().ask(URL)
    assert tokens_seen(server) == [None]
    assert not door.anonymous().logged_in(URL)
    assert door.anonymous().turns is door.turns


def test_cookies_stay_with_the_host_that_set_them(server: FaultServer, door: StreetDoor) -> None:
    cookie = f"session=abc; Domain={HOST}; Path=/"
    for host in ("other.org", f"sub.{HOST}"):
        server.on(f"/{HOST}/tap", redirect(f"https://{host}/x", set_cookie=cookie))
        server.on(f"/{host}/x", body(b""))
        door.ask(URL)
        door.ask(f"https://{host}/x")
    server.on(f"/{HOST}/again", body(b""))
    door.ask(f"https://{HOST}/again")
    carried = [s.path.split("/")[1] for s in server.seen if "session=abc" in str(s.headers)]
    assert set(carried) == {HOST}
    assert "session=abc" in server.seen[-1].headers["cookie"]


def test_a_token_that_expires_in_mid_batch_is_renewed(
    server: FaultServer, door: StreetDoor
) -> None:
    def guarded(line: Line) -> None:
        good = line.seen.headers.get("authorization") == "Bearer key-number-2"
        line.whole(200 if good else 401, b"data")

    door.credentials.add([HOST], Tokens())
    server.on(f"/{HOST}/tap", guarded)
    assert [door.ask(URL).content for _ in range(3)] == [b"data"] * 3
    assert len(server.seen) == 4


def test_many_threads_renew_a_token_once(server: FaultServer, clock: Clock) -> None:
    tokens, meeting = Tokens(), threading.Barrier(4)

    def guarded(line: Line) -> None:
        good = line.seen.headers.get("authorization") == "Bearer key-number-2"
        if not good:
            meeting.wait(10)
        line.whole(200 if good else 401, b"data")

    hosts = {HOST: Host("eso", Pace(at_once=4, per_second=0))}
    door = StreetDoor(hosts, sandbox=server.url, clock=clock)
    door.credentials.add([HOST], tokens)
    server.on(f"/{HOST}/tap", guarded)
    threads = [threading.Thread(target=door.ask, args=(URL,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert tokens.number == 2


def test_a_login_that_is_not_permitted_is_told_so(server: FaultServer, door: StreetDoor) -> None:
    door.credentials.add([HOST], Tokens())
    for status in (401, 403):
        server.on(f"/{HOST}/tap", body(b"", status))
        with pytest.raises(Refused, match="account is not permitted") as caught:
            door.ask(URL)
        assert not caught.value.login


def test_a_sign_in_passes_where_all_turns_are_taken(server: FaultServer, door: StreetDoor) -> None:
    server.on(f"/{HOST}/token", body(b"first"))
    ask = door.anonymous().ask
    source = PasswordToken(lambda: Token(ask(f"https://{HOST}/token").text, 2e9), lambda: 0.0)
    door.credentials.add([HOST], source)
    signed = threading.Thread(target=door.prepare, args=(URL,), daemon=True)
    with door.turns.question(HOST):  # the only one
        signed.start()
        signed.join(10)
    assert not signed.is_alive()


def test_a_wrong_password_is_told_not_waited_for(server: FaultServer, door: StreetDoor) -> None:
    def sign_in() -> Token:
        return Token(door.ask(f"https://{HOST}/token").text, 2e9)

    server.on(f"/{HOST}/token", body(b"first"), body(b"wrong password", 401))
    server.on(f"/{HOST}/tap", body(b"", 401))
    door.credentials.add([HOST], PasswordToken(sign_in, lambda: 0.0))
    with pytest.raises(Refused, match="wrong password"):
        door.ask(URL)


def test_a_token_is_renewed_before_it_ends() -> None:
    today, made = [0.0], []

    def sign_in() -> Token:
        made.append(today[0])
        life = 28_800.0 if len(made) == 1 else 100.0
        return Token(f"token-{len(made)}", today[0] + life)

    source = PasswordToken(sign_in, lambda: today[0])
    assert source.header() == source.header() == "Bearer token-1"
    today[0] = 28_800.0 - 599.0
    assert source.header() == "Bearer token-2"
    today[0] += 49.0
    assert source.header() == "Bearer token-2"
    today[0] += 2.0
    assert source.header() == "Bearer token-3"


@pytest.mark.parametrize("anonymous", [True, False])
def test_a_sign_in_at_the_same_host_waits_neither_for_its_turn_nor_for_its_token(
    server: FaultServer, door: StreetDoor, anonymous: bool
) -> None:
    def sign_in() -> Token:
        way = door.anonymous() if anonymous else door
        return Token(way.ask(f"https://{HOST}/token").text, 2e9)

    def guarded(line: Line) -> None:
        good = line.seen.headers.get("authorization") == "Bearer second"
        line.whole(200 if good else 401, b"data")

    server.on(f"/{HOST}/token", body(b"first"), body(b"second"))
    server.on(f"/{HOST}/tap", guarded)
    door.credentials.add([HOST], PasswordToken(sign_in, lambda: 0.0))
    asked = threading.Thread(target=door.ask, args=(URL,), daemon=True)
    asked.start()
    asked.join(20)
    assert not asked.is_alive()
    assert len(server.asked(f"/{HOST}/tap")) == 2
    assert all("authorization" not in s.headers for s in server.asked(f"/{HOST}/token"))


def forms(secret: str) -> set[str]:
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}


@pytest.mark.parametrize("outcome", ["success", "refused", "echo", "broken line", "no server"])
def test_a_login_leaves_its_password_nowhere(
    server: FaultServer, clock: Clock, caplog: pytest.LogCaptureFixture, outcome: str
) -> None:
    def echo(line: Line) -> None:
        line.whole(403, f"you said {line.seen.path} and {PASSWORD}".encode())

    plans = {
        "success": body(b'{"id_token": "x.y.z"}'),
        "refused": body(b"Authentication failed", 401),
        "echo": echo,
        "broken line": reset,
        "no server": reset,
    }
    server.on("/www.eso.org/sso", plans[outcome])
    hide(PASSWORD)
    sandbox = "http://127.0.0.1:9" if outcome == "no server" else server.url
    door = StreetDoor(sandbox=sandbox, clock=clock, patience=Patience(tries=2))
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    try:
        answer = door.ask("https://www.eso.org/sso", params={"u": "U", "password": PASSWORD})
        told += [answer.url, repr(vars(answer)), repr(vars(answer.request))]
    except ArchiveError as error:
        told += ["".join(traceback.format_exception(error)), repr(vars(error)), repr(error.args)]
        told += [repr(error.__cause__), repr(error.__context__)]
    told += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    names = {record.name for record in caplog.records if "=REDACTED" in record.getMessage()}
    # urllib3 speaks of a request only once there is an answer.
    answered = outcome in ("success", "refused", "echo")
    assert ("urllib3.connectionpool" in names) == answered
    assert "skyatlas.net.insistence" in names
    for form in forms(PASSWORD):
        assert not [text for text in told if form in text], form


def test_a_secret_goes_by_its_parameters_name_alone() -> None:
    url = "https://u:geheim@h.org/x?a=1&Password=abc%20d&X-Amz-Signature=f00&b=2#c"
    assert redact(url) == (
        "https://REDACTED@h.org/x?a=1&Password=REDACTED&X-Amz-Signature=REDACTED&b=2#c"
    )
    assert redact('{"access_token": "abc", "scope": "x"}') == (
        '{"access_token": "REDACTED", "scope": "x"}'
    )
    assert redact("Authorization: Bearer abc.def-g") == "Authorization: Bearer REDACTED"
    assert redact("next=https%3A%2F%2Fh%2F%3Ftoken%3Dabc%26b%3D2") == (
        "next=https%3A%2F%2Fh%2F%3Ftoken%3DREDACTED%26b%3D2"
    )
    assert redact("response_type=id_token token&n=1") == "response_type=id_token token&n=1"


def test_netrc_is_never_used_by_itself(
    server: FaultServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text(f"machine {HOST} login me password secretword\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.on(f"/{HOST}/tap", redirect(f"https://{HOST}/x"))
    server.on(f"/{HOST}/x", body(b""))
    StreetDoor(sandbox=server.url, clock=clock).ask(URL)
    assert tokens_seen(server) == [None, None]


def test_no_proxy_stands_between_us_and_the_sandbox(
    server: FaultServer, door: StreetDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    server.on(f"/{HOST}/tap", body(b"ok"))
    assert door.ask(URL).content == b"ok"


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class BrokenRing(Ring):
    """A keyring as headless machines have it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("no D-Bus here")

    set_password = delete_password = get_credential = get_password  # type: ignore[assignment]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_a_password_is_looked_for_where_people_keep_it(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine www.eso.org login me password from-netrc\n")
    (tmp_path / ".netrc").chmod(0o600)
    ring.kept["astroquery:www.eso.org", "me"] = "from-theirs"
    environment = {
        "HOME": str(tmp_path),
        "SKYATLAS_ESO_USERNAME": "me",
        "SKYATLAS_ESO_PASSWORD": "from-environment",
    }
    places = {"services": ["astroquery:www.eso.org"], "hosts": ["www.eso.org"]}

    def found(username: str | None = None, password: str | None = None) -> tuple[str, str]:
        login = find_password(
            "eso",
            username,
            password=password,
            environment=environment,
            prompt=lambda _: "from-prompt",
            **places,
        )
        assert login is not None
        assert login.password not in repr(login)
        return login.found, login.password

    assert found("me", "as-given") == ("as given", "as-given")
    assert found() == ("environment", "from-environment")
    assert found("another") == ("prompt", "from-prompt")
    del environment["SKYATLAS_ESO_PASSWORD"]
    assert save_password("eso", "me", "from-ours")
    assert found() == ("keyring", "from-ours")
    assert forget_password("eso", "me")
    assert not forget_password("eso", "me")
    assert found("me") == ("keyring", "from-theirs")
    ring.kept.clear()
    assert found() == ("netrc", "from-netrc")
    (tmp_path / ".netrc").unlink()
    assert found() == ("prompt", "from-prompt")
    assert find_password("eso", environment={}) is None
    with pytest.raises(BadInput, match="without a username"):
        find_password("eso", password="alone")


def test_a_broken_keyring_is_no_crash(ring: Ring, caplog: pytest.LogCaptureFixture) -> None:
    keyring.set_keyring(BrokenRing())
    caplog.set_level(logging.DEBUG, "skyatlas")
    assert find_password("eso", "me", ["a", "b"], environment={}) is None
    assert len(caplog.records) == 1
    assert not save_password("eso", "me", "word")
    assert not forget_password("eso", "me")
