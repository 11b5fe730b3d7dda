"""This file recognises tables of ESO that came through another tool, astroquery above all.

Invariant: what is not recognised for certain is not touched. `dp_id`, under whatever name, is what
makes a table ESO's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.archives.eso import rows

if TYPE_CHECKING:
    from astropy.table import Table

_FORMS_RAW = {
    "DP.ID": "dp_id",
    "Dataset ID": "dp_id",
    "Object": "object",
    "OBJECT": "object",
    "RA": "ra",
    "DEC": "dec",
    "ProgId": "prog_id",
    "Program_ID": "prog_id",
    "Instrument": "instrument",
    "DPR.CATG": "dp_cat",
    "Category": "dp_cat",
    "DPR.TYPE": "dp_type",
    "Type": "dp_type",
    "DPR.TECH": "dp_tech",
    "Mode": "dp_tech",
    "Exptime": "exposure",
    "MJD-OBS": "mjd_obs",
}
"""Column of ESO's old web forms, which astroquery drove up to 0.4.11, → column of dbo.raw."""

_FORMS_PHASE3 = {
    "ARCFILE": "dp_id",
    "Collection": "obs_collection",
    "Run/Program ID": "proposal_id",
    "Object": "target_name",
    "RA": "s_ra",
    "DEC": "s_dec",
    "Instrument": "instrument_name",
    "EXPTIME": "t_exptime",
    "REFERENC": "bib_reference",
}
"""The same for the form of Phase 3 → column of ivoa.ObsCore."""


def adopt(table: Table) -> Table | None:
    """The table as ObsCore, or None where it is not ESO's.

    `query_main` and `query_instrument` give rows of dbo.raw, `query_surveys` rows of
    ivoa.ObsCore, `query_apex_quicklooks` quicklooks; any may have been cut to a few columns.
    """
    names = set(table.colnames)
    if "quicklook_id" in names and "access_url" in names:
        return rows.quicklooks(table)
    if names & {"DP.ID", "Dataset ID"}:
        return rows.raw(_renamed(table, _FORMS_RAW))
    if {"ARCFILE", "ORIGFILE"} <= names:
        return rows.phase3(_with_links(_renamed(table, _FORMS_PHASE3)))
    if "dp_id" not in names:
        return None
    if names & {"obs_publisher_did", "obs_collection", "proposal_id"}:
        return rows.phase3(_with_links(table))
    if all(identifier.startswith("ADP.") for identifier in rows.texts(table, "dp_id")):
        return rows.phase3(_with_links(table))
    return rows.raw(table)


def _renamed(table: Table, names: dict[str, str]) -> Table:
    renamed = table.copy()
    for old, new in names.items():
        if old in renamed.colnames and new not in renamed.colnames:
            renamed.rename_column(old, new)
    for ra, dec in (("ra", "dec"), ("s_ra", "s_dec")):
        if ra in renamed.colnames and dec in renamed.colnames:
            _in_degrees(renamed, ra, dec)
    return renamed


def _in_degrees(table: Table, ra: str, dec: str) -> None:
    """The main form wrote 17:45:40.09 -29:00:22.1, the others degrees."""
    if table[ra].dtype.kind not in "OSU":
        return
    places = [_place(one, other) for one, other in zip(table[ra], table[dec], strict=True)]
    table[ra], table[dec] = [place[0] for place in places], [place[1] for place in places]


def _place(ra: Any, dec: Any) -> tuple[float, float]:
    from skyatlas.errors import BadInput
    from skyatlas.words import position

    try:
        target = position(f"{ra} {dec}")
    except BadInput:
        target = None
    if target is None or target.ra is None or target.dec is None:
        return float("nan"), float("nan")
    return target.ra, target.dec


def _with_links(table: Table) -> Table:
    filled = table.copy()
    dids = [rows.DID + identifier for identifier in rows.texts(table, "dp_id")]
    if "obs_publisher_did" not in table.colnames:
        filled["obs_publisher_did"] = dids
    if "access_url" not in table.colnames:
        filled["access_url"] = [f"{rows.LINKS}?ID={did.replace('?', '%3F')}" for did in dids]
        filled["access_format"] = "application/x-votable+xml;content=datalink"
    return filled
