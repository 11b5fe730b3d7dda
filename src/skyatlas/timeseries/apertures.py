"""This file turns the pixels of a target into a sum over an aperture and into one image."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skyatlas.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.dataset import TargetPixels


def inside(pixels: TargetPixels, aperture: Any) -> NDArray[np.bool_]:
    """Which pixels an aperture takes, shape (ny, nx): see `TargetPixels.light_curve`."""
    import numpy as np

    shape = pixels.flux.shape[1:]
    if isinstance(aperture, str) and aperture == "all":
        return np.ones(shape, dtype=bool)
    if aperture is None:
        taken = None if pixels.aperture is None else pixels.aperture & 2 != 0
        if taken is None or not taken.any():
            raise BadInput(
                "The file names no optimal aperture; give one: an array of"
                f" {shape[0]} x {shape[1]}, or 'all'."
            )
        return np.asarray(taken)
    taken = np.asarray(aperture)
    if taken.shape != shape or taken.dtype.kind not in "biu" or not taken.any():
        raise BadInput(
            f"An aperture is an array of {shape[0]} x {shape[1]} that says yes to a pixel at least,"
            " or 'all'."
        )
    return np.asarray(taken != 0)


def summed(
    pixels: TargetPixels, taken: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Flux and error of the pixels taken, shape (n,): NaN where a cadence has no number in them.

    A pixel without a number counts as nothing, its error too; errors are added in quadrature.
    """
    import numpy as np

    def total(values: NDArray[Any]) -> NDArray[np.float64]:
        known = np.isfinite(values)
        sums = np.where(known, values, 0.0).sum(axis=1)
        return np.asarray(np.where(known.any(axis=1), sums, np.nan))

    flux = total(pixels.flux[:, taken].astype(np.float64))
    if pixels.sigma is None:
        return flux, None
    return flux, np.sqrt(total(pixels.sigma[:, taken].astype(np.float64) ** 2))


def median_frame(pixels: TargetPixels) -> NDArray[np.float64]:
    """The median of the good cadences, pixel by pixel, shape (ny, nx); NaN where none has any."""
    import numpy as np

    if pixels.mask.all():
        raise BadInput("The target pixels have no good cadence, so there is no image of them.")
    with warnings.catch_warnings():
        # A pixel without any number gives NaN, which is masked; numpy also warns.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(pixels.flux[~pixels.mask].astype(np.float64), axis=0))


def single_columns(columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Those with one value for each cadence."""
    return {name: values for name, values in columns.items() if values.ndim == 1}
