"""This file asks the sandbox's ESO through unmodified pyvo and through us: the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import astropy.units as u
import pytest
import pyvo
from astropy.coordinates import SkyCoord

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

NGC_1068 = (40.669629, -0.013281)
QUESTION = (
    "SELECT * FROM ivoa.ObsCore WHERE "
    "INTERSECTS(s_region, CIRCLE('ICRS', 40.669629, -0.013281, 0.016666666666666666)) = 1"
)


def test_pyvo_tap_gives_the_same_rows_sync_and_async(box: Sandbox, atlas: Session) -> None:
    service = pyvo.dal.TAPService(f"{box.url}/archive.eso.org/tap_obs")
    sync = service.run_sync(QUESTION).to_table()
    later = service.run_async(QUESTION).to_table()
    ours = atlas.search(NGC_1068, archives="eso", calib_level="1..").table
    assert len(sync) > 10
    assert set(sync["dp_id"]) == set(later["dp_id"]) == set(ours["dp_id"])


def test_pyvo_ssa_gives_the_same_spectra(box: Sandbox, atlas: Session) -> None:
    service = pyvo.dal.SSAService(f"{box.url}/archive.eso.org/ssap")
    place = SkyCoord(*NGC_1068, unit="deg")
    theirs = service.search(pos=place, diameter=2 * u.arcmin).to_table()
    ours = atlas.search(NGC_1068, archives="eso", table="ssap", radius="1arcmin").table
    assert len(theirs) > 3
    assert set(ours["dp_id"]) == {str(dp_id) for dp_id in theirs["dp_id"]}
    assert set(ours["dataproduct_type"]) == {"spectrum"}


def test_pyvo_is_handed_the_door(atlas: Session) -> None:
    service = pyvo.dal.TAPService("https://archive.eso.org/tap_obs", session=atlas.door)
    assert len(service.run_sync(QUESTION)) > 10
