"""This file turns the rows of a mission's search into ObsCore's.

Units, as the recorded answers and MAST's list of columns say them: HST's wavelengths are Angstroms,
dates are ISO 8601 (UTC), durations seconds. An image's central wavelength is no range: HST's
bandwidth is a root mean square for some instruments, so an image says no em_min and em_max.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from skyatlas.archives.mast.missions_columns import HST
from skyatlas.archives.mast.rows import number, region
from skyatlas.obscore import Fixed, conform

if TYPE_CHECKING:
    from astropy.table import MaskedColumn, Table

    from skyatlas.archives.mast.missions_columns import Mission
    from skyatlas.obscore import Field

__all__ = ["obscore"]

DID = "ivo://archive.stsci.edu/"
"""Publisher's identifiers are this, the mission, and the data set's name."""
_ANGSTROM = 1e-10
_MJD_ZERO = datetime(1858, 11, 17)  # noqa: DTZ001 - dates are UTC, and do not say so
_RIGHTS = {"PUBLIC": "public", "PROPRIETARY": "proprietary", "RESTRICTED": "proprietary"}
_HST_KINDS = {"IMAGE": "image", "SPECTRUM": "spectrum", "PHOTOMETRY": "timeseries"}
_JWST_KINDS = (
    ("IFU", "cube"), ("MRS", "cube"), ("TSO", "timeseries"), ("TSGRISM", "timeseries"),
    ("TSIMAGE", "timeseries"), ("BRIGHTOBJ", "timeseries"), ("SOSS", "timeseries"),
    ("SLIT", "spectrum"), ("MSASPEC", "spectrum"), ("WFSS", "spectrum"), ("GRISM", "spectrum"),
    ("LRS", "spectrum"), ("IMAG", "image"), ("CORON", "image"), ("LYOT", "image"),
    ("4QPM", "image"), ("AMI", "image"), ("TACQ", "image"), ("TACONFIRM", "image"),
    ("FOCUS", "image"), ("CONFIRM", "image"),
)  # fmt: skip
"""A part of EXP_TYPE → dataproduct_type, the first that fits (jwst-pipeline.readthedocs.io)."""

Row = Mapping[str, Any]


def obscore(mission: Mission, rows: Sequence[Row], query: Any = 0) -> Table:
    """The ObsCore table of a mission's rows, with all their own columns and `mission`."""
    from astropy.table import Table

    native = Table({name: _column([row.get(name) for row in rows]) for name in _names(rows)})
    native["mission"] = _column([mission.name] * len(rows))
    fields = _hst(rows) if mission is HST else _jwst(rows)
    fixed = {
        "archive": Fixed("mast"),
        "target": None,
        "obs_collection": Fixed(mission.collection),
        "facility_name": Fixed(mission.collection),
        "obs_id": _of(rows, mission.key, _text),
        "obs_publisher_did": _of(rows, mission.key, lambda v: f"{DID}{mission.name}?{_text(v)}"),
        "access_url": None,
    }
    return conform(native, {**fixed, **fields}, keep=native.colnames, query=query)


def _hst(rows: Sequence[Row]) -> dict[str, Field]:
    return {
        "dataproduct_type": _of(rows, "sci_obs_type", lambda v: _HST_KINDS.get(_text(v) or "")),
        "target_name": _of(rows, "sci_targname", _text),
        "s_ra": _of(rows, "sci_ra", number),
        "s_dec": _of(rows, "sci_dec", number),
        "s_pixel_scale": _of(rows, "sci_pixel_res", _positive),
        "t_min": _of(rows, "sci_start_time", _mjd),
        "t_max": _of(rows, "sci_stop_time", _mjd),
        "t_exptime": _of(rows, "sci_actual_duration", number),
        "em_min": _of(rows, "sci_spectrum_start", _metres),
        "em_max": _of(rows, "sci_spectrum_end", _metres),
        "em_res_power": _of(rows, "sci_spectral_res", _positive),
        "instrument_name": lambda _: _objects(
            [_text(row.get("sci_instrument_config")) or _text(row.get("sci_instrume"))
             for row in rows]
        ),
        "proposal_id": _of(rows, "sci_pep_id", _text),
        "obs_creator_name": _of(rows, "sci_pi_last_name", _text),
        "obs_release_date": _of(rows, "sci_release_date", _text),
        "data_rights": _of(rows, "sci_status", _right),
    }  # fmt: skip


def _jwst(rows: Sequence[Row]) -> dict[str, Field]:
    return {
        "dataproduct_type": _of(rows, "exp_type", _jwst_kind),
        "calib_level": _of(rows, "productLevel", _level),
        "target_name": _of(rows, "targprop", _text),
        "s_ra": _of(rows, "targ_ra", number),
        "s_dec": _of(rows, "targ_dec", number),
        "s_region": _of(rows, "s_region", region),
        "t_min": _of(rows, "date_obs", _mjd),
        "t_max": _of(rows, "date_end", _mjd),
        "t_exptime": lambda _: _objects(
            [number(row.get("effexptm", row.get("duration"))) for row in rows]
        ),
        "instrument_name": _of(rows, "instrume", _text),
        "proposal_id": _of(rows, "program", _text),
        "obs_title": _of(rows, "title", _text),
        "obs_creator_name": _of(rows, "pi_name", _text),
        "obs_release_date": _of(rows, "publicReleaseDate", _text),
        "data_rights": _of(rows, "access", _right),
    }


def _of(rows: Sequence[Row], name: str, make: Callable[[Any], Any]) -> Callable[[Table], Any]:
    return lambda _: _objects(
        [None if row.get(name) is None else make(row[name]) for row in rows]
    )  # fmt: skip


def _objects(values: list[Any]) -> Any:
    import numpy as np

    column = np.empty(len(values), dtype=object)
    column[:] = values
    return np.ma.MaskedArray(column, mask=[value is None for value in values])


def _text(value: Any) -> str | None:
    """MAST fills words with blanks behind: "ACS   "."""
    return str(value).strip() or None if value is not None else None


def _positive(value: Any) -> float | None:
    return number(value, positive=True)


def _metres(value: Any) -> float | None:
    return number(value, _ANGSTROM, positive=True)


def _mjd(value: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(str(value).strip().rstrip("Z"))
    except ValueError:
        return None
    return (moment.replace(tzinfo=None) - _MJD_ZERO).total_seconds() / 86400.0


def _right(value: Any) -> str | None:
    return _RIGHTS.get(str(value).strip().upper())


def _jwst_kind(value: Any) -> str | None:
    word = str(value).upper()
    return next((kind for part, kind in _JWST_KINDS if part in word), None)


def _level(value: Any) -> float | None:
    """ "2b" is 2."""
    return number(str(value).strip()[:1])


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _column(values: list[Any]) -> MaskedColumn:
    """A column of whole numbers, of numbers, or of words; what is null is masked."""
    import numpy as np
    from astropy.table import MaskedColumn

    said = [value for value in values if value is not None]
    whole = all(isinstance(value, int) for value in said) and bool(said)
    numeric = all(isinstance(value, int | float) for value in said) and bool(said)
    mask = [value is None for value in values]
    if whole:
        return MaskedColumn(np.array([value or 0 for value in values], dtype=np.int64), mask=mask)
    if numeric:
        return MaskedColumn(np.array([value or 0 for value in values], dtype=float), mask=mask)
    words = ["" if value is None else str(value).strip() for value in values]
    return MaskedColumn(np.array(words, dtype=str), mask=[not word for word in words])
