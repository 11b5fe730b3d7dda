"""This file tests `skyatlas surveys`, and how a survey is found by its name."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from skyatlas.archives import archive, names
from skyatlas.errors import BadInput
from skyatlas.journeys.surveys import find, listed

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

    from .conftest import Typing

ALL = [archive(name) for name in names()]


def test_surveys_are_a_table_and_nobody_is_asked(at_sandbox: Typing, box: Sandbox) -> None:
    said = at_sandbox("surveys", "dss2")
    assert said.code == 0
    head, _, *rows = said.data.splitlines()
    assert head.split() == ["survey", "archive", "bands", "waveband", "″/pixel", "coverage"]
    assert " ".join(rows[0].split()) == "DSS2 Red skyview 610–690 nm optical 1 all sky"
    assert len(rows) == 3
    assert said.talk == "3 surveys: 3 of skyview\n"
    assert box.requests == []


@pytest.mark.parametrize(
    ("survey", "band"),
    [
        ("Fermi 3", "0.3–1 GeV"),
        ("RASS-Cnt Soft", "100–400 eV"),
        ("EUVE 83 A", "5.8–17.4 nm"),
        ("WISE 12", "8.81–14.31 µm"),
        ("WMAP K", "20–25 GHz"),
        ("NVSS", "1.4 GHz"),
    ],
)
def test_a_band_is_written_as_people_of_that_waveband_write_it(
    survey: str, band: str, skyatlas: Typing
) -> None:
    rows = skyatlas("surveys", survey).data.splitlines()
    assert any(f" {band} " in row for row in rows if row.startswith(survey))


def test_words_waveband_and_band_must_all_hold(skyatlas: Typing) -> None:
    said = skyatlas("surveys", "ukirt", "-w", "infrared,radio", "--band", "K", "--format", "json")
    found = json.loads(said.data)["surveys"]
    assert [one["name"] for one in found] == ["UKIDSS-K", "UKIDSS-1-0S1"]
    assert found[0]["bands"] == [
        {"name": "", "min": pytest.approx(2.03e-6), "max": pytest.approx(2.37e-6)}
    ]


def test_csv_has_a_line_for_each_band_and_nothing_where_nothing_is_known(skyatlas: Typing) -> None:
    said = skyatlas("surveys", "--format", "csv")
    rows = list(csv.DictReader(StringIO(said.data)))
    dust = next(row for row in rows if row["name"] == "SFD Dust Map")
    assert (dust["em_min"], dust["em_max"], dust["waveband"]) == ("", "", "infrared")
    assert next(row for row in rows if row["name"] == "TESS")["scale"] == ""
    count = sum(len(one.bands) for one in listed(ALL))
    assert len(rows) == count


def test_only_the_archives_that_are_named_are_listed(skyatlas: Typing) -> None:
    assert skyatlas("surveys", "-a", "eso").talk == "0 surveys\n"
    rows = skyatlas("surveys", "-a", "skyview").data.splitlines()[2:]
    assert len(rows) == len(archive("skyview").surveys())


def test_refresh_tells_what_is_new_and_remembers_it(at_sandbox: Typing) -> None:
    first = at_sandbox("surveys", "--refresh")
    assert first.code == 0
    assert "SkyView has a new survey: Planck 857\n" in first.talk
    assert "SkyView has no survey TESS any more\n" in first.talk
    again = at_sandbox("surveys", "--refresh")
    assert "nothing is new\n" in again.talk
    assert "Planck 857 " in at_sandbox("surveys", "planck").data


def test_a_form_that_cannot_be_read_is_a_failure(skyatlas: Typing) -> None:
    said = skyatlas("--sandbox", "--fault", "html:basicform", "surveys", "--refresh")
    assert (said.code, said.data) == (1, "")
    assert "SkyView's form lists 0 surveys" in said.talk


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-w", "infared"), "unknown waveband 'infared'; there are: radio"),
        (("--band", "nonsense"), "unknown band 'nonsense'"),
        (("-a", "nobody"), "there is no archive 'nobody'"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    words: tuple[str, ...], text: str, skyatlas: Typing
) -> None:
    said = skyatlas("surveys", *words)
    assert (said.code, said.data) == (2, "")
    assert text in said.talk


@pytest.mark.parametrize("name", ["DSS2 Red", "dss2-red", "DSS2red", " dss2_RED "])
def test_case_blanks_and_dashes_do_not_count_in_a_name(name: str) -> None:
    assert find(ALL, name).name == "DSS2 Red"


def test_a_name_that_nobody_has_is_told_with_near_ones() -> None:
    with pytest.raises(BadInput, match=r"^there is no survey 'dss3'; near: DSS, DSS[12] "):
        find(ALL, "dss3")
    with pytest.raises(BadInput, match="near: 2MASS-J, 2MASS-H, 2MASS-K"):
        find(ALL, "2mass")
    with pytest.raises(BadInput, match="near: GALEX Near UV"):
        find(ALL, "galex nuv")
    with pytest.raises(BadInput, match=r"near: VLA FIRST \(1.4 GHz\)"):
        find(ALL, "first")
    with pytest.raises(BadInput, match="'xyzzy'; `skyatlas surveys` lists all"):
        find(ALL, "xyzzy")
    with pytest.raises(BadInput, match="there is no survey ''"):
        find(ALL, "")


def test_a_survey_without_a_band_has_none() -> None:
    assert "SFD Dust Map" not in {one.name for one in listed(ALL, band="100um")}
    assert "SFD100m" in {one.name for one in listed(ALL, band="100um")}
