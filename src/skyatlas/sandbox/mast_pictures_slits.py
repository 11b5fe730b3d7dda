"""This file lists the spectra that HST took in the sandbox: STIS order by order, COS by segments.

Wavelengths are in vacuum; lines stand where `light` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from skyatlas.sandbox import mast_pictures_hst_files as written
from skyatlas.sandbox import mast_pictures_spectra as spectra
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_missions_rows import of_hst
from skyatlas.sandbox.mast_pictures_hubble import product
from skyatlas.sandbox.mast_pictures_plan import Camera, Proposal, Visit, known
from skyatlas.sandbox.mast_pictures_rows import Make, Sort, listed, observed, with_members
from skyatlas.sandbox.mast_pictures_sizes import BYTES

FIRST = 24_000_101
"""obsid of the first observation."""
CCD = Camera("STIS/CCD", "CALSTIS", "OPTICAL", 52.0, 0.1, "o")
MAMA = Camera("STIS/FUV-MAMA", "CALSTIS", "UV", 25.0, 0.1, "o")
COS = Camera("COS/FUV", "CALCOS", "UV", 2.5, 0.1, "l")

SLITS = Proposal("13400", "c4n", "Haddad, Leila", "Outflows of active nuclei", 56800.3)
CIRCLES = Proposal("14767", "d9m", "Haddad, Leila", "Gas in front of a quasar", 57900.9)

_LOOKS: tuple[tuple[Proposal, Camera, str, str, str, float, float, float, float], ...] = (
    (SLITS, CCD, "NGC 1068", "NGC1068", "G430L", 290.0, 570.0, 0.2735, 750.0),
    (SLITS, CCD, "NGC 1068", "NGC1068", "G750L", 524.0, 1027.0, 0.4914, 750.0),
    (SLITS, MAMA, "NGC  4151", "NGC4151", "E140M", 114.4, 171.0, 0.0069, 45_800.0),
    (CIRCLES, COS, "3C 273", "3C273", "G130M", 113.0, 143.0, 0.00732, 16_000.0),
    (CIRCLES, COS, "NGC  4151", "NGC4151", "G130M", 113.0, 143.0, 0.00732, 16_000.0),
)
"""Who looked at what through which grating: nm of both ends and of a sample, resolving power."""

_SORTS = {
    "x1d": Sort("SCIENCE", 2, "DADS X1D file - 1-D extracted spectra COS/STIS", True),
    "x1dsum": Sort("SCIENCE", 3, "DADS XSM file - Calibrated combined extracted 1D spectrum COS",
                   True),
    "asn": Sort("AUXILIARY", 1, "DADS ASN file - Association ACS/WFC3/STIS"),
    "spt": Sort("AUXILIARY", 1, "DADS SPT file"),
    "jpg": Sort("PREVIEW", 2, "Preview-Full"),
}  # fmt: skip


@dataclass(slots=True)
class Slits:
    """HST's spectra of one seed."""

    seed: int

    def visits(self) -> Iterator[Visit]:
        """All spectra."""
        for which, look in enumerate(_LOOKS, start=1):
            proposal, camera, target, name, grating, low, high, step, power = look
            yield Visit(
                target=known(target), name=name, camera=camera, filter=grating, low=low, high=high,
                proposal=proposal, root=f"{camera.letter}{proposal.code}{which:02d}010",
                start=proposal.start + 0.3 * which, seed=self.seed, seconds=1200.0,
                exposures=2 if camera is COS else 1, step=step, resolution=power,
            )  # fmt: skip

    def observations(self) -> Iterator[MastObservation]:
        """All of them."""
        for obsid, visit in enumerate(self.visits(), start=FIRST):
            last = f"{visit.root}_{'x1dsum' if visit.camera is COS else 'x1d'}"
            row = observed(
                visit, "HST", dataURL=product(f"{last}.fits"), jpegURL=product(f"{last}.jpg"),
                calib_level=3 if visit.camera is COS else 2,
            )  # fmt: skip
            files = with_members(obsid, self._files(visit, last))
            yield MastObservation(obsid, row, files, of_hst(visit))

    def _files(self, visit: Visit, last: str) -> Iterator[MastFile]:
        write = spectra.cos if visit.camera is COS else spectra.stis
        yield self._file(visit, f"{last}.fits", partial(write, number=0))
        yield self._file(visit, f"{last}.jpg", lambda visit, _filename: spectra.preview(visit))
        yield self._file(visit, f"{visit.root}_spt.fits", partial(written.support, number=0))
        if visit.camera is not COS:
            return
        yield self._file(visit, f"{visit.root}_asn.fits", written.association)
        for number in range(visit.exposures):
            name = written.exposure(visit, number)
            yield self._file(visit, f"{name}_x1d.fits", partial(write, number=number), name)

    def _file(
        self, visit: Visit, filename: str, write: Callable[..., bytes], obs_id: str = ""
    ) -> MastFile:
        stem, _, ending = filename.rpartition(".")
        suffix = "jpg" if ending == "jpg" else stem.rpartition("_")[2]
        make: Make = partial(write, visit, filename)
        size = None if suffix == "jpg" else BYTES[f"HST {suffix} {visit.filter}"]
        row = {"obs_id": obs_id or visit.root}
        cloud = f"/hst/public/{filename[:4]}/{filename[:9]}/{filename}"
        return listed(visit, product(filename), make, _SORTS[suffix], size, row, cloud)
