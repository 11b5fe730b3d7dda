"""This file lists the images and spectra of HST and JWST in the sandbox's MAST."""

from __future__ import annotations

from functools import cache

from skyatlas.sandbox.mast_item import MastObservation


@cache
def pictures(seed: int) -> tuple[MastObservation, ...]:
    """All of them."""
    del seed
    return ()
