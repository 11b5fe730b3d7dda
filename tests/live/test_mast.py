"""This file asks the real MAST what is not written down: `pytest -m live` with a network.

Each test names the fact that it settles and where the code relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skyatlas.archive import Ask
from skyatlas.archives.mast import obstap, portal, tesscut
from skyatlas.archives.mast.columns import COLUMNS
from skyatlas.journeys.curve_choice import AUTHORS, wanted
from skyatlas.protocols import tap
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live

PI_MEN = "TIC 261136679"
PLACE = (84.291188, -80.469120)
"""Degrees, ICRS."""


@pytest.fixture(scope="module")
def atlas() -> Iterator[Session]:
    with Session(Settings()) as session:
        yield session


def test_the_columns_are_those_of_the_portal(atlas: Session) -> None:
    """Settles archives/mast/columns.py."""
    params = {"columns": "*", "filters": [{"paramName": "obs_collection", "values": ["TESS"]}]}
    first = next(portal.ask(atlas.door, "Mast.Caom.Filtered", params, limit=1))
    assert set(COLUMNS) <= {name for name, _ in first.fields}


@pytest.mark.parametrize("collection", ["HST", "JWST", "TESS", "Kepler", "K2", "GALEX", "HLSP"])
def test_a_mission_has_observations_with_files(atlas: Session, collection: str) -> None:
    """Settles the spelling of collections, and that `obsid` leads to files."""
    found = atlas.search(archives="mast", collection=collection, public=True, limit=1)
    assert len(found) == 1, found.completeness
    assert atlas.plan(found, Ask(everything=True)).products


def test_many_places_share_a_question(atlas: Session) -> None:
    """Settles Mast.Caom.Crossmatch: its radius is in degrees, its rows are CAOM's."""
    places = [PLACE, (40.669629, -0.013281)]
    both = atlas.search(places, archives="mast", radius="10 arcsec", collection="TESS,HST")
    alone = atlas.search(PLACE, archives="mast", radius="10 arcsec", collection="TESS,HST")
    assert both.complete is True
    first = both.queries[0].target
    assert first is not None
    names = {str(row["obs_id"]) for row in both.table if row["target"] == first.asked}
    assert names == {str(name) for name in alone["obs_id"]}


def test_stars_are_known_by_the_spellings_that_we_ask_for(atlas: Session) -> None:
    """Settles archives/mast/matching.py, and journeys/curve_choice.py's authors."""
    for star, mission in ((PI_MEN, "TESS"), ("KIC 11904151", "Kepler"), ("EPIC 201912552", "K2")):
        found = atlas.lightcurves(star, wanted({"mission": mission, "every": True}))
        authors = {str(name) for name in found["provenance_name"]}
        assert AUTHORS[mission][0] in authors, star


def test_a_quarter_of_kepler_is_told_by_its_description(atlas: Session) -> None:
    """Settles journeys/lightcurve.py: "… - Q3" at the end of a file's description."""
    wish = wanted({"quarter": "3"})
    found = atlas.lightcurves("KIC 11904151", wish)
    assert len(atlas.curves_plan(found, wish).products) == 1


def test_a_light_curve_is_fetched_and_read(atlas: Session, tmp_path: Path) -> None:
    curves = atlas.lightcurve(PI_MEN, tmp_path, author="SPOC", sector="1", cadence="120")
    ((target, curve),) = curves.read()
    assert (target, curve.part) == (PI_MEN, "sector 1")


def test_copies_in_the_cloud_are_where_we_ask(atlas: Session, tmp_path: Path) -> None:
    """Settles the address of the bucket in archives/mast/copies.py."""
    found = atlas.search(PI_MEN, archives="mast", collection="TESS", kind="timeseries", limit=1)
    todo = atlas.plan(found, Ask(cloud=True))
    assert todo.products[0].mirrors
    (url, *_) = todo.products[0].mirrors
    assert atlas.fetch([url], tmp_path).complete


def test_tesscut_knows_the_sectors(atlas: Session) -> None:
    """Settles archives/mast/tesscut.py."""
    assert {1, 4, 8} <= {cut.sector for cut in tesscut.sectors(atlas.door, *PLACE)}


def test_obstap_is_where_we_ask(atlas: Session) -> None:
    """Settles the address in archives/mast/obstap.py."""
    assert "s_region" in tap.columns_of(atlas.door, obstap.SERVICE, obstap.TABLE)
