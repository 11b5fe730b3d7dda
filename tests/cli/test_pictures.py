"""This file types `skyatlas plot` at images: colour, sheets, catalogues, marks."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from PIL import Image as Pictures

from skyatlas import library, plots
from skyatlas.journeys import catalogues, pictures
from skyatlas.model import Product, Receipt

if TYPE_CHECKING:
    from skyatlas.session import Session

    from .conftest import Typing

RA, DEC = 40.6696, -0.0133


def write_image(path: Path, **cards: Any) -> Path:
    """A small image around NGC 1068."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [RA, DEC], [20.5, 20.5]
    wcs.wcs.cdelt = [-1 / 3600, 1 / 3600]
    pixels = np.random.default_rng(1).normal(10, 1, (40, 40)).astype(np.float32)
    hdu = fits.PrimaryHDU(pixels, wcs.to_header())
    hdu.header.update(cards)
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu.writeto(path)
    return path


def write_receipt(path: Path, **facts: Any) -> None:
    product = Product(
        archive="sdss", product_id="id", obs_id="", url="", name=path.name, target="M77",
        provenance=facts,
    )  # fmt: skip
    size = path.stat().st_size
    receipt = Receipt(path, product, size=size, sha256="", url="", answered_url="", started="",
                      ended="", verified=())  # fmt: skip
    library.write_receipt(receipt, {})


CUT = {"cutout": "0.01 x 0.01 deg", "s_ra": RA, "s_dec": DEC, "target_name": "M 77"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "image.fits")


def three(folder: Path, *filters: str) -> list[Path]:
    return [write_image(folder / f"{n}.fits", FILTER=name) for n, name in enumerate(filters)]


def test_three_bands_become_one_picture_by_wavelength(skyatlas: Typing, tmp_path: Path) -> None:
    files = three(tmp_path, "g", "i.MP9702", "r")
    said = skyatlas("plot", *files, "--colour", "-o", tmp_path / "colour.png")
    assert said.code == 0
    assert said.data == f"{tmp_path / 'colour.png'}\n"
    assert said.talk == "red 1.fits, green 2.fits, blue 0.fits (by wavelength)\n"
    assert (tmp_path / "colour.png").stat().st_size > 10_000


def test_bands_whose_wavelengths_are_not_known_stay_in_order(
    skyatlas: Typing, tmp_path: Path
) -> None:
    said = skyatlas("plot", *three(tmp_path, "g", "odd", "r"), "--colour", "-o", tmp_path)
    assert said.code == 0
    assert said.data == f"{tmp_path / 'colour.png'}\n"
    assert "red 0.fits, green 1.fits, blue 2.fits (in the order in which" in said.talk


def test_receipts_say_more_of_wavelengths_than_filters(skyatlas: Typing, tmp_path: Path) -> None:
    files = three(tmp_path, "g", "g", "g")
    for path, length in zip(files, (5e-7, 2e-6, 1e-6), strict=True):
        write_receipt(path, em_min=length, em_max=length * 1.1, **CUT)
    said = skyatlas("plot", *files, "--color", "-o", tmp_path / "colour.png")
    assert "red 1.fits, green 2.fits, blue 0.fits (by wavelength)" in said.talk


def test_a_colour_picture_takes_three_images(skyatlas: Typing, tmp_path: Path) -> None:
    files = three(tmp_path, "g", "r", "i")
    said = skyatlas("plot", *files[:2], "--colour", "-o", tmp_path / "colour.png")
    assert said.code == 2
    assert "made of 3 images, red first; here are 2" in said.talk
    assert not (tmp_path / "colour.png").exists()


