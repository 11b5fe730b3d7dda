"""This file has pieces of PS1's stacks: cut by fitscut.cgi, or put together where skycells meet.

Invariant: a piece from one skycell has that skycell's own pixels, in linear counts; what was
interpolated says so. Sources: PS1 Image Cutout Service at outerspace.stsci.edu (pieces are linear,
stored stacks are not), the header of a real piece, and fitscut.cgi's page at hla.stsci.edu (`size`
of two numbers); read on 2026-11-21.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from skyatlas.archives.panstarrs.facts import COLLECTION, FACILITY, INSTRUMENT, ps1
from skyatlas.archives.panstarrs.listing import SITE, Image, images_at
from skyatlas.archives.panstarrs.products import ASINH
from skyatlas.archives.panstarrs.skycells import SCALE, Place, Skycell
from skyatlas.errors import BadInput
from skyatlas.model import Note, Product, Why
from skyatlas.stamp import Pixels, Stamp

if TYPE_CHECKING:
    from skyatlas.archive import Door

__all__ = ["FITSCUT", "LARGEST", "stamps"]

FITSCUT = f"{SITE}/cgi-bin/fitscut.cgi"
LARGEST = 0.5
"""Degrees of a side: 7200 pixels of four or more skycells; more is better taken whole."""
_WIDEST = 5.0
"""Degrees of a side within which whole skycells are looked for: 200 of them in each band."""
_STEP = 0.1
"""Degrees between places by which the skycells of a rectangle are found; a skycell has 0.43."""
_MARGIN = 4
"""Pixels around what a skycell gives to a piece: whoever puts them together interpolates."""
_ZERO_POINT = "25 + 2.5 log10(EXPTIME) mag (AB) for one count"

_Lists = Mapping[Place, tuple[Image, ...]]


def stamps(wanted: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
    """(index, how the piece is had): one question for all middles, one for all edges that need it.

    Raises BadInput for words that PS1 has not, before anything is asked; then what `images_at`
    raises.
    """
    for stamp in wanted:
        _check(stamp)
    bands = "".join(band for band in ps1().bands if any(band in one.band for one in wanted))
    middles = _asked(door, [stamp.place for stamp in wanted], bands)
    around = {
        index: _lattice(stamp)
        for index, stamp in enumerate(wanted)
        if middles[stamp.place] and _needs_more(stamp, middles[stamp.place])
    }
    places = [place for some in around.values() for place in some]
    edges = _asked(door, places, bands) if places else {}
    for index, stamp in enumerate(wanted):
        first = middles[stamp.place]
        others = [image for place in around.get(index, ()) for image in edges[place]]
        for part in _made(stamp, first, others):
            yield index, part


def _check(stamp: Stamp) -> None:
    known = ps1().bands
    letters = stamp.band if stamp.picture else [stamp.band]
    if not stamp.band or any(band not in known for band in letters):
        raise BadInput(f"PS1 has no band {stamp.band!r}; there are: {', '.join(known)}")
    if stamp.picture and len(stamp.band) not in (1, 3):
        raise BadInput(f"a picture has one band or three, red first; not {stamp.band!r}")
    if max(stamp.width, stamp.height) > LARGEST and not stamp.whole:
        raise BadInput(
            f"PS1 gives pieces of up to {LARGEST:g} degree, not "
            f"{max(stamp.width, stamp.height):g}; ask for whole images"
        )
    if max(stamp.width, stamp.height) > _WIDEST:
        raise BadInput(f"PS1 gives whole images around places of up to {_WIDEST:g} degrees")
    if min(_pixels(stamp)) < 1:
        raise BadInput(f"a piece of {stamp.width * 3600:g} arcsec is less than a pixel of PS1")


def _pixels(stamp: Stamp) -> tuple[int, int]:
    """Columns and rows of 0.25 arcsec."""
    return round(stamp.width * 3600.0 / SCALE), round(stamp.height * 3600.0 / SCALE)


def _asked(door: Door, places: Sequence[Place], bands: str) -> _Lists:
    return dict(zip(places, images_at(door, places, bands=bands), strict=True))


def _needs_more(stamp: Stamp, images: Sequence[Image]) -> bool:
    """Whether other skycells have a part: a picture is one skycell's, whatever is cut off."""
    return stamp.whole or not (stamp.picture or _within(stamp, images[0].cell))


def _within(stamp: Stamp, cell: Skycell) -> bool:
    (x, y), (columns, rows) = cell.pixel(*stamp.place), _pixels(stamp)
    width, height = cell.size
    # As fitscut cuts: so many pixels before the one that the place is in.
    left, low = round(x) - columns // 2, round(y) - rows // 2
    return left >= 0 and low >= 0 and left + columns <= width and low + rows <= height


def _lattice(stamp: Stamp) -> list[Place]:
    """Places all over a rectangle, its edges and corners among them."""
    columns, rows = (max(2, math.ceil(side / _STEP) + 1) for side in (stamp.width, stamp.height))
    return [
        _shifted(
            stamp.place,
            (column / (columns - 1) - 0.5) * stamp.width,
            (row / (rows - 1) - 0.5) * stamp.height,
        )
        for row in range(rows)
        for column in range(columns)
    ]


def _shifted(place: Place, east: float, north: float) -> Place:
    """The place so many degrees away in the tangent plane."""
    xi, eta = math.radians(east), math.radians(north)
    ra, dec = (math.radians(angle) for angle in place)
    depth = math.cos(dec) - eta * math.sin(dec)
    turned = ra + math.atan2(xi, depth)
    height = math.atan2(math.sin(dec) + eta * math.cos(dec), math.hypot(xi, depth))
    return math.degrees(turned) % 360.0, math.degrees(height)


