"""This file tells images of nothing from images, and from failures.

Invariant: no coverage is a note and no file; it takes evidence: the service's own words, or a whole
image in which every pixel says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from skyatlas import library
from skyatlas.errors import FormatError
from skyatlas.journeys.fetch import Fetched, Plan
from skyatlas.model import Failure, Note, Receipt, Why

if TYPE_CHECKING:
    from pathlib import Path

    from skyatlas.archive import Archive

__all__ = ["settled"]

_NO_CONTENT = 204


def settled(
    done: Fetched, archives: Callable[[str], Archive], fetch: Callable[[Plan, Path], Fetched]
) -> Fetched:
    """What was fetched, with pieces in which there is nothing told as notes.

    A blank image is removed with its receipt, and `fetch` (of nothing) writes anew what describes
    the folder. SODA 1.0, section 4.2: 204 where nothing of the dataset lies in the piece.
    """
    notes: list[Note] = []
    failures: list[Failure] = []
    for failure in done.failures:
        note = _no_failure(failure, archives)
        if note is None:
            failures.append(failure)
        else:
            notes.append(note)
    blank = [receipt for receipt in done.receipts if _is_blank(receipt)]
    for receipt in blank:
        library.forget(receipt)
        product = receipt.product
        words = f"{product.provenance['survey']} {product.provenance['band']}".rstrip()
        text = f"{words} has nothing at {product.target}: the image that came is blank"
        notes.append(Note(Why.OUTSIDE, text))
    if blank:
        done = replace(done, acknowledgements=fetch(Plan(()), done.folder).acknowledgements)
    return replace(
        done,
        receipts=tuple(receipt for receipt in done.receipts if receipt not in blank),
        failures=tuple(failures),
        notes=tuple(dict.fromkeys((*done.notes, *notes))),
    )


def _no_failure(failure: Failure, archives: Callable[[str], Archive]) -> Note | None:
    product = failure.product
    if getattr(failure.error, "status", None) == _NO_CONTENT:
        words = f"nothing of {product.obs_id or product.url} lies in the piece"
        return Note(Why.ASSUMED, words)
    if "survey" not in product.provenance or not product.archive:
        return None
    words = archives(product.archive).outside(failure.error)
    return Note(Why.OUTSIDE, f"{words} ({product.target})") if words else None


def _is_blank(receipt: Receipt) -> bool:
    """Whether a piece of a survey that came in this run shows nothing at all."""
    if "survey" not in receipt.product.provenance or receipt.status == "kept":
        return False
    if receipt.product.semantics != "#cutout" or receipt.path.suffix != ".fits":
        return False
    import numpy as np

    from skyatlas.formats import read

    try:
        pixels = np.asarray(getattr(read(receipt.readable), "pixels", ()))
    except FormatError:
        return False
    seen = pixels[np.isfinite(pixels)]
    return not seen.size or bool(seen.min() == seen.max())
