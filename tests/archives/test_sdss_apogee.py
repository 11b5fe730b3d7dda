"""This file finds and brings home APOGEE's stars: documented addresses, told rows, the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from numpy.testing import assert_allclose
from sdss_answers import opened, skyserver, spectrum, sql_of

from skyatlas import read
from skyatlas.archive import Ask
from skyatlas.archives.sdss import Sdss
from skyatlas.archives.sdss.releases import release
from skyatlas.dataset import Spectrum
from skyatlas.model import Note, Product, Query, Target, Why
from skyatlas.obscore import plain_values
from skyatlas.sandbox import sas_apogee
from skyatlas.sandbox.sdss_apogee import APRED, ApogeeStar, apogee_stars
from skyatlas.session import Session
from skyatlas.testing.form import check_form, check_values

SAS = "https://data.sdss.org/sas"
HERE = (263.395168, -27.884306)


def star(**more: Any) -> dict[str, Any]:
    """A row of apogeeStar: the example of www.sdss4.org/dr17/data_access/bulk."""
    return {
        "apstar_id": "apogee.apo25m.s.stars.4353.2M17335483-2753043", "telescope": "apo25m",
        "target_id": "4353.2M17335483-2753043", "file": "apStar-dr17-2M17335483-2753043.fits",
        "apogee_id": "2M17335483-2753043", "location_id": 4353, "apogee_field": "000+02",
        "ra": HERE[0], "dec": HERE[1], "glon": 0.1, "glat": 2.5, "nvisits": 3, "snr": 121.5,
        "starflag": 0, "andflag": 0, "vhelio_avg": -12.25, "vscatter": 0.1, "verr": 0.02,
        "rv_teff": 4500.0, "rv_logg": 2.0, "rv_feh": -0.5, "mjd_first": 56000, "mjd_last": 56030,
    } | more  # fmt: skip


def asked(query: Query, *more: Query, **tables: Any) -> tuple[list[Any], list[Note], list[str]]:
    """Tables, notes, and the questions that were put."""
    with opened(skyserver(**tables)) as (server, door):
        found = list(Sdss().search([query, *more], door))
    notes = [part for part in found if isinstance(part, Note)]
    return [part for part in found if not isinstance(part, Note)], notes, list(
        map(sql_of, server.seen)
    )  # fmt: skip


def at(ra: float, dec: float, **filters: Any) -> Query:
    filters = {"kinds": frozenset({"spectrum"})} | filters
    return Query(Target(f"{ra} {dec}", ra, dec), 0.01, **filters)


@pytest.mark.parametrize(
    ("number", "row", "address"),
    [
        (  # remote tests of specutils
            13,
            {"file": "apStar-r6-2M07440053+1053592-55960.fits", "location_id": 4291},
            "dr13/apogee/spectro/redux/r6/stars/apo25m/4291/apStar-r6-2M07440053+1053592-55960.fits",
        ),
        (
            16,
            {"file": "apStar-r12-2M00005414+5522241.fits", "apogee_field": "N7789"},
            "dr16/apogee/spectro/redux/r12/stars/apo25m/N7789/apStar-r12-2M00005414+5522241.fits",
        ),
        (
            17,
            {
                "file": "asStar-dr17-2M03174068-7748459.fits",
                "apogee_field": "293-37-C",
                "telescope": "lco25m",
            },
            "dr17/apogee/spectro/redux/dr17/stars/lco25m/293-37-C/asStar-dr17-2M03174068-7748459.fits",
        ),
        (  # www.sdss4.org/dr17/data_access/bulk
            17,
            {},
            "dr17/apogee/spectro/redux/dr17/stars/apo25m/000+02/apStar-dr17-2M17335483-2753043.fits",
        ),
        (  # jobovy/apogee: DR12, and a star of the 1m telescope
            12,
            {"file": "apStar-r5-2M17335483-2753043.fits"},
            "dr12/apogee/spectro/redux/r5/stars/apo25m/4353/apStar-r5-2M17335483-2753043.fits",
        ),
        (
            12,
            {
                "file": "apStar-r5-HIP10085.fits",
                "location_id": 1,
                "apogee_field": "hip",
                "telescope": "apo1m",
            },
            "dr12/apogee/spectro/redux/r5/stars/apo1m/hip/apStar-r5-HIP10085.fits",
        ),
    ],
)
def test_spectra_of_stars_are_where_the_examples_are(
    number: int, row: dict[str, Any], address: str
) -> None:
    assert release(number).star(star(**row))[0] == f"{SAS}/{address}"


@pytest.mark.parametrize(
    ("number", "row", "address"),
    [
        (
            16,
            {"apogee_id": "2M00005414+5522241", "apogee_field": "N7789"},
            "aspcap/r12/l33/apo25m/N7789/aspcapStar-r12-2M00005414+5522241.fits",
        ),
        (
            17,
            {"apogee_field": "293-37-C", "telescope": "lco25m", "apogee_id": "2M03174068-7748459"},
            "aspcap/dr17/synspec_rev1/lco25m/293-37-C/aspcapStar-dr17-2M03174068-7748459.fits",
        ),
        (
            14,
            {},
            "redux/r8/stars/l31c/l31c.2/4353/aspcapStar-r8-l31c.2-2M17335483-2753043.fits",
        ),
        (
            12,
            {
                "file": "apStar-r5-HIP10085.fits",
                "location_id": 1,
                "apogee_field": "hip",
                "telescope": "apo1m",
            },
            "redux/r5/stars/l25_6d/v603/hip/aspcapStar-r5-v603-HIP10085.fits",
        ),
    ],
)
def test_fits_to_them_are_where_the_examples_are(
    number: int, row: dict[str, Any], address: str
) -> None:
    first = release(number).star(star(**row), aspcap=True)[0]
    assert first == f"{SAS}/dr{number}/apogee/spectro/{address}"


def test_a_file_that_skyserver_does_not_name_is_called_as_all_are() -> None:
    usual = release(17).star(star())
    assert usual == release(17).star(star(file=None))
    assert usual == release(17).star(star(file="  apStar-dr17-2M17335483-2753043.fits "))
    assert len(usual) == 1
    other = release(17).star(star(file="apStarC-dr17-2M17335483-2753043.fits"))
    assert [one.rsplit("/", 1)[1][:8] for one in other] == ["apStarC-", "apStar-d"]


def test_words_of_skyserver_cannot_leave_their_place_in_an_address() -> None:
    first = release(17).star(star(apogee_field="a/b?c#d e", file="x/y.fits"))[0]
    assert first.endswith("/apo25m/a%2Fb%3Fc%23d%20e/x%2Fy.fits")


def test_a_star_keeps_its_own_columns() -> None:
    (table,), notes, _ = asked(at(*HERE), apogeeStar=[star()])
    check_form(table, 1)
    (row,) = table
    check_values(row)
    assert not notes
    assert (row["instrument_name"], row["calib_level"]) == ("APOGEE", 3)
    assert row["facility_name"] == "Sloan Foundation 2.5m"
    assert_allclose([row["em_min"], row["em_max"]], [1.514e-6, 1.696e-6])
    assert (row["obs_id"], row["target_name"]) == (
        "apStar-dr17-2M17335483-2753043",
        "2M17335483-2753043",
    )
    assert (row["nvisits"], row["snr"], row["vhelio_avg"]) == (3, 121.5, -12.25)
    assert (row["t_min"], row["t_max"]) == (55999.7, 56030.7)


def test_spectra_of_all_spectrographs_come_from_as_few_questions_as_one_target_needs() -> None:
    rows = [star(), star(ra=20.0, dec=2.0, apstar_id="other")]
    tables, _, questions = asked(
        at(*HERE), at(20.0, 2.0), apogeeStar=rows, SpecObjAll=[spectrum(*HERE)]
    )
    assert ["SpecObjAll" in one for one in questions] == [True, False]
    assert [plain_values(one["instrument_name"]) for one in tables] == [
        ["SDSS spectrograph"],
        ["APOGEE", "APOGEE"],
    ]


@pytest.mark.parametrize(
    ("word", "tables"), [("apogee", ["apogeeStar"]), ("boss", ["SpecObjAll"]), ("cam", [])]
)
def test_only_tables_with_the_instrument_are_asked(word: str, tables: list[str]) -> None:
    _, _, questions = asked(at(*HERE, instruments=(word,)))
    assert [one.rsplit(" AS s WHERE ")[0].rsplit()[-1] for one in questions] == tables


def test_what_sdss5_took_with_apogee_is_said_to_be_missing() -> None:
    newest = (("data_release", "20"),)
    _, (note,), questions = asked(at(*HERE, parameters=newest))
    assert note.why is Why.ASSUMED
    assert "data_release=17" in note.text
    assert not any("apogeeStar" in one for one in questions)
    _, (note,), questions = asked(at(*HERE, parameters=(("data_release", "19"),)))
    assert "data_release" not in note.text
    assert any("apogeeStar" in one for one in questions)
    assert asked(at(*HERE, parameters=newest, instruments=("BOSS",)))[1] == []


@pytest.mark.parametrize(
    ("ask", "categories"),
    [
        (Ask(), ["apStar"]),
        (Ask(everything=True), ["apStar", "aspcapStar"]),
        (Ask(only=(("size", ("aspcap",)),)), ["aspcapStar"]),
    ],
)
def test_fits_come_only_where_they_are_wanted(ask: Ask, categories: list[str]) -> None:
    (table,), _, _ = asked(at(*HERE), apogeeStar=[star()])
    found = list(Sdss().products(table, None, ask))  # type: ignore[arg-type]
    assert all(isinstance(one, Product) for one in found)
    assert [one.category for one in found if isinstance(one, Product)] == categories


def _chosen(number: int) -> list[ApogeeStar]:
    """A star of each telescope that a release has, of which it has one spectrum with it."""
    one_each = {one.telescope: one for one in apogee_stars(1) if one.is_in(number)}
    return list(one_each.values())


@pytest.mark.parametrize("number", range(12, 20))
def test_stars_are_brought_home_from_every_release(
    atlas: Session, tmp_path: Path, number: int
) -> None:
    stars = _chosen(number)
    assert len(stars) == (3 if number > 15 else 2)
    found = atlas.search(
        [" ".join(map(repr, one.place)) for one in stars], archives="sdss", radius="1 arcsec",
        kind="spectrum", instrument="APOGEE", parameters={"data_release": str(number)},
    )  # fmt: skip
    assert found.complete, str(found)
    rows = {(row["apogee_id"], row["telescope"]): row for row in found.table}
    for one in stars:
        row = rows[one.name, one.telescope]
        assert (row["mjd_first"], row["mjd_last"]) == (one.mjd, one.mjd + one.visits - 1)
    done = atlas.fetch(found.table, tmp_path, ask=Ask(everything=True))
    assert not done.failures, [str(one.error) for one in done.failures]
    assert len(done.receipts) == 2 * len(found.table)
    for receipt in done.receipts:
        with fits.open(receipt.path) as file:
            assert file[0].header["OBJID"] in receipt.path.name
            assert APRED[number] in receipt.path.name
        data = read(receipt.path)
        first = data if isinstance(data, Spectrum) else data[0]  # type: ignore[index]
        assert isinstance(first, Spectrum)
        assert_allclose(first.axis, sas_apogee.wavelengths())


def test_images_and_all_spectra_are_one_table(atlas: Session) -> None:
    one = next(one for one in apogee_stars(1) if one.telescope == "apo25m")
    found = atlas.search(
        " ".join(map(repr, one.place)), archives="sdss", radius="20 arcmin",
        parameters={"data_release": "19"},
    )  # fmt: skip
    assert found.complete, str(found)
    names = set(plain_values(found.table["instrument_name"]))
    assert names == {"SDSS Imaging Camera", "SDSS spectrograph", "BOSS spectrograph", "APOGEE"}


def test_a_star_in_two_fields_is_two_spectra_of_one_name(atlas: Session, tmp_path: Path) -> None:
    stars = [one for one in apogee_stars(1) if one.telescope == "apo25m"]
    twice = next(one for one in stars if one.location >= 4200)
    found = atlas.search(
        " ".join(map(repr, twice.place)), archives="sdss", radius="1 arcsec", instrument="APOGEE"
    )
    done = atlas.fetch(found.table, tmp_path)
    assert len(found.table) == 2
    assert len({receipt.path for receipt in done.receipts}) == 2
    places = set()
    for receipt in done.receipts:
        with fits.open(receipt.path) as file:
            places.add(file[0].header["LOCID"])
    assert places == {twice.location, twice.location - 100}


def test_all_columns_of_a_star_can_be_had(atlas: Session) -> None:
    one = apogee_stars(1)[0]
    found = atlas.search(
        " ".join(map(repr, one.place)), archives="sdss", radius="1 arcsec", table="apogeestar"
    )
    (row,) = found.table
    assert (row["apogee_id"], row["field"], row["nvisits"]) == (one.name, one.field, one.visits)