def test_a_sheet_has_a_tile_for_each_file_of_a_folder_and_none_for_papers(
    skyatlas: Typing, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    write_receipt(write_image(folder / "M_77" / "g.fits"), **CUT)
    write_image(folder / "r.fits")
    (folder / "page.fits").write_text("<html>no such file</html>")
    (folder / "empty.fits").touch()
    (folder / "provenance.json").write_text("{}")
    (folder / ".skyatlas-index").write_text("")
    Pictures.new("RGB", (900, 500), (200, 30, 30)).save(folder / "colour.jpg")
    (folder / "damaged.jpg").write_bytes((folder / "colour.jpg").read_bytes()[:300])
    (folder / "page.png").write_text("<html>")
    names = [path.name for path in pictures.files_in([folder])]
    assert names == ["g.fits", "colour.jpg", "damaged.jpg", "empty.fits", "page.fits", "page.png",
                     "r.fits"]  # fmt: skip
    (figure,) = pictures.sheets(pictures.files_in([folder]))
    told = {axes.texts[-2].get_text(): axes.texts[-1].get_text() for axes in figure.axes}
    drawn = {name for name, facts in told.items() if facts != "not drawn"}
    assert drawn == {"g.fits", "r.fits", "colour.jpg"}
    said = skyatlas("plot", folder, "--sheet", tmp_path / "all.png")
    assert (said.code, said.data) == (0, f"{tmp_path / 'all.png'}\n")
    assert "drew 7 files" in said.talk


def test_a_colour_jpeg_is_drawn_as_it_is(tmp_path: Path) -> None:
    picture = np.zeros((600, 900, 3), dtype=np.uint8)
    picture[:300] = (250, 0, 0)
    Pictures.fromarray(picture).save(tmp_path / "a.jpg")
    (figure,) = pictures.sheets([tmp_path / "a.jpg"])
    shown: Any = figure.axes[0].images[0].get_array()
    assert max(shown.shape) <= 300
    assert np.allclose(shown[5, 5], [250, 0, 0], atol=8)
    assert np.allclose(shown[-5, 5], 0, atol=8)
    assert figure.axes[0].yaxis_inverted()


def test_more_files_than_a_page_holds_become_numbered_pages(
    skyatlas: Typing, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(plots.PAGE + 1):
        (folder / f"{number:02}.fits").touch()
    said = skyatlas("plot", folder, "--sheet", tmp_path / "all.png")
    assert said.code == 0
    assert said.data.splitlines() == [str(tmp_path / "all-1.png"), str(tmp_path / "all-2.png")]


def test_a_missing_file_is_named_and_the_others_are_on_the_sheet(
    skyatlas: Typing, image: Path, tmp_path: Path
) -> None:
    said = skyatlas("plot", tmp_path / "gone.fits", image, "--sheet", tmp_path / "all.png")
    assert said.code == 5
    assert f"there is no file {tmp_path / 'gone.fits'}" in said.talk
    assert said.data == f"{tmp_path / 'all.png'}\n"
    (tmp_path / "nothing").mkdir()
    said = skyatlas("plot", tmp_path / "nothing", "--sheet", tmp_path / "none.png")
    assert said.code == 2
    assert "There are no files to draw" in said.talk


@pytest.mark.parametrize("ending", ["csv", "ecsv", "vot", "fits", "parquet"])
def test_a_catalogue_of_any_form_is_drawn_over_an_image(
    skyatlas: Typing, image: Path, tmp_path: Path, ending: str
) -> None:
    table = Table({"RAJ2000": [RA, RA + 1], "DEJ2000": [DEC, DEC], "id": ["a", "b"]})
    path = tmp_path / f"stars.{ending}"
    if ending == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        columns = {name: table[name].tolist() for name in table.colnames}
        parquet.write_table(pa.table(columns), path)
    else:
        table.write(path, **({"format": "votable"} if ending == "vot" else {}))
    found = catalogues.of(path, "id")
    assert found is not None
    assert found.ra == pytest.approx([RA, RA + 1])
    assert list(found.labels) == ["a", "b"]
    said = skyatlas("plot", image, "--overlay", path, "--label", "id", "-o", tmp_path / "a.png")
    assert said.code == 0, said.talk
    assert (tmp_path / "a.png").exists()


def test_a_saved_search_is_a_catalogue(atlas: Session, image: Path, tmp_path: Path) -> None:
    import skyatlas

    found = atlas.search("NGC 1068", archives="eso", instrument="MUSE")
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(found.to_json()))
    read = catalogues.of(path)
    assert read is not None
    assert len(read.ra) == len(found) > 0
    with warnings.catch_warnings(action="ignore"):
        figure = skyatlas.plot(image, overlay=found)
    assert figure.axes[0].get_legend() is not None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "x,y\n1,2\n", "No columns of a.csv are RA and Dec"),
        ("a.txt", "ra dec", "a.txt is no catalogue by its ending"),
        ("a.fits", "no table", "a.fits cannot be read as a table"),
        ("a.vot", "no table", "a.vot cannot be read as a table"),
        ("a.json", "{}", "not a saved search"),
        ("a.json", "{", "a.json cannot be read as a table"),
        ("a.parquet", "no table", "a.parquet cannot be read as a table"),
        (None, "", "There is no file"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_a_sentence(
    skyatlas: Typing, image: Path, tmp_path: Path, name: str | None, content: str, said: str
) -> None:
    path = tmp_path / (name or "gone.csv")
    if name:
        path.write_text(content)
    ended = skyatlas("plot", image, "--overlay", path, "-o", tmp_path / "a.png")
    assert ended.code == 2
    assert said in ended.talk
    assert not (tmp_path / "a.png").exists()


def test_the_target_of_a_piece_is_marked_by_its_receipt_and_of_nothing_else(image: Path) -> None:
    import skyatlas

    assert pictures.target_of(image) is None
    write_receipt(image, **CUT)
    assert pictures.target_of(image) == plots.Mark(RA, DEC, "M77")
    marked = [line.get_gid() for line in skyatlas.plot(image).axes[0].lines]
    assert "mark" in marked
    unmarked = [line.get_gid() for line in skyatlas.plot(image, mark=None).axes[0].lines]
    assert "mark" not in unmarked
    write_receipt(image, s_ra=RA, s_dec=DEC, target_name="somewhere near")  # a whole image
    assert pictures.target_of(image) is None


def test_a_mark_is_a_position_or_a_name(
    at_sandbox: Typing, skyatlas: Typing, image: Path, tmp_path: Path
) -> None:
    for place in ("40.6696 -0.0133", "02:42:40.7 -00:00:48"):
        said = skyatlas("plot", image, "--mark", place, "-o", tmp_path / "a.png")
        assert said.code == 0, said.talk
    assert at_sandbox("plot", image, "--mark", "NGC 1068", "-o", tmp_path / "b.png").code == 0
    said = at_sandbox("plot", image, "--mark", "no such thing", "-o", tmp_path / "c.png")
    assert said.code == 2
    assert not (tmp_path / "c.png").exists()


def test_no_mark_leaves_the_target_of_a_piece_unmarked(
    skyatlas: Typing, image: Path, tmp_path: Path
) -> None:
    write_receipt(image, **CUT)
    for name, options in (("marked", []), ("unmarked", ["--no-mark"])):
        assert skyatlas("plot", image, *options, "-o", tmp_path / f"{name}.png").code == 0
    marked, unmarked = ((tmp_path / f"{n}.png").read_bytes() for n in ("marked", "unmarked"))
    assert marked != unmarked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "id"], "--label is of no use without --overlay"),
        (["--mark", "1 2", "--no-mark"], "exclude each other"),
        (["--sheet", "a.png", "--colour"], "--sheet draws small pictures only"),
        (["--sheet", "a.png", "--mark", "1 2"], "--sheet draws small pictures only"),
        (["--colour", "--fold", "3"], "--colour is for images"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    skyatlas: Typing, image: Path, options: list[str], said: str
) -> None:
    ended = skyatlas("plot", image, *options)
    assert ended.code == 2
    assert said in ended.talk


def test_a_name_is_no_place_to_mark_without_asking() -> None:
    import skyatlas
    from skyatlas.errors import BadInput

    from_nothing: Any = np.zeros(3)
    with pytest.raises(BadInput, match=r"skyatlas\.resolve\('NGC 1068'\)"):
        skyatlas.plot(from_nothing, mark="NGC 1068")


def test_every_real_image_has_a_tile(shared_data: Path) -> None:
    files = pictures.files_in([shared_data / "images"])
    (figure,) = pictures.sheets(files)
    assert len(figure.axes) == len(files) > 50
    drawn = [axes for axes in figure.axes if axes.texts[-1].get_text() != "not drawn"]
    assert len(drawn) > 40
