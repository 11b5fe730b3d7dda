"""This file types `login mast`, `whoami mast` and `logout mast`: a token instead of a password."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from skyatlas.sandbox import MAST_TOKENS

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Typing

PI, OLD = MAST_TOKENS[0], MAST_TOKENS[2]


def test_login_whoami_logout_with_a_token(
    at_sandbox: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = at_sandbox("whoami", "mast")
    assert said.code == 4
    assert "skyatlas login mast" in said.talk
    monkeypatch.setenv("MAST_API_TOKEN", PI.secret)
    said = at_sandbox("login", "mast")
    assert (said.code, said.talk.strip()) == (0, f"logged in at mast as {PI.display_name}")
    said = at_sandbox("whoami", "mast")
    assert said.data.strip() == f"{PI.display_name} (token from the environment)"
    assert "no login at mast was kept by skyatlas" in at_sandbox("logout", "mast").talk


def test_an_expired_token_is_exit_code_4_and_one_sentence(
    at_sandbox: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYATLAS_MAST_TOKEN", OLD.secret)
    for command in ("login", "whoami"):
        said = at_sandbox(command, "mast")
        assert said.code == 4
        assert "it has expired" in said.talk
        assert "https://auth.mast.stsci.edu/token?" in said.talk
        assert OLD.secret not in said.talk + said.data
        assert said.talk.count("\n") == 1


def test_without_a_terminal_nobody_is_asked(at_sandbox: Typing) -> None:
    said = at_sandbox("login", "mast")
    assert said.code == 2
    assert "no token for mast was found: make one at https://auth.mast.stsci.edu" in said.talk


def test_a_user_name_is_refused_and_not_repeated(at_sandbox: Typing) -> None:
    said = at_sandbox("login", "mast", "--username", PI.secret)
    assert said.code == 2
    assert "takes a token" in said.talk
    assert PI.secret not in said.talk


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_the_token_is_asked_for_and_not_shown(box: Sandbox) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "skyatlas", "login", "mast"]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"SKYATLAS_SANDBOX": box.url},
        start_new_session=True,  # or the question would go to the terminal of who runs the tests
    )
    os.close(theirs)
    shown = b""
    while b"exclusive_access" not in shown.partition(b"Token for MAST, made at ")[2]:
        shown += os.read(ours, 1000)
    os.write(ours, f"{PI.secret}\n".encode())
    while f"logged in at mast as {PI.display_name}".encode() not in shown:
        shown += os.read(ours, 1000)
    assert process.wait(30) == 0
    os.close(ours)
    assert PI.secret.encode() not in shown
