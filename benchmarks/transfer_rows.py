"""This file holds the rows and the tables of transfer.py: who brings what home, called how.

Invariant: who is not installed is skipped and named, never quietly left out.
"""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

MIB = 1024 * 1024
PYTHON = (sys.executable, str(Path(__file__).with_name("peers.py")))
CURL = ("curl", "-sf", "--remote-name-all", "--output-dir", "{folder}", "-K", "{curl}")
ARIA2 = ("aria2c", "--no-conf", "-q", "--file-allocation=none", "-d", "{folder}", "-i", "{list}")


@dataclass
class Workload:
    """Files that are all asked for in the same way."""

    name: str
    title: str
    files: str
    """Their folder or name below the server's."""
    count: int
    size: int
    """Bytes of each."""
    prefix: str
    """What the server is told in the path: "30ms", "20MBps"."""
    base: str
    """The row that the others are divided by."""
    wait: int = 0
    """Milliseconds before each answer."""
    names: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Which rows belong here: small, large or paced."""
        return self.name.partition("-")[0]


@dataclass(frozen=True, eq=False)
class Row:
    """One way to bring files home."""

    name: str
    words: tuple[str, ...]
    """The command; {list}, {curl}, {folder} and {n} are filled in."""
    needs: str
    """Program or Python module."""
    at_once: int = 1
    slow: int = 0
    """1: slow where answers come late; 2: one file after the other. Then fewer files are asked."""
    ending: str = ".dat"
    environment: Mapping[str, str] = field(default_factory=dict)

    def files(self, work: Workload, *, quick: bool) -> int:
        """How many of the workload's files it is asked for."""
        late = work.wait // 30
        if self.slow == 2 and late:
            return min(work.count, 50 if quick else 100)
        if self.slow == 1 and late > (0 if quick else 1):
            return min(work.count, 250)
        return work.count


@dataclass(frozen=True)
class Aim:
    """Two rows whose ratio we promised."""

    work: str
    above: str
    below: str
    limit: float
    at_most: bool = True


AIMS = (
    Aim("small-30", "skyatlas 64 no fsync", "pycurl 64", 1.25),
    Aim("small-30", "aria2c -j64", "skyatlas 64 no fsync", 2, at_most=False),
    Aim("small-30", "parfive", "skyatlas 64 no fsync", 10, at_most=False),
    Aim("small-30", "astroquery", "skyatlas 64 no fsync", 15, at_most=False),
    Aim("large", "skyatlas no fsync", "curl", 1.3),
    Aim("paced-256", "skyatlas no fsync", "aria2c -x16", 1.1),
    Aim("paced-2048", "skyatlas no fsync", "aria2c -x16", 1.1),
)


def workloads(*, quick: bool) -> list[Workload]:
    """The tables, in order."""
    works = [
        Workload(
            f"small-{wait}",
            f"1,000 × 256 KiB, {wait} ms per request",
            "small",
            1000,
            MIB // 4,
            f"{wait}ms",
            "pycurl 64",
            wait,
        )
        for wait in ((0, 30) if quick else (0, 30, 100))
    ]
    size = 512 if quick else 2048
    works.append(
        Workload("large", f"1 × {size} MiB, free", f"large-{size}", 1, size * MIB, "0ms", "curl")
    )
    works += [
        Workload(
            f"paced-{size}",
            f"1 × {size} MiB, 20 MB/s per connection",
            f"large-{size}",
            1,
            size * MIB,
            "20MBps",
            "aria2c -x16",
        )
        for size in ((256,) if quick else (256, 2048))
    ]
    return works


def _python(name: str, needs: str, peer: str, at_once: int = 1, slow: int = 0) -> Row:
    words = (*PYTHON, peer, "{n}", "{list}", "{folder}")
    return Row(name, words, needs, at_once, slow)


