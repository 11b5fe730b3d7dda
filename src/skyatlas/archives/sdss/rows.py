"""This file turns SDSS's fields, spectra and objects into ObsCore.

Invariants: one row for a field and band, one for a spectrum, one for an object of a table; SDSS's
own columns stay beside ObsCore's. Every address is the likeliest of those that the release has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.archives.sdss.releases import (
    BANDS,
    CAMERA,
    PARAMETER,
    SPECTROGRAPHS,
    TELESCOPES,
)
from skyatlas.archives.sdss.skyserver import Row, known
from skyatlas.obscore import Fixed, conform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astropy.table import MaskedColumn, Table

    from skyatlas.archives.sdss.fields import Field
    from skyatlas.archives.sdss.releases import Release

__all__ = ["of_fields", "of_objects", "of_spectra", "of_stars"]

_TELESCOPE = "Sloan Foundation 2.5m"
_DAY = 86400.0
_NIGHT = (-0.3, 0.7)
"""Days around the MJD of a spectrum: SDSS counts nights from 0.3 d before midnight UTC
(www.sdss.org/dr17/help/glossary, "MJD")."""


def of_fields(
    found: Sequence[tuple[Field, int]], release: Release, bands: Sequence[str] = tuple(BANDS)
) -> Table:
    """Rows of fields, each with the query that it answers: one for each band."""
    pairs = [(field, band, query) for field, query in found for band in bands]
    read = _utc([field.read[list(BANDS).index(band)] for field, band, _ in pairs])
    # The first row is read when its stars have crossed the whole chip, the last one rows later.
    during = CAMERA["exposure"] * CAMERA["rows"] / CAMERA["columns"]
    native = _table(
        [
            {
                "obs_id": f"frame-{band}-{field.name}",
                "s_ra": field.ra,
                "s_dec": field.dec,
                "s_region": field.region,
                "t_min": None if time is None else time - CAMERA["exposure"] / _DAY,
                "t_max": None if time is None else time + during / _DAY,
                "em_min": BANDS[band][0],
                "em_max": BANDS[band][1],
                "access_url": release.frame(band, field.row)[0],
                **field.row,
                "band": band,
                "score": field.score,
                "quality": field.quality,
                PARAMETER: release.number,
            }
            for (field, band, _), time in zip(pairs, read, strict=True)
        ]
    )
    scale = CAMERA["scale"]
    width, height = CAMERA["columns"], CAMERA["rows"]
    fixed = {
        "archive": Fixed("sdss"),
        "target": None,
        "dataproduct_type": Fixed("image"),
        "calib_level": Fixed(2),
        "obs_collection": Fixed(f"SDSS {release.name}"),
        "obs_publisher_did": lambda table: _did(release, table, "obs_id"),
        "access_format": Fixed("application/fits"),
        "s_fov": Fixed((width**2 + height**2) ** 0.5 * scale / 3600.0),
        "s_xel1": Fixed(width),
        "s_xel2": Fixed(height),
        "s_pixel_scale": Fixed(scale),
        "t_exptime": Fixed(CAMERA["exposure"]),
        "o_ucd": Fixed("phot.flux.density;em.opt"),
        "facility_name": Fixed(_TELESCOPE),
        "instrument_name": Fixed(CAMERA["name"]),
        "obs_release_date": Fixed(release.date),
        "data_rights": Fixed("public"),
        "o_calib_status": Fixed("absolute"),
    }
    keep = ("run", "rerun", "camcol", "field", "band", "score", "quality", PARAMETER)
    return conform(native, fixed, keep=keep, query=[query for *_, query in pairs])


_OLDER = {"subclass": "subClass", "zwarning": "zWarning", "specobjid": "spall_specobjid"}
"""Columns of spAll (SDSS-V) that differ from SpecObj's in case, which FITS does not tell apart. Its
`specobjid` is text, not the number that it is in SpecObj."""


def _as_older(row: Row) -> Row:
    return {_OLDER.get(name, name): value for name, value in row.items()}


def of_spectra(found: Sequence[tuple[Row, int]], release: Release) -> Table:
    """Rows of spectra, of plates or of SDSS-V, each with the query that it answers."""
    rows = [_as_older(row) for row, _ in found]
    native = _table([{**row, PARAMETER: release.number, **_spectrum(row, release)} for row in rows])
    fixed = {
        "archive": Fixed("sdss"),
        "target": None,
        "dataproduct_type": Fixed("spectrum"),
        "calib_level": Fixed(2),
        "obs_collection": Fixed(f"SDSS {release.name}"),
        "access_format": Fixed("application/fits"),
        "o_ucd": Fixed("phot.flux.density;em.wl"),
        "facility_name": None if release.has_sdss5 else Fixed(_TELESCOPE),  # SDSS-V has two
        "obs_release_date": Fixed(release.date),
        "data_rights": Fixed("public"),
        "o_calib_status": Fixed("absolute"),
    }
    own = [name for name in native.colnames if name not in ("ra", "dec")]
    return conform(native, fixed, keep=own, query=[query for _, query in found])


def _spectrum(row: Row, release: Release) -> Row:
    """ObsCore's values of one spectrum."""
    camera = SPECTROGRAPHS.get(str(known(row, "instrument")).upper(), SPECTROGRAPHS["BOSS"])
    low, high = (nm * 1e-9 for nm in camera["nm"])
    url = release.spectrum(row)[0]
    mjd = known(row, "mjd")
    name = url.rsplit("/", 1)[-1].removesuffix(".fits")
    ra = known(row, "ra")
    return {
        "obs_id": name,
        # The same plate, night and fibre stands there once for each reduction.
        "obs_publisher_did": f"sdss:{release.name.lower()}/{known(row, 'run2d')}/{name}",
        "access_url": url,
        "s_ra": None if ra is None else float(ra) % 360.0,
        "s_dec": known(row, "dec"),
        "t_min": None if mjd is None else mjd + _NIGHT[0],
        "t_max": None if mjd is None else mjd + _NIGHT[1],
        "em_min": low,
        "em_max": high,
        "em_res_power": camera["power"],
        "instrument_name": camera["name"],
        "obs_title": known(row, "programname"),
    }


