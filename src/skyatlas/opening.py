"""This file opens the street as the settings want it: whom it knows, where it leads, what it keeps.

Invariant: what a sandbox makes up is never kept where the real sky is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from skyatlas.archive import Pace
from skyatlas.memory import Memory
from skyatlas.names import RESOLVERS
from skyatlas.net.leases import shared_folder
from skyatlas.net.pace import Host
from skyatlas.net.street import Street

if TYPE_CHECKING:
    from skyatlas.archive import Archive
    from skyatlas.settings import Settings


def opened(settings: Settings, archives: Iterable[Archive], sandbox: str | None) -> Street:
    """The street for these archives; `sandbox` is the address of one that runs, or None."""
    # The next resolver is a better second try than the same one again.
    hosts = {host: Host(name, Pace(), tries=2) for host, name in RESOLVERS.items()}
    # Not among an archive's hosts: those see its credentials.
    hosts["s3.amazonaws.com"] = Host("Amazon's cloud", Pace(files_at_once=8))
    for archive in archives:
        for host in archive.hosts:
            hosts[host] = Host(archive.name, archive.pace, login=bool(archive.login_hint))
    return Street(
        hosts,
        sandbox=sandbox,
        offline=settings.offline,
        ca_bundle=settings.environment.get("SSL_CERT_FILE"),
        leases=shared_folder(settings.sandbox),
        files_at_once=settings.files_at_once,
        bandwidth=settings.bandwidth,
        durable=settings.durable,
        memory=Memory(_memory_folder(settings)),
    )


def _memory_folder(settings: Settings) -> Path | None:
    """Where what must outlive a crash is kept; of a sandbox in this process, nothing is."""
    if settings.sandbox == "":
        return None
    if settings.sandbox is None:
        return settings.cache_folder / "memory"
    return settings.cache_folder / f"memory-{settings.sandbox.rpartition(':')[2].strip('/')}"
