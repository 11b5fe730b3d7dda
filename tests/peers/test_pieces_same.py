"""This file gets pieces of images twice, through astroquery, pyvo or astropy and through skyatlas.

The pixels must be the same, but for what a test's name says of the difference.
"""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import pytest
import pyvo
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS, FITSFixedWarning
from astroquery.skyview import SkyViewClass

from skyatlas.journeys.surveys import refreshed
from skyatlas.sandbox.ps1_grid import middle, named
from skyatlas.sandbox.survey_sky import bright_in
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skyatlas.model import Receipt
    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

Place = tuple[float, float]
M51: Place = (202.469575, 47.195258)
SKYVIEW = "skyview.gsfc.nasa.gov/current/cgi"


@pytest.fixture
def skyview(box: Sandbox) -> Iterator[SkyViewClass]:
    """astroquery's own class; only its address is the sandbox's."""
    peer = SkyViewClass()
    peer.URL = f"{box.url}/{SKYVIEW}/basicform.pl"
    yield peer
    peer._session.close()


def _cut(atlas: Session, place: Place, folder: Path, **wanted: Any) -> list[Receipt]:
    done = atlas.cutout(place, folder, how={"progress": False}, **wanted)
    assert not done.failures
    return list(done.receipts)


def _theirs(peer: SkyViewClass, place: Place, survey: str, **more: Any) -> fits.PrimaryHDU:
    at = SkyCoord(*place, unit="deg")
    (hdus,) = peer.get_images(at, survey, cache=False, show_progress=False, **more)
    return hdus[0]


def _bits(pixels: Any) -> bytes:
    """Of four bytes each, whichever of them comes first in a file or in this machine."""
    assert (pixels.dtype.kind, pixels.dtype.itemsize) == ("f", 4)
    found: bytes = pixels.astype("<f4").tobytes()
    return found


def _wcs(header: fits.Header) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # PC001001, as PS1 writes it
        return WCS(header)


# SkyView.


@pytest.mark.parametrize(
    ("place", "survey", "more"),
    [
        ((202.5, 47.2), "DSS2 Red", {}),
        ((80.89, -69.75), "2MASS-J", {"sampler": "Lanczos3"}),
        ((187.7, 12.4), "NVSS", {"sampler": "NN", "projection": "Car"}),
    ],
)
def test_the_same_question_to_skyview_gives_the_same_image(
    skyview: SkyViewClass,
    atlas: Session,
    tmp_path: Path,
    place: Place,
    survey: str,
    more: dict[str, str],
) -> None:
    """Places whose digits astroquery does not cut off."""
    (ours,) = _cut(
        atlas, place, tmp_path, survey=survey, size="6x4arcmin", pixels=(300, 200), **more
    )
    theirs = _theirs(
        skyview, place, survey, pixels="300,200", width=6 * u.arcmin, height=4 * u.arcmin,
        coordinates="ICRS", **{"sampler": "LI", **more},
    )  # fmt: skip
    with fits.open(ours.path) as hdus:
        assert _bits(hdus[0].data) == _bits(theirs.data)
        pairs = zip(hdus[0].header.cards, theirs.header.cards, strict=True)
        different = [str(mine).strip() for mine, other in pairs if tuple(mine) != tuple(other)]
    assert different == [f"HISTORY position = {place[0]},{place[1]}"]  # theirs has a blank


def test_the_target_is_in_the_middle_of_our_image_and_not_of_astroquery_s(
    skyview: SkyViewClass, atlas: Session, tmp_path: Path
) -> None:
    """It asks for 202.47 47.1953: six digits."""
    wanted = {"survey": "DSS2 Red", "pixels": (241, 241)}
    (ours,) = _cut(atlas, M51, tmp_path, size="2 arcmin", **wanted)
    theirs = _theirs(skyview, M51, "DSS2 Red", pixels="241", radius=1 * u.arcmin, sampler="LI")
    with fits.open(ours.path) as hdus:
        assert _off_middle(hdus[0]) < 0.1
    assert _off_middle(theirs) > 2


def _off_middle(hdu: fits.PrimaryHDU) -> float:
    """Pixels from the middle of an image to M 51, the brightest there, and where its WCS says."""
    x, y = _wcs(hdu.header).world_to_pixel(SkyCoord(*M51, unit="deg"))
    row, column = np.unravel_index(np.argmax(hdu.data), hdu.data.shape)
    assert np.hypot(column - x, row - y) < 1
    middle = [(size - 1) / 2 for size in hdu.data.shape[::-1]]
    return float(np.hypot(x - middle[0], y - middle[1]))


