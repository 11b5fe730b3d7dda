"""This file tests target pixels on the screen: the median frame, its aperture, its light curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from matplotlib.figure import Figure

from skyatlas.dataset import TargetPixels
from skyatlas.errors import BadInput
from skyatlas.formats import read
from skyatlas.plots import draw, figure_of, save


def pixels(**changes: Any) -> TargetPixels:
    """Fifty frames of 4 × 5 pixels; pixel (x 3, y 1) is bright in all but the flagged frame 7."""
    flux = np.ones((50, 4, 5), dtype=np.float32)
    flux[:, 1, 3] = 100
    flux[7] = 1e6
    flux[20:30, 1, 3] = 90
    flux[9, 2, 3] = np.nan
    aperture = np.ones((4, 5), dtype=np.int64)
    aperture[1:3, 3] = 3
    facts: dict[str, Any] = {
        "time": np.linspace(1325, 1326, 50),
        "time_scale": "tdb",
        "time_offset": 2457000.0,
        "flux": flux,
        "sigma": None,
        "quality": None,
        "mask": np.arange(50) == 7,
        "aperture": aperture,
        "wcs": None,
        "flux_unit": u.electron / u.s,
        "flux_unit_text": "e-/s",
        "name": "TIC 1",
        "mission": "TESS",
        "author": "SPOC",
        "part": "sector 1",
        "cadence": 120.0,
    }
    return TargetPixels(**{**facts, **changes})


def test_target_pixels_are_their_median_frame_beside_the_sum_of_their_aperture() -> None:
    figure = figure_of(pixels())
    image, beside = figure.axes[0], figure.axes[-1]
    shown = image.images[0].get_array()
    assert shown is not None
    assert (shown[1, 3], shown[0, 0]) == (100, 1)
    assert image.get_title() == "median of 49 frames"
    (line,) = [line for line in beside.lines if line.get_gid() == "flux"]
    flux = np.asarray(line.get_ydata())
    assert np.unique(flux).tolist() == [91, 100, 101]
    legend = beside.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["1 flagged (1 off scale)"]
    assert beside.get_ylabel().startswith("Sum of 2 pixels")


def test_the_outline_goes_around_the_aperture() -> None:
    axes = draw(pixels(), Figure().add_subplot())
    (outline,) = [one for one in axes.collections if one.get_gid() == "aperture"]
    ends = np.array([path.vertices for path in outline.get_paths()])
    assert len(ends) == 6  # around two pixels, one above the other
    assert (ends[..., 0].min(), ends[..., 0].max()) == (2.5, 3.5)
    assert (ends[..., 1].min(), ends[..., 1].max()) == (0.5, 2.5)
    assert "TIC 1 · TESS SPOC" in axes.get_title()


def test_without_an_aperture_all_pixels_are_summed_and_that_is_said() -> None:
    beside = figure_of(pixels(aperture=None)).axes[-1]
    assert beside.get_ylabel().startswith("Sum of 20 pixels")


def test_no_frame_at_all_is_refused() -> None:
    none = pixels(time=np.empty(0), flux=np.empty((0, 4, 5)), mask=np.empty(0, dtype=bool))
    with pytest.raises(BadInput, match="no frame"):
        figure_of(none)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("ktwo221312395-c91_lpd-targ.fits.gz", "N up, E left, pixels turned by 12°"),
        ("test-tpf-tesscut_1x1.fits", "no WCS to the sky"),
    ],
)
def test_real_target_pixels_become_pictures(
    shared_data: Path, tmp_path: Path, name: str, note: str
) -> None:
    found = read(shared_data / "lightcurves" / name)
    figure = figure_of(found)  # type: ignore[arg-type]
    axes: Any = figure.axes[0]
    label = axes.coords[0].get_axislabel() if hasattr(axes, "coords") else axes.get_xlabel()
    assert note in label
    assert save(found, tmp_path / "a.png").stat().st_size > 10_000  # type: ignore[arg-type]
