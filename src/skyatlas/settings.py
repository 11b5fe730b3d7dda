"""This file holds what a session can be told; only here the environment is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skyatlas.errors import BadInput

MOST_AT_ONCE = 256
"""Connections to one host; more is an attack."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a session needs to know besides the question."""

    sandbox: str | None = None
    """Address of a running sandbox; "" starts one inside this process; None asks the real world."""
    holdings: tuple[Path, ...] = ()
    """Folders of real FITS files that the sandbox of this process adds to its sky."""
    faults: tuple[str, ...] = ()
    """Faults of the sandbox of this process, as `skyatlas sandbox --fault` takes them."""
    offline: bool = False
    """Ask nobody; what is on this machine answers."""
    cache: Path | None = None
    """Folder for resolved names; None: the user's cache folder."""
    files_at_once: int | None = None
    """Files at once from a host that no archive here looks after; None: the usual 4. Archives keep
    their own pace."""
    bandwidth: float | None = None
    """Bytes per second for all files together; None: as fast as they come."""
    durable: bool = True
    """Whether the disk is made to keep each file (fsync) before it gets its name."""
    archives: Path | None = None
    """Folder with a small file for each service of the user's own; None: the user's usual one."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For passwords and certificates; never shown."""

    def __post_init__(self) -> None:
        if self.sandbox and not self.sandbox.startswith(("http://127.0.0.1", "http://localhost")):
            raise BadInput(
                f"the sandbox {self.sandbox!r} is not on this machine; "
                "it must start with http://127.0.0.1:"
            )
        if self.files_at_once is not None and not 1 <= self.files_at_once <= MOST_AT_ONCE:
            raise BadInput(
                f"{self.files_at_once} files at once make no sense; give 1 to {MOST_AT_ONCE}"
            )
        if self.bandwidth is not None and not self.bandwidth >= 1024:
            raise BadInput(
                f"a bandwidth of {self.bandwidth:g} bytes per second is too little; give at least "
                "1 kB"
            )

    @classmethod
    def from_environment(cls) -> Settings:
        """What the environment says: SKYATLAS_SANDBOX, _OFFLINE, _CACHE, _ARCHIVES, _FSYNC."""
        environment = dict(os.environ)
        cache = environment.get("SKYATLAS_CACHE")
        archives = environment.get("SKYATLAS_ARCHIVES")
        return cls(
            sandbox=environment.get("SKYATLAS_SANDBOX") or None,
            offline=environment.get("SKYATLAS_OFFLINE", "") not in ("", "0"),
            cache=Path(cache).expanduser() if cache else None,
            archives=Path(archives).expanduser() if archives else None,
            durable=environment.get("SKYATLAS_FSYNC", "") != "0",
            environment=environment,
        )

    @property
    def cache_folder(self) -> Path:
        """Where resolved names are kept; the sandbox's made-up names have a place of their own."""
        if self.cache is not None:
            return self.cache
        from platformdirs import user_cache_path

        return user_cache_path("skyatlas", appauthor=False)

    @property
    def archives_folder(self) -> Path:
        """Where the small files are that name services of the user's own."""
        if self.archives is not None:
            return self.archives
        from platformdirs import user_config_path

        return user_config_path("skyatlas", appauthor=False) / "archives"
