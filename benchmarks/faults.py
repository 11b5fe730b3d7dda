"""This file puts the faults of the storm before us and the peers, and tells what each hands back.

    python benchmarks/faults.py                      (all faults, all tools that are installed)
    python benchmarks/faults.py --markdown           (the table as it stands in docs/faults.md)
    python benchmarks/faults.py --tools curl,wget --rows "503"

One small file a fault, from a server of ours on loopback (tests/net/storm.py). A tool that fails is
run a second time in the same folder, as a person would do. What it then has is compared with the
true bytes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from faults_rows import ROWS, Row
from faults_tools import TOOLS, Tool, versions
from storm import Storm
from storm_files import Case

LIMIT = 30.0
"""Seconds for one run; what is still at it then hangs. Every tool has a time-out of 3 s."""
KILLED_AFTER = 1.0
"""Seconds after which the first run is killed, where that is the fault."""
AT_ONCE = 6
FORK = multiprocessing.get_context("fork")
"""The tools are imported once, and every run is a fork: start-up is not what is compared."""
_BOOKS = (".part", ".part.json", ".aria2", ".provenance.json", "provenance.json", "-index")
"""Endings of the tools' own notes and of names that say "not whole" by themselves."""


@dataclass
class Trial:
    """One tool before one fault, in a folder of its own."""

    tool: Tool
    row: Row
    case: Case
    url: str
    place: Path

    @property
    def folder(self) -> Path:
        """Where the tool is told to put the file; two levels deep in what is watched."""
        return self.place / "in" / "here"

    def outcome(self) -> str:
        """The word for the table."""
        self.folder.mkdir(parents=True)
        first = self._run(KILLED_AFTER if self.row.killed else LIMIT)
        if first is None and not self.row.killed:
            return "hangs"
        if first == 0:
            return self._judged(said_well=True)
        second = self._run(LIMIT)
        if second is None:
            return "hangs"
        word = self._judged(said_well=second == 0)
        return "right, 2nd" if word == "right" else word

    def _run(self, limit: float) -> int | None:
        """The exit code; None where it had to be killed."""
        process = FORK.Process(target=_alone, args=(self,))
        process.start()
        process.join(limit)
        if process.exitcode is None:
            os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            return None
        return process.exitcode

    def _judged(self, *, said_well: bool) -> str:
        files = [
            path
            for path in self.place.rglob("*")
            if path.is_file() and not path.name.endswith(_BOOKS)
        ]
        if any(self.folder not in path.parents for path in files):
            return "WRONG"
        true = [path for path in files if path.read_bytes() == self.case.truth]
        if said_well:
            return "right" if files and len(true) == len(files) else "WRONG"
        return "refused" if len(true) == len(files) else "left"


def _alone(trial: Trial) -> None:
    """One run in a process of its own, silent, with a home of its own."""
    os.setsid()
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.environ["HOME"] = os.environ["XDG_CACHE_HOME"] = str(trial.place.parent)
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_DATA_HOME"] = str(trial.place.parent)
    name = None if trial.row.named else trial.case.name
    try:
        well = trial.tool.get(trial.url + trial.case.path, trial.folder, name)
    except Exception:  # noqa: BLE001 (whatever a peer raises is its way to say no)
        well = False
    os._exit(0 if well else 1)


def _tried(trial: Trial) -> str:
    return trial.outcome()


def table(rows: Sequence[Row], tools: Sequence[Tool]) -> dict[str, list[str]]:
    """Words by row; the tools in their order."""
    with Storm() as storm, tempfile.TemporaryDirectory() as home:
        trials = [
            Trial(
                tool,
                row,
                row.case(100 * at + number),
                storm.url,
                Path(home) / f"{at}-{number}" / "w",
            )
            for at, row in enumerate(rows)
            for number, tool in enumerate(tools)
        ]
        with ProcessPoolExecutor(AT_ONCE, mp_context=FORK) as pool:
            words = list(pool.map(_tried, trials))
    step = len(tools)
    return {row.words: words[at * step : (at + 1) * step] for at, row in enumerate(rows)}


def print_table(found: dict[str, list[str]], tools: Sequence[Tool], *, markdown: bool) -> None:
    """The table, and how often each word fell."""
    names = [tool.name for tool in tools]
    words = ("right", "right, 2nd", "refused", "left", "WRONG", "hangs")
    counts = {
        f"*{word}*" if markdown else f"({word})": [
            str(sum(row[at] == word for row in found.values())) for at in range(len(tools))
        ]
        for word in words
    }
    lines = [["fault", *names], *([name, *row] for name, row in {**found, **counts}.items())]
    if markdown:
        lines.insert(1, ["---"] * (1 + len(names)))
        for line in lines:
            shown = ("**WRONG**" if word == "WRONG" else word.replace("|", "\\|") for word in line)
            print("| " + " | ".join(shown) + " |")
        return
    widths = [max(len(line[at]) for line in lines) for at in range(1 + len(names))]
    for line in lines:
        print("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)))


def main() -> None:
    """Try all, print one table."""
    words = argparse.ArgumentParser(description="the same faults for us and the peers")
    words.add_argument("--markdown", action="store_true")
    words.add_argument("--tools", help="only these, with commas between")
    words.add_argument("--rows", help="only rows that have this in their name")
    chosen = words.parse_args()
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    tools = []
    for tool in TOOLS:
        if chosen.tools and tool.name not in chosen.tools.split(","):
            continue
        if tool.there():
            tools.append(tool)
        else:
            print(f"skipped, not installed: {tool.name}", file=sys.stderr)
    rows = [row for row in ROWS if not chosen.rows or chosen.rows in row.words]
    print_table(table(rows, tools), tools, markdown=chosen.markdown)
    print(f"\n{versions(tools)}")


if __name__ == "__main__":
    main()
