"""This file lists what others made of HST's pictures: HAP and HLA products, and those of teams.

Their lists are the odd ones: files of other observations (HAP), URIs with a question mark (HLA),
and two files of one name in different folders (HLSP).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from skyatlas.sandbox import mast_pictures_hst_files as written
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_pictures_plan import Visit, polygon
from skyatlas.sandbox.mast_pictures_rows import Make, Sort, listed, observed
from skyatlas.sandbox.mast_pictures_sizes import BYTES

HAP, HLA, HLSP = 24_000_201, 26_000_001, 31_000_001
"""obsid of the first observation of each."""
_DRIZZLED = Sort("SCIENCE", 3, "HAP/HLA drizzled image", True)
_TEAM = Sort("SCIENCE", 4, "Drizzled image of a nucleus", True)
_NOTES = Sort("INFO", 4, "Notes", subgroup="README")


def high_level(hubble: Sequence[tuple[Visit, MastObservation]]) -> Iterator[MastObservation]:
    """All of them, made of HST's visits and what those are in the archive."""
    acs = [pair for pair in hubble if pair[0].root.startswith("jabc")]
    for obsid, (visit, observation) in enumerate(acs[:2], start=HAP):
        yield _visit_mosaic(obsid, visit, observation)
    old = [visit for visit, _ in hubble if visit.root.startswith("u")]
    for obsid, visit in enumerate(old, start=HLA):
        yield _legacy(obsid, visit)
    same = [visit for visit, _ in acs if visit.name in ("NGC1068", "NGC4151")]
    chosen = [visit for visit in same if visit.filter == "F814W"]
    for obsid, visit in enumerate(chosen, start=HLSP):
        yield _of_team(obsid, visit)


def _visit_mosaic(obsid: int, visit: Visit, observation: MastObservation) -> MastObservation:
    """A Hubble Advanced Product; it lists the exposures that it was made of once more."""
    name = (
        f"hst_{int(visit.proposal.number):05d}_{visit.root[4:6]}_acs_wfc_"
        f"{visit.filter.lower()}_{visit.root[:6]}"
    )
    uri = f"mast:HST/product/{name}_drc.fits"
    row = observed(visit, "HST", obs_id=name, project="HAP", dataURL=uri)
    shared = tuple(file for file in observation.files if file.subgroup == "FLC")
    return MastObservation(obsid, row, (_drizzled(visit, uri, name, _DRIZZLED), *shared))


def _legacy(obsid: int, visit: Visit) -> MastObservation:
    """A product of the Hubble Legacy Archive, which had a programme deliver its files."""
    name = f"hst_{int(visit.proposal.number):05d}_{visit.root[4:6]}_wfpc2_{visit.filter.lower()}_wf"
    filename = f"{name}_drz.fits"
    uri = f"mast:HLA/url/cgi-bin/getdata.cgi?download=1&filename={filename}"
    row = observed(
        visit, "HLA", obs_id=name, s_region=polygon(visit.footprint, "J2000 "),
        jpegURL=f"https://hla.stsci.edu/cgi-bin/preview.cgi?dataset={name}",
    )  # fmt: skip
    file = _drizzled(visit, uri, name, _DRIZZLED, filename)
    return MastObservation(obsid, row, (replace(file, cloud=""),))


def _of_team(obsid: int, visit: Visit) -> MastObservation:
    """A High Level Science Product: the folder tells the galaxy, the file's name does not."""
    galaxy = visit.name.lower()
    folder = f"mast:HLSP/nuclei/{galaxy}"
    uri = f"{folder}/hlsp_nuclei_hst_acs-wfc_f814w_v1_drz.fits"
    obs_id = f"hlsp_nuclei_hst_acs-wfc_{galaxy}_f814w_v1"
    row = observed(
        visit, "HLSP", obs_id=obs_id, project="NUCLEI", provenance_name="NUCLEI", calib_level=4,
        dataURL=uri, s_region=polygon(visit.footprint, ""),
    )  # fmt: skip
    text = f"Nucleus of {visit.name}, drizzled by a team that does not exist.\n".encode()
    notes = listed(
        visit, f"{folder}/hlsp_nuclei_readme_v1.txt", partial(bytes, text), _NOTES, len(text),
        {"obs_id": obs_id},
    )  # fmt: skip
    return MastObservation(obsid, row, (_drizzled(visit, uri, obs_id, _TEAM), notes))


def _drizzled(visit: Visit, uri: str, obs_id: str, sort: Sort, filename: str = "") -> MastFile:
    name = filename or uri.rpartition("/")[2]
    make: Make = partial(written.drizzled, visit, name)
    row: dict[str, Any] = {"obs_id": obs_id}
    if filename:
        row["productFilename"] = filename
    size = BYTES[f"HST drc {visit.camera.name}"]
    cloud = f"/mast/hlsp/{uri.partition('HLSP/')[2]}" if "HLSP" in uri else f"/hst/public/{name}"
    return listed(visit, uri, make, sort, size, row, cloud)
