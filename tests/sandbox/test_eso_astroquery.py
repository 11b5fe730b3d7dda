"""astroquery's own Eso, unmodified but for the address, is answered as by the archive."""

from __future__ import annotations

import gc
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.table import Table

from skyatlas.sandbox import ACCOUNTS, Sandbox, make_world

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # astroquery's imports are not ours to mend
    from astroquery.eso import EsoClass, conf
    from astroquery.eso.utils import _build_adql_string, _UserParams
    from astroquery.exceptions import MaxResultsWarning, NoResultsWarning

pytestmark = pytest.mark.usefixtures("closed_sessions")

PI, VISITOR = ACCOUNTS
WORLD = make_world()
ITEMS = WORLD.items.values()


@pytest.fixture
def eso(box: Sandbox, tmp_path: Path) -> Iterator[EsoClass]:
    """A client of which only the addresses are changed."""
    archive, portal = f"{box.url}/archive.eso.org", f"{box.url}/dataportal.eso.org"
    client = EsoClass()
    client.CALSELECTOR_URL = f"{archive}/calselector/v1/associations"
    client.DOWNLOAD_URL = f"{portal}/dataPortal/file/"
    client.AUTH_URL = f"{box.url}/www.eso.org/sso/oidc/token"
    client.cache_location = tmp_path
    with (
        conf.set_temp("tap_obs_url", f"{archive}/tap_obs"),
        conf.set_temp("tap_cat_url", f"{archive}/tap_cat"),
    ):
        yield client
    client._session.close()
    gc.collect()


def login(eso: EsoClass, monkeypatch: pytest.MonkeyPatch, account: object = PI) -> bool:
    answer = (account.password, account.password)  # as from a keyring, which tests do not touch
    monkeypatch.setattr(eso, "_get_password", lambda *args, **more: answer)
    eso.login(username=account.username)
    return eso.authenticated()


def test_it_lists_instruments_surveys_and_catalogues(eso: EsoClass) -> None:
    assert {"muse", "xshooter", "harps", "midi"} <= set(eso.list_instruments())
    assert "apex_quicklooks" not in eso.list_instruments()
    assert {"MUSE", "XSHOOTER", "VVV"} <= set(eso.list_surveys())
    latest, every = eso.list_catalogs(), eso.list_catalogs(all_versions=True)
    assert "COSMOS2020_FARMER_V1" in every
    assert "COSMOS2020_FARMER_V1" not in latest
    assert "COSMOS2020_FARMER_V2" in latest


def test_it_finds_raw_frames_in_a_cone(eso: EsoClass) -> None:
    table = eso.query_main("sinfoni", cone_ra=266.41683, cone_dec=-29.00781, cone_radius=0.1775)
    assert isinstance(table, Table)
    assert set(table["instrument"]) == {"SINFONI"}
    assert len(table.colnames) == 62
    assert str(table["exposure"].unit) == "s"


def test_it_finds_products_of_surveys(eso: EsoClass) -> None:
    table = eso.query_surveys(["VVV"], cone_ra=266.41683, cone_dec=-29.00781, cone_radius=0.1775)
    assert len(table) > 0
    assert set(table["obs_collection"]) == {"VVV"}
    both = eso.query_surveys("MUSE, HARPS", columns="dp_id, obs_collection, t_exptime")
    assert set(both["obs_collection"]) == {"MUSE", "HARPS"}
    assert both.colnames[0] == "dp_id"


def test_it_reads_the_columns_of_an_instrument(eso: EsoClass) -> None:
    table = eso.query_instrument("xshooter", column_filters={"dp_cat": "SCIENCE"})
    assert {"night_flag", "dimm_fwhm_avg", "dp_id"} <= set(table.colnames)
    assert set(table["dp_cat"]) == {"SCIENCE"}
    eso.query_instrument("xshooter", help=True)
    eso.query_main(help=True)
    eso.query_surveys(help=True)


@pytest.mark.parametrize(
    "filters",
    [
        {"dp_cat": "in ('SCIENCE', 'CALIB')", "exposure": ">= 1"},
        {"exp_start": "between '2014-01-01' and '2024-12-31'"},
        {"object": "like 'NGC%'", "dp_tech": "not like '%ECHELLE%'"},
        {"dp_type": "!= 'BIAS'", "tel_airm_start": "< 1.5", "obs_mode": "not in ('x')"},
        {"prog_type": 3},
        {"instrument": "MuSe"},
    ],
)
def test_filters_choose_what_their_words_say(eso: EsoClass, filters: dict[str, object]) -> None:
    every = eso.query_main(count_only=True)
    found = eso.query_main(column_filters=filters, count_only=True)
    eso.ROW_LIMIT = -1
    assert 0 <= found < every
    if found:
        assert len(eso.query_main(column_filters=filters)) == found


