"""This file asks the sandbox's SkyServer where SDSS has looked and what it has found there."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests

from skyatlas.sandbox import Sandbox, sas_frames
from skyatlas.sandbox.sdss_footprint import (
    COLUMNS,
    HOLES,
    ROWS,
    SHARED,
    STRETCHES,
    Field,
    fields,
    holding,
)
from skyatlas.sandbox.sdss_objects import Spectrum, measured, obj_id, spectra
from skyatlas.sandbox.sky import OBJECTS, Position, distance
from skyatlas.sandbox.skyserver import MOST, Throttle
from skyatlas.sandbox.skyserver_tables import base, code, transformation
from skyatlas.sandbox.starfield import stars_in

if TYPE_CHECKING:
    from skyatlas.sandbox import World

PLACES = {name: (one.ra, one.dec) for one in OBJECTS for name in (one.name, *one.aliases)}
M51, NGC1068, M87 = PLACES["M  51"], PLACES["NGC 1068"], PLACES["M  87"]
LIST = "name ra dec\nhere 202.469575 47.195258\nthere 187.705931 12.391123\nnowhere 80.89 -69.75\n"
JOINED = (
    "FROM #upload u JOIN #x x ON x.up_id = u.up_id JOIN PhotoObjAll p ON p.objID = x.objID"
    " ORDER BY x.up_id, p.objID"
)


@pytest.fixture
def box(world: World) -> Iterator[Sandbox]:
    """A sandbox of its own for each test: SkyServer counts how often it is asked."""
    with Sandbox(world=world) as running:
        yield running


def _form(box: Sandbox, query: str, release: int = 17, **more: Any) -> requests.Response:
    url = f"{box.url}/skyserver.sdss.org/dr{release}/en/tools/search/x_results.aspx"
    params = {"searchtool": "SQL", "cmd": query, "format": "csv", **more}
    return requests.get(url, params=params, timeout=60)


def _rows(box: Sandbox, query: str, release: int = 17) -> list[dict[str, Any]]:
    url = f"{box.url}/skyserver.sdss.org/dr{release}/SkyServerWS/SearchTools/SqlSearch"
    answer = requests.get(url, params={"cmd": query, "format": "json"}, timeout=60)
    assert answer.status_code == 200, answer.text
    (table,) = answer.json()
    assert table["TableName"] == "Table1"
    return list(table["Rows"])


def _cross(box: Sandbox, select: str, listed: str = LIST, **more: Any) -> requests.Response:
    url = f"{box.url}/skyserver.sdss.org/dr17/en/tools/search/X_Results.aspx"
    form = {
        "searchtool": "CrossID", "searchType": "photo", "photoScope": "nearPrim",
        "photoUpType": "ra-dec", "radius": 0.5, "firstcol": 1, "format": "csv",
        "uquery": f"SELECT {select} {JOINED}", **more,
    }  # fmt: skip
    return requests.post(url, data=form, files={"upload": ("places.txt", listed)}, timeout=60)


def _one(kind: str) -> Spectrum:
    return [one for one in spectra(1) if one.kind == kind][-1]


# The footprint.


def test_neighbours_along_a_run_share_128_rows() -> None:
    first, second = holding(*M51)
    assert (first.run, first.camcol, abs(first.number - second.number)) == (3699, 4, 1)
    low, high = sorted((first, second), key=lambda field: field.number)
    for column, row in ((0.0, ROWS - SHARED), (COLUMNS - 1.0, ROWS - 1.0)):
        again = high.pixel(*low.sky(column, row))
        assert again == pytest.approx((column, row - (ROWS - SHARED)), abs=0.2)


def test_the_two_strips_of_a_stripe_leave_no_gap() -> None:
    """Every place of stripe 82 near 0h is in a field, on both sides of it."""
    for ra in np.arange(-0.5, 0.5, 0.05):
        assert all(holding(float(ra) % 360.0, float(dec)) for dec in np.arange(-1.2, 1.21, 0.05))
    edges = [field.limits for field in fields().values() if field.run in (4144, 4145)]
    edges = [limits for limits in edges if limits[0] > limits[1]]
    assert edges
    assert all(low > 359.0 and high < 1.0 for low, high, _, _ in edges)


def test_m51_is_on_a_border_and_ngc_1068_in_one_frame_alone() -> None:
    assert len(holding(*M51)) == 2
    (only,) = holding(*NGC1068)
    assert only.pixel(*NGC1068) == pytest.approx((1024.0, 744.0), abs=1e-6)


def test_the_south_is_outside_and_there_are_holes() -> None:
    assert not any(holding(one.ra, one.dec) for one in OBJECTS if one.dec < -10.0)
    assert not holding(80.89, -69.75)
    inside = [one.name for one in OBJECTS if one.dec > -10.0 and holding(one.ra, one.dec)]
    assert len(inside) == 13
    for run, camcol, number in HOLES:
        stretch = next(one for one in STRETCHES if one.run in (run, run - 1))
        middle = Field(stretch, run, camcol, number).middle
        assert distance(middle, M87) < 1.0
        assert not holding(*middle)


def test_the_pole_is_in_one_field() -> None:
    (field,) = [one for one in fields().values() if one.holds(17.0, 90.0)]
    low, high, south, north = field.limits
    assert (low, high, north) == (0.0, 360.0, 90.0)
    assert 89.7 < south < 90.0
    assert holding(0.0, 89.9)
    assert holding(*PLACES["NGC  3172"])


@pytest.mark.parametrize("key", [(3699, 4, 98), (4144, 3, 403), (8102, 4, 54)])
def test_the_pixels_are_those_of_the_header_and_of_the_great_circle(
    key: tuple[int, int, int],
) -> None:
    field = fields()[key]
    wcs, (a, b, c, d, e, f) = sas_frames.wcs(field), transformation(field)
    node, inclination, _, _ = field.great_circle
    for column, row in ((0.0, 0.0), (2000.0, 30.0), (512.0, 1400.0)):
        place = field.sky(column, row)
        assert wcs.wcs_world2pix([place], 0)[0] == pytest.approx([column, row], abs=1e-5)
        mu = a + b * (row + 0.5) + c * (column + 0.5)
        nu = d + e * (row + 0.5) + f * (column + 0.5)
        # A great circle and a tangent plane: 0.1 degrees off the middle they differ by 0.1".
        assert distance(_from_great_circle(mu, nu, node, inclination), place) < 0.3 / 3600.0


def _from_great_circle(mu: float, nu: float, node: float, inclination: float) -> Position:
    along, across = math.radians(mu - node), math.radians(nu)
    tilt = math.radians(inclination)
    x = math.cos(along) * math.cos(across)
    y = math.sin(along) * math.cos(across) * math.cos(tilt) - math.sin(across) * math.sin(tilt)
    z = math.sin(along) * math.cos(across) * math.sin(tilt) + math.sin(across) * math.cos(tilt)
    return (math.degrees(math.atan2(y, x)) + node) % 360.0, math.degrees(math.asin(z))


# The tables.


def test_identifiers_are_made_as_sdss_makes_them() -> None:
    """Those of the rows that astroquery recorded."""
    assert obj_id(1904, 3, 163, 125) == 1237653651835781245
    one = _one("SDSS")
    number = 751 << 50 | 160 << 38 | (52251 - 50000) << 24 | code("26") << 10
    assert number == 845594848269461504
    assert base(one) >> 50 == one.plate
    assert code("v5_13_2") == 1302


def test_the_objects_of_a_field_are_the_stars_on_its_pixels(box: Sandbox) -> None:
    field = holding(*M87)[0]
    run, camcol, number = field.key
    rows = _rows(
        box,
        f"select ra, dec, colc, rowc, psfMag_r, psfMag_u, psfFlux_r, mode from PhotoObjAll"
        f" where run = {run} and camcol = {camcol} and field = {number}",
    )
    stars = [star for star in stars_in(*field.middle, 0.2, 1) if field.holds(star.ra, star.dec)]
    assert {(row["ra"], row["dec"]) for row in rows} == {(star.ra, star.dec) for star in stars}
    for row in rows:
        x, y = field.pixel(row["ra"], row["dec"]) or (math.nan, math.nan)
        assert (row["colc"], row["rowc"]) == pytest.approx((x + 0.5, y + 0.5), abs=1e-3)
        assert row["psfMag_u"] - row["psfMag_r"] == pytest.approx(1.5, abs=1e-4)
        assert row["psfFlux_r"] == pytest.approx(10 ** (0.4 * (22.5 - row["psfMag_r"])), rel=1e-4)


def test_every_star_is_primary_once(box: Sandbox) -> None:
    (said,) = _rows(
        box, "select count(*) as n, count(distinct thingId) as things from PhotoPrimary"
    )
    places = {(one.star.ra, one.star.dec) for one in measured(1)}
    assert said == {"n": len(places), "things": len(places)}
    (more,) = _rows(box, "select count(*) as n from PhotoObj")
    assert more["n"] == len(measured(1)) > len(places)


def test_fields_are_found_by_position(box: Sandbox) -> None:
    near = f"dbo.fGetNearbyFrameEq({M51[0]!r}, {M51[1]!r}, 6, 0)"
    query = f"select f.run, f.camcol, f.field, n.distance from {near} n join Field f"
    rows = _rows(box, f"{query} on f.fieldID = n.fieldID order by n.distance")
    assert {(row["run"], row["camcol"], row["field"]) for row in rows} == {
        field.key for field in holding(*M51)
    }
    assert _rows(box, "select node, incl from Field f join Run r on r.run = f.run where f.run=4144")


def test_functions_of_positions_give_tables(box: Sandbox) -> None:
    cone = f"dbo.fGetNearbyObjEq({M87[0]!r}, {M87[1]!r}, 3)"
    near = _rows(box, f"select * from {cone} n join PhotoPrimary p on p.objID = n.objID")
    stars = set(stars_in(*M87, 0.05, 1))
    assert len(near) == len(stars)
    for row in near:
        apart = 60.0 * distance(M87, (row["ra"], row["dec"]))
        assert row["distance"] == pytest.approx(apart, abs=1e-6)
    (first,) = _rows(box, f"select objID from dbo.fGetNearestObjEq({M87[0]!r}, {M87[1]!r}, 1)")
    assert first["objID"] in {row["objID"] for row in near}
    fiber = _rows(box, f"select * from fGetNearbySpecObjEq({M87[0]!r}, {M87[1]!r}, 0.1)")
    assert fiber[0]["z"] == pytest.approx(0.004283)
    around = _rows(box, "select count(*) as n from fGetObjFromRectEq(359.9, -0.1, 0.1, 0.1)")
    assert 0 < around[0]["n"] < 100


def test_each_release_has_reduced_the_spectra_of_boss_anew(box: Sandbox) -> None:
    query = "select distinct run2d from SpecObjAll where instrument = 'boss'"
    said = {release: _rows(box, query, release) for release in (8, 12, 17)}
    assert said == {8: [], 12: [{"run2d": "v5_7_0"}], 17: [{"run2d": "v5_13_2"}]}
    newest = _rows(box, "select distinct run2d from spAll", 20)
    assert newest == [{"run2d": "v6_2_1"}]
    assert "Invalid object name 'spAll'" in _form(box, "select * from spAll", 17).text


def test_columns_are_named_as_they_are_written_and_without_a_name_as_in_dotnet(
    box: Sandbox,
) -> None:
    query = "select top 1 p.ObjId, p.ra, s.ra, 1+1, dbo.fPhotoTypeN(p.type), p.[dec] as dec"
    text = _form(box, f"{query} from SpecObj s, PhotoObj p where p.objID = s.bestObjID").text
    assert text.splitlines()[:2] == ["#Table1", "ObjId,ra,ra1,Column1,Column2,dec"]


# SkyServer's answers.


@pytest.mark.parametrize(
    "path",
    [
        "dr17/en/tools/search/x_results.aspx",
        "dr17/en/tools/search/X_Results.aspx",
        "dr10/en/tools/search/x_sql.aspx",
        "dr9/en/tools/search/x_sql.asp",
        "dr20/SkyserverWS/SearchTools/SqlSearch",
    ],
)
def test_all_addresses_answer(box: Sandbox, path: str) -> None:
    params = {"cmd": "select top 1 run from Field order by run", "format": "csv"}
    answer = requests.get(f"{box.url}/skyserver.sdss.org/{path}", params=params, timeout=60)
    assert answer.text == "#Table1\nrun\n1458\n"


def test_no_rows_are_said_in_the_words_of_the_release(box: Sandbox) -> None:
    query = "select ra, dec from PhotoObj where ra > 400"
    assert _form(box, query).text == "#Table1\nra,dec\n"
    assert _form(box, query, release=10).text == "No objects have been found\n"
    assert "No objects have been found" in _form(box, query, format="html").text
    assert _rows(box, query) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select nonsense from PhotoObj", "Invalid column name 'nonsense'."),
        ("select ra from Nonsense", "Invalid object name 'Nonsense'."),
        ("select ra from #upload", "Invalid object name '#upload'."),
        ("select * from _photo", "Invalid object name '_photo'."),
        ("select * from sqlite_master", "Invalid object name 'sqlite_master'."),
        ("selekt ra from PhotoObj", "Incorrect syntax near"),
        ("select ra from Field; drop table Field", "Only one SELECT statement is allowed."),
        ("select ra into mine from Field", "Only one SELECT statement is allowed."),
        ("select * from fGetNearbyObjEq(1, 2)", "An insufficient number of arguments"),
        ("select load_extension('x')", "user-defined function"),
        ("", "There is no query."),
    ],
)
def test_an_error_is_a_page_with_status_200_or_a_document(
    box: Sandbox, query: str, words: str
) -> None:
    page = _form(box, query)
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    assert "<title>Skyserver Error</title>" in page.text
    assert words in page.text
    url = f"{box.url}/skyserver.sdss.org/dr17/SkyServerWS/SearchTools/SqlSearch"
    document = requests.get(url, params={"cmd": query}, timeout=60)
    assert document.status_code in {400, 500}
    assert document.json()["Error Code"] == document.status_code


def test_the_61st_query_of_a_minute_is_a_table_that_says_so(box: Sandbox) -> None:
    for _ in range(MOST):
        assert _form(box, "select top 1 run from Run").text.startswith("#Table1\nrun\n")
    answer = _form(box, "select top 1 run from Run")
    assert answer.status_code == 200
    head, sentence = answer.text.split("\n")[1:3]
    assert head == "error_message"
    assert sentence.startswith("ERROR: Maximum 60 queries allowed per minute. Rejected query: sel")
    (row,) = _rows(box, "select top 1 run from Run")
    assert "Maximum 60 queries" in row["error_message"]


def test_after_a_minute_queries_pass_again() -> None:
    throttle = Throttle()
    assert all(throttle.passes(1000.0 + second / 2) for second in range(MOST))
    assert not throttle.passes(1059.9)
    assert throttle.passes(1060.0)  # the first is a minute old
    assert not throttle.passes(1060.1)


def test_cross_identification_keeps_the_askers_names(box: Sandbox) -> None:
    lines = _cross(box, "u.up_name, p.mode, p.ra").text.splitlines()
    assert lines[0] == "#Table1"
    # The star of M 51 is on two frames; only one of them is primary.
    assert lines[1:] == [
        "up_name,mode,ra", f"here,1,{M51[0]}", f"there,1,{M87[0]}",
    ]  # fmt: skip


def test_cross_identification_gives_as_much_as_its_scope_says(box: Sandbox) -> None:
    counts = {
        scope: len(_cross(box, "u.up_id", photoScope=scope).text.splitlines()) - 2
        for scope in ("nearPrim", "nearObj", "allPrim", "allObj")
    }
    assert counts["nearPrim"] == counts["nearObj"] == 2
    assert 2 < counts["allPrim"] < counts["allObj"]


def test_cross_identification_takes_lists_without_names_and_pasted_ones(box: Sandbox) -> None:
    bare = "202.469575, 47.195258\n187.705931, 12.391123"
    lines = _cross(box, "u.up_id", bare, firstcol=0).text.splitlines()
    assert lines[2:] == ["0", "1"]
    pasted = _cross(box, "u.up_id", "", firstcol=0, paste=f"ra dec\n{bare}").text
    assert pasted.splitlines()[2:] == ["0", "1"]
    query = "SELECT s.plate FROM #upload u JOIN #x x ON x.up_id = u.up_id JOIN SpecObj s"
    spectro = {"searchType": "spectro", "uquery": f"{query} ON s.specObjID = x.specObjID"}
    assert _cross(box, "", **spectro).text.splitlines()[2:] == ["701", "703"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"radius": 3.01}, "at most 3 arcmin"),
        ({"radius": "wide"}, "not a number"),
        ({"firstcol": 2}, "Is the number of preceding columns correct?"),
        ({"listed": ""}, "There is no list of positions."),
        ({"listed": "name ra dec\na north 3"}, "not in a correct format"),
    ],
)
def test_a_wrong_list_is_refused(box: Sandbox, wrong: dict[str, Any], words: str) -> None:
    answer = _cross(box, "u.up_id", **wrong)
    assert answer.status_code == 200
    assert "Skyserver Error" in answer.text
    assert words in answer.text


def test_a_colour_picture_is_cut_and_black_outside(box: Sandbox) -> None:
    url = f"{box.url}/skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg"
    from matplotlib.image import imread

    def shades(ra: float, dec: float) -> Any:
        params = {"ra": ra, "dec": dec, "scale": 0.8, "width": 300, "height": 200}
        return imread(io.BytesIO(requests.get(url, params=params, timeout=60).content), "jpeg")

    here = shades(*M87)
    assert here.shape == (200, 300, 3)
    assert here[95:105, 145:155].mean() > 200
    assert shades(80.89, -69.75).max() == 0
    wrong = requests.get(url, params={"ra": 1, "dec": 1, "width": 4000}, timeout=60)
    assert wrong.json()["Error Code"] == 400


def test_json_holds_identifiers_as_whole_numbers(box: Sandbox) -> None:
    url = f"{box.url}/skyserver.sdss.org/dr17/SkyServerWS/SearchTools/SqlSearch"
    query = "select top 1 objID, specObjID from PhotoObj where specObjID > 0"
    text = requests.get(url, params={"cmd": query}, timeout=60).text
    assert all(isinstance(cell, int) for cell in json.loads(text)[0]["Rows"][0].values())
