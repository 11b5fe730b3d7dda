"""This file makes the rows of CAOM for what HST and JWST saw: an observation's, and its files'.

Invariant: a size that is listed is the file's own, except where a file is listed on purpose with a
wrong one or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from skyatlas.sandbox.light import shines
from skyatlas.sandbox.mast_item import MastFile
from skyatlas.sandbox.mast_pictures_plan import Visit, polygon

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Sort:
    """What files with one suffix are."""

    product_type: str
    calib_level: int
    description: str
    recommended: bool = False
    subgroup: str = ""
    """productSubGroupDescription where it is not the suffix."""


def observed(visit: Visit, collection: str, **more: object) -> dict[str, Any]:
    """CAOM's columns of one visit; `more` says what else, or differs."""
    target, proposal = visit.target, visit.proposal
    return {
        "intentType": "science",
        "obs_collection": collection,
        "provenance_name": visit.camera.provenance,
        "instrument_name": visit.camera.name,
        "project": collection,
        "filters": visit.filter,
        "wavelength_region": visit.camera.region,
        "target_name": visit.name,
        "target_classification": "GALAXY" if shines(target) else "STAR",
        "obs_id": visit.root,
        "s_ra": target.ra,
        "s_dec": target.dec,
        "dataproduct_type": "spectrum" if visit.step else "image",
        "proposal_pi": proposal.pi,
        "calib_level": 3,
        "t_min": visit.start,
        "t_max": visit.end,
        "t_exptime": visit.seconds * visit.exposures,
        "em_min": visit.low,
        "em_max": visit.high,
        "obs_title": proposal.title,
        "t_obs_release": proposal.release,
        "proposal_id": proposal.number,
        "proposal_type": proposal.kind,
        "s_region": polygon(visit.footprint),
        "dataRights": "EXCLUSIVE_ACCESS" if proposal.exclusive else "PUBLIC",
        "mtFlag": False,
    } | more


_NOT_YET = ("provenance_name", "t_min", "t_max", "t_exptime", "t_obs_release", "dataRights")


def planned(visit: Visit, collection: str) -> dict[str, Any]:
    """CAOM's columns of a visit that has not been: no times, no files, calib_level -1."""
    row = observed(visit, collection, calib_level=-1)
    return {name: value for name, value in row.items() if name not in _NOT_YET}


def listed(
    visit: Visit,
    uri: str,
    make: Make,
    sort: Sort,
    size: int | None,
    row: Mapping[str, object],
    cloud: str = "",
) -> MastFile:
    """One file of a visit; those of an exclusive programme are not in the cloud."""
    stem, _, ending = uri.rpartition("/")[2].rpartition(".")
    suffix = stem.rpartition("_")[2].upper()
    return MastFile(
        uri=uri,
        make=make,
        kind="cube" if suffix == "S3D" else "spectrum" if visit.step else "image",
        product_type=sort.product_type,
        subgroup=sort.subgroup or suffix,
        description=sort.description,
        calib_level=sort.calib_level,
        recommended=sort.recommended,
        size=size,
        cloud="" if visit.proposal.exclusive or ending == "jpg" else cloud,
        derived=sort.calib_level >= 3,
        row={"filters": visit.filter, **row},
    )


def with_members(obsid: int, files: Iterable[MastFile]) -> tuple[MastFile, ...]:
    """The files of an observation; those under another obs_id get the obsID of that member."""
    listed_files = tuple(files)
    own = listed_files[0].row["obs_id"]
    names = dict.fromkeys(file.row["obs_id"] for file in listed_files)
    first = obsid // 1_000_000 * 1_000_000 + 500_000 + obsid % 1000 * 20
    numbers = {name: first + at for at, name in enumerate(names)}
    return tuple(
        file
        if file.row["obs_id"] == own
        else replace(file, row={**file.row, "obsID": numbers[file.row["obs_id"]]})
        for file in listed_files
    )
