"""This file tests the layouts of spectra on files that it writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Spectrum, SpectrumList
from skyatlas.errors import FormatError
from skyatlas.formats import read

N = 500
Writer = Callable[..., Path]


def spectrum_of(path: Path) -> Spectrum:
    found = read(path)
    assert isinstance(found, Spectrum)
    return found


@pytest.mark.parametrize("prefix", ["Spectrum.", "spec:", "spec:Spectrum.", ""])
def test_a_phase_3_spectrum_is_found_by_its_utypes(phase3: Writer, prefix: str) -> None:
    spectrum = spectrum_of(phase3(names=("COL_A", "COL_B", "COL_C"), prefix=prefix))
    assert len(spectrum) == N
    assert spectrum.axis[[0, -1]].tolist() == [400.0, 700.0]
    assert spectrum.flux.min() > 1  # not the continuum, which comes first and is zero
    assert spectrum.sigma is not None
    assert spectrum.sigma[0] == pytest.approx(0.1)
    assert spectrum.axis_unit == u.nm
    assert spectrum.flux_unit == u.erg / u.s / u.cm**2 / u.nm
    assert spectrum.flux_unit_text == "erg s**(-1) cm**(-2) nm**(-1)"
    assert spectrum.frame == "BARYCENT"
    assert spectrum.meta["OBJECT"] == "HD 1"


def test_without_utypes_and_ucds_the_names_tell(phase3: Writer) -> None:
    spectrum = spectrum_of(phase3(described=False))
    assert spectrum.axis[-1] == 700.0
    assert spectrum.flux.min() > 1


def test_arrays_are_native_float64(phase3: Writer) -> None:
    spectrum = spectrum_of(phase3())
    assert spectrum.axis.dtype == spectrum.flux.dtype == np.dtype("f8")
    assert spectrum.axis.dtype.isnative


def test_em_wl_alone_does_not_say_vacuum_and_obs_atmos_says_air(
    phase3: Writer, tmp_path: Path
) -> None:
    path = phase3()
    assert spectrum_of(path).medium is None
    path.unlink()
    assert spectrum_of(phase3(ucd="em.wl;obs.atmos")).medium == "air"


def test_quality_and_what_is_not_finite_are_masked(phase3: Writer) -> None:
    qual, flux = np.zeros(N), np.full(N, 2.0)
    qual[10], flux[20] = 4, np.nan
    assert np.flatnonzero(spectrum_of(phase3(qual=qual, flux=flux)).mask).tolist() == [10, 20]


def test_an_error_array_of_nothing_but_nan_is_no_error_array(phase3: Writer) -> None:
    spectrum = spectrum_of(phase3(err=np.full(N, np.nan)))
    assert spectrum.sigma is None
    assert not spectrum.mask.any()


def test_zeros_that_pad_the_ends_are_masked_and_a_single_zero_within_is_not(phase3: Writer) -> None:
    flux = np.full(N, 2.0)
    flux[:5] = flux[-3:] = flux[100] = 0
    assert np.flatnonzero(spectrum_of(phase3(flux=flux)).mask).tolist() == [
        0,
        1,
        2,
        3,
        4,
        497,
        498,
        499,
    ]


def test_a_long_run_of_exact_zeros_is_a_gap_between_detectors(phase3: Writer) -> None:
    flux = np.full(N, 2.0)
    flux[200:300] = 0
    assert np.flatnonzero(spectrum_of(phase3(flux=flux)).mask).tolist() == list(range(200, 300))


def table(write: Writer, name: str = "COADD", **columns: np.ndarray) -> Path:
    made = [fits.Column(key, "D", array=value) for key, value in columns.items()]
    primary = fits.PrimaryHDU()
    primary.header["BUNIT"] = "1E-17 erg/cm^2/s/Ang"
    primary.header["WAT1_001"] = "wtype=linear label=Wavelength units=Angstroms"
    primary.header["VACUUM"] = True
    return write(primary, fits.BinTableHDU.from_columns(made, name=name))


def test_sdss_has_log10_wavelengths_and_inverse_variances(write: Writer) -> None:
    ivar = np.full(N, 4.0)
    ivar[7] = 0
    loglam = np.linspace(3.58, 3.96, N)
    spectrum = spectrum_of(table(write, flux=np.ones(N), loglam=loglam, ivar=ivar))
    assert spectrum.axis == pytest.approx(10**loglam)
    assert spectrum.axis_unit == u.AA
    assert spectrum.medium == "vacuum"
    assert spectrum.flux_unit is not None
    assert spectrum.flux_unit.scale == pytest.approx(1e-17)
    assert spectrum.sigma is not None
    assert spectrum.sigma[0] == 0.5
    assert np.flatnonzero(spectrum.mask).tolist() == [7]


def test_a_column_beside_its_air_twin_is_in_vacuum(write: Writer) -> None:
    wave = np.linspace(4000, 5000, N)
    columns = [
        fits.Column("wavelength_air", "D", array=wave - 1),
        fits.Column("wavelength", "D", array=wave),
        fits.Column("flux", "D", array=np.ones(N)),
    ]
    spectrum = spectrum_of(write(fits.BinTableHDU.from_columns(columns)))
    assert spectrum.medium == "vacuum"
    assert spectrum.axis[0] == 4000


def test_a_lone_air_column_is_in_air(write: Writer) -> None:
    columns = [
        fits.Column("WAVE_AIR", "D", array=np.arange(1.0, N)),
        fits.Column("FLUX", "D", array=np.ones(N - 1)),
    ]
    assert spectrum_of(write(fits.BinTableHDU.from_columns(columns))).medium == "air"


def test_rows_of_vectors_become_a_list_and_samples_beyond_nelem_are_masked(write: Writer) -> None:
    rows = 3
    columns = [
        fits.Column("SPORDER", "I", array=[87, 88, 89]),
        fits.Column("NELEM", "I", array=[10, 10, 8]),
        fits.Column("WAVELENGTH", "10D", array=np.arange(1.0, 31.0).reshape(rows, 10)),
        fits.Column("FLUX", "10E", array=np.ones((rows, 10))),
        fits.Column("DQ", "10I", array=np.tile([0, 0, 16, 4, 0, 0, 0, 0, 0, 0], (rows, 1))),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="SCI")
    hdu.header["SDQFLAGS"] = 4
    spectra = read(write(hdu))
    assert isinstance(spectra, SpectrumList)
    assert [part.name for part in spectra] == ["SCI sporder 87", "SCI sporder 88", "SCI sporder 89"]
    assert np.flatnonzero(spectra[0].mask).tolist() == [3]  # the serious bit, not the other
    assert np.flatnonzero(spectra[2].mask).tolist() == [3, 8, 9]
    assert spectra[1].axis[0] == 11


def test_the_coadded_table_is_the_spectrum_of_a_file_of_exposures(write: Writer) -> None:
    def hdu(name: str, value: float) -> fits.BinTableHDU:
        columns = [
            fits.Column("WAVE", "D", array=np.arange(1.0, 11)),
            fits.Column("FLUX", "D", array=np.full(10, value)),
        ]
        return fits.BinTableHDU.from_columns(columns, name=name)

    assert spectrum_of(write(hdu("B1", 1), hdu("COADD", 2))).flux[0] == 2
    both = read(write(hdu("B1", 1), hdu("R1", 2), name="arms.fits"))
    assert isinstance(both, SpectrumList)
    assert [part.name for part in both] == ["B1", "R1"]


def test_a_linear_axis_counts_pixels_from_one(line: Writer) -> None:
    spectrum = spectrum_of(
        line(CTYPE1="WAVE", CUNIT1="nm", CRVAL1=500.0, CRPIX1=3.0, CDELT1=0.5, BUNIT="adu")
    )
    assert spectrum.axis[[0, 2, -1]].tolist() == [499.0, 500.0, 748.5]
    assert spectrum.medium == "vacuum"
    assert spectrum.flux_unit == u.adu


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
