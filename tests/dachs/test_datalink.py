"""This file asks an independent server (GAVO DaCHS) for links and for pieces of its datasets.

Pieces are compared with the whole files bit by bit; pyvo is the peer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.io import fits
from astropy.table import Column, Table
from astropy.wcs import WCS

sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))
from pieces import compare, holds

from skyatlas.archive import Ask
from skyatlas.journeys.cutout import Piece, plan
from skyatlas.model import Interval, Note, Product, Query, Target, Why
from skyatlas.net.door import StreetDoor
from skyatlas.obscore import conform
from skyatlas.observations import Observations
from skyatlas.protocols.datalink import Links, ask, links_at, opened, products_of
from skyatlas.protocols.soda import Cut, Request, request_of, services_of
from skyatlas.protocols.votable import results_of

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

SERVICES = {
    "TESTIMG": f"{BASE}/img/q/dl/dlmeta",
    "TESTDL": f"{BASE}/imgdl/q/dl/dlmeta",
    "TESTCUBE": f"{BASE}/cube/q/dl/dlmeta",
    "TESTSPEC": f"{BASE}/spec/q/sdl/dlmeta",
}
COUNTS = {"TESTIMG": 28, "TESTDL": 14, "TESTCUBE": 2, "TESTSPEC": 42}


@pytest.fixture(scope="module")
def door() -> Iterator[StreetDoor]:
    with StreetDoor() as opened_door:
        yield opened_door


@pytest.fixture(scope="module")
def rows(door: StreetDoor) -> Table:
    """All datasets, as ObsCore."""
    form = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": "select * from ivoa.obscore"}
    reply = door.ask(f"{BASE}/tap/sync", data=form)
    return conform(results_of(reply, archive="dachs", wanted="TAP rows").table, {})


def of(rows: Table, collection: str) -> Table:
    return rows[rows["obs_collection"] == collection]


def dids(rows: Table, collection: str) -> list[str]:
    return [str(one) for one in of(rows, collection)["obs_publisher_did"]]


def cut(door: StreetDoor, links: Links, wanted: Cut) -> Request | Note:
    (link,) = services_of(links)
    return request_of(link, wanted)


def hdu_of(door: StreetDoor, url: str) -> Any:
    with fits.open(BytesIO(door.ask(url).content), do_not_scale_image_data=True) as hdus:
        return hdus[0].copy()


def whole_of(door: StreetDoor, links: Links) -> Any:
    (this,) = links.of("#this")
    return hdu_of(door, str(this.access_url))


@pytest.mark.parametrize("collection", SERVICES)
def test_all_datasets_together_have_the_links_that_pyvo_gets(
    door: StreetDoor, rows: Table, collection: str
) -> None:
    wanted = dids(rows, collection)
    assert len(wanted) == COUNTS[collection]
    found = ask(door, SERVICES[collection], wanted, archive="dachs")
    assert list(found) == wanted
    for did in wanted[::5]:
        query = pyvo.dal.adhoc.DatalinkQuery(SERVICES[collection], id=did)
        theirs = query.execute().to_table()
        ours = [(link.semantics, link.access_url or "") for link in found[did].rows]
        assert sorted(ours) == sorted(
            (str(row["semantics"]), str(row["access_url"] or "")) for row in theirs
        )


def test_the_one_broken_link_is_a_row_in_the_answer_of_all(door: StreetDoor, rows: Table) -> None:
    found = ask(door, SERVICES["TESTDL"], dids(rows, "TESTDL"), archive="dachs")
    broken = [(did, row) for did, links in found.items() for row in links.rows if row.is_error]
    assert [did.rpartition("/")[2] for did, _ in broken] == ["ra0_w1.fits"]
    assert all(links.failure is None for links in found.values())
    assert all(links.of("#this") for links in found.values())


def test_an_unknown_dataset_among_many_is_an_error_row(door: StreetDoor, rows: Table) -> None:
    wanted = [*dids(rows, "TESTCUBE"), "ivo://localvo.test/~?cube/data/none.fits"]
    found = ask(door, SERVICES["TESTCUBE"], wanted, archive="dachs")
    assert [links.rows[-1].is_error for links in found.values()] == [False, False, True]


@pytest.mark.parametrize("collection", ["TESTDL", "TESTCUBE"])
def test_rows_that_lead_to_links_end_at_their_files(
    door: StreetDoor, rows: Table, collection: str
) -> None:
    addresses = [str(one) for one in of(rows, collection)["access_url"]]
    for url, links in links_at(door, addresses, archive="dachs").items():
        links = opened(door, links, archive="dachs", wanted=lambda word: word == "#this")
        kind = "application/x-votable+xml;content=datalink"
        parts = list(products_of(links, Ask(), Product(url=url, content_type=kind)))
        (product,) = [part for part in parts if isinstance(part, Product)]
        assert product.semantics == "#this"
        assert door.ask(product.url).content[:6] == b"SIMPLE"


@pytest.mark.parametrize("collection", ["TESTIMG", "TESTDL"])
def test_a_circle_of_an_image_is_the_image_s_own_pixels(
    door: StreetDoor, rows: Table, collection: str
) -> None:
    found = ask(door, SERVICES[collection], dids(rows, collection), archive="dachs")
    for row in of(rows, collection)[::3]:
        circle = (float(row["s_ra"]), float(row["s_dec"]), 10 / 3600)
        links = found[str(row["obs_publisher_did"])]
        request = cut(door, links, Cut(circle=circle))
        assert isinstance(request, Request)
        piece, whole = hdu_of(door, request.address), whole_of(door, links)
        assert piece.data.size < whole.data.size / 4
        assert holds(piece, whole, circle)


def test_a_square_of_an_image_is_the_image_s_own_pixels(door: StreetDoor, rows: Table) -> None:
    found = ask(door, SERVICES["TESTIMG"], dids(rows, "TESTIMG"), archive="dachs")
    for row in of(rows, "TESTIMG")[::5]:
        place = (float(row["s_ra"]), float(row["s_dec"]))
        links = found[str(row["obs_publisher_did"])]
        request = cut(door, links, Cut.square(*place, 20 / 3600))
        assert isinstance(request, Request)
        assert dict(request.parameters).keys() == {"ID", "POLYGON"}
        piece, whole = hdu_of(door, request.address), whole_of(door, links)
        assert piece.data.size < whole.data.size / 4
        assert holds(piece, whole, (*place, 9.9 / 3600))


def planes(whole: Any, band: Interval) -> set[int]:
    """The planes whose wavelengths lie in the band."""
    waves = WCS(whole.header).spectral.all_pix2world(np.arange(whole.data.shape[0]), 0)[0]
    low = -np.inf if band.low is None else band.low
    high = np.inf if band.high is None else band.high
    return set(np.flatnonzero((waves >= low) & (waves <= high)).tolist())


def test_a_band_of_a_cube_is_the_cube_s_own_planes(door: StreetDoor, rows: Table) -> None:
    for links in ask(door, SERVICES["TESTCUBE"], dids(rows, "TESTCUBE"), archive="dachs").values():
        band = Interval(None, 6.551e-7)
        request = cut(door, links, Cut(band=band))
        assert isinstance(request, Request)
        piece, whole = hdu_of(door, request.address), whole_of(door, links)
        spans = compare(piece, whole)
        assert set(range(spans[0].start, spans[0].stop)) == planes(whole, band)
        assert piece.data.shape[1:] == whole.data.shape[1:]


def test_the_planes_between_two_wavelengths_are_the_cube_s_own(
    door: StreetDoor, rows: Table
) -> None:
    """DaCHS 2.7 (2026) moves CRPIX3 by the fraction of a plane at which the band begins, though
    planes are whole: the header is then wrong by less than one plane. The pixels are right.
    """
    for links in ask(door, SERVICES["TESTCUBE"], dids(rows, "TESTCUBE"), archive="dachs").values():
        band = Interval(6.5221e-7, 6.551e-7)
        request = cut(door, links, Cut(band=band))
        assert isinstance(request, Request)
        piece, whole = hdu_of(door, request.address), whole_of(door, links)
        moved = whole.header["CRPIX3"] - piece.header["CRPIX3"]
        start = int(moved)
        assert moved - start == pytest.approx(0.42)
        stop = start + piece.data.shape[0]
        assert piece.data.tobytes() == whole.data[start:stop].tobytes()
        assert planes(whole, band) <= set(range(start, stop))


def test_a_circle_and_a_band_of_a_cube_cut_both(door: StreetDoor, rows: Table) -> None:
    row = of(rows, "TESTCUBE")[0]
    links = ask(door, SERVICES["TESTCUBE"], [str(row["obs_publisher_did"])], archive="dachs")
    (only,) = links.values()
    circle = (float(row["s_ra"]), float(row["s_dec"]), 8 / 3600)
    request = cut(door, only, Cut(circle=circle, band=Interval(None, 6.551e-7)))
    assert isinstance(request, Request)
    piece, whole = hdu_of(door, request.address), whole_of(door, only)
    assert all(a < b for a, b in zip(piece.data.shape, whole.data.shape, strict=True))
    assert holds(piece, whole, circle)


@pytest.mark.parametrize("wanted", [Cut(circle=(10.0, 10.0, 0.01)), Cut(band=Interval(7e-7, 8e-7))])
def test_a_cut_outside_is_known_to_be_without_asking(
    door: StreetDoor, rows: Table, wanted: Cut
) -> None:
    """DaCHS itself gives one plane of nothing for a band outside (2.7, 2026)."""
    for links in ask(door, SERVICES["TESTCUBE"], dids(rows, "TESTCUBE"), archive="dachs").values():
        note = cut(door, links, wanted)
        assert isinstance(note, Note)
        assert note.why is Why.ASSUMED


def test_spectra_are_cut_by_band_and_come_as_fits(door: StreetDoor, rows: Table) -> None:
    (did, *_) = dids(rows, "TESTSPEC")
    (links,) = ask(door, SERVICES["TESTSPEC"], [did], archive="dachs").values()
    (link,) = services_of(links)
    (limits,) = [one for one in link.service.inputs if one.name == "BAND"]  # type: ignore[union-attr]
    low, high = float(limits.low), float(limits.high)
    band = Interval(low + (high - low) / 4, low + (high - low) / 2)
    request = cut(door, links, Cut(band=band))
    assert isinstance(request, Request)
    assert request.name is not None
    with fits.open(BytesIO(door.ask(request.address).content)) as hdus:
        waves = np.asarray(hdus[1].data.field(0), dtype=float)
        unit = {"m": 1.0, "nm": 1e-9, "Angstrom": 1e-10}[hdus[1].columns[0].unit]
    assert waves.size > 3
    assert waves.min() * unit >= band.low * (1 - 1e-6)
    assert waves.max() * unit <= band.high * (1 + 1e-6)


def test_pieces_around_a_target_of_everything_that_the_server_has(
    door: StreetDoor, rows: Table, tmp_path: Path
) -> None:
    """The journey: each row is a piece to fetch or a note."""
    target = Target("NGC 1068", 40.669629, -0.013281)
    table = rows[rows["dataproduct_type"] != "spectrum"]
    table.replace_column("archive", Column(["dachs"] * len(table)))
    table.replace_column("target", Column(["NGC 1068"] * len(table)))
    table["datalink"] = [
        f"{SERVICES[str(row['obs_collection'])]}?ID={row['obs_publisher_did']}" for row in table
    ]
    found = Observations(table, queries=(Query(target, 0.1),))
    todo = plan(found, door, Piece(20 / 3600, band=Interval(6.52e-7, 6.55e-7)))
    names = sorted(product.name or "" for product in todo.products)
    mine = [str(did).rpartition("/")[2] for did in table["obs_publisher_did"]]
    wanted = [one for one in mine if one.startswith("ngc1068")]
    assert len(names) == 8
    assert names == sorted(one.replace(".fits", "_cutout.fits") for one in wanted)
    assert len(todo.products) + len(todo.notes) == len(table)
    for product in todo.products:
        facts = product.provenance
        assert ("BAND" in facts["cutout"]) == (facts["dataproduct_type"] == "cube")
        assert facts["pixels"] == "original"
