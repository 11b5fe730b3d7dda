"""This file turns MAST's observations (CAOM) into ObsCore's.

Invariants: `obsid`, a number by which files are asked for, is never `obs_id`, a name; nanometres
come in, metres go out; a number by which MAST means "not known" is masked. Source: CAOM fields at
mast.stsci.edu/api/v0/_c_a_o_mfields.html, read on 2026-11-21.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skyatlas.obscore import Fixed, conform, plain_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from astropy.table import MaskedColumn, Table

FILES = "https://mast.stsci.edu/api/v0.1/Download/file?uri="
DID = "ivo://archive.stsci.edu/caom?"
"""Publisher's identifiers are this, obsid, and objID: several planes may share an obsid."""

_TEXTS = (
    "provenance_name", "filters", "project", "dataURL", "jpegURL", "intentType",
    "wavelength_region", "target_classification", "proposal_type", "dataRights",
)  # fmt: skip
_INTEGERS = ("obsid", "objID", "sequence_number")
KEPT = (*_TEXTS, *_INTEGERS, "srcDen", "mtFlag")
"""MAST's own columns that stand in the answer as they are, besides ObsCore's."""

_NANO = 1e-9
_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_FRAMED = re.compile(r"(?i)\b(POLYGON|CIRCLE|BOX|POINT|POSITION|ELLIPSE)\b((?:\s+[A-Z][A-Z0-9]*)*)")
_ICRS = frozenset({"ICRS", "J2000", "FK5", "GSC1", "GSC2", "TOPOCENTER", "UNKNOWNREFPOS"})
"""Frames that are ICRS as far as footprints are known; GSC1, the Guide Star Catalog, to 1″."""

_RIGHTS = {"PUBLIC": "public", "EXCLUSIVE_ACCESS": "proprietary", "RESTRICTED": "secure"}
_FACILITIES = {
    "HLA": "HST", "HST": "HST", "CALJWST": "JWST", "JWST": "JWST", "TESS": "TESS",
    "KEPLER": "Kepler", "KEPLERFFI": "Kepler", "K2": "Kepler", "K2FFI": "Kepler",
    "GALEX": "GALEX", "IUE": "IUE", "FUSE": "FUSE", "EUVE": "EUVE", "SWIFT": "Swift",
    "PS1": "Pan-STARRS1",
}  # fmt: skip
"""Collection or project → observatory."""


def caom(rows: Sequence[Mapping[str, Any]], query: Any = 0) -> Table:
    """The ObsCore table of the portal's rows, with MAST's own columns `KEPT`."""
    from astropy.table import Table

    native = Table({name: _texts(rows, name) for name in _TEXTS})
    for name in _INTEGERS:
        native[name] = _column(rows, name, int, 0)
    native["srcDen"] = _column(rows, "srcDen", float, 0.0)
    native["mtFlag"] = _column(rows, "mtFlag", _truth, False)

    def of(make: Callable[[Mapping[str, Any]], Any]) -> Callable[[Table], Any]:
        return lambda _: _objects([make(row) for row in rows])

    def texts(name: str) -> Callable[[Table], Any]:
        return of(lambda row: None if row.get(name) is None else str(row[name]))

    def numbers(name: str, scale: float = 1.0, *, positive: bool = False) -> Callable[[Table], Any]:
        return of(lambda row: number(row.get(name), scale, positive=positive))

    return conform(
        native,
        {
            "archive": Fixed("mast"),
            "target": None,
            "dataproduct_type": of(lambda row: str(row.get("dataproduct_type") or "").lower()),
            "calib_level": numbers("calib_level"),
            "obs_collection": texts("obs_collection"),
            "obs_id": texts("obs_id"),
            "obs_publisher_did": of(_did),
            "access_url": of(lambda row: address(row.get("dataURL"))),
            "access_format": of(lambda row: _format(row.get("dataURL"))),
            "target_name": texts("target_name"),
            "s_ra": of(lambda row: _within(row.get("s_ra"), 0.0, 360.0)),
            "s_dec": of(lambda row: _within(row.get("s_dec"), -90.0, 90.0)),
            "s_region": of(lambda row: region(row.get("s_region"))),
            "t_min": numbers("t_min", positive=True),
            "t_max": numbers("t_max", positive=True),
            "t_exptime": of(lambda row: _within(row.get("t_exptime"), 0.0, 1e12)),
            "em_min": numbers("em_min", _NANO, positive=True),
            "em_max": numbers("em_max", _NANO, positive=True),
            "facility_name": of(_facility),
            "instrument_name": texts("instrument_name"),
            "proposal_id": texts("proposal_id"),
            "obs_title": texts("obs_title"),
            "obs_creator_name": texts("proposal_pi"),
            "obs_release_date": of(lambda row: date(row.get("t_obs_release"))),
            "data_rights": of(lambda row: _RIGHTS.get(str(row.get("dataRights")).upper())),
        },
        keep=KEPT,
        query=query,
    )


