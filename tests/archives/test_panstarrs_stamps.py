"""This file has pieces of PS1's skycells cut in the sandbox, and measures the stars in them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from skyatlas.archives.panstarrs import PanStarrs
from skyatlas.archives.panstarrs.skycells import best
from skyatlas.errors import BadInput, Broken, Corrupt
from skyatlas.journeys.fetch import Plan
from skyatlas.model import Note, Product, Target, Why
from skyatlas.sandbox.survey_sky import bright_in
from skyatlas.stamp import Stamp

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

M51 = (202.469575, 47.195258)
MIDDLES = [(0.0, 2.2), (123.4, 20.7), (10.0, 89.9), (359.99, 45.94), (40.669629, -0.0132811234567)]


def _stamp(
    place: tuple[float, float], band: str = "r", side: float = 4 / 60, **words: Any
) -> Stamp:
    return Stamp(Target("here", *place), "ps1", band, side, side, **words)


def _made(atlas: Session, *wanted: Stamp) -> list[tuple[int, Product | Note]]:
    return list(PanStarrs().stamps(wanted, atlas.door))


def _product(atlas: Session, stamp: Stamp) -> Product:
    ((number, product),) = _made(atlas, stamp)
    assert number == 0
    assert isinstance(product, Product)
    return product


def _within(inside: float = 0.5) -> tuple[float, float]:
    """A place inside of a skycell: so many of its widths from the left, half way up."""
    cell = best(*M51)
    assert cell is not None
    return cell.sky(inside * cell.size[0], 0.5 * cell.size[1])


def _at_an_edge() -> tuple[float, float]:
    """A place for which a skycell is the best, but 65 arcsec from the skycell's edge."""
    cell = best(*M51)
    assert cell is not None
    return cell.sky(260.0, 0.5 * cell.size[1])


def _opened(path: Path) -> tuple[np.ndarray, WCS]:
    with fits.open(path) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # PC001001, as PS1 writes it
        return np.array(hdus[0].data, dtype=float), WCS(hdus[0].header)


def _stars_apart(path: Path, seed: int) -> list[float]:
    """Pixels between each bright star and where it should be."""
    pixels, wcs = _opened(path)
    apart = []
    for _, x, y in bright_in(wcs, pixels.shape, seed):
        left, low = round(x) - 7, round(y) - 7
        light = pixels[low : low + 15, left : left + 15]
        if np.isfinite(light).all():
            light = light - np.median(light)
            light = np.where(light > 0.02 * light.max(), light, 0.0)
            rows, columns = np.mgrid[low : low + 15, left : left + 15]
            middle = [(light * one).sum() / light.sum() for one in (columns, rows)]
            apart.append(float(np.hypot(middle[0] - x, middle[1] - y)))
    return apart


def _fetched(atlas: Session, urls: tuple[str, ...], folder: Path) -> list[Path]:
    plan = Plan(tuple(Product(url, name=f"{number}.fits") for number, url in enumerate(urls)))
    fetched = atlas.fetch(plan, folder)
    assert not fetched.failures
    return [receipt.path for receipt in fetched.receipts]


def test_a_piece_inside_of_a_skycell_is_cut_by_the_service_and_not_touched(
    atlas: Session, box: Sandbox
) -> None:
    place = _within()
    product = _product(atlas, stamp := _stamp(place, "i", 0.05))
    cell = best(*place)
    assert cell is not None
    path = f"/rings.v3.skycell/{cell.name.replace('.', '/')}"
    assert product.url.partition("?")[2].split("&") == [
        f"red={path}/rings.v3.skycell.{cell.name}.stk.i.unconv.fits",
        f"ra={place[0]!r}",
        f"dec={place[1]!r}",
        "size=720",
        "format=fits",
    ]
    assert (product.made, product.sources) == ("", ())
    assert (product.product_id, product.name, product.folder, product.semantics) == (
        stamp.key,
        "here_ps1_i.fits",
        "here",
        "#cutout",
    )
    facts = product.provenance
    assert facts["pixels"] == "original"
    assert facts["photometry"] == "safe"
    assert facts["route"] == "fitscut.cgi"
    assert "log10(EXPTIME)" in facts["zero_point"]
    assert facts["em_min"] == pytest.approx(690e-9)
    assert facts["instrument_name"] == "GPC1"
    assert len(box.requests) == 1


@pytest.mark.parametrize("place", MIDDLES)
def test_stars_of_a_fetched_piece_are_where_they_should_be(
    atlas: Session, box: Sandbox, tmp_path: Path, place: tuple[float, float]
) -> None:
    product = _product(atlas, _stamp(place, "g", 0.12))
    files = _fetched(atlas, product.sources or (product.url,), tmp_path)
    apart = [one for file in files for one in _stars_apart(file, box.world.seed)]
    assert apart
    assert max(apart) < 0.1


def test_all_pieces_are_asked_for_in_one_question(atlas: Session, box: Sandbox) -> None:
    wanted = [_stamp(_within(inside), band, 0.03) for inside in (0.3, 0.5, 0.7) for band in "grizy"]
    made = _made(atlas, *wanted)
    assert [number for number, _ in made] == list(range(15))
    assert len({part.product_id for _, part in made if isinstance(part, Product)}) == 15
    assert len(box.requests) == 1


