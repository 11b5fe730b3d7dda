"""This file makes products of rows: whole skycells, each under its own name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skyatlas.archives.panstarrs.listing import SITE
from skyatlas.model import Product
from skyatlas.obscore import said

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["ASINH", "products"]

ASINH = (
    "not before BSOFTEN and BOFFSET are undone: "
    "counts = BOFFSET + BSOFTEN (10^(0.4 v) - 10^(-0.4 v)) of the stored v"
)
"""How far the numbers in a stored stack can be trusted; warps and pieces are linear."""
_TOLD = (
    "obs_collection", "obs_id", "dataproduct_type", "dataproduct_subtype", "calib_level",
    "target_name", "s_ra", "s_dec", "s_fov", "t_min", "t_max", "em_min", "em_max",
    "facility_name", "instrument_name",
)  # fmt: skip


def products(rows: Table) -> Iterator[Product]:
    """The image of each row, each once."""
    seen: set[str] = set()
    for row in rows:
        url = str(said(row, "access_url") or "")
        if not url.startswith(SITE) or url in seen:
            continue
        seen.add(url)
        name = url.rpartition("/")[2]
        facts = {key: said(row, key) for key in _TOLD if said(row, key) is not None}
        stack = said(row, "dataproduct_subtype") == "stack"
        yield Product(
            url=url,
            archive="panstarrs",
            product_id=name,
            obs_id=str(said(row, "obs_id") or ""),
            target=str(said(row, "target") or ""),
            name=name,
            content_type="image/fits",
            provenance=facts | {"photometry": ASINH if stack else "safe"},
        )
