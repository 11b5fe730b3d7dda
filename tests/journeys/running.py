"""This file runs `skyatlas fetch` in processes of their own, and judges the folders they leave.

Invariant: the judge knows nothing of the package; what it says rests on the bytes served alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from steady_server import SteadyServer

_NOT_FINAL = re.compile(r"^\.|\.part(\.|$)|provenance\.json$")
"""Names under which nothing is promised to be a whole file."""
_MODULE = ("-m", "skyatlas")


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int
    files: list[dict[str, Any]]
    """The outcome of every file, as `fetch --json` tells it; empty where it told nothing."""
    talk: str

    def with_status(self, *statuses: str) -> list[dict[str, Any]]:
        return [file for file in self.files if file["status"] in statuses]


class Run:
    """One `skyatlas fetch --urls` in a process group of its own; it is gone after `with`."""

    def __init__(
        self, listing: Path, folder: Path, home: Path, python: Sequence[str] = _MODULE
    ) -> None:
        (home / "runtime").mkdir(mode=0o700, parents=True, exist_ok=True)
        words = ["fetch", "--urls", str(listing), "-o", str(folder), "--json"]
        self._process = subprocess.Popen(
            [sys.executable, *python, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(home),
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def goes_on_until(
        self, condition: Callable[[], bool], server: SteadyServer, seconds: float = 60
    ) -> bool:
        """Wait until the server has seen this; False where the process ends before."""
        last = time.monotonic() + seconds
        while not server.wait_for(condition, 0.1):
            if not self.running:
                return False
            if time.monotonic() > last:
                raise TimeoutError("the process runs, but what was waited for does not come")
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all of the group, as a terminal does."""
        if self.running:
            os.killpg(self._process.pid, number)

    def end(self, seconds: float = 60) -> Ended:
        """Wait for its end."""
        data, talk = self._process.communicate(timeout=seconds)
        document = json.loads(data) if data.startswith("{") else {"files": []}
        return Ended(self._process.returncode, document["files"], talk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.send(signal.SIGKILL)
        self._process.communicate()


def _environment(home: Path) -> dict[str, str]:
    """No user's settings, no proxy; the same home is the same user."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SKYATLAS_", "XDG_"))
    }
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime")}
    return kept | own | {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


class Judge:
    """Compares a folder with what was served."""

    def __init__(self, folder: Path, served: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._sums = {name: hashlib.sha256(data).hexdigest() for name, data in served.items()}
        self._seen: dict[str, tuple[int, ...]] = {}

    def faults(self) -> list[str]:
        """What is wrong under a final name, a receipt's included, since the last look."""
        wrong = []
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            state = path.stat()
            mark = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
            if self._seen.get(path.name) != mark:
                self._seen[path.name] = mark
                wrong += [f"{path.name} {fault}" for fault in self._faults_of(path)]
        return wrong

    def all_faults(self) -> list[str]:
        """What is wrong or missing where everything should be here, each file with its receipt."""
        self._seen.clear()
        missing = [
            f"{name} is missing"
            for file in self._sums
            for name in (file, f"{file}.provenance.json")
            if not (self._folder / name).is_file()
        ]
        return missing + self.faults()

    def left_over(self) -> list[str]:
        """What stands in the folder and is no file, no receipt and no document of the folder."""
        wanted = {
            ".skyatlas-index",
            "provenance.json",
            *self._sums,
            *(f"{n}.provenance.json" for n in self._sums),
        }
        return sorted(path.name for path in self._folder.iterdir() if path.name not in wanted)

    def _faults_of(self, path: Path) -> list[str]:
        if path.name.endswith("provenance.json") and not path.name.startswith("."):
            return self._faults_of_document(path)
        if _NOT_FINAL.search(path.name):
            return []
        if path.name not in self._sums:
            return ["is no name of a file that was served"]
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == self._sums[path.name]
        return [] if same else [f"({path.stat().st_size:,} bytes) is not what was served"]

    def _faults_of_document(self, path: Path) -> list[str]:
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError:
            return ["is a broken document"]
        name = path.name.removesuffix(".provenance.json")
        if path.name == "provenance.json":
            return []
        if not path.with_name(name).is_file():
            return ["is the receipt of a file that is not there"]
        return [] if document["file"]["sha256"] == self._sums.get(name) else ["has a wrong sha256"]