def test_a_piece_over_an_edge_is_made_of_what_both_skycells_have(
    atlas: Session, box: Sandbox, tmp_path: Path
) -> None:
    product = _product(atlas, stamp := _stamp(_at_an_edge(), "r", 0.1))
    assert product.made == "mosaic"
    assert len(product.sources) == 2
    assert product.url == f"{product.sources[0]}#{stamp.key}"
    assert product.provenance["pixels"] == "resampled"
    assert product.provenance["photometry"] != "safe"
    assert len(box.requests) == 2
    # Every place of the rectangle is in one of them, and few bytes are of nothing.
    steps = np.linspace(-0.05, 0.05, 40)
    grid = np.stack([one.ravel() for one in np.meshgrid(steps, steps)], axis=-1)
    frame = WCS(naxis=2)
    frame.wcs.ctype, frame.wcs.crval = ["RA---TAN", "DEC--TAN"], list(stamp.place)
    sky = frame.wcs_pix2world(grid, 1)
    covered = np.zeros(len(grid), dtype=bool)
    for file in _fetched(atlas, product.sources, tmp_path):
        pixels, wcs = _opened(file)
        x, y = np.round(wcs.wcs_world2pix(sky, 0)).astype(int).T
        covered |= (x >= 0) & (y >= 0) & (x < pixels.shape[1]) & (y < pixels.shape[0])
        assert np.isnan(pixels).mean() < 0.05
    assert covered.all()


def test_a_piece_near_an_edge_that_fits_is_not_resampled(atlas: Session) -> None:
    fits_in = _stamp(_at_an_edge(), "r", 2 * 255 * 0.25 / 3600)
    assert _product(atlas, fits_in).made == ""
    assert _product(atlas, replace(fits_in, width=fits_in.width * 1.1)).made == "mosaic"


def test_a_piece_may_be_wider_than_high(atlas: Session, tmp_path: Path) -> None:
    product = _product(atlas, replace(_stamp(_within(), "z"), width=0.05, height=0.02))
    assert "size=720,288" in product.url
    (file,) = _fetched(atlas, (product.url,), tmp_path)
    assert _opened(file)[0].shape == (288, 720)


def test_a_picture_is_a_jpeg_of_three_bands(atlas: Session, tmp_path: Path) -> None:
    product = _product(atlas, _stamp(_within(), "irg", 0.02, picture=True))
    assert product.name == "here_ps1_irg.jpg"
    words = dict(word.split("=") for word in product.url.partition("?")[2].split("&"))
    bands = [words[color].rpartition(".stk.")[2][0] for color in ("red", "green", "blue")]
    assert bands == ["i", "r", "g"]
    assert product.provenance["photometry"].startswith("none")
    (receipt,) = atlas.fetch(Plan((product,)), tmp_path).receipts
    assert receipt.path.read_bytes().startswith(b"\xff\xd8")


def test_whole_means_every_skycell_that_the_rectangle_touches(atlas: Session) -> None:
    made = _made(atlas, _stamp(_at_an_edge(), "r", 0.1, whole=True))
    products = [part for _, part in made if isinstance(part, Product)]
    assert len(products) == len(made) == 2
    assert {one.semantics for one in products} == {"#this"}
    assert len({one.product_id for one in products}) == 2
    assert {one.folder for one in products} == {"here"}
    assert all("BSOFTEN" in one.provenance["photometry"] for one in products)
    assert all(one.url.endswith(f"/{one.name}") for one in products)


def test_where_ps1_has_not_looked_is_a_note_for_that_piece_only(atlas: Session) -> None:
    (_, first), (number, note) = _made(atlas, _stamp(_within()), _stamp((80.89, -69.75)))
    assert isinstance(first, Product)
    assert isinstance(note, Note)
    assert (number, note.why) == (1, Why.OUTSIDE)
    assert note.text == (
        "PS1 has not looked at 80.89000 -69.75000 (it covers what lies north of declination "
        "-30 degrees)"
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"band": "u"}, "no band 'u'"),
        ({"band": ""}, "no band"),
        ({"band": "irg"}, "no band 'irg'"),
        ({"band": "ir", "picture": True}, "one band or three"),
        ({"band": "ugr", "picture": True}, "no band"),
        ({"side": 0.51}, "ask for whole images"),
        ({"side": 0.1 / 3600}, "less than a pixel"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anybody_is_asked(
    atlas: Session, box: Sandbox, words: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        _made(atlas, _stamp(M51, **words))
    assert not box.requests


def test_no_bytes_mean_no_coverage_and_a_page_only_where_it_says_so(
    atlas: Session, tmp_path: Path
) -> None:
    archive = PanStarrs()
    product = _product(atlas, _stamp(_within()))
    elsewhere = replace(product, url=product.url.replace("ra=", "ra=204.5&was="))
    (failure,) = atlas.fetch(Plan((elsewhere,)), tmp_path).failures
    assert isinstance(failure.error, Corrupt)
    assert "skycell ends" in archive.outside(failure.error)
    page = Corrupt("instead of a.fits a web page came")
    page.said = "<html><body>The position is not in the image.</body></html>"
    assert "skycell ends" in archive.outside(page)
    page.said = "<html><body>We are moving to a new building.</body></html>"
    assert archive.outside(page) == ""
    assert archive.outside(Broken("out of order", status=503)) == ""


def test_a_page_in_place_of_a_piece_is_a_failure(atlas: Session, tmp_path: Path) -> None:
    product = _product(atlas, _stamp(_within()))
    nonsense = replace(product, url=product.url.replace("size=", "size=x"))
    (failure,) = atlas.fetch(Plan((nonsense,)), tmp_path).failures
    assert isinstance(failure.error, Corrupt)
    assert PanStarrs().outside(failure.error) == ""
