"""This file asks a TAP service's ObsCore table about many positions in one request.

Where the service takes uploads, the positions go up as a table and each row says which it answers.
Source: ObsCore 1.1 (2017), TAP 1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.protocols import tap
from skyatlas.protocols.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skyatlas.archive import Door
    from skyatlas.model import Query


def widened(door: Door, service: Service) -> bool:
    """Whether `ask` looks farther around than was asked, because footprints cannot be asked for."""
    geometry = tap.known(door, tap.TapService(service.archive, service.url)).offer.geometry
    return geometry is not None and "INTERSECTS" not in geometry


def ask(door: Door, service: Service, queries: Sequence[Query]) -> Answer:
    """The rows of all queries, which share their filters. Raises an ArchiveError leaf."""
    where = tap.TapService(service.archive, service.url)
    about = tap.known(door, where)
    placed = all(query.target is not None and query.target.ra is not None for query in queries)
    geometry = about.offer.geometry
    upload = (
        len(queries) > 1
        and placed
        and "inline" in about.offer.uploads
        and (geometry is None or "CONTAINS" in geometry)
    )
    adql = tap.obscore_adql(
        queries,
        service.table,
        columns=tap.columns_of(door, where, service.table),
        geometry=geometry,
        upload=upload,
    )
    uploads = {tap.UPLOAD: tap.upload_of(queries)} if upload else None
    return tap.ask(door, where, adql, limit=queries[0].limit, uploads=uploads)
