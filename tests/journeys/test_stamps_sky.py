"""This file looks for the sandbox's stars in pieces of every survey, by every way to a piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyatlas import read
from skyatlas.dataset import Image
from skyatlas.model import Receipt
from skyatlas.sandbox.light import stars_near
from skyatlas.sandbox.sky import OBJECTS
from skyatlas.sandbox.survey_sky import bright_in
from skyatlas.session import Session

NORTH = ["202.469575 47.195258", "0.0 0.2", "359.9995 -0.3", "40.669629 -0.013281", "30.0 89.9"]
"""On a border of SDSS's frames; both sides of 0h; in one frame alone; beside the pole."""
EVERYWHERE = [*NORTH, "80.89 -69.75", "30.0 -89.9"]


def off(image: Image) -> list[float]:
    """Pixels from where each bright star must be to where its light is."""
    assert image.wcs is not None
    pixels = np.asarray(image.pixels, dtype=float)
    found = []
    for star, x, y in bright_in(image.wcs, image.pixels.shape, 1):
        expected = image.wcs.world_to_pixel(SkyCoord(star.ra, star.dec, unit="deg"))
        assert np.hypot(expected[0] - x, expected[1] - y) < 1e-3
        at = _centroid(pixels, x, y)
        if at is not None:
            found.append(float(np.hypot(at[0] - x, at[1] - y)))
    return found


def _centroid(pixels: Any, x: float, y: float) -> tuple[float, float] | None:
    """Of the light around a place, weighted by a Gaussian that follows it; None beside holes."""
    column, row = x, y
    for _ in range(20):
        left, low = round(column) - 6, round(row) - 6
        box = pixels[low : low + 13, left : left + 13]
        if box.shape != (13, 13) or not np.isfinite(box).all():
            return None
        rows, columns = np.mgrid[low : low + 13, left : left + 13]
        weight = np.exp(-0.5 * ((columns - column) ** 2 + (rows - row) ** 2) / 2.0**2)
        light = (box - np.median(np.r_[box[0], box[-1], box[:, 0], box[:, -1]])) * weight
        new = (columns * light).sum() / light.sum(), (rows * light).sum() / light.sum()
        # A weight of the star's own width halves each step towards it.
        column, row = column + 2 * (new[0] - column), row + 2 * (new[1] - row)
    return column, row


def pieces(atlas: Session, folder: Path, place: str, **wanted: Any) -> list[Receipt]:
    done = atlas.cutout(place, folder, how={"progress": False}, **wanted)
    assert not done.failures, done
    return list(done.receipts)


@pytest.mark.parametrize("place", EVERYWHERE)
@pytest.mark.parametrize("survey", ["sdss", "ps1", "DSS2 Red"])
def test_stars_are_where_they_should_be(
    atlas: Session, tmp_path: Path, survey: str, place: str
) -> None:
    size = "6 arcmin" if survey != "DSS2 Red" else "12 arcmin"
    found = pieces(atlas, tmp_path, place, survey=survey, bands="r", size=size)
    if place not in NORTH and survey != "DSS2 Red":
        assert found == []
        return
    (receipt,) = found
    distances = off(read(receipt))
    assert len(distances) >= 2
    assert max(distances) < 0.1, sorted(distances)


def test_stars_are_where_they_should_be_in_a_rectangle(atlas: Session, tmp_path: Path) -> None:
    (receipt,) = pieces(
        atlas, tmp_path, "202.469575 47.195258", survey="sdss", bands="g", size="12x4arcmin"
    )
    image = read(receipt)
    rows, columns = image.pixels.shape
    assert (columns * 0.396 / 60, rows * 0.396 / 60) == pytest.approx((12, 4), abs=0.05)
    assert max(off(image)) < 0.1


def test_they_are_in_pieces_read_by_ranges(atlas: Session, tmp_path: Path) -> None:
    found = pieces(
        atlas, tmp_path, "202.50 47.20", archives="mast", kind="image", collection="HLSP",
        size="3 arcmin",
    )  # fmt: skip
    assert {one.product.made for one in found} == {"ranges"}
    assert {one.product.sources[0].rpartition("_drz")[2] for one in found} == {".fits", ".fits.fz"}
    distances = [one for receipt in found for one in off(read(receipt))]
    assert distances
    assert max(distances) < 0.1


def test_they_are_in_pieces_that_an_archive_cuts(atlas: Session, tmp_path: Path) -> None:
    target = next(one for one in OBJECTS if one.name == "NGC   253")
    found = pieces(
        atlas, tmp_path, "NGC 253", archives="eso", kind="image", size="3 arcmin", public=True,
        calib_level="2..",
    )  # fmt: skip
    assert found
    seen = 0
    for receipt in found:
        image = read(receipt)
        places = [(star.ra, star.dec) for star in stars_near(target, 1) if star.magnitude < 15]
        x, y = image.wcs.world_to_pixel(SkyCoord(places, unit="deg"))
        for number, (column, row) in enumerate(zip(x, y, strict=True)):
            others = np.hypot(np.delete(x, number) - column, np.delete(y, number) - row)
            at = _centroid(image.pixels, column, row) if _inside(image, column, row) else None
            if at is not None and others.min() > 20:
                seen += 1
                assert np.hypot(at[0] - column, at[1] - row) < 0.1
    assert seen


def _inside(image: Image, x: float, y: float) -> bool:
    rows, columns = image.pixels.shape
    return 10 < x < columns - 10 and 10 < y < rows - 10


@pytest.mark.parametrize(
    ("place", "band", "route"),
    [("202.469575 47.195258", "r", "fitscut"), ("30.0 -89.9", "r", "SkyView")],
)
def test_they_are_by_whatever_way_the_router_takes(
    atlas: Session, tmp_path: Path, place: str, band: str, route: str
) -> None:
    (receipt,) = pieces(atlas, tmp_path, place, bands=band, size="5 arcmin")
    assert route in receipt.product.provenance["route"]
    assert max(off(read(receipt))) < 0.1
