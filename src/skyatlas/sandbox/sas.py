"""This file answers as SDSS's file server: frames and spectra, each release in its own tree.

Invariant: a file is in one place of a release's tree only; everywhere else is 404. Sources: the
packages sdss-tree 4.1.4 (dr8.cfg to dr20.cfg) and sdss-access for the names; astroquery.sdss and
its remote tests for where plates of BOSS and the first fields of SDSS-V are; for APOGEE's stars
specutils' remote tests and www.sdss4.org/dr17/data_access/bulk.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from starlette.responses import HTMLResponse, Response

from skyatlas.sandbox import portal, sas_apogee, sas_frames, sas_spectra
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Item
from skyatlas.sandbox.sdss_apogee import APRED, ApogeeStar, apogee_stars
from skyatlas.sandbox.sdss_footprint import RERUN, fields
from skyatlas.sandbox.sdss_objects import Spectrum, spectra
from skyatlas.sandbox.skyserver_tables import NEWEST, RUN2D
from skyatlas.sandbox.state import State

Handler = Callable[..., Response]
_FRAME = re.compile(
    rf"dr(\d+)/(.+)/photoObj/frames/{RERUN}/(\d+)/(\d)/"
    r"frame-([ugriz])-(\d{6})-(\d)-(\d{4})\.fits\.bz2"
)
_SUMS = ".sha1sum"
_NOT_FOUND = (
    "<html>\n<head><title>404 Not Found</title></head>\n<body>\n"
    "<center><h1>404 Not Found</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n"
)


def file(state: State, asked: Asked, path: str) -> Response:
    """`/sas/PATH`: a file, or 404."""
    seed = state.world.seed
    body = _frame(path, seed) or _spectrum(path, seed) or _star(path, seed) or _sums(path, seed)
    if body is None:
        return HTMLResponse(_NOT_FOUND, 404)
    kind = "text/plain" if path.endswith(_SUMS) else "application/octet-stream"
    item = Item("sdss", path, path.rpartition("/")[2], kind, lambda: body)
    answer = portal.delivered(asked, item, body)
    del answer.headers["content-disposition"]
    return answer


def frames_of(release: int) -> str:
    """The folder of a release's images; none in 20, which sends its users to 17."""
    if release < 13:
        return "boss"
    if release < 18:
        return "eboss"
    return "prior-surveys/sdss4-dr17-eboss" if release < 20 else ""


def _frame(path: str, seed: int) -> bytes | None:
    found = _FRAME.fullmatch(path)
    if found is None or int(found[1]) not in RUN2D or found[2] != frames_of(int(found[1])):
        return None
    run, camcol, number = int(found[6]), int(found[7]), int(found[8])
    field = fields().get((run, camcol, number))
    if field is None or (int(found[3]), int(found[4])) != (run, camcol):
        return None
    return sas_frames.frame(field, found[5], seed)


def folders(one: Spectrum, release: int) -> tuple[tuple[str, bool], ...]:
    """Where a release keeps a spectrum, below its own folder; True marks the full one."""
    tree, run2d = _tree(one, release), run2d_of(one, release)
    if not run2d:
        return ()
    top = f"{tree}/{run2d}/spectra"
    if one.kind == "SDSS-V":
        return tuple(
            (f"{top}/{_field_folder(size, one, release)}", size == "full")
            for size in ("lite", "full")
        )
    plate = f"{one.plate:04d}"
    # Full spectra of BOSS's plates moved to a folder of their own in release 16.
    moved = one.kind == "BOSS" and release >= 16
    whole = (f"{top}/full/{plate}" if moved else f"{top}/{plate}", True)
    return (whole,) if release == 8 else (whole, (f"{top}/lite/{plate}", False))


def _tree(one: Spectrum, release: int) -> str:
    if release >= 18:
        # sdss-tree has boss for release 18 too; astroquery's remote test has sdss, and passes.
        boss = one.kind == "SDSS-V" and release > 18
        return f"spectro/{'boss' if boss else 'sdss'}/redux"
    if one.kind == "BOSS" and release < 16:
        return f"{'boss' if release < 13 else 'eboss'}/spectro/redux"
    return "sdss/spectro/redux"


def _field_folder(size: str, one: Spectrum, release: int) -> str:
    if release == 18:
        return f"{size}/{one.plate}p/{one.mjd}"
    if release == 19:
        return f"{size}/{one.plate:06d}/{one.mjd}"
    return f"daily/{size}/{one.plate // 1000:03d}XXX/{one.plate:06d}/{one.mjd}"


