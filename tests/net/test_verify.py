"""This file shows wrong files and whole files to `verify`; only the whole ones pass."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.errors import Corrupt, Unwritable
from skyatlas.model import Product
from skyatlas.net.unpack import unpack
from skyatlas.net.verify import Doubtful, Promise, verify

PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>"


def whole_fits(*, sums: bool = True) -> bytes:
    """Two images and a table with a heap, with or without checksums."""
    column = fits.Column("flux", "PE()", array=np.array([[1.0], [2.0, 3.0]], dtype=object))
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(np.arange(2000, dtype=">i2").reshape(40, 50)),
            fits.ImageHDU(np.ones((30, 30), dtype=">f4")),
            fits.BinTableHDU.from_columns([column]),
        ]
    )
    out = io.BytesIO()
    hdus.writeto(out, checksum=sums)
    return out.getvalue()


def lzw(data: bytes) -> bytes:
    """Unix compress at its simplest: literals of nine bits, cleared before the table grows."""
    bits = 0
    count = 0
    for number, byte in enumerate(data):
        if number and number % 248 == 0:  # 248 literals and CLEAR end on a block of nine bytes
            bits |= 256 << count
            count += 9
            count += -count % 72
        bits |= byte << count
        count += 9
    return b"\x1f\x9d\x90" + bits.to_bytes(-(-count // 8), "little")


def check(path: Path, data: bytes, name: str = "x.fits", **product: object) -> tuple[str, ...]:
    path.write_bytes(data)
    headers = product.pop("headers", {})
    return verify(path, Promise(Product("u", **product), name, headers=headers))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.part"


def test_a_whole_file_passes_in_every_packing(path: Path) -> None:
    data = whole_fits()
    seen = ("fits structure", "checksum", "datasum")
    assert check(path, data) == seen
    assert check(path, gzip.compress(data), "x.fits.gz") == ("gzip", *seen)
    assert check(path, bz2.compress(data), "x.fits.bz2") == ("bzip2", *seen)
    assert check(path, lzw(data), "x.fits.Z") == ("lzw", *seen)
    assert check(path, data, "x.fits.fz") == seen


@pytest.mark.parametrize("sums", [False, True])
def test_a_cut_file_is_corrupt_wherever_it_is_cut(path: Path, sums: bool) -> None:
    data = whole_fits(sums=sums)
    with fits.open(io.BytesIO(data)) as hdus:
        ends = {hdu.fileinfo()["datLoc"] + hdu.fileinfo()["datSpan"] for hdu in hdus}
    for cut in range(1, len(data), 97):
        if cut not in ends:
            try:
                told = check(path, data[:cut])
            except Corrupt:
                continue
            # Only padding may be missing.
            assert any("odd" in way for way in told), cut
            assert min(end - cut for end in ends if end > cut) < 2880


@pytest.mark.parametrize(
    ("pack", "name"),
    [(gzip.compress, "x.fits.gz"), (bz2.compress, "x.fits.bz2"), (lzw, "x.fits.Z")],
)
def test_a_cut_packed_file_is_corrupt(path: Path, pack, name: str) -> None:
    packed = pack(whole_fits())
    for part in (0.3, 0.6, 0.9):
        with pytest.raises(Corrupt):
            check(path, packed[: int(len(packed) * part)], name)


def test_one_wrong_byte_in_data_with_sums_is_in_doubt(path: Path) -> None:
    data = bytearray(whole_fits())
    data[3000] ^= 1
    with pytest.raises(Doubtful, match="DATASUM of HDU 0"):
        check(path, bytes(data))
    data = bytearray(whole_fits())
    data[data.index(b"BITPIX")] ^= 0x20
    with pytest.raises(Corrupt):
        check(path, bytes(data))


def test_undefined_sums_are_no_sums(path: Path) -> None:
    for value in ("", " ", "0" * 16):
        card = f"CHECKSUM= '{value:<16}'".ljust(80).encode()
        data = whole_fits(sums=False)
        end = data.index(b"END ".ljust(80))
        assert data[end + 80 : end + 160] == b" " * 80
        patched = data[:end] + card + data[end : end + 80] + data[end + 160 :]
        assert check(path, patched) == ("fits structure",)


def test_what_follows_the_last_hdu_is_told(path: Path) -> None:
    data = whole_fits()
    assert "odd: 2,880 blank bytes follow the last HDU" in check(path, data + bytes(2880))
    assert "odd: 7 unknown bytes follow the last HDU" in check(path, data + b"special")
    with pytest.raises(Corrupt, match="inside the header of HDU 3"):
        check(path, data + b"XTENS")


def test_random_groups_have_their_own_size(path: Path) -> None:
    groups = fits.GroupData(np.ones((5, 4), dtype=">f4"), parnames=["u"], pardata=[range(5)])
    fits.GroupsHDU(groups).writeto(path.with_suffix(".fits"))
    data = path.with_suffix(".fits").read_bytes()
    assert "fits structure" in check(path, data)
    with pytest.raises(Corrupt, match="of data"):
        check(path, data[: 2880 + 50])


@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf  \n", b"<?xml version='1.0'?>\n<!-- x -->\n"]
)
def test_a_web_page_is_not_taken_for_data(path: Path, before: bytes) -> None:
    for name in ("x.fits", "x.tar", "x", "x.xml"):
        with pytest.raises(Corrupt, match="web page"):
            check(path, before + PAGE, name)
    with pytest.raises(Corrupt, match="web page"):
        check(path, gzip.compress(before + PAGE), "x.fits.gz")
    assert check(path, before + PAGE, "x.html") == ()
    assert check(path, before + PAGE, "x", content_type="text/html") == ()


@pytest.mark.parametrize("data", [b"", b"OK", b"Not found", b"{}"])
def test_a_few_bytes_are_no_fits(path: Path, data: bytes) -> None:
    with pytest.raises(Corrupt):
        check(path, data)
    with pytest.raises(Corrupt):
        check(path, data, "x", content_type="application/fits")


def test_a_votable_must_be_whole(path: Path) -> None:
    good = b"<?xml version='1.0'?><VOTABLE><RESOURCE/></VOTABLE>"
    assert check(path, good, "x.vot") == ("well-formed xml",)
    assert check(path, good, "x", content_type="application/x-votable+xml") == ("well-formed xml",)
    with pytest.raises(Corrupt, match="no whole XML"):
        check(path, good[:-4], "x.vot")


def test_digests_that_were_promised_are_kept(path: Path) -> None:
    data = b"some bytes"
    md5 = base64.b64encode(hashlib.md5(data).digest()).decode()
    sha = base64.b64encode(hashlib.sha256(data).digest()).decode()
    for headers in (
        {"content-md5": md5},
        {"digest": f"md5={md5},sha-256={sha}"},
        {"repr-digest": f"sha-256=:{sha}:"},
        {"x-amz-checksum-sha256": sha},
    ):
        assert check(path, data, "x", headers=headers)
        with pytest.raises(Corrupt, match="is not the one"):
            check(path, data + b"!", "x", headers=headers)
    for checksum in (f"md5:{hashlib.md5(data).hexdigest()}", f"sha256:{sha}"):
        assert check(path, data, "x", checksum=checksum)
        with pytest.raises(Corrupt, match="is not the one"):
            check(path, data + b"!", "x", checksum=checksum)
    assert check(path, data, "x", headers={"x-amz-checksum-sha256": f"{sha}-4"}) == ()


def test_an_exact_size_is_kept_and_an_estimate_is_not(path: Path) -> None:
    assert check(path, b"12345", "x", size=5, size_exact=True) == ("length",)
    assert check(path, b"12345", "x", size=9) == ()
    with pytest.raises(Corrupt, match="5 bytes, but the archive said 9"):
        check(path, b"12345", "x", size=9, size_exact=True)


def test_a_packed_raw_frame_is_unpacked_beside_itself(tmp_path: Path) -> None:
    data = whole_fits()
    packed = tmp_path / "XSHOO.fits.Z"
    packed.write_bytes(lzw(data))
    assert unpack(packed).read_bytes() == data
    assert {p.name for p in tmp_path.iterdir()} == {"XSHOO.fits", "XSHOO.fits.Z"}


def test_a_cut_raw_frame_is_not_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "XSHOO.fits.Z"
    packed.write_bytes(lzw(whole_fits())[:9000])
    with pytest.raises(Corrupt):
        unpack(packed)
    assert [p.name for p in tmp_path.iterdir()] == ["XSHOO.fits.Z"]
    packed.write_bytes(lzw(whole_fits()))
    (tmp_path / "XSHOO.fits").mkdir()
    with pytest.raises(Unwritable, match="make room"):
        unpack(packed)


CUT_DOWN = {
    # Edited or cut out after their sums were written; whole all the same.
    "CRIRES_HD30501_spec_1.fits",
    "CRIRES_HD30501_spec_wavecal.fits",
    "FORS1_sky_600B_1d.fits",
    "DES_r.fits",
    "tnx.fits",
    "tpv.fits.gz",
    "tpv_odd.fits",
    "asteroid_test.fits",
    "tess2019085135100-s0010-2-4-0140-s_cbv.fits",
    "test-lc-tess-pimen_s1_eleanor_full-100-cadences.fits",
    "test-lc-tess-pimen_s1_eleanor_lite-100-cadences.fits",
    "test-tpf-kplr-tabby-100-cadences.fits",
}
INCOMPLETE = {
    "invalid_header.hdr",
    "na120701.091058.fits",
    "not_actually_fits.fits",
    "outside_sky.hdr",
    "siponly.hdr",
    "test-tpf-kplr-tabby-corrupted-at-header.fits",
    "test-tpf-kplr-tabby-corrupted-at-header2.fits",
    "test-tpf-tess-pimen-corrupted-at-header.fits",
    "test-tpf-tess-pimen-corrupted-at-header2.fits",
    "too_many_pv.hdr",
    "tpvonly.hdr",
    "unit.hdr",
    "votable_named_fits_id41.fits",
}
STALE = {"checksum_false.fits", "header_newlines.fits"}


def verdicts(folder: Path) -> tuple[set[str], set[str]]:
    """Names of the files in doubt, and of the corrupt ones."""
    doubtful, corrupt = set(), set()
    for path in sorted(folder.iterdir()):
        try:
            verify(path, Promise(Product("u"), path.name))
        except Doubtful:
            doubtful.add(path.name)
        except Corrupt:
            corrupt.add(path.name)
    return doubtful, corrupt


@pytest.mark.parametrize("folder", ["spectra", "images", "lightcurves"])
def test_real_files_pass(shared_data: Path, folder: str) -> None:
    doubtful, corrupt = verdicts(shared_data / folder)
    assert corrupt == set()
    assert doubtful <= CUT_DOWN


def test_known_bad_files_do_not_pass(shared_data: Path) -> None:
    assert verdicts(shared_data / "corrupt") == (STALE, INCOMPLETE)
