"""This file cuts a piece out of one image: its own pixels, none interpolated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyatlas.mosaics.grid import Slices, across, border, north_up, placed, spanned

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from skyatlas.dataset import Image

TOLERANCE = 0.01
"""Pixels by which a rectangle may stick out and still lie inside."""


def cut(image: Image, ra: float, dec: float, width: float, height: float) -> Image | None:
    """Return the rows and columns of an image that hold a rectangle; None where they do not.

    The rectangle is `width` by `height` degrees on the sky, north up, around a place (degrees
    ICRS), and lies wholly inside, or nothing is cut. Of an image that is turned against north more
    comes along, in the corners. Errors, mask and the WCS with its distortions go with the pixels.
    Raises `BadInput` where the image has no WCS of the sky.
    """
    wcs = placed(image)
    if not width > 0 or not height > 0:
        return None
    rows, columns = image.pixels.shape
    # One pixel of any size spans the rectangle: only its outer edge is looked at.
    wanted = north_up(ra, dec, (1.0, 1.0), 3600.0).wcs
    wanted.wcs.cdelt = [-width, height]
    x, y = across(wanted, wcs, *border((1, 1)))
    inside = (x > -0.5 - TOLERANCE) & (x < columns - 0.5 + TOLERANCE)
    inside &= (y > -0.5 - TOLERANCE) & (y < rows - 0.5 + TOLERANCE)
    where = spanned(x, y, (rows, columns)) if inside.all() else None
    return None if where is None else piece(image, where)


def piece(image: Image, where: Slices) -> Image:
    """Return these rows and columns of an image, with all that belongs to them."""
    return replace(
        image,
        pixels=image.pixels[where].copy(),  # a view would keep the whole image in memory
        sigma=None if image.sigma is None else image.sigma[where].copy(),
        mask=image.mask[where].copy(),
        wcs=None if image.wcs is None else moved(image.wcs, where),
    )


def moved(wcs: WCS, where: Slices) -> WCS:
    """Return the WCS of these rows and columns: distortions move along.

    `WCS.slice` of astropy leaves the tables of distortion where they were (8.0).
    """
    from astropy.wcs import Sip

    rows, columns = where
    x, y = columns.start, rows.start
    new = wcs.deepcopy()
    new.wcs.crpix = [wcs.wcs.crpix[0] - x, wcs.wcs.crpix[1] - y]
    if wcs.sip is not None:
        sip = wcs.sip
        place = [sip.crpix[0] - x, sip.crpix[1] - y]
        new.sip = Sip(sip.a, sip.b, sip.ap, sip.bp, place)
    for name in ("cpdis1", "cpdis2", "det2im1", "det2im2"):
        if (table := getattr(wcs, name)) is not None:
            setattr(new, name, _moved_table(table, x, y))
    new.pixel_shape = (columns.stop - x, rows.stop - y)
    new.wcs.set()
    return new


def _moved_table(table: Any, x: int, y: int) -> Any:
    from astropy.wcs import DistortionLookupTable

    first = [table.crval[0] - x, table.crval[1] - y]
    return DistortionLookupTable(table.data, list(table.crpix), first, list(table.cdelt))
