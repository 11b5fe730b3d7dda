"""This file asks the sandbox through unmodified astroquery.mast; only its addresses are changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astroquery.exceptions import LoginError, NoResultsWarning, RemoteServiceError, ResolverError
from astroquery.mast import MastClass, ObservationsClass, utils

from skyatlas.sandbox import MAST_TOKENS
from skyatlas.sandbox.mast_holdings import files, observations

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

M77 = SkyCoord(40.669629, -0.013281, unit="deg")


@pytest.fixture
def peer(mast_site: str) -> ObservationsClass:
    """astroquery's own class, as a program would make it."""
    assert mast_site
    return ObservationsClass()


def _hst() -> list[dict[str, Any]]:
    held = observations(1).values()
    return [dict(one.row) | {"obsid": one.obsid} for one in held if one.collection == "HST"]


def _said(value: Any) -> Any:
    """None where nothing was said: astroquery masks texts and leaves NaN for numbers."""
    nothing = np.ma.is_masked(value) or (isinstance(value, float) and np.isnan(value))
    return None if nothing else value


def _ids(table: Table) -> set[int]:
    return {int(value) for value in table["obsid"]}


def test_query_criteria_finds_what_is_held(peer: ObservationsClass) -> None:
    table = peer.query_criteria(obs_collection="HST", dataproduct_type=["image", "spectrum"])
    wanted = [row for row in _hst() if row.get("dataproduct_type") in ("image", "spectrum")]
    assert _ids(table) == {row["obsid"] for row in wanted}
    found = {int(row["obsid"]): row for row in table}
    for row in wanted:
        other = found[row["obsid"]]
        for name in ("obs_id", "filters", "t_min", "em_max", "calib_level", "proposal_pi"):
            assert _said(other[name]) == row.get(name)


def test_query_criteria_takes_ranges_and_wildcards(peer: ObservationsClass) -> None:
    times = sorted(row["t_min"] for row in _hst() if row.get("t_min") is not None)
    table = peer.query_criteria(obs_collection="HST", t_min=[times[0], times[3]])
    assert sorted(table["t_min"]) == times[:4]
    table = peer.query_criteria(target_name="NGC10*")
    assert set(table["target_name"]) == {"NGC1068"}
    assert len(peer.query_criteria(calib_level=3, obs_collection="HST")) > 3


def test_query_criteria_count_counts(peer: ObservationsClass) -> None:
    assert peer.query_criteria_count(obs_collection="HST") == len(_hst())
    around = peer.query_criteria_count(coordinates=M77, radius=0.02, obs_collection="HST")
    assert 0 < around < len(_hst())


def test_place_name_and_criteria_find_the_same(peer: ObservationsClass) -> None:
    by_place = peer.query_region(M77, radius=0.02 * u.deg)
    by_name = peer.query_object("M 77", radius=0.02 * u.deg)
    assert _ids(by_place) == _ids(by_name)
    assert len(by_place) == peer.query_region_count(M77, radius=0.02)
    assert len(by_place) == peer.query_object_count("M 77", radius=0.02)
    both = peer.query_criteria(object_name="M 77", radius="72 arcsec", obs_collection="HST")
    assert _ids(both) == {int(row["obsid"]) for row in by_place if row["obs_collection"] == "HST"}
    assert by_place["distance"].max() <= 72


