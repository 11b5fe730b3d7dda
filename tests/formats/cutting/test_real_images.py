"""This file cuts every real image that has a place, and compares with astropy's slices."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from remote_source import Local

from skyatlas.errors import FormatError
from skyatlas.formats.opening import unwrapped
from skyatlas.formats.remote import Outside, Piece, Place, RemoteImage

NO_PLACE = {
    "DECam_00154912_12_header.fits": "no image",
    "IRAC2_1993_tst0013.mt": "no usable position",
    "P-GALEXGR6-AIS-FUV.fits": "no image",
    "VISIR.2004-09-30T03_17_49.095.fits.gz": "no usable position",
    "a8280271.fits": "no usable position",
    "aia_171_level1.fits": "not those of the sky",
    "fpM-001000-r1-0100.fit": "no image",
    "image_with_distortion_map.fits": "no usable position",
    "j8bt06nyq_sip_flt.fits": "no image",
    "jwst_image.fits": "no usable position",
    "o4sp040b0_raw.fits": "no usable position",
    "photoObj-001000-1-0100.fits": "no image",
}
"""Files of which no piece can be cut by position, and why."""


def names() -> list[str]:
    """All images where the real data are; else one, so that the reason to skip is told."""
    default = Path(__file__).parents[3].parent / "shared" / "data"
    folder = Path(os.environ.get("SKYATLAS_TEST_DATA", default)) / "images"
    return sorted(path.name for path in folder.glob("*")) or ["none"]


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_a_piece_of_a_real_image_is_astropys_slice_of_it(shared_data: Path, name: str) -> None:
    body = unwrapped(shared_data / "images" / name)
    image = RemoteImage(Local(body), "https://archive.example/x.fits")
    if name in NO_PLACE:
        with pytest.raises(FormatError, match=NO_PLACE[name]):
            image.cut([Place(10.0, 10.0, 0.1, 0.1)])
        return
    with fits.open(io.BytesIO(body)) as whole, fits.open(io.BytesIO(body), **RAW) as raw:
        block, wcs = image._images[0]
        rows, columns = block.shape[-2:]
        for x, y in ((0.5, 0.5), (0.2, 0.7), (0.9, 0.2)):
            place = place_of(wcs, x * (columns - 1), y * (rows - 1), columns / 3, rows / 4)
            (piece,) = image.cut([place])
            assert isinstance(piece, Piece)
            assert piece.hdu == block.number
            assert piece.whole or (x, y) != (0.5, 0.5)
            compare(piece, whole, raw, wcs)
    (outside,) = image.cut([Place(*opposite(wcs), 0.01, 0.01)])
    assert isinstance(outside, Outside)


RAW: dict[str, Any] = {"do_not_scale_image_data": True}


def compare(piece: Piece, whole: fits.HDUList, raw: fits.HDUList, wcs: WCS) -> None:
    """Values, stored values, layers, cards and positions."""
    box = piece.box
    window = (..., slice(box.y1 - 1, box.y2), slice(box.x1 - 1, box.x2))
    with (
        fits.open(io.BytesIO(piece.body)) as cut,
        fits.open(io.BytesIO(piece.body), **RAW) as stored,
    ):
        index = 0 if piece.hdu == 0 else 1
        same(cut[index].data, whole[piece.hdu].data[window])
        same(stored[index].data, raw[piece.hdu].data[window])
        for number, layer in enumerate(piece.layers, index + 1):
            extension, _, version = layer.partition(",")
            same(cut[number].data, whole[extension, int(version or 1)].data[window])
        ours = WCS(cut[index].header, cut).celestial
        pixels = np.array([(1.0, 1.0), (box.x2 - box.x1 + 1.0, 2.0), (1.5, box.y2 - box.y1 + 0.2)])
        there = wcs.all_pix2world(pixels + np.array([box.x1 - 1, box.y1 - 1]), 1)
        np.testing.assert_allclose(ours.all_pix2world(pixels, 1), there, rtol=0, atol=1e-9)
        kept(whole[piece.hdu].header, cut[index].header)


def same(one: Any, other: Any) -> None:
    assert one.dtype.newbyteorder("=") == other.dtype.newbyteorder("=")
    assert one.tobytes() == np.ascontiguousarray(other, one.dtype).tobytes()


CHANGED = ("CRPIX", "BITPIX", "NAXIS", "LTV", "CNPIX", "HISTORY", "XTENSION", "SIMPLE", "PCOUNT",
           "GCOUNT", "EXTEND", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM", "EXTNAME",
           "BLANK")  # fmt: skip


def kept(before: fits.Header, after: fits.Header) -> None:
    def cards(header: fits.Header) -> list[str]:
        return [str(c) for c in header.cards if not c.keyword.startswith(CHANGED)]

    assert [card for card in cards(before) if card not in cards(after)] == []
    assert after["HISTORY"][-2] == "Cut out of https://archive.example/x.fits"


def place_of(wcs: WCS, x: float, y: float, columns: float, rows: float) -> Place:
    """About so many pixels around a pixel, in ICRS."""
    from astropy.wcs.utils import pixel_to_skycoord, proj_plane_pixel_scales

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = pixel_to_skycoord(x, y, wcs).icrs
        scales = proj_plane_pixel_scales(wcs)
    return Place(
        float(there.ra.deg),
        float(there.dec.deg),
        float(scales[0] * columns),
        float(scales[1] * rows),
    )


def opposite(wcs: WCS) -> tuple[float, float]:
    place = place_of(wcs, 1, 1, 1, 1)
    return (place.ra + 180) % 360, -place.dec
