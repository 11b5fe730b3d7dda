"""This file is MAST: HST, JWST, TESS, Kepler, K2 and what else the Mikulski archive holds.

Invariant: stateless; MAST's words come in, ObsCore goes out. `obsid` (the number by which files are
asked for) and `obs_id` (the name for people) are never one for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.archive import Archive, Ask, Many, Pace, Token
from skyatlas.archives.mast import login
from skyatlas.model import Association, Note, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door


class Mast(Archive):
    """The Mikulski Archive for Space Telescopes."""

    name = "mast"
    title = "Mikulski Archive for Space Telescopes (HST, JWST, TESS, Kepler, K2 …)"
    kinds = frozenset(("image", "cube", "spectrum", "timeseries", "measurements", "visibility"))
    hosts = ("mast.stsci.edu",)
    pace = Pace(at_once=4, per_second=5.0, files_at_once=5)  # none is published but TESScut's 10
    many = Many("upload", 500)
    tables = ("hst", "jwst")
    login_hint = "files of the exclusive-access period"
    token_page = login.PAGE
    token_variables = ("MAST_API_TOKEN",)
    password_service = ("astroquery:mast.stsci.edu.token",)
    product_columns = (
        "productType",
        "productSubGroupDescription",
        "productGroupDescription",
        "extension",
        "calib_level",
        "dataproduct_type",
        "obs_collection",
        "description",
        "productFilename",
        "size",
        "project",
        "prvversion",
        "dataRights",
        "filters",
        "type",
        "obs_id",
        "proposal_id",
    )

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask by place, by identifier or by words; HST's and JWST's own tables by `table`."""
        from skyatlas.archives.mast import asking

        yield from asking.search(queries, door)

    def products(self, rows: Table, door: Door, ask: Ask) -> Iterator[Product | Note | Association]:
        """The files that MAST recommends, or those that `ask` chooses."""
        from skyatlas.archives.mast import products

        yield from products.products(rows, door, ask)

    def sign_in(self, username: str, password: str, door: Door) -> Token:
        """Check the token (given as the password) at MAST; it is its own proof."""
        return login.sign_in(username, password, door)

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """MAST's sentence for each mission of these files.

        Source: archive.stsci.edu/publishing/mission-acknowledgements.
        """
        from skyatlas.archives.mast import thanks

        return thanks.acknowledgement(products)


__all__ = ["Mast"]
