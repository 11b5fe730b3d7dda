"""This file asks the sandbox's publishers through pyvo and through ours: the same rows come.

pyvo is unmodified; only the address is the sandbox's. Publishers that pyvo cannot be asked about
(they are down) are in tests/journeys/test_crowd.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord

from skyatlas.sandbox import Sandbox
from skyatlas.session import Session

pytestmark = [
    pytest.mark.usefixtures("closed_sessions"),
    pytest.mark.filterwarnings("ignore:The unit 'Angstrom' has been deprecated"),
]

RA, DEC = 40.6696292, -0.0132806
M77 = SkyCoord(RA, DEC, unit="deg")
RADIUS = 0.05 * u.deg
Rows = Any


def sia(url: str) -> Rows:
    return pyvo.dal.SIAService(url).search(pos=M77, size=2 * RADIUS, intersect="OVERLAPS")


def old_sia(url: str) -> Rows:
    """This publisher refuses INTERSECT, which pyvo sends unless the query is made by hand."""
    query = pyvo.dal.SIAService(url).create_query(pos=M77, size=2 * RADIUS)
    query.pop("INTERSECT", None)
    return query.execute()


def sia2(url: str) -> Rows:
    return pyvo.dal.SIA2Service(url).search(pos=(M77, RADIUS))


def ssa(url: str) -> Rows:
    return pyvo.dal.SSAService(url).search(pos=M77, diameter=2 * RADIUS)


def scs(url: str) -> Rows:
    return pyvo.dal.SCSService(url).search(pos=M77, radius=RADIUS)


def tap(url: str) -> Rows:
    circle = f"CIRCLE('ICRS', {RA}, {DEC}, 0.05)"
    return pyvo.dal.TAPService(url).run_sync(
        f"SELECT * FROM ivoa.obscore WHERE 1 = INTERSECTS(s_region, {circle})"
    )


CASES = [
    (sia, "dc.austral.example/wide/q/siap.xml"),
    (old_sia, "vo.boreal.example/cgi-bin/siap.pl"),
    (sia2, "archive.meridian.example/sia2/query"),
    (sia2, "data.tramontane.example/siap2"),
    (ssa, "spectra.levante.example/ssap"),
    (ssa, "vo.ostro.example/echelle/ssa.php"),
    (scs, "dc.austral.example/sources/q/scs.xml"),
    (scs, "vo.ostro.example/stars/cone.php"),
    (tap, "tap.zephyr.example/tap"),
]


@pytest.mark.parametrize(("ask", "place"), CASES)
def test_pyvo_gets_the_rows_that_we_get(
    box: Sandbox, atlas: Session, ask: Callable[[str], Rows], place: str
) -> None:
    theirs = ask(f"{box.url}/{place}")
    ours = atlas.search(f"{RA} {DEC}", archives=f"vo:https://{place}", radius=RADIUS)
    assert ours.complete is True
    assert len(ours) == len(theirs) > 0
    if ask is scs:
        found = sorted(zip(ours["s_ra"].tolist(), ours["s_dec"].tolist(), strict=True))
        # By hand: pyvo's fieldname_with_ucd takes meta.id;meta.main for pos.eq.ra;meta.main.
        by_ucd = {field.ucd: field.name for field in theirs.fielddescs}
        names = [theirs.getcolumn(by_ucd[ucd]) for ucd in UCDS[place]]
        assert found == sorted(zip(*(name.tolist() for name in names), strict=True))
        return
    # What pyvo gets leads to the sandbox, what we get names the archive itself.
    links = [record.getdataurl() if ask is not tap else record["access_url"] for record in theirs]
    urls = sorted(str(url).replace(f"{box.url}/", "https://") for url in links)
    assert sorted(ours["access_url"].tolist()) == urls


UCDS = {
    "dc.austral.example/sources/q/scs.xml": ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main"),
    "vo.ostro.example/stars/cone.php": ("POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"),
}
"""What each publisher calls its positions."""
