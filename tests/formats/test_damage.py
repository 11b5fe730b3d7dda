"""This file tests that damaged and foreign files are one sentence, never a traceback or a lie."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyatlas.dataset import Image, Spectrum
from skyatlas.errors import BadInput, FormatError
from skyatlas.formats import describe, read

Writer = Callable[..., Path]

FOREIGN = {
    "HTML": b"<!DOCTYPE html><html><body>Please log in</body></html>" + b" " * 80,
    "VOTable": b'<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE/></VOTABLE>' + b" " * 80,
    "two bytes": b"no",
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "text": b"wavelength,flux\n" * 20,
    "nothing known": bytes(range(256)),
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_named_fits_that_is_something_else_is_said_to_be_so(
    tmp_path: Path, body: bytes
) -> None:
    path = tmp_path / "answer.fits"
    path.write_bytes(body)
    with pytest.raises(FormatError, match=r"answer.fits is not FITS: it "):
        read(path)
    assert describe(path).kind != "FITS"


def test_an_empty_file_a_folder_and_a_missing_file_are_three_sentences(tmp_path: Path) -> None:
    (tmp_path / "empty.fits").touch()
    with pytest.raises(FormatError, match="is empty"):
        read(tmp_path / "empty.fits")
    with pytest.raises(FormatError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(BadInput, match="no file"):
        read(tmp_path / "missing.fits")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_read_and_cut_ones_refused(
    phase3: Writer, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    packed = pack(phase3().read_bytes())
    path = tmp_path / "packed"
    path.write_bytes(packed)
    found = read(path)
    assert isinstance(found, Spectrum)
    assert found.axis[0] == 400
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FormatError, match="cut short or damaged inside its"):
        read(path)


def lzw(body: bytes) -> bytes:
    """What compress(1) could have written: 9-bit literals, the table cleared after every seven."""
    packed = bytearray(b"\x1f\x9d\x90")
    for start in range(0, len(body), 7):
        codes = [*body[start : start + 7], 256]
        packed += sum(code << 9 * place for place, code in enumerate(codes)).to_bytes(9, "little")
    return bytes(packed)


def test_lzw_of_eso_is_read_in_process(phase3: Writer, tmp_path: Path) -> None:
    path = tmp_path / "raw.fits.Z"
    path.write_bytes(lzw(phase3().read_bytes()))
    found = read(path)
    assert isinstance(found, Spectrum)
    assert found.axis[0] == 400
    assert "LZW compression" in str(describe(path))


def test_a_missing_end_card_is_said(phase3: Writer) -> None:
    path = phase3()
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError):
        read(path)


def test_a_cut_in_any_place_is_noticed(phase3: Writer, tmp_path: Path) -> None:
    whole = phase3().read_bytes()
    table = whole.index(b"XTENSION")
    data = whole.index(b"END" + b" " * 77, table)
    data += 2880 - data % 2880
    with fits.open(tmp_path / "file.fits") as hdus:
        last = hdus[1].fileinfo()["datLoc"] + hdus[1].size
    for end in (0, 1, 100, 2880 + 8, table + 500, data + 8, last - 1):
        path = tmp_path / "cut.fits"
        path.write_bytes(whole[:end])
        with pytest.raises(FormatError):
            read(path)
        assert describe(path).kind in {"unreadable", "text", "not FITS"}
    path.write_bytes(whole[:last])  # only the padding is gone
    assert isinstance(read(path), Spectrum)


def test_a_cut_beside_the_science_layer_is_noticed_too(write: Writer) -> None:
    path = write(
        fits.ImageHDU(np.ones((50, 50)), name="SCI"), fits.ImageHDU(np.ones((50, 50)), name="DQ")
    )
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(FormatError, match="cut short: HDU 2"):
        read(path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=12), image=st.booleans())
def test_bytes_that_are_overwritten_never_make_a_traceback(
    tmp_path: Path, place: float, junk: bytes, image: bool
) -> None:
    source = tmp_path / f"{image}.fits"
    if not source.exists():
        columns = [
            fits.Column("WAVE", "20D", unit="nm", array=[np.arange(20.0)]),
            fits.Column("FLUX", "20E", array=[np.ones(20)]),
        ]
        hdu = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
        pixels = fits.ImageHDU(np.ones((5, 6)), fits.Header({"CTYPE1": "RA---TAN"}), name="SCI")
        fits.HDUList([fits.PrimaryHDU(), pixels if image else hdu]).writeto(source)
    body = bytearray(source.read_bytes())
    # Headers only: any number is good data.
    start = int(place * (5760 - len(junk)))
    body[start : start + len(junk)] = junk
    path = tmp_path / "damaged.fits"
    path.write_bytes(bytes(body))
    try:
        found = read(path)
    except FormatError:
        found = None
    assert found is None or isinstance(found, Spectrum | Image) or len(found) > 0
    describe(path)


def test_describe_says_what_is_inside(phase3: Writer, tmp_path: Path) -> None:
    path = phase3()
    text = str(describe(path))
    assert text.startswith("spectrum\nobject: HD 1\ninstrument: HARPS")
    assert "400 to 700 nm, 500 samples" in text
    assert "medium: not stated; frame: BARYCENT" in text
    assert "SPECTRUM          table" in text
    assert describe(tmp_path).kind == "folder"


def test_describe_tells_pixel_scale_and_position(
    write: Writer, header_on_sky: Callable[..., fits.Header]
) -> None:
    header = header_on_sky(EXPTIME=30.0, PROG_ID="60.A-9000(A)")
    text = str(describe(write(fits.PrimaryHDU(np.ones((21, 31)), header))))
    assert "exposure: 30 s" in text
    assert "program: 60.A-9000(A)" in text
    assert "centre: RA 150.00000, DEC 2.00000 deg; pixel scale: 1 x 1 arcsec" in text


def test_describe_counts_the_rows_of_a_votable(tmp_path: Path) -> None:
    from astropy.table import Table

    path = tmp_path / "answer.fits"
    Table({"ra": [1.0, 2.0], "dec": [3.0, 4.0]}).write(path, format="votable")
    assert "2 rows x 2 columns: ra, dec" in str(describe(path))


def test_lzw_flags_that_nobody_defined_are_refused(tmp_path):
    path = tmp_path / "a.fits.Z"
    path.write_bytes(b"\x1f\x9d\xf0" + b"S" * 3000)
    with pytest.raises(FormatError, match="no header of compress"):
        read(path)
