"""This file cuts pixels through unmodified astroquery.mast.Tesscut and through us: the same come.

astroquery's address of the service is a class attribute; only that is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astroquery.exceptions import NoResultsWarning
from astroquery.mast import TesscutClass

from skyatlas.archives.mast import tesscut
from skyatlas.journeys.fetch import Plan
from skyatlas.model import Target

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

PI_MENSAE = SkyCoord(84.291198, -80.469143, unit="deg")
TARGET = Target("pi Men", PI_MENSAE.ra.deg, PI_MENSAE.dec.deg)


@pytest.fixture
def peer(box: Sandbox) -> Iterator[TesscutClass]:
    """astroquery's own class; only its address is the sandbox's."""
    peer = TesscutClass()
    peer._service_api_connection.REQUEST_URL = f"{box.url}/mast.stsci.edu/tesscut/api/v0.1/"
    yield peer
    peer._session.close()


def test_both_know_the_same_sectors(peer: TesscutClass, atlas: Session) -> None:
    theirs = peer.get_sectors(coordinates=PI_MENSAE)
    ours = tesscut.sectors(atlas.door, TARGET.ra, TARGET.dec)
    assert [tuple(row) for row in theirs] == [
        (one.name, one.sector, one.camera, one.ccd) for one in ours
    ]
    with pytest.warns(NoResultsWarning):
        assert len(peer.get_sectors(coordinates=SkyCoord(100.2, 23.0, unit="deg"))) == 0


@pytest.mark.parametrize("size", [5, (3, 7)])
def test_both_get_the_same_pixels(
    peer: TesscutClass, atlas: Session, tmp_path: Path, size: int | tuple[int, int]
) -> None:
    (theirs,) = peer.get_cutouts(coordinates=PI_MENSAE, size=size, sector=8)
    shape = (size, size) if isinstance(size, int) else size
    products = tesscut.products(atlas.door, TARGET, size=shape, sectors=(8,))
    (receipt,) = atlas.fetch(Plan(tuple(products)), tmp_path).receipts
    with fits.open(receipt.readable) as ours:
        assert receipt.readable.name == theirs.filename
        assert ours["PIXELS"].data["FLUX"].shape[1:] == shape
        for name in ours["PIXELS"].columns.names:
            mine, other = ours["PIXELS"].data[name], theirs["PIXELS"].data[name]
            assert np.array_equal(mine, other, equal_nan=mine.dtype.kind == "f"), name
    theirs.close()


def test_all_sectors_come_to_astroquery_in_one_zip_and_to_us_one_by_one(
    peer: TesscutClass, atlas: Session, tmp_path: Path
) -> None:
    theirs = peer.download_cutouts(coordinates=PI_MENSAE, size=2, path=str(tmp_path / "theirs"))
    products = tuple(tesscut.products(atlas.door, TARGET, size=(2, 2)))
    fetched = atlas.fetch(Plan(products), tmp_path / "ours")
    assert not fetched.failures
    ours = {one.readable.name: one.readable.read_bytes() for one in fetched.receipts}
    assert ours == {Path(path).name: Path(path).read_bytes() for path in theirs["Local Path"]}
    assert len(ours) == len(products)


def test_a_size_on_the_sky_is_understood(peer: TesscutClass) -> None:
    (cut,) = peer.get_cutouts(coordinates=PI_MENSAE, size=[1.05, 1.75] * u.arcmin, sector=1)
    assert cut["PIXELS"].data["FLUX"].shape[1:] == (3, 5)
    cut.close()


def test_where_tess_has_not_looked_astroquery_warns(peer: TesscutClass) -> None:
    with pytest.warns(NoResultsWarning):
        assert peer.get_cutouts(coordinates=SkyCoord(100.2, 23.0, unit="deg")) == []
