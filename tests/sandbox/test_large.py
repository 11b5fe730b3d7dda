"""This file reads the sandbox's files by ranges, and its large image without holding it."""

from __future__ import annotations

import tracemalloc
from email import message_from_bytes
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.sandbox import mast_large
from skyatlas.sandbox.drawn import Drawn
from skyatlas.sandbox.mast_files import find
from skyatlas.sandbox.mast_holdings import files
from skyatlas.sandbox.state import State
from skyatlas.sandbox.survey_sky import bright_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.sandbox import Sandbox, World
    from skyatlas.session import Session

PLAIN = f"mast:HLSP/whirlpool/{mast_large.name_of('f555w')}"
PACKED = f"mast:HLSP/whirlpool/{mast_large.name_of('f814w')}"
SIDE = 7230
SIZE = 2880 + 72_602 * 2880


def _mast(box: Sandbox, uri: str = PLAIN) -> str:
    return f"{box.url}/mast.stsci.edu/api/v0.1/Download/file?uri={uri}"


def _bucket(box: Sandbox, uri: str = PLAIN) -> str:
    return f"{box.url}/stpubdata.s3.amazonaws.com/mast/hlsp/{uri.partition('HLSP/')[2]}"


def _get(url: str, ranges: str = "", **headers: str) -> requests.Response:
    said = headers | ({"Range": f"bytes={ranges}"} if ranges else {})
    return requests.get(url, headers=said, timeout=60)


