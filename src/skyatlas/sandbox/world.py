"""This file makes the world that the sandbox's archives hold: seeded, plus people's own folders.

Invariant: the same seed and the same folders make the same world, down to the bytes of every file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from skyatlas.sandbox.eso_holdings import eso_holdings
from skyatlas.sandbox.folder import items_of_folder
from skyatlas.sandbox.item import NamedObject, World
from skyatlas.sandbox.sky import OBJECTS


def make_world(seed: int = 1, folders: Sequence[Path] = (), crowd: int = 0) -> World:
    """Everything that the sandbox's archives hold.

    Files of `folders` that have a position join ESO's archive; where one has an identifier that
    the seeded archive or an earlier folder has too, the real file takes its place. `crowd` small
    publishers of VO services (at most 100) stand beside the usual ones.
    """
    made = eso_holdings(seed)
    items = dict(made.items)
    objects = list(OBJECTS)
    for folder in folders:
        found, targets = items_of_folder(folder)
        items |= {item.dp_id: item for item in found}
        names = {name for known in objects for name in _names(known)}
        objects += [target for target in targets if not _names(target) & names]
    return World(
        MappingProxyType(items),
        tuple(objects),
        MappingProxyType(made.raw2raw),
        MappingProxyType(made.raw2master),
        seed,
        crowd,
    )


def _names(known: NamedObject) -> set[str]:
    """All names of an object, comparable: without case and blanks."""
    return {"".join(name.split()).casefold() for name in (known.name, *known.aliases)}
