"""This file says what a TAP service is: where, with which tables, limits and habits; and ESO's two.

Invariant: whatever tells two TAP services apart is a value here; how they answer is the same code.
Source of ESO's limits: https://archive.eso.org/tap_obs, as recorded: 15 000 000 rows, 60 s in sync;
for jobs see `jobs.Limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from skyatlas.sandbox.adql_functions import FUNCTIONS, Function
from skyatlas.sandbox.eso_tables import catalogues, observations
from skyatlas.sandbox.item import World
from skyatlas.sandbox.jobs import Limits
from skyatlas.sandbox.obscore import MODEL
from skyatlas.sandbox.tables import Table

_USUAL = Limits()
FEATURES = "ivo://ivoa.net/std/TAPRegExt#features"
"""What the kinds of ADQL's optional features begin with."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something of ADQL that a service may have or not."""

    kind: str
    """The identifier of its kind: "ivo://ivoa.net/std/TAPRegExt#features-udf"."""
    form: str
    """"POINT", or a function's signature."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TapService:
    """One TAP service at one address."""

    name: str
    """Which tables it shows: a mirror has the same name at another address."""
    base: str
    """"https://archive.eso.org/tap_obs"."""
    tables: Callable[[World, frozenset[str] | None], list[Table]]
    """What it holds, for somebody who is in these programmes (None: nobody in particular)."""
    private: bool = False
    """Whether it shows more to those who log in."""
    models: tuple[tuple[str, str], ...] = ()
    """(identifier, name) of the data models that its tables follow."""
    examples: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("votable", "votable/td", "votable/b2", "csv", "json", "fits")
    """Names in `tap_formats.FORMATS`."""
    default_rows: int = 15_000_000
    """Rows of one answer when the asker does not say MAXREC."""
    most_rows: int = 15_000_000
    sync_seconds: float = 60.0
    """The service's time for a query in sync."""
    jobs: Limits = _USUAL
    upload_rows: int = 0
    """Rows that an uploaded table may have; 0 where nothing can be uploaded."""
    functions: Mapping[str, Function] = field(default_factory=lambda: FUNCTIONS)
    features: tuple[Feature, ...] = ()
    """Besides the geometry."""
    geometry: str = "AREA BOX CIRCLE CONTAINS COORD1 COORD2 DISTANCE INTERSECTS POINT POLYGON"
    """ADQL's functions of geometry that it says it has."""
    strict_case: bool = False
    """Whether "muse" and "MUSE" are different texts."""

    @property
    def path(self) -> str:
        """Where the sandbox has it: "/archive.eso.org/tap_obs"."""
        parts = urlsplit(self.base)
        return f"/{parts.netloc}{parts.path}"


_OBSERVATIONS = TapService(
    "eso/tap_obs",
    "https://archive.eso.org/tap_obs",
    observations,
    private=True,
    models=((MODEL, "ObsCore-1.1"),),
    examples=(
        "SELECT TOP 5 * FROM ivoa.ObsCore WHERE obs_collection = 'MUSE'",
        "SELECT dp_id, object FROM dbo.raw WHERE instrument = 'XSHOOTER' AND dp_cat = 'SCIENCE'",
        "SELECT * FROM ivoa.ObsCore WHERE 1 = CONTAINS(POINT('ICRS', 40.67, -0.013), s_region)",
    ),
)
_CATALOGUES = TapService(
    "eso/tap_cat",
    "https://archive.eso.org/tap_cat",
    lambda world, _programs: catalogues(world),
    examples=(
        "SELECT table_name, title, version FROM TAP_SCHEMA.tables WHERE cat_id IS NOT NULL",
        "SELECT TOP 5 ID, RA2000, DEC2000 FROM safcat.ZCOSMOS_V2",
    ),
)
ESO: Mapping[str, TapService] = MappingProxyType({"tap_obs": _OBSERVATIONS, "tap_cat": _CATALOGUES})
"""ESO's services by the last word of their address."""
