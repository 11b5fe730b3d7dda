"""This file measures how a piece of a large remote image comes home, side by side with the peers.

    python benchmarks/cutout.py [--quick] [--runs 5] [--only 'skyatlas*,fsspec*']

512 x 512 pixels of a FITS image of 1 GiB (--quick: 256 MiB, one turn), one piece and twenty, from a
server on this machine that waits 0 or 30 ms. The rows take turns; what is told are medians, and the
median of the ratios to ours, turn by turn. Bytes and requests are counted by the server.
Invariant: who comes to other pixels than stand in the file gets no time, but the word WRONG.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from cutout_rows import ROWS, SIDE

HERE = Path(__file__).parent
SCALE = 0.25 / 3600
SLOW = {"whole file, slice", "astrocut fits_cut", "fsspec section, no cache"}
"""Rows that take so long that they run once."""
FEW = {"fsspec section, no cache", "fsspec section, 64 KiB ahead"}
"""Rows that would take minutes for twenty pieces: left out there."""
EXTRA = "fsspec cat_ranges by hand"
"""Shown, but no peer of the aims: nobody ships it."""
OURS = "skyatlas"


def make(path: Path, side: int) -> None:
    """An image of float32 numbers, no two rows of which are the same."""
    row = np.random.default_rng(6).normal(size=side).astype(">f4")
    with path.open("wb") as file:
        file.write(header(side).tostring().encode())
        for first in range(0, side, 256):
            file.write((row + np.arange(first, first + 256)[:, None]).astype(">f4").tobytes())
        file.write(bytes(-file.tell() % 2880))
        file.flush()
        os.fsync(file.fileno())


def header(side: int) -> fits.Header:
    """TAN in ICRS, north up, at the equator: elsewhere north turns along an image."""
    cards = {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": side, "NAXIS2": side}
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 202.47, "CRVAL2": 0.0}
    middle = {"CRPIX1": side / 2, "CRPIX2": side / 2, "CDELT1": -SCALE, "CDELT2": SCALE}
    return fits.Header({**cards, **sky, **middle, "RADESYS": "ICRS"}.items())


def job_of(path: Path, side: int, boxes: list[tuple[int, int]]) -> dict[str, Any]:
    """Boxes, the sky positions of their middles, and the hash of what stands there."""
    wcs = WCS(header(side))
    total = hashlib.sha256()
    with fits.open(path, memmap=True) as hdus:
        for x, y in boxes:
            total.update(hdus[0].data[y : y + SIDE, x : x + SIDE].astype(">f4").tobytes())
    half = (SIDE - 1) / 2 + 0.25  # not between two pixels, which each may round in his way
    places = [wcs.pixel_to_world_values(x + half, y + half) for x, y in boxes]
    return {
        "boxes": boxes,
        "places": [[float(one) for one in place] for place in places],
        "scale": SCALE,
        "hash": total.hexdigest(),
    }


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of its own; its address."""
    command = [sys.executable, str(HERE / "cutout_server.py"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.communicate()


def run(name: str, site: str, warm: str, wait: int, job: Path) -> dict[str, Any]:
    """One run of one row, with what the server counted."""
    manner = "single" if "single" in name else "several"
    urllib.request.urlopen(f"{site}/counts").close()
    urls = [f"{site}/{wait}ms/{manner}/large.fits", f"{warm}/0ms/{manner}/small.fits"]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "XDG_CACHE_HOME": home, "HOME": home, "no_proxy": "127.0.0.1"}
        (Path(home) / "astropy").mkdir()
        done = subprocess.run(
            [sys.executable, str(HERE / "cutout_rows.py"), name, *urls, str(job)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    with urllib.request.urlopen(f"{site}/counts") as answer:
        counts = json.load(answer)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1:], **counts}
    result = json.loads(done.stdout)
    right = result["hash"] == json.loads(job.read_text())["hash"]
    return {**result, **counts} if right else {"error": ["other pixels"], **counts}


def table(title: str, results: dict[str, list[dict[str, Any]]], size: int) -> None:
    """Print medians, and ratios to ours."""
    print(f"\n### {title}\n")
    print("| row | seconds | x ours | MB on the wire | x pixels | requests | connections |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, runs in results.items():
        wrong = next((one for one in runs if "error" in one), None)
        if wrong is not None:
            print(f"| {name} | WRONG: {wrong['error']} | | | | | |")
            continue
        ratios = [
            one["seconds"] / ours["seconds"]
            for one, ours in zip(runs, results[OURS], strict=False)
            if "seconds" in ours
        ]
        ratio = f"{statistics.median(ratios):.1f}" if ratios else "?"
        number = {key: statistics.median(one[key] for one in runs) for key in runs[0] if key[-1] == "s" and key != "pieces"}  # noqa: E501 # fmt: skip
        print(
            f"| {name} | {number['seconds']:.3f} | {ratio} | {number['bytes'] / 1e6:.2f}"
            f" | {number['bytes'] / size:.2f} | {number['requests']:.0f}"
            f" | {number['connections']:.0f} |"
        )


def aims(results: dict[str, list[dict[str, Any]]], size: int) -> None:
    """Say whether this run reached what we aim at."""
    medians = {
        name: tuple(statistics.median(one[key] for one in runs) for key in ("seconds", "bytes"))
        for name, runs in results.items()
        if not any("error" in one for one in runs)
    }
    peers = {
        name: pair for name, pair in medians.items() if "skyatlas" not in name and name != EXTRA
    }
    if OURS not in medians or not peers:
        return
    best = min(peers, key=lambda name: peers[name])
    seconds, wire = medians[OURS]
    print(f"\n* time: {seconds / peers[best][0]:.2f} of the best peer's ({best}); aim 0.5")
    print(f"* bytes: 1/{peers[best][1] / wire:.0f} of its bytes; aim 1/20")
    print(f"* bytes: {wire / size:.2f} x the pixels; aim 1.2")


def main() -> None:
    """Make the files, serve them, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="*")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    side, turns = (8192, 1) if options.quick else (16384, options.runs)
    names = [
        name
        for name in ROWS
        if name == OURS or any(fnmatch.fnmatch(name, one) for one in options.only.split(","))
    ]
    print(
        f"{side} x {side} float32; {platform.python_version()}, {os.cpu_count()} cores, load",
        end="",
    )
    print(f" {os.getloadavg()[0]:.1f}; {turns} turns", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as home:
        folder = Path(home)
        make(folder / "large.fits", side)
        make(folder / "small.fits", 1024)
        single = [(side * 5 // 9, side * 3 // 10)]
        many = [(300 + 37 * n + side // 25 * n, side // 2 + 89 * (n * 7 % 20)) for n in range(20)]
        warm = job_of(folder / "small.fits", 1024, [(100, 200)])
        with serving(folder) as site, serving(folder) as other:
            for title, boxes in (("one piece", single), ("twenty pieces of one file", many)):
                job = folder / "job.json"
                about = job_of(folder / "large.fits", side, boxes)
                job.write_text(json.dumps({**about, "warm": warm, "folder": str(folder)}))
                for wait in (0, 30):
                    rows = [name for name in names if len(boxes) == 1 or name not in FEW]
                    results: dict[str, list[dict[str, Any]]] = {name: [] for name in rows}
                    for turn in range(turns):
                        for name in rows if turn % 2 else rows[::-1]:
                            if turn == 0 or name not in SLOW:
                                results[name].append(run(name, site, other, wait, job))
                    size = len(boxes) * SIDE * SIDE * 4
                    table(f"{title}, {wait} ms", results, size)
                    aims(results, size)
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
