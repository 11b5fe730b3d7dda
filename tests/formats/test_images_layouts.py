"""This file tests layouts of single surveys, constant arrays, planes and CCDData, on own files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData

from skyatlas.dataset import Cube, Image
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.formats.cards import Cards
from skyatlas.formats.sloan import noise_of

Writer = Callable[..., Path]
HeaderMaker = Callable[..., fits.Header]
ROWS, COLUMNS = 1489, 2048


def image_of(path: Path, **options: str) -> Image:
    found = read(path, **options)  # type: ignore[arg-type]
    assert isinstance(found, Image)
    return found


def constant(name: str, value: float) -> fits.ImageHDU:
    hdu = fits.ImageHDU(name=name, ver=1)
    hdu.header.update({"NPIX1": 30, "NPIX2": 20, "PIXVALUE": value})
    return hdu


def test_errors_and_flags_that_are_one_number_are_written_out(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    pixels = np.ones((20, 30), np.float32)
    science = fits.ImageHDU(pixels, header_on_sky(), name="SCI", ver=1)
    image = image_of(write(science, constant("ERR", 0.25), constant("DQ", 0)))
    assert image.sigma is not None
    assert image.sigma.shape == (20, 30)
    assert (image.sigma == 0.25).all()
    assert not image.mask.any()


def test_a_layer_that_is_not_there_is_named_with_those_that_are(write: Writer) -> None:
    path = write(fits.ImageHDU(np.ones((4, 5)), name="SCI"), fits.ImageHDU(np.ones(7), name="T"))
    with pytest.raises(BadInput, match=r"no layer 'SCI,7'.*there are: SCI, T"):
        read(path, layer="SCI,7")
    assert image_of(path, layer="1").name == "SCI"


def sdss_frame(crpix: tuple[float, float] = (1025.0, 745.0)) -> list[fits.PrimaryHDU]:
    rng = np.random.default_rng(3)
    header = fits.Header()
    header.update({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 0.0,
        "CRPIX1": crpix[0], "CRPIX2": crpix[1], "CD1_1": 1.1e-4, "CD2_2": 1.1e-4, "CD1_2": 0.0,
        "RUN": 3000, "CAMCOL": 4, "FILTER": "i", "NMGY": 0.005,
    })  # fmt: skip
    sky = (100 + np.arange(192)[:, None] + 2 * np.arange(256)[None, :]).astype(np.float32)
    places = [(np.arange(n) + 0.5) / 8 - 0.5 for n in (COLUMNS, ROWS)]
    table = fits.BinTableHDU.from_columns([
        fits.Column("ALLSKY", f"{192 * 256}E", dim="(256,192)", array=sky[None]),
        fits.Column("XINTERP", f"{COLUMNS}E", array=[places[0]]),
        fits.Column("YINTERP", f"{ROWS}E", array=[places[1]]),
    ])  # fmt: skip
    pixels = rng.normal(0.0, 0.03, (ROWS, COLUMNS)).astype(np.float32)
    calibration = np.linspace(0.004, 0.006, COLUMNS).astype(np.float32)
    return [fits.PrimaryHDU(pixels, header), fits.ImageHDU(calibration), table]


def test_the_errors_of_an_sdss_frame_follow_the_data_model(write: Writer) -> None:
    hdus = sdss_frame()
    image = image_of(write(*hdus))
    y, x = 1000, 1234
    sky = 100 + (y + 0.5) / 8 - 0.5 + 2 * ((x + 0.5) / 8 - 0.5)
    calibration = hdus[1].data[x]
    # Camera 4, band i, after run 1500: gain 4.885, dark variance 7.5625 (data model, "frame").
    variance = (hdus[0].data[y, x] / calibration + sky) / 4.885 + 7.5625
    assert image.sigma is not None
    assert image.sigma[y, x] == pytest.approx(np.sqrt(variance) * calibration, rel=1e-5)
    assert (image.unit_text, image.zero_point, image.notes) == ("nanomaggy", 22.5, ())


def test_a_piece_of_a_frame_has_the_errors_of_its_place(write: Writer) -> None:
    hdus = sdss_frame()
    whole = image_of(write(*hdus, name="whole.fits"))
    assert whole.sigma is not None
    hdus[0].data = hdus[0].data[300:500, 700:1000].copy()
    hdus[0].header["CRPIX1"], hdus[0].header["CRPIX2"] = 325.0, 445.0
    piece = image_of(write(*hdus, name="piece.fits"))
    assert piece.sigma is not None
    assert np.array_equal(piece.sigma, whole.sigma[300:500, 700:1000])


def test_a_piece_that_does_not_say_where_it_lies_has_no_errors(write: Writer) -> None:
    image = image_of(write(*sdss_frame((1025.4, 745.0))))
    assert image.sigma is None
    assert image.notes == (
        "no errors: the header does not say which part of the frame of SDSS this is",
    )


@pytest.mark.parametrize(
    ("camcol", "band", "run", "expected"),
    [
        (1, "r", 94, (4.71, 1.8225)),
        (2, "u", 1000, (1.595, 12.6025)),
        (2, "u", 1200, (1.825, 12.6025)),
        (2, "i", 1400, (6.565, 5.76)),
        (2, "i", 1600, (6.565, 6.25)),
        (4, "z", 1600, (4.775, 12.6025)),
        (6, "g", 8000, (4.035, 1.8225)),
    ],
)
def test_noise_depends_on_camera_band_and_run(
    camcol: int, band: str, run: int, expected: tuple[float, float]
) -> None:
    assert noise_of(Cards(fits.Header({"CAMCOL": camcol, "FILTER": band, "RUN": run}))) == expected


def test_a_whole_stack_of_panstarrs_is_said_to_be_asinh_scaled_and_made_linear(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    flux = np.linspace(-50, 60000, 600).reshape(20, 30)
    softening, offset = 45.6, 12.3
    scaled = 2.5 * np.log10(np.e) * np.arcsinh((flux - offset) / (2 * softening))
    header = header_on_sky(
        BSOFTEN=softening, BOFFSET=offset, PSCAMERA="GPC1", EXPTIME=900.0, BUNIT="",
    )  # fmt: skip
    header["HIERARCH FPA.ZP"] = 25.0
    image = image_of(write(fits.PrimaryHDU(scaled, header)))
    assert np.array_equal(image.pixels, scaled)  # nothing is converted on reading
    assert image.notes == ("asinh-scaled pixels (BSOFTEN, BOFFSET): fluxes are in .linear()",)
    assert image.zero_point == pytest.approx(25 + 2.5 * np.log10(900))
    linear = image.linear()
    assert np.allclose(linear.pixels, flux, rtol=1e-9, atol=1e-9)
    assert linear.notes == ()
    assert linear.linear() is linear


def test_errors_of_asinh_scaled_pixels_become_linear_too() -> None:
    pixels, step = np.array([[3.0, 8.0]]), 1e-6
    facts = {"wcs": None, "unit": None, "unit_text": "", "mask": np.zeros((1, 2), bool)}
    meta = {"BSOFTEN": 45.6, "BOFFSET": 12.3}
    image = Image(pixels=pixels, sigma=np.full((1, 2), step), meta=meta, **facts)
    further = Image(pixels=pixels + step, sigma=None, meta=meta, **facts)
    linear = image.linear()
    assert linear.sigma is not None
    assert np.allclose(linear.sigma, further.linear().pixels - linear.pixels, rtol=1e-5)


def test_why_a_wcs_cannot_be_used_is_said(write: Writer, header_on_sky: HeaderMaker) -> None:
    pixels = np.ones((20, 30))
    (note,) = image_of(write(fits.PrimaryHDU(pixels, header_on_sky(CDELT1=0.0)), name="a")).notes
    assert note.startswith("the WCS cannot be used: ")
    assert "\n" not in note
    (note,) = image_of(write(fits.PrimaryHDU(pixels), name="b")).notes
    assert note == "no WCS: the header has no axes on the sky"


@pytest.fixture
def cube(write: Writer, header_on_sky: HeaderMaker) -> Cube:
    header = header_on_sky(CTYPE3="FREQ", CUNIT3="Hz", CRVAL3=1.1e11, CRPIX3=1.0, CDELT3=1e6)
    values = np.arange(4 * 20 * 30, dtype=np.float32).reshape(4, 20, 30)
    values[2, 5, 6] = np.nan
    found = read(write(fits.PrimaryHDU(values, header)))
    assert isinstance(found, Cube)
    return found


def test_a_plane_of_a_cube_is_an_image_with_its_place_and_frequency(cube: Cube) -> None:
    plane = cube.plane(2)
    assert np.array_equal(plane.pixels, cube.pixels[2], equal_nan=True)
    assert np.argwhere(plane.mask).tolist() == [[5, 6]]
    assert plane.wcs is not None
    place = plane.wcs.pixel_to_world(15, 10)
    assert (place.ra.deg, place.dec.deg) == pytest.approx((150, 2))
    assert plane.name == "HDU 0 plane 2 (1.10002e+11 Hz)"
    assert np.array_equal(cube.plane(-1).pixels, cube.pixels[3])


@pytest.mark.parametrize("number", [4, -5])
def test_a_plane_that_is_not_there_is_an_error_with_the_last(cube: Cube, number: int) -> None:
    with pytest.raises(BadInput, match="planes 0 to 3"):
        cube.plane(number)


def test_ccddata_has_errors_mask_wcs_unit_and_cards(
    write: Writer, header_on_sky: HeaderMaker, tmp_path: Path
) -> None:
    pixels = np.arange(600, dtype=np.float32).reshape(20, 30)
    flags = np.zeros((20, 30), np.int16)
    flags[3, 4] = 1
    header = header_on_sky(OBJECT="M 51")
    header["HIERARCH ESO INS FILT1 NAME"] = "Ks"
    header.add_comment("left behind")
    image = image_of(
        write(
            fits.ImageHDU(pixels, header, name="SCI", ver=1),
            fits.ImageHDU(pixels / 100, name="ERR", ver=1),
            fits.ImageHDU(flags, name="DQ", ver=1),
        )
    )
    ccd = image.to_ccddata()
    assert ccd.unit == u.Jy
    assert np.array_equal(ccd.data, pixels)
    assert np.array_equal(ccd.uncertainty.array, pixels / 100)
    assert np.argwhere(ccd.mask).tolist() == [[3, 4]]
    assert ccd.wcs is image.wcs
    assert ccd.meta["OBJECT"] == "M 51"
    assert ccd.meta["ESO INS FILT1 NAME"] == "Ks"
    ccd.write(tmp_path / "ccd.fits")
    again = CCDData.read(tmp_path / "ccd.fits")
    assert np.array_equal(again.data, pixels)
    assert np.argwhere(again.mask).tolist() == [[3, 4]]


def test_ccddata_of_an_image_without_a_unit_is_dimensionless(write: Writer) -> None:
    ccd = image_of(write(fits.PrimaryHDU(np.ones((4, 5))))).to_ccddata()
    assert ccd.unit == u.dimensionless_unscaled
    assert ccd.wcs is None
