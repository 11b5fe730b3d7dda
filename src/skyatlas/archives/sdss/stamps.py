"""This file says how a piece of the sky is had from SDSS: of which frames, or not.

Invariant: a piece is made of the fewest fields that show all of it that SDSS has; what is missing
of it is said. One question finds the fields of many pieces in all their bands.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np

from skyatlas.archives.sdss import fields, products
from skyatlas.archives.sdss.releases import BANDS, CAMERA, PARAMETER, Release, release
from skyatlas.errors import BadInput
from skyatlas.model import Note, Product, Why
from skyatlas.stamp import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from skyatlas.archive import Door
    from skyatlas.archives.sdss.fields import Field
    from skyatlas.stamp import Stamp

    Vectors = NDArray[np.float64]

__all__ = ["SURVEY", "chosen", "stamps"]

SURVEY = Survey(
    name="sdss",
    title="Sloan Digital Sky Survey, imaging (DR17)",
    archive="sdss",
    bands=BANDS,
    scale=CAMERA["scale"],
    waveband="optical",
    usual=("g", "r", "i"),
    coverage="a third of the sky, mostly north of declination -10 and away from the Milky Way",
)
_GRID = 41
"""Points along each side of a piece that fields must show: 15 arcsec apart in 10 arcmin."""
_LARGEST = 0.5
"""Degrees of a side of what is put together here: 4546 pixels; nine frames, and as many numbers
three times over in memory."""
_WIDEST = 5.0
"""Degrees of a side within which frames are looked for: 800 of them in each band."""
_MOST_PIXELS = 2048
"""Along a side of SDSS's own colour pictures (getJpegController.cs in sciserver/SkyServerWS)."""
_SMALLEST = 64
_COLOURS = frozenset("gri")
_UNIT = "nanomaggies per pixel, zero point 22.5 mag (AB)"
_Place = tuple[float, float, float, float]
"""Right ascension, declination, width, height."""


