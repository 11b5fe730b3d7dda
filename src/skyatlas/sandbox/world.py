"""This file makes the world that the sandbox's archives hold: seeded, plus people's own folders.

Invariant: the same seed and the same folders make the same world, down to the bytes of every file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from skyatlas.sandbox.eso_holdings import eso_holdings
from skyatlas.sandbox.item import World
from skyatlas.sandbox.sky import OBJECTS


def make_world(seed: int = 1, folders: Sequence[Path] = ()) -> World:
    """Everything that the sandbox's archives hold.

    Files of `folders` that have a position join ESO's archive; where one has an identifier that
    the seeded archive or an earlier folder has too, the real file takes its place.
    """
    made = eso_holdings(seed)
    items = dict(made.items)
    objects = list(OBJECTS)
    return World(
        MappingProxyType(items),
        tuple(objects),
        MappingProxyType(made.raw2raw),
        MappingProxyType(made.raw2master),
    )
