"""This file writes what SPOC's search for transits leaves: time series in FITS, XML, and pages.

Layout of the time series: TESS Science Data Products Description Document, section on DVT files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from skyatlas.sandbox import mast_layouts as layouts
from skyatlas.sandbox.deliver import pdf, sealed
from skyatlas.sandbox.mast_photometry import Photometry, of_times, photometry
from skyatlas.sandbox.mast_sectors import BTJD, spot
from skyatlas.sandbox.mast_starlight import Planet, Star

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def time_series(one: Star, span: tuple[int, int], seed: int) -> bytes:
    """…_dvt.fits: for each planet the flattened light curve of all sectors, and its model."""
    seen = [photometry(one, number, 120, seed) for number in seen_in(one, *span)]
    ends = of_times(float(seen[0].time[0]), float(seen[-1].time[-1]))
    said = {**seen[-1].said(), **ends, "NUMTCES": len(one.planets), "NEXTEND": len(one.planets)}
    hdus: list[Any] = [layouts.primary("dvt", said)]
    for number, planet in enumerate(one.planets, start=1):
        found = {**said, **_event(planet, seen)}
        values = _columns(planet, seen)
        hdus.append(layouts.table("dvt.TCE", values, found, extension=f"TCE_{number}"))
    return sealed(hdus, str(said["DATE"]))


def seen_in(one: Star, first: int, last: int) -> list[int]:
    """Which of the sectors saw the star."""
    return [n for n in range(first, last + 1) if spot(one.place, n) is not None]


def _event(planet: Planet, seen: list[Photometry]) -> dict[str, Any]:
    start = float(seen[0].time[0])
    epoch = planet.epoch - BTJD
    epoch += planet.period * -((epoch - start) // planet.period)
    noise = seen[0].pdc_sigma / float(_median(seen[0].pdc))
    inside = planet.hours * 30.0 * len(seen) * 27.0 / planet.period
    return {
        "TPERIOD": planet.period,
        "TDEPTH": planet.depth * 1e6,
        "TDUR": planet.hours,
        "TEPOCH": round(epoch, 6),
        "TSNR": round(planet.depth / noise * inside**0.5, 2),
    }


def _median(values: NDArray[np.float64]) -> float:
    import numpy as np

    return float(np.nanmedian(values))


def _columns(planet: Planet, seen: list[Photometry]) -> dict[str, NDArray[Any]]:
    import numpy as np

    def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(parts)

    time = joined([one.time for one in seen])
    flux = joined([one.pdc / _median(one.pdc) - 1.0 for one in seen])
    sigma = joined([np.full(len(one.pdc), one.pdc_sigma / _median(one.pdc)) for one in seen])
    model = -planet.dips(np.nan_to_num(time, nan=0.0) + BTJD)
    model[np.isnan(time)] = np.nan
    phase = (time + BTJD - planet.epoch) % planet.period
    return {
        "TIME": time,
        "TIMECORR": joined([one.correction for one in seen]),
        "CADENCENO": joined([one.cadences.number for one in seen]),
        "PHASE": np.where(phase > planet.period / 2, phase - planet.period, phase),
        "LC_INIT": flux,
        "LC_INIT_ERR": sigma,
        "LC_WHITE": flux / sigma,
        "LC_DETREND": flux,
        "MODEL_INIT": model,
        "MODEL_WHITE": model / sigma,
    }


def xml(one: Star, first: int, last: int) -> bytes:
    """…_dvr.xml: what was found, as attributes."""
    found = "".join(
        f'<dv:planetResults planetNumber="{number}"><dv:allTransitsFit>'
        f'<dv:modelParameter name="orbitalPeriodDays" value="{planet.period}"/>'
        f'<dv:modelParameter name="transitEpochBtjd" value="{planet.epoch - BTJD:.6f}"/>'
        f'<dv:modelParameter name="transitDepthPpm" value="{planet.depth * 1e6:.1f}"/>'
        f'<dv:modelParameter name="transitDurationHours" value="{planet.hours}"/>'
        "</dv:allTransitsFit></dv:planetResults>"
        for number, planet in enumerate(one.planets, start=1)
    )
    sectors = quoteattr(f"{first}-{last}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<dv:dvTargetResults xmlns:dv="http://www.nasa.gov/2018/TESS/DV" '
        f'ticId="{one.tic}" sectorsObserved={sectors}>{found}</dv:dvTargetResults>\n'
    ).encode()


def page(one: Star, first: int, last: int, title: str) -> bytes:
    """A page of PDF with one line."""
    return pdf(f"{title}: TIC {one.tic}, sectors {first} to {last} (simulated)")
