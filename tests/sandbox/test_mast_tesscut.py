"""This file cuts pixels at the sandbox's TESScut, as a program without skyatlas would."""

from __future__ import annotations

import io
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests
from astropy.io import fits

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_sectors import PIXEL
from skyatlas.sandbox.mast_tesscut import AT_ONCE, Tesscut
from skyatlas.sandbox.mast_tesscut_sky import tess_pixels, tess_sectors
from skyatlas.sandbox.state import State

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox, World

PI_MENSAE = {"ra": 84.291198, "dec": -80.469143}
PLACE = (PI_MENSAE["ra"], PI_MENSAE["dec"])


def _ask(box: Sandbox, what: str, **params: Any) -> requests.Response:
    url = f"{box.url}/mast.stsci.edu/tesscut/api/v0.1/{what}"
    return requests.get(url, params=params, timeout=60)


def _members(answer: requests.Response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_sectors_are_told_as_texts(box: Sandbox) -> None:
    results = _ask(box, "sector", **PI_MENSAE, radius="0d").json()["results"]
    assert results[0] == {
        "sectorName": "tess-s0001-4-2",
        "sector": "0001",
        "camera": "4",
        "ccd": "2",
    }
    assert [(int(r["sector"]), int(r["camera"]), int(r["ccd"])) for r in results] == tess_sectors(
        *PLACE
    )
    assert _ask(box, "sector", ra=100.2, dec=23.0).json() == {"results": []}


@pytest.mark.parametrize("radius", ["12", "12d", "720m", "43200s", f"{12 / PIXEL}px"])
def test_a_radius_has_the_units_of_the_page(box: Sandbox, radius: str) -> None:
    wide = _ask(box, "sector", **PI_MENSAE, radius=radius).json()["results"]
    narrow = _ask(box, "sector", **PI_MENSAE).json()["results"]
    assert len(wide) > len(narrow)
    assert all(one in wide for one in narrow)


def test_a_cut_is_a_zip_of_one_file_per_sector(box: Sandbox) -> None:
    one = _members(_ask(box, "astrocut", **PI_MENSAE, y=2, x=3, units="px", sector=4))
    name = "tess-s0004-4-3_84.291198_-80.469143_3x2_astrocut.fits"
    assert one == {name: tess_pixels(*PLACE, 3, 2, 4, seed=1)}
    all_ = _members(_ask(box, "astrocut", **PI_MENSAE, y=2, x=3))
    assert len(all_) == len(tess_sectors(*PLACE))
    assert all_[name] == one[name]


def test_a_size_may_be_in_degrees(box: Sandbox) -> None:
    size = {"y": 3 * PIXEL, "x": 5 * PIXEL, "units": "d"}
    (body,) = _members(_ask(box, "astrocut", **PI_MENSAE, **size, sector=1)).values()
    with fits.open(io.BytesIO(body)) as hdus:
        assert hdus["PIXELS"].data["FLUX"].shape[1:] == (3, 5)


@pytest.mark.parametrize("place", [{**PI_MENSAE, "sector": 2}, {"ra": 100.2, "dec": 23.0}])
def test_where_nothing_is_a_message_comes_in_place_of_a_zip(
    box: Sandbox, place: dict[str, float]
) -> None:
    answer = _ask(box, "astrocut", **place, y=5, x=5)
    assert (answer.status_code, list(answer.json())) == (200, ["msg"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"ra": "north"},
        {"dec": 91},
        {"x": 0},
        {"x": 101, "y": 100},
        {"y": "nan"},
        {"units": "mm"},
        {"sector": "one"},
        {"product": "TICA"},
        {"ra": None},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_message(box: Sandbox, wrong: dict[str, Any]) -> None:
    answer = _ask(box, "astrocut", **({**PI_MENSAE, "y": 5, "x": 5} | wrong))
    assert answer.status_code == 400
    assert answer.json()["msg"]
    assert _ask(box, "sector", **PI_MENSAE, radius="2furlongs").status_code == 400


def test_the_eleventh_at_once_is_sent_away(world: World) -> None:
    tesscut, state = Tesscut(), State(world)
    url = "https://mast.stsci.edu/tesscut/api/v0.1/astrocut?ra=100.2&dec=23&y=1&x=1"
    asked = Asked("GET", url, {}, b"", 0.0)
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            assert stack.enter_context(tesscut.turn())
        assert tesscut.astrocut(state, asked).status_code == 503
    assert tesscut.astrocut(state, asked).status_code == 200
