"""This file asks TESScut for pixels: the sandbox's, and one on its bad days."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from astropy.io import fits
from mast_answers import answered, opened

from skyatlas import library
from skyatlas.archives.mast import tesscut
from skyatlas.errors import BadInput, Corrupt, Refused, Unreadable
from skyatlas.journeys.fetch import Plan
from skyatlas.model import Note, Product, Target
from skyatlas.sandbox.mast_tesscut_sky import tess_pixels, tess_sectors

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox
    from skyatlas.session import Session

PI_MENSAE = Target("pi Men", 84.29119801234567, -80.46914301234567)
NEVER_SEEN = Target("on the ecliptic", 100.2, 23.0)
SEEN = [number for number, _, _ in tess_sectors(PI_MENSAE.ra, PI_MENSAE.dec)]


def _cut(atlas: Session, target: Target = PI_MENSAE, **how: object) -> list[Product | Note]:
    return list(tesscut.products(atlas.door, target, **how))


def test_the_sectors_that_saw_a_place_are_told(atlas: Session) -> None:
    found = tesscut.sectors(atlas.door, PI_MENSAE.ra, PI_MENSAE.dec)
    assert [(one.sector, one.camera, one.ccd) for one in found] == tess_sectors(
        PI_MENSAE.ra, PI_MENSAE.dec
    )
    assert found[0].name == "tess-s0001-4-2"
    assert tesscut.sectors(atlas.door, NEVER_SEEN.ra, NEVER_SEEN.dec) == ()


def test_each_sector_is_asked_for_on_its_own_and_the_place_is_not_rounded(
    box: Sandbox, atlas: Session
) -> None:
    products = _cut(atlas, size=(5, 7))
    assert [one.provenance["sequence_number"] for one in products] == SEEN
    first = products[0]
    assert first.url == (
        f"{tesscut.CUT}?ra=84.29119801234567&dec=-80.46914301234567&y=5&x=7&units=px&sector=1"
    )
    assert first.name == "tess-s0001-4-2_84.291198_-80.469143_7x5_astrocut.zip"
    assert (first.archive, first.obs_id, first.target) == ("mast", "tess-s0001-4-2", "pi Men")
    assert len({one.key for one in products}) == len(SEEN)
    (asked,) = [asked for asked in box.requests if "tesscut" in asked.url]
    assert (asked.one("ra"), asked.one("dec")) == ("84.29119801234567", "-80.46914301234567")


def test_only_the_sectors_that_are_wanted_are_cut_and_the_others_are_told(atlas: Session) -> None:
    first, note = _cut(atlas, sectors=(SEEN[0], 2))
    assert isinstance(first, Product)
    assert first.provenance["sequence_number"] == SEEN[0]
    assert isinstance(note, Note)
    assert "has not looked at pi Men in sector 2" in note.text


def test_where_tess_has_not_looked_is_a_note_and_no_error(atlas: Session) -> None:
    (note,) = _cut(atlas, NEVER_SEEN)
    assert isinstance(note, Note)
    assert "TESS has not looked at on the ecliptic" in note.text


def test_a_cut_comes_home_as_one_fits_file_beside_its_zip(atlas: Session, tmp_path: Path) -> None:
    (product,) = _cut(atlas, size=(4, 6), sectors=(1,))
    (receipt,) = atlas.fetch(Plan((product,)), tmp_path).receipts
    stem = "tess-s0001-4-2_84.291198_-80.469143_6x4_astrocut"
    assert (receipt.path.name, receipt.readable.name) == (f"{stem}.zip", f"{stem}.fits")
    assert {"zip", "fits structure", "checksum", "unpacked fits structure"} <= set(receipt.verified)
    expected = tess_pixels(PI_MENSAE.ra, PI_MENSAE.dec, 6, 4, 1, seed=1)
    assert receipt.readable.read_bytes() == expected
    with fits.open(receipt.readable) as hdus:
        assert hdus["PIXELS"].data["FLUX"].shape[1:] == (4, 6)
    # The unpacked file knows where it came from, and is looked after as its zip is.
    assert library.receipt_of(receipt.readable) == receipt
    assert [one.status for one in atlas.fetch(Plan((product,)), tmp_path).receipts] == ["kept"]
    receipt.readable.write_bytes(expected[:-1])
    (finding,) = atlas.verify(tmp_path).findings
    assert str(finding.state) == "unpacked"
    (finding,) = atlas.verify(tmp_path, repair=True).findings
    assert str(finding.state) == "repaired"
    assert receipt.readable.read_bytes() == expected


def test_a_file_of_somebody_else_is_not_written_over(atlas: Session, tmp_path: Path) -> None:
    (product,) = _cut(atlas, size=(2, 2), sectors=(1,))
    mine = tmp_path / f"{Path(product.name or '').stem}.fits"
    mine.write_bytes(b"a year of work")
    (receipt,) = atlas.fetch(Plan((product,)), tmp_path).receipts
    assert receipt.readable == receipt.path
    assert mine.read_bytes() == b"a year of work"


def test_a_message_in_place_of_a_zip_is_a_failure_that_tells_it(
    atlas: Session, tmp_path: Path
) -> None:
    (product,) = _cut(atlas, sectors=(1,))
    elsewhere = replace(product, url=product.url.replace("sector=1", "sector=2"))
    fetched = atlas.fetch(Plan((elsewhere,)), tmp_path)
    (failure,) = fetched.failures
    assert isinstance(failure.error, Corrupt)
    assert "No TESS data found" in str(failure.error)
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize(
    "document",
    [[], {}, {"msg": "out of order"}, {"results": None}, {"results": [{"sector": "1"}]}],
)
def test_an_answer_that_names_no_sectors_is_unreadable(document: object) -> None:
    with (
        opened(lambda _: answered(document)) as (_, door),
        pytest.raises(Unreadable, match="which sectors"),
    ):
        tesscut.sectors(door, 1.0, 2.0)


def test_a_question_that_is_not_understood_is_refused(atlas: Session) -> None:
    with pytest.raises(Refused, match="outside the sky"):
        tesscut.sectors(atlas.door, 10.0, 91.0)


def test_what_cannot_be_cut_is_not_asked_for(atlas: Session) -> None:
    with pytest.raises(BadInput, match="has no place"):
        _cut(atlas, Target("TIC 261136679", ids={"TIC": "261136679"}))
    with pytest.raises(BadInput, match="holds none"):
        _cut(atlas, size=(0, 5))


def test_what_astroquery_recorded_is_read(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "responses" / "astroquery_mast"
    document = json.loads((folder / "tess_sector.json").read_bytes())
    with opened(lambda _: answered(document)) as (_, door):
        assert tesscut.sectors(door, 324.24368, -27.01029) == (
            tesscut.Cut("tess-s0001-1-3", 1, 1, 3),
        )
    body = (folder / "astrocut_107.27_-70.0_5x5.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(body)
    from skyatlas.net.unpack import unpack

    assert unpack(tmp_path / "a.zip") == tmp_path / "a.fits"
    (member,) = zipfile.ZipFile(BytesIO(body)).namelist()
    assert (tmp_path / "a.fits").read_bytes() == zipfile.ZipFile(BytesIO(body)).read(member)
