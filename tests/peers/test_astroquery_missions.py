"""This file asks the sandbox through unmodified astroquery.mast.MastMissions, and by our adapter.

Both find the same data sets and the same files. Only astroquery's addresses are changed: class
attributes that it makes of its setting `server` when it is imported, and its resolver's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astroquery import mast
from astroquery.exceptions import InvalidQueryError, MaxResultsWarning, NoResultsWarning
from astroquery.mast import MastMissionsClass, utils
from astroquery.mast.services import ServiceAPI

from skyatlas.archive import Ask
from skyatlas.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

M77 = SkyCoord(40.669629, -0.013281, unit="deg")
M87 = SkyCoord(187.705931, 12.391123, unit="deg")
KEYS = {"hst": "sci_data_set_name", "jwst": "fileSetName"}


@pytest.fixture
def peer(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], MastMissionsClass]]:
    """astroquery's own class for a mission, as a program would make it."""
    address = f"{box.url}/mast.stsci.edu"
    monkeypatch.setattr(ServiceAPI, "SERVICE_URL", address)
    monkeypatch.setattr(ServiceAPI, "MISSIONS_DOWNLOAD_URL", f"{address}/search/")
    get = utils._simple_request

    def get_here(url: str, params: Any = None) -> Any:
        return get(re.sub(r"^https?://(?!127\.)", f"{box.url}/", url), params)

    monkeypatch.setattr(utils, "_simple_request", get_here)
    with mast.conf.set_temp("server", address):
        yield lambda mission: MastMissionsClass(mission=mission)


def same(theirs: Any, ours: Any, mission: str) -> None:
    """The same data sets with the same values in all columns that both have."""
    key = KEYS[mission]
    mine = {str(row[key]): row for row in ours}
    assert {str(row[key]) for row in theirs} == set(mine)
    shared = [name for name in theirs.colnames if name in ours.colnames and name != "s_region"]
    assert len(shared) > 10
    for row in theirs:
        other = mine[str(row[key])]
        for name in shared:
            if np.ma.is_masked(row[name]) or np.ma.is_masked(other[name]):
                assert np.ma.is_masked(row[name]) == np.ma.is_masked(other[name]), name
            elif isinstance(row[name], float | np.floating):
                assert float(row[name]) == pytest.approx(float(other[name]), rel=1e-12), name
            else:
                # Words are filled with blanks at MAST; booleans are 0 and 1 there.
                assert str(row[name]).strip() == str(other[name]), name


@pytest.mark.parametrize("mission", ["hst", "jwst"])
def test_query_region_finds_the_same_rows(peer: Any, atlas: Session, mission: str) -> None:
    theirs = peer(mission).query_region(M77, radius=3 * u.arcmin)
    ours = atlas.search(M77, radius="3 arcmin", archives="mast", table=mission).table
    assert len(theirs) > 3
    same(theirs, ours, mission)


def test_query_object_resolves_names_at_mast(peer: Any, atlas: Session) -> None:
    theirs = peer("jwst").query_object("M 51", radius=2 * u.arcmin)
    ours = atlas.search("M 51", radius="2 arcmin", archives="mast", table="jwst").table
    same(theirs, ours, "jwst")


def test_several_places_are_told_apart_by_both(peer: Any, atlas: Session) -> None:
    places = SkyCoord([M77, M87])
    theirs = peer("hst").query_region(places, radius=60 * u.arcsec)
    targets = [Target(f"{place.ra.deg} {place.dec.deg}", place.ra.deg, place.dec.deg)
               for place in places]  # fmt: skip
    ours = atlas.search(targets, radius="1 arcmin", archives="mast", table="hst").table
    pairs = {(str(row["search_pos"]), str(row["sci_data_set_name"])) for row in theirs}
    assert {(str(row["target"]), str(row["obs_id"])) for row in ours} == pairs
    assert len({target for target, _ in pairs}) == 2


@pytest.mark.parametrize(
    ("criteria", "filters"),
    [
        ({"sci_instrume": "STIS"}, {"instrument": "STIS"}),
        ({"sci_pep_id": 12345}, {"program": "12345"}),
        ({"sci_pi_last_name": "*OSEI*"}, {"pi": "Osei"}),
        ({"sci_obs_type": "SPECTRUM"}, {"kind": "spectrum"}),
        ({"sci_targname": ["M87", "M51"]}, {"parameters": {"sci_targname": "M87,M51"}}),
        ({"sci_spec_1234": "!F814W*"}, {"parameters": {"sci_spec_1234": "!F814W*"}}),
        ({"sci_start_time": "<1995-01-01"}, {"time": "1994"}),
    ],
)
def test_query_criteria_finds_the_same_rows(
    peer: Any, atlas: Session, criteria: dict[str, Any], filters: dict[str, Any]
) -> None:
    theirs = peer("hst").query_criteria(**criteria)
    ours = atlas.search(archives="mast", table="hst", **filters).table
    assert 0 < len(theirs) < 20
    same(theirs, ours, "hst")


def test_counting_and_choosing_columns_work(peer: Any) -> None:
    hst = peer("hst")
    count = hst.query_criteria(sci_instrume="ACS", count_only=True)
    table = hst.query_criteria(sci_instrume="ACS", select_cols=["sci_targname", "sci_status"])
    assert len(table) == count > 5
    assert set(table.colnames) == {"sci_data_set_name", "sci_targname", "sci_status"}


def test_what_astroquery_warns_of_and_refuses(peer: Any) -> None:
    hst = peer("hst")
    with pytest.warns(MaxResultsWarning):
        assert len(hst.query_criteria(sci_instrume="ACS", limit=2)) == 2
    with pytest.warns(NoResultsWarning):
        hst.query_criteria(sci_instrume="HSP")
    with pytest.raises(InvalidQueryError, match="does not exist"):
        hst.query_criteria(sci_nothing="x")
    with pytest.raises(InvalidQueryError, match="invalid input"):
        hst.query_criteria(sci_pep_id="many")


@pytest.mark.parametrize("mission", ["hst", "jwst"])
def test_lists_of_files_are_the_same(peer: Any, atlas: Session, mission: str) -> None:
    missions = peer(mission)
    rows = missions.query_region(M77, radius=1 * u.arcmin)
    theirs = missions.get_unique_product_list(rows)
    found = atlas.search(M77, radius="1 arcmin", archives="mast", table=mission)
    ours = atlas.plan(found, Ask(everything=True)).products
    assert {str(name) for name in theirs["filename"]} == {one.name for one in ours}
    assert len(theirs) == len(ours) > 20


def test_downloads_bring_the_same_bytes(peer: Any, atlas: Session, tmp_path: Path) -> None:
    missions = peer("hst")
    rows = missions.query_criteria(sci_pep_id=13400)
    files = missions.get_product_list(rows)
    manifest = missions.download_products(
        files, download_dir=tmp_path / "theirs", file_suffix="X1D", extension="fits", verbose=False
    )
    assert set(manifest["Status"]) == {"COMPLETE"}
    found = atlas.search(archives="mast", table="hst", program="13400")
    ours = atlas.fetch(found, tmp_path / "ours")
    assert not ours.failures
    theirs = {Path(path).name: Path(path).read_bytes() for path in manifest["Local Path"]}
    assert {receipt.path.name: receipt.path.read_bytes() for receipt in ours.receipts} == theirs
    assert len(theirs) == 3
