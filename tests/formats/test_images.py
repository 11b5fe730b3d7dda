"""This file tests the layouts of images and cubes on files that it writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Cube, Image
from skyatlas.errors import FormatError
from skyatlas.formats import read

Writer = Callable[..., Path]
HeaderMaker = Callable[..., fits.Header]
PIXELS = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)


def image_of(path: Path) -> Image:
    found = read(path)
    assert isinstance(found, Image)
    return found


def test_a_plain_image_has_its_pixels_unit_and_wcs(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    image = image_of(write(fits.PrimaryHDU(PIXELS, header_on_sky())))
    assert np.array_equal(image.pixels, PIXELS)
    assert image.pixels.dtype == np.float32
    assert image.pixels.dtype.isnative
    assert image.name == "HDU 0"
    assert str(image.unit) == image.unit_text == "Jy"
    assert image.wcs is not None
    place = image.wcs.pixel_to_world(15, 10)
    assert (place.ra.deg, place.dec.deg) == pytest.approx((150, 2))


def test_the_science_layer_is_found_by_its_name_with_its_errors_and_flags(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    flags = np.zeros(PIXELS.shape, dtype=np.int16)
    flags[2, 3] = 4
    hdus = []
    for version, factor in ((1, 1), (2, 10)):
        for name, values in (("SCI", PIXELS), ("ERR", np.ones_like(PIXELS)), ("DQ", flags)):
            hdus.append(fits.ImageHDU(values * factor, header_on_sky(), name=name, ver=version))
    image = image_of(write(fits.PrimaryHDU(np.zeros((4, 4))), *hdus))
    assert image.name == "SCI,1"
    assert np.array_equal(image.pixels, PIXELS)
    assert image.sigma is not None
    assert (image.sigma == 1).all()
    assert np.argwhere(image.mask).tolist() == [[2, 3]]


def test_of_jwst_flags_only_do_not_use_masks(write: Writer) -> None:
    flags = np.zeros(PIXELS.shape, dtype=np.uint32)
    flags[0, 0], flags[0, 1] = 4, 5
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"] = "JWST"
    image = image_of(
        write(primary, fits.ImageHDU(PIXELS, name="SCI"), fits.ImageHDU(flags, name="DQ"))
    )
    assert np.argwhere(image.mask).tolist() == [[0, 1]]


def test_variance_becomes_sigma_and_zero_weight_becomes_mask(write: Writer) -> None:
    weight = np.ones_like(PIXELS)
    weight[1, 1] = 0
    image = image_of(
        write(
            fits.ImageHDU(PIXELS, name="DATA"),
            fits.ImageHDU(np.full_like(PIXELS, 16), name="STAT"),
            fits.ImageHDU(weight, name="WGT"),
        )
    )
    assert image.sigma is not None
    assert (image.sigma == 4).all()
    assert np.argwhere(image.mask).tolist() == [[1, 1]]


def test_nan_and_blank_are_masked(write: Writer) -> None:
    values = PIXELS.astype(np.int16)
    hdu = fits.PrimaryHDU(values)
    hdu.header["BLANK"] = 7
    assert np.argwhere(image_of(write(hdu)).mask).tolist() == [[0, 7]]


def test_degenerate_axes_are_dropped(write: Writer, header_on_sky: HeaderMaker) -> None:
    header = header_on_sky(CTYPE3="FREQ", CRVAL3=1e11, CDELT3=1e6, CTYPE4="STOKES", CRVAL4=1.0)
    image = image_of(write(fits.PrimaryHDU(PIXELS.reshape(1, 1, 20, 30), header)))
    assert np.array_equal(image.pixels, PIXELS)
    assert image.wcs is not None
    assert image.wcs.naxis == 2


def cube_header(maker: HeaderMaker, ctype: str = "AWAV") -> fits.Header:
    return maker(CTYPE3=ctype, CUNIT3="Angstrom", CRVAL3=5000.0, CRPIX3=1.0, CDELT3=1.25)


def test_a_cube_is_spectral_first_whatever_the_order_of_the_file(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    values = np.arange(4 * 5 * 6, dtype=np.float64).reshape(4, 5, 6)
    usual = read(write(fits.PrimaryHDU(values, cube_header(header_on_sky)), name="a.fits"))
    assert isinstance(usual, Cube)
    assert np.array_equal(usual.pixels, values)
    assert usual.wcs is not None
    assert usual.wcs.spectral.pixel_to_world_values(3) == pytest.approx(5003.75e-10)

    header = fits.Header()
    for new, old in ((1, 3), (2, 1), (3, 2)):
        for keyword in ("CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT"):
            if f"{keyword}{old}" in (source := cube_header(header_on_sky)):
                header[f"{keyword}{new}"] = source[f"{keyword}{old}"]
    other = read(write(fits.PrimaryHDU(values.transpose(1, 2, 0).copy(), header), name="b.fits"))
    assert isinstance(other, Cube)
    assert np.array_equal(other.pixels, values)
    assert other.wcs is not None
    assert list(other.wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN", "AWAV"]


def test_planes_without_a_spectral_axis_are_refused(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    with pytest.raises(FormatError, match="30 x 20 x 2"):
        read(write(fits.PrimaryHDU(np.zeros((2, 20, 30)), header_on_sky())))


def test_tile_compression_is_undone(write: Writer, header_on_sky: HeaderMaker) -> None:
    values = PIXELS.astype(np.int16)
    path = write(fits.CompImageHDU(values, header_on_sky()), name="file.fits.fz")
    image = image_of(path)
    assert np.array_equal(image.pixels, values)
    assert image.wcs is not None


def test_a_broken_wcs_costs_the_position_not_the_pixels(
    write: Writer, header_on_sky: HeaderMaker
) -> None:
    image = image_of(write(fits.PrimaryHDU(PIXELS, header_on_sky(CDELT1=0.0))))
    assert image.wcs is None
    assert np.array_equal(image.pixels, PIXELS)
