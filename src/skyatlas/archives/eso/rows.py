"""This file turns ESO's tables into ObsCore's.

Units: ivoa.ObsCore is in metres, dbo.raw in nanometres; both times are UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.archives.eso.adql import RAW_KINDS
from skyatlas.archives.eso.instruments import find
from skyatlas.obscore import Fixed, conform, said

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from astropy.table import Table
    from numpy.typing import NDArray

    from skyatlas.model import Interval

FILES = "https://dataportal.eso.org/dataPortal/file/"
LINKS = "https://archive.eso.org/datalink/links"
DID = "ivo://eso.org/ID?"
"""Publisher's identifiers are this, then the dp_id."""

_PHASE3_EXTRA = ("dp_id", "snr", "abmaglim", "filter", "obstech", "p3orig", "release_description")
_RAW_EXTRA = ("dp_id", "dp_cat", "dp_type", "dp_tech", "ins_mode", "filter_path", "ob_id", "tpl_id")


def phase3(native: Table, query: Any = 0) -> Table:
    """Rows of ivoa.ObsCore: the names are ObsCore's already; the types and units are made so."""
    return conform(
        native,
        {"archive": Fixed("eso"), "target": None, "data_rights": _rights("obs_release_date")},
        keep=_PHASE3_EXTRA,
        query=query,
    )


def raw(native: Table, query: Any = 0, *, keep_all: bool = False) -> Table:
    """Rows of dbo.raw or of an instrument's own table (whose further columns are kept)."""
    return conform(
        native,
        {
            "archive": Fixed("eso"),
            "target": None,
            "dataproduct_type": _kinds,
            "calib_level": Fixed(0),
            "obs_collection": Fixed("RAW"),
            "obs_id": "dp_id",
            "obs_publisher_did": lambda t: [DID + text for text in texts(t, "dp_id")],
            "access_url": lambda t: [FILES + text for text in texts(t, "dp_id")],
            "access_format": Fixed("application/fits"),
            "target_name": _first_of("target", "object"),
            "s_ra": _coordinate("ra", 0.0, 360.0),
            "s_dec": _coordinate("dec", -90.0, 90.0),
            "t_min": _start,
            "t_max": lambda t: _start(t) + _numbers(t, "exposure") / 86400.0,
            "t_exptime": "exposure",
            "em_min": lambda t: _numbers(t, "lambda_min") * 1e-9,
            "em_max": lambda t: _numbers(t, "lambda_max") * 1e-9,
            "facility_name": "telescope",
            "instrument_name": "instrument",
            "proposal_id": "prog_id",
            "obs_title": "prog_title",
            "obs_creator_name": "pi_coi",
            "obs_release_date": "release_date",
            "data_rights": _rights("release_date"),
        },
        keep=native.colnames if keep_all else _RAW_EXTRA,
        query=query,
    )


def spectra(native: Table, query: Any = 0) -> Table:
    """Rows of SSAP: 1-D Phase 3 spectra."""
    return conform(
        native,
        {
            "archive": Fixed("eso"),
            "target": None,
            "dataproduct_type": Fixed("spectrum"),
            "obs_collection": "COLLECTION",
            "obs_id": "dp_id",
            "obs_publisher_did": lambda t: [DID + text for text in texts(t, "dp_id")],
            "obs_creator_did": "CREATORDID",
            "access_format": Fixed("application/fits"),
            "target_name": "TARGETNAME",
            "s_fov": "APERTURE",
            "em_res_power": "SPECRP",
            "instrument_name": "COLLECTION",
        },
        keep=("dp_id", "SNR"),
        query=query,
    )


def quicklooks(native: Table, query: Any = 0) -> Table:
    """Rows of ist.apex_quicklooks: tar files without a place on the sky."""
    return conform(
        native,
        {
            "archive": Fixed("eso"),
            "target": None,
            "calib_level": Fixed(0),
            "obs_collection": Fixed("APEX-QUICKLOOK"),
            "obs_id": "quicklook_id",
            "obs_publisher_did": lambda t: [DID + text for text in texts(t, "quicklook_id")],
            "access_format": Fixed("application/x-tar"),
            "facility_name": Fixed("APEX-12m"),
            "instrument_name": "instrument",
            "proposal_id": "prog_id",
            "obs_title": "prog_title",
            "obs_creator_name": "pi_coi",
            "obs_release_date": "release_date",
            "data_rights": _rights("release_date"),
        },
        keep=("project_id", "partner", "instrument_type"),
        query=query,
    )