def closed(table: Table) -> int:
    """How many rows are not public though their date of release is past or not told."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rights, dates = (plain_values(table[name]) for name in ("data_rights", "obs_release_date"))
    return sum(
        right in ("proprietary", "secure") and str(date or "") <= now
        for right, date in zip(rights, dates, strict=True)
    )


def address(uri: object) -> str | None:
    """Where the file is that MAST calls "mast:…"; an address of another kind stays as it is."""
    text = str(uri or "").strip()
    if text.startswith(("http://", "https://")):
        return text
    return FILES + quote(text, safe=":/") if ":" in text else None


def region(text: object) -> str | None:
    """A footprint with its frame: MAST writes ICRS, J2000, GSC1 (HST's guide stars), or none.

    One in another frame is left out: nobody here could read it rightly.
    """
    if not text:
        return None
    frames = {word.upper() for found in _FRAMED.finditer(str(text)) for word in found[2].split()}
    if frames - _ICRS:
        return None
    framed, shapes = _FRAMED.subn(lambda found: f"{found[1].upper()} ICRS", str(text).strip())
    return re.sub(r"\s+", " ", framed) if shapes else None


def date(mjd: object) -> str | None:
    """MJD (UTC) as ISO 8601, to the second."""
    days = number(mjd, positive=True)
    try:
        moment = None if days is None else _MJD_ZERO + timedelta(days=days)
    except OverflowError:
        return None
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S")


def _did(row: Mapping[str, Any]) -> str | None:
    numbers = [str(row[name]) for name in ("obsid", "objID") if row.get(name) is not None]
    return DID + "/".join(numbers) if numbers else None


def _format(uri: object) -> str | None:
    name = str(uri or "").lower()
    return "application/fits" if name.endswith((".fits", ".fits.gz", ".fits.fz")) else None


def _facility(row: Mapping[str, Any]) -> str | None:
    """Whose data these are; those of HLSP by the project that they were made from."""
    words = (str(row.get(name) or "").upper() for name in ("obs_collection", "project"))
    return next((_FACILITIES[word] for word in words if word in _FACILITIES), None)


def number(value: object, scale: float = 1.0, *, positive: bool = False) -> float | None:
    """A number that MAST says, times `scale`; None where it says none, or one that is not > 0."""
    try:
        said = float(value) * scale  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return None if said != said or (positive and said <= 0.0) else said


def _within(value: object, low: float, high: float) -> float | None:
    said = number(value)
    return said if said is not None and low <= said <= high else None


def _truth(value: object) -> bool:
    return str(value).strip().casefold() in ("true", "1")


def _texts(rows: Iterable[Mapping[str, Any]], name: str) -> MaskedColumn:
    import numpy as np
    from astropy.table import MaskedColumn

    words = ["" if row.get(name) is None else str(row[name]) for row in rows]
    return MaskedColumn(np.array(words, dtype=str), mask=[not word for word in words])


def _column(
    rows: Iterable[Mapping[str, Any]], name: str, kind: Callable[[Any], Any], blank: Any
) -> MaskedColumn:
    import numpy as np
    from astropy.table import MaskedColumn

    values = [_as(kind, row.get(name)) for row in rows]
    mask = [value is None for value in values]
    filled = [blank if value is None else value for value in values]
    return MaskedColumn(np.array(filled, dtype=np.asarray(blank).dtype), mask=mask)


def _as(kind: Callable[[Any], Any], value: Any) -> Any:
    """A value in its kind: MAST writes whole numbers as such, and as text in columns of text."""
    try:
        return None if value is None else kind(value)
    except (TypeError, ValueError):
        return None


def _objects(values: list[Any]) -> Any:
    import numpy as np

    column = np.empty(len(values), dtype=object)
    column[:] = values
    return np.ma.MaskedArray(column, mask=[value is None for value in values])
