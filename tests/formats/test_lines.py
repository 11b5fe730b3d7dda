"""This file tests spectra in images, on files that it writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Spectrum
from skyatlas.errors import FormatError
from skyatlas.formats import read

N = 500
Writer = Callable[..., Path]


def spectrum_of(path: Path) -> Spectrum:
    found = read(path)
    assert isinstance(found, Spectrum)
    return found


def test_a_linear_axis_counts_pixels_from_one(line: Writer) -> None:
    spectrum = spectrum_of(
        line(CTYPE1="WAVE", CUNIT1="nm", CRVAL1=500.0, CRPIX1=3.0, CDELT1=0.5, BUNIT="adu")
    )
    assert spectrum.axis[[0, 2, -1]].tolist() == [499.0, 500.0, 748.5]
    assert spectrum.medium == "vacuum"
    assert spectrum.flux_unit == u.adu


def test_a_header_without_crpix_means_the_first_pixel(line: Writer) -> None:
    assert spectrum_of(line(CTYPE1="WAVE", CRVAL1=500.0, CDELT1=0.5)).axis[0] == 500


@pytest.mark.parametrize(
    ("ctype", "medium"), [("AWAV", "air"), ("WAVE", "vacuum"), ("WAVELENGTH", None)]
)
def test_ctype_says_air_or_vacuum(line: Writer, ctype: str, medium: str | None) -> None:
    assert spectrum_of(line(CTYPE1=ctype, CRVAL1=500.0, CDELT1=0.5)).medium == medium


def test_dc_flag_1_means_log10(line: Writer) -> None:
    spectrum = spectrum_of(
        line(CTYPE1="LINEAR", DC__FLAG=1, CRVAL1=3.5, CRPIX1=1, CD1_1=1e-4,
             WAT1_001="wtype=linear label=Wavelength units=Angstroms")
    )  # fmt: skip
    assert spectrum.axis[0] == pytest.approx(10**3.5)
    assert spectrum.axis[-1] == pytest.approx(10 ** (3.5 + 499e-4))
    assert spectrum.axis_unit == u.AA


def test_coeff0_counts_pixels_from_zero(line: Writer) -> None:
    spectrum = spectrum_of(
        line(WFITTYPE="LOG-LINEAR", COEFF0=3.5, COEFF1=1e-4, CRVAL1=3.4, CDELT1=1e-4)
    )
    assert spectrum.axis[0] == pytest.approx(10**3.5, rel=1e-12)


def test_the_log_algorithm_of_the_standard_is_followed(line: Writer) -> None:
    from astropy.wcs import WCS

    path = line(CTYPE1="WAVE-LOG", CUNIT1="m", CRVAL1=5e-7, CRPIX1=1.0, CDELT1=1e-10)
    with fits.open(path) as hdus:
        expected = WCS(hdus[0].header).wcs_pix2world(np.arange(N), 0)[0]
    assert spectrum_of(path).axis == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("cards", "text"),
    [
        ({"CTYPE1": "WAVELENGTH [Ang]"}, "Ang"),
        ({"CTYPE1": "Angstrom"}, "Angstrom"),
        ({"CTYPE1": "LINEAR", "WAT1_001": "wtype=linear units=angstroms"}, "angstroms"),
        ({"CTYPE1": "WAVELENGTH", "CUNIT1": "A"}, "A"),
    ],
)
def test_a_missing_cunit_is_taken_from_ctype_or_iraf(
    line: Writer, cards: dict[str, str], text: str
) -> None:
    spectrum = spectrum_of(line(CRVAL1=5000.0, CDELT1=0.1, **cards))
    assert spectrum.axis_unit == u.AA
    assert spectrum.axis_unit_text == text


def test_a_silent_header_gives_numbers_without_a_unit(line: Writer) -> None:
    spectrum = spectrum_of(line(CRVAL1=8450.0, CDELT1=0.01, CRPIX1=1))
    assert spectrum.axis_unit is None
    assert spectrum.axis[0] == 8450


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"CTYPE1": "PIXEL", "CRVAL1": 1.0, "CDELT1": 1.0},
        {"CTYPE1": "TIME", "CRVAL1": 1.0, "CDELT1": 1.0},
        {"CTYPE1": "WAVE-F2W", "CRVAL1": 5e-7, "CDELT1": 1e-10},
        {"CTYPE1": "LINEAR", "CRVAL1": 5000.0, "CDELT1": 1.0, "DC__FLAG": 1},
        {"CTYPE1": "LINEAR", "CRVAL1": 5000.0, "CDELT1": 1.0, "DC__FLAG": -1},
        {"CTYPE1": "LINEAR", "CRVAL1": 5.0, "CDELT1": 1.0, "DC__FLAG": 2},
        {"CTYPE1": "WAVE", "CRVAL1": 5000.0, "CDELT1": 0.0},
    ],
)
def test_an_axis_that_is_not_understood_is_refused(line: Writer, cards: dict[str, object]) -> None:
    with pytest.raises(FormatError, match=r"file\.fits"):
        read(line(**cards))


def test_an_array_of_wavelengths_comes_before_the_header_and_must_not_contradict_it(
    write: Writer,
) -> None:
    def path(values: np.ndarray, name: str, **cards: object) -> Path:
        flux = fits.PrimaryHDU(np.ones(10))
        flux.header.update({"CRVAL1": 4000.0, "CDELT1": 1.0, "CUNIT1": "Angstrom", **cards})
        return write(flux, fits.ImageHDU(values, name="WAVELENGTH"), name=name)

    wave = np.geomspace(4000, 4100, 10)
    assert spectrum_of(path(wave, "a.fits")).axis == pytest.approx(wave)
    assert spectrum_of(path(np.log10(wave), "b.fits", LOGSCALE=True)).axis == pytest.approx(wave)
    with pytest.raises(FormatError, match="contradict"):
        read(path(np.log10(wave), "c.fits"))


def test_variance_and_quality_layers_belong_to_a_line(write: Writer) -> None:
    data = fits.ImageHDU(np.ones(10), name="DATA")
    data.header.update({"CRVAL1": 4000.0, "CDELT1": 1.0})
    quality = np.zeros(10, dtype=np.int16)
    quality[3] = 1
    spectrum = spectrum_of(
        write(data, fits.ImageHDU(np.full(10, 9.0), name="STAT"), fits.ImageHDU(quality, name="DQ"))
    )
    assert spectrum.sigma is not None
    assert spectrum.sigma[0] == 3
    assert np.flatnonzero(spectrum.mask).tolist() == [3]


@pytest.mark.parametrize(
    "cards",
    [
        {"CTYPE1": "MULTISPE"},
        {"CTYPE1": "LAMBDA", "CTYPE2": "ANGLE"},
        {"DC-FLAG": 1},
        {"BUNIT": "erg/cm2/s/A"},
        {"CTYPE1": "km/s"},
    ],
)
def test_rows_of_spectra_in_an_image_are_refused_not_shown_as_an_image(
    write: Writer, cards: dict[str, object]
) -> None:
    hdu = fits.PrimaryHDU(np.ones((5, 20)))
    hdu.header.update(cards)
    with pytest.raises(FormatError, match="5 rows of 20 samples"):
        read(write(hdu))


def test_a_table_that_is_no_spectrum_is_named_with_its_columns(write: Writer) -> None:
    columns = [fits.Column("RA", "D", array=[1.0]), fits.Column("DEC", "D", array=[2.0])]
    with pytest.raises(FormatError, match=r"1 rows and 2 columns \(RA, DEC\)"):
        read(write(fits.BinTableHDU.from_columns(columns)))


def test_the_aperture_image_of_a_light_curve_is_not_taken_for_its_data(write: Writer) -> None:
    columns = [
        fits.Column("TIME", "D", array=np.arange(5.0)),
        fits.Column("SAP_FLUX", "D", array=np.ones(5)),
    ]
    aperture = fits.ImageHDU(np.ones((11, 11), dtype=np.int32), name="APERTURE")
    with pytest.raises(FormatError, match="light curve"):
        read(write(fits.BinTableHDU.from_columns(columns), aperture))
