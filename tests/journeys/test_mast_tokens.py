"""This file carries a token of MAST through searches and fetches: used, ended, and never told."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skyatlas.archive import Ask
from skyatlas.archives.mast import login
from skyatlas.errors import Refused
from skyatlas.journeys.fetch import Plan
from skyatlas.sandbox import MAST_TOKENS
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox
    from skyatlas.sandbox.asked import Asked

PI, STRANGER, EXPIRED = (token.secret for token in MAST_TOKENS)
PROGRAM = min(MAST_TOKENS[0].programs)
RAW = Ask(only=(("productType", ("SCIENCE",)),), cloud=False)


def session_of(box: Sandbox, token: str) -> Session:
    return Session(Settings(sandbox=box.url, environment={"SKYATLAS_MAST_TOKEN": token}))


@pytest.fixture
def pi(box: Sandbox) -> Iterator[Session]:
    with session_of(box, PI) as session:
        yield session


def exclusive(atlas: Session) -> Observations:
    found = atlas.search(program=PROGRAM, archives=["mast"])
    assert set(found.table["data_rights"]) == {"proprietary"}
    return found


def plan_of(atlas: Session, count: int) -> Plan:
    products = atlas.plan(exclusive(atlas), RAW).products
    assert len(products) >= count
    return Plan(products[:count])


def files_asked(box: Sandbox) -> list[Asked]:
    return [one for one in box.requests if "/Download/file" in one.url]


def whoami_asked(box: Sandbox) -> list[Asked]:
    return [one for one in box.requests if one.url == login.URL]


def test_a_login_opens_what_is_exclusive(box: Sandbox, atlas: Session, tmp_path: Path) -> None:
    plan = plan_of(atlas, 2)
    assert {failure.needs_login for failure in atlas.fetch(plan, tmp_path).failures} == {True}
    assert atlas.login("mast", password=PI) == MAST_TOKENS[0].display_name
    fetched = atlas.fetch(plan, tmp_path)
    assert not fetched.failures
    assert {one.headers.get("authorization") for one in files_asked(box)[-2:]} == {f"token {PI}"}
    assert atlas.logout("mast") is False  # nothing was kept
    assert {f.needs_login for f in atlas.fetch(plan, tmp_path / "b").failures} == {True}


def test_another_programmes_file_is_not_permitted_and_asked_for_no_more(
    box: Sandbox, tmp_path: Path
) -> None:
    with session_of(box, STRANGER) as atlas:
        (failure,) = atlas.fetch(plan_of(atlas, 1), tmp_path).failures
    assert isinstance(failure.error, Refused)
    assert (failure.status, failure.needs_login) == ("refused", False)
    assert "not permitted" in str(failure.error)
    assert len(files_asked(box)) == 1


# Scenario 10: a token that expires in mid-batch; this one only a person can renew.
def test_a_token_that_expires_in_mid_batch_ends_as_a_refusal_that_says_so(
    box: Sandbox, pi: Session, tmp_path: Path
) -> None:
    plan = plan_of(pi, 4)
    before = len(whoami_asked(box))
    box.fault("expired-token=2", "mast.stsci.edu")
    fetched = pi.fetch(plan, tmp_path)
    assert (len(fetched.receipts), len(fetched.failures)) == (2, len(plan.products) - 2)
    for failure in fetched.failures:
        assert failure.needs_login
        assert str(failure.error) == (
            f"the token for MAST has expired; get a new one at {login.PAGE}"
        )
    assert len(whoami_asked(box)) == before + 1
    assert len(files_asked(box)) <= len(plan.products)


def test_an_expired_token_in_the_environment_is_in_the_way_of_nothing_public(
    box: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with session_of(box, EXPIRED) as atlas:
        found = atlas.search(archives=["mast"], program=PROGRAM)
        assert found.complete
        assert "found in the environment" in caplog.text
        (failure,) = atlas.fetch(plan_of(atlas, 1), tmp_path).failures
        assert failure.needs_login
        assert login.PAGE in str(failure.error)
        public = atlas.search("pi Men", archives=["mast"], kind="timeseries", limit=1)
        fetched = atlas.fetch(atlas.plan(public, Ask(cloud=False)), tmp_path)
        assert fetched.receipts
        assert not fetched.failures
    assert len(whoami_asked(box)) == 1
    assert not any(EXPIRED in repr(one.headers) for one in files_asked(box))


# Scenario 11: credentials in URL, log, cache, receipt, exception.
def test_a_token_is_nowhere(
    box: Sandbox, pi: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    plan = plan_of(pi, 3)
    (tmp_path / "answer.json").write_text(json.dumps(exclusive(pi).to_json()))
    pi.fetch(plan, tmp_path, layout="mast")
    words = [repr(pi), repr(plan)]
    for fault in ("503=0", "html", "expired-token"):
        box.heal()
        box.fault(fault, "mast.stsci.edu")
        words += [
            "".join(traceback.format_exception(failure.error))
            for failure in pi.fetch(plan, tmp_path / fault[:3]).failures
        ]
        with pytest.raises(Exception) as raised:  # noqa: PT011 (whatever it is, it holds no secret)
            pi.login("mast", password=PI)
        words += ["".join(traceback.format_exception(raised.value)), repr(vars(raised.value))]
    words += [caplog.text, *(repr(record.__dict__) for record in caplog.records)]
    words += [path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert any(PI in repr(one.headers) for one in box.requests)
    assert not any(PI in one.url for one in box.requests)
    assert not [text for text in words if PI in text]


# Scenario 12: a token sent to the redirect's target.
def test_a_token_stays_at_mast_on_a_redirect(box: Sandbox, pi: Session, tmp_path: Path) -> None:
    plan = plan_of(pi, 1)
    box.fault("redirect", "/Download/file")
    pi.fetch(plan, tmp_path)
    elsewhere = [one for one in box.requests if "elsewhere" in one.url]
    assert elsewhere
    assert not any(PI in repr(one.headers) for one in elsewhere)
    told = {one.url.split("/")[2] for one in box.requests if PI in repr(one.headers)}
    assert told == {"mast.stsci.edu"}
