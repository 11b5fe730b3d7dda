"""The invented publishers: what they hold, where they answer, and how a crowd of them stands by."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from astropy.io import fits
from astropy.wcs import WCS
from pyvo.io.vosi import parse_availability, parse_capabilities

from skyatlas.errors import BadInput
from skyatlas.sandbox import Sandbox, World, make_world, vo_files, vo_holdings
from skyatlas.sandbox.asked import HOSTS
from skyatlas.sandbox.publisher import HABITS, VoService
from skyatlas.sandbox.publishers import LARGEST_CROWD, PUBLISHERS, crowd, everybody
from skyatlas.sandbox.sky import distance
from skyatlas.sandbox.vo_holdings import DataSet

EVERY = [service for publisher in everybody(4) for service in publisher.services]
UP = [
    service
    for service in EVERY
    if service.protocol != "tap" and not service.habits & {"down-200", "down-503"}
]
ONE_OF_EACH = [
    next(item for item in vo_holdings.items(publisher, 1) if item.row["obs_collection"] == name)
    for publisher in PUBLISHERS
    for name in (one.name for one in publisher.collections if one.kind != "catalogue")
]


QUESTIONS = {
    "sia": "POS=40.669629,-0.013281&SIZE=0.1",
    "sia2": "POS=CIRCLE 40.669629 -0.013281 0.05",
    "ssa": "REQUEST=queryData&POS=40.669629,-0.013281&SIZE=0.1",
    "scs": "RA=40.669629&DEC=-0.013281&SR=1",
}


def name_of(item: DataSet) -> str:
    return str(item.row["obs_collection"])


@pytest.fixture(scope="module")
def crowded(world: World) -> object:
    with Sandbox(world=world, crowd=4) as box:
        yield box


def test_all_hosts_are_reserved_names_and_known_to_links() -> None:
    for publisher in everybody(LARGEST_CROWD):
        hosts = {publisher.host, *(service.host for service in publisher.services)}
        hosts |= {url.split("/")[2] for one in publisher.services for url in one.mirrors}
        assert all(host.endswith(".example") for host in hosts)
        assert hosts <= HOSTS


def test_a_service_has_no_habit_that_nobody_explains() -> None:
    with pytest.raises(ValueError, match="no habit is named sulky"):
        VoService("x", "sia", "", "", "", "", "/x", (), habits=frozenset({"sulky"}))
    assert {habit for service in EVERY for habit in service.habits} == set(HABITS)


def test_nothing_is_drawn_before_somebody_asks() -> None:
    code = (
        "import sys; from skyatlas.sandbox import vo_holdings;"
        "from skyatlas.sandbox.publishers import everybody;"
        "assert everybody(100); assert not vo_holdings.items.cache_info().currsize;"
        "import skyatlas.sandbox.server; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("item", ONE_OF_EACH, ids=name_of)
def test_a_file_is_as_long_as_its_row_says_and_the_same_each_time(item: DataSet) -> None:
    body = item.make()
    assert len(body) == vo_files.size(item.plate)
    assert item.row["access_estsize"] == -(-len(body) // 1000)
    assert item.make() == body
    assert vo_files.preview(item.plate).startswith(b"\x89PNG")


@pytest.mark.parametrize("item", ONE_OF_EACH, ids=name_of)
def test_a_file_says_what_its_row_says(item: DataSet) -> None:
    with fits.open(io.BytesIO(item.make()), checksum=True) as hdus:
        header = hdus[0].header
        assert header["PUBDID"] == item.dp_id == item.row["obs_publisher_did"]
        assert header["MJD-OBS"] == item.row["t_min"]
        assert header["OBJECT"] == item.row["target_name"]
        if item.row["dataproduct_type"] == "spectrum":
            return
        wcs = WCS(header, fix=False).celestial
        middle = wcs.pixel_to_world_values(*((size - 1) / 2 for size in wcs.array_shape))
        assert middle == pytest.approx((item.row["s_ra"], item.row["s_dec"]), abs=1e-6)
        assert wcs.array_shape == (item.row["s_xel1"], item.row["s_xel2"])


def test_a_cube_and_a_spectrum_have_the_wavelengths_of_their_rows() -> None:
    for item in ONE_OF_EACH:
        low, high = item.row["em_min"], item.row["em_max"]
        with fits.open(io.BytesIO(item.make())) as hdus:
            if item.row["dataproduct_type"] == "image":
                continue
            if len(hdus) == 2:
                waves = hdus[1].data["spectral"] * 1e-10
            else:
                spectral = WCS(hdus[0].header, fix=False).spectral
                waves = spectral.all_pix2world(range(item.row["em_xel"]), 0)[0]
            assert (waves[0], waves[-1]) == pytest.approx((low, high), rel=1e-9)


def test_the_seed_decides_everything() -> None:
    publisher = PUBLISHERS[0]
    first, again, other = (vo_holdings.items(publisher, seed)[0] for seed in (1, 1, 2))
    assert first.row == again.row
    assert first.row["s_ra"] != other.row["s_ra"]
    digests = {hashlib.sha256(item.make()).hexdigest() for item in (first, other)}
    assert len(digests) == 2


def test_stars_of_a_catalogue_stand_where_the_images_show_them() -> None:
    austral = next(one for one in PUBLISHERS if one.name == "austral")
    item = next(one for one in vo_holdings.items(austral, 1) if one.row["target_name"] == "M 77")
    sources = vo_holdings.sources(austral.collection("AUSTRAL-SOURCES"), 1)
    with fits.open(io.BytesIO(item.make())) as hdus:
        pixels, wcs = hdus[0].data, WCS(hdus[0].header, fix=False)
        bright = 0
        near = [one for one in sources if distance((one.ra, one.dec), (40.6696, -0.0133)) < 0.1]
        for source in near:
            x, y = (round(float(one)) for one in wcs.wcs_world2pix(source.ra, source.dec, 0))
            if 2 <= x < pixels.shape[1] - 2 and 2 <= y < pixels.shape[0] - 2:
                around = pixels[y - 2 : y + 3, x - 2 : x + 3]
                bright += around.max() > 1500.0  # the sky is 1000 with a noise of 32
    assert bright >= 3


def test_a_crowd_is_there_only_when_asked_for(box: Sandbox, crowded: Sandbox) -> None:
    path = "crowd-03.example/scs?RA=40.67&DEC=-0.01&SR=1"
    assert requests.get(f"{box.url}/{path}", timeout=30).status_code == 404
    assert b"CROWD-03" in requests.get(f"{crowded.url}/{path}", timeout=30).content
    assert requests.get(f"{crowded.url}/crowd-04.example/sia", timeout=30).status_code == 404
    assert make_world(crowd=7).crowd == 7
    with pytest.raises(BadInput, match=r"crowd of 101 is not possible; ask for 0\.\.100"):
        crowd(101)


def test_every_one_of_the_crowd_has_something_of_one_object(crowded: Sandbox) -> None:
    counts = []
    for service in (one for one in EVERY if one.publisher.startswith("crowd")):
        url = f"{crowded.url}{service.paths[0]}?{QUESTIONS[service.protocol]}"
        counts.append(requests.get(url, timeout=30).text.count("<TR>"))
    assert counts == [1, 2, 3, 6]


def test_forty_are_asked_at_once_and_only_those_that_are_well_answer(world: World) -> None:
    services = [one.services[0] for one in crowd(40)]
    faults = [
        f"{name}:https://crowd-{start + number:02}.example"
        for start, name in ((0, "dead"), (5, "silent"), (10, "rubbish"))
        for number in range(5)
    ]

    def ask(service: VoService) -> int | None:
        url = f"{box.url}{service.paths[0]}?{QUESTIONS[service.protocol]}"
        try:
            return requests.get(url, timeout=5).content.count(b"<TR>")
        except requests.RequestException:
            return None

    with Sandbox(world=world, crowd=40, faults=faults) as box, ThreadPoolExecutor(40) as pool:
        counts = list(pool.map(ask, services))
    assert counts[:10] == [None] * 10
    assert counts[10:15] == [0] * 5
    assert all(counts[15:])


@pytest.mark.parametrize("service", UP, ids=lambda service: service.url)
@pytest.mark.filterwarnings("ignore:Unknown xsi.type")  # pyvo knows SIA, SSA and SCS in part
def test_every_service_says_what_it_is(crowded: Sandbox, service: VoService) -> None:
    for path in service.paths:
        url = f"{crowded.url}{path}"
        answer = requests.get(f"{url}/availability", timeout=30)
        assert parse_availability(io.BytesIO(answer.content)).available
        answer = requests.get(f"{url}/capabilities", timeout=30)
        found = {one.standardid: one for one in parse_capabilities(io.BytesIO(answer.content))}
        address = found[service.standard].interfaces[0].accessurls[0].content
        assert address.rstrip("?") == f"{crowded.url}{service.paths[0]}"
        mirrors = [one.content for one in found[service.standard].interfaces[0].mirrorurls]
        assert mirrors == list(service.mirrors)


@pytest.mark.parametrize("path", ["/sia", "/sia/capabilities", "/ssa", "/ssa/availability"])
def test_a_publisher_that_is_down_shows_a_page(box: Sandbox, path: str) -> None:
    answer = requests.get(f"{box.url}/doldrum.example{path}", timeout=30)
    assert answer.status_code == (200 if path.startswith("/sia") else 503)
    assert "Down for maintenance" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_slow_publisher_takes_its_time_for_questions_only(box: Sandbox) -> None:
    root = f"{box.url}/slow.sirocco.example"
    start = time.monotonic()
    assert requests.get(f"{root}/data/sirocco-0001.fits", timeout=30).ok
    assert requests.get(f"{root}/sia/capabilities", timeout=30).ok
    quick = time.monotonic() - start
    start = time.monotonic()
    assert "<FIELD" in requests.get(f"{root}/sia?FORMAT=METADATA", timeout=30).text
    assert time.monotonic() - start >= 2.0 > quick


def test_a_file_and_a_part_of_it_are_delivered_and_others_are_not(box: Sandbox) -> None:
    item = vo_holdings.items(PUBLISHERS[0], 1)[0]
    url = f"{box.url}/vo.boreal.example/data/{item.filename}"
    whole = requests.get(url, timeout=30)
    assert whole.content == item.make()
    assert whole.headers["content-type"] == "application/fits"
    part = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=30)
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert requests.get(url.replace(".fits", ".png"), timeout=30).content.startswith(b"\x89PNG")
    for wrong in (url.replace(".fits", ".jpg"), url.replace("0001", "9999")):
        assert requests.get(wrong, timeout=30).status_code == 404


def test_whoever_comes_through_the_door_gets_the_publishers_own_names(box: Sandbox) -> None:
    url = f"{box.url}/vo.boreal.example/cgi-bin/siap.pl?POS=40.67,-0.01&SIZE=0.1"
    own = requests.get(url, headers={"X-Forwarded-Host": "vo.boreal.example"}, timeout=30).text
    assert "https://vo.boreal.example/data/" in own
    assert "127.0.0.1" not in own
    assert f"{box.url}/vo.boreal.example/data/" in requests.get(url, timeout=30).text
