"""This file makes the tables of the invented publishers' TAP services: ObsCore and catalogues.

Invariant: ivoa.obscore holds the publisher's data sets as their ObsCore rows say, nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from skyatlas.sandbox import obscore, tap_formats, vo_holdings
from skyatlas.sandbox.item import World
from skyatlas.sandbox.jobs import Limits
from skyatlas.sandbox.publisher import Collection, Publisher, VoService
from skyatlas.sandbox.tables import Column, Table
from skyatlas.sandbox.tap_schema import tap_schema
from skyatlas.sandbox.tap_service import TapService

UPLOAD_ROWS = 10_000
"""Rows of an uploaded table, where tables can be uploaded."""
_OWN = (
    Column("filter", description="Name of the filter"),
    Column("snr", "double", ucd="stat.snr", description="Signal to noise"),
)
"""Columns that the publishers add to the standard's."""
_OPTIONAL = (
    *("obs_title", "obs_creator_name", "obs_release_date", "data_rights"),
    *("s_pixel_scale", "o_calib_status"),
)
_SOME = "SELECT TOP 5 * FROM"
_EXAMPLES = (
    "SELECT TOP 5 * FROM ivoa.obscore WHERE dataproduct_type = 'image'",
    (
        "SELECT obs_title, access_url FROM ivoa.obscore "
        "WHERE 1 = CONTAINS(POINT('ICRS', 40.67, -0.013), s_region)"
    ),
)
_SOURCE = (
    Column("source_id", ucd="meta.id;meta.main", description="Identifier of the source"),
    Column("ra", "double", "deg", "pos.eq.ra;meta.main", description="Right ascension (ICRS)"),
    Column("dec", "double", "deg", "pos.eq.dec;meta.main", description="Declination (ICRS)"),
    Column("mag", "float", "mag", "phot.mag;em.IR", description="Magnitude"),
)


def published(publisher: Publisher, seed: int) -> list[Table]:
    """All that a publisher shows by TAP, without TAP_SCHEMA."""
    catalogues = (one for one in publisher.collections if one.kind == "catalogue")
    return [
        _obscore(publisher, seed),
        *(_catalogue(publisher, collection, seed) for collection in catalogues),
    ]


def _obscore(publisher: Publisher, seed: int) -> Table:
    columns = (*(obscore.STANDARD[name] for name in (*obscore.NEEDED, *_OPTIONAL)), *_OWN)
    rows = tuple(item.row for item in vo_holdings.items(publisher, seed))
    if unknown := {name for row in rows for name in row} - {column.name for column in columns}:
        raise ValueError(f"ivoa.obscore has no columns {sorted(unknown)}")
    about = f"Data sets of {publisher.title}, as ObsCore 1.1 has them"
    by = frozenset({"obs_publisher_did"})
    return Table("ivoa", "obscore", columns, rows, about, utype=obscore.UTYPE, indexed=by)


def _catalogue(publisher: Publisher, collection: Collection, seed: int) -> Table:
    rows = tuple(
        {"source_id": one.name, "ra": one.ra, "dec": one.dec, "mag": one.magnitude}
        for one in vo_holdings.sources(collection, seed)
    )
    return Table(publisher.name, _named(collection), _SOURCE, rows, collection.description)


def _named(collection: Collection) -> str:
    return collection.name.lower().replace("-", "_")


def _tables(publisher: Publisher, world: World, _programs: object) -> list[Table]:
    own = published(publisher, world.seed)
    about = {"ivoa": "Data sets as ObsCore has them", publisher.name: "Catalogues"}
    return own + tap_schema(own, about)


def services(publisher: Publisher, service: VoService) -> tuple[TapService, ...]:
    """A publisher's TAP service at each of its addresses."""
    catalogues = (
        f"{publisher.name}.{_named(one)}"
        for one in publisher.collections
        if one.kind == "catalogue"
    )
    examples = (*_EXAMPLES, *(f"{_SOME} {name}" for name in catalogues))
    first = TapService(
        name=f"{publisher.name}/tap",
        base=service.url,
        tables=partial(_tables, publisher),
        models=((obscore.MODEL, "ObsCore-1.1"),),
        examples=examples,
        formats=tap_formats.EVERY,
        default_rows=service.limit,
        most_rows=1_000_000,
        jobs=Limits(seconds=600.0),
        upload_rows=UPLOAD_ROWS if "uploads" in service.habits else 0,
        strict_case=True,
    )
    return (first, *(replace(first, base=url) for url in service.mirrors))
