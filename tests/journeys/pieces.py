"""This file compares a piece with the whole file that it was cut out of."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray


def compare(piece: fits.ImageHDU, whole: fits.ImageHDU) -> tuple[slice, ...]:
    """Where the piece was in the whole; asserts that each pixel is the same, and on the same place.

    Open both with `do_not_scale_image_data=True`: the stored numbers are compared, bit by bit.
    """
    axes = whole.data.ndim
    start = [
        round(whole.header.get(f"CRPIX{axis}", 0.0) - piece.header.get(f"CRPIX{axis}", 0.0))
        for axis in range(axes, 0, -1)
    ]
    spans = tuple(
        slice(first, first + size) for first, size in zip(start, piece.data.shape, strict=True)
    )
    assert piece.data.dtype == whole.data.dtype
    assert piece.data.tobytes() == whole.data[spans].tobytes()
    corners = np.array([(0.0,) * axes, tuple(size - 1.0 for size in piece.data.shape)])[:, ::-1]
    there = _world(whole, corners + np.array(start)[::-1])
    assert _world(piece, corners) == pytest_approx(there)
    return spans


def holds(piece: fits.ImageHDU, whole: fits.ImageHDU, circle: tuple[float, ...]) -> bool:
    """Whether every pixel of the whole that lies in the circle (degrees) is in the piece."""
    sky = WCS(whole.header, fix=False).celestial
    rows, columns = np.indices(whole.data.shape[-2:])
    ra, dec = np.radians(sky.all_pix2world(columns.ravel(), rows.ravel(), 0))
    ra0, dec0 = np.radians(circle[:2])
    cosine = np.sin(dec) * np.sin(dec0) + np.cos(dec) * np.cos(dec0) * np.cos(ra - ra0)
    inside = (cosine >= np.cos(np.radians(circle[2]))).reshape(rows.shape)
    spans = compare(piece, whole)[-2:]
    assert inside.any()
    return int(inside.sum()) == int(inside[spans].sum())


def _world(hdu: fits.ImageHDU, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(WCS(hdu.header, fix=False).all_pix2world(pixels, 0))


def pytest_approx(values: NDArray[np.float64]) -> Any:
    """Within 1e-9 degrees, or 1e-9 of a wavelength."""
    import pytest

    return pytest.approx(values, rel=1e-12, abs=1e-9)
