"""This file searches and fetches from an independent VO server (DaCHS), as anybody's archive.

The files that come home are compared with those that the server was given, byte for byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from skyatlas.cli.commands import run
from skyatlas.observations import Observations
from skyatlas.session import Session
from skyatlas.settings import Settings

BASE = os.environ.get("SKYATLAS_DACHS", "")
pytestmark = [
    pytest.mark.skipif(not BASE, reason="no DaCHS server; SKYATLAS_DACHS names none"),
    pytest.mark.usefixtures("closed_sessions"),
]

SERVICES = {
    "sia": f"{BASE}/img/q/i/siap.xml?",
    "sia2": f"{BASE}/__system__/siap2/sitewide/siap2.xml",
    "ssa": f"{BASE}/spec/q/ssa/ssap.xml?",
    "scs": f"{BASE}/cat/q/cone/scs.xml?",
    "tap": f"{BASE}/tap",
}
NGC1068 = "40.669629 -0.013281"
COUNTS = {"sia": 7, "sia2": 8, "ssa": 7, "scs": 8, "tap": 15}
"""Around NGC 1068 within 6 arcmin, by the server's own data (dachs/README.md)."""


@pytest.fixture(scope="module")
def atlas() -> Iterator[Session]:
    with Session(Settings()) as session:
        yield session


def original(name: str) -> bytes:
    """What the server was given: a file of the folder from which it was made."""
    folder = os.environ.get("SKYATLAS_DACHS_FILES", "")
    if not folder:
        pytest.skip("SKYATLAS_DACHS_FILES does not name the files that DaCHS was given")
    return (Path(folder) / name).read_bytes()


@pytest.mark.parametrize("protocol", list(SERVICES))
def test_the_kind_of_a_service_is_found_out_and_it_is_searched(
    atlas: Session, protocol: str
) -> None:
    found = atlas.search(NGC1068, archives=f"vo:{SERVICES[protocol]}", radius="6 arcmin")
    assert len(found) == COUNTS[protocol]
    assert found.complete is True
    assert found.reports[0].mapping["s_ra"].startswith("given")
    assert all(json.loads(text) for text in found.table["native"].filled("{}").tolist())


def names(found: Observations) -> list[str]:
    return sorted(str(did).partition("?")[2] for did in found["obs_publisher_did"])


@pytest.mark.parametrize("protocol", ["sia", "sia2", "ssa", "tap"])
def test_the_files_are_those_that_the_server_was_given(
    atlas: Session, protocol: str, tmp_path: Path
) -> None:
    found = atlas.search(NGC1068, archives=f"vo:{SERVICES[protocol]}", radius="6 arcmin")
    done = atlas.fetch(found, tmp_path, progress=False)
    assert not done.failures
    wanted = {original(name) for name in names(found)}
    assert len(wanted) == COUNTS[protocol]
    assert {receipt.path.read_bytes() for receipt in done.receipts} == wanted


def test_links_lead_to_the_files_and_an_error_row_is_a_note(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(archives=f"vo:{SERVICES['tap']}", collection="TESTDL")
    done = atlas.fetch(found, tmp_path, progress=False)
    assert not done.failures
    assert {r.path.read_bytes() for r in done.receipts} == {original(name) for name in names(found)}
    assert any("ra0_w1.fits" in note.text for note in done.notes)


def test_many_targets_go_in_one_request_and_each_row_says_which_it_answers(atlas: Session) -> None:
    places = [NGC1068, "148.888221 69.065295", "202.469575 47.195258"]  # M81, M51
    together = atlas.search(places, archives=f"vo:{SERVICES['tap']}", radius="6 arcmin")
    alone = [atlas.search(p, archives=f"vo:{SERVICES['tap']}", radius="6 arcmin") for p in places]
    assert "TAP_UPLOAD" in together.reports[0].asked[0]
    assert len(together.reports[0].asked) == 1
    for place, one in zip(places, alone, strict=True):
        assert len(one) > 10
        assert names(together.where(target=place)) == names(one)
    sia2 = atlas.search(places, archives=f"vo:{SERVICES['sia2']}", radius="6 arcmin")
    assert len(sia2.reports[0].asked) == 1
    assert set(names(sia2)) <= set(names(together))


def test_filters_of_all_kinds_are_kept(atlas: Session) -> None:
    tap = f"vo:{SERVICES['tap']}"
    found = atlas.search(
        NGC1068, archives=tap, radius="6 arcmin", kind="spectrum", band="600nm..660nm",
        instrument="spec2",
    )  # fmt: skip
    assert set(found["instrument_name"]) == {"SPEC-2"}
    assert (found["em_max"] >= 600e-9).all()
    assert (found["em_min"] <= 660e-9).all()
    limited = atlas.search(NGC1068, archives=tap, radius="6 arcmin", limit=2)
    assert len(limited) == 2
    assert limited.complete is False
    assert limited.answered
    nothing = atlas.search("10.0 45.0", archives=tap, radius="1 arcmin")
    assert len(nothing) == 0
    assert nothing.complete is True


def test_the_command_line_searches_and_fetches(tmp_path: Path, capfd: Any) -> None:
    archive = f"vo:{SERVICES['ssa']}"
    assert run(["search", NGC1068, "-a", archive, "-r", "1arcmin", "--format", "json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert len(answer["observations"]) == COUNTS["ssa"]
    assert answer["complete"] is True
    assert "mapping" in answer["reports"][0]
    assert run(["fetch", NGC1068, "-a", archive, "-r", "1arcmin", "-n", "1",
                "-o", str(tmp_path / "data")]) == 0  # fmt: skip
    (file,) = (tmp_path / "data").glob("*.fits")
    assert file.read_bytes() == original(f"spec/data/{file.name}")


@pytest.mark.parametrize("protocol", ["sia", "sia2", "tap"])
def test_pieces_are_the_same_pixels_as_in_the_files_that_the_server_was_given(
    protocol: str, tmp_path: Path
) -> None:
    archive = f"vo:{SERVICES[protocol]}"
    words = ["cutout", NGC1068, "-a", archive, "--kind", "image", "--size", "20arcsec"]
    assert run([*words, "-o", str(tmp_path)]) == 0
    pieces = sorted(tmp_path.glob("*.fits"))
    assert len(pieces) == 7
    for path in pieces:
        name = path.name.removesuffix("_cutout.fits")
        with fits.open(path) as hdus, fits.open(BytesIO(original(f"img/data/{name}.fits"))) as all_:
            piece, whole = hdus[0], all_[0]
            assert piece.data.shape < whole.data.shape
            # Where the piece begins in the whole, by the pixel that both call the reference.
            x = round(whole.header["CRPIX1"] - piece.header["CRPIX1"])
            y = round(whole.header["CRPIX2"] - piece.header["CRPIX2"])
            ny, nx = piece.data.shape
            assert (piece.data == whole.data[y : y + ny, x : x + nx]).all()
