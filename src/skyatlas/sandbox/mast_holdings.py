"""This file is what the sandbox's MAST holds: every observation by obsid, every file by URI."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from skyatlas.sandbox.mast_curves import curves
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_large import large
from skyatlas.sandbox.mast_pictures import pictures


@cache
def observations(seed: int) -> Mapping[int, MastObservation]:
    """All observations, by obsid."""
    every = (*curves(seed), *pictures(seed), *large(seed))
    return MappingProxyType({one.obsid: one for one in every})


@cache
def files(seed: int) -> Mapping[str, tuple[MastFile, tuple[MastObservation, ...]]]:
    """All files, by URI, with the observations that list them (a shared one has several)."""
    found: dict[str, tuple[MastFile, tuple[MastObservation, ...]]] = {}
    for observation in observations(seed).values():
        for file in observation.files:
            _, others = found.get(file.uri, (file, ()))
            found[file.uri] = (file, (*others, observation))
    return MappingProxyType(found)
