"""This file asks for stamps of the sky: what is the same question has the same key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skyatlas.errors import BadInput
from skyatlas.model import Target
from skyatlas.stamp import Stamp, plain, safe

M51 = Target("M51", 202.469575, 47.195258, name="M  51", resolver="SIMBAD")
STAMP = Stamp(M51, "sdss", "g", 1 / 6, 1 / 6)


def test_the_key_is_what_is_asked_and_not_who_resolved_it() -> None:
    again = replace(STAMP, target=replace(M51, resolver="NED", date="2026-11-21"))
    assert again.key == STAMP.key


@pytest.mark.parametrize(
    "change",
    [
        {"survey": "ps1"}, {"band": "r"}, {"width": 0.2}, {"height": 0.2}, {"pixels": (3, 3)},
        {"projection": "CAR"}, {"sampler": "NN"}, {"whole": True}, {"picture": True},
        {"target": Target("M51", 202.469575, 47.1952581)},
    ],
)  # fmt: skip
def test_another_question_has_another_key(change: dict[str, object]) -> None:
    assert replace(STAMP, **change).key != STAMP.key


def test_names_are_the_targets_words_and_safe_everywhere() -> None:
    assert STAMP.stem == "M51_sdss_g"
    assert STAMP.folder == "M51"
    odd = replace(STAMP, target=Target("../Sgr A* / 80.89 -69.75", 80.89, -69.75))
    assert odd.folder == "Sgr_A_80.89_-69.75"
    assert "/" not in odd.stem
    assert safe("…") == "target"


def test_surveys_are_the_same_in_any_spelling() -> None:
    assert plain("DSS2 Red") == plain("dss2-red") == plain("DSS2red")


def test_facts_say_where_the_pixels_are_from() -> None:
    about = STAMP.facts(route="frames", pixels="original", photometry="safe", release=17)
    assert (about["s_ra"], about["s_dec"]) == STAMP.place
    assert (about["cutout_width"], about["pixels"], about["release"]) == (1 / 6, "original", 17)


@pytest.mark.parametrize("size", [0.0, -1.0, 181.0, float("nan")])
def test_a_size_that_is_none_is_refused(size: float) -> None:
    with pytest.raises(BadInput):
        replace(STAMP, width=size)


def test_a_target_without_a_place_is_refused() -> None:
    with pytest.raises(BadInput, match="has no place"):
        replace(STAMP, target=Target("TIC 1", ids={"TIC": "1"}))
