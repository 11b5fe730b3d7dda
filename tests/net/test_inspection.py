"""This file cuts and splits files on their way; however they come, the verdict is the same."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import itertools
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyatlas.errors import Corrupt
from skyatlas.model import Product
from skyatlas.net.inspection import Inspection
from skyatlas.net.promise import Doubtful, Promise
from skyatlas.net.verify import verify
from skyatlas.sandbox.lzw import compress

NOWHERE = Path("the bytes are not looked for on disk")
NOISE = np.random.default_rng(7).integers(-30000, 30000, 8000).astype(">i2")
"""What cannot be packed: packed files must not be so small that they come in one piece."""


def whole_fits(*, sums: bool = True, more: int = 0) -> bytes:
    """An image, a table with a heap, an image; with sums it takes all that the standard has."""
    column = fits.Column("flux", "PE()", array=np.array([[1.0], [2.0, 3.0]], dtype=object))
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(NOISE.reshape(80, 100)),
            fits.BinTableHDU.from_columns([column]),
            fits.ImageHDU(np.ones((30, 30), dtype=">f4")),
        ]
    )
    for number in range(more):
        hdus[0].header[f"HIERARCH ESO NUMBER{number}"] = number
    out = io.BytesIO()
    hdus.writeto(out, checksum=sums)
    return out.getvalue()


FITS = whole_fits()
PLAIN = whole_fits(sums=False, more=40)
STALE = FITS[:3000] + b"\xff" + FITS[3001:]
VOTABLE = b"<?xml version='1.0'?><VOTABLE>" + b"<TD>1.5</TD>" * 500 + b"</VOTABLE>"
PAGE = b"<!-- a -->" * 30 + b"<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>"
FILES: dict[str, tuple[str, bytes]] = {
    "fits": ("x.fits", FITS),
    "fits without sums": ("x.fits", PLAIN),
    "stale": ("x.fits", STALE),
    "followed": ("x.fits", FITS + bytes(2885)),
    "followed by words": ("x.fits", FITS + b"words" * 900),
    "not filled": ("x.fits", FITS[:-700]),
    "gzip": ("x.fits.gz", gzip.compress(FITS)),
    "members": ("x.fits.gz", gzip.compress(FITS[:9000]) + bytes(9) + gzip.compress(FITS[9000:])),
    "gzip and zeros": ("x.fits.gz", gzip.compress(FITS) + bytes(600)),
    "gzip and words": ("x.fits.gz", gzip.compress(FITS) + b"words"),
    "gzip stale": ("x.fits.gz", gzip.compress(STALE)),
    "bzip2": ("x.fits.bz2", bz2.compress(FITS)),
    "streams": ("x.fits.bz2", bz2.compress(FITS[:9000]) + bz2.compress(FITS[9000:])),
    "bzip2 and words": ("x.fits.bz2", bz2.compress(FITS) + b"Bzwords"),
    "bzip2 and half a mark": ("x.fits.bz2", bz2.compress(FITS) + b"BZ"),
    "lzw": ("x.fits.Z", compress(FITS)),
    "votable": ("x.vot", VOTABLE),
    "page": ("x.fits", PAGE),
    "page asked for": ("x.html", PAGE),
    "page in gzip": ("x.fits.gz", gzip.compress(PAGE)),
    "words": ("x.txt", b"some words " * 600),
    "noise in gzip": ("x.txt.gz", gzip.compress(NOISE.tobytes())),
    "noise in bzip2": ("x.txt.bz2", bz2.compress(NOISE.tobytes())),
    "few": ("x.fits", b"OK"),
    "empty": ("x.dat", b""),
    "gzip by name only": ("x.tar.gz", b"words" * 2000),
}


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The bytes between these places."""
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in itertools.pairwise(places):
        yield data[start:end]


def verdict(
    name: str, parts: Iterator[bytes] | list[bytes], path: Path = NOWHERE, **product: object
) -> tuple[str, ...]:
    """The ways, or what was wrong, as words that can be compared."""
    inspection = Inspection(Promise(Product("u", **product), name))
    try:
        for part in parts:
            inspection.feed(part)
        return inspection.finish(path)
    except Doubtful as doubt:
        return ("doubtful", *doubt.ways)
    except Corrupt as error:
        return ("corrupt", str(error))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for kind, (_, data) in FILES.items():
        (folder / kind).write_bytes(data)
    return folder


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("size", [1, 2, 79, 2880, 4096, 4097])
def test_pieces_of_one_size_give_the_verdict_of_the_whole(
    folder: Path, kind: str, size: int
) -> None:
    name, data = FILES[kind]
    parts = [data[place : place + size] for place in range(0, len(data), size)]
    assert verdict(name, parts, folder / kind) == verdict(name, [data], folder / kind)


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(FILES)), cuts=st.lists(st.integers(0, 40_000), max_size=12))
def test_any_pieces_give_the_verdict_of_the_whole(folder: Path, kind: str, cuts: list[int]) -> None:
    name, data = FILES[kind]
    views = [memoryview(bytearray(part)) for part in pieces(data, cuts)]
    assert verdict(name, views, folder / kind) == verdict(name, [data], folder / kind)


