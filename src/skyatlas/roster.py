"""This file knows which archives one user can ask: ours, other packages', and the user's own.

Invariant: a small file that cannot be read is in the way of nobody but who asks for it by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skyatlas.archives import EVERYWHERE, names
from skyatlas.archives import archive as ours
from skyatlas.errors import AtlasError, BadInput

if TYPE_CHECKING:
    from skyatlas.archive import Archive
    from skyatlas.archives.vo.own import OwnService


class Roster:
    """The archives by name. `folder` holds the user's own small files; it need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def own(self) -> Mapping[str, OwnService | AtlasError]:
        """The user's own services, or what is wrong with their files."""
        if not self._folder.exists():  # most users have none: nothing is loaded at start
            return {}
        from skyatlas.archives.vo.own import own_services

        return own_services(self._folder, taken=(EVERYWHERE, *names()))

    def archive(self, name: str) -> Archive:
        """The archive of that name. Raises UnknownArchive, and BadInput for a broken own file."""
        own = self.own.get(name.strip().casefold())
        if own is None:
            return ours(name)
        if isinstance(own, AtlasError):
            raise own
        from skyatlas.archives.vo import Vo

        return Vo(own.name, own=own)

    def usual(self, *, made_up: bool = False) -> list[Archive]:
        """Those that are asked where nobody is named; in the sandbox, none of the user's own."""
        fixed = [ours(name) for name in names()]
        if made_up:
            return fixed
        return [*fixed, *(self.archive(n) for n, one in self.own.items() if not _broken(one))]

    def with_table(self, table: str, among: Sequence[Archive]) -> list[Archive]:
        """Those that have a table of that name; BadInput where nobody has."""
        name = table.casefold()
        fit = [one for one in among if any(fnmatchcase(name, pattern) for pattern in one.tables)]
        if not fit:
            known = [f"{', '.join(one.tables)} of {one.name}" for one in among if one.tables]
            raise BadInput(f"no archive has a table {table!r}; there are: {'; '.join(known)}")
        return fit

    def named(self, wanted: list[str]) -> list[Archive]:
        """The archives of these names, each once."""
        if not wanted:
            raise BadInput("no archive was named")
        return [self.archive(name) for name in dict.fromkeys(wanted)]


def _broken(one: OwnService | AtlasError) -> bool:
    return isinstance(one, AtlasError)
