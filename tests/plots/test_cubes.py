"""This file tests cubes on the screen: white light, the brightest pixel and its spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skyatlas.dataset import Cube
from skyatlas.formats import read
from skyatlas.plots import figure_of, plot_cube


def cube_with_source(tmp_path: Path) -> Cube:
    values = np.random.default_rng(2).normal(0, 0.1, (50, 20, 30)).astype(np.float32)
    values[:, 12, 7] += np.linspace(1, 2, 50)
    header = fits.Header()
    header.update({
        "CTYPE1": "RA---TAN", "CRVAL1": 150.0, "CRPIX1": 15.0, "CDELT1": -2 / 3600, "PC1_1": 0.8,
        "PC1_2": -0.6, "CTYPE2": "DEC--TAN", "CRVAL2": 20.0, "CRPIX2": 10.0, "CDELT2": 2 / 3600,
        "PC2_1": 0.6, "PC2_2": 0.8,
    })  # fmt: skip
    header.update({"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRVAL3": 5000.0,
                   "CRPIX3": 1.0, "CDELT3": 2.0, "BUNIT": "adu"})  # fmt: skip
    fits.PrimaryHDU(values, header).writeto(tmp_path / "cube.fits", overwrite=True)
    cube = read(tmp_path / "cube.fits")
    assert isinstance(cube, Cube)
    return cube


def test_a_cube_is_its_white_light_and_the_spectrum_of_its_brightest_pixel(tmp_path: Path) -> None:
    cube = cube_with_source(tmp_path)
    axes: Any = plot_cube(cube)
    assert np.array_equal(axes.images[0].get_array(), cube.white().pixels)
    below = axes.figure.axes[-1]
    assert below.get_xlabel().startswith(r"Wavelength ($\mathrm{\mathring{A}}$), air")
    (curve,) = [line for line in below.lines if line.get_gid() == "flux"]
    assert curve.get_xdata()[[0, -1]] == pytest.approx([5000, 5098])
    assert np.array_equal(curve.get_ydata(), cube.pixels[:, 12, 7])
    (mark,) = [line for line in axes.lines if line.get_gid() == "brightest"]
    assert mark.get_xydata().tolist() == [[7, 12]]


def test_text_is_at_least_8_points_in_a_column_of_88_mm(tmp_path: Path) -> None:
    from matplotlib.text import Text

    for data in (cube_with_source(tmp_path), cube_with_source(tmp_path).white()):
        figure = figure_of(data)
        shrink = 88 / 25.4 / figure.get_size_inches()[0]
        sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
        assert min(sizes) * shrink >= 7.99
