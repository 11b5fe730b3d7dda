"""This file gets SkyView's images through unmodified astroquery.skyview at the sandbox.

astroquery's address of the form is a class attribute; only that is changed. Where a survey has not
looked, astroquery's behaviour is recorded here: it is what our own adapter has to be better than.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from astroquery.skyview import SkyViewClass

from skyatlas.sandbox.skyview_surveys import surveys
from skyatlas.sandbox.survey_sky import bright_in

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

M51 = SkyCoord(202.469575, 47.195258, unit="deg")
LMC = SkyCoord(80.89, -69.75, unit="deg")


@pytest.fixture
def peer(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[SkyViewClass]:
    """astroquery's own class; only its address is the sandbox's."""
    peer = SkyViewClass()
    monkeypatch.setattr(peer, "URL", f"{box.url}/skyview.gsfc.nasa.gov/current/cgi/basicform.pl")
    yield peer
    peer._session.close()


def images(peer: SkyViewClass, place: SkyCoord, survey: str | list[str], **more: Any) -> list[Any]:
    found: list[Any] = peer.get_images(
        position=place, survey=survey, cache=False, show_progress=False, **more
    )
    return found


def test_it_lists_our_surveys(peer: SkyViewClass, capsys: pytest.CaptureFixture[str]) -> None:
    peer.list_surveys()
    assert "'Optical:DSS': ['DSS'," in capsys.readouterr().out
    assert [name for names in peer.survey_dict.values() for name in names] == list(surveys())


def test_it_refuses_a_survey_that_the_form_does_not_have(peer: SkyViewClass) -> None:
    with pytest.raises(ValueError, match="not among the surveys"):
        images(peer, M51, "Nonesuch")


def test_it_finds_the_links_of_the_page(peer: SkyViewClass, box: Sandbox) -> None:
    links = peer.get_image_list(M51, ["DSS2 Red", "2MASS-J", "NVSS"], cache=False)
    assert [re.sub(r"skv\d+", "skvN", link.removeprefix(box.url)) for link in links] == [
        f"/skyview.gsfc.nasa.gov/tempspace/fits/skvN_{number}.fits" for number in (1, 2, 3)
    ]


def test_its_images_show_the_stars_where_they_are(peer: SkyViewClass) -> None:
    found = images(peer, M51, ["DSS2 Red", "SDSSg"], radius=5 * u.arcmin, pixels="600")
    assert [hdus[0].header["SURVEY"] for hdus in found] == ["DSS2RED", "SDSS-G"]
    for hdus in found:
        pixels, wcs = hdus[0].data, WCS(hdus[0].header)
        assert pixels.shape == (600, 600)
        stars = bright_in(wcs, pixels.shape, 1)
        assert len(stars) >= 3
        for _, x, y in stars:
            rows, columns = np.mgrid[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
            light = pixels[rows, columns] - 100.0
            assert (columns * light).sum() / light.sum() == pytest.approx(x, abs=0.1)
            assert (rows * light).sum() / light.sum() == pytest.approx(y, abs=0.1)
        hdus.close()


def test_its_settings_reach_the_image(peer: SkyViewClass) -> None:
    (hdus,) = images(
        peer, M51, "DSS2 Blue", width=0.2 * u.deg, height=0.1 * u.deg, pixels="200,100",
        projection="Car", coordinates="ICRS", sampler="Lanczos3", scaling="Linear",
    )  # fmt: skip
    header = hdus[0].header
    assert (header["NAXIS1"], header["NAXIS2"]) == (200, 100)
    assert (header["CTYPE1"], header["RADESYS"]) == ("RA---CAR", "ICRS")
    assert header["CDELT2"] == pytest.approx(0.001)
    assert " Resampler used: Lanczos3 Sampler" in list(header["HISTORY"])
    hdus.close()


def test_where_sdss_has_not_looked_it_raises_an_error_of_http(peer: SkyViewClass) -> None:
    with pytest.raises(HTTPError, match="404") as caught:
        images(peer, LMC, "SDSSg")
    caught.value.close()


def test_where_nvss_has_not_looked_it_says_nothing(peer: SkyViewClass) -> None:
    assert images(peer, LMC, "NVSS") == []


def test_a_file_that_is_gone_is_an_error_of_http(peer: SkyViewClass, box: Sandbox) -> None:
    box.fault("gone", "tempspace", count=1)
    with pytest.raises(HTTPError, match="404") as caught:
        images(peer, M51, "DSS2 Red")
    caught.value.close()
