"""Every recorded VOTable, read by us and by astropy: the same table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from votable_agreeing import astropys, differences

from skyatlas.errors import Broken, Unreadable
from skyatlas.obscore import conform
from skyatlas.protocols.votable import results_in

ERRORS = (
    "astroquery_ipac_ned/error.xml",
    "astroquery_vizier/no_server_error.xml",
    "astroquery_vo_conesearch/conesearch_error1.xml",
    "astroquery_vo_conesearch/conesearch_error2.xml",
    "astroquery_vo_conesearch/conesearch_error3.xml",
    "astroquery_vo_conesearch/conesearch_error4.xml",
    "pyvo/dal__error-cs.xml",
    "pyvo/dal__error-sia.xml",
    "pyvo/dal__error-sla.xml",
    "pyvo/dal__error2-cs.xml",
    "pyvo/dal__error2-sia.xml",
    "pyvo/dal__error3-cs.xml",
    "pyvo/dal__error4-cs.xml",
    "pyvo/dal__query__errorstatus.xml",
    "pyvo/mivot__test.photcal_error.xml",
)
WITHOUT_TABLE = ("pyvo/dal__query__missingresource.xml", "pyvo/dal__query__missingtable.xml")
NOT_FOR_ASTROPY = ("pyvo/dal__query__firstresource.xml",)


@pytest.fixture(scope="module")
def answers(shared_data: Path) -> dict[str, bytes]:
    root = shared_data / "responses"
    found = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith(".json")
    }
    return {
        name: body for name, body in found.items() if re.search(rb"<(\w+:)?VOTABLE", body[:4096])
    }


def test_every_recorded_answer_gives_the_table_that_astropy_gives(
    answers: dict[str, bytes],
) -> None:
    seen, different = 0, {}
    for name in answers.keys() - {*ERRORS, *WITHOUT_TABLE, *NOT_FOR_ASTROPY}:
        ours = results_in(answers[name], archive="a", wanted="rows").table
        if found := differences(ours, astropys(answers[name])):
            different[name] = found
        seen += 1
    assert not different
    assert seen > 100


def test_every_recorded_table_can_become_obscore(answers: dict[str, bytes]) -> None:
    for name in answers.keys() - {*ERRORS, *WITHOUT_TABLE}:
        table = results_in(answers[name], archive="a", wanted="rows").table
        scalars = [column for column in table.colnames if table[column].ndim == 1]
        assert len(conform(table[scalars], {}, keep=scalars)) == len(table)


@pytest.mark.parametrize("name", ERRORS)
def test_a_recorded_error_document_is_an_error(answers: dict[str, bytes], name: str) -> None:
    with pytest.raises(Broken, match="refused the question"):
        results_in(answers[name], archive="a", wanted="rows")


@pytest.mark.parametrize("name", WITHOUT_TABLE)
def test_a_recorded_document_without_a_table_is_no_empty_table(
    answers: dict[str, bytes], name: str
) -> None:
    with pytest.raises(Unreadable, match="without a table"):
        results_in(answers[name], archive="a", wanted="rows")


def test_a_resource_of_an_empty_type_is_read_though_astropy_refuses_it(
    answers: dict[str, bytes],
) -> None:
    table = results_in(answers[NOT_FOR_ASTROPY[0]], archive="a", wanted="rows").table
    assert len(table) == 3


def test_the_answers_of_lamost_are_read(answers: dict[str, bytes]) -> None:
    read = [name for name in answers if "lamost" in name]
    assert read
    for name in read:
        assert len(results_in(answers[name], archive="a", wanted="rows").table)


def test_an_answer_cut_anywhere_is_never_a_table(answers: dict[str, bytes]) -> None:
    for name in ("pyvo/dal__query__basic.xml", "pyvo/dal__arihip-tap-async-result.xml"):
        body = answers[name].rstrip()
        for end in range(0, len(body) - 1, 7):
            with pytest.raises((Unreadable, Broken)):
                results_in(body[:end], archive="a", wanted="rows")


def test_no_recorded_file_of_any_kind_raises_anything_else(shared_data: Path) -> None:
    for path in sorted((shared_data / "responses").rglob("*")):
        if path.is_file():
            try:
                results_in(path.read_bytes(), archive="a", wanted="rows")
            except (Unreadable, Broken):
                continue
