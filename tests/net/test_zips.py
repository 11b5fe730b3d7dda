"""This file packs zips in every bad way; what comes out is whole, and lies where we want it."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.errors import Corrupt, Unwritable
from skyatlas.model import Product
from skyatlas.net.promise import Promise
from skyatlas.net.unpack import unpack, unpacked
from skyatlas.net.verify import verify

NOISE = np.random.default_rng(5).integers(-30000, 30000, (60, 60)).astype(">i2")


def a_fits(*, sums: bool = True) -> bytes:
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(NOISE)]).writeto(out, checksum=sums)
    return out.getvalue()


FITS = a_fits()


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as file:
        for name, body in members:
            file.writestr(name, body)
    return out.getvalue()


def judged(folder: Path, body: bytes, name: str = "x.zip") -> tuple[str, ...]:
    path = folder / name
    path.write_bytes(body)
    return verify(path, Promise(Product("https://mast.stsci.edu/x"), name))


def declaring(body: bytes, size: int) -> bytes:
    """The same zip; its directory says that each member unpacks to so many bytes."""
    data, place = bytearray(body), 0
    while (place := data.find(b"PK\x01\x02", place)) >= 0:
        struct.pack_into("<I", data, place + 24, size)
        place += 1
    return bytes(data)


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_is_verified_with_what_is_in_it(tmp_path: Path, how: int) -> None:
    body = zipped(("a.fits", FITS), ("MANIFEST.HTML", b"<html></html>"), ("empty", b""), how=how)
    assert judged(tmp_path, body) == ("zip", "fits structure", "checksum", "datasum")
    assert judged(tmp_path, body, "no name tells.dat")[0] == "zip"
    assert judged(tmp_path, zipped()) == ("zip",)


def test_any_changed_byte_of_a_member_is_found(tmp_path: Path) -> None:
    body = zipped(("a.txt", NOISE.tobytes()), ("b.fits", a_fits(sums=False)))
    spots = np.random.default_rng(3).integers(60, len(body) - 300, 40)
    for spot in spots:
        bad = bytearray(body)
        bad[spot] ^= 0x10
        with pytest.raises(Corrupt, match="cannot be unpacked"):
            judged(tmp_path, bytes(bad))


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_zip_that_is_cut_off_is_no_zip(tmp_path: Path, kept: float) -> None:
    body = zipped(("a.fits", FITS))
    with pytest.raises(Corrupt):
        judged(tmp_path, body[: int(kept * len(body))])


def test_a_message_in_place_of_a_zip_is_told_and_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match=r"not packed with zip; .*No TESS data"):
        judged(tmp_path, b'{"msg": "No TESS data found at this place"}')


def test_a_damaged_fits_in_a_good_zip_is_found(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="HDU 0 of the FITS file holds"):
        judged(tmp_path, zipped(("a.fits", FITS[:-2880])))
    with pytest.raises(Corrupt, match=r"a\.fits in x\.zip should be FITS"):
        judged(tmp_path, zipped(("../a.fits", b"An error occurred")))


def test_what_is_encrypted_or_packed_in_an_unknown_way_cannot_be_judged(tmp_path: Path) -> None:
    body = bytearray(zipped(("a.fits", FITS)))
    for offset, value in ((6, 1), (8, 99)):  # flags, method; 2 further on in the directory
        bad = bytearray(body)
        bad[offset] = value
        bad[bad.find(b"PK\x01\x02") + offset + 2] = value
        with pytest.raises(Corrupt, match="cannot be unpacked"):
            judged(tmp_path, bytes(bad))


def test_a_member_that_ends_before_it_said_is_found(tmp_path: Path) -> None:
    body = zipped(("a.fits", FITS), how=zipfile.ZIP_DEFLATED)
    with pytest.raises(Corrupt, match="cannot be unpacked"):
        judged(tmp_path, declaring(body, len(FITS) + 5000))


def test_a_member_never_gives_more_than_it_declares(tmp_path: Path) -> None:
    body = declaring(zipped(("a.fits", FITS + b"\0" * 50_000_000)), len(FITS))
    with pytest.raises(Corrupt, match="cannot be unpacked"):
        judged(tmp_path, body)
    assert sum(len(piece) for piece in _taken(tmp_path / "x.zip")) <= len(FITS)


def _taken(path: Path) -> list[bytes]:
    pieces = []
    try:
        for piece in unpacked(path, path.name):
            pieces.append(piece)
    except Corrupt:
        return pieces
    raise AssertionError("it was taken for whole")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(("a.fits", FITS)))
    with zipfile.ZipFile(path, "a") as file:
        file.infolist()[0].file_size = 2**50  # as the directory, written anew, will say
        file.writestr("b", b"")
    with pytest.raises(Unwritable, match=r"x\.zip would unpack to 1126 TB"):
        judged(tmp_path, path.read_bytes())
    with pytest.raises(Unwritable, match=r"x\.zip would unpack to 1126 TB"):
        unpack(path)
    assert list(tmp_path.iterdir()) == [path]


def test_one_fits_file_is_unpacked_beside_its_zip(tmp_path: Path) -> None:
    path = tmp_path / "cut.zip"
    path.write_bytes(zipped(("inside.fits", FITS), ("readme.txt", b"hello")))
    assert unpack(path) == tmp_path / "cut.fits"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cut.fits", "cut.zip"]
    assert (tmp_path / "cut.fits").read_bytes() == FITS


@pytest.mark.parametrize(
    "name",
    ["../../evil.fits", "/evil.fits", "C:\\evil.fits", "a/b/c.fits", "cut.zip.fits", ".fits"],
)
def test_the_name_of_a_member_goes_nowhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    path = folder / "cut.zip"
    path.write_bytes(zipped((name, FITS)))
    assert unpack(path) == folder / "cut.fits"
    files = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file()}
    assert files == {"a/b/c/cut.zip", "a/b/c/cut.fits"}


@pytest.mark.parametrize(
    "members",
    [
        (),
        (("readme.txt", b"hello"),),
        (("a.fits", FITS), ("b.fits", FITS)),
        (("a.fits", FITS), ("A.FITS", FITS)),
    ],
)
def test_a_zip_of_none_or_several_stays_as_it_is(
    tmp_path: Path, members: tuple[tuple[str, bytes], ...]
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(*members))
    assert unpack(path) is None
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(Corrupt, match="instead of one"):
        list(unpacked(path, path.name))


def test_a_file_that_has_the_name_already_is_left_alone(tmp_path: Path) -> None:
    path, plain = tmp_path / "cut.zip", tmp_path / "cut.fits"
    path.write_bytes(zipped(("a.fits", FITS)))
    plain.write_bytes(b"a year of work")
    assert unpack(path, lambda _: False) is None
    assert plain.read_bytes() == b"a year of work"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cut.fits", "cut.zip"]
    # The same bytes: somebody was stopped before the receipt was written.
    plain.write_bytes(FITS)
    assert unpack(path, lambda _: False) == plain
    plain.write_bytes(b"an older version")
    assert unpack(path, lambda one: one == plain) == plain
    assert plain.read_bytes() == FITS


def test_what_is_not_whole_is_not_unpacked(tmp_path: Path) -> None:
    for body in (FITS[:-2880], FITS[: len(FITS) // 2]):
        path = tmp_path / "cut.zip"
        path.write_bytes(zipped(("a.fits", body)))
        with pytest.raises(Corrupt):
            unpack(path)
        assert list(tmp_path.iterdir()) == [path]