def within(table: Table, band: Interval) -> tuple[Table, int]:
    """Leave out rows that say no wavelength and whose instrument does not reach the band.

    Raw frames often have none; what the instrument can do stands in. Returns the rest, and how
    many were left out.
    """
    keep = [
        said(row, "em_min") is not None or _reaches(str(said(row, "instrument_name") or ""), band)
        for row in table
    ]
    return table[keep], keep.count(False)


def _reaches(word: str, band: Interval) -> bool:
    instrument = find(word)
    if instrument is None or instrument.wavelength is None:
        return True
    shortest, longest = instrument.wavelength
    return band.overlaps(shortest * 1e-6, longest * 1e-6)


def texts(table: Table, name: str) -> list[str]:
    """A column of identifiers as texts."""
    return [
        value.decode() if isinstance(value, bytes) else str(value) for value in table[name].tolist()
    ]


def _numbers(table: Table, name: str) -> NDArray[np.float64]:
    """A column as float64, NaN where it is missing, masked or text that is no number."""
    import numpy as np

    if name not in table.colnames:
        return np.full(len(table), np.nan)
    column = np.ma.asarray(table[name])
    if column.dtype.kind in "OSU":
        return np.array([_number(value) for value in column.tolist()], dtype=np.float64)
    return np.asarray(np.ma.filled(column.astype(np.float64), np.nan))


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _coordinate(name: str, low: float, high: float) -> Callable[[Table], Any]:
    """Calibration frames carry ra = dec = -596.52323555: that is no place, so it is masked."""

    def real(table: Table) -> Any:
        import numpy as np

        values = _numbers(table, name)
        return np.ma.masked_where(~((values >= low) & (values <= high)), values)

    return real


def _start(table: Table) -> NDArray[np.float64]:
    """MJD of the start: from exp_start; mjd_obs has three decimals (1.5 minutes) only."""
    import numpy as np

    if "exp_start" not in table.colnames:
        return _numbers(table, "mjd_obs")
    texts = [str(value).rstrip("Z") for value in table["exp_start"].tolist()]
    zero = np.datetime64("1858-11-17T00:00:00", "us")
    days = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        try:
            days[index] = (np.datetime64(text, "us") - zero) / np.timedelta64(1, "D")
        except ValueError:
            continue
    return np.where(np.isnan(days), _numbers(table, "mjd_obs"), days)


def _kinds(table: Table) -> list[str | None]:
    if "dp_tech" not in table.colnames:
        return [None] * len(table)
    return [_kind(str(text).upper()) for text in table["dp_tech"].tolist()]


def _kind(technique: str) -> str | None:
    """Interferometry and IFU before spectrum and image: the techniques are combined by commas."""
    for kind in ("visibility", "cube", "spectrum", "image"):
        if any(pattern.strip("%") in technique for pattern in RAW_KINDS[kind]):
            return kind
    return None


def _first_of(*names: str) -> Callable[[Table], Any]:
    def first(table: Table) -> list[Any]:
        columns = [table[name].tolist() for name in names if name in table.colnames]
        if not columns:
            return [None] * len(table)
        rows = zip(*columns, strict=True)
        return [next((value for value in row if value not in (None, "")), None) for row in rows]

    return first


def _rights(name: str) -> Callable[[Table], Any]:
    """ESO's test for proprietary data: the release date is in the future."""

    def rights(table: Table) -> list[str | None]:
        from datetime import UTC, datetime

        if name not in table.colnames:
            return [None] * len(table)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return [
            None if not text else "proprietary" if str(text) > now else "public"
            for text in table[name].tolist()
        ]

    return rights
