"""This file brings SDSS's files home from the sandbox: each release has them in other folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from skyatlas.archive import Ask
from skyatlas.model import Product
from skyatlas.obscore import plain_values
from skyatlas.session import Session

M51 = "202.469575 47.195258"
RELEASES = tuple(range(12, 21))


@pytest.mark.parametrize("number", RELEASES)
def test_spectra_are_found_in_every_release(atlas: Session, tmp_path: Path, number: int) -> None:
    found = atlas.search(
        M51, archives="sdss", radius="6 arcmin", kind="spectrum",
        parameters={"data_release": str(number)},
    )  # fmt: skip
    assert found.complete, str(found)
    rows = found.table[:4]
    done = atlas.fetch(rows, tmp_path, ask=Ask(everything=True))
    assert not done.failures, [str(one.error) for one in done.failures]
    assert len(done.receipts) == 2 * len(rows) > 0
    for receipt in done.receipts:
        with fits.open(receipt.path) as file:
            assert "loglam" in [name.lower() for name in file[1].columns.names]


def test_all_spectrographs_are_among_them(atlas: Session, tmp_path: Path) -> None:
    found = atlas.search(
        M51, archives="sdss", radius="20 arcmin", kind="spectrum",
        parameters={"data_release": "20"},
    )  # fmt: skip
    kinds = {str(one)[:2] for one in plain_values(found.table["run2d"])}
    assert kinds >= {"26", "v5", "v6"}
    first = {str(row["run2d"])[:2]: index for index, row in enumerate(found.table)}
    done = atlas.fetch(found.table[sorted(first.values())], tmp_path)
    assert not done.failures, [str(one.error) for one in done.failures]
    assert len(done.receipts) == len(first)


@pytest.mark.parametrize("number", [12, 13, 17, 18, 20])
def test_frames_are_found_in_every_release(atlas: Session, tmp_path: Path, number: int) -> None:
    found = atlas.search(
        M51, archives="sdss", radius="1 arcsec", kind="image",
        parameters={"data_release": str(number)},
    )  # fmt: skip
    done = atlas.fetch(found.table[found.table["band"] == "r"][:1], tmp_path)
    (receipt,) = done.receipts
    assert isinstance(receipt.product, Product)
    assert receipt.product.provenance["data_release"] == number
    with fits.open(receipt.readable) as file:
        assert file[0].header["FILTER"].strip() == "r"
        assert file[0].shape == (1489, 2048)
