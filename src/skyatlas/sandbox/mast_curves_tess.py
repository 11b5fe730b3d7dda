"""This file lists what the mission TESS made of the sandbox's stars: light curves, pixels, reports.

File names and folders are the mission's (SDPDD section 2; stpubdata.s3 has the same under
/tess/public). Sizes are those of the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from skyatlas.sandbox import mast_spoc_files, mast_spoc_reports
from skyatlas.sandbox.mast_cadences import count
from skyatlas.sandbox.mast_curves_rows import Draft, quartered, size, tess_row
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_photometry import FAST_SIDE, SIDE
from skyatlas.sandbox.mast_sectors import sector
from skyatlas.sandbox.mast_starlight import Star, crowd, star

SEEN: tuple[tuple[str, tuple[int, ...], tuple[int, ...], str], ...] = (
    ("pi Men", (1, 4, 8, 11, 12, 13, 27, 39), (27,), "G011183_G011132_G011048_G011250"),
    ("WASP-126", (1, 2, 3), (), "G011112"),
    ("AU Mic", (1, 27), (27,), "G011175_G011180_G011185"),
    ("Kepler-10", (14, 26), (), "N/A"),
)
"""Star, sectors with an exposure every 120 s, those also with one every 20 s, proposals."""
CROWD_SECTOR = 5
_MULTI: tuple[tuple[str, int, int], ...] = (("pi Men", 1, 13),)
_LC_BLOCKS, _TP_BLOCKS = 10, 15  # what headers and apertures take; cosmic rays one more
_DVT_BLOCKS, _TCE_BLOCKS = 1, 3


def tess(seed: int) -> Iterator[Draft]:
    """The mission's own light curves of the known stars, and the searches through many sectors."""
    for name, slow, fast, proposals in SEEN:
        one = star(name)
        for number in slow:
            yield spoc(one, number, 120, seed, proposals)
            if number in fast:
                yield spoc(one, number, 20, seed, proposals)
    for name, first, last in _MULTI:
        yield _search(star(name), first, last, seed)


def many(seed: int) -> Iterator[Draft]:
    """One light curve each of the crowd."""
    for one in crowd(seed):
        yield spoc(one, CROWD_SECTOR, 120, seed, "N/A")


def spoc(one: Star, number: int, seconds: int, seed: int, proposals: str) -> Draft:
    """One star in one sector: light curve and pixels, and for stars with planets the reports."""
    obs_id = spoc_name(one, number, fast=seconds < 60)
    joint = "-" if seconds < 60 else "_"
    label = "FAST-" if seconds < 60 else ""
    side = FAST_SIDE if seconds < 60 else SIDE
    rows = count(number, seconds)
    make = mast_spoc_files
    files = [
        _file(
            one, number, f"{obs_id}{joint}lc.fits", f"{label}LC", "Light curves",
            partial(make.light_curve, one, number, seconds, seed),
            size(_LC_BLOCKS, (rows, 100)),
        ),
        _file(
            one, number, f"{obs_id}{joint}tp.fits", f"{label}TP", "Target pixel files",
            partial(make.target_pixels, one, number, seconds, seed),
            size(_TP_BLOCKS + (seconds < 60), (rows, 28 + 20 * side**2)),
        ),
    ]  # fmt: skip
    if one.planets and seconds >= 60 and one.tic < 900_000_000:
        files += _reports(one, number, number, seed)
    row = tess_row(one, number, seconds, obs_id, files[0].uri) | {"proposal_id": proposals}
    return Draft(row, tuple(files))


def spoc_name(one: Star, number: int, *, fast: bool = False) -> str:
    """ "tess2018206045859-s0001-0000000261136679-0120-s"."""
    where = sector(number)
    kind = "a_fast" if fast else "s"
    return f"tess{where.prefix}-s{number:04d}-{one.tic:016d}-{where.configuration:04d}-{kind}"


def _file(
    one: Star,
    number: int,
    filename: str,
    subgroup: str,
    description: str,
    make: Callable[[], bytes],
    length: int | None,
    product_type: str = "SCIENCE",
) -> MastFile:
    return MastFile(
        f"mast:TESS/product/{filename}",
        make,
        "timeseries",
        product_type,
        subgroup,
        description,
        3,
        recommended=subgroup in {"LC", "TP", "FAST-LC", "FAST-TP"},
        size=length,
        cloud=f"/tess/public/tid/s{number:04d}/{quartered(one.tic)}/{filename}",
        derived=False,
        row={"project": "SPOC", "filters": "TESS"},
    )


def _reports(one: Star, first: int, last: int, seed: int) -> list[MastFile]:
    """What the search for transits wrote: FITS, XML and pages."""
    stem = report_name(one, first, last)
    search = stem.rpartition("-")[2]
    head = stem.removesuffix(f"-{search}")
    reports = mast_spoc_reports
    planets = len(one.planets)
    rows = sum(count(number, 120) for number in reports.seen_in(one, first, last))
    length = size(_DVT_BLOCKS + _TCE_BLOCKS * planets, *[(rows, 44)] * planets)
    dvt = partial(reports.time_series, one, (first, last), seed)
    xml = partial(reports.xml, one, first, last)
    full = partial(reports.page, one, first, last, "Data validation report")
    mini = partial(reports.page, one, first, last, "Data validation mini report")
    made: list[MastFile] = [
        _file(one, last, f"{stem}_dvt.fits", "DVT", "Data validation time series", dvt,
              length),
        _file(one, last, f"{stem}_dvr.xml", "DVR", "full data validation report (xml)", xml,
              len(xml()), "INFO"),
        _file(one, last, f"{stem}_dvr.pdf", "DVR", "full data validation report", full,
              len(full()), "INFO"),
        _file(one, last, f"{stem}_dvm.pdf", "DVM", "Data validation mini report", mini,
              len(mini()), "INFO"),
    ]  # fmt: skip
    for number, planet in enumerate(one.planets, start=1):
        title = f"Data validation summary of {planet.name}"
        page = partial(reports.page, one, first, last, title)
        name = f"{head}-{number:02d}-{search}_dvs.pdf"
        made.append(_file(one, last, name, "DVS", "TCE summary report", page, len(page()), "INFO"))
    return made


def report_name(one: Star, first: int, last: int) -> str:
    """ "tess2018206190142-s0001-s0013-0000000261136679-00212"."""
    begin = sector(first).prefix
    search = 100 + 6 * last + (last - first) // 3
    return f"tess{begin[:7]}190142-s{first:04d}-s{last:04d}-{one.tic:016d}-{search:05d}"


def _search(one: Star, first: int, last: int, seed: int) -> Draft:
    """A search through several sectors: reports, but no light curve of its own."""
    stem = report_name(one, first, last)
    files = tuple(_reports(one, first, last, seed))
    row = tess_row(one, last, 120, stem, files[0].uri)
    return Draft(row | {"t_min": tess_row(one, first, 120, "", "")["t_min"]}, files)