def test_the_verdicts_are_these(folder: Path) -> None:
    told = {kind: verdict(name, [data], folder / kind) for kind, (name, data) in FILES.items()}
    seen = ("fits structure", "checksum", "datasum")
    stale = ("odd: DATASUM of HDU 0 does not fit its bytes",)
    stale += ("odd: CHECKSUM of HDU 0 does not fit its bytes",)
    good = {
        "fits": seen,
        "fits without sums": ("fits structure",),
        "stale": ("doubtful", *seen, *stale),
        "followed": (*seen, "odd: 2,885 blank bytes follow the last HDU"),
        "followed by words": (*seen, "odd: 4,500 unknown bytes follow the last HDU"),
        "not filled": (*seen, "odd: the last data are not filled up to 2880 bytes"),
        "gzip": ("gzip", *seen),
        "members": ("gzip", *seen),
        "gzip and zeros": ("gzip", *seen),
        "gzip stale": ("doubtful", "gzip", *seen, *stale),
        "bzip2": ("bzip2", *seen),
        "streams": ("bzip2", *seen),
        "bzip2 and words": ("bzip2", *seen),
        "lzw": ("lzw", *seen),
        "votable": ("well-formed xml",),
        "page asked for": (),
        "words": (),
        "noise in gzip": ("gzip",),
        "noise in bzip2": ("bzip2",),
    }
    bad = {
        "gzip and words": "cannot be unpacked",
        "bzip2 and half a mark": "cut off",
        "page": "web page",
        "page in gzip": "web page",
        "few": "should be FITS; it begins with 'OK'",
        "empty": "empty",
        "gzip by name only": "not packed with gzip",
    }
    assert {kind: ways for kind, ways in told.items() if kind not in bad} == good
    for kind, noise in bad.items():
        assert told[kind][0] == "corrupt"
        assert noise in told[kind][1]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["gzip", "votable", "streams", "noise in gzip", "noise in bzip2"]),
    data=st.data(),
)
def test_a_cut_of_what_has_an_end_is_corrupt(kind: str, data: st.DataObject) -> None:
    name, whole = FILES[kind]
    ends = {len(bz2.compress(FITS[:9000]))} if kind == "streams" else set()
    cut = data.draw(st.integers(0, len(whole) - 1).filter(lambda cut: cut not in ends))
    assert verdict(name, [whole[:cut]])[0] == "corrupt"


