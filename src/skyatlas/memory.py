"""This file remembers what must outlive a crash: job addresses, registry answers, dead services.

Invariant: an entry is whole or not there, and never an error: what cannot be read or written is
forgotten. Values are JSON and hold no secret. Safe for many threads and processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Kept", "Memory"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry."""

    value: Any
    """What was put: JSON's values."""
    when: float
    """When it was put: Unix time, seconds."""

    @property
    def age(self) -> float:
        """Seconds since it was put."""
        return max(0.0, time.time() - self.when)


class Memory:
    """Entries by kind and key; in `folder`, or only in this process where it is None."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._here: dict[tuple[str, str], Kept] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, key: str) -> Kept | None:
        """The entry, or None."""
        if self._folder is None:
            with self._lock:
                return self._here.get((kind, key))
        try:
            saved = json.loads(self._path(kind, key).read_bytes())
            if saved["key"] != key:
                return None
            return Kept(saved["value"], float(saved["when"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, kind: str, key: str, value: Any) -> None:
        """Remember; what was there before is replaced."""
        now = time.time()
        if self._folder is None:
            with self._lock:
                self._here[kind, key] = Kept(value, now)
            return
        path = self._path(kind, key)
        text = json.dumps({"key": key, "when": now, "value": value})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(part).replace(path)
        except OSError:
            return

    def drop(self, kind: str, key: str) -> None:
        """Forget; what is not there is forgotten already."""
        if self._folder is None:
            with self._lock:
                self._here.pop((kind, key), None)
            return
        try:
            self._path(kind, key).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, kind: str, key: str) -> Path:
        assert self._folder is not None
        name = hashlib.sha256(key.encode()).hexdigest()[:40]
        return self._folder / kind / f"{name}.json"
