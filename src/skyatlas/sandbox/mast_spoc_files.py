"""This file writes light curves and pixels of TESS as the mission's pipeline SPOC does.

Invariant: the optimal aperture's pixels of a target pixel file sum to the light curve's SAP_FLUX.
Layout: TESS Science Data Products Description Document; see mast_layouts.txt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import Card, sealed
from skyatlas.sandbox.mast_photometry import (
    CENTROID,
    COLLECTED,
    OPTIMAL,
    Photometry,
    photometry,
)
from skyatlas.sandbox.mast_starlight import Star
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

_BACKGROUND_PIXEL = 4
_OUTPUTS = (32, 64, 128, 256)  # bits of the amplifiers A to D, 512 columns each
_DARK_COLUMNS = 44


def light_curve(star: Star, sector: int, seconds: int, seed: int) -> bytes:
    """…_lc.fits; also TESS-SPOC's, of 200 s and more."""
    seen = photometry(star, sector, seconds, seed)
    said = seen.said()
    table = layouts.table("spoc_lc.LIGHTCURVE", _curve(seen), said, _delay(seen))
    hdus = [layouts.primary("spoc_lc", said), table, _aperture(seen, said)]
    return sealed(hdus, str(said["DATE"]))


def target_pixels(star: Star, sector: int, seconds: int, seed: int) -> bytes:
    """…_tp.fits."""
    seen = photometry(star, sector, seconds, seed)
    said = seen.said()
    more = [card for n in range(4, 9) for card in seen.stamp.column_cards(n)]
    pixels = layouts.table("spoc_tp.PIXELS", _pixels(seen, seed), said, [*more, *_delay(seen)])
    hdus = [layouts.primary("spoc_tp", said), pixels, _aperture(seen, said), _rays(seen, said)]
    return sealed(hdus, str(said["DATE"]))


def _delay(seen: Photometry) -> list[Card]:
    return [(f"TMOFST{seen.camera}{seen.ccd}", 1.0, "")]


def _curve(seen: Photometry) -> Columns:
    import numpy as np

    def dim(value: float) -> NDArray[np.float64]:
        return np.where(seen.cadences.dark, np.nan, value)

    (left, low), (x, y) = seen.stamp.corner, seen.stamp.reference
    nothing = np.full(len(seen.cadences), np.nan)
    sigma = seen.sap_sigma / float(np.nanmedian(seen.sap))
    return {
        **_times(seen),
        "SAP_FLUX": seen.sap,
        "SAP_FLUX_ERR": dim(seen.sap_sigma),
        "SAP_BKG": seen.background,
        "SAP_BKG_ERR": dim(0.05 * seen.sap_sigma),
        "PDCSAP_FLUX": seen.pdc,
        "PDCSAP_FLUX_ERR": np.where(np.isnan(seen.pdc), np.nan, seen.pdc_sigma),
        "PSF_CENTR1": nothing,
        "PSF_CENTR1_ERR": nothing,
        "PSF_CENTR2": nothing,
        "PSF_CENTR2_ERR": nothing,
        "MOM_CENTR1": left + x - 1.0 + seen.shift[:, 0] + dim(0.0),
        "MOM_CENTR1_ERR": dim(sigma),
        "MOM_CENTR2": low + y - 1.0 + seen.shift[:, 1] + dim(0.0),
        "MOM_CENTR2_ERR": dim(sigma),
    }


def _times(seen: Photometry) -> Columns:
    import numpy as np

    astray = seen.cadences.dark | (seen.quality & 4 != 0)
    return {
        "TIME": seen.time,
        "TIMECORR": seen.correction,
        "CADENCENO": seen.cadences.number,
        "QUALITY": seen.quality,
        "POS_CORR1": np.where(astray, np.nan, seen.shift[:, 0]),
        "POS_CORR2": np.where(astray, np.nan, seen.shift[:, 1]),
    }


def _aperture(seen: Photometry, said: Any) -> Any:
    return layouts.image("spoc_lc.APERTURE", mask(seen), said, seen.stamp.cards())


def mask(seen: Photometry) -> NDArray[np.int32]:
    """The APERTURE extension's bits, shape (ny, nx)."""
    import numpy as np

    columns = seen.stamp.corner[0] + np.arange(seen.stamp.shape[1])
    outputs = np.array(_OUTPUTS)[np.clip((columns - _DARK_COLUMNS - 1) // 512, 0, 3)]
    found = np.broadcast_to(COLLECTED + outputs, seen.stamp.shape).copy()
    found[seen.aperture] += OPTIMAL + CENTROID
    found[seen.spread < 1e-3] += _BACKGROUND_PIXEL
    return found.astype(np.int32)


def _pixels(seen: Photometry, seed: int) -> Columns:
    """The pixels, with noise of their own that sums to the light curve's."""
    import numpy as np

    n, shape = len(seen.cadences), seen.stamp.shape
    random = chance(seed, "pixels", seen.star.tic, seen.number, seen.cadences.seconds)
    parts = np.where(seen.aperture, seen.spread, 0.0)
    weights = (parts / parts.sum()).astype(np.float32)
    level = float(np.nanmedian(seen.sap))
    scale = (seen.sap_sigma * np.sqrt(seen.spread / seen.captured + 0.01)).astype(np.float32)
    noise = random.standard_normal((n, *shape), dtype=np.float32) * scale
    within = noise[:, seen.aperture].sum(axis=1)
    noise -= np.where(seen.aperture, within[:, None, None] * weights, 0.0)
    outside = np.where(seen.aperture, 0.0, seen.spread * level / seen.captured)
    flux = noise + outside.astype(np.float32) + (seen.sap[:, None, None] * weights)
    glow = seen.background / seen.aperture.sum()
    bright = (glow[:, None, None] * np.ones(shape)).astype(np.float32)
    counts = np.nan_to_num((flux + bright) * seen.cadences.seconds * 0.792 / 5.2, nan=-1.0)
    return {
        **_times(seen),
        "RAW_CNTS": counts.astype(np.int32),
        "FLUX": flux.astype(np.float32),
        "FLUX_ERR": np.where(np.isnan(flux), np.nan, scale).astype(np.float32),
        "FLUX_BKG": bright,
        "FLUX_BKG_ERR": (0.05 * scale + 0.0 * bright).astype(np.float32),
    }


def _rays(seen: Photometry, said: Any) -> Any:
    """Cosmic rays that were taken out on the ground: only of what was read every 20 s."""
    import numpy as np

    struck = seen.cadences.number[seen.quality & 512 != 0] if seen.cadences.seconds < 60 else []
    rows = len(struck)
    column, row = seen.stamp.corner
    values: Columns = {
        "CADENCENO": np.asarray(struck, dtype=np.int32),
        "RAWX": np.full(rows, column + 1, dtype=np.int16),
        "RAWY": np.full(rows, row + 1, dtype=np.int16),
        "COSMIC_RAY": np.full(rows, 8.0 * seen.sap_sigma, dtype=np.float32),
    }
    return layouts.table("spoc_tp.TARGET COSMIC RAY", values, said)
