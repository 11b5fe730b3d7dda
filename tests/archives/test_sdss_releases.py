"""This file holds the addresses of SDSS's files to the documented ones, release by release."""

from __future__ import annotations

import pytest

from skyatlas.archives.sdss.releases import acknowledgement, release, release_of, strangers
from skyatlas.errors import BadInput
from skyatlas.model import Product, Query
from skyatlas.session import Session

SAS = "https://data.sdss.org/sas"
FIELD = {"run": 1904, "rerun": 301, "camcol": 3, "field": 163}
LEGACY = {"plate": 751, "mjd": 52251, "fiberID": 160, "run2d": "26"}
BOSS = {"plate": 4055, "mjd": 55359, "fiberID": 596, "run2d": "v5_13_2"}
SDSS5 = {"field": 15000, "mjd": 59146, "catalogid": 4375924285}


@pytest.mark.parametrize(
    ("number", "folder"),
    [
        (12, "dr12/boss"),
        (13, "dr13/eboss"),
        (17, "dr17/eboss"),
        (18, "dr18/prior-surveys/sdss4-dr17-eboss"),
        (20, "dr20/prior-surveys/sdss4-dr17-eboss"),
    ],
)
def test_frames_are_where_each_release_keeps_them(number: int, folder: str) -> None:
    first, *others = release(number).frame("g", FIELD)
    tail = "photoObj/frames/301/1904/3/frame-g-001904-3-0163.fits.bz2"
    assert first == f"{SAS}/{folder}/{tail}"
    assert others == ([] if number in (12, 17) else [f"{SAS}/dr17/eboss/{tail}"])


def test_spectra_of_plates_are_tried_where_sources_disagree() -> None:
    name = "spec-0751-52251-0160.fits"
    assert release(17).spectrum(LEGACY) == (
        f"{SAS}/dr17/sdss/spectro/redux/26/spectra/lite/0751/{name}",
    )
    assert release(17).spectrum(LEGACY, full=True) == (
        f"{SAS}/dr17/sdss/spectro/redux/26/spectra/0751/{name}",
        f"{SAS}/dr17/sdss/spectro/redux/26/spectra/full/0751/{name}",
    )
    tail = "redux/v5_13_2/spectra/full/4055/spec-4055-55359-0596.fits"
    assert release(17).spectrum(BOSS, full=True) == (
        f"{SAS}/dr17/eboss/spectro/{tail}",
        f"{SAS}/dr17/sdss/spectro/{tail}",
    )
    assert release(18).spectrum(BOSS, full=True)[0] == f"{SAS}/dr18/spectro/sdss/{tail}"
    assert (
        release(15).spectrum(BOSS, full=True)[0].endswith("spectra/4055/spec-4055-55359-0596.fits")
    )
    assert f"{SAS}/dr12/boss/" in release(12).spectrum(BOSS)[0]


@pytest.mark.parametrize(
    ("number", "run2d", "path"),
    [
        (18, "v6_0_4", "full/15000p/59146/spec-15000-59146-04375924285.fits"),
        (19, "v6_1_3", "full/015000/59146/spec-015000-59146-4375924285.fits"),
        (20, "v6_2_1", "daily/full/015XXX/015000/59146/spec-015000-59146-4375924285.fits"),
    ],
)
def test_spectra_of_sdss5_are_where_the_examples_are(number: int, run2d: str, path: str) -> None:
    first = release(number).spectrum({**SDSS5, "run2d": run2d}, full=True)[0]
    assert first == f"{SAS}/dr{number}/spectro/boss/redux/{run2d}/spectra/{path}"


@pytest.mark.parametrize("number", range(12, 21))
def test_every_release_has_all_that_is_asked_of_it(number: int) -> None:
    one = release(number)
    assert one.sql == f"https://skyserver.sdss.org/dr{number}/SkyServerWS/SearchTools/SqlSearch"
    for row in (LEGACY, BOSS):
        for full in (False, True):
            urls = one.spectrum(row, full=full)
            assert urls
            assert len(set(urls)) == len(urls)
            assert all(f"/{row['run2d']}/" in url for url in urls)
    assert one.has_sdss5 is (number > 18)


@pytest.mark.parametrize("word", ["17", "DR17", "dr17", " 17 ", 17, None])
def test_a_release_is_known_by_what_people_write(word: str | int | None) -> None:
    assert release(word).number == 17


@pytest.mark.parametrize("word", ["11", "21", "seventeen", "17; DROP TABLE Field", "", "-17"])
def test_what_is_no_release_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match="12 to 20"):
        release(word)


def test_a_query_names_its_release_and_what_else_it_names_is_told_apart() -> None:
    query = Query(parameters=(("DATA_RELEASE", "19"), ("EXPTIME", "5")))
    assert release_of(query).number == 19
    assert strangers(query) == ("EXPTIME",)


def test_each_phase_is_thanked_once() -> None:
    def of(number: int) -> Product:
        return Product("https://x", provenance={"data_release": number})

    assert acknowledgement([]) == ""
    assert acknowledgement([of(17), of(16)]).count("Survey IV") == 1
    both = acknowledgement([of(12), of(20)])
    assert "SDSS-III" in both
    assert "Survey V" in both


def test_columns_of_both_kinds_of_spectra_differ_by_more_than_case(atlas: Session) -> None:
    found = atlas.search(
        "M51", archives="sdss", kind="spectrum", instrument="BOSS,SDSS", radius="30 arcmin",
        parameters={"data_release": 19},
    )  # fmt: skip
    names = [name.casefold() for name in found.table.colnames]
    assert "subClass" in found.table.colnames
    assert "spall_specobjid" in found.table.colnames
    assert len(set(names)) == len(names)
