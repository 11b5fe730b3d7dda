"""This file holds the command line to its contract: streams, formats, exit codes, sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.table import Table

from skyatlas.cli import COMMANDS, HELP
from skyatlas.cli.arguments import targets, with_minus_signs

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Said, Typing

MUSE = ("40.669629 -0.013281", "--instrument", "MUSE", "--kind", "cube", "--calib-level", "1..")


def one_sentence(said: Said) -> str:
    """The one line that was said, without a traceback."""
    (line,) = said.talk.strip().splitlines()
    return line


def test_help_of_the_whole_and_of_each_command_has_an_example(skyatlas: Typing) -> None:
    assert skyatlas("--help").data.strip() == skyatlas().data.strip() == HELP
    for command in COMMANDS:
        said = skyatlas(command, "--help")
        assert said.code == 0
        assert "Usage: skyatlas" in said.data
        assert f"  {command} " in HELP
    for command in ("search", "fetch", "show", "plot", "login", "sandbox", "resolve"):
        assert f"skyatlas {command}" in skyatlas(command, "--help").data


def test_every_global_option_is_in_the_help(skyatlas: Typing) -> None:
    listed = [
        line.split()[0] for line in skyatlas("config", "--help").data.splitlines() if "  -" in line
    ]
    for option in listed:
        assert option.rstrip(",") in HELP


def test_help_and_import_load_no_astropy() -> None:
    for code in ("import skyatlas", "import skyatlas.cli; import skyatlas.cli.commands"):
        seen = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code],
            capture_output=True, text=True, check=True,
        ).stderr  # fmt: skip
        assert "skyatlas" in seen
        for heavy in ("astropy", "numpy", "requests", "matplotlib"):
            assert heavy not in seen


def test_search_puts_data_on_stdout_and_talk_on_stderr(at_sandbox: Typing) -> None:
    said = at_sandbox("search", "NGC 1068", "--public")
    assert said.code == 0
    assert "XSHOOTER" in said.data
    assert "NIRSPEC/IFU" in said.data
    assert "asked" not in said.data
    last = said.talk.strip().splitlines()[-1]
    assert last.startswith("5 archives asked: 5 complete; eso: ")
    assert "40.669629 -0.013281 deg ICRS" in said.talk


def test_search_json_is_the_contract(at_sandbox: Typing) -> None:
    said = at_sandbox("search", *MUSE, "--format", "json")
    answer = json.loads(said.data)
    assert set(answer) == {"query", "observations", "reports", "complete"}
    named = [report["archive"] for report in answer["reports"]]
    assert named == ["eso", "mast", "panstarrs", "sdss", "skyview"]
    report = answer["reports"][0]
    assert {"archive", "rows", "seconds", "complete", "notes", "error"} <= set(report)
    assert answer["complete"] is None  # anonymous: protected rows cannot be counted
    row = answer["observations"][0]
    assert row["obs_collection"] == row["instrument_name"] == "MUSE"
    assert row["archive"] == "eso"


@pytest.mark.parametrize("form", ["csv", "ecsv", "votable"])
def test_tables_read_back(at_sandbox: Typing, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"answer.{form if form != 'votable' else 'xml'}"
    said = at_sandbox("search", *MUSE, "-o", path)
    assert said.code == 0
    assert said.data == ""
    formats = {"csv": "ascii.csv", "ecsv": "ascii.ecsv"}
    table = Table.read(path, format=formats.get(form, form))
    assert len(table) == 2
    assert "s_ra" in table.colnames
    if "pol_xel" in table.colnames:
        assert np.ma.getmaskarray(table["pol_xel"]).all()  # not said is never zero


def test_parquet_reads_back(at_sandbox: Typing, tmp_path: Path) -> None:
    from pyarrow import parquet

    assert at_sandbox("search", *MUSE, "-o", tmp_path / "answer.parquet").code == 0
    table = parquet.read_table(tmp_path / "answer.parquet")
    assert table.column("instrument_name").to_pylist() == ["MUSE", "MUSE"]
    assert table.column("pol_xel").to_pylist() == [None, None]  # not said is never zero
    assert table.schema.field("s_ra").metadata[b"unit"] == b"deg"


def test_strict_gives_nothing_that_is_not_known_complete(at_sandbox: Typing) -> None:
    said = at_sandbox("search", *MUSE, "--strict")
    assert (said.code, said.data) == (3, "")
    said = at_sandbox("search", *MUSE, "--strict", "--public")
    assert said.code == 0
    assert "MUSE" in said.data


def test_an_archive_that_fails_is_exit_code_3(at_sandbox: Typing, box: Sandbox) -> None:
    box.fault("tap-error", "tap_obs")
    said = at_sandbox("search", "10.0 10.0", "--calib-level", "0")
    assert said.code == 3
    assert "1 failed" in said.talk


def test_fetch_json_is_the_contract(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox("fetch", *MUSE, "--public", "-o", tmp_path, "--json")
    assert said.code == 0
    answer = json.loads(said.data)
    assert answer["complete"] is True
    (file,) = answer["files"]
    assert {
        "path", "status", "size", "sha256", "url", "archive", "obs_id", "target", "why"
    } <= set(file)  # fmt: skip
    assert file["status"] == "fetched"
    assert Path(file["path"]).stat().st_size == file["size"]
    again = json.loads(at_sandbox("fetch", *MUSE, "--public", "-o", tmp_path, "--json").data)
    assert again["files"][0]["status"] == "kept"


def test_fetch_takes_a_saved_search(at_sandbox: Typing, tmp_path: Path) -> None:
    saved = tmp_path / "mine.json"
    assert at_sandbox("search", *MUSE, "--public", "-o", saved).code == 0
    said = at_sandbox("fetch", saved, "-o", tmp_path / "data")
    assert said.code == 0
    (path,) = said.data.split()
    assert Path(path).is_file()
    assert "ESO programme 094.B-0321(A)" in said.talk


def test_dry_run_fetches_nothing_and_says_how_much_it_would_be(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    said = at_sandbox("fetch", *MUSE, "--public", "-o", tmp_path, "--dry-run")
    assert said.code == 0
    assert "1 file, 2.9 MB" in said.talk
    assert list(tmp_path.iterdir()) == []


def test_a_login_needed_is_exit_code_4(at_sandbox: Typing, tmp_path: Path) -> None:
    said = at_sandbox("fetch", *MUSE, "--program", "112.25R7", "-o", tmp_path)
    assert said.code == 4
    assert "skyatlas login eso" in said.talk


def test_a_failed_file_is_exit_code_5(at_sandbox: Typing, box: Sandbox, tmp_path: Path) -> None:
    box.fault("html", "/dataPortal/file/")
    said = at_sandbox("fetch", *MUSE, "--public", "-o", tmp_path)
    assert said.code == 5
    assert "web page" in said.talk or "HTML" in said.talk


def test_a_list_of_urls_is_fetched(at_sandbox: Typing, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(
        "https://dataportal.eso.org/dataPortal/file/ADP.2015-05-23T21:16:36.244 muse.fits\n"
    )
    said = at_sandbox("fetch", "--urls", tmp_path / "list", "-o", tmp_path)
    assert said.code == 0
    assert (tmp_path / "muse.fits").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["search", "no such object at all"], "no such object at all"),
        (["search", "NGC 1068", "--archive", "esso"], "there are: eso"),
        (["search", "NGC 1068", "--radius", "5"], "no unit"),
        (["search", "10", "95"], "95"),
        (["search", "10 95"], "95"),
        (["search", "NGC 1068", "--band", "700nm..500nm"], "700nm..500nm"),
        (["search", "NGC 1068", "--time", "2020..2015"], "2020..2015"),
        (["search", "NGC 1068", "--calib-level", "3..1"], "3..1"),
        (["search", "NGC 1068", "--limit", "0"], "limit"),
        (["search"], "nothing was asked"),
        (["search", "Mars"], "Mars"),
        (["instruments", "nowhere"], "there are: eso"),
        (["login", "nowhere"], "there are: eso"),
    ],
)
def test_bad_words_are_one_sentence_and_exit_code_2(
    at_sandbox: Typing, words: list[str], says: str
) -> None:
    said = at_sandbox(*words)
    assert said.code == 2
    assert says in one_sentence(said)
    assert said.data == ""


def test_a_quote_in_a_name_is_fine(at_sandbox: Typing) -> None:
    said = at_sandbox("search", "--pi", "O'Brien")
    assert said.code == 0
    assert "failed" not in said.talk


def test_an_unknown_option_or_command_is_a_usage_error(skyatlas: Typing) -> None:
    assert skyatlas("search", "--colour", "red").code == 2
    said = skyatlas("serch", "M 87")
    assert said.code == 2
    assert "did you mean 'search'?" in said.talk


@pytest.mark.parametrize(
    "words",
    [
        ("40.669629", "-0.013281"),
        ("02", "42", "40.71", "-00", "00", "47.8"),
        ("02:42:40.71", "-00:00:47.8"),
        ("40.669629 -0.013281",),
    ],
)
def test_a_negative_declination_needs_no_dashes(at_sandbox: Typing, words: list[str]) -> None:
    said = at_sandbox("search", *words, "--kind", "cube", "--public")
    assert said.code == 0
    assert "MUSE" in said.data


def test_pieces_of_positions_are_joined_and_names_left_alone() -> None:
    assert targets(("M 87", "10.5", "-3", "NGC 1068")) == ["M 87", "10.5 -3", "NGC 1068"]
    assert targets(("TIC 261136679",)) == ["TIC 261136679"]
    words = with_minus_signs(["-v", "--radius", "5arcmin", "-12:30", "-0.5", "-n", "3"])
    assert words == ["-v", "--radius", "5arcmin", "−12:30", "−0.5", "-n", "3"]


def test_global_options_count_before_and_after_the_command(skyatlas: Typing) -> None:
    assert skyatlas("--sandbox", "search", *MUSE, "-q").data.count("MUSE") >= 2
    assert skyatlas("search", *MUSE, "--sandbox", "-q").talk == ""


def test_no_network_is_said_in_one_sentence(
    skyatlas: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYATLAS_SANDBOX", "http://127.0.0.1:9")  # nobody listens on discard
    said = skyatlas("search", "10.0 10.0", "--archive", "eso")
    assert said.code == 3
    assert "1 failed" in said.talk.splitlines()[-1]


def test_offline_a_name_is_found_and_archives_are_not_asked(skyatlas: Typing) -> None:
    said = skyatlas("--offline", "resolve", "NGC 1068", "Caldwell 14", "Betelgeuse")
    assert said.code == 0
    assert len(said.data.splitlines()) == 3
    said = skyatlas("--offline", "search", "NGC 1068")
    assert said.code == 3
    assert "offline" in said.talk


def test_an_unreadable_file_is_one_sentence(skyatlas: Typing, tmp_path: Path) -> None:
    (tmp_path / "x.fits").write_bytes(b"<html>not a file</html>")
    said = skyatlas("plot", tmp_path / "x.fits", "-o", tmp_path / "x.png")
    assert said.code == 1
    assert "x.fits" in one_sentence(said)
    assert not (tmp_path / "x.png").exists()
    said = skyatlas("plot", tmp_path / "missing.fits", "-o", tmp_path / "y.png")
    assert said.code == 1
    said = skyatlas("show", tmp_path / "x.fits")
    assert said.code == 0
    assert "HTML" in said.data or "web page" in said.data


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(at_sandbox: Typing, tmp_path: Path) -> None:
    (tmp_path / "data.json.part").symlink_to("/dev/full")
    said = at_sandbox("search", *MUSE, "-q", "-o", tmp_path / "data.json")
    assert said.code == 1
    assert "space" in one_sentence(said)
    assert not (tmp_path / "data.json").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    at_sandbox: Typing, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    said = at_sandbox("fetch", *MUSE, "--public", "-q", "-o", tmp_path / "file" / "data")
    assert said.code == 1
    assert "cannot be made" in one_sentence(said)


def test_login_whoami_logout(
    at_sandbox: Typing, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyatlas.sandbox import ACCOUNTS

    assert at_sandbox("whoami", "eso").code == 4
    monkeypatch.setenv("SKYATLAS_ESO_USERNAME", ACCOUNTS[0].username)
    monkeypatch.setenv("SKYATLAS_ESO_PASSWORD", ACCOUNTS[0].password)
    said = at_sandbox("login", "eso")
    assert said.code == 0
    assert "logged in" in said.talk
    assert "environment" in at_sandbox("whoami", "eso").data
    monkeypatch.setenv("SKYATLAS_ESO_PASSWORD", "mellon-4711")
    said = at_sandbox("login", "eso")
    assert said.code == 4
    assert "mellon-4711" not in said.talk
    said = at_sandbox("search", "10.0 10.0")  # a wrong password is this archive's failure
    assert said.code == 4
    assert "1 failed" in said.talk
    assert "mellon-4711" not in said.talk
    assert at_sandbox("logout", "eso").code == 0


def test_lists_are_shown(skyatlas: Typing, tmp_path: Path) -> None:
    assert "European Southern Observatory" in skyatlas("archives").data
    assert "XSHOOTER" in skyatlas("instruments", "eso").data
    assert "SKYATLAS_SANDBOX" in skyatlas("config").data
    assert str(tmp_path) in skyatlas("cache", "path", "--cache", tmp_path).data
    assert skyatlas("--version").data.startswith("skyatlas ")


def test_a_closed_pipe_is_no_traceback(box: Sandbox) -> None:
    command = [sys.executable, "-m", "skyatlas", "search", "Sgr A*", "--public", "-r", "10arcmin"]
    process = subprocess.Popen(
        [*command, "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SKYATLAS_SANDBOX": box.url},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    talk = process.stderr.read().decode()
    process.stderr.close()
    process.wait()
    assert "Traceback" not in talk


def test_the_sandbox_serves_until_it_is_told_to_stop() -> None:
    import signal

    from skyatlas.session import Session
    from skyatlas.settings import Settings

    command = [sys.executable, "-m", "skyatlas", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address.startswith("http://127.0.0.1:")
        with Session(Settings(sandbox=address)) as session:
            assert len(session.search("NGC 1068", public=True)) > 10
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def test_every_archive_that_is_named_counts_also_in_options_of_its_own(skyatlas: Typing) -> None:
    said = skyatlas("--offline", "search", "10 20", "-a", "nobody", "-a", "eso")
    assert said.code == 2
    assert "no archive 'nobody'" in said.talk
