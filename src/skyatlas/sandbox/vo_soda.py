"""This file answers as SODA 1.0: a piece of an image or a cube, at once or as a job.

A piece keeps its world coordinates. What a parameter asks for and the data do not have is "no
content"; a parameter that comes twice is refused, but for POL. Source: SODA 1.0.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from starlette.responses import PlainTextResponse, Response

from skyatlas.sandbox import region, soda, vo_asked, vo_files, vo_holdings
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.jobs import Failed
from skyatlas.sandbox.publisher import Publisher
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_asked import Interval, Region
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_links import can_be_cut
from skyatlas.sandbox.vo_place import outline

_NAMES = ("ID", "CIRCLE", "POLYGON", "POS", "BAND", "TIME", "POL")
_TWICE = "MultiValuedParamNotSupported"
_FAR = 60.0
"""Degrees from an image's centre beyond which its projection is not asked."""


def sync(state: State, asked: Asked, publisher: Publisher) -> Response:
    """`/soda/sync`: cut now; errors are plain text with status 400."""
    try:
        item, body = _done(state, asked, publisher)
    except soda.Nothing:
        return Response(status_code=204)
    except ValueError as error:
        return PlainTextResponse(f"{_labelled(error)}\n", 400)
    name = f"{item.filename.removesuffix('.fits')}_cutout.fits"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, headers, vo_holdings.FITS)


def work(state: State, publisher: Publisher, asked: Asked, _seconds: float) -> tuple[str, bytes]:
    """What a job does; raises Failed.

    What holds nothing is no failure: the job is complete, and its result is a text that says so
    (SODA 1.0, "{async} responses").
    """
    try:
        return vo_holdings.FITS, _done(state, asked, publisher)[1]
    except soda.Nothing as error:
        return "text/plain", f"UsageError: {error}\n".encode()
    except ValueError as error:
        raise Failed(_labelled(error)) from error


def _labelled(error: ValueError) -> str:
    """The sentence behind one of SODA's labels (SODA 1.0, "Errors")."""
    return str(error) if str(error).startswith(_TWICE) else f"UsageError: {error}"


def _done(state: State, asked: Asked, publisher: Publisher) -> tuple[DataSet, bytes]:
    given = {name: asked.all(name) for name in _NAMES}
    for name, values in given.items():
        if len(values) > 1 and name != "POL":
            raise ValueError(f"{_TWICE}: {name}")
    identifier = asked.one("ID")
    if not identifier:
        raise ValueError("the parameter ID is missing")
    item = vo_holdings.find(publisher, state.world.seed, identifier)
    if item is None or not can_be_cut(publisher, item):
        raise ValueError(f"{identifier} is nothing that can be cut")
    regions = _regions(asked)
    band, time = (
        vo_asked.interval(name, asked.one(name)) if asked.one(name) else None
        for name in ("BAND", "TIME")
    )
    _check(item, regions, band, time)
    planes = _planes(item, asked.all("POL"))
    return item, _cut(state.body(item), regions, band, planes)


def _regions(asked: Asked) -> list[Region]:
    """What CIRCLE, POLYGON and POS ask for; a piece must be in all of them."""
    texts = [
        f"{prefix}{asked.one(name)}"
        for name, prefix in (("CIRCLE", "CIRCLE "), ("POLYGON", "POLYGON "), ("POS", ""))
        if asked.one(name)
    ]
    return [vo_asked.shape("POS", text) for text in texts]


def _check(
    item: DataSet, regions: list[Region], band: Interval | None, time: Interval | None
) -> None:
    """Raise Nothing where the data set has nothing of what is asked for."""
    row = item.row
    for asked_for in regions:
        if not region.intersects(asked_for, outline(item)):
            raise soda.Nothing("the place is not on the data set")
    for name, span, low, high in (
        ("band", band, "em_min", "em_max"),
        ("time", time, "t_min", "t_max"),
    ):
        if span and not vo_asked.meets([span], row[low], row[high]):
            raise soda.Nothing(f"the {name} is not in the data set")


def _planes(item: DataSet, states: list[str]) -> slice:
    """The planes from the first to the last Stokes parameter that is asked for."""
    wanted = {one.upper() for text in states for one in text.split()}
    if not wanted:
        return slice(None)
    there = vo_files.STOKES if item.row.get("pol_states") else ""
    found = [place for place, state in enumerate(there) if state in wanted]
    if not found:
        raise soda.Nothing("the polarisation is not in the data set")
    return slice(found[0], found[-1] + 1)


def _cut(body: bytes, regions: list[Region], band: Interval | None, planes: slice) -> bytes:
    from astropy.io import fits
    from astropy.wcs import WCS

    with fits.open(BytesIO(body), memmap=False) as hdus:
        image = hdus[0]
        spans = [slice(None)] * image.data.ndim
        wcs = WCS(image.header, fix=False)  # fixing warns about each date that could be added
        for asked_for in regions:
            across, along = _square(wcs.celestial, asked_for[0], image.data.shape)
            spans[-1], spans[-2] = _both(spans[-1], across), _both(spans[-2], along)
        if band and wcs.has_spectral and image.data.ndim > 2:
            spans[-3] = soda.spectral(wcs.spectral, band, image.data.shape[-3])
        if image.data.ndim > 3:
            spans[0] = planes
        stream = BytesIO()
        fits.HDUList([soda.taken(image, spans)]).writeto(stream)
    return stream.getvalue()


def _both(one: slice, other: slice) -> slice:
    """What two spans have in common."""
    if one.start is None:
        return other
    both = slice(max(one.start, other.start), min(one.stop, other.stop))
    if both.start >= both.stop:
        raise soda.Nothing("the places have nothing in common on the data set")
    return both


def _square(wcs: Any, shape: region.Shape, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Columns and rows around a shape; the whole image where the shape is huge."""
    import numpy as np

    if isinstance(shape, region.Circle):
        ra, dec = region.degrees(shape.centre)
        if np.degrees(shape.radius) > _FAR:
            return slice(0, size[-1]), slice(0, size[-2])
        return soda.spatial(wcs, (ra, dec, float(np.degrees(shape.radius))), size)
    middle = region.vector(*(float(value) for value in wcs.wcs.crval))
    if any(np.degrees(region.angle(middle, corner)) > _FAR for corner in shape.corners):
        return slice(0, size[-1]), slice(0, size[-2])
    places = np.array([region.degrees(corner) for corner in shape.corners])
    x, y = wcs.wcs_world2pix(places[:, 0], places[:, 1], 0)
    return _span(x.min(), x.max(), size[-1]), _span(y.min(), y.max(), size[-2])


def _span(low: float, high: float, size: int) -> slice:
    start, stop = max(0, int(low + 0.5)), min(size, int(high + 0.5) + 1)
    if start >= stop:
        raise soda.Nothing("the place is not on the data set")
    return slice(start, stop)
