"""This file asks the real ESO what its documentation leaves open: `pytest -m live` with a network.

Each test names the fact that it settles and where the code relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skyatlas.archive import Ask
from skyatlas.archives.eso import adql, calselector
from skyatlas.archives.eso.asking import TAP
from skyatlas.archives.eso.instruments import instruments
from skyatlas.protocols import tap
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def atlas() -> Iterator[Session]:
    with Session(Settings()) as session:
        yield session


def test_the_instrument_map_agrees_with_the_archive(atlas: Session) -> None:
    """Settles `source = "unverified"` in instruments.toml (wavelengths in micrometres)."""
    question = (
        "select instrument_name, min(em_min) as low, max(em_max) as high "
        "from ivoa.ObsCore group by instrument_name"
    )
    answer = tap.ask(atlas.door, TAP, question)
    ranges = {str(row["instrument_name"]): (row["low"], row["high"]) for row in answer.table}
    for one in instruments():
        if one.name in ranges and one.wavelength:
            low, high = (float(end) * 1e6 for end in ranges[one.name])
            assert low == pytest.approx(one.wavelength[0], rel=0.25), one.name
            assert high == pytest.approx(one.wavelength[1], rel=0.25), one.name


def test_the_prefixes_of_raw_frames_are_right(atlas: Session) -> None:
    """Settles the prefixes in instruments.toml."""
    for one in instruments():
        if not one.prefixes or one.table is None:
            continue
        question = f"select dp_id from {one.table}"
        for row in tap.ask(atlas.door, TAP, question, limit=5).table:
            assert str(row["dp_id"]).split(".", 1)[0] in one.prefixes, one.name


def test_an_adql_error_is_a_votable_that_we_read(atlas: Session) -> None:
    """Settles the HTTP status and form of TAP errors (protocols/votable.py)."""
    from skyatlas.errors import Broken

    with pytest.raises(Broken):
        tap.ask(atlas.door, TAP, "select nonsense from ivoa.ObsCore")


def test_a_full_search_gives_products_whose_links_can_be_read(
    atlas: Session, tmp_path: Path
) -> None:
    """Settles the columns and semantics of ESO's DataLink (archives/eso/links.py)."""
    found = atlas.search(
        "NGC 1068", kind="spectrum", instrument="X-SHOOTER", public=True, calib_level="2..", limit=1
    )
    plan = atlas.plan(found, Ask(ancillary=True, previews=True, progenitors=True))
    assert "#this" in {product.semantics for product in plan.products}
    fetched = atlas.fetch(atlas.plan(found), tmp_path)
    assert not fetched.failures


def test_ssap_has_the_columns_that_we_map(atlas: Session) -> None:
    """Settles the names in archives/eso/rows.py:spectra."""
    found = atlas.search("NGC 1068", table="ssap", limit=3)
    assert len(found) > 0
    assert all(found["dp_id"])


def test_calselector_takes_many_in_one_post(atlas: Session) -> None:
    """Settles calselector.MANY and the multipart answer."""
    frames = atlas.search("NGC 1068", calib_level="0", instrument="FORS2", public=True, limit=5)
    trees = [
        part
        for part in calselector.calibrations(
            [str(dp_id) for dp_id in frames["dp_id"]], "raw", atlas.door
        )
        if not hasattr(part, "url") and hasattr(part, "needs")
    ]
    assert len(trees) == len(frames)


def test_text_compares_without_case(atlas: Session) -> None:
    """Settles that instrument and PI filters need no lower() (archives/eso/adql.py)."""
    assert adql.quote("it's") == "'it''s'"
    for word in ("MUSE", "muse"):
        question = f"select dp_id from ivoa.ObsCore where instrument_name = {adql.quote(word)}"
        assert len(tap.ask(atlas.door, TAP, question, limit=1).table) == 1


def test_names_are_resolved_by_sesame(atlas: Session) -> None:
    """Settles Sesame's XML (names/sesame.py)."""
    (answer,) = atlas.resolve("NGC 1068")
    assert getattr(answer, "ra", 0.0) == pytest.approx(40.6696, abs=0.001)
