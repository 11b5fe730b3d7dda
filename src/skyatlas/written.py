"""This file writes tables as VOTables that every reader takes and `stilts votlint` passes.

Source: VOTable 1.4, section 2.1 (arraysize "*" is a text of any length).
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["votable"]


def votable(table: Table) -> bytes:
    """The document; columns keep their units, UCDs, utypes and descriptions."""
    from astropy.table import Column, Table

    copy = Table(table, copy=False)
    for column in [one for one in copy.itercols() if one.dtype.kind == "U"]:
        # Texts as objects are written with arraysize "*"; of none at all the writer cannot know
        # that they are texts, and of an empty one of fixed length votlint complains.
        texts = column.astype(object if len(copy) else "U2")
        if hasattr(texts, "filled"):
            texts = texts.filled("")
        facts = {"description": column.description, "meta": column.meta}
        copy[column.name] = Column(texts, name=column.name, **facts)
    raw = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about units that VOTable has other words for
        copy.write(raw, format="votable")
    return raw.getvalue()