def _made(
    stamp: Stamp, first: Sequence[Image], others: Sequence[Image]
) -> Iterator[Product | Note]:
    missing = [band for band in stamp.band if not any(one.band == band for one in first)]
    if missing:
        ra, dec = stamp.place
        what = "" if not first else f" in {', '.join(missing)}"
        where = f"(it covers what lies {ps1().coverage})" if not first else ""
        yield Note(Why.OUTSIDE, f"PS1 has not looked at {ra:.5f} {dec:+.5f}{what} {where}".rstrip())
        return
    mine = [one for band in stamp.band for one in first if one.band == band]
    every = {one.path: one for one in (*mine, *others) if one.band in stamp.band}
    if stamp.whole:
        yield from (_whole(stamp, image) for image in every.values())
    elif stamp.picture:
        yield _picture(stamp, mine)
    else:
        yield _piece(stamp, mine[0], list(every.values()))


def _whole(stamp: Stamp, image: Image) -> Product:
    return Product(
        url=image.url,
        archive="panstarrs",
        product_id=image.name,
        obs_id=image.obs_id,
        target=stamp.target.asked,
        name=image.name,
        folder=stamp.folder,
        content_type="image/fits",
        provenance=_facts(
            stamp, [image], route="whole skycell", pixels="original", photometry=ASINH
        ),
    )


def _picture(stamp: Stamp, images: Sequence[Image]) -> Product:
    colors = dict(zip(("red", "green", "blue"), (image.path for image in images), strict=False))
    return Product(
        url=_cut(stamp.place, _pixels(stamp), "jpg", **colors),
        name=f"{stamp.stem}.jpg",
        content_type="image/jpeg",
        provenance=_facts(
            stamp,
            images,
            route="fitscut.cgi",
            pixels="original",
            photometry="none: a picture, stretched by the service",
        ),
        **_own(stamp, images[0]),
    )


def _piece(stamp: Stamp, image: Image, every: Sequence[Image]) -> Product:
    """Cut from one skycell, or put together of what each has."""
    parts = [_part(stamp, one) for one in every]
    sources = tuple(part for part in parts if part)
    used = [one for one, part in zip(every, parts, strict=True) if part]
    if len(sources) < 2:
        return Product(
            url=_cut(stamp.place, _pixels(stamp), "fits", red=image.path),
            name=f"{stamp.stem}.fits",
            content_type="image/fits",
            provenance=_facts(
                stamp, [image], route="fitscut.cgi", pixels="original", photometry="safe"
            ),
            **_own(stamp, image),
        )
    return Product(
        url=f"{sources[0]}#{stamp.key}",
        name=f"{stamp.stem}.fits",
        content_type="image/fits",
        made="mosaic",
        sources=sources,
        provenance=_facts(
            stamp,
            used,
            route="mosaic of pieces from fitscut.cgi",
            pixels="resampled",
            photometry="good to a percent or so: skycells were interpolated onto one grid",
        ),
        **_own(stamp, image),
    )


def _own(stamp: Stamp, image: Image) -> dict[str, Any]:
    return {
        "archive": "panstarrs",
        "product_id": stamp.key,
        "obs_id": image.obs_id,
        "target": stamp.target.asked,
        "semantics": "#cutout",
        "folder": stamp.folder,
    }


def _part(stamp: Stamp, image: Image) -> str:
    """The address of what a skycell has of a rectangle; "" where that is nothing."""
    places = [image.cell.pixel(*place) for place in _lattice(stamp)]
    ranges = []
    for axis, size in enumerate(image.cell.size):
        low = max(math.floor(min(place[axis] for place in places)) - _MARGIN, 0)
        high = min(math.ceil(max(place[axis] for place in places)) + _MARGIN, size - 1)
        if high - low < 2 * _MARGIN:
            return ""
        ranges.append((low, high - low + 1))
    (left, columns), (bottom, rows) = ranges
    middle = image.cell.sky(left + columns // 2, bottom + rows // 2)
    return _cut(middle, (columns, rows), "fits", red=image.path)


def _cut(place: Place, size: tuple[int, int], kind: str, **colors: str) -> str:
    columns, rows = size
    words = {
        **colors,
        "ra": repr(float(place[0])),
        "dec": repr(float(place[1])),
        "size": str(columns) if columns == rows else f"{columns},{rows}",
        "format": kind,
    }
    return f"{FITSCUT}?{urlencode(words, safe='/,')}"


def _facts(
    stamp: Stamp, images: Sequence[Image], *, route: str, pixels: Pixels, photometry: str
) -> dict[str, Any]:
    ends = [ps1().bands[image.band] for image in images]
    linear = {"flux_scale": "linear counts", "zero_point": _ZERO_POINT}
    return stamp.facts(
        route=route,
        pixels=pixels,
        photometry=photometry,
        **({} if stamp.whole or stamp.picture else linear),
        obs_collection=COLLECTION,
        facility_name=FACILITY,
        instrument_name=INSTRUMENT,
        calib_level=3,
        em_min=min(low for low, _ in ends),
        em_max=max(high for _, high in ends),
        s_pixel_scale=SCALE,
        skycell=", ".join(dict.fromkeys(image.cell.name for image in images)),
    )
