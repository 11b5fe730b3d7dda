"""This file cuts pieces of FITS files that a server has, by ranges, from end to end."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits
from fault_server import FaultServer
from range_server import RangeFile

from skyatlas.errors import Broken
from skyatlas.formats.remote import Outside, Piece, Place, RemoteImage
from skyatlas.net.ranges import Ranges
from skyatlas.net.street import Street

SCALE = 0.001
PIXELS = np.arange(1200 * 1500, dtype="f4").reshape(1200, 1500)


def image(compressed: bool = False) -> bytes:
    header = fits.Header(
        {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 0.0, "CRVAL2": 0.0,
            "CRPIX1": 750.5, "CRPIX2": 600.5, "CDELT1": -SCALE, "CDELT2": SCALE, "RADESYS": "ICRS",
        }.items()
    )  # fmt: skip
    hdu = (
        fits.CompImageHDU(PIXELS.astype("i4"), header, compression_type="RICE_1")
        if compressed
        else fits.ImageHDU(PIXELS, header)
    )
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("several", ["multipart", "first", "whole"])
def test_many_pieces_of_one_file_come_in_few_requests(
    server: FaultServer, several: str, compressed: bool
) -> None:
    url = server.on("/f.fits", RangeFile(image(compressed), several=several))
    wanted = [(x, y) for x in (-200, 0, 300) for y in (-100, 50)]
    places = [Place(-x * SCALE, y * SCALE, 64 * SCALE, 64 * SCALE) for x, y in wanted]
    with Ranges(Street(), url) as ranges:
        pieces = RemoteImage(ranges, ranges.answered_url).cut([*places, Place(180.0, 0.0, 1, 1)])
    assert isinstance(pieces[-1], Outside)
    for (x, y), piece in zip(wanted, pieces[:-1], strict=True):
        assert isinstance(piece, Piece)
        with fits.open(io.BytesIO(piece.body)) as hdus:
            assert (hdus[1].data == PIXELS[y + 568 : y + 632, x + 718 : x + 782]).all()
            assert hdus[1].header["HISTORY"][-2] == f"Cut out of {url}"
    if several == "multipart":
        assert ranges.requests <= 6


def test_a_file_that_changes_between_header_and_pixels_gives_no_piece(server: FaultServer) -> None:
    body = image()
    url = server.on("/f.fits", RangeFile(body), RangeFile(body[:-2880] + bytes(2880), etag='"b"'))
    with Ranges(Street(), url) as ranges, pytest.raises(Broken, match="changed this file"):
        RemoteImage(ranges, url).cut([Place(0.0, 0.0, 0.06, 0.06)])
