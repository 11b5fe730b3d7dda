"""This file times how long people wait before anything happens, side by side with the peers.

    python benchmarks/startup.py            (or: make bench)

Whole processes, interleaved, medians of 15 after one warm-up; ratios to `python -c pass`.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import skyatlas": ["-c", "import skyatlas"],
    "skyatlas --help": ["-m", "skyatlas", "--help"],
    "skyatlas search --help": ["-m", "skyatlas", "search", "--help"],
    "import pyvo": ["-c", "import pyvo"],
    "import astroquery.eso": ["-c", "import astroquery.eso"],
    "import lightkurve": ["-c", "import lightkurve"],
    "import specutils": ["-c", "import specutils"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Time all, print one table."""
    there = {
        name: arguments
        for name, arguments in COMMANDS.items()
        if not name.startswith("import ")
        or importlib.util.find_spec(name.split()[1].split(".")[0]) is not None
    }
    for name in COMMANDS.keys() - there.keys():
        print(f"skipped, not installed: {name}")
    times: dict[str, list[float]] = {name: [] for name in there}
    for run in range(RUNS + 1):
        for name, arguments in there.items():
            taken = seconds(arguments)
            if run:
                times[name].append(taken)
    base = statistics.median(times["python -c pass"])
    print(f"{'':24}{'median ms':>10}{'min ms':>8}{'ratio':>8}")
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:24}{middle * 1e3:10.0f}{min(taken) * 1e3:8.0f}{middle / base:8.1f}")


if __name__ == "__main__":
    main()
