"""This file writes K2's light curves as their correctors do: K2SFF and EVEREST.

Invariant: both take the rolls of the spacecraft out of the same electrons (`mast_kepler_sky`).
Layouts: archive.stsci.edu/hlsp/k2sff and …/everest; see mast_layouts.txt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import sealed
from skyatlas.sandbox.mast_kepler_sky import COARSE, OUTLIER, THRUSTER, Look, look
from skyatlas.sandbox.mast_quarters import Span
from skyatlas.sandbox.mast_starlight import Star
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

MASKS = 10
"""K2SFF's apertures of each kind: circles, and shapes of the star's light."""
_BEST = 3
_EVEREST_BAD = 1 << 22  # EVEREST's own bits 23 and 25, beside Kepler's 21
_EVEREST_OUTLIER = 1 << 24


def k2sff(star: Star, span: Span, seed: int) -> bytes:
    """…_llc.fits of K2SFF: one table per aperture, the best one first; relative, without errors."""
    seen = look(star, span, short=False, seed=seed)
    said = {**seen.said(), "TTABLEID": 85}
    best = _table(seen, said, "BESTAPER", ("PRF FIT", _BEST), seed)
    tables = [
        _table(seen, said, f"{kind}_APER{index}", (name, index), seed)
        for kind, name in (("CIRC", "CIRCULAR"), ("PRF", "PRF FIT"))
        for index in range(MASKS)
    ]
    hdus = [layouts.primary("k2sff", said), best, *tables, *_pictures(seen, said)]
    return sealed(hdus, str(said["DATE"]))


def used(seen: Look) -> NDArray[np.bool_]:
    """Shape (n,): which cadences K2SFF keeps."""
    kept: NDArray[np.bool_] = ~seen.lost & (seen.quality & (COARSE | OUTLIER) == 0)
    return kept


def _table(
    seen: Look, said: dict[str, Any], extension: str, mask: tuple[str, int], seed: int
) -> Any:
    import numpy as np

    kind, index = mask
    kept = used(seen)
    raw = (seen.sap / np.nanmedian(seen.sap))[kept]
    flat = (seen.flattened() / np.nanmedian(seen.sap))[kept]
    noise = chance(seed, kind, index).normal(0.0, 2e-5 * abs(index - _BEST), len(raw))
    values: Columns = {
        "T": seen.time[kept],
        "FRAW": raw + noise,
        "FCOR": flat + noise,
        "ARCLENGTH": np.hypot(*seen.shift[kept].T) * np.sign(seen.shift[kept, 0]),
        "MOVING": (seen.quality[kept] & THRUSTER != 0).astype(np.int16),
        "CADENCENO": seen.number[kept],
    }
    sigma = seen.sap_sigma / float(np.nanmedian(seen.sap)) * 1e6
    about = {
        **said,
        "QCDPP6": round(sigma / 12**0.5, 2),
        "MASKTYPE": kind,
        "MASKINDE": index,
        "NPIXSAP": float(circle(seen, index).sum()),
    }
    more = [card for n in range(4, 10) for card in seen.stamp.column_cards(n)]
    return layouts.table("k2sff.BESTAPER", values, about, more, extension)


def circle(seen: Look, index: int) -> NDArray[np.float32]:
    """The aperture of that number, shape (ny, nx), ones and zeros."""
    import numpy as np

    rows, columns = np.indices(seen.stamp.shape) + 1.0
    x, y = seen.stamp.reference
    away = np.hypot(columns - x, rows - y)
    found: NDArray[np.float32] = (away <= 1.0 + 0.3 * index).astype(np.float32)
    return found


def _pictures(seen: Look, said: dict[str, Any]) -> list[Any]:
    import numpy as np

    masks = np.stack([circle(seen, index) for index in range(MASKS)])
    stacked = seen.spread * float(np.nanmedian(seen.sap))
    cards = seen.stamp.cards()
    return [
        layouts.image(
            "k2sff.MASKS", masks, {**said, "MASKTYPE": "CIRCULAR"}, cards, "CIRC_APER_TBL"
        ),
        layouts.image("k2sff.MASKS", masks, {**said, "MASKTYPE": "PRF FIT"}, cards, "PRF_APER_TBL"),
        layouts.image("k2sff.STACKED_IMG", stacked, said, cards),
    ]


def everest(star: Star, span: Span, seed: int) -> bytes:
    """…_lc.fits of EVEREST 2.0: the extension of arrays; K2's flags with EVEREST's own."""
    import numpy as np

    seen = look(star, span, short=False, seed=seed)
    said = dict(seen.said())
    level = float(np.nanmedian(seen.sap))
    parts = seen.sap_sigma / level * 1e6 / 12**0.5
    said |= {"CDPP": round(parts, 3), "CDPPR": round(parts * 8.0, 3)}
    quality = seen.quality.copy()
    quality[seen.quality & COARSE != 0] |= _EVEREST_BAD
    quality[seen.quality & OUTLIER != 0] |= _EVEREST_OUTLIER
    flat = seen.flattened()
    values: Columns = {
        "CADN": seen.number.astype(np.float64),
        "FLUX": flat,
        "FRAW": seen.sap,
        "FRAW_ERR": np.where(seen.dark, np.nan, seen.sap_sigma),
        "QUALITY": quality,
        "TIME": seen.time,
        "FCOR": flat,
        "CBV01": seen.trend - 1.0,
        "BKG": np.full(len(seen), seen.background),
    }
    first = layouts.primary("everest", said)
    first.header.insert("MISSION", ("COMMENT", "*     EVEREST INFO     *"))
    return sealed([first, layouts.table("everest.ARRAYS", values, said)], str(said["DATE"]))
