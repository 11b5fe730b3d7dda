"""This file asks for PS1's images: of the sandbox, of recorded answers, and of bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from astropy.wcs import WCS
from mast_answers import opened

from skyatlas.archive import Ask
from skyatlas.archives.panstarrs import PanStarrs
from skyatlas.archives.panstarrs.listing import images_at
from skyatlas.archives.panstarrs.skycells import best, skycell, touching
from skyatlas.errors import Unreadable
from skyatlas.journeys.search import search
from skyatlas.model import Interval, Note, Product, Query, Target, Why
from skyatlas.obscore import plain_values
from skyatlas.sandbox import ps1_grid
from skyatlas.testing import Answer

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

M51 = (202.469575, 47.195258)
MAGELLANIC = (80.89, -69.75)
HEAD = "projcell subcell ra dec filter mjd type filename shortname badflag\n"
PLACES = [M51, (0.01, 2.1), (359.9999, -12.0), (37.95, 89.264), (10.0, 89.9), (180.0, 83.94)]
HERE = (332.6004516572, 2.1998090576)
LINE = (
    "1405 53 332.6004516572 2.1998090576 g 0.0 stack "
    "/rings.v3.skycell/1405/053/rings.v3.skycell.1405.053.stk.g.unconv.fits "
    "rings.v3.skycell.1405.053.stk.g.unconv.fits 0\n"
)


def _asked(atlas: Session, *queries: Query) -> Table:
    found = search(list(queries), [PanStarrs()], atlas.door)
    assert not found.failures, str(found)
    return found.table


def _at(place: tuple[float, float], radius: float = 0.01, **filters: Any) -> Query:
    return Query(Target("here", *place), radius, **filters)


def _plain(text: str) -> Answer:
    return Answer(text.encode(), "text/plain")


@pytest.mark.parametrize("place", PLACES)
def test_both_ways_to_know_the_grid_agree(place: tuple[float, float]) -> None:
    mine, theirs = best(*place), ps1_grid.skycell_at(*place)
    assert mine is not None
    assert theirs is not None
    assert mine.name == theirs.name
    assert (mine.size[1], mine.size[0]) == theirs.shape
    ((x, y),) = theirs.wcs().wcs_world2pix([place], 0)
    assert mine.pixel(*place) == pytest.approx((x, y), abs=1e-3)
    back = mine.sky(x, y)
    assert mine.pixel(*back) == pytest.approx((x, y), abs=1e-5)


def test_the_middle_of_a_skycell_is_where_recorded_answers_have_it(shared_data: Path) -> None:
    recorded = shared_data / "responses" / "manual" / "ps1filenames_skycell_2643_000.txt"
    words = recorded.read_text().splitlines()[1].split()
    pole, other = skycell(2643, 0), skycell(1405, 53)
    assert pole is not None
    assert other is not None
    assert pole.middle == pytest.approx((float(words[2]), float(words[3])), abs=1e-9)
    assert other.middle == pytest.approx(HERE, abs=1e-9)


def test_a_real_piece_is_where_its_skycell_has_it(shared_data: Path) -> None:
    from astropy.io import fits

    header = fits.getheader(shared_data / "images" / "PS1_r.fits")
    cell = skycell(1329, 5)
    assert cell is not None
    assert header["SKYCELL"] == f"skycell.{cell.name}"
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [header["CRVAL1"], header["CRVAL2"]]
    wcs.wcs.crpix = [header["CRPIX1"], header["CRPIX2"]]
    wcs.wcs.cdelt = [-header["CDELT1"], header["CDELT2"]]
    x, y = cell.pixel(*wcs.wcs_pix2world([[120.0, 120.0]], 0)[0])
    assert (x, y) == pytest.approx((812 + 120, 3924 + 120), abs=2e-3)


def test_a_skycell_is_of_the_grid_or_there_is_none() -> None:
    assert skycell(634, 0) is None
    assert skycell(2644, 0) is None
    assert skycell(2643, 100) is None
    assert best(10.0, -40.0) is None


def test_all_skycells_around_a_place_are_found() -> None:
    near = {cell.name for cell in touching(*M51, 0.3)}
    for east in range(-5, 6):
        for north in range(-5, 6):
            cell = best(M51[0] + 0.06 * east / 0.68, M51[1] + 0.06 * north)
            assert cell is not None
            if (east**2 + north**2) ** 0.5 * 0.06 <= 0.3:
                assert cell.name in near


def test_one_post_asks_for_all_places(box: Sandbox, atlas: Session) -> None:
    found = images_at(atlas.door, [*PLACES, MAGELLANIC, M51], bands="gr")
    assert [len(images) for images in found] == [2, 2, 2, 2, 2, 2, 0, 2]
    assert found[-1] == found[0]
    (asked,) = box.requests
    assert asked.path.endswith("ps1filenames.py")
    lines = asked.files["file"].decode().splitlines()
    assert lines[0] == "202.469575 47.195258"
    assert len(lines) == len(PLACES) + 1


def test_recorded_lines_are_read(shared_data: Path) -> None:
    recorded = shared_data / "responses" / "manual" / "ps1filenames_skycell_2643_000.txt"
    pole = skycell(2643, 0)
    assert pole is not None
    with opened(lambda _: _plain(recorded.read_text())) as (_, door):
        (images,) = images_at(door, [pole.middle], bands="gy")
    assert [image.band for image in images] == ["g", "y"]
    assert images[0].name == "rings.v3.skycell.2643.000.stk.g.unconv.fits"
    assert images[0].obs_id == "rings.v3.skycell.2643.000.stk.g"
    assert (images[0].mjd, images[0].bad) == (None, False)


def test_a_place_that_came_back_with_fewer_digits_or_below_zero_is_known_again() -> None:
    shorter = LINE.replace("332.6004516572", "-27.39954834")
    with opened(lambda _: _plain(HEAD + shorter)) as (_, door):
        (images,) = images_at(door, [HERE], bands="g")
    assert [image.cell.name for image in images] == ["1405.053"]


def test_a_list_of_an_older_server_has_no_flags() -> None:
    old = (HEAD + LINE).replace(" badflag", "").replace("fits 0\n", "fits\n")
    with opened(lambda _: _plain(old)) as (_, door):
        (images,) = images_at(door, [HERE], bands="g")
    assert not images[0].bad


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not name the columns"),
        ("out of order\n", "does not name the columns"),
        ("<html>soon</html>", "web page"),
        (HEAD + LINE.replace("1405 53", "1405"), "shorter|longer|argument"),
        (HEAD + LINE.replace("1405", "9999"), "no skycell 9999"),
        (HEAD + LINE.replace("2.1998", "two"), "two"),
        (HEAD + LINE.replace("/rings.v3.skycell/1405", "http://evil.example/1405"), "no path"),
        (HEAD + LINE.replace("332.6", "331.6"), "not asked"),
    ],
)
def test_a_list_that_makes_no_sense_is_unreadable(text: str, why: str) -> None:
    with opened(lambda _: _plain(text)) as (_, door), pytest.raises(Unreadable, match=why):
        images_at(door, [HERE], bands="g")


def test_a_search_finds_stacks_and_warps_in_obscore_s_words(atlas: Session) -> None:
    table = _asked(atlas, _at(M51))
    assert set(plain_values(table["dataproduct_subtype"])) == {"stack", "warp"}
    stacks = table[table["dataproduct_subtype"] == "stack"]
    here = best(*M51)
    assert here is not None
    first = stacks[(stacks["band"] == "g") & (stacks["skycell"] == here.name)]
    assert len(first) == 1
    row = first[0]
    assert (row["instrument_name"], row["calib_level"], row["obs_collection"]) == ("GPC1", 3, "PS1")
    assert row["access_url"].startswith("https://ps1images.stsci.edu/rings.v3.skycell/")
    assert (row["em_min"], row["em_max"]) == pytest.approx((414e-9, 551e-9))
    assert row["t_min"] is not None
    assert bool(stacks["t_min"].mask.all())
    warps = table[table["dataproduct_subtype"] == "warp"]
    assert set(plain_values(warps["calib_level"])) == {2}
    assert min(plain_values(warps["t_min"])) > 55000


def test_a_search_of_a_wider_circle_has_all_skycells_that_it_touches(atlas: Session) -> None:
    table = _asked(atlas, _at(M51, 0.5, band=Interval(700e-9, 750e-9), calib_level=Interval(3, 3)))
    assert set(plain_values(table["band"])) == {"i"}
    cells = set(plain_values(table["skycell"]))
    assert len(cells) == len(table)
    for east in (-0.45, 0.0, 0.45):
        for north in (-0.2, 0.0, 0.2):
            cell = best(M51[0] + east / 0.68, M51[1] + north)
            assert cell is not None
            assert cell.name in cells


def test_a_small_circle_inside_of_a_skycell_is_asked_about_that_one_only(
    box: Sandbox, atlas: Session
) -> None:
    cell = skycell(1329, 5)
    assert cell is not None
    table = _asked(atlas, _at(cell.middle, calib_level=Interval(3, 3)))
    assert set(plain_values(table["skycell"])) == {"1329.005"}
    assert len(box.requests[-1].files["file"].decode().splitlines()) <= 2


def test_what_ps1_cannot_have_is_not_asked_for(box: Sandbox, atlas: Session) -> None:
    for filters in (
        {"instruments": ("MUSE",)},
        {"kinds": frozenset({"spectrum"})},
        {"programs": ("60.A-9284",)},
        {"collections": ("SDSS",)},
        {"band": Interval(2e-6, 3e-6)},
        {"calib_level": Interval(0, 1)},
    ):
        assert len(_asked(atlas, _at(M51, **filters))) == 0
    assert not box.requests
    assert len(_asked(atlas, _at(M51, instruments=("gpc1",), calib_level=Interval(3, 4)))) >= 5
    assert not list(PanStarrs().search([Query(programs=("60.A-9284",))], atlas.door))


def test_a_question_without_a_place_is_said_to_be_unanswered(box: Sandbox, atlas: Session) -> None:
    note, *tables = PanStarrs().search([Query(instruments=("GPC1",))], atlas.door)
    assert isinstance(note, Note)
    assert note.why is Why.UNANSWERED
    assert [len(table) for table in tables if not isinstance(table, Note)] in ([], [0])
    assert not box.requests


def test_rows_become_whole_skycells_that_say_how_their_numbers_are_stored(
    atlas: Session, tmp_path: Path
) -> None:
    from skyatlas.journeys.fetch import Plan

    table = _asked(atlas, _at(M51, band=Interval(600e-9, 610e-9)))
    files = list(PanStarrs().products(table, atlas.door, Ask()))
    assert all(isinstance(file, Product) for file in files)
    stack = next(file for file in files if ".stk.r." in (file.name or ""))
    warp = next(file for file in files if ".wrp.r." in (file.name or ""))
    assert "BSOFTEN" in stack.provenance["photometry"]
    assert warp.provenance["photometry"] == "safe"
    (receipt,) = atlas.fetch(Plan((stack,)), tmp_path).receipts
    assert receipt.path.name == stack.name
    assert "fits structure" in receipt.verified


def test_the_survey_says_its_bands_and_the_thanks_are_given_for_files_only() -> None:
    (survey,) = PanStarrs().surveys()
    assert (survey.name, survey.archive, survey.scale) == ("ps1", "panstarrs", 0.25)
    assert "".join(survey.bands) == "grizy"
    assert survey.bands["y"] == pytest.approx((918e-9, 1001e-9))
    assert "Pan-STARRS1 Surveys" in PanStarrs().acknowledgement([Product("https://a/b.fits")])
    assert PanStarrs().acknowledgement([]) == ""
