"""This file asks the real SkyView what is not written down: `pytest -m live` with a network.

Each test names the fact that it settles and where the code relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.archives.skyview import SkyView, asking, surveys
from skyatlas.journeys.fetch import Plan
from skyatlas.model import Query, Target
from skyatlas.session import Session
from skyatlas.settings import Settings
from skyatlas.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live

SKYVIEW = SkyView()
M51 = Target("M 51", 202.46957512345, 47.19525812345)


@pytest.fixture(scope="module")
def atlas() -> Iterator[Session]:
    with Session(Settings()) as session:
        yield session


def test_the_form_lists_the_surveys_that_the_package_has(atlas: Session) -> None:
    """Settles archives/skyview/surveys.toml: what is new or gone is told, one a line."""
    news = SKYVIEW.refresh(atlas.door)
    assert not news, "\n".join(news)


@pytest.mark.parametrize(
    "place", [M51, Target("zero", 0.00001, 0.00001), Target("pole", 12.3, 89.9)], ids=str
)
def test_positions_are_taken_in_icrs_with_every_digit(
    place: Target, atlas: Session, tmp_path: Path
) -> None:
    """Settles `Coordinates` and `Position` in images.address, and that one call gives FITS."""
    stamp = Stamp(place, "DSS2 Red", "", 0.05, 0.05)
    products = [part for _, part in SKYVIEW.stamps([stamp], atlas.door)]
    (receipt,) = atlas.fetch(Plan(tuple(products)), tmp_path).receipts
    with fits.open(receipt.path) as hdus:
        pixels, wcs = hdus[0].data, WCS(hdus[0].header)
    assert pixels.shape == (180, 180)
    middle = wcs.pixel_to_world(89.5, 89.5).icrs
    assert middle.separation(SkyCoord(place.ra, place.dec, unit="deg")).arcsec < 0.01
    assert float(np.ptp(pixels)) > 0


@pytest.mark.parametrize("survey", ["NVSS", "SDSSg", "VLA FIRST (1.4 GHz)", "GLEAM 72-103 MHz"])
def test_no_coverage_is_told_from_an_error(survey: str, atlas: Session, tmp_path: Path) -> None:
    """Settles what comes where a survey has not looked: images.outside, or a blank image."""
    where = Target("north", 80.0, 85.0) if "GLEAM" in survey else Target("LMC", 80.89, -69.75)
    stamp = Stamp(where, survey, "", 0.05, 0.05)
    products = [part for _, part in SKYVIEW.stamps([stamp], atlas.door)]
    done = atlas.fetch(Plan(tuple(products)), tmp_path)
    if done.failures:
        error = done.failures[0].error
        assert SKYVIEW.outside(error), f"{error} | {getattr(error, 'said', '')}"
    else:
        with fits.open(done.receipts[0].path) as hdus:
            seen = hdus[0].data[np.isfinite(hdus[0].data)]
        assert not seen.size or float(np.ptp(seen)) == 0


def test_several_surveys_share_a_question(atlas: Session) -> None:
    """Settles the commas in asking.search, and that names come back as they were asked for."""
    query = Query(M51, 0.05, collections=("DSS2", "2MASS", "NVSS"))
    (table,) = asking.search([query], atlas.door)
    assert set(table["obs_collection"]) == {  # type: ignore[index]
        "DSS2 Red", "DSS2 Blue", "DSS2 IR", "2MASS-J", "2MASS-H", "2MASS-K", "NVSS"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["DSS2 Red", "2MASS-K", "WISE 12", "NVSS", "GALEX Near UV"])
def test_a_survey_s_own_scale_is_the_one_that_is_listed(
    name: str, atlas: Session, tmp_path: Path
) -> None:
    """Settles the scales of surveys.toml: without Size, SkyView uses the survey's own."""
    survey = surveys.named(name, atlas.door.memory)
    assert survey is not None
    url = "https://skyview.gsfc.nasa.gov/current/cgi/runquery.pl"
    place = f"{M51.ra!r},{M51.dec!r}"
    asked = {"Position": place, "Survey": name, "Pixels": "30", "Return": "FITS"}
    file = tmp_path / "own.fits"
    file.write_bytes(atlas.door.ask(url, params=asked).content)
    scale = 3600.0 * abs(fits.getheader(file)["CDELT1"])
    assert scale == pytest.approx(survey.scale, rel=1e-3)
