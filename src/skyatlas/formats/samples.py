"""This file decides which samples of a spectrum must not be used, and makes the Spectrum.

Every array comes out as native float64 (masks as bool) of one length; no value is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Spectrum
from skyatlas.errors import FormatError
from skyatlas.formats.medium import Medium, frame_of
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skyatlas.formats.cards import Cards

LEAST_SAMPLES = 2
"""A spectrum of one sample is a measurement."""

NO_DATA_RUN = 64
"""Exact zeros in a row that no detector gives: HARPS writes them between its two CCDs."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a layout found for one spectrum, before anything is judged."""

    axis: Any
    flux: Any
    axis_unit_text: str
    flux_unit_text: str
    medium: Medium | None
    cards: Cards
    name: str = ""
    sigma: Any = None
    flagged: NDArray[np.bool_] | None = None
    """True where the file's own quality column says bad."""


def spectrum_from(samples: Samples) -> Spectrum:
    """Return the spectrum of these samples; `FormatError` where the arrays do not fit together."""
    import numpy as np

    axis, flux = as_floats(samples.axis), as_floats(samples.flux)
    sigma = None if samples.sigma is None else as_floats(samples.sigma)
    parts = [part for part in (flux, sigma, samples.flagged) if part is not None]
    if axis.ndim != 1 or len(axis) < LEAST_SAMPLES or any(p.shape != axis.shape for p in parts):
        shapes = ", ".join(str(part.shape) for part in (axis, *parts))
        raise FormatError(f"The columns of the spectrum do not fit together: shapes {shapes}.")
    if sigma is not None and not np.isfinite(sigma).any():
        sigma = None  # HARPS Phase 3: "Error spectrum not available, filled with NaN"
    mask = unusable(axis, flux, sigma)
    if samples.flagged is not None:
        mask |= samples.flagged
    return Spectrum(
        axis=axis,
        flux=flux,
        sigma=sigma,
        mask=mask,
        axis_unit=parse_unit(samples.axis_unit_text),
        flux_unit=parse_unit(samples.flux_unit_text),
        axis_unit_text=samples.axis_unit_text,
        flux_unit_text=samples.flux_unit_text,
        medium=samples.medium,
        frame=frame_of(samples.cards),
        meta=samples.cards,
        name=samples.name,
    )


def as_floats(values: Any) -> NDArray[np.float64]:
    """Return native float64 of the same shape; FITS is big-endian."""
    import numpy as np

    return np.ascontiguousarray(values, dtype=np.float64)


def unusable(
    axis: NDArray[np.float64], flux: NDArray[np.float64], sigma: NDArray[np.float64] | None
) -> NDArray[np.bool_]:
    """True where a sample is not finite, or is the padding that pipelines fill arrays with."""
    import numpy as np

    bad: NDArray[np.bool_] = ~(np.isfinite(axis) & np.isfinite(flux))
    bad |= _padding(flux)
    if len(axis) and (axis >= 0).all():
        bad |= axis == 0  # padding of the axis; a velocity axis may pass through zero
    if sigma is not None and (sigma > 0).any():
        # No data at all: nothing was measured, with no error (SpeX, COS beyond the detector).
        bad |= (flux == 0) & ~(sigma > 0)
    return bad


def _padding(flux: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for runs of exact zeros: of at least 2 at either end, of at least NO_DATA_RUN within."""
    import numpy as np

    zero = np.concatenate([[False], flux == 0, [False]])
    padding = np.zeros(len(flux), dtype=bool)
    if zero.all() or not zero.any():
        return padding
    starts, ends = np.flatnonzero(np.diff(zero.astype(np.int8))).reshape(-1, 2).T
    least = np.where((starts == 0) | (ends == len(flux)), 2, NO_DATA_RUN)
    for start, end in zip(
        starts[ends - starts >= least], ends[ends - starts >= least], strict=True
    ):
        padding[start:end] = True
    return padding if not padding.all() else np.zeros(len(flux), dtype=bool)
