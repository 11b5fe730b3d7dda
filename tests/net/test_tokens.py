"""This file follows a token that its owner made by hand: found, checked, sent, and ended."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from fault_server import FaultServer, Line, Plan, body, redirect
from keyring.backend import KeyringBackend

from skyatlas.accounts import Accounts
from skyatlas.archives.mast import Mast
from skyatlas.errors import AtlasError, BadInput, Refused, Unreadable
from skyatlas.model import Product
from skyatlas.net.door import Host, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.passwords import find_token
from skyatlas.net.redaction import redact
from skyatlas.net.transfer import fetch_one

HOST = "mast.stsci.edu"
WHOAMI = f"/{HOST}/whoami"
FILE = f"/{HOST}/api/v0.1/Download/file"
GOOD, OLD = "3de1e7ab1e70ca7f00d5ca1ab1e5eed5", "0ddba11deadbeef0ddba11deadbeef00"
MAST = Mast()


class Ring(KeyringBackend):
    """A keyring in memory, by (service, user name)."""

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


class LockedRing(Ring):
    """A keyring as headless machines have it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("no D-Bus here")

    set_password = get_password  # type: ignore[assignment]


class Owner:
    """MAST as far as tokens go: who shows GOOD is Ingrid, for as long as it lives."""

    def __init__(self) -> None:
        self.alive = True
        self.permitted = True

    def knows(self, line: Line) -> bool:
        return self.alive and line.seen.headers.get("authorization") == f"token {GOOD}"

    def whoami(self, line: Line) -> None:
        known = self.knows(line)
        said = {"anon": not known, "attrib": {"display_name": "Ingrid"} if known else {}}
        line.whole(200, json.dumps(said).encode(), content_type="application/json")

    def private(self, line: Line) -> None:
        good = self.knows(line) and self.permitted
        line.whole(200 if good else 401, b"data" if good else b"<html>Unauthorized</html>")

    def until(self, last: int) -> Plan:
        """Give the file, and end the token with the last of so many."""
        left = [last]

        def plan(line: Line) -> None:
            self.private(line)
            left[0] -= 1
            self.alive = self.alive and left[0] > 0

        return plan


@pytest.fixture
def mast(server: FaultServer) -> Owner:
    owner = Owner()
    server.on(WHOAMI, owner.whoami)
    server.on(FILE, owner.private)
    return owner


@pytest.fixture
def door(server: FaultServer, clock: Clock) -> Iterator[StreetDoor]:
    hosts = {HOST: Host("mast", MAST.pace, login=True)}
    with StreetDoor(hosts, sandbox=server.url, clock=clock) as one:
        yield one


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def accounts(**environment: str) -> Accounts:
    return Accounts(environment)


def product(name: str = "a") -> Product:
    return Product(f"https://{HOST}/api/v0.1/Download/file?uri=mast:HST/{name}", "mast", name)


