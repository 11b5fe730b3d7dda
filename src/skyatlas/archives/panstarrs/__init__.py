"""This file is Pan-STARRS: the PS1 surveys' images, in pieces and whole.

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


class PanStarrs(Archive):
    """Pan-STARRS1 Surveys (PS1)."""

    name = "panstarrs"
    title = "Pan-STARRS1 Surveys (PS1)"
    kinds = frozenset(("image",))
    hosts = ("ps1images.stsci.edu",)
    pace = Pace(at_once=4, per_second=5.0, files_at_once=10)
    many = Many("upload", 500)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask by place."""
        del queries, door
        yield from ()


__all__ = ["PanStarrs"]
