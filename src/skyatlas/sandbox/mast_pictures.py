"""This file lists the images and spectra of HST and JWST in the sandbox's MAST."""

from __future__ import annotations

from functools import cache

from skyatlas.sandbox.mast_item import MastObservation
from skyatlas.sandbox.mast_pictures_hubble import Hubble
from skyatlas.sandbox.mast_pictures_rows import Sizes


@cache
def pictures(seed: int) -> tuple[MastObservation, ...]:
    """All of them."""
    sizes = Sizes()
    return tuple(Hubble(seed, sizes).observations())
