"""This file writes light curves and pixels of Kepler and K2 as the mission does.

Invariant: the optimal aperture's pixels of a target pixel file sum to the light curve's SAP_FLUX.
Layout: Kepler Archive Manual (KDMC-10008); see mast_layouts.txt.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import sealed
from skyatlas.sandbox.mast_kepler_sky import Look, look
from skyatlas.sandbox.mast_quarters import Span
from skyatlas.sandbox.mast_starlight import Star
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

_BASELINES = 5  # time scales of Kepler's residual baseline; K2 has none


def light_curve(star: Star, span: Span, short: bool, seed: int) -> bytes:
    """…_llc.fits or …_slc.fits."""
    seen = look(star, span, short, seed)
    said, kind = seen.said(), "k2_lc" if span.k2 else "kepler_lc"
    hdus = [
        layouts.primary(kind, said),
        layouts.table(f"{kind}.LIGHTCURVE", _curve(seen), said),
        _aperture(seen, kind, said),
    ]
    return sealed(hdus, str(said["DATE"]))


def target_pixels(star: Star, span: Span, short: bool, seed: int) -> bytes:
    """…_lpd-targ.fits.gz or …_spd-targ.fits.gz."""
    seen = look(star, span, short, seed)
    said, kind = seen.said(), "k2_tp" if span.k2 else "kepler_tp"
    more = [card for n in range(4, 10) for card in seen.stamp.column_cards(n)]
    hdus = [
        layouts.primary(kind, said),
        layouts.table(f"{kind}.TARGETTABLES", _pixels(seen, seed), said, more),
        _aperture(seen, kind, said),
    ]
    return gzip.compress(sealed(hdus, str(said["DATE"])), 1, mtime=0)


def _aperture(seen: Look, kind: str, said: Any) -> Any:
    import numpy as np

    mask = np.where(seen.aperture, 3, 1).astype(np.int32)
    return layouts.image(f"{kind}.APERTURE", mask, said, seen.stamp.cards())


def _curve(seen: Look) -> Columns:
    import numpy as np

    def dim(value: float) -> NDArray[np.float64]:
        return np.where(seen.dark, np.nan, value)

    (left, low), (x, y) = seen.stamp.corner, seen.stamp.reference
    columns = left + x - 1.0 + seen.shift[:, 0] + dim(0.0)
    rows = low + y - 1.0 + seen.shift[:, 1] + dim(0.0)
    sigma = seen.sap_sigma / float(np.nanmedian(seen.sap))
    centroids = {
        f"{kind}_CENTR{axis}{end}": value
        for kind in ("PSF", "MOM")
        for axis, where in ((1, columns), (2, rows))
        for end, value in (("", where), ("_ERR", dim(sigma)))
    }
    return {
        "TIME": seen.time,
        "TIMECORR": seen.correction,
        "CADENCENO": seen.number,
        "SAP_FLUX": seen.sap,
        "SAP_FLUX_ERR": dim(seen.sap_sigma),
        "SAP_BKG": dim(seen.background),
        "SAP_BKG_ERR": dim(0.01 * seen.sap_sigma),
        "PDCSAP_FLUX": seen.pdc,
        "PDCSAP_FLUX_ERR": np.where(np.isnan(seen.pdc), np.nan, seen.pdc_sigma),
        "SAP_QUALITY": seen.quality,
        **centroids,
        "POS_CORR1": seen.shift[:, 0] + dim(0.0),
        "POS_CORR2": seen.shift[:, 1] + dim(0.0),
    }


def _pixels(seen: Look, seed: int) -> Columns:
    import numpy as np

    n, shape = len(seen), seen.stamp.shape
    random = chance(seed, "kepler pixels", seen.star.tic, seen.span.stamp, seen.short)
    parts = np.where(seen.aperture, seen.spread, 0.0)
    weights = parts / parts.sum()
    scale = (seen.sap_sigma * np.sqrt(seen.spread + 0.01)).astype(np.float32)
    noise = random.standard_normal((n, *shape), dtype=np.float32) * scale
    noise -= (noise[:, seen.aperture].sum(axis=1)[:, None, None] * weights).astype(np.float32)
    outside = np.where(seen.aperture, 0.0, seen.spread * float(np.nanmedian(seen.sap)))
    flux = noise + outside + seen.sap[:, None, None] * weights
    glow = np.where(seen.dark[:, None, None], np.nan, np.full(shape, 20.0))
    counts = np.nan_to_num((flux + glow) * seen.step * 86400 * 0.92 / 110.0, nan=-1.0)
    scales = 0 if seen.span.k2 else _BASELINES
    return {
        "TIME": seen.time,
        "TIMECORR": seen.correction,
        "CADENCENO": seen.number,
        "RAW_CNTS": counts.astype(np.int32),
        "FLUX": flux.astype(np.float32),
        "FLUX_ERR": np.where(np.isnan(flux), np.nan, scale).astype(np.float32),
        "FLUX_BKG": glow.astype(np.float32),
        "FLUX_BKG_ERR": (0.01 * glow).astype(np.float32),
        "COSMIC_RAYS": np.full((n, *shape), np.nan, dtype=np.float32),
        "QUALITY": seen.quality,
        "POS_CORR1": seen.shift[:, 0],
        "POS_CORR2": seen.shift[:, 1],
        "RB_LEVEL": np.zeros((n, shape[0], scales), dtype=np.float32),
    }
