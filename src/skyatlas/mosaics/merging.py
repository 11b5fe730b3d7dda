"""This file puts several images together into one, north up, with their backgrounds matched.

Invariant: the level is that of the first image, its unit too; what no image covers is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.dataset import Image
from skyatlas.errors import BadInput
from skyatlas.mosaics.grid import Grid, north_up, placed
from skyatlas.mosaics.laying import Laid, laid_on
from skyatlas.mosaics.matching import offsets_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32 | np.float64]

CALIBRATION = ("EXPTIME", "FPA.ZP", "PSCAMERA", "NMGY")
"""Cards that the zero point hangs on: they are the first image's, as the pixels are."""


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """An image that was made of others."""

    image: Image
    """North up, TAN, square pixels; NaN and masked where nothing was."""
    coverage: float
    """Share of its pixels that have a value, 0 to 1."""
    offsets: tuple[float | None, ...]
    """What was subtracted from each image, per pixel of the mosaic, in its unit; None: not used."""
    resampled: bool = True
    """Pixels are interpolated; noise of neighbours is correlated."""


def mosaic(
    images: Sequence[Image],
    ra: float,
    dec: float,
    width: float,
    height: float,
    *,
    scale: float | None = None,
) -> Mosaic:
    """Return a rectangle of the sky, `width` by `height` degrees around a place (degrees ICRS).

    `scale` is arcsec in a pixel, by default that of the first image. Images that are asinh-scaled
    are made linear; those with a zero point are brought to the first's. Weights are one over the
    median variance (all 1 where an image has no errors), falling off at the edges of an image, so
    that no seam shows. `sigma` is approximate (interpolated, added in quadrature), or None.
    Raises `BadInput` for no images, for units that differ, and where one has no WCS of the sky.
    """
    images = [image.linear() for image in images]
    _check(images)
    reference = images[0]
    grid = north_up(ra, dec, (width, height), scale or reference.scale or 1.0)
    found = [laid_on(grid, image, _factor(image, reference)) for image in images]
    laid = [one for one in found if one is not None]
    solved = iter(offsets_of(laid) if laid else ())
    offsets = tuple(None if one is None else next(solved) for one in found)
    used = [image for image, one in zip(images, found, strict=True) if one is not None]
    values, sigma = _added(grid, laid, [o for o in offsets if o is not None], _weights(used))
    made = _image(grid, used or [reference], values, sigma)
    return Mosaic(made, float((~made.mask).mean()), offsets)


def _check(images: Sequence[Image]) -> None:
    if not images:
        raise BadInput("A mosaic needs an image at least.")
    first = images[0]
    for image in images:
        placed(image)
        same_text = first.unit is not None or image.unit_text == first.unit_text
        if image.unit != first.unit or not same_text:
            units = " and ".join(one.unit_text or "no unit" for one in (first, image))
            raise BadInput(f"Images in different units cannot be put together: {units}.")


def _factor(image: Image, reference: Image) -> float:
    """What brings the pixels of an image to the zero point of the first."""
    if image.zero_point is None or reference.zero_point is None:
        return 1.0
    return float(10 ** (0.4 * (reference.zero_point - image.zero_point)))


def _weights(images: Sequence[Image]) -> list[float]:
    """One number per image: weights pixel by pixel would favour faint pixels, and lose flux."""
    import numpy as np

    if any(image.sigma is None for image in images):
        return [1.0] * len(images)
    medians = [
        float(np.nanmedian(image.sigma[::7, ::7])) for image in images if image.sigma is not None
    ]
    return [1 / median**2 if median > 0 else 1.0 for median in medians]


def _added(
    grid: Grid, laid: Sequence[Laid], offsets: Sequence[float], weights: Sequence[float]
) -> tuple[Floats, Floats | None]:
    """The weighted mean of all, NaN where there is nothing, and its standard deviation."""
    import numpy as np

    kind = np.result_type(np.float32, *(one.values.dtype for one in laid))
    total, weight, variance = (np.zeros(grid.shape, kind) for _ in range(3))
    for one, offset, own in zip(laid, offsets, weights, strict=True):
        good = np.isfinite(one.values)
        share = np.where(good, one.weight * own, 0.0)
        total[one.where] += np.where(good, one.values - offset, 0.0) * share
        weight[one.where] += share
        if one.variance is not None:
            variance[one.where] += np.where(good, one.variance, 0.0) * share**2
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 0, total / weight, np.nan)
        if not laid or any(one.variance is None for one in laid):
            return mean, None
        return mean, np.where(weight > 0, np.sqrt(variance) / weight, np.nan)


def _image(grid: Grid, used: Sequence[Image], values: Floats, sigma: Floats | None) -> Image:
    import numpy as np

    first = used[0]
    notes = [f"resampled to {grid.scale:.4g} arcsec, of {len(used)} images; noise is correlated"]
    return Image(
        pixels=values,
        wcs=grid.wcs,
        unit=first.unit,
        unit_text=first.unit_text,
        sigma=sigma,
        mask=~np.isfinite(values),
        meta=_common(used),
        name=f"mosaic of {len(used)} images",
        notes=tuple(notes),
        zero_point=first.zero_point,
    )


def _common(used: Sequence[Image]) -> dict[str, Any]:
    """The cards that all have alike, and those of the first that its calibration hangs on."""
    first, *others = (image.meta for image in used)
    return {
        card: value
        for card, value in first.items()
        if card in CALIBRATION or all(card in meta and meta[card] == value for meta in others)
    }
