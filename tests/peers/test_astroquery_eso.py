"""This file asks the sandbox through unmodified astroquery.eso and through us: the same comes.

Where we differ we say so here: raw frames are asked for with dp_cat = SCIENCE by us.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astroquery import eso
from astroquery.eso.core import EsoClass

from skyatlas.archive import Ask
from skyatlas.archives.eso import adopted
from skyatlas.sandbox import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astropy.table import Table

    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

NGC_1068 = (40.669629, -0.013281)
PLACE = {"cone_ra": NGC_1068[0], "cone_dec": NGC_1068[1], "cone_radius": 1 / 60}


@pytest.fixture
def peer(box: Sandbox) -> Iterator[EsoClass]:
    """astroquery's own class; only its addresses are the sandbox's."""
    with (
        eso.conf.set_temp("tap_obs_url", f"{box.url}/archive.eso.org/tap_obs"),
        eso.conf.set_temp("tap_cat_url", f"{box.url}/archive.eso.org/tap_cat"),
    ):
        peer = EsoClass()
        peer.ROW_LIMIT = None
        peer.CALSELECTOR_URL = f"{box.url}/archive.eso.org/calselector/v1/associations"
        peer.DOWNLOAD_URL = f"{box.url}/dataportal.eso.org/dataPortal/file/"
        peer.AUTH_URL = f"{box.url}/www.eso.org/sso/oidc/token"
        yield peer
        peer._session.close()


def _same_columns(ours: Table, theirs: Table, names: list[str]) -> None:
    for name in names:
        mine, other = ours[name], theirs[name]
        said = np.asarray(_said(mine))
        assert list(said) == list(_said(other)), name
        if mine.dtype.kind == "f":
            assert np.array_equal(mine[said].astype(float), other[said].astype(float)), name
        else:
            assert _texts(mine[said]) == _texts(other[said]), name


def _said(column: Any) -> Any:
    if column.dtype.kind in "OUS":
        return [value not in ("", None) for value in np.ma.filled(column, "")]
    return ~np.ma.getmaskarray(column) & ~_nan(column)


def _texts(column: Any) -> list[str]:
    """Texts; addresses without the loopback part that the sandbox gives to peers."""
    return [re.sub(r"^https?://(127\.0\.0\.1:\d+/)?", "", str(value)) for value in column]


def _nan(column: Any) -> Any:
    values = np.ma.filled(np.ma.asarray(column), 0)
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)


def _sorted(table: Table, name: str = "dp_id") -> Table:
    return table[np.argsort([str(value) for value in table[name]])]


def test_query_surveys_gives_the_same_rows(peer: EsoClass, atlas: Session) -> None:
    theirs = _sorted(peer.query_surveys(**PLACE))
    ours = _sorted(atlas.search(NGC_1068, archives="eso", calib_level="1..").table)
    assert len(theirs) > 10
    assert list(ours["dp_id"]) == list(theirs["dp_id"])
    shared = [name for name in ours.colnames if name in theirs.colnames]
    assert len(shared) > 35
    _same_columns(ours, theirs, shared)


def test_query_main_gives_the_same_rows(peer: EsoClass, atlas: Session) -> None:
    theirs = _sorted(peer.query_main(column_filters={"dp_cat": "SCIENCE"}, **PLACE))
    ours = _sorted(atlas.search(NGC_1068, archives="eso", calib_level="0").table)
    assert len(theirs) > 10
    assert list(ours["dp_id"]) == list(theirs["dp_id"])
    for mine, other in (
        ("s_ra", "ra"),
        ("s_dec", "dec"),
        ("t_exptime", "exposure"),
        ("proposal_id", "prog_id"),
        ("instrument_name", "instrument"),
        ("obs_creator_name", "pi_coi"),
        ("obs_release_date", "release_date"),
        ("facility_name", "telescope"),
        ("access_url", "access_url"),
    ):
        assert _texts(ours[mine]) == _texts(theirs[other]), mine


def test_query_instrument_gives_the_same_rows(peer: EsoClass, atlas: Session) -> None:
    theirs = _sorted(
        peer.query_instrument("xshooter", column_filters={"dp_cat": "SCIENCE"}, **PLACE)
    )
    ours = _sorted(atlas.search(NGC_1068, archives="eso", table="ist.xshooter").table)
    assert len(theirs) >= 6
    shared = [
        n for n in theirs.colnames if n in ours.colnames and n not in ("target", "access_url")
    ]
    assert len(shared) > 40
    _same_columns(ours, theirs, shared)


def test_filters_select_the_same_rows(peer: EsoClass, atlas: Session) -> None:
    theirs = peer.query_surveys(
        column_filters={"instrument_name": "MUSE", "proposal_id": "094.B-0321(A)"}
    )
    ours = atlas.search(instrument="muse", program="094.B-0321", calib_level="1..").table
    assert set(ours["dp_id"]) == set(theirs["dp_id"])


@pytest.mark.parametrize("mode", ["raw", "processed"])
def test_associated_files_are_the_same(peer: EsoClass, atlas: Session, mode: str) -> None:
    table = atlas.search(NGC_1068, archives="eso", calib_level="0").table
    frames = [str(dp_id) for dp_id in table["dp_id"]]
    theirs = peer.get_associated_files(frames, mode=mode)
    plan = atlas.plan(table, Ask(calibrations=mode))
    ours = [p.product_id for p in plan.products if p.semantics == "#calibration"]
    assert len(theirs) > 10
    assert len(ours) == len(set(ours))
    assert set(ours) == set(theirs)


def test_a_login_sees_the_same_protected_rows(
    peer: EsoClass, pi_atlas: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = ACCOUNTS[0]
    monkeypatch.setattr(peer, "_get_password", lambda *a, **k: (account.password, None))
    peer.login(username=account.username)
    assert peer.authenticated()
    program = "0112.C-0999(A)"
    theirs = peer.query_main(
        column_filters={"prog_id": program, "dp_cat": "SCIENCE"}, authenticated=True
    )
    found = pi_atlas.search(program=program, calib_level="0")
    assert len(theirs) > 0
    assert set(found.table["dp_id"]) == set(theirs["dp_id"])
    assert any(note.count == len(theirs) for note in found.reports[0].notes)


def test_retrieve_data_brings_the_same_bytes(
    peer: EsoClass, atlas: Session, tmp_path: Path
) -> None:
    found = atlas.search(NGC_1068, archives="eso", instrument="X-SHOOTER,HAWKI", public=True)
    ids = [str(dp_id) for dp_id in found.table["dp_id"]]
    assert len(ids) > 8
    theirs = peer.retrieve_data(ids, destination=str(tmp_path / "theirs"), unzip=False)
    ours = atlas.fetch(found, tmp_path / "ours")
    assert not ours.failures
    assert {Path(path).name for path in theirs} == {r.path.name for r in ours.receipts}
    for receipt in ours.receipts:
        other = (tmp_path / "theirs" / receipt.path.name).read_bytes()
        assert receipt.path.read_bytes() == other
        assert hashlib.sha256(other).hexdigest() == receipt.sha256


def test_a_login_brings_the_same_proprietary_bytes(
    peer: EsoClass, pi_atlas: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = ACCOUNTS[0]
    monkeypatch.setattr(peer, "_get_password", lambda *a, **k: (account.password, None))
    peer.login(username=account.username)
    found = pi_atlas.search(
        NGC_1068, archives="eso", program="112.25R7.001", calib_level="1..", limit=2
    )
    ids = [str(dp_id) for dp_id in found["dp_id"]]
    theirs = peer.retrieve_data(ids, destination=str(tmp_path / "theirs"), unzip=False)
    ours = pi_atlas.fetch(found, tmp_path / "ours")
    assert len(theirs) == len(ours.receipts) == 2
    for path, receipt in zip(theirs, ours.receipts, strict=True):
        assert Path(path).read_bytes() == receipt.path.read_bytes()


def test_a_packed_frame_is_unpacked_to_the_same_bytes(
    peer: EsoClass, atlas: Session, tmp_path: Path
) -> None:
    import shutil

    if shutil.which("gunzip") is None:
        pytest.skip("astroquery unpacks with the program gunzip, which this machine has not")
    found = atlas.search(
        NGC_1068, archives="eso", instrument="XSHOOTER", calib_level="0", public=True
    )[:1]
    theirs = peer.retrieve_data(list(found.table["dp_id"]), destination=str(tmp_path / "theirs"))
    (receipt,) = atlas.fetch(found, tmp_path / "ours").receipts
    assert receipt.path.name.endswith(".fits.Z")
    assert receipt.path.exists()
    assert receipt.readable.read_bytes() == Path(theirs[0]).read_bytes()


@pytest.mark.parametrize("verb", ["query_main", "query_surveys", "query_instrument"])
def test_tables_of_astroquery_are_fetched(
    peer: EsoClass, atlas: Session, tmp_path: Path, verb: str
) -> None:
    arguments = ["xshooter"] if verb == "query_instrument" else []
    where = {"instrument_name": "XSHOOTER", "obs_release_date": "< '2030-01-01'"}
    if verb != "query_surveys":
        where = {"dp_cat": "SCIENCE", "instrument": "XSHOOTER", "release_date": "< '2030-01-01'"}
    table = getattr(peer, verb)(*arguments, column_filters=where, **PLACE)
    fetched = atlas.fetch(table, tmp_path)
    assert len(fetched.receipts) == len(table) > 0
    assert {r.product.product_id for r in fetched.receipts} == set(table["dp_id"])


def test_a_table_that_nobody_knows_is_refused() -> None:
    from astropy.table import Table

    assert adopted.adopt(Table({"ra": [1.0]})) is None
