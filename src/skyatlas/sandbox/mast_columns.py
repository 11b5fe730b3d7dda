"""This file says what the columns of MAST's tables are: types, units, which hold several values.

Source: `columnsconfig` and the answers that astroquery recorded; for the newer columns
mast.stsci.edu/api/v0/_c_a_o_mfields.html and _productsfields.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import JSONResponse, Response

from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_item import CAOM
from skyatlas.sandbox.state import State

# The keys are numbers in `data`, yet `fields` calls them strings: so it was recorded.
OBSERVATIONS: Mapping[str, str] = MappingProxyType({**CAOM, "obsid": "string", "objID": "string"})
"""Types of an observation's columns, by name."""
CONE: Mapping[str, str] = MappingProxyType(
    {**OBSERVATIONS, "distance": "float", "_selected_": "boolean"}
)
"""The same for an answer about a place; `distance` in arcsec."""
PRODUCTS: Mapping[str, str] = MappingProxyType(
    {
        "obsID": "string",
        "obs_collection": "string",
        "dataproduct_type": "string",
        "obs_id": "string",
        "description": "string",
        "type": "string",
        "dataURI": "string",
        "productType": "string",
        "productGroupDescription": "string",
        "productSubGroupDescription": "string",
        "productDocumentationURL": "string",
        "project": "string",
        "prvversion": "string",
        "proposal_id": "string",
        "productFilename": "string",
        "size": "int",
        "parent_obsid": "string",
        "dataRights": "string",
        "calib_level": "int",
        "filters": "string",
        "_selected_": "boolean",
    }
)
"""Types of a file's columns, by name."""

_UNITS = {
    "s_ra": "deg",
    "s_dec": "deg",
    "t_min": "d",
    "t_max": "d",
    "t_obs_release": "d",
    "t_exptime": "s",
    "em_min": "nm",
    "em_max": "nm",
    "distance": "arcsec",
    "s_region": "deg",
    "size": "byte",
}
_SEVERAL = frozenset(
    {"obs_collection", "project", "filters", "wavelength_region", "target_classification"}
)
"""Columns that hold several values, with ";" between."""
_DATATYPES = {"string": "char", "float": "double", "int": "int"}
_TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Mast.Caom.Cone": CONE,
        "Mast.Caom.Filtered": CONE,
        "Mast.Caom.Filtered.Position": CONE,
        "Mast.Caom.Crossmatch": CONE,
        "Mast.Caom.Products": PRODUCTS,
    }
)


def columns_config(_state: State, asked: Asked) -> Response:
    """`/portal/Mashup/Mashup.asmx/columnsconfig`: the columns of a service; nothing where unknown.

    Services without a table of their own have an object without columns.
    """
    service = asked.one("colConfigId")
    if service in _TABLES:
        return JSONResponse({name: _about(name, kind) for name, kind in _TABLES[service].items()})
    if service.startswith("Mast."):
        return JSONResponse({})
    return Response(b"", media_type="text/json")


def _about(name: str, kind: str) -> dict[str, Any]:
    about: dict[str, Any] = {"text": name}
    if kind == "boolean":
        return about | {"type": "boolean", "hidden": name == "_selected_"}
    about |= {"vot.datatype": _DATATYPES[kind], "vot.name": name}
    if name in _UNITS:
        about["vot.unit"] = _UNITS[name]
    if name in _SEVERAL:
        about["separator"] = ";"
    return about
