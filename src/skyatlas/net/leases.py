"""This file shares turns at a host between processes: a turn is a lock that dies with its holder.

Slot number k of a host is a file that somebody holds locked. The system lets go of the lock when
the process ends, however it ends, so no turn is ever lost. Nothing here waits.
"""

from __future__ import annotations

import bisect
import logging
import os
import random
import secrets
import sys
import time
import warnings
from pathlib import Path
from urllib.parse import quote, urlsplit

__all__ = [
    "Slots",
    "folder_name",
    "fresh",
    "host_folder",
    "open_in",
    "shared_folder",
    "try_lock",
    "unlock",
]

_FRESH = 1.5
"""Seconds for which it counts that a process took a turn, or waits for one."""
_TOUCH = 0.5
"""Seconds after which a process says so again."""
_COUNT = 0.1
"""Seconds for which it is taken as known what the others said."""
_OLD = 60.0
"""Seconds after which such a sign is swept away."""
_LOOK = 0.1
"""Seconds between looks where only this process could free a slot."""
_LOOK_ELSEWHERE = (0.02, 0.04)
"""The same where another process holds one; drawn at random, so that looks do not march in step."""
_SLICE = 0.15
"""Seconds for which a process keeps a slot that goes round, file after file."""
_STEP = 0.05
"""Seconds, at least, for which it then leaves it to those who look; longer than a look."""
_BEYOND = 2**30
"""Byte that stands for the whole file on Windows, which keeps others from reading a locked one."""

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_random = random.SystemRandom()
_log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: int) -> bool:
        """Lock an open file without waiting; False where somebody else holds it."""
        os.lseek(file, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def unlock(file: int) -> None:
        """Let go of a lock."""
        os.lseek(file, _BEYOND, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

    _WITHOUT_WAITING = LOCK_EX | LOCK_NB

    def try_lock(file: int) -> bool:
        """Lock an open file without waiting; False where somebody else holds it.

        OSError where the file system knows no locks.
        """
        try:
            flock(file, _WITHOUT_WAITING)
        except BlockingIOError:
            return False
        return True

    def unlock(file: int) -> None:
        """Let go of a lock."""
        flock(file, LOCK_UN)


def shared_folder(sandbox: str | None = None) -> Path | None:
    """Where the processes of this user share their turns; gone after a restart of the machine.

    A sandbox (its address) has a place of its own, so that play never slows work; one inside this
    process (the address "") is asked by nobody else: None.
    """
    if sandbox == "":
        return None
    from platformdirs import user_runtime_path

    with warnings.catch_warnings():
        # Where there is no runtime folder, the place that stands in for it is as good: what is
        # found there is trusted only where it is this user's (see `host_folder`).
        warnings.simplefilter("ignore")
        folder = user_runtime_path("skyatlas", appauthor=False)
    return (
        folder / "hosts" if sandbox is None else folder / f"sandbox-{urlsplit(sandbox).port or 80}"
    )


def folder_name(host: str) -> str:
    """What the folder of a host is called: no host's name leads out of the folder above it."""
    name = quote(host, safe="")[:200]  # no real host's name is longer
    return name if name.strip(".") else f"_{name}"


def host_folder(folder: Path, host: str) -> Path | None:
    """The folder of one host, made and tried; None where it cannot be used to share turns.

    It must be this user's alone: where no runtime folder exists, a place in /tmp stands in for it,
    where others could have put theirs.
    """
    path = folder / folder_name(host)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = path.lstat()
        if hasattr(os, "geteuid") and (state.st_uid != os.geteuid() or state.st_mode & 0o022):
            raise PermissionError("it is not this user's alone")
        file = open_in(path, "try")
        try:
            if try_lock(file):
                unlock(file)
        finally:
            os.close(file)
    except OSError as error:
        words = error.strerror or str(error) or type(error).__name__
        _log.info(
            "turns cannot be shared through %s (%s); other processes are not waited for",
            folder,
            words,
        )
        return None
    return path


def fresh(modified: float, now: float) -> bool:
    """Whether a sign that was left then (Unix time, seconds) still counts."""
    return abs(now - modified) < _FRESH


def open_in(folder: Path, name: str) -> int:
    """A file descriptor of a file in the folder, made where it is missing."""
    return os.open(folder / name, _FLAGS, 0o600)


class Slots:
    """So many turns of one kind at one host. Not for two threads at the same time.

    Without a folder, for this process only. With one, the turns of all processes that use the
    folder, in sum; a process takes its share only while others want turns too.
    """

    def __init__(self, count: int, folder: Path | None, kind: str) -> None:
        self.count = max(1, count)
        self._folder = folder
        self._kind = kind
        self._idle = list(range(self.count))
        """Slots that this process does not hold, ascending."""
        self._files: dict[int, int] = {}
        """Slot → file descriptor, kept open: it makes a turn some microseconds cheap."""
        self._share = self.count
        """Slots that nobody takes from this process, as long as the others are as many as now."""
        self._began = -_SLICE
        """When this process last got a slot beyond its share."""
        self._given = -_SLICE
        """When it gave the last such slot back."""
        self._id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._said = dict.fromkeys(("takes", "waits"), -_TOUCH)
        """When this process last said that it takes turns, and that it waits for one."""
        self._rivals = 0
        """Other processes that take turns or wait; 0 where none waits."""
        self._counted = -_COUNT

    def take(self) -> int | None:
        """Take a slot; its number, or None where there is none now (see `look`)."""
        if self._folder is None:
            return self._idle.pop() if self._idle else None
        now = time.monotonic()
        if self._my_turn(now):
            # From above: who is allowed more slots than others leaves the low ones to them.
            for place in range(len(self._idle) - 1, -1, -1):
                if self._lock(self._idle[place]):
                    self._say("takes", now)
                    if self._held() >= self._share and now - self._began >= _SLICE:
                        self._began = now
                    return self._idle.pop(place)
        self._say("waits", now)
        return None

    def give(self, slot: int) -> None:
        """Give a slot back."""
        file = self._files.get(slot)
        if file is not None:
            unlock(file)
            if self._held() > self._share:
                self._given = time.monotonic()
        bisect.insort(self._idle, slot)

    def look(self) -> float:
        """Seconds after which to try again where `take` gave nothing."""
        return _random.uniform(*_LOOK_ELSEWHERE) if self._idle else _LOOK

    def leave(self) -> None:
        """Close the files and forget them: after a fork, the locks are the parent's."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
        self._folder = None

    def __del__(self) -> None:
        self.leave()

    def _lock(self, slot: int) -> bool:
        assert self._folder is not None
        file = self._files.get(slot)
        try:
            if file is None:
                file = self._files[slot] = open_in(self._folder, f"{self._kind}-{slot}")
            return try_lock(file)
        except OSError:
            return True  # out of file descriptors, say: this process still keeps its own count

    def _my_turn(self, now: float) -> bool:
        """Whether this process may take another slot, as far as the others go."""
        if now - self._counted >= _COUNT:
            self._rivals, self._counted = self._count_rivals(), now
        if not self._rivals:
            self._share = self.count
            return True
        processes = self._rivals + 1
        self._share, more = divmod(self.count, processes)
        if self._held() < self._share:
            return True
        if self._held() > self._share or not more:
            return False
        # What cannot be shared evenly goes round: a slice for each, and then it is left alone for
        # as long as it takes to come back.
        if now - self._began < _SLICE:
            return True
        return now - self._given >= max(_STEP, _SLICE * (processes - more) / more)

    def _held(self) -> int:
        return self.count - len(self._idle)

    def _say(self, what: str, now: float) -> None:
        """Leave a sign for the other processes."""
        if self._folder is None or now - self._said[what] < _TOUCH:
            return
        self._said[what] = now
        try:
            (self._folder / f"{self._kind}-{what}-{self._id}").touch(mode=0o600)
        except OSError as error:
            _log.debug("cannot tell other processes who %s: %s", what, error)

    def _count_rivals(self) -> int:
        """How many other processes take turns or wait for one; 0 where none waits."""
        assert self._folder is not None
        signs = {"takes": set[str](), "waits": set[str]()}
        today = time.time()
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    kind, _, rest = entry.name.partition("-")
                    what, _, who = rest.partition("-")
                    if kind != self._kind or what not in signs or who == self._id:
                        continue
                    modified = entry.stat().st_mtime
                    if fresh(modified, today):
                        signs[what].add(who)
                    elif today - modified > _OLD:
                        Path(entry.path).unlink(missing_ok=True)
        except OSError as error:  # swept away by somebody else meanwhile
            _log.debug("cannot see who else wants a turn: %s", error)
        return len(signs["takes"] | signs["waits"]) if signs["waits"] else 0
