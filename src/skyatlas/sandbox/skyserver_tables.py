"""This file keeps SkyServer's tables in SQLite: narrow tables, and views with SDSS's columns.

Invariant: what a column holds is written in skyserver_columns.csv only. The views look at the one
row of `_asked`, which says the data release: each has reduced the spectra anew.
"""

from __future__ import annotations

import csv
import math
import sqlite3
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from skyatlas.sandbox.sdss_apogee import APRED, ApogeeStar, apogee_stars
from skyatlas.sandbox.sdss_footprint import CENTRE, PIXEL, STRETCHES, Field, fields
from skyatlas.sandbox.sdss_objects import BANDS, COLOURS, Measured, Spectrum, measured, spectra
from skyatlas.sandbox.sdss_objects import obj_id as identifier

RUN2D = {
    8: "", 9: "v5_4_45", 10: "v5_5_12", 11: "v5_6_5", 12: "v5_7_0", 13: "v5_9_0", 14: "v5_10_0",
    15: "v5_10_0", 16: "v5_13_0", 17: "v5_13_2", 18: "v5_13_2", 19: "v5_13_2", 20: "v5_13_2",
}  # fmt: skip
"""The reduction of BOSS's plates in each release; 8 came before BOSS."""
NEWEST = {18: "v6_0_4", 19: "v6_1_3", 20: "v6_2_1"}
"""The reduction of SDSS-V in each release that has it."""
RANGES = {"SDSS": (3_800.0, 9_200.0), "BOSS": (3_600.0, 10_400.0), "SDSS-V": (3_600.0, 10_400.0)}
"""Angstrom in vacuum."""
_NARROW = {
    "_photo": "objID run camcol field obj mode type rowc colc magnitude ra dec cx cy cz mjd fieldID"
    " thing specBase specKind",
    "_spectrum": "base catalog objID kind plate mjd fiber science ra dec cx cy cz z class low high"
    " snr",
    "_field": "fieldID run camcol field total stars mjd a b c d e f node incl ra dec raMin raMax"
    " decMin decMax cx cy cz",
    "_run": "run mjd stripe strip first last node incl",
    "_apogee": "name telescope location field visits velocity snr ra dec glon glat cx cy cz",
    "_visit": "name telescope location field number mjd",
    "_asked": "release run2d code newest apred",
}
_FROM = {
    "PhotoObjAll": "_photo p, _asked q",
    "SpecObjAll": "_spectrum s, _asked q"
    " WHERE s.kind = 'SDSS' OR s.kind = 'BOSS' AND q.run2d <> ''",
    "Field": "_field f",
    "Run": "_run r",
    "spAll": "_spectrum s, _asked q WHERE s.kind = 'SDSS-V'",
    "apogeeStar": "_apogee a, _asked q WHERE a.telescope <> 'lco25m' OR q.release >= 16",
    "apogeeVisit": "_visit a, _asked q WHERE a.telescope <> 'lco25m' OR q.release >= 16",
    "apogeeStarVisit": "_visit a, _asked q WHERE a.telescope <> 'lco25m' OR q.release >= 16",
}
_VIEWS = {
    "PhotoObj": "PhotoObjAll WHERE mode IN (1, 2)",
    "PhotoPrimary": "PhotoObjAll WHERE mode = 1",
    "PhotoSecondary": "PhotoObjAll WHERE mode = 2",
    "PhotoTag": "PhotoObjAll",
    "Star": "PhotoObjAll WHERE mode = 1 AND type = 6",
    "Galaxy": "PhotoObjAll WHERE mode = 1 AND type = 3",
    "SpecObj": "SpecObjAll WHERE sciencePrimary = 1",
}
"""Views upon views, as in SkyServer."""
_MAGNITUDES = ", ".join(f"p.modelMag_{band}, p.psfMag_{band}" for band in BANDS)
_SPEC_PHOTO = (
    "SELECT s.*, p.objID, p.mode, p.type, p.run, p.rerun, p.camcol, p.field, p.obj, "  # noqa: S608
    f"{_MAGNITUDES} FROM SpecObjAll s JOIN PhotoObjAll p ON p.objID = s.bestObjID"
)


