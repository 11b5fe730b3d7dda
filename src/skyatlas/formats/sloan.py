"""This file knows the frames of SDSS: the unit of their pixels and, by the data model, their noise.

Nothing is guessed: a piece of a frame that does not say where in it it lies gets no sigma.
Source: SDSS data model, page "frame" (the same for DR8 to DR20).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyatlas.formats.samples import as_floats

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import HDUList
    from numpy.typing import NDArray

    from skyatlas.formats.cards import Cards
    from skyatlas.formats.layers import Layer

    Floats = NDArray[np.float64]

UNIT = "nanomaggy"
"""Of every frame; those before DR9 have no BUNIT."""
ZERO_POINT = 22.5
"""Magnitude of one nanomaggy; AB to about 0.01 mag (sdss.org, "Flux Calibration")."""
REFERENCE = (1025.0, 745.0)
"""CRPIX1 and CRPIX2 of every whole frame of 2048 x 1489 pixels: what a piece is shifted by."""
NO_PLACE = "no errors: the header does not say which part of the frame of SDSS this is"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands beside the pixels of a frame."""

    calibration: Floats
    """Shape (columns,): nanomaggies per count."""
    sky: Floats
    """Shape (192, 256) or so: counts, on a coarse grid."""
    columns: Floats
    """Where each column of the frame lies on that grid."""
    rows: Floats
    """Where each row does."""


def frame_of(hdus: HDUList, science: Layer, cards: Cards) -> Frame | None:
    """Return what stands beside the pixels; None where the file is no frame of SDSS."""
    if science.number or len(hdus) < 3 or not all(c in cards for c in ("NMGY", "CAMCOL", "RUN")):
        return None
    calibration, table = hdus[1], hdus[2]
    names = [] if table.is_image else [str(name).upper() for name in table.columns.names]
    if not calibration.is_image or len(calibration.shape) != 1:
        return None
    if not {"ALLSKY", "XINTERP", "YINTERP"} <= set(names) or not len(table.data):
        return None
    sky, columns, rows = (
        as_floats(table.data[name][0]) for name in ("ALLSKY", "XINTERP", "YINTERP")
    )
    return Frame(as_floats(calibration.data), sky, columns, rows) if sky.ndim == 2 else None


def sigma_of(frame: Frame, pixels: NDArray[Any], cards: Cards) -> NDArray[Any] | None:
    """Return one standard deviation per pixel, nanomaggies; None where it cannot be known.

    Back to counts, sky added, photons over the gain plus the dark variance, and to nanomaggies
    again, as the page of the data model says.
    """
    import numpy as np

    noise = noise_of(cards)
    place = _place(frame, pixels.shape, cards)
    if noise is None or place is None:
        return None
    gain, dark_variance = noise
    calibration, columns, rows = place
    counts = as_floats(pixels) / calibration + _interpolated(frame.sky, columns, rows)
    variance = np.maximum(counts, 0.0) / gain + dark_variance
    return np.asarray(np.sqrt(variance) * calibration, dtype=np.float32)


def noise_of(cards: Cards) -> tuple[float, float] | None:
    """Return gain (electrons per count) and dark variance (counts²) of a band, camera and run."""
    band = cards.text("FILTER").lower()
    camera, run = cards.number("CAMCOL"), cards.number("RUN")
    if camera is None or run is None or band not in _tables()["gain"] or not 1 <= camera <= 6:
        return None
    found = {name: _tables()[name][band][int(camera) - 1] for name in ("gain", "dark_variance")}
    for change in _tables()["later"]:
        same = change["band"] == band and change["camcol"] == camera
        if same and run > change["after_run"]:
            found[change["table"]] = change["value"]
    return found["gain"], found["dark_variance"]


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _place(
    frame: Frame, shape: tuple[int, ...], cards: Cards
) -> tuple[Floats, Floats, Floats] | None:
    """Calibration, and places on the grid of the sky, of the columns and rows that are there."""
    starts = []
    for number, reference in enumerate(REFERENCE, start=1):
        start = reference - (cards.number(f"CRPIX{number}") or float("nan"))
        if not start.is_integer():
            return None
        starts.append(int(start))
    (x, y), (rows, columns) = starts, shape
    if min(starts) < 0 or x + columns > len(frame.columns) or y + rows > len(frame.rows):
        return None
    calibration = frame.calibration
    if len(calibration) != columns:  # where it has been cut along, it is in step already
        calibration = calibration[x : x + columns]
    if len(calibration) != columns:
        return None
    return calibration, frame.columns[x : x + columns], frame.rows[y : y + rows]


def _interpolated(grid: Floats, columns: Floats, rows: Floats) -> Floats:
    """Bilinear, and beyond the edges what is at the edge, as IDL's `interpolate, /grid` does."""
    import numpy as np

    for axis, places in ((0, rows), (1, columns)):
        last = grid.shape[axis] - 1
        inside = np.clip(places, 0, last)
        low = np.minimum(inside.astype(np.intp), max(last - 1, 0))
        share = np.expand_dims(inside - low, 1 - axis)
        high = np.minimum(low + 1, last)
        grid = grid.take(low, axis) * (1 - share) + grid.take(high, axis) * share
    return grid
