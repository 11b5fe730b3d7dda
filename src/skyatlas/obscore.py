"""This file holds the one table schema, ObsCore's, and how a native table becomes it.

Invariant: a conformed table has every column of `COLUMNS` with the type and unit given here, masked
where the archive did not say. Source: IVOA ObsCore 1.1 (2017), tables 1, 5 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropy.table import MaskedColumn, Row, Table

__all__ = ["COLUMNS", "Column", "Field", "Fixed", "conform", "empty", "plain_values", "said"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the schema."""

    name: str
    dtype: str
    """"str", "float" (float64) or "int" (int64)."""
    unit: str
    """VOUnits text; "" for none."""
    ucd: str
    description: str


COLUMNS: tuple[Column, ...] = (
    # The house's own three, in front.
    Column("archive", "str", "", "meta.id", "Archive that the row comes from"),
    Column("target", "str", "", "meta.id;src", "Target as the caller wrote it"),
    Column("distance", "float", "arcsec", "pos.angDistance", "From the target to s_ra, s_dec"),
    # ObsCore 1.1, mandatory.
    Column("dataproduct_type", "str", "", "meta.code.class", "Kind of data product"),
    Column("calib_level", "int", "", "meta.code;obs.calib", "0 raw … 4 analysis product"),
    Column("obs_collection", "str", "", "meta.id", "Data collection"),
    Column("obs_id", "str", "", "meta.id", "Observation identifier, the archive's own"),
    Column(
        "obs_publisher_did", "str", "", "meta.ref.ivoid", "Publisher's identifier of the product"
    ),
    Column("access_url", "str", "", "meta.ref.url", "Where the product (or its DataLink) is"),
    Column("access_format", "str", "", "meta.code.mime", "Media type of access_url"),
    Column("access_estsize", "int", "kbyte", "phys.size;meta.file", "Estimated size"),
    Column("target_name", "str", "", "meta.id;src", "Target as the observer wrote it"),
    Column("s_ra", "float", "deg", "pos.eq.ra", "Right ascension of the centre, ICRS"),
    Column("s_dec", "float", "deg", "pos.eq.dec", "Declination of the centre, ICRS"),
    Column("s_fov", "float", "deg", "phys.angSize;instr.fov", "Diameter of the field"),
    Column("s_region", "str", "", "pos.outline;obs.field", "Footprint, STC-S"),
    Column("s_resolution", "float", "arcsec", "pos.angResolution", "Angular resolution, FWHM"),
    Column("s_xel1", "int", "", "meta.number", "Pixels along the first sky axis"),
    Column("s_xel2", "int", "", "meta.number", "Pixels along the second sky axis"),
    Column("t_min", "float", "d", "time.start;obs.exposure", "Start, MJD UTC"),
    Column("t_max", "float", "d", "time.end;obs.exposure", "End, MJD UTC"),
    Column("t_exptime", "float", "s", "time.duration;obs.exposure", "Total exposure time"),
    Column("t_resolution", "float", "s", "time.resolution", "Temporal resolution"),
    Column("t_xel", "int", "", "meta.number", "Elements along the time axis"),
    Column("em_min", "float", "m", "em.wl;stat.min", "Shortest wavelength, vacuum"),
    Column("em_max", "float", "m", "em.wl;stat.max", "Longest wavelength, vacuum"),
    Column("em_res_power", "float", "", "spect.resolution", "Spectral resolving power"),
    Column("em_xel", "int", "", "meta.number", "Elements along the spectral axis"),
    Column("o_ucd", "str", "", "meta.ucd", "UCD of the observable"),
    Column("pol_states", "str", "", "meta.code;phys.polarization", "Polarisation states"),
    Column("pol_xel", "int", "", "meta.number", "Number of polarisation states"),
    Column("facility_name", "str", "", "meta.id;instr.tel", "Observatory or telescope"),
    Column("instrument_name", "str", "", "meta.id;instr", "Instrument"),
    # ObsCore 1.1, optional, where users ask for them.
    Column("dataproduct_subtype", "str", "", "meta.code.class", "Archive's finer kind"),
    Column("proposal_id", "str", "", "meta.id;obs.proposal", "Programme identifier"),
    Column("obs_title", "str", "", "meta.title;obs", "Title of the observation or programme"),
    Column("obs_creator_name", "str", "", "meta.id", "Principal investigator or creator"),
    Column("obs_creator_did", "str", "", "meta.id", "Creator's identifier"),
    Column("obs_release_date", "str", "", "time.release", "Public from, ISO 8601 UTC"),
    Column("data_rights", "str", "", "meta.code", "public, secure or proprietary"),
    Column("bib_reference", "str", "", "meta.bib.bibcode", "Bibcode or DOI"),
    Column("o_calib_status", "str", "", "meta.code.qual", "Calibration status of the observable"),
    Column("s_pixel_scale", "float", "arcsec", "phys.angSize;instr.pixel", "Pixel scale"),
)

_BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Fixed:
    """One value for all rows."""

    value: str | int | float


Field = str | Fixed | Callable[["Table"], Any] | None
"""Where a column comes from: a native column's name, one value, a function of the table; or not."""


def said(row: Row | Mapping[str, Any], name: str) -> Any:
    """The value of a column as a plain Python value; None where masked, empty or not there."""
    try:
        value = row[name]
    except KeyError:
        return None
    return _plain(value)


def plain_values(column: Any) -> list[Any]:
    """A column as plain Python values, as `said` gives them, but all at once."""
    import numpy as np

    values = np.ma.getdata(column).tolist()
    mask = np.ma.getmaskarray(column).tolist()
    return [None if hidden else _plain(value) for value, hidden in zip(values, mask, strict=True)]


def _plain(value: Any) -> Any:
    import numpy as np

    if value is None or value is np.ma.masked:
        return None
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float) and value != value:  # NaN
        return None
    return None if value == "" else value


def conform(
    native: Table, fields: Mapping[str, Field], *, keep: Iterable[str] = (), query: Any = 0
) -> Table:
    """Build the ObsCore table of a native one.

    `fields` says where each schema column comes from; a schema column that it does not name is
    taken from the native column of the same name, or masked. `keep` names native columns to carry
    along as they are. `query` is the index of the question that each row answers: one number, or
    an array of the table's length.
    """
    import numpy as np
    from astropy.table import Table

    rows = len(native)
    table = Table()
    for column in COLUMNS:
        field: Field = fields.get(column.name, column.name)
        table[column.name] = _column(column, _values(native, field), rows)
    for name in keep:
        if name in native.colnames and name not in table.colnames:
            table[name] = _kept(native[name])
    table["query"] = np.broadcast_to(np.asarray(query, dtype=np.int64), (rows,)).copy()
    table.meta = dict(native.meta)
    return table


def _values(native: Table, field: Field) -> Any:
    if isinstance(field, str):
        return native[field] if field in native.colnames else None
    if isinstance(field, Fixed):
        return [field.value] * len(native)
    return field(native) if field is not None else None


def empty() -> Table:
    """An ObsCore table without rows."""
    from astropy.table import Table

    return conform(Table(), {})


def _column(column: Column, values: Any, rows: int) -> MaskedColumn:
    import numpy as np
    from astropy.table import MaskedColumn

    if values is None:
        values = np.ma.masked_all(rows, dtype=object)
    make = {"str": _texts, "float": _floats, "int": _integers}[column.dtype]
    data, mask = make(np.ma.asarray(values))
    return MaskedColumn(
        data,
        name=column.name,
        mask=mask,
        unit=column.unit or None,
        description=column.description,
        meta={"ucd": column.ucd},
    )


def _kept(column: Any) -> Any:
    """A native column; texts in Python objects (as VOTables give them) become a text column."""
    import numpy as np
    from astropy.table import MaskedColumn

    if column.dtype.kind != "O":
        return column
    data, mask = _texts(np.ma.asarray(column))
    return MaskedColumn(data, mask=mask, description=column.description)


def _texts(values: Any) -> tuple[Any, Any]:
    import numpy as np

    mask = np.ma.getmaskarray(values)
    texts = [
        ""
        if hidden or value is None
        else value.decode()
        if isinstance(value, bytes)
        else str(value)
        for value, hidden in zip(np.ma.getdata(values).tolist(), mask.tolist(), strict=True)
    ]
    data = np.array(texts, dtype=str) if texts else np.array([], dtype="U1")
    return data, data == ""


def _floats(values: Any) -> tuple[Any, Any]:
    import numpy as np

    mask = np.ma.getmaskarray(values)
    if values.dtype == object:
        mask = mask | np.array([value is None for value in np.ma.getdata(values)], dtype=bool)
    data = np.where(mask, np.nan, np.where(mask, 0, np.ma.getdata(values))).astype(np.float64)
    return data, ~np.isfinite(data)


def _integers(values: Any) -> tuple[Any, Any]:
    import numpy as np

    data, mask = _floats(values)
    return np.where(mask, 0, data).astype(np.int64), mask
