"""This file turns what people hand over to be fetched into products and observations.

Invariant: what is not understood is BadInput; nothing has been asked by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.archives import archive, names
from skyatlas.errors import BadInput
from skyatlas.model import Product

if TYPE_CHECKING:
    from astropy.table import Table

    from skyatlas.observations import Observations


def product_of(what: object) -> Product:
    """A product as it is, or the one at a URL."""
    if isinstance(what, Product):
        return what
    if isinstance(what, str) and what.startswith(("https://", "http://")):
        return Product(url=what)
    raise BadInput(f"cannot fetch {what!r}; a URL starts with https://")


def observations_of(what: object) -> Observations:
    """Observations as they are, or those of a table: ours, or one that an archive recognises."""
    from astropy.table import Row, Table

    from skyatlas.observations import Observations

    if isinstance(what, Observations):
        return what
    if isinstance(what, Row):
        what = Table(what)
    if not isinstance(what, Table):
        raise BadInput(f"cannot fetch a {type(what).__name__}; give observations, a table, or URLs")
    if "archive" in what.colnames and "access_url" in what.colnames:
        return Observations(what)
    return Observations(_adopted(what))


def _adopted(table: Table) -> Table:
    for name in names():
        adopted = archive(name).adopt(table)
        if adopted is not None:
            return adopted
    raise BadInput(
        "no archive recognises this table as its own; it needs the columns archive and "
        "access_url, or for ESO dp_id"
    )
