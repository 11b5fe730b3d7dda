"""This file lays files out in folders: none leads out of its place, whatever an archive says."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.errors import BadInput
from skyatlas.journeys.export import exported
from skyatlas.journeys.fetch import Plan
from skyatlas.journeys.layout import check, laid_out
from skyatlas.model import Product


def folder(layout: str, **facts: Any) -> str:
    """Where a file goes; `archive`, `target` and `obs_id` are the product's own."""
    own = {name: facts.pop(name) for name in ("archive", "target", "obs_id") if name in facts}
    product = Product(url="https://a/b", provenance=facts, **own)
    (laid,) = laid_out(Plan((product,)), layout).products
    return laid.folder


def test_plain_leaves_everything_where_the_archive_puts_it() -> None:
    plan = Plan((Product(url="https://a/b", folder="c"),))
    assert laid_out(plan, "plain") is plan


def test_masts_layout_is_that_of_its_bundles() -> None:
    assert folder("mast", obs_id="jabc01010", obs_collection="HST") == "mastDownload/HST/jabc01010"
    assert folder("mast", archive="eso", obs_id="1") == "mastDownload/eso/1"


def test_a_template_names_what_is_known_of_a_file() -> None:
    layout = "{archive}/{target}/{instrument}-{kind} of {program}/level {level}/{filename}"
    assert (
        folder(
            layout,
            archive="mast",
            target="NGC 1068",
            instrument_name="WFC3/UVIS",
            dataproduct_type="image",
            proposal_id="15323",
            calib_level=0,
        )
        == "mast/NGC 1068/WFC3-UVIS-image of 15323/level 0"
    )
    assert folder("{filename}") == "."
    assert folder("mine/{collection}/{obs_id}/{filename}") == "mine/unknown/unknown"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../etc", "..-..-etc"),
        ("..", "unknown"),
        ("/etc/passwd", "etc-passwd"),
        ("a\\..\\b", "a-..-b"),
        (".hidden", "hidden"),
        ("a\x00b\nc", "abc"),
        ("   ", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_an_archive_says_is_one_name_in_the_folder(said: str, name: str) -> None:
    laid = folder("{target}/{filename}", target=said)
    assert "/" not in laid
    assert laid.strip(".-") == name.strip(".-")


@given(st.text(), st.text(), st.text())
def test_no_words_of_an_archive_lead_out_of_the_folder(one: str, two: str, three: str) -> None:
    for layout in ("mast", "{target}/{instrument}/{filename}", "{target}{obs_id}/{filename}"):
        laid = folder(layout, target=one, obs_id=two, instrument_name=three, obs_collection=one)
        parts = PurePosixPath(laid).parts
        assert not PurePosixPath(laid).is_absolute()
        assert ".." not in parts
        assert "\\" not in laid
        inside = Path("/a/b").joinpath(laid).resolve()
        assert inside.is_relative_to("/a/b")


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("flat", "does not end with"),
        ("{target}", "does not end with"),
        ("{target}/{filename}.fits", "does not end with"),
        ("../{filename}", "lead down"),
        ("/etc/{filename}", "lead down"),
        ("a/../../b/{filename}", "lead down"),
        ("a//{filename}", "lead down"),
        ("./{filename}", "lead down"),
        (".{target}/{filename}", "lead down"),
        ("C:/{filename}", "lead down"),
        ("a\\b/{filename}", "lead down"),
        ("{colour}/{filename}", "colour"),
        ("{target/{filename}", "braces"),
        ("{filename}/{filename}", "filename"),
        ("{}/{filename}", "braces"),
        ("{target.__class__}/{filename}", "target.__class__"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(layout: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        check(layout)


def test_a_layout_is_the_same_when_it_is_applied_twice() -> None:
    product = Product(url="https://a/b", obs_id="o", provenance={"obs_collection": "HST"})
    once = laid_out(Plan((product,)), "mast")
    assert laid_out(once, "mast").products == once.products


def test_a_list_for_another_tool_has_the_same_folders() -> None:
    product = Product(
        url="https://mast.stsci.edu/a",
        name="a.fits",
        obs_id="o",
        provenance={"obs_collection": "HST"},
    )
    text = exported(laid_out(Plan((product,)), "mast"), "aria2")
    assert "out=mastDownload/HST/o/a.fits" in text
