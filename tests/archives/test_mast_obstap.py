"""This file asks MAST's ObsTAP where the portal fails, for what its sandbox does not hold."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from astropy.table import Table
from mast_answers import answered, opened
from mast_asked import NGC1068, asked, at, whys

from skyatlas.model import Why
from skyatlas.net.door import StreetDoor
from skyatlas.sandbox import Sandbox
from skyatlas.testing import Answer, Request, relay

DID = "ivo://archive.stsci.edu/caomtap?o1"
FILE = "https://mast.stsci.edu/api/v0.1/Download/file?uri=mast:HST/product/"
ROWS = (
    ("o1", DID, f"{FILE}o1_drz.fits", NGC1068[1], 500.0),
    ("o1", DID, f"{FILE}o1_flt.fits", NGC1068[1], 500.0),
    ("far", f"{DID}9", f"{FILE}far_drz.fits", NGC1068[1] + 0.3, 500.0),
)


def votable() -> bytes:
    """Rows as ObsTAP might have them: one for each file, in nanometres."""
    table = Table(rows=ROWS, names=("obs_id", "obs_publisher_did", "access_url", "s_dec", "em_min"))
    table["s_ra"] = NGC1068[0]
    table["s_ra"].unit = table["s_dec"].unit = "deg"
    table["em_min"].unit = "nm"
    table["em_max"] = table["em_min"] + 100.0
    table["em_max"].unit = "nm"
    written = BytesIO()
    table.write(written, format="votable")
    return written.getvalue()


def test_each_file_is_a_row_its_unit_is_read_and_what_is_too_far_is_dropped(box: Sandbox) -> None:
    def answer(request: Request) -> Answer:
        if request.path.endswith("/invoke"):
            return answered({"status": "ERROR", "msg": "asleep"})
        if request.path.endswith("/sync") and "FROM ivoa.obscore" in request.words:
            return Answer(votable())
        return relay(box.url)(request)

    with opened(answer) as (_, door):
        found = asked(at(NGC1068), door)
    assert found["access_url"].tolist() == [row[2] for row in ROWS[:2]]
    assert len(set(found["obs_publisher_did"])) == 2
    np.testing.assert_allclose(found["em_min"], 500e-9)
    np.testing.assert_allclose(found["em_max"], 600e-9)


def test_an_answer_that_obstap_cuts_is_told(mast_door: StreetDoor, box: Sandbox) -> None:
    box.fault("mast-error", "invoke")
    box.fault("overflow=2", "vo-tap")
    found = asked(at(NGC1068), mast_door)
    assert len(found) <= 2
    assert Why.TRUNCATED in whys(found)