def test_top_and_count_are_obeyed(eso: EsoClass) -> None:
    assert len(eso.query_main(top=3)) == 3
    assert eso.query_surveys("MUSE", count_only=True) == sum(
        item.row.get("obs_collection") == "MUSE" for item in ITEMS
    )


def test_its_own_words_with_an_order_are_understood(eso: EsoClass) -> None:
    params = _UserParams(
        "dbo.raw", "instrument", ["MUSE", "HARPS"], columns=["dp_id", "mjd_obs"], order_by="mjd_obs"
    )
    table = eso.query_tap(_build_adql_string(params))
    assert list(table["mjd_obs"]) == sorted(table["mjd_obs"], reverse=True)


def test_it_notices_a_cut_answer_and_an_empty_one(eso: EsoClass) -> None:
    eso.ROW_LIMIT = 2
    with pytest.warns(MaxResultsWarning, match="truncated to 2"):
        assert len(eso.query_main("MUSE")) == 2
    with pytest.warns(NoResultsWarning):
        assert len(eso.query_main("NOTHING")) == 0


def test_it_takes_an_error_for_an_empty_table(eso: EsoClass) -> None:
    """What skyatlas must not do: to astroquery a wrong column is just nothing found."""
    with pytest.warns(NoResultsWarning):
        assert len(eso.query_main(column_filters={"nope": 1})) == 0


def test_it_asks_quick_looks_and_catalogues(eso: EsoClass) -> None:
    with pytest.warns(NoResultsWarning):
        eso.query_apex_quicklooks("E-095.F-9802A-2015")
    table = eso.query_catalog("ZCOSMOS_V2", columns="ID, RA2000, Z", column_filters={"Z": "> 0"})
    assert table.colnames == ["ID", "RA2000", "Z"]
    assert (table["Z"] > 0).all()
    assert str(table["RA2000"].unit) == "deg"
    eso.query_catalog("ZCOSMOS_V2", help=True)


def test_it_finds_the_calibrations_of_one_and_of_many_frames(eso: EsoClass, tmp_path: Path) -> None:
    frames = list(WORLD.raw2raw)[:3]
    one = eso.get_associated_files([frames[0]], savexml=True, destination=str(tmp_path))
    assert one
    assert frames[0] not in one
    assert (tmp_path / f"{frames[0]}_raw2raw.xml").is_file()
    many = eso.get_associated_files(frames, savexml=True, destination=str(tmp_path))
    assert set(one) <= set(many)
    assert len(list(tmp_path.glob("*.xml"))) == 3
    masters = eso.get_associated_files([next(iter(WORLD.raw2master))], mode="processed")
    assert all(name.startswith("M.") for name in masters)


def test_it_brings_files_home(eso: EsoClass, tmp_path: Path) -> None:
    raw = next(item for item in ITEMS if item.filename.endswith(".fits.Z"))
    open_product = next(i for i in ITEMS if i.table == "ivoa.ObsCore" and not i.proprietary)
    files = eso.retrieve_data(
        [raw.dp_id, open_product.dp_id], destination=str(tmp_path), unzip=False
    )
    assert [Path(file).name for file in files] == [raw.filename, open_product.filename]
    assert Path(files[1]).read_bytes() == open_product.make()
    subprocess.run(["gunzip", files[0]], check=True)
    with fits.open(files[0].removesuffix(".Z")) as hdus:
        assert hdus[0].header["ORIGFILE"]


def test_it_needs_a_login_for_proprietary_files(
    eso: EsoClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = next(i for i in ITEMS if i.table and i.proprietary and i.program in PI.programs)
    assert eso.retrieve_data([closed.dp_id], destination=str(tmp_path)) == []
    assert login(eso, monkeypatch)
    assert len(eso.retrieve_data([closed.dp_id], destination=str(tmp_path), unzip=False)) == 1


def test_it_sees_protected_rows_after_a_login(
    eso: EsoClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = [item for item in ITEMS if item.hidden and item.table == "dbo.raw"]
    before = eso.query_main(count_only=True)
    assert login(eso, monkeypatch)
    assert eso.query_main(count_only=True, authenticated=True) == before + len(hidden)
    assert eso.query_main(count_only=True) == before


def test_it_cannot_log_in_with_a_wrong_password(
    eso: EsoClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = type(PI)("pi", "wrong")
    assert not login(eso, monkeypatch, wrong)
