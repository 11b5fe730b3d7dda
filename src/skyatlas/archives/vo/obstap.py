"""This file asks a TAP service's ObsCore table about many positions in one request.

Where the service takes uploads, the positions go up as a table and each row says which it answers.
Source: ObsCore 1.1 (2017), TAP 1.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas.errors import ArchiveError
from skyatlas.protocols import tap
from skyatlas.protocols.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skyatlas.archive import Door
    from skyatlas.model import Query


def ask(door: Door, service: Service, queries: Sequence[Query]) -> Answer:
    """The rows of all queries, which share their filters. Raises an ArchiveError leaf.

    Where one address of the service gives no answer, the next one is asked.
    """
    first: ArchiveError | None = None
    for url in (service.url, *service.mirrors):
        try:
            return _asked(door, tap.TapService(service.archive, url), service.table, queries)
        except ArchiveError as error:
            if not error.again:
                raise
            first = first or error
    assert first is not None
    raise first


def _asked(door: Door, where: tap.TapService, table: str, queries: Sequence[Query]) -> Answer:
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
        table,
        columns=tap.columns_of(door, where, table),
        geometry=geometry,
        upload=upload,
    )
    uploads = {tap.UPLOAD: tap.upload_of(queries)} if upload else None
    answer = tap.ask(door, where, adql, limit=queries[0].limit, uploads=uploads)
    # Where footprints cannot be asked for, centres farther around are.
    widened = geometry is not None and "INTERSECTS" not in geometry
    return replace(answer, widened=widened)
