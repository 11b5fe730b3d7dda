"""This file asks the sandbox's SDSS twice, through astroquery.sdss and through skyatlas.

Rows, pixels and bytes must be the same, but for what a test's name says of the difference.
"""

from __future__ import annotations

import bz2
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astroquery import sdss
from astroquery.exceptions import NoResultsWarning
from astroquery.sdss import SDSSClass, field_names

from skyatlas.archive import Ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from astropy.table import Table

    from skyatlas.observations import Observations
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

pytestmark = pytest.mark.usefixtures("closed_sessions")

M51, M87, POLE = (202.469575, 47.195258), (187.705931, 12.391123), (30.0, 89.9)
PLACES = [M51, (40.669629, -0.013281), M87, (0.0, 0.2), (359.9995, -0.3), POLE]
"""On a border of frames; in one alone; anywhere; both sides of 0h; beside the pole."""
PLATES = {"kind": "spectrum", "instrument": "SDSS spectrograph,BOSS"}
FIELDS = [
    *("objID", "ra", "dec", "run", "rerun", "camcol", "field", "obj", "mode", "type"),
    *(f"{kind}_{band}" for kind in ("psfMag", "modelMag", "psfMagErr") for band in "ugriz"),
]
FIBERS = ["specObjID", "plate", "mjd", "fiberID", "run2d", "z", "zErr", "class", "bestObjID"]


