"""This file puts questions to SDSS: images by fields, spectra by places, objects by tables.

Invariant: every row is attributed to the targets in whose circle it lies; what SDSS cannot be
asked is said by a Note. Into SQL go numbers and names written here, never a user's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skyatlas.archives.sdss import fields, rows, skyserver
from skyatlas.archives.sdss.boxes import boxes
from skyatlas.archives.sdss.releases import CAMERA, SPECTROGRAPHS, release_of, strangers
from skyatlas.archives.sdss.skyserver import Row, known
from skyatlas.errors import BadInput, Unreadable
from skyatlas.model import Note, Query, Why
from skyatlas.sky import separation, touches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.archives.sdss.releases import Release

__all__ = ["TABLES", "search"]

TABLES: Mapping[str, tuple[str, str]] = {
    "photoobj": ("PhotoObj", "objID"),
    "specobj": ("SpecObjAll", "specObjID"),
    "apogeestar": ("apogeeStar", "apstar_id"),
}
"""What people type → SkyServer's name, and its column of identifiers."""
_AT_ONCE = 20
"""Circles in one question (see `fields`)."""
_UPLOAD = 3.0 / 60.0
"""Degrees: the largest radius of the Cross-ID form (astroquery: MAX_CROSSID_RADIUS)."""
_PLATES = (
    "s.specObjID, s.plate, s.mjd, s.fiberID, s.run2d, s.instrument, s.survey, s.programname, "
    "s.class, s.subClass, s.z, s.zErr, s.zWarning, s.sciencePrimary, s.bestObjID, s.ra, s.dec"
)
_SDSS5 = (
    "s.specobjid, s.sdss_id, s.catalogid, s.field, s.mjd, s.obs, s.run2d, s.survey, s.programname, "
    "s.class, s.subclass, s.z, s.z_err, s.zwarning, s.racat AS ra, s.deccat AS dec"
)
_VISITS = (
    "FROM apogeeVisit AS v JOIN apogeeStarVisit AS l ON l.visit_id = v.visit_id "
    "AND l.apstar_id = s.apstar_id WHERE v.apogee_id = s.apogee_id"
)
"""Those that were added up; by apogee_id as well, of which there is an index (IndexMap.sql)."""
_STARS = (
    "s.apstar_id, s.target_id, s.[file], s.apogee_id, s.telescope, s.location_id, "
    "s.field AS apogee_field, s.ra, s.dec, s.glon, s.glat, s.nvisits, s.snr, s.starflag, "
    "s.andflag, s.vhelio_avg, s.vscatter, s.verr, s.rv_teff, s.rv_logg, s.rv_feh, "
    f"(SELECT MIN(v.mjd) {_VISITS}) AS mjd_first, (SELECT MAX(v.mjd) {_VISITS}) AS mjd_last"
)
"""What apogeeStar has in every release: sciserver/sqlloader, schema/sql/ApogeeTables.sql, in
its versions for DR12 to DR19. FILE is a word of SQL Server's; a field is a name here, and a number
in the other tables, which would not go into one column."""
_Circle = tuple[float, float, float]


class _Source(NamedTuple):
    """A table of spectra."""

    columns: str
    table: str
    ra: str
    dec: str
    spectrographs: tuple[str, ...]
    rows: Callable[[Sequence[tuple[Row, int]], Release], Table]


