"""This file finds PS1's images around places, as ObsCore: stacks and single exposures (warps).

Invariant: every skycell that a circle touches is asked for, by a place in which PS1 thinks it the
best; one that is nowhere the best holds nothing that its neighbours have not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skyatlas.archives.panstarrs.facts import COLLECTION, FACILITY, INSTRUMENT, ps1
from skyatlas.archives.panstarrs.listing import Image, images_at
from skyatlas.archives.panstarrs.skycells import SCALE, Place, Skycell, best, touching
from skyatlas.model import Note, Query, Why
from skyatlas.obscore import Field, Fixed, conform
from skyatlas.sky import touches

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.archive import Door

__all__ = ["search"]

_LEVELS = {"stack": 3, "warp": 2}
"""ObsCore's calibration levels: what is made of many exposures, and one exposure on the grid."""
_KEPT: Mapping[str, Callable[[Image], Any]] = {
    "band": lambda image: image.band,
    "skycell": lambda image: image.cell.name,
    "bad": lambda image: image.bad,
}
"""PS1's own words that stand in the answer, besides ObsCore's."""


def search(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Rows that answer the queries, whose filters are the same, and Notes.

    Raises Unreadable and what the door raises.
    """
    first = queries[0]
    bands, kinds = _bands(first), _kinds(first)
    if not bands or not kinds or not _may_have(first):
        return
    if any(query.target is None or query.target.ra is None for query in queries):
        yield Note(Why.UNANSWERED, "PS1 is asked by position only")
    wanted: dict[Place, list[int]] = {}
    for number, query in enumerate(queries):
        for place in _places(query):
            wanted.setdefault(place, []).append(number)
    answers = images_at(door, list(wanted), bands=bands, kinds=kinds)
    rows: dict[tuple[int, str], Image] = {}
    for numbers, images in zip(wanted.values(), answers, strict=True):
        for number in numbers:
            rows |= {(number, image.path): image for image in images}
    yield _table([(number, image) for (number, _), image in sorted(rows.items(), key=_order)])


def _order(entry: tuple[tuple[int, str], Image]) -> Any:
    (number, path), image = entry
    return number, image.kind, "grizy".find(image.band), image.mjd or 0.0, path


def _bands(query: Query) -> str:
    """The filters of which light is wanted."""
    wanted = query.band
    return "".join(
        band for band, ends in ps1().bands.items() if wanted is None or wanted.overlaps(*ends)
    )


def _kinds(query: Query) -> tuple[str, ...]:
    level = query.calib_level
    return tuple(
        kind for kind, mine in _LEVELS.items() if level is None or level.overlaps(mine, mine)
    )


def _may_have(query: Query) -> bool:
    """Whether a filter of words leaves anything; PS1 has no programmes, observers, parameters."""
    if query.programs or query.pi or query.target_name or query.parameters:
        return False
    if query.kinds and "image" not in query.kinds:
        return False
    for words, mine in ((query.instruments, INSTRUMENT), (query.collections, COLLECTION)):
        if words and mine.casefold() not in (word.casefold() for word in words):
            return False
    return True


def _places(query: Query) -> Iterator[Place]:
    """The target's own place, and one in each skycell that the circle touches."""
    target = query.target
    if target is None or target.ra is None or target.dec is None:
        return
    yield target.ra, target.dec
    radius = query.radius or 0.0
    for cell in touching(target.ra, target.dec, radius):
        if touches(_outline(cell), target.ra, target.dec, radius):
            place = _own(cell)
            if place is not None:
                yield place


def _own(cell: Skycell) -> Place | None:
    """A place for which PS1 gives this very skycell, mostly its middle; None where none is."""
    columns, rows = cell.size
    for across, up in _SPOTS:
        place = cell.sky(across * columns, up * rows)
        if best(*place) == cell:
            return place
    return None


_STEPS = (0.5, 0.3, 0.7, 0.15, 0.85)
_SPOTS = tuple((across, up) for across in _STEPS for up in _STEPS)
"""Where a place of its own is looked for, from the middle outwards, in widths and heights."""


def _table(found: Sequence[tuple[int, Image]]) -> Table:
    import numpy as np
    from astropy.table import Table

    images = [image for _, image in found]

    def of(make: Callable[[Image], Any]) -> Any:
        return np.array([make(image) for image in images], dtype=object)

    native = Table({name: of(make) for name, make in _COLUMNS.items()})
    for name, make in _KEPT.items():
        native[name] = [make(image) for image in images]
    query = np.array([number for number, _ in found], dtype=np.int64)
    return conform(native, _FIXED, keep=_KEPT, query=query)


def _outline(cell: Skycell) -> str:
    return "POLYGON ICRS " + " ".join(f"{ra:.7f} {dec:.7f}" for ra, dec in cell.corners)


_FIXED: Mapping[str, Field] = {
    "archive": Fixed("panstarrs"),
    "target": None,
    "dataproduct_type": Fixed("image"),
    "obs_collection": Fixed(COLLECTION),
    "access_format": Fixed("image/fits"),
    "s_pixel_scale": Fixed(SCALE),
    "facility_name": Fixed(FACILITY),
    "instrument_name": Fixed(INSTRUMENT),
    "data_rights": Fixed("public"),
}
_COLUMNS: Mapping[str, Callable[[Image], Any]] = {
    "obs_id": lambda image: image.obs_id,
    "access_url": lambda image: image.url,
    "dataproduct_subtype": lambda image: image.kind,
    "calib_level": lambda image: _LEVELS.get(image.kind),
    "target_name": lambda image: f"skycell.{image.cell.name}",
    "s_ra": lambda image: image.cell.middle[0],
    "s_dec": lambda image: image.cell.middle[1],
    "s_fov": lambda image: max(image.cell.size) * SCALE / 3600.0,
    "s_region": lambda image: _outline(image.cell),
    "s_xel1": lambda image: image.cell.size[0],
    "s_xel2": lambda image: image.cell.size[1],
    # An exposure lasts a minute at most: the list says when it was, not how long.
    "t_min": lambda image: image.mjd,
    "t_max": lambda image: image.mjd,
    "em_min": lambda image: ps1().bands[image.band][0],
    "em_max": lambda image: ps1().bands[image.band][1],
}