def test_astroquery_gives_numbers_of_fk5_whatever_frame_is_asked_for(
    skyview: SkyViewClass, atlas: Session, tmp_path: Path
) -> None:
    place = (0.5, 0.2)
    (ours,) = _cut(atlas, place, tmp_path, survey="DSS2 Red", size="2 arcmin")
    theirs = _theirs(skyview, place, "DSS2 Red", radius=1 * u.arcmin, coordinates="ICRS")
    for header, low, high in ((fits.getheader(ours.path), 0, 1e-9), (theirs.header, 0.02, 0.03)):
        assert header["RADESYS"] == "ICRS"
        middle = SkyCoord(header["CRVAL1"], header["CRVAL2"], unit="deg")
        assert low <= middle.separation(SkyCoord(*place, unit="deg")).arcsec <= high


def test_astroquery_finds_the_surveys_that_we_find_in_the_form(
    skyview: SkyViewClass, atlas: Session
) -> None:
    refreshed(atlas.archives("skyview"), atlas.door)
    assert {one.name for one in atlas.surveys(archives="skyview")} == _names(skyview)


def test_astroquery_finds_the_surveys_that_we_find_in_the_recorded_form(
    skyview: SkyViewClass, shared_data: Path, tmp_path: Path
) -> None:
    page = tmp_path / SKYVIEW / "basicform.pl"
    page.parent.mkdir(parents=True)
    page.write_bytes((shared_data / "responses/astroquery_skyview/query_page.html").read_bytes())
    with _serving(tmp_path) as url, Session(Settings(sandbox=url)) as atlas:
        skyview.URL = f"{url}/{SKYVIEW}/basicform.pl"
        refreshed(atlas.archives("skyview"), atlas.door)
        ours = {one.name for one in atlas.surveys(archives="skyview")}
        assert ours == _names(skyview)
    assert "IRIS  12" in ours


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """The address of a server that has the files of a folder."""
    handler = partial(_Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None: ...


def _names(peer: SkyViewClass) -> set[str]:
    return {name for names in peer.survey_dict.values() for name in names}


@pytest.mark.parametrize("place", [M51, (80.89, -69.75), (266.0, -29.0)])
def test_pyvo_finds_the_images_that_we_find(atlas: Session, box: Sandbox, place: Place) -> None:
    refreshed(atlas.archives("skyview"), atlas.door)
    every = [one.name for one in atlas.surveys(archives="skyview")]
    service = pyvo.dal.SIAService(f"{box.url}/{SKYVIEW}/vo/sia.pl?")
    theirs = service.search(pos=place, size=0.2, format="image/fits")
    ours = atlas.search(place, archives="skyview", radius="6 arcmin", collection=every).table
    assert len(theirs) > 10
    assert sorted(ours["obs_collection"]) == sorted(str(record.title) for record in theirs)


def test_what_pyvo_finds_with_our_pixels_is_our_image(
    atlas: Session, box: Sandbox, tmp_path: Path
) -> None:
    """By itself SkyView's list has 300 pixels, FK5 and a sampler that is right for few images."""
    found = atlas.search((202.5, 47.2), archives="skyview", radius="2 arcmin", collection="NVSS")
    (receipt,) = atlas.fetch(found, tmp_path, progress=False).receipts
    columns, rows = found["s_xel1"][0], found["s_xel2"][0]
    header = fits.getheader(receipt.path)
    size = [abs(header["CDELT1"]) * columns, header["CDELT2"] * rows]
    service = pyvo.dal.SIAService(f"{box.url}/{SKYVIEW}/vo/sia.pl?survey=NVSS&")
    frame = {"CFRAME": "ICRS", "INTERPOLATION": "LI", "NAXIS": f"{columns},{rows}"}
    (record,) = service.search(pos=(202.5, 47.2), size=size, format="image/fits", **frame)
    with fits.open(BytesIO(record.getdataset().read())) as theirs, fits.open(receipt.path) as ours:
        assert ours[0].data.shape == (rows, columns)
        assert _bits(ours[0].data) == _bits(theirs[0].data)


# PS1, of which astroquery has no pixels.


def test_a_piece_of_ps1_is_what_the_documented_address_gives(
    atlas: Session, box: Sandbox, tmp_path: Path
) -> None:
    (ours,) = _cut(atlas, M51, tmp_path, survey="ps1", bands="r", size="2 arcmin")
    site, place = f"{box.url}/ps1images.stsci.edu/cgi-bin", {"ra": M51[0], "dec": M51[1]}
    listed = requests.get(f"{site}/ps1filenames.py", {**place, "filters": "r"}, timeout=60).text
    names, line = (text.split() for text in listed.splitlines())
    path = dict(zip(names, line, strict=True))["filename"]
    words = {**place, "red": path, "size": 480, "format": "fits"}
    theirs = requests.get(f"{site}/fitscut.cgi", words, timeout=60)
    assert ours.path.read_bytes() == theirs.content


def test_a_piece_of_ps1_has_the_light_of_the_whole_skycell(atlas: Session, tmp_path: Path) -> None:
    """Pixels of the sandbox's whole skycells are of 1 arcsec; light in 8 arcsec is the same."""
    cell = named("2261.075")
    assert cell is not None
    wanted = {"survey": "ps1", "bands": "r"}
    (piece,) = _cut(atlas, middle(cell), tmp_path, size="12 arcmin", **wanted)
    (whole,) = _cut(atlas, middle(cell), tmp_path, size="1 arcsec", whole=True, **wanted)
    with fits.open(piece.path) as one, fits.open(whole.path) as other:
        counts, small = one[0].data.astype(float), _wcs(one[0].header)
        header, stored = other[1].header, other[1].data.astype(float)
        power = 10 ** (0.4 * stored)
        linear, large = header["BOFFSET"] + header["BSOFTEN"] * (power - 1 / power), _wcs(header)
    stars = bright_in(small, counts.shape, 1)
    assert len(stars) >= 2
    for star, *_ in stars:
        place = SkyCoord(star.ra, star.dec, unit="deg")
        light = _light(counts, small, place, 32), _light(linear, large, place, 8)
        assert light[0] == pytest.approx(light[1], rel=0.01)


def _light(pixels: Any, wcs: WCS, place: SkyCoord, size: int) -> float:
    cut = Cutout2D(pixels, place, (size, size), wcs=wcs)
    return float(cut.data.sum())


# Pieces read by ranges.


@pytest.mark.parametrize("place", [M51, (202.475, 47.2), (202.5, 47.2)])
def test_astropy_reads_the_same_pieces_of_remote_files(
    atlas: Session, box: Sandbox, tmp_path: Path, place: Place
) -> None:
    """The images are turned: of a square that is north up, our piece has the corners too."""
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    wanted = {"archives": "mast", "kind": "image", "collection": "HLSP", "size": "40 arcsec"}
    receipts = _cut(atlas, place, tmp_path, **wanted)
    at, shape = SkyCoord(*place, unit="deg"), (0, 0)
    assert [one.product.sources[0].rpartition("_drz")[2] for one in receipts] == _ENDINGS
    for receipt in receipts:
        ours, wcs = _piece(receipt.path)
        shape = max(shape, ours.shape)  # the second image ends within the third place's piece
        url = receipt.product.sources[0].replace("https:/", box.url)
        with fits.open(url, use_fsspec=True, fsspec_kwargs={"block_size": 1 << 20}) as hdus:
            remote = WCS(hdus[-1].header)
            theirs = Cutout2D(hdus[-1].section, at, shape, wcs=remote)
            square = Cutout2D(hdus[-1].section, at, 40 * u.arcsec, wcs=remote)
        assert _bits(ours) == _bits(theirs.data)
        assert wcs.wcs.compare(theirs.wcs.wcs)
        corners = at.spherical_offsets_by(*(np.array(n) * 19.9 * u.arcsec for n in _CORNERS))
        assert ours.shape < shape or all(_inside(wcs, ours.shape, corners))
        assert not all(_inside(square.wcs, square.shape, corners))


def _piece(path: Path) -> tuple[Any, WCS]:
    with fits.open(path) as hdus:
        (hdu,) = (one for one in hdus if one.data is not None)
        return np.array(hdu.data), WCS(hdu.header)


_ENDINGS = [".fits", ".fits.fz"]
_CORNERS = ((-1, -1, 1, 1), (-1, 1, -1, 1))


def _inside(wcs: WCS, shape: tuple[int, ...], places: SkyCoord) -> Any:
    x, y = wcs.world_to_pixel(places)
    return (x >= -0.5) & (y >= -0.5) & (x <= shape[1] - 0.5) & (y <= shape[0] - 0.5)