def search(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Rows that answer the queries, whose filters are the same, and Notes.

    Raises BadInput for what SDSS has no words for, and an ArchiveError leaf.
    """
    first = queries[0]
    strange = strangers(first)
    if strange:
        yield Note(Why.ASSUMED, f"nothing of SDSS has {', '.join(strange)}: not asked")
        return
    release = release_of(first)
    image = _wants(first, "image", CAMERA["name"])
    spectrum = _wants(first, "spectrum", *(one["name"] for one in SPECTROGRAPHS.values()))
    # SDSS's surveys have neither programmes nor observers, and no names of targets.
    nobody = bool(first.pi or first.programs or first.target_name)
    if nobody or not _is_of(release, first) or not (image or spectrum or first.table):
        return
    placed = [number for number, query in enumerate(queries) if _circle(query) is not None]
    if len(placed) < len(queries):
        yield Note(Why.UNANSWERED, "SDSS is asked by place only: a target without one, or none")
    if not placed:
        return
    circles = [circle for number in placed if (circle := _circle(queries[number])) is not None]
    if first.table is not None:
        yield from _objects(first, release, placed, circles, door)
        return
    if image:
        yield from _images(release, placed, circles, door)
    if spectrum:
        yield from _spectra(first, release, placed, circles, door)


def _circle(query: Query) -> _Circle | None:
    target = query.target
    if target is None or target.ra is None or target.dec is None or query.radius is None:
        return None
    return float(target.ra), float(target.dec), float(query.radius)


def _is_of(release: Release, query: Query) -> bool:
    """Whether the release is of one of the collections asked for: "SDSS", "SDSS DR17" …"""
    name = f"sdss {release.name}".casefold()
    return not query.collections or any(one.casefold() in name for one in query.collections)


def _wants(query: Query, kind: str, *instruments: str) -> bool:
    if query.kinds and kind not in query.kinds:
        return False
    return not query.instruments or any(_is(name, query) for name in instruments)


def _is(name: str, query: Query) -> bool:
    """Whether an instrument is one of those asked for: "BOSS" is the "BOSS spectrograph"."""
    return any(word.casefold() in name.casefold() for word in query.instruments)


def _images(
    release: Release, numbers: Sequence[int], circles: Sequence[_Circle], door: Door
) -> Iterator[Table | Note]:
    for some, found in fields.near(door, release, circles):
        if isinstance(found, Note):
            yield found
            continue
        regions = [field.region for field in found]
        pairs: list[tuple[fields.Field, int]] = []
        for index in some:
            pairs.extend(
                (found[at], numbers[index])
                for at in _near(found, circles[index])
                if touches(regions[at], *circles[index])
            )
        if pairs:
            yield rows.of_fields(pairs, release)


def _spectra(
    query: Query, release: Release, numbers: Sequence[int], circles: Sequence[_Circle], door: Door
) -> Iterator[Table | Note]:
    """By boxes, not by the Cross-ID form: that knows no spectra without an object of the images."""
    yield from _missing(query, release)
    for source in _sources(release):
        names = [str(SPECTROGRAPHS[word]["name"]) for word in source.spectrographs]
        if not _wants(query, "spectrum", *names):
            continue
        for some in _chunks(len(circles)):
            near = [circles[index] for index in some]
            where = boxes(near, f"s.{source.ra}", f"s.{source.dec}")
            asked = f"SELECT {source.columns} FROM {source.table} AS s WHERE {where}"  # noqa: S608
            found = skyserver.sql(door, release, asked)
            pairs = _attributed(found, near, [numbers[n] for n in some])
            if query.instruments and len(names) > 1:
                pairs = [(row, number) for row, number in pairs if _is(_spectrograph(row), query)]
            if pairs:
                yield source.rows(pairs, release)
            yield from skyserver.cut(found)


def _sources(release: Release) -> Iterator[_Source]:
    yield _Source(_PLATES, "SpecObjAll", "ra", "dec", ("SDSS", "BOSS"), rows.of_spectra)
    if release.has_sdss5:
        yield _Source(_SDSS5, "spAll", "racat", "deccat", ("BOSS",), rows.of_spectra)
    if release.has_apogee:
        yield _Source(_STARS, "apogeeStar", "ra", "dec", ("APOGEE",), rows.of_stars)


def _missing(query: Query, release: Release) -> Iterator[Note]:
    """What a release has, or may have, that is not asked for."""
    if release.number == 18:
        words = "DR18's spectra of SDSS-V are in none of the tables asked; DR19 and DR20 have them"
        yield Note(Why.ASSUMED, words)
    if release.number > 18 and _wants(query, "spectrum", str(SPECTROGRAPHS["APOGEE"]["name"])):
        words = "spectra that SDSS-V took with APOGEE are not asked for"
        if not release.has_apogee:
            words += f", nor older ones in {release.name}: ask for those with data_release=17"
        yield Note(Why.ASSUMED, words)


def _spectrograph(row: Row) -> str:
    word = str(known(row, "instrument")).upper()
    return str(SPECTROGRAPHS.get(word, SPECTROGRAPHS["BOSS"])["name"])


def _objects(
    query: Query, release: Release, numbers: Sequence[int], circles: Sequence[_Circle], door: Door
) -> Iterator[Table | Note]:
    word = str(query.table).casefold()
    if word not in TABLES:
        raise BadInput(f"SDSS has no table {query.table!r} here; it has {', '.join(TABLES)}")
    table, number = TABLES[word]
    parts: Iterator[tuple[Sequence[int], list[Row]]]
    if table != "PhotoObj":
        parts = _by_boxes(table, release, circles, door)
    else:
        parts = _by_upload(release, circles, door)
    for some, found in parts:
        pairs = _attributed(found, [circles[n] for n in some], [numbers[n] for n in some])
        if pairs:
            yield rows.of_objects(pairs, release, word, number)
        yield from skyserver.cut(found)


def _by_boxes(
    table: str, release: Release, circles: Sequence[_Circle], door: Door
) -> Iterator[tuple[Sequence[int], list[Row]]]:
    for some in _chunks(len(circles)):
        where = boxes([circles[index] for index in some], "s.ra", "s.dec")
        asked = f"SELECT s.* FROM {table} AS s WHERE {where}"  # noqa: S608
        yield some, skyserver.sql(door, release, asked)


def _by_upload(
    release: Release, circles: Sequence[_Circle], door: Door
) -> Iterator[tuple[Sequence[int], list[Row]]]:
    """Objects of the images: by one upload for each radius, as far as the form reaches.

    Beyond that SkyServer's own cone search is called, which has an index; boxes in this table of a
    thousand million rows would take until it gives up.
    """
    by_radius: dict[float, list[int]] = {}
    for index, (_, _, radius) in enumerate(circles):
        by_radius.setdefault(radius, []).append(index)
    for radius, some in by_radius.items():
        places = [circles[index][:2] for index in some]
        if radius <= _UPLOAD:
            asked = (
                "SELECT p.* FROM #upload u JOIN #x x ON x.up_id = u.up_id "
                "JOIN PhotoObj AS p ON p.objID = x.objID ORDER BY x.up_id"
            )
            yield some, skyserver.upload(door, release, asked, places, radius)
            continue
        for index, (ra, dec) in zip(some, places, strict=True):
            cone = f"dbo.fGetNearbyObjAllEq({ra!r}, {dec!r}, {radius * 60.0!r})"
            asked = f"SELECT p.* FROM {cone} AS n JOIN PhotoObj AS p ON p.objID = n.objID"  # noqa: S608
            yield [index], skyserver.sql(door, release, asked)


def _chunks(count: int) -> Iterator[range]:
    for start in range(0, count, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, count))


def _attributed(
    found: Sequence[Row], circles: Sequence[_Circle], numbers: Sequence[int]
) -> list[tuple[Row, int]]:
    """(row, query) for every circle in which a row lies; a box's corners are in none.

    A row that came twice (in two circles of one upload) counts once for each circle.
    """
    unique = list({_identity(row): row for row in found}.values())
    try:
        places = [(float(known(row, "ra")), float(known(row, "dec"))) for row in unique]
    except (TypeError, ValueError) as error:
        raise Unreadable(
            "SkyServer's answer is not understood: a row has no place", archive="sdss"
        ) from error
    ras, decs = np.array(places, dtype=float).reshape(-1, 2).T
    pairs: list[tuple[Row, int]] = []
    for (ra, dec, radius), number in zip(circles, numbers, strict=True):
        inside = separation(ras, decs, ra, dec) <= radius
        pairs.extend((unique[at], number) for at in np.flatnonzero(inside))
    return pairs


def _identity(row: Row) -> Any:
    return tuple(sorted((name.casefold(), str(value)) for name, value in row.items()))


def _near(found: Sequence[fields.Field], circle: _Circle) -> list[int]:
    """Which fields can touch a circle at all."""
    if not found:
        return []
    ra, dec, radius = circle
    ras, decs = np.array([(field.ra, field.dec) for field in found]).T
    near = separation(ras, decs, ra, dec) <= radius + fields.REACH
    return [int(at) for at in np.flatnonzero(near)]
