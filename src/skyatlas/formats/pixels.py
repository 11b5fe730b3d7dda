"""This file reads target pixel files and cubes of TESScut: an image of a few pixels per cadence.

Pixels keep the file's type and no cadence is left out; the mask says which are not to be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.dataset import TargetPixels
from skyatlas.errors import FormatError
from skyatlas.formats import series
from skyatlas.formats.cards import Cards
from skyatlas.formats.clocks import cadence_of, clock_of
from skyatlas.formats.images import wcs_of
from skyatlas.formats.units import parse_unit

if TYPE_CHECKING:
    from astropy.io.fits import BinTableHDU, HDUList
    from numpy.typing import NDArray


def target_pixels(hdus: HDUList) -> TargetPixels | None:
    """Return the first table whose column FLUX holds an image a cadence; None where none does."""
    for hdu in series.tables(hdus):
        columns = series.names_in(hdu)
        flux = columns.get("FLUX")
        if "TIME" in columns and flux is not None and series.is_image(flux):
            return _pixels(hdus, hdu)
    return None


def _pixels(hdus: HDUList, hdu: BinTableHDU) -> TargetPixels:
    import numpy as np

    if not len(hdu.data):
        raise FormatError("a target pixel file without a single cadence: its table has no rows.")
    columns, cards = series.names_in(hdu), Cards(hdus[0].header, hdu.header)
    author = series.author_of(cards, columns)
    arrays = series.arrays_of(hdu)
    upper = {name.upper(): values for name, values in reversed(arrays.items())}
    clock = clock_of(cards, str(columns["TIME"].unit or ""), author)
    days, flux = clock.days(upper["TIME"]), upper["FLUX"]
    sigma = upper.get("FLUX_ERR")
    if flux.ndim != 3 or 0 in flux.shape:
        raise FormatError(f"the pixels are no images: FLUX has the shape {flux.shape}.")
    flagged = series.flagged_by(author, upper)
    mask = ~np.isfinite(days) | ~np.isfinite(flux).any(axis=(1, 2))
    quality = series.quality_name(author, upper)
    aperture, wcs = _aperture(hdus, flux.shape[1:])
    text = str(columns["FLUX"].unit or "").strip()
    return TargetPixels(
        time=days,
        time_scale=clock.scale,
        time_offset=clock.offset,
        flux=flux,
        sigma=sigma if sigma is not None and sigma.shape == flux.shape else None,
        quality=None if quality is None else upper[quality],
        mask=mask if flagged is None else mask | flagged,
        aperture=aperture,
        wcs=wcs,
        flux_unit=parse_unit(text),
        flux_unit_text=text,
        meta=cards,
        columns=arrays,
        **series.identity(cards, author, cadence_of(cards, days)),
    )


def _aperture(hdus: HDUList, shape: tuple[int, ...]) -> tuple[NDArray[Any] | None, Any]:
    """The mission's bits per pixel, and the WCS that stands in their header."""
    import numpy as np

    for hdu in hdus:
        if hdu.is_image and hdu.name.upper() == "APERTURE" and tuple(hdu.shape) == shape:
            return np.array(hdu.data, dtype=np.int64), wcs_of(hdus, hdu.header, (1, 2))
    return None, None
