"""This file holds `skyatlas verify` to the command line's contract."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Typing

MUSE = ("40.669629 -0.013281", "--instrument", "MUSE", "--kind", "cube", "--calib-level", "1..")


@pytest.fixture
def file(at_sandbox: Typing, tmp_path: Path) -> Path:
    """A file that was fetched."""
    (path,) = at_sandbox("fetch", *MUSE, "--public", "-o", tmp_path).data.split()
    return Path(path)


def damage(path: Path) -> None:
    state = path.stat()
    path.write_bytes(b"x" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_whole_files_are_one_line_of_talk_and_exit_code_0(at_sandbox: Typing, file: Path) -> None:
    said = at_sandbox("verify", file.parent)
    assert (said.code, said.data) == (0, "")
    assert said.talk == f"1 whole: 2.9 MB in {file.parent}\n"
    said = at_sandbox("verify", file.parent, "-v")
    assert f"whole      {file}" in said.data


def test_a_rotted_file_is_exit_code_5_until_it_is_repaired(at_sandbox: Typing, file: Path) -> None:
    damage(file)
    said = at_sandbox("verify", file.parent)
    assert said.code == 5
    assert said.data.startswith(f"rotted     {file}  (")
    said = at_sandbox("verify", file.parent, "--repair")
    assert said.code == 0
    assert said.data.startswith(f"repaired   {file}  (it was rotted")
    assert at_sandbox("verify", file.parent).code == 0


def test_the_archives_are_asked_only_with_remote(
    at_sandbox: Typing, box: Sandbox, file: Path
) -> None:
    before = len(box.requests)
    assert at_sandbox("verify", file.parent).code == 0
    assert len(box.requests) == before
    assert at_sandbox("verify", file.parent, "--remote").code == 0
    assert [one.method for one in box.requests[before:]] == ["HEAD"]


def test_an_archive_that_does_not_answer_is_exit_code_3(at_sandbox: Typing, file: Path) -> None:
    said = at_sandbox("verify", file.parent, "--remote", "--offline")
    assert said.code == 3
    assert "offline" in said.data


def test_json_is_the_contract(at_sandbox: Typing, file: Path) -> None:
    file.unlink()
    (file.parent / "notes").write_text("mine")
    (file.parent / "X~1.part").write_bytes(b"half")
    said = at_sandbox("verify", file.parent, "--json")
    assert said.code == 5
    answer = json.loads(said.data)
    assert set(answer) == {"folder", "files", "unknown", "parts", "whole"}
    assert answer["whole"] is False
    assert answer["unknown"] == [str(file.parent / "notes")]
    assert answer["parts"] == [str(file.parent / "X~1.part")]
    (one,) = answer["files"]
    assert set(one) == {
        "path", "state", "why", "size", "sha256", "url", "archive", "at_archive",
    }  # fmt: skip
    assert (one["path"], one["state"]) == (str(file), "missing")
    assert "1 unfinished" in said.talk


def test_a_folder_without_receipts_is_never_called_whole(skyatlas: Typing, tmp_path: Path) -> None:
    (tmp_path / "x.fits").write_bytes(b"x")
    said = skyatlas("verify", tmp_path)
    assert said.code == 1
    assert "no receipts" in said.talk
    assert skyatlas("verify", tmp_path / "nowhere").code == 2


def test_a_login_that_is_missing_is_exit_code_4(
    at_sandbox: Typing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyatlas.sandbox import ACCOUNTS

    with monkeypatch.context() as pi:
        pi.setenv("SKYATLAS_ESO_USERNAME", ACCOUNTS[0].username)
        pi.setenv("SKYATLAS_ESO_PASSWORD", ACCOUNTS[0].password)
        said = at_sandbox("fetch", *MUSE, "--program", "112.25R7", "-n", "1", "-o", tmp_path)
    (path,) = said.data.split()
    damage(Path(path))
    said = at_sandbox("verify", tmp_path, "--repair")
    assert said.code == 4
    assert "skyatlas login eso" in said.data
