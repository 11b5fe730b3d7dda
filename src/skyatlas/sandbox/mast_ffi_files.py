"""This file writes light curves from full frames as their authors do: QLP, TASOC, TGLC, eleanor.

Invariant: all start from the same electrons (`mast_photometry`); what differs is the layout, the
unit and which cadences are left out. Layouts: mast_layouts.txt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import sealed
from skyatlas.sandbox.mast_cadences import COARSE, DAY, DESATURATION, SCATTERED, STRAY
from skyatlas.sandbox.mast_photometry import Photometry, brightness, photometry
from skyatlas.sandbox.mast_sectors import BTJD, Spot
from skyatlas.sandbox.mast_spoc_files import mask
from skyatlas.sandbox.mast_starlight import Star
from skyatlas.sandbox.mast_tesscut_sky import frame_name, frame_seconds
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Columns = dict[str, NDArray[Any]]

QLP_LOW_PRECISION = 4096
"""QLP's own bit 13 in sectors 1 to 55: the background is too bright."""
ELEANOR_SIDE = 13
_ORBITS_BEFORE = 7  # of the spacecraft before sector 1


def _seen(star: Star, number: int, seed: int) -> Photometry:
    return photometry(star, number, frame_seconds(number), seed)


def _relative(flux: Floats) -> Floats:
    import numpy as np

    found: Floats = flux / np.nanmedian(flux)
    return found


def _corrected(seen: Photometry) -> Floats:
    """Shape (n,): the trend taken off, but no cadence taken out that has light."""
    return seen.sap / seen.trend


def qlp(star: Star, number: int, seed: int) -> bytes:
    """…_llc.fits of MIT's Quick-Look Pipeline: magnitudes made relative fluxes; no dark cadence."""
    import numpy as np

    seen = _seen(star, number, seed)
    lit = ~seen.cadences.dark
    raw, flat = _relative(seen.sap)[lit], _relative(_corrected(seen))[lit]
    sigma = seen.sap_sigma / float(np.nanmedian(seen.sap))
    quality = seen.quality[lit].copy()
    glare = quality & (STRAY | SCATTERED) != 0
    quality[quality & SCATTERED != 0] -= SCATTERED
    quality[glare] |= QLP_LOW_PRECISION
    middle = seen.cadences.middle[lit]
    second = middle > float(seen.cadences.middle.mean())
    random = chance(seed, "apertures", star.tic, number)
    values: Columns = {
        "TIME": seen.time[lit],
        "CADENCENO": seen.cadences.number[lit],
        "SAP_FLUX": raw,
        "KSPSAP_FLUX": flat,
        "KSPSAP_FLUX_ERR": np.full(len(flat), sigma),
        "QUALITY": quality,
        "ORBITID": (_ORBITS_BEFORE + 2 * number + second).astype(np.int32),
        "SAP_X": seen.stamp.corner[0] + seen.stamp.reference[0] + seen.shift[lit, 0],
        "SAP_Y": seen.stamp.corner[1] + seen.stamp.reference[1] + seen.shift[lit, 1],
        "SAP_BKG": seen.background[lit],
        "SAP_BKG_ERR": np.full(len(flat), 0.05 * seen.sap_sigma),
        "KSPSAP_FLUX_SML": flat + random.normal(0.0, 0.5 * sigma, len(flat)),
        "KSPSAP_FLUX_LAG": flat + random.normal(0.0, 0.7 * sigma, len(flat)),
    }
    said = seen.said()
    table = layouts.table("qlp.LIGHTCURVE", values, said)
    return sealed([layouts.primary("qlp", said), table], str(said["DATE"]))


def tasoc(star: Star, number: int, seed: int) -> bytes:
    """…_ens-lc.fits of the asteroseismologists: corrected flux is in parts per million."""
    import numpy as np

    seen = _seen(star, number, seed)
    flat = (_relative(_corrected(seen)) - 1.0) * 1e6
    level = float(np.nanmedian(seen.sap))
    dark = seen.cadences.dark
    values: Columns = {
        "TIME": seen.time,
        "TIMECORR": seen.correction,
        "CADENCENO": seen.cadences.number,
        "FLUX_RAW": seen.sap,
        "FLUX_RAW_ERR": np.where(dark, np.nan, seen.sap_sigma),
        "FLUX_BKG": seen.background,
        "FLUX_CORR": np.where(seen.quality & DESATURATION != 0, np.nan, flat),
        "FLUX_CORR_ERR": np.where(dark, np.nan, seen.sap_sigma / level * 1e6),
        "QUALITY": np.where(dark | (seen.quality & DESATURATION != 0), 1, 0).astype(np.int32),
        "PIXEL_QUALITY": seen.quality,
        "MOM_CENTR1": seen.stamp.corner[0] + seen.stamp.reference[0] - 1 + seen.shift[:, 0],
        "MOM_CENTR2": seen.stamp.corner[1] + seen.stamp.reference[1] - 1 + seen.shift[:, 1],
        "POS_CORR1": seen.shift[:, 0],
        "POS_CORR2": seen.shift[:, 1],
    }
    said = seen.said()
    summed = (seen.spread * level / seen.captured).astype(np.float32)
    hdus = [
        layouts.primary("tasoc", said),
        layouts.table("tasoc.LIGHTCURVE", values, said),
        layouts.image("tasoc.IMAGE", summed, said, seen.stamp.cards(), "SUMIMAGE"),
        layouts.image("tasoc.IMAGE", mask(seen), said, seen.stamp.cards(), "APERTURE"),
    ]
    return sealed(hdus, str(said["DATE"]))