def run2d_of(one: Spectrum, release: int) -> str:
    """The reduction that a release has of a spectrum; "" where it has none."""
    if one.kind == "SDSS":
        return "26"
    return (RUN2D if one.kind == "BOSS" else NEWEST).get(release, "")


def name(one: Spectrum, release: int) -> str:
    """What the file of a spectrum is called."""
    if one.kind != "SDSS-V":
        return f"spec-{one.plate:04d}-{one.mjd}-{one.fiber:04d}.fits"
    if release == 18:
        return f"spec-{one.plate}-{one.mjd}-{one.catalog_id:011d}.fits"
    return f"spec-{one.plate:06d}-{one.mjd}-{one.catalog_id}.fits"


@cache
def _listed(seed: int) -> Mapping[str, dict[str, tuple[Spectrum, str, bool]]]:
    """By folder, then by name: spectrum, reduction, and whether it is the full one."""
    found: dict[str, dict[str, tuple[Spectrum, str, bool]]] = {}
    for release in RUN2D:
        for one in spectra(seed):
            for folder, full in folders(one, release):
                names = found.setdefault(f"dr{release}/{folder}", {})
                names[name(one, release)] = (one, run2d_of(one, release), full)
    return found


def _spectrum(path: str, seed: int) -> bytes | None:
    folder, _, last = path.rpartition("/")
    listed = _listed(seed).get(folder, {}).get(last)
    return sas_spectra.file(*listed, seed) if listed else None


def star_folders(one: ApogeeStar, release: int) -> tuple[str, str]:
    """Where a release keeps a star's spectrum, and the fit to it, below `sas`.

    Fields are named by their number up to release 15, but those of the 1m telescope. Releases after
    17 keep what was taken before in the tree of 17.
    """
    tree = f"dr{min(release, 17)}/apogee/spectro"
    apred = APRED[release]
    if release > 15:
        library = "l33" if release == 16 else "synspec_rev1"
        inside = f"{one.telescope}/{one.field}"
        return f"{tree}/redux/{apred}/stars/{inside}", f"{tree}/aspcap/{apred}/{library}/{inside}"
    stars = f"{tree}/redux/{apred}/stars"
    place = one.field if one.location == 1 else str(one.location)
    return f"{stars}/{one.telescope}/{place}", f"{stars}/{_FITS[release]}/{place}"


_FITS = {12: "l25_6d/v603", 13: "l30e/l30e.2", 14: "l31c/l31c.2", 15: "l31c/l31c.2"}
"""The folder of fits in the releases that have them beside the stars; its last word is in names."""


def fit_name(one: ApogeeStar, release: int) -> str:
    """What the file of the fit to a star is called."""
    results = f"-{_FITS[release].rpartition('/')[2]}" if release in _FITS else ""
    return f"aspcapStar-{APRED[release]}{results}-{one.name}.fits"


@cache
def _stars(seed: int) -> Mapping[str, tuple[ApogeeStar, int, bool]]:
    """By path: star, release, and whether it is the fit."""
    found: dict[str, tuple[ApogeeStar, int, bool]] = {}
    for release in range(min(APRED), 18):
        for one in apogee_stars(seed):
            if one.is_in(release):
                stars, fits = star_folders(one, release)
                found[f"{stars}/{one.file(release)}"] = one, release, False
                found[f"{fits}/{fit_name(one, release)}"] = one, release, True
    return found


def _star(path: str, seed: int) -> bytes | None:
    listed = _stars(seed).get(path)
    if listed is None:
        return None
    one, release, is_fit = listed
    return (sas_apogee.fit if is_fit else sas_apogee.star)(one, release, seed)


@lru_cache(maxsize=8)
def _sums(path: str, seed: int) -> bytes | None:
    """The checksums of a folder of spectra: dr17_sdss_…_lite_0701.sha1sum."""
    folder, _, last = path.rpartition("/")
    listed = _listed(seed).get(folder)
    if not listed or last != f"{folder.replace('/', '_')}{_SUMS}":
        return None
    bodies = {name: sas_spectra.file(*one, seed) for name, one in sorted(listed.items())}
    lines = (
        f"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}  {name}\n"
        for name, body in bodies.items()
    )
    return "".join(lines).encode()


def routes(_state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path."""
    return {"/data.sdss.org/sas/{path:path}": file}
