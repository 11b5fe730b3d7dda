"""This file lists what JWST saw in the sandbox: pictures, spectra, a cube, and its guide stars.

A stage-3 observation lists the files of its members, and with each member again all guide-star
files of the visit: most rows of such a list are repetitions, as at MAST (astroquery issue 2507).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from skyatlas.sandbox import mast_pictures_jwst_files as written
from skyatlas.sandbox import mast_pictures_spectra as spectra
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_missions_rows import of_jwst
from skyatlas.sandbox.mast_pictures_plan import Camera, Proposal, Visit, known
from skyatlas.sandbox.mast_pictures_rows import (
    Make,
    Sort,
    listed,
    observed,
    planned,
    with_members,
)
from skyatlas.sandbox.mast_pictures_sizes import BYTES

FIRST = 87_000_001
"""obsid of the first observation."""
NIRCAM = Camera("NIRCAM/IMAGE", "CALJWST", "INFRARED", 132.0, 0.1, "nrcb1")
MIRI = Camera("MIRI/IMAGE", "CALJWST", "INFRARED", 74.0, 0.3, "mirimage")
ACQUISITION = Camera("MIRI/TARGACQ", "CALJWST", "INFRARED", 7.0, 0.3, "mirimage", pixels=64)
IFU = Camera("NIRSPEC/IFU", "CALJWST", "INFRARED", 3.2, 0.1, "nrs1", pixels=20)
SLIT = Camera("NIRSPEC/SLIT", "CALJWST", "INFRARED", 3.2, 0.1, "nrs1", pixels=20)

NEBULA = Proposal("2733", "", "Novak, Iva", "A butterfly in the infrared", 59735.2, "DD")
SPIRAL = Proposal("1783", "", "Adeyemi, Tolu", "Feedback in a spiral galaxy", 59960.6)
NUCLEUS = Proposal("2655", "", "Silva, Rui", "Gas around a hidden nucleus", 59900.8)
EXCLUSIVE = Proposal("9999", "", "Moreau, Lise", "Ionised gas", 61220.1, exclusive=True)
FUTURE = Proposal("5810", "", "Tanaka, Rin", "Nuclei once more", 61500.0)

_Look = tuple[Proposal, Camera, int, str, str, str, float, float, float, float]
_LOOKS: tuple[_Look, ...] = (
    (NEBULA, NIRCAM, 1, "NGC  6302", "NGC 6302", "F090W", 795.0, 1005.0, 0.0, 0.0),
    (NEBULA, NIRCAM, 1, "NGC  6302", "NGC 6302", "F187N", 1862.0, 1886.0, 0.0, 0.0),
    (NEBULA, MIRI, 2, "NGC  6302", "NGC 6302", "F770W", 6581.0, 8687.0, 0.0, 0.0),
    (SPIRAL, NIRCAM, 4, "M  51", "M51-CENTER", "F115W", 1013.0, 1282.0, 0.0, 0.0),
    (SPIRAL, NIRCAM, 4, "M  51", "M51-CENTER", "F335M", 3177.0, 3537.0, 0.0, 0.0),
    (NUCLEUS, IFU, 3, "NGC 1068", "NGC1068", "F170LP;G235H", 1660.0, 3170.0, 3.0, 2700.0),
    (NUCLEUS, SLIT, 4, "TRAPPIST-1", "TRAPPIST-1", "CLEAR;PRISM", 600.0, 5300.0, 5.0, 100.0),
    (NUCLEUS, MIRI, 5, "NGC 1068", "NGC1068", "F560W", 5054.0, 6171.0, 0.0, 0.0),
    (NUCLEUS, ACQUISITION, 5, "NGC 1068", "NGC1068", "FND", 8000.0, 18000.0, 0.0, 0.0),
    (EXCLUSIVE, NIRCAM, 1, "NGC 1068", "NGC1068", "F200W", 1755.0, 2227.0, 0.0, 0.0),
    (EXCLUSIVE, NIRCAM, 2, "M  87", "M87", "F200W", 1755.0, 2227.0, 0.0, 0.0),
    (FUTURE, NIRCAM, 1, "NGC 1068", "NGC1068", "F444W", 3881.0, 4982.0, 0.0, 0.0),
    (FUTURE, NIRCAM, 2, "M  51", "M51", "F444W", 3881.0, 4982.0, 0.0, 0.0),
)
"""Who looked at what in which observation: filter, where it begins and ends (nm), step, power."""

_SORTS = {
    "i2d": Sort("SCIENCE", 3, "Level 3 rectified and combined image", True),
    "s3d": Sort("SCIENCE", 3, "Level 3 resampled and combined cube", True),
    "x1d": Sort("SCIENCE", 3, "Level 3 extracted 1-D spectrum", True),
    "cal": Sort("SCIENCE", 2, "exposure (L2b): calibrated image", True),
    "rate": Sort("SCIENCE", 2, "exposure (L2a): 2-D slope image"),
    "uncal": Sort("SCIENCE", 1, "exposure (L1b): Uncalibrated 4D exposure data"),
    "asn": Sort("INFO", 3, "association file"),
    "jpg": Sort("PREVIEW", 3, "preview"),
}
_GUIDING = ("acq1", "acq2", "track", "fg")
_TIMES = 20
"""How often the guider began anew in one visit."""


@dataclass(slots=True)
class Webb:
    """JWST's visits of one seed, being numbered."""

    seed: int

    def visits(self) -> Iterator[tuple[Visit, int]]:
        """All, with the number of the observation in its proposal."""
        for which, look in enumerate(_LOOKS):
            proposal, camera, number, target, name, filter_, low, high, step, power = look
            yield Visit(
                target=known(target), name=name, camera=camera, filter=filter_, low=low, high=high,
                proposal=proposal, root=_root(proposal, camera, number, filter_),
                start=proposal.start + number + 0.1 * which, seed=self.seed, seconds=311.0,
                exposures=1 if camera is ACQUISITION else 3, rotation=30.0 + number, step=step,
                resolution=power,
            ), number  # fmt: skip

    def observations(self) -> Iterator[MastObservation]:
        """All of them."""
        for obsid, (visit, number) in enumerate(self.visits(), start=FIRST):
            if visit.proposal is FUTURE:
                yield MastObservation(obsid, planned(visit, "JWST"), ())
            elif visit.camera is ACQUISITION:
                row = observed(visit, "JWST", calib_level=2, dataURL=_uri(f"{visit.root}_cal.fits"))
                files = (*self._exposure(visit, number, 0), *self._guiding(visit, number))
                yield MastObservation(obsid, row, files, of_jwst(visit, number))
            else:
                suffix = _last(visit.camera)
                row = observed(
                    visit, "JWST",
                    dataproduct_type={"s3d": "cube", "x1d": "spectrum"}.get(suffix, "image"),
                    dataURL=_uri(f"{visit.root}_{suffix}.fits"),
                    jpegURL=_uri(f"{visit.root}_{suffix}.jpg"),
                )  # fmt: skip
                files = with_members(obsid, self._stage3(visit, number))
                yield MastObservation(obsid, row, files, of_jwst(visit, number))

    def _stage3(self, visit: Visit, number: int) -> Iterator[MastFile]:
        suffix = _last(visit.camera)
        if suffix == "i2d":
            yield self._file(visit, f"{visit.root}_i2d.fits", written.combined)
        if suffix == "s3d":
            yield self._file(visit, f"{visit.root}_s3d.fits", written.field_cube)
        if visit.step:
            yield self._file(visit, f"{visit.root}_x1d.fits", spectra.jwst)
        names = tuple(_exposure(visit, number, one) for one in range(visit.exposures))
        count = _filter_number(visit, number) + 1
        begun = f"{int(visit.start)}t010203"
        yield self._file(
            visit, f"{visit.root[:12]}_{begun}_{suffix}_{count:05d}_asn.json",
            lambda visit, _filename: written.members(visit, names),
        )  # fmt: skip
        yield self._file(visit, f"{visit.root}_{suffix}.jpg", _preview)
        guiding = tuple(self._guiding(visit, number))
        for one, name in enumerate(names):
            yield from self._exposure(visit, number, one)
            for file in guiding:
                yield _of_member(file, name)

    def _exposure(self, visit: Visit, number: int, one: int) -> Iterator[MastFile]:
        """Stages 1 and 2 of one exposure; a slit's frames are drawn as pictures too."""
        name = _exposure(visit, number, one)
        for suffix, write in (
            ("cal", written.exposed),
            ("rate", written.exposed),
            ("uncal", written.ramp),
        ):
            yield self._file(visit, f"{name}_{suffix}.fits", partial(write, number=one), name)

    def _guiding(self, visit: Visit, number: int) -> Iterator[MastFile]:
        """What the guider kept of a visit: the same files whatever the filter."""
        stem = f"jw{int(visit.proposal.number):05d}{number:03d}001"
        whole = Visit(visit.target, visit.name, visit.camera, "", 0.0, 0.0, visit.proposal, stem,
                      visit.proposal.start + number, visit.seed)  # fmt: skip
        for mode in _GUIDING:
            sort = Sort("AUXILIARY", 2, "guide star", subgroup=f"GS-{mode.upper()}")
            for time in range(_TIMES):
                day = f"{2000000 + int(whole.start)}{time:06d}"
                filename = f"{stem}_gs-{mode}_{day}_cal.fits"
                yield self._file(whole, filename, written.guide_star, sort=sort)

    def _file(
        self, visit: Visit, filename: str, write: Callable[..., bytes], obs_id: str = "",
        sort: Sort | None = None,
    ) -> MastFile:  # fmt: skip
        stem, _, ending = filename.rpartition(".")
        suffix = "jpg" if ending == "jpg" else stem.rpartition("_")[2]
        make: Make = partial(write, visit, filename)
        kind = "JWST guide star" if sort else f"JWST {suffix} {visit.camera.name}"
        size = None if ending == "jpg" else BYTES[kind]
        row = {"obs_id": obs_id or visit.root}
        folder = f"jw{int(visit.proposal.number):05d}"
        cloud = f"/jwst/public/{folder}/{obs_id or 'L3'}/{filename}"
        return listed(
            visit, _uri(filename), make, sort or _SORTS[suffix], size, row,
            "" if sort else cloud,
        )  # fmt: skip


