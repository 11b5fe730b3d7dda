"""This file chooses files and folders at the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skyatlas.sandbox.mast_holdings import files

if TYPE_CHECKING:
    from conftest import Typing
    from skyatlas.sandbox import Sandbox

NGC = ("fetch", "NGC 1068", "-a", "mast", "--public")


def uris(data: str) -> list[str]:
    return [one["url"].partition("?uri=")[2] for one in json.loads(data)["files"]]


def test_a_dry_run_counts_every_file_once_and_says_which_sizes_are_not_known(
    at_sandbox: Typing,
) -> None:
    listed = at_sandbox(*NGC, "--everything", "--dry-run", "--json")
    addresses = uris(listed.data)
    assert len(addresses) == len(set(addresses)) > 100
    held = {uri: file for uri, (file, _) in files(1).items()}
    sizes = [held[uri].size for uri in addresses if uri in held]
    told = json.loads(listed.data)
    assert told["size"] == sum(one["size"] or 0 for one in told["files"])
    unknown = sum(one["size"] is None for one in told["files"])
    assert unknown == sum(not size for size in sizes) > 0
    said = at_sandbox(*NGC, "--everything", "--dry-run")
    assert f"{len(addresses)} files, " in said.talk
    assert f", {unknown} of unknown size; --dry-run: nothing fetched" in said.talk


def test_choices_are_alternatives_within_a_name_and_all_hold_together(at_sandbox: Typing) -> None:
    def chosen(*only: str) -> list[str]:
        words = [word for one in only for word in ("--only", one)]
        return uris(at_sandbox(*NGC, *words, "--dry-run", "--json").data)

    both = chosen("productSubGroupDescription=RAW,FLC")
    assert {uri.rpartition("_")[2] for uri in both} == {"raw.fits", "flc.fits"}
    assert chosen("productSubGroupDescription=RAW", "productSubGroupDescription=FLC") == both
    raw = chosen("productSubGroupDescription=RAW,FLC", "extension=raw.fits")
    assert raw == [uri for uri in both if uri.endswith("raw.fits")]
    assert chosen("productsubgroupdescription = raw ") == raw


@pytest.mark.parametrize("words", ["extension", "extension=", "=fits", "extension=,"])
def test_a_choice_that_names_nothing_is_refused(
    box: Sandbox, at_sandbox: Typing, words: str
) -> None:
    said = at_sandbox(*NGC, "--only", words)
    assert said.code == 2
    assert "is not NAME=VALUE" in said.talk
    assert box.requests == []


def test_a_choice_is_refused_where_an_archive_has_no_list_of_files(at_sandbox: Typing) -> None:
    said = at_sandbox("fetch", "NGC 1068", "-a", "eso", "-i", "HARPS", "--only", "extension=fits")
    assert said.code == 2
    assert "eso has no list of files to choose from with --only" in said.talk


def test_a_layout_that_makes_no_sense_is_refused_before_anybody_is_asked(
    box: Sandbox, at_sandbox: Typing
) -> None:
    said = at_sandbox(*NGC, "--layout", "../{filename}")
    assert said.code == 2
    assert "must lead down" in said.talk
    assert box.requests == []


def test_masts_layout_brings_its_manifest(at_sandbox: Typing, tmp_path: Path) -> None:
    only = ("--only", "extension=_raw.fits", "--layout", "mast", "-o", tmp_path)
    said = at_sandbox(*NGC, *only)
    assert said.code == 0
    with (tmp_path / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Local Path"] for row in rows] == said.data.splitlines()
    assert {row["Status"] for row in rows} == {"COMPLETE"}
    assert all(Path(row["Local Path"]).is_relative_to(tmp_path / "mastDownload") for row in rows)


def test_an_exported_list_has_the_folders_of_the_layout(at_sandbox: Typing) -> None:
    said = at_sandbox(
        *NGC, "--only", "extension=jabc01010_drc.fits", "--export", "aria2", "--layout", "mast"
    )
    assert " out=mastDownload/HST/jabc01010/jabc01010_drc.fits" in said.data.splitlines()


def test_copies_in_the_cloud_are_asked_for_as_told(box: Sandbox, at_sandbox: Typing) -> None:
    def questions(*words: str) -> int:
        before = len(box.requests)
        assert at_sandbox(*NGC, *words, "--dry-run").code == 0
        return sum("path_lookup" in one.url for one in box.requests[before:])

    assert questions() == 1
    assert questions("--no-cloud") == 0
    assert questions("--everything") == 0
    assert questions("--everything", "--cloud") > 5
