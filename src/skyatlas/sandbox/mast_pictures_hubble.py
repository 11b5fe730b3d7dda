"""This file lists what HST saw in the sandbox: pictures of ACS, WFC3 and WFPC2.

An association's list of files holds those of its members, under the members' own obs_id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from skyatlas.sandbox import mast_pictures_hst_files as written
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_missions_rows import of_hst
from skyatlas.sandbox.mast_pictures_plan import Camera, Proposal, Visit, known, polygon
from skyatlas.sandbox.mast_pictures_rows import (
    Make,
    Sort,
    listed,
    observed,
    planned,
    with_members,
)
from skyatlas.sandbox.mast_pictures_sizes import BYTES

FIRST = 24_000_001
"""obsid of the first observation."""
ACS = Camera("ACS/WFC", "CALACS", "OPTICAL", 202.0, 0.1, "j")
UVIS = Camera("WFC3/UVIS", "CALWF3", "UV;OPTICAL", 162.0, 0.08, "i")
WFPC2 = Camera("WFPC2/WFC", "CALWFPC2", "OPTICAL", 160.0, 0.15, "u")

SEYFERTS = Proposal("12345", "abc", "Kim, Ada", "Nuclei of nearby galaxies", 56120.4)
ULTRAVIOLET = Proposal("15323", "dhq", "Osei, Kofi", "Young stars around old nuclei", 58200.7)
OLD = Proposal("5479", "2m3", "Lindqvist, Maja", "Cores of active galaxies", 49500.2)
EXCLUSIVE = Proposal("17999", "fzz", "Moreau, Lise", "Ionised gas", 61210.3, exclusive=True)
FUTURE = Proposal("18123", "g00", "Tanaka, Rin", "Nuclei once more", 61500.0)

_LOOKS: tuple[tuple[Proposal, Camera, str, str, str, float, float], ...] = (
    (SEYFERTS, ACS, "NGC 1068", "NGC1068", "F814W", 687.0, 961.0),
    (SEYFERTS, ACS, "NGC 1068", "NGC1068", "F606W", 463.0, 718.0),
    (SEYFERTS, ACS, "M  87", "NGC4486", "F814W", 687.0, 961.0),
    (SEYFERTS, ACS, "M  51", "M51", "F814W", 687.0, 961.0),
    (SEYFERTS, ACS, "NGC  4151", "NGC4151", "F814W", 687.0, 961.0),
    (ULTRAVIOLET, UVIS, "NGC 1068", "NGC-1068-CENTER", "F275W", 228.0, 312.0),
    (ULTRAVIOLET, UVIS, "Fornax A", "FORNAX-A", "F336W", 302.0, 372.0),
    (ULTRAVIOLET, UVIS, "NGC  4038", "ANTENNAE", "F547M", 505.0, 592.0),
    (ULTRAVIOLET, UVIS, "NAME WLM Galaxy", "WLM", "F275W", 228.0, 312.0),
    (OLD, WFPC2, "NGC 1068", "NGC1068", "F547M", 514.0, 583.0),
    (OLD, WFPC2, "M  87", "M87", "F814W", 713.5, 867.5),
    (EXCLUSIVE, ACS, "NGC 1068", "NGC1068", "F658N", 650.0, 666.0),
    (EXCLUSIVE, ACS, "M  51", "M51", "F658N", 650.0, 666.0),
    (FUTURE, UVIS, "NGC 1068", "NGC1068", "F200LP", 190.0, 1060.0),
    (FUTURE, UVIS, "M  87", "M87", "F200LP", 190.0, 1060.0),
)
"""Who looked at what through which filter (nm: where it begins and ends)."""

_SORTS = {
    "drc": Sort("SCIENCE", 3, "DADS DRC file - Calibrated combined image ACS/WFC3 (CTE)", True),
    "flc": Sort("SCIENCE", 2, "DADS FLC file - Calibrated exposure ACS/WFC3 (CTE)", True),
    "raw": Sort("SCIENCE", 1, "DADS RAW file - Raw exposure COS/NICMOS/STIS/ACS/WFC3"),
    "c0m": Sort("SCIENCE", 2, "DADS C0M file - Calibrated exposure WFPC2", True),
    "asn": Sort("AUXILIARY", 1, "DADS ASN file - Association ACS/WFC3/STIS"),
    "spt": Sort("AUXILIARY", 1, "DADS SPT file"),
    "jpg": Sort("PREVIEW", 3, "Preview-Full"),
}


@dataclass(slots=True)
class Hubble:
    """HST's visits of one seed, being numbered."""

    seed: int

    def visits(self) -> Iterator[Visit]:
        """All pictures, in the order in which their obsids count."""
        times: dict[str, int] = {}
        for proposal, camera, target, name, filter_, low, high in _LOOKS:
            number = times[proposal.number] = times.get(proposal.number, 0) + 1
            single = camera is WFPC2
            tail = "01m" if single else "010"
            yield Visit(
                target=known(target), name=name, camera=camera, filter=filter_, low=low, high=high,
                proposal=proposal, root=f"{camera.letter}{proposal.code}{number:02d}{tail}",
                start=proposal.start + 0.25 * number, seed=self.seed,
                exposures=1 if single else 2, rotation=12.5 * number,
            )  # fmt: skip

    def observations(self) -> Iterator[MastObservation]:
        """All of them."""
        for obsid, visit in enumerate(self.visits(), start=FIRST):
            if visit.proposal is FUTURE:
                yield MastObservation(obsid, planned(visit, "HST"), ())
                continue
            files = self._single(visit) if visit.camera is WFPC2 else self._association(visit)
            last = visit.root + ("_c0m" if visit.camera is WFPC2 else "_drc")
            frame = {WFPC2: "GSC1 ", UVIS: ""}.get(visit.camera, "ICRS ")
            row = observed(
                visit, "HST", dataURL=product(f"{last}.fits"), jpegURL=product(f"{last}.jpg"),
                s_region=polygon(visit.footprint, frame),
            )  # fmt: skip
            yield MastObservation(obsid, row, with_members(obsid, files), of_hst(visit))

    def _association(self, visit: Visit) -> Iterator[MastFile]:
        """What was drizzled, its members' files, and a preview."""
        yield self._file(visit, f"{visit.root}_drc.fits", written.drizzled)
        yield self._file(visit, f"{visit.root}_asn.fits", written.association)
        yield self._preview(visit, f"{visit.root}_drc.jpg")
        for number in range(visit.exposures):
            name = written.exposure(visit, number)
            for suffix, write in (
                ("flc", written.calibrated),
                ("raw", written.raw),
                ("spt", written.support),
            ):
                yield self._file(
                    visit, f"{name}_{suffix}.fits", partial(write, number=number), name
                )

    def _single(self, visit: Visit) -> Iterator[MastFile]:
        yield self._file(visit, f"{visit.root}_c0m.fits", partial(written.old, number=0))
        yield self._preview(visit, f"{visit.root}_c0m.jpg")

    def _file(
        self, visit: Visit, filename: str, write: Callable[..., bytes], obs_id: str = ""
    ) -> MastFile:
        suffix = filename.rpartition(".")[0].rpartition("_")[2]
        make: Make = partial(write, visit, filename)
        size = self._said(suffix, BYTES[f"HST {suffix} {visit.camera.name}"])
        row = {"obs_id": obs_id or visit.root}
        cloud = f"/hst/public/{filename[:4]}/{filename[:9]}/{filename}"
        return listed(visit, product(filename), make, _SORTS[suffix], size, row, cloud)

    def _preview(self, visit: Visit, filename: str) -> MastFile:
        make: Make = partial(written.preview, visit)
        return listed(visit, product(filename), make, _SORTS["jpg"], None, {"obs_id": visit.root})

    @staticmethod
    def _said(suffix: str, size: int) -> int | None:
        """The list does not know telemetry's size, and takes raw files for packed ones."""
        return None if suffix == "spt" else size // 2 if suffix == "raw" else size


def product(filename: str) -> str:
    """The URI of one of HST's files."""
    return f"mast:HST/product/{filename}"
