"""This file draws footprints as STC-S texts: from shapes in a column, or from SIA 1's image sizes.

Invariant: a footprint that is guessed contains the image. Degrees, ICRS. Sources: DALI 1.1 section
3.3 (circle, polygon); SIA 1.0 section 4.2 (VOX: fields); gnomonic projection: Calabretta & Greisen
2002, A&A 395, 1077, section 5.1.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from skyatlas.protocols.mapping.measures import vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_SHAPE = re.compile(r"(?i)\b(position|point|circle|polygon|box|union|multipolygon)\b")
_WIDEST = 60.0
"""Degrees from the centre of an image to its corner: beyond it a plane says too little."""


def shape(value: Any, xtype: str) -> str | None:
    """STC-S of a cell in one of DALI's shapes ("point", "circle", "polygon"); None if it is none.

    A text that names a shape is kept as it is.
    """
    if isinstance(value, str) and _SHAPE.search(value):
        return value
    found = vector(value)
    if not found or not np.all(np.isfinite(found)):
        return None
    kind = xtype.lower().removeprefix("adql:")
    if not kind:
        kind = "circle" if len(found) == 3 else "polygon"
    fits = {
        "point": len(found) == 2,
        "circle": len(found) == 3,
        "polygon": len(found) >= 6 and len(found) % 2 == 0,
    }.get(kind, False)
    word = "POSITION" if kind == "point" else kind.upper()
    return f"{word} ICRS {' '.join(map(repr, found))}" if fits else None


def diameters(naxis: Numbers, scale: Numbers) -> Numbers:
    """From corner to corner; degrees, shape (n,). `naxis` pixels, `scale` deg per pixel: (n, 2)."""
    width, height = np.abs(naxis * scale).T
    return np.asarray(np.hypot(width, height))


def outlines(
    ra: Numbers, dec: Numbers, naxis: Numbers, scale: Numbers, cd: Numbers
) -> list[str | None]:
    """Footprints of images around their centres.

    `naxis` (n, 2) pixels, `scale` (n, 2) degrees per pixel, `cd` (n, 4): CD1_1, CD1_2, CD2_1,
    CD2_2. An image without a CD matrix gets the circle through its corners, since nobody says how
    it is turned; without a centre or a size, None. Only the centre and the turn are used of what
    the service says of the projection: reference pixels are often wrong.
    """
    half = naxis / 2.0
    pixels = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])[None] * half[:, None, :]
    matrix = cd.reshape(-1, 2, 2)
    xi, eta = np.moveaxis(np.einsum("nij,nkj->nki", matrix, pixels), -1, 0)
    radius = diameters(naxis, scale) / 2.0
    turned = np.all(np.isfinite(xi) & np.isfinite(eta), axis=1) & (np.abs(xi).max(axis=1) > 0)
    reach = np.where(turned, np.hypot(xi, eta).max(axis=1), radius)
    with np.errstate(invalid="ignore"):
        drawn = np.isfinite(ra) & np.isfinite(dec) & (reach > 0) & (reach < _WIDEST)
    lon, lat = _sky(ra, dec, xi, eta)
    corners = np.stack((lon, lat), axis=-1).reshape(len(ra), 8).tolist()
    rows = zip(drawn.tolist(), turned.tolist(), corners, ra, dec, radius, strict=True)
    return [_text(*row) for row in rows]


def _text(
    drawn: bool, turned: bool, corners: Sequence[float], ra: float, dec: float, radius: float
) -> str | None:
    if not drawn:
        return None
    if turned:
        return "POLYGON ICRS " + " ".join([f"{angle:.8f}" for angle in corners])
    return f"CIRCLE ICRS {ra:.8f} {dec:.8f} {radius:.8f}"


def _sky(ra: Numbers, dec: Numbers, xi: Numbers, eta: Numbers) -> tuple[Numbers, Numbers]:
    """Points of the tangent plane (degrees, shape (n, k)) on the sphere; degrees."""
    x, y = np.radians(xi), np.radians(eta)
    sine, cosine = (f(np.radians(dec))[:, None] for f in (np.sin, np.cos))
    below = cosine - y * sine
    lon = np.degrees(np.arctan2(x, below)) + ra[:, None]
    lat = np.degrees(np.arctan2(sine + y * cosine, np.hypot(x, below)))
    return lon % 360.0, lat
