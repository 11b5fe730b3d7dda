"""This file uses each tool for one file as its documentation shows, with time-outs of 3 s.

Invariant: a function returns True exactly where the tool says that all is well; that includes its
exit code, its list of errors, and any exception.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

WAIT = 3
"""Seconds without a byte after which every tool is told to give up a connection."""
TRIES = 3

Get = Callable[[str, Path, str | None], bool]
"""URL, folder, and the name of the file; None: the server's."""


@dataclass(frozen=True)
class Tool:
    """One way to get a file."""

    name: str
    get: Get
    module: str = ""
    """What must be importable."""
    command: str = ""
    """What must be on the path."""

    def there(self) -> bool:
        """Whether it is installed; a module is then imported, for all forks to come."""
        if self.command:
            return shutil.which(self.command) is not None
        if importlib.util.find_spec(self.module.partition(".")[0]) is None:
            return False
        importlib.import_module(self.module)
        return True

    def version(self) -> str:
        """Name and number."""
        if self.module:
            package = self.module.partition(".")[0]
            return f"{package} {importlib.import_module(package).__version__}"
        said = subprocess.run([self.command, "--version"], capture_output=True, text=True)
        words = said.stdout.split("\n")[0].split()
        return f"{self.command} {next(word for word in words if word[0].isdigit())}"


def skyatlas(url: str, folder: Path, name: str | None) -> bool:
    """`skyatlas fetch --urls`, without the start of a program."""
    from skyatlas.journeys.fetch import Plan, fetch
    from skyatlas.model import Product
    from skyatlas.net.door import Patience, StreetDoor

    door = StreetDoor(patience=Patience(connect=WAIT, silence=WAIT, tries=TRIES))
    plan = Plan((Product(url, name=name),))
    return fetch(plan, folder, _no_archive, door).complete


def _no_archive(name: str) -> NoReturn:
    raise AssertionError(name)


def astroquery(url: str, folder: Path, name: str | None) -> bool:
    """What every module of astroquery downloads with; `continuation` is its default."""
    from astroquery.query import BaseQuery

    class Archive(BaseQuery):
        """The least that an archive is."""

    Archive()._download_file(url, str(folder / (name or Path(url).name)), timeout=WAIT)
    return True


def parfive(url: str, folder: Path, name: str | None) -> bool:
    """With the server's checksums, and one `retry` of what failed."""
    from aiohttp import ClientTimeout
    from parfive import Downloader, SessionConfig

    timeouts = ClientTimeout(total=0, sock_connect=WAIT, sock_read=WAIT)
    downloader = Downloader(progress=False, config=SessionConfig(timeouts=timeouts))
    downloader.enqueue_file(url, path=folder, filename=name, checksum=True)
    results = downloader.download()
    if results.errors:
        results = downloader.retry(results)
    return not results.errors


def astropy(url: str, folder: Path, name: str | None) -> bool:
    """The file gets its name only where the call returned."""
    from astropy.utils.data import download_file

    path = download_file(url, cache=False, show_progress=False, timeout=WAIT)
    shutil.move(path, folder / (name or Path(url).name))
    return True


def requests(url: str, folder: Path, name: str | None) -> bool:
    """The loop of a thousand notebooks, with `raise_for_status`."""
    import requests

    with requests.get(url, stream=True, timeout=WAIT) as answer:
        answer.raise_for_status()
        with (folder / (name or Path(url).name)).open("wb") as file:
            for piece in answer.iter_content(1 << 20):
                file.write(piece)
    return True


def curl(url: str, folder: Path, name: str | None) -> bool:
    """`-C -` cannot be had together with the server's name."""
    naming = ["-C", "-", "-o", name] if name else ["-OJ"]
    slow = ["--connect-timeout", str(WAIT), "--speed-time", str(WAIT), "--speed-limit", "100"]
    return _well(["curl", "-fsSL", "--retry", str(TRIES - 1), *slow, *naming, url], folder)


def wget(url: str, folder: Path, name: str | None) -> bool:
    """`wget -c`, the line that archives hand out."""
    naming = [] if name else ["--content-disposition"]
    return _well(
        ["wget", "-q", "-c", f"--timeout={WAIT}", f"--tries={TRIES}", *naming, url], folder
    )


def aria2c(url: str, folder: Path, name: str | None) -> bool:
    """`-c` also goes on with what another program left."""
    naming = [f"--out={name}"] if name else []
    times = [f"--timeout={WAIT}", f"--connect-timeout={WAIT}", f"--max-tries={TRIES}"]
    return _well(["aria2c", "-q", "-c", "--retry-wait=1", *times, *naming, url], folder)


def _well(command: Sequence[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


TOOLS = (
    Tool("skyatlas", skyatlas, module="skyatlas.journeys.fetch"),
    Tool("astroquery", astroquery, module="astroquery.query"),
    Tool("parfive", parfive, module="parfive"),
    Tool("astropy", astropy, module="astropy.utils.data"),
    Tool("requests", requests, module="requests"),
    Tool("curl", curl, command="curl"),
    Tool("wget", wget, command="wget"),
    Tool("aria2c", aria2c, command="aria2c"),
)


def versions(tools: Sequence[Tool]) -> str:
    """All of them, in one line."""
    return ", ".join(tool.version() for tool in tools)
