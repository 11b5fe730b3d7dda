"""This file asks the sandbox's searches of one mission through unmodified astroquery.mast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord
from astroquery.exceptions import InvalidQueryError, NoResultsWarning
from astroquery.mast import MastMissionsClass

from skyatlas.sandbox import MAST_TOKENS, Sandbox
from skyatlas.sandbox.mast_holdings import files, observations

pytestmark = pytest.mark.usefixtures("closed_sessions")

M77 = SkyCoord(40.669629, -0.013281, unit="deg")
M51 = SkyCoord(202.469575, 47.195258, unit="deg")


@pytest.fixture
def hubble(mast_site: str) -> MastMissionsClass:
    """astroquery's own class, for HST."""
    assert mast_site
    return MastMissionsClass(mission="hst")


def _held(collection: str) -> list[dict[str, Any]]:
    held = observations(1).values()
    return [dict(one.mission) for one in held if one.mission and one.collection == collection]


def test_criteria_find_what_is_held(hubble: MastMissionsClass) -> None:
    table = hubble.query_criteria(sci_instrume="ACS", select_cols=["sci_data_set_name"])
    held = {
        row["sci_data_set_name"] for row in _held("HST") if row["sci_instrume"].strip() == "ACS"
    }
    assert set(table["sci_data_set_name"]) == held != set()


def test_places_and_names_find_the_same(hubble: MastMissionsClass) -> None:
    by_place = hubble.query_region(M77, radius=3 * u.arcmin)
    by_name = hubble.query_object("M 77", radius=3 * u.arcmin)
    assert set(by_place["sci_data_set_name"]) == set(by_name["sci_data_set_name"])
    assert len(by_place) > 0


def test_each_row_says_which_target_it_answers(hubble: MastMissionsClass, box: Sandbox) -> None:
    table = hubble.query_criteria(coordinates=[M77, M51], radius=3 * u.arcmin)
    assert len(set(table["search_pos"])) == 2
    assert sum("/search/hst/" in asked.url for asked in box.requests) == 1


def test_only_the_number_may_be_asked_for(hubble: MastMissionsClass) -> None:
    assert hubble.query_criteria(sci_instrume="*", count_only=True) == len(_held("HST"))


def test_what_makes_no_sense_is_refused(hubble: MastMissionsClass) -> None:
    with pytest.raises(InvalidQueryError):
        hubble.query_criteria(sci_flavour="sweet")
    with pytest.warns(NoResultsWarning):
        assert len(hubble.query_criteria(sci_instrume="NOTHING")) == 0


def test_columns_are_told(mast_site: str) -> None:
    assert mast_site
    for mission, key in (("hst", "sci_data_set_name"), ("jwst", "fileSetName")):
        peer = MastMissionsClass(mission=mission)
        assert key in peer.get_column_list()["name"]
        assert peer.get_dataset_kwd() == key


def test_the_other_telescope_has_its_own_words(mast_site: str) -> None:
    assert mast_site
    peer = MastMissionsClass(mission="jwst")
    table = peer.query_criteria(instrume="NIRCAM", select_cols=["fileSetName", "program"])
    held = {row["fileSetName"] for row in _held("JWST") if row["instrume"] == "NIRCAM"}
    assert set(table["fileSetName"]) == held != set()


def test_products_are_listed_chosen_and_fetched(hubble: MastMissionsClass, tmp_path: Path) -> None:
    table = hubble.query_criteria(sci_data_set_name="JABC01010")
    products = hubble.get_product_list(table)
    chosen = hubble.filter_products(products, extension="fits", file_suffix="DRC")
    assert 0 < len(chosen) < len(products)
    done = hubble.download_products(chosen, download_dir=str(tmp_path))
    assert set(done["Status"]) == {"COMPLETE"}
    for path in map(Path, done["Local Path"]):
        file = next(file for file, _ in files(1).values() if file.filename == path.name)
        assert path.read_bytes() == file.make()


def test_exclusive_files_need_the_login(hubble: MastMissionsClass, tmp_path: Path) -> None:
    one = next(
        one
        for one in observations(1).values()
        if one.exclusive and one.collection == "HST" and one.files
    )
    name = one.files[0].filename
    status, message, _ = hubble.download_file(name, local_path=str(tmp_path))
    assert status == "ERROR"
    assert "401" in message
    hubble.login(MAST_TOKENS[0].secret)
    assert hubble.download_file(name, local_path=str(tmp_path))[0] == "COMPLETE"
    assert (tmp_path / name).read_bytes() == one.files[0].make()
