"""This file times how files come home, side by side with the peers, at a server on this machine.

    python benchmarks/transfer.py [--quick] [--work small-30] [--only NAMES] [--runs N] [--markdown]

Whole processes with their start, interleaved, medians. Invariant: what every run brought is
compared byte by byte with what was served. docs/benchmarks.md says how to read the tables.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import servings
from transfer_rows import AIMS, Row, Workload, missing, rows_of, versions, workloads
from transfer_runs import Bench, Run, Server


def measure(bench: Bench, work: Workload, warm: bool) -> dict[Row, list[Run]]:
    """All rows of a workload, in turns; the first turn is for the caches and does not count."""
    rows = rows_of(work, bench.options.only)
    runs: dict[Row, list[Run]] = {row: [] for row in rows}
    for turn in range(bench.options.runs + warm):
        # Back and forth, so that nobody always follows the same neighbour.
        for row in rows[:: -1 if turn % 2 else 1]:
            with _told(f"{work.name} {turn + 1 - warm}/{bench.options.runs} {row.name}"):
                made = bench.round(row, work)
            if turn >= warm:
                runs[row].append(made)
    return runs


@contextlib.contextmanager
def _told(text: str) -> Iterator[None]:
    """Say on a terminal what is running."""
    if sys.stderr.isatty():
        print(f"\r{text:70}", end="", file=sys.stderr, flush=True)
    yield
    if sys.stderr.isatty():
        print(f"\r{'':70}\r", end="", file=sys.stderr, flush=True)


def ratio(runs: list[Run], base: list[Run]) -> float:
    """Median of the ratios of the runs that stood side by side."""
    return statistics.median(one.wall / other.wall for one, other in zip(runs, base, strict=True))


def table(bench: Bench, work: Workload, runs: dict[Row, list[Run]]) -> list[list[str]]:
    """The rows as texts, below their titles."""
    base = next((made for row, made in runs.items() if row.name == work.base), None)
    lines = [["", "seconds", "from", "to", f"× {work.base}", "CPU s", "MB", "fsync s", "server s"]]
    for row, made in runs.items():
        middle = {
            name: statistics.median(getattr(run, name) for run in made)
            for name in ("wall", "cpu", "rss", "fsync", "server")
        }
        walls = [run.wall for run in made]
        files = row.files(work, quick=bench.options.quick)
        scaled = "" if files == work.count else f" (from {files} files)"
        trouble = any(run.trouble for run in made)
        lines.append(
            [
                row.name + scaled,
                "WRONG" if trouble else f"{middle['wall']:.2f}",
                f"{min(walls):.2f}",
                f"{max(walls):.2f}",
                f"{ratio(made, base):.2f}" if base and not trouble else "",
                f"{middle['cpu']:.2f}",
                _memory(middle["rss"]),
                f"{middle['fsync']:.2f}",
                f"{middle['server']:.2f}",
            ]
        )
    return lines


def _memory(rss: float) -> str:
    """A child's peak in MB. What this process had when it made the child counts as the child's."""
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return f"{rss:.0f}" if rss > ours else f"≤{ours:.0f}"


def troubles(runs: dict[Row, list[Run]]) -> list[str]:
    """What went wrong in which turn."""
    return [
        f"WRONG: {row.name}, turn {turn}: {run.trouble}"
        for row, made in runs.items()
        for turn, run in enumerate(made, 1)
        if run.trouble
    ]


def aims(work: Workload, runs: dict[Row, list[Run]]) -> list[str]:
    """What was aimed at in this workload, and what came."""
    by = {row.name: made for row, made in runs.items() if not any(run.trouble for run in made)}
    said = []
    for aim in AIMS:
        if aim.work == work.name and {aim.above, aim.below} <= by.keys():
            found = ratio(by[aim.above], by[aim.below])
            reached = found <= aim.limit if aim.at_most else found >= aim.limit
            said.append(
                f"{aim.above} / {aim.below} = {found:.2f}, aim {'≤' if aim.at_most else '≥'} "
                f"{aim.limit}: {'reached' if reached else 'NOT reached'}"
            )
    return said


def shown(lines: list[list[str]], *, markdown: bool) -> str:
    """The table as text."""
    if markdown:
        lines = [lines[0], ["---", *["---:"] * (len(lines[0]) - 1)], *lines[1:]]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    first = max(len(line[0]) for line in lines)
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(
        f"{line[0]:{first}}"
        + "".join(f"{cell:>{width + 2}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in lines
    )


def header(bench: Bench, works: list[Workload]) -> str:
    """On what machine, with what versions, and how fast the server is when nobody writes."""
    system = subprocess.run(
        ["df", "--output=fstype", bench.place], capture_output=True, text=True, check=True
    )
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    alone = {work.files: bench.server.alone(work) for work in works}
    speeds = ", ".join(f"{speed / 1e9:.1f} GB/s from {files}" for files, speed in alone.items())
    here = f"{model}, {os.cpu_count()} cores for server and client together"
    disk = f"files on {system.stdout.split()[-1]}, load {os.getloadavg()[0]:.1f} at the start"
    return (
        f"{here}, {platform.system()} {platform.release()}, {disk}\n"
        f"{', '.join(versions())}\n"
        f"the server alone, one connection, bytes thrown away: {speeds}"
    )


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs, smaller files")
    parser.add_argument("--work", metavar="NAMES", help="only these workloads: small-30,large")
    parser.add_argument("--only", metavar="NAMES", help="only these rows: 'pycurl*,skyatlas 64'")
    parser.add_argument("--runs", type=int, metavar="N", help="turns that count  [5; quick: 1]")
    parser.add_argument("--markdown", action="store_true", help="tables for a page")
    parser.add_argument("--folder", type=Path, help="where to work  [a temporary folder]")
    parser.add_argument("--keep", action="store_true", help="leave the folder for the next time")
    parser.add_argument("--no-flush", action="store_true", help="no fsync after the runs: faster")
    chosen = parser.parse_args()
    chosen.runs = chosen.runs or (1 if chosen.quick else 5)
    chosen.only = chosen.only.split(",") if chosen.only else []
    there = {work.name: work for work in workloads(quick=chosen.quick)}
    try:
        chosen.work = [there[name] for name in (chosen.work or ",".join(there)).split(",")]
    except KeyError as error:
        parser.error(f"there is no workload {error}; there are {', '.join(there)}")
    return chosen


def main() -> None:
    """Make the files, time all, print a table for each workload."""
    chosen = options()
    place = (chosen.folder or Path(tempfile.mkdtemp())).resolve() / "skyatlas-transfer"
    for work in chosen.work:
        work.names += servings.make(place / "served", work.files, work.count, work.size)
    server = Server(place / "served")
    try:
        bench = Bench(place, server, chosen)
        print(header(bench, chosen.work))
        for name in missing():
            print(f"skipped, not installed: {name}")
        warmed: set[int] = set()
        for work in chosen.work:
            runs = measure(bench, work, warm=work.count not in warmed)
            warmed.add(work.count)
            print(f"\n{work.title}; medians of {chosen.runs}\n")
            print(shown(table(bench, work, runs), markdown=chosen.markdown))
            print("".join(f"\n{line}" for line in troubles(runs) + aims(work, runs)), flush=True)
    finally:
        server.close()
        if not chosen.keep:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
