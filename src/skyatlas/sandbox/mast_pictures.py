"""This file lists the images and spectra of HST and JWST in the sandbox's MAST."""

from __future__ import annotations

from functools import cache

from skyatlas.sandbox.mast_item import MastObservation
from skyatlas.sandbox.mast_pictures_high import high_level
from skyatlas.sandbox.mast_pictures_hubble import Hubble
from skyatlas.sandbox.mast_pictures_slits import Slits
from skyatlas.sandbox.mast_pictures_webb import Webb


@cache
def pictures(seed: int) -> tuple[MastObservation, ...]:
    """All of them."""
    hubble = Hubble(seed)
    seen = tuple(hubble.observations())
    return (
        *seen,
        *Slits(seed).observations(),
        *high_level(tuple(zip(hubble.visits(), seen, strict=True))),
        *Webb(seed).observations(),
    )
