"""This file makes images of a sky with known sources, on any grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skyatlas.dataset import Image

GRIDS = {
    "north up": (0.0, False, "RA---TAN DEC--TAN"),
    "turned": (37.0, False, "RA---TAN DEC--TAN"),
    "upside down": (180.0, False, "RA---TAN DEC--TAN"),
    "mirrored": (20.0, True, "RA---TAN DEC--TAN"),
    "axes swapped": (70.0, False, "DEC--TAN RA---TAN"),
    "galactic": (10.0, False, "GLON-TAN GLAT-TAN"),
}
PLACES = {
    "ordinary": (150.0, 20.0),
    "0 hours": (0.0, -1.0),
    "just before 0 hours": (359.999, 40.0),
    "north pole": (200.0, 89.9),
    "south pole": (20.0, -89.9),
}


def grid(
    place: tuple[float, float],
    name: str = "north up",
    *,
    shape: tuple[int, int] = (120, 150),
    scale: float = 1.0,
) -> WCS:
    """A WCS whose middle is at a place (degrees ICRS); scale is arcsec per pixel."""
    angle, mirrored, ctype = GRIDS[name]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ctype.split()
    centre = SkyCoord(*place, unit="deg")
    if "GLON" in ctype:
        wcs.wcs.crval = [centre.galactic.l.deg, centre.galactic.b.deg]
    else:
        wcs.wcs.crval = place if ctype.startswith("RA") else place[::-1]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.diag([1.0 if mirrored else -1.0, 1.0]) @ rotation * scale / 3600
    wcs.wcs.cd = matrix[::-1] if ctype.startswith("DEC") else matrix
    wcs.wcs.set()
    return wcs


def near(place: tuple[float, float], east: float, north: float) -> SkyCoord:
    """The place so many arcsec to the east and north."""
    middle = SkyCoord(*place, unit="deg")
    return middle.spherical_offsets_by(*(np.array([east, north]) / 3600 * _degree()))


def seen(
    wcs: WCS | None,
    *stars: tuple[SkyCoord, float],
    shape: tuple[int, int] = (120, 150),
    noise: float = 1.0,
    sky: float = 100.0,
    seed: int = 1,
    width: float = 1.5,
    **cards: Any,
) -> Image:
    """Stars (place, peak in units of the noise) of sigma `width` pixels, with noise and sky."""
    pixels = np.random.default_rng(seed).normal(sky, noise, shape)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for place, peak in stars:
        assert wcs is not None
        column, row = (float(one) for one in wcs.world_to_pixel(place))
        pixels += peak * noise * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * width**2))
    return Image(
        pixels=pixels,
        wcs=wcs,
        unit=None,
        unit_text="",
        sigma=None,
        mask=np.zeros(shape, dtype=bool),
        meta=cards,
    )


def _degree() -> Any:
    from astropy import units

    return units.deg