@functools.cache
def _at_once_is_there() -> bool:
    """Whether this skyatlas can be told how many files come at once."""
    said = subprocess.run(
        [sys.executable, "-m", "skyatlas", "fetch", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "--at-once" in said.stdout


def _ours(name: str, at_once: int, *, ending: str = ".dat", python: bool = False) -> list[Row]:
    """With fsync, as people get it, and without, as all the peers are."""
    words: tuple[str, ...] = (sys.executable, "-m", "skyatlas", "fetch", "-q")
    words += ("--urls", "{list}", "-o", "{folder}")
    if _at_once_is_there():
        words += ("--at-once", "{n}")
    if python:
        words = (*PYTHON, "skyatlas", "{n}", "{list}", "{folder}")
    return [
        Row(name + said, words, "skyatlas", at_once, ending=ending, environment=environment)
        for said, environment in (("", {}), (" no fsync", {"SKYATLAS_FSYNC": "0"}))
    ]


def _small() -> list[Row]:
    return [
        _python("pycurl 16", "pycurl", "pycurl", 16),
        _python("pycurl 64", "pycurl", "pycurl", 64),
        Row("curl -Z 16", (*CURL, "-Z", "--parallel-max", "{n}"), "curl", 16),
        Row("curl -Z 64", (*CURL, "-Z", "--parallel-max", "{n}"), "curl", 64),
        Row("aria2c -j16", (*ARIA2, "-j{n}"), "aria2c", 16),
        Row("aria2c -j64", (*ARIA2, "-j{n}"), "aria2c", 64),
        _python("requests 16 threads", "requests", "requests", 16),
        _python("parfive", "parfive", "parfive-default", slow=1),
        _python("parfive 16 files", "parfive", "parfive-files", 16),
        _python("astropy", "astropy", "astropy", slow=2),
        _python("astropy in parallel", "astropy", "astropy-parallel", slow=1),
        _python("astroquery", "astroquery", "astroquery", slow=2),
        *_ours("skyatlas 16", 16),
        *_ours("skyatlas 64", 64),
        *_ours("skyatlas 64 FITS", 64, ending=".fits"),
        *_ours("skyatlas 64 Python", 64, python=True),
    ]


def _paced() -> list[Row]:
    return [
        Row("aria2c -x16", (*ARIA2, "-x{n}", "-s{n}", "-k1M"), "aria2c", 16),
        _python("parfive", "parfive", "parfive-default"),
        _python("parfive 16 splits", "parfive", "parfive-splits", 16),
        *_ours("skyatlas", 16),
        *_ours("skyatlas FITS", 16, ending=".fits"),
    ]


def _large() -> list[Row]:
    return [
        _python("pycurl", "pycurl", "pycurl"),
        Row("curl", CURL, "curl"),
        Row("aria2c -x1", ARIA2, "aria2c"),
        _python("requests", "requests", "requests"),
        _python("astropy", "astropy", "astropy"),
        _python("astroquery", "astroquery", "astroquery"),
        *_paced(),
    ]


def _all_rows(kind: str) -> list[Row]:
    return {"small": _small, "large": _large, "paced": _paced}[kind]()


def _is_there(needs: str) -> bool:
    return bool(shutil.which(needs) or importlib.util.find_spec(needs))


def rows_of(work: Workload, only: list[str]) -> list[Row]:
    """The rows of a workload whose program is installed and whose name was asked for."""
    rows = [row for row in _all_rows(work.kind) if _is_there(row.needs)]
    if work.name == "paced-256":
        # One connection takes 256 MiB / (20 MB/s) = 13 s, whoever holds it: one row for all.
        rows.insert(0, Row("curl", CURL, "curl"))
    return [row for row in rows if not only or any(fnmatch(row.name, one) for one in only)]


def missing() -> list[str]:
    """Programs and modules that are not installed."""
    needed = dict.fromkeys(row.needs for kind in ("small", "large") for row in _all_rows(kind))
    return [needs for needs in needed if not _is_there(needs)]


def versions() -> list[str]:
    """Of all that is measured. Asked in other processes, so that this one stays small."""
    modules = "pycurl", "requests", "parfive", "astropy", "astroquery", "skyatlas"
    ask = (
        "import sys, importlib.metadata as m\n"
        "print('Python', sys.version.split()[0])\n"
        "for name in sys.argv[1:]:\n"
        "    try: print(name, m.version(name))\n"
        "    except m.PackageNotFoundError: pass\n"
        "import pycurl; print(pycurl.version.split()[1])"
    )
    said = [
        *_first_lines([sys.executable, "-c", ask, *modules], 99),
        *_first_lines(["curl", "--version"], 1),
        *_first_lines(["aria2c", "--version"], 1),
    ]
    return [" ".join(line.split()[: 3 if " version " in line else 2]) for line in said]


def _first_lines(words: list[str], count: int) -> list[str]:
    if not shutil.which(words[0]):
        return []
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return said.splitlines()[:count]
