"""This file answers as ESO's cut-out service: a piece of an image or of a cube.

Source: SODA 1.0; the parameters ID, PREFIX, CIRCLE and BAND as ESO's notebooks use them.
A piece keeps its world coordinates: each pixel stays where it is on the sky.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from starlette.responses import PlainTextResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.portal import refused
from skyatlas.sandbox.state import NotWelcome, State


class Nothing(Exception):
    """The place or band asked for is not in the file."""


def sync(state: State, asked: Asked) -> Response:
    """`/dataPortal/soda/sync`: cut now."""
    try:
        visitor = state.visitor(asked)
        circle = _numbers(asked.one("CIRCLE"), 3)
        band = _numbers(asked.one("BAND"), 2)
    except NotWelcome as error:
        return refused(str(error))
    except ValueError as error:
        return PlainTextResponse(f"UsageFault: {error}\n", 400)
    dp_id = asked.one("ID").rpartition("?")[2]
    item = state.item(dp_id)
    if item is None or not state.may_see(item, visitor):
        return PlainTextResponse(f"UsageFault: {dp_id} does not exist\n", 400)
    if not state.may_have(item, visitor):
        return refused(f"no access permission for {dp_id}")
    try:
        body = _cut(state.body(item), circle, band)
    except Nothing:
        return Response(status_code=204)  # SODA 1.0, section 4.2: nothing inside, no content
    name = f"{asked.one('PREFIX')}{_stem(item)}_cutout.fits"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, headers, "application/fits")


def _stem(item: Item) -> str:
    return item.filename.partition(".fits")[0]


def _numbers(text: str, wanted: int) -> list[float]:
    numbers = [float(word) for word in text.split()]
    if numbers and len(numbers) != wanted:
        raise ValueError(f"{wanted} numbers are needed, not {text!r}")
    return numbers


def _cut(body: bytes, circle: list[float], band: list[float]) -> bytes:
    from astropy.io import fits

    with fits.open(BytesIO(body), memmap=False) as hdus:
        pieces = fits.HDUList([_piece(hdu, circle, band) for hdu in hdus])
        stream = BytesIO()
        pieces.writeto(stream)
    return stream.getvalue()


def _piece(hdu: Any, circle: list[float], band: list[float]) -> Any:
    """The part of one extension; what is no image stays whole."""
    from astropy.io import fits
    from astropy.wcs import WCS

    if not isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU) or hdu.data is None:
        return hdu.copy()
    wcs = WCS(hdu.header, fix=False)  # fixing warns about each date that could be added
    spans = [slice(None)] * hdu.data.ndim
    if circle and wcs.has_celestial and hdu.data.ndim >= 2:
        spans[-1], spans[-2] = spatial(wcs.celestial, circle, hdu.data.shape)
    if band and wcs.has_spectral and hdu.data.ndim == 3:
        spans[0] = spectral(wcs.spectral, band, hdu.data.shape[0])
    return taken(hdu, spans)


def taken(hdu: Any, spans: Sequence[slice]) -> Any:
    """The part of an image within the spans (numpy's order), each pixel still at its place."""
    from astropy.io import fits

    header = hdu.header.copy()
    for axis, span in enumerate(reversed(spans), 1):
        if span.start and f"CRPIX{axis}" in header:
            header[f"CRPIX{axis}"] -= span.start
    data = hdu.data[tuple(spans)]
    if isinstance(hdu, fits.PrimaryHDU):
        return fits.PrimaryHDU(data, header)
    return fits.ImageHDU(data, header)


def spatial(wcs: Any, circle: Sequence[float], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Columns and rows of the square around a circle (degrees); raises Nothing."""
    import numpy as np
    from astropy.wcs.utils import proj_plane_pixel_scales

    x, y = wcs.wcs_world2pix(circle[0], circle[1], 0)
    if not np.isfinite([x, y]).all():
        raise Nothing("the circle is not on the image")
    width, height = circle[2] / proj_plane_pixel_scales(wcs)
    return _slice(float(x), width, shape[-1]), _slice(float(y), height, shape[-2])


def _slice(middle: float, half: float, size: int) -> slice:
    start = max(0, int(middle - half + 0.5))
    stop = min(size, int(middle + half + 0.5) + 1)
    if start >= stop:
        raise Nothing("the circle is not on the image")
    return slice(start, stop)


def spectral(wcs: Any, band: Sequence[float], size: int) -> slice:
    """The planes with wavelengths (metres) in a band; raises Nothing."""
    import numpy as np

    # astropy gives spectral axes in metres, whatever the header's unit is.
    waves = wcs.all_pix2world(np.arange(size), 0)[0]
    inside = np.flatnonzero((waves >= band[0]) & (waves <= band[1]))
    if not inside.size:
        raise Nothing("the band is not in the cube")
    return slice(int(inside[0]), int(inside[-1]) + 1)
