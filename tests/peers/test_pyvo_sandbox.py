"""This file asks the sandbox's invented publishers through unmodified pyvo: it gets sense."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import pytest
import pyvo
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from pyvo.dal import DALFormatError, DALOverflowWarning, DALQueryError, DALServiceError
from pyvo.dal.adhoc import DatalinkResults, SodaQuery

from skyatlas.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.sandbox import World

pytestmark = [
    pytest.mark.usefixtures("closed_sessions"),
    pytest.mark.filterwarnings("ignore:The unit 'Angstrom' has been deprecated"),
]

PLACE = SkyCoord(40.669629, -0.013281, unit="deg")
CROWD = 8


@pytest.fixture(scope="module")
def crowded(world: World) -> Iterator[Sandbox]:
    with Sandbox(world=world, crowd=CROWD) as box:
        yield box


@pytest.fixture
def images(crowded: Sandbox) -> Any:
    return pyvo.dal.SIA2Service(f"{crowded.url}/archive.meridian.example/sia2/query")


def sia(box: Sandbox, path: str) -> Any:
    return pyvo.dal.SIAService(f"{box.url}/{path}")


def test_sia_of_both_sorts_gives_images_whose_wcs_is_their_files(crowded: Sandbox) -> None:
    old = sia(crowded, "vo.boreal.example/cgi-bin/siap.pl").search(PLACE, size=0.1, intersect=None)
    new = sia(crowded, "dc.austral.example/wide/q/siap.xml").search(PLACE, size=0.1)
    assert (len(old), len(new)) == (2, 3)
    assert old[0].bandpass_hilimit == 4900 * u.AA
    assert new[0].bandpass_hilimit.to_value("m") == pytest.approx(5.5e-7)
    assert old[0].pos.separation(PLACE) < 1 * u.arcmin
    assert old[0].dateobs.mjd == pytest.approx(36000.0, abs=1)
    record = new[1]
    body = record.getdataset().read()
    assert len(body) == record.filesize
    with fits.open(io.BytesIO(body)) as hdus:
        wcs = WCS(hdus[0].header, fix=False)
        assert np.allclose(wcs.wcs.cd, record.cdmatrix)
        assert np.allclose(wcs.wcs.crval, record.coord_refvalue)
        assert hdus[0].data.shape == tuple(record.naxis.value)


def test_sia_that_does_not_know_intersect_is_a_query_error(crowded: Sandbox) -> None:
    with pytest.raises(DALQueryError, match="INTERSECT is not supported"):
        sia(crowded, "vo.boreal.example/cgi-bin/siap.pl").search(
            PLACE, size=0.1, intersect="overlaps"
        )


def test_sia2_gives_images_and_cubes(images: Any) -> None:
    found = images.search(pos=(PLACE, 0.01 * u.deg))
    assert len(found) == 4
    assert sorted(set(found["dataproduct_type"])) == ["cube", "image"]
    cubes = images.search(pos=(PLACE, 0.01 * u.deg), band=(5e-7, 6e-7), data_type="cube")
    assert [record.obs_collection for record in cubes] == ["MERIDIAN-IFU"]
    both = images.search(pos=[(PLACE, 0.01 * u.deg), (SkyCoord("10.684708 41.26875", unit="deg"),
                                                      0.01 * u.deg)])  # fmt: skip
    assert len(both) == 7


def test_sia2_errors_and_overflows_are_seen(crowded: Sandbox) -> None:
    root = f"{crowded.url}/data.tramontane.example/siap2"
    service = pyvo.dal.SIA2Service(root)
    with pytest.warns(DALOverflowWarning):
        assert len(service.search()) == 50
    for path in ("data.tramontane.example/siap2", "archive.meridian.example/sia2/query"):
        service = pyvo.dal.SIA2Service(f"{crowded.url}/{path}")
        with pytest.raises((DALQueryError, DALServiceError), match=r"CALIB=9|400"):
            service.search(CALIB=9)


def test_datalink_leads_to_files_and_unknown_ids_are_errors_in_rows(
    images: Any, crowded: Sandbox
) -> None:
    found = images.search(pos=(PLACE, 0.01 * u.deg), collection="MERIDIAN-DEEP")
    assert len(found) == 2
    for links in found.iter_datalinks():
        this = next(row for row in links if row.semantics == "#this")
        assert len(requests.get(this.access_url, timeout=30).content) == this.content_length
        assert [row.semantics for row in links].count("#cutout") == 2
    url = f"{crowded.url}/archive.meridian.example/links?ID=ivo://nobody/~%3Fx"
    rows = DatalinkResults.from_result_url(url)
    assert "NotFoundFault" in rows[0].error_message


def test_soda_cuts_where_datalink_says(images: Any) -> None:
    found = images.search(pos=(PLACE, 0.01 * u.deg), collection="MERIDIAN-IFU")
    links = found[0].getdatalink()
    whole = requests.get(next(links.bysemantics("#this", include_narrower=False)).access_url,
                         timeout=30).content  # fmt: skip
    resource = next(one for one in links.iter_adhocservices() if one.ID == "soda-sync-1")
    asked = SodaQuery.from_resource(
        list(links), resource, circle=(PLACE.ra, PLACE.dec, 0.002 * u.deg), band=(5e-7, 6e-7) * u.m
    )
    piece = fits.getdata(io.BytesIO(asked.execute_stream().read()))
    assert fits.getdata(io.BytesIO(whole)).shape == (96, 32, 32)
    assert piece.shape[0] < 96
    assert piece.shape[1] < 32


def test_ssa_of_both_sorts_gives_spectra(crowded: Sandbox) -> None:
    new = pyvo.dal.SSAService(f"{crowded.url}/spectra.levante.example/ssap")
    found = new.search(pos=PLACE, diameter=0.1 * u.deg)
    assert len(found) == 2
    assert (found[0].instr, found[0].format) == ("LEVSPEC", "application/fits")
    assert found[0].ra == pytest.approx(PLACE.ra.deg)
    body = found[0].getdataset().read()
    assert len(body) == found[0].filesize
    with fits.open(io.BytesIO(body)) as hdus:
        assert hdus[1].data["spectral"][0] == pytest.approx(found[0]["WaveMin"])
    assert len(new.search(pos=PLACE, diameter=0.1 * u.deg, band=(1e-6, 2e-6))) == 0
    old = pyvo.dal.SSAService(f"{crowded.url}/vo.ostro.example/echelle/ssa.php")
    found = old.search(pos=PLACE, diameter=0.1 * u.deg)
    assert len(found) == 2
    assert found[0]["WaveMin"] == pytest.approx(4.2e-7)
    with pytest.raises(DALQueryError, match="BAND"):
        new.search(pos=PLACE, diameter=0.1 * u.deg, BAND="red")


def test_cones_of_both_sorts_and_a_mirror_give_sources(crowded: Sandbox) -> None:
    for path in (
        "dc.austral.example/sources/q/scs.xml",
        "mirror.austral.example/sources/q/scs.xml",
        "vo.ostro.example/stars/cone.php",
    ):
        service = pyvo.dal.SCSService(f"{crowded.url}/{path}")
        found = service.search(pos=PLACE, radius=0.3 * u.deg)
        assert len(found) > 20
        with pytest.raises(DALQueryError, match="VERB=9"):
            service.search(pos=PLACE, radius=0.3 * u.deg, verbosity=9)


def test_a_publisher_that_is_down_is_no_empty_answer(crowded: Sandbox) -> None:
    service = pyvo.dal.SIA2Service(f"{crowded.url}/doldrum.example/sia", check_baseurl=False)
    with pytest.raises(DALFormatError):
        service.search(pos=(PLACE, 0.1 * u.deg))
    with pytest.raises((DALServiceError, DALFormatError)):
        pyvo.dal.SSAService(f"{crowded.url}/doldrum.example/ssa").search(pos=PLACE, diameter=0.1)


def test_everybody_in_the_crowd_has_something(crowded: Sandbox) -> None:
    counts = []
    for number in range(CROWD):
        protocol = ("sia", "sia2", "ssa", "scs")[number % 4]
        url = f"{crowded.url}/crowd-{number:02}.example/{protocol}"
        match protocol:
            case "sia":
                found = pyvo.dal.SIAService(url).search(PLACE, size=0.1)
            case "sia2":
                found = pyvo.dal.SIA2Service(url).search(pos=(PLACE, 0.05 * u.deg))
            case "ssa":
                found = pyvo.dal.SSAService(url).search(pos=PLACE, diameter=0.1)
            case _:
                found = pyvo.dal.SCSService(url).search(pos=PLACE, radius=1.0)
        counts.append(len(found))
    assert counts == [1, 2, 3, 6, 2, 3, 1, 6]