def of_stars(found: Sequence[tuple[Row, int]], release: Release) -> Table:
    """Rows of APOGEE's stars, each with the query that it answers: all its visits in one spectrum.

    Level 3: visits are shifted to rest, resampled and added up.
    """
    rows = [row for row, _ in found]
    apogee = SPECTROGRAPHS["APOGEE"]
    native = _table([{**row, PARAMETER: release.number, **_star(row, release)} for row in rows])
    fixed = {
        "archive": Fixed("sdss"),
        "target": None,
        "dataproduct_type": Fixed("spectrum"),
        "calib_level": Fixed(3),
        "obs_collection": Fixed(f"SDSS {release.name}"),
        "access_format": Fixed("application/fits"),
        "o_ucd": Fixed("phot.flux.density;em.wl"),
        "em_min": Fixed(apogee["nm"][0] * 1e-9),
        "em_max": Fixed(apogee["nm"][1] * 1e-9),
        "em_res_power": Fixed(apogee["power"]),
        "instrument_name": Fixed(apogee["name"]),
        "obs_release_date": Fixed(release.date),
        "data_rights": Fixed("public"),
        "o_calib_status": Fixed("relative"),
    }
    own = [name for name in native.colnames if name not in ("ra", "dec")]
    return conform(native, fixed, keep=own, query=[query for _, query in found])


def _star(row: Row, release: Release) -> Row:
    """ObsCore's values of one star."""
    url = release.star(row)[0]
    telescope = str(known(row, "telescope") or "").strip()
    first, last = known(row, "mjd_first"), known(row, "mjd_last")
    return {
        "obs_id": url.rsplit("/", 1)[-1].removesuffix(".fits"),
        # A star in two fields has two spectra, of one name.
        "obs_publisher_did": f"sdss:{release.name.lower()}/{known(row, 'apstar_id')}",
        "access_url": url,
        "target_name": known(row, "apogee_id"),
        "s_ra": _degrees(row),
        "s_dec": known(row, "dec"),
        "t_min": None if first is None else first + _NIGHT[0],
        "t_max": None if last is None else last + _NIGHT[1],
        "facility_name": TELESCOPES.get(telescope, telescope or None),
        "obs_title": known(row, "apogee_field"),
    }


def of_objects(
    found: Sequence[tuple[Row, int]], release: Release, table: str, number: str
) -> Table:
    """Rows of one of SkyServer's tables, whose identifiers are in the column `number`."""
    rows = [{**row, PARAMETER: release.number, "sdss_table": table} for row, _ in found]
    native = _table(rows)
    names = [str(known(row, number) or "") for row in rows]
    fixed = {
        "archive": Fixed("sdss"),
        "target": None,
        "dataproduct_type": Fixed("measurements"),
        "calib_level": Fixed(3),
        "obs_collection": Fixed(f"SDSS {release.name}"),
        "obs_id": lambda _: names,
        "obs_publisher_did": lambda _: [
            f"sdss:{release.name.lower()}/{table}/{name}" for name in names
        ],
        "access_url": None,
        "s_ra": lambda _: [_degrees(row) for row in rows],
        "s_dec": lambda _: [known(row, "dec") for row in rows],
        "facility_name": Fixed(_TELESCOPE),
        "obs_release_date": Fixed(release.date),
        "data_rights": Fixed("public"),
    }
    return conform(native, fixed, keep=native.colnames, query=[query for _, query in found])


def _degrees(row: Row) -> float | None:
    ra = known(row, "ra")
    return None if ra is None else float(ra) % 360.0


def _did(release: Release, table: Table, name: str) -> list[str]:
    """SDSS registered no identifiers of files with the IVOA; these are ours."""
    return [f"sdss:{release.name.lower()}/{text}" for text in table[name]]


def _utc(times: Sequence[float | None]) -> list[float | None]:
    """MJD in UTC of MJD in TAI; None of nonsense (0: not read)."""
    from astropy.time import Time

    good = [time for time in times if time]
    if not good:
        return [None] * len(times)
    utc = iter(Time(good, format="mjd", scale="tai").utc.mjd.tolist())
    return [next(utc) if time else None for time in times]


def _table(rows: Sequence[Row]) -> Table:
    from astropy.table import Table

    names = dict.fromkeys(name for row in rows for name in row)
    return Table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> MaskedColumn:
    """Whole numbers, numbers or words; what is null is masked. Identifiers keep all digits."""
    import numpy as np
    from astropy.table import MaskedColumn

    said = [value for value in values if value is not None]
    mask = [value is None for value in values]
    if said and all(isinstance(value, int) for value in said):
        wide = max(map(abs, said)) >= 2**63  # specObjID needs 64 bits without a sign
        dtype = np.uint64 if wide and min(said) >= 0 and max(said) < 2**64 else np.int64
        if not wide or dtype is np.uint64:
            return MaskedColumn(np.array([value or 0 for value in values], dtype=dtype), mask=mask)
    elif said and all(isinstance(value, int | float) for value in said):
        return MaskedColumn(np.array([value or 0 for value in values], dtype=float), mask=mask)
    words = ["" if value is None else str(value).strip() for value in values]
    return MaskedColumn(np.array(words, dtype=str), mask=[not word for word in words])
