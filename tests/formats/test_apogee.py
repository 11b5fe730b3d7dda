"""This file reads APOGEE's files: the sandbox's, changed ones, and a real visit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from skyatlas.dataset import Spectrum, SpectrumList
from skyatlas.errors import FormatError
from skyatlas.formats import read
from skyatlas.sandbox import sas_apogee
from skyatlas.sandbox.sdss_apogee import ApogeeStar, apogee_stars

Change = Callable[[fits.HDUList], object]


def star_with(visits: int) -> ApogeeStar:
    return next(one for one in apogee_stars(1) if one.visits == visits)


def spectra_of(path: Path) -> list[Spectrum]:
    found = read(path)
    return [found] if isinstance(found, Spectrum) else list(found)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes the star of so many visits, or the fit to it, after a change."""

    def write(visits: int, change: Change = lambda _: None, *, fit: bool = False) -> Path:
        path = tmp_path / "star.fits"
        path.write_bytes((sas_apogee.fit if fit else sas_apogee.star)(star_with(visits), 17, 1))
        with fits.open(path, mode="update") as hdus:
            change(hdus)
        return path

    return write


def test_what_visits_were_added_up_to_comes_first(file: Callable[..., Path]) -> None:
    found = read(file(3))
    assert isinstance(found, SpectrumList)
    assert [one.name for one in found[:2]] == [
        "combined, each pixel weighted",
        "combined, each visit weighted",
    ]
    assert [one.name.startswith("apVisit-dr17-") for one in found] == [False] * 2 + [True] * 3
    with fits.open(file(3)) as hdus:
        for row, one in enumerate(found):
            assert np.array_equal(one.flux, hdus[1].data[row])
            assert one.sigma is not None
            assert np.array_equal(one.sigma, hdus[2].data[row])


def test_a_star_that_was_visited_once_is_one_spectrum(file: Callable[..., Path]) -> None:
    found = read(file(1))
    assert isinstance(found, Spectrum)
    assert found.name.startswith("apVisit-dr17-")


def test_wavelengths_are_in_vacuum_at_rest_and_ten_to_the_header(
    file: Callable[..., Path],
) -> None:
    first = spectra_of(file(2))[0]
    assert_allclose(first.axis, 10 ** (4.179 + 6e-6 * np.arange(8575)), rtol=1e-12)
    assert (str(first.axis_unit), first.medium, first.frame) == ("Angstrom", "vacuum", "SOURCE")
    assert first.flux_unit is not None
    assert first.flux_unit.to_string() == "1e-17 erg / (Angstrom s cm2)"
    # Hydrogen's lines are where physics has them, though the star moves.
    for level in (11, 13, 15):
        place = sas_apogee.brackett(level)
        near = np.abs(first.axis - place) < 4.0
        depth = np.median(first.flux[~first.mask]) - first.flux[near]
        assert (first.axis[near] * depth).sum() / depth.sum() == pytest.approx(place, abs=0.1)


def test_flags_that_only_warn_do_not_mask(file: Callable[..., Path]) -> None:
    flagged = spectra_of(file(2))[0]
    with fits.open(file(2)) as hdus:
        assert (hdus[3].data[0, sas_apogee.SKY : sas_apogee.SKY + 4] != 0).all()
    assert not flagged.mask[sas_apogee.SKY : sas_apogee.SKY + 4].any()


@pytest.mark.parametrize(("bit", "bad"), [(n, n < 8 or n == 14) for n in range(15)])
def test_every_flag_that_apogee_counts_as_bad_masks(
    file: Callable[..., Path], bit: int, bad: bool
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus[3].data[0, 2000] = 1 << bit

    assert bool(spectra_of(file(2, change))[0].mask[2000]) is bad


def test_each_row_has_its_own_flags(file: Callable[..., Path]) -> None:
    hit = [bool(one.mask[sas_apogee.HIT]) for one in spectra_of(file(3))]
    # Any visit's, every visit's, and the three visits'.
    assert hit == [True, False, True, False, False]


def test_there_is_nothing_between_the_detectors(file: Callable[..., Path]) -> None:
    for one in spectra_of(file(2)):
        seen = np.flatnonzero(~one.mask)
        assert all(any(first <= pixel < last for first, last in sas_apogee.CHIPS) for pixel in seen)


def test_a_file_that_names_its_visits_needs_no_history(file: Callable[..., Path]) -> None:
    found = spectra_of(file(2, lambda hdus: hdus[0].header.remove("HISTORY", remove_all=True)))
    assert len(found) == 4


def test_the_fit_comes_after_what_was_fitted(file: Callable[..., Path]) -> None:
    spectrum, fit = spectra_of(file(2, fit=True))
    assert (spectrum.name, fit.name) == ("divided by the continuum", "best fit")
    assert (spectrum.medium, spectrum.frame) == ("vacuum", "SOURCE")
    assert spectrum.flux_unit is None
    assert spectrum.sigma is not None
    assert fit.sigma is None
    good = ~spectrum.mask & ~fit.mask
    assert np.std((spectrum.flux - fit.flux)[good] / spectrum.sigma[good]) == pytest.approx(1, 0.1)


def test_rows_that_are_neither_one_nor_sums_and_visits_are_refused(
    file: Callable[..., Path],
) -> None:
    def change(hdus: fits.HDUList) -> None:
        for hdu in hdus[1:4]:
            hdu.data = hdu.data[:2]

    with pytest.raises(FormatError, match="2 rows are not what an apStar has"):
        read(file(2, change))


def test_an_axis_that_is_not_said_is_not_guessed(file: Callable[..., Path]) -> None:
    with pytest.raises(FormatError, match="CTYPE1 is not LOG-LINEAR"):
        read(file(2, lambda hdus: hdus[1].header.set("CTYPE1", "PIXEL")))


def test_a_real_visit_is_three_detectors(shared_data: Path) -> None:
    path = shared_data / "spectra" / "apVisit-r13-5095-55844-128.fits"
    found = spectra_of(path)
    assert [one.name for one in found] == ["red", "green", "blue"]
    with fits.open(path) as hdus:
        for row, one in enumerate(found):
            assert np.array_equal(one.axis, hdus[4].data[row])
            assert np.array_equal(one.flux, hdus[1].data[row])
            assert one.mask.sum() >= (hdus[3].data[row] & 0x40FF != 0).sum() > 0
            assert one.mask.mean() < 0.05
    assert {str(one.flux_unit) for one in found} == {"1e-17 erg / (Angstrom s cm2)"}
    assert {(one.medium, one.frame) for one in found} == {("vacuum", None)}
