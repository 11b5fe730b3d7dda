"""This file lists light curves of TESS's full frames by others than the mission.

Names and folders: the authors' pages at archive.stsci.edu/hlsp; the bucket stpubdata has those of
TESS-SPOC, QLP and TGLC only. Such files have no productSubGroupDescription at MAST.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from skyatlas.sandbox import mast_ffi_files, mast_spoc_files
from skyatlas.sandbox.mast_cadences import count, tess
from skyatlas.sandbox.mast_curves_rows import Draft, hlsp, quartered, size, tess_row
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_photometry import SIDE
from skyatlas.sandbox.mast_sectors import spot
from skyatlas.sandbox.mast_starlight import Star, star
from skyatlas.sandbox.mast_tesscut_sky import frame_seconds

_PI_MEN = (1, 4, 8, 11, 12, 13)
_SEEN: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("TESS-SPOC", "pi Men", (*_PI_MEN, 27, 39)),
    ("QLP", "pi Men", (*_PI_MEN, 27)),
    ("TASOC", "pi Men", _PI_MEN),
    ("GSFC-ELEANOR-LITE", "pi Men", _PI_MEN),
    ("TGLC", "pi Men", _PI_MEN),
    ("TESS-SPOC", "WASP-126", (1, 2, 3)),
    ("QLP", "WASP-126", (1, 2, 3, 4)),
    ("QLP", "AU Mic", (1,)),
    ("TESS-SPOC", "Kepler-10", (14,)),
)
_CLOUDED = frozenset({"tess-spoc", "qlp", "tglc"})
_BLOCKS = {"lc": 10, "tp": 15, "qlp": 4, "tasoc": 10, "tglc": 4, "eleanor": 11}
"""What headers and small images of each file take."""


def authors(seed: int) -> Iterator[Draft]:
    """All of them."""
    makers = {
        "TESS-SPOC": _tess_spoc,
        "QLP": _qlp,
        "TASOC": _tasoc,
        "GSFC-ELEANOR-LITE": _eleanor,
        "TGLC": _tglc,
    }
    for author, name, numbers in _SEEN:
        for number in numbers:
            yield makers[author](star(name), number, seed)


def _file(uri: str, make: Callable[[], bytes], length: int, product_type: str) -> MastFile:
    path = uri.removeprefix("mast:HLSP/")
    cloud = f"/mast/hlsp/{path}" if path.partition("/")[0] in _CLOUDED else ""
    return MastFile(
        uri,
        make,
        "timeseries",
        product_type,
        "",
        uri.rpartition(".")[2].upper(),
        4,
        recommended=product_type == "SCIENCE",
        size=length,
        cloud=cloud,
        row={"filters": "TESS"},
    )


def _draft(
    one: Star, number: int, author: str, obs_id: str, files: Sequence[MastFile], pi: str
) -> Draft:
    row = tess_row(one, number, frame_seconds(number), "", "")
    return Draft(hlsp(row, author, obs_id, files[-1].uri, pi), tuple(files))


def _tess_spoc(one: Star, number: int, seed: int) -> Draft:
    stem = f"hlsp_tess-spoc_tess_phot_{one.tic:016d}-s{number:04d}_tess_v1"
    folder = f"mast:HLSP/tess-spoc/s{number:04d}/target/{quartered(one.tic)}"
    seconds = frame_seconds(number)
    asked = (one, number, seconds, seed)
    rows = count(number, seconds)
    files = [
        _file(
            f"{folder}/{stem}_lc.fits",
            partial(mast_spoc_files.light_curve, *asked),
            size(_BLOCKS["lc"], (rows, 100)),
            "SCIENCE",
        ),
        _file(
            f"{folder}/{stem}_tp.fits",
            partial(mast_spoc_files.target_pixels, *asked),
            size(_BLOCKS["tp"], (rows, 28 + 20 * SIDE**2)),
            "SCIENCE",
        ),
    ]
    return _draft(one, number, "TESS-SPOC", f"{stem}_tp", files, "Caldwell, Douglas A.")


def _qlp(one: Star, number: int, seed: int) -> Draft:
    obs_id = f"hlsp_qlp_tess_ffi_s{number:04d}-{one.tic:016d}_tess_v01_llc"
    uri = f"mast:HLSP/qlp/s{number:04d}/{quartered(one.tic)}/{obs_id}"
    make = partial(mast_ffi_files.qlp, one, number, seed)
    length = size(_BLOCKS["qlp"], (_lit(number, seed), 56))
    note = f"# QLP light curve of TIC {one.tic}, sector {number} (simulated)\n".encode()
    files = [
        _file(f"{uri}.txt", note.__bytes__, len(note), "AUXILIARY"),
        _file(f"{uri}.fits", make, length, "SCIENCE"),
    ]
    return _draft(one, number, "QLP", obs_id, files, "Huang, Chelsea X.")


def _tasoc(one: Star, number: int, seed: int) -> Draft:
    place = spot(one.place, number)
    chip = f"cam{place.camera}-ccd{place.ccd}" if place else ""
    stem = f"hlsp_tasoc_tess_ffi_tic{one.tic:011d}-s{number:04d}-{chip}-c1800_tess_v05"
    uri = f"mast:HLSP/tasoc/s{number:04d}/c1800/{quartered(one.tic)}/{stem}_ens-lc.fits"
    make = partial(mast_ffi_files.tasoc, one, number, seed)
    length = size(_BLOCKS["tasoc"], (count(number, 1800), 96))
    return _draft(
        one, number, "TASOC", stem, [_file(uri, make, length, "SCIENCE")], "Handberg, Rasmus"
    )


def _tglc(one: Star, number: int, seed: int) -> Draft:
    place = spot(one.place, number)
    chip = f"cam{place.camera}-ccd{place.ccd}" if place else ""
    obs_id = f"hlsp_tglc_tess_ffi_gaiaid-{one.gaia}-s{number:04d}-{chip}_tess_v1_llc"
    digits = f"00{one.gaia}"
    folder = "/".join(digits[i : i + 4] for i in range(0, 16, 4))
    uri = f"mast:HLSP/tglc/s{number:04d}/{chip}/{folder}/{obs_id}.fits"
    make = partial(mast_ffi_files.tglc, one, number, seed)
    length = size(_BLOCKS["tglc"], (_kept(number, seed), 36))
    return _draft(one, number, "TGLC", obs_id, [_file(uri, make, length, "SCIENCE")], "Han, Te")


def _eleanor(one: Star, number: int, seed: int) -> Draft:
    obs_id = f"hlsp_gsfc-eleanor-lite_tess_ffi_s{number:04d}-{one.tic:016d}_tess_v1.0_lc"
    uri = f"mast:HLSP/gsfc-eleanor-lite/s{number:04d}/{quartered(one.tic)}/{obs_id}.fits"
    make = partial(mast_ffi_files.eleanor, one, number, seed)
    length = size(_BLOCKS["eleanor"], (_lit(number, seed), 108))
    files = [_file(uri, make, length, "SCIENCE")]
    return _draft(one, number, "GSFC-ELEANOR-LITE", obs_id, files, "Powell, Brian P.")


def _kept(number: int, seed: int) -> int:
    return int((~tess(number, frame_seconds(number), seed).lost).sum())


def _lit(number: int, seed: int) -> int:
    return int((~tess(number, frame_seconds(number), seed).dark).sum())
