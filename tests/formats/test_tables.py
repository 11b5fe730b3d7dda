"""This file tests spectra in tables, on files that it writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Spectrum, SpectrumList
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
