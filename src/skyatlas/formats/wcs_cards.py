"""This file turns the WCS of an image into header cards, with distortions where cards hold them.

Invariant: cards are handed out only after they were read back and gave the same places, to a
thousandth of a pixel; else the loss is put into words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    from skyatlas.dataset import Image

SKY = re.compile(
    r"(WCSAXES|WCSNAME|CTYPE\d|CUNIT\d|CRVAL\d|CRPIX\d|CDELT\d|CROTA\d|CD\d_\d|PC\d_\d|PC00\d00\d"
    r"|P[VS]\d_\d+|LONPOLE|LATPOLE|RADE(C?)SYS|EQUINOX|C[PQ]DIS\d|D[PQ]\d(\..*)?|D2IM.*"
    r"|AXISCORR|MJDREF[IF]?|CRDER\d|CSYER\d|CNAME\d)[A-Z]?|[AB]P?_(\d_\d|ORDER|DMAX)|WAT\d_\d+"
    r"|AMD[XY]\d+|PPO\d|CNPIX\d|PLTRA[HMS]|PLTDEC(SN|D|M|S)|[XY]PIXELSZ|PLATEDEC|PLATERA|WCSDIM"
)
"""Cards that say where pixels lie: they are made anew of the WCS."""
CLOSE = 1e-3
"""Pixels between two places that count as one."""


def sky_cards(image: Image) -> tuple[Header, list[Any], str]:
    """Return the cards, the HDUs with tables of distortion, and what was lost ("" where nothing).

    wcslib and astropy write what they read: SIP, TPV, TNX, ZPX, plate solutions of DSS, and tables
    of HST (checked with real files of each kind, tests/formats/test_images_writing.py).
    """
    from astropy.io.fits import Header

    if image.wcs is None:
        return Header(), [], ""
    try:
        primary, *tables = image.wcs.to_fits(relax=True)
    except (ValueError, AttributeError, TypeError, KeyError) as problem:
        return Header(), [], f"the WCS could not be written: {problem}"
    header = primary.header.copy(strip=True)
    off = _off(image, header, tables)
    if not off < CLOSE:
        return Header(), [], f"the WCS could not be written: cards are off by {off:.2g} pixels"
    return header, tables, ""


def _off(image: Image, header: Header, tables: list[Any]) -> float:
    """The largest distance, pixels, between where these cards and the image's WCS put pixels."""
    import numpy as np
    from astropy.io.fits import HDUList, PrimaryHDU
    from astropy.wcs import WCS

    x, y = _grid(image)
    ours = image.wcs
    assert ours is not None
    try:
        theirs = WCS(header, HDUList([PrimaryHDU(header=header), *tables]))
        if list(theirs.wcs.ctype) != list(ours.wcs.ctype):
            return float("inf")
        there = _vectors(theirs, x, y)
    except (ValueError, KeyError, TypeError, IndexError, AssertionError, MemoryError):
        return float("inf")
    distances = np.linalg.norm(there - _vectors(ours, x, y), axis=0)
    pixel = np.radians((image.scale or 1.0) / 3600)
    return float(np.nanmax(distances, initial=0.0) / pixel) if np.isfinite(distances).any() else 0.0


def _vectors(wcs: WCS, x: Any, y: Any) -> Any:
    """Unit vectors of the places of pixels, shape (3, n), in the frame of the WCS."""
    import numpy as np

    world = np.radians(wcs.all_pix2world(x, y, 0))
    longitude, latitude = world[wcs.wcs.lng], world[wcs.wcs.lat]
    across = np.cos(latitude)
    return np.stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])


def _grid(image: Image) -> tuple[Any, Any]:
    import numpy as np

    rows, columns = image.pixels.shape
    y, x = np.meshgrid(np.linspace(0, rows - 1, 9), np.linspace(0, columns - 1, 9), indexing="ij")
    return x.ravel(), y.ravel()
