"""This file cuts the colour pictures of SkyServer: north up, black where SDSS has not looked."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING

from skyatlas.sandbox.sdss_footprint import COLUMNS, PIXEL, ROWS, fields
from skyatlas.sandbox.sdss_objects import COLOURS
from skyatlas.sandbox.sky import distance
from skyatlas.sandbox.survey_sky import paint

if TYPE_CHECKING:
    import numpy as np
    from astropy.wcs import WCS
    from numpy.typing import NDArray

_COARSE = 8
"""Pixels between those for which it is asked whether a field is there."""


def picture(ra: float, dec: float, scale: float, shape: tuple[int, int], seed: int) -> bytes:
    """A JPEG around a place; `scale` is arcsec per pixel, `shape` (rows, columns)."""
    import numpy as np
    from matplotlib.image import imsave

    wcs = _wcs(ra, dec, scale, shape)
    seen = _seen(wcs, shape, math.hypot(*shape) * scale / 7200.0)
    shades = []
    for band in "irg":  # the survey's own choice of red, green and blue
        counts = paint(
            wcs, shape, seed=seed, seeing=1.3, scale=scale,
            zero_point=22.5 - COLOURS[band], background=0.0,
        )  # fmt: skip
        shades.append(np.arcsinh(10.0 * np.clip(counts, 0.0, 5.0)) / math.asinh(50.0) * seen)
    out = BytesIO()
    imsave(out, np.ascontiguousarray(np.stack(shades, axis=-1)[::-1]), format="jpeg")
    return out.getvalue()


def _wcs(ra: float, dec: float, scale: float, shape: tuple[int, int]) -> WCS:
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    wcs.wcs.cdelt = [-scale / 3600.0, scale / 3600.0]
    return wcs


def _seen(wcs: WCS, shape: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    """Which pixels a field covers, shape (rows, columns), to a few pixels."""
    import numpy as np

    middle = (float(wcs.wcs.crval[0]), float(wcs.wcs.crval[1]))
    reach = radius + math.hypot(COLUMNS, ROWS) * PIXEL / 2
    near = [field for field in fields().values() if distance(middle, field.middle) < reach]
    rows, columns = (np.arange(0, size + _COARSE, _COARSE) for size in shape)
    x, y = np.meshgrid(columns, rows)
    places = wcs.all_pix2world(np.stack([x.ravel(), y.ravel()], axis=-1), 0)
    coarse = [any(field.holds(ra, dec) for field in near) for ra, dec in places]
    seen = np.array(coarse).reshape(x.shape)
    whole: NDArray[np.bool_] = seen.repeat(_COARSE, 0).repeat(_COARSE, 1)[: shape[0], : shape[1]]
    return whole
