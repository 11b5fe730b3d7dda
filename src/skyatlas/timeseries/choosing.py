"""This file takes part of a light curve: its good cadences, another flux, the relative flux."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.dataset import LightCurve


def rows(curve: LightCurve, keep: NDArray[np.bool_]) -> LightCurve:
    """The light curve of these cadences only; shape (n,), True stays."""

    def of(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[keep]

    return replace(
        curve,
        time=curve.time[keep],
        flux=curve.flux[keep],
        mask=curve.mask[keep],
        sigma=of(curve.sigma),
        quality=of(curve.quality),
        flagged=of(curve.flagged),
        columns={name: values[keep] for name, values in curve.columns.items()},
    )


def chosen(curve: LightCurve, column: str) -> LightCurve:
    """See `LightCurve.of`."""
    import numpy as np

    name = next((name for name in curve.fluxes if name.upper() == column.upper()), None)
    if name is None:
        known = f"there are: {', '.join(curve.fluxes)}" if curve.fluxes else "it has no columns"
        raise BadInput(f"The light curve has no flux {column!r}; {known}.")
    described = curve.fluxes[name]
    flux = np.ascontiguousarray(curve.columns[name], dtype=np.float64)
    mask = ~(np.isfinite(curve.time) & np.isfinite(flux))
    sigma = None
    if described.sigma:
        sigma = np.ascontiguousarray(curve.columns[described.sigma], dtype=np.float64)
    return replace(
        curve,
        flux=flux,
        sigma=sigma,
        mask=mask if curve.flagged is None else mask | curve.flagged,
        flux_unit=described.unit,
        flux_unit_text=described.unit_text,
        flux_name=name,
    )


def relative(curve: LightCurve) -> LightCurve:
    """See `LightCurve.normalised`."""
    import astropy.units as u
    import numpy as np

    good = curve.flux[~curve.mask]
    if not len(good):
        raise BadInput(f"{called(curve)} has no good cadence, so its flux has no median.")
    median = float(np.median(good))
    if curve.flux_unit == u.mag:
        flux = np.power(10.0, -0.4 * (curve.flux - median))
        factor = flux * (0.4 * np.log(10.0))
    elif (part := _deviation(curve, median)) is not None:
        flux, factor = 1 + curve.flux * part, part
    elif median > 0:
        flux, factor = curve.flux / median, 1 / median
    else:
        raise BadInput(
            f"{called(curve)} has a median flux of {median:g} {curve.flux_unit_text}".rstrip()
            + ", so there is no relative flux; take another column with .of()."
        )
    return replace(
        curve,
        flux=flux,
        sigma=None if curve.sigma is None else curve.sigma * factor,
        flux_unit=u.dimensionless_unscaled,
        flux_unit_text="",
    )


def _deviation(curve: LightCurve, median: float) -> float | None:
    """What one unit is of the flux, where the flux is given as a deviation (TASOC: ppm)."""
    import astropy.units as u

    unit = curve.flux_unit
    if unit is None or unit.physical_type != "dimensionless":
        return None
    part = float(unit.to(u.dimensionless_unscaled))
    return part if part < 1 and abs(median * part) < 0.5 else None


def called(curve: LightCurve) -> str:
    """How a sentence names a light curve: by target and part."""
    words = " ".join(filter(None, (curve.name, curve.part)))
    return f"The light curve of {words}" if words else "The light curve"
