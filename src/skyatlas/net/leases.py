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
from pathlib import Path
from urllib.parse import quote, urlsplit

__all__ = ["Slots", "host_folder", "open_in", "shared_folder", "try_lock", "unlock"]

_FRESH = 1.5
"""Seconds for which it counts that a process could not get a turn."""
_TOUCH = 0.5
"""Seconds after which a process says again that it wants one."""
_COUNT = 0.25
"""Seconds for which the number of the others who want a turn is taken as known."""
_OLD = 60.0
"""Seconds after which a want that nobody renewed is swept away."""
_LOOK = 0.1
"""Seconds between looks where only this process could free a slot."""
_LOOK_ELSEWHERE = (0.02, 0.04)
"""The same where another process holds one; drawn at random, so that looks do not march in step."""
_STEP = 0.05
"""Seconds for which who gave a slot back leaves it to those who look; longer than their looks."""
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

    folder = user_runtime_path("skyatlas", appauthor=False) / "hosts"
    return folder if sandbox is None else folder / "sandboxes" / str(urlsplit(sandbox).port or 80)


def host_folder(folder: Path, host: str) -> Path | None:
    """The folder of one host, made and tried; None where it cannot be used to share turns.

    It must be this user's alone: where no runtime folder exists, a place in /tmp stands in for it,
    where others could have put theirs.
    """
    name = quote(host, safe="")[:200]  # no real host's name is longer
    path = folder / (name if name.strip(".") else f"_{name}")
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
        self._given = -_STEP
        self._want = f"{kind}-want-{os.getpid()}-{secrets.token_hex(4)}"
        self._wanted = -_TOUCH
        self._others = 0
        self._counted = -_COUNT

    def take(self) -> int | None:
        """Take a slot; its number, or None where there is none now (see `look`)."""
        if self._folder is not None and not self._my_turn():
            self._say_so()
            return None
        # From above: who is allowed more slots than others leaves the low ones to them.
        for place in range(len(self._idle) - 1, -1, -1):
            if self._folder is None or self._lock(self._idle[place]):
                return self._idle.pop(place)
        self._say_so()
        return None

    def give(self, slot: int) -> None:
        """Give a slot back."""
        file = self._files.get(slot)
        if file is not None:
            unlock(file)
            self._given = time.monotonic()
        bisect.insort(self._idle, slot)

    def look(self) -> float:
        """Seconds after which to try again where `take` gave nothing."""
        return _random.uniform(*_LOOK_ELSEWHERE) if self._idle else _LOOK

    def leave(self) -> None:
        """Forget everything without unlocking: after a fork, the locks are the parent's."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
        self._folder = None

    def _lock(self, slot: int) -> bool:
        assert self._folder is not None
        file = self._files.get(slot)
        try:
            if file is None:
                file = self._files[slot] = open_in(self._folder, f"{self._kind}-{slot}")
            return try_lock(file)
        except OSError:
            return True  # out of file descriptors, say: this process still keeps its own count

    def _my_turn(self) -> bool:
        """Whether this process may take another slot while others want one."""
        now = time.monotonic()
        if now - self._counted >= _COUNT:
            self._others, self._counted = self._count_others(), now
        if not self._others:
            return True
        mine, processes = self.count - len(self._idle), self._others + 1
        if mine < self.count // processes:
            return True
        # What cannot be shared evenly goes round: who had it last waits.
        return mine < -(-self.count // processes) and now - self._given >= _STEP

    def _say_so(self) -> None:
        """Tell the others that this process wants a turn."""
        now = time.monotonic()
        if self._folder is None or now - self._wanted < _TOUCH:
            return
        self._wanted = now
        try:
            (self._folder / self._want).touch(mode=0o600)
        except OSError as error:
            _log.debug("cannot say that a turn is wanted: %s", error)

    def _count_others(self) -> int:
        """How many other processes could not get a turn just now."""
        assert self._folder is not None
        others, prefix, today = 0, f"{self._kind}-want-", time.time()
        try:
            with os.scandir(self._folder) as entries:
                wants = [one for one in entries if one.name.startswith(prefix)]
            for want in wants:
                age = today - want.stat().st_mtime
                if age > _OLD:
                    Path(want.path).unlink(missing_ok=True)
                elif want.name != self._want and abs(age) < _FRESH:
                    others += 1
        except OSError:
            return others  # swept away by somebody else meanwhile
        return others
