"""This file has SDSS's pieces chosen among fields: as few as show it all, or an honest line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from sdss_answers import STEP, field, opened, scan, skyserver, sql_of

from skyatlas.archive import Pace
from skyatlas.archives.sdss import Sdss
from skyatlas.errors import BadInput, Broken
from skyatlas.model import Note, Product, Target, Why
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.sdss_footprint import fields as footprint
from skyatlas.stamp import Stamp
from skyatlas.testing import Answer, Request

HERE = (150.0, 2.0)
SIZE = 0.05
M51 = (202.469575, 47.195258)
M77 = (40.669629, -0.013281)
M87 = (187.705931, 12.391123)
LMC = (80.89, -69.75)


def stamp(
    place: tuple[float, float] = HERE, size: float = SIZE, band: str = "r", **more: Any
) -> Stamp:
    return Stamp(Target(more.pop("name", "here"), *place), "sdss", band, size, size, **more)


def had(answer: Callable[[Request], Answer], *stamps: Stamp) -> list[tuple[int, Product | Note]]:
    with opened(answer) as (_, door):
        return list(Sdss().stamps(stamps, door))


def product_of(answer: Callable[[Request], Answer], one: Stamp) -> Product:
    ((_, product),) = had(answer, one)
    assert isinstance(product, Product)
    return product


def test_the_survey_says_what_it_has() -> None:
    (survey,) = Sdss().surveys()
    assert (survey.name, survey.archive, survey.scale) == ("sdss", "sdss", 0.396)
    assert list(survey.bands) == ["u", "g", "r", "i", "z"]
    assert survey.usual == ("g", "r", "i")
    assert 4e-7 < survey.bands["g"][0] < survey.bands["g"][1] < 6e-7


def test_a_piece_on_one_frame_keeps_its_pixels() -> None:
    one = stamp()
    product = product_of(skyserver(Field=[field(*HERE)]), one)
    assert product.made == "mosaic"
    folder = "https://data.sdss.org/sas/dr17/eboss/photoObj/frames/301/1000/3"
    assert product.sources == (f"{folder}/frame-r-001000-3-0100.fits.bz2",)
    assert product.url == f"{product.sources[0]}#{one.key}"
    assert (product.product_id, product.name) == (one.key, "here_sdss_r.fits")
    assert (product.folder, product.semantics) == ("here", "#cutout")
    facts = product.provenance
    assert facts["pixels"] == "original"
    assert facts["photometry"].startswith("safe")
    assert facts["frames"] == ["001000-3-0100"]
    assert facts["data_release"] == 17
    assert "Survey IV" in Sdss().acknowledgement([product])


def test_a_piece_across_a_border_is_made_of_both_frames() -> None:
    row = scan(*HERE, 2)
    border = (HERE[0] + STEP / 2 / math.cos(math.radians(2.0)), 2.0)
    product = product_of(skyserver(Field=row), stamp(border, 0.1))
    assert product.provenance["frames"] == ["001000-3-0100", "001000-3-0101"]
    assert len(product.sources) == 2
    assert product.provenance["pixels"] == "resampled"
    assert product.provenance["photometry"].startswith("resampled")


def test_one_frame_that_shows_it_all_is_better_than_two() -> None:
    row = scan(*HERE, 3)
    border = (HERE[0] + STEP / 2 / math.cos(math.radians(2.0)), 2.0)
    alone = field(*border, 7, run=94, score=0.1)
    product = product_of(skyserver(Field=[*row, alone]), stamp(border, 0.1))
    assert product.provenance["frames"] == ["000094-3-0007"]


def test_of_equal_fields_the_survey_s_own_choice_is_taken() -> None:
    worse = field(*HERE, run=94, score=0.3)
    smaller = field(*HERE, run=752, primaryArea=0.001)
    best = field(*HERE, run=1478)
    product = product_of(skyserver(Field=[worse, smaller, best]), stamp())
    assert product.provenance["frames"] == ["001478-3-0100"]


def test_what_the_first_choice_made_superfluous_is_left_out() -> None:
    # The middle one shows most, but the outer two are needed anyway, and show it all.
    outer = [field(HERE[0] + way * 0.08, 2.0, 50 + way, run=94) for way in (-1, 1)]
    middle = field(*HERE, 7, run=752)
    product = product_of(skyserver(Field=[middle, *outer]), stamp(HERE, 0.2))
    assert sorted(product.provenance["frames"]) == ["000094-3-0049", "000094-3-0051"]


def test_nowhere_is_said_once_for_all_bands_and_is_no_failure() -> None:
    answer = skyserver(Field=[field(20.0, 2.0)])
    notes = {note for _, note in had(answer, *(stamp(LMC, band=band) for band in "gri"))}
    (note,) = notes
    assert isinstance(note, Note)
    assert note.why is Why.OUTSIDE
    assert note.text.startswith("SDSS has not looked at here (80.89 -69.75 ICRS)")
    assert "DR17" in note.text
    ((_, note),) = had(answer, stamp(LMC, name="80.89 -69.75"))
    assert note.text == "SDSS has not looked at 80.89 -69.75: no image in DR17"  # type: ignore[union-attr]


def test_a_piece_that_is_partly_outside_says_how_much() -> None:
    edge = (HERE[0] + 1489 * 0.396 / 7200 / math.cos(math.radians(2.0)), 2.0)
    (_, note), (_, product) = had(skyserver(Field=[field(*HERE)]), stamp(edge))
    assert isinstance(note, Note)
    assert isinstance(product, Product)
    assert note.why is Why.ASSUMED
    assert "about 50 % lies outside SDSS's images (DR17)" in note.text


def test_many_pieces_take_few_questions() -> None:
    stamps = [stamp((10.0 + n, 2.0), band=band) for n in range(30) for band in "gri"]
    with opened(skyserver(Field=[])) as (server, door):
        answered = list(Sdss().stamps(stamps, door))
    assert sorted(index for index, _ in answered) == list(range(90))
    assert len(server.seen) == 2
    assert "12.0" in sql_of(server.seen[0])


def test_whole_frames_are_all_that_touch_as_they_are() -> None:
    row = scan(*HERE, 3)
    parts = had(skyserver(Field=[*row, field(20.0, 2.0)]), stamp(HERE, 0.2, whole=True))
    products = [part for _, part in parts if isinstance(part, Product)]
    assert [one.name for one in products] == [
        "frame-r-001000-3-0100.fits.bz2",
        "frame-r-001000-3-0101.fits.bz2",
    ]
    for one in products:
        assert (one.semantics, one.made, one.folder) == ("#this", "", "here")
        assert one.provenance["pixels"] == "original"
    assert len({one.product_id for one in products}) == 2


def test_a_picture_is_sdss_s_own_with_all_digits_of_its_place() -> None:
    place = (150.0 + 1.23456789e-7, 2.0)
    product = product_of(skyserver(Field=[field(*HERE)]), stamp(place, band="irg", picture=True))
    address = urlsplit(product.url)
    said = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert address.path == "/dr17/SkyServerWS/ImgCutout/getjpeg"
    assert float(said["ra"]) == place[0]
    assert int(said["width"]) == math.ceil(SIZE * 3600 / 0.396)
    assert product.name == "here_sdss_irg.jpg"
    assert "own colours" in product.provenance["route"]


def test_a_large_picture_has_larger_pixels_and_no_more_than_2048() -> None:
    row = scan(149.6, 2.0, 6)
    parts = had(skyserver(Field=row), stamp(HERE, 0.5, "irg", picture=True))
    (product,) = (part for _, part in parts if isinstance(part, Product))
    said = {name: values[0] for name, values in parse_qs(urlsplit(product.url).query).items()}
    assert int(said["width"]) == 2048
    assert float(said["scale"]) == pytest.approx(0.5 * 3600 / 2048)


@pytest.mark.parametrize(
    ("band", "picture"), [("y", False), ("gr", False), ("zrg", True), ("", False)]
)
def test_a_band_that_it_has_not_is_refused_before_asking(band: str, picture: bool) -> None:
    stamps = [stamp(), stamp(band=band, picture=picture)]
    with opened(skyserver(Field=[])) as (server, door), pytest.raises(BadInput):
        list(Sdss().stamps(stamps, door))
    assert not server.seen


def test_a_failing_skyserver_is_no_empty_sky() -> None:
    page = Answer(b"<html><title>Skyserver Error</title><h3>down</h3></html>", "text/html")
    with pytest.raises(Broken, match="down"):
        had(lambda _: page, stamp())


@pytest.mark.parametrize(
    ("place", "least"), [(M51, 2), (M77, 1), (M87, 1), ((0.0, 0.0), 1), ((0.0, 89.9), 1)]
)
def test_pieces_of_the_sandbox_are_of_frames_that_show_them(
    box: Sandbox, place: tuple[float, float], least: int
) -> None:
    hosts = {host: Host("sdss", Pace(at_once=2, per_second=0)) for host in Sdss.hosts}
    size = 10 / 60
    with StreetDoor(hosts, sandbox=box.url, patience=Patience(tries=1)) as door:
        parts = [part for _, part in Sdss().stamps([stamp(place, size, "g")], door)]
    (product,) = (part for part in parts if isinstance(part, Product))
    names = product.provenance["frames"]
    assert len(names) >= least
    held = {f"{one.run:06d}-{one.camcol}-{one.number:04d}": one for one in footprint().values()}
    if len(parts) == 1:  # nothing is said to be missing
        offsets = np.linspace(-0.499, 0.499, 9) * size
        for x in offsets:
            for y in offsets:
                ra, dec = _beside(place, float(x), float(y))
                assert any(held[name].holds(ra, dec) for name in names), (ra, dec)


def _beside(place: tuple[float, float], x: float, y: float) -> tuple[float, float]:
    """The place so many degrees east and north in the tangent plane."""
    ra, dec = np.radians(place)
    xi, eta = math.radians(x), math.radians(y)
    down = math.cos(dec) - eta * math.sin(dec)
    turned = math.atan2(xi, down)
    there = math.atan2(math.sin(dec) + eta * math.cos(dec), math.hypot(xi, down))
    return math.degrees(ra + turned) % 360.0, math.degrees(there)
