"""This file makes images of a sky whose stars are known, on any pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS

from skyatlas.dataset import Image

SCALE = 0.396
"""Arcsec: SDSS."""
SEEING = 1.6
"""Pixels of 0.396 arcsec, sigma."""


@dataclass(frozen=True)
class Sky:
    """Stars: places in degrees ICRS, and what each brings in all."""

    ra: Any
    dec: Any
    flux: Any


def wcs_at(
    ra: float, dec: float, shape: tuple[int, int], *, turned: float = 0.0, scale: float = SCALE
) -> WCS:
    """TAN, the middle of the pixels at a place, turned against north by degrees."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    step, angle = scale / 3600, np.radians(turned)
    wcs.wcs.cd = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def painted(sky: Sky, wcs: WCS, shape: tuple[int, int], scale: float = SCALE) -> Any:
    """Gaussians at their places; the sum over the pixels of a star is its flux."""
    sigma = SEEING * SCALE / scale
    canvas = np.zeros(shape)
    x, y = wcs.world_to_pixel_values(sky.ra, sky.dec)
    reach = int(6 * sigma) + 2
    for column, row, flux in zip(x, y, sky.flux, strict=True):
        if not (-reach < column < shape[1] + reach and -reach < row < shape[0] + reach):
            continue
        left, low = max(int(column) - reach, 0), max(int(row) - reach, 0)
        grid = np.mgrid[low : int(row) + reach + 1, left : int(column) + reach + 1]
        rows, columns = (g[: shape[0] - low, : shape[1] - left] for g in grid)
        part = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * sigma**2))
        canvas[low : low + rows.shape[0], left : left + rows.shape[1]] += (
            flux / (2 * np.pi * sigma**2) * part
        )
    return canvas


def stars_around(ra: float, dec: float, offsets: Sequence[tuple[float, float]]) -> Sky:
    """Stars at offsets in arcsec (east, north) on the tangent plane of a place."""
    plane = wcs_at(ra, dec, (1, 1), scale=1.0)
    east, north = np.array(offsets, float).T
    places = plane.pixel_to_world_values(-east, north)
    return Sky(places[0], places[1], np.full(len(offsets), 5000.0))


def image_of(
    sky: Sky,
    wcs: WCS,
    shape: tuple[int, int],
    *,
    level: float = 0.0,
    noise: float = 0.0,
    scale: float = SCALE,
    seed: int = 1,
    **more: Any,
) -> Image:
    """An image of that sky in counts."""
    import astropy.units as u

    pixels = painted(sky, wcs, shape, scale) + level
    if noise:
        pixels += np.random.default_rng(seed).normal(0.0, noise, shape)
    facts = {
        "sigma": np.full(shape, noise, np.float32) if noise else None,
        "unit": u.adu,
        "unit_text": "adu",
        "mask": np.zeros(shape, bool),
        **more,
    }
    return Image(pixels=pixels.astype(np.float32), wcs=wcs, **facts)


def centroid(image: Image, ra: float, dec: float, reach: int = 8) -> tuple[float, float, float]:
    """Pixels (east-west, north-south) by which a star is off its place, and its flux."""
    assert image.wcs is not None
    x, y = (float(value) for value in image.wcs.world_to_pixel_values(ra, dec))
    low, left = round(y) - reach, round(x) - reach
    box = image.pixels[low : low + 2 * reach + 1, left : left + 2 * reach + 1].astype(float)
    rows, columns = np.mgrid[low : low + 2 * reach + 1, left : left + 2 * reach + 1]
    box = box - np.median(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
    return (
        float((box * columns).sum() / box.sum() - x),
        float((box * rows).sum() / box.sum() - y),
        float(box.sum()),
    )
