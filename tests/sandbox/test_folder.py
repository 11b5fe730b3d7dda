"""This file tests that people's own files are listed as they are and delivered byte for byte."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.errors import BadInput
from skyatlas.sandbox.folder import items_of_folder, read_folder
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.lzw import compress
from skyatlas.sandbox.sky import distance
from skyatlas.sandbox.world import make_world

HARPS = "ADP.2014-09-16T11_04_45.123_HARPS.fits"
XQ100 = "XShooter_XQ100.fits.gz"


def _fits(**cards: object) -> bytes:
    hdu = fits.PrimaryHDU(np.ones((20, 30), dtype=np.float32))
    for word, value in cards.items():
        hdu.header[word.replace("_", "-")] = value
    out = BytesIO()
    hdu.writeto(out)
    return out.getvalue()


def _wcs(ra: float, dec: float) -> dict[str, object]:
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": 15.5,
        "CRPIX2": 10.5, "CDELT1": -0.001, "CDELT2": 0.001, "CUNIT1": "deg", "CUNIT2": "deg",
    }  # fmt: skip


def _one(folder: Path) -> Item:
    (item,) = items_of_folder(folder)[0]
    return item


def _copy(source: Path, folder: Path) -> bytes:
    data = source.read_bytes()
    (folder / source.name).write_bytes(data)
    return data


def test_a_harps_product_is_listed_and_delivered_under_its_archive_name(
    shared_data: Path, tmp_path: Path
) -> None:
    data = _copy(shared_data / "spectra" / HARPS, tmp_path)
    item = _one(tmp_path)
    assert item.dp_id == "ADP.2014-09-16T11:04:45.123"
    assert item.filename == "ADP.2014-09-16T11:04:45.123.fits"
    assert item.table == "ivoa.ObsCore"
    assert item.category == "SCIENCE.SPECTRUM"
    assert item.make() == data
    row = item.row
    assert row["instrument_name"] == row["obs_collection"] == "HARPS"
    assert row["target_name"] == "IC4651No9122"
    assert row["proposal_id"] == "076.C-0429(A)"
    assert row["obs_creator_name"] == "Lovis"
    assert row["dataproduct_type"] == "spectrum"
    assert (row["s_ra"], row["s_dec"]) == (261.21664, -49.94913)
    assert row["em_min"] == pytest.approx(378.143e-9)
    assert row["em_max"] == pytest.approx(691.266e-9)
    assert row["snr"] == 23.35
    assert row["em_res_power"] == 115000.0
    assert row["t_min"] == 53921.1615749
    assert row["t_exptime"] == 302.5016
    assert row["s_region"] == "POSITION J2000 261.21664 -49.94913"
    assert str(row["obs_creator_did"]).endswith("_s1d_A_DRS_HARPS_3.5_ESOSDP.fits")


def test_a_gzipped_product_stays_gzipped(shared_data: Path, tmp_path: Path) -> None:
    data = _copy(shared_data / "spectra" / XQ100, tmp_path)
    items, objects = items_of_folder(tmp_path)
    (item,) = items
    assert item.dp_id == "ADP.2016-07-15T08:22:40.678"
    assert item.filename == "ADP.2016-07-15T08:22:40.678.fits.gz"
    assert item.make() == data
    row = item.row
    assert row["instrument_name"] == "XSHOOTER"
    assert row["obs_collection"] == "XQ-100"
    assert row["p3orig"] == "EDP"
    assert row["target_name"] == "BR J2349-3712"
    assert row["em_min"] == pytest.approx(981.7513671875e-9)
    assert row["snr"] == pytest.approx(21.667, abs=1e-3)
    assert [(known.name, known.ra) for known in objects] == [("BR J2349-3712", 357.306532)]


def test_a_compressed_raw_frame_is_listed_among_the_raw_frames(
    shared_data: Path, tmp_path: Path
) -> None:
    _copy(shared_data / "images" / "ISAAC.2006-04-13T06_32_38.944.fits.gz", tmp_path)
    _copy(shared_data / "corrupt" / "lzw.fits.Z", tmp_path)
    items = {item.dp_id: item for item in items_of_folder(tmp_path)[0]}
    assert {item.table for item in items.values()} == {"dbo.raw"}
    assert items["ISAAC.2006-04-13T06:32:38.944"].row["instrument"] == "ISAAC"
    assert items["ONTT.1991-12-30T08:55:46.000"].filename.endswith(".fits.Z")


@pytest.mark.parametrize(
    ("folder", "least"), [("spectra", 33), ("images", 45), ("lightcurves", 16), ("corrupt", 6)]
)
def test_no_real_file_stops_a_folder_from_being_listed(
    shared_data: Path, folder: str, least: int
) -> None:
    found = read_folder(shared_data / folder)
    files = [file for file in (shared_data / folder).rglob("*") if file.is_file()]
    assert len(found.items) + len(found.left_out) == len(files)
    assert len(found.items) >= least
    assert len({item.dp_id for item in found.items}) == len(found.items)
    assert all(reason for _, reason in found.left_out)
    for item in found.items:
        row = item.row
        ra, dec = ("ra", "dec") if item.table == "dbo.raw" else ("s_ra", "s_dec")
        assert 0.0 <= float(str(row[ra])) < 360.0
        assert -90.0 <= float(str(row[dec])) <= 90.0
        assert None not in row.values()
        assert str(row["s_region"]).startswith(("POSITION J2000", "POLYGON J2000"))


def test_files_of_other_observatories_are_listed_too(shared_data: Path) -> None:
    items, objects = items_of_folder(shared_data / "lightcurves")
    lightcurve = next(i for i in items if i.dp_id.startswith("test-lc-tess-pimen-100"))
    assert lightcurve.row["dataproduct_type"] == "timeseries"
    assert lightcurve.row["instrument_name"] == "TESS Photometer"
    assert lightcurve.filename == "test-lc-tess-pimen-100-cadences.fits"
    target = next(known for known in objects if known.name == "TIC 261136679")
    assert target.ids == {"TIC": "261136679"}


def test_a_picture_is_where_its_wcs_says_and_not_where_the_telescope_pointed(
    tmp_path: Path,
) -> None:
    (tmp_path / "picture.fits").write_bytes(_fits(RA=10.0, DEC=0.0, **_wcs(20.0, 5.0)))
    row = _one(tmp_path).row
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((20.0, 5.0), abs=1e-6)
    numbers = [float(word) for word in str(row["s_region"]).split()[2:]]
    diagonal = distance((numbers[0], numbers[1]), (numbers[4], numbers[5]))
    assert diagonal == pytest.approx(np.hypot(0.03, 0.02), rel=1e-3)


def test_a_picture_with_broken_coordinates_is_where_its_keywords_say(tmp_path: Path) -> None:
    cards = _wcs(20.0, 5.0) | {"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}
    (tmp_path / "odd.fits").write_bytes(_fits(RA="01:02:03.0", DEC="-01:30:00", **cards))
    row = _one(tmp_path).row
    assert row["s_ra"] == pytest.approx(15.5125)
    assert row["s_dec"] == -1.5
    assert str(row["s_region"]).startswith("POSITION")


def test_a_file_without_a_position_is_left_out_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "lost.fits").write_bytes(_fits(OBJECT="M 1"))
    (tmp_path / "page.fits").write_bytes(b"<html>not found</html>")
    (tmp_path / "notes.txt").write_text("seen")
    folder = read_folder(tmp_path)
    assert folder.items == ()
    reasons = {file.name: reason for file, reason in folder.left_out}
    assert reasons["lost.fits"] == "it says no position on the sky"
    assert "cannot be read as FITS" in reasons["page.fits"]
    assert "name" in reasons["notes.txt"]


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        items_of_folder(tmp_path / "absent")


def test_two_files_of_one_name_are_two_files(tmp_path: Path) -> None:
    plain = _fits(RA=10.0, DEC=0.0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.fits").write_bytes(plain)
    (tmp_path / "same.fits.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "same.fits.Z").write_bytes(compress(plain))
    items, _ = items_of_folder(tmp_path)
    assert len({item.dp_id for item in items}) == len(items) == 4
    assert {item.content_type for item in items} == {
        "application/fits",
        "application/gzip",
        "application/x-fits",
    }


def test_a_pipelines_product_does_not_take_its_raw_frames_name(tmp_path: Path) -> None:
    name = "HARPS.2003-12-13T06:19:48.371"
    raw = fits.Header()
    for word, value in (
        ("RA", 1.0),
        ("DEC", 2.0),
        ("ARCFILE", f"{name}.fits"),
        ("HIERARCH ESO DPR CATG", "SCIENCE"),
    ):
        raw[word] = value
    product = raw.copy()
    product["HIERARCH ESO DRS VERSION"] = "3.5"
    pixels = np.ones((20, 30), dtype=np.float32)
    fits.PrimaryHDU(pixels, raw).writeto(tmp_path / "raw.fits")
    fits.PrimaryHDU(pixels, product).writeto(tmp_path / "a_product.fits")
    items = {item.dp_id: item for item in items_of_folder(tmp_path)[0]}
    assert {key: item.table for key, item in items.items()} == {
        name: "dbo.raw",
        "a_product": "ivoa.ObsCore",
    }
    assert items[name].filename == f"{name}.fits"
    assert items["a_product"].filename == "a_product.fits"


def test_an_extracted_spectrum_is_no_raw_frame_though_it_keeps_its_keywords(tmp_path: Path) -> None:
    hdu = fits.PrimaryHDU(np.ones(50, dtype=np.float32))
    hdu.header.update({"RA": 1.0, "DEC": 2.0, "TELESCOP": "ESO-VLT-U1", "INSTRUME": "CRIRES"})
    hdu.header["HIERARCH ESO DPR CATG"] = "SCIENCE"
    hdu.header.update({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 2000.0, "CDELT1": 1.0})
    hdu.writeto(tmp_path / "spectrum.fits")
    item = _one(tmp_path)
    assert item.table == "ivoa.ObsCore"
    assert item.row["dataproduct_type"] == "spectrum"
    assert item.row["obs_collection"] == "CRIRES"
    assert item.row["em_min"] == pytest.approx(2000e-9)
    assert item.row["em_max"] == pytest.approx(2049e-9)


def test_progenitors_are_linked_where_they_are_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "raw1.fits").write_bytes(_fits(RA=1.0, DEC=2.0))
    (tmp_path / "product.fits").write_bytes(
        _fits(RA=1.0, DEC=2.0, PROV1="raw1.fits", PROV2="raw2.fits")
    )
    items = {item.dp_id: item for item in items_of_folder(tmp_path)[0]}
    assert [link.dp_id for link in items["product"].links] == ["raw1"]


def test_a_folder_joins_the_world_with_its_targets(tmp_path: Path) -> None:
    (tmp_path / "mine.fits").write_bytes(_fits(OBJECT="My Nova", RA=100.0, DEC=10.0))
    (tmp_path / "known.fits").write_bytes(_fits(OBJECT="ngc1068", RA=40.0, DEC=0.0))
    bare, world = make_world(1), make_world(1, [tmp_path])
    assert set(world.items) - set(bare.items) == {"mine", "known"}
    new = [known.name for known in world.objects if known not in bare.objects]
    assert new == ["My Nova"]
