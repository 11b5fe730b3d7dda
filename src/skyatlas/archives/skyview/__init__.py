"""This file is SkyView: images of the whole sky in all wavebands, made on request.

Invariant: stateless; the archive's words come in, ObsCore goes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.archive import Archive, Many, Pace
from skyatlas.model import Note, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door


class SkyView(Archive):
    """SkyView Virtual Observatory."""

    name = "skyview"
    title = "SkyView Virtual Observatory"
    kinds = frozenset(("image",))
    hosts = ("skyview.gsfc.nasa.gov",)
    pace = Pace(at_once=2, per_second=2.0, files_at_once=3)
    many = Many("loop", 1)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask by place."""
        del queries, door
        yield from ()


__all__ = ["SkyView"]
