"""This file holds what decides a made-up observation: programme, instrument, recipe and shot.

All are values: the same shot gives the same row and the same bytes. Wavelengths are nanometres
here, because the headers' WAVELMIN and WAVELMAX are; angles are degrees, times seconds and MJD.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from skyatlas.sandbox.item import NamedObject


@dataclass(frozen=True, slots=True)
class Programme:
    """One observing programme."""

    identifier: str
    """In either of ESO's formats: "091.B-0088(B)", "112.25R7.001"."""
    creator: str
    """As ObsCore names the principal investigator: "MINNITI, DANTE"."""
    team: str
    """As dbo.raw does: "MINNITI/ LUCAS"."""
    title: str
    proprietary: bool = False
    hidden: bool = False
    reference: str = ""
    """Bibliographic code or DOI."""
    late: float = 0.0
    """Days after the period's begin on which it came to the telescope."""

    @property
    def period(self) -> int:
        """ESO's observing period: the number in front; large programmes add 100."""
        number = int(self.identifier.partition(".")[0][-3:])
        return number - 100 if number >= 150 else number

    @property
    def start(self) -> float:
        """MJD on which the period began: half years; period 91 began on 2013-04-01."""
        if self.period < 70:
            return 56383.0  # 60.A is the observatory's own number for calibrations of all years
        return 56383.0 + (self.period - 91) * 182.625 + self.late


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the raw frames of one instrument look like."""

    name: str
    prefix: str
    """Of the dp_id: "XSHOO"."""
    telescope: str
    tech: str
    """DPR TECH of a science frame."""
    mode: str
    packing: str
    """".Z" or ".fz": how the archive delivers raw frames."""
    low: float | None = None
    """Shortest wavelength, nm, or None where dbo.raw does not say."""
    high: float | None = None
    template: str = "obs_GenericOffset"
    masters: bool = True
    """Whether the archive has processed calibrations."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of reduced product."""

    name: str
    instrument: Instrument
    collection: str
    kind: str
    """ObsCore's dataproduct_type."""
    category: str
    """PRODCATG."""
    low: float
    """nm: the first sample (spectrum, cube) or the blue edge of the filter."""
    high: float
    step: float = 0.0
    """nm per sample; 0 for what has no spectral axis."""
    resolution: float = 0.0
    tech: str = ""
    subtype: str = ""
    filter: str = ""
    pixels: int = 0
    """Samples along each side on the sky."""
    scale: float = 0.0
    """Arcsec per pixel."""
    seeing: float = 0.8
    """Arcsec, full width at half maximum of a star."""
    seconds: float = 600.0
    packing: str = ""
    """"" or ".fz"."""
    air: bool = True
    wave_unit: str = "nm"
    flux_unit: str = "erg cm**(-2) s**(-1) angstrom**(-1)"
    frame: str = "BARYCENT"
    """SPECSYS."""
    external: bool = False
    """Made by a team (EDP), not by ESO (IDP)."""
    release: int = 0
    """Number of the release description."""

    @property
    def samples(self) -> int:
        """Number of samples along the spectral axis."""
        return round((self.high - self.low) / self.step) + 1 if self.step else 0

    @property
    def top(self) -> float:
        """nm: the last sample, or the red edge of the filter."""
        return round(self.low + (self.samples - 1) * self.step, 6) if self.step else self.high

    @property
    def field(self) -> float:
        """Degrees along each side."""
        return self.pixels * self.scale / 3600.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One reduced product: of what, with what, for whom, when."""

    dp_id: str
    recipe: Recipe
    target: NamedObject
    name: str
    """The target as the observer typed it."""
    programme: Programme
    start: float
    """MJD UTC."""
    ra: float
    """Where the product's centre is."""
    dec: float
    seed: int
    rotation: float = 0.0
    """Degrees from north to east of the image's top."""
    snr: float = 0.0
    raws: tuple[str, ...] = ()
    """dp_ids of the raw frames."""
    sibling: str = ""
    """File name of the ancillary file, "" if none."""
    created: float = 0.0
    """MJD at which the product entered the archive."""

    @property
    def end(self) -> float:
        """MJD UTC of the last photon; overheads are a tenth."""
        return self.start + self.recipe.seconds * 1.1 / 86400.0

    @property
    def block(self) -> int:
        """The observation block's number."""
        return 200_000_000 + round(self.start * 1000) % 1_000_000

    @property
    def origfile(self) -> str:
        """The file name that its maker gave it; the same one may exist twice in the archive."""
        from skyatlas.sandbox.clock import iso

        when = iso(self.start)[:16].replace(":", "-")
        return f"{self.recipe.name}_{self.block}_{when}.fits{self.recipe.packing}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One raw frame."""

    dp_id: str
    instrument: Instrument
    programme: Programme
    start: float
    """MJD UTC."""
    ra: float
    """Degrees; the archive's bogus number for frames that do not look at the sky."""
    dec: float
    name: str
    """OBJECT: the target, or what the lamp is."""
    category: str = "SCIENCE"
    """DPR CATG."""
    type: str = "OBJECT"
    """DPR TYPE."""
    seconds: float = 300.0
    number: int = 1
    """Exposure within its template."""
    of: int = 1
    seed: int = field(default=1)

    @property
    def end(self) -> float:
        """MJD UTC."""
        return self.start + self.seconds / 86400.0

    @property
    def block(self) -> int:
        """The observation block's number."""
        return 200_000_000 + round(self.start * 100) % 1_000_000

    @property
    def pointed(self) -> bool:
        """Whether the telescope looked at the sky."""
        return self.dec >= -90.0
