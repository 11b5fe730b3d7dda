"""This file tests `skyatlas services` at the sandbox's registries."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skyatlas.session import Session

    from .conftest import Typing


def test_services_are_a_table_with_what_archive_takes(at_sandbox: Typing) -> None:
    said = at_sandbox("services", "--type", "sia2,sia", "--waveband", "optical")
    assert said.code == 0
    head, *rows = said.data.splitlines()
    assert head.split() == ["title", "types", "wavebands", "publisher", "archive"]
    assert all(row.split()[-1].startswith("vo:ivo://") for row in rows)
    assert said.talk.splitlines()[-1].startswith(f"{len(rows)} services; the registry is reg.g-vo")


def test_one_service_is_shown_with_everything(at_sandbox: Typing) -> None:
    listed = json.loads(at_sandbox("services", "--type", "sia2", "--format", "json").data)
    ivoid = listed["services"][0]["ivoid"]
    said = at_sandbox("services", "--show", f"vo:{ivoid}")
    assert said.code == 0
    assert f"archive     vo:{ivoid}" in said.data
    assert "\nsia2        http" in said.data
    assert said.talk.startswith("1 service;")


def test_json_is_the_whole_list_and_csv_its_table(at_sandbox: Typing) -> None:
    question = ("services", "--type", "ssa", "--format")
    plain = json.loads(at_sandbox(*question, "json").data)
    assert plain["complete"] is True
    rows = list(csv.DictReader(StringIO(at_sandbox(*question, "csv").data)))
    assert [row["archive"] for row in rows] == [f"vo:{one['ivoid']}" for one in plain["services"]]
    assert all(row["access_url"].startswith("http") for row in rows)


def test_nothing_found_is_said_and_no_failure(at_sandbox: Typing) -> None:
    said = at_sandbox("services", "xyzzy")
    assert (said.code, said.data) == (0, "")
    assert said.talk.startswith("0 services;")


def test_a_service_that_nobody_knows_is_a_failure(at_sandbox: Typing) -> None:
    said = at_sandbox("services", "--show", "ivo://nobody.example/nothing")
    assert (said.code, said.data) == (1, "")
    assert "is registered" in said.talk


WRONG = {
    "nothing": ((), "nothing was asked"),
    "a waveband": (("-w", "visible"), "did you mean optical"),
    "a type": (("-t", "image"), "did you mean sia2, sia"),
    "a radius": (("quasar", "--radius", "1deg"), "needs a target"),
    "a limit": (("quasar", "-n", "0"), "at least 1"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(
    at_sandbox: Typing, words: tuple[str, ...], said: str
) -> None:
    answer = at_sandbox("services", *words)
    assert answer.code == 2
    assert said in answer.talk


def test_registries_that_do_not_answer_are_a_failure_and_no_empty_list(skyatlas: Typing) -> None:
    said = skyatlas("--offline", "services", "quasar")
    assert (said.code, said.data) == (1, "")
    assert "offline" in said.talk


def test_a_limit_is_said(at_sandbox: Typing) -> None:
    said = at_sandbox("services", "--type", "sia", "--limit", "1")
    assert said.code == 0
    assert "knows more than the 1 that were asked for" in said.talk


def test_services_are_found_at_a_place_from_python(atlas: Session) -> None:
    found = atlas.services(type="sia,sia2", target="NGC 1068", radius="6arcmin", band="V")
    assert len(found) > 0
    assert all({"sia", "sia2"} & set(record.types) for record in found)
    assert found[0].best().archive == found[0].archive
