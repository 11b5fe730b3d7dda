"""This file has astroquery.mast and skyatlas choose and fetch the same files of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from astroquery import mast
from astroquery.mast import ObservationsClass
from astroquery.mast.discovery_portal import PortalAPI

from skyatlas.archive import Ask
from skyatlas.archives.mast.rows import caom
from skyatlas.observations import Observations
from skyatlas.sandbox.mast_holdings import observations

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

ADDRESSES = {
    "MAST_REQUEST_URL": "api/v0/invoke",
    "COLUMNS_CONFIG_URL": "portal/Mashup/Mashup.asmx/columnsconfig",
    "MAST_DOWNLOAD_URL": "api/v0.1/Download/file",
}
OBSIDS = [one.obsid for one in observations(1).values() if one.collection in ("HST", "JWST")]


@pytest.fixture
def peer(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservationsClass]:
    """astroquery's own class, at the sandbox."""
    address = f"{box.url}/mast.stsci.edu"
    for name, path in ADDRESSES.items():
        monkeypatch.setattr(PortalAPI, name, f"{address}/{path}")
    monkeypatch.setattr(PortalAPI, "_column_configs", {})
    cloud = mast.conf.set_temp("enable_cloud_dataset", False)
    with mast.conf.set_temp("server", address), cloud:
        yield ObservationsClass()


@pytest.fixture
def ours() -> Observations:
    """The observations, as a search finds them."""
    held = observations(1)
    table = caom([{**held[obsid].row, "obsid": obsid} for obsid in OBSIDS])
    table["target"] = ["somewhere"] * len(table)
    return Observations(table)


# To astroquery a size that MAST does not tell is 0.
@pytest.mark.parametrize(
    ("theirs", "only"),
    [
        ({"mrp_only": True, "productType": "SCIENCE"}, None),
        ({}, ()),
        ({"productSubGroupDescription": ["FLC", "CAL"]}, ("productSubGroupDescription=FLC,CAL",)),
        ({"extension": ["drc.fits", "i2d.fits"]}, ("extension=drc.fits,i2d.fits",)),
        (
            {"productType": ["!AUXILIARY"], "calib_level": ["2..3"]},
            ("productType=!AUXILIARY", "calib_level=2..3"),
        ),
        (
            {"size": ["1..100000"], "dataRights": "PUBLIC"},
            ("size=1..100000", "dataRights=PUBLIC"),
        ),
    ],
    ids=str,
)
def test_both_choose_the_same_files(
    peer: ObservationsClass,
    atlas: Session,
    ours: Observations,
    theirs: dict[str, Any],
    only: tuple[str, ...] | None,
) -> None:
    wishes = [text.partition("=") for text in only or ()]
    ask = Ask(
        only=tuple((name, tuple(values.split(","))) for name, _, values in wishes),
        everything=only == (),
        cloud=False,
    )
    listed = peer.get_product_list([str(obsid) for obsid in OBSIDS])
    chosen = peer.filter_products(listed, **theirs)
    planned = atlas.plan(ours, ask)
    uris = [product.product_id for product in planned.products]
    assert sorted(uris) == sorted(set(chosen["dataURI"]))
    assert len(uris) == len(set(uris)) > 0


def test_both_bring_the_same_files_to_the_same_places(
    peer: ObservationsClass, atlas: Session, ours: Observations, tmp_path: Path
) -> None:
    listed = peer.get_product_list([str(obsid) for obsid in OBSIDS[:3]])
    manifest = peer.download_products(
        listed, download_dir=str(tmp_path / "theirs"), extension="_drc.fits", verbose=False
    )
    ask = Ask(only=(("extension", ("_drc.fits",)),))
    fetched = atlas.fetch(ours[:3], tmp_path / "ours", ask=ask, layout="mast")
    assert fetched.complete
    table = fetched.manifest()
    assert table.colnames == manifest.colnames
    assert list(table["Status"]) == list(manifest["Status"]) == ["COMPLETE"] * len(manifest)
    for our_path, their_path in zip(table["Local Path"], manifest["Local Path"], strict=True):
        one, other = Path(our_path), Path(their_path)
        assert one.relative_to(tmp_path / "ours") == other.relative_to(tmp_path / "theirs")
        assert one.read_bytes() == other.read_bytes()
