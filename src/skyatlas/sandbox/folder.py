"""This file adds people's own FITS files to the sandbox's archive: found, listed, delivered as is.

Invariant: the bytes delivered are the file's own, and no file stops the others from being listed:
what cannot be listed is left out with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyatlas.errors import BadInput
from skyatlas.sandbox import rows
from skyatlas.sandbox.clock import iso, zulu
from skyatlas.sandbox.facts import Facts, Unlistable, facts_of
from skyatlas.sandbox.item import Item, Link, NamedObject
from skyatlas.sandbox.sky import galactic

_FITS = re.compile(r"\.(fits|fit|fts|mt)(\.(gz|fz|Z|bz2))?$", re.IGNORECASE)
_RAW_NAME = re.compile(
    r"([A-Z][A-Z0-9_]+\.\d{4}-\d\d-\d\dT\d\d)[:_](\d\d)[:_](\d\d\.\d{3})", re.ASCII
)
_CONTENT = {
    "gz": "application/gzip", "Z": "application/x-fits", "bz2": "application/x-bzip2",
}  # fmt: skip
# What stands in OBJECT where there is no target (ESO's DPR TYPE, and other observatories' words).
_NO_TARGET = re.compile(
    r"(sky|bias|dark|flat|std|star|object|lamp|wave|test|acquisition|unknown|none)[,\w]*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(TIC|KIC|EPIC) *(\d+)", re.ASCII)
_EPOCH = "1990-01-01T00:00:00.000Z"
"""Release date of a file that does not say when it was taken."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder gives to the archive, and what not."""

    items: tuple[Item, ...]
    objects: tuple[NamedObject, ...]
    left_out: tuple[tuple[Path, str], ...]
    """Files that are not listed, and why."""


def items_of_folder(path: Path) -> tuple[list[Item], list[NamedObject]]:
    """The files below `path` that have a position, as items, and their targets."""
    folder = read_folder(path)
    return list(folder.items), list(folder.objects)


def read_folder(path: Path) -> Folder:
    """All files below `path`: listed, or left out with a reason. Never fails because of a file."""
    if not path.is_dir():
        raise BadInput(f"{path} is no folder; give one that holds FITS files")
    found: list[tuple[Path, Facts]] = []
    left_out: list[tuple[Path, str]] = []
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        if not _FITS.search(file.name):
            left_out.append((file, "its name is not a FITS file's"))
            continue
        try:
            found.append((file, facts_of(file)))
        except Unlistable as error:
            left_out.append((file, str(error)))
    names = _identifiers(found)
    known = set(names)
    items = [
        _item(file, facts, name, known) for (file, facts), name in zip(found, names, strict=True)
    ]
    return Folder(tuple(items), tuple(_targets(facts for _, facts in found)), tuple(left_out))


def _identifiers(found: list[tuple[Path, Facts]]) -> list[str]:
    """One dp_id per file: ARCFILE, else ESO's pattern in the name, else the name; never twice."""
    taken: set[str] = set()
    names: list[str] = []
    for file, facts in found:
        stem = _FITS.sub("", file.name)
        pattern = _RAW_NAME.fullmatch(stem)
        wishes = [facts.arcfile, ":".join(pattern.groups()) if pattern else "", stem, file.name]
        wishes += [f"{stem}-{count}" for count in range(2, len(found) + 3)]
        name = next(wish for wish in wishes if wish and wish not in taken)
        taken.add(name)
        names.append(name)
    return names


def _item(file: Path, facts: Facts, dp_id: str, known: set[str]) -> Item:
    packing = _packing(file)
    named_by_archive = dp_id == facts.arcfile
    filename = f"{dp_id}.fits{f'.{packing}' if packing else ''}" if named_by_archive else file.name
    row = _raw_row(file, facts, dp_id) if facts.raw else _obscore_row(file, facts, dp_id)
    return Item(
        archive="eso",
        dp_id=dp_id,
        filename=filename,
        content_type=_CONTENT.get(packing, "application/fits"),
        make=file.read_bytes,
        table="dbo.raw" if facts.raw else "ivoa.ObsCore",
        row={column: value for column, value in row.items() if value is not None and value != ""},
        program=facts.programme,
        category=facts.category or facts.raw_words[0],
        links=tuple(
            Link("#progenitor", name, "Raw science frame", "SCIENCE")
            for name in facts.provenance
            if name in known
        ),
    )


