"""This file cuts images that are made here: at the poles, over edges, compressed, damaged."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as some
from remote_source import Local

from skyatlas.errors import BadInput, FormatError
from skyatlas.formats.remote import Box, Outside, Piece, Place, RemoteImage

SCALE = 0.5 / 3600
ROWS, COLUMNS = 90, 120
PIXELS = np.random.default_rng(6).normal(100, 5, (ROWS, COLUMNS)).astype("f4")


def cards(ra: float = 150.0, dec: float = 2.0, turn: float = 0.0, **more: Any) -> fits.Header:
    """TAN around the middle of the image, turned by so many degrees."""
    cos, sin = np.cos(np.radians(turn)) * SCALE, np.sin(np.radians(turn)) * SCALE
    header = fits.Header(
        {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec,
            "CRPIX1": COLUMNS / 2, "CRPIX2": ROWS / 2, "CD1_1": -cos, "CD1_2": sin,
            "CD2_1": sin, "CD2_2": cos, "RADESYS": "ICRS",
        }.items()
    )  # fmt: skip
    header.update(more)
    return header


def written(*hdus: Any) -> Local:
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file, output_verify="silentfix+ignore")
    return Local(file.getvalue())


def cut(source: Local, place: Place, **options: Any) -> Piece | Outside:
    return RemoteImage(source, "https://archive.example/f.fits").cut([place], **options)[0]


def read(piece: Piece | Outside, hdu: int = 0) -> fits.ImageHDU:
    assert isinstance(piece, Piece)
    with fits.open(io.BytesIO(piece.body), do_not_scale_image_data=True) as hdus:
        hdus.verify("exception")
        assert hdus[hdu].data is not None
        return hdus[hdu].copy()


def place_at(wcs: WCS, x: float, y: float, columns: float, rows: float) -> Place:
    """Around a pixel, from 0."""
    ra, dec = wcs.all_pix2world([[x, y]], 0)[0]
    return Place(float(ra), float(dec), columns * SCALE, rows * SCALE)


def window(box: Box) -> tuple[slice, slice]:
    return slice(box.y1 - 1, box.y2), slice(box.x1 - 1, box.x2)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [(150.0, 2.0), (0.0, 0.0), (359.9999, -1.0), (10.0, 89.9), (200.0, -89.9), (0, 90)],
)
@given(
    x=some.floats(0, COLUMNS - 1),
    y=some.floats(0, ROWS - 1),
    columns=some.floats(1, 150),
    rows=some.floats(1, 110),
    turn=some.sampled_from([0.0, 30.0, 180.0]),
)
@settings(max_examples=12)
def test_the_box_has_what_was_asked_for_everywhere_on_the_sky(
    ra: float, dec: float, x: float, y: float, columns: float, rows: float, turn: float
) -> None:
    header = cards(ra, dec, turn)
    piece = cut(
        written(fits.PrimaryHDU(PIXELS, header)), place_at(WCS(header), x, y, columns, rows)
    )
    assert isinstance(piece, Piece)
    hdu = read(piece)
    assert hdu.data.tobytes() == PIXELS[window(piece.box)].astype(">f4").tobytes()
    middle = (piece.asked.x1 + piece.asked.x2) / 2 - 1, (piece.asked.y1 + piece.asked.y2) / 2 - 1
    assert np.abs(np.subtract(middle, (x, y))).max() < 0.51
    there = WCS(hdu.header).all_pix2world([[x + 2 - piece.box.x1, y + 2 - piece.box.y1]], 1)
    np.testing.assert_allclose(there, WCS(header).all_pix2world([[x, y]], 0), atol=1e-9)


def test_a_piece_is_as_many_pixels_as_it_is_wide_and_says_where_it_is_from() -> None:
    header = cards()
    piece = cut(written(fits.PrimaryHDU(PIXELS, header)), place_at(WCS(header), 50.1, 40.1, 20, 10))
    assert isinstance(piece, Piece)
    assert (piece.box, piece.whole, piece.words) == (
        Box(42, 61, 37, 46),
        True,
        "pixels [42:61,37:46] of HDU 0",
    )
    found = read(piece).header
    assert list(found["HISTORY"]) == [
        "Cut out of https://archive.example/f.fits",
        "HDU 0 (HDU 0), pixels [42:61,37:46]",
    ]
    assert (found["LTV1"], found["LTV2"]) == (-41.0, -36.0)


def test_a_turned_image_is_cut_so_that_all_of_the_rectangle_is_there() -> None:
    header = cards(turn=45.0)
    piece = cut(written(fits.PrimaryHDU(PIXELS, header)), place_at(WCS(header), 60, 45, 20, 20))
    assert isinstance(piece, Piece)
    assert piece.box.x2 - piece.box.x1 + 1 == piece.box.y2 - piece.box.y1 + 1 == 28


def test_what_lies_over_the_edge_is_said_and_what_lies_outside_is_no_piece() -> None:
    header = cards()
    source = written(fits.PrimaryHDU(PIXELS, header))
    edge = cut(source, place_at(WCS(header), 1, 45, 20, 20))
    assert isinstance(edge, Piece)
    assert not edge.whole
    assert "the rest lies beyond the edge of the image" in edge.words
    assert edge.box.x1 == 1
    outside = cut(source, place_at(WCS(header), -30, 45, 20, 20))
    assert isinstance(outside, Outside)
    assert "lies outside the image (HDU 0)" in outside.words
    assert isinstance(cut(source, Place(330.0, -2.0, 0.1, 0.1)), Outside)


def test_few_bytes_are_read_for_a_small_piece_and_all_pieces_come_in_one_read() -> None:
    header = cards()
    big = np.arange(2000 * 1000, dtype="f4").reshape(1000, 2000)
    source = written(fits.PrimaryHDU(big, header))
    wcs = WCS(header)
    places = [place_at(wcs, x, 500, 64, 64) for x in range(100, 1900, 100)]
    pieces = RemoteImage(source, "x").cut(places)
    assert len(pieces) == len(places)
    assert len(source.reads) == 2
    assert source.read_bytes < 28_801 + 1.05 * len(places) * 64 * 64 * 4


def test_headers_of_many_equal_extensions_are_read_in_few_reads() -> None:
    data = np.zeros((300, 300), "f4")
    hdus = [fits.ImageHDU(data, cards(ra=150 + n / 10), name=f"N{n}") for n in range(60)]
    source = written(fits.PrimaryHDU(), *hdus)
    assert len(RemoteImage(source, "x").blocks) == 61
    assert len(source.reads) < 15


def test_layers_are_cut_along_and_the_chip_is_chosen_by_the_position() -> None:
    def chip(version: int, ra: float) -> list[fits.ImageHDU]:
        header = cards(ra=ra)
        made = [
            fits.ImageHDU(PIXELS * version, header, name="SCI"),
            fits.ImageHDU(PIXELS / 10, header, name="ERR"),
            fits.ImageHDU(np.full(PIXELS.shape, version, "i2"), name="DQ"),
            fits.ImageHDU(np.zeros((3, 3), "f4"), name="WHT"),
        ]
        for hdu in made:
            hdu.ver = version
        return made

    primary = fits.PrimaryHDU()
    primary.header["OBJECT"] = ("M 51", "what was looked at")
    source = written(primary, *chip(1, 150.0), *chip(2, 150.1))
    piece = cut(source, place_at(WCS(cards(ra=150.1)), 60, 45, 20, 20))
    assert isinstance(piece, Piece)
    assert (piece.name, piece.hdu, piece.layers) == ("SCI,2", 5, ("ERR,2", "DQ,2"))
    with fits.open(io.BytesIO(piece.body)) as hdus:
        assert hdus[0].header["OBJECT"] == "M 51"
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "ERR", "DQ"]
        assert (hdus["DQ", 2].data == 2).all()
        assert (hdus["SCI", 2].data == 2 * PIXELS[window(piece.box)]).all()


def test_a_cube_gives_all_planes_or_those_asked_for() -> None:
    cube = np.arange(5 * ROWS * COLUMNS, dtype=">i2").reshape(5, ROWS, COLUMNS)
    header = cards(
        CTYPE3="FREQ", CRVAL3=1e9, CDELT3=1e6, CRPIX3=1.0, CUNIT3="Hz", BUNIT="K", CDELT1=1.0,
        CDELT2=1.0, CD3_3=1e6,
    )  # fmt: skip
    source = written(fits.PrimaryHDU(cube, header))
    place = place_at(WCS(header).celestial, 60, 45, 20, 20)
    piece = cut(source, place)
    assert isinstance(piece, Piece)
    assert (read(piece).data == cube[(slice(None), *window(piece.box))]).all()
    some_planes = read(cut(source, place, planes=(3, 4)))
    assert (some_planes.data == cube[(slice(2, 4), *window(piece.box))]).all()
    assert some_planes.header["CRPIX3"] == -1.0
    with pytest.raises(BadInput, match="planes 5 to 6 are not there; it has 5"):
        cut(source, place, planes=(5, 6))


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_numbers_of_every_type_are_kept_bit_by_bit(kind: str) -> None:
    data = PIXELS.astype(kind)
    source = written(fits.PrimaryHDU(data, cards()))
    piece = cut(source, place_at(WCS(cards()), 60, 45, 20, 20))
    assert isinstance(piece, Piece)
    with fits.open(io.BytesIO(piece.body)) as hdus:
        assert hdus[0].data.dtype.newbyteorder("=") == data.dtype
        assert (hdus[0].data == data[window(piece.box)]).all()


@pytest.mark.parametrize("tile", [(1, COLUMNS), (16, 32), (ROWS, COLUMNS)])
@pytest.mark.parametrize(
    ("method", "kind", "quantize"),
    [
        ("RICE_1", "i2", 0),
        ("RICE_1", "u1", 0),
        ("RICE_1", "u2", 0),
        ("GZIP_1", "f4", 0),
        ("GZIP_2", "f4", 0),
        ("RICE_1", "f4", 16),
        ("HCOMPRESS_1", "i4", 0),
        ("PLIO_1", "i2", 0),
    ],
)
def test_tiles_are_unpacked_as_in_the_whole_file(
    tile: tuple[int, int], method: str, kind: str, quantize: float
) -> None:
    if method == "HCOMPRESS_1" and min(tile) < 4:
        tile = (16, 32)
    more = {"quantize_method": 1, "dither_seed": 77} if quantize else {}
    data = np.clip(PIXELS, 0, 250).astype(kind)
    hdu = fits.CompImageHDU(
        data, cards(OBJECT="M 51"), compression_type=method, tile_shape=tile,
        quantize_level=quantize, **more,
    )  # fmt: skip
    source = written(fits.PrimaryHDU(), hdu)
    with fits.open(io.BytesIO(source.body)) as hdus:
        whole = hdus[1].data
    piece = cut(source, place_at(WCS(cards()), 70, 50, 30, 20))
    found = read(piece, 1)
    assert isinstance(piece, Piece)
    with fits.open(io.BytesIO(piece.body)) as hdus:
        assert hdus[1].data.dtype.newbyteorder("=") == whole.dtype.newbyteorder("=")
        assert (hdus[1].data == whole[window(piece.box)]).all()
    assert found.header["OBJECT"] == "M 51"
    assert not [name for name in found.header if name.startswith(("ZC", "ZT", "TF", "ZQ", "ZI"))]


def test_only_the_tiles_that_are_needed_are_read() -> None:
    noise = np.random.default_rng(6).integers(0, 60_000, (800, 800)).astype("i4")
    hdu = fits.CompImageHDU(noise, cards(), compression_type="GZIP_1", tile_shape=(100, 100))
    source = written(fits.PrimaryHDU(), hdu)
    cut(source, place_at(WCS(cards()), 450, 450, 90, 90))
    assert source.read_bytes < 90_000 < len(source.body) / 10


def test_lookup_tables_of_distortion_go_along() -> None:
    header = cards(
        CPDIS1="Lookup", CPDIS2="Lookup", CPERR1=0.1, CPERR2=0.1,
    )  # fmt: skip
    for axis in (1, 2):
        text = (f"EXTVER: {axis}", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2")
        for one in text:
            header.append((f"DP{axis}", one), end=True)
    tables = []
    for axis in (1, 2):
        data = np.random.default_rng(axis).normal(0, 0.3, (9, 12)).astype("f4")
        table = fits.ImageHDU(data, name="WCSDVARR", ver=axis)
        table.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0})
        table.header.update({"CDELT1": 11.0, "CDELT2": 11.0})
        tables.append(table)
    source = written(fits.PrimaryHDU(), fits.ImageHDU(PIXELS, header, name="SCI"), *tables)
    with fits.open(io.BytesIO(source.body)) as hdus:
        before = WCS(hdus[1].header, hdus)
        piece = cut(source, place_at(before, 70, 50, 30, 20))
    assert isinstance(piece, Piece)
    with fits.open(io.BytesIO(piece.body)) as hdus:
        after = WCS(hdus[1].header, hdus)
    pixels = np.array([[3.0, 4.0], [20.0, 11.0], [7.5, 9.5]])
    there = before.all_pix2world(pixels + np.array([piece.box.x1 - 1, piece.box.y1 - 1]), 1)
    np.testing.assert_allclose(after.all_pix2world(pixels, 1), there, rtol=0, atol=1e-10)
    assert np.abs(before.wcs_pix2world(pixels, 1) - before.all_pix2world(pixels, 1)).max() > 1e-6


def test_what_no_piece_can_be_cut_of_is_refused_in_a_sentence() -> None:
    import gzip

    good = written(fits.PrimaryHDU(PIXELS, cards())).body
    place = Place(150.0, 2.0, 0.001, 0.001)
    for body, words in (
        (gzip.compress(good), "gzip wrapping, of which no piece can be read alone"),
        (b"<html>no</html>" * 300, "not FITS: it is a web page"),
        (good[:5760], "cut short"),
        (good[:2000], "ends inside the header"),
        (good[:800] * 4, "has no end"),
        (written(fits.PrimaryHDU(PIXELS)).body, "no usable position"),
        (written(fits.PrimaryHDU()).body, "no image"),
        (written(fits.PrimaryHDU(PIXELS, cards(CTYPE3="WAVE-TAB"))).body, "-TAB"),
        (written(fits.PrimaryHDU(PIXELS, cards(AXISCORR=1))).body, "old form"),
    ):
        with pytest.raises(FormatError, match=words):
            cut(Local(body), place)
    with pytest.raises(BadInput):
        Place(10.0, 91.0, 1.0, 1.0)
    with pytest.raises(BadInput):
        Place(10.0, 1.0, 0.0, 1.0)


def test_coordinates_that_do_not_survive_cutting_are_refused() -> None:
    # Two names of one card: astropy takes the first, whatever its case.
    body = written(fits.PrimaryHDU(PIXELS, cards())).body
    odd = body.replace(b"CRPIX1  =", b"crpix1  =")
    with pytest.raises(FormatError, match="does not survive cutting"):
        cut(Local(odd), Place(150.0, 2.0, 0.004, 0.004))


def test_damaged_tables_of_tiles_are_refused() -> None:
    hdu = fits.CompImageHDU(PIXELS.astype("i2"), cards(), compression_type="RICE_1")
    good = written(fits.PrimaryHDU(), hdu).body
    with fits.open(io.BytesIO(good), disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
    place = Place(150.0, 2.0, 0.004, 0.004)
    for at, new in ((0, b"\xff\xff\xff\xff"), (4, b"\x7f\x00\x00\x00")):
        row = bytearray(good)
        for number in range(ROWS):
            row[start + 8 * number + at : start + 8 * number + at + 4] = new
        with pytest.raises(FormatError, match="damaged"):
            cut(Local(bytes(row)), place)