def stamps(wanted: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
    """How each piece is had. Raises BadInput, and an ArchiveError leaf where SkyServer fails."""
    for stamp in wanted:
        _check(stamp)
    known = release()
    of: dict[_Place, list[int]] = {}
    for index, stamp in enumerate(wanted):
        of.setdefault((*stamp.place, stamp.width, stamp.height), []).append(index)
    places = list(of)
    circles = [(ra, dec, math.hypot(width, height) / 2) for ra, dec, width, height in places]
    for some, found in fields.near(door, known, circles):
        for number in some:
            for index in of[places[number]]:
                if isinstance(found, Note):
                    yield index, found
                else:
                    yield from ((index, one) for one in _had(wanted[index], found, known))


def _check(stamp: Stamp) -> None:
    bands = list(stamp.band) if stamp.picture else [stamp.band]
    unknown = [band for band in bands if band not in BANDS]
    if unknown:
        raise BadInput(f"SDSS has no band {stamp.band!r}; it has {', '.join(BANDS)}")
    side, most = max(stamp.width, stamp.height), _LARGEST
    if stamp.whole or stamp.picture:
        most = _WIDEST
    if side > most:
        hint = "" if most == _WIDEST else "; ask for whole images"
        raise BadInput(f"SDSS is cut into pieces of up to {most:g} degrees, not {side:g}{hint}")
    if stamp.picture and frozenset(bands) != _COLOURS:
        raise BadInput("SDSS's own colour pictures are of g, r and i; ask for --bands gri")


def _had(stamp: Stamp, found: Sequence[Field], known: Release) -> Iterator[Product | Note]:
    points = _grid(stamp)
    shown = {field: field.shows(points) for field in found}
    touching = [field for field in found if shown[field].any()]
    if not touching:
        words = f"SDSS has not looked at {_where(stamp)}: no image in {known.name}"
        yield Note(Why.OUTSIDE, words)
        return
    if stamp.whole:
        for field in touching:
            yield _whole(stamp, field, known)
        return
    few = chosen({field: shown[field] for field in touching})
    seen = np.logical_or.reduce([shown[field] for field in few])
    missing = 1.0 - float(np.mean(seen))
    if missing > 0:
        words = f"of {stamp.target.asked} about {_percent(missing)} lies outside SDSS's images"
        yield Note(Why.ASSUMED, f"{words} ({known.name}) and is empty")
    if stamp.picture:
        yield _picture(stamp, few, known)
        return
    piece = _piece(stamp, few, known)
    yield replace(piece, provenance={**piece.provenance, "coverage": round(1.0 - missing, 4)})


def chosen(shown: Mapping[Field, NDArray[np.bool_]]) -> list[Field]:
    """The fewest fields (each with the points that it shows) that show all that any shows.

    Of equally good ones those are taken that the survey itself prefers: the better score, then the
    larger primary area. One by one, always the one that adds most: as few as can be for the one to
    four frames that a piece usually needs.
    """
    left = np.logical_or.reduce(list(shown.values()))
    few: list[Field] = []
    runs: set[tuple[int, int]] = set()
    while left.any():
        best = max(
            shown,
            key=lambda field: (
                int((shown[field] & left).sum()),
                (field.run, field.camcol) in runs,  # the same night, the same sky
                field.score,
                field.primary,
                -field.run,
                -field.field,
            ),
        )
        few.append(best)
        runs.add((best.run, best.camcol))
        left &= ~shown[best]
    return _without_surplus(few, shown)


def _without_surplus(few: list[Field], shown: Mapping[Field, NDArray[np.bool_]]) -> list[Field]:
    """Leave out those that later ones made superfluous."""
    needed = list(few)
    for field in few:
        others = [shown[one] for one in needed if one is not field]
        if others and not (shown[field] & ~np.logical_or.reduce(others)).any():
            needed.remove(field)
    return needed


def _piece(stamp: Stamp, few: Sequence[Field], known: Release) -> Product:
    urls = [known.frame(stamp.band, field.row) for field in few]
    sources = tuple(one[0] for one in urls)
    alone = len(few) == 1
    return Product(
        url=f"{sources[0]}#{stamp.key}",
        archive="sdss",
        product_id=stamp.key,
        obs_id="+".join(field.name for field in few),
        target=stamp.target.asked,
        name=f"{stamp.stem}.fits",
        content_type="application/fits",
        semantics="#cutout",
        folder=stamp.folder,
        made="mosaic",
        sources=sources,
        provenance=stamp.facts(
            route="frames of SDSS, cut here" if alone else "frames of SDSS, joined here",
            pixels="original" if alone else "resampled",
            photometry=f"safe: {_UNIT}"
            if alone
            else f"resampled: {_UNIT}; fluxes of apertures hold, noise of neighbouring pixels is "
            "correlated, and skies were matched",
            source_mirrors={one[0]: list(one[1:]) for one in urls if len(one) > 1},
            **_facts(few, known),
        ),
    )


def _whole(stamp: Stamp, field: Field, known: Release) -> Product:
    return products.frame(
        known,
        field.row,
        stamp.band,
        field.name,
        obs_id=f"frame-{stamp.band}-{field.name}",
        target=stamp.target.asked,
        folder=stamp.folder,
        provenance=stamp.facts(
            route="frames of SDSS, as they are",
            pixels="original",
            photometry=f"safe: {_UNIT}",
            **_facts([field], known),
        ),
    )


def _picture(stamp: Stamp, few: Sequence[Field], known: Release) -> Product:
    """SDSS's own colour picture; its pixels are larger than the camera's in a large one."""
    ra, dec = stamp.place
    largest = max(stamp.width, stamp.height) * 3600.0
    scale = max(CAMERA["scale"], largest / _MOST_PIXELS)
    width, height = (
        min(_MOST_PIXELS, max(_SMALLEST, math.ceil(size * 3600.0 / scale)))
        for size in (stamp.width, stamp.height)
    )
    asked = {"ra": repr(ra), "dec": repr(dec), "scale": repr(scale)}
    return Product(
        url=f"{known.jpeg}?{urlencode({**asked, 'width': width, 'height': height})}",
        archive="sdss",
        product_id=stamp.key,
        obs_id="+".join(field.name for field in few),
        target=stamp.target.asked,
        name=f"{stamp.stem}.jpg",
        content_type="image/jpeg",
        semantics="#cutout",
        folder=stamp.folder,
        provenance=stamp.facts(
            route="SDSS's ImgCutout: SDSS's own colours of g, r and i",
            pixels="resampled",
            photometry="a picture: no fluxes",
            **_facts(few, known),
        ),
    )


def _facts(few: Sequence[Field], known: Release) -> dict[str, Any]:
    return {
        "obs_collection": f"SDSS {known.name}",
        "instrument_name": CAMERA["name"],
        "frames": [field.name for field in few],
        PARAMETER: known.number,
    }


def _grid(stamp: Stamp) -> Vectors:
    """Unit vectors of points of the piece, its edges among them: shape (n, 3)."""
    ra, dec = stamp.place
    middle = fields.vectors(ra, dec)
    lon = math.radians(ra)
    east = np.array((-math.sin(lon), math.cos(lon), 0.0))
    north = np.cross(middle, east)
    sides = np.linspace(-0.5, 0.5, _GRID)
    x, y = np.meshgrid(
        2 * math.tan(math.radians(min(stamp.width, 120.0) / 2)) * sides,
        2 * math.tan(math.radians(min(stamp.height, 120.0) / 2)) * sides,
    )
    points = middle + x.reshape(-1, 1) * east + y.reshape(-1, 1) * north
    lengths: Vectors = np.linalg.norm(points, axis=1)[:, None]
    return np.asarray(points / lengths)


def _where(stamp: Stamp) -> str:
    """The target as it was asked for, and its place where that says another thing."""
    ra, dec = stamp.place
    place = f"{ra!r} {dec!r}"
    asked = stamp.target.asked
    return asked if asked.split() == place.split() else f"{asked} ({place} ICRS)"


def _percent(part: float) -> str:
    return "less than 1 %" if part < 0.01 else f"{100 * part:.0f} %"
