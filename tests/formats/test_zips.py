"""This file reads the one FITS file in a zip; what cannot be read so is one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Image
from skyatlas.errors import FormatError
from skyatlas.formats import describe, read


def a_fits() -> bytes:
    out = io.BytesIO()
    pixels = np.arange(400.0).reshape(20, 20)
    fits.HDUList([fits.PrimaryHDU(pixels, fits.Header({"OBJECT": "M 31"}))]).writeto(out)
    return out.getvalue()


FITS = a_fits()


def zipped(folder: Path, *members: tuple[str, bytes]) -> Path:
    path = folder / "cut.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members:
            file.writestr(name, body)
    return path


def test_the_one_fits_file_in_a_zip_is_read_and_told(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("../../a.fits", FITS), ("readme.txt", b"hello"))
    data = read(path)
    assert isinstance(data, Image)
    assert data.pixels.shape == (20, 20)
    said = describe(path)
    assert said.kind == "image"
    assert f"zip compression around {len(FITS)} bytes" in said.lines
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ((("a.txt", b"hello"),), "of 1 files, 0 of them FITS"),
        ((("a.fits", FITS), ("b.fits", FITS)), "of 2 files, 2 of them FITS"),
    ],
)
def test_a_zip_of_none_or_several_is_said_to_be_so(
    tmp_path: Path, members: tuple[tuple[str, bytes], ...], words: str
) -> None:
    path = zipped(tmp_path, *members)
    with pytest.raises(FormatError, match=rf"cut\.zip is a zip archive {words}"):
        read(path)
    assert words in describe(path).lines[0]


def test_a_damaged_zip_is_one_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("a.fits", FITS))
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[200] ^= 0xFF
    for body in (whole[:-30], whole[:500], bytes(changed)):
        path.write_bytes(body)
        with pytest.raises(FormatError, match="damaged inside its zip wrapping"):
            read(path)