def _of_member(file: MastFile, name: str) -> MastFile:
    from dataclasses import replace

    return replace(file, row={**file.row, "obs_id": name})


def _preview(visit: Visit, _filename: str) -> bytes:
    return spectra.preview(visit) if visit.camera is SLIT else written.preview(visit)


def _last(camera: Camera) -> str:
    """The suffix of what stage 3 makes."""
    return {IFU.name: "s3d", SLIT.name: "x1d"}.get(camera.name, "i2d")


def _root(proposal: Proposal, camera: Camera, number: int, filter_: str) -> str:
    """obs_id: "jw02733-o001_t001_nircam_clear-f090w"; of an exposure its own name."""
    stem = f"jw{int(proposal.number):05d}"
    if camera is ACQUISITION:
        return f"{stem}{number:03d}001_02101_00001_mirimage"
    optics = filter_.lower().replace(";", "-")
    clear = "clear-" if camera is NIRCAM else ""
    return f"{stem}-o{number:03d}_t{number:03d}_{camera.instrument.lower()}_{clear}{optics}"


def _exposure(visit: Visit, number: int, one: int) -> str:
    """obs_id of a member: "jw02733001001_02101_00001_nrcb1"; each filter is a group of its own."""
    if visit.camera is ACQUISITION:
        return visit.root
    group = 3 + _filter_number(visit, number)
    stem = f"jw{int(visit.proposal.number):05d}{number:03d}001"
    return f"{stem}_{group:02d}101_{one + 1:05d}_{visit.camera.letter}"


def _filter_number(visit: Visit, number: int) -> int:
    """0 for the first filter of an observation, then 1 …"""
    mine = (visit.proposal, visit.camera, number)
    return [look[5] for look in _LOOKS if look[:3] == mine].index(visit.filter)


def _uri(filename: str) -> str:
    return f"mast:JWST/product/{filename}"
