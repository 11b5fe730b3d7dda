"""This file holds the values of the sandbox's MAST: observations in CAOM's words, and their files.

Invariant: everything is decided by the seed; a file's bytes are made when somebody asks for them,
and are the same each time. Units are CAOM's own: degrees, nanometres, MJD, seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def _nothing() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MastFile:
    """One file: a row of `Mast.Caom.Products`."""

    uri: str
    """"mast:TESS/product/tess2018206045859-s0001-….fits"."""
    make: Callable[[], bytes] = field(repr=False)
    """The file's bytes."""
    kind: str
    """CAOM's dataproduct_type: "timeseries", "image", "spectrum", "cube"."""
    product_type: str
    """"SCIENCE", "AUXILIARY", "CALIBRATION", "INFO", "PREVIEW", "THUMBNAIL"."""
    subgroup: str
    """productSubGroupDescription: "LC", "TP", "DVT", "DRZ", "FLC", "RAW", "X1D", "I2D" …"""
    description: str
    calib_level: int
    recommended: bool = False
    """Whether it is of the "Minimum Recommended Products"."""
    size: int | None = None
    """Bytes as the list says; None: not said. May be wrong, as at MAST."""
    cloud: str = ""
    """Its path in the bucket stpubdata: "/tess/public/tid/s0001/…"; "" where it is not there."""
    derived: bool = True
    """type "D" (derived) or "S" (simple)."""
    row: Mapping[str, object] = field(default_factory=_nothing)
    """Further columns of the list, and what differs from the observation's."""

    @property
    def filename(self) -> str:
        """The last part of the URI."""
        return self.uri.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class MastObservation:
    """One observation: a row of `Mast.Caom.Filtered`, and its files."""

    obsid: int
    """The product-group key."""
    row: Mapping[str, object]
    """CAOM's columns (`CAOM`) but obsid; what is missing is null."""
    files: tuple[MastFile, ...]
    mission: Mapping[str, object] = field(default_factory=_nothing)
    """The row of the mission's own search (HST's sci_…, JWST's keywords), if it has one."""

    @property
    def obs_id(self) -> str:
        """The name for people."""
        return str(self.row["obs_id"])

    @property
    def collection(self) -> str:
        """obs_collection."""
        return str(self.row["obs_collection"])

    @property
    def exclusive(self) -> bool:
        """Whether its files need a token of somebody of its programme."""
        return self.row.get("dataRights") == "EXCLUSIVE_ACCESS"


CAOM: Mapping[str, str] = MappingProxyType(
    {
        "intentType": "string",
        "obs_collection": "string",
        "provenance_name": "string",
        "instrument_name": "string",
        "project": "string",
        "filters": "string",
        "wavelength_region": "string",
        "target_name": "string",
        "target_classification": "string",
        "obs_id": "string",
        "s_ra": "float",
        "s_dec": "float",
        "dataproduct_type": "string",
        "proposal_pi": "string",
        "calib_level": "int",
        "t_min": "float",
        "t_max": "float",
        "t_exptime": "float",
        "em_min": "float",
        "em_max": "float",
        "obs_title": "string",
        "t_obs_release": "float",
        "proposal_id": "string",
        "proposal_type": "string",
        "sequence_number": "int",
        "s_region": "string",
        "jpegURL": "string",
        "dataURL": "string",
        "dataRights": "string",
        "mtFlag": "boolean",
        "srcDen": "float",
        "obsid": "int",
        "objID": "int",
    }
)
"""Columns of an observation and their types, in MAST's order
(mast.stsci.edu/api/v0/_c_a_o_mfields.html)."""
