"""This file is SkyView: images of the whole sky in all wavebands, made on request.

Invariant: stateless; the archive's words come in, ObsCore goes out. Every image is resampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.archive import Archive, Ask, Many, Pace
from skyatlas.model import Note, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.errors import AtlasError
    from skyatlas.memory import Memory
    from skyatlas.stamp import Stamp, Survey


class SkyView(Archive):
    """SkyView Virtual Observatory."""

    name = "skyview"
    title = "SkyView Virtual Observatory"
    kinds = frozenset(("image",))
    hosts = ("skyview.gsfc.nasa.gov",)
    # None is published; each image costs the server seconds to minutes.
    # An image is made while we wait, for a large one minutes.
    pace = Pace(at_once=2, per_second=2.0, files_at_once=3, silence=300.0)
    many = Many("loop", 1)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask which surveys have looked at a place, one question for each."""
        from skyatlas.archives.skyview import asking

        yield from asking.search(queries, door)

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product]:
        """The image of each row, named by its target and survey."""
        from skyatlas.archives.skyview import asking

        del door, ask
        yield from asking.products(rows)

    def surveys(self) -> Sequence[Survey]:
        """SkyView's surveys, as this package lists them; `remembered` knows newer ones."""
        from skyatlas.archives.skyview import surveys

        return surveys.known()

    def remembered(self, memory: Memory) -> Sequence[Survey]:
        """SkyView's surveys, as the form had them when `refresh` last read it."""
        from skyatlas.archives.skyview import surveys

        return surveys.known(memory)

    def refresh(self, door: Door) -> Sequence[str]:
        """Read the form; what is new and what is gone, a sentence each. Raises Unreadable."""
        from skyatlas.archives.skyview import surveys

        return surveys.refresh(door)

    def stamps(self, stamps: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
        """Images made on request: one call each, at the survey's own scale where none is given."""
        from skyatlas.archives.skyview import images

        yield from images.stamps(stamps, door)

    def outside(self, error: AtlasError) -> str:
        """Whether a page or a 404 in place of an image means that a survey has nothing there."""
        from skyatlas.archives.skyview import images

        return images.outside(error)

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """SkyView's sentence, and those of the surveys of these images."""
        from skyatlas.archives.skyview import thanks

        return thanks.acknowledgement(products)


__all__ = ["SkyView"]