def tglc(star: Star, number: int, seed: int) -> bytes:
    """…_llc.fits of TESS-Gaia light curves: columns without units, in lower case."""
    import numpy as np

    seen = _seen(star, number, seed)
    there = ~seen.cadences.lost
    raw = seen.sap[there]
    flat = _relative(_corrected(seen))[there]
    coarse = (seen.quality[there] & (COARSE | DESATURATION) != 0).astype(np.int16)
    values: Columns = {
        "time": seen.time[there],
        "psf_flux": raw / seen.captured,
        "aperture_flux": raw,
        "cal_psf_flux": flat,
        "cal_aper_flux": flat,
        "background": seen.background[there],
        "cadence_num": seen.cadences.number[there],
        "TESS_flags": (seen.quality[there] & 0x7FFF).astype(np.int16),
        "TGLC_flags": coarse,
    }
    said = {**seen.said(), **_gaia(seen)}
    table = layouts.table("tglc.LIGHTCURVE", values, said)
    return sealed([layouts.primary("tglc", said), table], str(said["DATE"]))


def _gaia(seen: Photometry) -> dict[str, Any]:
    import numpy as np

    star, said = seen.star, seen.said()
    level = float(np.nanmedian(seen.sap))
    return {
        "OBJECT": f"Gaia DR3 {star.gaia}",
        "GAIADR3": star.gaia,
        "TICID": str(star.tic),
        "STAR_X": 2.0 + seen.stamp.reference[0] % 1.0,
        "STAR_Y": 2.0 + seen.stamp.reference[1] % 1.0,
        "CUT_X": seen.stamp.corner[0] // 150,
        "CUT_Y": seen.stamp.corner[1] // 150,
        "GAIA_G": round(star.magnitude + 0.45, 4),
        "GAIA_BP": round(star.magnitude + 0.75, 4),
        "GAIA_RP": round(star.magnitude + 0.02, 4),
        "RAWFLUX": level,
        "TELAPS": said["TELAPSE"],
        "MJD_BEG": said["TSTART"] + BTJD - 2400000.5,
        "MJD_END": said["TSTOP"] + BTJD - 2400000.5,
        "XPTIME": round(seen.cadences.seconds),
        "PSF_ERR": seen.sap_sigma / seen.captured,
        "APER_ERR": seen.sap_sigma,
        "CPSF_ERR": seen.sap_sigma / level,
        "CAPE_ERR": seen.sap_sigma / level,
        "LOC_BG": float(np.nanmedian(seen.background)),
    }


def eleanor(star: Star, number: int, seed: int) -> bytes:
    """…_lc.fits of GSFC-ELEANOR-LITE: the pixels' header, a table without units, an aperture."""
    import numpy as np

    seen = _seen(star, number, seed)
    there = ~seen.cadences.dark
    flat = _corrected(seen)[there]
    x, y = seen.shift[there, 0] + 6.0, seen.shift[there, 1] + 6.0
    values: Columns = {
        "TIME": seen.time[there],
        "BARYCORR": seen.correction[there],
        "RAW_FLUX": seen.sap[there],
        "CORR_FLUX": flat,
        "FLUX_ERR": np.full(len(flat), seen.sap_sigma),
        "QUALITY": seen.quality[there],
        "X_CENTROID": x,
        "Y_CENTROID": y,
        "X_COM": x,
        "Y_COM": y,
        "FLUX_BKG": seen.background[there],
        "FFIINDEX": seen.cadences.number[there],
        "PCA_FLUX": flat,
        "PSF_FLUX": np.full(len(flat), np.nan),
    }
    said = {**seen.said(), **_postcard(seen)}
    more = [card for n in range(4, 9) for card in seen.stamp.column_cards(n, plain=True)]
    first = layouts.primary("eleanor", said, more, "PIXELS")
    table = layouts.table("eleanor.TABLE", values, said, extension="")
    return sealed([first, table, _stacked(seen, said)], str(said["DATE"]))


def _postcard(seen: Photometry) -> dict[str, Any]:
    star, middle = seen.star, float(seen.cadences.middle.mean())
    where = Spot(seen.number, seen.camera, seen.ccd, 0.0, 0.0)
    name = f"tess-s{seen.number:04d}-{seen.camera}-{seen.ccd}"
    live = seen.cadences.seconds / DAY * 0.792
    return {
        "EXPOSURE": live,
        "LIVETIME": live,
        "WCS_FFI": frame_name(where, middle, seen.cadences.seconds),
        "FFIINDEX": int(seen.cadences.number[0]),
        "OBJECT": "",
        "TIC_ID": star.tic,
        "TMAG": star.magnitude,
        "GAIA_ID": star.gaia,
        "CHIPPOS1": seen.stamp.corner[0],
        "CHIPPOS2": seen.stamp.corner[1],
        "POSTCARD": f"{name}_{star.place[0]:.6f}_{star.place[1]:.6f}_31x31_astrocut.fits",
        "CEN_RA": star.place[0],
        "CEN_DEC": star.place[1],
        "TPF_H": ELEANOR_SIDE,
        "TPF_W": ELEANOR_SIDE,
    }


def _stacked(seen: Photometry, said: dict[str, Any]) -> Any:
    """The aperture and one picture, row by row."""
    import numpy as np

    rows, columns = np.indices((ELEANOR_SIDE, ELEANOR_SIDE)) - 6.0
    away = np.hypot(rows, columns)
    picture = brightness(seen.star.magnitude) * np.exp(-(away**2) / 1.0) / 3.14
    values: Columns = {
        "4_circle_exact": (away <= 4.0).astype(np.float64),
        "TPF": picture.astype(np.float32),
        "TPF_ERR": np.sqrt(picture + 1.0).astype(np.float32),
    }
    return layouts.table("eleanor.APERTURE", values, said, extension="")
