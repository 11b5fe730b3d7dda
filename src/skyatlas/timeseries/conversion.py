"""This file gives light curves as astropy's and lightkurve's types; no digit of a time is lost."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput, MissingExtra
from skyatlas.timeseries.choosing import called, rows

if TYPE_CHECKING:
    from astropy.time import Time
    from astropy.timeseries import TimeSeries
    from numpy.typing import NDArray

    from skyatlas.dataset import LightCurve

LIGHTKURVES_FORMATS = {2457000.0: "btjd", 2454833.0: "bkjd"}
"""Formats of time that lightkurve adds to astropy, by their zero; they are on TDB."""


def timeseries_of(curve: LightCurve) -> TimeSeries:
    """See `LightCurve.totimes_oferies`."""
    import numpy as np
    from astropy.timeseries import TimeSeries

    seen = rows(curve, np.isfinite(curve.time))
    series = TimeSeries(time=times_of(seen))
    series["flux"] = _quantity(seen, seen.flux)
    if seen.sigma is not None:
        series["flux_err"] = _quantity(seen, seen.sigma)
    if seen.quality is not None:
        series["quality"] = seen.quality
    series["mask"] = seen.mask
    series.meta.update(_told(curve))
    return series


def times_of(curve: LightCurve) -> Time:
    """Two-part Julian dates: the offset and the days stay apart, so that no digit is lost."""
    import numpy as np
    from astropy.time import Time

    if curve.time_scale is None:
        raise BadInput(
            f"{called(curve)} does not say what time scale it is on; give it one with"
            " dataclasses.replace(curve, time_scale='tdb')."
        )
    offsets = np.full(len(curve), curve.time_offset)
    return Time(offsets, curve.time, format="jd", scale=curve.time_scale)


def _quantity(curve: LightCurve, values: NDArray[Any]) -> Any:
    import astropy.units as u

    return values if curve.flux_unit is None else u.Quantity(values, curve.flux_unit)


def _told(curve: LightCurve) -> dict[str, Any]:
    return {
        "OBJECT": curve.name,
        "MISSION": curve.mission,
        "AUTHOR": curve.author,
        "PART": curve.part,
        "CADENCE": curve.cadence,
        "FLUX_ORIGIN": curve.flux_name,
    }


def lightkurve_of(curve: LightCurve) -> Any:
    """See `LightCurve.to_lightkurve`."""
    import astropy.units as u
    import numpy as np

    with warnings.catch_warnings():
        # It warns of its own optional parts while it is loaded.
        warnings.simplefilter("ignore")
        try:
            import lightkurve
        except ImportError as error:
            raise MissingExtra(
                "lightkurve is not here: pip install 'skyatlas[lightkurve]'"
            ) from error
    good = rows(curve, ~curve.mask)
    time = times_of(good)
    if (name := LIGHTKURVES_FORMATS.get(curve.time_offset)) and curve.time_scale == "tdb":
        time.format = name
    unit = curve.flux_unit or u.dimensionless_unscaled
    sigma = np.full(len(good), np.nan) if good.sigma is None else good.sigma
    made = lightkurve.LightCurve(
        time=time, flux=u.Quantity(good.flux, unit), flux_err=u.Quantity(sigma, unit)
    )
    if good.quality is not None:
        made["quality"] = good.quality
    made.meta.update({**curve.meta, **_told(curve), "LABEL": curve.name})
    return made
