"""This file is one row of `cutout.py`: it cuts pieces of a remote image and says how long it took.

    python benchmarks/cutout_rows.py ROW URL WARM_URL JOB.json       (prints JSON)

Imports, and one piece of a small file at another server, come before the clock starts. Invariant:
what is timed ends with the pixels in memory; their hash is told, so nobody is quick by being wrong.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SIDE = 512
Pixels = Iterable[Any]


def download(url: str, job: dict[str, Any]) -> Pixels:
    """The whole file to the disk with requests, then slices."""
    import requests
    from astropy.io import fits

    path = Path(job["folder"]) / "whole.fits"
    with requests.get(url, stream=True, timeout=60) as answer, path.open("wb") as file:
        for piece in answer.iter_content(1024 * 1024):
            file.write(piece)
    with fits.open(path) as hdus:
        found = [hdus[0].section[window(box)] for box in job["boxes"]]
    path.unlink()
    return found


def section(**options: Any) -> Callable[[str, dict[str, Any]], Pixels]:
    """`fits.open(url, use_fsspec=True)` and its sections, as astropy's documentation says."""

    def cut(url: str, job: dict[str, Any]) -> Pixels:
        from astropy.io import fits

        with fits.open(url, use_fsspec=True, fsspec_kwargs=options) as hdus:
            return [hdus[0].section[window(box)] for box in job["boxes"]]

    return cut


def astrocut(url: str, job: dict[str, Any]) -> Pixels:
    """`fits_cut` on the address."""
    from astrocut import fits_cut
    from astropy.coordinates import SkyCoord

    found = []
    for ra, dec in job["places"]:
        place = SkyCoord(ra, dec, unit="deg")
        (hdus,) = fits_cut([url], place, SIDE, memory_only=True, single_outfile=True)
        found.append(hdus[1].data)
    return found


def by_hand(url: str, job: dict[str, Any]) -> Pixels:
    """What somebody writes who knows fsspec: the header, then all rows by `cat_ranges`."""
    import fsspec
    import numpy as np
    from astropy.io.fits import Header

    system = fsspec.filesystem("https" if url.startswith("https") else "http")
    raw = system.cat_file(url, start=0, end=28800)
    header = Header.fromstring(raw)
    width, place = header["NAXIS1"], len(header.tostring())
    starts = [
        place + 4 * (y * width + x) for x, y in job["boxes"] for y in range(y, y + SIDE)
    ]  # fmt: skip
    rows = system.cat_ranges([url] * len(starts), starts, [start + 4 * SIDE for start in starts])
    whole = np.frombuffer(b"".join(rows), ">f4").reshape(-1, SIDE, SIDE)
    return list(whole)


def skyatlas(url: str, job: dict[str, Any]) -> Pixels:
    """Ours, from positions to FITS files, of which only the hash needs astropy."""
    from astropy.io import fits

    from skyatlas.formats.remote import Piece, Place, RemoteImage
    from skyatlas.net.ranges import Ranges
    from skyatlas.net.street import Street

    size = job["scale"] * SIDE
    with Ranges(Street(), url) as ranges:
        image = RemoteImage(ranges, ranges.answered_url)
        pieces = image.cut([Place(ra, dec, size, size) for ra, dec in job["places"]])
    return [fits.getdata(io.BytesIO(one.body)) for one in pieces if isinstance(one, Piece)]


ROWS: dict[str, Callable[[str, dict[str, Any]], Pixels]] = {
    "skyatlas": skyatlas,
    "skyatlas, single ranges": skyatlas,
    "whole file, slice": download,
    "astrocut fits_cut": astrocut,
    "fsspec section": section(),
    "fsspec section, 1 MiB blocks": section(block_size=2**20, cache_type="blockcache"),
    "fsspec section, 64 KiB ahead": section(block_size=2**16, cache_type="readahead"),
    "fsspec section, 32 MiB ahead": section(block_size=2**25, cache_type="readahead"),
    "fsspec section, no cache": section(cache_type="none"),
    "fsspec cat_ranges by hand": by_hand,
}


def window(box: tuple[int, int]) -> tuple[slice, slice]:
    """Of a box whose lower left pixel is (x, y), from 0."""
    x, y = box
    return slice(y, y + SIDE), slice(x, x + SIDE)


def main() -> None:
    """Run one row, once."""
    import numpy as np

    warnings.simplefilter("ignore")
    name, url, warm, path = sys.argv[1:]
    job = json.loads(Path(path).read_text())
    list(ROWS[name](warm, {**job, **job["warm"]}))
    began = time.perf_counter()
    found = list(ROWS[name](url, job))
    seconds = time.perf_counter() - began
    total = hashlib.sha256()
    for pixels in found:
        total.update(np.ascontiguousarray(pixels, ">f4").tobytes())
    print(json.dumps({"seconds": seconds, "hash": total.hexdigest(), "pieces": len(found)}))


if __name__ == "__main__":
    main()
