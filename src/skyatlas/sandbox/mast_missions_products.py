"""This file lists and delivers the files of a mission's data sets at the sandbox's MAST.

Source: astroquery.mast.MastMissions, its recorded answer, and scripts that the archive makes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from skyatlas.sandbox import mast_files, portal
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.mast_item import MastFile, MastObservation
from skyatlas.sandbox.mast_missions_columns import HST, MISSIONS, Mission
from skyatlas.sandbox.state import State

DATASETS = 1000
"""How many one request may name."""
_CATEGORIES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("DRC", "FLC", "C0M", "X1D", "X1DSUM"), "CALIBRATED")
    | {"RAW": "UNCALIBRATED", "SPT": "AUX", "ASN": "AUX"}
)
_STAGES: Mapping[str, str] = MappingProxyType(
    {"UNCAL": "1b", "RATE": "2a", "CAL": "2b", "I2D": "3", "S3D": "3", "X1D": "3"}
)


def product_list(state: State, asked: Asked, mission: str) -> Response:
    """`/search/MISSION/api/v0.1/(post_)list_products`: the files of data sets by their names."""
    if mission not in MISSIONS:
        return JSONResponse({"detail": "Not Found"}, 404)
    chosen = MISSIONS[mission]
    wanted = _wanted(asked)
    if not isinstance(wanted, list) or not 0 < len(wanted) <= DATASETS:
        detail = f"dataset_ids must name 1 to {DATASETS} data sets"
        return JSONResponse({"detail": detail}, 400)
    names = {str(word).strip().casefold() for word in wanted}
    found = [
        _product(chosen, one, file)
        for one in chosen.datasets(state)
        if str(one.mission[chosen.key]).casefold() in names
        for file in one.files
    ]
    return JSONResponse({"products": found})


def _wanted(asked: Asked) -> object:
    if asked.method != "POST":
        return [word for text in asked.all("dataset_ids") for word in text.split(",")]
    try:
        body = json.loads(asked.body)
    except ValueError:
        return None
    return body.get("dataset_ids") if isinstance(body, dict) else None


def _product(mission: Mission, one: MastObservation, file: MastFile) -> dict[str, Any]:
    dataset = str(one.mission[mission.key])
    preview = file.product_type == "PREVIEW"
    if mission is HST:
        category = "PREVIEW" if preview else _CATEGORIES.get(file.subgroup, "OTHER")
        suffix = file.subgroup
    else:
        category = "PREVIEW" if preview else _STAGES.get(file.subgroup, "AUX")
        suffix = f"_{file.filename.rpartition('.')[0].rpartition('_')[2]}"
    return {
        "product_key": f"{dataset}_{file.filename}",
        "access": "RESTRICTED" if one.exclusive else "PUBLIC",
        "dataset": dataset,
        "instrument_name": f"{str(one.row['instrument_name']).partition('/')[0]:6}",
        "filters": one.row["filters"],
        "filename": file.filename,
        "uri": f"{dataset}/{file.filename}",
        "authz_primary_identifier": dataset,
        "authz_secondary_identifier": "CAL",
        "file_suffix": suffix,
        "category": category,
        "size": file.size,
        "type": "science",
    }


def retrieve(state: State, asked: Asked, mission: str) -> Response:
    """`/search/MISSION/api/v0.1/retrieve_product?product_name=…`: a file by its name or `uri`."""
    name = asked.one("product_name").rpartition("/")[2]
    file = mast_files.find(state, f"mast:{mission.upper()}/product/{name}")
    if file is None:
        return PlainTextResponse("Not found\n", 404)
    refusal = mast_files.refused(state, asked, file)
    return refusal or portal.delivered(asked, mast_files.item(file), mast_files.body(state, file))