def _parts(answer: requests.Response) -> Iterator[tuple[str, bytes]]:
    """Content-Range and bytes of each part, as a parser of mail finds them."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    for part in message_from_bytes(head + answer.content).get_payload():
        yield part["Content-Range"], part.get_payload(decode=True)


@pytest.fixture(scope="module")
def drawn(world: World) -> Drawn:
    return mast_large.drawn("f555w", world.seed)


def test_the_large_image_is_found_near_m51_with_its_size(atlas: Session) -> None:
    found = atlas.search("M 51", radius="1 arcmin", archives="mast", collection="HLSP")
    mosaics = [row for row in found.table if "whirlpool" in row["obs_id"]]
    assert len(mosaics) == 2
    sizes = {product.name: product.size for product in atlas.plan(found).products}
    assert sizes[mast_large.name_of("f555w")] == SIZE


def test_its_first_bytes_are_its_header(box: Sandbox) -> None:
    answer = _get(_mast(box), "0-2879")
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 0-2879/{SIZE}"
    header = fits.Header.fromstring(answer.content.decode("ascii"))
    assert (header["NAXIS1"], header["NAXIS2"], header["BITPIX"]) == (SIDE, SIDE, -32)
    assert WCS(header).wcs_world2pix([mast_large.M51], 1)[0] == pytest.approx((3655.5, 3590.75))


def test_several_ranges_come_in_one_answer_and_each_is_in_its_place(
    box: Sandbox, drawn: Drawn
) -> None:
    spans = [(100_000_000, 100_004_095), (0, 79), (SIZE - 100, SIZE - 1)]
    answer = _get(_mast(box), "100000000-100004095, 0-79,-100")
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert list(_parts(answer)) == [
        (f"bytes {first}-{last}/{SIZE}", drawn[first : last + 1]) for first, last in spans
    ]


def test_ranges_that_are_not_there_are_left_out_or_refused(box: Sandbox) -> None:
    one = _get(_mast(box), f"0-9,{SIZE}-")
    assert (one.status_code, one.headers["content-range"]) == (206, f"bytes 0-9/{SIZE}")
    none = _get(_mast(box), f"{SIZE}-,{SIZE + 5}-{SIZE + 9}")
    assert (none.status_code, none.headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("ranges", ["9-2", "0-9,9-2", "a-b", ",", ",".join(["0-0"] * 201)])
def test_ranges_that_make_no_sense_or_are_too_many_give_the_whole_file(
    box: Sandbox, ranges: str
) -> None:
    # HEAD is answered as GET is; its body stays behind.
    said = {"Range": f"bytes={ranges}"}
    answer = requests.head(_mast(box), headers=said, timeout=60)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(SIZE))


def test_the_bucket_gives_one_range_and_the_whole_file_for_more(box: Sandbox, drawn: Drawn) -> None:
    answer = _get(_bucket(box), "5000-5999")
    assert (answer.status_code, answer.content) == (206, drawn[5000:6000])
    more = requests.head(_bucket(box), headers={"Range": "bytes=0-1,4-5"}, timeout=60)
    assert (more.status_code, more.headers["content-length"]) == (200, str(SIZE))


def test_a_file_that_changed_is_sent_whole(box: Sandbox) -> None:
    etag = _get(_mast(box), "0-9").headers["etag"]
    assert _get(_mast(box), "0-9", **{"If-Range": etag}).status_code == 206
    said = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert requests.head(_mast(box), headers=said, timeout=60).status_code == 200


def test_every_byte_is_the_same_in_whatever_range_it_comes(drawn: Drawn) -> None:
    whole = drawn[2000:3_000_000]
    for start, stop in ((2000, 2001), (2879, 2882), (900_000, 2_000_123), (2_999_990, 3_000_000)):
        assert drawn[start:stop] == whole[start - 2000 : stop - 2000]
    assert len(drawn[SIZE - 10 : SIZE + 10]) == 10
    assert drawn[SIZE - 1 : SIZE] == b"\0"  # the last block is filled up


def test_the_whole_file_goes_out_without_being_held(box: Sandbox, drawn: Drawn) -> None:
    length, heads = 0, {}
    tracemalloc.start()
    try:
        with requests.get(_mast(box), stream=True, timeout=60) as answer:
            for piece in answer.iter_content(1 << 20):
                if length % (40 << 20) == 0:
                    heads[length] = piece[:100]
                length += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == SIZE
    assert len(heads) == 5
    assert all(drawn[start : start + 100] == head for start, head in heads.items())
    assert peak < SIZE / 2


def _stars_apart(pixels: np.ndarray, wcs: WCS, seed: int) -> list[float]:
    """Pixels between each bright star and where it should be."""
    apart = []
    for _, x, y in bright_in(wcs, pixels.shape, seed):
        left, low = round(x) - 7, round(y) - 7
        light = pixels[low : low + 15, left : left + 15].astype(float)
        light = light - np.median(light)
        light = np.where(light > 0.02 * light.max(), light, 0.0)
        rows, columns = np.mgrid[low : low + 15, left : left + 15]
        middle = [(light * one).sum() / light.sum() for one in (columns, rows)]
        apart.append(float(np.hypot(middle[0] - x, middle[1] - y)))
    return apart


def test_its_stars_are_where_its_header_says(box: Sandbox, drawn: Drawn) -> None:
    apart = []
    for low in range(0, 7200, 1200):
        first = drawn.data_start + 4 * SIDE * low
        answer = _get(_mast(box), f"{first}-{first + 4 * SIDE * 1200 - 1}")
        pixels = np.frombuffer(answer.content, dtype=">f4").reshape(1200, SIDE)
        wcs = drawn.wcs.deepcopy()
        wcs.wcs.crpix = [wcs.wcs.crpix[0], wcs.wcs.crpix[1] - low]
        apart += _stars_apart(pixels, wcs, box.world.seed)
    assert len(apart) >= 3
    assert max(apart) < 0.1


def test_the_packed_image_is_of_tiles_and_has_the_same_pixels(box: Sandbox) -> None:
    answer = _get(_mast(box, PACKED))
    assert answer.headers["content-type"] == "application/fits"
    with fits.open(BytesIO(answer.content)) as hdus:
        assert isinstance(hdus[1], fits.CompImageHDU)
        assert hdus[1].compression_type == "RICE_1"
        pixels, wcs = np.array(hdus[1].data), WCS(hdus[1].header)
        assert hdus[1].header["FILTER"] == "F814W"
    assert pixels.shape == (3000, 3000)
    assert len(answer.content) < 0.4 * pixels.nbytes
    whole = mast_large.drawn("f814w", box.world.seed).pixels(0, 300)
    np.testing.assert_allclose(pixels[:300], whole, atol=0.2)
    y, x = np.unravel_index(np.argmax(pixels), pixels.shape)
    assert wcs.wcs_world2pix([mast_large.M51], 0)[0] == pytest.approx((x, y), abs=0.6)


def test_whoever_packs_files_together_gets_its_bytes(world: World, drawn: Drawn) -> None:
    state = State(world)
    file = find(state, PLAIN)
    state.close()
    assert file is not None
    assert file.size == len(drawn)
    assert file.filename == mast_large.name_of("f555w")


def test_ordinary_files_of_mast_come_in_several_ranges_too(box: Sandbox, world: World) -> None:
    uri = next(uri for uri in files(world.seed) if uri.endswith("readme_v1.txt"))
    body = _get(_mast(box, uri)).content
    answer = _get(_mast(box, uri), "1-9,12-19")
    assert answer.status_code == 206
    assert [data for _, data in _parts(answer)] == [body[1:10], body[12:20]]
    box.fault("no-range", "Download")
    assert _get(_mast(box, uri), "1-9,12-19").content == body