def _packing(file: Path) -> str:
    match = _FITS.search(file.name)
    return (match.group(3) or "") if match else ""


def _size(file: Path) -> int:
    return max(file.stat().st_size // 1000, 1)


def _released(facts: Facts) -> str:
    return zulu(facts.start) if facts.start is not None else _EPOCH


def _collection(facts: Facts) -> str:
    """The team's name in the title, else the instrument if ESO made it, else the telescope."""
    if facts.external and "_" in facts.title:
        return facts.title.partition("_")[0]
    if facts.category or facts.telescope.startswith("ESO"):
        return facts.instrument
    return facts.telescope or facts.instrument or "FOLDER"


def _obscore_row(file: Path, facts: Facts, dp_id: str) -> dict[str, Any]:
    longitude, latitude = galactic((facts.ra, facts.dec))
    return {
        **rows.product_addresses(dp_id),
        "access_estsize": _size(file),
        "calib_level": 2,
        "dataproduct_type": facts.kind,
        "em_min": facts.low,
        "em_max": facts.high,
        "em_res_power": facts.resolution,
        "facility_name": facts.telescope,
        "gal_lon": round(longitude, 6),
        "gal_lat": round(latitude, 6),
        "instrument_name": facts.instrument,
        "last_mod_date": _released(facts),
        "obs_collection": _collection(facts),
        "obs_creator_did": f"ivo://eso.org/origfile?{facts.origfile or file.name}",
        "obs_creator_name": facts.creator,
        "obs_id": dp_id,
        "obs_release_date": _released(facts),
        "obs_title": facts.title or file.name,
        "p3orig": "EDP" if facts.external else "IDP",
        "proposal_id": facts.programme,
        "publication_date": _released(facts),
        "s_ra": facts.ra,
        "s_dec": facts.dec,
        "s_region": _region(facts),
        "snr": facts.snr,
        "t_exptime": facts.seconds,
        "t_min": facts.start,
        "t_max": facts.end,
        "target_name": facts.target,
    }


def _raw_row(file: Path, facts: Facts, dp_id: str) -> dict[str, Any]:
    category, kind, technique = facts.raw_words
    return {
        **rows.raw_addresses(dp_id),
        "access_estsize": _size(file),
        "date_obs": f"{iso(facts.start)}0" if facts.start is not None else None,
        "dec": facts.dec,
        "dp_cat": category,
        "dp_tech": technique,
        "dp_type": kind,
        "exp_start": zulu(facts.start) if facts.start is not None else None,
        "exposure": facts.seconds,
        "instrument": facts.instrument,
        "last_mod_date": _released(facts),
        "mjd_obs": facts.start,
        "object": facts.target,
        "origfile": facts.origfile or file.name,
        "pi_coi": facts.creator,
        "prog_id": facts.programme,
        "ra": facts.ra,
        "release_date": _released(facts),
        "s_region": rows.position((facts.ra, facts.dec)),
        "target": facts.target,
        "telescope": facts.telescope,
    }


def _region(facts: Facts) -> str:
    place = (facts.ra, facts.dec)
    return rows.polygon(facts.corners) if facts.corners else rows.position(place)


def _targets(found: Iterable[Facts]) -> Iterable[NamedObject]:
    """The targets that the files name, each once."""
    seen: set[str] = set()
    for facts in found:
        key = "".join(facts.target.split()).casefold()
        if key and key not in seen and not _NO_TARGET.fullmatch(facts.target):
            seen.add(key)
            number = _NUMBERED.fullmatch(facts.target)
            ids = {number.group(1): number.group(2)} if number else {}
            yield NamedObject(facts.target, (), facts.ra, facts.dec, "?", ids=ids)
