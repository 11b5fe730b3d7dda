"""This file holds the values that travel through the house; all frozen, one unit per quantity.

Units: degrees (ICRS), metres (vacuum wavelength), MJD UTC days, seconds, bytes. `None` means
"not said", never zero. Nothing here imports astropy or touches the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from skyatlas.errors import ArchiveError, AtlasError, BadInput

Kind = Literal[
    "image", "cube", "spectrum", "sed", "timeseries", "visibility", "event", "measurements"
]
"""ObsCore's `dataproduct_type` (ObsCore 1.1, section 3.3.1)."""

KINDS: frozenset[str] = frozenset(Kind.__args__)  # type: ignore[attr-defined]


def _nothing() -> Mapping[str, Any]:
    """A default that cannot be changed (a mappingproxy itself cannot be one before Python 3.12)."""
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed range of one quantity; an open end is None."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise BadInput(
                f"the range {self.low:g}..{self.high:g} is reversed; write it as low..high"
            )

    def overlaps(self, low: float | None, high: float | None) -> bool:
        """Whether low..high (None = not said, counts as overlapping) touches this range."""
        return not (
            (self.low is not None and high is not None and high < self.low)
            or (self.high is not None and low is not None and low > self.high)
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A place on the sky that somebody asked for, and how it was found."""

    asked: str
    """The caller's own words."""
    ra: float | None = None
    """Right ascension, degrees ICRS; None for a question without a place."""
    dec: float | None = None
    """Declination, degrees ICRS."""
    name: str = ""
    """The resolver's main name, or ""."""
    resolver: str = ""
    """Who says so: "SIMBAD", "NED", "VizieR", "OpenNGC", "as given" …"""
    said: str = ""
    """How the words were read, in words: "sexagesimal, right ascension in hours"."""
    date: str = ""
    """When it was resolved, ISO 8601 UTC."""
    ids: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    """Identifiers that archives ask by, for example {"TIC": "261136679"}."""

    def __post_init__(self) -> None:
        if (self.ra is None) != (self.dec is None):
            raise BadInput(
                f"{self.asked!r} has only one coordinate; give right ascension and declination"
            )
        if self.dec is not None and not -90.0 <= self.dec <= 90.0:
            raise BadInput(f"declination {self.dec:g} of {self.asked!r} is outside -90..90 degrees")
        if self.ra is not None and not 0.0 <= self.ra < 360.0:
            raise BadInput(
                f"right ascension {self.ra:g} of {self.asked!r} is outside 0..360 degrees"
            )


@dataclass(frozen=True, slots=True)
class Query:
    """One question about one target (or about no place at all); every filter is optional."""

    target: Target | None = None
    radius: float | None = None
    """Degrees; footprints that touch this circle are wanted. None exactly where the target has no
    place: there is none, or it is asked for by its identifiers (`Target.ids`)."""
    kinds: frozenset[str] = frozenset()
    instruments: tuple[str, ...] = ()
    """As people write them ("X-SHOOTER"); each archive knows its own spellings."""
    programs: tuple[str, ...] = ()
    """Proposal identifiers; a trailing run letter may be missing."""
    pi: str | None = None
    """Part of the principal investigator's name; case does not count."""
    target_name: str | None = None
    """The name that the observer gave the target; `*` stands for anything."""
    collections: tuple[str, ...] = ()
    band: Interval | None = None
    """Vacuum wavelength in metres; anything that overlaps is wanted."""
    time: Interval | None = None
    """MJD (UTC); anything that overlaps is wanted."""
    calib_level: Interval | None = None
    """ObsCore's 0 (raw) … 4 (analysis); None means all levels."""
    public: bool = False
    """Only what anybody may download today."""
    limit: int | None = None
    """At most so many rows per archive and target; None means all."""
    table: str | None = None
    """An archive's own table ("ist.xshooter") instead of its usual ones."""
    parameters: tuple[tuple[str, str], ...] = ()
    """(NAME, value) of a service's own parameters, sent as they are: SIA 2's EXPTIME, FOV …"""

    def __post_init__(self) -> None:
        unknown = self.kinds - KINDS
        if unknown:
            raise BadInput(
                f"unknown kind {', '.join(sorted(unknown))}; there are: {', '.join(sorted(KINDS))}"
            )
        if self.limit is not None and self.limit < 1:
            raise BadInput(f"a limit of {self.limit} rows makes no sense; give at least 1")
        if self.radius is not None and not 0.0 < self.radius <= 180.0:
            raise BadInput(f"a radius of {self.radius:g} degrees is outside 0..180 degrees")


class Why(StrEnum):
    """What a `Note` is about."""

    TRUNCATED = "truncated"
    """The archive cut its answer: rows are missing."""
    LIMITED = "limited"
    """The caller's own limit cut the answer."""
    HIDDEN = "hidden"
    """The archive does not show some rows to this user; `count` where it can be known."""
    LOGIN_ROWS = "login_rows"
    """So many of the rows (`count`) are there only because of the login."""
    PROPRIETARY = "proprietary"
    """The files of so many rows (`count`) need a login that is permitted to see them."""
    UNANSWERED = "unanswered"
    """A part of the question could not be put to this archive, or one row could not be followed."""
    FALLBACK = "fallback"
    """The archive did something else than asked (CalSelector's raw calibrations for processed)."""
    INCOMPLETE = "incomplete"
    """The archive itself says that what it lists is not all that is needed."""
    UNDOCUMENTED = "undocumented"
    """What describes a folder of files as a whole could not be written; the files are whole."""
    OUTSIDE = "outside"
    """A survey has not looked there: nothing is missing, and nothing failed."""
    ASSUMED = "assumed"
    """Something was taken for granted that the caller may want to know."""


_CUTS = frozenset({Why.TRUNCATED, Why.LIMITED, Why.UNANSWERED})


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the caller must know about an answer; never silence."""

    why: Why
    text: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one archive did with one search."""

    archive: str
    rows: int = 0
    seconds: float = 0.0
    notes: tuple[Note, ...] = ()
    error: AtlasError | None = field(default=None, compare=False)
    asked: tuple[str, ...] = ()
    """What was really sent: ADQL or URLs, without secrets."""
    mapping: Mapping[str, str] = field(default_factory=_nothing, compare=False)
    """ObsCore column → where its values come from: "given: …", "guessed: …" or "missing"; empty
    for an archive whose tables are known beforehand."""

    @property
    def complete(self) -> bool | None:
        """True: all rows that exist. False: rows are missing. None: the archive cannot tell."""
        if self.error is not None or any(note.why in _CUTS for note in self.notes):
            return False
        if any(note.why is Why.HIDDEN for note in self.notes):
            return None
        return True

    @property
    def answered(self) -> bool:
        """Whether the archive gave all that it was asked for (a caller's limit is no fault)."""
        return self.error is None and not any(
            note.why in (Why.TRUNCATED, Why.UNANSWERED) for note in self.notes
        )


@dataclass(frozen=True, slots=True)
class Product:
    """One file that an archive offers."""

    url: str
    """Where it is, at the archive's own address."""
    archive: str = ""
    product_id: str = ""
    """The archive's identifier of this file (ESO: dp_id); the same file twice has the same one."""
    obs_id: str = ""
    """The observation (or product row) that it came from."""
    target: str = ""
    """The target as the caller wrote it."""
    name: str | None = None
    """File name where it is known before asking; otherwise the answer's Content-Disposition."""
    size: int | None = None
    """Bytes; None: the archive did not say. An estimate unless `size_exact`."""
    size_exact: bool = False
    content_type: str = ""
    checksum: str | None = None
    """"sha256:…" or "md5:…" where the archive gives one."""
    semantics: str = "#this"
    """DataLink's word: #this, #auxiliary, #preview, #progenitor, #calibration …"""
    category: str = ""
    """The archive's own word for what this is (ESO: "SCIENCE.SPECTRUM", "BIAS")."""
    folder: str = ""
    """Relative sub-folder of the destination, "" for the destination itself."""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same bytes (mirror, cloud copy), in the order to try them."""
    made: Literal["", "mosaic", "ranges"] = ""
    """How this file is made here, where no service has it: "mosaic" of whole images, "ranges" of
    bytes of one remote file. Its `url` then ends in a fragment and is never fetched as it is."""
    sources: tuple[str, ...] = ()
    """The addresses of the files that it is made of."""
    anonymous: bool = False
    """Ask without credentials even when logged in (calibrations are public at ESO)."""
    provenance: Mapping[str, Any] = field(default_factory=_nothing, hash=False, compare=False)
    """Facts under ObsCore's names: instrument_name, proposal_id, obs_creator_name …"""

    @property
    def key(self) -> str:
        """What makes two products the same file."""
        return f"{self.archive}:{self.product_id}" if self.product_id else self.url


@dataclass(frozen=True, slots=True)
class Association:
    """One node of a calibration tree: files that belong together, and what they need."""

    category: str
    """The archive's word: "SCI_IMG_2x2_low", "FLAT_SKY", "BIAS" …"""
    files: tuple[tuple[str, str], ...]
    """(product_id, category) of the files of this node."""
    needs: tuple[Association, ...] = ()
    """What these files are calibrated with."""
    complete: bool = True
    """False: mandatory calibrations are missing."""
    certified: bool = True
    """False: too young to have been checked by the archive."""
    mode: str = ""
    """"raw" or "processed": what the archive really did; said on the root."""
    messages: tuple[str, ...] = ()

    def walk(self) -> Iterator[Association]:
        """This node, then everything below it."""
        yield self
        for node in self.needs:
            yield from node.walk()

    def product_ids(self) -> frozenset[str]:
        """Every file of the tree."""
        return frozenset(product_id for node in self.walk() for product_id, _ in node.files)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file that is whole and verified, under its final name."""

    path: Path
    product: Product
    size: int
    """Bytes on disk."""
    sha256: str
    url: str
    """What was asked, without secrets."""
    answered_url: str
    """Where the answer came from after redirects, without secrets."""
    started: str
    """ISO 8601 UTC."""
    ended: str
    verified: tuple[str, ...]
    """How: "length", "fits structure", "checksum", "datasum", "md5", "lzw" …"""
    etag: str | None = None
    last_modified: str | None = None
    content_type: str = ""
    mtime_ns: int = 0
    """Modification time when the receipt was written; tells cheaply that it was touched."""
    unpacked: Path | None = None
    """The file unpacked from an original that stays at `path`: .fits.Z, or a zip of one FITS."""
    versions: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    status: Literal["fetched", "resumed", "kept"] = "fetched"
    made_up: bool = False
    """It came from the sandbox: no telescope ever saw this."""

    @property
    def readable(self) -> Path:
        """The path to open: the unpacked file where there is one."""
        return self.unpacked or self.path


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that did not come home, and why; hand it back to try again."""

    product: Product
    error: AtlasError = field(compare=False)

    @property
    def needs_login(self) -> bool:
        """Whether a login may help."""
        return isinstance(self.error, ArchiveError) and bool(getattr(self.error, "login", False))

    @property
    def status(self) -> Literal["refused", "failed"]:
        """ "refused" where the archive does not permit it, "failed" otherwise."""
        return (
            "refused"
            if self.needs_login or getattr(self.error, "status", None) in (401, 403)
            else "failed"
        )


def size_text(size: float) -> str:
    """Bytes for people: 1.5 GB (powers of 1000, as disks are sold and archives count)."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def size_of(text: str) -> int:
    """Bytes of "5MB", "500 kB", "1.5GB" or "1048576" (powers of 1000). Raises BadInput."""
    number = text.strip().removesuffix("/s").rstrip("bB").rstrip()
    power = {"k": 1, "m": 2, "g": 3, "t": 4}.get(number[-1:].lower(), 0)
    try:
        return int(float(number[:-1] if power else number) * 1000**power)
    except (ValueError, OverflowError):
        raise BadInput(f"{text!r} is no size; write it as 5MB, 500kB or in bytes") from None
