"""This file is Pan-STARRS: the PS1 surveys' images, in pieces and whole.

Invariant: stateless; the archive's words come in, ObsCore goes out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skyatlas.archive import Archive, Ask, Many, Pace
from skyatlas.errors import AtlasError, Corrupt
from skyatlas.model import Association, Note, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door
    from skyatlas.stamp import Stamp, Survey

_NOTHING_THERE = re.compile(r"(?i)not in the image|no (data|overlap)|outside")
"""How a page may say that an image does not show a place. [mem] The words were never recorded."""


class PanStarrs(Archive):
    """Pan-STARRS1 Surveys (PS1)."""

    name = "panstarrs"
    title = "Pan-STARRS1 Surveys (PS1)"
    kinds = frozenset(("image",))
    hosts = ("ps1images.stsci.edu",)
    pace = Pace(at_once=4, per_second=5.0, files_at_once=10)  # STScI asks for ten pieces at most
    many = Many("upload", 500)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Stacks and warps of the skycells around places."""
        from skyatlas.archives.panstarrs import asking

        yield from asking.search(queries, door)

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
        """The whole skycell of each row."""
        from skyatlas.archives.panstarrs import products

        del door, ask
        yield from products.products(rows)

    def surveys(self) -> Sequence[Survey]:
        """ "ps1": the stacks of the 3pi survey in g, r, i, z, y."""
        from skyatlas.archives.panstarrs.facts import ps1

        return (ps1(),)

    def stamps(self, stamps: Sequence[Stamp], door: Door) -> Iterator[tuple[int, Product | Note]]:
        """Pieces by fitscut.cgi; where skycells meet, what a mosaic is made of."""
        from skyatlas.archives.panstarrs import stamps as pieces

        yield from pieces.stamps(stamps, door)

    def outside(self, error: AtlasError) -> str:
        """The sentence where fitscut.cgi gave no bytes, or a page that says that nothing is there.

        Any other page is a failure: a service that is out of order shows one too.
        """
        if not isinstance(error, Corrupt):
            return ""
        if "is empty; fetch" in str(error) or _NOTHING_THERE.search(error.said):
            return "PS1 has no pixels there: the skycell ends before"
        return ""

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """The survey's sentence, where any file is PS1's."""
        from skyatlas.archives.panstarrs.facts import thanks

        return thanks() if products else ""


__all__ = ["PanStarrs"]
