"""This file asks the sandbox's SDSS through unmodified astroquery.sdss at another address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS
from astroquery import sdss
from astroquery.exceptions import NoResultsWarning, RemoteServiceError
from astroquery.sdss import SDSSClass, field_names

from skyatlas.sandbox import sas
from skyatlas.sandbox.sdss_footprint import holding
from skyatlas.sandbox.sdss_objects import Spectrum, measured, spectra
from skyatlas.sandbox.sky import distance
from skyatlas.sandbox.survey_sky import bright_in

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

M51 = SkyCoord(202.469575, 47.195258, unit="deg")
M87 = SkyCoord(187.705931, 12.391123, unit="deg")
LMC = SkyCoord(80.89, -69.75, unit="deg")


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


def _spectrum(kind: str) -> Spectrum:
    """The last of a kind: no other spectrum is of the same star."""
    return [one for one in spectra(1) if one.kind == kind][-1]


def _place(one: Spectrum) -> SkyCoord:
    return SkyCoord(one.measured.star.ra, one.measured.star.dec, unit="deg")


def _within(place: SkyCoord, radius: float) -> set[int]:
    """Identifiers of all objects within some arcminutes."""
    here = (place.ra.deg, place.dec.deg)
    return {
        one.obj_id
        for one in measured(1)
        if distance(here, (one.star.ra, one.star.dec)) <= radius / 60.0
    }


def test_a_region_gives_the_objects_within_its_radius(peer: SDSSClass) -> None:
    found = peer.query_region(M51, radius=2 * u.arcmin)
    assert found.colnames == ["ra", "dec", "objid", "run", "rerun", "camcol", "field"]
    assert {int(number) for number in found["objid"]} == _within(M51, 2.0)
    # M 51 is on two frames: each has measured it.
    assert len(found) > len({(row["ra"], row["dec"]) for row in found})


def test_many_positions_are_asked_at_once(peer: SDSSClass, box: Sandbox) -> None:
    places = SkyCoord([M51.ra, M87.ra, LMC.ra], [M51.dec, M87.dec, LMC.dec])
    found = peer.query_region(places, radius=1 * u.arcmin)
    assert {int(number) for number in found["objid"]} == _within(M51, 1.0) | _within(M87, 1.0)
    assert sum(asked.method == "POST" for asked in box.requests) == 1


def test_a_rectangle_is_a_query_in_sql(peer: SDSSClass) -> None:
    found = peer.query_region(M87, width=0.1 * u.deg, height=0.05 * u.deg)
    assert len(found) > 5
    assert np.all(np.abs(found["ra"] - M87.ra.deg) <= 0.0501)
    assert np.all(np.abs(found["dec"] - M87.dec.deg) <= 0.0251)


def test_cross_identification_gives_the_nearest_primary_object(peer: SDSSClass) -> None:
    one = _spectrum("SDSS")
    near = _place(one).directional_offset_by(0 * u.deg, 3 * u.arcsec)
    found = peer.query_crossid(near, photoobj_fields=["objID", "psfMag_r", "mode"])
    assert int(found["objID"][0]) == one.measured.obj_id
    assert found["psfMag_r"][0] == pytest.approx(one.measured.star.magnitude, abs=1e-4)
    assert (found["mode"][0], found["type"][0], len(found)) == (1, "STAR", 1)


def test_a_spectrum_is_asked_for_with_the_object(peer: SDSSClass) -> None:
    one = _spectrum("SDSS")
    found = peer.query_region(_place(one), radius=1 * u.arcsec, spectro=True)
    chosen = found[found["plate"] == one.plate]
    assert (chosen["mjd"][0], chosen["fiberID"][0]) == (one.mjd, one.fiber)
    assert str(chosen["run2d"][0]) == "26"


def test_objects_and_spectra_are_found_by_their_numbers(peer: SDSSClass) -> None:
    one = _spectrum("SDSS")
    run, camcol, field = one.measured.field.key
    objects = peer.query_photoobj(run=run, camcol=camcol, field=field)
    assert len(objects) == sum(other.field.key == (run, camcol, field) for other in measured(1))
    fibers = peer.query_specobj(plate=one.plate, mjd=one.mjd)
    assert len(fibers) == sum(other.plate == one.plate for other in spectra(1))


def test_sql_is_run(peer: SDSSClass) -> None:
    query = (
        "select top 3 z, ra, dec, bestObjID -- best\nfrom SpecObj where class = 'galaxy' order by z"
    )
    found = peer.query_sql(query)
    assert len(found) == 3
    assert list(found["z"]) == sorted(found["z"])


def test_nothing_is_none_and_an_error_is_a_table_of_html(peer: SDSSClass) -> None:
    assert peer.query_sql("select ra from PhotoObj where ra > 400") is None
    assert peer.query_sql("select ra from PhotoObj where ra > 400", data_release=10) is None
    # What astroquery makes of SkyServer's page of an error (astroquery #2706).
    (column,) = peer.query_sql("select nonsense from PhotoObj").colnames
    assert "html" in column


def test_the_61st_query_of_a_minute_is_an_error(peer: SDSSClass) -> None:
    for _ in range(60):
        peer.query_sql("select top 1 run from Run", cache=False)
    with pytest.raises(RemoteServiceError, match="Maximum 60 queries allowed per minute"):
        peer.query_sql("select top 1 run from Run", cache=False)


@pytest.mark.filterwarnings("ignore:.*RADECSYS.*", "ignore:'datfix' made the change")
@pytest.mark.parametrize("release", [12, 17, 18])
def test_an_image_has_its_stars_where_they_are(peer: SDSSClass, release: int) -> None:
    images = peer.get_images(
        coordinates=M87, radius=5 * u.arcsec, band="r", data_release=release, show_progress=False
    )
    (hdus,) = images
    assert [hdu.shape for hdu in hdus[:2]] == [(1489, 2048), (2048,)]
    assert hdus[2].columns.names == ["ALLSKY", "XINTERP", "YINTERP"]
    wcs = WCS(hdus[0].header)
    for star, x, y in bright_in(wcs, hdus[0].shape, 1)[:5]:
        left, low = round(x) - 6, round(y) - 6
        cut = hdus[0].data[low : low + 13, left : left + 13].astype(float)
        rows, columns = np.mgrid[low : low + 13, left : left + 13]
        assert (cut * columns).sum() / cut.sum() == pytest.approx(x, abs=0.1)
        assert (cut * rows).sum() / cut.sum() == pytest.approx(y, abs=0.1)
        # A nanomaggie is magnitude 22.5.
        assert 22.5 - 2.5 * np.log10(cut.sum()) == pytest.approx(star.magnitude, abs=0.1)
    hdus.close()


def test_frames_come_by_their_numbers(peer: SDSSClass) -> None:
    (first, second) = holding(M51.ra.deg, M51.dec.deg)
    images = peer.get_images(
        run=first.run, camcol=first.camcol, field=first.number, band="gz", show_progress=False
    )
    assert {hdus[0].header["FILTER"] for hdus in images} == {"g", "z"}
    assert first.number != second.number
    for hdus in images:
        hdus.close()


@pytest.mark.parametrize("release", [12, 17, 18])
def test_a_spectrum_of_an_old_plate_comes(peer: SDSSClass, release: int) -> None:
    one = _spectrum("SDSS")
    (hdus,) = peer.get_spectra(
        plate=one.plate, mjd=one.mjd, fiberID=one.fiber, data_release=release, show_progress=False
    )
    assert [hdu.name for hdu in hdus[1:4]] == ["COADD", "SPECOBJ", "SPZLINE"]
    assert hdus[0].header["PLUG_RA"] == one.measured.star.ra
    assert len(hdus) > 4
    hdus.close()


@pytest.mark.parametrize("release", [16, 17, 18, 20])
def test_a_spectrum_of_boss_comes(peer: SDSSClass, release: int) -> None:
    one = _spectrum("BOSS")
    (hdus,) = peer.get_spectra(
        coordinates=_place(one), data_release=release, radius=1 * u.arcsec, show_progress=False
    )
    assert (hdus[2].name, hdus[0].header["FIBERID"]) == ("SPALL", one.fiber)
    hdus.close()


def test_a_spectrum_of_the_first_fields_of_sdss_5_comes(peer: SDSSClass) -> None:
    one = _spectrum("SDSS-V")
    row = {"run2d": "v6_0_4", "mjd": one.mjd, "fieldID": one.plate, "catalogID": one.catalog_id}
    (hdus,) = peer.get_spectra(matches=Table([row]), data_release=18, show_progress=False)
    assert hdus[0].header["CATALOGI"] == one.catalog_id
    assert sas.name(one, 18) == f"spec-{one.plate}-{one.mjd}-{one.catalog_id:011d}.fits"
    hdus.close()


def test_outside_the_footprint_there_is_nothing(peer: SDSSClass) -> None:
    with pytest.warns(NoResultsWarning):
        assert peer.get_images(coordinates=LMC, radius=1 * u.arcmin) is None
    assert peer.query_region(LMC, radius=3 * u.arcmin) is None


def test_what_astroquery_says_of_columns_comes_from_the_sandbox(peer: SDSSClass) -> None:
    known = peer.query_region(M51, radius=1 * u.arcmin, field_help=True)
    assert {"objID", "psfMag_u", "cModelMagErr_z"} <= set(known["photoobj_all"])
    assert {"specObjID", "class", "run2d"} <= set(known["specobj_all"])
