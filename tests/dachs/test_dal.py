"""This file asks an independent server (GAVO DaCHS) by SIA 1, SIA 2, SSA and cone search, and pyvo
the same.

It runs where `SKYATLAS_DACHS` names one with the collections TESTIMG, TESTSPEC and TESTCAT, for
example http://127.0.0.1:8080.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord

from skyatlas.errors import Broken
from skyatlas.model import Interval, Query, Target
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import plain_values
from skyatlas.protocols import scs, sia, sia2, ssa, tap
from skyatlas.protocols.mapping import obscore_of
from skyatlas.protocols.service import Service
from skyatlas.sky import separation

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

SIA = Service(f"{BASE}/img/q/i/siap.xml?", "sia", "dachs", title="Test images")
SIA2 = Service(f"{BASE}/__system__/siap2/sitewide/siap2.xml", "sia2", "dachs")
SSA = Service(f"{BASE}/spec/q/ssa/ssap.xml?", "ssa", "dachs")
SCS = Service(f"{BASE}/cat/q/cone/scs.xml?", "scs", "dachs")
PLACE = (40.669629, -0.013281)
QUERY = Query(Target("NGC 1068", *PLACE), 0.1)


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as opened:
        yield opened


@pytest.fixture(scope="module")
def truth(door: StreetDoor) -> dict[str, dict[str, Any]]:
    """DaCHS's own ObsCore rows, by publisher's identifier."""
    service = tap.TapService("dachs", f"{BASE}/tap", hard_limit=20_000)
    rows = tap.ask(door, service, "select * from ivoa.obscore").table
    table = {name: plain_values(rows[name]) for name in rows.colnames}
    return {
        did: {name: values[number] for name, values in table.items()}
        for number, did in enumerate(table["obs_publisher_did"])
    }


def test_sia_1_gives_the_images_that_pyvo_gets(door: StreetDoor) -> None:
    answer = sia.ask(door, SIA, QUERY)
    theirs = pyvo.dal.SIAService(SIA.url).search(pos=PLACE, size=0.2, format="ALL")
    assert sorted(answer.table["accref"]) == sorted(theirs["accref"])
    assert len(answer.table) > 3
    assert not answer.truncated


@pytest.mark.parametrize("dec", [69.0, 80.0, 88.0, 89.8, 89.99, 90.0])
def test_sia_1_finds_what_is_beyond_the_pole(door: StreetDoor, dec: float) -> None:
    """M 81 is at 148.9, 69.07; a circle around the same place, over or beside the pole, has it."""
    for ra in (148.9, 10.0, 328.9):
        radius = 1.01 * separation(ra, dec, 148.888, 69.065) + 0.01
        found = sia.ask(door, SIA, Query(Target("there", ra, dec), float(radius))).table
        assert sum(str(title).startswith("M81") for title in found["imageTitle"]) == 7


def test_images_become_the_obscore_that_dachs_makes_of_them(
    door: StreetDoor, truth: dict[str, dict[str, Any]]
) -> None:
    table = obscore_of(sia.ask(door, SIA, QUERY, verbosity=3), SIA)
    assert len(table) > 3
    for row in table:
        theirs = truth[str(row["obs_publisher_did"])]
        assert row["dataproduct_type"] == "image"
        for name in ("target_name", "instrument_name", "facility_name", "access_url"):
            assert row[name] == theirs[name], name
        for name in ("s_ra", "s_dec", "em_min", "em_max", "s_pixel_scale", "t_exptime", "s_xel1"):
            assert row[name] == pytest.approx(theirs[name], rel=1e-5), name
        assert corners(str(row["s_region"])) == pytest.approx(corners(theirs["s_region"]), abs=1e-5)


def test_the_outline_guessed_from_the_matrix_is_the_one_that_dachs_knows(
    door: StreetDoor, truth: dict[str, dict[str, Any]]
) -> None:
    answer = sia.ask(door, SIA, QUERY, verbosity=3)
    answer.table.remove_column("coverage")  # the shape itself, which most services do not give
    fields = tuple(field for field in answer.results.fields if field.name != "coverage")
    object.__setattr__(answer.results, "fields", fields)
    table = obscore_of(answer, SIA)
    assert table.meta["mapping"]["s_region"].startswith("guessed: the centre")
    for row in table:
        theirs = corners(truth[str(row["obs_publisher_did"])]["s_region"])
        ours = corners(str(row["s_region"]))
        apart = [separation(*corner, *theirs.T).min() for corner in ours]
        # DaCHS's centre is that of a pixel, half a pixel off along each axis.
        assert max(apart) * 3600 < 1.5 * row["s_pixel_scale"]


def corners(region: str) -> np.ndarray:
    return np.array(region.split()[2:], dtype=float).reshape(-1, 2)


@pytest.mark.filterwarnings("ignore:Unknown xsi.type")  # pyvo, of what DaCHS says it can do
@pytest.mark.filterwarnings("ignore::pyvo.utils.xml.exceptions.UnknownElementWarning")
def test_sia_2_gives_the_images_that_pyvo_gets(door: StreetDoor) -> None:
    answer = sia2.ask(door, SIA2, [QUERY])
    service = pyvo.dal.SIA2Service(SIA2.url)
    theirs = service.search(pos=(*PLACE, 0.1))
    names = sorted(answer.table["obs_publisher_did"])
    assert names == sorted(theirs["obs_publisher_did"])
    assert len(names) > 3


def test_sia_2_answers_two_places_and_filters(door: StreetDoor) -> None:
    everything = sia2.ask(door, SIA2, [Query(calib_level=Interval(0, 4))]).table
    ra, dec = (float(value) for value in everything["s_ra", "s_dec"][-1])
    other = Query(Target("other", ra, dec), 0.1)
    both = sia2.ask(door, SIA2, [QUERY, other]).table
    apart = [sia2.ask(door, SIA2, [one]).table["obs_publisher_did"] for one in (QUERY, other)]
    assert set(both["obs_publisher_did"]) == {did for one in apart for did in one}
    ultraviolet = Query(QUERY.target, 0.1, band=Interval(None, 2e-7))
    table = sia2.ask(door, SIA2, [ultraviolet]).table
    assert 0 < len(table) < len(apart[0])
    assert max(table["em_min"]) <= 2e-7


def test_sia_2_takes_a_long_question_by_post(door: StreetDoor) -> None:
    places = [Query(Target(str(n), n / 3, n / 7), 0.01) for n in range(200)]
    answer = sia2.ask(door, SIA2, [QUERY, *places])
    one = sia2.ask(door, SIA2, [QUERY])
    assert set(one.table["obs_publisher_did"]) <= set(answer.table["obs_publisher_did"])


def test_a_limit_is_seen_to_cut(door: StreetDoor) -> None:
    query = Query(QUERY.target, QUERY.radius, limit=2)
    for answer in (sia2.ask(door, SIA2, [query]), ssa.ask(door, SSA, query)):
        assert (len(answer.table), answer.truncated) == (2, True)


def test_ssa_gives_the_spectra_that_pyvo_gets(door: StreetDoor) -> None:
    answer = ssa.ask(door, SSA, QUERY)
    theirs = pyvo.dal.SSAService(SSA.url).search(pos=PLACE, diameter=0.2)
    assert sorted(answer.table["ssa_pubDID"]) == sorted(theirs["ssa_pubDID"])
    assert len(answer.table) > 3


def test_ssa_selects_by_band_and_time(door: StreetDoor) -> None:
    whole = obscore_of(ssa.ask(door, SSA, QUERY), SSA)
    middle = float(np.ma.median(whole["t_min"].data))
    for query in (
        Query(QUERY.target, 0.1, band=Interval(None, 1.9e-7)),
        Query(QUERY.target, 0.1, time=Interval(middle, None)),
    ):
        some = obscore_of(ssa.ask(door, SSA, query), SSA)
        assert 0 < len(some) < len(whole)


def test_spectra_become_the_obscore_that_dachs_makes_of_them(
    door: StreetDoor, truth: dict[str, dict[str, Any]]
) -> None:
    table = obscore_of(ssa.ask(door, SSA, QUERY), SSA)
    for row in table:
        theirs = truth[str(row["obs_publisher_did"])]
        assert row["dataproduct_type"] == theirs["dataproduct_type"] == "spectrum"
        for name in ("target_name", "instrument_name", "obs_collection", "access_url"):
            assert row[name] == theirs[name], name
        for name in ("s_ra", "s_dec", "em_min", "em_max", "t_min", "t_max"):
            assert row[name] == pytest.approx(theirs[name], rel=1e-6), name
        assert row["datalink"].startswith(f"{BASE}/spec/q/sdl/dlmeta?ID=ivo%3A")


def test_a_cone_gives_the_rows_that_pyvo_gets(door: StreetDoor) -> None:
    answer = scs.ask(door, SCS, QUERY)
    theirs = pyvo.dal.SCSService(SCS.url).search(pos=SkyCoord(*PLACE, unit="deg"), radius=0.1)
    assert sorted(answer.table["source_id"]) == sorted(theirs["source_id"])
    table = obscore_of(answer, SCS)
    assert set(table["dataproduct_type"]) == {"measurements"}
    assert sorted(table["obs_id"]) == sorted(theirs["source_id"])
    assert separation(*PLACE, table["s_ra"], table["s_dec"]).max() <= 0.1
    assert "mag_v" in json.loads(table["native"][0])


def test_the_services_say_which_parameters_they_take(door: StreetDoor) -> None:
    assert {"POS", "SIZE", "INTERSECT"} <= {one.name for one in sia.metadata(door, SIA)}
    assert {"POS", "BAND", "TIME", "TARGETNAME"} <= {one.name for one in ssa.metadata(door, SSA)}


def test_a_wrong_parameter_is_no_empty_answer(door: StreetDoor) -> None:
    wrong = Query(QUERY.target, 0.1, parameters=(("POS", "nowhere"),))
    for ask, service in ((sia.ask, SIA), (ssa.ask, SSA)):
        with pytest.raises(Broken, match=r"(?i)nowhere"):
            ask(door, service, wrong)
    with pytest.raises(Broken, match=r"(?i)nowhere"):
        sia2.ask(door, SIA2, [wrong])
    with pytest.raises(Broken, match=r"(?i)nowhere"):
        scs.ask(door, SCS, Query(QUERY.target, 0.1, parameters=(("RA", "nowhere"),)))
