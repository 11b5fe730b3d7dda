"""This file keeps a file that was made here as if it had come: verified, whole, never half-written.

Invariant: like a fetched file it has its final name only when all its bytes are on the disk, and a
different file that has the name already is left alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from skyatlas.errors import Incomplete
from skyatlas.net.inspection import Inspection
from skyatlas.net.keeping import Facts, OwnerOf, settle, stem, unwritable
from skyatlas.net.part import Journal, Part
from skyatlas.net.promise import Promise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skyatlas.model import Product, Receipt
    from skyatlas.net.street import Street

__all__ = ["kept"]


def kept(
    product: Product,
    folder: Path,
    body: bytes,
    *,
    street: Street,
    owner: OwnerOf,
    ways: Sequence[str],
    started: float,
    replace: bool = False,
) -> Receipt:
    """Write the bytes of a product into `folder` (made where missing); its receipt, to be kept.

    `ways` say what was verified while it was made, `started` is when that began (Unix time).
    Raises Corrupt where the bytes are not what the product's name says, Incomplete where another
    process is making the same file, and Unwritable.
    """
    name = product.name or stem(product)
    inspection = Inspection(Promise(product, name, len(body)))
    inspection.feed(body)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = Part(f"{folder}{os.sep}{stem(product)}.part")
        if part.claim() is None:
            raise Incomplete(f"{name} is being made by another program", product=product)
        try:
            part.empty()
            try:
                part.write(0, body)
                if street.durable:
                    part.sync()
            except OSError:
                part.empty()  # it is made anew each time: nobody goes on with a part of it
                raise
            facts = Facts(
                name=name,
                url=product.url,
                journal=Journal.of(product.url, {"content-type": product.content_type}, len(body)),
                started=started,
                ended=street.clock.today(),
                resumed=False,
                ways=(*ways, *inspection.finish(folder / name)),
                sha256=inspection.sha256,
                size=len(body),
                versions=street.versions,
            )
            return settle(product, folder, part, facts, owner, replace=replace)
        finally:
            part.release()
    except OSError as error:
        raise unwritable(product, folder, error) from error
