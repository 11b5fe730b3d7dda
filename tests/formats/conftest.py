"""This file writes small FITS files in the layouts of the archives, for every checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

N = 500
WAVE = np.linspace(400.0, 700.0, N)
FLUX = np.sin(WAVE / 30) + 3
ERR = np.full(N, 0.1)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write HDUs to a file and return its path."""

    def writer(*hdus: Any, name: str = "file.fits") -> Path:
        path = tmp_path / name
        hdus = hdus if isinstance(hdus[0], fits.PrimaryHDU) else (fits.PrimaryHDU(), *hdus)
        fits.HDUList(list(hdus)).writeto(path, output_verify="silentfix+ignore")
        return path

    return writer


@pytest.fixture
def phase3(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write an ESO Phase 3 spectrum: one row of vectors, described by UTYPE and UCD."""

    def writer(names: tuple[str, str, str] = ("WAVE", "FLUX", "ERR"), **changes: Any) -> Path:
        primary = fits.PrimaryHDU()
        primary.header["SPECSYS"] = "BARYCENT"
        primary.header["OBJECT"] = "HD 1"
        primary.header["INSTRUME"] = "HARPS"
        table = fits.BinTableHDU.from_columns(
            [
                fits.Column(names[0], f"{N}D", unit="nm", array=[changes.get("wave", WAVE)]),
                fits.Column("CONTINUUM", f"{N}E", array=[np.zeros(N)]),
                fits.Column(
                    names[1], f"{N}E", unit="erg s**(-1) cm**(-2) nm**(-1)",
                    array=[changes.get("flux", FLUX)],
                ),
                fits.Column(names[2], f"{N}E", array=[changes.get("err", ERR)]),
                fits.Column("QUAL", f"{N}J", array=[changes.get("qual", np.zeros(N))]),
            ],
            name="SPECTRUM",
        )  # fmt: skip
        header = table.header
        if changes.get("described", True):
            prefix = changes.get("prefix", "Spectrum.")
            header["TUTYP1"] = f"{prefix}Data.SpectralAxis.Value"
            header["TUCD1"] = changes.get("ucd", "em.wl")
            header["TUTYP2"] = "continuum:Data.FluxAxis.Value"
            header["TUCD2"] = "phot.flux.density;em.wl;spect.continuum"
            header["TUTYP3"] = f"{prefix}Data.FluxAxis.Value"
            header["TUCD3"] = "phot.flux.density;em.wl;meta.main"
            header["TUTYP4"] = f"{prefix}Data.FluxAxis.Accuracy.StatError"
            header["TUCD4"] = "stat.error;phot.flux.density;em.wl"
        return write(primary, table)

    return writer


@pytest.fixture
def line(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write a 1-D image with these header cards."""

    def writer(*more: Any, **cards: Any) -> Path:
        hdu = fits.PrimaryHDU(FLUX.astype(np.float32))
        for keyword, value in cards.items():
            hdu.header[keyword.replace("__", "-")] = value
        return write(hdu, *more)

    return writer


def sky_header(**cards: Any) -> fits.Header:
    header = fits.Header()
    header.update({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 16.0,
        "CRPIX2": 11.0, "CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "BUNIT": "Jy",
    })  # fmt: skip
    header.update(cards)
    return header


@pytest.fixture
def header_on_sky() -> Callable[..., fits.Header]:
    """A TAN header of 1 arcsec pixels."""
    return sky_header