class Described(NamedTuple):
    """One column of SkyServer."""

    table: str
    name: str
    type: str
    unit: str
    sql: str
    description: str


@cache
def described() -> tuple[Described, ...]:
    """All columns of all tables, in order."""
    text = files(__package__).joinpath("skyserver_columns.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(one for row in rows for one in _of_bands(Described(**row)))


def _of_bands(row: Described) -> list[Described]:
    sql = row.sql.replace(";", ",")  # a comma ends a cell of the file
    if "{b}" not in row.name:
        return [row._replace(sql=sql)]
    return [
        row._replace(
            name=row.name.replace("{b}", band), sql=sql.replace("{c}", f"({COLOURS[band]})")
        )
        for band in BANDS
    ]


def columns_of(table: str) -> list[Described]:
    """The columns of a table, or of a view on one that has the same."""
    name = table.lower()
    for view, definition in _VIEWS.items():
        if view.lower() == name:
            name = definition.partition(" ")[0].lower()
    return [one for one in described() if one.table.lower() == name]


_APOGEE = ("apogeestar", "apogeevisit", "apogeestarvisit")
FIRST = {"spall": 19, **dict.fromkeys(_APOGEE, min(APRED))}
"""The first release that has a table, by lower-case name."""
TABLES = frozenset(name.lower() for name in (*_FROM, *_VIEWS, "SpecPhotoAll", "SpecPhoto"))
"""Lower-case names of what a query may read."""


def made(seed: int) -> sqlite3.Connection:
    """All tables and views, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    for name, columns in _NARROW.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(map(_typed, columns.split()))})")
    found, seen = measured(seed), spectra(seed)
    things = {place: number for number, place in enumerate(_places(found), 1)}
    best = {one.measured.obj_id: one for one in reversed(seen) if one.kind != "SDSS-V"}
    _fill(connection, "_photo", [_photo(one, things, best) for one in found])
    _fill(connection, "_spectrum", [_spectrum(one, best) for one in seen])
    total = Counter(one.field.key for one in found)
    stars = Counter(one.field.key for one in found if one.known is None)
    _fill(connection, "_field", [_field(f, total[k], stars[k]) for k, f in fields().items()])
    _fill(connection, "_run", list(_runs()))
    _fill(connection, "_apogee", [_apogee(one) for one in apogee_stars(seed)])
    visits = [row for one in apogee_stars(seed) for row in _visits(one)]
    _fill(connection, "_visit", visits)
    connection.execute("INSERT INTO _asked VALUES (17, '', 0, '', '')")
    for column in ("objID", "dec", "run"):
        connection.execute(f"CREATE INDEX _photo_{column} ON _photo ({column})")
    _views(connection)
    connection.commit()
    return connection


def _typed(name: str) -> str:
    # SkyServer compares texts without case.
    texts = {"kind", "class", "run2d", "specKind", "name", "telescope"}
    return f"{name} TEXT COLLATE NOCASE" if name in texts else name


def _views(connection: sqlite3.Connection) -> None:
    for table, origin in _FROM.items():
        chosen = ", ".join(f'{one.sql} AS "{one.name}"' for one in columns_of(table))
        connection.execute(f"CREATE VIEW {table} AS SELECT {chosen} FROM {origin}")  # noqa: S608
    for view, origin in _VIEWS.items():
        connection.execute(f"CREATE VIEW {view} AS SELECT * FROM {origin}")  # noqa: S608
    connection.execute(f"CREATE VIEW SpecPhotoAll AS {_SPEC_PHOTO}")
    connection.execute("CREATE VIEW SpecPhoto AS SELECT * FROM SpecPhotoAll WHERE sciencePrimary=1")


def choose_release(connection: sqlite3.Connection, release: int) -> None:
    """Let the views tell what one data release tells."""
    run2d = RUN2D[release]
    connection.execute(
        "UPDATE _asked SET release=?, run2d=?, code=?, newest=?, apred=?",
        (release, run2d, code(run2d), NEWEST.get(release), APRED.get(release)),
    )


def code(run2d: str) -> int:
    """A reduction's number inside specObjID: "26" is 26, vN_M_P is (N - 5) 10000 + 100 M + P."""
    if not run2d.startswith("v"):
        return int(run2d or 0)
    major, minor, patch = map(int, run2d[1:].split("_"))
    return (major - 5) * 10_000 + minor * 100 + patch


def _fill(connection: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(_NARROW[table].split()))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608


def _places(found: tuple[Measured, ...]) -> list[tuple[float, float]]:
    return list(dict.fromkeys((one.star.ra, one.star.dec) for one in found))


def _vector(ra: float, dec: float) -> tuple[float, float, float]:
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def _photo(
    one: Measured, things: dict[tuple[float, float], int], best: dict[int, Spectrum]
) -> tuple[object, ...]:
    star, seen = one.star, best.get(one.obj_id)
    return (
        one.obj_id, *one.field.key, one.obj, 1 if one.primary else 2, 3 if one.known else 6,
        round(one.row + 0.5, 4), round(one.column + 0.5, 4),  # SDSS's first pixel is about 0.5
        star.magnitude, star.ra, star.dec, *_vector(star.ra, star.dec), one.field.stretch.mjd,
        identifier(*one.field.key), things[star.ra, star.dec],
        base(seen) if seen else None, seen.kind if seen else None,
    )  # fmt: skip


def base(one: Spectrum) -> int:
    """The specObjID by its bits, without the reduction where that changes (SDSS glossary)."""
    old = 26 * 1024 if one.kind == "SDSS" else 0
    return one.plate << 50 | one.fiber << 38 | (one.mjd - 50_000) << 24 | old


def _spectrum(one: Spectrum, best: dict[int, Spectrum]) -> tuple[object, ...]:
    star = one.measured.star
    number = base(one) if one.kind != "SDSS-V" else None  # a field has too many bits for it
    return (
        number, one.catalog_id, one.measured.obj_id, one.kind, one.plate, one.mjd, one.fiber,
        int(best.get(one.measured.obj_id) is one), star.ra, star.dec, *_vector(star.ra, star.dec),
        one.redshift, one.kind_of_light, *RANGES[one.kind], round(160.0 - 7.0 * star.magnitude, 2),
    )  # fmt: skip


def _apogee(one: ApogeeStar) -> tuple[object, ...]:
    return (
        one.name, one.telescope, one.location, one.field, one.visits, one.velocity, one.snr,
        *one.place, *one.galactic, *_vector(*one.place),
    )  # fmt: skip


def _visits(one: ApogeeStar) -> Iterator[tuple[object, ...]]:
    for number in range(one.visits):
        yield one.name, one.telescope, one.location, one.field, number, one.mjd + number


def transformation(field: Field) -> tuple[float, ...]:
    """The a … f of asTrans: mu = a + b row + c column, nu = d + e row + f column, degrees.

    SDSS counts pixels from their lower left corner, so the middle of the first is at 0.5.
    """
    _, _, mu, nu = field.great_circle
    column, row = (place + 0.5 for place in CENTRE)
    return mu - PIXEL * row, PIXEL, 0.0, nu - PIXEL * column, 0.0, PIXEL


def _field(field: Field, total: int, stars: int) -> tuple[object, ...]:
    mjd = round(field.stretch.mjd + 0.3 + 0.0004 * (field.number - field.stretch.first), 6)
    return (
        identifier(*field.key), *field.key, total, stars, mjd, *transformation(field),
        *field.great_circle[:2], *field.middle, *field.limits, *_vector(*field.middle),
    )  # fmt: skip


def _runs() -> Iterator[tuple[object, ...]]:
    for number, stretch in enumerate(STRETCHES, 10):
        for strip, run in zip("SN", (stretch.run, stretch.run + 1), strict=True):
            own = [field for field in fields().values() if field.run == run]
            first, last = (choose(field.number for field in own) for choose in (min, max))
            circle = own[0].great_circle[:2]
            yield run, stretch.mjd, number, strip, first, last, *circle
