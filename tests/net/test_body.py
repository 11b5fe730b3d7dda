"""This file looks at what is on the disk when a body is whole, whatever its verdict."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyatlas.model import Product
from skyatlas.net.body import Body
from skyatlas.net.part import Journal, Part
from skyatlas.net.promise import Doubtful, Promise

CARDS = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 9", "DATASUM = '5'", "END")
STALE = "".join(f"{card:80}" for card in CARDS).ljust(2880).encode() + b"1".ljust(2880, b"\0")
"""FITS that is whole, but for a sum that is wrong."""


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    """A part in which somebody left more than the file has."""
    path = tmp_path / "x.fits.part"
    path.write_bytes(bytes(10_000))
    one = Part(str(path))
    assert one.claim() == 10_000
    yield one
    one.release()


def body_of(part: Part) -> Body:
    product = Product("https://archive.example/x.fits", name="x.fits")
    return Body(part, Journal.of(product.url, {}, None), Promise(product, "x.fits"))


def test_a_file_in_doubt_is_cut_to_its_length(part: Part) -> None:
    with pytest.raises(Doubtful, match="DATASUM"):
        body_of(part).whole([STALE], durable=False)
    assert Path(part.path).read_bytes() == STALE


def test_a_file_in_doubt_is_on_the_disk_before_anybody_may_keep_it(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    fsync = os.fsync

    def noting(file: int) -> None:
        sizes.append(os.fstat(file).st_size)
        fsync(file)

    monkeypatch.setattr(os, "fsync", noting)
    with pytest.raises(Doubtful):
        body_of(part).whole([STALE], durable=False)
    assert sizes == []
    with pytest.raises(Doubtful):
        body_of(part).whole([STALE], durable=True)
    assert sizes == [len(STALE)]
