"""This file is SDSS: images, spectra and objects of the Sloan Digital Sky Survey.

Invariant: stateless; the archive's words come in, ObsCore goes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.archive import Archive, Ask, Many, Pace
from skyatlas.model import Association, Note, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.stamp import Stamp, Survey


class Sdss(Archive):
    """Sloan Digital Sky Survey."""

    name = "sdss"
    title = "Sloan Digital Sky Survey"
    kinds = frozenset(("image", "spectrum", "measurements"))
    hosts = ("skyserver.sdss.org", "data.sdss.org")
    pace = Pace(at_once=2, per_second=1.0, files_at_once=4)  # SkyServer: 60 questions a minute
    many = Many("upload", 100)
    tables = ("photoobj", "specobj", "apogeestar")
    product_columns = ("size", "band", "run2d", "instrument")

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask by place, in the release that `data_release` names; SkyServer's tables by `table`."""
        from skyatlas.archives.sdss import asking

        yield from asking.search(queries, door)

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
        """Frames, and spectra: without exposures and fits, unless `ask` wants everything."""
        from skyatlas.archives.sdss import products

        del door  # the rows say all
        yield from products.products(rows, ask)

    def surveys(self) -> Sequence[Survey]:
        """The imaging survey."""
        from skyatlas.archives.sdss import stamps

        return (stamps.SURVEY,)

    def stamps(self, stamps: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
        """Pieces, to be made here of the fewest frames that show them."""
        from skyatlas.archives.sdss import stamps as pieces

        yield from pieces.stamps(stamps, door)

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """SDSS's sentences for the phases that these files are of.

        Source: www.sdss.org/collaboration/citing-sdss.
        """
        from skyatlas.archives.sdss import releases

        return releases.acknowledgement(products)


__all__ = ["Sdss"]