def test_a_token_is_looked_for_where_people_keep_it(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine {HOST} login any password from-netrc\n")
    (tmp_path / ".netrc").chmod(0o600)
    ring.kept["skyatlas:mast", "token"] = "from-ours"
    ring.kept["astroquery:mast.stsci.edu.token", "masttoken"] = "from-theirs"
    environment = {
        "HOME": str(tmp_path),
        "SKYATLAS_MAST_TOKEN": " from-our-variable\n",
        "MAST_API_TOKEN": "from-the-variable-of-astroquery",
    }
    asked: list[str] = []

    def prompt(question: str) -> str:
        asked.append(question)
        return " from-prompt\n"

    def found(token: str | None = None) -> tuple[str, str]:
        login = find_token(
            "mast",
            token,
            MAST.password_service,
            variables=MAST.token_variables,
            hosts=MAST.hosts,
            environment=environment,
            prompt=prompt,
            page=MAST.token_page,
        )
        assert login is not None
        assert login.password not in repr(login)
        assert redact(login.password) == "REDACTED"
        return login.found, login.password

    assert found(" from-argument\n") == ("as given", "from-argument")
    assert found() == ("environment", "from-our-variable")
    del environment["SKYATLAS_MAST_TOKEN"]
    assert found() == ("environment", "from-the-variable-of-astroquery")
    del environment["MAST_API_TOKEN"]
    assert found() == ("keyring", "from-ours")
    del ring.kept["skyatlas:mast", "token"]
    assert found() == ("keyring", "from-theirs")
    ring.kept.clear()
    assert found() == ("netrc", "from-netrc")
    (tmp_path / ".netrc").unlink()
    assert asked == []
    assert found() == ("prompt", "from-prompt")
    assert "https://auth.mast.stsci.edu/token?" in asked[0]
    assert "mast:exclusive_access" in asked[0]
    assert find_token("mast", environment={}) is None
    assert find_token("mast", environment={}, prompt=lambda _: "  ") is None


def test_a_login_with_a_token_says_whose_it_is_and_opens_what_is_exclusive(
    server: FaultServer, mast: Owner, door: StreetDoor, tmp_path: Path
) -> None:
    assert accounts().login(MAST, door, password=GOOD) == "Ingrid"
    assert fetch_one(product(), tmp_path, door=door).path.read_bytes() == b"data"
    assert len(server.asked(WHOAMI)) == 1
    assert server.asked(FILE)[0].headers["authorization"] == f"token {GOOD}"


def test_who_is_logged_in_is_what_the_archive_says(mast: Owner, door: StreetDoor) -> None:
    assert accounts().whoami(MAST, door) is None
    assert accounts(MAST_API_TOKEN=GOOD).whoami(MAST, door) == ("Ingrid", "environment")
    with pytest.raises(Refused, match=r"expired .* https://auth.mast.stsci.edu/token") as caught:
        accounts(MAST_API_TOKEN=OLD).whoami(MAST, door)
    assert caught.value.login


@pytest.mark.parametrize("token", [OLD, "Bearer x", "two\nlines", "ключ"])
def test_a_token_that_is_not_good_is_refused_with_the_page_where_another_is_made(
    mast: Owner, door: StreetDoor, token: str
) -> None:
    with pytest.raises(Refused, match=r"does not accept this token.*auth\.mast") as caught:
        accounts().login(MAST, door, password=token)
    assert caught.value.login
    assert not door.logged_in(f"https://{HOST}/x")


def test_an_answer_that_says_nothing_about_a_token_is_no_welcome(
    server: FaultServer, mast: Owner, door: StreetDoor
) -> None:
    plans = (
        body(b"<html>down for maintenance</html>"),
        body(b"[]"),
        body(b'{"anon": false}'),
        redirect("https://other.org/whoami"),
    )
    server.on("/other.org/whoami", body(b'{"anon": false, "attrib": {"display_name": "x"}}'))
    for plan in plans:
        server.on(WHOAMI, plan)
        with pytest.raises(Unreadable, match="something else"):
            accounts().login(MAST, door, password=GOOD)
    assert server.asked("/other.org/whoami") == []


def test_a_user_name_is_no_token(door: StreetDoor) -> None:
    with pytest.raises(BadInput, match="has no user names: it takes a token") as caught:
        accounts().login(MAST, door, GOOD)
    assert GOOD not in str(caught.value)


def test_a_token_that_ends_in_mid_batch_is_one_sentence_and_no_loop(
    server: FaultServer, mast: Owner, door: StreetDoor, tmp_path: Path
) -> None:
    server.on(FILE, mast.until(2))
    accounts().login(MAST, door, password=GOOD)
    outcomes = []
    for number in range(5):
        try:
            outcomes.append(fetch_one(product(str(number)), tmp_path, door=door).status)
        except Refused as error:
            outcomes.append(str(error) if error.login else "no login helps")
    sentence = f"the token for MAST has expired; get a new one at {MAST.token_page}"
    assert outcomes == ["fetched", "fetched", sentence, sentence, sentence]
    # Once at the login, once after the first 401; then all is known, and nothing is sent any more.
    assert len(server.asked(WHOAMI)) == 2
    assert ["authorization" in seen.headers for seen in server.asked(FILE)] == [True] * 3 + [
        False
    ] * 2
    with pytest.raises(Refused, match="has expired"):
        door.ask(f"https://{HOST}/api/v0.1/Download/file")


def test_what_is_public_comes_after_the_end_of_a_token(
    server: FaultServer, mast: Owner, door: StreetDoor, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(f"/{HOST}/public", body(b"for all"))
    accounts(MAST_API_TOKEN=OLD).sign_in_if_known(MAST, door)
    assert "found in the environment" in caplog.text
    assert door.ask(f"https://{HOST}/public").content == b"for all"
    assert "authorization" not in server.asked(f"/{HOST}/public")[0].headers
    with pytest.raises(Refused, match=r"does not accept this token.*auth\.mast") as caught:
        door.ask(f"https://{HOST}/api/v0.1/Download/file")
    assert caught.value.login
    assert len(server.asked(WHOAMI)) == 1


def test_a_good_token_that_opens_no_such_file_is_told_from_one_that_ended(
    server: FaultServer, mast: Owner, door: StreetDoor, tmp_path: Path
) -> None:
    accounts().login(MAST, door, password=GOOD)
    mast.permitted = False
    for get in (lambda: fetch_one(product(), tmp_path, door=door), lambda: door.ask(product().url)):
        server.seen.clear()
        with pytest.raises(Refused, match="the account of Ingrid is not permitted") as caught:
            get()
        assert not caught.value.login
        assert (len(server.asked(FILE)), len(server.asked(WHOAMI))) == (1, 1)
    mast.permitted = True
    assert fetch_one(product(), tmp_path, door=door).status == "fetched"


def test_a_token_goes_to_mast_alone_and_only_over_https(
    server: FaultServer, mast: Owner, door: StreetDoor, tmp_path: Path
) -> None:
    foreign = (
        "s3.amazonaws.com/stpubdata/x",
        "stpubdata.s3.amazonaws.com/x",
        "catalogs.mast.stsci.edu/x",
        "auth.mast.stsci.edu/x",
        "mastresolver.stsci.edu/x",
        f"{HOST}:8443/x",
    )
    accounts().login(MAST, door, password=GOOD)
    for number, place in enumerate(foreign):
        server.on(f"/{place}", body(b"elsewhere"))
        server.on(FILE, redirect(f"https://{place}"))
        fetch_one(product(str(number)), tmp_path, door=door)
        door.ask(product().url)
        door.ask(f"https://{place}")
        there = server.asked(f"/{place}")
        assert len(there) == 3, place
        assert not any(GOOD in repr(seen) for seen in there), place
    server.seen.clear()
    server.on(FILE, body(b"plain"))
    door.ask(product().url.replace("https:", "http:"))
    assert GOOD not in repr(server.seen)


@pytest.mark.parametrize("outcome", ["good", "old", "echo", "html", "busy"])
def test_a_token_is_nowhere_to_be_read(
    server: FaultServer,
    mast: Owner,
    door: StreetDoor,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    outcome: str,
) -> None:
    def echo(line: Line) -> None:
        line.whole(403, f"you sent {line.seen.headers}".encode())

    token = OLD if outcome == "old" else GOOD
    plans = {"echo": echo, "html": body(b"<html>Log in</html>"), "busy": body(b"", 503)}
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    try:
        accounts().login(MAST, door, password=token)
        server.on(FILE, plans.get(outcome, mast.private))
        receipt = fetch_one(product(), tmp_path, door=door)
        told += [repr(receipt)]
        door.ask(product().url)
    except AtlasError as error:
        told += ["".join(traceback.format_exception(error)), repr(vars(error)), repr(error.args)]
        told += [repr(error.__cause__), repr(error.__context__)]
    told += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    told += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(token in repr(seen.headers) for seen in server.seen)
    assert not [text for text in told if token in text]


def test_a_header_with_a_token_is_redacted_also_where_nobody_registered_it() -> None:
    assert redact("Authorization: token 0a1b2c3d") == "Authorization: token REDACTED"
    assert redact("mast_token=0a1b2c3d; path=/") == "mast_token=REDACTED; path=/"
    assert redact("the token has expired") == "the token has expired"


def test_what_was_typed_is_kept_and_forgotten(mast: Owner, door: StreetDoor, ring: Ring) -> None:
    mine = accounts()
    assert mine.login(MAST, door, prompt=lambda _: GOOD, save=True) == "Ingrid"
    assert ring.kept == {("skyatlas:mast", "token"): GOOD}
    assert mine.whoami(MAST, door) == ("Ingrid", "keyring")
    assert door.logged_in(f"https://{HOST}/")
    assert mine.logout(MAST, door)
    assert ring.kept == {}
    assert not door.logged_in(f"https://{HOST}/")
    assert not mine.logout(MAST, door)


def test_what_was_found_is_not_kept_elsewhere_too(
    mast: Owner, door: StreetDoor, ring: Ring
) -> None:
    accounts(MAST_API_TOKEN=GOOD).login(MAST, door, save=True)
    assert ring.kept == {}


def test_a_token_that_expired_in_the_keyring_is_asked_for_again(
    mast: Owner, door: StreetDoor, ring: Ring
) -> None:
    ring.kept["astroquery:mast.stsci.edu.token", "masttoken"] = OLD
    with pytest.raises(Refused):
        accounts().login(MAST, door)
    with pytest.raises(Refused):
        accounts().login(MAST, door, prompt=lambda _: "")
    accounts().login(MAST, door, prompt=lambda _: GOOD, save=True)
    assert accounts().whoami(MAST, door) == ("Ingrid", "keyring")
    # In the environment it must be corrected: there it wins over the keyring.
    with pytest.raises(Refused):
        accounts(MAST_API_TOKEN=OLD).login(MAST, door, prompt=lambda _: GOOD)


def test_without_a_token_it_is_told_where_to_make_one_and_where_to_put_it(
    door: StreetDoor, mast: Owner, ring: Ring
) -> None:
    with pytest.raises(BadInput, match=r"make one at https://auth.*SKYATLAS_MAST_TOKEN"):
        accounts().login(MAST, door)
    keyring.set_keyring(LockedRing())
    with pytest.raises(BadInput, match="no keyring to keep the token in: set SKYATLAS_MAST_TOKEN"):
        accounts().login(MAST, door, password=GOOD, save=True)
