"""This file holds what decides a made-up look of HST or JWST: proposal, camera, visit, footprint.

All are values; angles are degrees (a camera's are arcsec), wavelengths nanometres, times MJD and
seconds. Fields are as wide as the real cameras' are; pixels are larger, so that files stay small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skyatlas.sandbox.item import NamedObject
from skyatlas.sandbox.plan import Instrument, Programme, Recipe, Shot
from skyatlas.sandbox.sky import OBJECTS, Position, corners

FAR = 88069.0
"""MJD (2100-01-01) at which exclusive access ends: no test may live to see it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One observing programme; the people are made up."""

    number: str
    """As CAOM writes it: no zeros in front."""
    code: str
    """HST: the three letters in the middle of its file names; JWST: ""."""
    pi: str
    """"Kim, Ada": last name, first name."""
    title: str
    start: float
    """MJD of its first exposure."""
    kind: str = "GO"
    exclusive: bool = False

    @property
    def release(self) -> float:
        """MJD from which anybody may have the files: a year later."""
        return FAR if self.exclusive else self.start + 365.0


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera, as it takes pictures."""

    name: str
    """instrument_name: "ACS/WFC", "NIRCAM/IMAGE"."""
    provenance: str
    """The pipeline: "CALACS"."""
    region: str
    """wavelength_region."""
    field: float
    """Arcsec along each side."""
    fwhm: float
    """Arcsec: how wide a star is."""
    letter: str = ""
    """First letter of HST's file names: j, i, u, o, l."""
    pixels: int = 256
    """Along each side, all chips together."""

    @property
    def instrument(self) -> str:
        """INSTRUME: "ACS"."""
        return self.name.partition("/")[0]

    @property
    def detector(self) -> str:
        """DETECTOR: "WFC"."""
        return self.name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a telescope did of one target with one camera through one filter or grating."""

    target: NamedObject
    name: str
    """The target as the observer typed it: "NGC1068"."""
    camera: Camera
    filter: str
    low: float
    """nm: where the filter or the grating begins."""
    high: float
    proposal: Proposal
    root: str
    """obs_id of what comes out of it: "jabc01010"."""
    start: float
    seed: int
    seconds: float = 600.0
    """Of one exposure."""
    exposures: int = 2
    rotation: float = 0.0
    """Degrees from north to east of the picture's top."""
    step: float = 0.0
    """nm per sample; 0 where there is no spectrum."""
    resolution: float = 0.0

    @property
    def end(self) -> float:
        """MJD of the last photon; a tenth is lost between exposures."""
        return self.start + self.exposures * self.seconds * 1.1 / 86400.0

    def begins(self, number: int) -> float:
        """MJD at which exposure `number` (0, 1, …) begins."""
        return self.start + number * self.seconds * 1.1 / 86400.0

    @property
    def footprint(self) -> tuple[Position, ...]:
        """The four corners."""
        side = self.camera.field / 3600.0
        return corners((self.target.ra, self.target.dec), side, side, self.rotation)

    def shot(self, number: int | None = None, unit: str = "") -> Shot:
        """What draws exposure `number`, or all of them together."""
        camera, proposal = self.camera, self.proposal
        recipe = Recipe(
            name=camera.name, instrument=Instrument(camera.name, "", "", "", "", ""),
            collection="", kind="", category="", low=self.low, high=self.high, step=self.step,
            resolution=self.resolution, pixels=camera.pixels, scale=camera.field / camera.pixels,
            seeing=camera.fwhm, seconds=self.seconds, air=False, wave_unit="um", flux_unit=unit,
        )  # fmt: skip
        return Shot(
            dp_id=f"{self.root}.{'all' if number is None else number}", recipe=recipe,
            target=self.target, name=self.name,
            programme=Programme(proposal.number, proposal.pi, "", proposal.title),
            start=self.begins(number or 0), ra=self.target.ra, dec=self.target.dec,
            seed=self.seed, rotation=self.rotation, snr=40.0,
        )  # fmt: skip


def polygon(points: Sequence[Position], frame: str = "ICRS ") -> str:
    """s_region as MAST writes it: closed, with or without a frame."""
    closed = (*points, points[0])
    return f"POLYGON {frame}" + " ".join(f"{ra:.8f} {dec:.8f}" for ra, dec in closed)


def known(name: str) -> NamedObject:
    """The object of the sandbox's sky with that name; KeyError where there is none."""
    return {alias: one for one in OBJECTS for alias in (one.name, *one.aliases)}[name]
