"""This file is MAST's ObsTAP service in the sandbox: a row for the main file of each observation.

Invariant: it shows what the portal shows, but no plans and no `obsid`, in ObsCore's units.
"""

from __future__ import annotations

from collections.abc import Mapping

from skyatlas.sandbox import mast_holdings, obscore
from skyatlas.sandbox.item import World
from skyatlas.sandbox.mast_item import MastObservation
from skyatlas.sandbox.tables import Column, Table
from skyatlas.sandbox.tap_schema import tap_schema
from skyatlas.sandbox.tap_service import TapService

_FILES = "https://mast.stsci.edu/api/v0.1/Download/file?uri="
_SAME = (
    *("dataproduct_type", "calib_level", "obs_collection", "obs_id", "target_name"),
    *("s_ra", "s_dec", "t_min", "t_max", "t_exptime", "instrument_name", "obs_title"),
    *("proposal_id", "s_region"),
)
"""Columns that CAOM calls as ObsCore does."""
_OPTIONAL = ("obs_title", "obs_creator_name", "proposal_id")


def _row(one: MastObservation) -> Mapping[str, object]:
    low, high = one.row.get("em_min"), one.row.get("em_max")
    uri = one.row.get("dataURL")
    return {
        **{name: one.row.get(name) for name in _SAME},
        "obs_publisher_did": f"ivo://archive.stsci.edu/caomtap?{one.obs_id}",
        "access_url": f"{_FILES}{uri}" if uri else None,
        "access_format": "application/fits" if uri else None,
        "em_min": low * 1e-9 if isinstance(low, float | int) else None,
        "em_max": high * 1e-9 if isinstance(high, float | int) else None,
        "facility_name": one.collection,
        "obs_creator_name": one.row.get("proposal_pi"),
    }


def _tables(world: World, _programs: object) -> list[Table]:
    names = (*obscore.NEEDED, *(name for name in _OPTIONAL if name not in obscore.NEEDED))
    columns: tuple[Column, ...] = tuple(obscore.STANDARD[name] for name in names)
    found = mast_holdings.observations(world.seed).values()
    # ObsCore has no level for what is only planned, CAOM's -1.
    rows = tuple(_row(one) for one in found if one.row.get("calib_level") != -1)
    about = "Observations of MAST, as ObsCore 1.1 has them"
    own = [Table("ivoa", "obscore", columns, rows, about, utype=obscore.UTYPE)]
    return own + tap_schema(own, {"ivoa": "Observations as ObsCore has them"})


SERVICE = TapService(
    name="mast/caom",
    base="https://mast.stsci.edu/vo-tap/api/v0.1/caom",
    tables=_tables,
    models=((obscore.MODEL, "ObsCore-1.1"),),
    examples=("SELECT TOP 5 * FROM ivoa.obscore WHERE obs_collection = 'TESS'",),
    formats=("votable", "csv", "json"),
    default_rows=100_000,
    most_rows=100_000,
    geometry="CIRCLE CONTAINS POINT",
)
"""At the address that Firefly asks; its limits are those of the capabilities that astroquery
recorded of MAST's service for the TESS Input Catalog."""
