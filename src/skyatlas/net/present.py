"""This file says how things stand at each host at this moment, without taking part in them.

It looks at the slots and notes of all processes that share a folder. To see whether a slot is held
it locks it for some microseconds; who wants it just then looks again a moment later.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from skyatlas.net.leases import folder_name, fresh, try_lock, unlock
from skyatlas.net.ledger import STATE, Record, parsed
from skyatlas.net.pace import Host

__all__ = ["Present", "present"]


@dataclass(frozen=True, slots=True)
class Present:
    """One host now; moments are Unix time in seconds, 0.0 for never."""

    host: str
    known: Host
    """What the archives say of it; for a host of no archive, what holds for those."""
    files: int
    """Under way."""
    files_allowed: int
    questions: int
    questions_allowed: int
    waiting: int
    """Processes that wait for a turn."""
    record: Record
    """What the processes noted."""

    @property
    def busy(self) -> bool:
        """Whether anybody asks it for anything, or waits to."""
        return bool(self.files or self.questions or self.waiting)


def present(folder: Path | None, hosts: Mapping[str, Host]) -> list[Present]:
    """Every host of `hosts` and of the folder; without a folder, nobody does anything."""
    names = {folder_name(host): host for host in hosts}
    if folder is not None and folder.is_dir():
        for path in sorted(folder.iterdir()):
            names.setdefault(path.name, unquote(path.name))
    return [
        _host(host, hosts.get(host) or Host(""), folder and folder / name)
        for name, host in names.items()
    ]


def _host(host: str, known: Host, folder: Path | None) -> Present:
    entries = sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
    files, questions = (list(_held(entries, kind)) for kind in ("file", "question"))
    return Present(
        host,
        known,
        len(files),
        max(known.pace.files_at_once, *(slot + 1 for slot in files), 0),
        len(questions),
        max(known.pace.at_once, *(slot + 1 for slot in questions), 0),
        len(_waiting(entries)),
        next((_record(one) for one in entries if one.name == STATE), Record()),
    )


def _held(entries: list[Path], kind: str) -> Iterator[int]:
    """The numbers of the slots that somebody holds."""
    for path in entries:
        begin, _, number = path.name.partition("-")
        if begin == kind and number.isdigit() and _locked(path):
            yield int(number)


def _locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if not try_lock(file):
            return True
        unlock(file)
        return False
    except OSError:
        return False
    finally:
        os.close(file)


def _waiting(entries: list[Path]) -> set[str]:
    """The processes that lately found no turn, of either kind."""
    found = set()
    for path in entries:
        what, _, who = path.name.partition("-waits-")
        if what in ("file", "question") and who:
            with suppress(OSError):  # swept away
                if fresh(path.stat().st_mtime, time.time()):
                    found.add(who.partition("-")[0])
    return found


def _record(path: Path) -> Record:
    try:
        return parsed(path.read_bytes()) or Record()
    except OSError:
        return Record()