def test_all_pages_come(peer: ObservationsClass, box: Sandbox) -> None:
    whole = peer.query_criteria(obs_collection="HST")
    pages = peer.query_criteria(obs_collection="HST", pagesize=4)
    assert list(pages["obsid"]) == list(whole["obsid"])
    assert sum("invoke" in asked.url for asked in box.requests) == 1 + -(-len(whole) // 4)
    second = peer.query_criteria(obs_collection="HST", pagesize=4, page=2)
    assert list(second["obsid"]) == list(whole["obsid"])[4:8]


def test_astroquery_waits_while_the_portal_works(peer: ObservationsClass, box: Sandbox) -> None:
    box.fault("executing=3", "invoke")
    assert peer.query_criteria_count(obs_collection="HST") == len(_hst())
    assert sum("invoke" in asked.url for asked in box.requests) == 4


def test_an_error_is_an_error_for_astroquery(peer: ObservationsClass, box: Sandbox) -> None:
    box.fault("mast-error=no such luck", "invoke")
    with pytest.raises(RemoteServiceError, match="no such luck"):
        peer.query_criteria(obs_collection="HST")


def test_nothing_found_is_only_a_warning(peer: ObservationsClass) -> None:
    with pytest.warns(NoResultsWarning):
        assert len(peer.query_criteria(obs_collection="HST", target_name="NOWHERE")) == 0


def test_missions_and_columns_are_told(peer: ObservationsClass) -> None:
    assert peer.list_missions() == sorted({one.collection for one in observations(1).values()})
    columns = peer.get_metadata("observations")
    assert dict(zip(columns["Column Name"], columns["Units"], strict=True))["em_min"] == "nm"
    assert "dataURI" in peer.get_metadata("products")["Column Name"]


def test_products_are_listed_and_filtered(peer: ObservationsClass) -> None:
    table = peer.query_criteria(obs_collection="HST", filters="F814W")
    products = peer.get_product_list(table)
    held = [file for obsid in _ids(table) for file in observations(1)[obsid].files]
    assert sorted(products["dataURI"]) == sorted(file.uri for file in held)
    chosen = peer.filter_products(products, mrp_only=True, productType="SCIENCE", extension="fits")
    assert 0 < len(chosen) < len(products)
    assert set(chosen["productFilename"]) == {
        file.filename
        for file in held
        if file.recommended and file.product_type == "SCIENCE" and file.filename.endswith("fits")
    }
    batches = peer.get_product_list(table, batch_size=1)
    assert sorted(batches["dataURI"]) == sorted(products["dataURI"])
    unique = peer.get_unique_product_list(table)
    assert len(unique) == len({file.uri for file in held})


def test_downloads_are_the_files_that_are_held(peer: ObservationsClass, tmp_path: Path) -> None:
    table = peer.query_criteria(obs_collection="HST", filters="F814W")
    products = peer.get_product_list(table[:1])
    done = peer.download_products(
        products, download_dir=str(tmp_path), productType="SCIENCE", mrp_only=True
    )
    assert set(done["Status"]) == {"COMPLETE"}
    assert len(done) > 0
    listed = {row["productFilename"]: row for row in products}
    for path in map(Path, done["Local Path"]):
        row = listed[path.name]
        assert path.parent == tmp_path / "mastDownload" / row["obs_collection"] / row["obs_id"]
        assert path.read_bytes() == files(1)[row["dataURI"]][0].make()


def test_what_is_there_is_not_fetched_again(
    peer: ObservationsClass, box: Sandbox, tmp_path: Path
) -> None:
    uri = next(uri for uri, (file, _) in files(1).items() if file.cloud)
    for _ in range(2):
        status, message, _ = peer.download_file(uri, local_path=str(tmp_path))
        assert (status, message) == ("COMPLETE", None)
    got = [asked for asked in box.requests if "Download/file" in asked.url]
    assert [asked.method for asked in got] == ["HEAD", "GET", "HEAD"]


def test_the_rest_of_a_file_is_fetched(peer: ObservationsClass, tmp_path: Path) -> None:
    uri, file = next((uri, file) for uri, (file, _) in files(1).items() if file.cloud)
    place = tmp_path / file.filename
    place.write_bytes(file.make()[:5000])
    assert peer.download_file(uri, local_path=str(place))[0] == "COMPLETE"
    assert place.read_bytes() == file.make()


def test_a_script_of_curl_commands_is_fetched(peer: ObservationsClass, tmp_path: Path) -> None:
    table = peer.query_criteria(obs_collection="HST", filters="F814W")
    products = peer.get_product_list(table[:1])
    done = peer.download_products(products, download_dir=str(tmp_path), curl_flag=True)
    script = Path(done["Local Path"][0]).read_text()
    assert script.startswith("#!/bin/bash")
    assert all(name in script for name in products["productFilename"])


def test_exclusive_files_need_the_login(peer: ObservationsClass, tmp_path: Path) -> None:
    uri, file = next(
        (uri, file)
        for uri, (file, owners) in files(1).items()
        if all(owner.exclusive for owner in owners)
    )
    status, message, url = peer.download_file(uri, local_path=str(tmp_path))
    assert status == "ERROR"
    assert "401" in message
    assert uri in url
    peer.login(MAST_TOKENS[0].secret)
    assert peer.download_file(uri, local_path=str(tmp_path))[0] == "COMPLETE"
    assert (tmp_path / file.filename).read_bytes() == file.make()


def test_login_knows_good_tokens(peer: ObservationsClass) -> None:
    assert peer.session_info(verbose=False)["anon"] is True
    for bad in ("made up", MAST_TOKENS[2].secret):
        with pytest.raises(LoginError):
            peer.login(bad)
    peer.login(MAST_TOKENS[1].secret)
    assert peer.session_info(verbose=False)["attrib"]["display_name"] == "Just Looking"
    peer.logout()


def test_names_are_resolved(mast_site: str) -> None:
    assert mast_site
    place = utils.resolve_object("TIC 261136679")
    assert place.separation(SkyCoord(84.291188, -80.46912, unit="deg")) < 1 * u.arcmin
    every = utils.resolve_object("M 77", resolve_all=True)
    assert set(every) == {"SIMBAD", "NED"}
    assert every["NED"].separation(M77) < 1 * u.arcsec
    assert set(utils.resolve_object(["M 77", "pi Men"])) == {"M 77", "pi Men"}
    assert utils.resolve_object("M 77", resolver="NED").separation(every["NED"]) < 1e-6 * u.arcsec
    with pytest.raises(ResolverError):
        utils.resolve_object("nobody's star")


def test_cloud_paths_are_looked_up_forty_at_a_time(mast_site: str, box: Sandbox) -> None:
    assert mast_site
    held = [(uri, file.cloud) for uri, (file, _) in files(1).items() if file.cloud][:50]
    paths = utils.get_cloud_paths([uri for uri, _ in held])
    assert paths == [path.lstrip("/") for _, path in held]
    assert sum("path_lookup" in asked.url for asked in box.requests) == -(-len(held) // 40)


def test_services_may_be_asked_by_their_names(mast_site: str) -> None:
    assert mast_site
    peer = MastClass()
    table = peer.mast_query(
        "Mast.Caom.Filtered", columns=["obsid", "t_min"], obs_collection=["HST"]
    )
    assert table.colnames == ["obsid", "t_min"]
    assert _ids(table) == {row["obsid"] for row in _hst()}
    stars = peer.mast_query("Mast.Catalogs.Filtered.Tic", columns="ID, ra", ID=["261136679"])
    assert list(stars["ID"]) == ["261136679"]
    cone = peer.service_request(
        "Mast.Caom.Cone", {"ra": 40.669629, "dec": -0.013281, "radius": 0.02}
    )
    assert len(cone) > 0


def test_the_textbooks_light_curves_are_found_chosen_and_fetched(
    peer: ObservationsClass, tmp_path: Path
) -> None:
    table = peer.query_criteria(
        target_name="261136679",
        obs_collection="TESS",
        dataproduct_type="timeseries",
        provenance_name="SPOC",
        sequence_number=1,
        t_exptime=[119, 121],
    )
    assert len(table) == 1
    curves = peer.filter_products(
        peer.get_product_list(table), productSubGroupDescription="LC", extension="fits"
    )
    done = peer.download_products(curves, download_dir=str(tmp_path))
    assert list(done["Status"]) == ["COMPLETE"]
    with fits.open(done["Local Path"][0]) as opened:
        assert opened[0].header["OBJECT"] == "TIC 261136679"
        assert opened[0].header["SECTOR"] == 1
        assert {"TIME", "PDCSAP_FLUX", "QUALITY"} <= set(opened["LIGHTCURVE"].columns.names)
