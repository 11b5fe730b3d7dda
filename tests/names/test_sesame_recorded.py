"""What Sesame really wrote (recorded 2013) is read as it was meant."""

from __future__ import annotations

from skyatlas.errors import UnknownTarget
from skyatlas.model import Target
from skyatlas.names.resolver import resolve

SESAME = "cds.unistra.fr"


def test_the_recorded_answer_gives_three_outcomes_in_order(street, door, shared_data):
    recorded = (shared_data / "responses/pyvo/nameresolver__sesame.xml").read_text("utf-8")
    street.houses[SESAME] = lambda path, query: (200, recorded)
    first, unknown, again = resolve(["ngc 4258", "goober", "ngc4258"], door)
    assert isinstance(unknown, UnknownTarget)
    assert isinstance(first, Target)
    assert isinstance(again, Target)
    # VizieR stood first there, with a position of 1973 to the arcminute; SIMBAD knows better.
    assert (first.ra, first.dec, first.resolver) == (184.74008333, 47.30371944, "SIMBAD")
    assert first.name == "M 106"
    assert (again.ra, again.dec) == (first.ra, first.dec)