@pytest.fixture
def peer(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[SDSSClass]:
    """astroquery's own class, at the sandbox."""
    monkeypatch.setattr(field_names, "_cached_table_fields", {})
    skyserver = sdss.conf.set_temp("skyserver_baseurl", f"{box.url}/skyserver.sdss.org")
    files = sdss.conf.set_temp("sas_baseurl", f"{box.url}/data.sdss.org/sas")
    with skyserver, files:
        peer = SDSSClass()
        yield peer
        peer._session.close()


def _place(place: tuple[float, float]) -> SkyCoord:
    return SkyCoord(*place, unit="deg")


def _found(atlas: Session, place: tuple[float, float], radius: str, **more: Any) -> Observations:
    found = atlas.search(place, archives="sdss", radius=radius, **more)
    assert [report.error for report in found.reports] == [None]
    return found


def _same(ours: Table, theirs: Table, names: list[str], key: str) -> None:
    """The same rows in these columns, whose case differs; numbers bit by bit."""
    # The first of those that differ in case only: that of plates, then that of SDSS-V.
    mine, other = (
        {name.casefold(): name for name in reversed(table.colnames)} for table in (ours, theirs)
    )
    ours, theirs = (
        table[np.argsort(np.asarray(table[known[key.casefold()]]).astype(np.uint64))]
        for table, known in ((ours, mine), (theirs, other))
    )
    for name in names:
        left, right = ours[mine[name.casefold()]], theirs[other[name.casefold()]]
        if name == "run2d":  # astroquery makes a number of "26"
            left, right = left.astype(str), right.astype(str)
        # All of an identifier's digits: a number with a point would have lost the last ones.
        assert left.dtype.kind in right.dtype.kind + "iu", name
        assert left.tolist() == right.tolist(), name


@pytest.mark.parametrize("place", PLACES)
def test_objects_of_a_region_are_the_same(
    peer: SDSSClass, atlas: Session, place: tuple[float, float]
) -> None:
    theirs = peer.query_region(_place(place), radius=3 * u.arcmin, photoobj_fields=FIELDS)
    ours = _found(atlas, place, "3 arcmin", table="photoobj").table
    assert len(theirs) > 1
    _same(ours, theirs, FIELDS, "objID")


def test_objects_around_many_places_are_the_same(
    peer: SDSSClass, atlas: Session, box: Sandbox
) -> None:
    places = SkyCoord(PLACES, unit="deg")
    theirs = peer.query_region(places, radius=3 * u.arcmin, photoobj_fields=FIELDS)
    posted = sum(asked.method == "POST" for asked in box.requests)
    ours = atlas.search(places, archives="sdss", table="photoobj", radius="3 arcmin").table
    _same(ours, theirs, FIELDS, "objID")
    assert sum(asked.method == "POST" for asked in box.requests) == 2 * posted == 2


@pytest.mark.parametrize("place", PLACES)
def test_the_nearest_primary_object_of_a_cross_identification_is_among_ours(
    peer: SDSSClass, atlas: Session, place: tuple[float, float]
) -> None:
    theirs = peer.query_crossid(_place(place), radius=3 * u.arcmin, photoobj_fields=FIELDS)
    ours = _found(atlas, place, "3 arcmin", table="photoobj").table
    primary = ours[ours["mode"] == 1]
    _same(primary[[int(np.argmin(primary["distance"]))]], theirs, FIELDS, "objID")


def test_a_circle_that_is_too_large_for_the_form_is_whole(peer: SDSSClass, atlas: Session) -> None:
    """astroquery refuses it (3 arcmin); all of SkyServer's table says what must come."""
    with pytest.raises(ValueError, match="radius must be less than"):
        peer.query_region(_place(POLE), radius=10 * u.arcmin)
    every = peer.query_sql(f"SELECT {', '.join(FIELDS)} FROM PhotoObj WHERE dec > 89")
    apart = SkyCoord(every["ra"], every["dec"], unit="deg").separation(_place(POLE))
    ours = _found(atlas, POLE, "10 arcmin", table="photoobj").table
    assert len(ours) > 50
    _same(ours, every[apart <= 10 * u.arcmin], FIELDS, "objID")


def test_what_lies_at_the_edge_of_a_box_of_astroquery_is_in_our_circle(
    peer: SDSSClass, atlas: Session
) -> None:
    """The edges of its box have 6 digits: they are up to 1.8 arcsec wrong."""
    half, inside = 17.3 / 3600, 0.3 / 3600
    objects = _found(atlas, M51, "3 arcmin", table="photoobj").table
    star = next(row for row in objects if float(f"{row['s_ra'] + inside:g}") < row["s_ra"])
    place = star["s_ra"] - half + inside, star["s_dec"]
    box = peer.query_region(_place(place), width=2 * half * u.deg)
    assert box is None or star["objID"] not in box["objid"].astype(np.int64)
    circle = _found(atlas, place, "17.3 arcsec", table="photoobj").table
    assert star["objID"] in circle["objID"]


def test_a_box_of_astroquery_beside_the_pole_is_a_sliver_of_our_circle(
    peer: SDSSClass, atlas: Session
) -> None:
    """It takes degrees of right ascension for degrees of the sky."""
    box = peer.query_region(_place(POLE), width=12 * u.arcmin, height=12 * u.arcmin)
    circle = _found(atlas, POLE, "6 arcmin", table="photoobj").table
    assert (0 if box is None else len(box)) < len(circle) / 10


@pytest.mark.parametrize("place", PLACES)
def test_spectra_of_a_region_are_the_same(
    peer: SDSSClass, atlas: Session, place: tuple[float, float]
) -> None:
    theirs = peer.query_region(_place(place), radius=3 * u.arcmin, specobj_fields=FIBERS)
    for words in (PLATES, {"table": "specobj"}):
        ours = _found(atlas, place, "3 arcmin", **words).table
        if theirs is None:
            assert len(ours) == 0
        else:
            _same(ours, theirs, FIBERS, "specObjID")


def test_spectra_of_a_plate_are_the_same(peer: SDSSClass, atlas: Session) -> None:
    (plate,) = {
        plate
        for plate in _found(atlas, M87, "1 arcsec", table="specobj").table["plate"]
        if plate < 3510  # the first of BOSS
    }
    theirs = peer.query_specobj(plate=int(plate), fields=[*FIBERS, "ra", "dec"])
    ours = _found(atlas, M87, "2 deg", table="specobj").table
    assert len(theirs) == 24
    _same(ours[ours["plate"] == plate], theirs, [*FIBERS, "ra", "dec"], "specObjID")


def test_spectra_of_sdss_5_are_only_ours(peer: SDSSClass, atlas: Session) -> None:
    """They are in a table of their own, spAll, that astroquery does not ask."""
    theirs = peer.query_region(
        _place(M51), radius=3 * u.arcmin, specobj_fields=FIBERS, data_release=19
    )
    ours = _found(atlas, M51, "3 arcmin", parameters={"data_release": 19}, **PLATES).table
    newer = ours["plate"].mask
    _same(ours[~newer], theirs, FIBERS, "specObjID")
    assert newer.any()
    assert all(name.startswith("spec-0") for name in ours["obs_id"][newer])


@pytest.mark.filterwarnings("ignore:.*RADECSYS.*", "ignore:'datfix' made the change")
@pytest.mark.parametrize("place", PLACES[:3])
def test_a_frame_of_a_place_is_the_same_bit_by_bit(
    peer: SDSSClass, atlas: Session, tmp_path: Path, place: tuple[float, float]
) -> None:
    """astroquery gets the frame of the nearest primary object; we all that show the place."""
    (theirs,) = peer.get_images(coordinates=_place(place), band="r", show_progress=False)
    ours = _frames(atlas, place, tmp_path)
    assert len(ours) == {M51: 2}.get(place, 1)
    name = f"frame-r-{theirs[0].header['RUN']:06d}-{theirs[0].header['CAMCOL']}"
    (same,) = (path for path in ours if path.name.startswith(name) and _is_same(path, theirs))
    assert same.name.endswith(".fits.bz2")
    theirs.close()


def _frames(atlas: Session, place: tuple[float, float], folder: Path) -> list[Path]:
    how = {"progress": False}
    done = atlas.cutout(
        place, folder, survey="sdss", bands="r", size="4 arcsec", whole=True, how=how
    )
    assert not done.failures
    return [receipt.path for receipt in done.receipts]


def _is_same(path: Path, theirs: fits.HDUList) -> bool:
    with fits.open(path) as ours:
        return len(ours) == len(theirs) and all(
            mine.header.tostring() == other.header.tostring()
            and mine.data.tobytes() == other.data.tobytes()
            for mine, other in zip(ours, theirs, strict=True)
        )


def test_frames_by_their_numbers_are_the_same_bytes(
    peer: SDSSClass, atlas: Session, tmp_path: Path
) -> None:
    found = _found(atlas, M51, "1 arcsec", kind="image")[:3]
    for receipt in atlas.fetch(found, tmp_path, progress=False).receipts:
        row = found.table[found.table["obs_id"] == receipt.product.obs_id][0]
        numbers = {name: int(row[name]) for name in ("run", "camcol", "field")}
        (theirs,) = peer.get_images_async(band=row["band"], show_progress=False, **numbers)
        assert bz2.decompress(receipt.path.read_bytes()) == theirs.get_string()


def test_where_no_object_was_measured_there_is_a_frame_and_astroquery_finds_none(
    peer: SDSSClass, atlas: Session, tmp_path: Path
) -> None:
    with pytest.warns(NoResultsWarning):
        assert peer.get_images(coordinates=_place((0.0, 0.2)), band="r") is None
    assert len(_frames(atlas, (0.0, 0.2), tmp_path)) == 2


@pytest.mark.parametrize(
    ("release", "instrument", "count"),
    [(12, "SDSS spectrograph", 1), *((n, PLATES["instrument"], 2) for n in (16, 17, 18))],
)
def test_spectra_are_the_same_bytes(
    peer: SDSSClass, atlas: Session, tmp_path: Path, release: int, instrument: str, count: int
) -> None:
    pairs = list(_spectra(peer, atlas, tmp_path, release, instrument))
    assert len(pairs) == count
    for path, theirs in pairs:
        assert path.read_bytes() == theirs.get_string()


def test_spectra_of_boss_before_release_16_are_found_in_the_tree_of_boss(
    peer: SDSSClass, atlas: Session, tmp_path: Path
) -> None:
    """astroquery looks in that of the first spectrograph only; we look in both."""
    ((path, theirs),) = _spectra(peer, atlas, tmp_path, 12, "BOSS")
    assert fits.getval(path, "RUN2D") == "v5_7_0"
    with pytest.raises(HTTPError, match="404") as caught:
        theirs.get_string()
    caught.value.close()


def _spectra(
    peer: SDSSClass, atlas: Session, folder: Path, release: int, instrument: str
) -> Iterator[tuple[Path, Any]]:
    """With all exposures, as astroquery gets them: our file, and astroquery's container."""
    wanted = {"kind": "spectrum", "instrument": instrument}
    found = _found(atlas, M87, "1 arcsec", parameters={"data_release": release}, **wanted)
    ask = Ask(only=(("size", ("full",)),))
    done = atlas.fetch(found, folder, ask=ask, progress=False)
    assert not done.failures
    for receipt in done.receipts:
        row = found.table[found.table["obs_id"] == receipt.product.obs_id][0]
        numbers = {name: int(row[name]) for name in ("plate", "mjd", "fiberID")}
        (theirs,) = peer.get_spectra_async(data_release=release, show_progress=False, **numbers)
        yield receipt.path, theirs
