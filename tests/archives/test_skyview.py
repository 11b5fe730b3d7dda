"""This file asks SkyView for images: the addresses, the pixels, and where the stars are in them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.archives.skyview import SkyView, images, surveys
from skyatlas.errors import BadInput, Corrupt, Refused, Unreadable
from skyatlas.journeys.fetch import Plan
from skyatlas.memory import Memory
from skyatlas.model import Note, Product, Target, Why
from skyatlas.sandbox.survey_sky import bright_in
from skyatlas.stamp import Stamp
from skyatlas.testing import Answer, Server

if TYPE_CHECKING:
    from pathlib import Path

    from skyatlas.sandbox import Sandbox, World
    from skyatlas.session import Session

M51 = Target("M 51", 202.469575, 47.1952583)
SKYVIEW = SkyView()


class OnlyMemory:
    """A door that nobody may go through."""

    def __init__(self) -> None:
        self.memory = Memory()


def stamp(target: Target = M51, survey: str = "DSS2 Red", size: float = 0.05, **how: Any) -> Stamp:
    return Stamp(target, survey, **{"band": "", "width": size, "height": size, **how})


def made(*stamps: Stamp) -> list[Product | Note]:
    return [part for _, part in SKYVIEW.stamps(stamps, OnlyMemory())]  # type: ignore[arg-type]


def product(one: Stamp) -> Product:
    found = made(one)[0]
    assert isinstance(found, Product)
    return found


def asked(one: Product) -> dict[str, str]:
    query = parse_qs(urlsplit(one.url).query, strict_parsing=True)
    return {name: value for name, (value,) in query.items()}


# What is listed.


def test_every_name_of_the_form_is_listed_letter_by_letter(shared_data: Path) -> None:
    recorded = shared_data / "responses/astroquery_skyview/survey_dict.json"
    names = {name for group in json.loads(recorded.read_text()).values() for name in group}
    assert {one.name for one in SKYVIEW.surveys()} == names
    assert "IRIS  12" in names


def test_scales_are_those_that_skyview_itself_used(shared_data: Path) -> None:
    page = (shared_data / "responses/astroquery_skyview/results.html").read_text("latin-1")
    told: dict[str, float] = {}
    for block in page.split("x = new Object()")[1:]:
        said = dict(line.split("=", 1) for line in block.splitlines() if line.startswith("x['_cur"))
        scale = block.split("x['scale']='")[1].split("'")[0].split(",")[0]
        told[said["x['_currentsurvey']"].strip("'")] = 3600.0 * float(scale)
    assert len(told) == 3
    ours = {one.name: one.scale for one in SKYVIEW.surveys()}
    assert {name: ours[name] for name in told} == pytest.approx(told)


def test_what_is_listed_makes_sense() -> None:
    listed = SKYVIEW.surveys()
    assert len({one.word for one in listed}) == len(listed) > 200
    wavebands = {"radio", "millimeter", "infrared", "optical", "uv", "euv", "x-ray", "gamma-ray"}
    for one in listed:
        assert one.waveband in wavebands
        ((low, high),) = one.bands.values()
        assert 0.0 <= low <= high
        assert one.scale is None or 0.01 < one.scale < 3601
        assert one.pixels == "resampled"
        assert one.title
        assert (low, high) == surveys.UNSAID or 1e-19 < low <= high < 20.0, one.name


# What is asked.


def test_a_call_has_every_digit_of_the_place_and_one_survey() -> None:
    here = Target("here", 83.63321234567891, -5.391111111111111)
    one = product(stamp(here, "DSS2 Red", 0.05))
    assert one.url.startswith("https://skyview.gsfc.nasa.gov/current/cgi/runquery.pl?Position=83.6")
    assert asked(one) == {
        "Position": "83.63321234567891,-5.391111111111111",
        "Coordinates": "ICRS",
        "Survey": "DSS2 Red",
        "Projection": "Tan",
        "Sampler": "LI",
        "Pixels": "180,180",
        "Size": "0.05,0.05",
        "Return": "FITS",
    }
    assert "%20" in one.url
    assert "+" not in one.url


def test_a_number_is_never_written_with_an_exponent() -> None:
    # SkyView takes what is not digits, signs, dots, commas and colons for a name.
    one = product(stamp(Target("close to 0", 1e-05, -2.5e-07)))
    assert asked(one)["Position"] == "0.00001,-0.00000025"
    assert "e-" not in asked(product(stamp(width=2e-5, height=2e-5)))["Size"]


def test_an_image_has_the_survey_s_own_pixels_and_covers_what_was_asked() -> None:
    one = asked(product(stamp(survey="WISE 3.4", width=0.1, height=0.05)))
    columns, rows = map(int, one["Pixels"].split(","))
    width, height = map(float, one["Size"].split(","))
    assert 3600 * width / columns == pytest.approx(1.37484, rel=1e-12)
    assert 3600 * height / rows == pytest.approx(1.37484, rel=1e-12)
    assert 0.1 <= width < 0.1 + 1.37484 / 3600
    assert 0.05 <= height < 0.05 + 1.37484 / 3600


def test_too_many_pixels_become_larger_ones_and_that_is_said() -> None:
    coarse, note = made(stamp(survey="GOODS: HST ACS B", size=0.1))
    assert isinstance(coarse, Product)
    assert asked(coarse)["Pixels"] == f"{images.MOST},{images.MOST}"
    assert float(asked(coarse)["Size"].split(",")[0]) == pytest.approx(0.1, rel=1e-12)
    assert coarse.provenance["s_pixel_scale"] == pytest.approx(0.072)
    assert coarse.provenance["survey_pixel_scale"] == 0.03
    assert isinstance(note, Note)
    assert note.why is Why.ASSUMED
    assert "0.072 arcsec, not the survey's 0.03" in note.text


@pytest.mark.parametrize("scale", [None, 0.03, 1.0, 45.0, 3600.0])
@pytest.mark.parametrize("sides", [(0.001, 0.001), (0.1, 0.1), (0.02, 3.0), (60.0, 60.0)])
def test_a_grid_covers_its_piece_with_square_pixels_neither_too_few_nor_too_many(
    sides: tuple[float, float], scale: float | None
) -> None:
    grid = images.grid(*sides, scale)
    assert grid.width >= sides[0] * (1 - 1e-8)
    assert grid.height >= sides[1] * (1 - 1e-8) or grid.rows == images.MOST
    assert 5 <= min(grid.columns, grid.rows) <= max(grid.columns, grid.rows) <= images.MOST
    assert grid.width / grid.columns == pytest.approx(grid.height / grid.rows, rel=1e-9)


def test_pixels_projection_and_sampler_are_taken_as_they_are_given() -> None:
    one = product(stamp(pixels=(300, 200), projection="CAR", sampler="Lanczos3"))
    said = asked(one)
    assert (said["Pixels"], said["Size"]) == ("300,200", "0.05,0.05")
    assert (said["Projection"], said["Sampler"]) == ("Car", "Lanczos3")
    assert one.provenance["sampler"] == "Lanczos3"
    assert one.provenance["projection"] == "CAR"
    assert one.size == 4 * 300 * 200


def test_a_product_tells_that_its_pixels_are_interpolated() -> None:
    wanted = stamp(survey="2mass-k")
    one = product(wanted)
    assert one.product_id == wanted.key
    assert (one.name, one.folder, one.target) == ("M_51_2mass-k.fits", "M_51", "M 51")
    assert (one.archive, one.obs_id, one.semantics) == ("skyview", "2MASS-K", "#cutout")
    facts = one.provenance
    assert (facts["route"], facts["pixels"]) == ("SkyView", "resampled")
    assert facts["photometry"].startswith("unsafe: SkyView interpolates (LI)")
    assert facts["em_min"] == pytest.approx(2.028e-6)
    assert "em_min" not in product(stamp(survey="SFD Dust Map")).provenance


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"survey": "DSS3"}, "no survey 'DSS3'"),
        ({"band": "r"}, "one band"),
        ({"sampler": "magic"}, "no sampler 'magic'"),
        ({"projection": "XYZ"}, "no projection 'XYZ'; there are: TAN, CAR"),
        ({"pixels": (9000, 10)}, "9000 x 10 pixels"),
        ({"width": 100.0, "height": 100.0}, "too wide for the projection TAN"),
        ({"whole": True}, "no whole images"),
        ({"picture": True}, "no colour pictures"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        made(stamp(), stamp(**wrong))


# What comes.


def _offsets(path: Path, seed: int) -> list[float]:
    """How far (pixels) bright stars that stand alone are from where they should be."""
    with fits.open(path) as hdus:
        pixels, wcs = hdus[0].data.astype(float), WCS(hdus[0].header)
    found = []
    for _, x, y in bright_in(wcs, pixels.shape, seed)[:8]:
        column, row = round(x), round(y)
        box = pixels[row - 7 : row + 8, column - 7 : column + 8] - np.median(pixels)
        box = np.where(box > 0.1 * box.max(), box, 0.0)
        rows, columns = np.mgrid[-7:8, -7:8]
        along = (box * columns).sum() / box.sum() + column - x
        up = (box * rows).sum() / box.sum() + row - y
        found.append(math.hypot(along, up))
    return found


@pytest.mark.parametrize(
    "place",
    [M51, Target("zero", 0.0005, 0.3), Target("north", 123.4, 89.9), Target("south", 7.0, -89.9)],
    ids=lambda target: target.asked,
)
def test_stars_are_where_they_should_be(
    place: Target, atlas: Session, world: World, tmp_path: Path
) -> None:
    wanted = stamp(place, "DSS2 Red", 0.2)
    products = [part for _, part in SKYVIEW.stamps([wanted], atlas.door)]
    (receipt,) = atlas.fetch(Plan(tuple(products)), tmp_path).receipts
    with fits.open(receipt.path) as hdus:
        wcs = WCS(hdus[0].header)
        rows, columns = hdus[0].shape
    middle = wcs.pixel_to_world((columns - 1) / 2, (rows - 1) / 2).icrs
    assert middle.separation(_sky(place)).arcsec < 0.01
    offsets = _offsets(receipt.path, world.seed)
    assert offsets
    assert max(offsets) < 0.1


def _sky(place: Target) -> Any:
    from astropy.coordinates import SkyCoord

    return SkyCoord(place.ra, place.dec, unit="deg")


# What comes instead.


def test_skyview_s_own_words_for_no_coverage_are_no_failure(atlas: Session) -> None:
    nowhere = product(stamp(Target("LMC", 80.89, -69.75), "NVSS"))
    error = Corrupt("a web page came", product=nowhere)
    error.said = atlas.door.ask(nowhere.url).text[:4096]
    assert SKYVIEW.outside(error) == "NVSS has not looked there, says SkyView"


@pytest.mark.parametrize("change", [("ICRS", "nonsense"), ("NVSS", "nothing")])
def test_any_other_page_is_an_error(change: tuple[str, str], atlas: Session) -> None:
    one = product(stamp(Target("LMC", 80.89, -69.75), "NVSS"))
    error = Corrupt("a web page came", product=one)
    error.said = atlas.door.ask(one.url.replace(*change)).text[:4096]
    assert "irrecoverable error" in error.said
    assert SKYVIEW.outside(error) == ""


def test_a_404_means_no_coverage_only_for_surveys_of_a_part_of_the_sky() -> None:
    def refused(survey: str, status: int = 404) -> Refused:
        return Refused("no such page", url=product(stamp(survey=survey)).url, status=status)

    assert SKYVIEW.outside(refused("SDSSg")) == (
        "SDSSg has not looked there: SkyView has no image of it (HTTP 404)"
    )
    assert SKYVIEW.outside(refused("DSS2 Red")) == ""
    assert SKYVIEW.outside(refused("SDSSg", 403)) == ""


# What is new.


def _form(*names: str) -> bytes:
    options = "".join(f"<option>{name}" for name in names)
    overlay = "<select name='survey' id='overlay_red'><option>None</select>"
    return f"<form><select NAME='survey' id='Radio:MHz'>{options}</select>{overlay}".encode()


ENOUGH = [f"survey {number}" for number in range(30)]


def test_a_new_survey_is_remembered_and_one_that_is_gone_is_told(
    atlas: Session, box: Sandbox
) -> None:
    told = SKYVIEW.refresh(atlas.door)
    assert any("has a new survey: Planck 857" in one for one in told)
    assert "SkyView has no survey TESS any more" in told
    remembered = {one.name: one for one in SKYVIEW.remembered(atlas.door.memory)}
    assert "TESS" not in remembered
    assert remembered["DSS2 Red"].scale == 1.0
    fresh = stamp(survey="planck857")
    assert next(SKYVIEW.stamps([fresh], atlas.door))[1].obs_id == "Planck 857"  # type: ignore[union-attr]
    assert SKYVIEW.refresh(atlas.door) == ()
    assert len([one for one in box.requests if one.path.endswith("basicform.pl")]) == 2


def test_the_recorded_form_is_read_with_every_blank(atlas: Session, shared_data: Path) -> None:
    page = (shared_data / "responses/astroquery_skyview/query_page.html").read_bytes()
    with Server(lambda request: Answer(page, "text/html")) as server, _door(server) as door:
        SKYVIEW.refresh(door)
        names = [one.name for one in SKYVIEW.remembered(door.memory)]
    assert len(names) == len(set(names)) > 150
    assert {"IRIS  12", "EGRET <100 MeV", "SDSSdr7g", "GOODS: VLA North"} <= set(names)
    assert "None" not in names


def test_what_is_not_known_of_a_new_survey_stays_unsaid() -> None:
    page = Answer(_form(*ENOUGH), "text/html")
    with Server(lambda request: page) as server, _door(server) as door:
        SKYVIEW.refresh(door)
        first = SKYVIEW.remembered(door.memory)[0]
    assert (first.name, first.waveband, first.scale) == ("survey 0", "radio", None)
    assert first.bands == {"": surveys.UNSAID}
    assert asked(_first(first.name, door.memory))["Pixels"] == "300,300"


@pytest.mark.parametrize(
    "page", [b"<html>We are moving.</html>", b"", _form("DSS"), b"<select name='survey' id='a'>"]
)
def test_a_page_that_is_no_form_is_unreadable_and_changes_nothing(page: bytes) -> None:
    pages = [_form(*ENOUGH), page]
    with Server(lambda request: Answer(pages.pop(0), "text/html")) as server, _door(server) as door:
        SKYVIEW.refresh(door)
        before = SKYVIEW.remembered(door.memory)
        with pytest.raises(Unreadable, match="cannot be all"):
            SKYVIEW.refresh(door)
        assert SKYVIEW.remembered(door.memory) == before


def _first(name: str, memory: Memory) -> Product:
    door = OnlyMemory()
    door.memory = memory
    (found,) = [part for _, part in SKYVIEW.stamps([stamp(survey=name)], door)]  # type: ignore[arg-type]
    assert isinstance(found, Product)
    return found


def _door(server: Server) -> Any:
    from skyatlas.archive import Pace
    from skyatlas.net.door import Host, Patience, StreetDoor

    hosts = {"skyview.gsfc.nasa.gov": Host("skyview", Pace(at_once=2, per_second=0))}
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    return StreetDoor(hosts, sandbox=server.url, patience=patience)


# What is thanked.


def test_thanks_are_skyview_s_and_those_of_the_surveys() -> None:
    parts = [product(stamp(survey=name)) for name in ("DSS2 Red", "2MASS-J", "2MASS-H", "NVSS")]
    text = SKYVIEW.acknowledgement(parts)
    assert text.startswith("We acknowledge the use of NASA's SkyView facility")
    assert text.count("Two Micron All Sky Survey, which") == 1
    assert "Digitized Sky Surveys were produced" in text
    assert "Images of NVSS were used" in text
    assert "Wide-field" not in text
    assert SKYVIEW.acknowledgement([]) == ""
