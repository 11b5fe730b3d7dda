"""This file holds MAST's words for observations: columns, collections, instruments.

Invariant: every spelling is MAST's own. Sources: CAOM fields and the list of missions at
mast.stsci.edu/api/v0, read on 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from skyatlas.errors import BadInput

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "intentType", "provenance_name", "instrument_name", "target_name", "obs_id",
            "dataproduct_type", "proposal_pi", "obs_title", "proposal_id", "proposal_type",
            "jpegURL", "dataURL", "dataRights", "mtFlag",
        ),
        "text",
    ),
    **dict.fromkeys(
        ("obs_collection", "project", "filters", "wavelength_region", "target_classification"),
        "list",
    ),
    **dict.fromkeys(("calib_level", "sequence_number", "obsid", "objID"), "integer"),
    **dict.fromkeys(
        (
            "s_ra", "s_dec", "t_min", "t_max", "t_exptime", "t_obs_release", "em_min", "em_max",
            "srcDen",
        ),
        "number",
    ),
}  # fmt: skip
"""Columns that can be asked for. A "list" holds words joined by semicolons."""

_ALSO = {
    "author": "provenance_name",
    "campaign": "sequence_number",
    "exptime": "t_exptime",
    "quarter": "sequence_number",
    "sector": "sequence_number",
}
"""How people call some of them."""

COLLECTIONS = (
    "BEFS", "CALJWST", "EUVE", "FIMS-SPEAR", "FUSE", "GALEX", "HLA", "HLSP", "HST", "HUT", "IMAPS",
    "IUE", "JWST", "K2", "K2FFI", "Kepler", "KeplerFFI", "OPO", "PS1", "SDSS", "SPITZER_SHA",
    "SWIFT", "TESS", "TUES", "UIT", "VLA-FIRST", "WUPPE",
)  # fmt: skip
"""obs_collection as MAST writes it; another word is taken for an author's (provenance_name)."""
INSTRUMENTS = frozenset(
    (
        "ACS", "COS", "FGS", "FOC", "FOS", "GHRS", "HRS", "HSP", "MIRI", "NICMOS", "NIRCAM",
        "NIRISS", "NIRSPEC", "STIS", "WFC3", "WFPC", "WFPC2",
    )
)  # fmt: skip
"""Instruments that MAST writes in capitals; each comes with its mode: "NIRSPEC/IFU"."""
BOUNDS = {"calib_level": (-1, 4), "sequence_number": (0, 999)}
"""What an open range of whole numbers ends at; sequence_number is a sector, quarter, campaign."""


def column_of(name: str) -> str:
    """MAST's name of a column that people call so, whatever its case; raises BadInput."""
    known = {column.casefold(): column for column in COLUMNS}
    found = known.get(_ALSO.get(name.casefold(), name).casefold())
    if found is None:
        raise BadInput(f"MAST has no column {name!r}; there are: {', '.join(sorted(COLUMNS))}")
    return found
