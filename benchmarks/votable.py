"""This file measures how fast an answer of many rows becomes a table, side by side with the peers.

    python benchmarks/votable.py [--rows 10000,100000] [--large] [--runs 3] [--only tabledata,…]

Each reader runs in a process of its own: imports and a first small table come before the clocks
start: what is told is the time for the rows, on the wall and of the processor. The ratios are of
the latter, which does not count what else the machine does. STILTS's start is measured with a table
of ten rows and taken off; its processor time includes Java's compiler and collector.
Invariant: where two Python readers do not come to the same table, there are no times.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

FORMS = {"tabledata": "vot", "binary2": "vot", "fits": "fits", "parquet": "parquet"}
READERS = {
    "tabledata": ("skyatlas", "astropy", "pyvo", "stilts"),
    "binary2": ("skyatlas", "astropy", "pyvo", "stilts"),
    "fits": ("skyatlas", "astropy", "stilts"),
    "parquet": ("skyatlas", "pyarrow"),
}
LARGE = 1_000_000


def read(reader: str, path: Path) -> Any:
    """The table, as the reader's own documentation says to get it."""
    if reader == "skyatlas":
        from skyatlas.protocols.votable import results_in

        with path.open("rb") as file:
            return results_in(file, archive="benchmark", wanted="rows").table
    if path.suffix == ".vot":
        from astropy.io.votable import parse

        if reader == "pyvo":
            from pyvo.dal.query import DALResults

            return DALResults(parse(str(path))).to_table()
        return parse(str(path)).get_first_table().to_table(use_names_over_ids=True)
    from astropy.table import Table

    if path.suffix == ".fits":
        return Table.read(path, format="fits", memmap=True)
    from pyarrow import parquet  # astropy's own reader needs pandas for this

    frame = parquet.read_table(path)
    return Table({name: _of_arrow(frame[name]) for name in frame.column_names})


def _of_arrow(column: Any) -> Any:
    """A column as numpy has it: the least that must be done, and texts stay as they are."""
    import numpy as np

    hidden = column.is_null().to_numpy()
    filled = column.fill_null(0) if column.null_count and str(column.type) != "string" else column
    return np.ma.array(filled.to_numpy(), mask=hidden)


def digest(table: Any) -> str:
    """A hash of names, values and masks, the same for whatever a text is kept in."""
    import numpy as np

    total = hashlib.sha256()
    for column in table.itercols():
        values, mask = np.ma.getdata(column), np.ma.getmaskarray(column)
        total.update(column.name.encode())
        if values.dtype.kind in "OSU":
            for text in values.tolist():
                total.update((text.decode() if isinstance(text, bytes) else text or "").encode())
                total.update(b"\0")
            continue
        if values.dtype.kind == "f":
            mask = mask | np.isnan(values)
        total.update(np.where(mask, 0, values).astype(f"<{values.dtype.str[1:]}").tobytes())
        total.update(mask.tobytes())
    return total.hexdigest()


def child(reader: str, small: Path, path: Path) -> None:
    """Run in a process of its own: read once to be warm, then read, then tell."""
    import warnings

    warnings.simplefilter("ignore")
    if reader == "skyatlas":
        import pyarrow.compute  # noqa: F401  which it loads for long tables
    read(reader, small)
    began, busy = time.perf_counter(), time.process_time()
    table = read(reader, path)
    busy, seconds = time.process_time() - busy, time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": busy, "peak": peak, "digest": digest(table)}))


def stilts(path: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and MB of a run of STILTS that decodes every cell and keeps it."""
    form = {"vot": "votable", "fits": "fits"}[path.suffix[1:]]
    command = [
        "stilts",
        "-Xmx6g",
        "tpipe",
        f"in={path}",
        f"ifmt={form}",
        "cmd=cache",
        "omode=count",
    ]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"stilts failed on {path}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(reader: str, small: Path, path: Path, runs: int) -> dict[str, Any]:
    """Medians of `runs`."""
    found = []
    for _ in range(runs):
        if reader == "stilts":
            start, whole = stilts(small), stilts(path)
            seconds, busy = (whole[n] - start[n] for n in (0, 1))
            found.append({"seconds": seconds, "cpu": busy, "peak": whole[2], "digest": ""})
            continue
        command = [sys.executable, __file__, "--child", reader, str(small), str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found.append(json.loads(done.stdout))
    return {
        "seconds": statistics.median(one["seconds"] for one in found),
        "cpu": statistics.median(one["cpu"] for one in found),
        "peak": max(one["peak"] for one in found),
        "digest": found[0]["digest"],
    }


def table(form: str, rows: int, folder: Path, runs: int) -> None:
    """One form and one length: a line per reader."""
    small, path = (folder / f"{form}{n}.{FORMS[form]}" for n in (10, rows))
    for n, one in ((10, small), (rows, path)):
        if not one.exists():
            # In a process of its own: what starts others hands down its own peak of memory.
            command = [sys.executable, __file__, "--write", form, str(n), str(one)]
            subprocess.run(command, check=True)
    found = {}
    for reader in READERS[form]:
        if reader != "stilts" or shutil.which("stilts"):
            found[reader] = measure(reader, small, path, runs)
    if len({one["digest"] for one in found.values() if one["digest"]}) > 1:
        raise SystemExit(f"{form}: the readers do not agree on the table: {found}")
    ours = found["skyatlas"]["cpu"]
    size = path.stat().st_size / 1e6
    for reader, one in found.items():
        print(
            f"| {form} | {rows:,} | {size:.0f} | {reader} | {one['seconds'] / rows * 1e6:.1f} "
            f"| {one['cpu'] / rows * 1e6:.1f} | {one['cpu'] / ours:.1f} | {one['peak']:.0f} |",
            flush=True,
        )
    path.unlink()


def main() -> None:
    """Measure what was asked for and print it as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="10000,100000")
    parser.add_argument("--large", action="store_true", help=f"also {LARGE:,} rows")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(FORMS))
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        from votable_rows import write

        write(Path(asked.write[2]), asked.write[0], int(asked.write[1]))
        return
    if asked.child:
        child(asked.child[0], *map(Path, asked.child[1:]))
        return
    lengths = [int(word) for word in asked.rows.split(",")] + [LARGE] * asked.large
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}\n")
    print("| form | rows | MB | reader | µs/row | CPU µs/row | × skyatlas | peak MB |")
    print("|---|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for form in asked.only.split(","):
            for rows in lengths:
                table(form, rows, Path(folder), asked.runs)


if __name__ == "__main__":
    main()
