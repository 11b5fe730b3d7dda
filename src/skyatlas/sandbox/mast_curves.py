"""This file lists the light curves and pixels of TESS, Kepler and K2 in the sandbox's MAST."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain

from skyatlas.sandbox.mast_curves_authors import authors
from skyatlas.sandbox.mast_curves_frames import frames
from skyatlas.sandbox.mast_curves_kepler import kepler
from skyatlas.sandbox.mast_curves_rows import Draft
from skyatlas.sandbox.mast_curves_tess import many, tess
from skyatlas.sandbox.mast_item import MastObservation

_FIRST = 60_000_001  # obsids of TESS at MAST are as long
_CROWD = 61_000_001


@cache
def curves(seed: int) -> tuple[MastObservation, ...]:
    """All of them."""
    return tuple(chain(_numbered(_known(seed), _FIRST), _numbered(many(seed), _CROWD)))


def _known(seed: int) -> Iterator[Draft]:
    yield from tess(seed)
    yield from authors(seed)
    yield from kepler(seed)
    yield from frames(seed)


def _numbered(drafts: Iterator[Draft], first: int) -> Iterator[MastObservation]:
    for obsid, draft in enumerate(drafts, start=first):
        yield draft.numbered(obsid)
