"""This file keeps what all processes must know of one host: until when to wait, and how it went.

Invariant: what cannot be read counts as nothing known, and nothing that stands in the file can make
anybody wait for longer than `_LONGEST`; a wrong clock and a stale file do no harm.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from skyatlas.net.leases import open_in, try_lock, unlock

__all__ = ["NOW", "STATE", "Ledger", "Record", "parsed"]

STATE = "state"
"""Name of the file in a host's folder."""
_SIZE = 2048
"""Bytes of the file, always: it is written in place, so that open descriptors stay good."""
_LONGEST = 3600.0
"""Seconds that anybody is ever made to wait by a file; the door's patience ends long before."""
_LATEST = 1e11
"""Unix time in seconds beyond which no moment makes sense: the year 5138."""
_AHEAD = 64
"""Starts that may be booked ahead; more is a clock that was set back."""
_PATIENCE = 0.2
"""Seconds to wait for the lock. Who holds it longer was stopped in the middle of a few lines."""
NOW = 0.001
"""Seconds. Less is not waited for."""
_MOST_WORDS = 300
"""Letters of a sentence about trouble."""


@dataclass(slots=True)
class Record:
    """What is known of one host; moments are Unix time in seconds, 0 for never."""

    held_from: float = 0.0
    held_until: float = 0.0
    """Nothing is started before: the host asked us to wait."""
    question_next: float = 0.0
    """The next question may start then."""
    file_next: float = 0.0
    trouble: str = ""
    """One sentence without secrets: the last thing that went wrong."""
    trouble_at: float = 0.0
    failures: int = 0
    """Tries in a row to get a file, without an answer."""
    success_at: float = 0.0
    resting_until: float = 0.0
    """A process leaves the host alone until then, after too many failures."""

    def held(self, today: float) -> float:
        """Seconds for which nothing may start."""
        left = min(self.held_until, self.held_from + _LONGEST) - today
        began = today >= self.held_from - 1.0  # else the clock was set back since
        return left if began and left > NOW else 0.0

    def hold(self, today: float, seconds: float) -> None:
        """Let nothing start for so long."""
        if seconds > self.held(today):
            self.held_from, self.held_until = today, today + seconds

    def book(self, what: str, gap: float, today: float) -> float:
        """Book the next start, `gap` seconds after the last one; seconds until then."""
        name = f"{what}_next"
        earliest = today + self.held(today)
        booked: float = getattr(self, name)
        if booked > earliest + min(_AHEAD * gap, _LONGEST):
            booked = 0.0
        start = max(earliest, booked)
        setattr(self, name, start + gap)
        return start - today if start - today > NOW else 0.0

    def failed(self, words: str, failures: int, today: float, resting_until: float) -> None:
        """Remember what went wrong."""
        plain = "".join(letter if letter.isprintable() else " " for letter in words)
        self.trouble, self.trouble_at = plain[:_MOST_WORDS], today
        self.failures, self.resting_until = failures, resting_until

    def answered(self, today: float, *, of_file: bool) -> None:
        """Remember that the host answers; only a file ends what failures of files have begun."""
        self.success_at = today
        if of_file:
            self.failures, self.resting_until = 0, 0.0


_KINDS: dict[str, tuple[type, ...]] = {
    field.name: {"str": (str,), "int": (int,), "float": (int, float)}[str(field.type)]
    for field in fields(Record)
}


class Ledger:
    """The record of one host, shared through a folder or, without one, this process's own.

    Not for two threads at the same time.
    """

    def __init__(self, folder: Path | None) -> None:
        self._record = Record()
        self._bytes = b""
        self._file: int | None = None
        if folder is not None:
            with suppress(OSError):  # out of file descriptors: this process still has its own
                self._file = open_in(folder, STATE)

    def read(self) -> Record:
        """What is known now; not to be changed."""
        if not self._look():
            with self._locked():  # perhaps it was read while it was being written
                if not self._look():
                    self._record = Record()
        return self._record

    @contextmanager
    def change(self) -> Iterator[Record]:
        """The record, for nobody else to change meanwhile; it is kept afterwards."""
        with self._locked():
            record = replace(self._record) if self._look() else Record()
            yield record
            if self._file is not None:
                text = json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))
                self._bytes = text.encode("utf-8", "replace").ljust(_SIZE)
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, self._bytes)
            self._record = record

    def leave(self) -> None:
        """Close the file without unlocking it: after a fork, the lock is the parent's."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.leave()

    def _look(self) -> bool:
        """Take in what the file says; False where it says nothing that makes sense."""
        if self._file is None:
            return True
        if hasattr(os, "pread"):
            found = os.pread(self._file, _SIZE, 0)
        else:
            os.lseek(self._file, 0, os.SEEK_SET)
            found = os.read(self._file, _SIZE)
        if found != self._bytes:
            record = parsed(found)
            if record is None:
                return False
            self._bytes, self._record = found, record
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        until = time.monotonic() + _PATIENCE
        mine = try_lock(self._file)
        while not mine and time.monotonic() < until:
            time.sleep(0.001)
            mine = try_lock(self._file)
        try:
            yield
        finally:
            if mine:
                unlock(self._file)


def parsed(found: bytes) -> Record | None:
    """The record that was written as these bytes; None where they are torn or junk."""
    if not found.strip(b"\0 "):
        return Record()
    try:
        said = json.loads(found)
    except ValueError:
        return None
    if not isinstance(said, dict) or not all(_sound(name, said.get(name)) for name in _KINDS):
        return None
    return Record(**{name: said[name] for name in _KINDS})


def _sound(name: str, value: object) -> bool:
    if type(value) not in _KINDS[name]:
        return False
    return isinstance(value, str) or 0 <= value < _LATEST  # type: ignore[operator]