@settings(max_examples=300, deadline=None)
@given(whole=st.sampled_from([FITS, PLAIN]), data=st.data())
def test_a_cut_fits_file_is_corrupt_or_lacks_padding_only(
    whole: bytes, data: st.DataObject
) -> None:
    ends, needed = [], []
    with fits.open(io.BytesIO(whole)) as hdus:
        for hdu in hdus:
            start = hdu.fileinfo()["datLoc"]
            ends.append(start + hdu.fileinfo()["datSpan"])
            needed.append(start + hdu.size)
    cut = data.draw(st.integers(0, len(whole) - 1))
    told = verdict("x.fits", [whole[:cut]])
    if any(need <= cut < end for need, end in zip(needed, ends, strict=True)):
        assert told[-1] == "odd: the last data are not filled up to 2880 bytes"
    elif cut not in ends:
        assert told[0] == "corrupt"


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"SIMPLE  = T", b"<?xml", FITS[:700]]),
    name=st.sampled_from(["x", "x.fits", "x.fits.gz", "x.bz2", "x.vot", "x.html"]),
    rest=st.binary(max_size=9000),
    cuts=st.lists(st.integers(0, 9000), max_size=5),
)
def test_any_bytes_give_a_verdict(start: bytes, name: str, rest: bytes, cuts: list[int]) -> None:
    verdict(name, pieces(start + rest, cuts))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cards=st.lists(
        st.tuples(
            st.sampled_from(["BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "GROUPS"]),
            st.sampled_from(["T", "0", "1", "-8", "2", "9" * 70, "x", "", "'T'", "1.0", "²"]),
        ),
        max_size=12,
    )
)
def test_any_header_gives_a_verdict(cards: list[tuple[str, str]]) -> None:
    lines = [f"{'SIMPLE':8}= T", *(f"{name:8}= {value}" for name, value in cards), "END"]
    block = "".join(f"{line:80}" for line in lines).encode("latin-1").ljust(2880)
    verdict("x.fits", [block, bytes(100)])


def test_a_web_page_is_refused_before_it_has_come_to_its_end() -> None:
    inspection = Inspection(Promise(Product("u"), "x.dat"))
    with pytest.raises(Corrupt, match="web page") as caught:
        inspection.feed(PAGE.ljust(5000))
    assert caught.value.product == Product("u")


def test_many_comments_without_a_page_are_told_in_no_time() -> None:
    script = """
from skyatlas.net.promise import looks_like_html
assert not looks_like_html(b"<!-- a -->" * 300)
assert looks_like_html(b"<!-- a -->" * 300 + b"<html>")
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_an_impossible_size_is_corrupt() -> None:
    cards = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 90"]
    cards += [f"NAXIS{n:<3}= {'9' * 70}" for n in range(1, 91)]
    header = "".join(f"{card:80}" for card in [*cards, "END"]).encode()
    header = header.ljust(-(-len(header) // 2880) * 2880)
    assert "impossible size" in verdict("x.fits", [header])[1]


def test_a_header_without_end_is_not_read_for_ever() -> None:
    inspection = Inspection(Promise(Product("u"), "x.fits"))
    inspection.feed(f"{'SIMPLE  = T':2880}".encode())
    for _ in range(4):
        inspection.feed(b" " * 2_880_000)
    with pytest.raises(Corrupt, match="no END card"):
        inspection.feed(b" " * 5_760_000)


@pytest.mark.parametrize("encoding", ["utf-99", "gb18030"])
def test_xml_in_an_unreadable_encoding_is_corrupt(encoding: str) -> None:
    document = f"<?xml version='1.0' encoding='{encoding}'?><a/>".encode()
    assert "no whole XML" in verdict("x.xml", [document])[1]


def test_the_digests_run_along() -> None:
    sums = {
        "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(FITS).to_bytes(4)).decode(),
        "content-md5": base64.b64encode(hashlib.md5(FITS).digest()).decode(),
    }
    promise = Promise(Product("u"), "x.dat", len(FITS), sums)
    inspection = Inspection(promise)
    for part in pieces(FITS, [10, 5000]):
        inspection.feed(part)
        before = inspection.sha256
    assert (inspection.size, before) == (len(FITS), hashlib.sha256(FITS).hexdigest())
    assert inspection.finish(NOWHERE)[:3] == ("length", "crc32", "md5")
    for name in sums:
        wrong = Inspection(Promise(Product("u"), "x.dat", headers={name: sums[name]}))
        wrong.feed(FITS[:-1] + b"!")
        with pytest.raises(Corrupt, match="is not the one"):
            wrong.finish(NOWHERE)


def test_a_digest_that_is_told_late_is_taken_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    path.write_bytes(b"words")
    for said, good in ((b"words", True), (b"other", False)):
        inspection = Inspection(Promise(Product("u"), "x"))
        inspection.feed(b"words")
        digest = base64.b64encode(hashlib.sha512(said).digest()).decode()
        headers = {"repr-digest": f"sha-512=:{digest}:"}
        inspection.promise = Promise(Product("u"), "x", 5, headers, whole=False)
        if good:
            assert inspection.finish(path) == ("length", "sha512")
        else:
            with pytest.raises(Corrupt, match="sha512 of x is not"):
                inspection.finish(path)


def test_a_kind_that_is_told_late_is_looked_for_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    path.write_bytes(b"<a><b></a>")
    inspection = Inspection(Promise(Product("u"), "x"))
    inspection.feed(b"<a><b></a>")
    inspection.promise = Promise(Product("u"), "x.xml")
    with pytest.raises(Corrupt, match="no whole XML"):
        inspection.finish(path)


def test_a_web_page_that_comes_in_crumbs_is_known() -> None:
    assert "web page" in verdict("x.dat", [b"<", b"ht", b"ml", b">"])[1]


def test_a_small_file_may_hold_a_huge_one(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    script = """
import resource, sys
from pathlib import Path
from skyatlas.model import Product
from skyatlas.net.verify import Promise, verify
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert verify(Path(sys.argv[1]), Promise(Product("u"), "x.gz")) == ("gzip",)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
assert not {"numpy", "bz2", "pyexpat"} & set(sys.modules)
"""
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(bytes(150_000_000), 9))
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_a_raw_frame_is_unpacked_while_it_is_verified(tmp_path: Path) -> None:
    packed, plain = tmp_path / "x.part", tmp_path / "x.fits.part"
    for data, stays in ((FITS, True), (STALE, True), (FITS[:-1500], False), (FITS[:9000], False)):
        packed.write_bytes(compress(data))
        inspection = Inspection(Promise(Product("u"), "x.fits.Z"))
        inspection.feed(packed.read_bytes())
        try:
            assert inspection.finish(packed, plain)[0] == "lzw"
        except Doubtful:
            assert data == STALE
        except Corrupt:
            assert not stays
        assert plain.exists() == stays
        if stays:
            assert plain.read_bytes() == data


@pytest.mark.parametrize("folder_name", ["spectra", "images", "lightcurves", "corrupt"])
def test_real_files_in_pieces_have_the_verdict_that_they_have_on_disk(
    shared_data: Path, folder_name: str
) -> None:
    for number, path in enumerate(sorted((shared_data / folder_name).iterdir())):
        promise = Promise(Product("u"), path.name)
        try:
            whole = verify(path, promise)
        except Doubtful as doubt:
            whole = ("doubtful", *doubt.ways)
        except Corrupt as error:
            whole = ("corrupt", str(error))
        data = path.read_bytes()
        size = 1000 + 997 * (number % 17)
        parts = [data[place : place + size] for place in range(0, len(data), size)]
        assert verdict(path.name, parts, path) == whole, path.name
