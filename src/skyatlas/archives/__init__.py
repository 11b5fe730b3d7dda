"""This room holds one package or file per archive; none knows another, each is loaded when asked.

`vo:` in front of an ivo:// identifier or an address makes an archive of any service of the Virtual
Observatory. Small files of the user's own (`archives/vo/own.py`) name such services.

Other packages add archives through the entry point group `skyatlas.archives`: the name is what
people type, the object a subclass of `skyatlas.archive.Archive`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from skyatlas.errors import UnknownArchive

if TYPE_CHECKING:
    from skyatlas.archive import Archive

_OWN = {
    "eso": ("skyatlas.archives.eso", "Eso"),
    "mast": ("skyatlas.archives.mast", "Mast"),
    "panstarrs": ("skyatlas.archives.panstarrs", "PanStarrs"),
    "sdss": ("skyatlas.archives.sdss", "Sdss"),
    "skyview": ("skyatlas.archives.skyview", "SkyView"),
}
EVERYWHERE = "vo"
"""All services that a registry knows: asked only by name, never as one of "all archives"."""


def names() -> tuple[str, ...]:
    """What people may type after `--archive`, besides "vo" and "vo:…"."""
    return (*_OWN, *sorted(set(_others()) - set(_OWN)))


@cache
def archive(name: str) -> Archive:
    """The archive of that name. Raises UnknownArchive."""
    word = name.strip().casefold()
    if word == EVERYWHERE or word.startswith("vo:"):
        from skyatlas.archives.vo import Vo

        return Vo(name.strip() if ":" in word else EVERYWHERE)
    if word in _OWN:
        module, attribute = _OWN[word]
        made: Archive = getattr(import_module(module), attribute)()
        return made
    others = _others()
    if word in others:
        other: Archive = others[word].load()()  # type: ignore[attr-defined]
        return other
    raise UnknownArchive(
        f"there is no archive {name!r}; there are: {', '.join(names())}, "
        "vo (all services that a registry knows), vo:ivo://… and vo:https://…"
    )


def _others() -> dict[str, object]:
    return {point.name.casefold(): point for point in entry_points(group="skyatlas.archives")}
