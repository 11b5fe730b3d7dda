"""This file is SDSS: images, spectra and objects of the Sloan Digital Sky Survey.

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


class Sdss(Archive):
    """Sloan Digital Sky Survey."""

    name = "sdss"
    title = "Sloan Digital Sky Survey"
    kinds = frozenset(
        (
            "image",
            "spectrum",
            "measurements",
        )
    )
    hosts = (
        "skyserver.sdss.org",
        "data.sdss.org",
    )
    pace = Pace(at_once=2, per_second=1.0, files_at_once=4)
    many = Many("upload", 100)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask by place."""
        del queries, door
        yield from ()


__all__ = ["Sdss"]
